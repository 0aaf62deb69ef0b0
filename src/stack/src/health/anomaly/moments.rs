//! What is usual for a series: mean and spread, learned and slowly forgotten, and hardly moved by what is unusual.

/// Values are learned as if they were at most this many standard deviations off (Huber's psi, as in Gelper et al. 2010).
const CLIP: f64 = 3.0;

/// A spread is taken to be at least this share of the mean's magnitude: the last digits of a constant are no anomaly.
const SPREAD_MIN: f64 = 1e-3;

#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    memory: u32,
    seen: u32,
    mean: f64,
    variance: f64,
}

impl Moments {
    pub(super) const fn new(memory: u32) -> Self {
        Moments { memory, seen: 0, mean: 0.0, variance: 0.0 }
    }

    /// Whether there were as many values as are remembered.
    pub(super) const fn ready(&self) -> bool {
        self.seen >= self.memory
    }

    pub(super) const fn mean(&self) -> f64 {
        self.mean
    }

    pub(super) fn spread(&self) -> f64 {
        self.variance.sqrt().max(SPREAD_MIN * self.mean.abs()).max(f64::MIN_POSITIVE)
    }

    /// Welford's update (1962) with a weight that falls to that of the memory, then stays: an exponential mean without a false start.
    pub(super) fn learn(&mut self, value: f64) {
        let value = if self.ready() {
            let reach = CLIP * self.spread();
            value.clamp(self.mean - reach, self.mean + reach)
        } else {
            self.seen += 1;
            value
        };
        let weight = 1.0 / f64::from(self.seen);
        let step = value - self.mean;
        self.mean += weight * step;
        self.variance = (1.0 - weight) * (self.variance + weight * step * step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_spread_are_exact_at_first_and_robust_later() {
        let mut moments = Moments::new(8);
        for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            moments.learn(1e9 + value);
        }
        assert!((moments.mean() - (1e9 + 5.0)).abs() < 1e-6);
        assert!((moments.variance.sqrt() - 2.0).abs() < 1e-6, "no digits are lost beside a large mean");
        let mut moments = Moments::new(8);
        for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, 1e12] {
            moments.learn(value);
        }
        assert!(moments.mean() < 6.0 && moments.spread() < 4.0, "{moments:?}");
    }
}
