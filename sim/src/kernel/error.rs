//! Each way in which a run can die.

use hms_machine::{Duration, Instant};
use thiserror::Error;

/// Why a run ended before its time. Finishing is an [`Outcome`](super::Outcome), not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// The budget of events is used up and there is more to dispatch: a storm of events, or a budget that is too small.
    #[error("event limit reached: {limit} events dispatched at {now}, and more are due before the end")]
    EventLimit {
        /// Events dispatched since the simulation began, which is the limit.
        limit: u64,
        /// Simulated time of the last event.
        now: Instant,
    },
    /// More is pending than the budget of memory allows: calls that pile up, or a budget that is too small.
    #[error("pending limit reached: more than {limit} events are pending at {now}")]
    PendingLimit {
        /// Most events that may be pending.
        limit: usize,
        /// Simulated time of the last event.
        now: Instant,
    },
    /// The caller's `should_stop` said so: a wall-clock limit or Ctrl-C. The simulation is whole and can be run on.
    #[error("interrupted after {events} events at {now}")]
    Interrupted {
        /// Events dispatched since the simulation began.
        events: u64,
        /// Simulated time of the last event.
        now: Instant,
    },
    /// The model asked for an event beyond 2^64 ns (584 years).
    #[error("time overflow: the event with seq {seq} at {now} asked for an event {delay} later, beyond 2^64 ns")]
    TimeOverflow {
        /// Simulated time at which it asked.
        now: Instant,
        /// How much later the event should have been.
        delay: Duration,
        /// The event that was being dispatched; 0 outside any dispatch.
        seq: u64,
    },
    /// The model asked for an event before the present.
    #[error("scheduled in the past: the event with seq {seq} at {now} asked for an event at {at}")]
    ScheduledInThePast {
        /// Simulated time at which it asked.
        now: Instant,
        /// When the event should have been.
        at: Instant,
        /// The event that was being dispatched; 0 outside any dispatch.
        seq: u64,
    },
}
