//! Whole arithmetic crossover: children divide the line between their parents.
//!
//! Michalewicz, "Genetic Algorithms + Data Structures = Evolution Programs", 3rd edition (1996), §5.3.

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::Reals;
use crate::random::Rng;

/// One random share per pair: the children are `w a + (1 - w) b` and `(1 - w) a + w b`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arithmetic;

impl<S: Reals> Crossover<S> for Arithmetic {
    fn cross(&mut self, space: &S, first: &mut Vec<f64>, second: &mut Vec<f64>, rng: &mut Rng) {
        let share = rng.uniform();
        for place in 0..space.low().len() {
            let (low, high) = (space.low()[place], space.high()[place]);
            let (a, b) = (first[place], second[place]);
            first[place] = (share * a + (1.0 - share) * b).clamp(low, high);
            second[place] = ((1.0 - share) * a + share * b).clamp(low, high);
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
        fn children_are_valid_and_repeatable(seed: u64) {
            check_crossover(&Bounds::cube(7, -1.0, 3.0).unwrap(), &Arithmetic, true, seed);
        }
    }
}
