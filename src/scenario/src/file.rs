//! A scenario as it stands in the file: names not looked up, defaults not filled in, values with their units.
//!
//! The doc comments of these types are the descriptions in the JSON Schema and in the format reference. [`crate::parse`] checks a file
//! against the schema first, which tells every misplaced key and value at once; reading it into these types cannot fail after that.

mod cluster;
mod fault;
mod law;
mod load;
mod network;
mod references;
mod service;

pub use cluster::{Clock, Cluster, Disk, Host, Names, Override};
pub use fault::{
    Detail, Fault, Flapping, Instants, PartitionKind, Rule, Swarm, SwarmKind, SwarmKinds, Target, TraceSource, TraceTable, Which,
};
pub use law::{Interpolation, Law, Part, RandomLaw};
pub use load::{Arrivals, ArrivalsTable, Load, Phase, RateStep};
pub use network::{Loss, LossTable, Matrix, MatrixTable, Network, Path, Reorder};
pub use references::Reference;
pub use service::{Backoff, Call, FanOut, Journal, Memory, Service};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::defaults;
use crate::quantity::Time;

/// What stands where, what work arrives and what goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "scenario")]
pub struct Scenario {
    /// Version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// Short name, used for folders and titles.
    #[serde(default = "defaults::name")]
    pub name: String,
    /// What the scenario shows, in a sentence or two.
    #[serde(default)]
    pub description: String,
    /// Path of the stack configuration the scenario is run with, unless the command says otherwise.
    pub stack: Option<String>,
    /// How long, and where measuring starts.
    #[serde(default)]
    pub run: Run,
    /// What stands where.
    pub cluster: Cluster,
    /// How messages travel.
    #[serde(default)]
    pub network: Network,
    /// The services and the calls between them.
    #[serde(default)]
    pub service: Vec<Service>,
    /// The sources of requests.
    #[serde(default)]
    pub load: Vec<Load>,
    /// What goes wrong, as rules that the seed turns into a schedule.
    #[serde(default)]
    pub fault: Vec<Fault>,
    /// Faults whose kinds, times and strengths the seed draws.
    pub swarm: Option<Swarm>,
}

/// How long, and where measuring starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "run")]
pub struct Run {
    /// Simulated time from start to end.
    pub duration: Time,
    /// Objectives leave out everything before this; shorter than the duration.
    pub warmup: Time,
    /// Width of one row of the series.
    pub sample_every: Time,
    /// The run fails when it has dispatched this many events.
    #[schemars(range(min = 1))]
    pub events_max: u64,
    /// The run fails when more events than this wait to happen at a time, a message or a time-out each: its budget of memory. Looked at every 4,096 events.
    #[schemars(range(min = 1))]
    pub pending_max: u64,
}

impl Default for Run {
    fn default() -> Self {
        defaults::run()
    }
}
