//! Truncation selection: parents are drawn evenly from the best share.
//!
//! Mühlenbein and Schlierkamp-Voosen, "Predictive models for the breeder genetic algorithm", Evolutionary Computation 1 (1993).

use serde::{Deserialize, Serialize};

use super::{Living, Selection};
use crate::random::Rng;

/// The best share of the living.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruncationSelection {
    /// Which share may become parents, above 0 and up to 1; at least one individual always may.
    pub share: f64,
}

impl Selection for TruncationSelection {
    fn select(&mut self, living: Living<'_>, count: usize, rng: &mut Rng, picked: &mut Vec<usize>) {
        let mut order: Vec<usize> = (0..living.fitness.len()).collect();
        order.sort_by(|&a, &b| living.fitness[a].total_cmp(&living.fitness[b]).then(a.cmp(&b)));
        let allowed = ((self.share * order.len() as f64) as usize).clamp(1, order.len());
        picked.extend((0..count).map(|_| order[rng.below(allowed)]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::shares;
    use super::*;

    #[test]
    fn only_the_best_share_becomes_parents() {
        let found = shares(&mut TruncationSelection { share: 0.3 }, 10, 1_000);
        assert!(found[..3].iter().all(|share| (share - 1.0 / 3.0).abs() < 0.02) && found[3..].iter().all(|&share| share == 0.0));
    }
}
