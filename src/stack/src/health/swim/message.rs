//! What members say to each other, and what it weighs on the wire.

use hms_machine::{Bytes, Component, Message, NodeId};

/// UDP and IP headers.
const HEADERS: u64 = 28;
/// Kind of message, sequence number and count of updates.
const FRAME: u64 = 1 + 4 + 1;
const ID: u64 = 4;

/// Most bytes that a message carries behind its headers; with them it fits the usual path of 1,500 bytes (memberlist:
/// `UDPBufferSize` 1400).
pub(super) const PAYLOAD_MAX: u64 = 1_400;

/// What a member is believed to be. Later variants override earlier ones of the same incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Works.
    Alive,
    /// Did not answer; it has time to object.
    Suspected,
    /// Did not object: taken as failed.
    Confirmed,
}

/// What a member tells of itself, besides that it is alive. The protocol carries it and does not look inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Version of its configuration.
    pub version: u32,
    /// Bit k: the k-th agent of the node is ready.
    pub ready: u64,
}

/// A claim about a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// By the member itself.
    Alive(Facts),
    /// By a member that it did not answer.
    Suspected {
        /// The accuser.
        by: NodeId,
    },
    /// By a member whose suspicion it did not refute in time.
    Confirmed {
        /// The accuser.
        by: NodeId,
    },
}

/// A claim about one life (or refutation) of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// The member.
    pub node: NodeId,
    /// Its incarnation: only the member itself raises it.
    pub incarnation: u64,
    /// What is said.
    pub claim: Claim,
}

impl Claim {
    /// What the member is claimed to be.
    pub fn standing(self) -> Standing {
        match self {
            Claim::Alive(_) => Standing::Alive,
            Claim::Suspected { .. } => Standing::Suspected,
            Claim::Confirmed { .. } => Standing::Confirmed,
        }
    }
}

impl Update {
    /// Encoded size: id 4, incarnation 8, state 1, and the facts (12) or the accuser (4).
    pub(super) fn bytes(self) -> u64 {
        ID + 8
            + 1
            + match self.claim {
                Claim::Alive(_) => 12,
                Claim::Suspected { .. } | Claim::Confirmed { .. } => ID,
            }
    }
}

/// A message of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwimMessage {
    /// "Are you there?"
    Ping {
        /// Names the question.
        sequence: u32,
        /// Gossip that rides along.
        updates: Vec<Update>,
    },
    /// "I am", or: the target of your indirect ping is.
    Ack {
        /// Of the question.
        sequence: u32,
        /// Gossip that rides along.
        updates: Vec<Update>,
    },
    /// "Ask `target` for me."
    IndirectPing {
        /// Names the question.
        sequence: u32,
        /// Who is to be asked.
        target: NodeId,
        /// Gossip that rides along.
        updates: Vec<Update>,
    },
    /// "I have asked and not heard; but I am here" (Lifeguard).
    Nack {
        /// Of the question.
        sequence: u32,
    },
    /// Gossip alone.
    Gossip {
        /// What is told.
        updates: Vec<Update>,
    },
    /// A part of the sender's table of members.
    Sync {
        /// The part.
        updates: Vec<Update>,
        /// What is wanted in return.
        want: Want,
    },
}

/// How much of the receiver's table a [`SwimMessage::Sync`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// This is an answer.
    Nothing,
    /// As much as one message holds.
    Part,
    /// All of it, in as many messages as it takes: asked once, at the start.
    Everything,
}

impl SwimMessage {
    /// The gossip that the message carries.
    pub(super) fn updates(&self) -> &[Update] {
        match self {
            SwimMessage::Ping { updates, .. }
            | SwimMessage::Ack { updates, .. }
            | SwimMessage::IndirectPing { updates, .. }
            | SwimMessage::Gossip { updates }
            | SwimMessage::Sync { updates, .. } => updates,
            SwimMessage::Nack { .. } => &[],
        }
    }
}

impl Message for SwimMessage {
    fn bytes(&self) -> Bytes {
        let target = if matches!(self, SwimMessage::IndirectPing { .. }) { ID } else { 0 };
        Bytes(HEADERS + FRAME + target + self.updates().iter().map(|update| update.bytes()).sum::<u64>())
    }

    fn component(&self) -> Component {
        Component::Health
    }
}

/// Bytes that are left for updates in any message.
pub(super) const UPDATES_MAX: u64 = PAYLOAD_MAX - FRAME - ID;
