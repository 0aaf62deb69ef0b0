//! What a node believes of the others: who is heard, which agents are ready where, which nodes say that they are not well.
//!
//! Picture a notice board. Detectors pin up who is silent, heartbeats and gossip what a node says of itself, and whoever routes a call reads the
//! board, in constant time for each agent. A node of which nothing is known counts as well, or nobody would ever be called first. How many are
//! suspected or ready is kept up to date, so that nobody has to count a large cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use hms_machine::{AgentId, Directory, NodeId, ServiceId};

use super::assignments::Assignments;
use crate::supervisor::guard::Count;

/// The board.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    directory: Arc<Directory>,
    nodes: Vec<Peer>,
    /// Latest lives that were heard of. Most nodes never speak to this one, or say nothing of their life.
    lives: BTreeMap<NodeId, u64>,
    /// By agent, from what its node said last.
    agents: Vec<Standing>,
    /// Agents by service and standing.
    standings: Vec<[u32; Standing::NUMBER]>,
    /// Nodes that are suspected, of all, by zone; edges left out.
    zones: Vec<Count>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Peer {
    suspected: bool,
    degraded: bool,
    /// Whether it has ever said anything.
    known: bool,
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

impl Standing {
    const NUMBER: usize = 3;
}

impl Peers {
    pub(crate) fn new(directory: &Arc<Directory>) -> Self {
        let mut standings = vec![[0; Standing::NUMBER]; directory.services.len()];
        for (counts, service) in standings.iter_mut().zip(&directory.services) {
            counts[Standing::Ready as usize] = service.agents.len() as u32;
        }
        let mut zones = Vec::new();
        for place in directory.nodes.iter().filter(|place| !place.edge) {
            let zone = place.zone as usize;
            zones.resize(zones.len().max(zone + 1), Count { of_them: 0, all: 0 });
            zones[zone].all += 1;
        }
        Peers {
            directory: Arc::clone(directory),
            nodes: vec![Peer::default(); directory.nodes.len()],
            lives: BTreeMap::new(),
            agents: vec![Standing::Ready; directory.agents.len()],
            standings,
            zones,
        }
    }

    /// How an agent stands.
    pub(crate) fn standing(&self, agent: AgentId) -> Standing {
        self.agents[agent.index()]
    }

    /// How many of a service's agents stand so.
    pub(crate) fn count(&self, service: ServiceId, standing: Standing) -> u32 {
        self.standings[service.index()][standing as usize]
    }

    pub(crate) fn suspects(&self, node: NodeId) -> bool {
        self.nodes[node.index()].suspected
    }

    /// Nodes, edges left out, that are suspected; and all.
    pub(crate) fn suspected(&self) -> Count {
        self.zones.iter().fold(Count { of_them: 0, all: 0 }, |sum, zone| Count {
            of_them: sum.of_them + zone.of_them,
            all: sum.all + zone.all,
        })
    }

    /// The same of one zone.
    pub(crate) fn suspected_in(&self, zone: u32) -> Count {
        self.zones.get(zone as usize).copied().unwrap_or(Count { of_them: 0, all: 0 })
    }

    /// The latest life of a node that was heard of; 0 if none was.
    pub(crate) fn incarnation(&self, node: NodeId) -> u64 {
        let unsaid = u64::from(self.nodes[node.index()].known);
        self.lives.get(&node).copied().unwrap_or(unsaid)
    }

    pub(crate) fn degraded(&self, node: NodeId) -> bool {
        self.nodes[node.index()].degraded
    }

    /// A node is suspected, or is not any more.
    pub(crate) fn suspect(&mut self, node: NodeId, suspected: bool, assignments: &Assignments) {
        let peer = &mut self.nodes[node.index()];
        let before = std::mem::replace(&mut peer.suspected, suspected);
        let place = self.directory.nodes[node.index()];
        if before != suspected && !place.edge {
            let of_them = &mut self.zones[place.zone as usize].of_them;
            *of_them = if suspected { *of_them + 1 } else { *of_them - 1 };
        }
        // What it said before it fell silent may no longer be so; it will say so when it is back.
        let standing = if suspected { Standing::Out } else { self.well(node) };
        for agent in assignments.agents_of(node).iter() {
            self.stands(*agent, standing);
        }
    }

    /// A node says which of its agents are ready, and whether it is well itself. Gossip names no lives: with it every life is the first.
    pub(crate) fn says(&mut self, node: NodeId, incarnation: u64, ready: &[AgentId], degraded: bool, assignments: &Assignments) {
        let peer = &mut self.nodes[node.index()];
        (peer.known, peer.degraded) = (true, degraded);
        let suspected = peer.suspected;
        if incarnation > 1 {
            let life = self.lives.entry(node).or_insert(incarnation);
            *life = incarnation.max(*life);
        }
        if suspected {
            return;
        }
        let well = self.well(node);
        for agent in assignments.agents_of(node).iter() {
            self.stands(*agent, if ready.contains(agent) { well } else { Standing::Out });
        }
    }

    /// An agent has been moved: it is not ready at its new place before that place says so, if that place is one that speaks to this node.
    pub(crate) fn moved(&mut self, agent: AgentId, to: NodeId) {
        let peer = self.nodes[to.index()];
        self.stands(agent, if peer.known || peer.suspected { Standing::Out } else { Standing::Ready });
    }

    /// A local agent has become ready, or ceased to be.
    pub(crate) fn local(&mut self, agent: AgentId, ready: bool, degraded: bool) {
        let standing = match (ready, degraded) {
            (true, false) => Standing::Ready,
            (true, true) => Standing::Degraded,
            (false, _) => Standing::Out,
        };
        self.stands(agent, standing);
    }

    fn stands(&mut self, agent: AgentId, standing: Standing) {
        let before = std::mem::replace(&mut self.agents[agent.index()], standing);
        if before != standing {
            let counts = &mut self.standings[self.directory.agents[agent.index()].service.index()];
            counts[before as usize] -= 1;
            counts[standing as usize] += 1;
        }
    }

    fn well(&self, node: NodeId) -> Standing {
        if self.nodes[node.index()].degraded { Standing::Degraded } else { Standing::Ready }
    }

    /// The lowest node below `id` that has ever been heard and is not suspected.
    pub(crate) fn heard_below(&self, id: NodeId) -> Option<NodeId> {
        let below = self.nodes[..id.index()].iter().position(|peer| peer.known && !peer.suspected);
        below.map(NodeId::from_index)
    }

    /// Nodes, edges left out, that are not suspected, in order.
    pub(crate) fn alive(&self, directory: &Directory) -> impl Iterator<Item = NodeId> + use<'_> {
        (0..directory.hosts()).map(NodeId::from_index).filter(|node| !self.suspects(*node))
    }
}
