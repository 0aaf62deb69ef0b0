//! How well the whole is, from how well its parts are: agent → service and node → zone → cluster.
//!
//! The rules, one sentence each:
//! - A **replica** is as its agent, or failed if its node has failed.
//! - A **service** is healthy if all its known replicas are, failed if less than half of them are up, and else degraded.
//! - A **node** is the worse of what is said of itself and of its agents, but a failed agent only degrades it: the agent is to be restarted, not the node.
//! - A **zone** is healthy if all its known nodes are, failed if less than half of them are up, and else degraded.
//! - The **cluster** is as a zone of all nodes, and degraded at least while a service has failed.
//!
//! "Up" is healthy or degraded. What is unknown is left out of every share; where nothing is known, the whole is unknown. Edges host nothing and count nowhere.
//! A change of an agent costs O(depth), one of a node O(its agents): every level keeps a tally of the one below.

use std::sync::Arc;

use hms_machine::{AgentId, Directory, Duration, NodeId, Ratio, ServiceId};

use super::checks::{Level, Subject};
use crate::tunables::{hours, ms, parameters};

parameters! {
    /// Parameters of the health of services, zones and the cluster.
    pub struct AggregationConfiguration("aggregation") {
        enabled: bool = switch(true),
            "The node that leads says how well services, zones and the cluster are; off: only their parts are spoken of.";
        hold: Duration = duration(ms(0), hours(1), ms(400)),
            "A level is told once it has lasted this long. Longer: less flapping, later news.";
    }
}

/// The health of everything, kept up to date by changes.
#[derive(Clone, Debug)]
pub struct Rollup {
    directory: Arc<Directory>,
    agents: Vec<Agent>,
    nodes: Vec<Node>,
    services: Vec<Tally>,
    zones: Vec<Tally>,
    /// All nodes.
    cluster: Tally,
    failed_services: u32,
}

/// The health of something has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelChange {
    /// Whose.
    pub subject: Subject,
    /// Before.
    pub from: Level,
    /// Now.
    pub to: Level,
}

#[derive(Clone, Copy, Debug)]
struct Agent {
    level: Level,
    node: NodeId,
}

#[derive(Clone, Debug, Default)]
struct Node {
    own: Level,
    hosted: Vec<AgentId>,
    agents: Tally,
}

/// How many parts are at each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    healthy: u32,
    unknown: u32,
    degraded: u32,
    failed: u32,
}

impl Tally {
    fn count(&mut self, level: Level) -> &mut u32 {
        match level {
            Level::Healthy => &mut self.healthy,
            Level::Unknown => &mut self.unknown,
            Level::Degraded => &mut self.degraded,
            Level::Failed => &mut self.failed,
        }
    }

    fn turn(&mut self, from: Level, to: Level) {
        *self.count(from) -= 1;
        *self.count(to) += 1;
    }

    fn known(&self) -> u32 {
        self.healthy + self.degraded + self.failed
    }

    fn up(&self) -> u32 {
        self.healthy + self.degraded
    }

    /// By share: healthy, degraded, or failed if less than half are up.
    fn by_share(&self) -> Level {
        if self.known() == 0 {
            Level::Unknown
        } else if self.healthy == self.known() {
            Level::Healthy
        } else if 2 * self.up() < self.known() {
            Level::Failed
        } else {
            Level::Degraded
        }
    }

    /// The worst, with a failure taken for a degradation.
    fn worst_degraded(&self) -> Level {
        if self.failed + self.degraded > 0 {
            Level::Degraded
        } else if self.healthy > 0 {
            Level::Healthy
        } else {
            Level::Unknown
        }
    }
}

impl Node {
    fn level(&self) -> Level {
        let agents = self.agents.worst_degraded();
        if self.own == Level::Unknown {
            agents
        } else if agents == Level::Unknown {
            self.own
        } else {
            self.own.max(agents)
        }
    }
}

impl Rollup {
    /// Nothing is known of anyone yet; agents are where the directory places them.
    pub fn new(directory: Arc<Directory>) -> Self {
        let zones = directory.nodes.iter().map(|place| place.zone as usize + 1).max().unwrap_or(0);
        let mut rollup = Rollup {
            agents: directory.agents.iter().map(|place| Agent { level: Level::Unknown, node: place.node }).collect(),
            nodes: vec![Node::default(); directory.nodes.len()],
            services: vec![Tally::default(); directory.services.len()],
            zones: vec![Tally::default(); zones],
            cluster: Tally::default(),
            failed_services: 0,
            directory,
        };
        for (index, place) in rollup.directory.agents.iter().enumerate() {
            let node = &mut rollup.nodes[place.node.index()];
            node.hosted.push(AgentId::from_index(index));
            node.agents.unknown += 1;
            rollup.services[place.service.index()].unknown += 1;
        }
        for place in rollup.directory.nodes.iter().filter(|place| !place.edge) {
            rollup.zones[place.zone as usize].unknown += 1;
            rollup.cluster.unknown += 1;
        }
        rollup
    }

    /// What is said of an agent has changed.
    pub fn set_agent(&mut self, agent: AgentId, level: Level, mut tell: impl FnMut(LevelChange)) {
        let cluster = self.cluster();
        let node = self.agents[agent.index()].node;
        let (replica, of_node) = (self.replica(agent), self.node(node));
        let from = std::mem::replace(&mut self.agents[agent.index()].level, level);
        self.nodes[node.index()].agents.turn(from, level);
        note(Subject::Agent(agent), from, level, &mut tell);
        self.turn_replica(agent, replica, &mut tell);
        self.turn_node(node, of_node, &mut tell);
        note(Subject::Cluster, cluster, self.cluster(), &mut tell);
    }

    /// What is said of a node itself has changed.
    pub fn set_node(&mut self, node: NodeId, level: Level, mut tell: impl FnMut(LevelChange)) {
        let cluster = self.cluster();
        let of_node = self.node(node);
        let own = std::mem::replace(&mut self.nodes[node.index()].own, level);
        if (own == Level::Failed) != (level == Level::Failed) {
            for position in 0..self.nodes[node.index()].hosted.len() {
                let agent = self.nodes[node.index()].hosted[position];
                let before = if own == Level::Failed { Level::Failed } else { self.agents[agent.index()].level };
                self.turn_replica(agent, before, &mut tell);
            }
        }
        self.turn_node(node, of_node, &mut tell);
        note(Subject::Cluster, cluster, self.cluster(), &mut tell);
    }

    /// An agent has moved to another node.
    pub fn place(&mut self, agent: AgentId, node: NodeId, mut tell: impl FnMut(LevelChange)) {
        let cluster = self.cluster();
        let Agent { level, node: old } = self.agents[agent.index()];
        let (replica, of_old, of_new) = (self.replica(agent), self.node(old), self.node(node));
        self.nodes[old.index()].hosted.retain(|hosted| *hosted != agent);
        *self.nodes[old.index()].agents.count(level) -= 1;
        self.nodes[node.index()].hosted.push(agent);
        *self.nodes[node.index()].agents.count(level) += 1;
        self.agents[agent.index()].node = node;
        self.turn_replica(agent, replica, &mut tell);
        self.turn_node(old, of_old, &mut tell);
        if node != old {
            self.turn_node(node, of_new, &mut tell);
        }
        note(Subject::Cluster, cluster, self.cluster(), &mut tell);
    }

    /// What is said of an agent.
    pub fn agent(&self, agent: AgentId) -> Level {
        self.agents[agent.index()].level
    }

    /// How well an agent serves: as it is, or not at all on a node that has failed.
    pub fn replica(&self, agent: AgentId) -> Level {
        let Agent { level, node } = self.agents[agent.index()];
        if self.nodes[node.index()].own == Level::Failed { Level::Failed } else { level }
    }

    /// How well a node is, its agents included.
    pub fn node(&self, node: NodeId) -> Level {
        self.nodes[node.index()].level()
    }

    /// How well a service is.
    pub fn service(&self, service: ServiceId) -> Level {
        self.services[service.index()].by_share()
    }

    /// Share of the known replicas of a service that are up; `None` if none is known.
    pub fn service_share(&self, service: ServiceId) -> Option<Ratio> {
        let tally = self.services[service.index()];
        Ratio::new(f64::from(tally.up()) / f64::from(tally.known())).ok()
    }

    /// How well a zone is.
    pub fn zone(&self, zone: u32) -> Level {
        self.zones[zone as usize].by_share()
    }

    /// How well everything is.
    pub fn cluster(&self) -> Level {
        let nodes = self.cluster.by_share();
        if self.failed_services > 0 && nodes != Level::Failed { Level::Degraded } else { nodes }
    }

    fn turn_replica(&mut self, agent: AgentId, before: Level, tell: &mut impl FnMut(LevelChange)) {
        let service = self.directory.agents[agent.index()].service;
        let (from, level) = (self.service(service), self.replica(agent));
        self.services[service.index()].turn(before, level);
        let to = self.service(service);
        self.failed_services += u32::from(to == Level::Failed);
        self.failed_services -= u32::from(from == Level::Failed);
        note(Subject::Service(service), from, to, tell);
    }

    fn turn_node(&mut self, node: NodeId, before: Level, tell: &mut impl FnMut(LevelChange)) {
        let (place, level) = (self.directory.nodes[node.index()], self.node(node));
        note(Subject::Node(node), before, level, tell);
        if place.edge {
            return;
        }
        let zone = self.zone(place.zone);
        self.zones[place.zone as usize].turn(before, level);
        self.cluster.turn(before, level);
        note(Subject::Zone(place.zone), zone, self.zone(place.zone), tell);
    }
}

fn note(subject: Subject, from: Level, to: Level, tell: &mut impl FnMut(LevelChange)) {
    if from != to {
        tell(LevelChange { subject, from, to });
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use hms_machine::{AgentPlace, Bytes, NodePlace, ServicePlace};
    use proptest::prelude::*;

    use super::*;

    const LEVELS: [Level; 4] = [Level::Unknown, Level::Healthy, Level::Degraded, Level::Failed];

    /// Four nodes in two zones and an edge; three replicas of service 0, two of service 1.
    fn directory() -> Arc<Directory> {
        let place = |zone, edge| NodePlace { region: 0, zone, edge, memory: Bytes::ZERO };
        let agent = |service, node| AgentPlace { service: ServiceId(service), node: NodeId(node) };
        let nodes = vec![place(0, false), place(0, false), place(1, false), place(1, false), place(0, true)];
        let services = vec![ServicePlace::default(); 2];
        Arc::new(Directory::new(nodes, vec![agent(0, 0), agent(0, 1), agent(0, 2), agent(1, 0), agent(1, 3)], services))
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Agent(u32, Level),
        Node(u32, Level),
        Place(u32, u32),
    }

    fn take(rollup: &mut Rollup, step: Step, tell: impl FnMut(LevelChange)) {
        match step {
            Step::Agent(agent, level) => rollup.set_agent(AgentId(agent), level, tell),
            Step::Node(node, level) => rollup.set_node(NodeId(node), level, tell),
            Step::Place(agent, node) => rollup.place(AgentId(agent), NodeId(node), tell),
        }
    }

    #[test]
    fn what_follows_from_each_change_is_told_from_the_bottom_up() {
        let mut rollup = Rollup::new(directory());
        let healthy = (0..5).map(|agent| Step::Agent(agent, Level::Healthy));
        let later = [
            Step::Agent(0, Level::Degraded),
            Step::Agent(0, Level::Failed),
            Step::Agent(1, Level::Failed),
            Step::Place(1, 3),
            Step::Agent(1, Level::Healthy),
            Step::Node(0, Level::Failed),
            Step::Node(1, Level::Failed),
            Step::Node(2, Level::Failed),
            Step::Node(0, Level::Healthy),
            Step::Agent(0, Level::Healthy),
        ];
        let mut table = String::new();
        for step in healthy.chain(later) {
            writeln!(table, "{step:?}").unwrap();
            take(&mut rollup, step, |change| {
                writeln!(table, "    {:?}: {:?} -> {:?}", change.subject, change.from, change.to).unwrap();
            });
        }
        insta::assert_snapshot!(table);
    }

    /// The rules of the module's page, worked out anew from the levels of agents and nodes.
    fn naive(directory: &Directory, agents: &[(Level, u32)], nodes: &[Level]) -> Vec<Level> {
        let share = |levels: Vec<Level>| {
            let known: Vec<_> = levels.into_iter().filter(|level| *level != Level::Unknown).collect();
            let up = known.iter().filter(|level| **level != Level::Failed).count();
            match known.iter().max() {
                None => Level::Unknown,
                Some(Level::Healthy) => Level::Healthy,
                Some(_) if 2 * up < known.len() => Level::Failed,
                Some(_) => Level::Degraded,
            }
        };
        let replica =
            |agent: usize| if nodes[agents[agent].1 as usize] == Level::Failed { Level::Failed } else { agents[agent].0 };
        let services: Vec<_> = directory
            .services
            .iter()
            .map(|replicas| share(replicas.agents.iter().map(|agent| replica(agent.index())).collect()))
            .collect();
        let of_nodes: Vec<_> = (0..nodes.len())
            .map(|node| {
                let agents =
                    agents.iter().filter(|(_, home)| *home as usize == node).map(|(level, _)| (*level).min(Level::Degraded));
                let said = agents.chain([nodes[node]]).filter(|level| *level != Level::Unknown);
                said.max().unwrap_or(Level::Unknown)
            })
            .collect();
        let zone = |zone: Option<u32>| {
            let hosts = directory.nodes.iter().zip(&of_nodes).filter(|(place, _)| !place.edge);
            share(hosts.filter(|(place, _)| zone.is_none_or(|zone| place.zone == zone)).map(|(_, level)| *level).collect())
        };
        let cluster = zone(None);
        let degraded = services.contains(&Level::Failed) && cluster != Level::Failed;
        let mut all = services;
        all.extend(&of_nodes);
        all.extend([zone(Some(0)), zone(Some(1)), if degraded { Level::Degraded } else { cluster }]);
        all
    }

    proptest! {
        #[test]
        fn increments_end_where_working_it_out_anew_ends(
            steps in prop::collection::vec((0u32..3, 0u32..5, 0usize..4, 0u32..4), 1..60),
        ) {
            let directory = directory();
            let mut rollup = Rollup::new(Arc::clone(&directory));
            let mut agents: Vec<_> = directory.agents.iter().map(|place| (Level::Unknown, place.node.0)).collect();
            let mut nodes = vec![Level::Unknown; 5];
            let mut told = std::collections::BTreeMap::new();
            for (kind, agent, level, node) in steps {
                let level = LEVELS[level];
                let step = match kind {
                    0 => { agents[agent as usize].0 = level; Step::Agent(agent, level) }
                    1 => { nodes[node as usize] = level; Step::Node(node, level) }
                    _ => { agents[agent as usize].1 = node; Step::Place(agent, node) }
                };
                take(&mut rollup, step, |change| { told.insert(change.subject, change.to); });
                let mut all: Vec<_> = (0..2).map(|service| rollup.service(ServiceId(service))).collect();
                all.extend((0..5).map(|node| rollup.node(NodeId(node))));
                all.extend([rollup.zone(0), rollup.zone(1), rollup.cluster()]);
                prop_assert_eq!(&all, &naive(&directory, &agents, &nodes));
                for (subject, level) in &told {
                    let now = match *subject {
                        Subject::Agent(agent) | Subject::Peer(agent) => rollup.agent(agent),
                        Subject::Node(node) => rollup.node(node),
                        Subject::Service(service) => rollup.service(service),
                        Subject::Zone(zone) => rollup.zone(zone),
                        Subject::Cluster => rollup.cluster(),
                    };
                    prop_assert_eq!(now, *level, "{:?} was told otherwise", subject);
                }
            }
        }
    }
}
