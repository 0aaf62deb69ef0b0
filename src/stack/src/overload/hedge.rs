//! Hedged calls (Dean and Barroso, "The tail at scale", CACM 2013): a call that has not been answered after the delay that most calls are
//! answered in is sent to a second replica, and the first answer counts.
//!
//! With the delay at the 95th percentile about 5 % of the calls are sent twice and the tail shrinks to that of the luckier of two. Where
//! *everything* is slow that share would grow to all of them, so a budget bounds hedges to a share of the recent calls. Off by default:
//! only calls that are safe to repeat may be hedged.

use hms_machine::{Duration, Instant};

use super::quantile::RecentQuantile;
use super::window::Window;
use crate::tunables::{choices, mins, ms, parameters, secs};

choices! {
    /// What the delay before a hedge is.
    pub enum HedgeDelay {
        /// A quantile of the recent latencies.
        Quantile = "quantile",
        /// A fixed time, as Polly has it.
        Fixed = "fixed",
    }
}

parameters! {
    /// Parameters of hedged calls.
    pub struct HedgeConfiguration("hedge") {
        enabled: bool = switch(false),
            "Sends a slow call to a second replica as well; calls must be safe to repeat.";
        delay: HedgeDelay = choice(HedgeDelay::NAMES, HedgeDelay::Quantile.name()),
            "Whether the delay before a hedge follows the recent latencies or is fixed.";
        quantile: f64 = real(0.5, 0.999, 0.95),
            "Quantile of the recent latencies that is waited for. Lower: shorter tail, more load.";
        fixed: Duration = duration(ms(1), mins(1), ms(100)),
            "The fixed delay.";
        share: f64 = real(0.0, 1.0, 0.05),
            "Hedges as a share of the recent calls, at most. Less: less load when everything is slow.";
        hedges: u32 = integer(1, 5, 1),
            "Hedges of one call, at most.";
        warm_up: u32 = integer(1, 1_000, 100),
            "Latencies to be seen before a quantile of them is trusted; until then nothing is hedged.";
    }
}

/// The hedges of one caller's calls to one callee.
#[derive(Clone, Debug)]
pub struct Hedger {
    configuration: HedgeConfiguration,
    latency: RecentQuantile,
    window: Window<2>,
}

const CALLS: usize = 0;
const HEDGES: usize = 1;
/// Over how long the share is kept. Shorter than a fault, longer than the gaps of a busy caller.
const WINDOW: Duration = secs(10);

impl Hedger {
    /// A hedger that has seen nothing.
    pub fn new(configuration: HedgeConfiguration) -> Self {
        Hedger { latency: RecentQuantile::new(configuration.quantile), window: Window::new(WINDOW), configuration }
    }

    /// A call goes out (its first copy).
    pub fn sent(&mut self, now: Instant) {
        // Without hedges nobody asks for the share, nor for the quantile below.
        if self.configuration.enabled {
            self.window.add(CALLS, now);
        }
    }

    /// A copy of a call was answered after this time.
    pub fn observe(&mut self, latency: Duration) {
        if self.configuration.enabled {
            self.latency.observe(latency);
        }
    }

    /// How long to wait for an answer before the next copy; `None`: do not hedge.
    pub fn delay(&self) -> Option<Duration> {
        let configuration = &self.configuration;
        let delay = match configuration.delay {
            HedgeDelay::Fixed => Some(configuration.fixed),
            HedgeDelay::Quantile => self.latency.value().filter(|_| self.latency.weight() >= configuration.warm_up),
        };
        delay.filter(|_| configuration.enabled)
    }

    /// Whether another copy of a call that already had `hedges` may go out now; if so, it is counted.
    pub fn may_hedge(&mut self, hedges: u32, now: Instant) -> bool {
        let [calls, hedged] = self.window.totals(now);
        let allowed = f64::from(hedged + 1) <= self.configuration.share * f64::from(calls);
        let goes_out = self.configuration.enabled && hedges < self.configuration.hedges && allowed;
        if goes_out {
            self.window.add(HEDGES, now);
        }
        goes_out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn on() -> HedgeConfiguration {
        HedgeConfiguration { enabled: true, ..HedgeConfiguration::default() }
    }

    #[test]
    fn the_delay_is_the_quantile_of_what_was_observed_once_warm() {
        let mut hedger = Hedger::new(on());
        (1..100).for_each(|millis| hedger.observe(ms(millis)));
        assert_eq!(hedger.delay(), None);
        (0..300).for_each(|nth| hedger.observe(ms(nth % 100 + 1)));
        let millis = hedger.delay().expect("warm").as_millis_f64();
        assert!((millis / 95.0 - 1.0).abs() < 0.05, "{millis}");
        let fixed = Hedger::new(HedgeConfiguration { delay: HedgeDelay::Fixed, ..on() });
        assert_eq!(fixed.delay(), Some(ms(100)));
    }

    #[test]
    fn nothing_is_hedged_when_off_and_no_call_more_often_than_configured() {
        let mut off = Hedger::new(HedgeConfiguration { delay: HedgeDelay::Fixed, ..HedgeConfiguration::default() });
        (0..100).for_each(|_| off.sent(Instant::ZERO));
        assert_eq!((off.delay(), off.may_hedge(0, Instant::ZERO)), (None, false));
        let mut hedger = Hedger::new(on());
        (0..100).for_each(|_| hedger.sent(Instant::ZERO));
        assert!(!hedger.may_hedge(1, Instant::ZERO));
        assert!(hedger.may_hedge(0, Instant::ZERO));
    }

    proptest! {
        #[test]
        fn hedges_never_exceed_their_share(share in 0.0f64..=1.0, gaps in prop::collection::vec(0u64..300, 1..300)) {
            let mut hedger = Hedger::new(HedgeConfiguration { share, ..on() });
            let (mut now, mut calls, mut hedges) = (0, Vec::new(), Vec::new());
            for gap in gaps {
                now += gap;
                let at = Instant::from_nanos(now * 1_000_000);
                hedger.sent(at);
                calls.push(now);
                while hedger.may_hedge(0, at) {
                    hedges.push(now);
                }
                // Ten buckets of a second.
                let lately = |all: &[u64]| all.iter().filter(|event| **event / 1_000 + 10 > now / 1_000).count() as f64;
                prop_assert!(hedges.last() != Some(&now) || lately(&hedges) <= share * lately(&calls));
            }
        }
    }
}
