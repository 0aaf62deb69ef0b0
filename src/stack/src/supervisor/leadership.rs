//! Which node decides for the cluster: relocations, the zone guard, everything of which there must be one.
//!
//! Until there is consensus, the leader is **the lowest id believed alive** by the node that asks; a node acts when it has looked
//! like the leader to itself for a while. All of the stack asks [`Leadership`] and nothing else, so that a Raft term and its
//! leader can take this place: `authority` then gives the term.
//!
//! What this gets wrong: beliefs differ, so under a partition each side has a leader and *both act*; under an asymmetric cut or a
//! slow detector two nodes can take each other's place for as long as their beliefs differ; with a cut-off leader nobody on its
//! side is outvoted. Two leaders can start an agent twice. What is done against it: the stable time outlasts short mistakes; the
//! guard does nothing destructive while most of the cluster looks down; and moves of agents, the orders that there are, merge to the
//! same in any order once two sides have met (the register of `node/assignments.rs`). For orders that do not merge there is the
//! [`Epoch`] and the [`Fence`]: a receiver obeys only the highest reign that it has seen, so that of two leaders that reach it the
//! older one is refused and an order that comes twice is recognised. No node gives such orders yet. Nothing is done about two leaders
//! that reach different nodes; only consensus can.

use std::collections::BTreeSet;

use hms_machine::{Duration, Instant, NodeId};

/// One reign of one node. A later reign is larger; ties, which only two leaders that do not know each other can have, go to the
/// higher id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    /// Larger than every number that the node had seen, and at least the wall clock's nanoseconds at its beginning: so that a
    /// leader which has heard of no other is, if clocks are right, still later than those before it. With Raft: the term.
    pub number: u64,
    /// The node that reigns.
    pub leader: NodeId,
}

/// An order that can be told from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId {
    /// Under which reign it was given.
    pub epoch: Epoch,
    /// Counts the orders of the reign from 0.
    pub sequence: u64,
}

/// Who leads, as one node believes.
#[derive(Clone, Debug)]
pub struct Leadership {
    id: NodeId,
    stable: Duration,
    leader: Option<NodeId>,
    since: Instant,
    /// The highest number seen, own or other's.
    highest: u64,
    /// This node's reign, once it has acted, and the orders it has given.
    reign: Option<(Epoch, u64)>,
}

impl Leadership {
    /// Knows nobody yet. `stable`: how long this node must have looked like the leader before it acts.
    pub fn new(id: NodeId, stable: Duration, now: Instant) -> Self {
        Leadership { id, stable, leader: None, since: now, highest: 0, reign: None }
    }

    /// The nodes that can lead and that this node believes alive now; itself belongs to them if it can lead. True if the leader
    /// has changed.
    pub fn observe(&mut self, alive: impl IntoIterator<Item = NodeId>, now: Instant) -> bool {
        let leader = alive.into_iter().min();
        if leader == self.leader {
            return false;
        }
        *self = Leadership { leader, since: now, reign: None, ..*self };
        true
    }

    /// Another node's epoch was seen in a message.
    pub fn seen(&mut self, epoch: Epoch) {
        self.highest = self.highest.max(epoch.number);
        // Somebody reigns later than this node: its own reign is over, and begins anew with a higher number if it still looks
        // like the leader.
        if self.reign.is_some_and(|(own, _)| own < epoch) {
            self.reign = None;
        }
    }

    /// Who leads, as far as this node knows. Whether that node knows it too is another question.
    pub fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    /// The epoch under which this node may act now, or `None` if it is not the leader, or not for long enough. `wall` is the
    /// node's clock.
    pub fn authority(&mut self, now: Instant, wall: Instant) -> Option<Epoch> {
        if self.leader != Some(self.id) || now.saturating_since(self.since) < self.stable {
            return None;
        }
        let (epoch, _) = *self.reign.get_or_insert_with(|| {
            let number = wall.as_nanos().max(self.highest.saturating_add(1));
            self.highest = number;
            (Epoch { number, leader: self.id }, 0)
        });
        Some(epoch)
    }

    /// The name of this node's next order, if it may give one.
    pub fn order(&mut self, now: Instant, wall: Instant) -> Option<OrderId> {
        self.authority(now, wall)?;
        let (epoch, sequence) = self.reign.as_mut()?;
        let order = OrderId { epoch: *epoch, sequence: *sequence };
        *sequence += 1;
        Some(order)
    }

    /// When this node may begin to act, if nothing changes; `None` if it does already or is not the leader.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let begin = self.since.saturating_add(self.stable);
        (self.leader == Some(self.id) && begin > now).then_some(begin)
    }
}

/// What a receiver makes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Obey.
    Obey,
    /// It was obeyed before.
    Duplicate,
    /// A later leader has spoken since.
    Stale,
}

/// A receiver's memory of orders. Orders of one reign may overtake each other.
#[derive(Clone, Debug, Default)]
pub struct Fence {
    epoch: Epoch,
    /// Orders of the epoch below this number were all obeyed.
    below: u64,
    /// Those obeyed out of order.
    beyond: BTreeSet<u64>,
    refused: u64,
}

/// Orders that a fence remembers out of order; older gaps are taken for lost.
const GAPS_MAX: usize = 1024;

impl Fence {
    /// Judges an order, and remembers it if it is to be obeyed.
    pub fn judge(&mut self, order: OrderId) -> Validity {
        let validity = if order.epoch < self.epoch {
            Validity::Stale
        } else {
            if order.epoch > self.epoch {
                *self = Fence { epoch: order.epoch, refused: self.refused, ..Fence::default() };
            }
            let known = order.sequence < self.below || !self.beyond.insert(order.sequence);
            if known { Validity::Duplicate } else { Validity::Obey }
        };
        self.refused += u64::from(validity != Validity::Obey);
        while self.beyond.remove(&self.below) {
            self.below += 1;
        }
        if self.beyond.len() > GAPS_MAX {
            self.below = self.beyond.pop_first().map_or(self.below, |first| first + 1);
        }
        validity
    }

    /// The latest reign seen.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Orders refused, stale or twice: each is a trace of two leaders or of a repeated message.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn node(id: u32) -> Leadership {
        Leadership::new(NodeId(id), Duration::from_millis(500), at(0))
    }

    fn ids(ids: &[u32]) -> Vec<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    #[test]
    fn the_lowest_id_believed_alive_leads_and_acts_after_the_stable_time() {
        let mut two = node(2);
        assert!(two.observe(ids(&[3, 1, 2]), at(0)));
        assert_eq!((two.leader(), two.authority(at(900), at(900))), (Some(NodeId(1)), None));
        assert!(two.observe(ids(&[3, 2]), at(1000)));
        assert_eq!((two.deadline(at(1000)), two.authority(at(1499), at(1499))), (Some(at(1500)), None));
        assert_eq!(two.authority(at(1500), at(1500)), Some(Epoch { number: at(1500).as_nanos(), leader: NodeId(2) }));
        assert_eq!(two.deadline(at(1500)), None);
    }

    #[test]
    fn a_short_mistake_makes_no_second_leader_and_without_the_stable_time_it_does() {
        for (stable, acts) in [(500, false), (0, true)] {
            let mut two = Leadership::new(NodeId(2), Duration::from_millis(stable), at(0));
            two.observe(ids(&[2]), at(1000));
            assert_eq!(two.authority(at(1200), at(1200)).is_some(), acts);
            two.observe(ids(&[1, 2]), at(1201));
            assert_eq!(two.authority(at(9000), at(9000)), None);
        }
    }

    #[test]
    fn each_reign_has_a_larger_number_whatever_the_clock_says() {
        let mut one = node(1);
        one.observe(ids(&[1]), at(0));
        let first = one.authority(at(500), at(9_000)).unwrap();
        one.observe(ids(&[0, 1]), at(600));
        one.seen(Epoch { number: first.number + 10, leader: NodeId(0) });
        one.observe(ids(&[1]), at(700));
        let second = one.authority(at(1200), at(1)).unwrap();
        assert_eq!(second.number, first.number + 11);
        one.seen(Epoch { number: second.number + 1, leader: NodeId(3) });
        assert_eq!(one.authority(at(1300), at(1)).unwrap().number, second.number + 2, "a rival was seen: the reign begins anew");
    }

    #[test]
    fn a_fence_obeys_each_order_once_and_none_of_an_earlier_reign() {
        let (mut one, mut two, mut fence) = (node(1), node(2), Fence::default());
        // A partition: each takes itself for the leader.
        one.observe(ids(&[1]), at(0));
        two.observe(ids(&[2]), at(0));
        let old = one.order(at(500), at(500)).unwrap();
        let new = two.order(at(800), at(800)).unwrap();
        assert_eq!([old, old, new, old].map(|order| fence.judge(order)), {
            [Validity::Obey, Validity::Duplicate, Validity::Obey, Validity::Stale]
        });
        let late = [one.order(at(900), at(900)).unwrap(), two.order(at(900), at(900)).unwrap()];
        assert_eq!(late.map(|order| fence.judge(order)), [Validity::Stale, Validity::Obey]);
        assert_eq!((fence.refused(), fence.epoch().leader), (3, NodeId(2)));
    }

    proptest! {
        #[test]
        fn a_fence_never_obeys_an_order_twice_nor_goes_back(orders in prop::collection::vec((0u64..4, 0u32..3, 0u64..3000), 1..300)) {
            let (mut fence, mut obeyed, mut highest) = (Fence::default(), BTreeSet::new(), Epoch::default());
            for (number, leader, sequence) in orders {
                let order = OrderId { epoch: Epoch { number, leader: NodeId(leader) }, sequence };
                match fence.judge(order) {
                    Validity::Obey => {
                        prop_assert!(obeyed.insert(order));
                        prop_assert!(order.epoch >= highest);
                        highest = order.epoch;
                    }
                    Validity::Duplicate => prop_assert!(obeyed.contains(&order)),
                    Validity::Stale => prop_assert!(order.epoch < highest),
                }
            }
        }
    }
}
