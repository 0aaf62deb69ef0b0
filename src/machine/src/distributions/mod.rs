//! Laws of random values that give the same bits on every target.
//!
//! A [`Distribution`] is a value: parameters that were checked once, when it was made. Its unit is the user's: a latency law in
//! nanoseconds gives nanoseconds. Sampling takes a [`Draw`] and so depends on nothing but the draw's (seed, entity, purpose,
//! ordinal) and the parameters. Take one draw for each quantity: how many words of it a law reads is the law's own affair.
//!
//! Most laws invert their cumulative distribution at one uniform number in (0, 1). That costs a little, and buys that
//! the same draw gives a greater value under a law with a greater scale: two configurations under common random numbers stay
//! comparable when a parameter moves. Gamma (Marsaglia and Tsang), Zipf (rejection-inversion) and mixtures are the exceptions.
//! The grain of the uniform number ends the tails at the quantiles 2^-53 and 1 − 2^-53: 36.7 means of an exponential, 8.2 sigmas of a normal.
//!
//! Only `+ - * / sqrt` and the functions of `libm` are used, whose version is fixed; a digest over many samples of every law is asserted
//! in the tests, so that a build that differs in one bit fails. A change of that digest changes every simulated world.

mod compound;
mod elementary;
mod empirical;
mod error;
mod family;
mod gamma;
mod lifetime;
mod normal;
pub mod special;
#[cfg(test)]
mod tests;
mod zipf;

pub use compound::{Mixture, Truncated};
pub use elementary::{Constant, Uniform};
pub use empirical::{Empirical, Interpolation};
pub use error::DistributionError;
pub use family::{ShapeScale, Weighted};
pub use gamma::Gamma;
pub use lifetime::{Exponential, Pareto, Weibull};
pub use normal::{LogNormal, Normal};
pub use zipf::Zipf;

use crate::random::Draw;
use crate::units::Duration;
use family::Family;

/// A law of random values, in the unit of whoever made it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant holds the type of its name, which is documented")]
pub enum Distribution {
    Constant(Constant),
    Uniform(Uniform),
    Exponential(Exponential),
    Normal(Normal),
    LogNormal(LogNormal),
    Weibull(Weibull),
    Gamma(Gamma),
    Pareto(Pareto),
    Zipf(Zipf),
    Empirical(Empirical),
    Mixture(Mixture),
    Truncated(Truncated),
}

/// Evaluates an expression on the law inside a distribution, whatever its family.
macro_rules! with_law {
    ($distribution:expr, $law:ident => $body:expr) => {
        match $distribution {
            Distribution::Constant($law) => $body,
            Distribution::Uniform($law) => $body,
            Distribution::Exponential($law) => $body,
            Distribution::Normal($law) => $body,
            Distribution::LogNormal($law) => $body,
            Distribution::Weibull($law) => $body,
            Distribution::Gamma($law) => $body,
            Distribution::Pareto($law) => $body,
            Distribution::Zipf($law) => $body,
            Distribution::Empirical($law) => $body,
            Distribution::Mixture($law) => $body,
            Distribution::Truncated($law) => $body,
        }
    };
}

/// Every constructor checks its parameters.
///
/// # Errors
/// [`DistributionError`] names the law, the parameter and the value that is not finite, not positive, or does not fit the others.
impl Distribution {
    /// Always 0: no delay, no cost.
    pub const ZERO: Distribution = Distribution::Constant(Constant::zero());

    /// Always `value`, any finite number.
    pub fn constant(value: f64) -> Result<Self, DistributionError> {
        Constant::new(value).map(Self::Constant)
    }

    /// Evenly between `low` and a greater `high`.
    pub fn uniform(low: f64, high: f64) -> Result<Self, DistributionError> {
        Uniform::new(low, high).map(Self::Uniform)
    }

    /// Memoryless, with this mean above 0.
    pub fn exponential(mean: f64) -> Result<Self, DistributionError> {
        Exponential::new(mean).map(Self::Exponential)
    }

    /// Normal with this mean and a standard deviation `sigma` above 0, both in the unit of the values.
    pub fn normal(mean: f64, sigma: f64) -> Result<Self, DistributionError> {
        Normal::new(mean, sigma).map(Self::Normal)
    }

    /// Lognormal with this median above 0 in the unit of the values, and `sigma` > 0, the standard deviation of the logarithm
    /// (0.5: half of all values lie within a factor 1.4 of the median).
    pub fn lognormal(median: f64, sigma: f64) -> Result<Self, DistributionError> {
        LogNormal::new(median, sigma).map(Self::LogNormal)
    }

    /// Weibull: P(X > x) = exp(−(x/scale)^shape).
    pub fn weibull(parameters: ShapeScale) -> Result<Self, DistributionError> {
        Weibull::new(parameters).map(Self::Weibull)
    }

    /// Gamma with mean shape × scale.
    pub fn gamma(parameters: ShapeScale) -> Result<Self, DistributionError> {
        Gamma::new(parameters).map(Self::Gamma)
    }

    /// Pareto: P(X > x) = (scale/x)^shape from `scale` on.
    pub fn pareto(parameters: ShapeScale) -> Result<Self, DistributionError> {
        Pareto::new(parameters).map(Self::Pareto)
    }

    /// Ranks 1 to `n` (at most 2^53), rank k in proportion to k^(−exponent), exponent ≥ 0.
    pub fn zipf(n: u64, exponent: f64) -> Result<Self, DistributionError> {
        Zipf::new(n, exponent).map(Self::Zipf)
    }

    /// The law of observed values, in any order, each of the same weight.
    pub fn empirical(values: &[f64], interpolation: Interpolation) -> Result<Self, DistributionError> {
        Self::weighted_empirical(values.iter().map(|&item| Weighted { weight: 1.0, item }).collect(), interpolation)
    }

    /// The law of observed values, in any order, with weights.
    pub fn weighted_empirical(points: Vec<Weighted<f64>>, interpolation: Interpolation) -> Result<Self, DistributionError> {
        Empirical::new(points, interpolation).map(Self::Empirical)
    }

    /// One of several laws, chosen by weight for each sample.
    pub fn mixture(parts: Vec<Weighted<Distribution>>) -> Result<Self, DistributionError> {
        Mixture::new(parts).map(Self::Mixture)
    }

    /// This law under the condition that its value lies in `low..=high`; either bound may be infinite. At least
    /// [`Truncated::LEAST_MASS`] of the probability must lie there.
    pub fn truncated(self, low: f64, high: f64) -> Result<Self, DistributionError> {
        Truncated::new(self, low, high).map(Self::Truncated)
    }

    /// The law of `factor` times the value, for a finite factor above 0: a change of unit, or a slow-down.
    pub fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        let factor = error::positive("scaled", "factor", factor)?;
        Ok(match self {
            Self::Constant(law) => Self::Constant(law.scaled(factor)?),
            Self::Uniform(law) => Self::Uniform(law.scaled(factor)?),
            Self::Exponential(law) => Self::Exponential(law.scaled(factor)?),
            Self::Normal(law) => Self::Normal(law.scaled(factor)?),
            Self::LogNormal(law) => Self::LogNormal(law.scaled(factor)?),
            Self::Weibull(law) => Self::Weibull(law.scaled(factor)?),
            Self::Gamma(law) => Self::Gamma(law.scaled(factor)?),
            Self::Pareto(law) => Self::Pareto(law.scaled(factor)?),
            Self::Zipf(law) => Self::Zipf(law.scaled(factor)?),
            Self::Empirical(law) => Self::Empirical(law.scaled(factor)?),
            Self::Mixture(law) => Self::Mixture(law.scaled(factor)?),
            Self::Truncated(law) => Self::Truncated(law.scaled(factor)?),
        })
    }
}

impl Distribution {
    /// One value. Never NaN; infinite only where parameters push the law beyond the range of f64.
    #[inline]
    pub fn sample(&self, draw: &mut Draw) -> f64 {
        with_law!(self, law => law.sample(draw))
    }

    /// One value of a law in nanoseconds, as a span of time: negative values become zero, see [`Duration::from_nanos_f64`].
    #[inline]
    pub fn sample_duration(&self, draw: &mut Draw) -> Duration {
        Duration::from_nanos_f64(self.sample(draw))
    }

    /// The expected value; infinite for a Pareto law of shape ≤ 1.
    pub fn mean(&self) -> f64 {
        with_law!(self, law => law.mean())
    }

    /// The variance, or `None` where it is not finite.
    pub fn variance(&self) -> Option<f64> {
        Some(with_law!(self, law => law.variance())).filter(|variance| variance.is_finite())
    }

    /// P(X ≤ x).
    pub fn cdf(&self, x: f64) -> f64 {
        with_law!(self, law => law.cdf(x))
    }

    /// P(X > x), accurate where it is small.
    pub fn survival(&self, x: f64) -> f64 {
        with_law!(self, law => law.survival(x))
    }

    /// The least x with P(X ≤ x) ≥ `p`, up to rounding.
    ///
    /// # Panics
    /// When `p` is not in 0..=1.
    pub fn quantile(&self, p: f64) -> f64 {
        assert!((0.0..=1.0).contains(&p), "{p} is no probability");
        with_law!(self, law => law.quantile(p))
    }

    /// The logarithm of the density at `x`, −∞ outside the support; `None` for laws without a density (constant, Zipf, empirical,
    /// and what contains them).
    pub fn log_density(&self, x: f64) -> Option<f64> {
        with_law!(self, law => law.log_density(x))
    }

    /// The least and the greatest possible value.
    pub fn support(&self) -> (f64, f64) {
        with_law!(self, law => law.support())
    }

    fn cdf_below(&self, x: f64) -> f64 {
        with_law!(self, law => law.cdf_below(x))
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        with_law!(self, law => law.partial_mean(low, high))
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        with_law!(self, law => law.partial_square(centre, low, high))
    }
}
