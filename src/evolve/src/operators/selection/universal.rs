//! Stochastic universal sampling: one spin with evenly spaced marks, so that everyone gets its expected number of children, rounded up or down.
//!
//! Baker, "Reducing bias and inefficiency in the selection algorithm", ICGA 2 (1987). Weights as in [`super::Roulette`].

use serde::{Deserialize, Serialize};

use super::{Living, Selection, place, weights};
use crate::random::Rng;

/// One spin for all parents; they are then shuffled, so that mates are strangers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StochasticUniversal;

impl Selection for StochasticUniversal {
    fn select(&mut self, living: Living<'_>, count: usize, rng: &mut Rng, picked: &mut Vec<usize>) {
        let weights = weights(living);
        let step = weights.iter().sum::<f64>() / count.max(1) as f64;
        let (start, before) = (rng.uniform(), picked.len());
        picked.extend((0..count).map(|mark| place(&weights, (mark as f64 + start) * step)));
        rng.shuffle(&mut picked[before..]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::shares;
    use super::*;

    #[test]
    fn everyone_gets_its_expected_number_of_children_rounded() {
        // Expected of 5: 4.04, 3.04, 2.04, 1.04, 0.04 of 10.2, times 5.
        let found = shares(&mut StochasticUniversal, 5, 1);
        let children = found.iter().map(|share| (share * 5.0).round());
        for (children, expected) in children.zip([1.98, 1.49, 1.0, 0.51, 0.02]) {
            assert!((children - expected).abs() < 1.0, "{found:?}");
        }
    }
}
