//! Linear ranking: the chance falls evenly from the best to the worst.
//!
//! Baker, "Adaptive selection methods for genetic algorithms", ICGA 1 (1985).

use serde::{Deserialize, Serialize};

use super::{Living, Selection, place};
use crate::random::Rng;

/// Linear ranking with a pressure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearRank {
    /// Expected children of the best, 1 (none is favoured) to 2 (the worst has none).
    pub pressure: f64,
}

impl Selection for LinearRank {
    fn select(&mut self, living: Living<'_>, count: usize, rng: &mut Rng, picked: &mut Vec<usize>) {
        let mut order: Vec<usize> = (0..living.fitness.len()).collect();
        order.sort_by(|&a, &b| living.fitness[a].total_cmp(&living.fitness[b]).then(a.cmp(&b)));
        let pressure = self.pressure.clamp(1.0, 2.0);
        let last = order.len().saturating_sub(1).max(1) as f64;
        let weights: Vec<f64> = (0..order.len()).map(|rank| pressure - 2.0 * (pressure - 1.0) * rank as f64 / last).collect();
        let sum: f64 = weights.iter().sum();
        picked.extend((0..count).map(|_| order[place(&weights, rng.uniform() * sum)]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::shares;
    use super::*;

    #[test]
    fn the_best_has_its_pressure_and_the_worst_the_rest() {
        let found = shares(&mut LinearRank { pressure: 1.8 }, 10, 5_000);
        assert!((found[0] - 0.18).abs() < 0.006 && (found[9] - 0.02).abs() < 0.004, "{found:?}");
    }
}
