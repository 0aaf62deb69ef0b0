//! Dependencies run downwards only, and the deterministic crates keep to a short list.
//!
//! What a crate cannot import it cannot do: a detector cannot look at ground truth, because the stack does not depend on the
//! simulator. A new edge or crate is entered here on purpose, with the architecture in mind.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Every crate of ours, and the crates of ours that it may use outside its tests.
const ALLOWED: &[(&str, &[&str])] = &[
    ("hms-machine", &[]),
    ("hms-dataset", &["hms-machine"]),
    ("hms-scenario", &["hms-machine", "hms-dataset"]),
    ("hms-stack", &["hms-machine"]),
    ("hms-evolve", &["hms-machine"]),
    ("hms-sim", &["hms-machine", "hms-scenario"]),
    ("hms-trial", &["hms-machine", "hms-scenario", "hms-stack", "hms-sim"]),
    ("hms-lab", &["hms-machine", "hms-dataset", "hms-scenario", "hms-stack", "hms-evolve", "hms-sim", "hms-trial"]),
    ("hms", &["hms-lab"]),
    ("hms-gui", &["hms-lab"]),
];

/// Crates whose results are a function of their inputs.
const DETERMINISTIC: &[&str] = &["hms-machine", "hms-dataset", "hms-scenario", "hms-stack", "hms-evolve", "hms-sim", "hms-trial"];

/// What brings threads, clocks, sockets, tables or randomness of the system.
const BANNED: &[&str] = &[
    "polars",
    "plotters",
    "tokio",
    "rayon",
    "crossbeam-channel",
    "mio",
    "reqwest",
    "getrandom",
    "rand",
    "chrono",
    "time",
    "clap",
    "ctrlc",
    "indicatif",
    "tempfile",
];

/// Packages by id, with their normal dependencies for this platform.
struct Graph {
    names: BTreeMap<String, String>,
    edges: BTreeMap<String, Vec<String>>,
    ours: BTreeSet<String>,
}

impl Graph {
    fn read() -> Graph {
        let host = host();
        let arguments = ["metadata", "--format-version", "1", "--offline", "--filter-platform", &host];
        let metadata: Value = serde_json::from_str(&cargo(&arguments)).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let list = |value: &Value| value.as_array().unwrap().clone();
        let is_normal = |dependency: &Value| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        let edges_of =
            |node: &Value| list(&node["deps"]).iter().filter(|edge| is_normal(edge)).map(|edge| text(&edge["pkg"])).collect();
        Graph {
            names: list(&metadata["packages"]).iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect(),
            edges: list(&metadata["resolve"]["nodes"]).iter().map(|node| (text(&node["id"]), edges_of(node))).collect(),
            ours: list(&metadata["workspace_members"]).iter().map(text).collect(),
        }
    }
}

/// Names of everything that a crate is linked with when it is built for itself. In the build of the whole workspace another crate may turn on further
/// features of a shared one (polars turns on rayon's methods in indexmap), which nothing here calls.
fn linked_with(name: &str) -> BTreeSet<String> {
    let arguments = ["tree", "--offline", "--package", name, "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let text = cargo(&arguments);
    text.lines().skip(1).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

#[test]
fn crates_depend_on_each_other_downwards_only() {
    let graph = Graph::read();
    for id in &graph.ours {
        let name = graph.names[id].as_str();
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            panic!("{name} is new: enter what it may depend on");
        };
        for dependency in graph.edges[id].iter().filter(|edge| graph.ours.contains(*edge)) {
            let dependency = graph.names[dependency].as_str();
            assert!(allowed.contains(&dependency), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn the_list_of_allowed_edges_has_no_cycle() {
    for (position, (name, allowed)) in ALLOWED.iter().enumerate() {
        for dependency in *allowed {
            let below = ALLOWED[..position].iter().any(|(known, _)| known == dependency);
            assert!(below, "{dependency} does not stand above {name} in the list");
        }
    }
}

#[test]
fn deterministic_crates_are_linked_with_no_thread_clock_or_table() {
    for name in DETERMINISTIC {
        let linked = linked_with(name);
        for banned in BANNED {
            assert!(!linked.contains(*banned), "{name} is linked with {banned}");
        }
    }
}

#[test]
fn the_walk_over_dependencies_sees_what_the_laboratory_is_linked_with() {
    let linked = linked_with("hms-lab");
    for name in ["polars", "rayon", "plotters", "hms-machine"] {
        assert!(linked.contains(name), "{name}");
    }
}
