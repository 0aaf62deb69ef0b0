//! Gaussian mutation whose step follows the rule of one fifth.
//!
//! Rechenberg, "Evolutionsstrategie" (1973): if more than a fifth of mutants succeed, steps are too short. The update per mutant is that of Kern et al., "Learning
//! probability distributions in continuous evolutionary algorithms" (2004), which is at rest exactly at one success in five.

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use crate::genome::Reals;
use crate::random::Rng;

/// Adds normal steps to coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gaussian {
    /// Share of coordinates that move, 0..=1.
    pub rate: f64,
    /// Standard deviation as a share of the range of each coordinate.
    pub sigma: f64,
    /// How fast sigma follows success: 0 keeps it, 0.8 is the usual damping for one mutant per step.
    pub adaptation: f64,
}

impl Gaussian {
    /// Least and greatest sigma that adaptation goes to.
    const SIGMA: (f64, f64) = (1e-12, 1.0);
}

impl<S: Reals> Mutation<S> for Gaussian {
    fn mutate(&mut self, space: &S, genome: &mut Vec<f64>, rng: &mut Rng) {
        let mut place = rng.gap(self.rate);
        while place < genome.len() {
            let (low, high) = (space.low()[place], space.high()[place]);
            genome[place] = (genome[place] + self.sigma * (high - low) * rng.normal()).clamp(low, high);
            place = place.saturating_add(1).saturating_add(rng.gap(self.rate));
        }
    }

    fn learn(&mut self, success: bool) {
        let push = if success { 0.8 } else { -0.2 };
        let next = self.sigma * libm::exp(self.adaptation * push);
        self.sigma = next.clamp(Self::SIGMA.0, Self::SIGMA.1);
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
        fn mutants_are_valid_and_repeatable(seed: u64, sigma in 0.001f64..2.0) {
            let space = Bounds::new(vec![-1.0, 0.0, 5.0], vec![1.0, 1e9, 5.0]).unwrap();
            check_mutation(&space, &Gaussian { rate: 0.5, sigma, adaptation: 0.0 }, seed);
        }
    }

    #[test]
    fn one_success_in_five_keeps_the_step() {
        let mut mutation = Gaussian { rate: 1.0, sigma: 0.1, adaptation: 0.5 };
        let mut learn = |success| Mutation::<Bounds>::learn(&mut mutation, success);
        (0..50).for_each(|step| learn(step % 5 == 0));
        assert!((mutation.sigma - 0.1).abs() < 1e-12);
        (0..50).for_each(|_| Mutation::<Bounds>::learn(&mut mutation, false));
        assert!(mutation.sigma < 0.001);
    }
}
