//! Problems over switches: counting ones, and packing a knapsack.

use hms_machine::Seed;

use crate::genome::Booleans;
use crate::random::Rng;
use crate::run::{Evaluation, Problem};

/// OneMax (Ackley 1987; Mühlenbein 1992): as many switches on as possible. The objective is how many are off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneMax {
    /// How many switches.
    pub length: usize,
}

impl OneMax {
    /// All rows of switches.
    pub fn space(self) -> Booleans {
        Booleans { length: self.length }
    }
}

impl Problem for OneMax {
    type Genome = Vec<bool>;

    fn objectives(&self) -> usize {
        1
    }

    fn evaluate(&self, genome: &Vec<bool>, evaluation: &mut Evaluation) {
        evaluation.objectives.push(genome.iter().filter(|on| !**on).count() as f64);
    }
}

/// The 0/1 knapsack: the most valuable choice of items within a capacity. The objective is minus the value; the violation is the excess weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knapsack {
    values: Vec<u64>,
    weights: Vec<u64>,
    capacity: u64,
    optimum: u64,
}

impl Knapsack {
    /// `items` weakly correlated items (Pisinger 2005): weights 1 to 1,000, values within 100 of the weight, capacity half the total weight; the optimum by dynamic programming.
    pub fn weakly_correlated(items: usize, seed: Seed) -> Self {
        let mut rng = Rng::new(seed, 0);
        let weights: Vec<u64> = (0..items).map(|_| 1 + rng.below(1000) as u64).collect();
        let values = weights.iter().map(|weight| (weight + rng.below(201) as u64).saturating_sub(100).max(1)).collect();
        Self::with_optimum(values, weights)
    }

    /// `items` uncorrelated items: weights and values 1 to 1,000, capacity half the total weight.
    pub fn uncorrelated(items: usize, seed: Seed) -> Self {
        let mut rng = Rng::new(seed, 0);
        let mut draw = || (0..items).map(|_| 1 + rng.below(1000) as u64).collect::<Vec<u64>>();
        let (weights, values) = (draw(), draw());
        Self::with_optimum(values, weights)
    }

    fn with_optimum(values: Vec<u64>, weights: Vec<u64>) -> Self {
        let capacity = weights.iter().sum::<u64>() / 2;
        let mut best = vec![0u64; capacity as usize + 1];
        for (&value, &weight) in values.iter().zip(&weights) {
            for load in (weight as usize..best.len()).rev() {
                best[load] = best[load].max(best[load - weight as usize] + value);
            }
        }
        Knapsack { values, weights, capacity, optimum: best[capacity as usize] }
    }

    /// All choices of items.
    pub fn space(&self) -> Booleans {
        Booleans { length: self.values.len() }
    }

    /// The greatest value that fits.
    pub fn optimum(&self) -> u64 {
        self.optimum
    }

    /// By what share of the optimum a choice falls short; `None` if it does not fit.
    pub fn gap(&self, genome: &[bool]) -> Option<f64> {
        let (value, weight) = self.load(genome);
        (weight <= self.capacity).then(|| 1.0 - value as f64 / self.optimum.max(1) as f64)
    }

    fn load(&self, genome: &[bool]) -> (u64, u64) {
        let chosen = || genome.iter().enumerate().filter(|(_, on)| **on).map(|(item, _)| item);
        (chosen().map(|item| self.values[item]).sum(), chosen().map(|item| self.weights[item]).sum())
    }
}

impl Problem for Knapsack {
    type Genome = Vec<bool>;

    fn objectives(&self) -> usize {
        1
    }

    fn evaluate(&self, genome: &Vec<bool>, evaluation: &mut Evaluation) {
        let (value, weight) = self.load(genome);
        evaluation.objectives.push(-(value as f64));
        evaluation.violations.push(weight as f64 - self.capacity as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_are_counted() {
        let mut evaluation = Evaluation::default();
        OneMax { length: 4 }.evaluate(&vec![true, false, true, false], &mut evaluation);
        assert_eq!(evaluation.objectives, [2.0]);
    }

    #[test]
    fn the_optimum_is_that_of_trying_everything() {
        for seed in 0..5 {
            let sack = Knapsack::weakly_correlated(12, Seed(seed));
            let choices = (0u32..1 << 12).map(|bits| (0..12).map(|item| bits >> item & 1 == 1).collect::<Vec<bool>>());
            let best = choices.filter_map(|choice| sack.gap(&choice)).fold(f64::INFINITY, f64::min);
            assert_eq!(best, 0.0);
        }
    }

    #[test]
    fn what_does_not_fit_is_a_violation() {
        let sack = Knapsack::uncorrelated(10, Seed(1));
        let mut evaluation = Evaluation::default();
        sack.evaluate(&vec![true; 10], &mut evaluation);
        assert!(evaluation.violation() > 0.0 && sack.gap(&[true; 10]).is_none());
    }
}
