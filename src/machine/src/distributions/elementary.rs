//! The constant and the uniform law.

use super::error::{DistributionError, finite};
use super::family::Family;
use crate::random::Draw;

/// Always the same value; takes no random number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant {
    value: f64,
}

impl Constant {
    pub(super) const fn zero() -> Self {
        Constant { value: 0.0 }
    }

    pub(super) fn new(value: f64) -> Result<Self, DistributionError> {
        Ok(Constant { value: finite("constant", "value", value)? })
    }

    /// The value.
    pub fn value(&self) -> f64 {
        self.value
    }

    fn within(&self, low: f64, high: f64) -> bool {
        low <= self.value && self.value <= high
    }
}

impl Family for Constant {
    #[inline]
    fn sample(&self, _draw: &mut Draw) -> f64 {
        self.value
    }

    fn support(&self) -> (f64, f64) {
        (self.value, self.value)
    }

    fn mean(&self) -> f64 {
        self.value
    }

    fn variance(&self) -> f64 {
        0.0
    }

    fn cdf(&self, x: f64) -> f64 {
        if x >= self.value { 1.0 } else { 0.0 }
    }

    fn cdf_below(&self, x: f64) -> f64 {
        if x > self.value { 1.0 } else { 0.0 }
    }

    fn quantile(&self, _p: f64) -> f64 {
        self.value
    }

    fn log_density(&self, _x: f64) -> Option<f64> {
        None
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        if self.within(low, high) { self.value } else { 0.0 }
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        if self.within(low, high) { (self.value - centre) * (self.value - centre) } else { 0.0 }
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        Constant::new(self.value * factor)
    }
}

/// Every value between two bounds is equally likely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uniform {
    low: f64,
    high: f64,
}

impl Uniform {
    pub(super) fn new(low: f64, high: f64) -> Result<Self, DistributionError> {
        let (low, high) = (finite("uniform", "low", low)?, finite("uniform", "high", high)?);
        if low >= high {
            return Err(DistributionError::EmptyRange { law: "uniform", low, high });
        }
        finite("uniform", "high - low", high - low)?;
        Ok(Uniform { low, high })
    }

    /// The lower bound.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The upper bound.
    pub fn high(&self) -> f64 {
        self.high
    }

    fn clip(&self, low: f64, high: f64) -> (f64, f64) {
        let low = low.clamp(self.low, self.high);
        (low, high.clamp(low, self.high))
    }
}

impl Family for Uniform {
    fn support(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    fn mean(&self) -> f64 {
        self.low + 0.5 * (self.high - self.low)
    }

    fn variance(&self) -> f64 {
        (self.high - self.low) * (self.high - self.low) / 12.0
    }

    fn cdf(&self, x: f64) -> f64 {
        ((x - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    #[inline]
    fn quantile(&self, p: f64) -> f64 {
        (self.low + p * (self.high - self.low)).min(self.high)
    }

    fn log_density(&self, x: f64) -> Option<f64> {
        let inside = self.low <= x && x <= self.high;
        Some(if inside { -libm::log(self.high - self.low) } else { f64::NEG_INFINITY })
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        let (low, high) = self.clip(low, high);
        (high - low) / (self.high - self.low) * (0.5 * low + 0.5 * high)
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        let (low, high) = self.clip(low, high);
        let (from, to) = (low - centre, high - centre);
        (high - low) / (self.high - self.low) * (from * from + from * to + to * to) / 3.0
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        Uniform::new(self.low * factor, self.high * factor)
    }
}
