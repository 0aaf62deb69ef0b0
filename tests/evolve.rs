//! `hms evolve` as a process: wrong input, killed, interrupted, resumed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::bench::{Bench, json};

const CAMPAIGN: &str = r#"version = 1
name = "small"
scenarios = ["small.toml"]
genes = ["health", "retry"]
objectives = ["availability", "detection_p99"]
presets = []

[search]
population = 6
generations = 6
window = 2

[seeds]
most = 3
validation = 2
held_out = 3
"#;

const SCENARIO: &str = r#"version = 1
name = "small"
[run]
duration = "30s"
warmup = "5s"
[cluster]
nodes = 4
[[service]]
name = "api"
replicas = 3
[[load]]
name = "users"
service = "api"
arrivals = "60/s"
timeout = "500ms"
[[fault]]
kind = "crash"
at = "10s"
for = "5s"
target = { node = 1 }
"#;

fn bench() -> Bench {
    Bench::new("evolve", SCENARIO, CAMPAIGN)
}

#[track_caller]
fn fails(output: &Output, code: i32, parts: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    for part in parts {
        assert!(told.contains(part), "no `{part}` in:\n{told}");
    }
}

#[test]
fn a_search_that_was_killed_or_interrupted_goes_on_and_ends_with_the_same_bytes() {
    let bench = bench();
    let mut child = bench.started("out", "checkpoint.bin");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!bench.path("out/history.parquet").exists());
    fails(&bench.run(&["--out", "out"]), 2, &["holds a search already", "--resume", "--fresh"]);
    let resumed = json(&bench.run(&["--out", "out", "--resume", "--json"]));
    let straight = json(&bench.run(&["--out", "straight", "--json", "--jobs", "2"]));
    assert_eq!(resumed["hash"], straight["hash"]);
    let bytes =
        |name: &str| (fs::read(bench.path("out").join(name)).unwrap(), fs::read(bench.path("straight").join(name)).unwrap());
    for name in ["history.parquet", "generations.parquet", "front.parquet", "report.md", "best/knee.toml"] {
        let (first, second) = bytes(name);
        assert!(first == second, "{name} differs");
    }
    assert_eq!(straight["generations"], 6);
    let stack = straight["chosen"][0]["file"].as_str().unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_hms"));
    let run = run.current_dir(bench.folder.path()).args(["run", "small.toml", "--stack", stack, "--json", "--out", "best"]);
    json(&run.output().unwrap());
    // A damaged state is refused with its place.
    fs::write(bench.path("out/checkpoint.bin"), "hms-evolve, but not really").unwrap();
    fails(&bench.run(&["--out", "out", "--resume"]), 1, &["checkpoint.bin: the checkpoint", "--fresh"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_was_found_and_ends_with_130() {
    let bench = bench();
    let child = bench.started("out", "checkpoint.bin");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    fails(&ended, 130, &["interrupted", "--resume goes on"]);
    assert_eq!(json(&bench.run(&["--out", "out", "--resume", "--json"]))["ended"], "generations");
}

#[test]
fn what_would_be_searched_is_shown_and_what_is_wrong_is_refused() {
    let bench = bench();
    let shown = bench.run(&["--dry-run", "--json"]);
    let genes = json(&shown)["genes"].as_array().unwrap().len();
    assert!(genes > 20, "{genes}");
    let text = String::from_utf8(bench.run(&["--dry-run"]).stdout).unwrap();
    assert!(text.contains("health.heartbeat") && text.contains("0.01 to 1 s"), "{text}");
    fails(&bench.run(&["--out", "nothing", "--resume"]), 2, &["holds no search to go on with"]);
    for (from, to, part) in [
        ("\"retry\"", "\"retri\"", "did you mean `retry`?"),
        ("\"availability\"", "\"availabilty\"", "did you mean `availability`?"),
        ("presets", "constraints = [\"availability >= 2\"]\npresets", "can never hold"),
        ("[search]", "[ranges]\n\"retry.attempts\" = { low = 5, high = 2 }\n[search]", "is empty"),
        ("[search]", "[cost]\navailability = nan\n[search]", "a finite number above 0"),
    ] {
        fs::write(bench.path("campaign.toml"), CAMPAIGN.replacen(from, to, 1)).unwrap();
        fails(&bench.run(&[]), 2, &[part, "campaign.toml:"]);
    }
    fs::write(bench.path("campaign.toml"), CAMPAIGN).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_hms"));
    let checked = check.current_dir(bench.folder.path()).args(["check", "campaign.toml"]).output().unwrap();
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(told.contains("campaign of evolution small: ") && told.contains(&format!("{genes} genes")), "{told}");
}

#[test]
fn a_winner_that_breaks_a_constraint_on_held_out_seeds_is_told_so() {
    let bench = bench();
    let strict = CAMPAIGN
        .replace("presets = []", "constraints = [\"detection_p99 <= 1us\"]\npresets = []")
        .replace("generations = 6", "generations = 1");
    fs::write(bench.path("campaign.toml"), strict).unwrap();
    let ended = bench.run(&["--out", "out"]);
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(told.contains("breaks a constraint on the held-out seeds: `detection_p99 <= 1us` missed by"), "{told}");
}

#[test]
fn a_search_in_which_everything_fails_is_a_failure_and_a_pilot_of_it_is_refused() {
    let bench = bench();
    let narrow = CAMPAIGN
        .replace("presets = []", "presets = []\n[set]\n\"run.events_max\" = 1000")
        .replace("generations = 6", "generations = 1");
    fs::write(bench.path("campaign.toml"), narrow).unwrap();
    fails(&bench.run(&["--out", "out"]), 1, &["small: nothing was chosen", "1000 events"]);
    assert!(bench.path("out/report.md").exists(), "what was tried is kept");
    fails(&bench.run(&["--pilot"]), 2, &["campaign.toml: the base fails on the seeds of the pilot", "run.events_max"]);
}

#[test]
fn what_runs_no_search_takes_no_folder() {
    let bench = bench();
    for only in ["--dry-run", "--pilot"] {
        for other in [&["--out", "out"][..], &["--resume"], &["--fresh"], &["--baselines"]] {
            fails(&bench.run(&[&[only][..], other].concat()), 2, &["cannot be used with", only]);
        }
    }
}

#[test]
fn a_pilot_says_what_a_campaign_costs_and_can_prove() {
    let bench = bench();
    let found = json(&bench.run(&["--pilot", "--json"]));
    let advice = found["advice"].as_array().unwrap();
    assert_eq!(advice.len(), 2);
    assert!(found["trial_seconds"].as_f64().unwrap() > 0.0 && found["planned_trials"][0].as_u64().unwrap() > 0);
    assert!(!bench.path("results").exists(), "a pilot writes nothing");
}

#[test]
fn the_campaigns_of_the_repository_are_right() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("experiments/campaigns");
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let checked = Command::new(env!("CARGO_BIN_EXE_hms")).arg("check").args(&files).output().unwrap();
    let told = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    assert_eq!(told.matches("campaign of evolution").count(), 5, "{told}");
}
