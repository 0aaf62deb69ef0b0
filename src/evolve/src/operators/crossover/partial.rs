//! Partially mapped crossover, PMX: a segment comes from the other parent, and what it displaces moves to where the segment's things stood.
//!
//! Goldberg and Lingle, "Alleles, loci, and the traveling salesman problem", ICGA 1 (1985). Keeps places.

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::Permutations;
use crate::random::Rng;

/// PMX over a random segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartiallyMapped;

impl Crossover<Permutations> for PartiallyMapped {
    fn cross(&mut self, space: &Permutations, first: &mut Vec<u32>, second: &mut Vec<u32>, rng: &mut Rng) {
        if space.length < 2 {
            return;
        }
        let (a, b) = (rng.below(space.length), rng.below(space.length));
        let (mut place_in_first, mut place_in_second) = (vec![0; space.length], vec![0; space.length]);
        for place in 0..space.length {
            place_in_first[first[place] as usize] = place;
            place_in_second[second[place] as usize] = place;
        }
        // Exchanging two things within one parent, so that the segment's place holds the other's thing, is the mapping.
        for place in a.min(b)..=a.max(b) {
            let (mine, theirs) = (first[place], second[place]);
            exchange(first, &mut place_in_first, place, theirs);
            exchange(second, &mut place_in_second, place, mine);
        }
    }
}

/// Brings `thing` to `place` by exchange with what stands there.
fn exchange(order: &mut [u32], places: &mut [usize], place: usize, thing: u32) {
    let from = places[thing as usize];
    places[order[place] as usize] = from;
    places[thing as usize] = place;
    order.swap(from, place);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::checks::check_crossover;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_orders_and_repeatable(seed: u64, length in 0usize..30) {
            check_crossover(&Permutations { length }, &PartiallyMapped, true, seed);
        }
    }
}
