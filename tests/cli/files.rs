//! `hms check`, `hms schema`, `hms export`.

use super::{Bench, quickstart, repository};

#[test]
fn every_file_of_the_repository_is_right() {
    let bench = Bench::new();
    for folder in ["scenarios", "stacks", "campaigns"] {
        for entry in std::fs::read_dir(repository().join("experiments").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            // These need data that each user fetches; their message says how.
            let needs_data = text.contains("../results/") || text.contains("${HMS_DATASETS}");
            if path.extension().is_some_and(|ending| ending == "toml") && !needs_data {
                bench.hms(&["check", &path.display().to_string()]).ok();
            }
        }
    }
}

#[test]
fn all_broken_files_are_told_and_the_whole_ones_too() {
    let bench = Bench::new();
    bench.write("a.toml", "version = 1\n[cluster]\nnodes = 0\n");
    bench.write("b.toml", "version = 1\n[cluster]\nnodse = 3\n");
    let ended = bench.hms(&["check", "a.toml", &quickstart(), "b.toml"]);
    ended.fails(2, &["a.toml:3:9", "b.toml:3:1", "did you mean `nodes`?"]);
    assert!(ended.stdout.contains("scenario quickstart"), "{}", ended.stdout);
}

#[test]
fn the_default_stack_explains_every_parameter_and_is_read_back() {
    let bench = Bench::new();
    let text = bench.hms(&["schema", "stack", "--toml"]).ok().to_owned();
    assert!(text.contains("[supervisor]") && text.contains("# Time between two heartbeats"), "{text}");
    bench.write("stack.toml", &text);
    bench.hms(&["check", "stack.toml"]).ok();
}

#[test]
fn schemas_are_json_and_have_a_form_to_read() {
    let bench = Bench::new();
    for subject in ["scenario", "stack", "campaign"] {
        let schema = bench.hms(&["schema", subject]).json();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#", "{subject}");
        assert!(bench.hms(&["schema", subject, "--markdown"]).ok().contains('|'), "{subject}");
    }
    assert!(bench.hms(&["schema", "results"]).ok().contains("`trace_hash`"));
    bench.hms(&["schema", "--toml"]).fails(2, &["hms schema stack --toml"]);
}

#[test]
fn tables_are_exported_in_each_format() {
    let bench = Bench::new();
    bench.hms(&["run", &quickstart(), "--quiet", "--out", "a"]).ok();
    let csv = bench.hms(&["export", "a", "--table", "incidents"]).ok().to_owned();
    assert_eq!(csv.lines().count(), 7, "{csv}");
    assert!(csv.lines().next().unwrap().contains("run_id,"), "{csv}");
    let lines = bench.hms(&["export", "a", "--table", "incidents", "--format", "jsonl"]).ok().to_owned();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["kind"], "agent_crash");
    bench.hms(&["export", "a", "--table", "series", "--format", "parquet", "--out", "series.parquet"]).ok();
    assert_eq!(&std::fs::read(bench.path("series.parquet")).unwrap()[..4], b"PAR1");
}

#[test]
fn an_unknown_table_is_refused_with_those_that_exist() {
    Bench::new().hms(&["export", "a", "--table", "incident"]).fails(2, &["incidents", "series", "a similar value exists"]);
}

#[test]
fn a_damaged_table_is_not_exported() {
    let bench = Bench::new();
    bench.quick_run("a", &[]).ok();
    let mut bytes = std::fs::read(bench.path("a/series.parquet")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(bench.path("a/series.parquet"), bytes).unwrap();
    bench.hms(&["export", "a", "--table", "series"]).fails(1, &["series.parquet is not as it was written"]);
}
