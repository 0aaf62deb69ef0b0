//! Whom the faults of a swarm strike.

use std::collections::BTreeSet;

use hms_machine::{Draw, NodeId, Purpose, ServiceId, Streams};
use hms_scenario::model::{Arrivals, PartitionShape, Scenario, SwarmKind};

use super::super::Victims;
use super::number;
use super::ranges::BURST;
use crate::services::placement::Placement;

const TARGET: Purpose = Purpose::named("swarm/target");
const LOT: Purpose = Purpose::named("swarm/lot");
const EXPENDABLE: Purpose = Purpose::named("swarm/expendable");

/// What there is to strike, and what must be spared.
pub(in crate::faults) struct Ground<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) streams: &'a Streams,
    placement: &'a Placement,
    hosts: Vec<NodeId>,
    zones: Vec<Vec<NodeId>>,
    /// Racks and zones that hold some hosts and not all.
    domains: Vec<Vec<NodeId>>,
    /// A minority of the hosts: only their stored data may be damaged.
    expendable: BTreeSet<NodeId>,
    /// Loads whose rate can surge.
    open_loads: Vec<usize>,
    /// Services that have agents.
    services: Vec<ServiceId>,
}

impl<'a> Ground<'a> {
    pub(in crate::faults) fn new(scenario: &'a Scenario, placement: &'a Placement, streams: &'a Streams) -> Self {
        let cluster = &scenario.cluster;
        let mut racks = vec![Vec::new(); cluster.racks.len()];
        let mut zones = vec![Vec::new(); cluster.zones.len()];
        for (index, host) in cluster.hosts.iter().enumerate() {
            racks[host.rack].push(NodeId::from_index(index));
            zones[cluster.racks[host.rack].zone].push(NodeId::from_index(index));
        }
        let hosts: Vec<_> = (0..cluster.hosts.len()).map(NodeId::from_index).collect();
        let mut domains: Vec<_> = racks.into_iter().chain(zones.iter().cloned()).collect();
        domains.retain(|domain| !domain.is_empty() && domain.len() < hosts.len());
        domains.sort_unstable();
        domains.dedup();
        zones.retain(|zone| !zone.is_empty());
        let lots = |node: &NodeId| streams.draw(EXPENDABLE, u64::from(node.0), 0).next_u64();
        let expendable = lowest(&hosts, minority(hosts.len()), lots).into_iter().collect();
        let open = |load: &usize| !matches!(scenario.loads[*load].arrivals, Arrivals::Closed { .. });
        let staffed = |service: &ServiceId| !placement.by_service[service.index()].is_empty();
        Ground {
            scenario,
            streams,
            placement,
            hosts,
            zones,
            domains,
            expendable,
            open_loads: (0..scenario.loads.len()).filter(open).collect(),
            services: (0..placement.by_service.len()).map(ServiceId::from_index).filter(staffed).collect(),
        }
    }

    /// Whether there is anything that this kind can strike.
    pub(super) fn allows(&self, kind: SwarmKind) -> bool {
        match kind {
            SwarmKind::Crash
            | SwarmKind::Pause
            | SwarmKind::SlowCpu
            | SwarmKind::SlowDisk
            | SwarmKind::SlowNic
            | SwarmKind::Clock
            | SwarmKind::Disk => !self.hosts.is_empty(),
            SwarmKind::AgentCrash | SwarmKind::CrashLoop | SwarmKind::Hang | SwarmKind::MemoryLeak | SwarmKind::Gray => {
                !self.services.is_empty()
            }
            SwarmKind::HandleLeak | SwarmKind::Regression | SwarmKind::Outage => !self.services.is_empty(),
            SwarmKind::Latency | SwarmKind::Loss | SwarmKind::Mangle | SwarmKind::Partition | SwarmKind::Throttle => {
                self.hosts.len() >= 2
            }
            SwarmKind::Surge | SwarmKind::Herd => !self.open_loads.is_empty(),
            SwarmKind::Poison => !self.scenario.loads.is_empty(),
            SwarmKind::Domain => !self.domains.is_empty(),
        }
    }

    /// The victims of occurrence `ordinal`, of a kind that is allowed.
    pub(super) fn victims(&self, kind: SwarmKind, ordinal: u64) -> Victims {
        let draw = &mut self.streams.draw(TARGET, number(kind), ordinal);
        match kind {
            SwarmKind::Crash => {
                let most = minority(self.hosts.len()).max(1) as u64;
                let several = draw.uniform() < BURST && most >= 2;
                let count = if several { 2 + draw.below(most - 1) } else { 1 };
                Victims::Nodes(self.some_hosts(kind, ordinal, count as usize))
            }
            SwarmKind::Pause
            | SwarmKind::SlowCpu
            | SwarmKind::SlowDisk
            | SwarmKind::SlowNic
            | SwarmKind::Clock
            | SwarmKind::Disk => Victims::Nodes(self.some_hosts(kind, ordinal, 1)),
            SwarmKind::AgentCrash
            | SwarmKind::CrashLoop
            | SwarmKind::Hang
            | SwarmKind::MemoryLeak
            | SwarmKind::Gray
            | SwarmKind::HandleLeak => {
                let service = draw.pick(&self.services).expect("allowed only with services");
                let agent = draw.pick(&self.placement.by_service[service.index()]).expect("the service has agents");
                Victims::Agents(vec![*agent])
            }
            SwarmKind::Latency | SwarmKind::Loss | SwarmKind::Mangle | SwarmKind::Throttle => self.links(kind, ordinal, draw),
            SwarmKind::Partition => Victims::Cluster,
            SwarmKind::Surge | SwarmKind::Herd => {
                Victims::Load(*draw.pick(&self.open_loads).expect("allowed only with open loads"))
            }
            SwarmKind::Poison => Victims::Load(draw.below(self.scenario.loads.len() as u64) as usize),
            SwarmKind::Regression => {
                let service = draw.pick(&self.services).expect("allowed only with services");
                Victims::Agents(self.placement.by_service[service.index()].clone())
            }
            SwarmKind::Outage => Victims::Service(*draw.pick(&self.services).expect("allowed only with services")),
            SwarmKind::Domain => Victims::Nodes(draw.pick(&self.domains).expect("allowed only with domains").clone()),
        }
    }

    /// Whether stored data on all these hosts may be damaged.
    pub(super) fn spends(&self, victims: &Victims) -> bool {
        match victims {
            Victims::Nodes(nodes) => nodes.iter().all(|node| self.expendable.contains(node)),
            Victims::Agents(_) | Victims::Load(_) | Victims::Service(_) | Victims::Links { .. } | Victims::Cluster => false,
        }
    }

    /// Memory of the host on which the first of these agents runs, bytes.
    pub(super) fn memory_of(&self, victims: &Victims) -> f64 {
        let Victims::Agents(agents) = victims else { panic!("leaks strike agents, not {victims}") };
        let node = self.placement.agents[agents[0].index()].node;
        self.scenario.cluster.hosts[node.index()].memory.0 as f64
    }

    /// Mean rate of the load that is struck, requests per second; one where it has none of its own (recorded instants).
    pub(super) fn requests_per_second(&self, victims: &Victims) -> f64 {
        let Victims::Load(load) = victims else { panic!("herds strike loads, not {victims}") };
        match &self.scenario.loads[*load].arrivals {
            Arrivals::Poisson { rate } | Arrivals::Regular { rate } => *rate,
            Arrivals::Diurnal { mean, .. } => *mean,
            Arrivals::Steps { steps } => steps.iter().map(|step| step.rate).fold(0.0, f64::max),
            Arrivals::Modulated { phases } => phases.iter().map(|phase| phase.rate).fold(0.0, f64::max),
            Arrivals::Counts { .. } | Arrivals::Timestamps { .. } | Arrivals::Closed { .. } => 1.0,
        }
    }

    /// Links between two zones in both or one direction, or all links of one host.
    fn links(&self, kind: SwarmKind, ordinal: u64, draw: &mut Draw) -> Victims {
        let between_zones = self.zones.len() >= 2 && draw.below(3) > 0;
        if !between_zones {
            return Victims::Links { from: self.some_hosts(kind, ordinal, 1), to: self.nodes(), both: true };
        }
        let one = draw.below(self.zones.len() as u64) as usize;
        let other = (one + 1 + draw.below(self.zones.len() as u64 - 1) as usize) % self.zones.len();
        Victims::Links { from: self.zones[one].clone(), to: self.zones[other].clone(), both: draw.below(2) == 0 }
    }

    /// A shape of any kind that this many hosts can have.
    pub(super) fn shape(&self, draw: &mut Draw, flap: impl Fn(&mut Draw) -> PartitionShape) -> PartitionShape {
        let shapes = if self.hosts.len() >= 3 { 7 } else { 5 };
        match draw.below(shapes) {
            0 => self.sides(draw),
            1 => {
                let (from, to) = self.two_sides(draw);
                PartitionShape::OneWay { from, to }
            }
            2 => {
                let (one, other) = self.two_sides(draw);
                let (one, mut other) = if one.len() <= other.len() { (one, other) } else { (other, one) };
                // The rest of the greater side sees both: reachability is not transitive.
                other.truncate(other.len().div_ceil(2));
                PartitionShape::Partial { one, other }
            }
            3 => PartitionShape::Isolate(self.any_host(draw)),
            4 => flap(draw),
            5 => PartitionShape::MajoritiesRing,
            _ => PartitionShape::Bridge(self.any_host(draw)),
        }
    }

    /// Two sides that hold every host.
    pub(super) fn sides(&self, draw: &mut Draw) -> PartitionShape {
        let (one, other) = self.two_sides(draw);
        PartitionShape::Sides(vec![one, other])
    }

    /// One zone against the rest, or a random half or less against the rest.
    fn two_sides(&self, draw: &mut Draw) -> (Vec<NodeId>, Vec<NodeId>) {
        let by_zone = self.zones.len() >= 2 && draw.below(2) == 0;
        let one: BTreeSet<NodeId> = if by_zone {
            draw.pick(&self.zones).expect("there are two zones").iter().copied().collect()
        } else {
            let size = 1 + draw.below(self.hosts.len() as u64 / 2) as usize;
            let mut order = self.hosts.clone();
            draw.shuffle(&mut order);
            order.into_iter().take(size).collect()
        };
        let (one, other) = self.hosts.iter().copied().partition(|host| one.contains(host));
        if draw.below(2) == 0 { (one, other) } else { (other, one) }
    }

    fn any_host(&self, draw: &mut Draw) -> NodeId {
        *draw.pick(&self.hosts).expect("partitions need hosts")
    }

    fn some_hosts(&self, kind: SwarmKind, ordinal: u64, count: usize) -> Vec<NodeId> {
        let purpose = LOT.part(number(kind));
        lowest(&self.hosts, count, |node| self.streams.draw(purpose, u64::from(node.0), ordinal).next_u64())
    }

    /// All nodes, edges included.
    fn nodes(&self) -> Vec<NodeId> {
        (0..self.hosts.len() + self.scenario.loads.len()).map(NodeId::from_index).collect()
    }
}

/// The most hosts that leave a majority without them.
fn minority(hosts: usize) -> usize {
    hosts.saturating_sub(1) / 2
}

/// The `count` nodes with the lowest lots, in order of their ids.
fn lowest(nodes: &[NodeId], count: usize, lot: impl Fn(&NodeId) -> u64) -> Vec<NodeId> {
    let mut lots: Vec<_> = nodes.iter().map(|node| (lot(node), *node)).collect();
    lots.sort_unstable();
    let mut chosen: Vec<_> = lots.into_iter().take(count).map(|(_, node)| node).collect();
    chosen.sort_unstable();
    chosen
}
