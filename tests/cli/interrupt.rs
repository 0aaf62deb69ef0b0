//! Ctrl-C.

#![cfg(target_os = "linux")]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Bench, Ended, quickstart};

/// Waits until the process handles SIGINT itself, which it says in its status.
fn listens(child: &mut Child) {
    let status = format!("/proc/{}/status", child.id());
    let begun = Instant::now();
    loop {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it listened");
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not listen");
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
        // SIGINT is signal 2, so bit 1.
        if caught.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask & 2 != 0) {
            return;
        }
        std::thread::yield_now();
    }
}

#[test]
fn an_interrupted_run_ends_with_130_and_leaves_nothing_behind() {
    let bench = Bench::new();
    let arguments = ["run", &quickstart(), "--set", "run.duration=2d", "--out", "a"];
    for signal in ["-INT", "-TERM"] {
        let mut child = bench.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        listens(&mut child);
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let ended = Ended::from(child.wait_with_output().unwrap());
        ended.fails(130, &["interrupted at", "nothing was written"]);
        assert_eq!(ended.stdout, "");
        assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 0);
    }
}
