//! How others set their breakers, as they come out of the box.
//!
//! What a library has no word for is switched off: only ours has a ramp, a jitter and an open time that grows. What we do better is
//! not undone: Hystrix judges every 500 ms and here on each outcome, and a lost probe frees its permit in all of them.

use super::{BreakerConfiguration, TrialVerdict, WindowKind};
use crate::tunables::{hours, secs};

/// A named configuration.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name in files and scenario lines.
    pub name: &'static str,
    /// Makes it.
    pub configuration: fn() -> BreakerConfiguration,
}

/// All presets.
pub const PRESETS: [Preset; 7] = [
    Preset { name: "hms", configuration: BreakerConfiguration::default },
    Preset { name: "resilience4j", configuration: resilience4j },
    Preset { name: "polly", configuration: polly },
    Preset { name: "gobreaker", configuration: gobreaker },
    Preset { name: "hystrix", configuration: hystrix },
    Preset { name: "failsafe-go", configuration: failsafe_go },
    Preset { name: "pekko-breaker", configuration: pekko },
];

/// The preset of this name.
pub fn preset(name: &str) -> Option<BreakerConfiguration> {
    PRESETS.iter().find(|preset| preset.name == name).map(|preset| (preset.configuration)())
}

/// A breaker that does nothing beyond the state machine: one probe, a fixed open time, everything at once after closing.
fn plain() -> BreakerConfiguration {
    BreakerConfiguration {
        failure_ratio: 0.0,
        consecutive: 0,
        slow_ratio: 0.0,
        open_factor: 1.0,
        open_jitter: 0.0,
        open_max: hours(1),
        permits: 1,
        successes: 1,
        verdict: TrialVerdict::FirstFailure,
        // None of them but Polly gives a probe up; a day stands for never.
        probe_timeout: hours(24),
        ramp: secs(0),
        ..BreakerConfiguration::default()
    }
}

/// resilience4j 2 `CircuitBreakerConfig.ofDefaults()`. Half-open judges its ten calls by the same rates as closed does.
fn resilience4j() -> BreakerConfiguration {
    BreakerConfiguration {
        window: WindowKind::Count,
        window_calls: 100,
        minimum_calls: 100,
        failure_ratio: 0.5,
        slow_call: secs(60),
        slow_ratio: 1.0,
        open: secs(60),
        permits: 10,
        successes: 10,
        verdict: TrialVerdict::Ratio,
        ..plain()
    }
}

/// Polly 8 `CircuitBreakerStrategyOptions`. A probe that is not heard of within a break duration makes room for another.
fn polly() -> BreakerConfiguration {
    BreakerConfiguration {
        window: WindowKind::Time,
        window_span: secs(30),
        minimum_calls: 100,
        failure_ratio: 0.1,
        open: secs(5),
        probe_timeout: secs(5),
        ..plain()
    }
}

/// sony/gobreaker `Settings{}`: trips when more than five calls in a row have failed.
fn gobreaker() -> BreakerConfiguration {
    BreakerConfiguration { consecutive: 6, open: secs(60), ..plain() }
}

/// Hystrix 1.5 `HystrixCommandProperties`: its execution time-out of 1 s makes slower calls failures.
fn hystrix() -> BreakerConfiguration {
    BreakerConfiguration {
        window: WindowKind::Time,
        window_span: secs(10),
        minimum_calls: 20,
        failure_ratio: 0.5,
        slow_call: secs(1),
        slow_fails: true,
        open: secs(5),
        ..plain()
    }
}

/// failsafe-go `circuitbreaker.NewWithDefaults()`: one failure opens, one success closes.
fn failsafe_go() -> BreakerConfiguration {
    BreakerConfiguration { consecutive: 1, open: secs(60), ..plain() }
}

/// Pekko's `CircuitBreaker` with the figures of its manual; its call time-out makes slower calls failures.
fn pekko() -> BreakerConfiguration {
    BreakerConfiguration { consecutive: 10, slow_call: secs(10), slow_fails: true, open: secs(15), ..plain() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tunables::{Tunable, Value, Visitor};

    struct Ranges<'a>(&'a str);
    impl Visitor for Ranges<'_> {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            assert!(tunable.admits(*value), "{}: {} = {value}", self.0, tunable.name);
        }
    }

    #[test]
    fn every_preset_lies_in_the_ranges_and_has_no_conflicts() {
        for preset in PRESETS {
            let mut configuration = (preset.configuration)();
            configuration.walk(&mut Ranges(preset.name));
            assert_eq!(configuration.conflicts(), [], "{}", preset.name);
        }
    }

    #[test]
    fn presets_are_found_by_their_names_alone() {
        for found in PRESETS {
            assert_eq!(preset(found.name), Some((found.configuration)()));
        }
        assert_eq!(preset("resilience5j"), None);
    }

    #[test]
    fn the_presets_have_the_published_figures() {
        let resilience4j = preset("resilience4j").unwrap();
        assert_eq!((resilience4j.failure_ratio, resilience4j.slow_ratio, resilience4j.slow_call), (0.5, 1.0, secs(60)));
        assert_eq!((resilience4j.window, resilience4j.window_calls, resilience4j.minimum_calls), (WindowKind::Count, 100, 100));
        assert_eq!((resilience4j.open, resilience4j.permits), (secs(60), 10));
        let polly = preset("polly").unwrap();
        assert_eq!((polly.failure_ratio, polly.window, polly.window_span), (0.1, WindowKind::Time, secs(30)));
        assert_eq!((polly.minimum_calls, polly.open, polly.permits), (100, secs(5), 1));
        let gobreaker = preset("gobreaker").unwrap();
        assert_eq!((gobreaker.consecutive, gobreaker.open, gobreaker.permits), (6, secs(60), 1));
        let hystrix = preset("hystrix").unwrap();
        assert_eq!((hystrix.failure_ratio, hystrix.window, hystrix.window_span), (0.5, WindowKind::Time, secs(10)));
        assert_eq!((hystrix.minimum_calls, hystrix.open, hystrix.slow_call), (20, secs(5), secs(1)));
        let failsafe = preset("failsafe-go").unwrap();
        assert_eq!((failsafe.consecutive, failsafe.successes, failsafe.open), (1, 1, secs(60)));
        let pekko = preset("pekko-breaker").unwrap();
        assert_eq!((pekko.consecutive, pekko.slow_call, pekko.open), (10, secs(10), secs(15)));
    }
}
