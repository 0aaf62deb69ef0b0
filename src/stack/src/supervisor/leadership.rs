//! Which node decides for the cluster: relocations, the zone guard, everything of which there must be one.
//!
//! Until there is consensus, the leader is **the lowest id believed alive** by the node that asks; a node acts when it has looked
//! like the leader to itself for a while. All of the stack asks [`Leadership`] and nothing else, so that a Raft term and its
//! leader can take this place.
//!
//! What this gets wrong: beliefs differ, so under a partition each side has a leader and *both act*; under an asymmetric cut or a
//! slow detector two nodes can take each other's place for as long as their beliefs differ; with a cut-off leader nobody on its
//! side is outvoted. Two leaders can start an agent twice. What is done against it: the stable time outlasts short mistakes; the
//! guard does nothing destructive while most of the cluster looks down; every move of an agent carries the epoch of its
//! assignment, of which a receiver keeps the highest. Nothing is done about two leaders that reach different nodes; only consensus can.

use hms_machine::{Duration, Instant, NodeId};

/// Who leads, as one node believes.
#[derive(Clone, Debug)]
pub struct Leadership {
    id: NodeId,
    stable: Duration,
    leader: Option<NodeId>,
    since: Instant,
}

impl Leadership {
    /// Knows nobody yet. `stable`: how long this node must have looked like the leader before it acts.
    pub fn new(id: NodeId, stable: Duration, now: Instant) -> Self {
        Leadership { id, stable, leader: None, since: now }
    }

    /// The nodes that can lead and that this node believes alive now; itself belongs to them if it can lead. True if the leader
    /// has changed.
    pub fn observe(&mut self, alive: impl IntoIterator<Item = NodeId>, now: Instant) -> bool {
        let leader = alive.into_iter().min();
        if leader == self.leader {
            return false;
        }
        *self = Leadership { leader, since: now, ..*self };
        true
    }

    /// Who leads, as far as this node knows. Whether that node knows it too is another question.
    pub fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    /// Whether this node may act now: it is the leader, and has been for long enough.
    pub fn acts(&self, now: Instant) -> bool {
        self.leader == Some(self.id) && now.saturating_since(self.since) >= self.stable
    }

    /// When this node may begin to act, if nothing changes; `None` if it does already or is not the leader.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let begin = self.since.saturating_add(self.stable);
        (self.leader == Some(self.id) && begin > now).then_some(begin)
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!((two.leader(), two.acts(at(900))), (Some(NodeId(1)), false));
        assert!(two.observe(ids(&[3, 2]), at(1000)));
        assert_eq!((two.deadline(at(1000)), two.acts(at(1499))), (Some(at(1500)), false));
        assert!(two.acts(at(1500)));
        assert_eq!(two.deadline(at(1500)), None);
    }

    #[test]
    fn a_short_mistake_makes_no_second_leader_and_without_the_stable_time_it_does() {
        for (stable, acts) in [(500, false), (0, true)] {
            let mut two = Leadership::new(NodeId(2), Duration::from_millis(stable), at(0));
            two.observe(ids(&[2]), at(1000));
            assert_eq!(two.acts(at(1200)), acts);
            two.observe(ids(&[1, 2]), at(1201));
            assert!(!two.acts(at(9000)));
        }
    }
}
