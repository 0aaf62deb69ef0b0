//! A threshold that does not flap: a level to enter, a level to leave, readings in a row for either, and a least time raised.
//!
//! Picture a thermostat. One reading beyond a line says little, so a [`Gate`] wants `enter_count` of them in a row; the way back needs
//! `leave_count` readings beyond another, better line (a Schmitt trigger), and never happens before the gate was raised for `hold`.
//! Contract: of `n` readings at most `⌈n / (enter_count + leave_count)⌉` raise the gate, and two raises are at least `hold` apart. A reading that is
//! not a number says nothing and breaks no row. Before the first reading the gate is clear.

use hms_machine::{Duration, Instant};

/// Which values are bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those at or above the level to enter.
    Above,
    /// Those at or below the level to enter.
    Below,
}

/// When a [`Gate`] is raised and when it is cleared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Which values are bad.
    pub side: Side,
    /// A value at or beyond this level is bad.
    pub enter: f64,
    /// A value strictly on the good side of this level is good; between the levels a value is neither.
    pub leave: f64,
    /// Bad readings in a row that raise the gate, at least 1. From 2 on, a single bad sample raises nothing.
    pub enter_count: u32,
    /// Good readings in a row that clear it, at least 1.
    pub leave_count: u32,
    /// Least time for which the gate stays raised.
    pub hold: Duration,
}

impl Threshold {
    /// High values are bad.
    ///
    /// # Panics
    /// If the level to leave lies above the level to enter.
    pub fn above(enter: f64, leave: f64) -> Self {
        assert!(leave <= enter, "a gate that is entered at {enter} is left at {leave}");
        Threshold { side: Side::Above, enter, leave, enter_count: 1, leave_count: 1, hold: Duration::ZERO }
    }

    /// Low values are bad.
    ///
    /// # Panics
    /// If the level to leave lies below the level to enter.
    pub fn below(enter: f64, leave: f64) -> Self {
        assert!(leave >= enter, "a gate that is entered at {enter} is left at {leave}");
        Threshold { side: Side::Below, enter, leave, enter_count: 1, leave_count: 1, hold: Duration::ZERO }
    }

    /// Wants `enter` bad readings in a row to raise and `leave` good ones to clear (0 counts as 1).
    pub fn in_a_row(self, enter: u32, leave: u32) -> Self {
        Threshold { enter_count: enter.max(1), leave_count: leave.max(1), ..self }
    }

    /// Stays raised for at least `hold`.
    pub fn held(self, hold: Duration) -> Self {
        Threshold { hold, ..self }
    }

    fn judge(&self, value: f64) -> Judgement {
        let (bad, good) = match self.side {
            Side::Above => (value >= self.enter, value < self.leave),
            Side::Below => (value <= self.enter, value > self.leave),
        };
        match (bad, good) {
            (true, _) => Judgement::Bad,
            (false, true) => Judgement::Good,
            (false, false) => Judgement::Between,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgement {
    Bad,
    Between,
    Good,
}

/// A [`Threshold`] and how far its readings have come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    threshold: Threshold,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The last `bad` readings were bad.
    Clear { bad: u32 },
    /// Raised at `since`; the last `good` readings were good.
    Raised { since: Instant, good: u32 },
}

impl Gate {
    /// A clear gate.
    pub const fn new(threshold: Threshold) -> Self {
        Gate { threshold, state: State::Clear { bad: 0 } }
    }

    /// Takes a reading and says whether the gate is raised.
    pub fn observe(&mut self, value: f64, at: Instant) -> bool {
        if !value.is_nan() {
            self.state = self.next(self.threshold.judge(value), at);
        }
        self.raised()
    }

    /// Whether the gate is raised.
    pub const fn raised(&self) -> bool {
        matches!(self.state, State::Raised { .. })
    }

    /// Whether the gate is raised only because the newest readings, which were good, are too few to clear it.
    pub const fn mending(&self) -> bool {
        matches!(self.state, State::Raised { good: 1.., .. })
    }

    /// Since when the gate is raised.
    pub const fn since(&self) -> Option<Instant> {
        match self.state {
            State::Clear { .. } => None,
            State::Raised { since, .. } => Some(since),
        }
    }

    fn next(&self, judgement: Judgement, at: Instant) -> State {
        let Threshold { enter_count, leave_count, hold, .. } = self.threshold;
        match (self.state, judgement) {
            (State::Clear { bad }, Judgement::Bad) if bad + 1 >= enter_count => State::Raised { since: at, good: 0 },
            (State::Clear { bad }, Judgement::Bad) => State::Clear { bad: bad + 1 },
            // What is neither breaks the row as well: the row is of bad readings.
            (State::Clear { .. }, Judgement::Between | Judgement::Good) => State::Clear { bad: 0 },
            (State::Raised { since, .. }, Judgement::Bad | Judgement::Between) => State::Raised { since, good: 0 },
            (State::Raised { since, good }, Judgement::Good) => {
                let good = good.saturating_add(1);
                let over = good >= leave_count && at.saturating_since(since) >= hold;
                if over { State::Clear { bad: 0 } } else { State::Raised { since, good } }
            }
        }
    }
}

/// How bad a value with two thresholds is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Neither is raised.
    Fine,
    /// The milder one is raised.
    Degraded,
    /// The harder one is raised.
    Failed,
}

/// Two gates over one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grader {
    degraded: Gate,
    failed: Gate,
}

impl Grader {
    /// Grades by these two thresholds.
    pub const fn new(degraded: Threshold, failed: Threshold) -> Self {
        Grader { degraded: Gate::new(degraded), failed: Gate::new(failed) }
    }

    /// Takes a reading and says how bad things are.
    pub fn observe(&mut self, value: f64, at: Instant) -> Grade {
        let degraded = self.degraded.observe(value, at);
        let failed = self.failed.observe(value, at);
        if failed {
            Grade::Failed
        } else if degraded {
            Grade::Degraded
        } else {
            Grade::Fine
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn threshold() -> Threshold {
        Threshold::above(10.0, 5.0).in_a_row(2, 2).held(Duration::from_millis(1_000))
    }

    #[test]
    fn state_and_input_table() {
        let states = [
            State::Clear { bad: 0 },
            State::Clear { bad: 1 },
            State::Raised { since: at(0), good: 0 },
            State::Raised { since: at(0), good: 1 },
        ];
        let mut table = String::new();
        for state in states {
            for value in [12.0, 7.0, 3.0, f64::NAN] {
                for now in [500, 1_500] {
                    let mut gate = Gate { threshold: threshold(), state };
                    gate.observe(value, at(now));
                    writeln!(table, "{state:?} + {value} at {now}ms -> {:?}", gate.state).unwrap();
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn low_values_can_be_the_bad_ones() {
        let mut gate = Gate::new(Threshold::below(60.0, 120.0));
        assert!(!gate.observe(61.0, at(0)) && gate.observe(60.0, at(1)));
        assert!(gate.observe(120.0, at(2)) && !gate.observe(121.0, at(3)));
    }

    #[test]
    fn a_raised_gate_mends_from_the_first_good_reading_to_the_next_bad_one() {
        let mut gate = Gate::new(Threshold::above(1.0, 1.0).in_a_row(1, 3));
        let mending = [0.0, 2.0, 0.0, 2.0, 0.0, 0.0, 0.0].map(|value| {
            gate.observe(value, at(0));
            gate.mending()
        });
        assert_eq!(mending, [false, false, true, false, true, true, false]);
    }

    #[test]
    fn a_grader_says_the_worse_of_its_gates() {
        let mut grader = Grader::new(Threshold::above(1.0, 0.5), Threshold::above(2.0, 1.5));
        let grades = [0.0, 1.2, 2.5, 1.7, 1.2, 0.7, 0.4].map(|value| grader.observe(value, at(0)));
        use Grade::{Degraded, Failed, Fine};
        assert_eq!(grades, [Fine, Degraded, Failed, Failed, Degraded, Degraded, Fine]);
    }

    proptest! {
        #[test]
        fn a_gate_never_flaps_more_than_its_counts_and_its_hold_allow(
            values in prop::collection::vec(-1.0f64..3.0, 1..300),
            (enter_count, leave_count) in (1u32..5, 1u32..5),
            hold in 0u64..2_000,
        ) {
            let hold = Duration::from_millis(hold);
            let mut gate = Gate::new(Threshold::above(1.5, 0.5).in_a_row(enter_count, leave_count).held(hold));
            let mut raises = Vec::new();
            for (index, value) in values.iter().enumerate() {
                let before = gate.raised();
                let now = at(index as u64 * 100);
                if gate.observe(*value, now) && !before {
                    raises.push(now);
                }
            }
            prop_assert!(raises.len() <= values.len().div_ceil((enter_count + leave_count) as usize));
            for pair in raises.windows(2) {
                prop_assert!(pair[1] - pair[0] >= hold);
            }
        }

        #[test]
        fn a_single_bad_sample_raises_nothing_and_a_lasting_one_does(good in prop::collection::vec(0.0f64..1.0, 2..50), place in 0usize..50) {
            let mut gate = Gate::new(threshold());
            for (index, value) in good.iter().enumerate() {
                let value = if index == place { 99.0 } else { *value };
                prop_assert!(!gate.observe(value, at(index as u64)));
            }
            gate.observe(99.0, at(100));
            prop_assert!(gate.observe(99.0, at(101)));
        }
    }
}
