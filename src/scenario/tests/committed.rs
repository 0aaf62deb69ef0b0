//! The scenarios of the repository say what their comments say. (That all of them are read stands with the tests of robustness.)
#![expect(clippy::disallowed_methods, reason = "tests read the scenarios of the repository")]

use std::fs;
use std::path::PathBuf;

use hms_machine::{Distribution, Duration, Instant};
use hms_scenario::model::{Arrivals, FaultKind, Start, SwarmKind};
use hms_scenario::{Document, parse, render_all};

/// The scenario `name`; files that `hidden` names are as if they were not there.
fn read(name: &str, hidden: &[&str]) -> Document {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../experiments/scenarios");
    let text = fs::read_to_string(folder.join(name)).expect("a committed scenario");
    let files = |path: &str| {
        if hidden.contains(&path) {
            return Err("hidden by the test".to_owned());
        }
        fs::read_to_string(folder.join(path)).map_err(|error| error.to_string())
    };
    parse(&text, &files).unwrap_or_else(|problems| panic!("{}", render_all(&problems, name, &text)))
}

#[test]
fn the_quick_start_has_three_zones_and_six_faults() {
    let scenario = read("quickstart.toml", &[]).scenario;
    assert_eq!((scenario.cluster.zones.len(), scenario.cluster.hosts.len()), (3, 9));
    assert_eq!(scenario.services[0].calls[0].service.index(), 1);
    assert_eq!(scenario.faults.len(), 6);
    assert_eq!(scenario.run.duration, Duration::from_secs(180));
}

#[test]
fn the_standard_world_draws_its_faults_at_random() {
    let scenario = read("lan-3-zones.toml", &[]).scenario;
    assert_eq!((scenario.cluster.zones.len(), scenario.cluster.hosts.len()), (3, 12));
    assert_eq!(scenario.services.len(), 3);
    assert!(scenario.faults.iter().filter(|fault| matches!(fault.start, Start::Every(_))).count() >= 4);
}

#[test]
fn the_wide_area_falls_back_on_the_committed_latencies() {
    const REAL: &str = "../../results/rtt-aws.csv";
    let document = read("wan-regions.toml", &[REAL]);
    assert_eq!(document.files.len(), 1, "the file that was read is part of the document");
    assert_eq!(document.files[0].0, "../../datasets/synthetic/rtt-5-regions.csv");
    let scenario = document.scenario;
    assert_eq!(scenario.cluster.regions.len(), 5);
    let matrix = scenario.network.matrix.unwrap();
    // Half of the 62 ms from us-east to us-west, jitter included.
    assert_eq!(matrix.base[0][1] + matrix.jitter[0][1], Duration::from_millis(31));
    assert_eq!(matrix.base[2][2], Duration::ZERO);
}

#[test]
fn the_recorded_year_strikes_nodes_of_the_machine_within_the_year() {
    let record = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../results/lanl-sys02.csv");
    if !record.exists() {
        // The licence of the record forbids to commit it; that the scenario is read with a synthetic year is tested elsewhere.
        eprintln!("skipped: `hms dataset import lanl --select lanl/sys02 --out results/lanl-sys02.csv` makes the file");
        return;
    }
    let scenario = read("lanl-replay.toml", &[]).scenario;
    let Start::Trace(rows) = &scenario.faults[0].start else { panic!("a trace") };
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|row| row.node.index() < 49));
    assert!(rows.iter().all(|row| row.start < Instant::ZERO + scenario.run.duration));
}

#[test]
fn the_metastable_queue_has_spare_capacity_before_the_spike() {
    let scenario = read("metastable.toml", &[]).scenario;
    let (service, load) = (&scenario.services[0], &scenario.loads[0]);
    assert_eq!((service.workers, service.queue), (1, 100));
    assert_eq!(service.work, Distribution::exponential(100_000_000.0).unwrap());
    assert_eq!(load.arrivals, Arrivals::Poisson { rate: 8.0 });
    assert_eq!((load.policy.timeout, load.policy.retries), (Duration::from_secs(4), 3));
    assert_eq!(scenario.faults[0].kind, FaultKind::Surge { factor: 3.75 });
}

#[test]
fn the_swarm_draws_from_all_kinds_and_leaves_time_to_heal() {
    let scenario = read("swarm.toml", &[]).scenario;
    let swarm = scenario.swarm.unwrap();
    assert_eq!(swarm.kinds, SwarmKind::ALL);
    assert!(swarm.until < Instant::ZERO + scenario.run.duration);
}
