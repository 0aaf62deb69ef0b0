//! Whatever stands in a file, reading it ends with a scenario or with problems that name their place; it never panics.
#![expect(clippy::disallowed_methods, reason = "tests read the scenarios of the repository")]

use std::fs;
use std::path::PathBuf;

use hms_scenario::{apply_overrides, parse, render_all};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A bit of everything that the format has.
const EVERYTHING: &str = include_str!("everything.toml");

/// Values that are wrong somewhere, right somewhere, or at the edge.
const VALUES: [&str; 40] = [
    "0",
    "1",
    "-1",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "0.0",
    "1e308",
    "1e-300",
    "nan",
    "-inf",
    "true",
    "1979-05-27",
    "\"\"",
    "\"0s\"",
    "\"1ns\"",
    "\"-1ms\"",
    "\"200000d\"",
    "\"213503d\"",
    "\"1 s\"",
    "\"5m\"",
    "\"100 %\"",
    "\"0/s\"",
    "\"99999999999/s\"",
    "\"16777216 TiB\"",
    "\"n0\"",
    "\"a\"",
    "\"é\"",
    "\"all\"",
    "\"random\"",
    "[]",
    "[[]]",
    "[0, 0]",
    "[\"eu\", \"n0\"]",
    "{}",
    "{ kind = \"pareto\", shape = 1e-9, scale = \"1ns\" }",
    "{ kind = \"gamma\", shape = 1e300, mean = \"1ns\" }",
    "{ kind = \"uniform\", low = \"0s\", high = \"1s\", min = \"2s\" }",
    "{ kind = \"mixture\", parts = [] }",
    "{ kind = \"normal\", mean = \"0s\", sigma = \"1s\", max = \"0s\" }",
];

fn file(path: &str) -> Result<String, String> {
    match path {
        "trace.csv" => Ok("time_s,node,kind,duration_s,severity,param,domain,cause,detail,group,flags\n\
                           1.000,3,crash,2.000,1.000,,lab/one,hardware,,,\n\
                           5.000,7,slow,,0.500,2.0,lab/one,software,,,\n"
            .to_owned()),
        "rtt.csv" => Ok("from,to,rtt_ms,min_ms,max_ms,mdev_ms\neu,us,80.0,79.0,,0.8\nus,eu,81.0,,,0.8\n".to_owned()),
        "counts.txt" => Ok("3\n0\n5\n".to_owned()),
        _ => Err("no such file".to_owned()),
    }
}

/// Reads `text`; all that is told has a message and a place within the text, and can be shown.
fn read(text: &str) -> bool {
    match parse(text, &file) {
        Ok(_) => true,
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in &problems {
                assert!(!problem.message.is_empty());
                assert!(problem.span.as_ref().is_none_or(|span| text.get(span.clone()).is_some()), "{problem:?}");
            }
            assert!(render_all(&problems, "test.toml", text).ends_with(&format!(
                "{} {}\n",
                problems.len(),
                if problems.len() == 1 { "error" } else { "errors" }
            )));
            false
        }
    }
}

/// A change of one line.
#[derive(Clone, Debug)]
enum Change {
    Remove,
    Repeat,
    /// The value behind the first or the last equals sign.
    Value(&'static str, bool),
    /// One character.
    Character(Index, char),
}

fn change() -> impl Strategy<Value = (Index, Change)> {
    let change = prop_oneof![
        1 => Just(Change::Remove),
        1 => Just(Change::Repeat),
        6 => (select(VALUES.as_slice()), any::<bool>()).prop_map(|(value, last)| Change::Value(value, last)),
        2 => (any::<Index>(), any::<char>()).prop_map(|(place, letter)| Change::Character(place, letter)),
    ];
    (any::<Index>(), change)
}

fn changed(text: &str, changes: &[(Index, Change)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (place, change) in changes {
        if lines.is_empty() {
            break;
        }
        let at = place.index(lines.len());
        match change {
            Change::Remove => drop(lines.remove(at)),
            Change::Repeat => lines.insert(at, lines[at].clone()),
            Change::Value(value, last) => {
                let equals = if *last { lines[at].rfind('=') } else { lines[at].find('=') };
                let Some(equals) = equals else { continue };
                let close = if *last && lines[at].ends_with('}') { " }" } else { "" };
                lines[at] = format!("{}= {value}{close}", &lines[at][..equals]);
            }
            Change::Character(place, letter) => {
                let mut letters: Vec<char> = lines[at].chars().collect();
                if !letters.is_empty() {
                    let at = place.index(letters.len());
                    letters[at] = *letter;
                }
                lines[at] = letters.into_iter().collect();
            }
        }
    }
    lines.join("\n")
}

#[test]
fn the_file_with_everything_is_a_scenario() {
    let problems = parse(EVERYTHING, &file).err().unwrap_or_default();
    assert!(problems.is_empty(), "{}", render_all(&problems, "everything.toml", EVERYTHING));
}

#[test]
fn every_scenario_of_the_repository_is_read() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../experiments/scenarios");
    let mut names: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(!names.is_empty());
    for path in names {
        let text = fs::read_to_string(&path).unwrap();
        // The one file that is not in the repository is made from published data: a synthetic year stands in for it.
        let files = |name: &str| {
            let name = name.replace("../../results/lanl-sys02.csv", "../../datasets/synthetic/lanl-sys02-year.csv");
            fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())
        };
        let text = if path.ends_with("lanl-replay.toml") {
            let window = [
                ("fault[0].trace.domain".to_owned(), "synth/sys02".to_owned()),
                ("fault[0].trace.from".to_owned(), "0s".to_owned()),
            ];
            apply_overrides(&text, &window).unwrap()
        } else {
            text
        };
        let problems = parse(&text, &files).err().unwrap_or_default();
        assert!(problems.is_empty(), "{}", render_all(&problems, &path.display().to_string(), &text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn any_bytes_behind_a_valid_beginning_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(&format!("version = 1\n[cluster]\nnodes = 3\n{}", String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn a_changed_scenario_is_read_or_refused(changes in proptest::collection::vec(change(), 1..5)) {
        read(&changed(EVERYTHING, &changes));
    }

    #[test]
    fn any_override_is_applied_or_refused(path in "[a-z.\\[\\]0-9]{0,30}", value in any::<String>()) {
        if let Ok(text) = apply_overrides(EVERYTHING, &[(path, value)]) {
            read(&text);
        }
    }

    #[test]
    fn an_override_of_a_known_place_is_applied_or_refused(
        path in select(["fault[0].for", "service.api.workers", "cluster.host.disk.fsync", "load[1].arrivals.think", "network.rack.latency.max"].as_slice()),
        value in select(VALUES.as_slice()),
    ) {
        let text = apply_overrides(EVERYTHING, &[(path.to_owned(), value.to_owned())]).unwrap();
        read(&text);
    }
}
