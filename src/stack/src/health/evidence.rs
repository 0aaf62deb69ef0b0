//! A sequential test: does something happen more often than it should?
//!
//! Wald's log-likelihood ratio (1945) between "as often as on a healthy path" and "as often as on a bad one", added up event by event and never below
//! zero: the cumulative sum of Page (1954, §2), which is the fastest test of a change that gives false alarms no more often than it may
//! (Moustakides 1986). It remembers who contributed, so that it can be said whose doing it is.

use hms_machine::{Duration, Instant};

/// Contributors that are remembered.
const RING: usize = 16;

/// What an event adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weights {
    bad: f64,
    good: f64,
    /// Sum that convicts.
    limit: f64,
    /// Least time over which the evidence has to stretch: one moment of bad luck is no habit.
    span: Duration,
}

impl Weights {
    /// Between a share that is `usual` and one that is `bad`; `confidence` in natural logarithms of likelihood.
    pub(crate) fn new(usual: f64, bad: f64, confidence: f64, span: Duration) -> Self {
        Weights { bad: libm::log(bad / usual), good: libm::log((1.0 - bad) / (1.0 - usual)), limit: confidence, span }
    }
}

/// Who did it, and how far off it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) position: u32,
    /// Nanoseconds; for events that are off by some time.
    pub(crate) shift: i64,
}

/// One sum.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    sum: f64,
    since: Option<Instant>,
    raised: bool,
    ring: Vec<Event>,
    next: usize,
}

impl Evidence {
    /// Takes an outcome; whether the verdict has changed, and to what.
    pub(crate) fn observe(&mut self, bad: Option<Event>, weights: &Weights, now: Instant) -> Option<bool> {
        match bad {
            Some(event) => {
                self.sum = (self.sum + weights.bad).min(1.5 * weights.limit);
                self.since.get_or_insert(now);
                if self.ring.len() < RING {
                    self.ring.push(event);
                } else {
                    self.ring[self.next] = event;
                }
                self.next = (self.next + 1) % RING;
            }
            None => self.sum = (self.sum + weights.good).max(0.0),
        }
        if self.sum == 0.0 {
            let was = self.raised;
            self.clear();
            return was.then_some(false);
        }
        let enough = self.sum >= weights.limit && self.since.is_some_and(|since| now.saturating_since(since) >= weights.span);
        if enough && !self.raised {
            self.raised = true;
            return Some(true);
        }
        None
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        (self.sum, self.since, self.raised, self.next) = (0.0, None, false, 0);
        self.ring.clear();
    }

    pub(crate) fn raised(&self) -> bool {
        self.raised
    }

    /// What was seen since the sum left zero, the newest last events in any order.
    pub(crate) fn events(&self) -> &[Event] {
        &self.ring
    }

    /// The one that did at least `share` of it, if there is one.
    pub(crate) fn culprit(&self, share: f64) -> Option<u32> {
        let worst = self.worst()?;
        let count = self.ring.iter().filter(|event| event.position == worst).count();
        (count as f64 >= share * self.ring.len() as f64).then_some(worst)
    }

    /// The one that did most of it; of several the first.
    pub(crate) fn worst(&self) -> Option<u32> {
        let count = |position: u32| self.ring.iter().filter(|event| event.position == position).count();
        let most = self.ring.iter().map(|event| count(event.position)).max()?;
        self.ring.iter().map(|event| event.position).filter(|position| count(*position) == most).min()
    }
}
