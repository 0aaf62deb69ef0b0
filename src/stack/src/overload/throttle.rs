//! Client-side adaptive throttling (Google SRE book, ch. 21 "Handling overload", eq. 2101): a caller that sees most of its calls refused
//! stops sending some of them.
//!
//! Over the last while `requests` were wanted and `accepts` were accepted by the callee. A call is turned away here with probability
//! max(0, (requests − K·accepts) / (requests + 1)). With K = 2 a callee that accepts everything is never throttled, and one that accepts
//! nothing still gets enough to be found healthy again. Turned-away calls count as requests, so the throttle holds until the callee accepts
//! again.

use hms_machine::{Draw, Duration, Instant, Ratio};

use super::window::Window;
use crate::tunables::{hours, ms, parameters, secs};

parameters! {
    /// Parameters of client-side throttling.
    pub struct ThrottleConfiguration("throttle") {
        enabled: bool = switch(false),
            "Turns calls away at the caller while the callee refuses most of them. Off by default: breakers and budgets spare the callee as well and notice sooner that it is back.";
        multiplier: f64 = real(1.0, 10.0, 2.0),
            "K: requests per accepted one before calls are turned away. Less: the callee is spared more, recovery is noticed later.";
        rejection_max: f64 = real(0.0, 1.0, 0.9),
            "Share of the calls that is turned away at most (Google: 1). Less: the recovery of the callee is noticed sooner, more load while it is down.";
        window: Duration = duration(ms(100), hours(1), secs(10)),
            "Over how long requests and accepted ones are counted (Google: 2 min). Shorter: faster in and, after the callee is back, faster out; noisier.";
    }
}

/// The throttle of one caller for one callee.
#[derive(Clone, Debug)]
pub struct Throttle {
    configuration: ThrottleConfiguration,
    window: Window<2>,
}

const REQUESTS: usize = 0;
const ACCEPTS: usize = 1;

impl Throttle {
    /// A throttle that has seen nothing.
    pub fn new(configuration: ThrottleConfiguration) -> Self {
        Throttle { window: Window::new(configuration.window), configuration }
    }

    /// Whether a call may go out; it counts as a request either way.
    pub fn admit(&mut self, now: Instant, draw: &mut Draw) -> bool {
        if !self.configuration.enabled {
            return true;
        }
        let turned_away = draw.chance(self.rejection(now));
        self.window.add(REQUESTS, now);
        !turned_away
    }

    /// The callee has accepted a call: it answered, with an error or without, and did not refuse.
    pub fn accepted(&mut self, now: Instant) {
        if self.configuration.enabled {
            self.window.add(ACCEPTS, now);
        }
    }

    /// Probability with which the next call is turned away.
    pub fn rejection(&mut self, now: Instant) -> Ratio {
        let [requests, accepts] = self.window.totals(now).map(f64::from);
        let share = (requests - self.configuration.multiplier * accepts) / (requests + 1.0);
        let share = share.min(self.configuration.rejection_max).max(0.0);
        Ratio::new(share).expect("a limit of at most one")
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Seed, Streams};
    use proptest::prelude::*;

    use super::*;

    fn draw(ordinal: u64) -> Draw {
        Streams::new(Seed(5)).draw(Purpose::named("test/throttle"), 0, ordinal)
    }

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(secs)
    }

    /// As the book has it.
    fn google() -> ThrottleConfiguration {
        let window = Duration::from_secs(120);
        ThrottleConfiguration { enabled: true, rejection_max: 1.0, window, ..ThrottleConfiguration::default() }
    }

    #[test]
    fn a_tenth_of_the_calls_reaches_a_callee_that_accepts_none_so_that_its_return_is_noticed() {
        let mut throttle = Throttle::new(ThrottleConfiguration { enabled: true, ..ThrottleConfiguration::default() });
        let sent = (0..10_000).filter(|call| throttle.admit(at(call / 100), &mut draw(*call))).count();
        assert!((900..=1_200).contains(&sent), "{sent}");
    }

    /// Calls that reach a callee which accepts none, out of ten a second for two minutes.
    fn sent_to_a_dead_callee(enabled: bool) -> usize {
        let mut throttle = Throttle::new(ThrottleConfiguration { enabled, ..google() });
        (0..1_200).filter(|call| throttle.admit(at(call / 10), &mut draw(*call))).count()
    }

    #[test]
    fn a_callee_that_accepts_nothing_gets_only_a_trickle_and_everything_with_the_throttle_off() {
        // The n-th call passes with probability 1/n: 7.7 in expectation, standard deviation 2.5.
        assert!((1..=16).contains(&sent_to_a_dead_callee(true)), "{}", sent_to_a_dead_callee(true));
        assert_eq!(sent_to_a_dead_callee(false), 1_200);
    }

    #[test]
    fn a_refusing_past_is_forgotten_after_the_window() {
        let mut throttle = Throttle::new(google());
        (0..100).for_each(|call| assert!(throttle.admit(at(0), &mut draw(call)) || call > 0));
        assert!(throttle.rejection(at(1)).get() > 0.98);
        assert_eq!(throttle.rejection(at(120)), Ratio::ZERO);
    }

    proptest! {
        #[test]
        fn rejection_is_a_share_that_falls_with_every_accepted_call(requests in 0u32..300, accepts in 0u32..300, multiplier in 1.0f64..10.0) {
            let mut throttle = Throttle::new(ThrottleConfiguration { enabled: true, multiplier, ..ThrottleConfiguration::default() });
            (0..requests).for_each(|call| { throttle.admit(at(0), &mut draw(u64::from(call))); });
            (0..accepts.min(requests)).for_each(|_| throttle.accepted(at(0)));
            let before = throttle.rejection(at(0));
            let enough = multiplier * f64::from(accepts.min(requests)) >= f64::from(requests);
            prop_assert_eq!(before.is_zero(), enough);
            throttle.accepted(at(0));
            prop_assert!(throttle.rejection(at(0)) <= before);
        }
    }
}
