//! What can be evolved: spaces, each with its kind of genome.
//!
//! A [`Space`] knows which genomes are valid, draws one at random, makes any genome of the type valid, and measures how far two lie apart. Operators are written
//! against the narrowest trait that suffices: [`Positional`] for genomes whose places can be exchanged one by one, [`Reals`] for boxes of numbers, a concrete space for the
//! rest. A user's own genome needs [`Space`] and operators for it; the engine is generic over both.

mod boolean;
mod categorical;
mod integer;
mod list;
mod permutation;
mod real;
pub mod record;
mod subset;
pub mod tree;

pub use boolean::Booleans;
pub use categorical::Categories;
pub use integer::Integers;
pub use list::Lists;
pub use permutation::Permutations;
pub use real::{Bounds, BoundsError};
pub use record::{Gene, GeneError, Record};
pub use subset::Subsets;
pub use tree::Trees;

use std::fmt::Debug;

use crate::random::Rng;

/// A set of genomes.
pub trait Space {
    /// One candidate solution.
    type Genome: Clone + PartialEq + Debug;

    /// Some valid genome: a place to write others to.
    fn blank(&self) -> Self::Genome;

    /// Writes a random valid genome.
    fn sample(&self, genome: &mut Self::Genome, rng: &mut Rng);

    /// Whether a genome is valid.
    fn contains(&self, genome: &Self::Genome) -> bool;

    /// Makes any genome of the type valid, and leaves valid ones as they are.
    fn repair(&self, genome: &mut Self::Genome, rng: &mut Rng);

    /// How far two genomes lie apart: 0 for equal ones, about 1 for strangers.
    fn distance(&self, first: &Self::Genome, second: &Self::Genome) -> f64;

    /// Moves a genome the way that the middle of a population went between two moments; spaces without directions leave it where it is.
    fn drift(&self, _genome: &mut Self::Genome, _before: &[Self::Genome], _after: &[Self::Genome]) {}

    /// Where a genome stands along each axis, as a share of that axis' range; empty for spaces without directions.
    fn coordinates(&self, _genome: &Self::Genome) -> Vec<f64> {
        Vec::new()
    }

    /// Moves a genome along each of its axes by a share of that axis' range, as far as the space goes.
    fn shift(&self, _genome: &mut Self::Genome, _shares: &[f64]) {}
}

/// Spaces whose genomes are rows of independent places: a value that is valid at a place of one genome is valid there in every other.
pub trait Positional: Space<Genome = Vec<<Self as Positional>::Symbol>> {
    /// What stands at a place.
    type Symbol: Copy + PartialEq + Debug;

    /// A random value for a place.
    fn sample_at(&self, place: usize, rng: &mut Rng) -> Self::Symbol;
}

/// Spaces whose genomes are points of a box.
pub trait Reals: Space<Genome = Vec<f64>> {
    /// Least value of each coordinate.
    fn low(&self) -> &[f64];

    /// Greatest value of each coordinate.
    fn high(&self) -> &[f64];
}

/// Moves a point of a box by the difference of the means of two sets of points.
pub(crate) fn drift_within(space: &impl Reals, genome: &mut [f64], before: &[Vec<f64>], after: &[Vec<f64>]) {
    if before.is_empty() || after.is_empty() {
        return;
    }
    let mean = |points: &[Vec<f64>], place: usize| points.iter().map(|point| point[place]).sum::<f64>() / points.len() as f64;
    for (place, value) in genome.iter_mut().enumerate() {
        let moved = *value + mean(after, place) - mean(before, place);
        *value = moved.clamp(space.low()[place], space.high()[place]);
    }
}

/// Where a point of a box stands, in shares of its ranges.
pub(crate) fn coordinates_within(space: &impl Reals, genome: &[f64]) -> Vec<f64> {
    let ranges = space.low().iter().zip(space.high());
    genome.iter().zip(ranges).map(|(value, (low, high))| (value - low) / (high - low).max(f64::MIN_POSITIVE)).collect()
}

/// Moves a point of a box by shares of its ranges.
pub(crate) fn shift_within(space: &impl Reals, genome: &mut [f64], shares: &[f64]) {
    for (place, (value, share)) in genome.iter_mut().zip(shares).enumerate() {
        let (low, high) = (space.low()[place], space.high()[place]);
        *value = (*value + share * (high - low)).clamp(low, high);
    }
}

/// The share of places at which two rows differ.
pub(crate) fn hamming<T: PartialEq>(first: &[T], second: &[T]) -> f64 {
    let longer = first.len().max(second.len());
    let same = first.iter().zip(second).filter(|(a, b)| a == b).count();
    if longer == 0 { 0.0 } else { (longer - same) as f64 / longer as f64 }
}

#[cfg(test)]
pub(crate) mod checks {
    use super::*;
    use hms_machine::Seed;

    /// What holds for every space.
    pub(crate) fn check_space<S: Space>(space: &S, seed: u64) {
        let mut rng = Rng::new(Seed(seed), 0);
        let (mut first, mut second) = (space.blank(), space.blank());
        assert!(space.contains(&first), "a blank genome is valid: {first:?}");
        for _ in 0..20 {
            space.sample(&mut first, &mut rng);
            space.sample(&mut second, &mut rng);
            assert!(space.contains(&first), "a random genome is valid: {first:?}");
            let mut repaired = first.clone();
            space.repair(&mut repaired, &mut rng);
            assert_eq!(repaired, first, "repair leaves a valid genome alone");
            assert_eq!(space.distance(&first, &first), 0.0);
            let apart = space.distance(&first, &second);
            assert!(apart >= 0.0 && (apart - space.distance(&second, &first)).abs() < 1e-12);
        }
        let mut again = space.blank();
        space.sample(&mut first, &mut Rng::new(Seed(seed), 1));
        space.sample(&mut again, &mut Rng::new(Seed(seed), 1));
        assert_eq!(first, again, "equal seeds draw equal genomes");
    }
}
