//! From many results of one candidate to one objective or one constraint.
//!
//! Means answer questions about many days, tails about the bad one. A [`Aggregate`] is what is minimised; a [`ChanceConstraint`] says how often a limit must hold.

use serde::{Deserialize, Serialize};

/// How the results of a candidate become its objective. Larger results are worse.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Aggregate {
    /// The average.
    Mean,
    /// The largest.
    Worst,
    /// The result that this share of results (0..=1) does not exceed, interpolated between neighbours (Hyndman and Fan 1996, type 7).
    Quantile(f64),
    /// Conditional value at risk: the mean of the worst share (above 0, up to 1) of results, the border result counted in part (Rockafellar and Uryasev 2002, eq. 25).
    TailMean(f64),
}

/// A limit that must hold with a probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChanceConstraint {
    /// What a result may be at most.
    pub limit: f64,
    /// With which probability (0..=1).
    pub probability: f64,
}

impl Aggregate {
    /// The objective; NaN without results, or when one is NaN, which makes the evaluation a failure.
    pub fn of(self, results: &[f64]) -> f64 {
        if results.is_empty() || results.iter().any(|result| result.is_nan()) {
            return f64::NAN;
        }
        let mut sorted = results.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        match self {
            // In the order of seeds, so that the same results give the same bits.
            Aggregate::Mean => results.iter().sum::<f64>() / count as f64,
            Aggregate::Worst => sorted[count - 1],
            Aggregate::Quantile(share) => {
                let place = share.clamp(0.0, 1.0) * (count - 1) as f64;
                let (below, part) = (place as usize, place - place.trunc());
                let above = (below + 1).min(count - 1);
                if part == 0.0 { sorted[below] } else { sorted[below] + part * (sorted[above] - sorted[below]) }
            }
            Aggregate::TailMean(share) => {
                let mass = (share * count as f64).clamp(f64::MIN_POSITIVE, count as f64);
                let (mut left, mut sum) = (mass, 0.0);
                for result in sorted.iter().rev() {
                    let part = left.min(1.0);
                    sum += part * result;
                    left -= part;
                    if left <= 0.0 {
                        break;
                    }
                }
                sum / mass
            }
        }
    }
}

impl ChanceConstraint {
    /// By how much the limit is missed at the wanted probability: 0 or less where it holds.
    pub fn violation(self, results: &[f64]) -> f64 {
        if results.is_empty() || results.iter().any(|result| result.is_nan()) {
            return f64::NAN;
        }
        // The least result that is not exceeded often enough; without interpolation, which would let a rare disaster be averaged away.
        let mut sorted = results.to_vec();
        sorted.sort_by(f64::total_cmp);
        let needed = (self.probability.clamp(0.0, 1.0) * sorted.len() as f64 - 1e-9).ceil() as usize;
        sorted[needed.clamp(1, sorted.len()) - 1] - self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULTS: [f64; 5] = [3.0, 1.0, 10.0, 2.0, 4.0];

    #[test]
    fn aggregates_have_their_hand_computed_values() {
        assert_eq!(Aggregate::Mean.of(&RESULTS), 4.0);
        assert_eq!(Aggregate::Worst.of(&RESULTS), 10.0);
        assert_eq!(Aggregate::Quantile(0.5).of(&RESULTS), 3.0);
        assert_eq!(Aggregate::Quantile(0.875).of(&RESULTS), 7.0);
        assert_eq!(Aggregate::TailMean(0.4).of(&RESULTS), 7.0);
        assert_eq!(Aggregate::TailMean(0.3).of(&RESULTS), (10.0 + 0.5 * 4.0) / 1.5);
        assert_eq!(Aggregate::TailMean(1.0).of(&RESULTS), 4.0);
        assert!(Aggregate::Mean.of(&[]).is_nan() && Aggregate::Worst.of(&[1.0, f64::NAN]).is_nan());
    }

    #[test]
    fn a_limit_may_be_missed_as_often_as_allowed() {
        let holds = |probability| ChanceConstraint { limit: 5.0, probability }.violation(&RESULTS) <= 0.0;
        assert!(holds(0.8) && !holds(0.81) && !holds(1.0));
        assert_eq!(ChanceConstraint { limit: 5.0, probability: 1.0 }.violation(&RESULTS), 5.0);
    }
}
