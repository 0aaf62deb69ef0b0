//! How long messages of a peer usually take, by two clocks that nobody has set alike.
//!
//! The difference between arrival and departure holds the offset of the clocks, so only changes of it say something (the clock filter of NTP, RFC 5905
//! §10, looks at the same differences). What is usual is a median, and how far up and down is still usual a quantile above and below it: all
//! are of the last [`WINDOW`] differences that were not off, so what is off does not become usual by lasting.

use std::collections::VecDeque;

use hms_machine::Duration;

/// Differences that say what is usual.
const WINDOW: usize = 32;
/// Fewest that do.
const WINDOW_MIN: usize = 12;
/// Median and quantile are taken anew after so many.
const RENEWED: u32 = 8;
/// How many times the reach from the median to a quantile is off.
const REACHES: i64 = 4;

/// What is off about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Off {
    /// As usual, or nothing is known yet.
    No,
    /// So many nanoseconds more than usual.
    Late(i64),
    /// So many nanoseconds less than usual, counted below zero. A way does not become shorter all of a sudden: a clock was set.
    Early(i64),
}

/// Least deviations that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Least {
    pub(super) late: Duration,
    pub(super) early: Duration,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Usual {
    differences: VecDeque<i64>,
    learnt: u32,
    middle: i64,
    /// To the high quantile, and to the low one.
    above: i64,
    below: i64,
}

impl Usual {
    pub(super) fn observe(&mut self, difference: i64, least: Least) -> Off {
        if self.differences.len() >= WINDOW_MIN {
            let shift = difference.saturating_sub(self.middle);
            if shift > (REACHES * self.above).saturating_add(nanos(least.late)) {
                return Off::Late(shift);
            }
            if shift < -(REACHES * self.below).saturating_add(nanos(least.early)) {
                return Off::Early(shift);
            }
        }
        if self.differences.len() == WINDOW {
            self.differences.pop_front();
        }
        self.differences.push_back(difference);
        self.learnt += 1;
        if self.learnt.is_multiple_of(RENEWED) || self.differences.len() == WINDOW_MIN {
            let mut sorted: Vec<i64> = self.differences.iter().copied().collect();
            sorted.sort_unstable();
            self.middle = sorted[sorted.len() / 2];
            self.above = sorted[sorted.len() * 9 / 10].saturating_sub(self.middle);
            self.below = self.middle.saturating_sub(sorted[sorted.len() / 10]);
        }
        Off::No
    }

    pub(super) fn forget(&mut self) {
        *self = Usual::default();
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
