//! Roulette wheel: the chance is in proportion to how much better than the worst an individual is.
//!
//! Holland, "Adaptation in Natural and Artificial Systems" (1975), with the windowing of Grefenstette (1986). Reads the first objective; infeasible individuals have no
//! chance while there is a feasible one.

use serde::{Deserialize, Serialize};

use super::{Living, Selection, place, weights};
use crate::random::Rng;

/// One spin per parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roulette;

impl Selection for Roulette {
    fn select(&mut self, living: Living<'_>, count: usize, rng: &mut Rng, picked: &mut Vec<usize>) {
        let weights = weights(living);
        let sum: f64 = weights.iter().sum();
        picked.extend((0..count).map(|_| place(&weights, rng.uniform() * sum)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::shares;
    use super::*;
    use crate::scores::{Measured, Scores};
    use hms_machine::Seed;

    #[test]
    fn chances_are_in_proportion_to_the_distance_from_the_worst() {
        let found = shares(&mut Roulette, 5, 10_000);
        // Distances 4, 3, 2, 1, 0 and a hundredth of 4 each: 4.04 of 10.2.
        assert!((found[0] - 4.04 / 10.2).abs() < 0.007 && (found[4] - 0.04 / 10.2).abs() < 0.002, "{found:?}");
    }

    #[test]
    fn failed_and_infeasible_individuals_have_no_chance_beside_a_feasible_one() {
        let mut scores = Scores::new(1);
        scores.push(Measured::feasible(&[f64::NAN]));
        scores.push(Measured { objectives: &[0.0], violation: 1.0 });
        scores.push(Measured::feasible(&[5.0]));
        let (mut rng, mut picked) = (Rng::new(Seed(1), 0), Vec::new());
        Roulette.select(Living { scores: &scores, fitness: &[0.0; 3] }, 50, &mut rng, &mut picked);
        assert_eq!(picked, vec![2; 50]);
    }
}
