//! Which agent runs on which node.
//!
//! Agents are numbered over all services: services in the order of the scenario, the replicas of each in order. The answer depends on
//! the scenario alone, never on the seed, so that two seeds differ in what happens and not in what stands where.

use hms_machine::{AgentId, NodeId, ServiceId};
use hms_scenario::model::{self, Cluster, Scenario};

/// One replica of a service and where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentPlace {
    /// What it is a replica of.
    pub service: ServiceId,
    /// Which replica, from 0.
    pub replica: u32,
    /// The host it runs on.
    pub node: NodeId,
}

/// Where every agent stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The agents, indexed by `AgentId`.
    pub agents: Vec<AgentPlace>,
    /// The agents of each host in order of their ids, indexed by `NodeId`; edges have none and no row.
    pub by_node: Vec<Vec<AgentId>>,
    /// The agents of each service in order of their replicas, indexed by `ServiceId`.
    pub by_service: Vec<Vec<AgentId>>,
}

impl Placement {
    /// Places the replicas of all services of a scenario.
    ///
    /// `Spread` goes round the zones that have hosts, and inside a zone round its hosts. Both rounds go on from service to service, so that no
    /// host gets its second agent before each host of its zone has one.
    pub fn new(scenario: &Scenario) -> Self {
        let mut placement = Placement {
            agents: Vec::new(),
            by_node: vec![Vec::new(); scenario.cluster.hosts.len()],
            by_service: vec![Vec::new(); scenario.services.len()],
        };
        let mut round = Round::new(&scenario.cluster);
        for (index, service) in scenario.services.iter().enumerate() {
            for replica in 0..service.replicas {
                let node = match &service.placement {
                    model::Placement::Spread => round.next(),
                    model::Placement::Nodes(nodes) => nodes[replica as usize % nodes.len()],
                };
                placement.add(AgentPlace { service: ServiceId::from_index(index), replica, node });
            }
        }
        placement
    }

    /// The agents of a node; none for an edge.
    pub fn agents_of(&self, node: NodeId) -> &[AgentId] {
        self.by_node.get(node.index()).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, place: AgentPlace) {
        let agent = AgentId::from_index(self.agents.len());
        self.by_node[place.node.index()].push(agent);
        self.by_service[place.service.index()].push(agent);
        self.agents.push(place);
    }
}

/// The zones in turn, and the hosts of each in turn.
struct Round {
    zones: Vec<ZoneRound>,
    next: usize,
}

struct ZoneRound {
    hosts: Vec<NodeId>,
    next: usize,
}

impl Round {
    fn new(cluster: &Cluster) -> Self {
        let mut zones: Vec<_> = cluster.zones.iter().map(|_| ZoneRound { hosts: Vec::new(), next: 0 }).collect();
        for (index, host) in cluster.hosts.iter().enumerate() {
            zones[cluster.racks[host.rack].zone].hosts.push(NodeId::from_index(index));
        }
        zones.retain(|zone| !zone.hosts.is_empty());
        Round { zones, next: 0 }
    }

    fn next(&mut self) -> NodeId {
        assert!(!self.zones.is_empty(), "a cluster without hosts cannot run services");
        let current = self.next;
        self.next = (current + 1) % self.zones.len();
        let zone = &mut self.zones[current];
        let node = zone.hosts[zone.next];
        zone.next = (zone.next + 1) % zone.hosts.len();
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::example;

    fn nodes_of(placement: &Placement, service: usize) -> Vec<u32> {
        placement.by_service[service].iter().map(|agent| placement.agents[agent.index()].node.0).collect()
    }

    #[test]
    fn replicas_go_round_the_zones_and_the_next_service_starts_behind_the_last() {
        let mut scenario = example::scenario(9, 3);
        scenario.services = vec![example::service("front", 4), example::service("back", 3)];
        let placement = Placement::new(&scenario);
        assert_eq!(nodes_of(&placement, 0), [0, 3, 6, 1]);
        assert_eq!(nodes_of(&placement, 1), [4, 7, 2]);
    }

    #[test]
    fn listed_nodes_are_used_in_turn() {
        let mut scenario = example::scenario(4, 1);
        scenario.services = vec![example::service("store", 3)];
        scenario.services[0].placement = model::Placement::Nodes(vec![NodeId(3), NodeId(1)]);
        assert_eq!(nodes_of(&Placement::new(&scenario), 0), [3, 1, 3]);
    }

    #[test]
    fn the_tables_by_node_and_by_service_hold_every_agent_once() {
        let mut scenario = example::scenario(5, 2);
        scenario.services = vec![example::service("front", 7), example::service("back", 2)];
        let placement = Placement::new(&scenario);
        for table in [&placement.by_node, &placement.by_service] {
            let mut agents: Vec<_> = table.iter().flatten().copied().collect();
            agents.sort_unstable();
            assert_eq!(agents, (0..9).map(AgentId).collect::<Vec<_>>());
        }
        assert_eq!(placement.agents_of(NodeId(5)), []);
    }
}
