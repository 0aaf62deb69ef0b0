//! Which node decides for the cluster: relocations, the zone guard, everything of which there must be one.
//!
//! Until there is consensus, the candidate is **the lowest id believed alive** by the node that asks, once it has looked so to itself
//! for a while; it leads while **more than half of the hosts say that they follow it**. Who hears a lower node than the one that asks
//! does not follow it, and who has said yes to one says yes to no other for [`LEASE`]. So of two candidates, each of which reaches a part of the
//! cluster, one leads. If the cluster falls into equal halves, the half with the first host decides (`auto_tie_breaker: lowest` of Corosync's
//! votequorum(5)): the other half heals nothing until the two have met again. All of the stack asks [`Leadership`] and nothing else, so that a
//! Raft term and its leader can take this place.
//!
//! At most one **decides**: what a candidate has been promised counts for less time than the promise binds, and it asks anew before it moves anything. The
//! title ([`Record::LeadershipTaken`](hms_machine::Record::LeadershipTaken)) outlives the promises: whoever sees no trouble asks nobody.
//!
//! What this gets wrong: promises are not written down, so a node that boots may follow a second candidate within the time of its first promise. A
//! cluster in three parts of which none is more than half heals nothing. Nor does one whose lowest host is heard and hears nothing, or reaches less
//! than half while those that it reaches would follow no other: nobody stands aside. On a ring of heartbeats a host hears
//! those that it watches alone (`health.monitors`), and objects for no other. Without votes (`supervisor.leader_votes`) beliefs alone decide: under a
//! partition each side has a leader and *both act*, and two leaders can start an agent twice. What else is done against it: the stable time outlasts short
//! mistakes; the guard does nothing destructive while most of the cluster looks down; every move of an agent carries the epoch of its assignment, of
//! which a receiver keeps the highest.

use hms_machine::{Duration, Instant, NodeId};

/// For so long after its question a candidate counts a vote: for two questions and their ways, so that one that is lost does not matter.
pub const TERM: Duration = Duration::from_millis(1250);

/// A node that has voted for one votes for no other for this long. It begins when the question has arrived, and so after the [`TERM`] of the candidate; it is
/// longer by what clocks can run apart in it (4 %). Longer: the successor of a leader that dies at work waits longer.
pub const LEASE: Duration = Duration::from_millis(1300);

/// Who leads, as one node believes.
#[derive(Clone, Debug)]
pub struct Leadership {
    id: NodeId,
    stable: Duration,
    leader: Option<NodeId>,
    since: Instant,
    /// Whom this node has said to follow, and until when that binds it.
    follows: Option<(NodeId, Instant)>,
}

impl Leadership {
    /// Knows nobody yet. `stable`: how long this node must have looked like the leader before it acts.
    pub fn new(id: NodeId, stable: Duration, now: Instant) -> Self {
        Leadership { id, stable, leader: None, since: now, follows: None }
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

    /// Whether this node follows `candidate` from now on for [`LEASE`]. `lowest`: the lowest node that it hears, itself included.
    pub fn follow(&mut self, candidate: NodeId, lowest: NodeId, now: Instant) -> bool {
        let bound = self.followed(now).is_some_and(|other| other != candidate);
        if bound || lowest < candidate {
            return false;
        }
        self.follows = Some((candidate, now.saturating_add(LEASE)));
        true
    }

    /// Whom this node has promised to follow, as long as that binds it.
    pub fn followed(&self, now: Instant) -> Option<NodeId> {
        self.follows.filter(|(_, until)| *until > now).map(|(candidate, _)| candidate)
    }

    /// Who leads, as far as this node knows. Whether that node knows it too is another question.
    pub fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    /// Whether this node takes itself for the leader, and has for long enough.
    pub fn acts(&self, now: Instant) -> bool {
        self.leader == Some(self.id) && now.saturating_since(self.since) >= self.stable
    }

    /// When this node may begin to act, if nothing changes; `None` if it does already or is not the leader.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let begin = self.since.saturating_add(self.stable);
        (self.leader == Some(self.id) && begin > now).then_some(begin)
    }
}

/// Whether the hosts `followers` (the candidate among them) are enough of `hosts` to lead: more than half, or the half with the first host.
pub fn suffice(followers: impl IntoIterator<Item = NodeId>, hosts: usize) -> bool {
    let (mut number, mut first) = (0, false);
    for follower in followers {
        number += 1;
        first |= follower == NodeId(0);
    }
    2 * number > hosts || (2 * number == hosts && first)
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

    #[test]
    fn a_node_follows_one_candidate_at_a_time_and_none_above_a_node_that_it_hears() {
        let mut seven = node(7);
        assert!(!seven.follow(NodeId(5), NodeId(0), at(0)), "the first host is heard");
        assert!(seven.follow(NodeId(0), NodeId(0), at(0)));
        assert_eq!((seven.followed(at(1299)), seven.followed(at(1300))), (Some(NodeId(0)), None));
        assert!(!seven.follow(NodeId(5), NodeId(5), at(1299)), "its word binds it though the first host has fallen silent");
        assert!(seven.follow(NodeId(5), NodeId(5), at(1300)));
        assert!(seven.follow(NodeId(5), NodeId(5), at(2000)), "the word is given anew");
        assert!(!seven.follow(NodeId(0), NodeId(0), at(3299)), "from the last time on");
        assert!(seven.follow(NodeId(0), NodeId(0), at(3300)));
    }

    #[test]
    fn more_than_half_suffices_and_of_two_halves_the_one_with_the_first_host() {
        for (followers, hosts, enough) in [
            (ids(&[1, 2]), 3, true),
            (ids(&[0]), 3, false),
            (ids(&[0, 3]), 4, true),
            (ids(&[1, 2]), 4, false),
            (ids(&[0]), 1, true),
        ] {
            assert_eq!(suffice(followers.clone(), hosts), enough, "{followers:?} of {hosts}");
        }
    }
}
