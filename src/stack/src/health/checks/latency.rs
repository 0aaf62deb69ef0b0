//! Do requests take longer than they used to, or longer than they may?
//!
//! Real requests and synthetic ones are compared each with their own past: a synthetic one calls nobody, so it takes a fraction of the time, and where traffic comes
//! and goes the two take turns.

use hms_machine::{Duration, Instant};

use super::baseline::Baseline;
use super::{Cause, Check, CheckConfiguration, Reading, Status};
use crate::health::{Gate, Threshold};

/// A usual latency below this counts as this: what answers within 100 µs is not slow at three times that.
const USUAL_MIN: Duration = Duration::from_micros(100);

/// What was found is forgotten when nothing more was seen of these requests for so long.
const STALE: Duration = Duration::from_secs(3);

/// Degraded while answered requests (real or synthetic) are slow, against their own past or against a limit.
#[derive(Clone, Debug)]
pub struct Latency {
    bad: f64,
    real: Side,
    synthetic: Side,
    absolute: Gate,
}

/// Requests of one kind.
#[derive(Clone, Debug)]
struct Side {
    baseline: Baseline,
    threshold: Threshold,
    relative: Gate,
    seen: Instant,
}

impl Side {
    fn new(threshold: Threshold) -> Self {
        let baseline = Baseline::new(USUAL_MIN.as_secs_f64());
        Side { baseline, threshold, relative: Gate::new(threshold), seen: Instant::ZERO }
    }

    fn observe(&mut self, elapsed: f64, bad: f64, at: Instant) {
        self.seen = at;
        if let Some(ratio) = self.baseline.observe(elapsed, bad) {
            self.relative.observe(ratio, at);
        }
    }

    fn slow(&mut self, at: Instant) -> bool {
        if self.relative.raised() && at.saturating_since(self.seen) > STALE {
            self.relative = Gate::new(self.threshold);
        }
        self.relative.raised()
    }
}

impl Latency {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        let limit = configuration.latency_max.as_secs_f64();
        // The ratio is one of medians, which a single bad sample does not move.
        let relative = configuration.smoothed(configuration.ratio(configuration.latency_ratio));
        Latency {
            bad: configuration.latency_ratio,
            real: Side::new(relative),
            synthetic: Side::new(relative),
            absolute: Gate::new(Threshold::above(limit, limit).in_a_row(configuration.bad_in_a_row, configuration.good_in_a_row)),
        }
    }
}

impl Check for Latency {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        let (side, elapsed) = match *reading {
            Reading::Latency(elapsed) => (&mut self.real, elapsed.as_secs_f64()),
            Reading::Work { ok: true, elapsed } => (&mut self.synthetic, elapsed.as_secs_f64()),
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
        side.observe(elapsed, self.bad, at);
        let absolute = self.absolute.observe(elapsed, at);
        let slow = [&mut self.real, &mut self.synthetic].into_iter().fold(absolute, |slow, side| side.slow(at) || slow);
        Some(if slow { Status::Degraded { cause: Cause::Slow } } else { Status::Healthy })
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: u64) -> Instant {
        Instant::from_nanos(step * 200_000_000)
    }

    #[test]
    fn real_requests_that_take_longer_than_synthetic_ones_are_not_slow_and_are_when_they_take_longer_than_before() {
        let mut check = Latency::new(&CheckConfiguration::default());
        let work = |millis| Reading::Work { ok: true, elapsed: Duration::from_millis(millis) };
        let real = |millis| Reading::Latency(Duration::from_millis(millis));
        let mut feed = |from: u64, reading: Reading| {
            (from..from + 20).map(|step| check.observe(&reading, at(step)).expect("a latency")).last()
        };
        let slow = Some(Status::Degraded { cause: Cause::Slow });
        assert_eq!(feed(0, work(1)), Some(Status::Healthy));
        assert_eq!(feed(20, real(9)), Some(Status::Healthy));
        assert_eq!(feed(40, work(1)), Some(Status::Healthy));
        assert_eq!(feed(60, real(60)), slow);
        // No more of them: what was found is forgotten.
        assert_eq!(feed(80, work(1)), Some(Status::Healthy));
        assert_eq!(feed(100, work(9)), slow);
    }
}
