//! Cauchy mutation: mostly short steps, now and then a very long one.
//!
//! Yao, Liu and Lin, "Evolutionary programming made faster", IEEE Transactions on Evolutionary Computation 3 (1999).

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use crate::genome::Reals;
use crate::random::Rng;

/// Adds Cauchy steps to coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cauchy {
    /// Share of coordinates that move, 0..=1.
    pub rate: f64,
    /// Half of all steps are shorter than this share of the coordinate's range.
    pub scale: f64,
}

impl<S: Reals> Mutation<S> for Cauchy {
    fn mutate(&mut self, space: &S, genome: &mut Vec<f64>, rng: &mut Rng) {
        let mut place = rng.gap(self.rate);
        while place < genome.len() {
            let (low, high) = (space.low()[place], space.high()[place]);
            genome[place] = (genome[place] + self.scale * (high - low) * rng.cauchy()).clamp(low, high);
            place = place.saturating_add(1).saturating_add(rng.gap(self.rate));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Bounds;
    use crate::operators::checks::check_mutation;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn mutants_are_valid_and_repeatable(seed: u64, scale in 0.001f64..2.0) {
            check_mutation(&Bounds::cube(9, -2.0, 3.0).unwrap(), &Cauchy { rate: 0.5, scale }, seed);
        }
    }
}
