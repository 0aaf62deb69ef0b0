//! Blend crossover, BLX-alpha: each coordinate uniform in the parents' interval, stretched by alpha on both sides.
//!
//! Eshelman and Schaffer, "Real-coded genetic algorithms and interval-schemata", FOGA 2 (1993). alpha 0.5 keeps the spread of a population in balance.

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::Reals;
use crate::random::Rng;

/// BLX with its stretch, at least 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blend {
    /// By how much of its length the interval grows on each side.
    pub alpha: f64,
}

impl<S: Reals> Crossover<S> for Blend {
    fn cross(&mut self, space: &S, first: &mut Vec<f64>, second: &mut Vec<f64>, rng: &mut Rng) {
        for place in 0..space.low().len() {
            let (low, high) = (space.low()[place], space.high()[place]);
            let (less, more) = (first[place].min(second[place]), first[place].max(second[place]));
            let stretch = self.alpha.max(0.0) * (more - less);
            let (from, to) = ((less - stretch).max(low), (more + stretch).min(high));
            first[place] = rng.between(from, to).clamp(from, to);
            second[place] = rng.between(from, to).clamp(from, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Bounds;
    use crate::operators::checks::check_crossover;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_valid_and_repeatable(seed: u64, alpha in 0.0f64..2.0) {
            check_crossover(&Bounds::cube(7, -1.0, 3.0).unwrap(), &Blend { alpha }, true, seed);
        }
    }
}
