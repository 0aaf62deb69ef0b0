//! Services, their replicas, their state and the calls between them.

use hms_machine::{Bytes, Distribution, Duration, NodeId, Ratio, ServiceId};

/// A service and what each replica of it is like.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Unique name.
    pub name: String,
    /// Number of agents, at least 1.
    pub replicas: u32,
    /// On which nodes they run.
    pub placement: Placement,
    /// Requests that an agent works on at the same time, at least 1.
    pub workers: u32,
    /// Requests that wait for a worker; one more is refused at once.
    pub queue: u32,
    /// CPU time of one request on a core of speed 1, ns.
    pub work: Distribution,
    /// Calls to other services made after the work, before the reply.
    pub calls: Vec<Call>,
    /// Whether `calls` are made one after the other or all at once.
    pub fan_out: FanOut,
    /// From the start of the process until it is ready (without replay of the journal), ns.
    pub startup: Distribution,
    /// Services of which one replica must answer before an agent becomes ready.
    pub needs: Vec<ServiceId>,
    /// What an agent occupies.
    pub memory: Memory,
    /// Durable state, if any.
    pub journal: Option<Journal>,
    /// Size of a request message.
    pub request: Bytes,
    /// Size of a reply message.
    pub reply: Bytes,
    /// Share of requests answered with an error although nothing is wrong.
    pub errors: Ratio,
    /// Share of calls to which callers remember an answer that will do; zero: they have no cache.
    pub cache: Ratio,
    /// Whether callers can live with a fixed answer in place of the service's own.
    pub default_answer: bool,
}

/// Where the replicas of a service run.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// Round robin over zones, then over the nodes of each, starting behind the previous service.
    Spread,
    /// Replica k on node `k mod len`.
    Nodes(Vec<NodeId>),
}

/// A call from one service to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The service that is called.
    pub service: ServiceId,
    /// How many such calls a request makes.
    pub count: u32,
    /// Probability that a request makes them.
    pub chance: Ratio,
    /// Time-out and retries.
    pub policy: CallPolicy,
}

/// What a caller does about a slow or failed call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallPolicy {
    /// An attempt without an answer after this has failed.
    pub timeout: Duration,
    /// Further attempts after a failed one.
    pub retries: u32,
    /// Pause before each of them.
    pub backoff: Backoff,
}

impl CallPolicy {
    /// The longest that a call can take: all attempts and all pauses between them.
    pub fn longest(&self) -> Duration {
        // A pause that no longer grows is the same for all retries that are left.
        const GROWING: u32 = 1_000;
        let CallPolicy { timeout, retries, backoff } = self;
        let mut total = timeout.saturating_mul(u64::from(*retries) + 1);
        let mut pause = backoff.base.min(backoff.max);
        for retry in 0..(*retries).min(GROWING) {
            total = total.saturating_add(pause);
            let grown = pause.mul_f64(backoff.factor).min(backoff.max);
            if grown == pause {
                return total.saturating_add(pause.saturating_mul(u64::from(retries - retry - 1)));
            }
            pause = grown;
        }
        total.saturating_add(pause.saturating_mul(u64::from(retries.saturating_sub(GROWING))))
    }
}

/// Pause before the k-th retry: `base × factor^(k-1)`, at most `max`, of which a share `jitter` is drawn uniformly.
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    /// Pause before the first retry; zero: at once.
    pub base: Duration,
    /// Growth per retry, at least 1.
    pub factor: f64,
    /// Longest pause.
    pub max: Duration,
    /// Share of the pause that is random: 0 none, 1 full jitter.
    pub jitter: Ratio,
}

/// Order of a request's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FanOut {
    /// One after the other; the first failure ends the request.
    Sequential,
    /// All at once; the request waits for all and fails if one fails.
    Parallel,
}

/// What an agent occupies of its host's memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// After start.
    pub base: Bytes,
    /// More for each request waiting or worked on.
    pub per_request: Bytes,
    /// Kept after each request for ever: a leak by design; default none.
    pub growth: Bytes,
}

/// State built from a journal on the host's disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    /// Share of requests that append an entry.
    pub writes: Ratio,
    /// Size of an entry.
    pub entry: Bytes,
    /// When entries are flushed.
    pub sync: Sync,
    /// Time to replay one entry at start.
    pub replay: Duration,
    /// Size of a checkpoint.
    pub snapshot: Bytes,
}

/// When journal entries become durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Before each acknowledgement.
    Always,
    /// Every so often; a crash loses what was acknowledged since.
    Every(Duration),
    /// Never; a crash of the host loses everything since the last start.
    Never,
}
