//! `[cluster]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Law, Reference};
use crate::defaults;
use crate::quantity::{ByteRate, SignedTime, Size, Time};

/// What stands where: regions > zones > racks > hosts; every host is one node.
///
/// Nodes are numbered from 0 without gaps, rack by rack, and so zone by zone and region by region. They are spread as evenly as
/// possible: where a number does not divide, the first zones (and in a zone the first racks) get one more. Three zones and nine nodes make
/// the zones 0–2, 3–5 and 6–8. Nodes are called `n0`, `n1` …; regions, zones and racks that are only counted `region0` …, `z0` …, `r0` …,
/// numbered over the whole cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "cluster")]
pub struct Cluster {
    /// How many regions, or their names.
    #[serde(default)]
    pub regions: Names,
    /// How many zones in each region, or their names; with several regions, a zone is called `region-zone`.
    #[serde(default)]
    pub zones: Names,
    /// How many racks in each zone, or their names; with several zones, a rack is called `zone-rack`.
    #[serde(default)]
    pub racks: Names,
    /// How many nodes in the whole cluster, 1 to 100000.
    #[schemars(range(min = 1, max = defaults::NODES_MAX))]
    pub nodes: u32,
    /// What every host is like.
    #[serde(default)]
    pub host: Host,
    /// Hosts that differ; later entries win.
    #[serde(default)]
    pub r#override: Vec<Override>,
}

/// How many, or their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Names {
    /// How many; names are made.
    Count(u32),
    /// The names, unique.
    Names(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Names::Count(1)
    }
}

/// What a host is like. In an override, keys that are not given stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "host")]
pub struct Host {
    /// Number of cores.
    #[schemars(range(min = 1), extend("default" = defaults::CORES))]
    pub cores: Option<u32>,
    /// Speed relative to the core on which service times were stated; above 0.
    #[schemars(extend("default" = defaults::SPEED))]
    pub speed: Option<f64>,
    /// A core turns to the next waiting task after this.
    #[schemars(extend("default" = defaults::quantum()))]
    pub quantum: Option<Time>,
    /// Memory that agents share; the largest agent is killed when it runs out.
    #[schemars(extend("default" = defaults::memory()))]
    pub memory: Option<Size>,
    /// From power-on until the node's software starts.
    #[schemars(extend("default" = defaults::boot()))]
    pub boot: Option<Law<Time>>,
    /// CPU time that the stack spends on each input it handles.
    #[schemars(extend("default" = defaults::stack_cpu()))]
    pub stack_cpu: Option<Time>,
    /// The host's clock.
    pub clock: Clock,
    /// The host's disk.
    pub disk: Disk,
}

/// How a host's clock errs at the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "clock")]
pub struct Clock {
    /// Reading minus true time at the start.
    #[schemars(extend("default" = defaults::clock_offset()))]
    pub offset: Option<Law<SignedTime>>,
    /// Frequency error in parts per million; positive runs fast.
    #[schemars(extend("default" = defaults::clock_drift()))]
    pub drift_ppm: Option<Law<f64>>,
}

/// A disk: one operation at a time, each takes latency + bytes / bandwidth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "disk")]
pub struct Disk {
    /// Latency of a write into the cache.
    #[schemars(extend("default" = defaults::disk_write()))]
    pub write: Option<Law<Time>>,
    /// Latency of a flush to the medium.
    #[schemars(extend("default" = defaults::disk_fsync()))]
    pub fsync: Option<Law<Time>>,
    /// Throughput.
    #[schemars(extend("default" = defaults::disk_bandwidth()))]
    pub bandwidth: Option<ByteRate>,
    /// Writes beyond this fail.
    #[schemars(extend("default" = defaults::disk_capacity()))]
    pub capacity: Option<Size>,
}

/// Hosts that differ from `[cluster.host]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "override")]
pub struct Override {
    /// Which: nodes by number or name; the name of a rack, zone or region stands for all its nodes.
    pub nodes: Vec<Reference>,
    /// What is different about them.
    pub host: Host,
}
