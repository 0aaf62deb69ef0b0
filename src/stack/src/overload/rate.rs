//! Rate limit: a token bucket that fills with `rate` tokens a second up to `burst`, and from which each call takes one.
//!
//! Kept as one instant, as in the virtual scheduling of the generic cell rate algorithm (ITU-T I.371, annex A), which is the same bucket in
//! exact integers: `full_at` is when the bucket will be full again. Off by default: a fixed rate is a promise about capacity that only its
//! owner can make.

use hms_machine::{Duration, Instant};

use crate::tunables::parameters;

parameters! {
    /// Parameters of the rate limit.
    pub struct RateConfiguration("rate_limit") {
        enabled: bool = switch(false),
            "Limits the rate of calls.";
        rate: u32 = integer(1, 1_000_000, 1_000),
            "Calls per second in the long run.";
        burst: u32 = integer(1, 1_000_000, 100),
            "Calls at once after a pause. More: bursts pass, and reach the callee.";
    }
}

/// A bucket of tokens.
#[derive(Clone, Debug)]
pub struct RateLimit {
    enabled: bool,
    /// Time in which one token comes, rounded up: the rate is never exceeded.
    interval: Duration,
    /// Time in which an empty bucket fills.
    depth: Duration,
    full_at: Instant,
}

impl RateLimit {
    /// A full bucket.
    pub fn new(configuration: &RateConfiguration) -> Self {
        let interval = Duration::from_nanos(1_000_000_000u64.div_ceil(u64::from(configuration.rate)));
        let depth = interval * u64::from(configuration.burst);
        RateLimit { enabled: configuration.enabled, interval, depth, full_at: Instant::ZERO }
    }

    /// Takes a token for a call.
    ///
    /// # Errors
    /// The time until there will be one, if there is none.
    pub fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        if !self.enabled {
            return Ok(());
        }
        let full_at = self.full_at.max(now) + self.interval;
        let excess = full_at.saturating_since(now).saturating_sub(self.depth);
        if excess.is_zero() {
            self.full_at = full_at;
            Ok(())
        } else {
            Err(excess)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_burst_passes_then_calls_come_at_the_rate_and_all_pass_when_off() {
        let configuration = RateConfiguration { enabled: true, rate: 10, burst: 3 };
        let mut limit = RateLimit::new(&configuration);
        let verdicts: Vec<_> = (0..4).map(|_| limit.admit(at(1_000))).collect();
        assert_eq!(verdicts, [Ok(()), Ok(()), Ok(()), Err(Duration::from_millis(100))]);
        assert_eq!(limit.admit(at(1_099)), Err(Duration::from_millis(1)));
        assert_eq!(limit.admit(at(1_100)), Ok(()));
        let mut off = RateLimit::new(&RateConfiguration { enabled: false, ..configuration });
        assert!((0..100).all(|_| off.admit(at(0)).is_ok()));
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_sees_more_than_a_burst_and_the_rate(
            rate in 1u32..1_000, burst in 1u32..50, gaps in prop::collection::vec(0u64..100, 1..300),
        ) {
            let mut limit = RateLimit::new(&RateConfiguration { enabled: true, rate, burst });
            let (mut now, mut admitted) = (0u64, Vec::new());
            for gap in gaps {
                now += gap;
                match limit.admit(at(now)) {
                    Ok(()) => admitted.push(now),
                    // What it says is enough, and not more than needed.
                    Err(wait) => {
                        prop_assert!(limit.clone().admit(at(now) + wait).is_ok());
                        prop_assert!(limit.clone().admit(at(now) + (wait - Duration::from_nanos(1))).is_err());
                    }
                }
            }
            for (first, start) in admitted.iter().enumerate() {
                for (last, end) in admitted.iter().enumerate().skip(first) {
                    let allowed = f64::from(burst) + f64::from(rate) * (end - start) as f64 / 1e3;
                    prop_assert!((last - first + 1) as f64 <= allowed + 1e-9);
                }
            }
        }
    }
}
