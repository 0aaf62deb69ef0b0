//! How long the replicas that a node calls take, beside each other.
//!
//! Replicas of a service in one zone are compared with each other: the way to another zone takes longer, and that is nobody's fault. Where a zone has too few
//! of a service (`checks.peers_min`) nobody is compared. What was seen of a replica on one host says nothing about it on another.

use std::collections::{BTreeMap, BTreeSet};

use hms_machine::{AgentId, CallOutcome, Duration, Instant, NodeId, ServiceId};

use crate::health::checks::{CheckConfiguration, PeerGroup, Reading, Subject};

/// Replicas of a service in a zone.
type Key = (ServiceId, u32);

/// A replica, and where it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callee {
    pub(crate) agent: AgentId,
    pub(crate) service: ServiceId,
    pub(crate) node: NodeId,
    pub(crate) zone: u32,
}

/// What this node's calls have seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comparisons {
    groups: BTreeMap<Key, PeerGroup>,
    /// In which group an agent is, and on which host.
    places: BTreeMap<AgentId, (Key, NodeId)>,
    /// Of whom there is something new to compare.
    new: BTreeSet<AgentId>,
}

impl Comparisons {
    /// A call has ended.
    pub(crate) fn ended(
        &mut self,
        Callee { agent, service, node, zone }: Callee,
        (ending, elapsed): (CallOutcome, Duration),
        configuration: &CheckConfiguration,
        now: Instant,
    ) {
        // Whoever was given up took at least so long; how long an error took says nothing about the work.
        if !configuration.enabled || !matches!(ending, CallOutcome::Ok | CallOutcome::TimedOut) {
            return;
        }
        let (key, subject) = ((service, zone), Subject::Peer(agent));
        let before = self.places.insert(agent, (key, node)).filter(|before| *before != (key, node));
        if let Some(group) = before.and_then(|(key, _)| self.groups.get_mut(&key)) {
            group.forget(subject);
        }
        let group = self.groups.entry(key).or_insert_with(|| PeerGroup::new(configuration));
        if group.observe(subject, elapsed, now) {
            self.new.insert(agent);
        }
    }

    /// Comparisons of those of whom there is something new since this was asked last.
    pub(crate) fn readings(&mut self, now: Instant) -> Vec<(AgentId, Reading)> {
        let new = std::mem::take(&mut self.new);
        let compared = |agent: AgentId| {
            let (key, _) = self.places.get(&agent)?;
            Some((agent, self.groups.get(key)?.compare(Subject::Peer(agent), now)?))
        };
        new.into_iter().filter_map(compared).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: ServiceId = ServiceId(0);

    fn call(seen: &mut Comparisons, agent: u32, (node, zone): (u32, u32), millis: u64, ending: CallOutcome) {
        let configuration = CheckConfiguration { peer_samples: 1, ..CheckConfiguration::default() };
        let callee = Callee { agent: AgentId(agent), service: SERVICE, node: NodeId(node), zone };
        seen.ended(callee, (ending, Duration::from_millis(millis)), &configuration, Instant::ZERO);
    }

    #[test]
    fn replicas_are_compared_with_those_of_their_zone_and_once() {
        let mut seen = Comparisons::default();
        for (agent, zone, millis) in [(0, 0, 1), (1, 0, 1), (2, 1, 9), (3, 1, 10), (4, 1, 11), (5, 2, 100)] {
            call(&mut seen, agent, (agent, zone), millis, CallOutcome::Ok);
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
        assert_eq!(seen.readings(Instant::ZERO), expected);
        assert_eq!(seen.readings(Instant::ZERO), []);
    }

    #[test]
    fn what_was_seen_of_a_replica_on_another_host_is_forgotten_and_errors_are_no_measure() {
        let mut seen = Comparisons::default();
        call(&mut seen, 0, (0, 0), 1, CallOutcome::Ok);
        call(&mut seen, 1, (1, 0), 1, CallOutcome::Error);
        assert_eq!(seen.readings(Instant::ZERO), [], "nobody to compare with");
        call(&mut seen, 1, (1, 0), 1, CallOutcome::TimedOut);
        call(&mut seen, 0, (5, 1), 9, CallOutcome::Ok);
        assert_eq!(seen.readings(Instant::ZERO), [], "they are in different zones now");
    }
}
