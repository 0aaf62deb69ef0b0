//! How much of the worlds' chance a change of one gene shares with the base.
//!
//! Two configurations that meet the same world differ by what they do, and by the chance that they do not share: the k-th message of a link is as late as it was, but after one message more it is another. The variance of the difference
//! over seeds, as a share of the sum of both variances, says how much that is: 1 without shared worlds. One-gene mutants are the fair probe, since they do almost the same. A gene with a high share is one whose effect
//! is another on every seed; a search needs more seeds to see it.

use hms_stack::{Configuration, Value};

use super::super::evaluator::Stopped;
use super::super::genes::parameters;
use super::super::pilot::{median, ratio};
use super::ground::Ground;

/// Mutants.
pub(crate) const MUTANTS: usize = 8;
/// Seeds of each, at most.
pub(crate) const SEEDS_MAX: usize = 10;
/// Share above which a gene is named.
pub const NAMED_ABOVE: f64 = 0.05;

/// A mutant of the base.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// The parameters that differ: one, or those that a switch brings with it.
    pub parameters: Vec<(&'static str, Value, Value)>,
    /// Variance of the difference / sum of the variances, target by target; `None` where nothing varies, or the target is no mean.
    pub shares: Vec<Option<f64>>,
}

/// The base's neighbours.
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    /// Seeds.
    pub seeds: usize,
    /// All of them, in the order in which they were drawn.
    pub mutants: Vec<Neighbour>,
}

impl Neighbours {
    /// The median share in a target over mutants; `None` where nothing varies.
    pub fn share(&self, target: usize) -> Option<f64> {
        median(&mut self.mutants.iter().filter_map(|mutant| mutant.shares[target]).collect::<Vec<f64>>())
    }
}

/// Measures one-gene mutants, the base first among them, on the first seeds of the ground.
///
/// # Errors
/// [`Stopped`].
pub(crate) fn look(ground: &Ground<'_>, base_and_mutants: &[Configuration]) -> Result<Neighbours, Stopped> {
    let losses = ground.losses(base_and_mutants, SEEDS_MAX)?;
    let (Some(base), Some(own)) = (base_and_mutants.first(), losses.first()) else { return Ok(Neighbours::default()) };
    let mutants = base_and_mutants.iter().zip(&losses).skip(1).map(|(mutant, theirs)| {
        let share = |target: usize| {
            let pairs = own.iter().zip(theirs).filter_map(|(a, b)| Some((a[target]?, b[target]?)));
            if ground.question.targets[target].is_mean() { ratio(&pairs.collect::<Vec<_>>()) } else { None }
        };
        let both = parameters(base).into_iter().zip(parameters(mutant));
        let differ = both.filter(|((_, from), (_, to))| from != to);
        Neighbour {
            parameters: differ.map(|((tunable, from), (_, to))| (tunable.name, from, to)).collect(),
            shares: (0..ground.question.targets.len()).map(share).collect(),
        }
    });
    Ok(Neighbours { seeds: own.len(), mutants: mutants.collect() })
}

#[cfg(test)]
mod tests {
    use super::super::ground::fixture;
    use super::*;

    #[test]
    fn a_mutant_that_scales_its_losses_shares_all_and_one_with_its_own_luck_little() {
        let (genes, question) = fixture::world();
        let seeds = fixture::seeds();
        let base = Configuration::default();
        let mut slow = base;
        slow.health.heartbeat = hms_machine::Duration::from_nanos(base.health.heartbeat.as_nanos() * 11 / 10);
        let mut lucky = base;
        lucky.retry.attempts += 1;
        // The second mutant meets other worlds than the base.
        let measure = |configurations: &[Configuration], seeds: &[hms_machine::Seed]| {
            let mut cells = fixture::measure(configurations, seeds)?;
            let elsewhere: Vec<hms_machine::Seed> = seeds.iter().map(|seed| hms_machine::Seed(seed.0 + 1_000_003)).collect();
            cells[2] = fixture::measure(&configurations[2..3], &elsewhere)?.remove(0);
            Ok(cells)
        };
        let ground = Ground { genes: &genes, question: &question, measure: &measure, seeds: &seeds };
        let found = look(&ground, &[base, slow, lucky]).unwrap();
        let shares: Vec<f64> = found.mutants.iter().map(|mutant| mutant.shares[0].unwrap()).collect();
        assert!(shares[0] < 0.01 && shares[1] > 0.3, "{shares:?}");
        assert_eq!(found.mutants[0].parameters[0].0, "health.heartbeat");
        assert!((found.share(0).unwrap() - 0.5 * (shares[0] + shares[1])).abs() < 1e-12);
        assert_eq!(found.seeds, seeds.len().min(SEEDS_MAX));
    }
}
