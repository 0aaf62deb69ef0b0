//! `hms scorecard`.

use super::{Bench, quickstart};

/// Two agents on two hosts, one of which dies under a load that is too small to matter.
const QUIET: &str = r#"version = 1
name = "quiet"
[run]
duration = "10s"
[cluster]
nodes = 2
[[service]]
name = "api"
replicas = 2
[[load]]
name = "users"
service = "api"
arrivals = 20
"#;

#[test]
fn json_has_a_row_for_each_promise_with_the_documented_keys() {
    let bench = Bench::new();
    bench.write("quiet.toml", QUIET);
    let ended = bench.hms(&["scorecard", "quiet.toml", "--seeds", "2", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    for id in ["HM-S1", "HM-S2", "HM-S3", "AS-S1", "AS-S2", "AS-S3", "AS-S4", "CB-S1", "CB-S3", "CB-S4"] {
        assert!(ids.contains(&id), "no {id} in {ids:?}");
    }
    for row in rows {
        let mut keys: Vec<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["criterion", "high", "id", "low", "pass", "target", "value"]);
    }
    let cascades = &rows[ids.iter().position(|id| *id == "AS-S4").unwrap()];
    assert_eq!((&cascades["value"], &cascades["pass"]), (&0.0.into(), &true.into()));
}

#[test]
fn a_target_that_is_missed_ends_with_seven_and_names_it() {
    let bench = Bench::new();
    // With the supervisor off, agents that die stay down.
    bench.write("off.toml", "[supervisor]\nenabled = false\n");
    let ended = bench.hms(&["scorecard", &quickstart(), "--seeds", "1", "--stack", "off.toml"]);
    assert_eq!(ended.code, Some(7), "{}", ended.stderr);
    assert!(ended.stderr.contains("AS-S1"), "{}", ended.stderr);
    assert!(ended.stdout.contains("FAIL"), "{}", ended.stdout);
}

#[test]
fn a_scenario_that_is_not_there_is_a_wrong_input() {
    let bench = Bench::new();
    assert_eq!(bench.hms(&["scorecard", "nowhere.toml"]).code, Some(2));
}
