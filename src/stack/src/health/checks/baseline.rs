//! What is normal for a quantity: its own past.
//!
//! Two medians: of the last five values (one wild value, or two, do not move it) and of the last 32 that were not bad. Their ratio says how many times
//! larger than normal the quantity is now. Bad values are never learned, so a fault does not become normal by lasting; a change that
//! is meant to last (a larger data set) needs a new check.

use std::collections::VecDeque;

use crate::health::prediction::median_of_sorted;

/// Values whose median stands for now.
const RECENT: usize = 5;
/// Values whose median stands for normal.
const NORMAL: usize = 32;
/// Fewest values that say what is normal.
const NORMAL_MIN: usize = 8;

#[derive(Clone, Debug)]
pub(super) struct Baseline {
    /// A normal value is taken to be at least this, so that noise far below what matters is not multiplied.
    floor: f64,
    recent: VecDeque<f64>,
    normal: VecDeque<f64>,
}

impl Baseline {
    pub(super) fn new(floor: f64) -> Self {
        Baseline { floor, recent: VecDeque::with_capacity(RECENT), normal: VecDeque::with_capacity(NORMAL) }
    }

    /// Takes a value; how many times the normal the recent ones are, once both are known. A value of `bad` times the normal or more is not learned.
    pub(super) fn observe(&mut self, value: f64, bad: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        push(&mut self.recent, RECENT, value);
        let normal = self.normal();
        if normal.is_none_or(|normal| value < bad * normal) {
            push(&mut self.normal, NORMAL, value);
        }
        Some(median(&self.recent) / normal?)
    }

    /// Whether a value by itself is one of those that count as normal.
    pub(super) fn is_usual(&self, value: f64, bad: f64) -> bool {
        value.is_finite() && self.normal().is_none_or(|normal| value < bad * normal)
    }

    /// What is usual, once enough is known.
    fn normal(&self) -> Option<f64> {
        (self.normal.len() >= NORMAL_MIN).then(|| median(&self.normal).max(self.floor))
    }
}

pub(super) fn push<T>(ring: &mut VecDeque<T>, capacity: usize, value: T) {
    if ring.len() == capacity {
        ring.pop_front();
    }
    ring.push_back(value);
}

/// The median of a ring that is not empty.
pub(super) fn median(ring: &VecDeque<f64>) -> f64 {
    let mut sorted: Vec<f64> = ring.iter().copied().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    median_of_sorted(&sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lasting_rise_shows_at_its_third_value_and_is_not_learned() {
        let mut baseline = Baseline::new(0.0);
        for _ in 0..8 {
            assert_eq!(baseline.observe(2.0, 3.0), None);
        }
        let ratios: Vec<_> = (0..50).map(|_| baseline.observe(20.0, 3.0).unwrap()).collect();
        assert_eq!(ratios[..4], [1.0, 1.0, 10.0, 10.0]);
        assert_eq!(ratios[49], 10.0);
    }

    #[test]
    fn a_slow_drift_is_learned_and_the_floor_keeps_small_noise_small() {
        let mut baseline = Baseline::new(0.0);
        let last = (0..400).filter_map(|step| baseline.observe(1.0 + 0.01 * f64::from(step), 3.0)).last();
        assert!(last.unwrap() < 1.1, "{last:?}");
        let mut floored = Baseline::new(1.0);
        let last = (0..20).filter_map(|step| floored.observe(if step < 10 { 0.001 } else { 0.5 }, 3.0)).last();
        assert_eq!(last, Some(0.5));
    }
}
