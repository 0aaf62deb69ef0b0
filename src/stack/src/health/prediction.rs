//! When a resource will be used up, from the trend of its readings.
//!
//! Picture a ruler laid through the last points: its slope is the median of the slopes of all pairs (Theil 1950, Sen 1968), so that up to 29 % of
//! wild points do not move it. Whether there is a trend at all is asked first, by the rank test of Mann (1945) and Kendall (1975) with Kendall's
//! correction for ties. The interval of the slope is Sen's (1968, §4). Contract: bounded memory, `O(window²)` a question,
//! no prediction for a flat, falling or too short series, and none from values that are not finite.

use std::collections::VecDeque;

use hms_machine::{Duration, Instant};

use crate::tunables::{hours, mins, ms, parameters, secs};

parameters! {
    /// Parameters of the prediction of exhaustion.
    pub struct PredictionConfiguration("prediction") {
        enabled: bool = switch(true),
            "Predicts when memory, handles and disks will be used up; off: only their levels are looked at.";
        window: u32 = integer(5, 64, 8),
            "Number of readings in which a trend is looked for. More: surer, later; the cost grows with the square.";
        confidence: f64 = real(1.0, 5.0, 2.0),
            "Standard errors by which the rank statistic of a trend must exceed chance (2: about 1 in 44 in each direction). Higher: fewer false trends, later.";
        horizon: Duration = duration(ms(1_000), hours(720), secs(60)),
            "A resource that will be used up within this time is reported. Longer: slower leaks are found, more false alarms by passing growth.";
        far: bool = switch(true),
            "Looks for slow leaks as well, which are told and not yet acted upon; off: a leak is told within the horizon.";
        far_every: u32 = integer(1, 1_000, 3),
            "Every so many readings one is looked at for slow leaks.";
        far_window: u32 = integer(5, 64, 12),
            "Number of these in which a slow trend is looked for.";
        far_confidence: f64 = real(1.0, 8.0, 4.0),
            "Standard errors by which a slow trend must exceed chance (4: about 1 in 30,000). Windows of 12 reach 4.5 at most.";
        far_horizon: Duration = duration(ms(1_000), hours(720), mins(15)),
            "A resource that a slow leak will use up within this time is told.";
    }
}

/// Looks for a trend in the last readings of one resource.
#[derive(Clone, Debug)]
pub struct Predictor {
    window: usize,
    confidence: f64,
    points: VecDeque<(Instant, f64)>,
}

/// A trend that is not chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Growth per second: the median of the slopes of all pairs.
    pub slope: f64,
    /// Lower end of the slope's interval.
    pub slope_low: f64,
    /// Upper end of the slope's interval.
    pub slope_high: f64,
    /// Where the line stands at the last reading.
    pub level: f64,
    /// The last reading's instant.
    pub at: Instant,
}

/// When a resource will be used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhaustion {
    /// At the trend's slope.
    pub at: Instant,
    /// At the upper end of its interval.
    pub earliest: Instant,
    /// At the lower end; `None` if that is no growth.
    pub latest: Option<Instant>,
}

impl Predictor {
    /// A predictor without readings.
    pub fn new(configuration: &PredictionConfiguration) -> Self {
        let window = configuration.window.max(5) as usize;
        Predictor { window, confidence: configuration.confidence, points: VecDeque::with_capacity(window) }
    }

    /// A predictor of slow trends without readings.
    pub fn far(configuration: &PredictionConfiguration) -> Self {
        let (window, confidence) = (configuration.far_window, configuration.far_confidence);
        Predictor::new(&PredictionConfiguration { window, confidence, ..*configuration })
    }

    /// Takes a reading. One that is not finite, or is older than the last one, is left out.
    pub fn observe(&mut self, value: f64, at: Instant) {
        if !value.is_finite() || self.points.back().is_some_and(|(last, _)| *last > at) {
            return;
        }
        if self.points.len() == self.window {
            self.points.pop_front();
        }
        self.points.push_back((at, value));
    }

    /// The trend of the last readings, rising or falling, if there is one.
    pub fn trend(&self) -> Option<Trend> {
        let (last, _) = *self.points.back()?;
        // What stays as it is has no trend; most resources do, most of the time.
        if self.points.len() < 5 || self.points.iter().all(|(_, value)| *value == self.points[0].1) {
            return None;
        }
        // Seconds before the last reading: small numbers, whatever the time of the run.
        let points: Vec<(f64, f64)> =
            self.points.iter().map(|(at, value)| (-last.saturating_since(*at).as_secs_f64(), *value)).collect();
        let deviation = rank_deviation(&points);
        let sum = rank_sum(&points);
        if deviation <= 0.0 || (sum.abs() - 1.0) / deviation < self.confidence {
            return None;
        }
        let mut slopes: Vec<f64> =
            pairs(&points).filter(|((x, _), (y, _))| y > x).map(|((x, a), (y, b))| (b - a) / (y - x)).collect();
        slopes.sort_unstable_by(f64::total_cmp);
        let count = slopes.len();
        if count == 0 {
            return None;
        }
        // Sen's interval: the pairs' slopes by rank, as far from the middle as the rank statistic may be by chance.
        let reach = self.confidence * deviation;
        let low = ((count as f64 - reach) / 2.0).max(0.0) as usize;
        let high = (((count as f64 + reach) / 2.0) as usize).min(count - 1);
        let slope = median_of_sorted(&slopes);
        let mut levels: Vec<f64> = points.iter().map(|(x, value)| value - slope * x).collect();
        levels.sort_unstable_by(f64::total_cmp);
        let level = median_of_sorted(&levels);
        Some(Trend { slope, slope_low: slopes[low.min(count - 1)], slope_high: slopes[high], level, at: last })
    }

    /// When the resource reaches `limit` if it goes on growing as it does; `None` if it does not grow.
    pub fn exhaustion(&self, limit: f64) -> Option<Exhaustion> {
        let trend = self.trend().filter(|trend| trend.slope > 0.0)?;
        let left = (limit - trend.level).max(0.0);
        let reached = |slope: f64| trend.at.saturating_add(Duration::from_secs_f64(left / slope));
        Some(Exhaustion {
            at: reached(trend.slope),
            earliest: reached(trend.slope_high.max(trend.slope)),
            latest: (trend.slope_low > 0.0).then(|| reached(trend.slope_low)),
        })
    }
}

fn pairs(points: &[(f64, f64)]) -> impl Iterator<Item = ((f64, f64), (f64, f64))> + '_ {
    points.iter().enumerate().flat_map(|(index, first)| points[index + 1..].iter().map(|second| (*first, *second)))
}

/// Mann and Kendall's S: pairs that rise less pairs that fall.
fn rank_sum(points: &[(f64, f64)]) -> f64 {
    pairs(points).map(|((_, a), (_, b))| if b > a { 1.0 } else { f64::from(-i8::from(b < a)) }).sum()
}

/// Standard deviation of S where there is no trend, with the correction for ties (Kendall 1975, eq. 4.9 squared).
fn rank_deviation(points: &[(f64, f64)]) -> f64 {
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    values.sort_unstable_by(f64::total_cmp);
    let ties: f64 = values.chunk_by(|a, b| a == b).map(|equal| term(equal.len() as f64)).sum();
    ((term(values.len() as f64) - ties) / 18.0).sqrt()
}

/// The median of a sorted, non-empty slice.
pub(super) fn median_of_sorted(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Seed, Streams};
    use proptest::prelude::*;

    use super::*;

    const STEP: u64 = 200_000_000;

    fn at(step: u64) -> Instant {
        Instant::from_nanos(1_000_000_000_000 + step * STEP)
    }

    fn predictor(window: u32) -> Predictor {
        Predictor::new(&PredictionConfiguration { window, ..PredictionConfiguration::default() })
    }

    fn fed(window: u32, values: impl IntoIterator<Item = f64>) -> Predictor {
        let mut predictor = predictor(window);
        for (step, value) in values.into_iter().enumerate() {
            predictor.observe(value, at(step as u64));
        }
        predictor
    }

    #[test]
    fn a_straight_line_is_followed_to_its_end() {
        let predictor = fed(8, (0..8).map(|step| 0.2 + 0.01 * f64::from(step)));
        let exhaustion = predictor.exhaustion(1.0).unwrap();
        // 0.73 are left at 0.05 a second: 14.6 s after the last reading.
        let left = exhaustion.at.saturating_since(at(7)).as_secs_f64();
        assert!((left - 14.6).abs() < 1e-6, "{left}");
        assert!(exhaustion.earliest <= exhaustion.at && exhaustion.latest.unwrap() >= exhaustion.at);
    }

    #[test]
    fn flat_falling_short_and_strange_series_have_no_exhaustion() {
        let series: [&[f64]; 5] = [
            &[0.5; 8],
            &[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2],
            &[0.1, 0.2, 0.3, 0.4],
            &[0.5, 0.5, 0.5, 0.9, 0.5, 0.5, 0.5, 0.5],
            &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f64::NAN, f64::NAN],
        ];
        for values in series {
            assert_eq!(fed(8, values.iter().copied()).exhaustion(1.0), None, "{values:?}");
        }
    }

    #[test]
    fn what_is_used_up_already_is_used_up_now() {
        let predictor = fed(8, (0..8).map(|step| 1.0 + 0.1 * f64::from(step)));
        assert_eq!(predictor.exhaustion(1.0).unwrap().at, at(7));
    }

    #[test]
    fn two_wild_points_of_eight_do_not_move_the_slope_much() {
        let values = [0.10, 0.11, 0.9, 0.13, 0.14, 0.15, 0.0, 0.17, 0.18, 0.19, 0.20, 0.21];
        let trend = fed(12, values).trend().unwrap();
        assert!((trend.slope - 0.05).abs() < 0.01, "{trend:?}");
    }

    #[test]
    fn a_leak_that_begins_in_a_flat_window_is_found_at_its_fourth_reading() {
        let values = (0..20).map(|step| if step < 10 { 0.4 } else { 0.4 + 0.01 * f64::from(step - 9) });
        let mut predictor = predictor(8);
        let found = values.enumerate().find_map(|(step, value)| {
            predictor.observe(value, at(step as u64));
            predictor.exhaustion(1.0).map(|_| step)
        });
        assert_eq!(found, Some(12), "readings 10, 11 and 12 have grown");
    }

    #[test]
    fn a_flat_noisy_series_is_rarely_taken_for_a_trend() {
        let streams = Streams::new(Seed(11));
        let mut predictor = predictor(8);
        let trends = (0..20_000).filter(|step| {
            let mut draw = streams.draw(Purpose::named("test/prediction"), 0, *step);
            predictor.observe(0.5 + 0.01 * draw.uniform(), at(*step));
            predictor.trend().is_some()
        });
        // 1 in 44 in both directions would be 910; the normal approximation is on the careful side for eight points.
        let trends = trends.count();
        assert!((400..=910).contains(&trends), "{trends}");
    }

    proptest! {
        #[test]
        fn a_noisy_ramp_is_predicted_within_a_fifth_of_the_time_that_is_left(
            start in 0.0f64..0.4, per_step in 0.002f64..0.01, seed in 0u64..1_000,
        ) {
            let streams = Streams::new(Seed(seed));
            // Noise of up to half a step's growth to either side.
            let predictor = fed(16, (0..16).map(|step| {
                let noise = streams.draw(Purpose::named("test/prediction"), 1, step).uniform() - 0.5;
                start + per_step * (step as f64 + noise)
            }));
            let truth = (1.0 - start) / per_step - 15.0;
            let left = predictor.exhaustion(1.0).unwrap().at.saturating_since(at(15)).as_secs_f64() / 0.2;
            prop_assert!((left - truth).abs() <= 0.2 * truth, "{left} steps, in truth {truth}");
        }

        #[test]
        fn the_prediction_does_not_depend_on_unit_or_time_of_start(start in 0u64..1_000_000, scale in 0.1f64..1e9) {
            let mut shifted = predictor(8);
            for step in 0..8 {
                shifted.observe(scale * step as f64, at(start + step));
            }
            let left = shifted.exhaustion(scale * 27.0).unwrap().at.saturating_since(at(start + 7)).as_secs_f64();
            prop_assert!((left - 4.0).abs() < 1e-6, "{left}");
        }
    }
}
