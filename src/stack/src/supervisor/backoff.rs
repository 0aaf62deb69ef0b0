//! Pauses between restarts: exponential, with a cap, jitter, and a reset after a clean run.
//!
//! Picture: each restart in a row waits `factor` times as long as the one before, until the cap; whoever then runs cleanly for
//! long enough starts over. The form is that of Kubernetes' CrashLoopBackOff (10 s × 2, cap 300 s, reset after 10 min) and of
//! Pekko's `BackoffSupervisor` (`min(max, min × 2^n) × (1 + random × randomFactor)`).
//!
//! Contract: the k-th pause in a row, from 0, lies in `p ..= p × (1 + jitter)` with `p = min(first × factor^k, max)`. The jitter
//! comes after the cap, as in Pekko, so that many agents which have all reached the cap do not start in step. No draw is made
//! here; the caller hands one in.

use hms_machine::Duration;

/// How pauses grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BackoffRule {
    /// The shortest pause. Zero: no pause ever, as in OTP.
    pub first: Duration,
    /// Growth from pause to pause, at least 1.
    pub factor: f64,
    /// The longest pause before jitter.
    pub max: Duration,
    /// Longest stretch of a pause by chance, as a share of it, at least 0.
    pub jitter: f64,
    /// Whoever ran this long begins again with the shortest pause.
    pub clean_run: Duration,
}

/// Restarts in a row of one agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    attempts: u32,
}

impl BackoffRule {
    /// No pause between restarts, as in OTP.
    pub const NONE: BackoffRule =
        BackoffRule { first: Duration::ZERO, factor: 1.0, max: Duration::ZERO, jitter: 0.0, clean_run: Duration::ZERO };

    /// The pause after `attempts` restarts in a row, without jitter.
    pub fn pause(&self, attempts: u32) -> Duration {
        let mut pause = self.first;
        // A factor of 1 never reaches the cap, and a pause of zero never grows: neither needs the loop.
        let grows = self.factor > 1.0 && !pause.is_zero();
        for _ in 0..if grows { attempts } else { 0 } {
            if pause >= self.max {
                break;
            }
            // A pause of a few nanoseconds must not be rounded back to itself.
            pause = pause.mul_f64(self.factor).max(pause + Duration::from_nanos(1));
        }
        pause.min(self.max)
    }
}

impl Backoff {
    /// Restarts since the last clean run.
    pub fn attempts(self) -> u32 {
        self.attempts
    }

    /// The agent has ended after running for `span`.
    pub fn ran(&mut self, rule: &BackoffRule, span: Duration) {
        if span >= rule.clean_run {
            self.attempts = 0;
        }
    }

    /// The pause before the next restart, which is counted. `uniform` is drawn from [0, 1).
    pub fn next(&mut self, rule: &BackoffRule, uniform: f64) -> Duration {
        let pause = rule.pause(self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        pause.saturating_add(pause.mul_f64(rule.jitter * uniform))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::supervisor::presets;

    fn pauses(rule: &BackoffRule, uniform: f64, count: usize) -> Vec<u64> {
        let mut backoff = Backoff::default();
        (0..count).map(|_| backoff.next(rule, uniform).as_nanos() / 1_000_000).collect()
    }

    fn preset(name: &str) -> BackoffRule {
        presets::named(name).expect("a preset of this name").configuration().backoff_rule()
    }

    #[test]
    fn the_pauses_of_the_presets_are_those_of_the_systems() {
        assert_eq!(pauses(&preset("k8s-crashloop"), 0.0, 7), [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
        assert_eq!(pauses(&preset("systemd"), 0.9, 3), [100, 100, 100]);
        assert_eq!(pauses(&preset("pekko-backoff"), 0.5, 5), [3_300, 6_600, 13_200, 26_400, 33_000]);
    }

    #[test]
    fn a_clean_run_begins_again_and_a_shorter_one_does_not() {
        let rule = preset("k8s-crashloop");
        let mut backoff = Backoff::default();
        for _ in 0..4 {
            backoff.next(&rule, 0.0);
        }
        backoff.ran(&rule, Duration::from_secs(599));
        assert_eq!(backoff.attempts(), 4);
        backoff.ran(&rule, Duration::from_secs(600));
        assert_eq!(backoff.next(&rule, 0.0), Duration::from_secs(10));
    }

    #[test]
    fn there_is_no_pause_without_backoff() {
        assert_eq!(pauses(&BackoffRule::NONE, 0.99, 4), [0, 0, 0, 0]);
    }

    #[test]
    fn with_jitter_two_agents_do_not_start_in_step_and_without_it_they_do() {
        let jittered = preset("pekko-backoff");
        assert_ne!(pauses(&jittered, 0.1, 8), pauses(&jittered, 0.7, 8));
        let plain = BackoffRule { jitter: 0.0, ..jittered };
        assert_eq!(pauses(&plain, 0.1, 8), pauses(&plain, 0.7, 8));
    }

    proptest! {
        #[test]
        fn a_pause_never_shrinks_and_stays_within_its_bounds(
            first in 0u64..10_000_000_000, factor in 1.0f64..10.0, stretch in 1u64..1000, jitter in 0.0f64..=1.0, uniform in 0.0f64..1.0,
        ) {
            let first = Duration::from_nanos(first);
            let rule = BackoffRule { first, factor, max: first * stretch, jitter, clean_run: Duration::MAX };
            let mut backoff = Backoff::default();
            let mut before = Duration::ZERO;
            for attempt in 0..50 {
                let (plain, pause) = (rule.pause(attempt), backoff.next(&rule, uniform));
                prop_assert!(plain >= first && plain <= rule.max && plain >= before);
                prop_assert!(pause >= plain && pause <= plain.saturating_add(plain.mul_f64(jitter)));
                before = plain;
            }
        }
    }
}
