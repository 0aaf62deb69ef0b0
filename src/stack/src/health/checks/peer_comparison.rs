//! Is it slower than others that do the same? The way to find what is slow but within every limit (fail-slow).
//!
//! After PERSEUS (Lu et al., FAST 2023), which compares drives of one node under one load: a median of many samples against the peers' medians, and a ratio
//! that must last. PERSEUS also models latency over throughput; here peers are replicas that share one load, so the ratio stands alone.
//! [`PeerGroup`] gathers samples and makes the comparison, [`PeerComparison`] judges it.
//!
//! Where half of the work is of another kind (reads and writes), the median of a batch lies now among the one and now among the other, and is a multiple of
//! that of the peers by chance alone. So where more than a quarter of a member's batch is as fast as the peers' median, like
//! is compared with like: what a quarter of the batch exceeds, with that of the peers.
//!
//! Samples are gathered in batches, and no sample is in two of them: readings that share samples would be wrong together, and to ask for
//! several bad ones in a row would ask for nothing.

use std::collections::{BTreeMap, VecDeque};

use hms_machine::{Duration, Instant};

use super::baseline::median;
use super::{Cause, Check, CheckConfiguration, Reading, Status, Subject};
use crate::health::Gate;

/// A batch that was whole longer ago says how things went under another load. At five calls a second one takes six seconds.
const LATELY: Duration = Duration::from_secs(30);

/// Subjects that do the same work, and how long it took each of them lately.
#[derive(Clone, Debug)]
pub struct PeerGroup {
    batch: usize,
    members: BTreeMap<Subject, Member>,
}

#[derive(Clone, Debug, Default)]
struct Member {
    /// The batch that is being gathered, ns.
    samples: VecDeque<f64>,
    whole: Option<Batch>,
}

/// The last whole batch of a member.
#[derive(Clone, Copy, Debug)]
struct Batch {
    /// ns.
    median: f64,
    /// What a quarter of it took at most, and what a quarter of it took at least, ns.
    quarters: [f64; 2],
    /// When it was whole.
    at: Instant,
}

impl PeerGroup {
    /// A group without samples.
    pub fn new(configuration: &CheckConfiguration) -> Self {
        PeerGroup { batch: configuration.peer_samples as usize, members: BTreeMap::new() }
    }

    /// Takes how long a piece of work took a member. Whether that completes a batch, so that there is something new to compare.
    pub fn observe(&mut self, member: Subject, elapsed: Duration, now: Instant) -> bool {
        let Member { samples, whole: known } = self.members.entry(member).or_default();
        samples.push_back(elapsed.as_nanos() as f64);
        let whole = samples.len() >= self.batch;
        if whole {
            let median = median(samples);
            samples.make_contiguous().sort_unstable_by(f64::total_cmp);
            let quarters = [samples[samples.len() / 4], samples[samples.len() - 1 - samples.len() / 4]];
            *known = Some(Batch { median, quarters, at: now });
            samples.clear();
        }
        whole
    }

    /// Forgets a member, which has left or was restarted.
    pub fn forget(&mut self, member: Subject) {
        self.members.remove(&member);
    }

    /// A member beside the others, if it and at least one other have filled a batch lately. Of one of which more than a quarter is as fast as the others
    /// are, the slower part is compared with theirs.
    pub fn compare(&self, member: Subject, now: Instant) -> Option<Reading> {
        let fresh = |batch: &Batch| now.saturating_since(batch.at) <= LATELY;
        let own = self.members.get(&member)?.whole.filter(fresh)?;
        let others = self.members.iter().filter(|(other, _)| **other != member);
        let others: Vec<Batch> = others.filter_map(|(_, known)| known.whole.filter(fresh)).collect();
        if others.is_empty() {
            return None;
        }
        let middle = |of: fn(&Batch) -> f64| median(&others.iter().map(of).collect());
        let (own, others_took) = match middle(|batch| batch.median) {
            all if own.quarters[0] > all => (own.median, all),
            _ => (own.quarters[1], middle(|batch| batch.quarters[1])),
        };
        let peers = u32::try_from(others.len()).unwrap_or(u32::MAX);
        Some(Reading::Comparison { own: Duration::from_nanos_f64(own), others: Duration::from_nanos_f64(others_took), peers })
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
    use hms_machine::{AgentId, Draw, Purpose, Seed, Streams};
    use proptest::prelude::*;

    use super::*;

    fn agent(id: u32) -> Subject {
        Subject::Peer(AgentId(id))
    }

    #[test]
    fn a_member_is_compared_with_the_others_and_not_with_itself() {
        let configuration = CheckConfiguration { peer_samples: 5, ..CheckConfiguration::default() };
        let mut group = PeerGroup::new(&configuration);
        for step in 1..=5 {
            assert_eq!(group.compare(agent(0), Instant::ZERO), None);
            for (id, millis) in [(0, 9), (1, 2), (2, 3)] {
                assert_eq!(group.observe(agent(id), Duration::from_millis(millis), Instant::ZERO), step == 5);
            }
        }
        let expected = Reading::Comparison { own: Duration::from_millis(9), others: Duration::from_micros(2_500), peers: 2 };
        assert_eq!(group.compare(agent(0), Instant::ZERO + LATELY), Some(expected));
        assert_eq!(group.compare(agent(0), Instant::ZERO + LATELY + Duration::from_nanos(1)), None, "that was long ago");
        group.forget(agent(1));
        group.forget(agent(2));
        assert_eq!(group.compare(agent(0), Instant::ZERO), None);
    }

    /// Of how many members that take exponential times, the first so many times as long, it was said that they are slow; and after how many rounds of the first.
    fn exponential(rounds: u32, factor: f64, draw: &mut Draw) -> (usize, Option<u32>) {
        let configuration = CheckConfiguration::default();
        let mut group = PeerGroup::new(&configuration);
        let mut checks: Vec<_> = (0..9).map(|_| (PeerComparison::new(&configuration), None)).collect();
        for round in 1..=rounds {
            for (id, (check, slow)) in (0u32..).zip(&mut checks) {
                let mean = if id == 0 { 5e6 * factor } else { 5e6 };
                let elapsed = Duration::from_nanos_f64(-mean * libm::log(draw.open_uniform()));
                if group.observe(agent(id), elapsed, Instant::ZERO)
                    && let Some(reading) = group.compare(agent(id), Instant::ZERO)
                    && check
                        .observe(&reading, Instant::from_nanos(u64::from(round)))
                        .is_some_and(|status| status != Status::Healthy)
                {
                    slow.get_or_insert(round);
                }
            }
        }
        (checks.iter().filter(|(_, slow)| slow.is_some()).count(), checks[0].1)
    }

    #[test]
    fn who_takes_three_times_as_long_is_found_and_chance_alone_makes_nobody_slow() {
        let mut draw = Streams::new(Seed(1)).draw(Purpose::named("test/peers"), 0, 0);
        assert_eq!(exponential(200_000, 1.0, &mut draw), (0, None));
        for _ in 0..20 {
            let (named, found) = exponential(1_000, 3.0, &mut draw);
            assert!(named == 1 && found.is_some_and(|round| round <= 600), "{named} {found:?}");
        }
    }

    /// Who is called slow within so many rounds, of four that do two kinds of work, the first `factor` times as slowly.
    fn slow_of_two_kinds(rounds: u64, factor: u64) -> Vec<usize> {
        let configuration = CheckConfiguration::default();
        let mut draw = Streams::new(Seed(1)).draw(Purpose::named("test/kinds"), 0, 0);
        let mut group = PeerGroup::new(&configuration);
        let mut checks: Vec<_> = (0..4).map(|_| PeerComparison::new(&configuration)).collect();
        let mut slow = std::collections::BTreeSet::new();
        for round in 0..rounds {
            for (id, check) in (0u32..).zip(&mut checks) {
                let millis = if draw.uniform() < 0.5 { 2 } else { 9 };
                let elapsed = Duration::from_millis(if id == 0 { millis * factor } else { millis });
                if group.observe(agent(id), elapsed, Instant::ZERO)
                    && let Some(reading) = group.compare(agent(id), Instant::ZERO)
                    && matches!(check.observe(&reading, Instant::from_nanos(round)), Some(Status::Degraded { .. }))
                {
                    slow.insert(id as usize);
                }
            }
        }
        slow.into_iter().collect()
    }

    #[test]
    fn where_half_of_the_work_is_of_another_kind_chance_makes_nobody_slow_and_who_is_slow_is_found() {
        assert_eq!(slow_of_two_kinds(100_000, 1), [0usize; 0]);
        assert_eq!(slow_of_two_kinds(500, 3), [0]);
    }

    proptest! {
        #[test]
        fn a_load_that_slows_all_alike_makes_nobody_slow(factors in prop::collection::vec(1u64..50, 100..300), members in 3u32..9) {
            let configuration = CheckConfiguration::default();
            let (mut group, mut check) = (PeerGroup::new(&configuration), PeerComparison::new(&configuration));
            for (step, factor) in factors.iter().enumerate() {
                for id in (0..members).rev() {
                    group.observe(agent(id), Duration::from_micros(factor * (100 + u64::from(id))), Instant::ZERO);
                }
                let Some(reading) = group.compare(agent(0), Instant::ZERO) else { continue };
                let status = check.observe(&reading, Instant::from_nanos(step as u64));
                prop_assert_eq!(status, Some(Status::Healthy));
            }
        }
    }
}
