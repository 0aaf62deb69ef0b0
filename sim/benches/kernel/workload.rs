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
