//! What holds for every source file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hms_lab::machine::Purpose;

/// Folders of the deterministic crates.
const DETERMINISTIC: [&str; 7] = ["src/machine", "src/dataset", "src/scenario", "src/stack", "src/evolve", "src/trial", "sim"];

/// Longest file, in lines.
const LINES_MAX: usize = 600;

/// Files that may be longer, each with the reason.
const LONG: &[(&str, &str)] = &[];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the workspace: path from the root, and text.
fn sources() -> Vec<(String, String)> {
    let (mut found, mut open) = (Vec::new(), ["src", "sim", "tests", "gui"].map(|name| root().join(name)).to_vec());
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.ends_with("target") {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push((from_root(&path), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 100, "the sources are elsewhere now");
    found
}

fn from_root(path: &Path) -> String {
    let parts: PathBuf = path.strip_prefix(root()).unwrap().to_owned();
    parts.to_str().unwrap().replace('\\', "/")
}

#[test]
fn deterministic_crates_ban_the_same() {
    let bans = |folder: &str| fs::read_to_string(root().join(folder).join("clippy.toml")).unwrap();
    let first = bans(DETERMINISTIC[0]);
    for word in ["HashMap", "Instant", "thread", "f64::ln"] {
        assert!(first.contains(word), "{word} is not banned");
    }
    for folder in DETERMINISTIC {
        assert_eq!(bans(folder), first, "{folder}/clippy.toml differs from {}/clippy.toml", DETERMINISTIC[0]);
    }
}

#[test]
fn nothing_is_left_to_do() {
    // In two parts, so that this file does not find itself.
    let macros = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("db", "g!(")];
    for (path, text) in sources() {
        let found = macros.iter().find(|name| text.contains(**name));
        assert_eq!(found, None, "{path} leaves something to do");
    }
}

#[test]
fn no_file_is_long_without_a_reason() {
    let long: Vec<_> =
        sources().into_iter().map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > LINES_MAX).collect();
    for (path, lines) in &long {
        assert!(
            LONG.iter().any(|(known, _)| known == path),
            "{path} has {lines} lines: which concept in it wants a file of its own?"
        );
    }
    for (path, _) in LONG {
        assert!(long.iter().any(|(found, _)| found == path), "{path} is no longer long: take it off the list");
    }
}

#[test]
fn random_numbers_are_drawn_for_purposes_with_names_of_their_own() {
    let mut by_name: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in sources() {
        if path.contains("/tests") || path.contains("/benches/") || path.starts_with("tests/") {
            continue;
        }
        // What follows are tests, which draw in worlds of their own.
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for rest in line.split("Purpose::named(\"").skip(1) {
                let name = rest.split('"').next().unwrap().to_owned();
                if let Some(other) = by_name.insert(name.clone(), path.clone()) {
                    panic!("`{name}` is drawn for in {other} and in {path}");
                }
            }
        }
    }
    assert!(by_name.len() > 30, "purposes are named in another way now: {by_name:?}");
    let mut by_hash: BTreeMap<u64, &str> = BTreeMap::new();
    for name in by_name.keys() {
        if let Some(other) = by_hash.insert(Purpose::named(name).hash(), name) {
            panic!("`{name}` and `{other}` have one hash: rename one of them");
        }
    }
}
