//! Could these differences be chance? Tests of paired samples.
//!
//! The sign-flip test asks how often random signs give a mean as far from 0 (Fisher 1935): exact for any symmetric null. Wilcoxon's signed-rank test (Biometrics Bulletin 1, 1945) asks the same of ranks, which
//! outliers cannot move. Both are two-sided.

use super::{normal, student};
use crate::random::Rng;

/// p-value of the sign-flip test of a zero mean: exact up to 16 differences, else from `draws` random flips, itself counted among them so that the p-value is never 0.
pub fn sign_flip(differences: &[f64], draws: usize, rng: &mut Rng) -> f64 {
    let sum = |flips: &[bool]| differences.iter().zip(flips).map(|(d, flip)| if *flip { -d } else { *d }).sum::<f64>();
    flipped(differences.len(), sum, draws, rng)
}

/// p-value of the test that both sides of all pairs are alike, by random swaps within pairs, for any figure of a side: a mean, where it is the sign-flip test, or a tail. Exact up to 16 pairs, as [`sign_flip`].
pub fn swaps(pairs: &[(f64, f64)], figure: impl Fn(&[f64]) -> f64, draws: usize, rng: &mut Rng) -> f64 {
    let apart = |flips: &[bool]| {
        let swapped = pairs.iter().zip(flips).map(|(pair, flip)| if *flip { (pair.1, pair.0) } else { *pair });
        let (first, second): (Vec<f64>, Vec<f64>) = swapped.unzip();
        figure(&first) - figure(&second)
    };
    flipped(pairs.len(), apart, draws, rng)
}

/// How often a figure is as far from 0 as without flips.
fn flipped(count: usize, figure: impl Fn(&[bool]) -> f64, draws: usize, rng: &mut Rng) -> f64 {
    let mut flips = vec![false; count];
    let observed = figure(&flips).abs();
    // Rounding must not make a figure smaller than itself.
    let reaches = |figure: f64| figure.abs() >= observed * (1.0 - 1e-9);
    if count <= 16 {
        let mut hits = 0u32;
        let all = 1u32 << count;
        for bits in 0..all {
            flips.iter_mut().enumerate().for_each(|(place, flip)| *flip = bits >> place & 1 == 1);
            hits += u32::from(reaches(figure(&flips)));
        }
        return f64::from(hits) / f64::from(all);
    }
    let mut hits = 0;
    for _ in 0..draws {
        flips.iter_mut().for_each(|flip| *flip = rng.chance(0.5));
        hits += usize::from(reaches(figure(&flips)));
    }
    (hits + 1) as f64 / (draws + 1) as f64
}

/// p-value of Wilcoxon's signed-rank test; zeros are dropped. Exact up to 30 differences without ties, else by the normal approximation with corrections for ties and continuity.
pub fn wilcoxon(differences: &[f64]) -> f64 {
    let mut kept: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    let count = kept.len();
    if count == 0 {
        return 1.0;
    }
    kept.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let (mut positive, mut ties, mut place) = (0.0, 0.0, 0);
    while place < count {
        let end = place + kept[place..].partition_point(|d| d.abs() <= kept[place].abs());
        let rank = 0.5 * (place + 1 + end) as f64;
        positive += rank * kept[place..end].iter().filter(|d| **d > 0.0).count() as f64;
        let tied = (end - place) as f64;
        ties += tied * tied * tied - tied;
        place = end;
    }
    let n = count as f64;
    let middle = n * (n + 1.0) / 4.0;
    if count <= 30 && ties == 0.0 {
        return exact(count, positive.min(2.0 * middle - positive) as usize);
    }
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    let z = ((positive - middle).abs() - 0.5).max(0.0) / variance.sqrt();
    (2.0 * normal::cdf(-z)).min(1.0)
}

/// Two-sided probability of a rank sum of at most `least`: ways to reach each sum, rank by rank.
fn exact(count: usize, least: usize) -> f64 {
    let total = count * (count + 1) / 2;
    let mut ways = vec![0.0f64; total + 1];
    ways[0] = 1.0;
    for rank in 1..=count {
        for sum in (rank..=total).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let below: f64 = ways[..=least].iter().sum();
    let all: f64 = ways.iter().sum();
    (2.0 * below / all).min(1.0)
}

/// One-sided p-value of the paired t-test that the mean is above 0; 1/2 where the differences do not vary around 0, 0 or 1 where they do not vary at all.
pub fn t_above(differences: &[f64]) -> f64 {
    let n = differences.len() as f64;
    if n < 2.0 {
        return 0.5;
    }
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / (n - 1.0);
    if mean == 0.0 || mean.is_nan() {
        return 0.5;
    }
    student::survival(mean / (variance / n).sqrt(), n - 1.0)
}

/// Chance that `count` paired differences with this mean and deviation give a 95 % interval wholly above 0 (normal approximation): the power of a planned proof.
pub fn power(mean: f64, deviation: f64, count: usize) -> f64 {
    if deviation <= 0.0 {
        return f64::from(u8::from(mean > 0.0));
    }
    normal::cdf(mean / deviation * (count as f64).sqrt() - normal::quantile(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hms_machine::Seed;

    /// Wilcoxon's own example as in R: wilcox.test(x, y, paired = TRUE) on Hollander and Wolfe's depression scores, V = 40, p = 0.03906.
    #[test]
    #[expect(clippy::approx_constant, reason = "3.14 is a score of the published table")]
    fn a_published_example_comes_out() {
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let differences: Vec<f64> = before.iter().zip(after).map(|(a, b)| a - b).collect();
        assert!((wilcoxon(&differences) - 0.039_062_5).abs() < 1e-9);
    }

    #[test]
    fn few_flips_are_counted_out() {
        let mut rng = Rng::new(Seed(1), 0);
        assert_eq!(sign_flip(&[1.0, 2.0, 3.0], 0, &mut rng), 0.25);
        assert_eq!(sign_flip(&[1.0, -1.0], 0, &mut rng), 1.0);
        assert_eq!(swaps(&[(1.0, 0.0), (2.0, 0.0), (4.0, 1.0)], |side| side.iter().sum(), 0, &mut rng), 0.25);
        assert_eq!(wilcoxon(&[1.0, 2.0, 3.0]), 0.25);
        assert_eq!(wilcoxon(&[0.0, 0.0]), 1.0);
    }

    #[test]
    fn a_lighter_tail_is_seen_although_the_means_are_equal() {
        let mut rng = Rng::new(Seed(3), 0);
        let worst = |side: &[f64]| side.iter().copied().fold(f64::MIN, f64::max);
        let mean = |side: &[f64]| side.iter().sum::<f64>();
        // One of four is a disaster on the first side; the second is always a little bad.
        let pairs: Vec<(f64, f64)> = (0..40).map(|k| (if k % 4 == 0 { 4.0 + 0.1 * rng.uniform() } else { 0.0 }, 1.0)).collect();
        let tail = |side: &[f64]| {
            let mut sorted = side.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted[30..].iter().sum::<f64>()
        };
        assert!(swaps(&pairs, tail, 999, &mut rng) < 0.01);
        assert!(swaps(&pairs, mean, 999, &mut rng) > 0.5);
        assert_eq!(swaps(&[(1.0, 1.0); 20], worst, 99, &mut rng), 1.0);
    }

    #[test]
    fn chance_alone_is_rarely_called_an_effect_and_an_effect_often() {
        let mut rng = Rng::new(Seed(2), 0);
        let mut calls = |shift: f64| {
            let mut found = [0u32; 3];
            for _ in 0..400 {
                let sample: Vec<f64> = (0..20).map(|_| rng.normal() + shift).collect();
                let p =
                    [sign_flip(&sample, 199, &mut rng), wilcoxon(&sample), 2.0 * t_above(&sample).min(1.0 - t_above(&sample))];
                found.iter_mut().zip(p).for_each(|(count, p)| *count += u32::from(p <= 0.05));
            }
            found
        };
        // 20 expected of 400; standard error 4.4.
        assert!(calls(0.0).iter().all(|&count| (6..36).contains(&count)));
        assert!(calls(1.0).iter().all(|&count| count > 380));
    }

    #[test]
    fn power_grows_with_the_sample() {
        assert!((power(1.0, 2.0, 31) - 0.795).abs() < 0.01);
        assert!(power(0.0, 1.0, 100) < 0.03 && power(1.0, 0.0, 1) == 1.0);
    }
}
