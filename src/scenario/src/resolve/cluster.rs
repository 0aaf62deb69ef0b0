//! The topology: numbering, names, hosts.

use std::collections::BTreeMap;

use hms_machine::NodeId;

use super::Resolver;
use crate::defaults;
use crate::file::{self, Names, Reference};
use crate::model;
use crate::place::Place;
use crate::problem::Problem;

/// Something of the topology that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    Region(usize),
    Zone(usize),
    Rack(usize),
    Node(usize),
}

/// Names and contents of the failure domains.
#[derive(Default)]
pub(super) struct Map {
    names: BTreeMap<String, Spot>,
    /// For each region its first node and the one behind its last; ids are contiguous.
    regions: Vec<(usize, usize)>,
    zones: Vec<(usize, usize)>,
    racks: Vec<(usize, usize)>,
    pub(super) nodes: usize,
}

impl Spot {
    fn kind(self) -> &'static str {
        match self {
            Spot::Region(_) => "a region",
            Spot::Zone(_) => "a zone",
            Spot::Rack(_) => "a rack",
            Spot::Node(_) => "a node",
        }
    }
}

impl Map {
    fn range(&self, spot: Spot) -> (usize, usize) {
        match spot {
            Spot::Region(index) => self.regions[index],
            Spot::Zone(index) => self.zones[index],
            Spot::Rack(index) => self.racks[index],
            Spot::Node(index) => (index, index + 1),
        }
    }
}

/// `total` things on `places` places as evenly as possible: the first get one more.
fn shares(total: usize, places: usize) -> impl Iterator<Item = usize> {
    (0..places).map(move |place| total / places + usize::from(place < total % places))
}

/// The failure domains that a reference may mean.
#[derive(Clone, Copy)]
pub(super) enum Level {
    Region,
    Zone,
    Rack,
}

impl Resolver<'_> {
    pub(super) fn cluster(&mut self, cluster: file::Cluster, place: &Place) -> model::Cluster {
        let file::Cluster { regions, zones, racks, nodes, host, r#override } = cluster;
        let regions = self.counted(regions, 1, "region", &place.key("regions"));
        let zone_names = self.children(zones, &regions, "z", &place.key("zones"));
        let zone_full: Vec<String> = zone_names.iter().map(|(name, _)| name.clone()).collect();
        let rack_names = self.children(racks, &zone_full, "r", &place.key("racks"));
        let zones: Vec<model::Zone> = zone_names.into_iter().map(|(name, region)| model::Zone { name, region }).collect();
        let racks: Vec<model::Rack> = rack_names.into_iter().map(|(name, zone)| model::Rack { name, zone }).collect();
        if (nodes as usize) < zones.len() {
            let message = format!("{nodes} nodes cannot fill {} zones", zones.len());
            self.blame(&place.key("nodes"), Problem::new("", message).expected("at least one node for each zone"));
        }
        let rack_of = self.fill(nodes as usize, &regions, &zones, &racks, place);
        let mut files = vec![host.clone(); if r#override.is_empty() { 0 } else { rack_of.len() }];
        let change_place = place.key("override");
        for (index, file::Override { nodes, host }) in r#override.into_iter().enumerate() {
            let place = change_place.index(index);
            // Checked here, where it stands, and not once for each host that it changes.
            self.host(&host, "", 0, &place.key("host"));
            for node in self.nodes(&nodes, &place.key("nodes")) {
                files[node.index()] = changed(&files[node.index()], &host);
            }
        }
        let general = self.host(&host, "", 0, &place.key("host"));
        let hosts = rack_of.iter().enumerate().map(|(node, rack)| {
            let name = format!("n{node}");
            match files.get(node).filter(|file| **file != host) {
                // Mistakes were told above.
                Some(file) => self.quiet_host(file, &name, *rack),
                None => model::Host { name, rack: *rack, ..general.clone() },
            }
        });
        model::Cluster { hosts: hosts.collect(), regions, zones, racks }
    }

    /// The names of a level of which there is one group, or invented ones.
    fn counted(&mut self, names: Names, groups: usize, prefix: &str, place: &Place) -> Vec<String> {
        match names {
            Names::Count(count) => {
                let total = groups.saturating_mul(count as usize);
                if count == 0 || total > defaults::REPLICAS_MAX as usize {
                    let expected = format!("at least 1, and at most {} in all", defaults::REPLICAS_MAX);
                    self.blame(place, Problem::new("", format!("`{count}` is out of range")).expected(expected));
                }
                (0..total.clamp(1, defaults::REPLICAS_MAX as usize)).map(|index| format!("{prefix}{index}")).collect()
            }
            Names::Names(names) => {
                if names.is_empty() {
                    self.blame(
                        place,
                        Problem::new("", "this list is empty").expected("at least one name, or how many there are"),
                    );
                    return vec![format!("{prefix}0")];
                }
                for (index, name) in names.iter().enumerate() {
                    if name.is_empty() || name.chars().all(|letter| letter.is_ascii_digit()) {
                        let problem = Problem::new("", format!("`{name}` is no name")).expected("a name that is no number");
                        self.blame(&place.index(index), problem);
                    }
                }
                names
            }
        }
    }

    /// The names below each of `parents`, each with the position of its parent.
    fn children(&mut self, names: Names, parents: &[String], prefix: &str, place: &Place) -> Vec<(String, usize)> {
        match names {
            Names::Count(count) => {
                let names = self.counted(Names::Count(count), parents.len(), prefix, place);
                let each = (names.len() / parents.len()).max(1);
                names.into_iter().enumerate().map(|(index, name)| (name, (index / each).min(parents.len() - 1))).collect()
            }
            Names::Names(names) => {
                let names = self.counted(Names::Names(names), 1, prefix, place);
                if names.len().saturating_mul(parents.len()) > defaults::REPLICAS_MAX as usize {
                    let message = format!("{} names in each of {} places are too many", names.len(), parents.len());
                    self.blame(place, Problem::new("", message).expected(format!("at most {} in all", defaults::REPLICAS_MAX)));
                    return parents.iter().cloned().enumerate().map(|(index, name)| (name, index)).collect();
                }
                let full =
                    |parent: &String, name: &String| if parents.len() > 1 { format!("{parent}-{name}") } else { name.clone() };
                let below = |(index, parent)| names.iter().map(move |name| (full(parent, name), index));
                parents.iter().enumerate().flat_map(below).collect()
            }
        }
    }

    /// Puts nodes into racks and notes what everything is called; the rack of each node.
    fn fill(
        &mut self,
        nodes: usize,
        regions: &[String],
        zones: &[model::Zone],
        racks: &[model::Rack],
        place: &Place,
    ) -> Vec<usize> {
        let mut rack_of: Vec<usize> = Vec::with_capacity(nodes);
        let mut map = Map { nodes, ..Map::default() };
        let mut rack = 0;
        for (zone, share) in shares(nodes, zones.len()).enumerate() {
            let from = rack_of.len();
            let below = racks[rack..].iter().take_while(|rack| rack.zone == zone).count();
            for share in shares(share, below) {
                map.racks.push((rack_of.len(), rack_of.len() + share));
                rack_of.extend(std::iter::repeat_n(rack, share));
                rack += 1;
            }
            map.zones.push((from, rack_of.len()));
        }
        // Zones stand in the order of their regions; one without zones, which is a mistake told elsewhere, has no nodes.
        let mut ranges: Vec<Option<(usize, usize)>> = vec![None; regions.len()];
        for (zone, (from, to)) in zones.iter().zip(&map.zones) {
            let range = &mut ranges[zone.region];
            *range = Some((range.map_or(*from, |(first, _)| first), *to));
        }
        map.regions = ranges.into_iter().map(Option::unwrap_or_default).collect();
        let mut name = |names: &mut BTreeMap<String, Spot>, name: &str, spot: Spot, key: &'static str| {
            if let Some(other) = names.insert(name.to_owned(), spot) {
                let (one, two) = (other.kind(), spot.kind());
                let two = if one == two { two.replacen("a ", "another ", 1) } else { two.to_owned() };
                let problem = Problem::new("", format!("`{name}` is the name of {one} and of {two}"));
                self.report
                    .value(&place.key(key), problem.expected("names that are unique among regions, zones, racks and nodes"));
            }
        };
        for node in 0..nodes {
            name(&mut map.names, &format!("n{node}"), Spot::Node(node), "nodes");
        }
        for (index, region) in regions.iter().enumerate() {
            name(&mut map.names, region, Spot::Region(index), "regions");
        }
        for (index, zone) in zones.iter().enumerate() {
            name(&mut map.names, &zone.name, Spot::Zone(index), "zones");
        }
        for (index, rack) in racks.iter().enumerate() {
            name(&mut map.names, &rack.name, Spot::Rack(index), "racks");
        }
        self.map = map;
        rack_of
    }

    /// The nodes of a list of references, in its order; tells what does not exist, what occurs twice, and an empty list.
    pub(super) fn nodes(&mut self, references: &[Reference], place: &Place) -> Vec<NodeId> {
        if references.is_empty() {
            self.blame(place, Problem::new("", "this list of nodes is empty").expected("at least one node, by number or name"));
        }
        let mut seen = vec![false; self.map.nodes];
        let mut found = Vec::new();
        for (index, reference) in references.iter().enumerate() {
            let place = place.index(index);
            let Some(spot) = self.spot(reference, &place) else { continue };
            let (from, to) = self.map.range(spot);
            match (from..to).find(|node| seen[*node]) {
                Some(node) => {
                    let problem = Problem::new("", format!("node {node} is in this list already"));
                    self.blame(&place, problem.help(format!("remove `{reference}`, or what holds the node before it")));
                }
                None => {
                    seen[from..to].fill(true);
                    found.extend((from..to).map(NodeId::from_index));
                }
            }
        }
        found
    }

    /// One node.
    pub(super) fn node(&mut self, reference: &Reference, place: &Place) -> Option<NodeId> {
        match self.spot(reference, place)? {
            Spot::Node(node) => Some(NodeId::from_index(node)),
            spot @ (Spot::Region(_) | Spot::Zone(_) | Spot::Rack(_)) => {
                let message = format!("`{reference}` is {}, not a node", spot.kind());
                self.blame(place, Problem::new("", message).expected(self.node_range()));
                None
            }
        }
    }

    fn node_range(&self) -> String {
        match self.map.nodes {
            0 | 1 => "node 0, or its name `n0`".to_owned(),
            nodes => format!("a node from 0 to {0}, or its name `n0` to `n{0}`", nodes - 1),
        }
    }

    fn spot(&mut self, reference: &Reference, place: &Place) -> Option<Spot> {
        let (message, near) = match reference {
            Reference::Number(number) if (*number as usize) < self.map.nodes => return Some(Spot::Node(*number as usize)),
            Reference::Number(number) => (format!("there is no node {number}"), None),
            Reference::Name(name) => match self.map.names.get(name) {
                Some(spot) => return Some(*spot),
                None => (format!("there is no node, rack, zone or region `{name}`"), Some(name)),
            },
        };
        let mut problem = Problem::new("", message).expected(self.node_range());
        if let Some(name) = near.filter(|_| self.map.names.len() < 10_000) {
            problem = problem.nearest(name, self.map.names.keys().map(String::as_str));
        }
        self.blame(place, problem);
        None
    }

    /// A failure domain of one level, by position or name.
    pub(super) fn domain(&mut self, reference: &Reference, level: Level, place: &Place) -> Option<usize> {
        let position = |spot: Spot| match (level, spot) {
            (Level::Region, Spot::Region(index)) | (Level::Zone, Spot::Zone(index)) | (Level::Rack, Spot::Rack(index)) => {
                Some(index)
            }
            (Level::Region | Level::Zone | Level::Rack, _) => None,
        };
        let (what, count) = match level {
            Level::Region => ("region", self.map.regions.len()),
            Level::Zone => ("zone", self.map.zones.len()),
            Level::Rack => ("rack", self.map.racks.len()),
        };
        let found = match reference {
            Reference::Number(number) => Some(*number as usize).filter(|index| *index < count),
            Reference::Name(name) => self.map.names.get(name).and_then(|spot| position(*spot)),
        };
        if found.is_none() {
            let names = self.map.names.iter().filter(|(_, spot)| position(**spot).is_some());
            let names: Vec<String> = names.map(|(name, _)| name.clone()).collect();
            let problem = Problem::new("", format!("there is no {what} `{reference}`"))
                .expected(super::some_of(&names, &format!("a {what}")))
                .nearest(&reference.to_string(), names.iter().map(String::as_str));
            self.blame(place, problem);
        }
        found
    }

    fn host(&mut self, file: &file::Host, name: &str, rack: usize, place: &Place) -> model::Host {
        let file::Host { cores, speed, quantum, memory, boot, stack_cpu, clock, disk } = file;
        let file::Clock { offset, drift_ppm } = clock;
        let file::Disk { write, fsync, bandwidth, capacity } = disk;
        let speed = speed.unwrap_or(defaults::SPEED);
        self.require(speed.is_finite() && speed > 0.0, speed, "a number above 0", &place.key("speed"));
        let quantum = quantum.unwrap_or_else(defaults::quantum);
        self.positive(quantum, &place.key("quantum"));
        let (clock_place, disk_place) = (place.key("clock"), place.key("disk"));
        model::Host {
            name: name.to_owned(),
            rack,
            cores: cores.unwrap_or(defaults::CORES),
            speed,
            quantum: quantum.0,
            memory: memory.unwrap_or_else(defaults::memory).0,
            boot: self.law(boot.clone().unwrap_or_else(defaults::boot), &place.key("boot")),
            clock: model::Clock {
                offset: self.law(offset.clone().unwrap_or_else(defaults::clock_offset), &clock_place.key("offset")),
                drift_ppm: self.law(drift_ppm.clone().unwrap_or_else(defaults::clock_drift), &clock_place.key("drift_ppm")),
            },
            disk: model::Disk {
                write: self.law(write.clone().unwrap_or_else(defaults::disk_write), &disk_place.key("write")),
                fsync: self.law(fsync.clone().unwrap_or_else(defaults::disk_fsync), &disk_place.key("fsync")),
                bandwidth: bandwidth.unwrap_or_else(defaults::disk_bandwidth).0,
                capacity: capacity.unwrap_or_else(defaults::disk_capacity).0,
            },
            stack_cpu: stack_cpu.unwrap_or_else(defaults::stack_cpu).0,
        }
    }
}

impl Resolver<'_> {
    /// Like [`Resolver::host`], without telling mistakes that were told where they stand.
    fn quiet_host(&mut self, file: &file::Host, name: &str, rack: usize) -> model::Host {
        let told = self.report.len();
        let host = self.host(file, name, rack, &Place::default());
        self.report.truncate(told);
        host
    }
}

/// The host with what `change` gives.
fn changed(host: &file::Host, change: &file::Host) -> file::Host {
    let file::Host { cores, speed, quantum, memory, boot, stack_cpu, clock, disk } = change.clone();
    let file::Clock { offset, drift_ppm } = clock;
    let file::Disk { write, fsync, bandwidth, capacity } = disk;
    let base = host.clone();
    file::Host {
        cores: cores.or(base.cores),
        speed: speed.or(base.speed),
        quantum: quantum.or(base.quantum),
        memory: memory.or(base.memory),
        boot: boot.or(base.boot),
        stack_cpu: stack_cpu.or(base.stack_cpu),
        clock: file::Clock { offset: offset.or(base.clock.offset), drift_ppm: drift_ppm.or(base.clock.drift_ppm) },
        disk: file::Disk {
            write: write.or(base.disk.write),
            fsync: fsync.or(base.disk.fsync),
            bandwidth: bandwidth.or(base.disk.bandwidth),
            capacity: capacity.or(base.disk.capacity),
        },
    }
}
