//! `hms sweep` as a process: killed, interrupted, resumed.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::bench::{Bench, json};

/// Long enough to be killed in the middle, short enough for a test.
const CAMPAIGN: &str = r#"version = 1
name = "small"
scenario = "small.toml"
replicates = 20

[axes]
"stack.health.timeout" = ["250ms", "500ms", "1s"]
"stack.health.heartbeat" = ["50ms", "100ms"]
"#;

const SCENARIO: &str = r#"version = 1
name = "small"
[run]
duration = "60s"
[cluster]
zones = 3
nodes = 6
[[service]]
name = "api"
replicas = 4
[[load]]
name = "users"
service = "api"
arrivals = "100/s"
timeout = "500ms"
[[fault]]
kind = "crash"
at = "20s"
for = "5s"
target = { node = 1 }
"#;

fn bench() -> Bench {
    Bench::new("sweep", SCENARIO, CAMPAIGN)
}

fn tables(folder: &Path) -> Vec<Vec<u8>> {
    ["runs.parquet", "incidents.parquet", "configurations.parquet"].map(|name| fs::read(folder.join(name)).unwrap()).into()
}

#[test]
fn a_campaign_that_was_killed_goes_on_and_ends_with_the_same_bytes() {
    let bench = bench();
    let mut child = bench.started("killed", "shards/000001");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!bench.path("killed/runs.parquet").exists() && !bench.path("killed/manifest.json").exists());
    let resumed = bench.run(&["--out", "killed", "--json"]);
    assert!(String::from_utf8_lossy(&resumed.stderr).contains("are there already"), "it began anew");
    let straight = bench.run(&["--out", "straight", "--json", "--jobs", "2"]);
    assert_eq!(json(&resumed)["results_hash"], json(&straight)["results_hash"]);
    assert_eq!(tables(&bench.path("killed")), tables(&bench.path("straight")));
}

#[cfg(unix)]
#[test]
fn an_interrupt_commits_what_is_finished_and_ends_with_130() {
    let bench = bench();
    let child = bench.started("out", "shards/000001");
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(told.contains("the same command goes on"), "{told}");
    assert_eq!(json(&bench.run(&["--out", "out", "--json"]))["missing"], 0);
}

#[test]
fn a_dry_run_shows_the_runs_and_leaves_nothing_behind() {
    let bench = bench();
    let shown = bench.run(&["--dry-run", "--limit", "3"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.status.success() && text.contains("6 configurations × 20 replicates = 120 runs"), "{text}");
    let plan = json(&bench.run(&["--dry-run", "--json"]));
    assert_eq!(plan["plan"].as_array().unwrap().len(), 120);
    assert!(!bench.path("results").exists());
}

#[test]
fn some_runs_or_one_of_them_can_be_made() {
    let bench = bench();
    let some = bench.run(&["--limit", "4", "--quiet", "--json"]);
    assert_eq!(some.status.code(), Some(5));
    let found: Value = serde_json::from_slice(&some.stdout).unwrap();
    assert_eq!((&found["measured"], &found["missing"], &found["results_hash"]), (&4.into(), &116.into(), &Value::Null));
    let plan = json(&bench.run(&["--dry-run", "--json"]));
    let id = plan["plan"][50]["run"].as_str().unwrap();
    let one = bench.run(&["--only", &id[..10], "--keep", "one"]);
    assert_eq!(one.status.code(), Some(0), "{}", String::from_utf8_lossy(&one.stderr));
    let text = String::from_utf8_lossy(&one.stdout).into_owned();
    assert!(text.contains(id) && text.contains("availability"), "{text}");
    let replayed = Command::new(env!("CARGO_BIN_EXE_hms")).args(["replay"]).arg(bench.path("one")).output().unwrap();
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
    assert_eq!(bench.run(&["--only", "zz"]).status.code(), Some(2));
}

#[test]
fn failed_trials_are_listed_and_end_with_100() {
    let bench = bench();
    let starved = CAMPAIGN.replace("replicates = 20", "replicates = 2\n[set]\n\"scenario.run.events_max\" = 10000");
    fs::write(bench.path("campaign.toml"), starved).unwrap();
    let ended = bench.run(&["--out", "out"]);
    assert_eq!(ended.status.code(), Some(100));
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(text.contains("12 failed:") && text.contains("event limit reached"), "{text}");
}

#[test]
fn a_changed_campaign_is_refused_and_begun_anew_beside_it() {
    let bench = bench();
    assert_eq!(bench.run(&["--limit", "1", "--quiet"]).status.code(), Some(5));
    fs::write(bench.path("campaign.toml"), CAMPAIGN.replace("\"250ms\"", "\"300ms\"")).unwrap();
    let refused = bench.run(&[]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2));
    assert!(told.contains("campaign.toml has changed") && told.contains("--fresh --out results/small-2"), "{told}");
    assert_eq!(bench.run(&["--fresh", "--limit", "1", "--quiet"]).status.code(), Some(5));
    assert!(bench.path("results/small-2/campaign.json").exists());
}

#[test]
fn a_pipe_gets_no_bar_and_no_colours() {
    let bench = bench();
    let small = CAMPAIGN.replace("replicates = 20", "replicates = 2");
    fs::write(bench.path("campaign.toml"), small).unwrap();
    let ended = bench.run(&[]);
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    for stream in [&ended.stdout, &ended.stderr] {
        assert!(!stream.contains(&0x1b) && !stream.contains(&b'\r'));
    }
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(text.contains("* best by availability") && text.contains("health.timeout"), "{text}");
}
