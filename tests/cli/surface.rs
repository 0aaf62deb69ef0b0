//! Help, version, completions, and what every command has in common.

use std::process::Stdio;

use super::{Bench, Ended};

#[test]
fn help_shows_every_command_and_a_tour() {
    let text = Bench::new().hms(&["--help"]).ok().to_owned();
    for part in
        ["run ", "presets ", "conformance ", "check ", "replay ", "export ", "gui ", "doctor ", "A short tour:", "Exit codes:"]
    {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn help_fits_a_terminal_of_a_hundred_columns() {
    let bench = Bench::new();
    for command in ["run", "presets", "conformance", "check", "schema", "replay", "export", "gui", "doctor", "completions"] {
        let text = bench.hms(&[command, "--help"]).ok().to_owned();
        let wide = text.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "{command}");
        assert!(text.contains("Examples:"), "{command}");
    }
}

#[test]
fn the_version_is_that_of_the_workspace() {
    let text = Bench::new().hms(&["--version"]).ok().to_owned();
    assert!(text.starts_with(concat!("hms ", env!("CARGO_PKG_VERSION"))), "{text}");
}

#[test]
fn a_wrong_flag_or_command_is_refused_with_the_nearest() {
    let bench = Bench::new();
    bench.hms(&["run", "x.toml", "--sed", "3"]).fails(2, &["--sed", "'--seed'"]);
    bench.hms(&["runn"]).fails(2, &["runn", "'run'"]);
    bench.hms(&["run", "x.toml", "--seed", "-1"]).fails(2, &["-1"]);
    bench.hms(&[]).fails(2, &["Usage: hms"]);
}

#[test]
fn shells_get_completions() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(bench.hms(&["completions", shell]).ok().contains("replay"), "{shell}");
    }
}

#[test]
fn colours_come_when_forced_and_go_with_no_color() {
    let bench = Bench::new();
    bench.quick_run("a", &[]).ok();
    let run = |name: &str| Ended::from(bench.command(&["replay", "a"]).env(name, "1").output().unwrap());
    assert!(run("CLICOLOR_FORCE").ok().contains('\u{1b}'));
    assert!(!run("NO_COLOR").ok().contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let bench = Bench::new();
    let mut child = bench.command(&["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}
