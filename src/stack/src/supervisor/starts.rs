//! The gate for starts: no storm after a node or zone comes back.
//!
//! Picture: many agents want to start at once. Few may at a time, and an agent only when the services that it needs are ready, so
//! that a cold stack comes up from its foundations; who has waited too long for a need is let through all the same, because
//! beliefs about readiness may be wrong.
//!
//! Contract: at most `starts_at_once` starts are under way; a start is over with [`Starts::ended`] or after `recovery_timeout`.
//! Among those that may start, who asked first goes first, ties by id. Everyone who asks is let through at the latest when, after
//! its patience, a place is free and it is its turn.

use std::collections::BTreeMap;

use hms_machine::{AgentId, Instant, ServiceId};

use super::guard::GuardConfiguration;

/// Who waits, and who is starting.
#[derive(Clone, Debug, Default)]
pub struct Starts {
    waiting: BTreeMap<AgentId, Waiting>,
    /// Until when each start counts.
    under_way: BTreeMap<AgentId, Instant>,
}

#[derive(Clone, Debug)]
struct Waiting {
    since: Instant,
    needs: Vec<ServiceId>,
}

impl Starts {
    /// The agent wants to start and needs these services to be ready. One that waits already keeps its place.
    pub fn ask(&mut self, agent: AgentId, needs: Vec<ServiceId>, now: Instant) {
        self.waiting.entry(agent).or_insert(Waiting { since: now, needs });
    }

    /// Whoever may start now; `ready` says whether a service is believed ready.
    pub fn release(
        &mut self,
        configuration: &GuardConfiguration,
        now: Instant,
        ready: impl Fn(ServiceId) -> bool,
    ) -> Vec<AgentId> {
        self.under_way.retain(|_, until| now < *until);
        let impatient = |waiting: &Waiting| now.saturating_since(waiting.since) >= configuration.patience;
        let may = |waiting: &Waiting| impatient(waiting) || waiting.needs.iter().all(|need| ready(*need));
        let mut may: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| !configuration.enabled || may(waiting))
            .map(|(agent, waiting)| (waiting.since, *agent))
            .collect();
        may.sort_unstable();
        let room = (configuration.starts_at_once as usize).saturating_sub(self.under_way.len());
        may.truncate(if configuration.enabled { room } else { usize::MAX });
        let until = now.saturating_add(configuration.recovery_timeout);
        may.into_iter()
            .map(|(_, agent)| {
                self.waiting.remove(&agent);
                self.under_way.insert(agent, until);
                agent
            })
            .collect()
    }

    /// The start has succeeded or failed, or is no longer wanted.
    pub fn ended(&mut self, agent: AgentId) {
        self.waiting.remove(&agent);
        self.under_way.remove(&agent);
    }

    /// Agents that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// When to call [`Starts::release`] next if no start ends and no service becomes ready before.
    pub fn deadline(&self, configuration: &GuardConfiguration) -> Option<Instant> {
        if self.waiting.is_empty() {
            return None;
        }
        let full = self.under_way.len() >= configuration.starts_at_once as usize;
        let patience = self.waiting.values().map(|waiting| waiting.since.saturating_add(configuration.patience));
        // Without room the end of patience changes nothing; the end of a lost start does.
        self.under_way.values().copied().chain(patience.filter(|_| !full)).min()
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::Duration;
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn configuration() -> GuardConfiguration {
        GuardConfiguration { starts_at_once: 2, ..GuardConfiguration::default() }
    }

    const STORE: ServiceId = ServiceId(0);

    #[test]
    fn few_start_at_once_in_the_order_in_which_they_asked() {
        let mut starts = Starts::default();
        starts.ask(AgentId(9), vec![], at(0));
        [3, 1, 2].into_iter().for_each(|agent| starts.ask(AgentId(agent), vec![], at(1)));
        assert_eq!(starts.release(&configuration(), at(1), |_| true), [AgentId(9), AgentId(1)]);
        assert_eq!(starts.release(&configuration(), at(2), |_| true), []);
        starts.ended(AgentId(9));
        assert_eq!(starts.release(&configuration(), at(3), |_| true), [AgentId(2)]);
    }

    #[test]
    fn as5_an_agent_starts_when_what_it_needs_is_ready_or_its_patience_is_at_an_end() {
        let mut starts = Starts::default();
        starts.ask(AgentId(1), vec![STORE], at(0));
        starts.ask(AgentId(2), vec![], at(5));
        assert_eq!(starts.release(&configuration(), at(5), |_| false), [AgentId(2)]);
        let mut other = starts.clone();
        assert_eq!(starts.release(&configuration(), at(6), |service| service == STORE), [AgentId(1)]);
        assert_eq!(other.deadline(&configuration()), Some(at(10_000)));
        assert_eq!(other.release(&configuration(), at(9_999), |_| false), []);
        assert_eq!(other.release(&configuration(), at(10_000), |_| false), [AgentId(1)]);
    }

    #[test]
    fn a_start_of_which_nothing_is_heard_does_not_hold_its_place_for_ever() {
        let mut starts = Starts::default();
        (0..3).for_each(|agent| starts.ask(AgentId(agent), vec![], at(0)));
        starts.release(&configuration(), at(0), |_| true);
        assert_eq!(starts.deadline(&configuration()), Some(at(120_000)));
        assert_eq!(starts.release(&configuration(), at(120_000), |_| true), [AgentId(2)]);
    }

    #[test]
    fn as_s4_a_zone_that_comes_back_starts_few_at_once_and_all_with_the_guard_off() {
        let storm = |configuration: &GuardConfiguration| {
            let mut starts = Starts::default();
            (0..50).for_each(|agent| starts.ask(AgentId(agent), vec![], at(0)));
            starts.release(configuration, at(0), |_| true).len()
        };
        assert_eq!(storm(&configuration()), 2);
        assert_eq!(storm(&GuardConfiguration { enabled: false, ..configuration() }), 50);
    }

    proptest! {
        #[test]
        fn everyone_starts_in_the_end_and_never_too_many_at_once(
            agents in prop::collection::vec((0u64..30_000, prop::collection::vec(0u32..4, 0..3)), 1..30), takes in 1u64..20_000,
        ) {
            let configuration = configuration();
            let mut starts = Starts::default();
            for (agent, (since, needs)) in agents.iter().enumerate() {
                starts.ask(AgentId(agent as u32), needs.iter().copied().map(ServiceId).collect(), at(*since));
            }
            let (mut now, mut running, mut started) = (at(30_000), Vec::new(), 0);
            while starts.waiting() > 0 {
                // No service is ever ready: patience alone lets them through.
                let released = starts.release(&configuration, now, |_| false);
                started += released.len();
                running.extend(released.into_iter().map(|agent| (now + Duration::from_millis(takes), agent)));
                prop_assert!(running.len() <= 2);
                let ends = running.iter().map(|(end, _)| *end).min();
                let Some(next) = ends.into_iter().chain(starts.deadline(&configuration)).min() else { break };
                prop_assert!(next > now || ends.is_some());
                now = next.max(now);
                running.retain(|(end, agent)| {
                    let over = *end <= now;
                    if over {
                        starts.ended(*agent);
                    }
                    !over
                });
            }
            prop_assert_eq!(started, agents.len());
        }
    }
}
