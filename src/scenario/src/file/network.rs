//! `[network]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Law;
use crate::defaults;
use crate::quantity::{ByteRate, Share, Size, Time};

/// How messages travel, by how far apart sender and receiver stand.
///
/// The keys of `[network]` itself hold for every distance between hosts; `[network.rack]`, `[network.zone]`, `[network.region]` and
/// `[network.wan]` take the same keys and win for theirs. `[network.host]` stands alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "network")]
pub struct Network {
    /// One-way delay between hosts; default: by distance, see below.
    pub latency: Option<Law<Time>>,
    /// Messages that vanish: a share, each alone, or a table for bursts.
    #[schemars(extend("default" = 0))]
    pub loss: Option<Loss>,
    /// Share of messages that arrive twice.
    #[schemars(extend("default" = 0))]
    pub duplicate: Option<Share>,
    /// Messages that are held back, so that later ones overtake them.
    pub reorder: Option<Reorder>,
    /// Share of messages that arrive damaged; the receiver's checksum drops them.
    #[schemars(extend("default" = 0))]
    pub corrupt: Option<Share>,
    /// Throughput of the sender's side of each link; default: not limited.
    pub bandwidth: Option<ByteRate>,
    /// Bytes that wait for a limited link before the next message is dropped.
    #[schemars(extend("default" = defaults::link_queue()))]
    pub queue: Option<Size>,
    /// Between processes of one host.
    #[schemars(extend("default" = defaults::path_host()))]
    pub host: Path,
    /// Between hosts of one rack.
    #[schemars(extend("default" = defaults::path_rack()))]
    pub rack: Path,
    /// Between racks of one zone.
    #[schemars(extend("default" = defaults::path_zone()))]
    pub zone: Path,
    /// Between zones of one region.
    #[schemars(extend("default" = defaults::path_region()))]
    pub region: Path,
    /// Between regions; its latency is not used where `matrix` is given.
    #[schemars(extend("default" = defaults::path_wan()))]
    pub wan: Path,
    /// Latency by pair of regions: the path of a file, or a table.
    pub matrix: Option<Matrix>,
}

/// What happens to messages over one distance, each direction of each pair of nodes on its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "path")]
pub struct Path {
    /// One-way delay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Law<Time>>,
    /// Messages that vanish: a share, each alone, or a table for bursts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// Share of messages that arrive twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<Share>,
    /// Messages that are held back, so that later ones overtake them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder: Option<Reorder>,
    /// Share of messages that arrive damaged; the receiver's checksum drops them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrupt: Option<Share>,
    /// Throughput of the sender's side of each link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<ByteRate>,
    /// Bytes that wait for a limited link before the next message is dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Size>,
}

/// How messages are lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Loss {
    /// Each message alone, with this probability.
    Share(Share),
    /// In bursts.
    Table(LossTable),
}

/// Loss in bursts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "loss")]
pub enum LossTable {
    /// A chain of a good and a bad state, stepped once per message (Gilbert 1960, Elliott 1963).
    GilbertElliott {
        /// Probability per message of going from good to bad.
        enter: Share,
        /// Probability per message of going from bad to good.
        leave: Share,
        /// Loss in the good state.
        #[serde(default)]
        good: Share,
        /// Loss in the bad state.
        #[serde(default = "defaults::loss_bad")]
        bad: Share,
    },
}

/// Messages that are held back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "reorder")]
pub struct Reorder {
    /// Share of messages held back.
    pub chance: Share,
    /// Additional delay of those.
    #[serde(default = "defaults::reorder_hold")]
    pub hold: Law<Time>,
}

/// Latency by pair of regions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Matrix {
    /// Path of a file of round-trip times (CSV with `from,to,rtt_ms,min_ms,max_ms,mdev_ms`) that names the regions of the cluster.
    File(String),
    /// A file with more to say, or the figures themselves.
    Table(MatrixTable),
}

/// Latency by pair of regions: `base + jitter`, where jitter is exponential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "matrix")]
pub enum MatrixTable {
    /// Round-trip times from a file; half of each is the one-way latency. Where the file has minima, the base is half the minimum and the
    /// mean of the jitter half of what the mean lies above it; where it has deviations (`mdev`), the mean of the jitter is half the deviation.
    File {
        /// Path of the file.
        file: String,
        /// Path of the file that is read if the first cannot be.
        fallback: Option<String>,
        /// What the file calls the regions of the cluster, in their order; default: as the cluster does. The fallback uses the cluster's names.
        names: Option<Vec<String>>,
        /// Mean of the jitter as a share of the base, where the file tells nothing about it.
        #[serde(default = "defaults::matrix_jitter")]
        jitter: Share,
    },
    /// One-way latencies in place.
    Table {
        /// One row per region, in order: `one_way[from][to]`; the diagonal does not count.
        one_way: Vec<Vec<Time>>,
        /// Mean of the jitter as a share of the base.
        #[serde(default = "defaults::matrix_jitter")]
        jitter: Share,
    },
}
