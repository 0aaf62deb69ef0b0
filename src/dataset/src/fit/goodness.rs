//! How far a fitted distribution is from what was observed.

/// Kolmogorov and Smirnov's test.
///
/// The p-value is that of a distribution fixed *beforehand*. Here the parameters come from the same values, which pulls the
/// curve towards them: the true p-value is smaller, often by a factor of several (Lilliefors 1967). So a small p-value rejects
/// the family, a large one proves little. Ties, and thousands of values, give p-values near zero for any simple family;
/// then compare the statistic itself, or AIC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KolmogorovSmirnov {
    /// Largest distance between the distribution functions, 0..=1.
    pub statistic: f64,
    /// Probability of a distance at least as large, were the model fixed beforehand and true.
    pub p_value: f64,
}

impl KolmogorovSmirnov {
    /// From the model's distribution function at the sorted values.
    pub(super) fn of(cumulative: &[f64]) -> Self {
        let count = cumulative.len() as f64;
        let distances = cumulative.iter().enumerate().map(|(index, value)| {
            let (before, after) = (index as f64 / count, (index + 1) as f64 / count);
            (value - before).max(after - value)
        });
        let statistic = distances.fold(0.0, f64::max);
        KolmogorovSmirnov { statistic, p_value: p_value(statistic, count) }
    }
}

/// The limit distribution with Stephens' correction for a finite count (Stephens 1970), good to two digits from 5 values on.
fn p_value(statistic: f64, count: f64) -> f64 {
    let root = libm::sqrt(count);
    let lambda = (root + 0.12 + 0.11 / root) * statistic;
    if lambda < 0.3 {
        return 1.0;
    }
    let mut sum = 0.0;
    let mut sign = 1.0;
    for term in 1..=100u32 {
        let term = f64::from(term) * lambda;
        let addend = libm::exp(-2.0 * term * term);
        sum += sign * addend;
        sign = -sign;
        if addend < 1e-17 {
            break;
        }
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

/// Anderson and Darling's A² (1954) from the model's distribution function at the sorted values.
///
/// Probabilities that rounded to 0 or 1 count as the nearest ones that did not, so the result is finite.
pub(super) fn anderson_darling(cumulative: &[f64]) -> f64 {
    let count = cumulative.len();
    let inside = |value: f64| value.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0);
    let sum: f64 = (0..count)
        .map(|index| {
            let below = libm::log(inside(cumulative[index]));
            let above = libm::log1p(-inside(cumulative[count - 1 - index]));
            (2 * index + 1) as f64 * (below + above)
        })
        .sum();
    -(count as f64) - sum / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_p_value_follows_the_published_critical_values() {
        // Kolmogorov's limit: 10 %, 5 % and 1 % at 1.224, 1.358 and 1.628.
        for (lambda, p) in [(1.224, 0.10), (1.358, 0.05), (1.628, 0.01)] {
            let count = 1e8;
            let found = p_value(lambda / libm::sqrt(count), count);
            assert!((found - p).abs() < 5e-4, "{lambda}: {found}");
        }
        assert_eq!(p_value(0.0, 10.0), 1.0);
    }

    #[test]
    fn the_statistic_is_the_largest_step_between_the_curves() {
        let test = KolmogorovSmirnov::of(&[0.1, 0.2, 0.9]);
        assert!((test.statistic - (2.0 / 3.0 - 0.2)).abs() < 1e-15, "{}", test.statistic);
    }

    #[test]
    fn anderson_darling_of_an_even_sample_is_small_and_of_a_shifted_one_large() {
        let even: Vec<f64> = (0..100).map(|index| (f64::from(index) + 0.5) / 100.0).collect();
        let shifted: Vec<f64> = even.iter().map(|value| 0.5 * value).collect();
        assert!(anderson_darling(&even) < 0.05);
        assert!(anderson_darling(&shifted) > 20.0);
        assert!(anderson_darling(&[0.0, 0.5, 1.0]).is_finite());
    }
}
