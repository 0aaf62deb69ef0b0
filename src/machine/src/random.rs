//! Random numbers without a generator's state: every draw is a function of *what it is for*.
//!
//! Picture a table with one cell per (seed, entity, purpose, ordinal): the k-th fault of node n, the j-th request of client c,
//! the m-th message of a link. A cell holds as many random bits as its reader wants, and reading one cell cannot change
//! another. So two configurations of the stack meet the same world, however differently they behave in it: what they share
//! (faults, arrivals, link delays) is looked up, not drawn in some order.
//!
//! The table is Philox4x64-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11), a
//! bijection of 256-bit counters under a 128-bit key that passes TestU01's BigCrush. Key: (seed, purpose). Counter: (block, ordinal,
//! entity, 0), where `block` counts the four-word blocks that one cell has given out. Nothing is hashed when drawing.
//!
//! The contract: only integer arithmetic and exact conversions, so the same bits on every target; the golden vectors in the
//! tests are part of the trace format, and a change to them invalidates every stored trace hash.

use crate::units::Ratio;

/// What numbers are drawn for, as a constant of the code that draws: `const LATENCY: Purpose = Purpose::named("network/latency");`.
///
/// Names must be unique in the whole program: two uses of one name with the same entity and ordinal read the same numbers.
/// By convention a name is the path of the model and what is drawn, in lower case with hyphens: `"disk/fsync-stall"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purpose {
    hash: u64,
    /// Hash of the name from which this purpose and its parts come: a world that differs in it differs in all of them.
    root: u64,
}

impl Purpose {
    /// The purpose called `name`: its FNV-1a hash of 64 bits, computed by the compiler when used in a constant.
    pub const fn named(name: &str) -> Self {
        let hash = fnv1a(name.as_bytes());
        Purpose { hash, root: hash }
    }

    /// The purpose of part `index` of the thing that this purpose names, for a thing that needs several draws which must not move each
    /// other: the latency of a message and each fault that strikes it. Differs from the purpose itself and from its other parts.
    #[inline]
    pub const fn part(self, index: u64) -> Self {
        Purpose { hash: splitmix64(self.hash ^ splitmix64(index)), root: self.root }
    }

    /// The hash of the name, for checks that names are unique.
    pub const fn hash(self) -> u64 {
        self.hash
    }
}

/// The seed of a world: any 64 bits. Equal seeds are equal worlds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed of part `index` of what `label` names, for example `campaign.derive("scenario/quickstart", 0).derive("replicate", 7)`.
    ///
    /// Derived seeds are a pseudo-random function of (self, label, index), in a part of the counter space that no [`Draw`] reads.
    pub const fn derive(self, label: &str, index: u64) -> Seed {
        let counter = [index, 0, 0, COUNTER_OF_SEEDS];
        Seed(philox4x64([self.0, fnv1a(label.as_bytes())], counter)[0])
    }
}

/// All random numbers of one world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Streams {
    seed: Seed,
    redrawn: Redrawn,
}

/// Purposes of this root are drawn for under another seed. Where nothing is redrawn it is the seed of the rest, so that a draw costs one
/// comparison either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Redrawn {
    root: u64,
    seed: Seed,
}

impl Streams {
    /// The numbers of the world with this seed.
    pub const fn new(seed: Seed) -> Self {
        Streams { seed, redrawn: Redrawn { root: 0, seed } }
    }

    /// The same world but for one thing: what is drawn for `purpose`, for all its parts and for what it is itself a part of, comes from another
    /// world, which the seed decides. The difference between two such runs is what chance owes to this purpose. At most one is redrawn, the last.
    #[must_use]
    pub const fn redrawing(self, purpose: Purpose) -> Self {
        Streams { redrawn: Redrawn { root: purpose.root, seed: self.seed.derive("streams/redrawn", 0) }, ..self }
    }

    /// The seed of this world.
    pub const fn seed(&self) -> Seed {
        self.seed
    }

    /// The numbers for the `ordinal`-th thing that `entity` does for `purpose`. Costs nothing until the first number is asked for.
    #[inline]
    pub const fn draw(&self, purpose: Purpose, entity: u64, ordinal: u64) -> Draw {
        let seed = if purpose.root == self.redrawn.root { self.redrawn.seed } else { self.seed };
        Draw { key: [seed.0, purpose.hash], entity, ordinal, next_block: 0, words: [0; WORDS], used: WORDS as u32 }
    }
}

/// A counter beside [`Streams`], for software that acts in sequence and has no ordinal of its own at hand.
///
/// The world's models should prefer ordinals that mean something (the number of the message, of the fault): a sequence moves
/// as soon as one participant asks once more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    purpose: Purpose,
    entity: u64,
    next_ordinal: u64,
}

impl Stream {
    /// The sequence of `entity`'s draws for `purpose`, from ordinal 0.
    pub const fn new(purpose: Purpose, entity: u64) -> Self {
        Stream { purpose, entity, next_ordinal: 0 }
    }

    /// The numbers of the next ordinal.
    #[inline]
    pub fn draw(&mut self, streams: &Streams) -> Draw {
        let ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        streams.draw(self.purpose, self.entity, ordinal)
    }

    /// How many draws were taken.
    pub const fn next_ordinal(&self) -> u64 {
        self.next_ordinal
    }
}

/// The random numbers of one (seed, entity, purpose, ordinal): as many as wanted, up to 2^66 words.
///
/// A method that rejects and tries again takes further words of the same draw, and so never touches another.
#[derive(Clone, Debug)]
pub struct Draw {
    key: [u64; 2],
    entity: u64,
    ordinal: u64,
    next_block: u64,
    words: [u64; WORDS],
    used: u32,
}

impl Draw {
    /// Uniform over all 64-bit words.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        if self.used as usize == WORDS {
            self.words = philox4x64(self.key, [self.next_block, self.ordinal, self.entity, COUNTER_OF_DRAWS]);
            self.next_block += 1;
            self.used = 0;
        }
        let word = self.words[self.used as usize % WORDS];
        self.used += 1;
        word
    }

    /// Uniform in [0, 1): a multiple of 2^-53.
    #[inline]
    pub const fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in (0, 1), symmetric about 1/2: an odd multiple of 2^-53, so that a logarithm of it or of its complement is finite.
    #[inline]
    pub const fn open_uniform(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// Uniform over 0..n without bias (Lemire, "Fast random integer generation in an interval", ACM TOMACS 2019).
    ///
    /// # Panics
    /// When `n` is 0.
    #[inline]
    pub const fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "drew a number below 0");
        let mut product = self.next_u64() as u128 * n as u128;
        if (product as u64) < n {
            let surplus = n.wrapping_neg() % n;
            while (product as u64) < surplus {
                product = self.next_u64() as u128 * n as u128;
            }
        }
        (product >> 64) as u64
    }

    /// Whether an event of this probability happens; takes one word whatever the probability.
    #[inline]
    pub fn chance(&mut self, probability: Ratio) -> bool {
        probability.happens(self.next_u64())
    }

    /// One of `items`, each equally likely; `None` if there are none.
    #[inline]
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { Some(&items[self.below(items.len() as u64) as usize]) }
    }

    /// Puts `items` into an order in which every permutation is equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

const WORDS: usize = 4;

/// The last counter word keeps uses apart that share a key: draws ...
const COUNTER_OF_DRAWS: u64 = 0;
/// ... and derived seeds.
const COUNTER_OF_SEEDS: u64 = 1;

/// Philox4x64 with 10 rounds; the constants are those of Salmon et al. 2011, table 2 and §3.3, and of Random123.
#[inline]
const fn philox4x64(mut key: [u64; 2], mut counter: [u64; 4]) -> [u64; 4] {
    const MULTIPLIERS: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
    // The golden ratio and sqrt(3) - 1, as fractions of 2^64.
    const WEYL: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];
    const ROUNDS: u32 = 10;

    let mut round = 0;
    while round < ROUNDS {
        let first = MULTIPLIERS[0] as u128 * counter[0] as u128;
        let second = MULTIPLIERS[1] as u128 * counter[2] as u128;
        counter = [
            (second >> 64) as u64 ^ counter[1] ^ key[0],
            second as u64,
            (first >> 64) as u64 ^ counter[3] ^ key[1],
            first as u64,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        round += 1;
    }
    counter
}

/// The finalizer of SplitMix64 after one step of its counter (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014): a bijection of 64-bit words.
const fn splitmix64(word: u64) -> u64 {
    let mut mixed = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// FNV-1a, 64 bits (Fowler, Noll and Vo; IETF draft-eastlake-fnv).
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATENCY: Purpose = Purpose::named("network/latency");
    const LOSS: Purpose = Purpose::named("network/loss");

    #[test]
    fn philox_gives_the_known_answers_of_random123() {
        let zeros = philox4x64([0; 2], [0; 4]);
        assert_eq!(zeros, [0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b]);
        let ones = philox4x64([u64::MAX; 2], [u64::MAX; 4]);
        assert_eq!(ones, [0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0]);
        let digits_of_pi = philox4x64(
            [0x452821e638d01377, 0xbe5466cf34e90c6c],
            [0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89],
        );
        assert_eq!(digits_of_pi, [0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6]);
    }

    /// The words agree with numpy's `Philox(key, counter)`; the rest follows from them by the documented arithmetic.
    #[test]
    fn every_method_gives_its_frozen_numbers() {
        let draw = || Streams::new(Seed(7)).draw(LATENCY, 3, 5);
        let mut words = draw();
        let words: [u64; 9] = std::array::from_fn(|_| words.next_u64());
        assert_eq!(
            words,
            [
                0x71071edc2cd0ada3,
                0xe386b77218e7967c,
                0xe30d1a258145f666,
                0xd3a4c83b8e4ddeac,
                0xf0c06112c042b7e1,
                0x602bd426ae4a65f7,
                0x189f84e52d55d3d2,
                0x23ac988f00d21b1b,
                0xd83d2e4c5e7e0d6a,
            ]
        );
        assert_eq!(draw().uniform().to_bits(), 0x3fdc41c7b70b342a);
        assert_eq!(draw().open_uniform().to_bits(), 0x3fdc41c7b70b342a);
        let below = [1, 6, 1000, 1_000_000_000_000_000_000, 3 << 62].map(|n| draw().below(n));
        assert_eq!(below, [0, 2, 441, 441_514_900_926_281_506, 6_108_384_286_587_257_402]);
        let mut items = [0, 1, 2, 3, 4, 5, 6, 7];
        draw().shuffle(&mut items);
        assert_eq!(items, [2, 0, 1, 7, 4, 5, 6, 3]);
        assert_eq!(draw().pick(&[10, 20, 30, 40, 50, 60]), Some(&30));
        let mut coin = draw();
        let quarter = Ratio::new(0.25).unwrap();
        assert_eq!([(); 9].map(|()| coin.chance(quarter)), [false, false, false, false, false, false, true, true, false]);
        assert_eq!(Seed(1).derive("replicate", 7), Seed(0x23343746d3403286));
    }

    #[test]
    fn fnv1a_gives_the_known_answers_of_its_authors() {
        assert_eq!(fnv1a(b""), 0xcbf29ce484222325);
        assert_eq!(fnv1a(b"a"), 0xaf63dc4c8601ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x85944171f73967e8);
    }

    /// The first outputs of `SplittableRandom` seeded with 0, as published with the algorithm.
    #[test]
    fn splitmix_gives_the_known_answers_of_its_authors() {
        assert_eq!(splitmix64(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(splitmix64(0x9E37_79B9_7F4A_7C15), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn the_parts_of_a_purpose_are_purposes_of_their_own() {
        let mut purposes = vec![LATENCY, LOSS];
        purposes.extend((0..100).flat_map(|index| [LATENCY.part(index), LOSS.part(index)]));
        purposes.sort_unstable();
        purposes.dedup();
        assert_eq!(purposes.len(), 202);
    }

    #[test]
    fn a_purpose_that_is_redrawn_changes_with_all_its_parts_and_nothing_else_does() {
        let plain = Streams::new(Seed(7));
        let other = plain.redrawing(LATENCY);
        let differs = |purpose, entity, ordinal| {
            plain.draw(purpose, entity, ordinal).next_u64() != other.draw(purpose, entity, ordinal).next_u64()
        };
        for place in 0..100 {
            assert!(
                differs(LATENCY, place, 5) && differs(LATENCY.part(place), 3, 5) && differs(LATENCY.part(1).part(place), 3, 5)
            );
            assert!(!differs(LOSS, place, 5) && !differs(LOSS.part(place), 3, 5) && !differs(LOSS.part(1).part(place), 3, 5));
        }
        assert_eq!(other, plain.redrawing(LATENCY.part(3)), "a part stands for all of its root");
        assert_eq!(plain.redrawing(LOSS).redrawing(LATENCY), other, "the last one counts");
        assert_eq!((other.seed(), other == Streams::new(Seed(8)).redrawing(LATENCY)), (Seed(7), false));
    }

    #[test]
    fn reading_one_draw_cannot_move_another() {
        let streams = Streams::new(Seed(7));
        let mut alone = streams.draw(LATENCY, 3, 5);
        let expected: Vec<u64> = (0..9).map(|_| alone.next_u64()).collect();

        let mut neighbour = streams.draw(LATENCY, 3, 4);
        (0..1000).for_each(|_| assert_ne!(neighbour.next_u64(), expected[0]));
        let mut again = streams.draw(LATENCY, 3, 5);
        assert_eq!((0..9).map(|_| again.next_u64()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn seed_purpose_entity_and_ordinal_each_choose_other_numbers() {
        let first = |seed, purpose, entity, ordinal| Streams::new(Seed(seed)).draw(purpose, entity, ordinal).next_u64();
        let words = [
            first(7, LATENCY, 3, 5),
            first(8, LATENCY, 3, 5),
            first(7, LOSS, 3, 5),
            first(7, LATENCY, 5, 3),
            first(7, LATENCY, 4, 5),
            first(7, LATENCY, 3, 6),
        ];
        for (index, word) in words.iter().enumerate() {
            assert!(!words[..index].contains(word), "{index}");
        }
    }

    #[test]
    fn a_stream_walks_through_the_ordinals() {
        let streams = Streams::new(Seed(7));
        let mut stream = Stream::new(LOSS, 2);
        for ordinal in 0..5 {
            assert_eq!(stream.next_ordinal(), ordinal);
            assert_eq!(stream.draw(&streams).next_u64(), streams.draw(LOSS, 2, ordinal).next_u64());
        }
    }

    #[test]
    fn uniform_numbers_stay_in_their_interval_at_the_edges_of_the_word() {
        let with_word = |word| Draw { words: [word; WORDS], used: 0, ..Streams::new(Seed(0)).draw(LATENCY, 0, 0) };
        assert_eq!(with_word(0).uniform(), 0.0);
        assert_eq!(with_word(u64::MAX).uniform(), 1.0 - f64::EPSILON / 2.0);
        assert_eq!(with_word(0).open_uniform(), f64::EPSILON / 2.0);
        assert_eq!(with_word(u64::MAX).open_uniform(), 1.0 - f64::EPSILON / 2.0);
    }

    #[test]
    fn below_is_even_over_a_range_that_does_not_divide_the_words() {
        let streams = Streams::new(Seed(11));
        let mut counts = [0u32; 7];
        (0..70_000).for_each(|ordinal| counts[streams.draw(LOSS, 0, ordinal).below(7) as usize] += 1);
        // Chi-square with 6 degrees of freedom exceeds 22.5 once in a thousand seeds.
        let chi_square: f64 =
            counts.iter().map(|&count| (f64::from(count) - 10_000.0) * (f64::from(count) - 10_000.0) / 10_000.0).sum();
        assert!(chi_square < 22.5, "{counts:?}");
    }

    #[test]
    fn below_rejects_words_that_would_favour_some_results() {
        // For n = 3 * 2^62 a quarter of all words is rejected; accepted ones must fill the three thirds evenly.
        let streams = Streams::new(Seed(12));
        let third = 1u64 << 62;
        let mut counts = [0u32; 3];
        (0..30_000).for_each(|ordinal| counts[(streams.draw(LOSS, 0, ordinal).below(3 * third) / third) as usize] += 1);
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 4 * 82), "{counts:?}");
    }

    #[test]
    fn every_permutation_of_three_is_equally_likely() {
        let streams = Streams::new(Seed(13));
        let mut counts = std::collections::BTreeMap::new();
        for ordinal in 0..60_000 {
            let mut items = [0, 1, 2];
            streams.draw(LOSS, 0, ordinal).shuffle(&mut items);
            *counts.entry(items).or_insert(0u32) += 1;
        }
        // Standard error of a count of 10,000 in 60,000: 91.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|&count| count.abs_diff(10_000) < 4 * 91), "{counts:?}");
    }

    #[test]
    fn nothing_is_picked_from_nothing() {
        assert_eq!(Streams::new(Seed(0)).draw(LOSS, 0, 0).pick::<u8>(&[]), None);
    }

    #[test]
    fn chance_takes_one_word_whatever_the_probability() {
        let draw = || Streams::new(Seed(1)).draw(LOSS, 0, 0);
        let (mut never, mut always, mut plain) = (draw(), draw(), draw());
        assert!(!never.chance(Ratio::ZERO) && always.chance(Ratio::ONE));
        plain.next_u64();
        let second = plain.next_u64();
        assert_eq!((never.next_u64(), always.next_u64()), (second, second));
    }

    #[test]
    fn derived_seeds_differ_by_label_index_and_parent() {
        let seeds = [
            Seed(1),
            Seed(1).derive("replicate", 0),
            Seed(1).derive("replicate", 1),
            Seed(1).derive("scenario", 0),
            Seed(2).derive("replicate", 0),
            Seed(1).derive("replicate", 0).derive("replicate", 0),
        ];
        for (index, seed) in seeds.iter().enumerate() {
            assert!(!seeds[..index].contains(seed), "{index}");
        }
    }
}
