//! Bootstrap intervals, bias-corrected and accelerated (BCa).
//!
//! Efron, "Better bootstrap confidence intervals", Journal of the American Statistical Association 82 (1987). Rows are drawn with replacement, *whole* rows: for paired samples a row is one seed with the
//! results of both candidates, so the pairing survives.

use serde::{Deserialize, Serialize};

use super::normal;
use crate::random::Rng;

/// An estimate and its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Value on the rows as they are.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How an interval is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Probability that the interval covers the truth, for example 0.95.
    pub confidence: f64,
    /// How often rows are drawn; 2,000 and more for the ends of a 95 % interval (Efron and Tibshirani 1993, §19.3).
    pub resamples: usize,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Bootstrap { confidence: 0.95, resamples: 4000 }
    }
}

impl Bootstrap {
    /// The interval of a statistic of `rows` rows, each named by its number. `None` without rows, or where the statistic is not finite.
    pub fn interval(self, rows: usize, statistic: impl Fn(&[usize]) -> f64, rng: &mut Rng) -> Option<Interval> {
        if rows == 0 || self.resamples < 2 {
            return None;
        }
        let all: Vec<usize> = (0..rows).collect();
        let estimate = statistic(&all);
        let mut drawn = all.clone();
        let draw = |_| {
            drawn.iter_mut().for_each(|row| *row = rng.below(rows));
            statistic(&drawn)
        };
        let mut values: Vec<f64> = (0..self.resamples).map(draw).collect();
        if !estimate.is_finite() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let (low, high) = (values[0], values[values.len() - 1]);
        if low == high {
            return Some(Interval { estimate, low, high });
        }
        // Ties count half, or a discrete statistic would look biased.
        let below = values.partition_point(|&value| value < estimate) as f64;
        let up_to = values.partition_point(|&value| value <= estimate) as f64;
        let share = (0.5 * (below + up_to)).clamp(0.5, self.resamples as f64 - 0.5) / self.resamples as f64;
        let bias = normal::quantile(share);
        let acceleration = acceleration(rows, &statistic);
        let end = |probability: f64| {
            let z = bias + normal::quantile(probability);
            let corrected = normal::cdf(bias + z / (1.0 - acceleration * z));
            let place = (corrected * self.resamples as f64) as usize;
            values[place.min(self.resamples - 1)]
        };
        let tail = 0.5 * (1.0 - self.confidence);
        Some(Interval { estimate, low: end(tail), high: end(1.0 - tail) })
    }

    /// The standard deviation of a statistic of `rows` rows over resamples: its standard error (Efron 1979). `None` without rows, or where the statistic is not finite.
    pub fn standard_error(self, rows: usize, statistic: impl Fn(&[usize]) -> f64, rng: &mut Rng) -> Option<f64> {
        if rows == 0 || self.resamples < 2 {
            return None;
        }
        let mut drawn = vec![0; rows];
        let draw = |_| {
            drawn.iter_mut().for_each(|row| *row = rng.below(rows));
            statistic(&drawn)
        };
        let values: Vec<f64> = (0..self.resamples).map(draw).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Some((squares / (count - 1.0)).sqrt()).filter(|error| error.is_finite())
    }

    /// The interval of the mean of paired differences.
    pub fn mean(self, differences: &[f64], rng: &mut Rng) -> Option<Interval> {
        self.interval(differences.len(), |rows| rows.iter().map(|&row| differences[row]).sum::<f64>() / rows.len() as f64, rng)
    }

    /// The interval of the relative improvement of a cost: one minus the candidate's mean over the baseline's, seed by seed. `None` if the rows differ in length.
    pub fn improvement(self, baseline: &[f64], candidate: &[f64], rng: &mut Rng) -> Option<Interval> {
        if baseline.len() != candidate.len() {
            return None;
        }
        let sum = |values: &[f64], rows: &[usize]| rows.iter().map(|&row| values[row]).sum::<f64>();
        self.interval(baseline.len(), |rows| 1.0 - sum(candidate, rows) / sum(baseline, rows), rng)
    }
}

/// From the statistic without each row in turn (Efron 1987, eq. 6.6).
fn acceleration(rows: usize, statistic: &impl Fn(&[usize]) -> f64) -> f64 {
    if rows < 2 {
        return 0.0;
    }
    let without = |gone: usize| {
        let rest: Vec<usize> = (0..rows).filter(|&row| row != gone).collect();
        statistic(&rest)
    };
    let values: Vec<f64> = (0..rows).map(without).collect();
    let mean = values.iter().sum::<f64>() / rows as f64;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for value in values {
        let apart = mean - value;
        squares += apart * apart;
        cubes += apart * apart * apart;
    }
    let scale = 6.0 * squares * squares.sqrt();
    if scale > 0.0 && cubes.is_finite() { cubes / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hms_machine::Seed;

    /// Share of 300 samples of 25 skewed numbers whose interval covers the true mean.
    fn coverage() -> f64 {
        let mut rng = Rng::new(Seed(1), 0);
        let bootstrap = Bootstrap { confidence: 0.9, resamples: 500 };
        let mut covers = || {
            let sample: Vec<f64> = (0..25).map(|_| -libm::log(rng.open_uniform())).collect();
            let interval = bootstrap.mean(&sample, &mut rng).unwrap();
            interval.low <= 1.0 && 1.0 <= interval.high
        };
        (0..300).filter(|_| covers()).count() as f64 / 300.0
    }

    #[test]
    fn the_standard_error_of_a_mean_is_that_of_the_formula() {
        let mut rng = Rng::new(Seed(5), 0);
        let values: Vec<f64> = (0..50).map(|_| rng.normal()).collect();
        let mean = |rows: &[usize]| rows.iter().map(|&row| values[row]).sum::<f64>() / rows.len() as f64;
        let centre = mean(&(0..50).collect::<Vec<usize>>());
        // Over resamples, the variance is that of the sample without Bessel's correction.
        let expected = (values.iter().map(|value| (value - centre) * (value - centre)).sum::<f64>() / 50.0 / 50.0).sqrt();
        let found = Bootstrap::default().standard_error(50, mean, &mut rng).unwrap();
        assert!((found / expected - 1.0).abs() < 0.04, "{found} {expected}");
        assert_eq!(Bootstrap::default().standard_error(0, mean, &mut rng), None);
    }

    #[test]
    fn intervals_cover_the_truth_about_as_often_as_they_say() {
        let share = coverage();
        assert!((0.84..0.95).contains(&share), "{share}");
    }

    #[test]
    fn an_improvement_keeps_its_pairs() {
        // Costs that vary tenfold between seeds, and a candidate that is 20 % cheaper on each.
        let baseline: Vec<f64> = (1..=20).map(|seed| f64::from(seed) * f64::from(seed)).collect();
        let candidate: Vec<f64> = baseline.iter().map(|cost| 0.8 * cost).collect();
        let interval = Bootstrap::default().improvement(&baseline, &candidate, &mut Rng::new(Seed(1), 0)).unwrap();
        assert!((interval.low - 0.2).abs() < 1e-9 && (interval.high - 0.2).abs() < 1e-9, "{interval:?}");
    }

    #[test]
    fn samples_without_information_give_none_or_a_point() {
        let mut rng = Rng::new(Seed(1), 0);
        assert_eq!(Bootstrap::default().mean(&[], &mut rng), None);
        assert_eq!(Bootstrap::default().mean(&[1.0, f64::NAN], &mut rng), None);
        let point = Bootstrap::default().mean(&[2.0; 5], &mut rng).unwrap();
        assert_eq!((point.low, point.high), (2.0, 2.0));
    }
}
