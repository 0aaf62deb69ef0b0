//! The limit follows an estimate of the callee's queue (Brakmo and Peterson, "TCP Vegas", IEEE JSAC 1995; `VegasLimit` of Netflix's
//! concurrency-limits).
//!
//! With the least latency seen as that of an idle callee, limit × (1 − least/present) of the calls in progress seem to wait. With L =
//! log10(limit), at least 1: up to L waiting the limit grows by beta, below alpha it grows by L, above beta it sinks by L. The least
//! latency is measured anew after every `vegas_probe` × limit calls, so that a callee that has become slower for good is not starved.
//! Differs from the library in two things: the time of the new measurement is not jittered (counts of calls differ between callers anyway),
//! and the latency of a dropped call is never taken for the least.

use super::{ConcurrencyConfiguration, Sample};

/// What is known about the callee.
#[derive(Clone, Debug, Default)]
pub(super) struct Vegas {
    /// Nanoseconds; `None` before the first call.
    least: Option<f64>,
    /// Calls since it was measured anew.
    calls: u32,
}

impl Vegas {
    /// The limit after this call.
    pub(super) fn moved(&mut self, configuration: &ConcurrencyConfiguration, limit: f64, sample: Sample) -> f64 {
        let present = sample.latency.as_nanos().max(1) as f64;
        let whole = limit as u32;
        let step = f64::from(whole.checked_ilog10().unwrap_or(0).max(1));
        if sample.dropped {
            return limit - step;
        }
        self.calls = self.calls.saturating_add(1);
        if self.calls >= configuration.vegas_probe.saturating_mul(whole) {
            self.calls = 0;
            self.least = Some(present);
            return limit;
        }
        let least = match self.least {
            Some(least) if least <= present => least,
            Some(_) | None => {
                self.least = Some(present);
                return limit;
            }
        };
        if f64::from(sample.in_progress) * 2.0 < limit {
            return limit;
        }
        let waiting = (limit * (1.0 - least / present)).ceil();
        let (alpha, beta) = (f64::from(configuration.vegas_alpha) * step, f64::from(configuration.vegas_beta) * step);
        if waiting <= step {
            limit + beta
        } else if waiting < alpha {
            limit + step
        } else if waiting > beta {
            limit - step
        } else {
            limit
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tunables::ms;

    #[test]
    fn the_limit_moves_as_the_library_says() {
        let configuration = ConcurrencyConfiguration::default();
        let sample = Sample { latency: ms(100), in_progress: 100, dropped: false };
        let mut learnt = Vegas::default();
        assert_eq!(learnt.moved(&configuration, 100.0, sample), 100.0);
        // log10(100) = 2: alpha 6, beta 12. Waiting at latency R: 100 × (1 − 100/R), rounded up.
        let cases = [
            ("2 wait", Sample { latency: ms(102), ..sample }, 112.0),
            ("5 wait", Sample { latency: ms(105), ..sample }, 102.0),
            ("10 wait", Sample { latency: ms(110), ..sample }, 100.0),
            ("34 wait", Sample { latency: ms(150), ..sample }, 98.0),
            ("faster than ever", Sample { latency: ms(50), ..sample }, 100.0),
            ("little used", Sample { in_progress: 49, ..sample }, 100.0),
            ("dropped", Sample { dropped: true, ..sample }, 98.0),
        ];
        for (case, sample, expected) in cases {
            assert_eq!(learnt.clone().moved(&configuration, 100.0, sample), expected, "{case}");
        }
    }

    #[test]
    fn a_callee_that_has_become_slower_for_good_gets_a_new_least_latency() {
        let configuration = ConcurrencyConfiguration::default();
        let mut learnt = Vegas::default();
        let sample = Sample { latency: ms(100), in_progress: 10, dropped: false };
        learnt.moved(&configuration, 10.0, sample);
        let slower = Sample { latency: ms(400), ..sample };
        assert!(learnt.moved(&configuration, 10.0, slower) < 10.0);
        (0..300).for_each(|_| {
            learnt.moved(&configuration, 10.0, slower);
        });
        assert!(learnt.moved(&configuration, 10.0, slower) > 10.0);
    }
}
