//! Distance from the median of the last readings in median absolute deviations (Hampel 1974; Iglewicz and Hoaglin 1993, modified z-score).
//!
//! Up to half the window may be wild without moving the measure. Memory: the window, once in order of arrival and once sorted.

use std::collections::VecDeque;

use super::AnomalyConfiguration;
use crate::health::prediction::median_of_sorted;

/// The median absolute deviation of normal data, in standard deviations.
const NORMAL: f64 = 0.674_489_750_196_081_7;
/// A deviation is at least this share of the median's magnitude: most readings of a quiet series are equal.
const DEVIATION_MIN: f64 = 0.005;
/// Where more than half of the readings are equal, the mean absolute deviation stands in (Iglewicz and Hoaglin): that of normal data, in standard
/// deviations.
const NORMAL_MEAN: f64 = 0.797_884_560_802_865_4;

#[derive(Clone, Debug)]
pub(super) struct Deviation {
    limit: f64,
    window: usize,
    arrived: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl Deviation {
    pub(super) fn new(configuration: &AnomalyConfiguration) -> Self {
        let AnomalyConfiguration { deviation_window, deviation_limit: limit, .. } = *configuration;
        Deviation { limit, window: deviation_window.max(5) as usize, arrived: VecDeque::new(), sorted: Vec::new() }
    }

    /// How far the value is from the median of those before it, in limits; zero until the window is full.
    pub(super) fn observe(&mut self, value: f64) -> f64 {
        let mut score = 0.0;
        if self.arrived.len() == self.window {
            let median = median_of_sorted(&self.sorted);
            let spread = self.spread(median).max(DEVIATION_MIN * median.abs()).max(f64::MIN_POSITIVE);
            score = (value - median).abs() / (self.limit * spread);
            if let Some(oldest) = self.arrived.pop_front() {
                let place = self.sorted.partition_point(|known| *known < oldest);
                self.sorted.remove(place);
            }
        }
        let place = self.sorted.partition_point(|known| *known < value);
        self.sorted.insert(place, value);
        self.arrived.push_back(value);
        score
    }

    /// Standard deviation by the median of absolute deviations. Deviations grow to both ends of the sorted window, so the median is found from the
    /// middle outwards without sorting them.
    fn spread(&self, median: f64) -> f64 {
        let (mut left, mut right) = (self.sorted.partition_point(|known| *known < median), 0);
        right += left;
        let mut last = 0.0;
        for _ in 0..self.sorted.len() / 2 + 1 {
            let below = left.checked_sub(1).map_or(f64::INFINITY, |place| median - self.sorted[place]);
            let above = self.sorted.get(right).map_or(f64::INFINITY, |value| value - median);
            if below < above {
                left -= 1;
                last = below;
            } else {
                right += 1;
                last = above;
            }
        }
        if last > 0.0 {
            return last / NORMAL;
        }
        let mean = self.sorted.iter().map(|value| (value - median).abs()).sum::<f64>() / self.sorted.len() as f64;
        mean / NORMAL_MEAN
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_spread_is_that_of_sorting_all_deviations(values in prop::collection::vec(-100.0f64..100.0, 61..100)) {
            let configuration = AnomalyConfiguration::default();
            let mut deviation = Deviation::new(&configuration);
            for value in &values {
                deviation.observe(*value);
            }
            let mut last: Vec<f64> = values[values.len() - 61..].to_vec();
            last.sort_unstable_by(f64::total_cmp);
            prop_assert_eq!(&deviation.sorted, &last);
            let median = median_of_sorted(&last);
            let mut deviations: Vec<f64> = last.iter().map(|value| (value - median).abs()).collect();
            deviations.sort_unstable_by(f64::total_cmp);
            prop_assert!((deviation.spread(median) - median_of_sorted(&deviations) / NORMAL).abs() < 1e-9);
        }
    }
}
