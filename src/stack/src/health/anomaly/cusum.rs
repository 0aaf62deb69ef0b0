//! Cumulative sums (Page 1954, "Continuous Inspection Schemes"), one for rises and one for falls.
//!
//! What a value exceeds the usual by, less the drift, is added up; chance stays near zero, a lasting shift does not. A change is told once: then the new
//! normal is learned from scratch.

use super::AnomalyConfiguration;
use super::moments::Moments;

#[derive(Clone, Debug)]
pub(super) struct Cusum {
    drift: f64,
    limit: f64,
    memory: u32,
    usual: Moments,
    rise: f64,
    fall: f64,
}

impl Cusum {
    pub(super) fn new(configuration: &AnomalyConfiguration) -> Self {
        let AnomalyConfiguration { cusum_drift: drift, cusum_limit: limit, memory, .. } = *configuration;
        Cusum { drift, limit, memory, usual: Moments::new(memory), rise: 0.0, fall: 0.0 }
    }

    /// The larger sum, in limits.
    pub(super) fn observe(&mut self, value: f64) -> f64 {
        if !self.usual.ready() {
            self.usual.learn(value);
            return 0.0;
        }
        // A single value adds at most half the limit: two are needed.
        let off = ((value - self.usual.mean()) / self.usual.spread()).clamp(-self.limit / 2.0, self.limit / 2.0);
        self.rise = (self.rise + off - self.drift).max(0.0);
        self.fall = (self.fall - off - self.drift).max(0.0);
        let score = self.rise.max(self.fall) / self.limit;
        if score >= 1.0 {
            *self = Cusum { usual: Moments::new(self.memory), rise: 0.0, fall: 0.0, ..*self };
        } else {
            self.usual.learn(value);
        }
        score
    }
}
