//! `hms presets`.

use serde_json::Value;

use super::{Bench, Ended, quickstart};

/// A stack that cannot be good: heartbeats so rare that a crash is found after ten minutes.
const BLIND: &str = "[health]\ndetector = \"timeout\"\nheartbeat = \"5min\"\ntimeout = \"10min\"\n";

fn race(bench: &Bench, more: &[&str]) -> Ended {
    let scenario = quickstart();
    bench.hms(&[&["presets", &scenario, "--set", "run.duration=60s", "--set", "fault=[]"], more].concat())
}

#[test]
fn presets_are_ranked_beside_the_default_and_the_stack_switched_off() {
    let bench = Bench::new();
    bench.write("blind.toml", BLIND);
    let report = race(&bench, &["--stack", "blind.toml", "--seeds", "3", "--json", "--quiet"]).json();
    let presets = report["presets"].as_array().unwrap();
    let mut names: Vec<&str> = presets.iter().map(|preset| preset["name"].as_str().unwrap()).collect();
    let means: Vec<f64> = presets.iter().map(|preset| preset["objectives"]["availability"]["mean"].as_f64().unwrap()).collect();
    assert!(means.is_sorted_by(|one, other| one >= other), "{means:?}");
    names.sort_unstable();
    assert_eq!((names, &report["objective"]), (vec!["blind", "default", "off"], &Value::from("availability")));
    assert_eq!((&report["seeds"], &report["default"]), (&serde_json::json!([1, 2, 3]), &Value::from("default")));
    let named = |name: &str| presets.iter().find(|preset| preset["name"] == name).unwrap();
    assert_eq!((&named("default")["file"], &named("blind")["file"]), (&Value::Null, &Value::from("blind.toml")));
    assert_eq!(named("default")["hurts"], serde_json::json!([]));
    assert_eq!(named("default")["objectives"]["goodput"]["difference"], Value::Null);
    let goodput = &named("off")["objectives"]["goodput"];
    let number = |key: &str| goodput[key].as_f64().unwrap();
    assert!(number("difference_low") <= number("difference") && number("difference") <= number("difference_high"), "{goodput}");
}

#[test]
fn the_table_says_which_default_will_hurt_and_is_the_same_on_any_number_of_threads() {
    let bench = Bench::new();
    bench.write("blind.toml", BLIND);
    let table = |jobs: &str| {
        // Two presets and five objectives are ten questions: nine seeds can show something.
        let few = ["--set", "load.customers.arrivals=10/s", "--seeds", "9"];
        let ended =
            bench.hms(&[&["presets", &quickstart(), "--stack", "blind.toml", "--quiet", "--jobs", jobs], &few[..]].concat());
        assert_eq!(ended.stderr, "");
        // The first line has the wall time.
        ended.ok().lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let one = table("1");
    assert_eq!(one, table("2"));
    let text = one.join("\n");
    for part in ["which default will hurt me?", "Δ availability", "(measured by this)", "blind"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    let off = one.iter().find(|line| line.contains("  off  ")).unwrap_or_else(|| panic!("{text}"));
    // Nobody restarts what has crashed.
    assert!(off.contains("recovery_p95 +"), "{text}");
}

#[test]
fn rows_are_given_as_csv() {
    let bench = Bench::new();
    bench.write("blind.toml", BLIND);
    let text = race(&bench, &["--stack", "blind.toml", "--seeds", "2", "--csv", "--objective", "recovery_p95"]).ok().to_owned();
    let columns = text.lines().next().unwrap().split(',').count();
    assert!(columns == 13 && text.lines().all(|line| line.split(',').count() == columns), "{text}");
    assert!(text.contains(",availability,ratio,2,"), "{text}");
}

#[test]
fn the_presets_of_the_repository_are_found_from_the_scenario() {
    let ended = Bench::new().hms(&[
        "presets",
        &quickstart(),
        "--set",
        "run.duration=5s",
        "--set",
        "run.warmup=1s",
        "--set",
        "fault=[]",
        "--seeds",
        "1",
    ]);
    let text = ended.ok();
    for part in ["resilience4j", "memberlist-lan", "otp", "envoy", "raise --seeds"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn what_cannot_be_run_is_told_with_the_fix() {
    let bench = Bench::new();
    race(&bench, &["--objective", "uptime"]).fails(2, &["no objective is called `uptime`", "availability", "recovery_p95"]);
    std::fs::create_dir(bench.path("empty")).unwrap();
    race(&bench, &["--stacks", "empty"]).fails(2, &["empty holds no stack files", "--stack FILE"]);
    race(&bench, &["--stacks", "nowhere"]).fails(2, &["cannot read nowhere"]);
    bench.write("bad.toml", "[health]\nheartbeet = \"1s\"\n");
    race(&bench, &["--stack", "bad.toml"]).fails(2, &["bad.toml:2:1", "did you mean `heartbeat`?"]);
    bench.hms(&["presets", "nowhere.toml"]).fails(2, &["cannot read nowhere.toml"]);
    race(&bench, &["--seeds", "0"]).fails(2, &["--seeds"]);
    bench.write("mine.toml", &std::fs::read_to_string(quickstart()).unwrap());
    bench.hms(&["presets", "mine.toml"]).fails(2, &["no folder above mine.toml", "--stacks DIR"]);
}

#[test]
fn runs_that_fail_are_told_with_preset_and_seed() {
    let bench = Bench::new();
    bench.write("blind.toml", BLIND);
    race(&bench, &["--stack", "blind.toml", "--seeds", "1", "--set", "run.events_max=10000"])
        .fails(100, &["runs failed", "on seed 1: event limit"]);
}
