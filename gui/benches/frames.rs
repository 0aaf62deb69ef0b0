//! What a window costs, without one: building frames over a million points and a million events of the trace, opening a stored run, going to an instant.
//!
//! `cargo bench --package hms-gui` prints a table of CPU times; build it with the release profile. Nothing here is asserted: times belong to machines.

use std::sync::Arc;
use std::time::Instant as WallInstant;

use hms_gui::app::{App, Options};
use hms_gui::command::Command;
use hms_gui::panels::Panel;
use hms_gui::view::RunId;
use hms_gui::view::run::{Origin, RunView};
use hms_lab::inputs::Inputs;
use hms_lab::machine::{AgentId, Cause, Instant, NodeId, Record, Rung, Seed};
use hms_lab::results::{self, Build};
use hms_lab::session::{Chronicle, Session};
use hms_lab::trial::{Detail, TraceKind, TraceRow};

const QUICKSTART: &str = include_str!("../../experiments/scenarios/quickstart.toml");
const EVENTS: usize = 1_000_000;
const POINTS: usize = 1_000_000;
const FRAMES: usize = 300;

fn main() {
    // Cargo hands over `--bench`; a filter is of no use here.
    let inputs = inputs(QUICKSTART, Detail::Changes);
    let chronicle = Chronicle::of(&inputs, inputs.trial().run().expect("the quickstart runs"));
    let large = enlarged(&chronicle);
    let began = WallInstant::now();
    let run = RunView::new(RunId(1_000), Origin::default(), large);
    println!("index over {EVENTS} events and {POINTS} points a curve, on a worker: {:.2} s", began.elapsed().as_secs_f64());
    let memory: usize = run.lanes.iter().map(hms_gui::view::lanes::Lane::memory).sum();
    println!("lanes: {} of them, {:.1} MB", run.lanes.len(), memory as f64 / 1e6);
    let run = Arc::new(run);
    for panel in [Panel::Timeline, Panel::Recovery, Panel::Compare, Panel::Travel] {
        frames(panel, &run);
    }
    open();
    scrub();
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
fn frames(panel: Panel, run: &Arc<RunView>) {
    let mut app = App::new(Options { panel: Some(panel), ..Options::default() });
    let twin = RunView::new(RunId(1_001), Origin::default(), run.chronicle.clone());
    app.view.runs = vec![Arc::clone(run), Arc::new(twin)];
    app.want(Command::Show(run.id));
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
        let began = WallInstant::now();
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
    println!("frame of {:<12} p50 {:.2} ms, p99 {:.2} ms", panel.title(), at(0.5), at(0.99));
}

/// Opens a stored run with more than a million rows.
fn open() {
    let inputs = inputs(QUICKSTART, Detail::Full);
    let outcome = inputs.trial().run().expect("the quickstart runs");
    let rows = outcome.recorder.trace.len();
    let folder = std::env::temp_dir().join(format!("hms-gui-bench-{}", std::process::id()));
    results::write(&folder, &inputs, &outcome, &Build::default()).expect("the temporary folder takes results");
    let began = WallInstant::now();
    let chronicle = Chronicle::read(&folder).expect("what was written can be read");
    let read = began.elapsed().as_secs_f64();
    let run = RunView::new(RunId(1), Origin::default(), chronicle);
    println!(
        "opening {rows} rows: read {read:.2} s, with every index {:.2} s ({} lanes)",
        began.elapsed().as_secs_f64(),
        run.lanes.len()
    );
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
    let mut times: Vec<f64> = (0..100_u64)
        .map(|place| {
            let instant = Instant::from_nanos((place * 7_919 % 100) * chronicle.end().as_nanos() / 100 + 12_345_678);
            let began = WallInstant::now();
            session.seek(instant).expect("the hour runs");
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("going to an instant of it: p50 {:.0} ms, p99 {:.0} ms", times[50], times[98]);
}
