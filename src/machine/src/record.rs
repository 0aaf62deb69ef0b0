//! What machines say about themselves for the trace: beliefs, decisions and actions. Written down by the driver, never read back by any machine.

use crate::{AgentId, NodeId, ServiceId};

/// A row that a machine adds to the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// The node believes that a peer has failed.
    Suspected(NodeId),
    /// The node believes again that a peer works.
    Trusted(NodeId),
    /// The node has noticed that a local agent has failed.
    AgentFailed {
        /// The agent.
        agent: AgentId,
        /// What was seen.
        cause: Cause,
    },
    /// The node has noticed that an agent, local or called, does not work as it should, though it has not failed.
    AgentDegraded {
        /// The agent.
        agent: AgentId,
        /// What was seen.
        cause: Cause,
    },
    /// The node sees no degradation of an agent any more.
    AgentHealthy(AgentId),
    /// The node has noticed that a node (itself, for the most part) does not work as it should, though it has not failed.
    NodeDegraded {
        /// The node.
        node: NodeId,
        /// What was seen.
        cause: Cause,
    },
    /// The node sees no degradation of a node any more.
    NodeHealthy(NodeId),
    /// The stack does something about an agent.
    RecoveryStarted {
        /// The agent.
        agent: AgentId,
        /// What is done.
        rung: Rung,
        /// What it is done against.
        cause: Cause,
        /// Which attempt this is in the present trouble, from 1.
        attempt: u32,
    },
    /// The agent works again, as a test of real work has shown.
    RecoveryVerified {
        /// The agent.
        agent: AgentId,
        /// What helped.
        rung: Rung,
        /// Which attempt that was.
        attempt: u32,
    },
    /// The action did not help.
    RecoveryFailed {
        /// The agent.
        agent: AgentId,
        /// What was done.
        rung: Rung,
    },
    /// The order is taken back before anything was done: the agent works.
    RecoveryWithdrawn(AgentId),
    /// The stack would do something about an agent, and the cascade guard holds it back, or too few of those that keep its state are within reach.
    RecoveryHeld(AgentId),
    /// A leader orders an agent to another node.
    Moved {
        /// The agent.
        agent: AgentId,
        /// Where it is to run from now on.
        to: NodeId,
    },
    /// The node takes decisions for the cluster from now on.
    LeadershipTaken,
    /// The node does so no longer.
    LeadershipLost,
    /// A breaker of this node has changed its state.
    Breaker {
        /// The service that is called.
        service: ServiceId,
        /// The replica, where there is a breaker for each.
        agent: Option<AgentId>,
        /// The new state.
        state: BreakerState,
    },
    /// The node sends no calls to an agent for a while: it does worse than its peers.
    Ejected(AgentId),
    /// The node sends calls to the agent again.
    Readmitted(AgentId),
    /// A request is believed to kill whoever works on it, and is not let in again.
    Quarantined {
        /// Its trace id.
        trace: u64,
    },
    /// As far as this node, which leads, believes, a whole is so well from now on; a whole of which nothing was said is well.
    Whole {
        /// What.
        of: Whole,
        /// How well.
        level: Level,
    },
    /// An alert has been raised for this agent's node's operators.
    Alerted {
        /// How serious it is.
        severity: Severity,
        /// What it is about.
        cause: Cause,
    },
}

/// What the stack has seen of a trouble. It cannot see the fault behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The process has ended.
    Crash,
    /// The operating system has killed the process for lack of memory.
    OutOfMemory,
    /// The process is there and does not answer.
    Hang,
    /// Work fails, though probes may pass.
    Errors,
    /// Work takes longer than the same work elsewhere.
    Latency,
    /// The processor is slower than it should be.
    SlowCpu,
    /// The disk is slower than it should be, or stands still.
    SlowDisk,
    /// The disk refuses writes for lack of space, or soon will.
    DiskFull,
    /// Operations of the disk fail.
    DiskErrors,
    /// Memory is about to run out.
    MemoryTrend,
    /// File handles are about to run out.
    Handles,
    /// More requests wait than can be worked off.
    Queue,
    /// The clock is off.
    Clock,
    /// State is damaged.
    CorruptState,
    /// A start has not led to readiness in time.
    StartFailed,
    /// It ends again and again.
    CrashLoop,
    /// The last recovery could not be verified.
    Unverified,
    /// The node is not heard.
    NodeDown,
    /// Most of the zone is not heard.
    ZoneDown,
    /// A request kills whoever works on it.
    Poison,
    /// Messages on its links are lost, late, doubled or overtaken.
    Network,
}

impl Cause {
    /// Every cause, in order.
    pub const ALL: [Cause; 21] = [
        Cause::Crash,
        Cause::OutOfMemory,
        Cause::Hang,
        Cause::Errors,
        Cause::Latency,
        Cause::SlowCpu,
        Cause::SlowDisk,
        Cause::DiskFull,
        Cause::DiskErrors,
        Cause::MemoryTrend,
        Cause::Handles,
        Cause::Queue,
        Cause::Clock,
        Cause::CorruptState,
        Cause::StartFailed,
        Cause::CrashLoop,
        Cause::Unverified,
        Cause::NodeDown,
        Cause::ZoneDown,
        Cause::Poison,
        Cause::Network,
    ];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Crash => "crash",
            Cause::OutOfMemory => "out of memory",
            Cause::Hang => "hang",
            Cause::Errors => "errors",
            Cause::Latency => "latency",
            Cause::SlowCpu => "slow cpu",
            Cause::SlowDisk => "slow disk",
            Cause::DiskFull => "disk full",
            Cause::DiskErrors => "disk errors",
            Cause::MemoryTrend => "memory trend",
            Cause::Handles => "handles",
            Cause::Queue => "queue",
            Cause::Clock => "clock",
            Cause::CorruptState => "corrupt state",
            Cause::StartFailed => "start failed",
            Cause::CrashLoop => "crash loop",
            Cause::Unverified => "unverified",
            Cause::NodeDown => "node down",
            Cause::ZoneDown => "zone down",
            Cause::Poison => "poison",
            Cause::Network => "network",
        }
    }
}

/// What is made of parts that may fail one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whole {
    /// A service, of its replicas.
    Service(ServiceId),
    /// A zone, of its nodes.
    Zone(u32),
    /// The cluster, of its nodes and services.
    Cluster,
}

/// How well a whole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// All its parts work.
    Healthy,
    /// Nothing is known of its parts.
    Unknown,
    /// Some part does not work as it should.
    Degraded,
    /// Less than half of its parts work.
    Failed,
}

/// A rung of the recovery ladder, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// Wait and look again.
    Retry,
    /// Start the process anew, with its state from the local disk.
    Restart,
    /// Start it with the state of an earlier checkpoint.
    Restore,
    /// Start it on another node.
    Relocate,
    /// Start it with the state of a copy on another node.
    Rebuild,
    /// Leave it out.
    Isolate,
}

impl Rung {
    /// Every rung, mildest first.
    pub const ALL: [Rung; 6] = [Rung::Retry, Rung::Restart, Rung::Restore, Rung::Relocate, Rung::Rebuild, Rung::Isolate];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Rung::Retry => "retry",
            Rung::Restart => "restart",
            Rung::Restore => "restore",
            Rung::Relocate => "relocate",
            Rung::Rebuild => "rebuild",
            Rung::Isolate => "isolate",
        }
    }
}

/// State of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// Calls are refused.
    Open,
    /// A few calls pass, as probes.
    HalfOpen,
}

/// How serious an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Something works less well than it should.
    Warning,
    /// Something does not work.
    Critical,
}
