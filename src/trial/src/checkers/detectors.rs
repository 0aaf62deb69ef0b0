//! What nodes believed about hosts against what was true, pair by pair (observer, peer).
//!
//! The metrics are those of Chen, Toueg, Aguilera, "On the Quality of Service of Failure Detectors", IEEE Transactions on Computers 51(5),
//! 2002, section 2.2: *detection time* T_D, from the failure until the observer suspects; *mistake duration* T_M, from a suspicion of a peer that
//! works until it is corrected; *mistake recurrence time* T_MR, between the beginnings of two mistakes; *query accuracy* P_A, the probability that the
//! observer is right about a peer that works, asked at any time.
//!
//! A suspicion is a mistake where the trace does not mark it as justified (the peer down, paused or cut off). A mistake ends when the observer
//! trusts again, when the peer goes down or is paused (it is right then), when the observer crashes, or with the run. Pairs are all of an
//! observer that can suspect (hosts and edges) and a host, whether or not the observer watches the host itself: its calls rest on the belief either
//! way. Everything but T_D is measured from the end of the warm-up on.

use std::collections::BTreeMap;

use hms_machine::{Instant, NodeId, Record};
use hms_sim::world::{TraceKind, TraceRow};

use crate::statistics::{quantile, ratio};
use crate::timeline::Timeline;

/// Quality of failure detection.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Detectors {
    /// Times that a host went down.
    pub failures: usize,
    /// Of those, the ones that nobody suspected while the host was down.
    pub missed: usize,
    /// Median T_D over pairs in which the observer suspected while the host was down, s.
    pub detection_p50: Option<f64>,
    /// 99th percentile of T_D, s.
    pub detection_p99: Option<f64>,
    /// Longest T_D, s.
    pub detection_max: Option<f64>,
    /// Suspicions.
    pub suspicions: usize,
    /// Of those, mistakes.
    pub mistakes: usize,
    /// Mean T_M, s; `None` without mistakes.
    pub mistake_duration: Option<f64>,
    /// Mean T_MR of a pair, s: time in which both work / mistakes; `None` without mistakes.
    pub mistake_recurrence: Option<f64>,
    /// P_A: share of the time in which both work and the observer makes no mistake.
    pub query_accuracy: Option<f64>,
    /// Mistakes per node and hour.
    pub per_node_hour: Option<f64>,
    /// Mistakes / suspicions.
    pub per_detection: Option<f64>,
}

/// Reads the figures off a trace; `observers` nodes can suspect, the first of them hosts.
pub(crate) fn check(trace: &[TraceRow], timeline: &Timeline, observers: usize, warmup: Instant) -> Detectors {
    let mut reader = Reader { warmup, ..Reader::default() };
    for row in trace {
        reader.read(row);
    }
    reader.mistakes.retain(|_, since| {
        reader.mistaken += timeline.end.saturating_since(*since).as_secs_f64();
        false
    });
    let hosts = timeline.works.len() as f64;
    let pair_seconds = pair_seconds(timeline, observers, warmup);
    let count = reader.count as f64;
    let node_hours = hosts * timeline.end.saturating_since(warmup).as_secs_f64() / 3600.0;
    let mut times = reader.detections;
    Detectors {
        failures: reader.failures,
        missed: reader.failures - reader.noticed,
        detection_p50: quantile(&mut times, 0.5),
        detection_p99: quantile(&mut times, 0.99),
        detection_max: quantile(&mut times, 1.0),
        suspicions: reader.suspicions,
        mistakes: reader.count,
        mistake_duration: ratio(reader.mistaken, count),
        mistake_recurrence: ratio(pair_seconds, count),
        query_accuracy: ratio(pair_seconds - reader.mistaken, pair_seconds),
        per_node_hour: ratio(count, node_hours),
        per_detection: ratio(count, reader.suspicions as f64),
    }
}

#[derive(Default)]
struct Reader {
    warmup: Instant,
    /// Hosts that are down, since when, and whether anybody has suspected them.
    down: BTreeMap<NodeId, (Instant, bool)>,
    failures: usize,
    noticed: usize,
    detections: Vec<f64>,
    suspicions: usize,
    count: usize,
    /// Mistakes that are not corrected, by observer and peer.
    mistakes: BTreeMap<(NodeId, NodeId), Instant>,
    mistaken: f64,
}

impl Reader {
    fn read(&mut self, row: &TraceRow) {
        match row.kind {
            TraceKind::NodeDown(node) => {
                self.failures += 1;
                self.down.insert(node, (row.at, false));
                self.correct(|observer, peer| observer == node || peer == node, row.at);
            }
            TraceKind::NodeUp(node) => {
                self.down.remove(&node);
            }
            TraceKind::NodePaused(node) => self.correct(|_, peer| peer == node, row.at),
            TraceKind::Stack { node, record: Record::Suspected(peer), justified } => self.suspect(node, peer, justified, row.at),
            TraceKind::Stack { node, record: Record::Trusted(trusted), .. } => {
                self.correct(|observer, peer| (observer, peer) == (node, trusted), row.at);
            }
            _ => {}
        }
    }

    fn suspect(&mut self, observer: NodeId, peer: NodeId, justified: bool, at: Instant) {
        if let Some((since, suspected)) = self.down.get_mut(&peer) {
            self.noticed += usize::from(!*suspected);
            *suspected = true;
            self.detections.push((at - *since).as_secs_f64());
        }
        if at < self.warmup {
            return;
        }
        self.suspicions += 1;
        if !justified {
            self.count += 1;
            self.mistakes.insert((observer, peer), at);
        }
    }

    fn correct(&mut self, ends: impl Fn(NodeId, NodeId) -> bool, at: Instant) {
        self.mistakes.retain(|(observer, peer), since| {
            let over = ends(*observer, *peer);
            if over {
                self.mistaken += at.saturating_since(*since).as_secs_f64();
            }
            !over
        });
    }
}

/// Time in which observer and peer both work, summed over all pairs. Edges always work.
fn pair_seconds(timeline: &Timeline, observers: usize, warmup: Instant) -> f64 {
    let edges = observers.saturating_sub(timeline.works.len()) as f64;
    let mut changes: Vec<(Instant, f64)> = Vec::new();
    for stretch in timeline.works.iter().flatten() {
        changes.push((stretch.from.max(warmup), 1.0));
        changes.push((stretch.until.max(warmup), -1.0));
    }
    changes.push((timeline.end, 0.0));
    changes.sort_by_key(|(at, _)| *at);
    let (mut working, mut since, mut sum) = (0.0, warmup, 0.0);
    for (at, change) in changes {
        sum += at.saturating_since(since).as_secs_f64() * working * (working - 1.0 + edges);
        working += change;
        since = at;
    }
    sum
}

#[cfg(test)]
mod tests {
    use hms_sim::world::Harm;

    use super::*;
    use crate::fixture::{made, row, secs, suspected, trusted};

    fn found(trace: Vec<TraceRow>) -> Detectors {
        let made = made("", trace, &Harm::default());
        check(&made.trace, &made.timeline, 4, secs(0))
    }

    #[test]
    fn hm_s1_times_of_detection_are_per_pair_and_a_failure_that_nobody_sees_is_missed() {
        let down = |at, node| row(at, TraceKind::NodeDown(NodeId(node)));
        let back = |at, node| row(at, TraceKind::NodeUp(NodeId(node)));
        let found =
            found(vec![down(10, 1), suspected(11, 0, 1, true), suspected(14, 2, 1, true), back(20, 1), down(30, 2), back(31, 2)]);
        assert_eq!((found.failures, found.missed), (2, 1));
        assert_eq!((found.detection_p50, found.detection_max), (Some(1.0), Some(4.0)));
        assert_eq!((found.mistakes, found.per_detection, found.query_accuracy), (0, Some(0.0), Some(1.0)));
        assert_eq!((found.mistake_duration, found.mistake_recurrence), (None, None));
    }

    #[test]
    fn hm_s2_mistakes_are_timed_until_they_are_corrected() {
        let found = found(vec![suspected(10, 0, 1, false), trusted(16, 0, 1), suspected(50, 0, 1, false), trusted(52, 0, 1)]);
        assert_eq!((found.suspicions, found.mistakes, found.per_detection), (2, 2, Some(1.0)));
        assert_eq!(found.mistake_duration, Some(4.0));
        // Twelve pairs of hosts for two minutes.
        assert_eq!(found.mistake_recurrence, Some(720.0));
        assert_eq!(found.query_accuracy, Some(1.0 - 8.0 / 1440.0));
        assert_eq!(found.per_node_hour, Some(2.0 / (4.0 * 120.0 / 3600.0)));
    }

    #[test]
    fn a_mistake_becomes_right_when_the_peer_goes_down_and_is_forgotten_when_the_observer_does() {
        let down = |at, node| row(at, TraceKind::NodeDown(NodeId(node)));
        let found = found(vec![suspected(10, 0, 1, false), suspected(10, 2, 3, false), down(15, 1), down(13, 2)]);
        assert_eq!(found.mistake_duration, Some(4.0));
    }
}
