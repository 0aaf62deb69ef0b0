//! `phi`: the accrual failure detector.
//!
//! The line drives a [`Detector`] that watches one peer. `hb` is [`Detector::heard`], `available` compares the time with
//! [`Detector::conviction`] and `phi` asks [`Detector::phi`]. The guard against pauses of the observer is off: a line says all that happens.
//! A detector of the stack counts from its own start; in lines, as in Pekko, a peer that was never heard is available, and its phi is 0.

use hms_machine::Instant;
use hms_stack::health::{Detector, DetectorKind, HealthConfiguration, Heartbeat};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::read::{Course, Millis, Ranges, Timed, course};
use super::{LineError, Verdict, differ, differ_by};

/// Tolerance of `phi` where a step states none: the figures of papers have one digit.
const TOLERANCE: f64 = 0.1;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Init {
    #[serde(alias = "phi_threshold", alias = "phi_convict_threshold")]
    threshold: Option<f64>,
    #[serde(alias = "window_size", alias = "max_sample_size")]
    window: Option<u32>,
    #[serde(alias = "min_std_deviation_ms", alias = "min_sigma_ms")]
    min_std_ms: Option<Millis>,
    #[serde(alias = "acceptable_pause_ms", alias = "acceptable_heartbeat_pause_ms")]
    pause_ms: Option<Millis>,
    #[serde(alias = "first_heartbeat_estimate_ms", alias = "first_interval_ms")]
    first_ms: Option<Millis>,
    #[serde(default)]
    model: Model,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Model {
    #[default]
    #[serde(alias = "phi_normal", alias = "pekko", alias = "akka")]
    Normal,
    #[serde(alias = "phi_exponential", alias = "cassandra")]
    Exponential,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    #[serde(alias = "heartbeat")]
    Hb {},
    #[serde(alias = "is_available")]
    Available { expect: bool },
    Phi {
        expect: f64,
        #[serde(alias = "tolerance")]
        tol: Option<f64>,
    },
}

pub(super) fn judge(line: Map<String, Value>) -> Result<Verdict, LineError> {
    let Course { init, steps } = course::<Init, Step>(line)?;
    let configuration = init.configuration()?;
    let mut detector = Detector::new(&configuration, 1, Instant::ZERO);
    let mut heartbeats = 0;
    for (index, Timed { at, step }) in steps.into_iter().enumerate() {
        let heard = heartbeats > 0;
        let verdict = match step {
            Step::Hb {} => {
                heartbeats += 1;
                detector.heard(0, Heartbeat { sequence: heartbeats, ..Heartbeat::default() }, at);
                None
            }
            Step::Available { expect } => differ(index, expect, !heard || at < detector.conviction(0)),
            Step::Phi { expect, tol } => {
                let phi = if heard { detector.phi(0, at) } else { 0.0 };
                differ_by(index, expect, phi, tol.unwrap_or(TOLERANCE))
            }
        };
        if let Some(verdict) = verdict {
            return Ok(verdict);
        }
    }
    Ok(Verdict::Holds)
}

impl Init {
    fn configuration(self) -> Result<HealthConfiguration, LineError> {
        let base = HealthConfiguration::default();
        let (detector, pause) = match self.model {
            Model::Normal => (DetectorKind::PhiNormal, base.pause),
            // Cassandra, from which the model comes, has no acceptable pause.
            Model::Exponential => (DetectorKind::PhiExponential, hms_machine::Duration::ZERO),
        };
        let mut configuration = HealthConfiguration {
            detector,
            threshold: self.threshold.unwrap_or(base.threshold),
            window: self.window.unwrap_or(base.window),
            min_std: self.min_std_ms.map_or(base.min_std, |span| span.0),
            pause: self.pause_ms.map_or(pause, |span| span.0),
            first: self.first_ms.map_or(base.first, |span| span.0),
            pause_guard: false,
            ..base
        };
        let mut ranges = Ranges::default();
        configuration.walk(&mut ranges);
        ranges.check()?;
        Ok(configuration)
    }
}
