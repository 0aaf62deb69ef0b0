//! `hms conformance`.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Bench, Ended};

const HOLDS: &str =
    r#"{"c":"breaker","init":{"preset":"gobreaker"},"steps":[{"at":0,"op":"fail","n":6},{"at":0,"op":"state","expect":"open"}]}"#;
const BREAKS: &str = r#"{"c":"suspicion","op":"remaining","n":0,"k":3,"elapsed_s":1,"min_s":2,"max_s":30,"expect":30}"#;
const UNREAD: &str = r#"{"c":"phi","steps":[{"at":0,"op":"hb"},{"at":1,"op":"beat"}]}"#;

fn piped(bench: &Bench, lines: &[&str]) -> Ended {
    let mut command = bench.command(&["conformance"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    Ended::from(child.wait_with_output().unwrap())
}

fn verdicts(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).expect("a verdict is a line of JSON")).collect()
}

#[test]
fn lines_that_hold_give_a_verdict_each_and_a_summary_on_stderr() {
    let ended = piped(&Bench::new(), &["# a comment", "", HOLDS, HOLDS]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(verdicts(&ended), [json!({"line": 3, "ok": true}), json!({"line": 4, "ok": true})]);
    assert!(ended.stderr.contains("2 lines: 2 hold, 0 do not, 0 cannot be read"), "{}", ended.stderr);
}

#[test]
fn a_line_that_does_not_hold_is_exit_code_1_with_both_values() {
    let ended = piped(&Bench::new(), &[HOLDS, BREAKS, HOLDS]);
    ended.fails(1, &["3 lines: 2 hold, 1 do not, 0 cannot be read"]);
    assert_eq!(verdicts(&ended)[1], json!({"line": 2, "ok": false, "expected": 30.0, "got": 29.0}));
}

#[test]
fn a_line_that_cannot_be_read_is_exit_code_2_with_its_place_and_the_rest_is_judged() {
    let ended = piped(&Bench::new(), &[UNREAD, "{", BREAKS, r#"{"c":"raft"}"#]);
    ended.fails(
        2,
        &[
            "line 1, steps[1].op: unknown operation `beat`",
            "line 2, column",
            "line 4, c: unknown component `raft`",
            "3 cannot be read",
        ],
    );
    let all = verdicts(&ended);
    assert_eq!((all.len(), &all[2]["got"]), (4, &json!(29.0)));
    assert!(all[0]["error"].as_str().unwrap().contains("steps[1].op"), "{}", all[0]);
}

#[test]
fn lines_are_read_from_a_file_too_and_a_missing_file_is_named() {
    let bench = Bench::new();
    bench.write("lines.jsonl", HOLDS);
    assert_eq!(bench.hms(&["conformance", "lines.jsonl"]).ok(), "{\"line\":1,\"ok\":true}\n");
    bench.hms(&["conformance", "none.jsonl"]).fails(2, &["cannot read none.jsonl"]);
}

#[test]
fn the_grammar_is_printed_and_its_lines_hold() {
    let bench = Bench::new();
    let grammar = bench.hms(&["conformance", "--grammar"]).ok().to_owned();
    for part in ["## `phi`", "## `suspicion`", "## `breaker`", "## `supervisor`", "## `anomaly`"] {
        assert!(grammar.contains(part), "no {part}");
    }
    let lines: Vec<&str> = grammar.lines().filter(|line| line.starts_with('{')).collect();
    bench.write("lines.jsonl", &lines.join("\n"));
    bench.hms(&["conformance", "lines.jsonl"]).ok();
}
