//! Running trials while somebody watches.

use std::path::Path;
use std::thread;
use std::time::{Duration as Wall, Instant as WallInstant};

use hms_lab::inputs::Inputs;
use hms_lab::machine::{Duration, Seed};
use hms_lab::session::Recording;
use hms_lab::sim::kernel::RunError;
use hms_lab::trial::Detail;

use super::travel::Travel;
use super::{Desk, Report};
use crate::view::RunId;
use crate::view::live::Live;
use crate::view::run::{Origin, RunView};

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Request {
    /// Inputs with the first seed.
    pub inputs: Inputs,
    /// Runs, with consecutive seeds.
    pub replicates: u32,
    /// Name of the first run; the others follow.
    pub first: RunId,
    /// The command that makes the first run, up to its seed.
    pub command_line: Option<String>,
}

/// A piece of a run takes about this long, so that it can be stopped and shown.
const PIECE: Wall = Wall::from_millis(30);

/// The window is told at most this often.
const SHOW_EVERY: Wall = Wall::from_millis(60);

/// Checks a draft.
pub fn check(desk: &Desk, revision: u64, texts: (String, String), folder: &Path, seed: u64, full: bool) {
    let detail = if full { Detail::Full } else { Detail::Changes };
    let result = Inputs::from_edited(&texts.0, &texts.1, folder, Seed(seed), detail);
    desk.report(Report::Checked { revision, result: Box::new(result) });
}

/// Of so many replicates at most, all keep the worlds to go to their instants at once: up to 192 clones of the cluster each. Of more, none does; they can be
/// restored one by one.
pub const TRAVELS_MAX: u32 = 4;

/// Runs every replicate, one after the other.
pub fn run(desk: &Desk, request: &Request) {
    for replicate in 0..request.replicates {
        let seed = Seed(request.inputs.seed().0.wrapping_add(u64::from(replicate)));
        let mut recording = Recording::new(request.inputs.with_seed(seed));
        let mut watcher = Watcher::new(desk, &recording);
        (watcher.live.run, watcher.live.runs) = (replicate + 1, request.replicates);
        match watcher.run(&mut recording) {
            Ok(wall) => {
                let id = RunId(request.first.0 + u64::from(replicate));
                let command_line = request
                    .command_line
                    .as_ref()
                    .map(|line| line.replacen(&format!("--seed {}", request.inputs.seed().0), &format!("--seed {}", seed.0), 1));
                let origin = Origin { command_line, wall: Some(wall), ..Origin::default() };
                finish(desk, id, origin, recording, request.replicates <= TRAVELS_MAX);
            }
            Err(error) => return desk.say(!matches!(error, RunError::Interrupted { .. }), told(&error)),
        }
    }
}

/// Runs on what was forked.
pub(super) fn run_fork(desk: &Desk, id: RunId, origin: Origin, mut recording: Recording) {
    match Watcher::new(desk, &recording).run(&mut recording) {
        Ok(wall) => finish(desk, id, Origin { wall: Some(wall), ..origin }, recording, true),
        Err(error) => desk.say(!matches!(error, RunError::Interrupted { .. }), told(&error)),
    }
}

fn finish(desk: &Desk, id: RunId, origin: Origin, recording: Recording, travels: bool) {
    let (chronicle, session) = recording.finish();
    let run = std::sync::Arc::new(RunView::new(id, origin, chronicle));
    let travel = if travels { Travel::start(desk, std::sync::Arc::clone(&run), session) } else { None };
    desk.report(Report::Ran { run, travel });
}

fn told(error: &RunError) -> String {
    match error {
        RunError::Interrupted { events, now } => format!("Stopped at {now} of simulated time, after {events} events."),
        RunError::EventLimit { .. } => {
            format!("{error}. Raise `run.events_max` in the scenario, or look for what makes so many events.")
        }
        RunError::PendingLimit { .. } => {
            format!("{error}. Raise `run.pending_max` in the scenario, or look for what piles up.")
        }
        RunError::TimeOverflow { .. } | RunError::ScheduledInThePast { .. } => {
            format!("{error}. This is a bug of hms: please report it with the scenario and the seed.")
        }
    }
}

/// Runs a recording and tells the window how far it is.
struct Watcher<'a> {
    desk: &'a Desk,
    live: Live,
}

impl<'a> Watcher<'a> {
    fn new(desk: &'a Desk, recording: &Recording) -> Self {
        let mut live = Live::new(desk.job, recording);
        // One that was chosen before the run began, or during the one before, holds.
        live.speed = desk.control.speed();
        Watcher { desk, live }
    }

    /// Runs to the end; gives the time that was spent running.
    fn run(&mut self, recording: &mut Recording) -> Result<Duration, RunError> {
        let control = &self.desk.control;
        let (mut spent, mut shown) = (Wall::ZERO, WallInstant::now());
        let (mut piece, first_events) = (self.live.end.as_nanos() / 1_000 + 1, recording.events());
        self.show(recording, Wall::ZERO, 0);
        loop {
            if control.waits() && !control.stops() {
                if !self.live.paused {
                    self.live.paused = true;
                    self.show(recording, spent, first_events);
                }
                thread::sleep(PIECE);
                continue;
            }
            self.live.paused = false;
            self.live.speed = control.speed();
            let length = self.live.speed.map_or(piece, |speed| (speed * PIECE.as_secs_f64() * 1e9) as u64 + 1);
            let began = WallInstant::now();
            let until = recording.now() + Duration::from_nanos(length);
            let done = recording.advance(until, &mut || !control.stops())?;
            let took = began.elapsed();
            spent += took;
            if self.live.speed.is_some() {
                thread::sleep(PIECE.saturating_sub(took));
            } else {
                let factor = (PIECE.as_secs_f64() / took.as_secs_f64().max(1e-6)).clamp(0.5, 2.0);
                piece = ((piece as f64 * factor) as u64).clamp(1_000, self.live.end.as_nanos() / 50 + 1_000);
            }
            if done || shown.elapsed() >= SHOW_EVERY {
                shown = WallInstant::now();
                self.show(recording, spent, first_events);
            }
            if done {
                return Ok(Duration::from_nanos(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX)));
            }
        }
    }

    fn show(&mut self, recording: &Recording, spent: Wall, first_events: u64) {
        let live = &mut self.live;
        live.read(recording);
        live.rate = (live.events - first_events) as f64 / spent.as_secs_f64().max(1e-3);
        self.desk.report(Report::Live(Box::new(self.live.clone())));
    }
}
