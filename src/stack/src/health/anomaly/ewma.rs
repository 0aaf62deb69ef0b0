//! Control chart of an exponentially weighted moving average (Roberts 1959, "Control Chart Tests Based on Geometric Moving Averages").
//!
//! The charted mean forgets fast, the usual one slowly; they must not be further apart than chance allows: `limit × spread × √(w / (2 - w))`.

use super::AnomalyConfiguration;
use super::moments::Moments;

#[derive(Clone, Debug)]
pub(super) struct Ewma {
    weight: f64,
    limit: f64,
    usual: Moments,
    charted: f64,
}

impl Ewma {
    pub(super) fn new(configuration: &AnomalyConfiguration) -> Self {
        let AnomalyConfiguration { ewma_weight: weight, ewma_limit: limit, memory, .. } = *configuration;
        Ewma { weight, limit, usual: Moments::new(memory), charted: 0.0 }
    }

    /// How far the charted mean is from the usual one, in limits.
    pub(super) fn observe(&mut self, value: f64) -> f64 {
        if !self.usual.ready() {
            self.usual.learn(value);
            self.charted = self.usual.mean();
            return 0.0;
        }
        self.charted += self.weight * (value - self.charted);
        let chance = self.usual.spread() * (self.weight / (2.0 - self.weight)).sqrt();
        let score = (self.charted - self.usual.mean()).abs() / (self.limit * chance);
        self.usual.learn(value);
        score
    }
}
