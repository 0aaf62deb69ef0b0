//! How much of the worlds' chance a change of one gene shares with the base.
//!
//! Two configurations that meet the same world differ by what they do, and by the chance that they do not share: the k-th message of a link is as late as it was, but after one message more it is another. The variance of the difference
//! over seeds against the sum of both variances (1 without shared worlds) says how much is left for seeds to average out. One-gene mutants are the fair probe, since they do almost the same. A mutant may have a large share because what it does is large;
//! so those are named of whose losses much remains that the base's losses on the same seeds do not explain (1 - r²): there a search needs more seeds.

use hms_stack::{Configuration, Value};

use super::super::evaluator::Stopped;
use super::super::genes::parameters;
use super::super::pilot::{median, moments, ratio};
use super::ground::Ground;

/// Mutants.
pub(crate) const MUTANTS: usize = 8;
/// Seeds of each, at most.
pub(crate) const SEEDS_MAX: usize = 10;
/// Unexplained part above which a gene is named: what is asked of the share of one-gene mutants.
pub const NAMED_ABOVE: f64 = 0.05;

/// A mutant of the base.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// The parameters that differ: one, or those that a switch brings with it.
    pub parameters: Vec<(&'static str, Value, Value)>,
    /// Variance of the difference / sum of the variances, target by target; `None` where it differs on no seed, or the target is no mean.
    pub shares: Vec<Option<f64>>,
    /// Part of the variance of its losses that the base's do not explain, likewise.
    pub unexplained: Vec<Option<f64>>,
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
    /// The median share in a target, and over how many mutants: those that differ at all. `None` where none does.
    pub fn share(&self, target: usize) -> Option<(f64, usize)> {
        let mut shares: Vec<f64> = self.mutants.iter().filter_map(|mutant| mutant.shares[target]).collect();
        Some((median(&mut shares)?, shares.len()))
    }
}

/// Measures one-gene mutants, the base first among them, on the first seeds of the ground.
///
/// # Errors
/// [`Stopped`].
pub(crate) fn look(ground: &Ground<'_>, base_and_mutants: &[Configuration]) -> Result<Neighbours, Stopped> {
    let losses = ground.losses(base_and_mutants, SEEDS_MAX)?;
    let (Some(base), Some(own)) = (base_and_mutants.first(), losses.first()) else { return Ok(Neighbours::default()) };
    let targets = &ground.question.targets;
    let mutants = base_and_mutants.iter().zip(&losses).skip(1).map(|(mutant, theirs)| {
        let pairs = |target: usize| -> Option<Vec<(f64, f64)>> {
            let pairs: Vec<(f64, f64)> = own.iter().zip(theirs).filter_map(|(a, b)| Some((a[target]?, b[target]?))).collect();
            (targets[target].is_mean() && pairs.iter().any(|(a, b)| a != b)).then_some(pairs)
        };
        let both = parameters(base).into_iter().zip(parameters(mutant));
        let differ = both.filter(|((_, from), (_, to))| from != to);
        Neighbour {
            parameters: differ.map(|((tunable, from), (_, to))| (tunable.name, from, to)).collect(),
            shares: (0..targets.len()).map(|target| ratio(&pairs(target)?)).collect(),
            unexplained: (0..targets.len()).map(|target| unexplained(&pairs(target)?)).collect(),
        }
    });
    Ok(Neighbours { seeds: own.len(), mutants: mutants.collect() })
}

/// 1 less the squared correlation; `None` where one side does not vary.
fn unexplained(pairs: &[(f64, f64)]) -> Option<f64> {
    let column = |read: fn(&(f64, f64)) -> f64| moments(&pairs.iter().map(read).collect::<Vec<f64>>()).1;
    let (first, second, sum) = (column(|pair| pair.0), column(|pair| pair.1), column(|pair| pair.0 + pair.1));
    let both = 0.5 * (sum - first - second);
    (first > 0.0 && second > 0.0).then(|| (1.0 - both * both / (first * second)).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::super::ground::fixture;
    use super::*;

    #[test]
    fn a_mutant_with_its_own_luck_is_told_from_one_that_loses_more_everywhere() {
        let (genes, question) = fixture::world();
        let seeds = fixture::seeds();
        let base = Configuration::default();
        let mut slow = base;
        slow.health.heartbeat = hms_machine::Duration::from_nanos(base.health.heartbeat.as_nanos() * 3);
        let mut lucky = base;
        lucky.retry.attempts += 1;
        let mut idle = base;
        idle.health.min_std = hms_machine::Duration::from_nanos(base.health.min_std.as_nanos() * 2);
        // The second mutant meets other worlds than the base.
        let measure = |configurations: &[Configuration], seeds: &[hms_machine::Seed]| {
            let mut cells = fixture::measure(configurations, seeds)?;
            let elsewhere: Vec<hms_machine::Seed> = seeds.iter().map(|seed| hms_machine::Seed(seed.0 + 1_000_003)).collect();
            cells[2] = fixture::measure(&configurations[2..3], &elsewhere)?.remove(0);
            Ok(cells)
        };
        let ground = Ground { genes: &genes, question: &question, measure: &measure, seeds: &seeds };
        let found = look(&ground, &[base, slow, lucky, idle]).unwrap();
        let column = |read: fn(&Neighbour) -> Option<f64>| found.mutants.iter().map(read).collect::<Vec<Option<f64>>>();
        let (shares, unexplained) = (column(|mutant| mutant.shares[0]), column(|mutant| mutant.unexplained[0]));
        // Three times as much on every seed: (3 - 1)² / (1 + 3²), and all of it explained.
        assert!((shares[0].unwrap() - 0.4).abs() < 0.02 && unexplained[0].unwrap() < 1e-6, "{shares:?} {unexplained:?}");
        assert!(shares[1].unwrap() > 0.3 && unexplained[1].unwrap() > 0.3, "{shares:?} {unexplained:?}");
        assert_eq!((shares[2], unexplained[2]), (None, None), "what changes nothing says nothing");
        assert_eq!(found.share(0), Some((0.5 * (shares[0].unwrap() + shares[1].unwrap()), 2)));
        assert_eq!((found.mutants[0].parameters[0].0, found.seeds), ("health.heartbeat", SEEDS_MAX));
    }
}
