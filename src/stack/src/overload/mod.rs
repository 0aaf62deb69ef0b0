//! Overload protection: how much is retried, admitted, and worked on at the same time.
//!
//! Picture a call on its way out and in. At the caller: the throttle, the rate limit, the bulkhead and the concurrency limit may each turn
//! it away before it costs anything. At the server: the bulkhead and shedding may refuse it before it waits in vain. When an attempt has
//! failed: the retry policy says whether another could help, and the budget whether it may. While it is unanswered: the hedger says whether
//! to send a second copy.
//!
//! All are policies: they are told what happened and when, and asked for a verdict. None sends, waits or knows another. What turned a call
//! away must be told to those that had already let it pass, by giving their tickets back.

mod budget;
mod bulkhead;
mod concurrency;
mod hedge;
#[cfg(test)]
mod metastable;
pub mod presets;
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

use crate::configuration::Conflict;
use crate::tunables::Visitor;

/// The configuration of all policies here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OverloadConfiguration {
    /// Whether a failed call is tried again.
    pub retry: RetryConfiguration,
    /// How much of the traffic may be retries.
    pub retry_budget: BudgetConfiguration,
    /// Second copies of slow calls.
    pub hedge: HedgeConfiguration,
    /// Fixed limits on the calls in progress.
    pub bulkhead: BulkheadConfiguration,
    /// A fixed limit on the rate of calls.
    pub rate_limit: RateConfiguration,
    /// Adaptive limits on the calls in progress.
    pub concurrency: ConcurrencyConfiguration,
    /// What a server admits.
    pub shedding: SheddingConfiguration,
    /// Whether a caller sends what would be refused.
    pub throttle: ThrottleConfiguration,
}

impl OverloadConfiguration {
    /// Shows every parameter to `visitor`, in a fixed order.
    pub fn walk(&mut self, visitor: &mut impl Visitor) {
        let OverloadConfiguration { retry, retry_budget, hedge, bulkhead, rate_limit, concurrency, shedding, throttle } = self;
        retry.walk(visitor);
        retry_budget.walk(visitor);
        hedge.walk(visitor);
        bulkhead.walk(visitor);
        rate_limit.walk(visitor);
        concurrency.walk(visitor);
        shedding.walk(visitor);
        throttle.walk(visitor);
    }

    /// Rules that concern more than one parameter.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let parts =
            [self.retry.conflicts(), self.retry_budget.conflicts(), self.concurrency.conflicts(), self.shedding.conflicts()];
        parts.concat()
    }
}
