//! Mutation of mixed records: each gene by the operator of its kind.
//!
//! Numbers take polynomial steps on their own scale; switches and choices are drawn anew. The split by kind follows Li et al., "Mixed integer evolution
//! strategies for parameter optimization", Evolutionary Computation 21 (2013). Crossover needs no split: [`super::crossover::Uniform`] exchanges genes of every
//! kind, and [`super::crossover::SimulatedBinary`] works on the coordinates.

use serde::{Deserialize, Serialize};

use super::Mutation;
use super::mutation::Polynomial;
use crate::genome::{Positional, Record};
use crate::random::Rng;

/// Mutates genes of a record, each with the same probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordMutation {
    /// Share of genes that change, 0..=1; one in a genome is usual.
    pub rate: f64,
    /// Distribution index of the steps of numbers (see [`Polynomial`]).
    pub eta: f64,
    /// Share of the changes of numbers that draw the number anew instead, 0..=1: a way out when steps are too short.
    pub redraw: f64,
}

impl Mutation<Record> for RecordMutation {
    fn mutate(&mut self, space: &Record, genome: &mut Vec<f64>, rng: &mut Rng) {
        let mut place = rng.gap(self.rate);
        while place < genome.len() {
            let stepping = space.genes()[place].domain.is_ordered() && !rng.chance(self.redraw);
            let step = Polynomial { rate: 1.0, eta: self.eta };
            let value = genome[place];
            genome[place] = if stepping { step.moved(value, 0.0, 1.0, rng) } else { space.sample_at(place, rng) };
            place = place.saturating_add(1).saturating_add(rng.gap(self.rate));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Gene;
    use crate::genome::record::{Domain, Scale};
    use crate::operators::checks::{check_crossover, check_mutation};
    use crate::operators::crossover::{SimulatedBinary, Uniform};
    use proptest::prelude::*;

    fn record() -> Record {
        let gene = |name: &str, domain| Gene { name: name.into(), unit: String::new(), domain, condition: None };
        Record::new(vec![
            gene("kind", Domain::Choice(vec!["a".into(), "b".into(), "c".into()])),
            gene("time", Domain::Real { low: 1e-3, high: 10.0, scale: Scale::Logarithmic }),
            gene("count", Domain::Integer { low: 0, high: 9, scale: Scale::Linear }),
            gene("on", Domain::Switch),
        ])
        .unwrap()
    }

    proptest! {
        #[test]
        fn children_are_valid_and_repeatable(seed: u64, rate in 0.05f64..1.0) {
            check_mutation(&record(), &RecordMutation { rate, eta: 20.0, redraw: 0.1 }, seed);
            check_crossover(&record(), &SimulatedBinary::new(15.0), true, seed);
            check_crossover(&record(), &Uniform, true, seed);
        }
    }
}
