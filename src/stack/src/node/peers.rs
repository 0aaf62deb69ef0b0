//! What a node believes of the others: who is heard, which agents are ready where, which nodes say that they are not well.
//!
//! Picture a notice board. Detectors pin up who is silent, heartbeats and gossip what a node says of itself, and whoever routes a call reads the
//! board, in constant time for each agent. A node of which nothing is known counts as well, or nobody would ever be called first.

use hms_machine::{AgentId, Directory, NodeId};

use super::assignments::Assignments;

/// The board.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    nodes: Vec<Peer>,
    /// By agent, from what its node said last.
    agents: Vec<Standing>,
}

#[derive(Clone, Debug, Default)]
struct Peer {
    suspected: bool,
    degraded: bool,
    /// Its latest life that was heard of; 0: it has never said anything.
    incarnation: u64,
}

/// How an agent stands as far as this node knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Takes calls.
    Ready,
    /// Takes calls, on a node that says it is not well.
    Degraded,
    /// Its node has not named it among those that are ready, or is not heard.
    Out,
}

impl Peers {
    pub(crate) fn new(directory: &Directory) -> Self {
        let nodes = vec![Peer::default(); directory.nodes.len()];
        Peers { nodes, agents: vec![Standing::Ready; directory.agents.len()] }
    }

    /// How an agent stands.
    pub(crate) fn standing(&self, agent: AgentId) -> Standing {
        self.agents[agent.index()]
    }

    pub(crate) fn suspects(&self, node: NodeId) -> bool {
        self.nodes[node.index()].suspected
    }

    /// The latest life of a node that was heard of; 0 if none was.
    pub(crate) fn incarnation(&self, node: NodeId) -> u64 {
        self.nodes[node.index()].incarnation
    }

    pub(crate) fn degraded(&self, node: NodeId) -> bool {
        self.nodes[node.index()].degraded
    }

    /// A node is suspected, or is not any more.
    pub(crate) fn suspect(&mut self, node: NodeId, suspected: bool, assignments: &Assignments) {
        self.nodes[node.index()].suspected = suspected;
        // What it said before it fell silent may no longer be so; it will say so when it is back.
        for agent in assignments.agents_of(node) {
            self.agents[agent.index()] = if suspected { Standing::Out } else { self.well(node) };
        }
    }

    /// A node says which of its agents are ready, and whether it is well itself.
    pub(crate) fn says(&mut self, node: NodeId, incarnation: u64, ready: &[AgentId], degraded: bool, assignments: &Assignments) {
        let peer = &mut self.nodes[node.index()];
        (peer.incarnation, peer.degraded) = (peer.incarnation.max(incarnation), degraded);
        if peer.suspected {
            return;
        }
        let well = self.well(node);
        for agent in assignments.agents_of(node) {
            self.agents[agent.index()] = if ready.contains(&agent) { well } else { Standing::Out };
        }
    }

    /// An agent has been moved: it is not ready at its new place before that place says so, if that place is one that speaks to this node.
    pub(crate) fn moved(&mut self, agent: AgentId, to: NodeId) {
        let peer = &self.nodes[to.index()];
        self.agents[agent.index()] = if peer.incarnation > 0 || peer.suspected { Standing::Out } else { Standing::Ready };
    }

    /// A local agent has become ready, or ceased to be.
    pub(crate) fn local(&mut self, agent: AgentId, ready: bool, degraded: bool) {
        self.agents[agent.index()] = match (ready, degraded) {
            (true, false) => Standing::Ready,
            (true, true) => Standing::Degraded,
            (false, _) => Standing::Out,
        };
    }

    fn well(&self, node: NodeId) -> Standing {
        if self.nodes[node.index()].degraded { Standing::Degraded } else { Standing::Ready }
    }

    /// Nodes, edges left out, that are not suspected.
    pub(crate) fn alive(&self, directory: &Directory) -> impl Iterator<Item = NodeId> + use<'_> {
        let edges = directory.nodes.iter().filter(|place| place.edge).count();
        (0..self.nodes.len() - edges).map(NodeId::from_index).filter(|node| !self.suspects(*node))
    }
}
