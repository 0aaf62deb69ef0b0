//! Optimizers, all behind one `ask` and `tell`.
//!
//! An [`Algorithm`] hands out genomes and is told what they are worth; it never evaluates anything, owns no thread, and is a pure function of its settings, its seed and
//! the order of tells. Each is a plain value that serializes with all its state: what is read back continues bit for bit.
//!
//! [`Evolution`] is the genetic algorithm of parts (mating, variation, survival, pacing); NSGA-II, NSGA-III, SPEA2, SMS-EMOA, the generational and the steady-state algorithm and (mu, lambda)
//! and (mu + lambda) strategies with fixed operators are settings of it, made by the functions of [`standard`]. The others have state of their own kind.

mod archive;
mod coordinate;
mod covariance;
mod crowding;
mod decomposition;
mod differential;
mod dynamic;
mod evolution;
mod islands;
#[cfg(test)]
mod lineage;
mod outstanding;
mod portfolio;
#[cfg(test)]
mod published;
mod pursuit;
mod real;
mod sampling;
pub mod standard;
mod strategy;
#[cfg(test)]
mod tests;

pub use coordinate::CoordinateSearch;
pub use covariance::{CovarianceAdaptation, Restarts};
pub use crowding::DeterministicCrowding;
pub use decomposition::{Decomposition, Scalarization};
pub use differential::SuccessHistory;
pub use dynamic::{ChangeDetector, Dynamic, Response};
pub use evolution::{Evolution, Pacing, Settings};
pub use islands::{Archipelago, Migration, Topology};
pub use portfolio::Portfolio;
pub use real::RealAlgorithm;
pub use sampling::{LatinHypercube, RandomSearch, Sobol};
pub use strategy::EvolutionStrategy;

use serde::{Deserialize, Serialize};

use crate::operators::Applied;
use crate::scores::{Measured, Scores};

/// Where a candidate comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Ids of its parents; `None` for what has none (random, given, or drawn from a model) and for those that came from elsewhere without a number.
    pub parents: [Option<u64>; 2],
    /// What made it.
    pub applied: Applied,
    /// Which member of a portfolio or which island it is from, the outermost if they are nested; `None` outside of such.
    pub member: Option<u16>,
}

impl Origin {
    /// Made of these parents, of which those called [`FOREIGN`] are not known.
    fn of(parents: [u64; 2], applied: Applied) -> Self {
        Origin { parents: parents.map(|id| (id != FOREIGN).then_some(id)), applied, member: None }
    }

    /// Made without parents.
    fn model(applied: Applied) -> Self {
        Origin { applied, ..Origin::default() }
    }
}

/// Stands in the place of an id for who came from elsewhere.
const FOREIGN: u64 = u64::MAX;

/// A candidate to be evaluated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked<'a, G> {
    /// Number by which its result is told.
    pub id: u64,
    /// What to evaluate.
    pub genome: &'a G,
    /// Where it comes from.
    pub origin: Origin,
}

/// What an algorithm keeps at the moment.
#[derive(Clone, Copy, Debug)]
pub struct Population<'a, G> {
    /// Genomes; rows of `scores` beyond them are not part of it.
    pub genomes: &'a [G],
    /// Their scores, row by row.
    pub scores: &'a Scores,
}

impl<G> Population<'_, G> {
    /// The best by (violation, first objective); `None` while nothing was told.
    pub fn best(&self) -> Option<usize> {
        (0..self.genomes.len()).min_by(|&a, &b| {
            let first = self.scores.violation(a).total_cmp(&self.scores.violation(b));
            first.then(self.scores.objectives(a)[0].total_cmp(&self.scores.objectives(b)[0])).then(a.cmp(&b))
        })
    }

    /// The feasible members that no other dominates, in lexicographic order of objectives.
    pub fn front(&self) -> Vec<usize> {
        let mut own = Scores::new(self.scores.width());
        (0..self.genomes.len()).for_each(|row| own.push(self.scores.measured(row)));
        let mut front = crate::survival::non_dominated(&own);
        front.retain(|&row| own.violation(row) <= 0.0);
        front
    }
}

/// An optimizer.
pub trait Algorithm {
    /// What it optimizes.
    type Genome;

    /// The next candidate; `None` while it waits for results of earlier ones. Candidates are numbered from 0 without gaps.
    fn ask(&mut self) -> Option<Asked<'_, Self::Genome>>;

    /// Hears the result of a candidate.
    ///
    /// # Panics
    /// When the id was not asked for or was told already, and when the number of objectives is wrong: these are bugs of the caller.
    fn tell(&mut self, id: u64, measured: Measured<'_>);

    /// Hears that a candidate that is out has another number outside: by this it names it when it becomes a parent. Algorithms that hold others call it for each of their candidates, so that the parents
    /// that a history names are numbers of that history. For those whose candidates have no parents there is nothing to do.
    fn known_as(&mut self, id: u64, name: u64);

    /// By what number the member in this row of the population is named when it becomes a parent; `None` for those that came from elsewhere without a number, and of algorithms that do not keep it.
    fn name_of(&self, row: usize) -> Option<u64>;

    /// What it keeps.
    fn population(&self) -> Population<'_, Self::Genome>;

    /// How many generations (or steps of its own kind) are complete.
    fn generation(&self) -> u64;

    /// Takes in a genome that was found and measured elsewhere, and is named by this number as a parent, if it has one; algorithms without a population ignore it.
    fn welcome(&mut self, _genome: &Self::Genome, _measured: Measured<'_>, _name: Option<u64>) {}

    /// Forgets all scores, since the problem has changed or they were noise, and starts again from these genomes, the best first; algorithms that
    /// cannot start from genomes start afresh.
    fn restart(&mut self, starts: &[Self::Genome]);
}
