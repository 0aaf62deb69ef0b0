//! `[[service]]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Law, Reference};
use crate::defaults;
use crate::quantity::{Flush, Share, Size, Time};

/// A service and what each replica of it is like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "service")]
pub struct Service {
    /// Unique name.
    pub name: String,
    /// Number of agents, 1 to 100000.
    #[serde(default = "defaults::replicas")]
    #[schemars(range(min = 1, max = defaults::REPLICAS_MAX))]
    pub replicas: u32,
    /// Nodes by number or name (a rack, zone or region: all its nodes); replica k runs on the k-th, starting over at the end. Default: spread
    /// over zones, then over the nodes of each, starting behind the previous service.
    pub nodes: Option<Vec<Reference>>,
    /// Requests that an agent works on at the same time.
    #[serde(default = "defaults::workers")]
    #[schemars(range(min = 1))]
    pub workers: u32,
    /// Requests that wait for a worker; one more is refused at once.
    #[serde(default = "defaults::queue")]
    pub queue: u32,
    /// CPU time of one request on a core of speed 1.
    #[serde(default = "defaults::work")]
    pub work: Law<Time>,
    /// Calls to other services made after the work, before the reply.
    #[serde(default)]
    pub call: Vec<Call>,
    /// Order of the calls.
    #[serde(default = "defaults::fan_out")]
    pub fan_out: FanOut,
    /// From the start of the process until it is ready, without replay of the journal.
    #[serde(default = "defaults::startup")]
    pub startup: Law<Time>,
    /// Services of which one replica must answer before an agent becomes ready.
    #[serde(default)]
    pub needs: Vec<String>,
    /// What an agent occupies of its host's memory.
    #[serde(default)]
    pub memory: Memory,
    /// Durable state; default: none.
    pub journal: Option<Journal>,
    /// Size of a request message.
    #[serde(default = "defaults::request")]
    pub request: Size,
    /// Size of a reply message.
    #[serde(default = "defaults::reply")]
    pub reply: Size,
    /// Share of requests answered with an error although nothing is wrong.
    #[serde(default)]
    pub errors: Share,
    /// Share of calls to which callers remember an answer that will do (a substitute, counted as degraded); none: they have no cache.
    #[serde(default)]
    pub cache: Share,
    /// Whether callers can live with a fixed answer in place of the service's own (a substitute, counted as degraded).
    #[serde(default)]
    pub default_answer: bool,
}

/// A call from one service to another; the graph of calls has no cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "call")]
pub struct Call {
    /// Name of the service that is called.
    pub service: String,
    /// How many such calls a request makes.
    #[serde(default = "defaults::call_count")]
    #[schemars(range(min = 1))]
    pub count: u32,
    /// Probability that a request makes them.
    #[serde(default = "defaults::call_chance")]
    pub chance: Share,
    /// An attempt without an answer after this has failed.
    #[serde(default = "defaults::timeout")]
    pub timeout: Time,
    /// Further attempts after a failed one.
    #[serde(default = "defaults::retries")]
    pub retries: u32,
    /// Pause before each of them.
    #[serde(default)]
    pub backoff: Backoff,
}

/// Pause before the k-th retry: `base × factor^(k-1)`, at most `max`, of which a share `jitter` is drawn uniformly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "backoff")]
pub struct Backoff {
    /// Pause before the first retry; zero: at once.
    pub base: Time,
    /// Growth per retry, 1 or more.
    pub factor: f64,
    /// Longest pause.
    pub max: Time,
    /// Share of the pause that is random: 0 none, 1 full jitter.
    pub jitter: Share,
}

impl Default for Backoff {
    fn default() -> Self {
        defaults::backoff()
    }
}

/// Order of a request's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "fan_out", inline)]
pub enum FanOut {
    /// One after the other; the first failure ends the request.
    Sequential,
    /// All at once; the request waits for all and fails if one fails.
    Parallel,
}

/// What an agent occupies of its host's memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "memory")]
pub struct Memory {
    /// After start.
    pub base: Size,
    /// More for each request waiting or worked on.
    pub per_request: Size,
    /// Kept after each request for ever: a leak by design.
    pub growth: Size,
}

impl Default for Memory {
    fn default() -> Self {
        defaults::agent_memory()
    }
}

/// State built from a journal on the host's disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "journal")]
pub struct Journal {
    /// Share of requests that append an entry.
    pub writes: Share,
    /// Size of an entry.
    pub entry: Size,
    /// When entries are flushed: `always` before each acknowledgement, `never`, or every so often; a crash of the host loses what was acknowledged since.
    pub sync: Flush,
    /// Time to replay one entry at start.
    pub replay: Time,
    /// Size of a checkpoint: the state that the entries before it have led to. Two are kept while a third is written.
    pub snapshot: Size,
}

impl Default for Journal {
    fn default() -> Self {
        defaults::journal()
    }
}
