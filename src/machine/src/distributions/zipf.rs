//! The Zipf law: popularity by rank.

use super::error::{DistributionError, not_negative, positive};
use super::family::Family;
use super::special::{expm1_ratio, log1p_ratio, power_integral};
use crate::random::Draw;

/// Ranks 1 to n with probabilities proportional to rank^(−exponent): keys, files, callers by popularity. Values are ranks × unit
/// (1 unless scaled).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zipf {
    n: u64,
    exponent: f64,
    unit: f64,
    /// The constants of rejection-inversion that do not depend on the draw.
    lowest: f64,
    highest: f64,
    squeeze: f64,
}

impl Zipf {
    /// Ranks up to here are exact in an f64.
    pub const MOST_RANKS: u64 = 1 << 53;

    pub(super) fn new(n: u64, exponent: f64) -> Result<Self, DistributionError> {
        if n == 0 || n > Self::MOST_RANKS {
            return Err(DistributionError::Ranks { n, most: Self::MOST_RANKS });
        }
        let exponent = not_negative("zipf", "exponent", exponent)?;
        let mut zipf = Zipf { n, exponent, unit: 1.0, lowest: 0.0, highest: 0.0, squeeze: 0.0 };
        zipf.lowest = zipf.area(1.5) - 1.0;
        zipf.highest = zipf.area(n as f64 + 0.5);
        zipf.squeeze = 2.0 - zipf.area_inverse(zipf.area(2.5) - zipf.height(2.0));
        Ok(zipf)
    }

    /// How many ranks there are.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The exponent; 0 makes all ranks equally likely.
    pub fn exponent(&self) -> f64 {
        self.exponent
    }

    /// h(x) = x^(−exponent).
    fn height(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// H(x): an integral of h, zero at 1; continuous in the exponent at 1.
    fn area(&self, x: f64) -> f64 {
        let log_x = libm::log(x);
        expm1_ratio((1.0 - self.exponent) * log_x) * log_x
    }

    fn area_inverse(&self, area: f64) -> f64 {
        // Rounding must not leave the domain of the logarithm.
        let t = (area * (1.0 - self.exponent)).max(-1.0);
        libm::exp(log1p_ratio(t) * area)
    }

    fn total(&self) -> f64 {
        power_sum(self.n, -self.exponent)
    }

    /// P(rank ≤ k).
    fn rank_cdf(&self, k: u64) -> f64 {
        if k >= self.n { 1.0 } else { power_sum(k, -self.exponent) / self.total() }
    }

    /// The greatest rank at or below `x` of the scaled law, 0 if there is none.
    fn rank_at(&self, x: f64) -> u64 {
        // Saturating: negative values and NaN become 0.
        (x / self.unit).floor() as u64
    }

    /// The first and the last rank between the bounds, if there are any.
    fn ranks(&self, low: f64, high: f64) -> Option<(u64, u64)> {
        let first = ((low / self.unit).ceil() as u64).max(1);
        let last = self.rank_at(high).min(self.n);
        (first <= last).then_some((first, last))
    }

    /// E[rank^order; between the bounds].
    fn partial_moment(&self, order: f64, low: f64, high: f64) -> f64 {
        let Some((first, last)) = self.ranks(low, high) else { return 0.0 };
        let power = order - self.exponent;
        (power_sum(last, power) - power_sum(first - 1, power)) / self.total()
    }
}

impl Family for Zipf {
    /// Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", ACM TOMACS 1996:
    /// inverts the area under h and rejects the little that lies above the histogram, with one word per try.
    fn sample(&self, draw: &mut Draw) -> f64 {
        let n = self.n as f64;
        loop {
            let area = self.lowest + draw.open_uniform() * (self.highest - self.lowest);
            let x = self.area_inverse(area);
            let rank = (x + 0.5).floor().clamp(1.0, n);
            if rank - x <= self.squeeze || area >= self.area(rank + 0.5) - self.height(rank) {
                return rank * self.unit;
            }
        }
    }

    fn support(&self) -> (f64, f64) {
        (self.unit, self.n as f64 * self.unit)
    }

    fn mean(&self) -> f64 {
        self.unit * power_sum(self.n, 1.0 - self.exponent) / self.total()
    }

    fn variance(&self) -> f64 {
        let first = power_sum(self.n, 1.0 - self.exponent) / self.total();
        let second = power_sum(self.n, 2.0 - self.exponent) / self.total();
        self.unit * self.unit * (second - first * first).max(0.0)
    }

    fn cdf(&self, x: f64) -> f64 {
        self.rank_cdf(self.rank_at(x))
    }

    fn cdf_below(&self, x: f64) -> f64 {
        let rank = (x / self.unit).ceil();
        if rank < 1.0 { 0.0 } else { self.rank_cdf(rank as u64 - 1) }
    }

    /// The least rank whose cumulative probability reaches `p`: found by doubling steps from the inverse of the area, then halving.
    fn quantile(&self, p: f64) -> f64 {
        let guess = self.area_inverse(self.lowest + p * (self.highest - self.lowest));
        let guess = (guess as u64).clamp(1, self.n);
        let reaches = |rank: u64| rank >= self.n || self.rank_cdf(rank) >= p;
        // Invariant: `below` does not reach p (0 stands for "no rank does not"), `at` does.
        let (mut below, mut at) = (0, self.n);
        let mut step = 1;
        if reaches(guess) {
            at = guess;
            while at > step && reaches(at - step) {
                at -= step;
                step *= 2;
            }
            below = at.saturating_sub(step).max(below);
        } else {
            below = guess;
            while below + step < self.n && !reaches(below + step) {
                below += step;
                step *= 2;
            }
            at = (below + step).min(at);
        }
        while at - below > 1 {
            let middle = below + (at - below) / 2;
            if reaches(middle) { at = middle } else { below = middle }
        }
        at as f64 * self.unit
    }

    fn log_density(&self, _x: f64) -> Option<f64> {
        None
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        self.unit * self.partial_moment(1.0, low, high)
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        let [zeroth, first, second] = [0.0, 1.0, 2.0].map(|order| self.partial_moment(order, low, high));
        self.unit * self.unit * second - 2.0 * centre * self.unit * first + centre * centre * zeroth
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        let unit = positive("zipf", "unit", self.unit * factor)?;
        Ok(Zipf { unit, ..*self })
    }
}

/// The sum of k^power for k = 1 to n: term by term to 20, then by Euler and Maclaurin's formula to the seventh derivative.
fn power_sum(n: u64, power: f64) -> f64 {
    const DIRECT: u64 = 20;
    let term = |k: u64| libm::pow(k as f64, power);
    let mut sum: f64 = (1..=n.min(DIRECT)).map(term).sum();
    if n > DIRECT {
        let (from, to) = (DIRECT as f64, n as f64);
        // Bernoulli numbers B2, B4, B6, B8 over the factorials 2!, 4!, 6!, 8!.
        let weights = [1.0 / 12.0, -1.0 / 720.0, 1.0 / 30_240.0, -1.0 / 1_209_600.0];
        sum += power_integral(power + 1.0, from, to) + 0.5 * (term(n) - term(DIRECT));
        let mut falling = power;
        for (index, weight) in weights.into_iter().enumerate() {
            let derivative = (2 * index + 1) as f64;
            sum += weight * falling * (libm::pow(to, power - derivative) - libm::pow(from, power - derivative));
            falling *= (power - derivative) * (power - derivative - 1.0);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_powers_agree_with_sums_term_by_term_in_fifty_digits() {
        let table = [
            (1_000, -0.8, 15.469810382227319),
            (100_000, -1.0, 12.090146129863427),
            (5_000, -2.5, 1.3414853719156532),
            (1_000, 1.0, 500_500.0),
            (100, 2.0, 338_350.0),
        ];
        for (n, power, expected) in table {
            let sum = power_sum(n, power);
            assert!((sum - expected).abs() <= 4e-15 * expected, "{n} {power}: {sum:?}");
        }
    }

    #[test]
    fn neighbouring_ranks_are_told_apart() {
        let zipf = Zipf::new(1_000, 1.2).unwrap();
        for rank in 1..=1_000 {
            assert_eq!(zipf.quantile(zipf.cdf(rank as f64)), rank as f64);
        }
    }
}
