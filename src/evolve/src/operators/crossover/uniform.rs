//! Uniform crossover: every place is exchanged or not, on its own.
//!
//! Syswerda, "Uniform crossover in genetic algorithms", ICGA 3 (1989).

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::Positional;
use crate::random::Rng;

/// Exchanges each place with probability 1/2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uniform;

impl<S: Positional> Crossover<S> for Uniform {
    fn cross(&mut self, _space: &S, first: &mut Vec<S::Symbol>, second: &mut Vec<S::Symbol>, rng: &mut Rng) {
        let mut coins = 0;
        for (place, (a, b)) in first.iter_mut().zip(second).enumerate() {
            if place % 64 == 0 {
                coins = rng.next_u64();
            }
            if coins & 1 == 1 {
                std::mem::swap(a, b);
            }
            coins >>= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::{Booleans, Bounds, Categories, Integers};
    use crate::operators::checks::check_crossover;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_valid_and_repeatable(seed: u64) {
            check_crossover(&Bounds::cube(7, -1.0, 3.0).unwrap(), &Uniform, true, seed);
            check_crossover(&Booleans { length: 100 }, &Uniform, true, seed);
            check_crossover(&Categories::new(vec![1, 3, 9]).unwrap(), &Uniform, true, seed);
            check_crossover(&Integers::new(vec![0, 5], vec![1, 9]).unwrap(), &Uniform, true, seed);
        }
    }
}
