//! The network: what becomes of a message between two nodes.
//!
//! Picture a post office that decides on a letter when it is handed in. [`Network::send`] looks at how far apart sender and
//! receiver stand, at the faults in progress and at the numbers that belong to this message, and answers with its [`Fate`]: when it (and
//! perhaps a second copy) will arrive, or why it will not. The driver comes back with [`Network::arrive`] at that time, because the link may
//! have been cut in between, and then settles the copy: [`Network::deliver`] or [`Network::drop_at_receiver`].
//!
//! In order, a message: goes through the sender's queue where bandwidth is limited (one that is lost later has used it, too); is dropped
//! where the link is cut; is lost with the path's chance or a fault's; travels for latency + what faults add + the hold of a
//! reordering; is held until the end of a clog; and is copied at most once, the copy taking a latency of its own. Damage is
//! done before copying, so both copies are damaged.
//!
//! The contract:
//! - Messages of one link may overtake each other, as datagrams do: whichever drew the smaller latency is there first. Only the queue of a
//!   limited link and a clog keep order: messages that wait in a clog are let go in the order in which they were sent.
//! - A clog holds what is sent while it lasts; messages already on their way pass. The fault must be lifted at the end it announced.
//! - Copies are conserved, see [`Counters::check_conservation`].
//! - The numbers of a message depend on its key, never on other messages or on what faults are in progress; see [`MessageKey`].
//!   State of a link (a loss chain, a queue) does depend on what was sent before.

mod accounting;
mod bandwidth;
mod draws;
mod impairment;
mod links;
mod loss;
mod nodes;
mod partition;
mod path;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use hms_machine::{Bytes, Distribution, Instant, NodeId, Streams};
use hms_scenario::model::{self, LinkFault, PartitionShape};

use crate::cluster::topology::Topology;
use crate::faults::FaultId;
use draws::Draws;
use impairment::{Clog, Effect, Impairment, Impairments};
use links::Links;
use partition::Cut;
use path::Paths;

pub use accounting::{Class, Counters, DropReason, Traffic};
pub use draws::MessageKey;
pub use nodes::{LinkSet, NodeSet};

/// What the network sees of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// Size on the wire.
    pub bytes: Bytes,
    /// On whose behalf it travels.
    pub class: Class,
}

/// What becomes of a message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is on its way: call [`Network::arrive`] when its time has come, once for each copy.
    Deliver {
        /// When it arrives.
        at: Instant,
        /// When a second copy arrives; may be before `at`.
        again: Option<Instant>,
        /// Damaged: the receiver's checksum will refuse it ([`DropReason::Corrupt`]).
        corrupt: bool,
    },
    /// A clog without an end holds it: on its way for ever, and never to arrive.
    Held,
    /// It will not arrive, and has been counted so.
    Dropped(DropReason),
}

/// A fault in progress, as far as the network needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onset {
    /// Which one.
    pub fault: FaultId,
    /// Names it for draws whatever else is in the schedule.
    pub key: u64,
    /// When it began: phases of flapping are counted from here.
    pub start: Instant,
    /// When it will be lifted: what a clog holds is let go then; `None`: not before the end of the run.
    pub until: Option<Instant>,
}

/// All links of a cluster. A clone is a snapshot; what never changes is shared.
#[derive(Clone, Debug)]
pub struct Network {
    topology: Topology,
    paths: Arc<Paths>,
    links: Links,
    impairments: Impairments,
    cuts: Vec<(FaultId, Cut)>,
    counters: Counters,
}

impl Network {
    /// A whole and idle network.
    pub fn new(network: &model::Network, topology: &Topology) -> Self {
        Network {
            topology: topology.clone(),
            paths: Arc::new(Paths::new(network)),
            links: Links::new(),
            impairments: Impairments::default(),
            cuts: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// Sends a message. Without a key it is drawn for by its number among the messages of its link that have none.
    pub fn send(&mut self, streams: &Streams, now: Instant, envelope: Envelope, key: Option<MessageKey>) -> Fate {
        let Envelope { bytes, class, .. } = envelope;
        self.counters.enter(class, bytes);
        let fate = self.decide(streams, now, envelope, key);
        match fate {
            Fate::Deliver { again: None, .. } => {}
            Fate::Deliver { again: Some(_), .. } => self.counters.duplicate(class, bytes),
            Fate::Held => self.counters.hold(class),
            Fate::Dropped(reason) => self.counters.drop(class, bytes, reason),
        }
        fate
    }

    /// A copy comes to the end of its way.
    ///
    /// # Errors
    /// [`DropReason::Cut`] when the link is cut by now: the copy is gone, and has been counted so.
    pub fn arrive(&mut self, now: Instant, envelope: Envelope) -> Result<(), DropReason> {
        if self.reachable(now, envelope.from, envelope.to) {
            return Ok(());
        }
        self.counters.drop(envelope.class, envelope.bytes, DropReason::Cut);
        Err(DropReason::Cut)
    }

    /// Settles a copy that arrived: the receiver took it.
    pub fn deliver(&mut self, envelope: Envelope) {
        self.counters.deliver(envelope.class, envelope.bytes);
    }

    /// Settles a copy that arrived: the receiver could not take it.
    pub fn drop_at_receiver(&mut self, envelope: Envelope, reason: DropReason) {
        self.counters.drop(envelope.class, envelope.bytes, reason);
    }

    /// Begins a fault on links. Several faults on one link combine; one fault may begin on several sets of links, but a
    /// message that belongs to two of them draws the same numbers for both.
    pub fn impair(&mut self, onset: Onset, links: LinkSet, fault: &LinkFault) {
        let effect = Effect::Link { links, fault: fault.clone() };
        self.impairments.add(Impairment { fault: onset.fault, key: onset.key, until: onset.until, effect });
    }

    /// Makes the network cards of hosts slow: each message waits at a slow sender and again at a slow receiver.
    pub fn slow_cards(&mut self, onset: Onset, nodes: &[NodeId], delay: &Distribution) {
        let effect = Effect::SlowCard { nodes: nodes.iter().copied().collect(), delay: delay.clone() };
        self.impairments.add(Impairment { fault: onset.fault, key: onset.key, until: onset.until, effect });
    }

    /// Cuts links.
    pub fn partition(&mut self, onset: Onset, shape: &PartitionShape) {
        self.cuts.push((onset.fault, Cut::new(shape, self.topology.hosts(), onset.start)));
    }

    /// Ends everything that a fault did to links, cards and partitions; other faults go on.
    pub fn lift(&mut self, fault: FaultId) {
        self.impairments.lift(fault);
        self.cuts.retain(|&(other, _)| other != fault);
    }

    /// Ground truth: whether no partition cuts the link now.
    #[inline]
    pub fn reachable(&self, now: Instant, from: NodeId, to: NodeId) -> bool {
        self.cuts.is_empty() || from == to || !self.cuts.iter().any(|(_, cut)| cut.cuts(now, from, to))
    }

    /// What was sent, delivered and dropped so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Number of links that were ever used; each takes about 60 bytes.
    pub fn links(&self) -> usize {
        self.links.len()
    }

    fn decide(&mut self, streams: &Streams, now: Instant, envelope: Envelope, key: Option<MessageKey>) -> Fate {
        let Envelope { from, to, bytes, .. } = envelope;
        let distance = self.topology.distance(from, to);
        let path = self.paths.at(distance);
        let cut = !self.reachable(now, from, to);
        let link = self.links.line(from, to);
        let key = key.unwrap_or_else(|| {
            link.unkeyed += 1;
            MessageKey::of_link(draws::link_number(from, to), link.unkeyed - 1)
        });
        let draws = Draws { streams, key };

        let luck = path.luck(link, &draws);
        let burden = self.impairments.burden(from, to, &draws);
        let departure = match path.limit(burden.throttle) {
            None => Some(now),
            Some(limit) => link.transmit(now, bytes, limit),
        };
        let Some(departure) = departure else { return Fate::Dropped(DropReason::Overflow) };
        if cut {
            return Fate::Dropped(DropReason::Cut);
        }
        if luck.lost {
            return Fate::Dropped(DropReason::Loss);
        }
        if burden.lost {
            return Fate::Dropped(DropReason::FaultLoss);
        }

        let regions = (self.topology.region_of(from), self.topology.region_of(to));
        let arrival =
            |part| departure.saturating_add(self.paths.latency(distance, regions, &draws, part)).saturating_add(burden.delay);
        let mut at = arrival(draws::Part::Latency);
        if luck.reordered {
            at = at.saturating_add(path.hold(&draws));
        }
        let mut again = (luck.duplicated || burden.duplicated).then(|| arrival(draws::Part::Again));
        match burden.clog {
            None => {}
            Some(Clog::Forever) => return Fate::Held,
            Some(Clog::Until(end)) => {
                at = at.max(end).max(link.release);
                again = again.map(|again| again.max(at));
                link.release = again.unwrap_or(at);
            }
        }
        Fate::Deliver { at, again, corrupt: luck.corrupt || burden.corrupt }
    }
}
