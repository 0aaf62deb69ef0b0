//! How a message travels, by how far apart sender and receiver stand.

use hms_machine::{Bytes, Distribution, Duration, Ratio};

/// The network: one [`Path`] per distance, and a matrix between regions where real figures exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Between processes of one host.
    pub host: Path,
    /// Between hosts of one rack.
    pub rack: Path,
    /// Between racks of one zone.
    pub zone: Path,
    /// Between zones of one region.
    pub region: Path,
    /// Between regions; its latency is not used where `matrix` is given.
    pub wan: Path,
    /// One-way latency by pair of regions.
    pub matrix: Option<LatencyMatrix>,
}

/// What happens to messages over one distance, each direction of each pair of nodes on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// One-way delay, ns.
    pub latency: Distribution,
    /// Messages that vanish.
    pub loss: Loss,
    /// Share of messages that arrive twice.
    pub duplicate: Ratio,
    /// Messages that are held back, so that later ones overtake them.
    pub reorder: Reorder,
    /// Share of messages that arrive damaged; the receiver's checksum drops them.
    pub corrupt: Ratio,
    /// Bytes per second of the sender's side of the link; `None`: not limited.
    pub bandwidth: Option<u64>,
    /// Bytes that wait for a limited link before the next message is dropped.
    pub queue: Bytes,
}

/// How messages are lost.
#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    /// Each message alone, with this probability (0: none).
    Bernoulli(Ratio),
    /// Two-state chain stepped once per message (Gilbert 1960, Elliott 1963).
    GilbertElliott {
        /// Probability per message of going from good to bad.
        enter: Ratio,
        /// Probability per message of going from bad to good.
        leave: Ratio,
        /// Loss in the good state.
        good: Ratio,
        /// Loss in the bad state.
        bad: Ratio,
    },
}

/// Messages that are held back.
#[derive(Clone, Debug, PartialEq)]
pub struct Reorder {
    /// Share of messages held back.
    pub chance: Ratio,
    /// Additional delay of those, ns.
    pub hold: Distribution,
}

/// One-way latency between regions: `base + jitter`, where jitter is exponential with the given mean.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyMatrix {
    /// `base[from][to]`, by region.
    pub base: Vec<Vec<Duration>>,
    /// Mean of the jitter, `jitter[from][to]`.
    pub jitter: Vec<Vec<Duration>>,
}
