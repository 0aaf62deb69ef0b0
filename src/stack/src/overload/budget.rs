//! Retry budget: how much of a caller's traffic may be retries, whatever the single call would like.
//!
//! A retry helps where single calls fail and harms where everything fails: then it is load on top of overload. Three ways to tell:
//! - `concurrent` (Envoy's `retry_budget`): retries in flight are at most a share of all attempts in flight, and at least a few are
//!   allowed. The share s multiplies the load by at most 1/(1−s).
//! - `window` (Finagle's `RetryBudget`; Google SRE book, ch. 21 "Handling overload": per-client budget of 10 %): retries of the last while
//!   are at most a share of its first attempts, and a few are allowed. The load is multiplied by at most 1+s.
//! - `tokens` (retry quota of the AWS SDKs' standard mode): a retry takes tokens, more after a time-out; a call that succeeds gives back
//!   what its retry took, or one. Where all fails the bucket empties and retries end.
//!
//! The default is the window with 10 %: it keeps a service that is used to 80 % below its capacity when everything is retried, which
//! Envoy's 20 % in flight does not (0.8/(1−0.2) = 1).

use hms_machine::{CallOutcome, Duration, Instant};

use super::tickets::{Ticket, Tickets};
use super::window::Window;
use crate::configuration::Conflict;
use crate::tunables::{choices, mins, ms, parameters, secs};

choices! {
    /// How the budget is told.
    pub enum BudgetKind {
        /// Share of the attempts in flight.
        Concurrent = "concurrent",
        /// Share of the first attempts of the last while.
        Window = "window",
        /// A bucket of tokens that successes refill.
        Tokens = "tokens",
    }
}

parameters! {
    /// Parameters of the retry budget.
    pub struct BudgetConfiguration("retry_budget") {
        enabled: bool = switch(true),
            "Limits retries to a budget; off: every call may use all its attempts, which multiplies an overload.";
        kind: BudgetKind = choice(BudgetKind::NAMES, BudgetKind::Window.name()),
            "Whether retries are limited to a share of what is in flight, to a share of the recent calls, or by a bucket of tokens.";
        share: f64 = real(0.0, 1.0, 0.1),
            "Retries as a share of the attempts in flight (concurrent) or of the recent calls (window). Less: less load on a failing callee, more failed calls.";
        retries_least: u32 = integer(1, 1_000, 3),
            "Retries that are always allowed: at a time (concurrent) or within the window. More: callers with little traffic can retry.";
        window: Duration = duration(ms(100), mins(10), secs(10)),
            "Length of the window. Longer: a quiet past pays for a burst of retries.";
        tokens: u32 = integer(1, 100_000, 500),
            "Tokens of a full bucket.";
        cost: u32 = integer(1, 1_000, 5),
            "Tokens that a retry takes.";
        cost_timeout: u32 = integer(1, 1_000, 10),
            "Tokens that a retry after a time-out takes.";
    }
}

impl BudgetConfiguration {
    /// Rules that concern more than one parameter.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let rules = [("retry_budget.cost", self.cost), ("retry_budget.cost_timeout", self.cost_timeout)];
        let broken = rules.into_iter().filter(|(_, cost)| *cost > self.tokens);
        broken
            .map(|(name, cost)| Conflict {
                names: ["retry_budget.tokens", name],
                message: format!(
                    "retry_budget.tokens ({}) must be at least {name} ({cost}), or nothing is ever retried",
                    self.tokens
                ),
            })
            .collect()
    }
}

/// The budget of one caller, for one callee or for all: as its owner likes.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    configuration: BudgetConfiguration,
    attempts: Tickets,
    retries: u32,
    window: Window<2>,
    tokens: u32,
}

/// An attempt in flight, to be told to [`RetryBudget::ended`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    ticket: Ticket,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    First,
    Retry { cost: u32 },
}

const FIRSTS: usize = 0;
const RETRIES: usize = 1;

impl RetryBudget {
    /// A budget of which nothing is used.
    pub fn new(configuration: BudgetConfiguration) -> Self {
        let (window, tokens) = (Window::new(configuration.window), configuration.tokens);
        RetryBudget { configuration, attempts: Tickets::default(), retries: 0, window, tokens }
    }

    /// A call's first attempt goes out.
    pub fn sent(&mut self, now: Instant) -> Attempt {
        self.window.add(FIRSTS, now);
        Attempt { ticket: self.attempts.issue(), role: Role::First }
    }

    /// Leave to try again after an attempt that ended with `ending`; `None`: the budget is used up.
    pub fn retry(&mut self, ending: CallOutcome, now: Instant) -> Option<Attempt> {
        let configuration = &self.configuration;
        let cost = if ending == CallOutcome::TimedOut { configuration.cost_timeout } else { configuration.cost };
        let least = f64::from(configuration.retries_least);
        let allowed = match configuration.kind {
            // Envoy counts the retry among what is in flight only once it is.
            BudgetKind::Concurrent => {
                f64::from(self.retries + 1) <= (configuration.share * f64::from(self.attempts.held())).max(least)
            }
            BudgetKind::Window => {
                let [firsts, retries] = self.window.totals(now);
                f64::from(retries + 1) <= (configuration.share * f64::from(firsts)).max(least)
            }
            BudgetKind::Tokens => cost <= self.tokens,
        };
        if configuration.enabled && !allowed {
            return None;
        }
        self.tokens = self.tokens.saturating_sub(cost);
        self.window.add(RETRIES, now);
        self.retries += 1;
        Some(Attempt { ticket: self.attempts.issue(), role: Role::Retry { cost } })
    }

    /// An attempt has ended. Telling it again changes nothing.
    pub fn ended(&mut self, attempt: Attempt, ending: CallOutcome) {
        if !self.attempts.redeem(attempt.ticket) {
            return;
        }
        let refund = match attempt.role {
            Role::First => 1,
            Role::Retry { cost } => {
                self.retries -= 1;
                cost
            }
        };
        if ending == CallOutcome::Ok {
            self.tokens = (self.tokens + refund).min(self.configuration.tokens);
        }
    }

    /// Attempts in flight, retries included.
    pub fn in_flight(&self) -> u32 {
        self.attempts.held()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(kind: BudgetKind) -> BudgetConfiguration {
        BudgetConfiguration { kind, ..BudgetConfiguration::default() }
    }

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    /// Retries that a thousand failing calls get, all at once.
    fn granted(configuration: BudgetConfiguration) -> usize {
        let mut budget = RetryBudget::new(configuration);
        let calls: Vec<_> = (0..1_000).map(|_| budget.sent(at(0))).collect();
        assert_eq!(calls.len(), 1_000);
        (0..1_000).filter_map(|_| budget.retry(CallOutcome::TimedOut, at(0))).count()
    }

    #[test]
    fn a_failing_callee_gets_retries_up_to_the_budget_and_all_of_them_with_the_budget_off() {
        assert_eq!(granted(of(BudgetKind::Window)), 100);
        assert_eq!(granted(of(BudgetKind::Tokens)), 50);
        // r ≤ 0.2 (1000 + r) at r = 249: the share of all in flight, the retries included.
        assert_eq!(granted(BudgetConfiguration { share: 0.2, ..of(BudgetKind::Concurrent) }), 249);
        for kind in [BudgetKind::Concurrent, BudgetKind::Window, BudgetKind::Tokens] {
            assert_eq!(granted(BudgetConfiguration { enabled: false, ..of(kind) }), 1_000);
        }
    }

    #[test]
    fn an_empty_bucket_is_refilled_by_successes_alone() {
        let mut budget = RetryBudget::new(BudgetConfiguration { tokens: 5, ..of(BudgetKind::Tokens) });
        let retry = budget.retry(CallOutcome::Error, at(0)).expect("the bucket is full");
        assert_eq!(budget.retry(CallOutcome::Error, at(0)), None);
        budget.ended(retry, CallOutcome::Error);
        assert_eq!(budget.retry(CallOutcome::Error, at(60_000)), None);
        for _ in 0..5 {
            let first = budget.sent(at(60_000));
            budget.ended(first, CallOutcome::Ok);
        }
        assert!(budget.retry(CallOutcome::Error, at(60_000)).is_some());
    }

    #[test]
    fn a_bucket_that_cannot_pay_one_retry_is_a_conflict() {
        let conflicts = BudgetConfiguration { tokens: 4, ..of(BudgetKind::Tokens) }.conflicts();
        assert_eq!(conflicts.len(), 2);
        assert_eq!(conflicts[0].names, ["retry_budget.tokens", "retry_budget.cost"]);
        assert_eq!(BudgetConfiguration::default().conflicts(), []);
    }

    proptest! {
        #[test]
        fn exactly_the_retries_within_the_budget_are_granted_and_attempts_never_leak(
            steps in prop::collection::vec((0u8..3, 0usize..50, 0u64..500), 1..400), share in 0.0f64..0.5, kind in 0usize..3,
        ) {
            let kind = [BudgetKind::Concurrent, BudgetKind::Window, BudgetKind::Tokens][kind];
            let configuration = BudgetConfiguration { share, tokens: 40, ..of(kind) };
            let mut budget = RetryBudget::new(configuration);
            let (mut now, mut out, mut firsts, mut retries) = (0, Vec::new(), Vec::new(), Vec::new());
            let mut bucket = 40i64;
            for (step, which, gap) in steps {
                now += gap;
                match step {
                    0 => {
                        firsts.push(now);
                        out.push((budget.sent(at(now)), false));
                    }
                    1 => {
                        let in_flight = out.len() as f64;
                        let retrying = out.iter().filter(|(_, retry)| *retry).count() as f64;
                        // Ten buckets of a second.
                        let lately = |all: &[u64]| all.iter().filter(|event| **event / 1_000 + 10 > now / 1_000).count() as f64;
                        let allowed = match kind {
                            BudgetKind::Concurrent => retrying + 1.0 <= (share * in_flight).max(3.0),
                            BudgetKind::Window => lately(&retries) + 1.0 <= (share * lately(&firsts)).max(3.0),
                            BudgetKind::Tokens => bucket >= 5,
                        };
                        let retry = budget.retry(CallOutcome::Error, at(now));
                        prop_assert_eq!(retry.is_some(), allowed);
                        if let Some(retry) = retry {
                            retries.push(now);
                            out.push((retry, true));
                            bucket -= 5;
                        }
                    }
                    _ if out.is_empty() => {}
                    _ => {
                        let (attempt, retry) = out.swap_remove(which % out.len());
                        budget.ended(attempt, CallOutcome::Ok);
                        // The second time says nothing.
                        budget.ended(attempt, CallOutcome::Ok);
                        bucket = (bucket + if retry { 5 } else { 1 }).min(40);
                    }
                }
                prop_assert_eq!(budget.in_flight() as usize, out.len());
            }
        }
    }
}
