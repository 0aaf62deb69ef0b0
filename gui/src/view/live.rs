//! A run under way, as far as it has come.

use hms_lab::machine::{Instant, NodeId};
use hms_lab::session::Truth;
use hms_lab::sim::cluster::topology::Topology;
use hms_lab::sim::services::placement::Placement;
use hms_lab::trial::SeriesRow;

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
    /// The series so far, thinned to a bounded number of rows.
    pub series: Vec<SeriesRow>,
    /// Where nodes stand.
    pub topology: Topology,
    /// Which agent runs where.
    pub places: Placement,
}

/// More broken links than this are not drawn one by one.
pub const CUTS_MAX: usize = 400;

/// More rows of a series than this are thinned out while a run is watched.
pub const ROWS_MAX: usize = 4_000;

impl Live {
    /// Share of the run that is done.
    pub fn share(&self) -> f32 {
        let end = self.end.as_nanos().max(1);
        (self.now.as_nanos() as f64 / end as f64) as f32
    }
}
