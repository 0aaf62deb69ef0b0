//! What counts as notice of a fault.
//!
//! A node sees symptoms. Ground truth knows whom a fault strikes, so a symptom counts as notice of the fault if it concerns someone whom it
//! strikes, while something of the fault is left. Where two faults strike one agent at a time, a symptom is notice of both.
//!
//! | record | notice of |
//! |---|---|
//! | `Suspected(node)` | faults that strike the node, while they can cut it off; of a host that is down: its crash |
//! | `AgentFailed` | faults that strike the agent or its host; of agents that a struck load calls: poison |
//! | `AgentDegraded`, `Ejected`, `Breaker` open | faults that strike the agent, its host, or a load that calls it; a breaker of a whole service: of any of its agents |
//! | `NodeDegraded` | faults that strike the node; memory, handles, queues: also those that strike an agent placed there |
//!
//! Some kinds are noticed later, by what they leave: a clock that was stepped or has drifted stays off (`Clock`, any time), and so do flipped bits
//! (`CorruptState`, any time); a herd has effects for a while (anything above, within [`HERD_NOTICE`]).

use hms_machine::{AgentId, BreakerState, Cause, Duration, NodeId, Record, ServiceId};
use hms_scenario::model::{DiskFailure, FaultKind};

/// For so long what its service suffers is laid to a herd: the longest time-out that clients usually have.
pub(super) const HERD_NOTICE: Duration = Duration::from_secs(10);

/// The kind of record by which a fault was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// A node suspected a host.
    Suspicion,
    /// A node found that an agent had failed.
    Failure,
    /// A node found that an agent did not work as it should.
    Degradation,
    /// A node found that a node did not work as it should.
    NodeDegradation,
    /// A node sent no more calls to an agent.
    Ejection,
    /// A breaker opened.
    Breaker,
}

impl Notice {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Notice::Suspicion => "suspected",
            Notice::Failure => "failed",
            Notice::Degradation => "degraded",
            Notice::NodeDegradation => "node degraded",
            Notice::Ejection => "ejected",
            Notice::Breaker => "breaker",
        }
    }
}

/// Whom a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Node(NodeId),
    Agent(AgentId),
    Service(ServiceId),
}

/// What a record tells about someone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) notice: Notice,
    pub(super) subject: Subject,
    pub(super) cause: Option<Cause>,
}

/// What a record notices, if it does.
pub(super) fn seen(record: Record) -> Option<Seen> {
    let (notice, subject, cause) = match record {
        Record::Suspected(peer) => (Notice::Suspicion, Subject::Node(peer), Some(Cause::NodeDown)),
        Record::AgentFailed { agent, cause } => (Notice::Failure, Subject::Agent(agent), Some(cause)),
        Record::AgentDegraded { agent, cause } => (Notice::Degradation, Subject::Agent(agent), Some(cause)),
        Record::NodeDegraded { node, cause } => (Notice::NodeDegradation, Subject::Node(node), Some(cause)),
        Record::Ejected(agent) => (Notice::Ejection, Subject::Agent(agent), None),
        Record::Breaker { service, agent, state: BreakerState::Open } => {
            (Notice::Breaker, agent.map_or(Subject::Service(service), Subject::Agent), None)
        }
        // Ends of beliefs, and what is done about them.
        Record::Trusted(_)
        | Record::AgentHealthy(_)
        | Record::NodeHealthy(_)
        | Record::RecoveryStarted { .. }
        | Record::RecoveryVerified { .. }
        | Record::RecoveryFailed { .. }
        | Record::RecoveryWithdrawn(_)
        | Record::RecoveryHeld(_)
        | Record::Moved { .. }
        | Record::LeadershipTaken
        | Record::LeadershipLost
        | Record::Breaker { state: BreakerState::Closed | BreakerState::HalfOpen, .. }
        | Record::Readmitted(_)
        | Record::Quarantined { .. }
        // What is said of wholes follows from what was said of their parts.
        | Record::Whole { .. }
        // Alerts repeat what the other records say.
        | Record::Alerted { .. } => return None,
    };
    Some(Seen { notice, subject, cause })
}

/// Whether a symptom of the host may come from an agent on it.
pub(super) fn shows_at_the_host(cause: Option<Cause>) -> bool {
    matches!(cause, Some(Cause::MemoryTrend | Cause::Handles | Cause::Queue))
}

/// Whether a fault of which nothing is left after `elapsed` may still be noticed by this.
pub(super) fn leaves_traces(kind: &FaultKind, seen: Option<Seen>, elapsed: Duration) -> bool {
    let cause = |wanted| seen.is_none_or(|seen| seen.cause == Some(wanted));
    match kind {
        FaultKind::ClockStep { .. } | FaultKind::ClockDrift { .. } => cause(Cause::Clock),
        FaultKind::Disk(DiskFailure::BitFlips { .. }) => cause(Cause::CorruptState),
        FaultKind::Herd { .. } => elapsed <= HERD_NOTICE,
        FaultKind::Crash { .. }
        | FaultKind::AgentCrash
        | FaultKind::CrashLoop { .. }
        | FaultKind::Pause
        | FaultKind::Hang
        | FaultKind::SlowCpu { .. }
        | FaultKind::SlowDisk { .. }
        | FaultKind::SlowNic { .. }
        | FaultKind::Link(_)
        | FaultKind::Partition(_)
        | FaultKind::ClockStrobe { .. }
        | FaultKind::Disk(_)
        | FaultKind::MemoryLeak { .. }
        | FaultKind::HandleLeak { .. }
        | FaultKind::Surge { .. }
        | FaultKind::Regression { .. }
        | FaultKind::Poison { .. }
        | FaultKind::Gray { .. }
        | FaultKind::Outage { .. } => false,
    }
}
