//! Points of a box: the genome of continuous optimization.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Positional, Reals, Space, coordinates_within, drift_within, shift_within};
use crate::random::Rng;

/// A box: least and greatest value of each coordinate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    low: Vec<f64>,
    high: Vec<f64>,
}

/// Why bounds are none.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum BoundsError {
    /// The two rows differ in length.
    #[error("{low} lower bounds, but {high} upper bounds")]
    Lengths {
        /// How many lower bounds.
        low: usize,
        /// How many upper bounds.
        high: usize,
    },
    /// A range is empty, infinite or not a number.
    #[error("coordinate {coordinate} ranges from {low} to {high}; give finite numbers, the lower first")]
    Range {
        /// Which coordinate, from 0.
        coordinate: usize,
        /// Its lower bound.
        low: f64,
        /// Its upper bound.
        high: f64,
    },
}

impl Bounds {
    /// The box between two rows of bounds.
    pub fn new(low: Vec<f64>, high: Vec<f64>) -> Result<Self, BoundsError> {
        if low.len() != high.len() {
            return Err(BoundsError::Lengths { low: low.len(), high: high.len() });
        }
        for (coordinate, (&from, &to)) in low.iter().zip(&high).enumerate() {
            if !(from.is_finite() && to.is_finite() && from <= to && (to - from).is_finite()) {
                return Err(BoundsError::Range { coordinate, low: from, high: to });
            }
        }
        Ok(Bounds { low, high })
    }

    /// The same range for each of `length` coordinates.
    pub fn cube(length: usize, low: f64, high: f64) -> Result<Self, BoundsError> {
        Bounds::new(vec![low; length], vec![high; length])
    }

    /// Number of coordinates.
    pub fn len(&self) -> usize {
        self.low.len()
    }

    /// Whether there is no coordinate.
    pub fn is_empty(&self) -> bool {
        self.low.is_empty()
    }
}

impl Space for Bounds {
    type Genome = Vec<f64>;

    fn blank(&self) -> Vec<f64> {
        self.low.clone()
    }

    fn sample(&self, genome: &mut Vec<f64>, rng: &mut Rng) {
        genome.clear();
        genome.extend(self.low.iter().zip(&self.high).map(|(&low, &high)| rng.between(low, high).min(high)));
    }

    fn contains(&self, genome: &Vec<f64>) -> bool {
        let inside = |(&value, (&low, &high)): (&f64, (&f64, &f64))| value >= low && value <= high;
        genome.len() == self.len() && genome.iter().zip(self.low.iter().zip(&self.high)).all(inside)
    }

    fn repair(&self, genome: &mut Vec<f64>, rng: &mut Rng) {
        genome.truncate(self.len());
        for place in 0..self.len() {
            let (low, high) = (self.low[place], self.high[place]);
            match genome.get_mut(place) {
                Some(value) if value.is_nan() => *value = rng.between(low, high),
                Some(value) => *value = value.clamp(low, high),
                None => genome.push(rng.between(low, high)),
            }
        }
    }

    fn distance(&self, first: &Vec<f64>, second: &Vec<f64>) -> f64 {
        let width = |place: usize| (self.high[place] - self.low[place]).max(f64::MIN_POSITIVE);
        let sum: f64 = first.iter().zip(second).enumerate().map(|(place, (a, b))| (a - b).abs() / width(place)).sum();
        sum / self.len().max(1) as f64
    }

    fn drift(&self, genome: &mut Vec<f64>, before: &[Vec<f64>], after: &[Vec<f64>]) {
        drift_within(self, genome, before, after);
    }

    fn coordinates(&self, genome: &Vec<f64>) -> Vec<f64> {
        coordinates_within(self, genome)
    }

    fn shift(&self, genome: &mut Vec<f64>, shares: &[f64]) {
        shift_within(self, genome, shares);
    }
}

impl Positional for Bounds {
    type Symbol = f64;

    fn sample_at(&self, place: usize, rng: &mut Rng) -> f64 {
        rng.between(self.low[place], self.high[place])
    }
}

impl Reals for Bounds {
    fn low(&self) -> &[f64] {
        &self.low
    }

    fn high(&self) -> &[f64] {
        &self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::checks::check_space;
    use hms_machine::Seed;

    #[test]
    fn a_box_keeps_the_rules_of_spaces() {
        check_space(&Bounds::new(vec![-1.0, 0.0, 5.0], vec![1.0, 1e9, 5.0]).unwrap(), 1);
    }

    #[test]
    fn empty_infinite_and_unequal_ranges_are_refused() {
        assert!(matches!(Bounds::cube(2, 1.0, 0.0), Err(BoundsError::Range { coordinate: 0, .. })));
        assert!(Bounds::cube(2, 0.0, f64::NAN).is_err() && Bounds::cube(1, f64::NEG_INFINITY, 0.0).is_err());
        assert_eq!(Bounds::new(vec![0.0], vec![]), Err(BoundsError::Lengths { low: 1, high: 0 }));
    }

    #[test]
    fn repair_makes_anything_valid() {
        let space = Bounds::cube(3, -1.0, 1.0).unwrap();
        let mut rng = Rng::new(Seed(1), 0);
        for mut genome in [vec![], vec![f64::NAN, f64::INFINITY, -7.0, 3.0], vec![0.5]] {
            space.repair(&mut genome, &mut rng);
            assert!(space.contains(&genome), "{genome:?}");
        }
    }
}
