//! Times of many incidents as a distribution: the empirical cumulative distribution with a band of confidence, and a histogram.

/// Times, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    sorted: Vec<f64>,
}

impl Distribution {
    /// Of these values; what is no number is left out.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Distribution {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        Distribution { sorted }
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

    /// Corners of the step function: at each value, the share of values up to it.
    pub fn steps(&self) -> Vec<[f64; 2]> {
        let count = self.len() as f64;
        let mut points = Vec::with_capacity(2 * self.len() + 1);
        let mut below = 0.0;
        for (place, value) in self.sorted.iter().enumerate() {
            points.push([*value, below]);
            below = (place + 1) as f64 / count;
            points.push([*value, below]);
        }
        points
    }

    /// Half the width of the band in which the true distribution lies everywhere with a confidence of 95 %, by the inequality of Dvoretzky, Kiefer and
    /// Wolfowitz with Massart's constant (1990); none without values.
    pub fn band(&self) -> Option<f64> {
        (!self.is_empty()).then(|| ((2.0_f64 / 0.05).ln() / (2.0 * self.len() as f64)).sqrt().min(1.0))
    }

    /// Counts in `bins` of equal width from the least to the greatest value: middle, width and count of each.
    pub fn histogram(&self, bins: usize) -> Vec<(f64, f64, usize)> {
        let (Some(low), Some(high)) = (self.sorted.first(), self.sorted.last()) else { return Vec::new() };
        let width = if high > low { (high - low) / bins as f64 } else { (high.abs() * 0.1).max(1e-6) };
        let mut counts = vec![0; bins];
        for value in &self.sorted {
            counts[(((value - low) / width) as usize).min(bins - 1)] += 1;
        }
        counts.into_iter().enumerate().map(|(bin, count)| (low + (bin as f64 + 0.5) * width, width, count)).collect()
    }
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
        assert_eq!((distribution.quantile(0.5), distribution.quantile(1.0), distribution.quantile(0.0)), (Some(2.0), Some(3.0), Some(1.0)));
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
        let bins = distribution.histogram(7);
        assert_eq!(bins.iter().map(|bin| bin.2).sum::<usize>(), 1_000);
        assert_eq!(Distribution::new([5.0; 9]).histogram(4)[0].2, 9);
        assert_eq!(Distribution::default().histogram(4), []);
    }
}
