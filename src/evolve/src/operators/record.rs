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

/// Mutates genes of a record, of those that matter in it each with the same probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordMutation {
    /// How many change.
    pub changes: Changes,
    /// Distribution index of the steps of numbers (see [`Polynomial`]).
    pub eta: f64,
    /// Share of the changes of numbers that draw the number anew instead, 0..=1: a way out when steps are too short.
    pub redraw: f64,
}

/// How many genes change at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Changes {
    /// So many on average, above 0; one or two are usual.
    Mean(f64),
    /// Mostly few and now and then half of all: the mean is drawn each time, k or more of it with probability k^(1 - exponent), for an exponent above 1 (Doerr, Le, Makhmara and Nguyen, "Fast genetic algorithms", GECCO 2017, with 1.5).
    /// Populations of one kind get out of where they are by it.
    PowerLaw(f64),
}

impl RecordMutation {
    /// A step of a number.
    pub(super) fn near(&self, value: f64, rng: &mut Rng) -> f64 {
        Polynomial { rate: 1.0, eta: self.eta }.moved(value, 0.0, 1.0, rng)
    }

    /// Share of so many genes that change this time.
    fn rate(&self, active: usize, rng: &mut Rng) -> f64 {
        let mean = match self.changes {
            Changes::Mean(mean) => mean,
            Changes::PowerLaw(exponent) => libm::pow(rng.open_uniform(), 1.0 / (1.0 - exponent)).min(0.5 * active as f64),
        };
        mean / active.max(1) as f64
    }
}

impl Mutation<Record> for RecordMutation {
    fn mutate(&mut self, space: &Record, genome: &mut Vec<f64>, rng: &mut Rng) {
        let places: Vec<usize> =
            space.active(genome).into_iter().enumerate().filter_map(|(place, active)| active.then_some(place)).collect();
        let rate = self.rate(places.len(), rng);
        let mut next = rng.gap(rate);
        while let Some(&place) = places.get(next) {
            let stepping = space.genes()[place].domain.is_ordered() && !rng.chance(self.redraw);
            genome[place] = if stepping { self.near(genome[place], rng) } else { space.sample_at(place, rng) };
            next = next.saturating_add(1).saturating_add(rng.gap(rate));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Gene;
    use crate::genome::record::{Condition, Domain, Scale, Value};
    use crate::operators::checks::{check_crossover, check_mutation};
    use crate::operators::crossover::{SimulatedBinary, Uniform};
    use crate::random::Rng;
    use hms_machine::Seed;
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
        fn children_are_valid_and_repeatable(seed: u64, mean in 0.2f64..4.0, exponent in 1.1f64..3.0) {
            for changes in [Changes::Mean(mean), Changes::PowerLaw(exponent)] {
                check_mutation(&record(), &RecordMutation { changes, eta: 20.0, redraw: 0.1 }, seed);
            }
            check_crossover(&record(), &SimulatedBinary::new(15.0), true, seed);
            check_crossover(&record(), &Uniform, true, seed);
        }
    }

    /// A hundred switches, and one length that matters while the first of them is on.
    fn switches() -> Record {
        let gene = |name: String, domain| Gene { name, unit: String::new(), domain, condition: None };
        let condition = Some(Condition { gene: "on-0".into(), values: vec![Value::Switch(true)] });
        let length = Domain::Real { low: 0.0, high: 1.0, scale: Scale::Linear };
        let mut genes: Vec<Gene> = (0..100).map(|number| gene(format!("on-{number}"), Domain::Switch)).collect();
        genes.push(Gene { condition, ..gene("length".into(), length) });
        Record::new(genes).unwrap()
    }

    /// How many genes of each child differ from those of its parent.
    fn changed(changes: Changes, parent: &[f64]) -> Vec<usize> {
        let (space, mut rng) = (switches(), Rng::new(Seed(1), 0));
        let mut mutation = RecordMutation { changes, eta: 10.0, redraw: 0.5 };
        let child = |_| {
            let mut child = parent.to_vec();
            mutation.mutate(&space, &mut child, &mut rng);
            child.iter().zip(parent).filter(|(a, b)| a != b).count()
        };
        (0..4_000).map(child).collect()
    }

    #[test]
    fn a_power_law_changes_a_few_genes_mostly_and_many_now_and_then() {
        let share =
            |counts: &[usize], least: usize| counts.iter().filter(|count| **count >= least).count() as f64 / counts.len() as f64;
        let parent = vec![0.2; 101];
        let (few, leaps) = (changed(Changes::Mean(2.0), &parent), changed(Changes::PowerLaw(1.5), &parent));
        assert!((few.iter().sum::<usize>() as f64 / 4_000.0 - 2.0).abs() < 0.1);
        assert_eq!(share(&few, 12), 0.0);
        // The mean is 16 or more with probability 16^-0.5, and 50 with 50^-0.5.
        assert!((share(&leaps, 16) - 0.25).abs() < 0.03, "{}", share(&leaps, 16));
        assert!((share(&leaps, 40) - 0.14).abs() < 0.03, "{}", share(&leaps, 40));
        assert!(share(&leaps, 4) < 0.6, "half of them change one, two or three: {}", share(&leaps, 4));
    }

    #[test]
    fn genes_that_do_not_matter_stay_as_they_are() {
        let space = switches();
        for (first, moves) in [(0.2, false), (0.8, true)] {
            let (mut rng, mut moved) = (Rng::new(Seed(1), 0), false);
            let mut mutation = RecordMutation { changes: Changes::Mean(20.0), eta: 10.0, redraw: 0.5 };
            for _ in 0..200 {
                let mut child = vec![0.2; 101];
                child[0] = first;
                mutation.mutate(&space, &mut child, &mut rng);
                moved |= child[100] != 0.2;
            }
            assert_eq!(moved, moves);
        }
    }
}
