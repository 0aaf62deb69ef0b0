//! Successive halving: everyone gets a few seeds, the better part gets more, and so on.
//!
//! Karnin, Koren and Somekh, "Almost optimal exploration in multi-armed bandits", ICML 2013; Jamieson and Talwalkar 2016. Results of earlier rounds count on, since all candidates share the seeds.

use serde::{Deserialize, Serialize};

use super::race::Cell;

/// A halving in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Halving {
    /// Candidates still in, and all results by candidate and seed.
    alive: Vec<usize>,
    results: Vec<Vec<f64>>,
    seeds: usize,
    factor: usize,
    keep: usize,
}

impl Halving {
    /// Among `candidates`, down to `keep` (at least 1): `seeds_start` seeds at first, in each further round `factor` (at least 2) times as many for one in `factor`.
    pub fn new(candidates: usize, keep: usize, seeds_start: usize, factor: usize) -> Self {
        Halving {
            alive: (0..candidates).collect(),
            results: vec![Vec::new(); candidates],
            seeds: seeds_start.max(1),
            factor: factor.max(2),
            keep: keep.max(1),
        }
    }

    /// The cells to fill now, by candidate and then by seed; empty when it is over.
    pub fn wanted(&self) -> Vec<Cell> {
        if self.alive.len() <= self.keep {
            return Vec::new();
        }
        let missing = |&candidate: &usize| (self.results[candidate].len()..self.seeds).map(move |seed| Cell { candidate, seed });
        self.alive.iter().flat_map(missing).collect()
    }

    /// Hears all the results of [`Halving::wanted`], in its order; smaller is better, NaN is worst.
    ///
    /// # Panics
    /// When there are more or fewer results than wanted.
    pub fn tell(&mut self, results: &[f64]) {
        let cells = self.wanted();
        assert_eq!(cells.len(), results.len(), "one result per wanted cell");
        for (cell, &result) in cells.iter().zip(results) {
            self.results[cell.candidate].push(if result.is_nan() { f64::INFINITY } else { result });
        }
        let mean = |candidate: usize| self.results[candidate].iter().sum::<f64>() / self.results[candidate].len() as f64;
        self.alive.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)).then(a.cmp(&b)));
        self.alive.truncate(self.alive.len().div_ceil(self.factor).max(self.keep));
        self.seeds *= self.factor;
    }

    /// Who is left, the best first.
    pub fn alive(&self) -> &[usize] {
        &self.alive
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Rng;
    use hms_machine::Seed;

    #[test]
    fn the_best_is_found_at_a_fraction_of_the_cost() {
        let mut rng = Rng::new(Seed(1), 0);
        let (mut found, mut spent) = (0, 0);
        for _ in 0..100 {
            let mut halving = Halving::new(32, 1, 2, 2);
            loop {
                let cells = halving.wanted();
                if cells.is_empty() {
                    break;
                }
                spent += cells.len();
                let results: Vec<f64> = cells.iter().map(|cell| cell.candidate as f64 * 0.5 + rng.normal()).collect();
                halving.tell(&results);
            }
            found += usize::from(halving.alive()[0] < 2);
        }
        // Equal rows of 32 seeds would have cost 1,024 each.
        assert!(found > 90 && spent < 100 * 300, "{found} {spent}");
    }
}
