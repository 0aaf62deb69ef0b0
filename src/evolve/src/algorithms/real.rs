//! All algorithms for boxes of numbers as one type, so that they can stand side by side in a portfolio or on islands.

use serde::{Deserialize, Serialize};

use super::standard::{NsgaThree, NsgaTwo, SmsEmoa, SpeaTwo};
use super::{
    Algorithm, Asked, CoordinateSearch, CovarianceAdaptation, Decomposition, EvolutionStrategy, LatinHypercube, Population,
    RandomSearch, Sobol, SuccessHistory,
};
use crate::genome::{Reals, Space};
use crate::scores::Measured;

/// One of the algorithms for boxes of numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "S: Serialize + Space<Genome = Vec<f64>>",
    deserialize = "S: Deserialize<'de> + Space<Genome = Vec<f64>>"
))]
pub enum RealAlgorithm<S: Space> {
    /// NSGA-II.
    NsgaTwo(NsgaTwo<S>),
    /// NSGA-III.
    NsgaThree(NsgaThree<S>),
    /// SPEA2.
    SpeaTwo(SpeaTwo<S>),
    /// SMS-EMOA.
    SmsEmoa(SmsEmoa<S>),
    /// MOEA/D.
    Decomposition(Decomposition<S>),
    /// L-SHADE.
    SuccessHistory(SuccessHistory<S>),
    /// CMA-ES.
    CovarianceAdaptation(CovarianceAdaptation<S>),
    /// Search along coordinates.
    CoordinateSearch(CoordinateSearch<S>),
    /// Self-adaptive evolution strategy.
    EvolutionStrategy(EvolutionStrategy<S>),
    /// Random search.
    RandomSearch(RandomSearch<S>),
    /// Latin hypercubes.
    LatinHypercube(LatinHypercube<S>),
    /// Sobol's sequence.
    Sobol(Sobol<S>),
}

macro_rules! each {
    ($self:expr, $inner:ident => $body:expr) => {
        match $self {
            RealAlgorithm::NsgaTwo($inner) => $body,
            RealAlgorithm::NsgaThree($inner) => $body,
            RealAlgorithm::SpeaTwo($inner) => $body,
            RealAlgorithm::SmsEmoa($inner) => $body,
            RealAlgorithm::Decomposition($inner) => $body,
            RealAlgorithm::SuccessHistory($inner) => $body,
            RealAlgorithm::CovarianceAdaptation($inner) => $body,
            RealAlgorithm::CoordinateSearch($inner) => $body,
            RealAlgorithm::EvolutionStrategy($inner) => $body,
            RealAlgorithm::RandomSearch($inner) => $body,
            RealAlgorithm::LatinHypercube($inner) => $body,
            RealAlgorithm::Sobol($inner) => $body,
        }
    };
}

impl<S: Reals> Algorithm for RealAlgorithm<S> {
    type Genome = Vec<f64>;

    fn ask(&mut self) -> Option<Asked<'_, Vec<f64>>> {
        each!(self, inner => inner.ask())
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        each!(self, inner => inner.tell(id, measured));
    }

    fn known_as(&mut self, id: u64, name: u64) {
        each!(self, inner => inner.known_as(id, name));
    }

    fn name_of(&self, row: usize) -> Option<u64> {
        each!(self, inner => inner.name_of(row))
    }

    fn population(&self) -> Population<'_, Vec<f64>> {
        each!(self, inner => inner.population())
    }

    fn generation(&self) -> u64 {
        each!(self, inner => inner.generation())
    }

    fn welcome(&mut self, genome: &Vec<f64>, measured: Measured<'_>, name: Option<u64>) {
        each!(self, inner => inner.welcome(genome, measured, name));
    }

    fn restart(&mut self, starts: &[Vec<f64>]) {
        each!(self, inner => inner.restart(starts));
    }
}
