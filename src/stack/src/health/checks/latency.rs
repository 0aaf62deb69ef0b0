//! Do requests take longer than they used to, or longer than they may?

use hms_machine::{Duration, Instant};

use super::baseline::Baseline;
use super::{Cause, Check, CheckConfiguration, Reading, Status};
use crate::health::{Gate, Threshold};

/// A usual latency below this counts as this: what answers within 100 µs is not slow at three times that.
const USUAL_MIN: Duration = Duration::from_micros(100);

/// Degraded while answered requests (real or synthetic) are slow, against their own past or against a limit.
#[derive(Clone, Debug)]
pub struct Latency {
    bad: f64,
    baseline: Baseline,
    relative: Gate,
    absolute: Gate,
}

impl Latency {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        let limit = configuration.latency_max.as_secs_f64();
        Latency {
            bad: configuration.latency_ratio,
            baseline: Baseline::new(USUAL_MIN.as_secs_f64()),
            // The ratio is one of medians, which a single bad sample does not move.
            relative: Gate::new(configuration.smoothed(configuration.ratio(configuration.latency_ratio))),
            absolute: Gate::new(Threshold::above(limit, limit).in_a_row(configuration.bad_in_a_row, configuration.good_in_a_row)),
        }
    }
}

impl Check for Latency {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        let elapsed = match *reading {
            Reading::Latency(elapsed) | Reading::Work { ok: true, elapsed } => elapsed.as_secs_f64(),
            Reading::Work { ok: false, .. }
            | Reading::Probe { .. }
            | Reading::Ready(_)
            | Reading::Outcomes { .. }
            | Reading::Queue { .. }
            | Reading::Memory { .. }
            | Reading::Handles { .. }
            | Reading::DiskOperation(_)
            | Reading::DiskSpace { .. }
            | Reading::Processor { .. }
            | Reading::Clocks { .. }
            | Reading::Comparison { .. } => return None,
        };
        let ratio = self.baseline.observe(elapsed, self.bad);
        let relative = ratio.is_some_and(|ratio| self.relative.observe(ratio, at));
        let absolute = self.absolute.observe(elapsed, at);
        Some(if relative || absolute { Status::Degraded { cause: Cause::Slow } } else { Status::Healthy })
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}
