//! What a node keeps about one service that it calls: limits, budgets, and what it thinks of the replicas.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use hms_machine::{CallOutcome, Draw, Duration, Instant, ServiceId};

use crate::balancing::{Outliers, Pass};
use crate::breaker::{self, Chain};
use crate::configuration::Configuration;
use crate::overload::{Attempt, Bulkhead, Hedger, Limiter, RateLimit, RetryBudget, Throttle, Ticket};

/// The policies towards one service.
#[derive(Clone, Debug)]
pub(super) struct Callee {
    throttle: Throttle,
    rate: RateLimit,
    bulkhead: Bulkhead,
    limiter: Limiter,
    pub(super) budget: RetryBudget,
    pub(super) hedger: Hedger,
    pub(super) outliers: Outliers,
    /// What is tried when a call cannot be answered in the usual way.
    pub(super) chain: Chain,
    /// Attempts placed so far, for taking turns.
    pub(super) placed: u64,
}

/// The services that a node has called; most nodes call few of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Callees(BTreeMap<ServiceId, Callee>);

impl Callees {
    /// A call to a service begins: makes what is kept of it, if it is the first.
    pub(super) fn meet(&mut self, service: ServiceId, make: impl FnOnce() -> Callee) {
        self.0.entry(service).or_insert_with(make);
    }

    /// See [`Callee::held`]; nothing of a service that was never called.
    #[cfg(test)]
    pub(super) fn held(&self, service: ServiceId) -> [u32; 3] {
        self.0.get(&service).map_or([0; 3], Callee::held)
    }
}

impl Index<ServiceId> for Callees {
    type Output = Callee;

    fn index(&self, service: ServiceId) -> &Callee {
        self.0.get(&service).expect("made when the first call to it began")
    }
}

impl IndexMut<ServiceId> for Callees {
    fn index_mut(&mut self, service: ServiceId) -> &mut Callee {
        self.0.get_mut(&service).expect("made when the first call to it began")
    }
}

/// What a call that was let out holds at its callee.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leave {
    bulkhead: Ticket,
    limiter: Ticket,
}

/// A copy of a call that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dispatched {
    /// Position of the replica among those of its service.
    pub(super) position: usize,
    pub(super) leave: Leave,
    pub(super) breaker: breaker::Ticket,
    pub(super) pass: Pass,
    pub(super) budget: Attempt,
}

impl Callee {
    pub(super) fn new(configuration: &Configuration, replicas: usize, now: Instant) -> Self {
        Callee {
            throttle: Throttle::new(configuration.throttle),
            rate: RateLimit::new(&configuration.rate_limit),
            bulkhead: Bulkhead::at_caller(&configuration.bulkhead),
            limiter: Limiter::new(configuration.concurrency),
            budget: RetryBudget::new(configuration.retry_budget),
            hedger: Hedger::new(configuration.hedge),
            outliers: Outliers::new(configuration.outlier, replicas, now),
            chain: configuration.fallback.chain(),
            placed: 0,
        }
    }

    /// Leave for one more attempt, or none: too many are refused, too many come, or too many are in progress.
    ///
    /// `hopeless`: nobody is believed to answer, and the attempt is made for want of a better. That says nothing about how much the service accepts, so
    /// the throttle is not asked: it would go on turning calls away when the service is back.
    pub(super) fn leave(&mut self, hopeless: bool, now: Instant, draw: &mut Draw) -> Option<Leave> {
        let throttled = !hopeless && !self.throttle.admit(now, draw);
        if throttled || self.rate.admit(now).is_err() {
            return None;
        }
        let bulkhead = self.bulkhead.acquire()?;
        let Some(limiter) = self.limiter.acquire() else {
            self.bulkhead.release(bulkhead);
            return None;
        };
        Some(Leave { bulkhead, limiter })
    }

    /// What is held here by calls under way: places behind the bulkhead, places of the limiter, attempts in the budget's book.
    #[cfg(test)]
    fn held(&self) -> [u32; 3] {
        [self.bulkhead.in_progress(), self.limiter.in_progress(), self.budget.in_flight()]
    }

    /// The attempt did not go out after all.
    pub(super) fn withdraw(&mut self, leave: Leave) {
        self.bulkhead.release(leave.bulkhead);
        self.limiter.cancel(leave.limiter);
    }

    /// An attempt has ended.
    pub(super) fn ended(&mut self, leave: Leave, ending: CallOutcome, latency: Duration, now: Instant) {
        self.bulkhead.release(leave.bulkhead);
        // A refusal says that there is too much, a time-out that it takes too long; an error says neither.
        let dropped = matches!(ending, CallOutcome::Refused | CallOutcome::TimedOut);
        self.limiter.release(leave.limiter, latency, dropped);
        if matches!(ending, CallOutcome::Ok | CallOutcome::Error) {
            self.throttle.accepted(now);
        }
    }
}
