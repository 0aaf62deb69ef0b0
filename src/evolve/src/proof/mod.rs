//! Is it better, by how much, and how sure are we: the statistics that a claim needs.
//!
//! All tests are *paired*: both candidates met the same seeds, and what counts are the differences. [`bootstrap`] gives intervals without assumptions about their distribution, [`paired`] tests whether they
//! could be chance, [`holm`] corrects for having asked several questions, [`student`] and [`normal`] hold the distributions. Nothing draws numbers but from the generator that it is handed.

pub mod bootstrap;
#[cfg(test)]
mod claims;
pub mod moderated;
pub mod normal;
pub mod paired;
pub mod student;

/// Holm's correction (Scandinavian Journal of Statistics 6, 1979): p-values that may be held against one level although several hypotheses were tested. In the order given.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]).then(a.cmp(&b)));
    let (mut adjusted, mut largest) = (vec![0.0; count], 0.0f64);
    for (rank, &place) in order.iter().enumerate() {
        largest = largest.max((p_values[place] * (count - rank) as f64).min(1.0));
        adjusted[place] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
    #[test]
    fn corrected_values_are_those_of_r() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert!(holm(&[]).is_empty());
    }
}
