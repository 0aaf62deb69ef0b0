//! Edits of lists: an element is inserted, deleted or mutated.
//!
//! The three edits of Levenshtein (1966) as variation, as in linear genetic programming (Brameier and Banzhaf, 2007, §5.2).

use serde::{Deserialize, Serialize};

use super::super::Mutation;
use crate::genome::{Lists, Space};
use crate::random::Rng;

/// Inserts, deletes, or mutates an element by `element`, each as likely, as far as the length allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ListEdit<M> {
    /// How an element is mutated.
    pub element: M,
}

impl<E: Space, M: Mutation<E>> Mutation<Lists<E>> for ListEdit<M> {
    fn mutate(&mut self, space: &Lists<E>, genome: &mut Vec<E::Genome>, rng: &mut Rng) {
        let (least, most) = space.lengths();
        match rng.below(3) {
            0 if genome.len() < most => {
                let element = space.sample_element(rng);
                genome.insert(rng.below(genome.len() + 1), element);
            }
            1 if genome.len() > least => drop(genome.remove(rng.below(genome.len()))),
            _ if !genome.is_empty() => {
                let place = rng.below(genome.len());
                self.element.mutate(space.element(), &mut genome[place], rng);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Categories;
    use crate::operators::checks::check_mutation;
    use crate::operators::mutation::Reset;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn mutants_are_valid_and_repeatable(seed: u64, least in 0usize..4) {
            let space = Lists::new(Categories::new(vec![5]).unwrap(), least, 8).unwrap();
            check_mutation(&space, &ListEdit { element: Reset { rate: 1.0 } }, seed);
        }
    }
}
