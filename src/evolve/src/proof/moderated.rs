//! What earlier comparisons say about the spread of a new one.
//!
//! Two differences tell next to nothing about how much differences vary, and a t-test on them is blind. But a search makes hundreds of comparisons of one kind, and their variances are alike up to a factor. Picture
//! a doctor who sees a new patient twice and knows how much others change from day to day. Smyth, "Linear models and empirical Bayes methods for assessing differential expression in microarray experiments", Statistical Applications in
//! Genetics and Molecular Biology 3 (2004): the variances of the comparisons are taken as drawn from a scaled inverse chi-square law, whose scale and degrees of freedom follow from the mean and the
//! spread of their logarithms (§6.2). The *moderated* variance of a new comparison is the mean of its own and the law's, weighted by degrees of freedom, and its t has the degrees of both (§4). Where earlier variances have nothing in
//! common, the law has few degrees of freedom, and little changes.

use serde::{Deserialize, Serialize};

use super::student;

/// Comparisons below which nothing is known.
const COMPARISONS_MIN: u64 = 8;
/// Degrees of freedom that a law may have at most: a law without any spread is not believed.
const FREEDOM_MAX: f64 = 60.0;

/// Variances seen so far, as far as they are needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    comparisons: u64,
    /// Of the logarithms, without the bias that few degrees of freedom give them.
    sum: f64,
    squares: f64,
    /// Variances that the logarithms would have if all comparisons had one variance.
    noise: f64,
}

/// The law of the variances.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Law {
    /// Degrees of freedom that it is worth; 0 if nothing is known.
    pub freedom: f64,
    /// The variance that it speaks for.
    pub variance: f64,
}

impl Spread {
    /// Takes in the differences of a comparison: at least two that are not all equal; others say nothing about spread.
    pub fn learn(&mut self, differences: &[f64]) {
        let freedom = differences.len() as f64 - 1.0;
        let (_, variance) = moments(differences);
        if freedom < 1.0 || !(variance > 0.0 && variance.is_finite()) {
            return;
        }
        let logarithm = libm::log(variance) - digamma(0.5 * freedom) + libm::log(0.5 * freedom);
        self.comparisons += 1;
        self.sum += logarithm;
        self.squares += logarithm * logarithm;
        self.noise += trigamma(0.5 * freedom);
    }

    /// What they say (Smyth 2004, §6.2).
    pub fn law(&self) -> Law {
        let count = self.comparisons as f64;
        if self.comparisons < COMPARISONS_MIN {
            return Law { freedom: 0.0, variance: 0.0 };
        }
        let mean = self.sum / count;
        let between = (self.squares - count * mean * mean) / (count - 1.0) - self.noise / count;
        let half = if between > trigamma(0.5 * FREEDOM_MAX) { inverse_trigamma(between) } else { 0.5 * FREEDOM_MAX };
        Law { freedom: 2.0 * half, variance: libm::exp(mean + digamma(half) - libm::log(half)) }
    }
}

impl Law {
    /// One-sided p-value that the mean of these differences is above 0.
    pub fn above(self, differences: &[f64]) -> f64 {
        let (mean, own) = moments(differences);
        let freedom = (differences.len() as f64 - 1.0).max(0.0);
        let total = freedom + self.freedom;
        if mean == 0.0 || mean.is_nan() || total == 0.0 {
            return 0.5;
        }
        let variance = (freedom * own + self.freedom * self.variance) / total;
        student::survival(mean / (variance / differences.len() as f64).sqrt(), total)
    }
}

/// Mean and variance; the variance of fewer than two is 0.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, if n > 1.0 { squares / (n - 1.0) } else { 0.0 })
}

/// Derivative of the logarithm of the gamma function above 0 (Abramowitz and Stegun 1964, 6.3.5 and 6.3.18).
fn digamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 8.0 {
        below += 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = square * (1.0 / 12.0 - square * (1.0 / 120.0 - square * (1.0 / 252.0 - square / 240.0)));
    libm::log(x) - 0.5 / x - series - below
}

/// Its derivative (6.4.6 and 6.4.12).
fn trigamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 8.0 {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    below + 1.0 / x + 0.5 * square + square / x * (1.0 / 6.0 - square * (1.0 / 30.0 - square * (1.0 / 42.0 - square / 30.0)))
}

/// Where [`trigamma`] has this value above 0, by bisection of the logarithm: it falls everywhere.
fn inverse_trigamma(value: f64) -> f64 {
    let (mut low, mut high) = (-30.0f64, 30.0f64);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if trigamma(libm::exp(middle)) > value { low = middle } else { high = middle }
    }
    libm::exp(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Rng;
    use hms_machine::Seed;

    /// Abramowitz and Stegun, table 6.1, and exact values.
    #[test]
    fn the_gamma_family_has_its_tabled_values() {
        for (x, expected) in [(1.0, -0.577_215_664_9), (1.5, 0.036_489_974_0), (0.5, -1.963_510_026_0), (10.0, 2.251_752_589_1)] {
            assert!((digamma(x) - expected).abs() < 1e-9, "{x}: {}", digamma(x));
        }
        let pi = std::f64::consts::PI;
        for (x, expected) in [(1.0, pi * pi / 6.0), (0.5, pi * pi / 2.0)] {
            assert!((trigamma(x) - expected).abs() < 1e-9, "{x}: {}", trigamma(x));
            assert!((inverse_trigamma(expected) - x).abs() < 1e-9, "{x}");
        }
    }

    fn differences(rng: &mut Rng, count: usize, mean: f64, deviation: f64) -> Vec<f64> {
        (0..count).map(|_| mean + deviation * rng.normal()).collect()
    }

    #[test]
    fn the_law_that_made_the_variances_is_found() {
        let mut rng = Rng::new(Seed(1), 0);
        let mut spread = Spread::default();
        // Variances 3 · 10 / chi-square(10), each seen on eight differences.
        for _ in 0..4_000 {
            let chi: f64 = (0..10).map(|_| rng.normal()).map(|normal| normal * normal).sum();
            let variance = 3.0 * 10.0 / chi;
            spread.learn(&differences(&mut rng, 8, 1.0, variance.sqrt()));
        }
        let law = spread.law();
        // Standard error of the degrees of freedom: 0.6.
        assert!((law.freedom - 10.0).abs() < 2.0 && (law.variance - 3.0).abs() < 0.3, "{law:?}");
    }

    #[test]
    fn two_differences_are_enough_once_others_have_told_of_their_spread() {
        let mut rng = Rng::new(Seed(2), 0);
        let mut spread = Spread::default();
        (0..50).for_each(|_| spread.learn(&differences(&mut rng, 2, 0.0, 1.0)));
        let (law, nothing) = (spread.law(), Law { freedom: 0.0, variance: 0.0 });
        let (mut known, mut blind, mut wrong) = (0, 0, 0);
        for _ in 0..1_000 {
            let far = differences(&mut rng, 2, 4.0, 1.0);
            known += u32::from(law.above(&far) < 0.01);
            blind += u32::from(nothing.above(&far) < 0.01);
            wrong += u32::from(law.above(&differences(&mut rng, 2, 0.0, 1.0)) < 0.01);
        }
        // Of normal differences with a known deviation: P(Z > 2.33 - 4 sqrt 2) = 0.9996; the plain t needs more than 31.8 and sees next to nothing. Ten of a thousand nulls, standard error 3.
        assert!(known > 980 && blind < 150 && wrong < 20, "{known} {blind} {wrong}");
    }

    #[test]
    fn without_earlier_comparisons_it_is_the_plain_test() {
        let sample = [1.0, 2.0, 4.0];
        assert_eq!(Spread::default().law().above(&sample), super::super::paired::t_above(&sample));
        assert_eq!(Spread::default().law().above(&[5.0]), 0.5, "one difference says nothing");
        let mut spread = Spread::default();
        (0..20).for_each(|_| spread.learn(&[2.0, 2.0]));
        assert_eq!(spread, Spread::default(), "equal differences say nothing about spread");
    }
}
