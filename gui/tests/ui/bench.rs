//! An app on a test bench: frames are drawn one after the other until what is waited for has happened.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use hms_gui::app::{App, Options};
use hms_gui::command::{Command, Draft};
use hms_gui::panels::Panel;

/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) type Bench = Harness<'static, App>;

/// A scenario of ten seconds, with a crash and a partition.
pub(crate) const SCENARIO: &str = r#"version = 1
name = "small"

[run]
duration = "10s"
warmup = "1s"

[cluster]
zones = 3
nodes = 3

[[service]]
name = "api"
replicas = 3

[[load]]
name = "users"
service = "api"
arrivals = "50/s"
timeout = "500ms"

[[fault]]
name = "a replica dies"
kind = "agent_crash"
at = "3s"
target = { service = "api", replica = 1 }

[[fault]]
name = "a host is cut off"
kind = "partition"
at = "5s"
for = "2s"
sides = [[0], [1, 2]]
"#;

/// An app with the small scenario drafted.
pub(crate) fn bench() -> Bench {
    bench_with(Options::default(), SCENARIO)
}

pub(crate) fn bench_with(options: Options, scenario: &str) -> Bench {
    let mut app = App::new(options);
    app.want(Command::Edit(Draft::Scenario, scenario.to_owned()));
    Harness::builder()
        .with_size([1280.0, 800.0])
        .with_theme(egui::Theme::Dark)
        .with_os(egui::os::OperatingSystem::Nix)
        .build_ui_state(|ui, app: &mut App| app.frame(ui), app)
}

/// Draws frames until `done` holds.
pub(crate) fn until(bench: &mut Bench, what: &str, mut done: impl FnMut(&App) -> bool) {
    let began = Instant::now();
    while !done(bench.state()) {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}: {:?}", bench.state().view.messages);
        bench.step();
        std::thread::yield_now();
    }
    // What was waited for is drawn as well.
    bench.run_steps(3);
}

/// An app in which the small scenario has been run, with a panel in front.
pub(crate) fn ran(panel: Panel) -> Bench {
    let mut bench = bench_with(Options { panel: Some(panel), ..Options::default() }, SCENARIO);
    until(&mut bench, "the check", |app| app.view.drafts.is_ready());
    bench.state_mut().want(Command::Run);
    until(&mut bench, "the run", |app| !app.view.runs.is_empty() && !app.is_busy());
    bench.state_mut().want(Command::Focus(panel));
    bench.run_steps(4);
    bench
}

/// A folder that goes with the test.
pub(crate) fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().to_owned();
    (folder, path)
}

/// Tells that a test is skipped for want of something; a failure where `HMS_NEEDS_DISPLAY=1` says that it has to be there.
pub(crate) fn skip(want: &str) {
    let needed = std::env::var_os("HMS_NEEDS_DISPLAY").is_some_and(|value| value == "1");
    assert!(!needed, "HMS_NEEDS_DISPLAY is set, but {want}");
    eprintln!("skipped: {want}");
}
