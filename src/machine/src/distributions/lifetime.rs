//! The exponential, the Weibull and the Pareto law: times between events, lifetimes, heavy tails.

use std::ops::RangeInclusive;

use super::error::{DistributionError, positive, positive_within};
use super::family::{Family, ShapeScale};
use super::special::{gamma_p, gamma_q, power_integral};

/// Times without memory: the gaps of a Poisson process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    mean: f64,
}

impl Exponential {
    pub(super) fn new(mean: f64) -> Result<Self, DistributionError> {
        Ok(Exponential { mean: positive("exponential", "mean", mean)? })
    }

    fn as_weibull(&self) -> Weibull {
        Weibull { shape: 1.0, scale: self.mean }
    }
}

impl Family for Exponential {
    fn support(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        self.mean * self.mean
    }

    fn cdf(&self, x: f64) -> f64 {
        -libm::expm1(-x.max(0.0) / self.mean)
    }

    fn survival(&self, x: f64) -> f64 {
        libm::exp(-x.max(0.0) / self.mean)
    }

    #[inline]
    fn quantile(&self, p: f64) -> f64 {
        -self.mean * libm::log1p(-p)
    }

    fn log_density(&self, x: f64) -> Option<f64> {
        Some(if x >= 0.0 { -x / self.mean - libm::log(self.mean) } else { f64::NEG_INFINITY })
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        self.as_weibull().partial_mean(low, high)
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        self.as_weibull().partial_square(centre, low, high)
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        Exponential::new(self.mean * factor)
    }
}

/// Lifetimes whose hazard falls (shape < 1), stays (1) or grows (> 1) with age: P(X > x) = exp(−(x/scale)^shape).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weibull {
    shape: f64,
    scale: f64,
}

impl Weibull {
    /// Below, Γ(1 + 2/shape) and with it the second moment leave the range of f64; published shapes lie between 0.2 and 5.
    pub const SHAPES: RangeInclusive<f64> = 0.02..=1e6;

    pub(super) fn new(parameters: ShapeScale) -> Result<Self, DistributionError> {
        let ShapeScale { shape, scale } = parameters;
        Ok(Weibull {
            shape: positive_within("weibull", "shape", shape, Self::SHAPES)?,
            scale: positive("weibull", "scale", scale)?,
        })
    }

    /// The shape.
    pub fn shape(&self) -> f64 {
        self.shape
    }

    /// The scale: the 63rd percentile.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Cumulative hazard at `x`.
    fn hazard(&self, x: f64) -> f64 {
        libm::pow(x.max(0.0) / self.scale, self.shape)
    }

    /// E[X^order; low ≤ X ≤ high].
    fn partial_moment(&self, order: f64, low: f64, high: f64) -> f64 {
        let a = 1.0 + order / self.shape;
        let share = gamma_share(a, self.hazard(low), self.hazard(high));
        if share == 0.0 { 0.0 } else { libm::pow(self.scale, order) * libm::tgamma(a) * share }
    }
}

impl Family for Weibull {
    fn support(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn mean(&self) -> f64 {
        self.scale * libm::tgamma(1.0 + 1.0 / self.shape)
    }

    fn variance(&self) -> f64 {
        let first = libm::tgamma(1.0 + 1.0 / self.shape);
        self.scale * self.scale * (libm::tgamma(1.0 + 2.0 / self.shape) - first * first)
    }

    fn cdf(&self, x: f64) -> f64 {
        -libm::expm1(-self.hazard(x))
    }

    fn survival(&self, x: f64) -> f64 {
        libm::exp(-self.hazard(x))
    }

    #[inline]
    fn quantile(&self, p: f64) -> f64 {
        // Takes half the time of a power, and is as accurate within the range of published shapes.
        self.scale * libm::exp(libm::log(-libm::log1p(-p)) / self.shape)
    }

    fn log_density(&self, x: f64) -> Option<f64> {
        if x < 0.0 {
            return Some(f64::NEG_INFINITY);
        }
        let factor = libm::log(self.shape / self.scale);
        // At shape 1 the power is 1 everywhere, also at 0, where its logarithm would be 0 × ∞.
        let power = if self.shape == 1.0 { 0.0 } else { (self.shape - 1.0) * libm::log(x / self.scale) };
        Some(factor + power - self.hazard(x))
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        self.partial_moment(1.0, low, high)
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        let [zeroth, first, second] = [0.0, 1.0, 2.0].map(|order| self.partial_moment(order, low, high));
        second - 2.0 * centre * first + centre * centre * zeroth
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        Weibull::new(ShapeScale { shape: self.shape, scale: self.scale * factor })
    }
}

/// P(a, high) − P(a, low), from the tails in which the two differ most.
pub(super) fn gamma_share(a: f64, low: f64, high: f64) -> f64 {
    if low > a { gamma_q(a, low) - gamma_q(a, high) } else { gamma_p(a, high) - gamma_p(a, low) }
}

/// Sizes and times with a power-law tail: P(X > x) = (scale/x)^shape for x ≥ scale.
///
/// The mean is infinite for shape ≤ 1 and the variance for shape ≤ 2. Sampling from 2^52 uniform numbers reaches scale × 2^(53/shape).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pareto {
    shape: f64,
    scale: f64,
}

impl Pareto {
    pub(super) fn new(parameters: ShapeScale) -> Result<Self, DistributionError> {
        let ShapeScale { shape, scale } = parameters;
        Ok(Pareto { shape: positive("pareto", "shape", shape)?, scale: positive("pareto", "scale", scale)? })
    }

    /// The exponent of the tail.
    pub fn shape(&self) -> f64 {
        self.shape
    }

    /// The least value.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// E[X^order; low ≤ X ≤ high].
    fn partial_moment(&self, order: f64, low: f64, high: f64) -> f64 {
        let (low, high) = ((low / self.scale).max(1.0), high / self.scale);
        if high <= low {
            return 0.0;
        }
        self.shape * libm::pow(self.scale, order) * power_integral(order - self.shape, low, high)
    }
}

impl Family for Pareto {
    fn support(&self) -> (f64, f64) {
        (self.scale, f64::INFINITY)
    }

    fn mean(&self) -> f64 {
        if self.shape > 1.0 { self.scale * self.shape / (self.shape - 1.0) } else { f64::INFINITY }
    }

    fn variance(&self) -> f64 {
        if self.shape <= 2.0 {
            return f64::INFINITY;
        }
        let ratio = self.scale / (self.shape - 1.0);
        ratio * ratio * self.shape / (self.shape - 2.0)
    }

    fn cdf(&self, x: f64) -> f64 {
        if x <= self.scale { 0.0 } else { -libm::expm1(self.shape * libm::log(self.scale / x)) }
    }

    fn survival(&self, x: f64) -> f64 {
        if x <= self.scale { 1.0 } else { libm::pow(self.scale / x, self.shape) }
    }

    #[inline]
    fn quantile(&self, p: f64) -> f64 {
        self.scale * libm::exp(-libm::log1p(-p) / self.shape)
    }

    fn log_density(&self, x: f64) -> Option<f64> {
        let inside = x >= self.scale;
        Some(if inside { libm::log(self.shape / x) + self.shape * libm::log(self.scale / x) } else { f64::NEG_INFINITY })
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        self.partial_moment(1.0, low, high)
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        let [zeroth, first, second] = [0.0, 1.0, 2.0].map(|order| self.partial_moment(order, low, high));
        if second == f64::INFINITY { second } else { second - 2.0 * centre * first + centre * centre * zeroth }
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        Pareto::new(ShapeScale { shape: self.shape, scale: self.scale * factor })
    }
}
