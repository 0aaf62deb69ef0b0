//! `[[fault]]` and `[swarm]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Law, Reference};
use crate::defaults;
use crate::quantity::{ByteRate, Rate, Share, Time};

/// What all rules have in common: when, how long, to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique name.
    pub name: Option<String>,
    /// Instants of the start.
    pub at: Option<Instants>,
    /// Time between occurrences.
    pub every: Option<Law<Time>>,
    /// A file of occurrences.
    pub trace: Option<TraceSource>,
    /// Duration.
    pub r#for: Option<Law<Time>>,
    /// Whom the fault strikes.
    pub target: Option<Target>,
    /// Correlation group.
    pub group: Option<String>,
}

/// Makes the tagged enum of all rules, in which every kind has the common keys next to its own (serde's `flatten` would lose the
/// positions of errors), and the enum of the kinds' own keys.
macro_rules! fault_kinds {
    ($( $(#[$kind_meta:meta])* $kind:ident = $word:literal { $( $(#[$meta:meta])* $field:ident: $type:ty, )* } )+) => {
        /// A rule that yields faults. When: `at`, `every` or `trace`, one of them. How long: `for`. To whom: `target`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "kind", deny_unknown_fields)]
        #[schemars(rename = "fault")]
        pub enum Fault {
            $(
                $(#[$kind_meta])*
                #[serde(rename = $word)]
                $kind {
                    /// Unique name for reports; default: kind and position.
                    name: Option<String>,
                    /// Start: one instant or a list, before the end of the run.
                    at: Option<Instants>,
                    /// Time from the end of one occurrence (or the start of the run) to the next, on each target on its own.
                    every: Option<Law<Time>>,
                    /// File of occurrences, each with node, start and duration.
                    trace: Option<TraceSource>,
                    /// Duration; default: until the end of the run.
                    r#for: Option<Law<Time>>,
                    /// Whom the fault strikes; the default depends on the kind, see below.
                    target: Option<Target>,
                    /// Rules with one group share their draws of start and duration, so that they strike together.
                    group: Option<String>,
                    $( $(#[$meta])* $field: $type, )*
                },
            )+
        }

        /// The keys that only one kind of rule has.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "the fields are documented at the kinds of `Fault`, from which this is made")]
        pub enum Detail { $( $kind { $( $field: $type, )* }, )+ }

        impl Detail {
            /// The kind, as files write it.
            pub fn name(&self) -> &'static str {
                match self { $( Detail::$kind { .. } => $word, )+ }
            }
        }

        impl Fault {
            /// The common part and the part of the kind.
            pub fn split(self) -> (Rule, Detail) {
                match self {
                    $(
                        Fault::$kind { name, at, every, trace, r#for, target, group, $($field,)* } => (
                            Rule { name, at, every, trace, r#for, target, group },
                            Detail::$kind { $($field,)* },
                        ),
                    )+
                }
            }
        }
    };
}

fault_kinds! {
    /// The host stops; volatile state and effects in flight are gone; it boots again after the duration.
    Crash = "crash" {
        /// The disk's content is gone as well.
        #[serde(default)]
        disk_lost: bool,
    }
    /// The process of an agent ends at once. Has no duration.
    AgentCrash = "agent_crash" {}
    /// The agent dies again shortly after each start while the fault lasts.
    CrashLoop = "crash_loop" {
        /// From start to the next end.
        #[serde(default = "defaults::crash_loop_after")]
        after: Law<Time>,
    }
    /// Stop-the-world of the host: nothing runs, nothing is lost.
    Pause = "pause" {}
    /// The agent's process is stuck: it takes requests and answers none, and its liveness probe fails.
    Hang = "hang" {}
    /// Cores run at a share of their speed.
    SlowCpu = "slow_cpu" {
        /// Share of the speed that is left, above 0.
        #[serde(default = "defaults::slow_cpu_speed")]
        speed: Share,
    }
    /// Disk operations take longer.
    SlowDisk = "slow_disk" {
        /// How many times as long, 1 or more.
        #[serde(default = "defaults::slow_disk_factor")]
        factor: f64,
    }
    /// Messages of the host take longer, both ways.
    SlowNic = "slow_nic" {
        /// Additional delay of each message.
        #[serde(default = "defaults::slow_nic_delay")]
        delay: Law<Time>,
    }
    /// Messages on links take longer.
    Latency = "latency" {
        /// Additional one-way delay, drawn for each message.
        #[serde(default = "defaults::link_delay")]
        delay: Law<Time>,
    }
    /// Messages on links are lost.
    Loss = "loss" {
        /// Probability.
        #[serde(default = "defaults::link_loss")]
        share: Share,
    }
    /// Messages on links arrive twice.
    Duplicate = "duplicate" {
        /// Probability.
        #[serde(default = "defaults::link_duplicate")]
        share: Share,
    }
    /// Messages on links are held back, so that later ones overtake them.
    Reorder = "reorder" {
        /// Probability.
        #[serde(default = "defaults::link_reorder")]
        share: Share,
        /// Additional delay.
        #[serde(default = "defaults::reorder_hold")]
        hold: Law<Time>,
    }
    /// Messages on links are damaged.
    Corrupt = "corrupt" {
        /// Probability.
        #[serde(default = "defaults::link_corrupt")]
        share: Share,
    }
    /// Nothing is lost on links, nothing passes until the fault ends.
    Clog = "clog" {}
    /// The bandwidth of links is limited.
    Throttle = "throttle" {
        /// What is left.
        #[serde(default = "defaults::link_throttle")]
        bandwidth: ByteRate,
    }
    /// Sets of links are cut. Nodes that no side names, and the edges of the loads, keep all their links.
    Partition = "partition" {
        /// Which links are cut.
        #[serde(default)]
        shape: PartitionKind,
        /// For `sides`: the sets that cannot talk to each other, of nodes by number or name (a rack, zone or region: all its nodes); a single set is cut off from
        /// all other nodes. For `partial`: exactly two sets.
        sides: Option<Vec<Vec<Reference>>>,
        /// For `one_way`: senders.
        from: Option<Vec<Reference>>,
        /// For `one_way`: receivers.
        to: Option<Vec<Reference>>,
        /// For `isolate`: the node that is alone. For `bridge`: the node that sees both halves.
        node: Option<Reference>,
        /// The partition comes and goes while the fault lasts.
        flapping: Option<Flapping>,
    }
    /// The clock of a node jumps. Has no duration.
    ClockStep = "clock_step" {
        /// Size of the jump, above 0.
        #[serde(default = "defaults::clock_step")]
        by: Time,
        /// Whether it jumps forward.
        #[serde(default = "defaults::yes")]
        forward: bool,
    }
    /// The clock of a node runs fast or slow while the fault lasts.
    ClockDrift = "clock_drift" {
        /// Parts per million; positive runs fast; above -1000000.
        #[serde(default = "defaults::clock_drift_fault")]
        ppm: f64,
    }
    /// The clock of a node jumps forth and back while the fault lasts.
    ClockStrobe = "clock_strobe" {
        /// Size of the jump, above 0.
        #[serde(default = "defaults::clock_strobe_by")]
        by: Time,
        /// Time between jumps, above 0. (The time between occurrences is `every`.)
        #[serde(default = "defaults::clock_strobe_period")]
        period: Time,
    }
    /// Disk operations do not complete while the fault lasts.
    DiskStall = "disk_stall" {}
    /// Writes fail for lack of space.
    DiskFull = "disk_full" {}
    /// A share of disk operations fails.
    DiskErrors = "disk_errors" {
        /// Probability.
        #[serde(default = "defaults::disk_errors")]
        share: Share,
    }
    /// Bits of stored data flip. Has no duration.
    BitFlips = "bit_flips" {
        /// Number of bits.
        #[serde(default = "defaults::bit_flips")]
        #[schemars(range(min = 1))]
        bits: u32,
    }
    /// A share of writes lands in the wrong place: acknowledged, but the entry is damaged when read.
    Misdirected = "misdirected" {
        /// Probability.
        #[serde(default = "defaults::misdirected")]
        share: Share,
    }
    /// Memory of the agent grows while the fault lasts; the out-of-memory kill follows by itself.
    MemoryLeak = "memory_leak" {
        /// Growth.
        #[serde(default = "defaults::memory_leak")]
        rate: ByteRate,
    }
    /// File handles of the agent leak; at the limit of 1024 it refuses every request.
    HandleLeak = "handle_leak" {
        /// Handles per time, above 0.
        #[serde(default = "defaults::handle_leak")]
        rate: Rate,
    }
    /// Requests of a load arrive at a multiple of their rate; the clients of a closed load think that many times as fast.
    Surge = "surge" {
        /// Multiplier, 0 or more.
        #[serde(default = "defaults::surge")]
        factor: f64,
    }
    /// Additional requests of a load, all at once. Has no duration.
    Herd = "herd" {
        /// Number of requests.
        #[serde(default = "defaults::herd")]
        #[schemars(range(min = 1))]
        requests: u32,
    }
    /// Work per request grows for a share of the replicas: a cache flush, or a deployment with a regression.
    Regression = "regression" {
        /// Multiplier of the work, 1 or more.
        #[serde(default = "defaults::regression")]
        factor: f64,
        /// Share of requests that fail.
        #[serde(default)]
        errors: Share,
        /// Share of the service's replicas that have the new version.
        #[serde(default = "defaults::all")]
        replicas: Share,
    }
    /// A share of a load's requests kill whoever works on them.
    Poison = "poison" {
        /// Share of requests.
        #[serde(default = "defaults::poison")]
        share: Share,
    }
    /// Gray failure: probes pass, a share of the work fails.
    Gray = "gray" {
        /// Share of requests answered with an error.
        #[serde(default = "defaults::gray")]
        errors: Share,
    }
    /// The service cannot be resolved or reached by a share of its callers, as in an outage of DNS or of a third party.
    Outage = "outage" {
        /// Share of calls that fail at once.
        #[serde(default = "defaults::all")]
        severity: Share,
    }
}

/// One instant or several, since the start of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Instants {
    /// One.
    One(Time),
    /// Several.
    Many(Vec<Time>),
}

/// A file of occurrences: its path, or a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum TraceSource {
    /// Path of a fault trace in the canonical format; all its rows.
    File(String),
    /// Part of a file.
    Table(TraceTable),
}

/// A fault trace in the canonical format (CSV, `hms dataset import` makes it), and which part of it is replayed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "trace")]
pub struct TraceTable {
    /// Path of the file.
    pub file: String,
    /// Only rows of these kinds; default: all.
    pub kinds: Option<Vec<String>>,
    /// Only rows at or below this failure domain, such as `lanl/sys02`; default: all.
    pub domain: Option<String>,
    /// The trace's time at which the run starts.
    #[serde(default)]
    pub from: Time,
    /// Run time per trace time: 0.01 replays a hundred times as fast. Above 0.
    #[serde(default = "defaults::one")]
    pub time_scale: f64,
    /// Number the trace's nodes anew, 0, 1, 2 …, in the order of their numbers. Otherwise the numbers are the cluster's.
    #[serde(default)]
    pub renumber: bool,
    /// Join rows of one node and kind that overlap.
    #[serde(default = "defaults::yes")]
    pub merge: bool,
}

/// Whom a fault strikes: exactly one of the forms below.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "target")]
pub struct Target {
    /// This node, by number or name.
    pub node: Option<Reference>,
    /// These nodes, by number or name (a rack, zone or region: all its nodes): together under `at`, each on its own under `every`.
    pub nodes: Option<Vec<Reference>>,
    /// That many nodes, drawn anew for each occurrence.
    #[schemars(range(min = 1))]
    pub random_nodes: Option<u32>,
    /// All nodes of this rack together.
    pub rack: Option<Reference>,
    /// All nodes of this zone together.
    pub zone: Option<Reference>,
    /// All nodes of this region together.
    pub region: Option<Reference>,
    /// All agents of this service, or the one that `replica` tells.
    pub service: Option<String>,
    /// With `service`: number of the agent, or `random` for one drawn anew for each occurrence.
    pub replica: Option<Which>,
    /// This source of requests, by name or position.
    pub load: Option<Reference>,
    /// With `to`: messages from these nodes.
    pub from: Option<Vec<Reference>>,
    /// With `from`: messages to these nodes.
    pub to: Option<Vec<Reference>>,
    /// With `from` and `to`: also in the other direction.
    pub both: Option<bool>,
}

/// An agent of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Which {
    /// This one, from 0.
    Number(u32),
    /// `random`.
    Word(String),
}

/// Which links a partition cuts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "shape", inline)]
pub enum PartitionKind {
    /// Nodes of different sides cannot talk.
    #[default]
    Sides,
    /// Messages from one set to another are cut, the other direction works.
    OneWay,
    /// Two sets cannot talk, everyone else sees both.
    Partial,
    /// One node alone.
    Isolate,
    /// Each node sees a majority, no two the same one.
    MajoritiesRing,
    /// Two halves, joined by one node that sees both.
    Bridge,
}

/// A partition that comes and goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "flapping")]
pub struct Flapping {
    /// Time cut, above 0.
    pub on: Time,
    /// Time whole, above 0.
    pub off: Time,
}

/// Faults drawn by the seed: which kinds act, how often and how strongly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "swarm")]
pub struct Swarm {
    /// Kinds that may act: `all`, or a list.
    #[serde(default = "defaults::swarm_kinds")]
    pub kinds: SwarmKinds,
    /// Share of the kinds that acts in one run, drawn per kind; above 0.
    #[serde(default = "defaults::swarm_active")]
    pub active: Share,
    /// Mean time between faults over the whole cluster, above 0.
    #[serde(default = "defaults::swarm_gap")]
    pub gap: Time,
    /// First possible fault; default: the end of the warm-up.
    pub from: Option<Time>,
    /// No fault begins or lasts beyond this, so that healing can be seen; default: 80 % of the duration.
    pub until: Option<Time>,
    /// Multiplies durations and strengths, above 0.
    #[serde(default = "defaults::one")]
    pub intensity: f64,
}

/// Kinds of which a swarm is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum SwarmKinds {
    /// `all`.
    Word(String),
    /// These.
    List(Vec<SwarmKind>),
}

/// A kind of which a swarm is made; each draws its parameters from ranges seen in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "swarm kind")]
pub enum SwarmKind {
    /// A host goes down and comes back.
    Crash,
    /// A process ends.
    AgentCrash,
    /// A process ends again and again.
    CrashLoop,
    /// Stop-the-world.
    Pause,
    /// A process is stuck.
    Hang,
    /// CPU steal.
    SlowCpu,
    /// A slow disk.
    SlowDisk,
    /// A slow network card.
    SlowNic,
    /// Delay on links.
    Latency,
    /// Loss on links.
    Loss,
    /// Duplication, reordering and corruption on links.
    Mangle,
    /// A partition of any shape.
    Partition,
    /// Clock steps, drift and strobing.
    Clock,
    /// A stalled or erring disk.
    Disk,
    /// A memory leak.
    MemoryLeak,
    /// A spike of load.
    Surge,
    /// A gray failure.
    Gray,
    /// A whole rack or zone goes down.
    Domain,
    /// Links with little bandwidth.
    Throttle,
    /// File handles leak.
    HandleLeak,
    /// Many requests at once.
    Herd,
    /// Requests that kill whoever works on them.
    Poison,
    /// A new version that is slower or fails, on a share of the replicas.
    Regression,
    /// A service that a share of its callers cannot reach.
    Outage,
}
