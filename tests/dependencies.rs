//! Dependencies run downwards only: the list of ARCHITECTURE.md, held.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate and the crates of this workspace that it may depend on, development included. What is not listed is forbidden.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("hms-machine", &[]),
    ("hms-dataset", &["hms-machine"]),
    ("hms-scenario", &["hms-machine", "hms-dataset"]),
    ("hms-stack", &["hms-machine"]),
    ("hms-sim", &["hms-machine", "hms-scenario"]),
    ("hms-trial", &["hms-machine", "hms-scenario", "hms-stack", "hms-sim"]),
    ("hms-lab", &["hms-machine", "hms-dataset", "hms-scenario", "hms-stack", "hms-sim", "hms-trial"]),
    ("hms", &["hms-lab"]),
];

/// Crates that are deterministic, and what must not come near them in the product: tables, threads, runtimes, generators that differ by version.
const DETERMINISTIC: [&str; 6] = ["hms-machine", "hms-dataset", "hms-scenario", "hms-stack", "hms-sim", "hms-trial"];
const FORBIDDEN_THERE: [&str; 8] = ["polars", "plotters", "rayon", "tokio", "rand", "rand_distr", "ndarray", "tempfile"];

/// Name of each member of the workspace, and its dependencies with their kind (`null` for the product).
fn members() -> BTreeMap<String, Vec<(String, Value)>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list(&metadata["packages"])
        .iter()
        .map(|package| {
            let dependencies = list(&package["dependencies"]);
            (text(&package["name"]), dependencies.iter().map(|found| (text(&found["name"]), found["kind"].clone())).collect())
        })
        .collect()
}

#[test]
fn every_member_is_on_the_list() {
    let found: BTreeSet<String> = members().into_keys().collect();
    assert_eq!(found, ALLOWED.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn no_crate_depends_on_one_above_or_beside_it() {
    for (name, dependencies) in members() {
        let allowed = ALLOWED.iter().find(|(known, _)| *known == name).expect("every member is on the list").1;
        for (dependency, _) in dependencies.iter().filter(|(dependency, _)| dependency.starts_with("hms")) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn nothing_that_breaks_determinism_is_near_the_deterministic_crates() {
    for (name, dependencies) in members().into_iter().filter(|(name, _)| DETERMINISTIC.contains(&name.as_str())) {
        for (dependency, kind) in dependencies {
            let banned = kind.is_null() && FORBIDDEN_THERE.contains(&dependency.as_str());
            assert!(!banned, "{name} is deterministic and must not use {dependency} outside its tests");
        }
    }
}
