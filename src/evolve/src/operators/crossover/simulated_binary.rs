//! Simulated binary crossover, SBX: children lie about their parents as single-point crossover of binary strings would put them.
//!
//! Deb and Agrawal, "Simulated binary crossover for continuous search space", Complex Systems 9 (1995), in the form that respects bounds (Deb 2001, and the authors'
//! NSGA-II code). A coordinate is crossed with probability 1/2; the index `eta` says how near children stay: 2 is wide, 15 usual, 30 narrow.

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::Reals;
use crate::random::Rng;

/// SBX with a distribution index.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimulatedBinary {
    exponent: f64,
    /// `exponent` as a whole number, 0 if it is none.
    whole: u32,
    /// `log2(exponent)` when the root is a chain of square roots, which are exact and quick.
    halvings: Option<u32>,
}

impl SimulatedBinary {
    /// SBX with this distribution index, at least 0; other values count as 0.
    pub fn new(eta: f64) -> Self {
        let exponent = if eta > 0.0 { eta + 1.0 } else { 1.0 };
        let whole = if exponent == exponent.trunc() && exponent < 1024.0 { exponent as u32 } else { 0 };
        let halvings = whole.is_power_of_two().then(|| whole.trailing_zeros());
        SimulatedBinary { exponent, whole, halvings }
    }

    /// `base` to the exponent `eta + 1`.
    #[inline]
    fn power(&self, base: f64) -> f64 {
        if self.whole == 0 {
            return libm::pow(base, self.exponent);
        }
        let (mut result, mut square, mut bits) = (1.0, base, self.whole);
        while bits > 0 {
            if bits & 1 == 1 {
                result *= square;
            }
            square *= square;
            bits >>= 1;
        }
        result
    }

    /// The inverse of [`SimulatedBinary::power`].
    #[inline]
    fn root(&self, power: f64) -> f64 {
        match self.halvings {
            Some(halvings) => (0..halvings).fold(power, |root, _| root.sqrt()),
            None => libm::pow(power, 1.0 / self.exponent),
        }
    }

    /// How far a child lies from the middle of its parents in units of half their distance, given the room to the bound on its side.
    #[inline]
    fn spread(&self, room: f64, uniform: f64) -> f64 {
        let scaled = uniform * (2.0 - 1.0 / self.power(1.0 + room));
        if scaled <= 1.0 { self.root(scaled) } else { 1.0 / self.root(2.0 - scaled) }
    }
}

impl<S: Reals> Crossover<S> for SimulatedBinary {
    fn cross(&mut self, space: &S, first: &mut Vec<f64>, second: &mut Vec<f64>, rng: &mut Rng) {
        // Parents nearer than this stay as they are, as in the authors' code.
        const SAME: f64 = 1e-14;
        let (low, high) = (space.low(), space.high());
        let mut coins = 0;
        for place in 0..low.len() {
            if place % 32 == 0 {
                coins = rng.next_u64();
            }
            let (crossed, exchanged) = (coins & 1 == 1, coins & 2 == 2);
            coins >>= 2;
            let (a, b) = (first[place], second[place]);
            if !crossed || (a - b).abs() <= SAME {
                continue;
            }
            let (less, more) = if a < b { (a, b) } else { (b, a) };
            let (apart, uniform) = (more - less, rng.uniform());
            let below = self.spread(2.0 * (less - low[place]) / apart, uniform);
            let above = self.spread(2.0 * (high[place] - more) / apart, uniform);
            let lower = (0.5 * (less + more - below * apart)).clamp(low[place], high[place]);
            let upper = (0.5 * (less + more + above * apart)).clamp(low[place], high[place]);
            (first[place], second[place]) = if exchanged { (upper, lower) } else { (lower, upper) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Bounds;
    use crate::operators::checks::check_crossover;
    use crate::random::Rng;
    use hms_machine::Seed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_valid_and_repeatable(seed: u64, eta in 0.0f64..40.0) {
            let space = Bounds::new(vec![-1.0; 40], vec![3.0; 40]).unwrap();
            check_crossover(&space, &SimulatedBinary::new(eta), true, seed);
            check_crossover(&space, &SimulatedBinary::new(15.0), true, seed);
        }
    }

    #[test]
    fn a_chain_of_square_roots_is_the_power_of_the_library() {
        let (chain, general) =
            (SimulatedBinary::new(15.0), SimulatedBinary { whole: 0, halvings: None, ..SimulatedBinary::new(15.0) });
        for step in 1..100 {
            let room = f64::from(step) * 0.1;
            for uniform in [0.01, 0.3, 0.5, 0.9, 0.999] {
                assert!((chain.spread(room, uniform) / general.spread(room, uniform) - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn children_keep_the_mean_of_their_parents_when_bounds_are_far() {
        let space = Bounds::cube(1, -1e6, 1e6).unwrap();
        let mut rng = Rng::new(Seed(1), 0);
        for _ in 0..100 {
            let (mut first, mut second) = (vec![1.0], vec![2.0]);
            SimulatedBinary::new(15.0).cross(&space, &mut first, &mut second, &mut rng);
            assert!((first[0] + second[0] - 3.0).abs() < 1e-6);
        }
    }

    /// Half of the probability lies on the contracting side (Deb and Agrawal 1995, eq. 9).
    #[test]
    fn half_of_the_crossed_pairs_contract() {
        let space = Bounds::cube(1, -1e9, 1e9).unwrap();
        let mut rng = Rng::new(Seed(2), 0);
        let (mut contracted, mut crossed) = (0u32, 0u32);
        for _ in 0..20_000 {
            let (mut first, mut second) = (vec![0.0], vec![1.0]);
            SimulatedBinary::new(2.0).cross(&space, &mut first, &mut second, &mut rng);
            crossed += u32::from(first[0] != 0.0);
            contracted += u32::from(first[0] != 0.0 && (first[0] - second[0]).abs() < 1.0);
        }
        assert!(crossed.abs_diff(10_000) < 300 && contracted.abs_diff(crossed / 2) < 220, "{contracted} of {crossed}");
    }
}
