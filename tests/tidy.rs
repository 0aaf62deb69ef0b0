//! What holds for every file of the repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Crates with the bans of ARCHITECTURE.md.
const DETERMINISTIC: [&str; 6] = ["src/machine", "src/dataset", "src/scenario", "src/stack", "sim", "src/trial"];

/// Longest Rust file. One that is longer holds two concepts.
const LINES_MAX: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the product and its tests, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = ["src", "sim", "tests"].iter().map(|name| root().join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository").flatten() {
            let path = entry.path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("source files are text");
                files.push((path, text));
            }
        }
    }
    assert!(files.len() > 100, "the walk has lost its way: {} files", files.len());
    files
}

#[test]
fn deterministic_crates_have_the_same_bans() {
    let bans = |name: &str| fs::read_to_string(root().join(name).join("clippy.toml")).expect("a clippy.toml in each deterministic crate");
    let first = bans(DETERMINISTIC[0]);
    assert!(first.contains("std::time::Instant") && first.contains("f64::exp"));
    for name in DETERMINISTIC {
        assert_eq!(bans(name), first, "{name}/clippy.toml differs");
    }
}

#[test]
fn nothing_is_left_to_do_later() {
    // Put together here, so that this file does not find itself.
    let words = ["todo", "unimplemented"].map(|word| format!("{word}!"));
    for (path, text) in sources() {
        for word in &words {
            assert!(!text.contains(&format!("{word}(")), "{}: {word}", path.display());
        }
        assert!(!text.contains(&["#[", "ignore"].concat()), "{}: an ignored test", path.display());
    }
}

#[test]
fn every_purpose_of_random_numbers_has_a_name_of_its_own() {
    let mut known: BTreeMap<String, PathBuf> = BTreeMap::new();
    let opening = ["Purpose::", "named(\""].concat();
    for (path, text) in sources() {
        let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        if path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "benches") || path.ends_with("tests.rs") {
            continue;
        }
        for name in product.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()) {
            // Examples in comments are not uses.
            let in_comment = product.lines().any(|line| line.trim_start().starts_with("//") && line.contains(&format!("{opening}{name}")));
            if in_comment {
                continue;
            }
            if let Some(other) = known.insert(name.to_owned(), path.clone()) {
                panic!("purpose {name} stands in {} and in {}", other.display(), path.display());
            }
        }
    }
    assert!(known.len() > 20, "{known:?}");
    let mut hashes: Vec<u64> = known.keys().map(|name| hms_lab::machine::Purpose::named(name).hash()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), known.len(), "two names have one hash");
}

#[test]
fn no_file_is_longer_than_one_concept_needs() {
    let long = |(path, text): (PathBuf, String)| {
        let lines = text.lines().count();
        (lines > LINES_MAX).then(|| format!("{}: {lines} lines", path.display()))
    };
    let found: Vec<String> = sources().into_iter().filter_map(long).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
