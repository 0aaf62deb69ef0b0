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

/// Writes the folder of a search with three generations of twenty candidates each, as `hms evolve` lays it out.
pub(crate) fn write_search(folder: &std::path::Path) {
    use hms_lab::export::{Format, Sheet};
    const COUNT: usize = 60;
    let draw = |row: usize, salt: usize| ((row * 7_919 + salt * 104_729 + row * row * 31) % 1_009) as f64 / 1_009.0;
    let rows = || 0..COUNT;
    let generation = |row: usize| row / 20;
    // Later generations are better, and what is fast costs more.
    let heartbeat = |row: usize| 0.05 + 0.9 * draw(row, 1) / (1.0 + generation(row) as f64);
    let detection = |row: usize| 2.0 * heartbeat(row) + 0.2 * draw(row, 2);
    let numbers = |of: &dyn Fn(usize) -> f64| rows().map(|row| Some(of(row))).collect::<Vec<_>>();
    let operators = ["founder", "sbx", "polynomial", "differential"];
    let history = Sheet::new("history")
        .numbers("id", numbers(&|row| row as f64))
        .numbers("generation", numbers(&|row| generation(row) as f64))
        .numbers("parent_1", rows().map(|row| row.checked_sub(20).map(|parent| parent as f64)))
        .numbers("parent_2", rows().map(|row| row.checked_sub(21).filter(|_| row > 20).map(|parent| parent as f64)))
        .texts("operator", rows().map(|row| Some(if row < 20 { operators[0] } else { operators[1 + row % 3] })))
        .numbers("replicates", numbers(&|_| 4.0))
        .numbers("dismissed", numbers(&|row| f64::from(u8::from(row % 7 == 3))))
        .numbers("again", numbers(&|_| 0.0))
        .numbers("detection_p99", numbers(&detection))
        .numbers("service_recovery_p95", numbers(&|row| 3.0 + detection(row) + draw(row, 3)))
        .numbers("overhead_cpu", numbers(&|row| 0.002 / heartbeat(row)))
        .numbers("false_positives <= 1", numbers(&|row| draw(row, 5) - 0.9))
        .numbers("health.heartbeat", numbers(&heartbeat))
        .numbers("health.window", numbers(&|row| (100.0 + 400.0 * draw(row, 6)).round()))
        .texts("health.mode", rows().map(|row| Some(if row % 5 == 0 { "swim" } else { "full" })));
    let generations = Sheet::new("generations")
        .numbers("generation", (0..3).map(|generation| Some(f64::from(generation))))
        .numbers("evaluations", [20.0, 40.0, 60.0].map(Some))
        .numbers("best", [0.9, 0.5, 0.3].map(Some))
        .numbers("feasible", [0.7, 0.9, 1.0].map(Some))
        .numbers("hypervolume", [0.4, 0.8, 1.1].map(Some))
        .numbers("spacing", [0.2, 0.15, 0.1].map(Some))
        .numbers("diversity", [0.5, 0.4, 0.3].map(Some));
    for sheet in [history, generations] {
        let mut file = std::fs::File::create(folder.join(format!("{}.parquet", sheet.name))).expect("a step of the test");
        sheet.write(Format::Parquet, &mut file).expect("a step of the test");
    }
}

/// An app that shows a search, with this panel in front.
pub(crate) fn searched(panel: Panel) -> (tempfile::TempDir, Bench) {
    let (guard, path) = folder();
    write_search(&path);
    let options = Options { panel: Some(panel), exports: Some(path.clone()), ..Options::default() };
    let mut bench = bench_with(options, SCENARIO);
    bench.state_mut().want(Command::Open(path));
    until(&mut bench, "the search", |app| app.view.search.is_some() && !app.view.presets.is_empty() && !app.is_busy());
    bench.state_mut().want(Command::Focus(panel));
    bench.run_steps(4);
    (guard, bench)
}
