//! Two windows, the last readings and those before, compared by rank (Mann and Whitney 1947; as a detector of change in streams: Kifer, Ben-David and Gehrke 2004).
//!
//! No distribution is assumed. With many readings any difference becomes significant, so the medians must also differ by a multiple of the
//! usual deviation. A change is told once: then both windows start anew. Cost: O(window log window) a reading.

use std::collections::VecDeque;

use super::AnomalyConfiguration;
use crate::health::prediction::median_of_sorted;

/// Least difference of the medians, in median absolute deviations of the older window: readings of one process seldom differ by this.
const EFFECT_MIN: f64 = 3.0;
/// Least difference of the medians, as a share of the older one.
const SHARE_MIN: f64 = 0.02;

#[derive(Clone, Debug)]
pub(super) struct ChangePoint {
    limit: f64,
    window: usize,
    /// Older window first.
    values: VecDeque<f64>,
}

impl ChangePoint {
    pub(super) fn new(configuration: &AnomalyConfiguration) -> Self {
        let AnomalyConfiguration { change_window, change_limit: limit, .. } = *configuration;
        ChangePoint { limit, window: change_window.max(2) as usize, values: VecDeque::new() }
    }

    /// The rank statistic, in limits; zero until both windows are full, and where the medians differ too little.
    pub(super) fn observe(&mut self, value: f64) -> f64 {
        if self.values.len() == 2 * self.window {
            self.values.pop_front();
        }
        self.values.push_back(value);
        if self.values.len() < 2 * self.window {
            return 0.0;
        }
        let score = self.statistic() / self.limit;
        if score < 1.0 {
            return score;
        }
        if !self.matters() {
            return 0.0;
        }
        self.values.clear();
        score
    }

    /// |z| of the rank sum, with the correction for ties.
    fn statistic(&self) -> f64 {
        let mut ranked: Vec<(f64, bool)> =
            self.values.iter().enumerate().map(|(place, value)| (*value, place >= self.window)).collect();
        ranked.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
        let (mut rank, mut newer, mut ties) = (0.0, 0.0, 0.0);
        for equal in ranked.chunk_by(|(a, _), (b, _)| a == b) {
            let count = equal.len() as f64;
            newer += (rank + (count + 1.0) / 2.0) * equal.iter().filter(|(_, newer)| *newer).count() as f64;
            rank += count;
            ties += count * count * count - count;
        }
        let (n, all) = (self.window as f64, 2.0 * self.window as f64);
        let variance = n * n / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)));
        if variance > 0.0 { (newer - n * (all + 1.0) / 2.0).abs() / variance.sqrt() } else { 0.0 }
    }

    fn matters(&self) -> bool {
        let sorted = |values: Vec<f64>| {
            let mut values = values;
            values.sort_unstable_by(f64::total_cmp);
            values
        };
        let older = sorted(self.values.iter().take(self.window).copied().collect());
        let newer = sorted(self.values.iter().skip(self.window).copied().collect());
        let median = median_of_sorted(&older);
        let deviation = median_of_sorted(&sorted(older.iter().map(|value| (value - median).abs()).collect()));
        let least = (EFFECT_MIN * deviation).max(SHARE_MIN * median.abs());
        (median_of_sorted(&newer) - median).abs() > least
    }
}
