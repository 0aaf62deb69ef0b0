//! What checks look at: one fact about one subject, as the operating system, a probe or a call told it.
//!
//! Readings hold no belief and no ground truth: whoever wires the checks converts events of its node into them.

use hms_machine::{AgentId, Bytes, Duration, Instant, NodeId, ServiceId};

/// Whom a reading, a status or an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An agent of this node, seen from its own node.
    Agent(AgentId),
    /// An agent as the calls of another node see it. Its own node may think well of it: that is what gray failures are made of.
    Peer(AgentId),
    /// A node: this one by its own self-tests, another by its messages.
    Node(NodeId),
    /// A service: all its replicas.
    Service(ServiceId),
    /// A zone, by its index over all regions.
    Zone(u32),
    /// Everything.
    Cluster,
}

/// Kinds of subject, from the smallest to the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectKind {
    /// See [`Subject::Agent`].
    Agent,
    /// See [`Subject::Peer`].
    Peer,
    /// See [`Subject::Node`].
    Node,
    /// See [`Subject::Service`].
    Service,
    /// See [`Subject::Zone`].
    Zone,
    /// See [`Subject::Cluster`].
    Cluster,
}

impl Subject {
    /// What kind of subject this is.
    pub const fn kind(self) -> SubjectKind {
        match self {
            Subject::Agent(_) => SubjectKind::Agent,
            Subject::Peer(_) => SubjectKind::Peer,
            Subject::Node(_) => SubjectKind::Node,
            Subject::Service(_) => SubjectKind::Service,
            Subject::Zone(_) => SubjectKind::Zone,
            Subject::Cluster => SubjectKind::Cluster,
        }
    }
}

/// One fact about a subject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// A liveness probe was answered, or not in time.
    Probe {
        /// Whether the answer came.
        answered: bool,
    },
    /// The subject says whether it is ready for work.
    Ready(bool),
    /// A synthetic request, which takes the way of a real one, has ended.
    Work {
        /// Whether it was answered without an error.
        ok: bool,
        /// From dispatch to end.
        elapsed: Duration,
    },
    /// A real request was answered after this time.
    Latency(Duration),
    /// Real requests that ended since the reading before.
    Outcomes {
        /// Answered without an error.
        ok: u64,
        /// Everything else: errors, refusals, time-outs.
        errors: u64,
    },
    /// Requests that wait.
    Queue {
        /// How many.
        depth: u64,
        /// How many may.
        limit: u64,
    },
    /// Memory of an agent or a node.
    Memory {
        /// In use.
        used: Bytes,
        /// Where the operating system kills.
        limit: Bytes,
    },
    /// Open files and sockets.
    Handles {
        /// Open.
        used: u64,
        /// How many may be.
        limit: u64,
    },
    /// A small write with its flush took this long.
    DiskOperation(Duration),
    /// Space on the disk.
    DiskSpace {
        /// In use.
        used: Bytes,
        /// All there is.
        capacity: Bytes,
    },
    /// A self-test: work of a known length, and how long it took. Steal, throttling and overload all lengthen it.
    Processor {
        /// On an idle processor of full speed.
        expected: Duration,
        /// On the clock.
        elapsed: Duration,
    },
    /// Wall clocks when a message of a peer arrived. The difference holds the time on the way.
    Clocks {
        /// This node's wall clock on arrival.
        own: Instant,
        /// The sender's wall clock on departure.
        peer: Instant,
    },
    /// The subject beside others that do the same work; made by [`PeerGroup`](super::PeerGroup).
    Comparison {
        /// Its median.
        own: Duration,
        /// The median of the others' medians.
        others: Duration,
        /// How many others have enough samples.
        peers: u32,
    },
}

/// Kinds of reading: what a check can be fed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadingKind {
    /// See [`Reading::Probe`].
    Probe,
    /// See [`Reading::Ready`].
    Ready,
    /// See [`Reading::Work`].
    Work,
    /// See [`Reading::Latency`].
    Latency,
    /// See [`Reading::Outcomes`].
    Outcomes,
    /// See [`Reading::Queue`].
    Queue,
    /// See [`Reading::Memory`].
    Memory,
    /// See [`Reading::Handles`].
    Handles,
    /// See [`Reading::DiskOperation`].
    DiskOperation,
    /// See [`Reading::DiskSpace`].
    DiskSpace,
    /// See [`Reading::Processor`].
    Processor,
    /// See [`Reading::Clocks`].
    Clocks,
    /// See [`Reading::Comparison`].
    Comparison,
}

impl Reading {
    /// What kind of reading this is.
    pub const fn kind(&self) -> ReadingKind {
        match self {
            Reading::Probe { .. } => ReadingKind::Probe,
            Reading::Ready(_) => ReadingKind::Ready,
            Reading::Work { .. } => ReadingKind::Work,
            Reading::Latency(_) => ReadingKind::Latency,
            Reading::Outcomes { .. } => ReadingKind::Outcomes,
            Reading::Queue { .. } => ReadingKind::Queue,
            Reading::Memory { .. } => ReadingKind::Memory,
            Reading::Handles { .. } => ReadingKind::Handles,
            Reading::DiskOperation(_) => ReadingKind::DiskOperation,
            Reading::DiskSpace { .. } => ReadingKind::DiskSpace,
            Reading::Processor { .. } => ReadingKind::Processor,
            Reading::Clocks { .. } => ReadingKind::Clocks,
            Reading::Comparison { .. } => ReadingKind::Comparison,
        }
    }

    /// The reading as one number for a series of [`History`](crate::health::History): seconds, a share of the limit, a ratio, or 1 for good and
    /// 0 for bad. `None` where there is none (no requests, a limit of zero).
    pub fn value(&self) -> Option<f64> {
        let share = |used: u64, limit: u64| (limit > 0).then(|| used as f64 / limit as f64);
        match *self {
            Reading::Probe { answered: good } | Reading::Ready(good) | Reading::Work { ok: good, .. } => {
                Some(f64::from(u8::from(good)))
            }
            Reading::Latency(elapsed) | Reading::DiskOperation(elapsed) => Some(elapsed.as_secs_f64()),
            Reading::Outcomes { ok, errors } => share(errors, ok.saturating_add(errors)),
            Reading::Queue { depth: used, limit } | Reading::Handles { used, limit } => share(used, limit),
            Reading::Memory { used, limit } | Reading::DiskSpace { used, capacity: limit } => share(used.0, limit.0),
            Reading::Processor { expected, elapsed } => share(elapsed.as_nanos(), expected.as_nanos()),
            Reading::Clocks { own, peer } => Some(seconds_between(own, peer)),
            Reading::Comparison { own, others, .. } => share(own.as_nanos(), others.as_nanos()),
        }
    }
}

/// `own - peer` in seconds, with its sign.
pub(super) fn seconds_between(own: Instant, peer: Instant) -> f64 {
    own.saturating_since(peer).as_secs_f64() - peer.saturating_since(own).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_numbers_where_there_is_one() {
        let ms = Duration::from_millis;
        let rows = [
            (Reading::Probe { answered: true }, Some(1.0)),
            (Reading::Work { ok: false, elapsed: ms(5) }, Some(0.0)),
            (Reading::Latency(ms(250)), Some(0.25)),
            (Reading::Outcomes { ok: 3, errors: 1 }, Some(0.25)),
            (Reading::Outcomes { ok: 0, errors: 0 }, None),
            (Reading::Queue { depth: 5, limit: 10 }, Some(0.5)),
            (Reading::Memory { used: Bytes(3), limit: Bytes(4) }, Some(0.75)),
            (Reading::DiskSpace { used: Bytes(3), capacity: Bytes(0) }, None),
            (Reading::Processor { expected: ms(1), elapsed: ms(3) }, Some(3.0)),
            (Reading::Clocks { own: Instant::from_nanos(0), peer: Instant::from_nanos(500_000_000) }, Some(-0.5)),
            (Reading::Comparison { own: ms(4), others: ms(2), peers: 3 }, Some(2.0)),
        ];
        for (reading, value) in rows {
            assert_eq!(reading.value(), value, "{reading:?}");
        }
    }
}
