//! Laws made of other laws: mixtures and truncation.

use std::sync::Arc;

use super::Distribution;
use super::error::{DistributionError, total_weight};
use super::family::{Family, Weighted};
use crate::random::Draw;

/// One of several laws, chosen anew for each sample: normal service and the occasional slow path. Cloning it shares the components.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    components: Arc<[Component]>,
}

#[derive(Clone, Debug, PartialEq)]
struct Component {
    share: f64,
    /// The sum of the shares up to and including this one; exactly 1 for the last.
    cumulative: f64,
    law: Distribution,
}

impl Mixture {
    pub(super) fn new(parts: Vec<Weighted<Distribution>>) -> Result<Self, DistributionError> {
        if parts.is_empty() {
            return Err(DistributionError::TooFew { law: "mixture", given: 0, needed: 1 });
        }
        let total = total_weight("mixture", parts.iter().map(|part| part.weight))?;
        let mut sum = 0.0;
        let components = parts.into_iter().filter(|part| part.weight > 0.0).map(|part| {
            sum += part.weight;
            Component { share: part.weight / total, cumulative: sum / total, law: part.item }
        });
        Ok(Mixture { components: components.collect() })
    }

    /// The components with their shares, which add up to 1; those of no weight are left out.
    pub fn components(&self) -> impl Iterator<Item = (f64, &Distribution)> {
        self.components.iter().map(|component| (component.share, &component.law))
    }

    fn sum(&self, of: impl Fn(&Distribution) -> f64) -> f64 {
        self.components().map(|(share, law)| share * of(law)).sum()
    }
}

impl Family for Mixture {
    /// The first word chooses the component, which goes on with the words after it.
    fn sample(&self, draw: &mut Draw) -> f64 {
        let choice = draw.uniform();
        let index = self.components.partition_point(|component| component.cumulative <= choice);
        self.components[index.min(self.components.len() - 1)].law.sample(draw)
    }

    fn support(&self) -> (f64, f64) {
        let supports = self.components().map(|(_, law)| law.support());
        supports.fold((f64::INFINITY, f64::NEG_INFINITY), |hull, (low, high)| (hull.0.min(low), hull.1.max(high)))
    }

    fn mean(&self) -> f64 {
        self.sum(Distribution::mean)
    }

    fn variance(&self) -> f64 {
        let mean = self.mean();
        self.sum(|law| law.variance().unwrap_or(f64::INFINITY) + (law.mean() - mean) * (law.mean() - mean))
    }

    fn cdf(&self, x: f64) -> f64 {
        self.sum(|law| law.cdf(x)).min(1.0)
    }

    fn cdf_below(&self, x: f64) -> f64 {
        self.sum(|law| law.cdf_below(x)).min(1.0)
    }

    fn survival(&self, x: f64) -> f64 {
        self.sum(|law| law.survival(x)).min(1.0)
    }

    /// By halving the interval between the least and the greatest of the components' quantiles.
    fn quantile(&self, p: f64) -> f64 {
        let quantiles = self.components().map(|(_, law)| law.quantile(p));
        let (low, high) = quantiles.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), q| (low.min(q), high.max(q)));
        if low == high || p == 0.0 || p == 1.0 {
            return if p == 1.0 { high } else { low };
        }
        if self.cdf(low) >= p { low } else { bisect(low, high, |x| self.cdf(x) >= p) }
    }

    fn log_density(&self, x: f64) -> Option<f64> {
        let mut greatest = f64::NEG_INFINITY;
        for (share, law) in self.components() {
            greatest = greatest.max(libm::log(share) + law.log_density(x)?);
        }
        if greatest.is_infinite() {
            return Some(greatest);
        }
        let relative = |law: &Distribution| law.log_density(x).map_or(0.0, |density| libm::exp(density - greatest));
        Some(greatest + libm::log(self.sum(relative)))
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        self.sum(|law| law.partial_mean(low, high))
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        self.sum(|law| law.partial_square(centre, low, high))
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        let scaled =
            self.components.iter().map(|component| Ok(Component { law: component.law.scaled(factor)?, ..component.clone() }));
        Ok(Mixture { components: scaled.collect::<Result<Vec<_>, _>>()?.into() })
    }
}

/// The least f64 in (low, high] for which `reached` holds, given that it holds at `high`, not at `low`, and never stops holding.
///
/// Halves the number of floats between the ends, not their distance: at most 64 steps whatever the magnitudes.
fn bisect(low: f64, high: f64, reached: impl Fn(f64) -> bool) -> f64 {
    let (mut below, mut at) = (ordered(low), ordered(high));
    while at - below > 1 {
        let middle = below + (at - below) / 2;
        if reached(unordered(middle)) { at = middle } else { below = middle }
    }
    unordered(at)
}

/// A whole number that orders floats as their values do.
fn ordered(x: f64) -> i128 {
    let bits = i128::from((x.abs()).to_bits());
    if x < 0.0 { -bits } else { bits }
}

fn unordered(order: i128) -> f64 {
    let magnitude = f64::from_bits(order.unsigned_abs() as u64);
    if order < 0 { -magnitude } else { magnitude }
}

/// A law under the condition that its value lies between two bounds, both included. Cloning it shares the inner law.
#[derive(Clone, Debug, PartialEq)]
pub struct Truncated {
    inner: Arc<Distribution>,
    low: f64,
    high: f64,
    /// Probability of the inner law below `low` ...
    below: f64,
    /// ... and from `low` to `high`.
    mass: f64,
}

impl Truncated {
    /// The least probability between the bounds: with 2^-53 as the grain of a probability near 1, samples then still resolve
    /// ten million steps.
    pub const LEAST_MASS: f64 = 1e-9;

    pub(super) fn new(inner: Distribution, low: f64, high: f64) -> Result<Self, DistributionError> {
        if low.is_nan() || high.is_nan() || low > high {
            return Err(DistributionError::EmptyRange { law: "truncated", low, high });
        }
        let below = inner.cdf_below(low);
        let mass = inner.cdf(high) - below;
        if mass < Self::LEAST_MASS {
            return Err(DistributionError::Truncation { low, high, mass, least: Self::LEAST_MASS });
        }
        let (least, most) = inner.support();
        Ok(Truncated { inner: Arc::new(inner), low: low.max(least), high: high.min(most), below, mass })
    }

    /// The law without its bounds.
    pub fn inner(&self) -> &Distribution {
        &self.inner
    }

    fn clip(&self, low: f64, high: f64) -> Option<(f64, f64)> {
        let (low, high) = (low.max(self.low), high.min(self.high));
        (low <= high).then_some((low, high))
    }
}

impl Family for Truncated {
    fn support(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    fn mean(&self) -> f64 {
        self.inner.partial_mean(self.low, self.high) / self.mass
    }

    fn variance(&self) -> f64 {
        self.inner.partial_square(self.mean(), self.low, self.high) / self.mass
    }

    fn cdf(&self, x: f64) -> f64 {
        if x < self.low { 0.0 } else { ((self.inner.cdf(x.min(self.high)) - self.below) / self.mass).clamp(0.0, 1.0) }
    }

    fn cdf_below(&self, x: f64) -> f64 {
        if x > self.high { 1.0 } else { ((self.inner.cdf_below(x) - self.below) / self.mass).clamp(0.0, 1.0) }
    }

    /// The inner law's quantile between the bounds, so it inherits that law's accuracy and cost.
    fn quantile(&self, p: f64) -> f64 {
        self.inner.quantile((self.below + p * self.mass).min(1.0)).clamp(self.low, self.high)
    }

    fn log_density(&self, x: f64) -> Option<f64> {
        let density = self.inner.log_density(x)?;
        let inside = self.low <= x && x <= self.high;
        Some(if inside { density - libm::log(self.mass) } else { f64::NEG_INFINITY })
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        self.clip(low, high).map_or(0.0, |(low, high)| self.inner.partial_mean(low, high) / self.mass)
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        self.clip(low, high).map_or(0.0, |(low, high)| self.inner.partial_square(centre, low, high) / self.mass)
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        Truncated::new(self.inner.scaled(factor)?, self.low * factor, self.high * factor)
    }
}
