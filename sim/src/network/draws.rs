//! The random numbers of one message.
//!
//! A message owns a set of *parts*: one for its latency, one for its fate on the path, one for each fault that strikes it. Each part is a
//! draw of its own, and inside [`Part::Fate`] every question has its word. So whether a feature is switched on, a fault is in
//! progress, or a sampler rejects and draws again cannot move the numbers of any other part, nor of any other message.

use hms_machine::{Draw, NodeId, Purpose, Streams};

/// Who a message is, for its random numbers: the same key meets the same luck, whatever was sent before it.
///
/// The purpose is for the network alone: whoever else draws for it with the same entity and ordinal may use
/// [`Streams::draw`], but no [`Purpose::part`] of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageKey {
    /// The kind of message.
    pub purpose: Purpose,
    /// To what it belongs, for example a call.
    pub entity: u64,
    /// Which one of those it is, for example the attempt.
    pub ordinal: u64,
}

/// Messages without a key of their own: entity is the link, ordinal the number of such messages that it carried before.
const LINK: Purpose = Purpose::named("network/link");

impl MessageKey {
    /// The key of the `ordinal`-th message on the link between two nodes that has no key of its own.
    pub(super) fn of_link(link: u64, ordinal: u64) -> Self {
        MessageKey { purpose: LINK, entity: link, ordinal }
    }
}

/// The number of a link: sender and receiver.
pub(super) fn link_number(from: NodeId, to: NodeId) -> u64 {
    u64::from(from.0) << 32 | u64::from(to.0)
}

/// What a number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Latency of the message.
    Latency,
    /// Word 0: loss; 1: step of the loss chain; 2: duplication; 3: reordering; 4: damage.
    Fate,
    /// How long a reordered message is held.
    Hold,
    /// Latency of the second copy.
    Again,
    /// A fault on the link: whether it strikes.
    FaultChance(u64, FaultPart),
    /// A fault on the link: how much.
    FaultSize(u64, FaultPart),
}

/// One fault may do several things to a message; each has numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultPart {
    Latency,
    Loss,
    Duplicate,
    Reorder,
    Corrupt,
    /// A slow card at the sender.
    Outgoing,
    /// A slow card at the receiver.
    Incoming,
}

impl Part {
    /// A number below 2^36; the order is part of the trace format.
    fn number(self) -> u64 {
        const FIRST_FAULT: u64 = 16;
        const PER_FAULT: u64 = 16;
        match self {
            Part::Latency => 0,
            Part::Fate => 1,
            Part::Hold => 2,
            Part::Again => 3,
            Part::FaultChance(fault, part) => FIRST_FAULT.wrapping_add(fault.wrapping_mul(PER_FAULT)) + part as u64 * 2,
            Part::FaultSize(fault, part) => FIRST_FAULT.wrapping_add(fault.wrapping_mul(PER_FAULT)) + part as u64 * 2 + 1,
        }
    }
}

/// The numbers of one message.
#[derive(Clone, Copy)]
pub(super) struct Draws<'a> {
    pub(super) streams: &'a Streams,
    pub(super) key: MessageKey,
}

impl Draws<'_> {
    #[inline]
    pub(super) fn of(&self, part: Part) -> Draw {
        self.streams.draw(self.key.purpose.part(part.number()), self.key.entity, self.key.ordinal)
    }
}
