//! What all contenders draw, so that they do the same work.

/// Mean of all exponential delays, in nanoseconds.
pub(crate) const MEAN_DELAY: f64 = 1e6;

/// Utilisation of the M/M/1 station.
pub(crate) const UTILISATION: f64 = 0.8;

/// A node's heartbeats come after uniform delays of at most twice this; nanoseconds.
pub(crate) const HEARTBEAT: u64 = 1_000_000;

/// A node's timer fires this long after the last heartbeat, which is never while heartbeats come; nanoseconds.
pub(crate) const TIMEOUT: u64 = 5 * HEARTBEAT;

/// xoshiro256++ (Blackman and Vigna 2019).
#[derive(Clone)]
pub(crate) struct Rng([u64; 4]);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        let mut state = seed;
        Rng(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    #[inline]
    pub(crate) fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    #[inline]
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// An exponential delay in nanoseconds.
    #[inline]
    pub(crate) fn exponential(&mut self, mean: f64) -> u64 {
        let uniform = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        (-(1.0 - uniform).ln() * mean) as u64
    }
}

/// How long until an entry of the hold scenario comes up again.
pub(crate) trait Delays: Clone {
    /// A delay in nanoseconds.
    fn draw(rng: &mut Rng) -> u64;
}

/// The usual case.
#[derive(Clone)]
pub(crate) struct Exponential;

/// Between nothing and twice the mean.
#[derive(Clone)]
pub(crate) struct Uniform;

/// Nine of ten short, one a thousand times as long.
#[derive(Clone)]
pub(crate) struct Bimodal;

/// Every delay is one of four, and zero half of the time: most events share their instant with many others.
#[derive(Clone)]
pub(crate) struct Ties;

/// Any order of magnitude from 1 ns to 2^47 ns.
#[derive(Clone)]
pub(crate) struct HugeJumps;

impl Delays for Exponential {
    #[inline]
    fn draw(rng: &mut Rng) -> u64 {
        rng.exponential(MEAN_DELAY)
    }
}

impl Delays for Uniform {
    #[inline]
    fn draw(rng: &mut Rng) -> u64 {
        rng.below(2 * MEAN_DELAY as u64)
    }
}

impl Delays for Bimodal {
    #[inline]
    fn draw(rng: &mut Rng) -> u64 {
        let short = rng.below(10) != 0;
        rng.below(if short { 20_000 } else { 20_000_000 })
    }
}

impl Delays for Ties {
    #[inline]
    fn draw(rng: &mut Rng) -> u64 {
        let draw = rng.next();
        (draw >> 63) * (1 + (draw & 3)) * 1_000_000
    }
}

impl Delays for HugeJumps {
    #[inline]
    fn draw(rng: &mut Rng) -> u64 {
        let magnitude = rng.below(48);
        (1 << magnitude) | rng.below(1 << magnitude)
    }
}
