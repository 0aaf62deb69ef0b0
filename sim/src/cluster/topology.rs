//! Where nodes stand, and how far apart.
//!
//! Picture a tree, regions > zones > racks > hosts, on which every load hangs one *edge* node more: the place where its requests enter. An edge
//! stands in a zone but in no rack, and it hosts no agents. Ids are positions: hosts are `0..hosts`, in the order of the
//! scenario, and the edge of load `l` is `hosts + l`.
//!
//! The contract: immutable after it was made, every lookup takes constant time, and a clone shares the tables.

use std::sync::Arc;

use hms_machine::NodeId;
use hms_scenario::model::{Cluster, Load, Scenario};

/// How far apart two nodes stand: the smallest part of the tree that holds both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Distance {
    /// They are the same node.
    Host,
    /// Two hosts of one rack.
    Rack,
    /// Two racks of one zone, or an edge and anybody else in its zone.
    Zone,
    /// Two zones of one region.
    Region,
    /// Two regions.
    Wan,
}

impl Distance {
    /// Every distance, nearest first; the position of a distance is its discriminant.
    pub const ALL: [Distance; 5] = [Distance::Host, Distance::Rack, Distance::Zone, Distance::Region, Distance::Wan];
}

/// The tree and its edges.
#[derive(Clone, Debug)]
pub struct Topology {
    tables: Arc<Tables>,
}

#[derive(Debug)]
struct Tables {
    places: Vec<Place>,
    names: Vec<String>,
    racks: Vec<Domain>,
    zones: Vec<Domain>,
    regions: Vec<Domain>,
    hosts: usize,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    region: u32,
    zone: u32,
    /// [`NO_RACK`] for edges.
    rack: u32,
}

const NO_RACK: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Domain {
    name: String,
    hosts: Vec<NodeId>,
}

impl Domain {
    fn empty(name: &str) -> Self {
        Domain { name: name.to_owned(), hosts: Vec::new() }
    }
}

impl Topology {
    /// The topology of a scenario, with one edge per load.
    pub fn new(scenario: &Scenario) -> Self {
        Self::of(&scenario.cluster, &scenario.loads)
    }

    /// The topology of a cluster and the loads that enter it.
    pub fn of(cluster: &Cluster, loads: &[Load]) -> Self {
        let mut tables = Tables {
            places: Vec::with_capacity(cluster.hosts.len() + loads.len()),
            names: Vec::with_capacity(cluster.hosts.len() + loads.len()),
            racks: cluster.racks.iter().map(|rack| Domain::empty(&rack.name)).collect(),
            zones: cluster.zones.iter().map(|zone| Domain::empty(&zone.name)).collect(),
            regions: cluster.regions.iter().map(|region| Domain::empty(region)).collect(),
            hosts: cluster.hosts.len(),
        };
        for (index, host) in cluster.hosts.iter().enumerate() {
            let zone = cluster.racks[host.rack].zone;
            let region = cluster.zones[zone].region;
            let node = NodeId::from_index(index);
            tables.racks[host.rack].hosts.push(node);
            tables.zones[zone].hosts.push(node);
            tables.regions[region].hosts.push(node);
            tables.places.push(Place { region: short(region), zone: short(zone), rack: short(host.rack) });
            tables.names.push(host.name.clone());
        }
        for load in loads {
            let region = cluster.zones[load.zone].region;
            tables.places.push(Place { region: short(region), zone: short(load.zone), rack: NO_RACK });
            tables.names.push(format!("edge-{}", load.name));
        }
        Topology { tables: Arc::new(tables) }
    }

    /// Number of nodes, edges included.
    pub fn nodes(&self) -> usize {
        self.tables.places.len()
    }

    /// Number of hosts; nodes from here on are edges.
    pub fn hosts(&self) -> usize {
        self.tables.hosts
    }

    /// Number of racks.
    pub fn racks(&self) -> usize {
        self.tables.racks.len()
    }

    /// Number of zones.
    pub fn zones(&self) -> usize {
        self.tables.zones.len()
    }

    /// Number of regions.
    pub fn regions(&self) -> usize {
        self.tables.regions.len()
    }

    /// Whether the node is the edge of a load.
    pub fn is_edge(&self, node: NodeId) -> bool {
        node.index() >= self.tables.hosts
    }

    /// The edge through which the requests of a load enter, by the load's index.
    pub fn edge_of(&self, load: usize) -> NodeId {
        NodeId::from_index(self.tables.hosts + load)
    }

    /// Index of the node's region.
    pub fn region_of(&self, node: NodeId) -> usize {
        self.place(node).region as usize
    }

    /// Index of the node's zone, over all regions.
    pub fn zone_of(&self, node: NodeId) -> usize {
        self.place(node).zone as usize
    }

    /// Index of the host's rack, over all zones; an edge has none.
    pub fn rack_of(&self, node: NodeId) -> Option<usize> {
        let rack = self.place(node).rack;
        (rack != NO_RACK).then_some(rack as usize)
    }

    /// How far apart two nodes stand; the same in both directions.
    #[inline]
    pub fn distance(&self, from: NodeId, to: NodeId) -> Distance {
        if from == to {
            return Distance::Host;
        }
        let (from, to) = (self.place(from), self.place(to));
        if from.region != to.region {
            Distance::Wan
        } else if from.zone != to.zone {
            Distance::Region
        } else if from.rack != to.rack || from.rack == NO_RACK {
            Distance::Zone
        } else {
            Distance::Rack
        }
    }

    /// Name of a host as in the scenario; `edge-` and the load's name for an edge.
    pub fn name(&self, node: NodeId) -> &str {
        &self.tables.names[node.index()]
    }

    /// Name of the rack with this index.
    pub fn rack_name(&self, rack: usize) -> &str {
        &self.tables.racks[rack].name
    }

    /// Name of the zone with this index.
    pub fn zone_name(&self, zone: usize) -> &str {
        &self.tables.zones[zone].name
    }

    /// Name of the region with this index.
    pub fn region_name(&self, region: usize) -> &str {
        &self.tables.regions[region].name
    }

    /// The hosts of a rack, in order of their ids.
    pub fn hosts_of_rack(&self, rack: usize) -> &[NodeId] {
        &self.tables.racks[rack].hosts
    }

    /// The hosts of a zone, in order of their ids.
    pub fn hosts_of_zone(&self, zone: usize) -> &[NodeId] {
        &self.tables.zones[zone].hosts
    }

    /// The hosts of a region, in order of their ids.
    pub fn hosts_of_region(&self, region: usize) -> &[NodeId] {
        &self.tables.regions[region].hosts
    }

    #[inline]
    fn place(&self, node: NodeId) -> Place {
        self.tables.places[node.index()]
    }
}

fn short(index: usize) -> u32 {
    u32::try_from(index).expect("table longer than 2^32 rows")
}

#[cfg(test)]
pub(crate) mod tests {
    use hms_machine::{Bytes, Distribution, Duration, Priority, Ratio, ServiceId};
    use hms_scenario::model::{Arrivals, Backoff, CallPolicy, Clock, Disk, Host, Rack, Zone};

    use super::*;

    pub(crate) fn host(name: String, rack: usize) -> Host {
        Host {
            name,
            rack,
            cores: 1,
            speed: 1.0,
            quantum: Duration::from_millis(10),
            memory: Bytes::from_mib(1),
            boot: Distribution::ZERO,
            clock: Clock { offset: Distribution::ZERO, drift_ppm: Distribution::ZERO },
            disk: Disk { write: Distribution::ZERO, fsync: Distribution::ZERO, bandwidth: 1, capacity: Bytes(1) },
            stack_cpu: Duration::ZERO,
        }
    }

    fn load(name: &str, zone: usize) -> Load {
        let policy = CallPolicy {
            timeout: Duration::from_secs(1),
            retries: 0,
            backoff: Backoff { base: Duration::ZERO, factor: 1.0, max: Duration::ZERO, jitter: Ratio::ZERO },
        };
        Load {
            name: name.to_owned(),
            service: ServiceId(0),
            zone,
            arrivals: Arrivals::Regular { rate: 1.0 },
            policy,
            deadline: Duration::from_secs(1),
            priority: Priority(1),
            poison: Ratio::ZERO,
        }
    }

    /// Zones a and b in the east, c in the west; two racks of two hosts in each zone (hosts 0 to 11); two edges in a (12, 13), one in c (14).
    pub(crate) fn three_zones() -> Topology {
        let cluster = Cluster {
            regions: vec!["east".to_owned(), "west".to_owned()],
            zones: [("a", 0), ("b", 0), ("c", 1)].map(|(name, region)| Zone { name: name.to_owned(), region }).to_vec(),
            racks: (0..6).map(|rack| Rack { name: format!("r{rack}"), zone: rack / 2 }).collect(),
            hosts: (0..12).map(|index| host(format!("h{index}"), index / 2)).collect(),
        };
        Topology::of(&cluster, &[load("web", 0), load("batch", 0), load("west", 2)])
    }

    #[test]
    fn the_distance_is_the_smallest_domain_that_holds_both() {
        let topology = three_zones();
        let expected = [
            (0, 0, Distance::Host),
            (0, 1, Distance::Rack),
            (0, 2, Distance::Zone),
            (0, 4, Distance::Region),
            (0, 8, Distance::Wan),
            (12, 12, Distance::Host),
            (12, 0, Distance::Zone),
            (12, 13, Distance::Zone),
            (12, 5, Distance::Region),
            (12, 14, Distance::Wan),
        ];
        for (from, to, distance) in expected {
            assert_eq!(topology.distance(NodeId(from), NodeId(to)), distance, "{from} {to}");
            assert_eq!(topology.distance(NodeId(to), NodeId(from)), distance, "{to} {from}");
        }
    }

    #[test]
    fn domains_hold_their_hosts_and_no_edge() {
        let topology = three_zones();
        let ids = |nodes: &[NodeId]| nodes.iter().map(|node| node.0).collect::<Vec<_>>();
        assert_eq!(ids(topology.hosts_of_rack(1)), [2, 3]);
        assert_eq!(ids(topology.hosts_of_zone(2)), [8, 9, 10, 11]);
        assert_eq!(ids(topology.hosts_of_region(0)), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!((topology.hosts(), topology.nodes()), (12, 15));
        assert_eq!((topology.racks(), topology.zones(), topology.regions()), (6, 3, 2));
    }

    #[test]
    fn an_edge_stands_in_the_zone_of_its_load_and_in_no_rack() {
        let topology = three_zones();
        let edge = topology.edge_of(2);
        assert_eq!(edge, NodeId(14));
        assert!(topology.is_edge(edge) && !topology.is_edge(NodeId(11)));
        assert_eq!((topology.region_of(edge), topology.zone_of(edge), topology.rack_of(edge)), (1, 2, None));
        assert_eq!(topology.rack_of(NodeId(11)), Some(5));
        let names = (
            topology.name(edge),
            topology.name(NodeId(3)),
            topology.rack_name(1),
            topology.zone_name(2),
            topology.region_name(1),
        );
        assert_eq!(names, ("edge-west", "h3", "r1", "c", "west"));
    }
}
