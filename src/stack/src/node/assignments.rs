//! Where agents run: the deployment's places, and the moves that leaders have ordered since.
//!
//! Picture a register of removals that every node keeps a copy of. A move has an *epoch*, one more than the agent's last one; copies are merged
//! entry by entry, the later epoch wins, and of two moves with one epoch (two leaders at once, each on its side of a partition) the one to
//! the higher node. Merging is commutative, associative and idempotent, so copies agree once they have met, in any order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use hms_machine::{AgentId, Bytes, Directory, NodeId};

/// A move of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Assignment {
    /// How often the agent has been moved.
    pub(crate) epoch: u32,
    /// Where it is to run.
    pub(crate) node: NodeId,
}

/// The moves that a node knows of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves(BTreeMap<AgentId, Assignment>);

impl Moves {
    /// Size of an entry on the wire: agent, epoch, node.
    const ENTRY_BYTES: u64 = 12;

    /// Takes up what `other` knows and this copy does not; gives the agents whose place has changed, in order.
    pub(crate) fn merge(&mut self, other: &Moves) -> Vec<AgentId> {
        let mut changed = Vec::new();
        for (agent, theirs) in &other.0 {
            let ours = self.0.get(agent);
            if ours.is_none_or(|ours| theirs > ours) {
                self.0.insert(*agent, *theirs);
                changed.push(*agent);
            }
        }
        changed
    }

    /// Whether this copy knows all that `other` knows.
    pub(crate) fn covers(&self, other: &Moves) -> bool {
        other.0.iter().all(|(agent, theirs)| self.0.get(agent).is_some_and(|ours| ours >= theirs))
    }

    /// A number that two copies share if they are equal (and, in one of 2^32 cases, if they are not); nothing known gives 0.
    pub(crate) fn digest(&self) -> u32 {
        self.0.iter().fold(0u64, |digest, (agent, assignment)| {
            let word = u64::from(agent.0) << 40 ^ u64::from(assignment.epoch) << 20 ^ u64::from(assignment.node.0);
            digest.rotate_left(5) ^ word.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        }) as u32
    }

    /// Size on the wire.
    pub(crate) fn bytes(&self) -> Bytes {
        Bytes(Self::ENTRY_BYTES * self.0.len() as u64)
    }
}

/// The places of all agents as a node believes them to be.
#[derive(Clone, Debug)]
pub(crate) struct Assignments {
    directory: Arc<Directory>,
    moves: Arc<Moves>,
    /// That of `moves`: it is asked for with every heartbeat.
    digest: u32,
}

impl Assignments {
    /// The deployment's places.
    pub(crate) fn new(directory: Arc<Directory>) -> Self {
        Assignments { directory, moves: Arc::default(), digest: Moves::default().digest() }
    }

    /// Where an agent is to run.
    pub(crate) fn node_of(&self, agent: AgentId) -> NodeId {
        // Most clusters have not moved anything for most of the time.
        if self.moves.0.is_empty() {
            return self.directory.agents[agent.index()].node;
        }
        self.moves.0.get(&agent).map_or(self.directory.agents[agent.index()].node, |assignment| assignment.node)
    }

    /// How often an agent has been moved.
    pub(crate) fn epoch_of(&self, agent: AgentId) -> u32 {
        self.moves.0.get(&agent).map_or(0, |assignment| assignment.epoch)
    }

    /// The agents that are to run on `node`, in order.
    pub(crate) fn agents_of(&self, node: NodeId) -> Cow<'_, [AgentId]> {
        let first = self.directory.agents_of(node);
        if self.moves.0.is_empty() {
            return Cow::Borrowed(first);
        }
        let stayed = first.iter().copied().filter(|agent| self.node_of(*agent) == node);
        let came = self
            .moves
            .0
            .iter()
            .filter(|(agent, assignment)| assignment.node == node && self.directory.agents[agent.index()].node != node);
        let mut agents: Vec<_> = stayed.chain(came.map(|(agent, _)| *agent)).collect();
        agents.sort_unstable();
        Cow::Owned(agents)
    }

    /// Orders an agent to `node`.
    pub(crate) fn move_to(&mut self, agent: AgentId, node: NodeId) {
        let epoch = self.epoch_of(agent) + 1;
        Arc::make_mut(&mut self.moves).0.insert(agent, Assignment { epoch, node });
        self.digest = self.moves.digest();
    }

    /// See [`Moves::merge`].
    pub(crate) fn merge(&mut self, moves: &Moves) -> Vec<AgentId> {
        if self.moves.covers(moves) {
            return Vec::new();
        }
        let changed = Arc::make_mut(&mut self.moves).merge(moves);
        self.digest = self.moves.digest();
        changed
    }

    /// Agents that have another place in `other`, in order.
    pub(crate) fn differences(&self, other: &Assignments) -> Vec<AgentId> {
        let agents = (0..self.directory.agents.len()).map(AgentId::from_index);
        agents.filter(|agent| self.node_of(*agent) != other.node_of(*agent)).collect()
    }

    /// What has been moved.
    pub(crate) fn moves(&self) -> &Arc<Moves> {
        &self.moves
    }

    /// See [`Moves::digest`].
    pub(crate) fn digest(&self) -> u32 {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::{AgentPlace, NodePlace, ServiceId, ServicePlace};
    use proptest::prelude::*;

    use super::*;

    fn directory() -> Arc<Directory> {
        let node = NodePlace { region: 0, zone: 0, edge: false, memory: Bytes::from_mib(1) };
        let agents = (0..6).map(|agent| AgentPlace { service: ServiceId(0), node: NodeId(agent / 2) }).collect();
        Arc::new(Directory::new(vec![node; 3], agents, vec![ServicePlace::default()]))
    }

    fn moves(entries: &[(u32, u32, u32)]) -> Moves {
        let entry = |(agent, epoch, node): &(u32, u32, u32)| (AgentId(*agent), Assignment { epoch: *epoch, node: NodeId(*node) });
        Moves(entries.iter().map(entry).collect())
    }

    #[test]
    fn an_agent_that_was_moved_belongs_to_its_new_node_alone() {
        let mut assignments = Assignments::new(directory());
        assignments.move_to(AgentId(2), NodeId(0));
        assert_eq!(assignments.node_of(AgentId(2)), NodeId(0));
        assert_eq!(*assignments.agents_of(NodeId(0)), [AgentId(0), AgentId(1), AgentId(2)]);
        assert_eq!(*assignments.agents_of(NodeId(1)), [AgentId(3)]);
    }

    #[test]
    fn an_agent_that_came_home_is_listed_once() {
        let mut assignments = Assignments::new(directory());
        assignments.move_to(AgentId(2), NodeId(0));
        assignments.move_to(AgentId(2), NodeId(1));
        assert_eq!(*assignments.agents_of(NodeId(1)), [AgentId(2), AgentId(3)]);
        assert_eq!(*assignments.agents_of(NodeId(0)), [AgentId(0), AgentId(1)]);
    }

    #[test]
    fn the_later_move_wins_and_of_two_at_once_the_one_to_the_higher_node() {
        let mut known = moves(&[(1, 2, 0), (2, 1, 0)]);
        assert_eq!(known.merge(&moves(&[(1, 1, 2), (2, 1, 1)])), [AgentId(2)]);
        assert_eq!(known, moves(&[(1, 2, 0), (2, 1, 1)]));
    }

    fn any_moves() -> impl Strategy<Value = Moves> {
        prop::collection::vec((0u32..6, 0u32..4, 0u32..3), 0..6).prop_map(|entries| {
            let mut moves = Moves::default();
            for (agent, epoch, node) in entries {
                moves.merge(&Moves([(AgentId(agent), Assignment { epoch, node: NodeId(node) })].into()));
            }
            moves
        })
    }

    proptest! {
        #[test]
        fn copies_that_have_met_agree_in_whatever_order_they_met(one in any_moves(), two in any_moves(), three in any_moves()) {
            let merged = |parts: [&Moves; 3]| {
                let mut merged = Moves::default();
                for part in parts {
                    merged.merge(part);
                    merged.merge(part);
                }
                merged
            };
            prop_assert_eq!(merged([&one, &two, &three]), merged([&three, &one, &two]));
            let all = merged([&one, &two, &three]);
            prop_assert!(all.covers(&one) && all.covers(&two));
            prop_assert_eq!(all.digest() == one.digest(), all == one);
        }
    }
}
