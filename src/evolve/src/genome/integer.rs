//! Rows of whole numbers, each in a range of its own.

use serde::{Deserialize, Serialize};

use super::{BoundsError, Positional, Space};
use crate::random::Rng;

/// Least and greatest value of each place, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integers {
    low: Vec<i64>,
    high: Vec<i64>,
}

impl Integers {
    /// The whole numbers between two rows of bounds.
    pub fn new(low: Vec<i64>, high: Vec<i64>) -> Result<Self, BoundsError> {
        if low.len() != high.len() {
            return Err(BoundsError::Lengths { low: low.len(), high: high.len() });
        }
        match low.iter().zip(&high).position(|(from, to)| from > to) {
            Some(coordinate) => {
                Err(BoundsError::Range { coordinate, low: low[coordinate] as f64, high: high[coordinate] as f64 })
            }
            None => Ok(Integers { low, high }),
        }
    }

    /// Least and greatest value at a place.
    pub fn range(&self, place: usize) -> (i64, i64) {
        (self.low[place], self.high[place])
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.low.len()
    }

    /// Whether there is no place.
    pub fn is_empty(&self) -> bool {
        self.low.is_empty()
    }
}

impl Space for Integers {
    type Genome = Vec<i64>;

    fn blank(&self) -> Vec<i64> {
        self.low.clone()
    }

    fn sample(&self, genome: &mut Vec<i64>, rng: &mut Rng) {
        genome.clear();
        genome.extend((0..self.len()).map(|place| self.sample_at(place, rng)));
    }

    fn contains(&self, genome: &Vec<i64>) -> bool {
        let inside = |(place, &value): (usize, &i64)| value >= self.low[place] && value <= self.high[place];
        genome.len() == self.len() && genome.iter().enumerate().all(inside)
    }

    fn repair(&self, genome: &mut Vec<i64>, rng: &mut Rng) {
        genome.truncate(self.len());
        genome.iter_mut().enumerate().for_each(|(place, value)| *value = (*value).clamp(self.low[place], self.high[place]));
        for place in genome.len()..self.len() {
            genome.push(self.sample_at(place, rng));
        }
    }

    fn distance(&self, first: &Vec<i64>, second: &Vec<i64>) -> f64 {
        let part = |(place, (a, b)): (usize, (&i64, &i64))| {
            a.abs_diff(*b) as f64 / self.high[place].abs_diff(self.low[place]).max(1) as f64
        };
        first.iter().zip(second).enumerate().map(part).sum::<f64>() / self.len().max(1) as f64
    }
}

impl Positional for Integers {
    type Symbol = i64;

    fn sample_at(&self, place: usize, rng: &mut Rng) -> i64 {
        let span = self.high[place].abs_diff(self.low[place]);
        let step = if span == u64::MAX { rng.next_u64() } else { rng.below(span as usize + 1) as u64 };
        self.low[place].wrapping_add_unsigned(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::checks::check_space;

    #[test]
    fn integers_keep_the_rules_of_spaces() {
        check_space(&Integers::new(vec![-3, 0, i64::MIN], vec![3, 0, i64::MAX]).unwrap(), 1);
    }

    #[test]
    fn an_empty_range_is_refused() {
        assert!(Integers::new(vec![0, 2], vec![5, 1]).is_err());
    }
}
