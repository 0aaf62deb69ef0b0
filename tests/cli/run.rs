//! `hms run`.

use super::{Bench, quickstart};

#[test]
fn the_quickstart_shows_its_incidents_and_figures() {
    let bench = Bench::new();
    let ended = bench.hms(&["run", &quickstart()]);
    let text = ended.ok();
    for part in ["quickstart  seed 1", "partition", "agents ready", "requests answered", "noticed p99"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    assert!(bench.path("results/quickstart-1/manifest.json").is_file());
    assert!(ended.stderr.contains("hms replay results/quickstart-1"), "{}", ended.stderr);
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let bench = Bench::new();
    let scenario = quickstart();
    let hash = |out: &str, seed: &str, threads: &str| {
        let mut command = bench.command(&["run", &scenario, "--json", "--seed", seed, "--out", out]);
        let ended = super::Ended::from(command.env("RAYON_NUM_THREADS", threads).output().unwrap());
        ended.json()["trace_hash"].as_str().unwrap().to_owned()
    };
    let first = hash("a", "7", "1");
    assert_eq!(first, hash("b", "7", "2"));
    assert_ne!(first, hash("c", "8", "1"));
    let table = |out: &str| std::fs::read(bench.path(out).join("incidents.parquet")).unwrap();
    assert_eq!(table("a"), table("b"), "tables of equal runs are equal, byte for byte");
}

#[test]
fn json_has_what_is_documented() {
    let bench = Bench::new();
    let report = bench.hms(&["run", &quickstart(), "--json", "--seed", "3", "--out", "a"]).json();
    assert_eq!((&report["seed"], &report["incidents"], &report["out"]), (&3.into(), &6.into(), &"a".into()));
    assert_eq!(report["trace_hash"].as_str().unwrap().len(), 16);
    let availability = &report["objectives"]["availability"];
    assert_eq!(availability["unit"], "ratio");
    assert!(availability["value"].as_f64().unwrap() > 0.9, "{availability}");
    for name in ["events", "simulated_seconds", "wall_seconds"] {
        assert!(report[name].as_f64().unwrap() > 0.0, "{name}");
    }
}

#[test]
fn an_objective_without_anything_to_measure_is_null() {
    let bench = Bench::new();
    let report = bench.quick_run("a", &["--json"]).json();
    assert_eq!(report["objectives"]["detection_p50"], serde_json::json!({ "value": null, "unit": "s" }));
}

#[test]
fn quiet_leaves_stderr_empty() {
    assert_eq!(Bench::new().quick_run("a", &["--quiet"]).stderr, "");
}

#[test]
fn a_pipe_gets_neither_colours_nor_a_bar() {
    let ended = Bench::new().quick_run("a", &[]);
    for text in [ended.ok(), &ended.stderr] {
        assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text:?}");
    }
}

#[test]
fn a_value_can_be_set_and_is_stored_with_the_results() {
    let bench = Bench::new();
    let report = bench.quick_run("a", &["--set", "cluster.nodes=12", "--json"]).json();
    assert_eq!(report["simulated_seconds"], 60.0);
    let stored = std::fs::read_to_string(bench.path("a/scenario.toml")).unwrap();
    assert!(stored.contains("nodes = 12"), "{stored}");
}

#[test]
fn an_unknown_key_is_refused_with_place_and_nearest_name() {
    let ended = Bench::new().hms(&["run", &quickstart(), "--set", "run.duratoin=5s"]);
    ended.fails(2, &["unknown key `duratoin`", "quickstart.toml:", "did you mean `duration`?"]);
    assert_eq!(ended.stdout, "");
}

#[test]
fn an_override_without_a_value_is_refused_with_an_example() {
    Bench::new().hms(&["run", "x.toml", "--set", "run.duration"]).fails(2, &["PATH=VALUE", "run.duration=10min"]);
}

#[test]
fn a_missing_file_is_named() {
    let bench = Bench::new();
    bench.hms(&["run", "nowhere.toml"]).fails(2, &["cannot read nowhere.toml"]);
    bench.hms(&["run", &quickstart(), "--stack", "none.toml"]).fails(2, &["cannot read none.toml"]);
}

#[test]
fn a_broken_stack_file_is_shown_with_its_place() {
    let bench = Bench::new();
    bench.write("stack.toml", "[health]\nheartbeet = \"1s\"\n");
    bench.hms(&["run", &quickstart(), "--stack", "stack.toml"]).fails(2, &["stack.toml:2:1", "did you mean `heartbeat`?"]);
}

#[test]
fn results_of_another_run_are_replaced_only_by_force() {
    let bench = Bench::new();
    bench.quick_run("a", &[]).ok();
    bench.quick_run("a", &[]).ok();
    bench.quick_run("a", &["--seed", "2"]).fails(2, &["another run", "--out", "--force"]);
    bench.quick_run("a", &["--seed", "2", "--force"]).ok();
    let manifest = std::fs::read_to_string(bench.path("a/manifest.json")).unwrap();
    assert!(manifest.contains("\"seed\": 2"), "{manifest}");
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("mine")).unwrap();
    bench.write("mine/thesis.txt", "years of work");
    bench.quick_run("mine", &["--force"]).fails(2, &["mine", "holds no results", "--out"]);
    assert_eq!(std::fs::read_to_string(bench.path("mine/thesis.txt")).unwrap(), "years of work");
}

#[test]
fn a_spent_budget_of_events_or_memory_fails_and_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.quick_run("a", &["--set", "run.events_max=10000"]).fails(1, &["event limit reached", "--set run.events_max=100000"]);
    bench.quick_run("a", &["--set", "run.pending_max=10"]).fails(1, &["pending limit reached", "--set run.pending_max=100"]);
    assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 0);
}
