//! The streaming hash over every dispatched event, and its value after each chunk of events.
//!
//! Per event: one folded 64 × 64 → 128 bit multiplication over (time, seq, fingerprint) and one step of the rolling state,
//! which for a given event is a bijection of the state: runs that differed once do not meet again by forgetting. Not a
//! cryptographic hash; it guards against mistakes, not against forgers.

use std::fmt;

/// Events per chunk hash: 4096.
pub const CHUNK_EVENTS: u64 = 1 << 12;

// Odd numbers with about half their bits set: fractional parts of the square roots of 2, 3, 5 and 7 (as in SHA-512).
const KEY_TIME: u64 = 0x6a09_e667_f3bc_c909;
const KEY_EVENT: u64 = 0xbb67_ae85_84ca_a73b;
const KEY_FINGERPRINT: u64 = 0x3c6e_f372_fe94_f82b;
const KEY_STATE: u64 = 0xa54f_f53a_5f1d_36f1;

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
        TraceHasher { state: KEY_STATE, chunks: Vec::new() }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, time: u64, seq: u64, fingerprint: u64) {
        let event = fold(time ^ KEY_TIME, seq ^ fingerprint.wrapping_mul(KEY_FINGERPRINT) ^ KEY_EVENT);
        self.state = (self.state.rotate_left(29) ^ event).wrapping_mul(KEY_STATE);
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
        assert_eq!(hash_of(&[]).to_string(), "be432feef2c60e4f");
        assert_eq!(hash_of(&[(0, 1, 0), (1_000, 2, 7), (u64::MAX, 3, u64::MAX)]).to_string(), "6bc5f453aa2a587f");
    }

    #[test]
    fn every_part_of_an_event_and_the_order_of_events_count() {
        let base = hash_of(&[(5, 1, 9), (6, 2, 9)]);
        for other in [[(4, 1, 9), (6, 2, 9)], [(5, 3, 9), (6, 2, 9)], [(5, 1, 8), (6, 2, 9)], [(6, 2, 9), (5, 1, 9)]] {
            assert_ne!(hash_of(&other), base, "{other:?}");
        }
    }
}
