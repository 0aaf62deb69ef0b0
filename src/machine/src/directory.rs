//! The deployment as every node reads it from its configuration: who and what there is, and no health.

use crate::{AgentId, Bytes, NodeId, ServiceId};

/// Who and what there is: static knowledge of the deployment, no health.
#[derive(Clone, Debug)]
pub struct Directory {
    /// All nodes, indexed by `NodeId`.
    pub nodes: Vec<NodePlace>,
    /// All agents, indexed by `AgentId`.
    pub agents: Vec<AgentPlace>,
    /// All services, indexed by `ServiceId`.
    pub services: Vec<ServicePlace>,
    by_node: Vec<Vec<AgentId>>,
    hosts: usize,
}

/// Where a node stands, and how much it can carry.
#[derive(Clone, Copy, Debug)]
pub struct NodePlace {
    /// Index of its region.
    pub region: u32,
    /// Index of its zone, over all regions.
    pub zone: u32,
    /// An edge lets clients in and hosts no agents.
    pub edge: bool,
    /// Memory for agents; nothing on an edge.
    pub memory: Bytes,
}

/// Where an agent stands when the cluster is set up.
#[derive(Clone, Copy, Debug)]
pub struct AgentPlace {
    /// The service of which it is a replica.
    pub service: ServiceId,
    /// The node on which it runs unless it is moved.
    pub node: NodeId,
}

/// What the deployment says about a service.
#[derive(Clone, Debug, Default)]
pub struct ServicePlace {
    /// Its agents, in order of their ids.
    pub agents: Vec<AgentId>,
    /// Services of which a replica must answer before one of its agents becomes ready.
    pub needs: Vec<ServiceId>,
    /// Requests that one agent works on at the same time.
    pub workers: u32,
    /// Requests that wait at one agent at most.
    pub queue: u32,
    /// Memory of an agent after its start.
    pub memory: Bytes,
    /// Whether its agents keep state in a journal.
    pub stateful: bool,
    /// Whether callers may answer for it from a cache.
    pub cached: bool,
    /// Whether callers have a default answer for it.
    pub defaulted: bool,
}

impl Directory {
    /// The directory of these nodes, agents and services; which agents a service has is read off `agents`.
    ///
    /// # Panics
    /// If an agent stands on a node or belongs to a service that is not there.
    pub fn new(nodes: Vec<NodePlace>, agents: Vec<AgentPlace>, mut services: Vec<ServicePlace>) -> Self {
        let mut by_node = vec![Vec::new(); nodes.len()];
        for service in &mut services {
            service.agents.clear();
        }
        for (index, place) in agents.iter().enumerate() {
            by_node[place.node.index()].push(AgentId::from_index(index));
            services[place.service.index()].agents.push(AgentId::from_index(index));
        }
        let hosts = nodes.iter().filter(|place| !place.edge).count();
        Directory { nodes, agents, services, by_node, hosts }
    }

    /// Number of nodes that are not edges.
    pub fn hosts(&self) -> usize {
        self.hosts
    }

    /// The agents that one node starts with, in order.
    pub fn agents_of(&self, node: NodeId) -> &[AgentId] {
        &self.by_node[node.index()]
    }
}
