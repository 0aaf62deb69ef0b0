use super::*;

/// What other projects document of themselves.
const EXAMPLES: &str = include_str!("examples.jsonl");

fn grammar_lines() -> impl Iterator<Item = &'static str> {
    GRAMMAR.lines().filter(|line| line.starts_with("{\"c\":"))
}

fn example_lines() -> impl Iterator<Item = &'static str> {
    EXAMPLES.lines().filter(|line| !line.starts_with('#'))
}

#[track_caller]
fn broken(line: &str, step: impl Into<Option<usize>>, expected: Value, got: Value) {
    assert_eq!(judge(line), Ok(Verdict::Broken(Difference { step: step.into(), expected, got })), "{line}");
}

#[track_caller]
fn unreadable(line: &str, place: &str, part: &str) {
    let error = judge(line).expect_err(line);
    assert!(error.place == place && error.message.contains(part), "{line}\n{error:?}");
}

#[test]
fn every_line_of_the_grammar_and_of_the_examples_holds() {
    let lines: Vec<_> = grammar_lines().chain(example_lines()).collect();
    assert!(grammar_lines().count() >= 18 && example_lines().count() >= 40, "{}", lines.len());
    let told: Vec<_> =
        lines.iter().map(|line| (judge(line), line)).filter(|(verdict, _)| *verdict != Ok(Verdict::Holds)).collect();
    assert!(told.is_empty(), "{told:#?}");
}

/// A line that holds must not hold when its last expectation is changed: nothing is passed over.
#[test]
fn every_line_breaks_when_its_last_expectation_is_another() {
    for line in grammar_lines().chain(example_lines()) {
        let mut value: Value = serde_json::from_str(line).unwrap();
        let steps = value.get("steps").and_then(Value::as_array).map(Vec::len);
        let last = match steps {
            Some(count) => value["steps"][count - 1].get_mut("expect"),
            None => value.get_mut("expect"),
        };
        let expect = last.unwrap_or_else(|| panic!("{line} ends without an expectation"));
        spoil(expect);
        let verdict = judge(&value.to_string());
        assert!(matches!(verdict, Ok(Verdict::Broken(_))), "{value}\n{verdict:?}");
    }
}

fn spoil(expect: &mut Value) {
    *expect = match expect.take() {
        Value::Bool(yes) => Value::Bool(!yes),
        Value::Number(number) => {
            json!(number.as_u64().map_or_else(|| json!(number.as_f64().unwrap() + 1.0), |count| json!(count + 1)))
        }
        Value::String(text) => Value::String(if text == "running" { "gave_up" } else { "running" }.to_owned()),
        Value::Array(list) if list.is_empty() => json!(["a"]),
        Value::Array(mut list) => {
            list.pop();
            Value::Array(list)
        }
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, json!(value.as_f64().unwrap() as u64 + 1))).collect())
        }
        Value::Null => panic!("null is no expectation"),
    };
}

#[test]
fn a_phi_line_that_does_not_hold_names_the_step_and_both_values() {
    let line = r#"{"c":"phi","init":{"pause_ms":0,"first_ms":1000,"min_std_ms":100},"steps":[{"at":0,"op":"hb"},{"at":60000,"op":"available","expect":true}]}"#;
    broken(line, 1, json!(true), json!(false));
    broken(r#"{"c":"phi","steps":[{"op":"phi","expect":1}]}"#, 0, json!(1.0), json!(0.0));
}

#[test]
fn phi_of_a_line_is_that_of_the_detector_and_reaches_the_threshold_where_it_convicts() {
    let line = |op: &str| {
        format!(
            r#"{{"c":"phi","init":{{"pause_ms":0,"first_ms":1000,"min_std_ms":100,"window":2}},"steps":[{{"at":0,"op":"hb"}},{{"at":1000,"op":"hb"}},{{"at":2000,"op":"hb"}},{op}]}}"#
        )
    };
    let available =
        |at: f64| judge(&line(&format!(r#"{{"at":{at},"op":"available","expect":true}}"#))).unwrap() == Verdict::Holds;
    let (mut early, mut late) = (3000.0, 4000.0);
    assert!(available(early) && !available(late));
    while late - early > 1e-6 {
        let middle = (early + late) / 2.0;
        if available(middle) { early = middle } else { late = middle }
    }
    let at_threshold = line(&format!(r#"{{"at":{late},"op":"phi","expect":8,"tol":1e-4}}"#));
    assert_eq!(judge(&at_threshold), Ok(Verdict::Holds));
}

#[test]
fn a_suspicion_line_that_does_not_hold_tells_both_values() {
    let line = r#"{"c":"suspicion","op":"remaining","n":0,"k":3,"elapsed_s":1,"min_s":2,"max_s":30,"expect":30}"#;
    broken(line, None, json!(30.0), json!(29.0));
    let line = r#"{"c":"suspicion","steps":[{"op":"awareness","deltas":[1],"expect":1},{"op":"awareness","deltas":[1],"expect":{"health":1,"timeout_s":1}}]}"#;
    broken(line, 1, json!({"health": 1, "timeout_s": 1}), json!({"health": 1.0, "timeout_s": 2.0}));
}

#[test]
fn a_suspicion_that_is_over_has_nothing_left_and_a_negative_time_is_compared_as_such() {
    let over = |expect: &str| {
        judge(&format!(
            r#"{{"c":"suspicion","op":"remaining","n":3,"k":3,"elapsed_s":9,"min_s":2,"max_s":30,"expect":{expect}}}"#
        ))
        .unwrap()
    };
    assert_eq!([over("0"), over("-7")], [Verdict::Holds, Verdict::Holds]);
    assert_ne!(over("-6"), Verdict::Holds);
}

#[test]
fn a_breaker_line_that_does_not_hold_names_the_step_and_both_values() {
    let line = r#"{"c":"breaker","init":{"preset":"gobreaker"},"steps":[{"op":"fail","n":5},{"op":"state","expect":"open"}]}"#;
    broken(line, 1, json!("open"), json!("closed"));
    let line = r#"{"c":"breaker","init":{"consecutive":2,"open_ms":10},"steps":[{"op":"fail","n":5,"permitted":5}]}"#;
    broken(line, 0, json!(5), json!(2));
}

#[test]
fn a_supervisor_line_that_does_not_hold_names_the_step_and_both_values() {
    let line =
        r#"{"c":"supervisor","init":{"children":["a","b"]},"steps":[{"op":"exit","id":"a"},{"op":"alive","expect":["b"]}]}"#;
    broken(line, 1, json!(["b"]), json!(["a", "b"]));
    let line =
        r#"{"c":"supervisor","init":{"children":["a","b"]},"steps":[{"op":"exit","id":"a"},{"op":"order","expect":["stop b"]}]}"#;
    broken(line, 1, json!(["stop b"]), json!(["start a"]));
    let line =
        r#"{"c":"supervisor","init":{"children":["a","b"]},"steps":[{"op":"exit","id":"a"},{"op":"restarts","expect":{"a":0}}]}"#;
    broken(line, 1, json!({"a": 0}), json!({"a": 1}));
}

#[test]
fn an_order_is_told_once_and_also_of_the_last_step_alone() {
    let line = |last: &str| {
        format!(
            r#"{{"c":"supervisor","init":{{"intensity":9,"children":["a","b"]}},"steps":[{{"op":"exit","id":"a"}},{{"op":"exit","id":"b"}},{{"op":"order","expect":{last}}},{{"op":"order","expect":[]}}]}}"#
        )
    };
    for holds in [r#"["start a","start b"]"#, r#"["start b"]"#, r#"[["start","b"]]"#, r#"[{"start":"b"}]"#] {
        assert_eq!(judge(&line(holds)), Ok(Verdict::Holds), "{holds}");
    }
    broken(&line(r#"["start a"]"#), 2, json!(["start a"]), json!(["start a", "start b"]));
}

#[test]
fn an_anomaly_line_that_does_not_hold_tells_what_was_reached() {
    let line = r#"{"c":"anomaly","init":{"method":"cusum"},"every_ms":1,"points":[1,1,1],"windows":[[0,1],[2,3]],"expect":{"recall":0.5,"score":0.1}}"#;
    broken(line, None, json!({"recall": 0.5, "score": 0.1}), json!({"recall": 0.0, "score": 0.0}));
}

#[test]
fn a_line_that_cannot_be_read_is_an_error_with_its_place() {
    for (line, place, part) in [
        ("{", "column 1", "not JSON"),
        ("[]", "line", "expected an object"),
        ("{}", "c", "phi, suspicion, breaker, supervisor, anomaly"),
        (r#"{"c":"raft","script":[]}"#, "c", "unknown component `raft`: one of phi, suspicion, breaker, supervisor, anomaly"),
        (r#"{"c":7}"#, "c", "found 7"),
        (r#"{"c":"phi"}"#, "steps", "missing"),
        (r#"{"c":"phi","steps":{}}"#, "steps", "expected a list"),
        (r#"{"c":"phi","steps":[],"stpes":[]}"#, "stpes", "unknown key"),
        (r#"{"c":"phi","init":{"treshold":8},"steps":[]}"#, "init.treshold", "unknown field `treshold`"),
        (r#"{"c":"phi","init":{"threshold":"8"},"steps":[]}"#, "init.threshold", "invalid type"),
        (r#"{"c":"phi","init":{"threshold":0},"steps":[]}"#, "init", "health.threshold = 0 is out of its range, 0.1 to 100"),
        (r#"{"c":"phi","steps":[{"at":0,"op":"hb"},{"at":1,"op":"beat"}]}"#, "steps[1].op", "unknown operation `beat`"),
        (r#"{"c":"phi","steps":[{"at":0}]}"#, "steps[0].op", "missing"),
        (r#"{"c":"phi","steps":[7]}"#, "steps[0]", "expected an object"),
        (r#"{"c":"phi","steps":[{"at":5,"op":"hb"},{"at":4,"op":"hb"}]}"#, "steps[1].at", "before the step before it"),
        (r#"{"c":"phi","steps":[{"at":-1,"op":"hb"}]}"#, "steps[0].at", "no span of time"),
        (r#"{"c":"phi","steps":[{"op":"available"}]}"#, "steps[0]", "missing field `expect`"),
        (r#"{"c":"phi","steps":[{"op":"available","expect":1}]}"#, "steps[0].expect", "invalid type"),
        (r#"{"c":"phi","steps":[{"op":"hb","extra":1}]}"#, "steps[0].extra", "unknown field"),
        (r#"{"c":"suspicion","op":"remining"}"#, "op", "unknown operation `remining`"),
        (r#"{"c":"suspicion","op":"remaining","n":0,"k":3,"min_s":2,"max_s":30,"expect":3}"#, "elapsed_s", "missing"),
        (
            r#"{"c":"suspicion","op":"remaining","n":-1,"k":3,"elapsed_s":0,"min_s":2,"max_s":30,"expect":3}"#,
            "n",
            "invalid value",
        ),
        (r#"{"c":"suspicion","op":"remaining","n":0,"k":3,"elapsed_s":0,"min_s":3,"max_s":2,"expect":3}"#, "max_s", "shorter"),
        (r#"{"c":"suspicion","steps":[{"op":"awareness","deltas":[],"expect":"well"}]}"#, "steps[0].expect", "expected a health"),
        (r#"{"c":"suspicion","steps":[{"op":"awareness","deltas":[],"max":0,"expect":0}]}"#, "steps[0].max", "at least one"),
        (
            r#"{"c":"breaker","init":{"preset":"histrix"},"steps":[]}"#,
            "init.preset",
            "unknown preset `histrix`: one of hms, resilience4j",
        ),
        (r#"{"c":"breaker","init":{"failure_ratio":2},"steps":[]}"#, "init", "breaker.failure_ratio = 2 is out of its range"),
        (r#"{"c":"breaker","init":{"window":{"seconds":2}},"steps":[]}"#, "init.window", "expected a number of calls"),
        (r#"{"c":"breaker","init":{"window":2,"window_ms":3},"steps":[]}"#, "init", "state one of"),
        (r#"{"c":"breaker","init":{"open_ms":100,"open_max_ms":50},"steps":[]}"#, "init", "must be at least breaker.open"),
        (
            r#"{"c":"breaker","init":{"failure_ratio":0.5,"failure_percent":50},"steps":[]}"#,
            "init.failure_percent",
            "says the same",
        ),
        (r#"{"c":"breaker","steps":[{"op":"end","id":1,"outcome":"ok"}]}"#, "steps[0].id", "no call `1` is under way"),
        (r#"{"c":"breaker","steps":[{"op":"begin","id":1},{"op":"begin","id":1}]}"#, "steps[1].id", "under way already"),
        (
            r#"{"c":"breaker","steps":[{"op":"begin","id":1},{"op":"end","id":1,"outcome":"maybe"}]}"#,
            "steps[1].outcome",
            "unknown variant",
        ),
        (r#"{"c":"breaker","steps":[{"op":"ok","n":4000000000}]}"#, "steps[0].n", "more than"),
        (r#"{"c":"supervisor","init":{"children":["a","a"]},"steps":[]}"#, "init.children[1].id", "two children"),
        (
            r#"{"c":"supervisor","init":{"children":[{"id":"a","depends_on":["z"]}]},"steps":[]}"#,
            "init.children",
            "not a sibling",
        ),
        (
            r#"{"c":"supervisor","init":{"children":[{"id":"a","shutdown":"soft"}]},"steps":[]}"#,
            "init.children[0].shutdown",
            "brutal",
        ),
        (r#"{"c":"supervisor","init":{"children":[{"id":"a","restrat":"x"}]},"steps":[]}"#, "init.children[0]", "restrat"),
        (r#"{"c":"supervisor","init":{"strategy":"simple"},"steps":[]}"#, "init.strategy", "unknown variant"),
        (
            r#"{"c":"supervisor","init":{"backoff":{"base_ms":10,"max_ms":5}},"steps":[]}"#,
            "init.backoff",
            "shorter than the first",
        ),
        (
            r#"{"c":"supervisor","init":{"children":["a"]},"steps":[{"op":"exit","id":"b"}]}"#,
            "steps[0].id",
            "no child is called `b`: one of a",
        ),
        (
            r#"{"c":"supervisor","init":{"children":["a"]},"steps":[{"op":"order","expect":["begin a"]}]}"#,
            "steps[0].expect[0]",
            "stop a",
        ),
        (r#"{"c":"anomaly","points":[1],"expect":{}}"#, "points[0]", "every_ms"),
        (r#"{"c":"anomaly","init":{"method":"magic"},"points":[],"expect":{}}"#, "init.method", "cusum"),
        (r#"{"c":"anomaly","init":{"season":1},"points":[],"expect":{}}"#, "init", "out of its range"),
        (r#"{"c":"anomaly","init":{"sesaon":9},"points":[],"expect":{}}"#, "init.sesaon", "unknown key"),
        (r#"{"c":"anomaly","points":[[5,1],[4,1]],"expect":{}}"#, "points[1]", "before the point before it"),
        (r#"{"c":"anomaly","points":[],"windows":[[5,4]],"expect":{}}"#, "windows[0]", "ends before"),
    ] {
        unreadable(line, place, part);
    }
}
