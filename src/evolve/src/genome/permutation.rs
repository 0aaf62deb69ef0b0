//! Orders of things: routes, schedules, priorities.

use serde::{Deserialize, Serialize};

use super::Space;
use crate::random::Rng;

/// All orders of 0..length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permutations {
    /// How many things are put into an order.
    pub length: usize,
}

impl Space for Permutations {
    type Genome = Vec<u32>;

    fn blank(&self) -> Vec<u32> {
        (0..self.length as u32).collect()
    }

    fn sample(&self, genome: &mut Vec<u32>, rng: &mut Rng) {
        genome.clear();
        genome.extend(0..self.length as u32);
        rng.shuffle(genome);
    }

    fn contains(&self, genome: &Vec<u32>) -> bool {
        let mut seen = vec![false; self.length];
        let fresh = |&thing: &u32| seen.get_mut(thing as usize).is_some_and(|seen| !std::mem::replace(seen, true));
        genome.len() == self.length && genome.iter().all(fresh)
    }

    /// Keeps the first mention of each thing, in order, and appends the missing ones in a random order.
    fn repair(&self, genome: &mut Vec<u32>, rng: &mut Rng) {
        let mut seen = vec![false; self.length];
        genome.retain(|&thing| seen.get_mut(thing as usize).is_some_and(|seen| !std::mem::replace(seen, true)));
        let mut missing: Vec<u32> = (0..self.length as u32).filter(|&thing| !seen[thing as usize]).collect();
        rng.shuffle(&mut missing);
        genome.extend(missing);
    }

    /// The share of neighbourhoods (unordered pairs that stand side by side in a ring) of one that the other lacks.
    fn distance(&self, first: &Vec<u32>, second: &Vec<u32>) -> f64 {
        let mut beside = vec![[u32::MAX; 2]; self.length];
        for place in 0..second.len() {
            let before = second[(place + second.len() - 1) % second.len()];
            let after = second[(place + 1) % second.len()];
            beside[second[place] as usize] = [before, after];
        }
        let lost = |place: usize| !beside[first[place] as usize].contains(&first[(place + 1) % first.len()]);
        (0..first.len()).filter(|&place| lost(place)).count() as f64 / first.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::checks::check_space;
    use hms_machine::Seed;

    #[test]
    fn orders_keep_the_rules_of_spaces() {
        for length in [0, 1, 2, 3, 30] {
            check_space(&Permutations { length }, 1);
        }
    }

    #[test]
    fn repair_makes_an_order_of_anything() {
        let space = Permutations { length: 5 };
        let mut genome = vec![3, 3, 9, 0];
        space.repair(&mut genome, &mut Rng::new(Seed(1), 0));
        assert!(space.contains(&genome));
        assert_eq!(genome[..2], [3, 0]);
    }

    #[test]
    fn a_turned_or_mirrored_ring_is_the_same_route() {
        let space = Permutations { length: 5 };
        let route = vec![0, 1, 2, 3, 4];
        assert_eq!(space.distance(&route, &vec![2, 3, 4, 0, 1]), 0.0);
        assert_eq!(space.distance(&route, &vec![4, 3, 2, 1, 0]), 0.0);
        assert_eq!(space.distance(&route, &vec![0, 2, 4, 1, 3]), 1.0);
    }
}
