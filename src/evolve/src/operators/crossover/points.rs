//! n-point crossover: parents are cut at the same places, and every second piece is exchanged.
//!
//! Holland, "Adaptation in Natural and Artificial Systems" (1975) for one point; De Jong's thesis (1975) for more.

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::Positional;
use crate::random::Rng;

/// Crossover at so many cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Points {
    /// How many cuts; two fall together now and then, and then cancel.
    pub cuts: usize,
}

impl<S: Positional> Crossover<S> for Points {
    fn cross(&mut self, _space: &S, first: &mut Vec<S::Symbol>, second: &mut Vec<S::Symbol>, rng: &mut Rng) {
        let length = first.len();
        for _ in 0..self.cuts {
            // Exchanging all that follows each cut exchanges every second piece.
            let cut = rng.below(length + 1);
            first[cut..].swap_with_slice(&mut second[cut..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::{Booleans, Categories};
    use crate::operators::checks::check_crossover;
    use crate::random::Rng;
    use hms_machine::Seed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_valid_and_repeatable(seed: u64, cuts in 0usize..5) {
            check_crossover(&Booleans { length: 33 }, &Points { cuts }, true, seed);
            check_crossover(&Categories::new(vec![1, 3, 9]).unwrap(), &Points { cuts }, true, seed);
        }
    }

    #[test]
    fn n_cuts_make_at_most_n_borders() {
        let space = Booleans { length: 50 };
        let mut rng = Rng::new(Seed(1), 0);
        for cuts in 0..6 {
            let (mut first, mut second) = (vec![false; 50], vec![true; 50]);
            Points { cuts }.cross(&space, &mut first, &mut second, &mut rng);
            let borders = first.windows(2).filter(|pair| pair[0] != pair[1]).count();
            assert!(borders <= cuts, "{borders} borders of {cuts} cuts");
            assert!(first.iter().zip(&second).all(|(a, b)| a != b));
        }
    }
}
