//! The normal and the lognormal law.

use std::ops::RangeInclusive;

use super::error::{DistributionError, finite, positive, positive_within};
use super::family::Family;
use super::special::{normal_cdf, normal_density, normal_log_density, normal_quantile};

/// Sums of many small independent influences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    mean: f64,
    sigma: f64,
}

impl Normal {
    pub(super) fn new(mean: f64, sigma: f64) -> Result<Self, DistributionError> {
        Ok(Normal { mean: finite("normal", "mean", mean)?, sigma: positive("normal", "sigma", sigma)? })
    }

    /// The standard deviation.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    fn standard(&self, x: f64) -> f64 {
        (x - self.mean) / self.sigma
    }
}

impl Family for Normal {
    fn support(&self) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        self.sigma * self.sigma
    }

    fn cdf(&self, x: f64) -> f64 {
        normal_cdf(self.standard(x))
    }

    fn survival(&self, x: f64) -> f64 {
        normal_cdf(-self.standard(x))
    }

    #[inline]
    fn quantile(&self, p: f64) -> f64 {
        self.mean + self.sigma * normal_quantile(p)
    }

    fn log_density(&self, x: f64) -> Option<f64> {
        Some(normal_log_density(self.standard(x)) - libm::log(self.sigma))
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        let [mass, first, _] = standard_moments(self.standard(low), self.standard(high));
        self.mean * mass + self.sigma * first
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        let [mass, first, second] = standard_moments(self.standard(low), self.standard(high));
        let offset = self.mean - centre;
        self.sigma * self.sigma * second + 2.0 * self.sigma * offset * first + offset * offset * mass
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        Normal::new(self.mean * factor, self.sigma * factor)
    }
}

/// E[Z^k; low ≤ Z ≤ high] of a standard normal Z, for k = 0, 1, 2.
fn standard_moments(low: f64, high: f64) -> [f64; 3] {
    // An infinite bound times its vanishing density is 0.
    let edge = |z: f64| if z.is_finite() { z * normal_density(z) } else { 0.0 };
    let mass = normal_share(low, high);
    [mass, normal_density(low) - normal_density(high), mass + edge(low) - edge(high)]
}

/// Φ(high) − Φ(low), from the tail in which the two differ most.
fn normal_share(low: f64, high: f64) -> f64 {
    if low > 0.0 { normal_cdf(-low) - normal_cdf(-high) } else { normal_cdf(high) - normal_cdf(low) }
}

/// Products of many small independent influences: latencies, repair times. Its logarithm is normal with mean ln(median) and
/// standard deviation sigma.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogNormal {
    median: f64,
    sigma: f64,
}

impl LogNormal {
    /// Above, e^(2σ²) and with it the second moment leave the range of f64; published sigmas lie below 3.
    pub const SIGMAS: RangeInclusive<f64> = 1e-9..=18.0;

    pub(super) fn new(median: f64, sigma: f64) -> Result<Self, DistributionError> {
        Ok(LogNormal {
            median: positive("lognormal", "median", median)?,
            sigma: positive_within("lognormal", "sigma", sigma, Self::SIGMAS)?,
        })
    }

    /// The median, e^μ.
    pub fn median(&self) -> f64 {
        self.median
    }

    /// The standard deviation of the logarithm.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    fn standard(&self, x: f64) -> f64 {
        if x > 0.0 { libm::log(x / self.median) / self.sigma } else { f64::NEG_INFINITY }
    }

    /// E[X^order; low ≤ X ≤ high].
    fn partial_moment(&self, order: f64, low: f64, high: f64) -> f64 {
        let shift = order * self.sigma;
        let share = normal_share(self.standard(low) - shift, self.standard(high) - shift);
        if share == 0.0 { 0.0 } else { libm::pow(self.median, order) * libm::exp(0.5 * shift * shift) * share }
    }
}

impl Family for LogNormal {
    fn support(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn mean(&self) -> f64 {
        self.median * libm::exp(0.5 * self.sigma * self.sigma)
    }

    fn variance(&self) -> f64 {
        let square = self.sigma * self.sigma;
        self.median * self.median * libm::exp(square) * libm::expm1(square)
    }

    fn cdf(&self, x: f64) -> f64 {
        normal_cdf(self.standard(x))
    }

    fn survival(&self, x: f64) -> f64 {
        normal_cdf(-self.standard(x))
    }

    #[inline]
    fn quantile(&self, p: f64) -> f64 {
        self.median * libm::exp(self.sigma * normal_quantile(p))
    }

    fn log_density(&self, x: f64) -> Option<f64> {
        let inside = x > 0.0;
        Some(if inside { normal_log_density(self.standard(x)) - libm::log(self.sigma * x) } else { f64::NEG_INFINITY })
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        self.partial_moment(1.0, low, high)
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        let [zeroth, first, second] = [0.0, 1.0, 2.0].map(|order| self.partial_moment(order, low, high));
        second - 2.0 * centre * first + centre * centre * zeroth
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        LogNormal::new(self.median * factor, self.sigma)
    }
}
