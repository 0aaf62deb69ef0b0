//! Loads that replay stated instants.

use hms_machine::{Instant, Purpose, Streams};

use super::surge::Surges;

const COPIES: Purpose = Purpose::named("load/timestamp-copies");

/// Ordinals of the additional copies that a surge makes, so that the stated requests keep theirs.
const COPY: u64 = 1 << 62;
/// Copies of one timestamp have numbers below this.
const COPY_BITS: u32 = 20;

/// Stated instants, thinned or multiplied by surges.
///
/// Under a factor f, each timestamp gives ⌊f⌋ requests and one more with probability f − ⌊f⌋, so that windows keep their expected share. The
/// first stands at the stated instant, its copies evenly before the next timestamp: bursts stay where they were.
#[derive(Clone, Debug)]
pub(super) struct Timestamps {
    at: Vec<Instant>,
}

/// Where a replay stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Replay {
    index: usize,
    /// Copies of timestamp `index` that were given out, and all that there are.
    given: u32,
    copies: u32,
}

impl Timestamps {
    pub(super) fn new(at: Vec<Instant>) -> Self {
        Timestamps { at }
    }

    /// The next request: its ordinal and instant.
    pub(super) fn next(&self, replay: &mut Replay, surges: &Surges, load: u64, streams: &Streams) -> Option<(u64, Instant)> {
        while replay.given == replay.copies {
            let index = replay.index;
            let at = *self.at.get(index)?;
            let copies = copies(surges.factor(at), index as u64, load, streams);
            *replay = Replay { index: index + usize::from(copies == 0), given: 0, copies };
        }
        let Replay { index, given, copies } = *replay;
        let at = self.at[index];
        let gap = self.at.get(index + 1).map_or(0, |next| next.saturating_since(at).as_nanos());
        let offset = u128::from(gap) * u128::from(given) / u128::from(copies);
        let instant = Instant::from_nanos(at.as_nanos() + offset as u64);
        let ordinal = if given == 0 { index as u64 } else { COPY | (index as u64) << COPY_BITS | u64::from(given) };
        *replay = Replay { given: given + 1, ..*replay };
        if replay.given == copies {
            *replay = Replay { index: index + 1, given: 0, copies: 0 };
        }
        Some((ordinal, instant))
    }
}

fn copies(factor: f64, index: u64, load: u64, streams: &Streams) -> u32 {
    if factor == 1.0 {
        return 1;
    }
    let whole = libm::floor(factor).min(f64::from((1u32 << COPY_BITS) - 2));
    let more = streams.draw(COPIES, load, index).uniform() < factor - whole;
    whole as u32 + u32::from(more)
}
