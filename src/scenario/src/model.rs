//! The resolved scenario: names are ids, defaults are filled in, every value is valid.
//!
//! Picture a printed form of the experiment: it says what stands where, what work arrives and what goes wrong, and nothing about the
//! stack that has to cope. [`crate::parse`] is the only maker; the simulator reads it and never asks whether it makes sense.
//! Distributions of time are over nanoseconds.

mod cluster;
mod fault;
mod load;
mod network;
mod service;

pub use cluster::{Clock, Cluster, Disk, Host, Rack, Zone};
pub use fault::{DiskFailure, Fault, FaultKind, LinkFault, PartitionShape, Start, Swarm, SwarmKind, Target, TraceFault};
pub use load::{Arrivals, Load, Phase, RateStep};
pub use network::{LatencyMatrix, Loss, Network, Path, Reorder};
pub use service::{Backoff, Call, CallPolicy, FanOut, Journal, Memory, Placement, Service, Sync};

use hms_machine::Duration;

/// Everything that is given to a run besides the stack's configuration and the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Short name, used for folders and titles.
    pub name: String,
    /// What the scenario shows, in a sentence or two; may be empty.
    pub description: String,
    /// How long, and where measuring starts.
    pub run: Run,
    /// What stands where.
    pub cluster: Cluster,
    /// How messages travel.
    pub network: Network,
    /// The services and their call graph (acyclic), indexed by `ServiceId`.
    pub services: Vec<Service>,
    /// The sources of requests; each enters through an edge node of its own.
    pub loads: Vec<Load>,
    /// What goes wrong, as rules; the seed turns them into a schedule.
    pub faults: Vec<Fault>,
    /// Faults whose kinds and strengths the seed draws as well.
    pub swarm: Option<Swarm>,
}

/// Length and measurement of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Simulated time from start to end.
    pub duration: Duration,
    /// Objectives leave out everything before this; shorter than `duration`.
    pub warmup: Duration,
    /// Width of one row of the series.
    pub sample_every: Duration,
    /// The run fails when it has dispatched this many events; default 10^10.
    pub events_max: u64,
    /// The run fails when more events than this are pending at a time: its budget of memory; default 2 × 10^7.
    pub pending_max: u64,
}
