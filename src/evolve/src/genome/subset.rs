//! Choices of some things out of many, with a least and a greatest size.

use serde::{Deserialize, Serialize};

use super::Space;
use crate::random::Rng;

/// All subsets of 0..things with a size in range; a genome lists its members in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subsets {
    things: u32,
    size_min: usize,
    size_max: usize,
}

impl Subsets {
    /// Subsets of 0..things with `size_min..=size_max` members; `None` if there is no such subset.
    pub fn new(things: u32, size_min: usize, size_max: usize) -> Option<Self> {
        (size_min <= size_max && size_max <= things as usize).then_some(Subsets { things, size_min, size_max })
    }

    /// How many things there are.
    pub fn things(&self) -> u32 {
        self.things
    }

    /// A thing that is not a member; `None` if all are.
    pub fn outsider(&self, genome: &[u32], rng: &mut Rng) -> Option<u32> {
        let outside = self.things as usize - genome.len();
        if outside == 0 {
            return None;
        }
        // The k-th outsider: k plus the members that stand before it.
        let mut thing = rng.below(outside) as u32;
        for &member in genome {
            if member > thing {
                break;
            }
            thing += 1;
        }
        Some(thing)
    }

    /// Greatest size.
    pub fn size_max(&self) -> usize {
        self.size_max
    }

    /// Least size.
    pub fn size_min(&self) -> usize {
        self.size_min
    }
}

impl Space for Subsets {
    type Genome = Vec<u32>;

    fn blank(&self) -> Vec<u32> {
        (0..self.size_min as u32).collect()
    }

    fn sample(&self, genome: &mut Vec<u32>, rng: &mut Rng) {
        let size = self.size_min + rng.below(self.size_max - self.size_min + 1);
        let mut all: Vec<u32> = (0..self.things).collect();
        rng.shuffle(&mut all);
        genome.clear();
        genome.extend(&all[..size]);
        genome.sort_unstable();
    }

    fn contains(&self, genome: &Vec<u32>) -> bool {
        let rising = genome.windows(2).all(|pair| pair[0] < pair[1]);
        let known = genome.last().is_none_or(|&last| last < self.things);
        rising && known && (self.size_min..=self.size_max).contains(&genome.len())
    }

    /// Drops strangers and repetitions, then random members or outsiders come and go until the size is right.
    fn repair(&self, genome: &mut Vec<u32>, rng: &mut Rng) {
        genome.retain(|&thing| thing < self.things);
        genome.sort_unstable();
        genome.dedup();
        while genome.len() > self.size_max {
            genome.remove(rng.below(genome.len()));
        }
        while genome.len() < self.size_min {
            let Some(thing) = self.outsider(genome, rng) else { break };
            genome.insert(genome.partition_point(|&member| member < thing), thing);
        }
    }

    /// One minus the Jaccard index.
    fn distance(&self, first: &Vec<u32>, second: &Vec<u32>) -> f64 {
        let shared = first.iter().filter(|thing| second.binary_search(thing).is_ok()).count();
        let union = first.len() + second.len() - shared;
        if union == 0 { 0.0 } else { 1.0 - shared as f64 / union as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::checks::check_space;
    use hms_machine::Seed;

    #[test]
    fn subsets_keep_the_rules_of_spaces() {
        for (things, least, most) in [(0, 0, 0), (5, 5, 5), (10, 2, 4), (10, 0, 10)] {
            check_space(&Subsets::new(things, least, most).unwrap(), 1);
        }
        assert_eq!(Subsets::new(3, 2, 4), None);
    }

    #[test]
    fn outsiders_are_every_thing_but_the_members() {
        let space = Subsets::new(6, 0, 6).unwrap();
        let mut rng = Rng::new(Seed(1), 0);
        let mut seen = std::collections::BTreeSet::new();
        (0..200).for_each(|_| seen.extend(space.outsider(&[0, 3, 4], &mut rng)));
        assert_eq!(Vec::from_iter(seen), [1, 2, 5]);
    }

    #[test]
    fn repair_makes_a_subset_of_anything() {
        let space = Subsets::new(6, 2, 3).unwrap();
        let mut rng = Rng::new(Seed(1), 0);
        for mut genome in [vec![9, 9], vec![5, 4, 3, 2, 1, 1], vec![]] {
            space.repair(&mut genome, &mut rng);
            assert!(space.contains(&genome), "{genome:?}");
        }
    }
}
