//! Running a trial piece by piece with snapshots taken on the way, and going back to any instant of it afterwards.

use hms_machine::Instant;
use hms_sim::kernel::{Dispatched, Limits, Outcome as Ending, RunError};
use hms_trial::{ClusterSimulation, SeriesRow, TraceRow, Trial};

use super::chronicle::Chronicle;
use super::snapshots::{Snapshot, Snapshots};
use crate::inputs::Inputs;

/// A trial under way.
pub struct Recording {
    inputs: Inputs,
    trial: Trial,
    simulation: ClusterSimulation,
    snapshots: Snapshots,
}

impl Recording {
    /// A trial that stands at its beginning.
    pub fn new(inputs: Inputs) -> Recording {
        let trial = inputs.trial();
        let simulation = trial.simulation();
        Recording::of(inputs, simulation)
    }

    /// A trial that goes on from a world that was restored.
    pub(super) fn of(inputs: Inputs, mut simulation: ClusterSimulation) -> Recording {
        let trial = inputs.trial();
        let snapshots = Snapshots::from(&mut simulation);
        Recording { inputs, trial, simulation, snapshots }
    }

    /// Runs up to and including `until`, and no further than the end. `go_on` is asked every 4,096 events. Returns whether the run has ended.
    ///
    /// # Errors
    /// [`RunError`]; after [`RunError::Interrupted`] it can be run on.
    pub fn advance(&mut self, until: Instant, go_on: &mut dyn FnMut() -> bool) -> Result<bool, RunError> {
        let limits = self.trial.limits();
        let piece = Limits { until: until.min(limits.until), ..limits };
        let ending = self.simulation.run_interruptible(&piece, &mut || !go_on())?;
        self.snapshots.offer(&mut self.simulation);
        Ok(match ending {
            Ending::UntilReached => piece.until == limits.until,
            Ending::Drained | Ending::Stopped => true,
        })
    }

    /// Simulated time reached.
    pub fn now(&self) -> Instant {
        self.simulation.now()
    }

    /// Simulated time at the end.
    pub fn end(&self) -> Instant {
        self.trial.limits().until
    }

    /// Events dispatched.
    pub fn events(&self) -> u64 {
        self.simulation.events()
    }

    /// Rows of the trace so far.
    pub fn trace(&self) -> &[TraceRow] {
        &self.simulation.model.recorder.trace
    }

    /// Rows of the series so far.
    pub fn series(&self) -> &[SeriesRow] {
        &self.simulation.model.recorder.series
    }

    /// What is run.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The world as it stands.
    pub fn world(&self) -> &ClusterSimulation {
        &self.simulation
    }

    /// Reads the figures off, and keeps the snapshots.
    pub fn finish(self) -> (Chronicle, Session) {
        let Recording { inputs, trial, simulation, snapshots } = self;
        let series = simulation.model.recorder.series.clone();
        let chronicle = Chronicle::of(&inputs, trial.read(simulation));
        let first = snapshots.last(|_| false);
        let present = Present::of(first);
        (chronicle, Session { inputs, trial, snapshots, series, present })
    }
}

/// The worlds of a run that has ended.
pub struct Session {
    pub(super) inputs: Inputs,
    pub(super) trial: Trial,
    pub(super) snapshots: Snapshots,
    pub(super) series: Vec<SeriesRow>,
    present: Present,
}

/// The world that was asked for last.
struct Present {
    /// Rows of the trace before its recorder begins.
    skipped: usize,
    /// The same of the series.
    skipped_series: usize,
    simulation: ClusterSimulation,
}

impl Present {
    fn of(shot: &Snapshot) -> Present {
        Present { skipped: shot.trace, skipped_series: shot.series, simulation: shot.restore() }
    }
}

impl Session {
    /// Runs a trial again from its inputs, as [`Recording`] does, in `pieces` pieces.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn again(
        inputs: &Inputs,
        pieces: u64,
        go_on: &mut dyn FnMut(Instant, Instant) -> bool,
    ) -> Result<(Chronicle, Session), RunError> {
        let mut recording = Recording::new(inputs.clone());
        let end = recording.end();
        for piece in 1..=pieces {
            let until = if piece == pieces { end } else { Instant::from_nanos(end.as_nanos() / pieces * piece) };
            let now = recording.now();
            if recording.advance(until, &mut || go_on(now, end))? {
                break;
            }
        }
        Ok(recording.finish())
    }

    /// The world at the end of `instant`.
    ///
    /// # Errors
    /// [`RunError`], as the run itself.
    pub fn seek(&mut self, instant: Instant) -> Result<&ClusterSimulation, RunError> {
        let instant = instant.min(self.trial.limits().until);
        let shot = self.snapshots.last(|shot| shot.now() <= instant);
        let ahead = self.present.simulation.now() > instant;
        if ahead || shot.events() > self.present.simulation.events() {
            self.present = Present::of(shot);
        }
        self.present.simulation.run(&Limits::until(instant))?;
        Ok(&self.present.simulation)
    }

    /// The world after its first `events` events.
    ///
    /// # Errors
    /// [`RunError`], as the run itself.
    pub fn seek_event(&mut self, events: u64) -> Result<&ClusterSimulation, RunError> {
        let shot = self.snapshots.last(|shot| shot.events() <= events);
        let ahead = self.present.simulation.events() > events;
        if ahead || shot.events() > self.present.simulation.events() {
            self.present = Present::of(shot);
        }
        let until = self.trial.limits().until;
        match self.present.simulation.run(&Limits { events: Some(events), ..Limits::until(until) }) {
            // The budget is where it was to go.
            Ok(_) | Err(RunError::EventLimit { .. }) => Ok(&self.present.simulation),
            Err(error) => Err(error),
        }
    }

    /// Dispatches one event more.
    ///
    /// # Errors
    /// [`RunError`], as the run itself.
    pub fn step(&mut self) -> Result<Option<Dispatched>, RunError> {
        let until = self.trial.limits().until;
        match self.present.simulation.next_time() {
            Some(time) if time <= until => self.present.simulation.step(),
            Some(_) | None => Ok(None),
        }
    }

    /// The first instant of which there is a world: zero, or the beginning of a fork.
    pub fn begins(&self) -> Instant {
        self.snapshots.last(|_| false).now()
    }

    /// The world that was asked for last; at first, the beginning.
    pub fn present(&self) -> &ClusterSimulation {
        &self.present.simulation
    }

    /// Rows of the whole trace that had been written by then.
    pub fn rows(&self) -> usize {
        self.present.skipped + self.present.simulation.model.recorder.trace.len()
    }

    /// Rows of the series that had been written by then.
    pub(super) fn series_so_far(&self) -> &[SeriesRow] {
        let rows = self.present.skipped_series + self.present.simulation.model.recorder.series.len();
        &self.series[..rows]
    }

    /// Snapshots that are kept.
    pub fn snapshots(&self) -> usize {
        self.snapshots.count()
    }

    /// What was run.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn at(secs: f64) -> Instant {
        Instant::from_nanos((secs * 1e9) as u64)
    }

    fn session() -> (Chronicle, Session) {
        let mut recording = Recording::new(fixture::inputs(1));
        recording.snapshots.space(1_000);
        for piece in 1..=50 {
            recording.advance(at(0.4 * f64::from(piece)), &mut || true).unwrap();
        }
        recording.finish()
    }

    #[test]
    fn a_run_in_pieces_with_snapshots_is_the_run_in_one_piece() {
        let inputs = fixture::inputs(1);
        let (chronicle, session) = session();
        assert_eq!(chronicle.hash, fixture::run(&inputs).hash.to_string());
        assert!(session.snapshots() > 10, "{}", session.snapshots());
    }

    #[test]
    fn an_instant_that_is_restored_is_that_of_a_straight_run() {
        let inputs = fixture::inputs(1);
        let (chronicle, mut session) = session();
        // Forwards, backwards, and twice the same.
        for secs in [3.0, 15.5, 7.25, 7.25, 0.0, 20.0] {
            let mut straight = inputs.trial().simulation();
            straight.run(&Limits::until(at(secs))).unwrap();
            let restored = session.seek(at(secs)).unwrap();
            assert_eq!((restored.events(), restored.hash()), (straight.events(), straight.hash()), "{secs}");
            assert_eq!(session.rows(), straight.model.recorder.trace.len(), "{secs}");
        }
        assert_eq!(session.present().hash().to_string(), chronicle.hash);
    }

    #[test]
    fn steps_forwards_and_backwards_are_single_events() {
        let (_, mut session) = session();
        let events = session.seek(at(9.0)).unwrap().events();
        let step = session.step().unwrap().unwrap();
        assert_eq!((step.index, session.present().events()), (events, events + 1));
        let hash = session.present().hash();
        session.step().unwrap().unwrap();
        assert_eq!(session.seek_event(events + 1).unwrap().hash(), hash);
    }

    #[test]
    fn nothing_lies_behind_the_end() {
        let (chronicle, mut session) = session();
        assert_eq!(session.seek(at(1e6)).unwrap().hash().to_string(), chronicle.hash);
        assert_eq!(session.step().unwrap(), None);
    }
}
