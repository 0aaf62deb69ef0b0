//! Bit-flip mutation: switches turn over, each with the same probability.
//!
//! Mühlenbein, "How genetic algorithms really work: mutation and hillclimbing", PPSN 2 (1992) shows 1/n to be the rate of choice for n switches.

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use crate::genome::Booleans;
use crate::random::Rng;

/// Turns over each switch with a probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flip {
    /// Share of switches that turn over, 0..=1.
    pub rate: f64,
    /// Whether at least one always does, so that no evaluation is spent on a copy.
    pub at_least_one: bool,
}

impl Mutation<Booleans> for Flip {
    fn mutate(&mut self, space: &Booleans, genome: &mut Vec<bool>, rng: &mut Rng) {
        if space.length == 0 {
            return;
        }
        let mut place = rng.gap(self.rate);
        if self.at_least_one && place >= space.length {
            place = rng.below(space.length);
            genome[place] = !genome[place];
            return;
        }
        while place < space.length {
            genome[place] = !genome[place];
            place = place.saturating_add(1).saturating_add(rng.gap(self.rate));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Space;
    use crate::operators::checks::check_mutation;
    use crate::random::Rng;
    use hms_machine::Seed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn mutants_are_valid_and_repeatable(seed: u64, rate in 0.01f64..1.0) {
            check_mutation(&Booleans { length: 70 }, &Flip { rate, at_least_one: false }, seed);
        }
    }

    #[test]
    fn at_least_one_means_what_it_says() {
        let space = Booleans { length: 20 };
        let mut rng = Rng::new(Seed(1), 0);
        for _ in 0..1000 {
            let mut genome = space.blank();
            Flip { rate: 0.01, at_least_one: true }.mutate(&space, &mut genome, &mut rng);
            assert!(genome.contains(&true));
        }
    }
}
