//! What the messages of other nodes say about their clocks, and about this node's own.
//!
//! Picture people who ask each other for the time. Who is off by a minute from one other cannot tell which of the two watches is wrong; who is off from most
//! others knows that it is the own one. So clocks are not compared with this node's, but with the median of all that were heard lately, this node's among
//! them: as long as fewer than half are wrong, the median lies between right ones (the idea of fault-tolerant averaging: Lundelius and Lynch, "A new
//! fault-tolerant algorithm for clock synchronization", Information and Computation 77(1), 1988). The time on the way is in every difference,
//! so only nodes of one zone are compared, between which it is short beside `checks.clock_offset`.
//!
//! What [`links`](crate::health::links) says of clocks is that one was *set*: it compares a clock with its own past, and after a while takes it as it is. Here a
//! clock is *off*, however slowly it got there and however long it has been.
//!
//! Nearly all clocks are right nearly all of the time: a clock gets a check when it is further off than half of what it may, and loses it when it is well
//! again. Nothing is done about a clock that is off; it is told.

use std::collections::BTreeMap;

use hms_machine::{Duration, Instant, NodeId};

use crate::configuration::Configuration;
use crate::health::checks::{Checks, Level, Reading, Standard, Subject};

/// A clock gets a check from this share of the offset that it may have on: low enough that its filter is full when the offset is reached, high enough that
/// clocks kept by NTP (milliseconds) have none.
const WATCHED_FROM: f64 = 0.5;
/// What was heard longer ago says nothing any more. Members of a large group that talk to each other at random are heard seldom: then a node knows of its
/// own clock, by what it has heard of a few others in this time, sooner than of anybody else's. At a drift of 1,000 ppm a clock goes 5 ms in it.
const LATELY: Duration = Duration::from_secs(5);

/// The clocks of others, as far as this node has heard of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clocks {
    heard: BTreeMap<NodeId, Heard>,
    checks: Checks,
}

/// The last message of a node.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// This node's clock on arrival less the sender's on departure, ns.
    difference: i64,
    /// When, by this node's monotonic clock.
    at: Instant,
    /// Whether it came after the last look.
    new: bool,
}

/// A clock is off from now on, or is not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockChange {
    pub(crate) node: NodeId,
    pub(crate) bad: bool,
}

impl Clocks {
    /// A message of a node has come that left at `sent` by its sender's wall clock; `wall` and `now` are this node's clocks.
    pub(crate) fn heard(&mut self, from: NodeId, sent: Instant, (wall, now): (Instant, Instant)) {
        let ahead = |one: Instant, other: Instant| i64::try_from(one.saturating_since(other).as_nanos()).unwrap_or(i64::MAX);
        self.heard.insert(from, Heard { difference: ahead(wall, sent) - ahead(sent, wall), at: now, new: true });
    }

    /// A node is taken for failed: what its messages said is over. Whether its clock was said to be off.
    pub(crate) fn forget(&mut self, node: NodeId) -> Option<ClockChange> {
        self.heard.remove(&node);
        let subject = Subject::Node(node);
        let bad = self.checks.status(subject).level() >= Level::Degraded;
        self.checks.remove(subject);
        bad.then_some(ClockChange { node, bad: false })
    }

    /// Looks at the clocks that were heard of since the last look, and at that of this node, `me`.
    pub(crate) fn look(
        &mut self,
        (me, wall, now): (NodeId, Instant, Instant),
        configuration: &Configuration,
        mut tell: impl FnMut(ClockChange),
    ) {
        let new: Vec<(NodeId, i64)> =
            self.heard.iter().filter(|(_, heard)| heard.new).map(|(id, h)| (*id, h.difference)).collect();
        self.heard.retain(|_, heard| now.saturating_since(heard.at) <= LATELY);
        self.heard.values_mut().for_each(|heard| heard.new = false);
        if new.is_empty() || self.heard.len() < configuration.checks.peers_min as usize {
            return;
        }
        // How far this node's clock is ahead of the median.
        let ahead = middle(self.heard.values().map(|heard| heard.difference).chain([0]).collect());
        let peers = new.into_iter().map(|(node, difference)| (node, difference.saturating_sub(ahead)));
        for (node, offset) in peers.chain([(me, ahead)]) {
            self.judge(node, offset, (wall, now), configuration, &mut tell);
        }
    }

    fn judge(
        &mut self,
        node: NodeId,
        offset: i64,
        (wall, now): (Instant, Instant),
        configuration: &Configuration,
        tell: &mut impl FnMut(ClockChange),
    ) {
        let subject = Subject::Node(node);
        let watched = self.checks.of(subject).next().is_some();
        let near = (offset.unsigned_abs() as f64) < WATCHED_FROM * configuration.checks.clock_offset.as_nanos() as f64;
        if !watched && near {
            return;
        }
        if !watched {
            let standard = Standard { checks: configuration.checks, prediction: configuration.prediction };
            standard.watch_clock(&mut self.checks, subject, now);
        }
        let before = self.checks.status(subject).level() >= Level::Degraded;
        self.checks.report(subject, &Reading::Clocks { own: wall, peer: back(wall, offset) }, now, |_| {});
        let bad = self.checks.status(subject).level() >= Level::Degraded;
        if before != bad {
            tell(ClockChange { node, bad });
        }
        if near && !bad {
            self.checks.remove(subject);
        }
    }
}

/// The median. Of two in the middle the one nearer to zero: a node that knows no better believes its own clock.
fn middle(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    if low.unsigned_abs() <= high.unsigned_abs() { low } else { high }
}

/// `offset` nanoseconds before `at`, or after it if it is negative.
fn back(at: Instant, offset: i64) -> Instant {
    let nanos = at.as_nanos();
    Instant::from_nanos(if offset >= 0 {
        nanos.saturating_sub(offset.unsigned_abs())
    } else {
        nanos.saturating_add(offset.unsigned_abs())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ME: NodeId = NodeId(9);

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(1_000_000 * millis)
    }

    /// Twenty looks at clocks that are ahead of true time by so many milliseconds, the first of them this node's; what is told in the end.
    fn told(offsets: &[i64], configuration: &Configuration) -> Vec<ClockChange> {
        let (mut clocks, mut changes) = (Clocks::default(), Vec::new());
        rounds(&mut clocks, 0, offsets, configuration, &mut changes);
        changes
    }

    fn rounds(clocks: &mut Clocks, from: u64, offsets: &[i64], configuration: &Configuration, changes: &mut Vec<ClockChange>) {
        let by = |offset: i64, millis: u64| at((millis as i64 + 1_000_000 + offset) as u64);
        for step in from..from + 20 {
            let now = 200 * step;
            for (peer, offset) in offsets.iter().enumerate().skip(1) {
                clocks.heard(NodeId(peer as u32), by(*offset, now), (by(offsets[0], now + 1), at(now + 1)));
            }
            clocks.look((ME, by(offsets[0], now + 2), at(now + 2)), configuration, |change| changes.push(change));
        }
    }

    fn off(node: u32) -> ClockChange {
        ClockChange { node: NodeId(node), bad: true }
    }

    #[test]
    fn the_clock_is_blamed_that_differs_from_most_whosever_it_is() {
        let configuration = Configuration::default();
        let cases: [(&[i64], &[ClockChange]); 6] = [
            (&[0, 0, 3, -5, 40], &[]),
            (&[0, 0, 150, 0, 0], &[off(2)]),
            (&[0, 0, -150, 0, 150], &[off(2), off(4)]),
            (&[150, 0, 0, 0, 0], &[off(ME.0)]),
            // With one other nobody knows which of the two is wrong.
            (&[0, 150], &[]),
            // Two against two: a node believes itself.
            (&[0, 0, 150, 150], &[off(2), off(3)]),
        ];
        for (offsets, expected) in cases {
            assert_eq!(told(offsets, &configuration), expected, "{offsets:?}");
        }
        let mut generous = configuration;
        generous.checks.clock_offset = hms_machine::Duration::from_secs(1);
        assert_eq!(told(&[0, 0, 150, 0, 0], &generous), []);
    }

    #[test]
    fn a_clock_that_is_set_right_and_a_node_that_has_failed_are_taken_back() {
        let (configuration, mut clocks, mut changes) = (Configuration::default(), Clocks::default(), Vec::new());
        rounds(&mut clocks, 0, &[0, 0, 150, 0, 200], &configuration, &mut changes);
        assert_eq!(clocks.forget(NodeId(4)), Some(ClockChange { node: NodeId(4), bad: false }));
        assert_eq!(clocks.forget(NodeId(1)), None);
        changes.clear();
        rounds(&mut clocks, 20, &[0, 0, 0, 0], &configuration, &mut changes);
        assert_eq!(changes, [ClockChange { node: NodeId(2), bad: false }]);
        assert_eq!(clocks.checks.subjects().count(), 0, "clocks that are well have no checks");
    }

    proptest! {
        #[test]
        fn as_long_as_fewer_than_half_are_off_nobody_else_is_blamed(
            right in prop::collection::vec(-20i64..20, 3..9), wrong in prop::collection::vec(-900i64..900, 0..3), own in any::<bool>(),
        ) {
            let mut offsets = right.clone();
            offsets.extend(&wrong);
            if own {
                offsets.reverse();
            }
            for change in told(&offsets, &Configuration::default()) {
                let position = if change.node == ME { 0 } else { change.node.index() };
                prop_assert!(offsets[position].abs() >= 60, "{} of {:?}", offsets[position], offsets);
            }
        }
    }
}
