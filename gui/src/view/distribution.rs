//! Times of many incidents as a distribution: the empirical cumulative distribution with a band of confidence, and a histogram.

/// Corners of the step function that are kept at most: a step of half a percent is about as high as a pixel.
const CORNERS_MAX: usize = 500;

/// Bins of the histogram.
const BINS: usize = 20;

/// A bin of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Values in it.
    pub count: usize,
}

/// Quantile of the normal distribution behind a two-sided confidence of 95 %.
const NORMAL: f64 = 1.959_963_985;

impl Bin {
    /// Where the expected count lies with a confidence of 95 %, if so many values were drawn in all: Wilson's interval of a share (1927), times the values.
    pub fn interval(&self, values: usize) -> (f64, f64) {
        let (count, values) = (self.count as f64, (values as f64).max(1.0));
        let (share, z) = (count / values, NORMAL * NORMAL / values);
        let middle = (share + z / 2.0) / (1.0 + z);
        let half = (share * (1.0 - share) * z + z * z / 4.0).sqrt() / (1.0 + z);
        ((middle - half).max(0.0) * values, (middle + half).min(1.0) * values)
    }
}

/// Times, sorted, and what is drawn of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    sorted: Vec<f64>,
    steps: Vec<[f64; 2]>,
    bins: Vec<Bin>,
}

impl Distribution {
    /// Of these values; what is no number is left out.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Distribution {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        Distribution { steps: steps(&sorted), bins: histogram(&sorted, BINS), sorted }
    }

    /// How many values.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The value below which a share of the values lies (nearest rank).
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let rank = (share * self.len() as f64).ceil() as usize;
        self.sorted.get(rank.clamp(1, self.len().max(1)) - 1).copied()
    }

    /// Corners of the step function: at each value, the share of values up to it. Of very many values every so-manieth is a corner.
    pub fn steps(&self) -> &[[f64; 2]] {
        &self.steps
    }

    /// Counts in bins of equal width from the least to the greatest value.
    pub fn histogram(&self) -> &[Bin] {
        &self.bins
    }

    /// Half the width of the band in which the true distribution lies everywhere with a confidence of 95 %, by the inequality of Dvoretzky, Kiefer and
    /// Wolfowitz with Massart's constant (1990); none without values.
    pub fn band(&self) -> Option<f64> {
        (!self.is_empty()).then(|| ((2.0_f64 / 0.05).ln() / (2.0 * self.len() as f64)).sqrt().min(1.0))
    }
}

fn steps(sorted: &[f64]) -> Vec<[f64; 2]> {
    let stride = (2 * sorted.len()).div_ceil(CORNERS_MAX).max(1);
    let mut points = Vec::new();
    let mut below = 0.0;
    for last in (0..sorted.len()).filter(|place| (place + 1) % stride == 0 || place + 1 == sorted.len()) {
        points.push([sorted[last], below]);
        below = (last + 1) as f64 / sorted.len() as f64;
        points.push([sorted[last], below]);
    }
    points
}

fn histogram(sorted: &[f64], bins: usize) -> Vec<Bin> {
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let width = if high > low { (high - low) / bins as f64 } else { (high.abs() * 0.1).max(1e-6) };
    let bin = |bin: usize| Bin { low: low + bin as f64 * width, high: low + (bin + 1) as f64 * width, count: 0 };
    let mut found: Vec<Bin> = (0..bins).map(bin).collect();
    for value in sorted {
        found[(((value - low) / width) as usize).min(bins - 1)].count += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_steps_up_at_each_value_to_one() {
        let distribution = Distribution::new([3.0, 1.0, f64::NAN, 2.0, 2.0]);
        assert_eq!(distribution.len(), 4);
        assert_eq!(distribution.steps().last(), Some(&[3.0, 1.0]));
        assert_eq!(distribution.steps()[1], [1.0, 0.25]);
        assert_eq!(
            (distribution.quantile(0.5), distribution.quantile(1.0), distribution.quantile(0.0)),
            (Some(2.0), Some(3.0), Some(1.0))
        );
    }

    #[test]
    fn the_band_is_that_of_the_inequality_and_narrows() {
        let of = |count: usize| Distribution::new((0..count).map(|value| value as f64)).band().unwrap();
        assert!((of(100) - 0.135_81).abs() < 1e-4, "{}", of(100));
        assert!(of(1_000) < of(100));
        assert_eq!(Distribution::default().band(), None);
    }

    #[test]
    fn a_histogram_counts_every_value_once() {
        let distribution = Distribution::new((0..1_000).map(f64::from));
        assert_eq!(distribution.histogram().iter().map(|bin| bin.count).sum::<usize>(), 1_000);
        assert_eq!(Distribution::new([5.0; 9]).histogram()[0].count, 9);
        assert_eq!(Distribution::default().histogram(), []);
    }

    #[test]
    fn the_interval_of_a_bin_is_wilsons() {
        let ends = |count: usize, values: usize| Bin { low: 0.0, high: 1.0, count }.interval(values);
        // Of 10 in 100: 0.0552 to 0.1744 (Newcombe 1998, method 3).
        let (low, high) = ends(10, 100);
        assert!((low - 5.52).abs() < 0.01 && (high - 17.44).abs() < 0.01, "{low} {high}");
        let (none, some) = ends(0, 20);
        assert!(none.abs() < 1e-9 && (some - 3.22).abs() < 0.01, "{none} {some}");
        assert_eq!(ends(20, 20).1, 20.0);
    }

    #[test]
    fn of_very_many_values_a_bounded_number_of_corners_is_kept() {
        let distribution = Distribution::new((0..100_000).map(f64::from));
        assert!(distribution.steps().len() <= CORNERS_MAX + 2, "{}", distribution.steps().len());
        assert_eq!(distribution.steps().last(), Some(&[99_999.0, 1.0]));
    }
}
