//! What other systems do by default, as configurations of the policies here: for the question *which default will hurt me?*
//!
//! A preset has what its system has; every policy that the system lacks is off. Figures that were not read in the named source or its
//! documentation are marked *from memory*; where a system leaves something open, ours stands, and the text says so.

use hms_machine::Duration;

use super::{
    BudgetConfiguration, BudgetKind, BulkheadConfiguration, ConcurrencyConfiguration, HedgeConfiguration, HedgeDelay,
    OverloadConfiguration, RateConfiguration, RetryConfiguration, SheddingConfiguration, ThrottleConfiguration,
};
use crate::balancing::{BalancingChoice, BalancingConfiguration, OutlierConfiguration};
use crate::tunables::{mins, ms, secs};

/// What a system does by default about overload and bad replicas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// Its name, as in the table of presets.
    pub name: &'static str,
    /// Where the figures come from, and what is approximated.
    pub source: &'static str,
    /// Overload protection.
    pub overload: OverloadConfiguration,
    /// Outlier ejection.
    pub outlier: OutlierConfiguration,
    /// Choice of the replica.
    pub balancing: BalancingConfiguration,
}

/// All presets.
pub fn all() -> [Preset; 7] {
    [none(), envoy(), aws_sdk(), google_sre(), polly(), resilience4j(), hystrix()]
}

/// No protection at all, and replicas chosen at random: what the other presets start from.
pub fn none() -> Preset {
    let overload = OverloadConfiguration {
        retry: RetryConfiguration { enabled: false, ..RetryConfiguration::default() },
        retry_budget: BudgetConfiguration { enabled: false, ..BudgetConfiguration::default() },
        hedge: HedgeConfiguration { enabled: false, ..HedgeConfiguration::default() },
        bulkhead: BulkheadConfiguration { enabled: false, ..BulkheadConfiguration::default() },
        rate_limit: RateConfiguration { enabled: false, ..RateConfiguration::default() },
        concurrency: ConcurrencyConfiguration { enabled: false, ..ConcurrencyConfiguration::default() },
        shedding: SheddingConfiguration { enabled: false, ..SheddingConfiguration::default() },
        throttle: ThrottleConfiguration { enabled: false, ..ThrottleConfiguration::default() },
    };
    Preset {
        name: "none",
        source: "no protection",
        overload,
        outlier: OutlierConfiguration { enabled: false, ..OutlierConfiguration::default() },
        balancing: BalancingConfiguration { choice: BalancingChoice::Random, ..BalancingConfiguration::default() },
    }
}

/// Envoy with a retry policy, a retry budget and outlier detection as they are when they are merely switched on.
pub fn envoy() -> Preset {
    let none = none();
    let overload = OverloadConfiguration {
        retry: RetryConfiguration {
            enabled: true,
            attempts: 2,
            pause: ms(25),
            pause_max: ms(250),
            jitter: 1.0,
            ..none.overload.retry
        },
        retry_budget: BudgetConfiguration {
            enabled: true,
            kind: BudgetKind::Concurrent,
            share: 0.2,
            retries_least: 3,
            ..none.overload.retry_budget
        },
        bulkhead: BulkheadConfiguration { enabled: true, caller: 1_024, agent: 10_000 },
        ..none.overload
    };
    let outlier = OutlierConfiguration {
        enabled: true,
        consecutive: 5,
        refusals: true,
        interval: secs(10),
        ejection: secs(30),
        ejection_max: secs(300),
        ejected_share: 0.1,
        by_success_rate: true,
        success_hosts: 5,
        success_volume: 100,
        success_factor: 1.9,
        success_margin: 0.0,
        by_latency: false,
        // Envoy does not probe: it takes the replica back, and five failures eject it again.
        probes: 1,
        ..none.outlier
    };
    let balancing = BalancingConfiguration { choice: BalancingChoice::RoundRobin, panic: 0.5, ..none.balancing };
    let source = "Envoy: cluster circuit breakers (retry_budget 20 %, at least 3; max_requests 1024), outlier_detection, healthy_panic_threshold 50 %; \
                  retry_policy 1 retry, 25 ms to 250 ms (from memory); returns through one probe, which Envoy does not have";
    Preset { name: "envoy", source, overload, outlier, balancing }
}

/// The AWS SDKs' standard retry mode.
pub fn aws_sdk() -> Preset {
    let none = none();
    let overload = OverloadConfiguration {
        retry: RetryConfiguration {
            enabled: true,
            attempts: 3,
            pause: secs(1),
            factor: 2.0,
            pause_max: secs(20),
            jitter: 1.0,
            ..none.overload.retry
        },
        retry_budget: BudgetConfiguration {
            enabled: true,
            kind: BudgetKind::Tokens,
            tokens: 500,
            cost: 5,
            cost_timeout: 10,
            ..none.overload.retry_budget
        },
        ..none.overload
    };
    let source = "AWS SDKs, standard mode before its revision of 2026: 3 attempts, full jitter up to 20 s, quota 500 tokens, 5 a retry, 10 after a time-out (from memory)";
    Preset { name: "aws-sdk", source, overload, ..none }
}

/// What the Google SRE book describes.
pub fn google_sre() -> Preset {
    let none = none();
    let overload = OverloadConfiguration {
        retry: RetryConfiguration { enabled: true, attempts: 3, ..none.overload.retry },
        retry_budget: BudgetConfiguration { enabled: true, kind: BudgetKind::Window, share: 0.1, ..none.overload.retry_budget },
        throttle: ThrottleConfiguration { enabled: true, multiplier: 2.0, rejection_max: 1.0, window: mins(2) },
        ..none.overload
    };
    let source = "Google SRE book, ch. 21: K = 2 over 2 min, 3 attempts, retries up to 10 % of a client's calls (from memory); pauses are ours";
    Preset { name: "google-sre", source, overload, ..none }
}

/// Polly's retry and hedging strategies with their default options.
pub fn polly() -> Preset {
    let none = none();
    let overload = OverloadConfiguration {
        // "Retry 3" is three retries after the first attempt.
        retry: constant(none.overload.retry, 4, secs(2)),
        hedge: HedgeConfiguration {
            enabled: true,
            delay: HedgeDelay::Fixed,
            fixed: secs(2),
            share: 1.0,
            hedges: 1,
            ..none.overload.hedge
        },
        ..none.overload
    };
    let source = "Polly 8: RetryStrategyOptions (3 retries, 2 s, constant; no jitter from memory), HedgingStrategyOptions (1 hedge after 2 s)";
    Preset { name: "polly", source, overload, ..none }
}

/// resilience4j's Retry and Bulkhead with their default configurations.
pub fn resilience4j() -> Preset {
    let none = none();
    let overload = OverloadConfiguration {
        // "maxAttempts 3" counts the first.
        retry: constant(none.overload.retry, 3, ms(500)),
        bulkhead: BulkheadConfiguration { enabled: true, caller: 25, agent: 10_000 },
        ..none.overload
    };
    let source = "resilience4j: RetryConfig (3 attempts, 500 ms), BulkheadConfig (25 concurrent calls)";
    Preset { name: "resilience4j", source, overload, ..none }
}

/// Hystrix's semaphore isolation.
pub fn hystrix() -> Preset {
    let none = none();
    let overload =
        OverloadConfiguration { bulkhead: BulkheadConfiguration { enabled: true, caller: 10, agent: 10_000 }, ..none.overload };
    let source = "Hystrix: execution.isolation.semaphore.maxConcurrentRequests 10; it never retries";
    Preset { name: "hystrix", source, overload, ..none }
}

/// Retries with a pause that neither grows nor varies.
fn constant(off: RetryConfiguration, attempts: u32, pause: Duration) -> RetryConfiguration {
    RetryConfiguration { enabled: true, attempts, pause, factor: 1.0, pause_max: pause, jitter: 0.0, ..off }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::tunables::{Tunable, Value, Visitor};

    #[derive(Default)]
    struct Collect(Vec<(Tunable, Value)>);

    impl Visitor for Collect {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            self.0.push((*tunable, *value));
        }
    }

    fn parameters(mut preset: Preset) -> Vec<(Tunable, Value)> {
        let mut collect = Collect::default();
        preset.overload.walk(&mut collect);
        preset.outlier.walk(&mut collect);
        preset.balancing.walk(&mut collect);
        collect.0
    }

    fn defaults() -> Preset {
        let (overload, outlier) = (OverloadConfiguration::default(), OutlierConfiguration::default());
        Preset { name: "default", source: "ours", overload, outlier, balancing: BalancingConfiguration::default() }
    }

    #[test]
    fn every_default_lies_in_its_range_under_a_name_of_its_own() {
        let parameters = parameters(defaults());
        for (tunable, value) in &parameters {
            assert!(tunable.admits(*value) && *value == tunable.default, "{}", tunable.name);
        }
        let mut names: Vec<_> = parameters.iter().map(|(tunable, _)| tunable.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), parameters.len());
    }

    #[test]
    fn every_preset_lies_in_the_ranges_and_has_no_conflicts() {
        for preset in all() {
            for (tunable, value) in parameters(preset) {
                assert!(tunable.admits(value), "{}: {} = {value}", preset.name, tunable.name);
            }
            assert_eq!((preset.overload.conflicts(), preset.outlier.conflicts()), (vec![], vec![]), "{}", preset.name);
        }
    }

    #[test]
    fn what_each_preset_changes_against_no_protection() {
        let mut table = String::new();
        for preset in all().into_iter().skip(1) {
            writeln!(table, "{}", preset.name).expect("a string");
            for ((tunable, value), (_, without)) in parameters(preset).into_iter().zip(parameters(none())) {
                if value != without {
                    writeln!(table, "  {} = {value}", tunable.name).expect("a string");
                }
            }
        }
        insta::assert_snapshot!(table);
    }
}
