//! Optimal computing budget allocation.
//!
//! Chen, Lin, Yücesan and Chick, "Simulation budget allocation for further enhancing the efficiency of ordinal optimization", Discrete Event Dynamic Systems 10 (2000): runs go where a wrong choice of
//! the best is likeliest, in proportion to (deviation / distance to the best)².

/// How `budget` further runs are divided among candidates with these means and deviations (smaller means are better), given how many each has had. Whole numbers that add up to `budget`.
pub fn ocba(means: &[f64], deviations: &[f64], had: &[u64], budget: u64) -> Vec<u64> {
    let count = means.len();
    let better = |best: usize, other: usize| if means[other] < means[best] { other } else { best };
    let Some(best) = (0..count).reduce(better) else { return Vec::new() };
    let spread = deviations.iter().copied().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let mut shares = vec![0.0; count];
    for candidate in (0..count).filter(|&candidate| candidate != best) {
        // Ties are as hard as a hundredth of the noise.
        let apart = (means[candidate] - means[best]).max(0.01 * spread);
        let ratio = deviations[candidate].max(1e-3 * spread) / apart;
        shares[candidate] = ratio * ratio;
    }
    let noise = |candidate: usize| deviations[candidate].max(1e-3 * spread);
    let sum: f64 = (0..count).map(|c| (shares[c] / noise(c)) * (shares[c] / noise(c))).sum();
    shares[best] = if count > 1 { deviations[best].max(1e-3 * spread) * sum.sqrt() } else { 1.0 };
    // What each should have had in the end, less what it has had; never less than nothing.
    let total: f64 = shares.iter().sum();
    let all = had.iter().sum::<u64>() + budget;
    let wanted: Vec<f64> = (0..count).map(|c| (shares[c] / total * all as f64 - had[c] as f64).max(0.0)).collect();
    largest_remainders(&wanted, budget)
}

/// Whole numbers in proportion to `wanted` that add up to `total` (Hamilton's rule).
fn largest_remainders(wanted: &[f64], total: u64) -> Vec<u64> {
    let sum: f64 = wanted.iter().sum();
    let even = 1.0 / wanted.len() as f64;
    let exact: Vec<f64> = wanted.iter().map(|w| total as f64 * if sum > 0.0 { w / sum } else { even }).collect();
    let mut given: Vec<u64> = exact.iter().map(|share| share.floor() as u64).collect();
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| (exact[b] - exact[b].floor()).total_cmp(&(exact[a] - exact[a].floor())).then(a.cmp(&b)));
    let missing = total.saturating_sub(given.iter().sum());
    for place in 0..missing as usize {
        given[order[place % order.len()]] += 1;
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_go_to_the_best_and_its_rivals() {
        let given = ocba(&[1.0, 1.2, 5.0, 9.0], &[1.0; 4], &[5; 4], 100);
        assert_eq!(given.iter().sum::<u64>(), 100);
        assert!(given[0] > 30 && given[1] > 30 && given[2] < 5 && given[3] < 5, "{given:?}");
    }

    #[test]
    fn degenerate_questions_have_answers() {
        assert_eq!(ocba(&[], &[], &[], 10), Vec::<u64>::new());
        assert_eq!(ocba(&[1.0], &[1.0], &[3], 10), [10]);
        assert_eq!(ocba(&[1.0, 1.0], &[0.0, 0.0], &[2, 2], 10).iter().sum::<u64>(), 10);
    }
}
