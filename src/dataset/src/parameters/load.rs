//! A day of requests: how many come in each second.

use serde::{Deserialize, Serialize};

use super::{ParameterError, value};

/// Requests per second that follow the hours of a day, in bursts of a minute.
///
/// The rate of second t is mean × (1 + swing × cos(2π (t − peak) / 24 h)) × w, where w is lognormal with mean one, drawn anew each minute;
/// the requests of a second are a Poisson number with that rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadModel {
    /// Name, unique in the file.
    pub name: String,
    /// Where these values stand, or how they were made from what stands there.
    pub source: String,
    /// Requests per second over the whole day, above 0 and at most 1e6.
    pub mean_per_s: f64,
    /// How far the busiest hour lies above the mean, as a share of it: 0..=1.
    pub swing: f64,
    /// Hour of the day at which the rate is highest, 0 to below 24.
    pub peak_h: f64,
    /// Standard deviation of the logarithm of each minute's own factor, at least 0; 0.25 is a coefficient of variation of about 25 %.
    pub minute_sigma: f64,
}

impl LoadModel {
    pub(super) fn check(&self) -> Result<(), ParameterError> {
        let LoadModel { name, source: _, mean_per_s, swing, peak_h, minute_sigma } = self;
        let place = |key: &str| format!("model `{name}`, `{key}`");
        if !(*mean_per_s > 0.0 && *mean_per_s <= 1e6) {
            return Err(value(&place("mean_per_s"), "a rate above 0 and at most 1e6", mean_per_s));
        }
        if !(0.0..=1.0).contains(swing) {
            return Err(value(&place("swing"), "a share between 0 and 1", swing));
        }
        if !(0.0..24.0).contains(peak_h) {
            return Err(value(&place("peak_h"), "an hour from 0 to below 24", peak_h));
        }
        if !(0.0..=3.0).contains(minute_sigma) {
            return Err(value(&place("minute_sigma"), "a number between 0 and 3", minute_sigma));
        }
        Ok(())
    }
}
