//! Rows of switches.

use serde::{Deserialize, Serialize};

use super::{Positional, Space, hamming};
use crate::random::Rng;

/// All rows of `length` switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booleans {
    /// How many switches.
    pub length: usize,
}

impl Space for Booleans {
    type Genome = Vec<bool>;

    fn blank(&self) -> Vec<bool> {
        vec![false; self.length]
    }

    fn sample(&self, genome: &mut Vec<bool>, rng: &mut Rng) {
        genome.clear();
        while genome.len() < self.length {
            let word = rng.next_u64();
            let wanted = (self.length - genome.len()).min(64);
            genome.extend((0..wanted).map(|bit| word >> bit & 1 == 1));
        }
    }

    fn contains(&self, genome: &Vec<bool>) -> bool {
        genome.len() == self.length
    }

    fn repair(&self, genome: &mut Vec<bool>, rng: &mut Rng) {
        genome.truncate(self.length);
        while genome.len() < self.length {
            genome.push(rng.chance(0.5));
        }
    }

    fn distance(&self, first: &Vec<bool>, second: &Vec<bool>) -> f64 {
        hamming(first, second)
    }
}

impl Positional for Booleans {
    type Symbol = bool;

    fn sample_at(&self, _place: usize, rng: &mut Rng) -> bool {
        rng.chance(0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::checks::check_space;

    #[test]
    fn switches_keep_the_rules_of_spaces() {
        for length in [0, 1, 63, 64, 65, 200] {
            check_space(&Booleans { length }, 1);
        }
    }
}
