//! What every family of laws answers; [`super::Distribution`] forwards to it.

use super::error::DistributionError;
use crate::random::Draw;

/// The two parameters of the Weibull, gamma and Pareto laws, by name, since either order is in use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShapeScale {
    /// Without unit, above 0.
    pub shape: f64,
    /// In the unit of the values, above 0.
    pub scale: f64,
}

/// An item with its weight: not negative, in any unit, since only shares of the total count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighted<T> {
    /// How much of the total this item takes.
    pub weight: f64,
    /// What is weighted.
    pub item: T,
}

/// One law with checked parameters. Infinite moments are infinite here; every `p` is in 0..=1.
pub(super) trait Family: Sized {
    /// One value. The default inverts one uniform number, so that a greater number gives a greater value.
    #[inline]
    fn sample(&self, draw: &mut Draw) -> f64 {
        self.quantile(draw.open_uniform())
    }

    /// The least and the greatest possible value.
    fn support(&self) -> (f64, f64);

    fn mean(&self) -> f64;

    fn variance(&self) -> f64;

    /// P(X ≤ x).
    fn cdf(&self, x: f64) -> f64;

    /// P(X < x), which differs from the cdf where single points have probability.
    fn cdf_below(&self, x: f64) -> f64 {
        self.cdf(x)
    }

    /// P(X > x).
    fn survival(&self, x: f64) -> f64 {
        1.0 - self.cdf(x)
    }

    /// The least x with cdf(x) ≥ p.
    fn quantile(&self, p: f64) -> f64;

    /// The logarithm of the density at `x`; `None` for laws without one.
    fn log_density(&self, x: f64) -> Option<f64>;

    /// E[X; low ≤ X ≤ high].
    fn partial_mean(&self, low: f64, high: f64) -> f64;

    /// E[(X − centre)²; low ≤ X ≤ high].
    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64;

    /// The law of X × factor, for a finite factor above 0.
    fn scaled(&self, factor: f64) -> Result<Self, DistributionError>;
}
