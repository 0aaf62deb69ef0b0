//! Overload protection: how much is retried, admitted, and worked on at the same time.
//!
//! Picture a call on its way out and in. At the caller: the throttle, the rate limit, the bulkhead and the concurrency limit may each turn it away before it costs anything. At the server: the
//! bulkhead and shedding may refuse it before it waits in vain. When an attempt has failed: the retry policy says whether another could help, and the budget whether it may.
//! While it is unanswered: the hedger says whether to send a second copy.
//!
//! All are policies: they are told what happened and when, and asked for a verdict. None sends, waits or knows another. What turned a call away must be told to those that had already
//! let it pass, by giving their tickets back.

mod budget;
mod bulkhead;
mod concurrency;
mod hedge;
#[cfg(test)]
mod metastable;
mod quantile;
mod rate;
mod retry;
mod shedding;
mod throttle;
mod tickets;
mod window;

pub use budget::{Attempt, BudgetConfiguration, BudgetKind, RetryBudget};
pub use bulkhead::{Bulkhead, BulkheadConfiguration};
pub use concurrency::{ConcurrencyAlgorithm, ConcurrencyConfiguration, Limiter};
pub use hedge::{HedgeConfiguration, HedgeDelay, Hedger};
pub use rate::{RateConfiguration, RateLimit};
pub use retry::{Attempts, GiveUp, RetryAdvice, RetryConfiguration};
pub use shedding::{Admission, Arrival, Load, Shed, Shedder, SheddingConfiguration};
pub use throttle::{Throttle, ThrottleConfiguration};
pub use tickets::Ticket;

/// How an attempt of a call ended, as its caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Answered.
    Ok,
    /// Answered with an error.
    Error,
    /// Turned away at once: nobody listens, the queue is full, or load is shed.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The connection broke: the server's process died while it had the call.
    Reset,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Ending; 5] = [Ending::Ok, Ending::Error, Ending::Refused, Ending::TimedOut, Ending::Reset];
}
