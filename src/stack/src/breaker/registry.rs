//! The breakers of a node, by what they guard: made when first asked, kept in the order of their keys, and seen as a whole.
//!
//! A call is wrapped by [`Registry::permit`] before it goes out and [`Registry::outcome`] when it ends; the caller knows no breaker.

use std::collections::BTreeMap;

use hms_machine::{AgentId, Draw, Instant, Ratio, ServiceId};

use super::{Breaker, BreakerConfiguration, Ended, Forced, Permit, Phase, Ticket, Transition};

/// What a breaker guards: a whole service, or one of its replicas. Keys stand in the order service, then the whole before its replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BreakerKey {
    /// The service that is called.
    pub service: ServiceId,
    /// The replica; `None` for the service as a whole.
    pub agent: Option<AgentId>,
}

/// Numbers of things that happened to a breaker, or to all of a registry, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls that were let out and watched.
    pub permitted: u64,
    /// Calls that were turned away.
    pub rejected: u64,
    /// Outcomes that counted as successes.
    pub successes: u64,
    /// Outcomes that counted as failures.
    pub failures: u64,
    /// Outcomes that were slow, success or not.
    pub slow: u64,
    /// Outcomes that came too late to count: the state has changed since, or the probe was given up.
    pub late: u64,
    /// Calls that were given up by their caller.
    pub cancelled: u64,
    /// Probes that were given up because nothing was heard of them.
    pub lost: u64,
    /// Times that the breaker opened (not: was forced open).
    pub opens: u64,
    /// Changes of state.
    pub transitions: u64,
}

impl Counters {
    pub(super) fn count(&mut self, failed: bool, slow: bool) {
        self.successes += u64::from(!failed);
        self.failures += u64::from(failed);
        self.slow += u64::from(slow);
    }

    fn add(&mut self, other: &Counters) {
        let Counters { permitted, rejected, successes, failures, slow, late, cancelled, lost, opens, transitions } = other;
        self.permitted += permitted;
        self.rejected += rejected;
        self.successes += successes;
        self.failures += failures;
        self.slow += slow;
        self.late += late;
        self.cancelled += cancelled;
        self.lost += lost;
        self.opens += opens;
        self.transitions += transitions;
    }
}

/// The health of what a breaker guards, as its callers see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerReport {
    /// Its state.
    pub phase: Phase,
    /// When the state was entered; an open time that is over counts on until the breaker is asked.
    pub since: Instant,
    /// Until when it is open.
    pub until: Option<Instant>,
    /// Calls that the shares below are of: the window, or the probes that have ended.
    pub calls: u32,
    /// Share that failed; `None` if there are no calls.
    pub failure_ratio: Option<Ratio>,
    /// Share that was slow.
    pub slow_ratio: Option<Ratio>,
    /// What was counted so far.
    pub counters: Counters,
}

/// The answer of a registry.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the call may go out.
    pub permit: Permit,
    /// What asking has changed: an open breaker whose time was over is half-open.
    pub transition: Option<Transition>,
}

/// Breakers by key.
#[derive(Clone, Debug)]
pub struct Registry<K = BreakerKey> {
    breakers: BTreeMap<K, Breaker>,
    /// Number of breakers that are not closed.
    tripped: usize,
}

impl<K: Ord + Copy> Default for Registry<K> {
    fn default() -> Self {
        Registry { breakers: BTreeMap::new(), tripped: 0 }
    }
}

impl<K: Ord + Copy> Registry<K> {
    /// See [`Breaker::permit`]. While breakers are not enabled none is made.
    pub fn permit(&mut self, configuration: &BreakerConfiguration, key: K, now: Instant, draw: &mut Draw) -> Decision {
        if !configuration.enabled {
            return Decision { permit: Permit::Granted(Ticket::UNWATCHED), transition: None };
        }
        self.change(configuration, key, now, |breaker| {
            let transition = breaker.settle(configuration, now);
            Decision { permit: breaker.permit(configuration, now, draw), transition }
        })
    }

    /// See [`Breaker::outcome`].
    pub fn outcome(
        &mut self,
        configuration: &BreakerConfiguration,
        (key, ticket): (K, Ticket),
        ended: Ended,
        now: Instant,
        draw: &mut Draw,
    ) -> Option<Transition> {
        let Registry { breakers, tripped } = self;
        counted(breakers.get_mut(&key)?, tripped, |breaker| breaker.outcome(configuration, ticket, ended, now, draw))
    }

    /// See [`Breaker::cancel`].
    pub fn cancel(&mut self, key: K, ticket: Ticket) {
        if let Some(breaker) = self.breakers.get_mut(&key) {
            breaker.cancel(ticket);
        }
    }

    /// See [`Breaker::trip`].
    pub fn trip(&mut self, configuration: &BreakerConfiguration, key: K, now: Instant, draw: &mut Draw) -> Option<Transition> {
        if !configuration.enabled {
            return None;
        }
        self.change(configuration, key, now, |breaker| breaker.trip(configuration, now, draw))
    }

    /// See [`Breaker::force`].
    pub fn force(&mut self, configuration: &BreakerConfiguration, key: K, forced: Forced, now: Instant) -> Option<Transition> {
        self.change(configuration, key, now, |breaker| breaker.force(forced, now))
    }

    /// See [`Breaker::release`].
    pub fn release(&mut self, key: K, now: Instant) -> Option<Transition> {
        let Registry { breakers, tripped } = self;
        counted(breakers.get_mut(&key)?, tripped, |breaker| breaker.release(now))
    }

    /// The state of a breaker; closed if nothing was ever asked of it. For routing that looks at a replica without wanting a permit.
    pub fn phase(&self, configuration: &BreakerConfiguration, key: K, now: Instant) -> Phase {
        match self.breakers.get(&key) {
            Some(breaker) => breaker.phase(configuration, now),
            None if configuration.enabled => Phase::Closed,
            None => Phase::Disabled,
        }
    }

    /// Whether no breaker is anything but closed: nobody has to be asked for its phase.
    pub fn all_closed(&self) -> bool {
        self.tripped == 0
    }

    /// The reports of all breakers, in the order of their keys.
    pub fn reports(&self, configuration: &BreakerConfiguration, now: Instant) -> impl Iterator<Item = (K, BreakerReport)> {
        self.breakers.iter().map(move |(key, breaker)| (*key, breaker.report(configuration, now)))
    }

    /// What all breakers counted, together.
    pub fn totals(&self) -> Counters {
        let mut totals = Counters::default();
        self.breakers.values().for_each(|breaker| totals.add(breaker.counters()));
        totals
    }

    /// Does something to a breaker, which is made if there is none.
    fn change<T>(
        &mut self,
        configuration: &BreakerConfiguration,
        key: K,
        now: Instant,
        act: impl FnOnce(&mut Breaker) -> T,
    ) -> T {
        let breaker = self.breakers.entry(key).or_insert_with(|| Breaker::new(configuration, now));
        counted(breaker, &mut self.tripped, act)
    }
}

/// Does something to a breaker and keeps the number of those that are not closed.
fn counted<T>(breaker: &mut Breaker, tripped: &mut usize, act: impl FnOnce(&mut Breaker) -> T) -> T {
    *tripped -= usize::from(!breaker.is_closed());
    let result = act(breaker);
    *tripped += usize::from(!breaker.is_closed());
    result
}

#[cfg(test)]
mod tests {
    use hms_machine::{Duration, Purpose, Seed, Streams};

    use super::*;
    use crate::breaker::{Outcome, Why};

    const FAILED: Ended = Ended { outcome: Outcome::Failure, took: Duration::from_millis(1) };

    fn key(service: u32, agent: Option<u32>) -> BreakerKey {
        BreakerKey { service: ServiceId(service), agent: agent.map(AgentId) }
    }

    fn draw() -> Draw {
        Streams::new(Seed(1)).draw(Purpose::named("test/registry"), 0, 0)
    }

    /// Calls that fail until the breaker opens; how many.
    fn open(registry: &mut Registry, configuration: &BreakerConfiguration, key: BreakerKey, now: Instant) -> u32 {
        for calls in 1..1_000 {
            let Permit::Granted(ticket) = registry.permit(configuration, key, now, &mut draw()).permit else { panic!("{calls}") };
            if registry.outcome(configuration, (key, ticket), FAILED, now, &mut draw()).is_some() {
                return calls;
            }
        }
        panic!("never opened")
    }

    #[test]
    fn a_breaker_that_opens_leaves_the_others_closed() {
        let (configuration, mut registry) = (BreakerConfiguration::default(), Registry::default());
        let now = Instant::from_nanos(7);
        for agent in [2, 1] {
            let decision = registry.permit(&configuration, key(0, Some(agent)), now, &mut draw());
            assert!(matches!(decision.permit, Permit::Granted(_)));
        }
        assert_eq!(open(&mut registry, &configuration, key(0, None), now), configuration.consecutive);
        let phases: Vec<_> = registry.reports(&configuration, now).map(|(key, report)| (key, report.phase)).collect();
        assert_eq!(
            phases,
            [(key(0, None), Phase::Open), (key(0, Some(1)), Phase::Closed), (key(0, Some(2)), Phase::Closed)],
            "in the order of keys"
        );
        assert_eq!(registry.phase(&configuration, key(9, None), now), Phase::Closed);
    }

    #[test]
    fn asking_a_breaker_whose_time_is_over_tells_the_transition() {
        let (configuration, mut registry) = (BreakerConfiguration::default(), Registry::default());
        open(&mut registry, &configuration, key(0, None), Instant::ZERO);
        let later = Instant::ZERO + configuration.open * 2;
        let decision = registry.permit(&configuration, key(0, None), later, &mut draw());
        assert_eq!(decision.transition.map(|transition| transition.why), Some(Why::OpenTimeOver));
        assert!(matches!(decision.permit, Permit::Granted(ticket) if ticket.is_probe()));
    }

    #[test]
    fn a_registry_that_is_off_makes_no_breakers_and_lets_every_call_out() {
        let configuration = BreakerConfiguration { enabled: false, ..BreakerConfiguration::default() };
        let mut registry = Registry::default();
        for _ in 0..100 {
            let Permit::Granted(ticket) = registry.permit(&configuration, key(0, None), Instant::ZERO, &mut draw()).permit else {
                panic!("turned away")
            };
            assert_eq!(registry.outcome(&configuration, (key(0, None), ticket), FAILED, Instant::ZERO, &mut draw()), None);
        }
        assert_eq!(registry.trip(&configuration, key(0, None), Instant::ZERO, &mut draw()), None);
        assert_eq!(registry.reports(&configuration, Instant::ZERO).count(), 0);
        assert_eq!(registry.phase(&configuration, key(0, None), Instant::ZERO), Phase::Disabled);
    }

    #[test]
    fn states_are_forced_and_released_by_key() {
        let (configuration, mut registry) = (BreakerConfiguration::default(), Registry::default());
        assert!(registry.force(&configuration, key(3, None), Forced::Open, Instant::ZERO).is_some());
        assert_eq!(registry.phase(&configuration, key(3, None), Instant::ZERO), Phase::ForcedOpen);
        assert_eq!(registry.phase(&configuration, key(4, None), Instant::ZERO), Phase::Closed);
        assert!(registry.release(key(3, None), Instant::ZERO).is_some());
        assert!(registry.release(key(4, None), Instant::ZERO).is_none());
        assert!(registry.trip(&configuration, key(4, None), Instant::ZERO, &mut draw()).is_some());
        assert_eq!(registry.phase(&configuration, key(4, None), Instant::ZERO), Phase::Open);
    }

    #[test]
    fn totals_are_the_sums_of_the_breakers() {
        let (configuration, mut registry) = (BreakerConfiguration::default(), Registry::default());
        let opened_after = [1, 2].map(|service| open(&mut registry, &configuration, key(service, None), Instant::ZERO));
        let Decision { permit, .. } = registry.permit(&configuration, key(1, None), Instant::ZERO, &mut draw());
        assert!(matches!(permit, Permit::Rejected { .. }));
        let Permit::Granted(ticket) = registry.permit(&configuration, key(3, None), Instant::ZERO, &mut draw()).permit else {
            panic!("turned away")
        };
        registry.cancel(key(3, None), ticket);
        let failures = u64::from(opened_after.iter().sum::<u32>());
        let expected = Counters {
            permitted: failures + 1,
            rejected: 1,
            failures,
            cancelled: 1,
            opens: 2,
            transitions: 2,
            ..Counters::default()
        };
        assert_eq!(registry.totals(), expected);
    }
}
