//! A series at every level of detail: whatever is looked at, the number of points to draw is bounded by the pixels.
//!
//! Picture a pyramid of summaries: its lowest floor holds the series, each floor above the least and greatest value of every pair below. A view takes
//! the floor on which a step is about as wide as a pixel, so a spike of one sample is seen however far one has zoomed out.

use std::sync::Arc;

/// A series over increasing times, with its summaries.
#[derive(Clone, Debug, Default)]
pub struct Pyramid {
    /// Series of one run share them.
    times: Arc<[f64]>,
    values: Vec<f64>,
    /// Least and greatest value of 2, 4, 8 … samples.
    floors: Vec<Vec<(f32, f32)>>,
}

impl Pyramid {
    /// Summarizes a series; NaN is a gap. Takes as much space again as its values.
    ///
    /// # Panics
    /// If there is not one time for each value.
    pub fn new(times: Arc<[f64]>, values: Vec<f64>) -> Pyramid {
        assert_eq!(times.len(), values.len(), "a time for each value");
        // `min` and `max` of floats ignore NaN as long as the other side is a number.
        let pair = |pair: &[f64]| {
            let (one, other) = (pair[0] as f32, pair[pair.len() - 1] as f32);
            (one.min(other), one.max(other))
        };
        let joined = |pair: &[(f32, f32)]| {
            let (one, other) = (pair[0], pair[pair.len() - 1]);
            (one.0.min(other.0), one.1.max(other.1))
        };
        let mut floors: Vec<Vec<(f32, f32)>> = Vec::new();
        if values.len() > 1 {
            floors.push(values.chunks(2).map(pair).collect());
        }
        while let Some(below) = floors.last().filter(|below| below.len() > 1) {
            let above = below.chunks(2).map(joined).collect();
            floors.push(above);
        }
        Pyramid { times, values, floors }
    }

    /// Samples.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Bytes of its tables, without the times that series share.
    pub fn memory(&self) -> usize {
        let floors: usize = self.floors.iter().map(|floor| size_of_val(&floor[..])).sum();
        size_of_val(&self.values[..]) + floors
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Time of the first and of the last sample.
    pub fn range(&self) -> Option<(f64, f64)> {
        Some((*self.times.first()?, *self.times.last()?))
    }

    /// The curve between two times for a view of so many pixels: at most about two points a pixel, the neighbours outside included.
    pub fn visible(&self, from: f64, until: f64, pixels: usize) -> Vec<[f64; 2]> {
        let first = self.times.partition_point(|time| *time < from).saturating_sub(1);
        let last = (self.times.partition_point(|time| *time <= until) + 1).min(self.len());
        let count = last.saturating_sub(first);
        let step = count.div_ceil(pixels.max(1)).next_power_of_two();
        if step <= 1 {
            return (first..last).map(|place| [self.times[place], self.values[place]]).collect();
        }
        let floor = &self.floors[step.trailing_zeros() as usize - 1];
        let mut points = Vec::with_capacity(2 * (count / step + 2));
        let floors = first / step..=(last - 1) / step;
        for (place, (low, high)) in floors.clone().zip(&floor[floors]) {
            let time = self.times[place * step];
            points.push([time, f64::from(*low)]);
            if low < high {
                points.push([time, f64::from(*high)]);
            }
        }
        points
    }

    /// The greatest value, for the bounds of a view; none without numbers.
    pub fn highest(&self) -> Option<f64> {
        let top = self.floors.last().and_then(|floor| floor.first()).map(|(_, high)| f64::from(*high));
        top.or_else(|| self.values.first().copied()).filter(|value| value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(count: usize) -> Pyramid {
        let values = (0..count).map(|place| if place == 123_456 { 1_000.0 } else { (place % 17) as f64 }).collect();
        Pyramid::new((0..count).map(|place| place as f64).collect::<Arc<[f64]>>(), values)
    }

    #[test]
    fn a_million_points_are_drawn_with_a_few_a_pixel_and_the_spike_is_kept() {
        let pyramid = noisy(1_000_000);
        let points = pyramid.visible(0.0, 1e6, 800);
        assert!(points.len() <= 2 * 800 + 8, "{}", points.len());
        assert!(points.iter().any(|point| point[1] == 1_000.0));
        assert_eq!(pyramid.highest(), Some(1_000.0));
    }

    #[test]
    fn close_up_every_sample_is_there_with_a_neighbour_on_each_side() {
        let points = noisy(1_000).visible(10.0, 20.0, 800);
        assert_eq!((points[0][0], points[points.len() - 1][0]), (9.0, 21.0));
        assert_eq!(points.len(), 13);
    }

    #[test]
    fn an_empty_series_shows_nothing_and_gaps_do_no_harm() {
        assert_eq!(Pyramid::default().visible(0.0, 1.0, 10), Vec::<[f64; 2]>::new());
        let gap = Pyramid::new([0.0, 1.0, 2.0].into(), vec![f64::NAN, 5.0, f64::NAN]);
        assert_eq!(gap.highest(), Some(5.0));
        assert_eq!(gap.visible(-5.0, 50.0, 1)[0], [0.0, 5.0]);
    }
}
