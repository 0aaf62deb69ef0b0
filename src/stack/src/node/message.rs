//! What nodes say to each other, and what it costs on the wire.

use std::sync::Arc;

use hms_machine::{AgentId, Bytes, Component, Instant, Message, NodeId};

use super::assignments::Moves;
use crate::health::swim::SwimMessage;

/// UDP and IP headers.
const HEADERS: u64 = 28;

/// A message of the stack.
#[derive(Clone, Debug)]
pub enum StackMessage {
    /// "I am alive, and this is how I am." Shared by all its receivers.
    Heartbeat(Arc<Beat>),
    /// Probes, answers and gossip of the membership.
    Swim {
        /// Reading of the sender's wall clock.
        sent: Instant,
        /// What is said.
        message: SwimMessage,
    },
    /// Where agents have been moved to, as far as the sender knows.
    Moves(Arc<Moves>),
    /// The same, at the moment at which the sender has moved some.
    Order {
        /// What has been moved, the newest moves among it.
        moves: Arc<Moves>,
        /// Reading of the sender's wall clock.
        sent: Instant,
    },
    /// "What has been moved?" A node that boots asks before it starts its agents.
    Ask,
    /// The answer.
    Answer {
        /// What has been moved.
        moves: Arc<Moves>,
        /// The latest life of the asker that the sender has heard of; 0 if none.
        known: u64,
    },
    /// From a host that takes itself for the leader: "Do you follow me?"
    RequestVote {
        /// Reading of the sender's monotonic clock.
        asked: Instant,
    },
    /// The answer.
    Vote {
        /// What stood in the question.
        asked: Instant,
        /// Whether the sender follows.
        granted: bool,
    },
    /// To the one that is taken for the leader: an agent cannot be helped where it is.
    Move {
        /// The agent.
        agent: AgentId,
    },
    /// To the new home of an agent that still works at its old one: "Is it ready with you?"
    Relieve {
        /// The agent.
        agent: AgentId,
    },
    /// The answer, once it is.
    Relieved {
        /// The agent.
        agent: AgentId,
    },
    /// To the one that is taken for the leader: what the sender believes of a node.
    Report {
        /// The node.
        about: NodeId,
        /// Whether it is suspected.
        suspected: bool,
    },
}

/// The content of a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The sender's life; larger is later.
    pub incarnation: u64,
    /// Which heartbeat of this life.
    pub sequence: u64,
    /// Reading of the sender's wall clock.
    pub sent: Instant,
    /// The sender's agents that take calls.
    pub ready: Vec<AgentId>,
    /// Whether the sender says that it is not well.
    pub degraded: bool,
    /// Digest of the moves that the sender knows of.
    pub moves: u32,
}

impl Message for StackMessage {
    fn bytes(&self) -> Bytes {
        // The membership counts its own headers; the clock comes on top.
        if let StackMessage::Swim { message, .. } = self {
            return message.bytes() + Bytes(8);
        }
        Bytes(HEADERS)
            + match self {
                // Kind, incarnation, sequence, clock, digest, flag, count; four bytes for each agent.
                StackMessage::Heartbeat(beat) => Bytes(1 + 8 + 8 + 8 + 4 + 1 + 2 + 4 * beat.ready.len() as u64),
                StackMessage::Swim { .. } => Bytes::ZERO,
                StackMessage::Moves(moves) => Bytes(1 + 2) + moves.bytes(),
                StackMessage::Order { moves, .. } => Bytes(1 + 2 + 8) + moves.bytes(),
                StackMessage::Ask => Bytes(1),
                StackMessage::Answer { moves, .. } => Bytes(1 + 2 + 8) + moves.bytes(),
                StackMessage::RequestVote { .. } => Bytes(1 + 8),
                StackMessage::Vote { .. } => Bytes(1 + 8 + 1),
                StackMessage::Move { .. } | StackMessage::Relieve { .. } | StackMessage::Relieved { .. } => Bytes(1 + 4),
                StackMessage::Report { .. } => Bytes(1 + 4 + 1),
            }
    }

    fn component(&self) -> Component {
        match self {
            StackMessage::Heartbeat(_) | StackMessage::Swim { .. } | StackMessage::Report { .. } => Component::Health,
            StackMessage::Moves(_)
            | StackMessage::Order { .. }
            | StackMessage::Ask
            | StackMessage::RequestVote { .. }
            | StackMessage::Vote { .. }
            | StackMessage::Answer { .. }
            | StackMessage::Move { .. }
            | StackMessage::Relieve { .. }
            | StackMessage::Relieved { .. } => Component::Supervisor,
        }
    }
}
