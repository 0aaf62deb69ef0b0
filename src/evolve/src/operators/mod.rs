//! Operators: who becomes a parent, how children are made, how constraints count.
//!
//! A [`Crossover`] and a [`Mutation`] change genomes in place (children start as copies of their parents); a [`Variation`] makes a pair of children of a pair of
//! parents and is what algorithms use. [`Pipeline`] joins the two; [`Adaptive`] chooses among several variations by their success.
//! Every operator keeps genomes valid: a property test per operator holds it to that.

mod adaptive;
#[cfg(test)]
mod choices;
pub mod constraint;
mod covariance;
pub mod crossover;
mod differential;
mod learned;
pub mod mutation;
mod real;
mod record;
pub mod selection;

pub use adaptive::{Adaptive, Credit};
pub use covariance::CovarianceVariation;
pub use differential::DifferentialVariation;
pub use learned::{Effects, Learned, LearnedMutation};
pub use real::RealOperator;
pub use record::{Changes, RecordMutation};
use serde::{Deserialize, Serialize};

use crate::genome::Space;
use crate::random::Rng;

/// Mixes two genomes in place.
pub trait Crossover<S: Space> {
    /// Makes two children of two parents where they lie; both stay valid.
    fn cross(&mut self, space: &S, first: &mut S::Genome, second: &mut S::Genome, rng: &mut Rng);
}

/// Changes a genome in place.
pub trait Mutation<S: Space> {
    /// Changes it a little; it stays valid.
    fn mutate(&mut self, space: &S, genome: &mut S::Genome, rng: &mut Rng);

    /// Hears whether a mutated child was better than what it replaced, for operators that adapt.
    fn learn(&mut self, _success: bool) {}
}

/// Which operator made a child and with which parameters; kept in the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// Number of the operator in its variation or algorithm.
    pub operator: u16,
    /// What parameters it used, as the operator's documentation says; 0 where it has none.
    pub parameters: [f64; 2],
}

/// Makes children.
pub trait Variation<S: Space> {
    /// Makes two children of two parents. The children's places hold older genomes, whose memory may be used again.
    fn vary(&mut self, space: &S, parents: [&S::Genome; 2], children: [&mut S::Genome; 2], rng: &mut Rng) -> Applied;

    /// Hears whether a child that was made this way survived.
    fn learn(&mut self, _applied: Applied, _survived: bool) {}
}

/// Crossover with a probability, then mutation: the variation of most genetic algorithms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipeline<C, M> {
    /// Share of pairs that are crossed, 0..=1; the others are copied before they are mutated.
    pub crossover_rate: f64,
    /// How pairs are crossed.
    pub crossover: C,
    /// How children are mutated.
    pub mutation: M,
}

impl<S: Space, C: Crossover<S>, M: Mutation<S>> Variation<S> for Pipeline<C, M> {
    #[inline]
    fn vary(&mut self, space: &S, parents: [&S::Genome; 2], children: [&mut S::Genome; 2], rng: &mut Rng) -> Applied {
        let [first, second] = children;
        first.clone_from(parents[0]);
        second.clone_from(parents[1]);
        if rng.chance(self.crossover_rate) {
            self.crossover.cross(space, first, second, rng);
        }
        self.mutation.mutate(space, first, rng);
        self.mutation.mutate(space, second, rng);
        Applied::default()
    }

    fn learn(&mut self, _applied: Applied, survived: bool) {
        self.mutation.learn(survived);
    }
}

#[cfg(test)]
pub(crate) mod checks {
    use super::*;
    use hms_machine::Seed;

    /// A crossover keeps genomes valid, is a function of its seed, and makes twins of twins.
    pub(crate) fn check_crossover<S: Space, C: Crossover<S> + Clone>(space: &S, crossover: &C, twins_stay: bool, seed: u64) {
        let mut rng = Rng::new(Seed(seed), 0);
        let (mut first, mut second) = (space.blank(), space.blank());
        for _ in 0..10 {
            space.sample(&mut first, &mut rng);
            space.sample(&mut second, &mut rng);
            let run = |rng: &mut Rng| {
                let (mut one, mut other) = (first.clone(), second.clone());
                crossover.clone().cross(space, &mut one, &mut other, rng);
                (one, other)
            };
            let children = run(&mut rng.clone());
            assert_eq!(children, run(&mut rng.clone()), "equal seeds, equal children");
            assert!(space.contains(&children.0), "{first:?} x {second:?} -> {:?}", children.0);
            assert!(space.contains(&children.1), "{first:?} x {second:?} -> {:?}", children.1);
            if twins_stay {
                let (mut one, mut other) = (first.clone(), first.clone());
                crossover.clone().cross(space, &mut one, &mut other, &mut rng);
                assert!(space.distance(&one, &first) < 1e-9 && space.distance(&other, &first) < 1e-9);
            }
            rng.next_u64();
        }
    }

    /// A mutation keeps genomes valid, is a function of its seed, and changes something sooner or later.
    pub(crate) fn check_mutation<S: Space, M: Mutation<S> + Clone>(space: &S, mutation: &M, seed: u64) {
        let mut rng = Rng::new(Seed(seed), 0);
        let mut genome = space.blank();
        let mut moved = 0.0;
        for _ in 0..200 {
            space.sample(&mut genome, &mut rng);
            let run = |rng: &mut Rng| {
                let mut child = genome.clone();
                mutation.clone().mutate(space, &mut child, rng);
                child
            };
            let child = run(&mut rng.clone());
            assert_eq!(child, run(&mut rng.clone()), "equal seeds, equal children");
            assert!(space.contains(&child), "{genome:?} -> {child:?}");
            moved += space.distance(&child, &genome);
            rng.next_u64();
        }
        assert!(moved > 0.0, "a mutation changes something");
    }
}
