//! Rows of choices: at each place one of finitely many values without an order.

use serde::{Deserialize, Serialize};

use super::{Positional, Space, hamming};
use crate::random::Rng;

/// How many choices each place has; a genome holds the number of the choice, from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Categories {
    choices: Vec<u32>,
}

impl Categories {
    /// Places with these numbers of choices; `None` if a place has no choice at all.
    pub fn new(choices: Vec<u32>) -> Option<Self> {
        (!choices.contains(&0)).then_some(Categories { choices })
    }

    /// How many choices each place has.
    pub fn choices(&self) -> &[u32] {
        &self.choices
    }
}

impl Space for Categories {
    type Genome = Vec<u32>;

    fn blank(&self) -> Vec<u32> {
        vec![0; self.choices.len()]
    }

    fn sample(&self, genome: &mut Vec<u32>, rng: &mut Rng) {
        genome.clear();
        genome.extend((0..self.choices.len()).map(|place| self.sample_at(place, rng)));
    }

    fn contains(&self, genome: &Vec<u32>) -> bool {
        genome.len() == self.choices.len() && genome.iter().zip(&self.choices).all(|(value, choices)| value < choices)
    }

    fn repair(&self, genome: &mut Vec<u32>, rng: &mut Rng) {
        genome.truncate(self.choices.len());
        genome.iter_mut().zip(&self.choices).for_each(|(value, choices)| *value %= choices);
        for place in genome.len()..self.choices.len() {
            genome.push(self.sample_at(place, rng));
        }
    }

    fn distance(&self, first: &Vec<u32>, second: &Vec<u32>) -> f64 {
        hamming(first, second)
    }
}

impl Positional for Categories {
    type Symbol = u32;

    fn sample_at(&self, place: usize, rng: &mut Rng) -> u32 {
        rng.below(self.choices[place] as usize) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::checks::check_space;
    use hms_machine::Seed;

    #[test]
    fn choices_keep_the_rules_of_spaces() {
        check_space(&Categories::new(vec![1, 2, 7]).unwrap(), 1);
        assert_eq!(Categories::new(vec![3, 0]), None);
    }

    #[test]
    fn repair_brings_any_number_into_range() {
        let space = Categories::new(vec![1, 2, 7]).unwrap();
        let mut genome = vec![9, 9];
        space.repair(&mut genome, &mut Rng::new(Seed(1), 0));
        assert!(space.contains(&genome));
    }
}
