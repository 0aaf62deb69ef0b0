//! An alert as one group knows it: what its receiver has been told, and what it is to be told.

use hms_machine::Instant;

/// Where an alert stands with a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// It fires, and the receiver is to be told; it was told something milder at `told`, if anything.
    Pending { told: Option<Instant> },
    /// It fires, and the receiver was told at this time.
    Told { at: Instant },
    /// It has ended, and the receiver, who was told at this time that it fires, does not know.
    Ended { told: Instant },
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// It fires, as urgent as before or less.
    Raised,
    /// It fires, more urgent than before.
    Worse,
    /// No source says so any more.
    Resolved,
    /// Its group speaks. `quiet`: it is inhibited or silenced; `repeat`: who was told before this is told again.
    Flushed { quiet: bool, now: Instant, repeat: Option<Instant> },
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    Fires,
    Ended,
    /// It came and went before anyone was told.
    Passed,
}

impl Member {
    pub(super) const NEW: Member = Member::Pending { told: None };

    /// The next state (`None`: forgotten) and what is said.
    pub(super) fn next(self, happening: Happening) -> (Option<Member>, Said) {
        let same = (Some(self), Said::Nothing);
        match (self, happening) {
            // It is to be told already.
            (Member::Pending { .. }, Happening::Raised | Happening::Worse) => same,
            (Member::Pending { told: None }, Happening::Resolved) => (None, Said::Passed),
            (Member::Pending { told: Some(told) }, Happening::Resolved) => (Some(Member::Ended { told }), Said::Nothing),
            // The same again is no news.
            (Member::Told { .. }, Happening::Raised) => same,
            (Member::Told { at }, Happening::Worse) => (Some(Member::Pending { told: Some(at) }), Said::Nothing),
            (Member::Told { at }, Happening::Resolved) => (Some(Member::Ended { told: at }), Said::Nothing),
            // The receiver believes that it fires, and it does again.
            (Member::Ended { told }, Happening::Raised) => (Some(Member::Told { at: told }), Said::Nothing),
            (Member::Ended { told }, Happening::Worse) => (Some(Member::Pending { told: Some(told) }), Said::Nothing),
            // It is over already.
            (Member::Ended { .. }, Happening::Resolved) => same,
            (Member::Pending { .. } | Member::Told { .. } | Member::Ended { .. }, Happening::Flushed { quiet: true, .. }) => same,
            (Member::Pending { .. }, Happening::Flushed { now, .. }) => (Some(Member::Told { at: now }), Said::Fires),
            (Member::Told { at }, Happening::Flushed { now, repeat, .. }) => {
                if repeat.is_some_and(|before| at <= before) {
                    (Some(Member::Told { at: now }), Said::Fires)
                } else {
                    same
                }
            }
            (Member::Ended { .. }, Happening::Flushed { .. }) => (None, Said::Ended),
        }
    }

    /// Whether there is something new to say.
    pub(super) fn is_news(self) -> bool {
        match self {
            Member::Pending { .. } | Member::Ended { .. } => true,
            Member::Told { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn state_and_input_table() {
        let at = Instant::from_nanos;
        let states =
            [Member::NEW, Member::Pending { told: Some(at(5)) }, Member::Told { at: at(5) }, Member::Ended { told: at(5) }];
        let flushed = |quiet, repeat| Happening::Flushed { quiet, now: at(20), repeat };
        let happenings = [
            Happening::Raised,
            Happening::Worse,
            Happening::Resolved,
            flushed(false, None),
            flushed(false, Some(at(4))),
            flushed(false, Some(at(5))),
            flushed(true, Some(at(5))),
        ];
        let mut table = String::new();
        for state in states {
            for happening in happenings {
                let (next, said) = state.next(happening);
                writeln!(table, "{state:?} + {happening:?}\n    -> {next:?}, says {said:?}").unwrap();
            }
        }
        insta::assert_snapshot!(table);
    }
}
