//! Random values: a plain value, or a table that names a distribution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A random value: a plain value is always the same, a table names a distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "law of {V}")]
pub enum Law<V> {
    /// Always this.
    Constant(V),
    /// Drawn.
    Random(RandomLaw<V>),
}

/// A distribution. Every kind takes `min` and `max`, which truncate it: draws outside do not occur.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "distribution of {V}")]
pub enum RandomLaw<V> {
    /// Evenly between two bounds.
    Uniform {
        /// Lower bound.
        low: V,
        /// Upper bound, above `low`.
        high: V,
        /// No draw is below this.
        min: Option<V>,
        /// No draw is above this.
        max: Option<V>,
    },
    /// Memoryless: P(X > x) = exp(−x / mean).
    Exponential {
        /// Mean, above 0.
        mean: V,
        /// No draw is below this.
        min: Option<V>,
        /// No draw is above this.
        max: Option<V>,
    },
    /// Normal. Where a negative value makes no sense it counts as 0.
    Normal {
        /// Mean.
        mean: V,
        /// Standard deviation, above 0.
        sigma: V,
        /// No draw is below this.
        min: Option<V>,
        /// No draw is above this.
        max: Option<V>,
    },
    /// Lognormal: half of all values lie within a factor exp(0.67 sigma) of the median.
    Lognormal {
        /// Median, above 0.
        median: V,
        /// Standard deviation of the natural logarithm, above 0.
        sigma: f64,
        /// No draw is below this.
        min: Option<V>,
        /// No draw is above this.
        max: Option<V>,
    },
    /// Weibull: P(X > x) = exp(−(x / scale)^shape).
    Weibull {
        /// Below 1: failures come in bursts; 1: exponential; above 1: wear.
        shape: f64,
        /// The value below which 63 % of draws lie, above 0.
        scale: V,
        /// No draw is below this.
        min: Option<V>,
        /// No draw is above this.
        max: Option<V>,
    },
    /// Gamma; state either `scale` or `mean` (shape × scale).
    Gamma {
        /// Above 0.
        shape: f64,
        /// Above 0.
        scale: Option<V>,
        /// Above 0.
        mean: Option<V>,
        /// No draw is below this.
        min: Option<V>,
        /// No draw is above this.
        max: Option<V>,
    },
    /// Pareto: P(X > x) = (scale / x)^shape from `scale` on.
    Pareto {
        /// Above 0; at most 1 means an infinite mean.
        shape: f64,
        /// The least value, above 0.
        scale: V,
        /// No draw is below this.
        min: Option<V>,
        /// No draw is above this.
        max: Option<V>,
    },
    /// Observed values.
    Empirical {
        /// The values, in any order.
        values: Vec<V>,
        /// How often each occurs; default: all equally.
        weights: Option<Vec<f64>>,
        /// Whether only the observed values occur, or also what lies between.
        #[serde(default)]
        interpolation: Interpolation,
        /// No draw is below this.
        min: Option<V>,
        /// No draw is above this.
        max: Option<V>,
    },
    /// One of several laws, chosen by weight for each draw.
    Mixture {
        /// The laws.
        parts: Vec<Part<V>>,
        /// No draw is below this.
        min: Option<V>,
        /// No draw is above this.
        max: Option<V>,
    },
}

/// A law in a mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "mixture part of {V}")]
pub struct Part<V> {
    /// How often it is chosen, relative to the others; 0 or more.
    pub weight: f64,
    /// The law.
    pub law: Law<V>,
}

/// Whether a law of observed values yields only those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "interpolation", inline)]
pub enum Interpolation {
    /// Only the observed values.
    #[default]
    Steps,
    /// Also what lies between neighbours.
    Linear,
}
