//! The order of events of one instant.
//!
//! It is the order in which they were scheduled, and a model may rely on it. Whether its *results* hang on it is another
//! question: of two messages that arrive in the same nanosecond, a real network delivers either first. So the order can be
//! shuffled, and results that change are reported as depending on ties.

/// Multiplier of the permutation: odd, and so invertible modulo 2^64. (MMIX by Knuth.)
const FACTOR: u64 = 6_364_136_223_846_793_005;
const INVERSE: u64 = inverse(FACTOR);

/// Maps seqs to places in the order of one instant, and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ties {
    /// The place is the seq.
    Fifo,
    /// The place is a permutation of the seq that depends on the key.
    Shuffled { key: u64 },
}

impl Ties {
    /// A shuffle in which no seq has place 0, which stands for "none": seqs do not reach 2^63, so they cannot equal the key.
    pub(super) fn shuffled(key: u64) -> Self {
        Ties::Shuffled { key: key | 1 << 63 }
    }

    #[inline(always)]
    pub(super) fn place_of(self, seq: u64) -> u64 {
        match self {
            Ties::Fifo => seq,
            Ties::Shuffled { key } => (seq ^ key).wrapping_mul(FACTOR).rotate_left(32).wrapping_mul(FACTOR),
        }
    }

    #[inline(always)]
    pub(super) fn seq_at(self, place: u64) -> u64 {
        match self {
            Ties::Fifo => place,
            Ties::Shuffled { key } => place.wrapping_mul(INVERSE).rotate_right(32).wrapping_mul(INVERSE) ^ key,
        }
    }
}

/// Newton's iteration doubles the number of right low bits: 3, 6, 12, 24, 48, 96.
const fn inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    let mut round = 0;
    while round < 5 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
        round += 1;
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffled_place_leads_back_to_its_seq() {
        for key in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            let ties = Ties::shuffled(key);
            for seq in (0..1_000).chain([(1 << 63) - 1]) {
                assert_ne!(ties.place_of(seq), 0);
                assert_eq!(ties.seq_at(ties.place_of(seq)), seq);
            }
        }
    }
}
