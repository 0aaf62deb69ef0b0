//! What a window costs, without one: building frames over a million points and a million events of the trace, opening a stored run, going to an instant.
//!
//! `cargo bench --package hms-gui` prints a table. Times of frames are CPU times of the thread, since others may work on the machine as well; of what is waited for
//! (opening, going to an instant) both are told. Nothing here is asserted: times belong to machines. Words on the command line choose what is measured:
//! `frames` (or the name of a panel, as in `hms-gui --panel`), `open`, `scrub`.

use std::sync::Arc;
use std::time::Instant as WallInstant;

use cpu_time::{ProcessTime, ThreadTime};
use hms_gui::app::{App, Options};
use hms_gui::command::Command;
use hms_gui::panels::Panel;
use hms_gui::view::RunId;
use hms_gui::view::run::{Origin, RunView};
use hms_gui::view::search::Search;
use hms_lab::inputs::Inputs;
use hms_lab::machine::{AgentId, Cause, Instant, NodeId, Record, Rung, Seed};
use hms_lab::results::{self, Build, Columns};
use hms_lab::session::{Chronicle, Session};
use hms_lab::trial::{Detail, TraceKind, TraceRow};

const QUICKSTART: &str = include_str!("../../experiments/scenarios/quickstart.toml");
const EVENTS: usize = 1_000_000;
const POINTS: usize = 1_000_000;
const FRAMES: usize = 300;

fn main() {
    // Cargo hands over `--bench` as well.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let chosen = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    let named = |panel: &Panel| words.contains(&format!("{panel:?}").to_lowercase());
    let panels: Vec<Panel> = Panel::ALL.into_iter().filter(|panel| chosen("frames") || named(panel)).collect();
    if !panels.is_empty() {
        all_frames(&panels);
    }
    if chosen("open") {
        open();
    }
    if chosen("scrub") {
        scrub();
    }
}

/// What the process holds in memory, MB, where the system tells.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok()));
    pages.map_or(f64::NAN, |pages| pages * 4_096.0 / 1e6)
}

fn all_frames(panels: &[Panel]) {
    let inputs = inputs(QUICKSTART, Detail::Changes);
    let chronicle = Chronicle::of(&inputs, inputs.trial().run().expect("the quickstart runs"));
    let large = enlarged(&chronicle);
    let began = WallInstant::now();
    let run = RunView::new(RunId(1_000), Origin::default(), large);
    println!("index over {EVENTS} events and {POINTS} points a curve, on a worker: {:.2} s", began.elapsed().as_secs_f64());
    let memory: usize = run.lanes.iter().map(hms_gui::view::lanes::Lane::memory).sum();
    let trace = size_of_val(&run.chronicle.trace[..]);
    let series: usize = run.series.iter().map(hms_gui::view::pyramid::Pyramid::memory).sum();
    println!(
        "memory of the run: trace {:.0} MB, lanes {:.0} MB ({} of them), series {:.0} MB ({} curves); the process {:.0} MB",
        trace as f64 / 1e6,
        memory as f64 / 1e6,
        run.lanes.len(),
        series as f64 / 1e6,
        run.series.len(),
        resident()
    );
    let twin = RunView::new(RunId(1_001), Origin::default(), run.chronicle.clone());
    let runs = [Arc::new(run), Arc::new(twin)];
    let search = Arc::new(search());
    for panel in panels {
        frames(*panel, &runs, &search);
    }
}

/// A search with a million candidates: three objectives, eight parameters.
fn search() -> Search {
    let draw = |row: usize, column: usize| ((row * 7_919 + column * 104_729) % 10_007) as f64 / 10_007.0;
    let column = |name: &str, number: usize| (name.to_owned(), (0..POINTS).map(|row| draw(row, number)).collect::<Vec<f64>>());
    let mut numbers = vec![
        ("id".to_owned(), (0..POINTS).map(|row| row as f64).collect()),
        ("generation".to_owned(), (0..POINTS).map(|row| (row / 1_000) as f64).collect()),
        ("parent_1".to_owned(), (0..POINTS).map(|row| row.saturating_sub(1_000) as f64).collect()),
        ("parent_2".to_owned(), (0..POINTS).map(|row| row.saturating_sub(1_001) as f64).collect()),
        ("dismissed".to_owned(), vec![0.0; POINTS]),
    ];
    let objectives = ["detection_p99", "service_recovery_p95", "overhead_cpu"];
    numbers.extend(objectives.iter().enumerate().map(|(place, name)| column(name, place)));
    let parameters = ["heartbeat", "window", "phi_threshold", "margin", "timeout", "suspect", "confirm", "grace"];
    numbers.extend(parameters.iter().enumerate().map(|(place, name)| column(&format!("health.{name}"), 10 + place)));
    let history = Columns { rows: POINTS, numbers, texts: vec![("operator".to_owned(), vec!["sbx".to_owned(); POINTS])] };
    Search::of(std::path::PathBuf::from("a search"), Columns::default(), history, Columns::default())
}

fn inputs(scenario: &str, detail: Detail) -> Inputs {
    Inputs::from_edited(scenario, "", std::path::Path::new(""), Seed(1), detail).expect("the quickstart is right")
}

/// The quickstart with a trace and a series of a million rows: agents that fail and are restarted again and again.
fn enlarged(chronicle: &Chronicle) -> Chronicle {
    let mut large = chronicle.clone();
    let (end, agents) = (chronicle.end().as_nanos(), chronicle.places.agents.len());
    let rows = (0..EVENTS).map(|place| {
        let agent = AgentId::from_index(place / 4 % agents);
        let node = chronicle.places.agents[agent.index()].node;
        let (rung, cause) = (Rung::Restart, Cause::Crash);
        let kind = match place % 4 {
            0 => TraceKind::AgentDown { agent, node, exit: hms_lab::machine::Exit::Abnormal, fault: None },
            1 => TraceKind::Stack {
                node: NodeId(0),
                record: Record::RecoveryStarted { agent, rung, cause, attempt: 1 },
                justified: true,
            },
            2 => TraceKind::AgentStarting { agent, node },
            _ => TraceKind::AgentReady { agent, node },
        };
        TraceRow { at: Instant::from_nanos(end / EVENTS as u64 * place as u64), seq: place as u64, kind }
    });
    large.trace = rows.collect();
    let interval = large.picture.intervals[0];
    let width = chronicle.end().as_secs_f64() / POINTS as f64;
    large.picture.intervals = (0..POINTS)
        .map(|place| hms_lab::plots::Interval { from: place as f64 * width, to: (place + 1) as f64 * width, ..interval })
        .collect();
    for column in &mut large.columns {
        let known = std::mem::take(&mut column.values);
        column.values = (0..POINTS).map(|place| known[place % known.len()] + (place % 7) as f64).collect();
    }
    large
}

/// Builds frames of a panel while somebody zooms and scrubs; the picture is cut into triangles as well, as it is before it is drawn.
fn frames(panel: Panel, runs: &[Arc<RunView>; 2], search: &Arc<Search>) {
    let mut app = App::new(Options { panel: Some(panel), ..Options::default() });
    let run = &runs[0];
    app.view.runs = runs.to_vec();
    app.view.search = Some(Arc::clone(search));
    app.want(Command::Show(run.id));
    app.want(Command::SelectIncident(Some(0)));
    let context = egui::Context::default();
    let size = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1_400.0, 900.0));
    let mut times = Vec::with_capacity(FRAMES);
    for frame in 0..FRAMES + 20 {
        app.want(Command::Seek(Instant::from_nanos(
            run.chronicle.end().as_nanos() / FRAMES as u64 * (frame as u64 % FRAMES as u64),
        )));
        let pointer = egui::pos2(800.0, 200.0);
        let events =
            vec![egui::Event::PointerMoved(pointer), egui::Event::Zoom(if frame % 100 < 50 { 1.05 } else { 1.0 / 1.05 })];
        let input =
            egui::RawInput { screen_rect: Some(size), time: Some(frame as f64 / 60.0), events, ..egui::RawInput::default() };
        let began = ThreadTime::now();
        let mut output = context.run_ui(input, |ui| app.frame(ui));
        // There is no graphics card to hand them to.
        output.textures_delta.clear();
        let triangles = context.tessellate(output.shapes, output.pixels_per_point);
        let took = began.elapsed().as_secs_f64() * 1e3;
        assert!(!triangles.is_empty());
        // The first frames lay out fonts.
        if frame >= 20 {
            times.push(took);
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
    println!("frame with {:<14} in front: p50 {:.2} ms, p99 {:.2} ms of CPU time", panel.title(), at(0.5), at(0.99));
}

/// Opens a stored run with more than a million rows.
fn open() {
    let inputs = inputs(QUICKSTART, Detail::Full);
    let outcome = inputs.trial().run().expect("the quickstart runs");
    let rows = outcome.recorder.trace.len();
    let folder = std::env::temp_dir().join(format!("hms-gui-bench-{}", std::process::id()));
    results::write(&folder, &inputs, &outcome, &Build::default()).expect("the temporary folder takes results");
    drop(outcome);
    for _ in 0..3 {
        let (began, cpu) = (WallInstant::now(), ProcessTime::now());
        let chronicle = Chronicle::read(&folder).expect("what was written can be read");
        let (read, read_cpu) = (began.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
        let run = RunView::new(RunId(1), Origin::default(), chronicle);
        println!(
            "opening {rows} rows: read {read:.2} s ({read_cpu:.2} s of CPU time), with every index {:.2} s ({:.2} s); the process {:.0} MB, {} lanes",
            began.elapsed().as_secs_f64(),
            cpu.elapsed().as_secs_f64(),
            resident(),
            run.lanes.len()
        );
    }
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// Goes to random instants of an hour of nine nodes.
fn scrub() {
    let hour = QUICKSTART.replace("duration = \"3min\"", "duration = \"1h\"");
    let inputs = inputs(&hour, Detail::Changes);
    let began = WallInstant::now();
    let (chronicle, mut session) = Session::again(&inputs, 400, &mut |_, _| true).expect("the hour runs");
    println!(
        "an hour of nine nodes: {} events in {:.1} s, {} snapshots",
        chronicle.events,
        began.elapsed().as_secs_f64(),
        session.snapshots()
    );
    let mut walls = Vec::new();
    let mut times: Vec<f64> = (0..100_u64)
        .map(|place| {
            let instant = Instant::from_nanos((place * 7_919 % 100) * chronicle.end().as_nanos() / 100 + 12_345_678);
            let (began, cpu) = (WallInstant::now(), ThreadTime::now());
            session.seek(instant).expect("the hour runs");
            walls.push(began.elapsed().as_secs_f64() * 1e3);
            cpu.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    walls.sort_by(f64::total_cmp);
    println!(
        "going to an instant of it: p50 {:.0} ms, p99 {:.0} ms of CPU time (wall {:.0} ms, {:.0} ms); the process {:.0} MB",
        times[50],
        times[98],
        walls[50],
        walls[98],
        resident()
    );
}
