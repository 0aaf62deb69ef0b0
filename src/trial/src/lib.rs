//! One seeded run: a scenario, a configuration of the stack and a seed in; rows, incidents and objectives out.
//!
//! Picture a laboratory protocol: what was set up, what happened, and the figures read off afterwards with the oracle's knowledge.
//! The crate is deterministic: the same inputs give the same [`Outcome`] on any machine and any number of threads. Files, tables and
//! threads are the lab's.

pub mod canary;
pub mod checkers;
#[cfg(test)]
mod fixture;
mod incidents;
pub mod luck;
mod objectives;
mod stack_file;
mod statistics;
mod timeline;

use std::sync::Arc;

use hms_machine::{Duration, Instant, Seed};
use hms_scenario::model::Scenario;
use hms_sim::faults::Schedule;
use hms_sim::kernel::{self, Limits, RunError, Simulation};
use hms_sim::services::placement::Placement;
use hms_sim::world::{Recorder, Setup, World};
use hms_stack::{Configuration, Node};

use timeline::Timeline;

pub use checkers::Findings;
pub use checkers::recoveries::Recovery;
pub use hms_sim::kernel::{QueueKind, TraceHash};
pub use hms_sim::world::{Detail, LoadRecord, Requests, SeriesRow, TraceKind, TraceRow};
pub use incidents::{Incident, Notice, Promise, struck};
pub use luck::Luck;
pub use objectives::{DEFINITIONS, Definition, Objective, Unit};
pub use stack_file::{literal, parse_stack, render_stack};
pub use statistics::quantile;

/// A cluster of nodes that run the stack.
pub type ClusterSimulation = Simulation<World<Node>>;

/// What is run.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The world.
    pub scenario: Arc<Scenario>,
    /// The stack on every node.
    pub stack: Configuration,
    /// The seed of every draw.
    pub seed: Seed,
    /// How much of the trace is kept.
    pub detail: Detail,
    /// Which structure holds pending events; outcomes do not depend on it.
    pub queue: QueueKind,
    /// The faults, where they were edited or shrunk; otherwise drawn from the seed.
    pub schedule: Option<Schedule>,
    /// Which luck is another one, in a world that is else the same; no part of scenario files.
    pub redrawn: Option<Luck>,
}

/// How far a run has come, for a progress bar.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Simulated time reached.
    pub now: Instant,
    /// Simulated time at the end.
    pub end: Instant,
    /// Events dispatched.
    pub events: u64,
}

/// What came out of a trial.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: Seed,
    /// Hash over every dispatched event.
    pub hash: TraceHash,
    /// Rolling hash after each chunk of events, to find a divergence.
    pub chunks: Vec<u64>,
    /// Events dispatched.
    pub events: u64,
    /// The faults that were scheduled.
    pub schedule: Arc<Schedule>,
    /// Trace, series and requests.
    pub recorder: Recorder,
    /// Faults joined with detection, action and recovery.
    pub incidents: Vec<Incident>,
    /// What the checkers found.
    pub findings: Findings,
    /// Every objective, in the order of [`DEFINITIONS`].
    pub objectives: Vec<Objective>,
}

impl Trial {
    /// A trial with default detail.
    pub fn new(scenario: Arc<Scenario>, stack: Configuration, seed: Seed) -> Self {
        Trial { scenario, stack, seed, detail: Detail::Changes, queue: QueueKind::default(), schedule: None, redrawn: None }
    }

    /// The cluster at time zero.
    pub fn simulation(&self) -> ClusterSimulation {
        let redrawn = self.redrawn.map(Luck::purpose);
        let setup = Setup { detail: self.detail, queue: self.queue, schedule: self.schedule.clone(), redrawn };
        World::simulation(Arc::clone(&self.scenario), Arc::new(self.stack), self.seed, setup)
    }

    /// The end of the run and its budgets of events and memory.
    pub fn limits(&self) -> Limits {
        let run = &self.scenario.run;
        let pending = usize::try_from(run.pending_max).unwrap_or(usize::MAX);
        Limits { until: Instant::ZERO + run.duration, events: Some(run.events_max), pending: Some(pending) }
    }

    /// Runs the trial to its end.
    ///
    /// # Errors
    /// [`RunError`]: the budget of events or of memory is used up, or the world asked for the impossible (a bug).
    pub fn run(&self) -> Result<Outcome, RunError> {
        self.run_watched(&mut |_| true)
    }

    /// Runs the trial, showing progress every 4,096 events; `watch` returns false to stop it.
    ///
    /// # Errors
    /// As [`Trial::run`], and [`RunError::Interrupted`].
    pub fn run_watched(&self, watch: &mut dyn FnMut(Progress) -> bool) -> Result<Outcome, RunError> {
        let mut simulation = self.simulation();
        let limits = self.limits();
        // The kernel polls between chunks without showing itself, so a run is cut into slices of simulated time to have figures to show.
        let slices = 200;
        let mut slice = 0;
        let mut go = true;
        loop {
            slice += 1;
            let until = if slice >= slices { limits.until } else { part(limits.until, slice, slices) };
            let outcome = simulation.run_interruptible(&Limits { until, ..limits }, &mut || !go);
            let done = match outcome {
                Ok(kernel::Outcome::UntilReached) => slice >= slices,
                Ok(kernel::Outcome::Drained | kernel::Outcome::Stopped) => true,
                Err(error) => return Err(error),
            };
            go = watch(Progress { now: simulation.now(), end: limits.until, events: simulation.events() });
            if done {
                return Ok(self.read(simulation));
            }
        }
    }

    /// Reads the figures off a simulation that has run to its end.
    pub fn read(&self, simulation: ClusterSimulation) -> Outcome {
        let hash = simulation.hash();
        let chunks = simulation.chunk_hashes().to_vec();
        let events = simulation.events();
        let World { schedule, recorder, .. } = simulation.model;
        let (scenario, trace, series) = (self.scenario.as_ref(), &recorder.trace, &recorder.series);
        let (places, harm, end) = (Placement::new(scenario), recorder.harm.rows(), Instant::ZERO + scenario.run.duration);
        let timeline = Timeline::new(&places, trace, end);
        let mut recoveries = checkers::recoveries::collect(trace);
        checkers::recoveries::note_answers(&mut recoveries, &harm);
        let incidents = incidents::join(&incidents::Evidence {
            seed: self.seed,
            scenario,
            schedule: &schedule,
            places: &places,
            trace,
            harm: &harm,
            kills: &recorder.harm.kills,
            hindered: &recorder.harm.hindered,
            timeline: &timeline,
            recoveries: &recoveries,
            persistence: &self.stack.state,
        });
        let nodes = scenario.cluster.hosts.len() + scenario.loads.len();
        let evidence = checkers::cascades::Evidence {
            scenario,
            places: &places,
            trace,
            series,
            harm: &harm,
            kills: &recorder.harm.kills,
            incidents: &incidents,
        };
        let findings = Findings {
            detectors: checkers::detectors::check(trace, &timeline, nodes, Instant::ZERO + scenario.run.warmup),
            recoveries: checkers::recoveries::check(&recoveries),
            state: checkers::state::check(trace),
            cascades: checkers::cascades::check(&evidence),
            leadership: checkers::leadership::check(trace, &timeline),
            breakers: checkers::breakers::check(trace, end),
            overhead: checkers::overhead::check(scenario, series),
        };
        let objectives = objectives::read(scenario, &recorder, &incidents, &findings);
        Outcome { seed: self.seed, hash, chunks, events, schedule, recorder, incidents, findings, objectives }
    }
}

fn part(end: Instant, slice: u64, slices: u64) -> Instant {
    Instant::ZERO + Duration::from_nanos(end.as_nanos() / slices * slice)
}

impl Outcome {
    /// The value of an objective by name; `None` where it is not defined for this run (no incidents, no requests) or unknown.
    pub fn objective(&self, name: &str) -> Option<f64> {
        self.objectives.iter().find(|objective| objective.definition.name == name).and_then(|objective| objective.value)
    }
}
