//! The generator behind every decision of a search.
//!
//! Picture a long strip of random words, one strip per (seed, entity): an algorithm reads its strip from left to right, and its place on the strip is part of its
//! checkpoint. The strip's first words come from the counter-based streams of `hms_machine`; the strip itself is xoshiro256++ (Blackman and Vigna,
//! "Scrambled linear pseudorandom number generators", ACM TOMS 2021), because a search draws a hundred times per evaluation and Philox would be its largest cost.
//!
//! The contract: integer arithmetic, exact conversions and `libm` only, so equal bits on every target; the golden vectors in the tests are frozen.

use hms_machine::{Draw, Purpose, Seed, Streams};
use serde::{Deserialize, Serialize};

const STATE: Purpose = Purpose::named("evolve/state");

/// Random numbers in sequence, with a state that can be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The strip of `entity` (an island, a member of a portfolio, a run) in the world with this seed.
    pub fn new(seed: Seed, entity: u64) -> Self {
        Self::from_draw(&mut Streams::new(seed).draw(STATE, entity, 0))
    }

    /// A strip that starts from the next four words of `draw`, for callers that have a named stream of their own.
    pub fn from_draw(draw: &mut Draw) -> Self {
        let mut state = [0; 4].map(|_: u64| draw.next_u64());
        // The one state that never leaves itself.
        state[0] |= u64::from(state == [0; 4]);
        Rng { state }
    }

    /// A new strip that depends on this one's next words, for a part that is to draw on its own.
    pub fn fork(&mut self) -> Self {
        Rng::new(Seed(self.next_u64()), 1)
    }

    /// Uniform over all 64-bit words.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let [first, second, third, fourth] = &mut self.state;
        let word = first.wrapping_add(*fourth).rotate_left(23).wrapping_add(*first);
        let shifted = *second << 17;
        *third ^= *first;
        *fourth ^= *second;
        *second ^= *third;
        *first ^= *fourth;
        *third ^= shifted;
        *fourth = fourth.rotate_left(45);
        word
    }

    /// Uniform in [0, 1): a multiple of 2^-53.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in (0, 1): an odd multiple of 2^-53.
    #[inline]
    pub fn open_uniform(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// Uniform in [low, high), for `low <= high`.
    #[inline]
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform over 0..n without bias (Lemire, "Fast random integer generation in an interval", ACM TOMACS 2019).
    ///
    /// # Panics
    /// When `n` is 0.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "drew a number below 0");
        let n = n as u64;
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            let surplus = n.wrapping_neg() % n;
            while (product as u64) < surplus {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as usize
    }

    /// Whether an event of this probability (0..=1) happens; takes one word whatever the probability.
    #[inline]
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal, by the polar method (Marsaglia and Bray 1964); the second of each pair is left unused so that there is no hidden state.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * libm::log(square) / square).sqrt();
            }
        }
    }

    /// Standard Cauchy: the ratio of two coordinates of a uniform point of the disc.
    #[inline]
    pub fn cauchy(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            if x * x + y * y < 1.0 && x != 0.0 {
                return y / x;
            }
        }
    }

    /// How many steps of a walk over independent events of this probability pass before the next event; lets rare events in long genomes cost one draw each.
    #[inline]
    pub fn gap(&mut self, probability: f64) -> usize {
        if probability >= 1.0 {
            return 0;
        }
        if probability <= 0.0 {
            return usize::MAX;
        }
        (libm::log(self.open_uniform()) / libm::log1p(-probability)) as usize
    }

    /// Puts `items` into an order in which every permutation is equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_reference_implementation() {
        let mut rng = Rng { state: [1, 2, 3, 4] };
        let expected = [
            41943041,
            58720359,
            3588806011781223,
            3591011842654386,
            9228616714210784205,
            9973669472204895162,
            14011001112246962877,
        ];
        assert_eq!([(); 7].map(|()| rng.next_u64()), expected);
    }

    #[test]
    fn a_seed_gives_its_frozen_numbers() {
        let mut rng = Rng::new(Seed(7), 3);
        let words = [(); 3].map(|()| rng.next_u64());
        assert_eq!(words, GOLDEN_WORDS);
        assert_eq!(Rng::new(Seed(7), 3).normal().to_bits(), GOLDEN_NORMAL);
        assert_eq!(Rng::new(Seed(7), 3).cauchy().to_bits(), GOLDEN_CAUCHY);
    }

    const GOLDEN_WORDS: [u64; 3] = [5739659748061894955, 11259931116327012385, 7721179535144920786];
    const GOLDEN_NORMAL: u64 = 13833120798621073066;
    const GOLDEN_CAUCHY: u64 = 13826812815637498461;

    #[test]
    fn normal_numbers_have_the_moments_of_the_normal_distribution() {
        let mut rng = Rng::new(Seed(1), 0);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..100_000 {
            let number = rng.normal();
            sum += number;
            squares += number * number;
        }
        assert!((sum / 1e5).abs() < 0.013 && (squares / 1e5 - 1.0).abs() < 0.018, "{sum} {squares}");
    }

    #[test]
    fn half_of_all_cauchy_numbers_lie_within_one() {
        let mut rng = Rng::new(Seed(2), 0);
        let inside = (0..100_000).filter(|_| rng.cauchy().abs() < 1.0).count();
        assert!(inside.abs_diff(50_000) < 640, "{inside}");
    }

    #[test]
    fn gaps_find_events_at_their_rate() {
        let mut rng = Rng::new(Seed(3), 0);
        let (mut place, mut events) = (rng.gap(0.01), 0);
        while place < 1_000_000 {
            events += 1;
            place += 1 + rng.gap(0.01);
        }
        assert!((9_600..10_400).contains(&events), "{events}");
        assert_eq!((rng.gap(1.0), rng.gap(0.0)), (0, usize::MAX));
    }

    #[test]
    fn below_is_even_and_shuffles_reach_every_order() {
        let mut rng = Rng::new(Seed(4), 0);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..60_000 {
            let mut items = [0, 1, 2];
            rng.shuffle(&mut items);
            *counts.entry(items).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|&count| count.abs_diff(10_000) < 4 * 91), "{counts:?}");
    }

    #[test]
    fn entities_and_forks_draw_other_numbers() {
        let mut first = Rng::new(Seed(5), 0);
        let mut other = Rng::new(Seed(5), 1);
        let mut fork = first.clone().fork();
        let words = [first.next_u64(), other.next_u64(), fork.next_u64()];
        assert!(words[0] != words[1] && words[1] != words[2] && words[0] != words[2]);
    }
}
