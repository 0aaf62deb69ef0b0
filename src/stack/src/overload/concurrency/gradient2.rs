//! The limit follows the ratio of the long-term to the present latency (`Gradient2Limit` of Netflix's concurrency-limits).
//!
//! limit ← (1−s)·limit + s·(g·limit + q), with the gradient g = tolerance × long / present between 1/2 and 1, and q calls of allowed queue.
//! At constant latency it grows by s·q a call; when latency exceeds the tolerated multiple of its long-term average it shrinks. Differs
//! from the library in one thing: a dropped call counts as the steepest gradient, without growth (the library's first gradient limit halved
//! on drops, its second ignores them).
//!
//! Its weakness: an overload that lasts longer than the long-term window becomes the norm. While latency falls the average is pulled down
//! by 5 % a call.

use super::{ConcurrencyConfiguration, Sample};

/// Samples that are averaged plainly before the exponential average begins (`ExpAvgMeasurement` of the library).
const WARM_UP: u32 = 10;
/// Where the long-term latency is this many times the present one, it is out of date.
const STALE: f64 = 2.0;
/// By what it is then multiplied at each call (0.9 in the library's first versions, which had no tolerance either).
const PULL: f64 = 0.95;
/// The steepest descent.
const GRADIENT_LEAST: f64 = 0.5;

/// The long-term latency.
#[derive(Clone, Debug, Default)]
pub(super) struct Gradient2 {
    /// Nanoseconds.
    long: f64,
    /// Samples averaged, up to the end of warm-up.
    samples: u32,
}

impl Gradient2 {
    /// The limit after this call.
    pub(super) fn moved(&mut self, configuration: &ConcurrencyConfiguration, limit: f64, sample: Sample) -> f64 {
        if sample.dropped {
            let steepest = limit * GRADIENT_LEAST;
            return limit + configuration.gradient_smoothing * (steepest - limit);
        }
        let present = sample.latency.as_nanos().max(1) as f64;
        self.average(configuration, present);
        if self.long / present > STALE {
            self.long *= PULL;
        }
        if f64::from(sample.in_progress) < limit / 2.0 {
            return limit;
        }
        let gradient = (configuration.gradient_tolerance * self.long / present).clamp(GRADIENT_LEAST, 1.0);
        let target = limit * gradient + f64::from(configuration.gradient_queue);
        limit + configuration.gradient_smoothing * (target - limit)
    }

    fn average(&mut self, configuration: &ConcurrencyConfiguration, present: f64) {
        let share = if self.samples < WARM_UP {
            self.samples += 1;
            1.0 / f64::from(self.samples)
        } else {
            2.0 / (f64::from(configuration.gradient_window) + 1.0)
        };
        self.long += share * (present - self.long);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tunables::ms;

    #[test]
    fn the_limit_moves_as_the_library_says() {
        let configuration = ConcurrencyConfiguration::default();
        let mut learnt = Gradient2::default();
        let sample = Sample { latency: ms(100), in_progress: 100, dropped: false };
        for _ in 0..WARM_UP {
            learnt.moved(&configuration, 100.0, sample);
        }
        // The long-term latency moves by 2/601 of the way to each new one.
        let cases = [
            ("as ever", sample, 100.8),
            ("tolerated", Sample { latency: ms(150), ..sample }, 100.8),
            // 1.5 × (100 + 200·2/601)/300 = 0.5033
            ("three times as slow", Sample { latency: ms(300), ..sample }, 100.0 + 0.2 * (50.333 + 4.0 - 100.0)),
            ("far slower", Sample { latency: ms(3_000), ..sample }, 100.0 + 0.2 * (50.0 + 4.0 - 100.0)),
            ("little used", Sample { in_progress: 49, ..sample }, 100.0),
            ("dropped", Sample { dropped: true, ..sample }, 90.0),
        ];
        for (case, sample, expected) in cases {
            let moved = learnt.clone().moved(&configuration, 100.0, sample);
            assert!((moved - expected).abs() < 1e-3, "{case}: {moved}");
        }
    }

    #[test]
    fn an_outdated_long_term_latency_is_pulled_down() {
        let configuration = ConcurrencyConfiguration::default();
        let mut learnt = Gradient2::default();
        let slow = Sample { latency: ms(1_000), in_progress: 1, dropped: false };
        (0..600).for_each(|_| {
            learnt.moved(&configuration, 100.0, slow);
        });
        let fast = Sample { latency: ms(10), ..slow };
        (0..100).for_each(|_| {
            learnt.moved(&configuration, 100.0, fast);
        });
        assert!(learnt.long < 2.1e7, "{}", learnt.long);
    }
}
