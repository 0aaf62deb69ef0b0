//! Four families of positive random values, as data; [`Distribution`] does the mathematics.

use std::fmt;

use hms_machine::{Distribution, DistributionError, ShapeScale};
use serde::{Deserialize, Serialize};

/// A distribution of positive values. `scale`, `mean`, and the variable whose logarithm `mu` and `sigma` describe, are in the
/// unit of the values (seconds in traces); shapes and `sigma` have none. All but `mu` are above zero.
///
/// In files: `{ family = "weibull", shape = 0.5, scale = 100.0 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "lowercase", deny_unknown_fields)]
pub enum Model {
    /// Survival exp(−x / mean).
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Survival exp(−(x / scale)^shape); a shape below one is a hazard that falls with age.
    Weibull {
        /// Shape, often written k or β.
        shape: f64,
        /// Scale, often written λ or η: the 63rd percentile.
        scale: f64,
    },
    /// The logarithm is normal.
    #[serde(rename = "lognormal")]
    LogNormal {
        /// Mean of the natural logarithm.
        mu: f64,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// Density ∝ x^(shape − 1) exp(−x / scale).
    Gamma {
        /// Shape, often written k or α.
        shape: f64,
        /// Scale, often written θ.
        scale: f64,
    },
}

/// The name of a family, as it stands in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// One parameter: the mean.
    Exponential,
    /// Shape and scale.
    Weibull,
    /// Mean and standard deviation of the logarithm.
    LogNormal,
    /// Shape and scale.
    Gamma,
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 4] = [Family::Exponential, Family::Weibull, Family::LogNormal, Family::Gamma];

    /// The word that stands in files.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Exponential => "exponential",
            Family::Weibull => "weibull",
            Family::LogNormal => "lognormal",
            Family::Gamma => "gamma",
        }
    }

    /// How many parameters are estimated.
    pub const fn parameters(self) -> usize {
        match self {
            Family::Exponential => 1,
            Family::Weibull | Family::LogNormal | Family::Gamma => 2,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `weibull(shape 0.638, scale 940320.5)`.
impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<String> =
            self.parameters().iter().map(|(name, value)| format!("{name} {}", significant(*value))).collect();
        write!(f, "{}({})", self.family(), parameters.join(", "))
    }
}

fn significant(value: f64) -> String {
    if libm::fabs(value) < 1_000.0 { format!("{value:.4}") } else { format!("{value:.1}") }
}

impl Model {
    /// Its family.
    pub const fn family(&self) -> Family {
        match self {
            Model::Exponential { .. } => Family::Exponential,
            Model::Weibull { .. } => Family::Weibull,
            Model::LogNormal { .. } => Family::LogNormal,
            Model::Gamma { .. } => Family::Gamma,
        }
    }

    /// Name and value of each parameter.
    pub fn parameters(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Model::Exponential { mean } => vec![("mean", mean)],
            Model::Weibull { shape, scale } | Model::Gamma { shape, scale } => vec![("shape", shape), ("scale", scale)],
            Model::LogNormal { mu, sigma } => vec![("mu", mu), ("sigma", sigma)],
        }
    }

    /// The law to draw from, with its moments, density and distribution function.
    ///
    /// # Errors
    /// Names the parameter that is not finite or not above zero (`mu` may be any number up to 709, where e^mu ends).
    pub fn distribution(&self) -> Result<Distribution, DistributionError> {
        match *self {
            Model::Exponential { mean } => Distribution::exponential(mean),
            Model::Weibull { shape, scale } => Distribution::weibull(ShapeScale { shape, scale }),
            Model::LogNormal { mu, sigma } => Distribution::lognormal(libm::exp(mu), sigma),
            Model::Gamma { shape, scale } => Distribution::gamma(ShapeScale { shape, scale }),
        }
    }

    /// The distribution of `factor` times the value, for a factor above zero: a change of unit.
    pub fn scaled(self, factor: f64) -> Model {
        match self {
            Model::Exponential { mean } => Model::Exponential { mean: mean * factor },
            Model::Weibull { shape, scale } => Model::Weibull { shape, scale: scale * factor },
            Model::LogNormal { mu, sigma } => Model::LogNormal { mu: mu + libm::log(factor), sigma },
            Model::Gamma { shape, scale } => Model::Gamma { shape, scale: scale * factor },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODELS: [Model; 4] = [
        Model::Exponential { mean: 3.0 },
        Model::Weibull { shape: 0.6, scale: 2.0 },
        Model::LogNormal { mu: 0.3, sigma: 0.8 },
        Model::Gamma { shape: 0.4, scale: 5.0 },
    ];

    #[test]
    fn a_change_of_unit_keeps_probabilities() {
        for model in MODELS {
            let below = |model: Model, x: f64| model.distribution().unwrap().cdf(x);
            let (hours, seconds) = (below(model, 1.7), below(model.scaled(3_600.0), 1.7 * 3_600.0));
            assert!((hours - seconds).abs() < 1e-12, "{model}");
        }
    }

    #[test]
    fn a_parameter_that_makes_no_law_is_named() {
        let error = Model::Weibull { shape: 0.0, scale: 1.0 }.distribution().unwrap_err().to_string();
        assert!(error.contains("weibull") && error.contains("shape"), "{error}");
    }
}
