//! Is it slower than others that do the same? The way to find what is slow but within every limit (fail-slow).
//!
//! After PERSEUS (Lu et al., FAST 2023), which compares drives of one node under one load: a median of many samples against the peers' medians, and a ratio
//! that must last. PERSEUS also models latency over throughput; here peers are replicas that share one load, so the ratio stands alone.
//! [`PeerGroup`] gathers samples and makes the comparison, [`PeerComparison`] judges it.

use std::collections::{BTreeMap, VecDeque};

use hms_machine::{Duration, Instant};

use super::baseline::{median, push};
use super::{Cause, Check, CheckConfiguration, Reading, Status, Subject};
use crate::health::Gate;

/// Samples kept of each member.
const SAMPLES: usize = 16;

/// Subjects that do the same work, and how long it took each of them lately.
#[derive(Clone, Debug)]
pub struct PeerGroup {
    samples_min: usize,
    members: BTreeMap<Subject, VecDeque<f64>>,
}

impl PeerGroup {
    /// A group without samples.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        PeerGroup { samples_min: (configuration.peer_samples as usize).clamp(1, SAMPLES), members: BTreeMap::new() }
    }

    /// Takes how long a piece of work took a member.
    pub fn observe(&mut self, member: Subject, elapsed: Duration) {
        let samples = self.members.entry(member).or_insert_with(|| VecDeque::with_capacity(SAMPLES));
        push(samples, SAMPLES, elapsed.as_nanos() as f64);
    }

    /// Forgets a member, which has left or was restarted.
    pub fn forget(&mut self, member: Subject) {
        self.members.remove(&member);
    }

    /// A member beside the others, if it and at least one other have enough samples.
    pub fn compare(&self, member: Subject) -> Option<Reading> {
        let known = |samples: &&VecDeque<f64>| samples.len() >= self.samples_min;
        let own = self.members.get(&member).filter(known).map(median)?;
        let others: VecDeque<f64> = self
            .members
            .iter()
            .filter(|(other, _)| **other != member)
            .map(|(_, samples)| samples)
            .filter(known)
            .map(median)
            .collect();
        if others.is_empty() {
            return None;
        }
        let peers = u32::try_from(others.len()).unwrap_or(u32::MAX);
        Some(Reading::Comparison { own: Duration::from_nanos_f64(own), others: Duration::from_nanos_f64(median(&others)), peers })
    }
}

/// Degraded while the subject is much slower than its peers.
#[derive(Clone, Debug)]
pub struct PeerComparison {
    peers_min: u32,
    gate: Gate,
}

impl PeerComparison {
    /// A check that knows nothing yet.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        PeerComparison { peers_min: configuration.peers_min, gate: Gate::new(configuration.ratio(configuration.peer_ratio)) }
    }
}

impl Check for PeerComparison {
    fn observe(&mut self, reading: &Reading, at: Instant) -> Option<Status> {
        let Reading::Comparison { peers, .. } = *reading else { return None };
        if peers < self.peers_min {
            return None;
        }
        let slow = self.gate.observe(reading.value()?, at);
        Some(if slow { Status::Degraded { cause: Cause::SlowerThanPeers } } else { Status::Healthy })
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::AgentId;
    use proptest::prelude::*;

    use super::*;

    fn agent(id: u32) -> Subject {
        Subject::Peer(AgentId(id))
    }

    #[test]
    fn a_member_is_compared_with_the_others_and_not_with_itself() {
        let mut group = PeerGroup::new(&CheckConfiguration::default());
        for _ in 0..5 {
            assert_eq!(group.compare(agent(0)), None);
            for (id, millis) in [(0, 9), (1, 2), (2, 3)] {
                group.observe(agent(id), Duration::from_millis(millis));
            }
        }
        let expected = Reading::Comparison { own: Duration::from_millis(9), others: Duration::from_micros(2_500), peers: 2 };
        assert_eq!(group.compare(agent(0)), Some(expected));
        group.forget(agent(1));
        group.forget(agent(2));
        assert_eq!(group.compare(agent(0)), None);
    }

    proptest! {
        #[test]
        fn a_load_that_slows_all_alike_makes_nobody_slow(factors in prop::collection::vec(1u64..50, 10..60), members in 3u32..9) {
            let configuration = CheckConfiguration::default();
            let (mut group, mut check) = (PeerGroup::new(&configuration), PeerComparison::new(&configuration));
            for (step, factor) in factors.iter().enumerate() {
                for id in 0..members {
                    group.observe(agent(id), Duration::from_micros(factor * (100 + u64::from(id))));
                }
                let Some(reading) = group.compare(agent(0)) else { continue };
                let status = check.observe(&reading, Instant::from_nanos(step as u64));
                prop_assert_eq!(status, Some(Status::Healthy));
            }
        }
    }
}
