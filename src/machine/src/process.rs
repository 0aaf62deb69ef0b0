//! Agents as the operating system under them shows them: what can be asked, what is told, what is read.

use std::fmt;

use crate::{AgentId, Bytes, Duration, NodeId};

/// What a node's operating system tells about a local agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentEvent {
    /// The process is up and says that it is ready.
    Ready,
    /// The process has ended.
    Exited(Exit),
    /// The answer to [`Context::probe`]; a stuck process gives none.
    Probed {
        /// What was asked.
        probe: Probe,
        /// Whether the answer was good.
        ok: bool,
        /// From question to answer.
        elapsed: Duration,
    },
    /// The checkpoint asked for by [`Context::checkpoint`] is durable, or could not be written.
    Checkpointed {
        /// Whether it is there.
        ok: bool,
    },
    /// What [`Context::ship`] sent is durable at the receiver. (Nothing is heard of a shipment that was lost on its way.)
    Shipped {
        /// The receiver.
        to: NodeId,
        /// Journal entries that the receiver holds now, counted from the agent's first.
        entries: u64,
    },
}

/// A question to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probe {
    /// Is the process there and not stuck? Costs nothing.
    Liveness,
    /// Does it take requests?
    Readiness,
    /// A synthetic request, worked on like any other: costs the work of one request.
    Work,
}

/// Why a process ended, as far as its parent can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By a signal or with an error.
    Abnormal,
    /// Killed by the operating system for lack of memory.
    OutOfMemory,
    /// Because the node stopped it.
    Stopped,
    /// It could not read its state, or found an entry before the last one damaged.
    CorruptState,
}

/// From where an agent takes its state when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateSource {
    /// The newest checkpoint and the journal behind it. Half an entry at the end is cut off; other damage ends the process with
    /// [`Exit::CorruptState`].
    Local,
    /// The same, cut off at the first damaged entry: what stood behind it is lost.
    Truncated,
    /// The checkpoint before the newest, and the journal behind it; cut off at the first damaged entry.
    Previous,
    /// The best of the copies that were shipped to these nodes, fetched over the network: of the latest start of the agent that shipped, and of
    /// its copies the longest. Whoever is asked takes no shipment of an earlier start any more. [`Exit::CorruptState`] if none has a copy and a single
    /// answer would have done; of a quorum that has none, the state is empty, and a quorum that does not answer is waited for.
    Replica(Holders),
}

/// Nodes that hold copies of an agent's state, in order of preference.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Holders {
    nodes: [NodeId; Holders::MAX],
    count: u8,
    quorum: u8,
}

impl Holders {
    /// As many there can be: with the original, four of everything (three are usual, as in HDFS and Kafka).
    pub const MAX: usize = 4;

    /// Nobody.
    pub const NONE: Holders = Holders { nodes: [NodeId(0); Holders::MAX], count: 0, quorum: 1 };

    /// One node.
    pub fn one(node: NodeId) -> Self {
        [node].into_iter().collect()
    }

    /// So many of them must say what they have before the best copy is chosen (1 unless stated): enough to be sure that one of them has
    /// every entry that was acknowledged.
    #[must_use]
    pub fn with_quorum(self, quorum: usize) -> Self {
        Holders { quorum: quorum.clamp(1, self.len().max(1)) as u8, ..self }
    }

    /// See [`Holders::with_quorum`].
    pub fn quorum(&self) -> usize {
        usize::from(self.quorum)
    }

    /// The nodes.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes[..usize::from(self.count)].iter().copied()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The preferred one.
    pub fn first(&self) -> Option<NodeId> {
        self.iter().next()
    }
}

impl Default for Holders {
    fn default() -> Self {
        Holders::NONE
    }
}

impl FromIterator<NodeId> for Holders {
    /// What is beyond [`Holders::MAX`] is left out.
    fn from_iter<T: IntoIterator<Item = NodeId>>(nodes: T) -> Self {
        let mut holders = Holders::NONE;
        for node in nodes.into_iter().take(Holders::MAX) {
            holders.nodes[usize::from(holders.count)] = node;
            holders.count += 1;
        }
        holders
    }
}

impl fmt::Debug for Holders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

/// What must have happened to an agent's journal entry before its caller is told that it is safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replication {
    /// Where its entries go as soon as they are written, if any copy is waited for.
    pub holders: Holders,
    /// So many of the holders must have an entry on their medium, besides the own disk; 0: the own disk is enough. An entry of which that
    /// is not heard in the time of the request is answered with an error.
    pub copies: u32,
    /// How often the agent has been moved, as the node knows: of two instances that ship to one holder, the one that knows of more moves is
    /// believed (a fencing token; Burrows, "The Chubby lock service", OSDI 2006, §2.4).
    pub epoch: u32,
}

/// What a host's operating system and the agents on it say of themselves; counters count from the agent's or host's start.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Time from asking to answer of a piece of work on the processor, queueing included.
    pub cpu_elapsed: Duration,
    /// Time that this work takes on an idle core of the host's nominal speed.
    pub cpu_expected: Duration,
    /// Memory in use by agents.
    pub memory_used: Bytes,
    /// Memory that agents share.
    pub memory_capacity: Bytes,
    /// The disk.
    pub disk: DiskReading,
    /// The agents of the host that have been started here.
    pub agents: Vec<AgentReading>,
}

/// What a disk says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskReading {
    /// Operations that have ended.
    pub operations: u64,
    /// Of these, operations that failed.
    pub errors: u64,
    /// Time that all operations that have ended took, waiting not included.
    pub busy: Duration,
    /// Of the operations that have ended, flushes to the medium.
    pub syncs: u64,
    /// Time that these took: unlike that of writes it does not grow with their size.
    pub syncs_busy: Duration,
    /// How long the operation under way has been under way; zero if there is none.
    pub pending: Duration,
    /// Bytes in use.
    pub used: Bytes,
    /// Bytes that there are.
    pub capacity: Bytes,
}

/// What an agent says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentReading {
    /// The agent.
    pub agent: AgentId,
    /// Whether its process is there.
    pub running: bool,
    /// Whether it takes requests.
    pub ready: bool,
    /// Memory in use.
    pub memory: Bytes,
    /// File handles in use.
    pub handles: u32,
    /// File handles that it may use.
    pub handles_max: u32,
    /// Requests that wait.
    pub waiting: u32,
    /// Requests that are worked on.
    pub busy: u32,
    /// Requests answered well.
    pub succeeded: u64,
    /// Requests answered with an error or refused.
    pub failed: u64,
    /// Journal entries written, since its first start.
    pub entries: u64,
}
