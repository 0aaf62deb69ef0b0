//! Does the wall clock differ from a peer's?
//!
//! A message tells the sender's clock on departure, so the difference on arrival is the offset plus the time on the way. The time on the way is never negative and
//! seldom long twice, so the least of the last few differences is nearest to the offset: the idea of NTP's clock filter (Mills, RFC 5905 §10), one way.
//! What it cannot tell: which of the two clocks is wrong, and an offset from a constant delay on the way. A node hands it offsets from the middle clock of its
//! zone, so that the one that is wrong is named.

use std::collections::VecDeque;

use hms_machine::Instant;

use super::baseline::push;
use super::reading::seconds_between;
use super::{Cause, Check, CheckConfiguration, Reading, Status};
use crate::health::Gate;

/// Differences of which the least is taken; NTP keeps 8, a shorter memory sees a jump sooner.
const FILTER: usize = 4;

/// Degraded while the clocks differ by more than they may.
#[derive(Clone, Debug)]
pub struct ClockOffset {
    differences: VecDeque<f64>,
    gate: Gate,
}

impl ClockOffset {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        let threshold = configuration.share(configuration.clock_offset.as_secs_f64());
        ClockOffset { differences: VecDeque::with_capacity(FILTER), gate: Gate::new(configuration.smoothed(threshold)) }
    }
}

impl Check for ClockOffset {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        let Reading::Clocks { own, peer } = *reading else { return None };
        push(&mut self.differences, FILTER, seconds_between(own, peer));
        if self.differences.len() < FILTER {
            return None;
        }
        let offset = self.differences.iter().copied().fold(f64::INFINITY, f64::min);
        let off = self.gate.observe(offset.abs(), at);
        Some(if off { Status::Degraded { cause: Cause::ClockOff } } else { Status::Healthy })
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}
