//! What goes wrong: kinds, targets, starts, durations (field ranges: datasets/parameters).

use hms_machine::{Bytes, Distribution, Duration, Instant, NodeId, Ratio, ServiceId};

/// A rule that yields faults; the seed turns it into scheduled occurrences.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Unique name for reports; default: kind and position.
    pub name: String,
    /// What happens.
    pub kind: FaultKind,
    /// To whom.
    pub target: Target,
    /// When.
    pub start: Start,
    /// How long, ns; `None`: until the end of the run. A fault of zero length (agent crash, clock step, bit flip) ignores it.
    pub duration: Option<Distribution>,
    /// Occurrences of rules with one group share their draws of start and duration, so that they strike together.
    pub group: Option<String>,
}

/// When a rule's faults begin.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// At these instants.
    At(Vec<Instant>),
    /// Renewal process: this long (ns) from the end of one occurrence (or the start of the run) to the next, on each target on its own.
    Every(Distribution),
    /// The rows of a fault trace, which state target and duration themselves.
    Trace(Vec<TraceFault>),
}

/// A row of a fault trace.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceFault {
    /// The node.
    pub node: NodeId,
    /// Begin.
    pub start: Instant,
    /// `None`: until the end of the run.
    pub duration: Option<Duration>,
    /// 0..=1, as a share of the full effect of the kind.
    pub severity: Ratio,
}

/// Whom a fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// These nodes, all of them at each occurrence of `Start::At`; on their own under `Start::Every`.
    Nodes(Vec<NodeId>),
    /// That many nodes drawn anew for each occurrence.
    RandomNodes(u32),
    /// All nodes of the rack with this index, together.
    Rack(usize),
    /// All nodes of the zone with this index, together.
    Zone(usize),
    /// All nodes of the region with this index, together.
    Region(usize),
    /// All agents of a service.
    Service(ServiceId),
    /// One agent of a service, by replica number.
    Replica(ServiceId, u32),
    /// One agent of a service drawn anew for each occurrence.
    RandomReplica(ServiceId),
    /// A source of requests, by its index.
    Load(usize),
    /// Messages from any of the first to any of the second set of nodes.
    Links {
        /// Senders.
        from: Vec<NodeId>,
        /// Receivers.
        to: Vec<NodeId>,
        /// Also in the other direction.
        both: bool,
    },
    /// The kind says it itself (partitions), or the whole cluster.
    Cluster,
}

/// What happens. A node fault strikes hosts, an agent fault processes, a link fault messages.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// The host stops; volatile state and effects in flight are gone; it boots again after the duration.
    Crash {
        /// The disk's content is gone as well.
        disk_lost: bool,
    },
    /// The process of an agent ends at once.
    AgentCrash,
    /// The agent dies again shortly after each start while the fault lasts: a crash loop.
    CrashLoop {
        /// From start to the next end, ns.
        after: Distribution,
    },
    /// Stop-the-world of the host: nothing runs, nothing is lost.
    Pause,
    /// The agent's process is stuck: it takes requests and answers none, and its liveness probe fails.
    Hang,
    /// Cores run at this share of their speed, above 0.
    SlowCpu {
        /// Share of the speed that is left.
        speed: Ratio,
    },
    /// Disk operations take this many times as long, at least 1.
    SlowDisk {
        /// Multiplier.
        factor: f64,
    },
    /// Messages of the host take this much longer, both ways, ns.
    SlowNic {
        /// Additional delay.
        delay: Distribution,
    },
    /// Messages on the target's links suffer.
    Link(LinkFault),
    /// Sets of links are cut.
    Partition(PartitionShape),
    /// The clock jumps; forward if `forward`.
    ClockStep {
        /// Size of the jump.
        by: Duration,
        /// Direction.
        forward: bool,
    },
    /// The clock runs fast (positive) or slow while the fault lasts.
    ClockDrift {
        /// Parts per million.
        ppm: f64,
    },
    /// The clock jumps forth and back while the fault lasts.
    ClockStrobe {
        /// Size of the jump.
        by: Duration,
        /// Between jumps.
        every: Duration,
    },
    /// The disk misbehaves.
    Disk(DiskFailure),
    /// Memory of the agent grows while the fault lasts (a leak; the out-of-memory kill follows by itself).
    MemoryLeak {
        /// Bytes per second.
        rate: Bytes,
    },
    /// File handles of the agent leak; at the limit it refuses every request.
    HandleLeak {
        /// Handles per second; an agent has 1024.
        rate: f64,
    },
    /// Requests of the load arrive at this multiple of their rate: a spike.
    Surge {
        /// Multiplier, 0 or more.
        factor: f64,
    },
    /// That many additional requests at once: a thundering herd.
    Herd {
        /// Requests.
        requests: u32,
    },
    /// Work per request is this multiple, for a share of the replicas: a cache flush, or a deployment with a regression.
    Regression {
        /// Multiplier of the work, at least 1.
        factor: f64,
        /// Share of requests that fail.
        errors: Ratio,
        /// Share of the service's replicas that have the new version.
        replicas: Ratio,
    },
    /// A share of the load's requests kill whoever works on them.
    Poison {
        /// Share of requests.
        share: Ratio,
    },
    /// Gray failure: probes pass, a share of the work fails.
    Gray {
        /// Share of requests answered with an error.
        errors: Ratio,
    },
    /// The service cannot be resolved or reached by a share of its callers, as in an outage of DNS or of a third party.
    Outage {
        /// Share of calls that fail at once.
        severity: Ratio,
    },
}

/// What messages on a set of links suffer.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkFault {
    /// Additional one-way delay, ns.
    Latency {
        /// Drawn for each message.
        delay: Distribution,
    },
    /// Share lost.
    Loss {
        /// Probability.
        share: Ratio,
    },
    /// Share that arrives twice.
    Duplicate {
        /// Probability.
        share: Ratio,
    },
    /// Share held back.
    Reorder {
        /// Probability.
        share: Ratio,
        /// Additional delay, ns.
        hold: Distribution,
    },
    /// Share damaged.
    Corrupt {
        /// Probability.
        share: Ratio,
    },
    /// Nothing is lost, nothing passes until the fault ends.
    Clog,
    /// Bandwidth is limited to this many bytes per second.
    Throttle {
        /// Bytes per second.
        bandwidth: u64,
    },
}

/// Which links are cut. Nodes that no side names (edges, too) keep all their links.
#[derive(Clone, Debug, PartialEq)]
pub enum PartitionShape {
    /// Nodes of different sides cannot talk.
    Sides(Vec<Vec<NodeId>>),
    /// Messages from the first set to the second are cut, the other direction works.
    OneWay {
        /// Senders.
        from: Vec<NodeId>,
        /// Receivers.
        to: Vec<NodeId>,
    },
    /// Both directions between the two sets are cut, everyone else sees both (no transitivity).
    Partial {
        /// One set.
        one: Vec<NodeId>,
        /// The other.
        other: Vec<NodeId>,
    },
    /// One node alone.
    Isolate(NodeId),
    /// Each node sees a majority, no two the same one (Jepsen's majorities-ring).
    MajoritiesRing,
    /// Two halves, joined by one node that sees both.
    Bridge(NodeId),
    /// The inner shape comes and goes while the fault lasts.
    Flapping {
        /// What is cut when it is on.
        shape: Box<PartitionShape>,
        /// Time cut.
        on: Duration,
        /// Time whole.
        off: Duration,
    },
}

/// How a disk fails.
#[derive(Clone, Debug, PartialEq)]
pub enum DiskFailure {
    /// Operations do not complete while the fault lasts.
    Stall,
    /// Writes fail for lack of space.
    Full,
    /// A share of operations fails.
    Errors {
        /// Probability.
        share: Ratio,
    },
    /// That many bits of stored data flip.
    BitFlips {
        /// Number of bits.
        bits: u32,
    },
    /// A share of writes lands in the wrong place: acknowledged, but the entry is damaged when read.
    Misdirected {
        /// Probability.
        share: Ratio,
    },
}

/// Faults drawn by the seed: which kinds act, how often and how strongly.
#[derive(Clone, Debug, PartialEq)]
pub struct Swarm {
    /// Kinds that may act.
    pub kinds: Vec<SwarmKind>,
    /// Share of the kinds that acts in one run, drawn per kind.
    pub active: Ratio,
    /// Mean time between faults over the whole cluster.
    pub gap: Duration,
    /// First possible fault.
    pub from: Instant,
    /// No fault begins or lasts beyond this, so that healing can be seen.
    pub until: Instant,
    /// Multiplies durations and strengths, above 0; default 1.
    pub intensity: f64,
}

/// The kinds of which a swarm is made; each draws its parameters from field ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

impl SwarmKind {
    /// Every kind, in the order of declaration.
    pub const ALL: [SwarmKind; 24] = [
        SwarmKind::Crash,
        SwarmKind::AgentCrash,
        SwarmKind::CrashLoop,
        SwarmKind::Pause,
        SwarmKind::Hang,
        SwarmKind::SlowCpu,
        SwarmKind::SlowDisk,
        SwarmKind::SlowNic,
        SwarmKind::Latency,
        SwarmKind::Loss,
        SwarmKind::Mangle,
        SwarmKind::Partition,
        SwarmKind::Clock,
        SwarmKind::Disk,
        SwarmKind::MemoryLeak,
        SwarmKind::Surge,
        SwarmKind::Gray,
        SwarmKind::Domain,
        SwarmKind::Throttle,
        SwarmKind::HandleLeak,
        SwarmKind::Herd,
        SwarmKind::Poison,
        SwarmKind::Regression,
        SwarmKind::Outage,
    ];
}
