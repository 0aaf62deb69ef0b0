//! Differential variation: a child is its parent moved by the difference of two others.
//!
//! Storn and Price, "Differential evolution", Journal of Global Optimization 11 (1997). Here in the form that fits a pair of parents (Iorio and Li,
//! "Solving rotated multi-objective optimization problems using differential evolution", AI 2004): the difference is that of the two parents, added to either of them or to
//! their mean, with a random factor, so that it may stand beside crossovers in an adaptive choice. Invariant under rotation when `crossover_rate` is 1.

use serde::{Deserialize, Serialize};

use super::{Applied, Variation};
use crate::genome::Reals;
use crate::operators::mutation::Polynomial;
use crate::random::Rng;

/// Moves parents along their difference, then mutates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DifferentialVariation {
    /// Mean length of the step in units of the difference.
    pub factor: f64,
    /// Share of coordinates that move, 0..=1.
    pub crossover_rate: f64,
    /// What follows.
    pub mutation: Polynomial,
}

impl<S: Reals> Variation<S> for DifferentialVariation {
    fn vary(&mut self, space: &S, parents: [&Vec<f64>; 2], children: [&mut Vec<f64>; 2], rng: &mut Rng) -> Applied {
        let factor = self.factor * (1.0 + 0.5 * rng.normal());
        for (side, child) in children.into_iter().enumerate() {
            let (base, other) = (parents[side], parents[1 - side]);
            child.clone_from(base);
            for place in 0..child.len() {
                if rng.chance(self.crossover_rate) {
                    let (low, high) = (space.low()[place], space.high()[place]);
                    let moved = base[place] + factor * (other[place] - base[place]);
                    // Half way back to the bound that was passed, as is usual in differential evolution.
                    let low_side = 0.5 * (base[place] + low);
                    let high_side = 0.5 * (base[place] + high);
                    child[place] = if moved < low {
                        low_side
                    } else if moved > high {
                        high_side
                    } else {
                        moved
                    };
                }
            }
            super::Mutation::mutate(&mut self.mutation, space, child, rng);
        }
        Applied { operator: 0, parameters: [factor, self.crossover_rate] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::{Bounds, Space};
    use crate::random::Rng;
    use hms_machine::Seed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_valid_and_repeatable(seed: u64, factor in 0.0f64..3.0) {
            let space = Bounds::cube(6, -1.0, 2.0).unwrap();
            let mut rng = Rng::new(Seed(seed), 0);
            let mut variation =
                DifferentialVariation { factor, crossover_rate: 0.9, mutation: Polynomial { rate: 0.1, eta: 20.0 } };
            let (mut first, mut second) = (space.blank(), space.blank());
            space.sample(&mut first, &mut rng);
            space.sample(&mut second, &mut rng);
            let mut run = |mut rng: Rng| {
                let (mut one, mut other) = (Vec::new(), Vec::new());
                variation.vary(&space, [&first, &second], [&mut one, &mut other], &mut rng);
                (one, other)
            };
            let children = run(rng.clone());
            prop_assert_eq!(&children, &run(rng.clone()));
            prop_assert!(space.contains(&children.0) && space.contains(&children.1));
        }
    }
}
