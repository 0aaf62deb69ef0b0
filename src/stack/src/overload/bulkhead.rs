//! Bulkheads: how many calls may be in progress at a time, so that one slow callee cannot hold everything its caller has (Nygard, *Release
//! It!*, 2007).
//!
//! One bulkhead stands at a caller for each service it calls, and one at a server's agent for what it works on or keeps waiting. A full
//! bulkhead refuses at once: waiting would only move the queue. Each call holds a ticket; a ticket that is returned twice counts once.

use super::tickets::{Ticket, Tickets};
use crate::tunables::parameters;

parameters! {
    /// Parameters of bulkheads. Elsewhere: Hystrix's semaphores hold 10, resilience4j 25, Envoy 1024 per cluster; the defaults
    /// here only stop runaways, finer limits adapt (`concurrency`).
    pub struct BulkheadConfiguration("bulkhead") {
        enabled: bool = switch(true),
            "Limits the calls in progress; off: a slow callee ties up everything its callers have.";
        caller: u32 = integer(1, 10_000, 256),
            "Calls that a caller may have in progress to one service. Fewer: less is lost to a slow callee, bursts are refused.";
        agent: u32 = integer(1, 10_000, 1_024),
            "Calls that an agent may have waiting or in progress. Fewer: shorter queues, bursts are refused.";
    }
}

/// A limit on what is in progress.
#[derive(Clone, Debug)]
pub struct Bulkhead {
    /// `None`: no limit.
    limit: Option<u32>,
    tickets: Tickets,
}

impl Bulkhead {
    /// A caller's bulkhead for one callee.
    pub fn at_caller(configuration: &BulkheadConfiguration) -> Self {
        Bulkhead { limit: configuration.enabled.then_some(configuration.caller), tickets: Tickets::default() }
    }

    /// The bulkhead of a server's agent.
    pub fn at_agent(configuration: &BulkheadConfiguration) -> Self {
        Bulkhead { limit: configuration.enabled.then_some(configuration.agent), tickets: Tickets::default() }
    }

    /// Leave for one more call; `None`: full.
    pub fn acquire(&mut self) -> Option<Ticket> {
        let full = self.limit.is_some_and(|limit| self.tickets.held() >= limit);
        (!full).then(|| self.tickets.issue())
    }

    /// The call has ended. False, and nothing happens, if it had before.
    pub fn release(&mut self, ticket: Ticket) -> bool {
        self.tickets.redeem(ticket)
    }

    /// Calls in progress.
    pub fn in_progress(&self) -> u32 {
        self.tickets.held()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn caller_and_agent_have_limits_of_their_own_and_none_when_off() {
        let configuration = BulkheadConfiguration { enabled: true, caller: 2, agent: 3 };
        let fill = |mut bulkhead: Bulkhead| (0..50).filter_map(|_| bulkhead.acquire()).count();
        assert_eq!(fill(Bulkhead::at_caller(&configuration)), 2);
        assert_eq!(fill(Bulkhead::at_agent(&configuration)), 3);
        assert_eq!(fill(Bulkhead::at_agent(&BulkheadConfiguration { enabled: false, ..configuration })), 50);
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_are_in_progress_and_none_leaks(
            limit in 1u32..20, steps in prop::collection::vec((any::<bool>(), 0usize..64), 1..200),
        ) {
            let mut bulkhead = Bulkhead::at_caller(&BulkheadConfiguration { enabled: true, caller: limit, agent: 1 });
            let mut out = Vec::new();
            for (acquire, which) in steps {
                if acquire {
                    let ticket = bulkhead.acquire();
                    prop_assert_eq!(ticket.is_none(), out.len() as u32 == limit);
                    out.extend(ticket);
                } else if !out.is_empty() {
                    let ticket = out.swap_remove(which % out.len());
                    prop_assert!(bulkhead.release(ticket));
                    prop_assert!(!bulkhead.release(ticket));
                }
                prop_assert_eq!(bulkhead.in_progress() as usize, out.len());
                prop_assert!(bulkhead.in_progress() <= limit);
            }
            for ticket in out {
                bulkhead.release(ticket);
            }
            prop_assert_eq!(bulkhead.in_progress(), 0);
        }
    }
}
