//! Retries: whether a call that has failed is tried again, and after what pause.
//!
//! The pause before the k-th retry is `pause × factor^(k−1)`, at most `pause_max`, of which the share `jitter` is drawn uniformly. A share
//! of 1 is the "full jitter" of Brooker ("Exponential backoff and jitter", AWS architecture blog, 2015), which spreads clients that failed
//! together best.
//!
//! Three things end a call early. No attempt is begun that cannot be answered before the call's deadline. A call of which `poison_resets`
//! attempts took their server's process with them is taken for a poison message: one more attempt would cost one more process. And the
//! number of attempts is bounded. How much is retried over all calls is the budget's matter ([`RetryBudget`](super::RetryBudget)).

use hms_machine::{Draw, Duration, Instant};

use crate::configuration::Conflict;
use crate::tunables::{hours, mins, ms, parameters, secs};
use hms_machine::CallOutcome;

parameters! {
    /// Parameters of retries. The default of 3 attempts in all is that of the AWS SDKs' standard mode.
    pub struct RetryConfiguration("retry") {
        enabled: bool = switch(true),
            "Tries failed calls again; off: the first attempt is the only one.";
        attempts: u32 = integer(1, 10, 3),
            "Attempts of a call in all, the first included. More: single faults are hidden better, more load where everything fails.";
        pause: Duration = duration(Duration::from_micros(1), mins(1), ms(50)),
            "Longest pause before the first retry. Longer: gentler on a failing callee, slower answers.";
        factor: f64 = real(1.0, 10.0, 2.0),
            "Growth of the pause from retry to retry.";
        pause_max: Duration = duration(Duration::from_micros(1), hours(1), secs(2)),
            "Longest pause before any retry.";
        jitter: f64 = real(0.0, 1.0, 1.0),
            "Share of the pause that is drawn uniformly. 1 (full jitter): callers that failed together come back spread out; 0: as one.";
        attempt_least: Duration = duration(Duration::from_micros(1), mins(1), ms(10)),
            "Time to the deadline that a further attempt needs at least. Longer: fewer attempts whose answer comes too late.";
        errors: bool = switch(true),
            "Tries again after an answer that is an error.";
        refusals: bool = switch(true),
            "Tries again after a refusal (nobody listens, queue full, load shed).";
        timeouts: bool = switch(true),
            "Tries again after a time-out; the work may have been done, so calls must be safe to repeat.";
        resets: bool = switch(true),
            "Tries again when the server's process died during the attempt.";
        poison_resets: u32 = integer(1, 10, 2),
            "Attempts that took their server's process with them before the call counts as poison. Fewer: less damage, more innocent calls lost.";
    }
}

/// What a call has behind it: ended attempts, the latest included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Attempts that have ended.
    pub ended: u32,
    /// Those of them that ended with the death of the server's process.
    pub resets: u32,
}

impl Attempts {
    /// Adds the attempt that has just ended.
    pub fn record(&mut self, ending: CallOutcome) {
        self.ended += 1;
        self.resets += u32::from(ending == CallOutcome::Reset);
    }
}

/// What to do with a call whose attempt has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAdvice {
    /// Try again.
    Retry {
        /// The pause before the attempt.
        after: Duration,
    },
    /// Leave it at that.
    GiveUp(GiveUp),
}

/// Why a call is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// It was answered.
    Answered,
    /// Retries are off, or this ending is not one that is retried.
    NotRetried,
    /// It has had all its attempts.
    Exhausted,
    /// A further attempt could not be answered before the deadline.
    Late,
    /// It is suspected to kill the processes that work on it.
    Poison,
}

impl RetryConfiguration {
    /// What to do with a call after an attempt ended with `ending`, which is already among `attempts`; `deadline` is that of the whole
    /// call.
    pub fn decide(
        &self,
        attempts: Attempts,
        ending: CallOutcome,
        deadline: Option<Instant>,
        now: Instant,
        draw: &mut Draw,
    ) -> RetryAdvice {
        let retried = match ending {
            CallOutcome::Ok => return RetryAdvice::GiveUp(GiveUp::Answered),
            CallOutcome::Error => self.errors,
            CallOutcome::Refused => self.refusals,
            CallOutcome::TimedOut => self.timeouts,
            CallOutcome::Reset => self.resets,
        };
        if !self.enabled || !retried {
            return RetryAdvice::GiveUp(GiveUp::NotRetried);
        }
        if attempts.resets >= self.poison_resets {
            return RetryAdvice::GiveUp(GiveUp::Poison);
        }
        if attempts.ended >= self.attempts {
            return RetryAdvice::GiveUp(GiveUp::Exhausted);
        }
        let pause = self.pause_before(attempts.ended);
        let fixed = pause.mul_f64(1.0 - self.jitter);
        let after = fixed.saturating_add(pause.saturating_sub(fixed).mul_f64(draw.uniform()));
        let needed = after.saturating_add(self.attempt_least);
        if deadline.is_some_and(|deadline| deadline.saturating_since(now) < needed) {
            return RetryAdvice::GiveUp(GiveUp::Late);
        }
        RetryAdvice::Retry { after }
    }

    /// Longest pause before this retry (1: the first).
    fn pause_before(&self, retry: u32) -> Duration {
        let mut pause = self.pause.min(self.pause_max);
        for _ in 1..retry {
            pause = pause.mul_f64(self.factor).min(self.pause_max);
        }
        pause
    }

    /// Rules that concern more than one parameter.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let too_short = self.pause_max < self.pause;
        let message = || format!("retry.pause_max ({}) must be at least retry.pause ({})", self.pause_max, self.pause);
        too_short.then(|| Conflict { names: ["retry.pause_max", "retry.pause"], message: message() }).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Seed, Streams};
    use proptest::prelude::*;

    use super::*;

    const NOW: Instant = Instant::from_nanos(1_000_000_000_000);

    fn draw(ordinal: u64) -> Draw {
        Streams::new(Seed(1)).draw(Purpose::named("test/retry"), 0, ordinal)
    }

    fn advice(configuration: &RetryConfiguration, attempts: Attempts, ending: CallOutcome, left: Duration) -> RetryAdvice {
        configuration.decide(attempts, ending, Some(NOW + left), NOW, &mut draw(0))
    }

    fn after(ended: u32) -> Attempts {
        Attempts { ended, resets: 0 }
    }

    #[test]
    fn each_ending_is_retried_as_configured() {
        let on = RetryConfiguration::default();
        let none = RetryConfiguration { errors: false, refusals: false, timeouts: false, resets: false, ..on };
        let off = RetryConfiguration { enabled: false, ..on };
        for ending in CallOutcome::ALL {
            let retried = matches!(advice(&on, after(1), ending, Duration::MAX / 2), RetryAdvice::Retry { .. });
            assert_eq!(retried, ending != CallOutcome::Ok, "{ending:?}");
            let refused = if ending == CallOutcome::Ok { GiveUp::Answered } else { GiveUp::NotRetried };
            assert_eq!(advice(&none, after(1), ending, secs(9)), RetryAdvice::GiveUp(refused));
            assert_eq!(advice(&off, after(1), ending, secs(9)), RetryAdvice::GiveUp(refused));
        }
    }

    #[test]
    fn a_call_has_as_many_attempts_as_configured() {
        let configuration = RetryConfiguration::default();
        assert!(matches!(advice(&configuration, after(2), CallOutcome::Error, secs(9)), RetryAdvice::Retry { .. }));
        assert_eq!(advice(&configuration, after(3), CallOutcome::Error, secs(9)), RetryAdvice::GiveUp(GiveUp::Exhausted));
    }

    #[test]
    fn a_call_that_keeps_killing_its_server_is_poison_and_goes_on_where_the_suspicion_is_far_off() {
        let mut attempts = Attempts::default();
        attempts.record(CallOutcome::Reset);
        let configuration = RetryConfiguration { attempts: 10, ..RetryConfiguration::default() };
        assert!(matches!(advice(&configuration, attempts, CallOutcome::Reset, secs(9)), RetryAdvice::Retry { .. }));
        attempts.record(CallOutcome::TimedOut);
        attempts.record(CallOutcome::Reset);
        assert_eq!(advice(&configuration, attempts, CallOutcome::Reset, secs(9)), RetryAdvice::GiveUp(GiveUp::Poison));
        let patient = RetryConfiguration { poison_resets: 10, ..configuration };
        assert!(matches!(advice(&patient, attempts, CallOutcome::Reset, secs(9)), RetryAdvice::Retry { .. }));
    }

    #[test]
    fn without_jitter_pauses_grow_by_the_factor_up_to_the_longest() {
        let configuration = RetryConfiguration { attempts: 10, jitter: 0.0, ..RetryConfiguration::default() };
        let pauses = (1..=8).map(|ended| advice(&configuration, after(ended), CallOutcome::Error, Duration::MAX / 2));
        let expected = [50, 100, 200, 400, 800, 1600, 2000, 2000].map(|millis| RetryAdvice::Retry { after: ms(millis) });
        assert_eq!(pauses.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn full_jitter_is_uniform_up_to_the_pause() {
        let configuration = RetryConfiguration::default();
        let mut sum = 0.0;
        for ordinal in 0..2_000 {
            let advice = configuration.decide(after(2), CallOutcome::Error, None, NOW, &mut draw(ordinal));
            let RetryAdvice::Retry { after } = advice else { panic!("{advice:?}") };
            sum += after.as_millis_f64();
        }
        // Mean of U(0, 100) over 2,000 draws: standard error 0.65.
        assert!((sum / 2_000.0 - 50.0).abs() < 2.6, "{}", sum / 2_000.0);
    }

    #[test]
    fn a_longest_pause_below_the_first_is_a_conflict() {
        let configuration = RetryConfiguration { pause_max: ms(1), ..RetryConfiguration::default() };
        assert_eq!(configuration.conflicts()[0].names, ["retry.pause_max", "retry.pause"]);
        assert_eq!(RetryConfiguration::default().conflicts(), []);
    }

    proptest! {
        #[test]
        fn no_attempt_begins_that_cannot_end_before_the_deadline(
            ended in 1u32..10, left in 0u64..5_000, jitter in 0.0f64..=1.0, ordinal: u64,
        ) {
            let configuration = RetryConfiguration { attempts: 10, jitter, ..RetryConfiguration::default() };
            let deadline = NOW + ms(left);
            match configuration.decide(after(ended), CallOutcome::TimedOut, Some(deadline), NOW, &mut draw(ordinal)) {
                RetryAdvice::Retry { after } => {
                    prop_assert!(NOW + after + configuration.attempt_least <= deadline);
                    prop_assert!(after <= configuration.pause_max);
                }
                RetryAdvice::GiveUp(reason) => {
                    let expected = if ended >= 10 { GiveUp::Exhausted } else { GiveUp::Late };
                    prop_assert_eq!(reason, expected);
                    // Had there been time for the longest pause, it would have been retried.
                    prop_assert!(ended >= 10 || ms(left) < configuration.pause_max + configuration.attempt_least);
                }
            }
        }
    }
}
