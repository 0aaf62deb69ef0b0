//! How long the replicas that a node calls take, beside each other.
//!
//! Replicas of a service in this node's own zone are compared with each other, and those elsewhere with each other: the way to another zone takes longer, and
//! that is nobody's fault. What was seen of a replica in one place says nothing about it in another.

use std::collections::{BTreeMap, BTreeSet};

use hms_machine::{AgentId, CallOutcome, Duration, ServiceId};

use crate::health::checks::{CheckConfiguration, PeerGroup, Reading, Subject};

/// Replicas of a service in this node's zone, or in others.
type Key = (ServiceId, bool);

/// What this node's calls have seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comparisons {
    groups: BTreeMap<Key, PeerGroup>,
    /// In which group an agent is.
    places: BTreeMap<AgentId, Key>,
    /// Of whom there is something new to compare.
    new: BTreeSet<AgentId>,
}

impl Comparisons {
    /// A call has ended, of a replica that is in this node's zone (`local`) or is not.
    pub(crate) fn ended(
        &mut self,
        (agent, service, local): (AgentId, ServiceId, bool),
        ending: CallOutcome,
        elapsed: Duration,
        configuration: &CheckConfiguration,
    ) {
        // Whoever was given up took at least so long; how long an error took says nothing about the work.
        if !configuration.enabled || !matches!(ending, CallOutcome::Ok | CallOutcome::TimedOut) {
            return;
        }
        let (key, subject) = ((service, local), Subject::Peer(agent));
        if let Some(before) = self.places.insert(agent, key).filter(|before| *before != key)
            && let Some(group) = self.groups.get_mut(&before)
        {
            group.forget(subject);
        }
        let group = self.groups.entry(key).or_insert_with(|| PeerGroup::new(configuration));
        if group.observe(subject, elapsed) {
            self.new.insert(agent);
        }
    }

    /// Comparisons of those of whom there is something new since this was asked last.
    pub(crate) fn readings(&mut self) -> Vec<(AgentId, Reading)> {
        let new = std::mem::take(&mut self.new);
        let compared = |agent: AgentId| Some((agent, self.groups.get(self.places.get(&agent)?)?.compare(Subject::Peer(agent))?));
        new.into_iter().filter_map(compared).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: ServiceId = ServiceId(0);

    fn call(seen: &mut Comparisons, agent: u32, local: bool, millis: u64, ending: CallOutcome) {
        let configuration = CheckConfiguration { peer_samples: 1, ..CheckConfiguration::default() };
        seen.ended((AgentId(agent), SERVICE, local), ending, Duration::from_millis(millis), &configuration);
    }

    #[test]
    fn replicas_are_compared_with_those_that_are_as_far_away_and_once() {
        let mut seen = Comparisons::default();
        for (agent, local, millis) in [(0, true, 1), (1, true, 1), (2, false, 9), (3, false, 10), (4, false, 11)] {
            call(&mut seen, agent, local, millis, CallOutcome::Ok);
        }
        let ms = Duration::from_millis;
        let comparison = |own, others, peers| Reading::Comparison { own: ms(own), others, peers };
        let expected = [
            (AgentId(0), comparison(1, ms(1), 1)),
            (AgentId(1), comparison(1, ms(1), 1)),
            (AgentId(2), comparison(9, Duration::from_micros(10_500), 2)),
            (AgentId(3), comparison(10, ms(10), 2)),
            (AgentId(4), comparison(11, Duration::from_micros(9_500), 2)),
        ];
        assert_eq!(seen.readings(), expected);
        assert_eq!(seen.readings(), []);
    }

    #[test]
    fn what_was_seen_of_a_replica_elsewhere_is_forgotten_and_errors_are_no_measure() {
        let mut seen = Comparisons::default();
        call(&mut seen, 0, true, 1, CallOutcome::Ok);
        call(&mut seen, 1, true, 1, CallOutcome::Error);
        assert_eq!(seen.readings(), [], "nobody to compare with");
        call(&mut seen, 1, true, 1, CallOutcome::TimedOut);
        call(&mut seen, 0, false, 9, CallOutcome::Ok);
        assert_eq!(seen.readings(), [], "they are in different zones now");
    }
}
