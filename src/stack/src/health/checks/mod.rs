//! Health checks: readings in, statuses out.
//!
//! A [`Check`] judges the readings of one subject; [`Checks`] holds them, says which reading is due when, and hands every reading that comes, asked for or not,
//! to all checks of its subject (pull and push). Users extend this by implementing [`Check`]; ours are one file each.
//! Checks see what a node can see: readings, and the instants at which they came.

mod baseline;
mod clock_offset;
mod configuration;
mod cpu_delay;
mod differential;
mod disk_latency;
mod error_rate;
mod error_window;
mod latency;
mod liveness;
mod peer_comparison;
mod queue_depth;
mod readiness;
mod reading;
mod registry;
mod resource_trend;
mod standard;
mod status;
#[cfg(test)]
mod tests;

use std::fmt;

pub use clock_offset::ClockOffset;
pub use configuration::CheckConfiguration;
pub use cpu_delay::CpuDelay;
pub use differential::Differential;
pub use disk_latency::DiskLatency;
pub use error_rate::ErrorRate;
pub use latency::Latency;
pub use liveness::Liveness;
pub use peer_comparison::{PeerComparison, PeerGroup};
pub use queue_depth::QueueDepth;
pub use readiness::Readiness;
pub use reading::{Reading, ReadingKind, Subject, SubjectKind};
pub use registry::{Change, CheckId, Checks, Due, Registration, Schedule};
pub use resource_trend::{Resource, ResourceTrend};
pub use standard::Standard;
pub use status::{Cause, Level, Severity, Status};

use hms_machine::Instant;

/// A health check of one subject. It may be fed any reading of its subject and picks what it understands.
///
/// A check is a policy: it holds what it has seen, and no clock. Contract: the same readings at the same instants give the same statuses.
pub trait Check: fmt::Debug + Send + Sync {
    /// Takes a reading; the status that follows, or `None` if the reading says nothing to this check.
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status>;

    /// What was asked for did not come before it was due again, or nothing was pushed for too long. The status that follows, if any.
    fn missed(&mut self, at: Instant) -> Option<Status> {
        let _ = at;
        None
    }

    /// Whether what it said last is about to be over: the newest readings were good, and too few to say so.
    fn mending(&self) -> bool {
        false
    }

    /// A copy with all that it has seen: a run can be forked.
    fn box_clone(&self) -> Box<dyn Check>;
}

impl Clone for Box<dyn Check> {
    fn clone(&self) -> Self {
        self.box_clone()
    }
}
