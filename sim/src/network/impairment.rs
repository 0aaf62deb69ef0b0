//! Faults on links and network cards: what they add to the fate of a message.
//!
//! Picture a list of notices, "links of this set: 10 ms more", "cards of these hosts: slow". A message collects what every notice in force
//! does to it. Delays add up, any loss loses, the narrowest throttle counts, the last clog to end lets go; so the order in which
//! faults began makes no difference, and a fault that ends leaves the others as they were.
//!
//! Hundreds of cards may be slow at once in a large cluster, so each notice is pinned to the nodes at its smaller end. A message between
//! two nodes without a pin costs two look-ups; only the others read the notices.

use hms_machine::{Distribution, Duration, Instant, NodeId};
use hms_scenario::model::LinkFault;

use super::draws::{Draws, FaultPart, Part};
use super::nodes::{LinkSet, NodeSet};
use crate::faults::FaultId;

/// The faults in progress.
#[derive(Clone, Debug, Default)]
pub(super) struct Impairments {
    active: Vec<Impairment>,
    /// By node: how many impairments are pinned to it. A message can be struck only by those pinned to its sender or receiver.
    pins: Vec<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct Impairment {
    pub(super) fault: FaultId,
    /// Names the fault for draws.
    pub(super) key: u64,
    /// When it is to end; `None`: never.
    pub(super) until: Option<Instant>,
    pub(super) effect: Effect,
}

#[derive(Clone, Debug)]
pub(super) enum Effect {
    Link { links: LinkSet, fault: LinkFault },
    SlowCard { nodes: NodeSet, delay: Distribution },
}

impl Effect {
    /// Nodes of which at least one is an end of every message that this can strike.
    fn pinned(&self) -> &NodeSet {
        match self {
            Effect::Link { links, .. } if links.to.len() < links.from.len() => &links.to,
            Effect::Link { links, .. } => &links.from,
            Effect::SlowCard { nodes, .. } => nodes,
        }
    }
}

/// What all faults together do to one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Burden {
    pub(super) delay: Duration,
    pub(super) lost: bool,
    pub(super) duplicated: bool,
    pub(super) corrupt: bool,
    /// Bytes per second.
    pub(super) throttle: Option<u64>,
    pub(super) clog: Option<Clog>,
}

/// How long a message is held; a later end is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Clog {
    Until(Instant),
    Forever,
}

impl Impairments {
    pub(super) fn add(&mut self, impairment: Impairment) {
        for node in impairment.effect.pinned().iter() {
            if node.index() >= self.pins.len() {
                self.pins.resize(node.index() + 1, 0);
            }
            self.pins[node.index()] += 1;
        }
        self.active.push(impairment);
    }

    pub(super) fn lift(&mut self, fault: FaultId) {
        for impairment in self.active.extract_if(.., |impairment| impairment.fault == fault) {
            impairment.effect.pinned().iter().for_each(|node| self.pins[node.index()] -= 1);
        }
    }

    #[inline]
    pub(super) fn burden(&self, from: NodeId, to: NodeId, draws: &Draws<'_>) -> Burden {
        let pinned = |node: NodeId| self.pins.get(node.index()).is_some_and(|&pins| pins > 0);
        if self.active.is_empty() || from == to || !(pinned(from) || pinned(to)) {
            Burden::default()
        } else {
            self.collect(from, to, draws)
        }
    }

    #[cold]
    fn collect(&self, from: NodeId, to: NodeId, draws: &Draws<'_>) -> Burden {
        let mut burden = Burden::default();
        for impairment in &self.active {
            match &impairment.effect {
                Effect::Link { links, fault } if links.contains(from, to) => burden.take(impairment, fault, draws),
                Effect::Link { .. } => {}
                Effect::SlowCard { nodes, delay } => {
                    for (node, part) in [(from, FaultPart::Outgoing), (to, FaultPart::Incoming)] {
                        if nodes.contains(node) {
                            burden.wait(delay.sample_duration(&mut draws.of(Part::FaultSize(impairment.key, part))));
                        }
                    }
                }
            }
        }
        burden
    }
}

impl Burden {
    fn take(&mut self, impairment: &Impairment, fault: &LinkFault, draws: &Draws<'_>) {
        let strikes = |share, part| draws.of(Part::FaultChance(impairment.key, part)).chance(share);
        let size = |part| draws.of(Part::FaultSize(impairment.key, part));
        match fault {
            LinkFault::Latency { delay } => self.wait(delay.sample_duration(&mut size(FaultPart::Latency))),
            LinkFault::Loss { share } => self.lost |= strikes(*share, FaultPart::Loss),
            LinkFault::Duplicate { share } => self.duplicated |= strikes(*share, FaultPart::Duplicate),
            LinkFault::Reorder { share, hold } => {
                if strikes(*share, FaultPart::Reorder) {
                    self.wait(hold.sample_duration(&mut size(FaultPart::Reorder)));
                }
            }
            LinkFault::Corrupt { share } => self.corrupt |= strikes(*share, FaultPart::Corrupt),
            LinkFault::Clog => {
                let clog = impairment.until.map_or(Clog::Forever, Clog::Until);
                self.clog = self.clog.max(Some(clog));
            }
            LinkFault::Throttle { bandwidth } => {
                self.throttle = Some(self.throttle.map_or(*bandwidth, |narrowest| narrowest.min(*bandwidth)));
            }
        }
    }

    fn wait(&mut self, delay: Duration) {
        self.delay = self.delay.saturating_add(delay);
    }
}
