//! Uniform selection: everyone is as likely; all pressure lies in who survives.
//!
//! The mating of evolution strategies: Schwefel, "Numerical Optimization of Computer Models" (1981).

use serde::{Deserialize, Serialize};

use super::{Living, Selection};
use crate::random::Rng;

/// Everyone alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UniformSelection;

impl Selection for UniformSelection {
    fn select(&mut self, living: Living<'_>, count: usize, rng: &mut Rng, picked: &mut Vec<usize>) {
        picked.extend((0..count).map(|_| rng.below(living.fitness.len())));
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::shares;
    use super::*;

    #[test]
    fn everyone_is_as_likely() {
        assert!(shares(&mut UniformSelection, 10, 2_000).iter().all(|share| (share - 0.1).abs() < 0.01));
    }
}
