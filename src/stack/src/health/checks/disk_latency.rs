//! Do small flushed writes take much longer than they used to?

use hms_machine::{Duration, Instant};

use super::baseline::Baseline;
use super::{Cause, Check, CheckConfiguration, Reading, Status};
use crate::health::Gate;

/// A usual time below this counts as this: a write into a cache of the device is not a measure.
const USUAL_MIN: Duration = Duration::from_micros(100);

/// A disk of which a mean was as usual within this time is not slow all the time: the median of several has yet to follow.
const RECENTLY: Duration = Duration::from_secs(1);

/// Degraded while the disk is slow against its own past; failed while an operation does not come back at all.
#[derive(Clone, Debug)]
pub struct DiskLatency {
    bad: f64,
    baseline: Baseline,
    slow: Gate,
    stalled: Gate,
    /// An operation that takes this long has not merely become slower.
    stall: Duration,
    /// When a reading was as usual last, and when one was taken last.
    usual: Option<Instant>,
    seen: Instant,
}

impl DiskLatency {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        DiskLatency {
            bad: configuration.disk_ratio,
            baseline: Baseline::new(USUAL_MIN.as_secs_f64()),
            slow: Gate::new(configuration.smoothed(configuration.ratio(configuration.disk_ratio))),
            // An operation that is under way is read again and again: two readings are no chance.
            stalled: Gate::new(configuration.smoothed(configuration.failures())),
            stall: configuration.disk_stall,
            usual: None,
            seen: Instant::ZERO,
        }
    }

    fn judge(&self) -> Status {
        if self.stalled.raised() {
            Status::Failed { cause: Cause::SlowDisk }
        } else if self.slow.raised() {
            Status::Degraded { cause: Cause::SlowDisk }
        } else {
            Status::Healthy
        }
    }
}

impl Check for DiskLatency {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        let Reading::DiskOperation(elapsed) = *reading else { return None };
        self.stalled.observe(f64::from(u8::from(elapsed >= self.stall)), at);
        self.seen = at;
        if self.baseline.is_usual(elapsed.as_secs_f64(), self.bad) {
            self.usual = Some(at);
        }
        if let Some(ratio) = self.baseline.observe(elapsed.as_secs_f64(), self.bad) {
            self.slow.observe(ratio, at);
        }
        Some(self.judge())
    }

    fn mending(&self) -> bool {
        let usual = self.usual.is_some_and(|usual| self.seen.saturating_since(usual) < RECENTLY);
        (!self.stalled.raised() || self.stalled.mending()) && (!self.slow.raised() || usual)
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}
