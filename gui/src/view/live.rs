//! A run under way, as far as it has come.

use hms_lab::machine::{Instant, NodeId};
use hms_lab::session::{Flight, Recording, Truth, flights};
use hms_lab::sim::cluster::topology::Topology;
use hms_lab::sim::services::placement::Placement;
use hms_lab::trial::{ClusterSimulation, SeriesRow};

/// Runs under way: one that is watched, and those that wait or run beside it.
#[derive(Clone, Debug)]
pub struct Live {
    /// The job that runs them.
    pub job: u64,
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of the run that is watched.
    pub seed: u64,
    /// Which run this is, from 1.
    pub run: u32,
    /// How many there are.
    pub runs: u32,
    /// Simulated time reached.
    pub now: Instant,
    /// Simulated time at the end.
    pub end: Instant,
    /// Events dispatched.
    pub events: u64,
    /// Events per second of wall time, of late.
    pub rate: f64,
    /// Whether it waits.
    pub paused: bool,
    /// Simulated seconds per second; none: as fast as it can.
    pub speed: Option<f64>,
    /// What is true now.
    pub truth: Truth,
    /// Pairs of hosts of which the first cannot reach the second, at most [`CUTS_MAX`].
    pub cuts: Vec<(NodeId, NodeId)>,
    /// Messages on their way, at most [`FLIGHTS_MAX`].
    pub flights: Vec<Flight>,
    /// The series so far, thinned to a bounded number of rows.
    pub series: Vec<SeriesRow>,
    /// Rows of the series are taken from this step on, where there are many.
    every: usize,
    /// Where nodes stand.
    pub topology: Topology,
    /// Which agent runs where.
    pub places: Placement,
}

/// More broken links than this are not drawn one by one.
pub const CUTS_MAX: usize = 400;

/// More messages than this are not drawn one by one.
pub const FLIGHTS_MAX: usize = 400;

/// More rows of a series than this are thinned out while a run is watched.
pub const ROWS_MAX: usize = 4_000;

impl Live {
    /// A run as it stands.
    pub fn new(job: u64, recording: &Recording) -> Live {
        let scenario = recording.inputs().scenario();
        let rows = scenario.run.duration.as_nanos() / scenario.run.sample_every.as_nanos().max(1);
        let mut live = Live {
            job,
            scenario: scenario.name.clone(),
            seed: recording.inputs().seed().0,
            run: 1,
            runs: 1,
            now: Instant::ZERO,
            end: recording.end(),
            events: 0,
            rate: 0.0,
            paused: false,
            speed: None,
            truth: Truth::new(scenario.cluster.hosts.len(), scenario.loads.len()),
            cuts: Vec::new(),
            flights: Vec::new(),
            series: Vec::new(),
            every: (rows as usize).div_ceil(ROWS_MAX).max(1),
            topology: Topology::new(scenario),
            places: Placement::new(scenario),
        };
        live.read(recording);
        live
    }

    /// Takes in what has happened since the last time.
    pub fn read(&mut self, recording: &Recording) {
        for row in &recording.trace()[self.truth.rows.min(recording.trace().len())..] {
            self.truth.read(row);
        }
        (self.now, self.events) = (recording.now(), recording.events());
        self.cuts = if self.truth.faults.is_empty() { Vec::new() } else { cuts(recording.world()) };
        self.flights = flights(recording.world(), FLIGHTS_MAX);
        let next = self.series.len() * self.every;
        self.series.extend(recording.series().iter().skip(next).step_by(self.every).copied());
    }

    /// Share of the run that is done.
    pub fn share(&self) -> f32 {
        let end = self.end.as_nanos().max(1);
        (self.now.as_nanos() as f64 / end as f64) as f32
    }
}

/// Hosts beyond this many are not asked pair by pair.
const HOSTS_MAX: usize = 128;

/// Pairs of hosts that work, of which the first cannot reach the second.
pub fn cuts(world: &ClusterSimulation) -> Vec<(NodeId, NodeId)> {
    let hosts = world.model.scenario.cluster.hosts.len();
    if hosts > HOSTS_MAX {
        return Vec::new();
    }
    let now: Instant = world.now();
    let nodes = || (0..hosts).map(NodeId::from_index).filter(|node| world.model.works(*node));
    let network = world.model.network();
    let pairs = nodes().flat_map(|from| nodes().filter(move |to| *to != from).map(move |to| (from, to)));
    pairs.filter(|(from, to)| !network.reachable(now, *from, *to)).take(CUTS_MAX).collect()
}
