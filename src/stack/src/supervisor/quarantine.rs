//! Quarantine of poison messages: requests of which agents die are not let in again.
//!
//! Picture: when a process dies, the requests that were in progress stand next to the body. Whoever stands there twice is
//! suspected enough to be locked out; if it was alone, once is enough. Whoever is answered in the meantime is innocent and struck
//! off. This is the dead-letter rule of message brokers (a bound on deliveries, as the `delivery-limit` of RabbitMQ's quorum
//! queues), with deaths counted instead of deliveries.
//!
//! A request is known by its trace id, which is the same for all its attempts, on whichever agent.
//!
//! Contract: at most `capacity` requests are remembered, the one seen longest ago gives way; a suspicion is dropped `memory`
//! after its last death; a quarantine ends after `hold`, doubled each time the request kills again. Then it is let in once more:
//! an innocent request is answered and struck off, a guilty one is locked out at its next death. An innocent one that stands
//! twice beside a guilty one is locked out with it for one `hold`: the price of not knowing.

use std::collections::{BTreeMap, BTreeSet};

use hms_machine::{Duration, Instant};

use crate::tunables::{hours, mins, parameters, secs};

parameters! {
    /// Parameters of the quarantine of poison messages.
    pub struct QuarantineConfiguration("quarantine") {
        enabled: bool = switch(true),
            "Refuses requests in whose progress agents keep dying; off: they are retried from agent to agent and kill each.";
        deaths: u32 = integer(1, 100, 2),
            "Deaths beside which a request must have been in progress. Fewer: fewer agents die, more innocent requests are refused.";
        deaths_alone: u32 = integer(1, 100, 1),
            "The same for a request that was the only one in progress each time.";
        hold: Duration = duration(secs(1), hours(24), mins(5)),
            "Time for which a request is refused; doubled each time it kills again.";
        memory: Duration = duration(secs(1), hours(24), mins(5)),
            "A suspicion is dropped this long after the last death.";
        capacity: u32 = integer(1, 1_000_000, 4096),
            "Requests that are remembered; beyond it the one seen longest ago is forgotten.";
    }
}

/// Whether a request may be handed to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Admit,
    /// No: it goes to the dead letters.
    Refuse,
}

/// What happened so far, for the report of dead letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Quarantines that began.
    pub quarantined: u64,
    /// Admissions refused.
    pub refused: u64,
    /// Suspects and former prisoners that were answered.
    pub cleared: u64,
    /// Suspicions dropped for their age.
    pub expired: u64,
    /// Requests forgotten for lack of room.
    pub evicted: u64,
}

/// The requests under suspicion.
#[derive(Clone, Debug, Default)]
pub struct Quarantine {
    suspects: BTreeMap<u64, Suspect>,
    /// The same by the time of their last death.
    by_age: BTreeSet<(Instant, u64)>,
    counts: Counts,
}

#[derive(Clone, Copy, Debug)]
struct Suspect {
    deaths: u32,
    /// Deaths at which it was the only one.
    alone: u32,
    seen: Instant,
    /// Refused until then.
    until: Option<Instant>,
    /// Quarantines so far.
    terms: u32,
}

impl Quarantine {
    /// An agent's process has died by itself while these requests were in progress. A process that was stopped on purpose says
    /// nothing.
    pub fn died(&mut self, configuration: &QuarantineConfiguration, in_progress: &[u64], now: Instant) {
        if !configuration.enabled {
            return;
        }
        self.expire(configuration, now);
        let in_progress: BTreeSet<_> = in_progress.iter().copied().collect();
        for id in &in_progress {
            self.blame(configuration, *id, in_progress.len() == 1, now);
        }
    }

    /// Whether the request may be handed to an agent.
    pub fn admit(&mut self, id: u64, now: Instant) -> Admission {
        let held = self.holds(id, now);
        self.counts.refused += u64::from(held);
        if held { Admission::Refuse } else { Admission::Admit }
    }

    /// Whether the request is locked out at `now`.
    pub fn holds(&self, id: u64, now: Instant) -> bool {
        self.suspects.get(&id).and_then(|suspect| suspect.until).is_some_and(|until| now < until)
    }

    /// The request was answered, well or with an error: the agent has survived it.
    pub fn survived(&mut self, id: u64) {
        if let Some(suspect) = self.suspects.remove(&id) {
            self.by_age.remove(&(suspect.seen, id));
            self.counts.cleared += 1;
        }
    }

    /// The requests locked out at `now`, by id, with the deaths at which they were in progress.
    pub fn dead_letters(&self, now: Instant) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.suspects.iter().filter(move |(id, _)| self.holds(**id, now)).map(|(id, suspect)| (*id, suspect.deaths))
    }

    /// Requests remembered.
    pub fn remembered(&self) -> usize {
        self.suspects.len()
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn blame(&mut self, configuration: &QuarantineConfiguration, id: u64, alone: bool, now: Instant) {
        let unknown = Suspect { deaths: 0, alone: 0, seen: now, until: None, terms: 0 };
        let mut suspect = self.suspects.get(&id).copied().unwrap_or(unknown);
        self.by_age.remove(&(suspect.seen, id));
        suspect.seen = now;
        suspect.deaths = suspect.deaths.saturating_add(1);
        suspect.alone = suspect.alone.saturating_add(u32::from(alone));
        let guilty = suspect.deaths >= configuration.deaths || suspect.alone >= configuration.deaths_alone;
        let held = suspect.until.is_some_and(|until| now < until);
        if guilty && !held {
            // 2^20 times the longest hold is beyond any run.
            let hold = configuration.hold.saturating_mul(1 << suspect.terms.min(20));
            suspect.until = Some(now.saturating_add(hold));
            suspect.terms += 1;
            self.counts.quarantined += 1;
        }
        self.suspects.insert(id, suspect);
        self.by_age.insert((now, id));
        while self.suspects.len() > configuration.capacity as usize {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            self.suspects.remove(&oldest);
            self.counts.evicted += 1;
        }
    }

    /// Drops suspicions that are old; a quarantine is remembered for as long again after it ended, so that a second one is
    /// longer.
    fn expire(&mut self, configuration: &QuarantineConfiguration, now: Instant) {
        let mut old = Vec::new();
        for (seen, id) in &self.by_age {
            if now.saturating_since(*seen) < configuration.memory {
                break;
            }
            let last = self.suspects.get(id).and_then(|suspect| suspect.until).unwrap_or(*seen).max(*seen);
            if last.saturating_add(configuration.memory) <= now {
                old.push((*seen, *id));
            }
        }
        for (seen, id) in old {
            self.by_age.remove(&(seen, id));
            self.suspects.remove(&id);
            self.counts.expired += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(secs)
    }

    fn configuration() -> QuarantineConfiguration {
        QuarantineConfiguration::default()
    }

    #[test]
    fn a_request_at_two_deaths_is_refused_and_one_at_a_single_death_in_company_is_not() {
        let mut quarantine = Quarantine::default();
        quarantine.died(&configuration(), &[1, 2], at(0));
        assert_eq!(quarantine.admit(1, at(0)), Admission::Admit);
        quarantine.died(&configuration(), &[1, 3], at(1));
        assert_eq!([1, 2, 3].map(|id| quarantine.holds(id, at(1))), [true, false, false]);
        assert_eq!(quarantine.dead_letters(at(1)).collect::<Vec<_>>(), [(1, 2)]);
    }

    #[test]
    fn a_request_that_was_alone_is_refused_after_one_death() {
        let mut quarantine = Quarantine::default();
        quarantine.died(&configuration(), &[9, 9], at(0));
        assert_eq!(quarantine.admit(9, at(0)), Admission::Refuse);
        assert_eq!(quarantine.counts(), Counts { quarantined: 1, refused: 1, ..Counts::default() });
    }

    #[test]
    fn an_answered_request_is_struck_off() {
        let mut quarantine = Quarantine::default();
        quarantine.died(&configuration(), &[1, 2], at(0));
        quarantine.survived(2);
        quarantine.died(&configuration(), &[2, 3], at(1));
        assert!(!quarantine.holds(2, at(1)));
        assert_eq!(quarantine.counts().cleared, 1);
    }

    #[test]
    fn a_quarantine_ends_and_the_next_one_of_the_same_request_is_twice_as_long() {
        let mut quarantine = Quarantine::default();
        quarantine.died(&configuration(), &[1], at(0));
        assert!(quarantine.holds(1, at(299)) && !quarantine.holds(1, at(300)));
        quarantine.died(&configuration(), &[1, 2], at(301));
        assert!(quarantine.holds(1, at(301 + 599)) && !quarantine.holds(1, at(301 + 600)));
    }

    #[test]
    fn an_old_suspicion_is_dropped() {
        let mut quarantine = Quarantine::default();
        quarantine.died(&configuration(), &[1, 2], at(0));
        quarantine.died(&configuration(), &[1, 3], at(300));
        assert!(!quarantine.holds(1, at(300)));
        assert_eq!(quarantine.counts().expired, 2);
    }

    /// Agents killed by one poisonous request that its client never ceases to send, among 20 agents and harmless requests.
    fn killed(configuration: &QuarantineConfiguration) -> usize {
        let (mut quarantine, mut killed) = (Quarantine::default(), 0);
        for attempt in 0..20 {
            if quarantine.admit(666, at(attempt)) == Admission::Admit {
                quarantine.died(configuration, &[666, 1000 + attempt], at(attempt));
                killed += 1;
            }
        }
        killed
    }

    #[test]
    fn cb_s3_a_poisonous_request_kills_two_agents_and_every_one_with_the_quarantine_off() {
        assert_eq!(killed(&configuration()), 2);
        assert_eq!(killed(&QuarantineConfiguration { enabled: false, ..configuration() }), 20);
    }

    proptest! {
        #[test]
        fn memory_is_bounded_and_an_innocent_request_is_always_released(
            deaths in prop::collection::vec((prop::collection::vec(0u64..40, 0..6), 0u64..100), 0..60), capacity in 1u32..20,
        ) {
            let configuration = QuarantineConfiguration { capacity, ..configuration() };
            let (mut quarantine, mut now) = (Quarantine::default(), 0);
            for (in_progress, later) in deaths {
                now += later;
                quarantine.died(&configuration, &in_progress, at(now));
                prop_assert!(quarantine.remembered() <= capacity as usize);
                prop_assert_eq!(quarantine.suspects.len(), quarantine.by_age.len());
            }
            let terms = quarantine.suspects.values().map(|suspect| suspect.terms).max().unwrap_or(0);
            for id in 0..40 {
                let release = at(now) + configuration.hold * (1 << terms);
                prop_assert_eq!(quarantine.admit(id, release), Admission::Admit);
                quarantine.survived(id);
                prop_assert!(!quarantine.holds(id, at(now)));
            }
            prop_assert_eq!(quarantine.remembered(), 0);
        }
    }
}
