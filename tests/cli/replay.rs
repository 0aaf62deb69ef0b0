//! `hms replay`.

use super::Bench;

#[test]
fn an_untouched_folder_is_exact() {
    let bench = Bench::new();
    let hash = bench.quick_run("a", &["--json"]).json()["trace_hash"].clone();
    assert!(bench.hms(&["replay", "a"]).ok().starts_with("exact"));
    let report = bench.hms(&["replay", "a", "--json"]).json();
    assert_eq!((&report["exact"], &report["rerun_hash"]), (&true.into(), &hash));
}

#[test]
fn one_changed_byte_of_the_scenario_is_found_with_line_and_first_event() {
    let bench = Bench::new();
    bench.quick_run("a", &[]).ok();
    let text = std::fs::read_to_string(bench.path("a/scenario.toml")).unwrap();
    let changed = text.replacen("arrivals = \"300/s\"", "arrivals = \"301/s\"", 1);
    assert_ne!(text, changed, "the quickstart's load has another rate now");
    bench.write("a/scenario.toml", &changed);
    let ended = bench.hms(&["replay", "a"]);
    ended.fails(1, &["a is not reproduced"]);
    for part in ["scenario.toml was changed, first in line", "301/s", "the runs part in event"] {
        assert!(ended.stdout.contains(part), "no `{part}` in:\n{}", ended.stdout);
    }
}

#[test]
fn a_changed_comment_is_told_though_the_run_is_the_same() {
    let bench = Bench::new();
    bench.quick_run("a", &[]).ok();
    let text = std::fs::read_to_string(bench.path("a/scenario.toml")).unwrap();
    bench.write("a/scenario.toml", &format!("{text}# a note\n"));
    bench.hms(&["replay", "a"]).fails(1, &["a was changed", "comes out the same"]);
}

#[test]
fn a_folder_that_was_cut_off_is_not_read() {
    let bench = Bench::new();
    bench.quick_run("a", &[]).ok();
    std::fs::remove_file(bench.path("a/manifest.json")).unwrap();
    bench.hms(&["replay", "a"]).fails(2, &["a has no manifest.json", "cut off"]);
    bench.hms(&["replay", "b"]).fails(2, &["there is no folder b"]);
}
