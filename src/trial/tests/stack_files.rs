//! The committed stack files.
#![expect(clippy::disallowed_methods, reason = "a test reads and, when asked, writes the files it checks")]

use std::path::PathBuf;

use hms_stack::Configuration;
use hms_trial::{parse_stack, render_stack};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../experiments/stacks")
}

/// `HMS_UPDATE_STACKS=1 cargo test -p hms-trial --test stack_files` writes the file anew.
#[test]
fn the_default_stack_file_is_what_the_walk_over_the_tunables_says() {
    let expected = format!(
        "# The default configuration of the stack, every parameter explained.\n{}",
        render_stack(&Configuration::default())
    );
    let path = folder().join("default.toml");
    if std::env::var("HMS_UPDATE_STACKS").is_ok() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "run with HMS_UPDATE_STACKS=1 to write it anew");
}

#[test]
fn every_committed_stack_file_is_valid() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        if let Err(problems) = parse_stack(&text) {
            panic!("{}", problems[0].render(&path.display().to_string(), &text));
        }
        count += 1;
    }
    assert!(count > 0);
}
