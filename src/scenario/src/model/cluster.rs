//! Regions > zones > racks > hosts, and what a host is made of.

use hms_machine::{Bytes, Distribution, Duration};

/// The cluster's topology; positions in the vectors are the ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Names of the regions.
    pub regions: Vec<String>,
    /// The zones, each in a region.
    pub zones: Vec<Zone>,
    /// The racks, each in a zone.
    pub racks: Vec<Rack>,
    /// The hosts, indexed by `NodeId`; every host is one node.
    pub hosts: Vec<Host>,
}

/// A failure domain inside a region.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Unique name.
    pub name: String,
    /// Index into [`Cluster::regions`].
    pub region: usize,
}

/// Hosts that share a switch and a power feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Rack {
    /// Unique name.
    pub name: String,
    /// Index into [`Cluster::zones`].
    pub zone: usize,
}

/// One machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// Unique name.
    pub name: String,
    /// Index into [`Cluster::racks`].
    pub rack: usize,
    /// Number of cores, at least 1.
    pub cores: u32,
    /// Speed relative to the core on which service times were stated; above 0, default 1.
    pub speed: f64,
    /// A core turns to the next waiting task after this; default 10 ms.
    pub quantum: Duration,
    /// Memory that agents share; the largest agent is killed when it runs out.
    pub memory: Bytes,
    /// From power-on until the node's software starts, ns.
    pub boot: Distribution,
    /// The host's clock.
    pub clock: Clock,
    /// The host's disk.
    pub disk: Disk,
    /// CPU time that the stack spends on each input it handles; default 5 us.
    pub stack_cpu: Duration,
}

/// How a host's clock errs at the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Clock {
    /// Reading minus true time at the start, ns; may be negative.
    pub offset: Distribution,
    /// Frequency error in parts per million; may be negative.
    pub drift_ppm: Distribution,
}

/// A disk: one operation at a time, each takes latency + bytes / bandwidth.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// Latency of a write into the cache, ns.
    pub write: Distribution,
    /// Latency of a flush to the medium, ns.
    pub fsync: Distribution,
    /// Bytes per second, at least 1.
    pub bandwidth: u64,
    /// Writes beyond this fail.
    pub capacity: Bytes,
}
