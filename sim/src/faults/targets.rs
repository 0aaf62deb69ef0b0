//! From the target of a rule to the victims of an occurrence.

use std::collections::BTreeSet;

use hms_machine::{AgentId, NodeId, Purpose, ServiceId, Streams};
use hms_scenario::model::{DiskFailure, Fault, FaultKind, Scenario, Target};

use super::Victims;
use crate::services::placement::Placement;

const VICTIM: Purpose = Purpose::named("fault/victim");

/// What a kind of fault takes hold of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Hosts,
    Agents,
    Links,
    Load,
    Service,
    Cluster,
}

pub(super) fn scope(kind: &FaultKind) -> Scope {
    match kind {
        FaultKind::Crash { .. }
        | FaultKind::Pause
        | FaultKind::SlowCpu { .. }
        | FaultKind::SlowDisk { .. }
        | FaultKind::SlowNic { .. }
        | FaultKind::ClockStep { .. }
        | FaultKind::ClockDrift { .. }
        | FaultKind::ClockStrobe { .. }
        | FaultKind::Disk(_) => Scope::Hosts,
        FaultKind::AgentCrash
        | FaultKind::CrashLoop { .. }
        | FaultKind::Hang
        | FaultKind::MemoryLeak { .. }
        | FaultKind::HandleLeak { .. }
        | FaultKind::Regression { .. }
        | FaultKind::Gray { .. } => Scope::Agents,
        FaultKind::Link(_) => Scope::Links,
        FaultKind::Partition(_) => Scope::Cluster,
        FaultKind::Surge { .. } | FaultKind::Herd { .. } | FaultKind::Poison { .. } => Scope::Load,
        FaultKind::Outage { .. } => Scope::Service,
    }
}

/// Whether a kind acts in an instant, so that its duration means nothing.
pub(super) fn is_instantaneous(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::AgentCrash
            | FaultKind::ClockStep { .. }
            | FaultKind::Herd { .. }
            | FaultKind::Disk(DiskFailure::BitFlips { .. })
    )
}

/// What there is to strike.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) placement: &'a Placement,
    pub(super) streams: &'a Streams,
}

impl Stage<'_> {
    /// The victims of occurrence `ordinal` of a rule; `None` if there is nobody to strike. `key` names the rule in draws.
    pub(super) fn victims(&self, rule: &Fault, target: &Target, key: u64, ordinal: u64) -> Option<Victims> {
        let impossible = || -> ! { panic!("fault {}: {:?} cannot strike {:?}", rule.name, rule.kind, rule.target) };
        let victims = match scope(&rule.kind) {
            Scope::Cluster => Victims::Cluster,
            Scope::Load => match target {
                Target::Load(load) => Victims::Load(*load),
                _ => impossible(),
            },
            Scope::Service => match target {
                Target::Service(service) => Victims::Service(*service),
                _ => impossible(),
            },
            Scope::Links => match target {
                Target::Links { from, to, both } => Victims::Links { from: from.clone(), to: to.clone(), both: *both },
                Target::Cluster => Victims::Links { from: self.nodes(), to: self.nodes(), both: false },
                Target::Load(load) => {
                    let edge = NodeId::from_index(self.scenario.cluster.hosts.len() + load);
                    Victims::Links { from: vec![edge], to: self.nodes(), both: true }
                }
                hosts => {
                    let hosts = self.hosts_of(hosts, key, ordinal).unwrap_or_else(|| impossible());
                    Victims::Links { from: hosts, to: self.nodes(), both: true }
                }
            },
            Scope::Hosts => Victims::Nodes(self.hosts_of(target, key, ordinal).unwrap_or_else(|| impossible())),
            Scope::Agents => Victims::Agents(self.agents_of(target, key, ordinal).unwrap_or_else(|| impossible())),
        };
        let anybody = match &victims {
            Victims::Nodes(nodes) => !nodes.is_empty(),
            Victims::Agents(agents) => !agents.is_empty(),
            Victims::Links { from, to, .. } => !from.is_empty() && !to.is_empty(),
            Victims::Load(_) | Victims::Service(_) | Victims::Cluster => true,
        };
        anybody.then_some(victims)
    }

    /// The hosts of a target; `None` for targets that have none.
    fn hosts_of(&self, target: &Target, key: u64, ordinal: u64) -> Option<Vec<NodeId>> {
        match target {
            Target::Nodes(nodes) => Some(nodes.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()),
            Target::RandomNodes(count) => Some(
                draw_distinct(self.streams, key, ordinal, self.hosts(), *count as usize)
                    .into_iter()
                    .map(NodeId::from_index)
                    .collect(),
            ),
            Target::Rack(rack) => Some(self.hosts_where(|host| self.scenario.cluster.hosts[host].rack == *rack)),
            Target::Zone(zone) => Some(self.hosts_where(|host| self.zone_of(host) == *zone)),
            Target::Region(region) => {
                Some(self.hosts_where(|host| self.scenario.cluster.zones[self.zone_of(host)].region == *region))
            }
            Target::Service(_) | Target::Replica(..) | Target::RandomReplica(_) => {
                let agents = self.agents_of(target, key, ordinal)?;
                let nodes: BTreeSet<_> = agents.iter().map(|agent| self.placement.agents[agent.index()].node).collect();
                Some(nodes.into_iter().collect())
            }
            Target::Cluster => Some(self.hosts_where(|_| true)),
            Target::Load(_) | Target::Links { .. } => None,
        }
    }

    /// The agents of a target; `None` for targets that have none.
    fn agents_of(&self, target: &Target, key: u64, ordinal: u64) -> Option<Vec<AgentId>> {
        let of_service = |service: &ServiceId| &self.placement.by_service[service.index()];
        match target {
            Target::Service(service) => Some(of_service(service).clone()),
            Target::Replica(service, replica) => Some(vec![of_service(service)[*replica as usize]]),
            Target::RandomReplica(service) => {
                let agents = of_service(service);
                Some(
                    draw_distinct(self.streams, key, ordinal, agents.len(), 1)
                        .into_iter()
                        .map(|replica| agents[replica])
                        .collect(),
                )
            }
            Target::Nodes(_)
            | Target::RandomNodes(_)
            | Target::Rack(_)
            | Target::Zone(_)
            | Target::Region(_)
            | Target::Cluster => {
                let hosts = self.hosts_of(target, key, ordinal)?;
                let mut agents: Vec<_> = hosts.iter().flat_map(|host| self.placement.agents_of(*host)).copied().collect();
                agents.sort_unstable();
                Some(agents)
            }
            Target::Load(_) | Target::Links { .. } => None,
        }
    }

    fn hosts(&self) -> usize {
        self.scenario.cluster.hosts.len()
    }

    /// All nodes, edges included.
    fn nodes(&self) -> Vec<NodeId> {
        (0..self.hosts() + self.scenario.loads.len()).map(NodeId::from_index).collect()
    }

    fn zone_of(&self, host: usize) -> usize {
        self.scenario.cluster.racks[self.scenario.cluster.hosts[host].rack].zone
    }

    fn hosts_where(&self, belongs: impl Fn(usize) -> bool) -> Vec<NodeId> {
        (0..self.hosts()).filter(|host| belongs(*host)).map(NodeId::from_index).collect()
    }
}

/// `count` of `0..items` in order, each set equally likely. Everyone draws a lot and the lowest are chosen (rendezvous hashing), so one item more
/// changes the choice only where it is chosen itself.
fn draw_distinct(streams: &Streams, key: u64, ordinal: u64, items: usize, count: usize) -> Vec<usize> {
    let purpose = VICTIM.part(key);
    let mut lots: Vec<_> = (0..items).map(|item| (streams.draw(purpose, item as u64, ordinal).next_u64(), item)).collect();
    if count < items {
        lots.select_nth_unstable(count);
        lots.truncate(count);
    }
    let mut chosen: Vec<_> = lots.into_iter().map(|(_, item)| item).collect();
    chosen.sort_unstable();
    chosen
}
