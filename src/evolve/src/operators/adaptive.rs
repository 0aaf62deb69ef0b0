//! Adaptive operator selection: several variations compete, and those whose children survive are used more.
//!
//! Thierens, "An adaptive pursuit strategy for allocating operator probabilities", GECCO 2005, gives both rules. A child's reward is 1 if it survived and 0 if not. Every
//! variation keeps a least share, so that one that is useless now is tried again when the search has moved on.

use serde::{Deserialize, Serialize};

use super::{Applied, Variation};
use crate::genome::Space;
use crate::random::Rng;

/// How rewards become shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Credit {
    /// Shares in proportion to quality.
    ProbabilityMatching,
    /// The share of the best variation is pulled towards the greatest possible one.
    AdaptivePursuit,
}

/// A choice among variations of one kind, by success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adaptive<V> {
    variations: Vec<V>,
    credit: Credit,
    /// How fast quality follows rewards, and shares follow quality: 0..=1.
    rate: f64,
    share_min: f64,
    qualities: Vec<f64>,
    shares: Vec<f64>,
}

impl<V> Adaptive<V> {
    /// A choice among these, all equally likely at first, by `credit`, each with at least a tenth of an equal share.
    ///
    /// # Panics
    /// Without variations.
    pub fn new(variations: Vec<V>, credit: Credit) -> Self {
        assert!(!variations.is_empty(), "there is nothing to choose from");
        let count = variations.len();
        // Thierens 2005, §4: learning rates of 0.8 for rewards averaged over a generation; a tenth suits rewards of single children.
        let (rate, share_min) = (0.1, 0.1 / count as f64);
        let shares = vec![1.0 / count as f64; count];
        Adaptive { variations, credit, rate, share_min, qualities: vec![1.0; count], shares }
    }

    /// The present share of each variation; they add up to 1.
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// The variations, to be told more.
    pub fn variations_mut(&mut self) -> &mut [V] {
        &mut self.variations
    }

    fn reward(&mut self, variation: usize, reward: f64) {
        self.qualities[variation] += self.rate * (reward - self.qualities[variation]);
        let count = self.shares.len() as f64;
        match self.credit {
            Credit::ProbabilityMatching => {
                let sum: f64 = self.qualities.iter().sum();
                let free = 1.0 - count * self.share_min;
                for (share, quality) in self.shares.iter_mut().zip(&self.qualities) {
                    *share = self.share_min + if sum > 0.0 { free * quality / sum } else { free / count };
                }
            }
            Credit::AdaptivePursuit => {
                let better = |best: usize, other: usize| if self.qualities[other] > self.qualities[best] { other } else { best };
                let best = (0..self.shares.len()).fold(0, better);
                let share_max = 1.0 - (count - 1.0) * self.share_min;
                for (place, share) in self.shares.iter_mut().enumerate() {
                    let target = if place == best { share_max } else { self.share_min };
                    *share += self.rate * (target - *share);
                }
            }
        }
    }
}

impl<S: Space, V: Variation<S>> Variation<S> for Adaptive<V> {
    fn vary(&mut self, space: &S, parents: [&S::Genome; 2], children: [&mut S::Genome; 2], rng: &mut Rng) -> Applied {
        let mut left = rng.uniform();
        let last = self.variations.len() - 1;
        let chosen = self.shares.iter().position(|share| {
            left -= share;
            left < 0.0
        });
        let chosen = chosen.unwrap_or(last);
        let inner = self.variations[chosen].vary(space, parents, children, rng);
        Applied { operator: chosen as u16, parameters: inner.parameters }
    }

    fn learn(&mut self, applied: Applied, survived: bool) {
        let variation = usize::from(applied.operator);
        self.variations[variation].learn(Applied { operator: 0, ..applied }, survived);
        self.reward(variation, f64::from(u8::from(survived)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_successful_variation_is_used_more_and_none_dies_out() {
        for (credit, least) in [(Credit::ProbabilityMatching, 0.7), (Credit::AdaptivePursuit, 0.9)] {
            let mut adaptive = Adaptive::new(vec![(), ()], credit);
            for round in 0..400 {
                adaptive.reward(0, f64::from(u8::from(round % 10 == 0)));
                adaptive.reward(1, f64::from(u8::from(round % 10 < 8)));
            }
            let shares = adaptive.shares();
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert!(shares[1] > least && shares[0] >= 0.049, "{credit:?} {shares:?}");
        }
    }

    #[test]
    fn pursuit_turns_when_success_does() {
        let mut adaptive = Adaptive::new(vec![(), ()], Credit::AdaptivePursuit);
        for turn in 0..2 {
            for _ in 0..100 {
                adaptive.reward(turn, 1.0);
                adaptive.reward(1 - turn, 0.0);
            }
            assert!(adaptive.shares()[turn] > 0.9);
        }
    }
}
