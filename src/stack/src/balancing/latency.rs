//! Recent latency of a replica as "peak EWMA" (Finagle's `p2c_peak_ewma`): an average that jumps up to each slower answer at once and fades
//! down slowly.
//!
//! Jumping up makes callers leave a replica that has become slow after one answer; fading by time and not by count brings them back when
//! nothing was heard for long.

use hms_machine::{Duration, Instant};

/// The latency of one replica, as one caller sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PeakLatency {
    /// Nanoseconds; 0: nothing was observed.
    average: f64,
    at: Instant,
}

impl PeakLatency {
    /// A call to the replica ended after `latency`. `decay` is the time in which an old latency fades to 37 % of its weight.
    pub fn observe(&mut self, latency: Duration, decay: Duration, now: Instant) {
        let nanos = latency.as_nanos().max(1) as f64;
        if nanos >= self.average {
            self.average = nanos;
        } else {
            let age = now.saturating_since(self.at).as_nanos() as f64;
            let weight = libm::exp(-age / decay.as_nanos().max(1) as f64);
            self.average = nanos + (self.average - nanos) * weight;
        }
        self.at = self.at.max(now);
    }

    /// The latency; zero before anything was observed.
    pub fn value(&self) -> Duration {
        Duration::from_nanos_f64(self.average)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tunables::{ms, secs};

    #[test]
    fn it_jumps_up_and_fades_down() {
        let mut latency = PeakLatency::default();
        assert_eq!(latency.value(), Duration::ZERO);
        let at = |seconds| Instant::ZERO + secs(seconds);
        latency.observe(ms(10), secs(10), at(0));
        latency.observe(ms(1_010), secs(10), at(1));
        assert_eq!(latency.value(), ms(1_010));
        latency.observe(ms(10), secs(10), at(11));
        // 10 + 1000/e
        assert!((latency.value().as_millis_f64() - 377.879).abs() < 0.01, "{}", latency.value());
    }

    proptest! {
        #[test]
        fn it_lies_between_the_least_and_the_greatest_observed(observed in prop::collection::vec((1u64..1 << 40, 0u64..1 << 36), 1..100)) {
            let (mut latency, mut now) = (PeakLatency::default(), Instant::ZERO);
            for (nanos, gap) in &observed {
                now += Duration::from_nanos(*gap);
                latency.observe(Duration::from_nanos(*nanos), secs(10), now);
                prop_assert!(latency.value().as_nanos() + 1 >= *nanos);
            }
            let least = observed.iter().map(|(nanos, _)| *nanos).min().expect("at least one");
            let greatest = observed.iter().map(|(nanos, _)| *nanos).max().expect("at least one");
            prop_assert!((least..=greatest + 1).contains(&(latency.value().as_nanos() + 1)));
        }
    }
}
