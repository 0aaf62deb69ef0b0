//! What can be wrong with the parameters of a distribution.

use std::fmt;
use std::ops::RangeInclusive;

/// Why parameters do not make a distribution. Messages name the law, the parameter and the value.
#[derive(Clone, Debug, PartialEq)]
pub enum DistributionError {
    /// A parameter is infinite or not a number.
    NotFinite {
        /// Name of the law, as scenario files write it.
        law: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
    },
    /// A parameter that must be above zero is not.
    NotPositive {
        /// Name of the law, as scenario files write it.
        law: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
    },
    /// A parameter that must not be below zero is.
    Negative {
        /// Name of the law, as scenario files write it.
        law: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
    },
    /// A parameter is so small or so large that the law's moments or its cumulative distribution can no longer be computed.
    OutOfRange {
        /// Name of the law, as scenario files write it.
        law: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
        /// The values allowed, both ends included.
        allowed: (f64, f64),
    },
    /// The lower bound is not below the upper one.
    EmptyRange {
        /// Name of the law, as scenario files write it.
        law: &'static str,
        /// Lower bound given.
        low: f64,
        /// Upper bound given.
        high: f64,
    },
    /// The number of ranks is 0 or so large that ranks are no longer exact.
    Ranks {
        /// What was given.
        n: u64,
        /// The largest number allowed.
        most: u64,
    },
    /// Fewer points or components than the law needs.
    TooFew {
        /// Name of the law, as scenario files write it.
        law: &'static str,
        /// How many were given.
        given: usize,
        /// How many it takes.
        needed: usize,
    },
    /// All weights are zero, or their sum is not finite.
    Weightless {
        /// Name of the law, as scenario files write it.
        law: &'static str,
        /// Sum of the weights given.
        total: f64,
    },
    /// So little of the law lies between the bounds that sampling there would be coarse or impossible.
    Truncation {
        /// Lower bound given.
        low: f64,
        /// Upper bound given.
        high: f64,
        /// Probability between the bounds.
        mass: f64,
        /// The least probability allowed.
        least: f64,
    },
}

impl fmt::Display for DistributionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { law, parameter, value } => write!(f, "{law}: {parameter} must be a finite number, not {value}"),
            Self::NotPositive { law, parameter, value } => write!(f, "{law}: {parameter} must be above 0, not {value}"),
            Self::Negative { law, parameter, value } => write!(f, "{law}: {parameter} must not be below 0, but is {value}"),
            Self::OutOfRange { law, parameter, value, allowed: (least, most) } => {
                write!(f, "{law}: {parameter} must be between {least:e} and {most:e}, not {value}")
            }
            Self::EmptyRange { law, low, high } => write!(f, "{law}: low ({low}) must be below high ({high})"),
            Self::Ranks { n, most } => write!(f, "zipf: n must be between 1 and {most}, not {n}"),
            Self::TooFew { law, given, needed } => write!(f, "{law}: needs at least {needed}, but {given} given"),
            Self::Weightless { law, total } => write!(f, "{law}: weights must have a finite sum above 0, not {total}"),
            Self::Truncation { low, high, mass, least } => {
                write!(
                    f,
                    "truncated: only {mass:e} of the probability lies between {low} and {high}; at least {least:e} is needed"
                )
            }
        }
    }
}

impl std::error::Error for DistributionError {}

pub(super) fn finite(law: &'static str, parameter: &'static str, value: f64) -> Result<f64, DistributionError> {
    // `+ 0.0` turns -0 into 0, so that equal laws have equal bits.
    if value.is_finite() { Ok(value + 0.0) } else { Err(DistributionError::NotFinite { law, parameter, value }) }
}

pub(super) fn positive(law: &'static str, parameter: &'static str, value: f64) -> Result<f64, DistributionError> {
    let value = finite(law, parameter, value)?;
    if value > 0.0 { Ok(value) } else { Err(DistributionError::NotPositive { law, parameter, value }) }
}

pub(super) fn not_negative(law: &'static str, parameter: &'static str, value: f64) -> Result<f64, DistributionError> {
    let value = finite(law, parameter, value)?;
    if value >= 0.0 { Ok(value) } else { Err(DistributionError::Negative { law, parameter, value }) }
}

pub(super) fn positive_within(
    law: &'static str,
    parameter: &'static str,
    value: f64,
    allowed: RangeInclusive<f64>,
) -> Result<f64, DistributionError> {
    let value = positive(law, parameter, value)?;
    if allowed.contains(&value) {
        Ok(value)
    } else {
        Err(DistributionError::OutOfRange { law, parameter, value, allowed: allowed.into_inner() })
    }
}

/// The sum of weights that were each checked to be finite and not negative.
pub(super) fn total_weight(law: &'static str, weights: impl Iterator<Item = f64>) -> Result<f64, DistributionError> {
    let mut total = 0.0;
    for weight in weights {
        total += not_negative(law, "weight", weight)?;
    }
    if total.is_finite() && total > 0.0 { Ok(total) } else { Err(DistributionError::Weightless { law, total }) }
}
