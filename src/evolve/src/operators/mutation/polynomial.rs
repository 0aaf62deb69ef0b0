//! Polynomial mutation: a coordinate moves by a step whose density falls with a power of its length, never over a bound.
//!
//! Deb and Goyal, "A combined genetic adaptive search (GeneAS) for engineering design", 1996, in the form of the NSGA-II authors' code that respects bounds.

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use crate::genome::Reals;
use crate::random::Rng;

/// Polynomial mutation of each coordinate with a probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Polynomial {
    /// Share of coordinates that move, 0..=1; one in a genome is usual.
    pub rate: f64,
    /// Distribution index, at least 0: 20 is usual, more is nearer.
    pub eta: f64,
}

impl Polynomial {
    /// A neighbour of `value` between two bounds.
    pub fn moved(&self, value: f64, low: f64, high: f64, rng: &mut Rng) -> f64 {
        let width = high - low;
        if width <= 0.0 {
            return value;
        }
        let step = self.step((value - low) / width, (high - value) / width, rng.uniform());
        (value + step * width).clamp(low, high)
    }

    fn step(&self, room_below: f64, room_above: f64, uniform: f64) -> f64 {
        let exponent = self.eta.max(0.0) + 1.0;
        if uniform < 0.5 {
            let base = 2.0 * uniform + (1.0 - 2.0 * uniform) * libm::pow(1.0 - room_below, exponent);
            libm::pow(base, 1.0 / exponent) - 1.0
        } else {
            let base = 2.0 * (1.0 - uniform) + (2.0 * uniform - 1.0) * libm::pow(1.0 - room_above, exponent);
            1.0 - libm::pow(base, 1.0 / exponent)
        }
    }
}

impl<S: Reals> Mutation<S> for Polynomial {
    fn mutate(&mut self, space: &S, genome: &mut Vec<f64>, rng: &mut Rng) {
        let mut place = rng.gap(self.rate);
        while place < genome.len() {
            genome[place] = self.moved(genome[place], space.low()[place], space.high()[place], rng);
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
        fn mutants_are_valid_and_repeatable(seed: u64, eta in 0.0f64..100.0) {
            let space = Bounds::new(vec![-1.0, 0.0, 5.0], vec![1.0, 1e9, 5.0]).unwrap();
            check_mutation(&space, &Polynomial { rate: 0.3, eta }, seed);
            check_mutation(&space, &Polynomial { rate: 1.0, eta }, seed);
        }
    }

    #[test]
    fn the_extreme_draws_reach_the_bounds() {
        let mutation = Polynomial { rate: 1.0, eta: 20.0 };
        assert!((mutation.step(0.3, 0.7, 0.0) + 0.3).abs() < 1e-12);
        assert!((mutation.step(0.3, 0.7, 1.0) - 0.7).abs() < 1e-12);
        assert_eq!(mutation.step(0.3, 0.7, 0.5), 0.0);
    }
}
