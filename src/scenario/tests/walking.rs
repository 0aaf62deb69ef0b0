//! Minimal files and defaults.

use hms_machine::{Distribution, Duration, Instant, NodeId};
use hms_scenario::model::{FaultKind, PartitionShape, Start};
use hms_scenario::{Document, parse, render_all};

const EXAMPLE: &str = r#"version = 1
[cluster]
zones = 3
nodes = 9
[network]
latency = { kind = "lognormal", median = "0.4ms", sigma = 0.5 }
[[service]]
name = "api"
[[load]]
service = "api"
arrivals = "300/s"
[[fault]]
kind = "partition"
at = "30s"
for = "10s"
sides = [[0, 1, 2], [3, 4, 5, 6, 7, 8]]
"#;

fn read(text: &str) -> Document {
    parse(text, &|path| Err(format!("no file {path}")))
        .unwrap_or_else(|problems| panic!("{}", render_all(&problems, "test.toml", text)))
}

#[test]
fn the_example_of_the_design_is_read() {
    let scenario = read(EXAMPLE).scenario;
    assert_eq!(scenario.cluster.hosts.len(), 9);
    assert_eq!(scenario.network.wan.latency, Distribution::lognormal(400_000.0, 0.5).unwrap());
    let fault = &scenario.faults[0];
    assert_eq!(fault.start, Start::At(vec![Instant::ZERO + Duration::from_secs(30)]));
    let sides = vec![(0..3).map(NodeId).collect::<Vec<_>>(), (3..9).map(NodeId).collect()];
    assert_eq!(fault.kind, FaultKind::Partition(PartitionShape::Sides(sides)));
}
