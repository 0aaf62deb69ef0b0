//! Comparison with peers on drives that failed slowly: three hosts of twelve drives, two weeks each, two drives labelled (Lu et al., FAST 2023).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use hms_machine::{AgentId, Duration, Instant};
use hms_stack::health::checks::{Check, CheckConfiguration, PeerComparison, PeerGroup, Severity, Subject};

const HOSTS: [(&str, Option<u32>); 3] = [("host_1", None), ("host_22", Some(11)), ("host_25", Some(8))];

fn drive(number: u32) -> Subject {
    Subject::Agent(AgentId(number))
}

/// Rows `ts,disk_id,throughput,latency`, in order of time; latency in microseconds.
fn rows(file: &Path) -> Vec<(Instant, u32, Duration)> {
    let mut text = String::new();
    GzDecoder::new(File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    let row = |line: &str| {
        let [ts, disk, _, latency] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let latency: f64 = latency.parse().ok()?;
        let at = Instant::from_nanos(ts.parse::<u64>().unwrap() * 1_000_000_000);
        Some((at, disk.trim_start_matches("disk").parse().unwrap(), Duration::from_nanos_f64(latency * 1e3)))
    };
    let mut rows: Vec<_> = text.lines().skip(1).filter_map(row).collect();
    rows.sort_by_key(|(at, disk, _)| (*at, *disk));
    rows
}

/// Drives that the check calls slow, each once.
fn slow(rows: &[(Instant, u32, Duration)], configuration: &CheckConfiguration) -> Vec<u32> {
    let mut group = PeerGroup::new(configuration);
    let mut checks: Vec<_> = (1..=12).map(|disk| (disk, PeerComparison::new(configuration), false)).collect();
    for moment in rows.chunk_by(|(a, ..), (b, ..)| a == b) {
        let mut new = BTreeSet::new();
        for (_, disk, latency) in moment {
            if group.observe(drive(*disk), *latency, moment[0].0) {
                new.insert(*disk);
            }
        }
        for (disk, check, slow) in checks.iter_mut().filter(|(disk, ..)| new.contains(disk)) {
            let status = group.compare(drive(*disk), moment[0].0).and_then(|reading| check.observe(&reading, moment[0].0));
            *slow |= status.is_some_and(|status| status.severity() == Some(Severity::Warning));
        }
    }
    checks.iter().filter(|(.., slow)| *slow).map(|(disk, ..)| *disk).collect()
}

#[test]
fn the_labelled_drives_are_found_and_no_other_of_the_thirty_six_at_any_ratio_from_1_6_to_5() {
    let Some(folder) = super::folder("perseus-failslow") else { return };
    for (host, labelled) in HOSTS {
        let rows = rows(&folder.join(format!("cluster_A_{host}.csv.gz")));
        for peer_ratio in [1.6, CheckConfiguration::default().peer_ratio, 5.0] {
            let configuration = CheckConfiguration { peer_ratio, ..CheckConfiguration::default() };
            assert_eq!(slow(&rows, &configuration), Vec::from_iter(labelled), "{host} at {peer_ratio}");
        }
        // With the check as good as off nothing is found.
        let blind = CheckConfiguration { peer_ratio: 1e9, ..CheckConfiguration::default() };
        assert_eq!(slow(&rows, &blind), Vec::<u32>::new());
    }
}
