//! From a contract about the quality of failure detection to the parameters of Chen's detectors.
//!
//! Chen, Toueg and Aguilera, "On the quality of service of failure detectors", IEEE Transactions on Computers 51(5), 2002. A user
//! states three bounds; the network is described by its loss and by the first two moments of its delay, nothing else. The answer
//! is the largest heartbeat period (so the least messages) with which the paper's theorems guarantee the bounds, whatever the law
//! of the delay: §5 for NFD-S, §6 for NFD-E.

use std::fmt;

use hms_machine::{Duration, Ratio};

use crate::configuration::Conflict;
use crate::health::{DetectorKind, HealthConfiguration};
use crate::tunables::{hours, ms, parameters, secs};

parameters! {
    /// Parameters of the contract: what is asked of the failure detector, and what is known of the network.
    pub struct ContractConfiguration("contract") {
        enabled: bool = switch(false),
            "Heartbeat, detector and slack follow from the contract (NFD-E of Chen 2002) in place of health.heartbeat, health.detector and health.chen_alpha; off: those hold.";
        detection_max: Duration = duration(ms(1), hours(1), ms(900)),
            "A crash is detected within this time and the average delay of a heartbeat.";
        recurrence_min: Duration = duration(secs(1), hours(876_000), hours(24)),
            "Two mistakes about one peer are on average at least this far apart.";
        mistake_max: Duration = duration(ms(1), hours(1), secs(1)),
            "A mistake is on average corrected within this time.";
        loss: f64 = real(0.0, 0.9, 0.01),
            "Share of heartbeats that the network may lose.";
        deviation: Duration = duration(ms(0), hours(1), ms(10)),
            "Standard deviation of the delay of heartbeats, pauses of hosts left out.";
    }
}

impl ContractConfiguration {
    /// The parameters that keep the contract with the fewest heartbeats.
    ///
    /// # Errors
    /// [`ContractError`] if none do.
    pub fn timing(&self) -> Result<Timing, ContractError> {
        let ContractConfiguration { detection_max, recurrence_min, mistake_max, loss, deviation, .. } = *self;
        let loss = Ratio::new(loss).unwrap_or(Ratio::ONE);
        Contract { detection_max, recurrence_min, mistake_max }.unsynchronised(Path { loss, delay: Duration::ZERO, deviation })
    }

    /// The health configuration that follows; the given one where there is no contract, or none can be kept.
    pub fn apply(&self, health: HealthConfiguration) -> HealthConfiguration {
        if !self.enabled {
            return health;
        }
        match self.timing() {
            Ok(Timing { period, slack }) => {
                HealthConfiguration { heartbeat: period, detector: DetectorKind::Chen, chen_alpha: slack, ..health }
            }
            Err(_) => health,
        }
    }

    /// A contract that nothing keeps.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let failed = if self.enabled { self.timing().err() } else { None };
        let conflict = |error: ContractError| Conflict {
            names: ["contract.detection_max", "contract.recurrence_min"],
            message: format!("the contract cannot be kept: {error}"),
        };
        failed.map(conflict).into_iter().collect()
    }
}

/// What is asked of a detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contract {
    /// T_D^U: a crash is detected within this time.
    pub detection_max: Duration,
    /// T_MR^L: two mistakes are on average at least this far apart.
    pub recurrence_min: Duration,
    /// T_M^U: a mistake is on average corrected within this time.
    pub mistake_max: Duration,
}

/// What is known of the path from the peer to the detector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Path {
    /// Probability that a heartbeat is lost.
    pub loss: Ratio,
    /// Average delay of those that arrive. Not used where clocks are not synchronised.
    pub delay: Duration,
    /// Standard deviation of the delay (the square root of the paper's V(D)).
    pub deviation: Duration,
}

/// Parameters that keep a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// η: time between heartbeats.
    pub period: Duration,
    /// δ of NFD-S (`health.chen_delta`) or α of NFD-E (`health.chen_alpha`).
    pub slack: Duration,
}

/// Why no parameters keep a contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ContractError {
    /// Detection is asked for within the average delay of a heartbeat.
    FasterThanDelay {
        /// What was asked for.
        detection_max: Duration,
        /// The delay.
        delay: Duration,
    },
    /// No heartbeat arrives.
    NothingArrives,
    /// Heartbeats would have to be sent more often than every [`PERIOD_MIN`], or a thousand times within the time of detection.
    PeriodTooShort,
}

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ContractError::FasterThanDelay { detection_max, delay } => {
                write!(f, "detection within {detection_max} is impossible where a heartbeat takes {delay} on average")
            }
            ContractError::NothingArrives => write!(f, "no detector works where every heartbeat is lost"),
            ContractError::PeriodTooShort => {
                write!(
                    f,
                    "heartbeats would have to be sent more often than every {PERIOD_MIN}, or {HEARTBEATS_MAX} times within the time of detection: allow slower detection or more mistakes"
                )
            }
        }
    }
}

impl std::error::Error for ContractError {}

/// Heartbeats more often than this are not considered: a node would do nothing else.
pub const PERIOD_MIN: Duration = Duration::from_micros(10);

/// Nor more than this many within the time of detection: the bound has a factor for each.
const HEARTBEATS_MAX: f64 = 1_000.0;

/// Ratio of two neighbouring candidates in the search for the longest period.
const STEP: f64 = 0.99;

impl Contract {
    /// η and δ of NFD-S (§5): clocks are synchronised, and T_D ≤ η + δ = T_D^U holds for every crash.
    ///
    /// # Errors
    /// [`ContractError`] if no period keeps the contract.
    pub fn synchronised(self, path: Path) -> Result<Timing, ContractError> {
        let slack = self.detection_max.saturating_sub(path.delay);
        if slack.is_zero() {
            return Err(ContractError::FasterThanDelay { detection_max: self.detection_max, delay: path.delay });
        }
        self.timing(path, slack)
    }

    /// η and α of NFD-E (§6): clocks are not synchronised, so detection is bounded relative to the delay: T_D ≤ T_D^U + E(D).
    ///
    /// # Errors
    /// [`ContractError`] if no period keeps the contract.
    pub fn unsynchronised(self, path: Path) -> Result<Timing, ContractError> {
        self.timing(path, self.detection_max)
    }

    /// The three steps that both procedures share; `slack` is the time by which a heartbeat may exceed the average delay.
    fn timing(self, path: Path, slack: Duration) -> Result<Timing, ContractError> {
        if path.loss == Ratio::ONE {
            return Err(ContractError::NothingArrives);
        }
        let (slack_secs, variance, loss) = (slack.as_secs_f64(), square(path.deviation.as_secs_f64()), path.loss.get());
        // Step 1: a mistake is short if heartbeats are frequent. γ' bounds the probability of a heartbeat in time from below (Cantelli).
        let in_time = (1.0 - loss) * square(slack_secs) / (variance + square(slack_secs));
        let mut period = (in_time * self.mistake_max.as_secs_f64()).min(slack_secs);
        // Step 2: mistakes are rare if many heartbeats would have to be late together. The bound is not monotone in the period
        // (the number of factors jumps), so the search goes down from the longest and refines between the last miss and the first
        // hit.
        let least = PERIOD_MIN.as_secs_f64().max(slack_secs / HEARTBEATS_MAX);
        let target = self.recurrence_min.as_secs_f64();
        let mut missed = None;
        // Asked before each look at the product, which has a factor for each heartbeat: step 1 alone may leave hardly any period.
        while period >= least && recurrence(period, slack_secs, variance, loss, target) < target {
            missed = Some(period);
            period *= STEP;
        }
        if period < least {
            return Err(ContractError::PeriodTooShort);
        }
        if let Some(mut high) = missed {
            for _ in 0..40 {
                let middle = 0.5 * (period + high);
                if recurrence(middle, slack_secs, variance, loss, target) < target {
                    high = middle;
                } else {
                    period = middle;
                }
            }
        }
        let period = Duration::from_secs_f64(period);
        if period < PERIOD_MIN {
            return Err(ContractError::PeriodTooShort);
        }
        // Step 3.
        Ok(Timing { period, slack: self.detection_max.saturating_sub(period) })
    }
}

/// A lower bound of the average time between mistakes, in seconds (the paper's f(η)); the product stops once it exceeds `enough`.
fn recurrence(period: f64, slack: f64, variance: f64, loss: f64, enough: f64) -> f64 {
    let mut bound = period;
    let mut margin = slack - period;
    while margin > 0.0 && bound < enough {
        // With a constant delay and no loss a heartbeat in time is certain, and so the bound is infinite.
        bound *= (variance + square(margin)) / (variance + loss * square(margin));
        margin -= period;
    }
    bound
}

fn square(value: f64) -> f64 {
    value * value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secs(secs: f64) -> Duration {
        Duration::from_secs_f64(secs)
    }

    fn path(loss: f64, delay: f64, deviation: f64) -> Path {
        Path { loss: Ratio::new(loss).unwrap(), delay: secs(delay), deviation: secs(deviation) }
    }

    /// The example of §5: detection within 30 s, at most one mistake a month, corrected within a minute; E(D) = 0.02 s, V(D) = 0.02 s².
    const EXAMPLE: Contract = Contract {
        detection_max: Duration::from_secs(30),
        recurrence_min: Duration::from_secs(30 * 86_400),
        mistake_max: Duration::from_secs(60),
    };

    #[test]
    fn the_example_of_the_paper_gives_its_parameters() {
        let timing = EXAMPLE.synchronised(path(0.01, 0.02, 0.02f64.sqrt())).unwrap();
        assert!((timing.period.as_secs_f64() - 9.71).abs() < 0.01, "{timing:?}");
        assert!((timing.slack.as_secs_f64() - 20.29).abs() < 0.01, "{timing:?}");
    }

    #[test]
    fn hm_s1_a_second_is_kept_on_a_lossy_lan_with_few_heartbeats() {
        // 5 % loss, 0.4 ms ± 1 ms, one mistake a day and pair, half a second each.
        let contract = Contract { detection_max: secs(1.0), recurrence_min: secs(86_400.0), mistake_max: secs(0.5) };
        let timing = contract.unsynchronised(path(0.05, 0.0004, 0.001)).unwrap();
        assert!(timing.period > Duration::from_millis(150) && timing.period < Duration::from_millis(300), "{timing:?}");
        assert_eq!(timing.period + timing.slack, secs(1.0));
    }

    #[test]
    fn a_path_on_which_step_one_leaves_no_period_is_told_at_once() {
        let contract = Contract { detection_max: secs(0.001), mistake_max: secs(0.001), ..EXAMPLE };
        assert_eq!(contract.unsynchronised(path(0.9, 0.0, 3_600.0)), Err(ContractError::PeriodTooShort));
    }

    #[test]
    fn what_cannot_be_kept_is_an_error() {
        let contract = Contract { detection_max: secs(0.1), ..EXAMPLE };
        assert_eq!(
            contract.synchronised(path(0.0, 0.1, 0.0)),
            Err(ContractError::FasterThanDelay { detection_max: secs(0.1), delay: secs(0.1) })
        );
        assert_eq!(EXAMPLE.synchronised(path(1.0, 0.02, 0.02)), Err(ContractError::NothingArrives));
        let hopeless = Contract { mistake_max: Duration::from_nanos(1), ..EXAMPLE };
        assert_eq!(hopeless.unsynchronised(path(0.5, 0.02, 0.02)), Err(ContractError::PeriodTooShort));
    }

    proptest! {
        #[test]
        fn a_stricter_contract_never_sends_less(
            detection in 0.2f64..60.0, recurrence in 1.0f64..1e7, mistake in 0.01f64..60.0, loss in 0.0f64..0.5, deviation in 0.0f64..0.5,
        ) {
            let contract = Contract { detection_max: secs(detection), recurrence_min: secs(recurrence), mistake_max: secs(mistake) };
            let path = path(loss, 0.1, deviation);
            if let Ok(timing) = contract.synchronised(path) {
                prop_assert_eq!(timing.period + timing.slack, contract.detection_max);
                let stricter = Contract { mistake_max: contract.mistake_max / 2, ..contract };
                if let Ok(strict) = stricter.synchronised(path) {
                    prop_assert!(strict.period <= timing.period);
                }
            }
        }
    }
}
