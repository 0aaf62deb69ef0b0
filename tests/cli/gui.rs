//! `hms gui`.

use super::{Bench, Ended};

#[test]
fn without_the_app_the_command_says_how_to_build_it() {
    let bench = Bench::new();
    // A copy that stands alone: the program that is tested may have the app beside it.
    let alone = bench.path("hms");
    std::fs::copy(env!("CARGO_BIN_EXE_hms"), &alone).unwrap();
    let ended = std::process::Command::new(alone).arg("gui").env("PATH", "").output().unwrap();
    Ended::from(ended).fails(1, &["hms-gui", "cargo build --release --package hms-gui"]);
}

#[cfg(unix)]
#[test]
fn the_app_beside_the_command_gets_what_was_typed() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let alone = bench.path("hms");
    std::fs::copy(env!("CARGO_BIN_EXE_hms"), &alone).unwrap();
    let app = bench.path("hms-gui");
    std::fs::write(&app, "#!/bin/sh\necho \"app: $*\"\n").unwrap();
    std::fs::set_permissions(&app, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ended = std::process::Command::new(alone).args(["gui", "a.toml", "--", "--run"]).output().unwrap();
    assert_eq!(Ended::from(ended).ok().trim(), "app: a.toml --run");
}
