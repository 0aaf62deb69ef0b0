//! The streaming hash over every dispatched event, and its value after each chunk of events.
//!
//! Per event one folded 64 × 64 → 128 bit multiplication of (state, time) by (seq, fingerprint), as in wyhash (Wang Yi 2019).
//! Every event changes the whole state, so runs that differed once go on differing, but for a chance of about 2^-64 per event.
//! Not a cryptographic hash; it guards against mistakes, not against forgers.

use std::fmt;

/// Events per chunk hash: 4096.
pub const CHUNK_EVENTS: u64 = 1 << 12;

// Odd numbers with about half their bits set: fractional parts of the square roots of 2 and of 11 (from the SHA-2 family).
const START: u64 = 0x6a09_e667_f3bc_c909;
const FINGERPRINT_FACTOR: u64 = 0x510e_527f_ade6_82d1;

/// Digest of all events dispatched so far; equal for equal runs. Shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceHash(pub u64);

impl fmt::Display for TraceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[derive(Clone, Debug)]
pub(super) struct TraceHasher {
    state: u64,
    chunks: Vec<u64>,
}

impl TraceHasher {
    pub(super) fn new() -> Self {
        TraceHasher { state: START, chunks: Vec::new() }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, time: u64, seq: u64, fingerprint: u64) {
        // The product tells fingerprints apart from seqs, which are both small numbers.
        self.state = fold(self.state ^ time, fingerprint.wrapping_mul(FINGERPRINT_FACTOR).wrapping_add(seq));
    }

    #[cold]
    pub(super) fn end_chunk(&mut self) {
        self.chunks.push(avalanche(self.state));
    }

    pub(super) fn hash(&self) -> TraceHash {
        TraceHash(avalanche(self.state))
    }

    pub(super) fn chunks(&self) -> &[u64] {
        &self.chunks
    }
}

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection in which every bit of the state moves every bit shown.
fn avalanche(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(events: &[(u64, u64, u64)]) -> TraceHash {
        let mut hasher = TraceHasher::new();
        for &(time, seq, fingerprint) in events {
            hasher.add(time, seq, fingerprint);
        }
        hasher.hash()
    }

    #[test]
    fn the_hash_is_a_frozen_part_of_the_trace_format() {
        assert_eq!(hash_of(&[]).to_string(), "3564b439cd1e1f16");
        assert_eq!(hash_of(&[(0, 1, 0), (1_000, 2, 7), (u64::MAX, 3, u64::MAX)]).to_string(), "0bf10db43726fa37");
    }

    #[test]
    fn every_part_of_an_event_and_the_order_of_events_count() {
        let base = hash_of(&[(5, 1, 9), (6, 2, 9)]);
        for other in [[(4, 1, 9), (6, 2, 9)], [(5, 3, 9), (6, 2, 9)], [(5, 1, 8), (6, 2, 9)], [(6, 2, 9), (5, 1, 9)]] {
            assert_ne!(hash_of(&other), base, "{other:?}");
        }
    }
}
