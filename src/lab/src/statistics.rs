//! Means with confidence intervals, and paired differences.
//!
//! Replicates are few and independent, so a mean's interval is Student's t. Two configurations that met the same worlds (the same seeds)
//! are compared seed by seed: what the worlds have in common cancels out, and the interval of the difference is much narrower than those of the two
//! means (common random numbers; Law, "Simulation Modeling and Analysis", 5th ed., 2015, section 11.2).

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The confidence that intervals have where nobody says otherwise.
pub const CONFIDENCE: f64 = 0.95;

/// A mean and where the true mean lies with the confidence that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean of the values, in their unit.
    pub mean: f64,
    /// Half the width of the interval, in the same unit; `None` from a single value, which says nothing about spread.
    pub half_width: Option<f64>,
    /// How many values.
    pub count: usize,
}

impl Estimate {
    /// The ends of the interval.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.half_width.map(|half| (self.mean - half, self.mean + half))
    }

    /// Whether the interval leaves out zero: for a difference, that the two are not the same.
    pub fn excludes_zero(&self) -> bool {
        self.interval().is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }
}

/// The mean of `values` with its interval of `confidence` (between 0 and 1). `None` without values.
///
/// # Panics
/// If `confidence` is not between 0 and 1.
pub fn estimate(values: &[f64], confidence: f64) -> Option<Estimate> {
    assert!(confidence > 0.0 && confidence < 1.0, "a confidence of {confidence}");
    let count = values.len();
    if count == 0 {
        return None;
    }
    // The mean of equal values is that value, which a sum and a division need not give.
    let first = values[0];
    let mean = first + values.iter().map(|value| value - first).sum::<f64>() / count as f64;
    let half_width = (count > 1).then(|| {
        let freedom = (count - 1) as f64;
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / freedom;
        let student = StudentsT::new(0.0, 1.0, freedom).expect("one degree of freedom or more");
        student.inverse_cdf(0.5 + confidence / 2.0) * (variance / count as f64).sqrt()
    });
    Some(Estimate { mean, half_width, count })
}

/// The mean of `other - one` over the pairs in which both exist. `None` without such pairs.
///
/// # Panics
/// If the two do not have the same number of places, or `confidence` is not between 0 and 1.
pub fn paired_difference(one: &[Option<f64>], other: &[Option<f64>], confidence: f64) -> Option<Estimate> {
    assert_eq!(one.len(), other.len(), "pairs have two sides");
    let differences: Vec<f64> = one.iter().zip(other).filter_map(|(one, other)| Some((*other)? - (*one)?)).collect();
    estimate(&differences, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_the_t_table() {
        // t(0.975, 4) = 2.776445; the standard deviation of 1..5 is sqrt(2.5).
        let found = estimate(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).unwrap();
        assert_eq!((found.mean, found.count), (3.0, 5));
        let expected = 2.776_445_105 * (2.5_f64 / 5.0).sqrt();
        assert!((found.half_width.unwrap() - expected).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn one_value_has_no_interval_and_none_has_no_mean() {
        assert_eq!(estimate(&[7.0], 0.95), Some(Estimate { mean: 7.0, half_width: None, count: 1 }));
        assert_eq!(estimate(&[], 0.95), None);
    }

    #[test]
    fn equal_values_are_certain() {
        let found = estimate(&[0.1; 7], 0.95).unwrap();
        assert_eq!((found.mean, found.half_width), (0.1, Some(0.0)));
    }

    #[test]
    fn intervals_cover_the_true_mean_as_often_as_they_say() {
        use hms_machine::{Purpose, Seed, Streams};
        let streams = Streams::new(Seed(1));
        let covered = (0..2_000).filter(|trial| {
            let mut draw = streams.draw(Purpose::named("test/coverage"), 0, *trial);
            // The sum of twelve uniform numbers is close to a normal one with mean 6.
            let values: Vec<f64> = (0..5).map(|_| (0..12).map(|_| draw.uniform()).sum()).collect();
            let (low, high) = estimate(&values, 0.95).unwrap().interval().unwrap();
            low <= 6.0 && 6.0 <= high
        });
        let share = covered.count() as f64 / 2_000.0;
        assert!((0.935..=0.965).contains(&share), "{share}");
    }

    #[test]
    fn pairs_cancel_what_both_share() {
        let worlds = [3.0, 50.0, 8.0, 900.0, 1.0];
        let one: Vec<_> = worlds.iter().map(|world| Some(*world)).collect();
        let mut other: Vec<_> = worlds.iter().enumerate().map(|(i, world)| Some(world + 2.0 + 0.1 * i as f64)).collect();
        let found = paired_difference(&one, &other, 0.95).unwrap();
        assert!((found.mean - 2.2).abs() < 1e-9 && found.excludes_zero(), "{found:?}");
        assert!(found.half_width.unwrap() < 0.3);
        other[1] = None;
        assert_eq!(paired_difference(&one, &other, 0.95).unwrap().count, 4);
    }
}
