//! Whom to probe next: everybody in a random order, then everybody in another.
//!
//! SWIM §4.3: compared with a random choice each time, the order bounds the wait of a member for a given prober to 2N − 1 periods.

use hms_machine::{Draw, NodeId};

/// A round through the members.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    order: Vec<NodeId>,
    next: usize,
}

impl Rotation {
    /// The members `0..nodes` but `own`.
    pub(super) fn new(own: NodeId, nodes: u32, draw: &mut Draw) -> Self {
        let mut order: Vec<NodeId> = (0..nodes).map(NodeId).filter(|node| *node != own).collect();
        draw.shuffle(&mut order);
        Rotation { order, next: 0 }
    }

    /// The next member that is `wanted`; `None` if none is.
    pub(super) fn next(&mut self, draw: &mut Draw, wanted: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        // One whole further round meets everybody, whatever is left of this one.
        for _ in 0..2 * self.order.len() {
            if self.next == self.order.len() {
                draw.shuffle(&mut self.order);
                self.next = 0;
            }
            let candidate = self.order[self.next];
            self.next += 1;
            if wanted(candidate) {
                return Some(candidate);
            }
        }
        None
    }
}

/// `count` different ids below `total` that are `wanted`, or fewer if they are hard to find (as memberlist's `kRandomNodes`).
pub(super) fn pick(draw: &mut Draw, total: u32, count: u32, wanted: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
    let mut picked: Vec<NodeId> = Vec::new();
    for _ in 0..3 * total {
        if picked.len() == count as usize {
            break;
        }
        let candidate = NodeId(draw.below(u64::from(total)) as u32);
        if wanted(candidate) && !picked.contains(&candidate) {
            picked.push(candidate);
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Seed, Streams};

    use super::*;

    const TEST: Purpose = Purpose::named("test/rotation");

    /// Average number of the period in which somebody first probes the crashed member 0, over `trials`; crashes fall anywhere in
    /// the rounds.
    fn first_detection(nodes: u32, trials: u64) -> f64 {
        let streams = Streams::new(Seed(u64::from(nodes)));
        let mut total = 0;
        for trial in 0..trials {
            let draw = &mut streams.draw(TEST, 0, trial);
            let mut rotations: Vec<Rotation> = (1..nodes).map(|own| Rotation::new(NodeId(own), nodes, draw)).collect();
            for rotation in &mut rotations {
                rotation.next = draw.below(u64::from(nodes) - 1) as usize;
            }
            let mut period = 1;
            while !rotations
                .iter_mut()
                .map(|rotation| rotation.next(draw, |_| true))
                .fold(false, |hit, node| hit | (node == Some(NodeId(0))))
            {
                period += 1;
            }
            total += period;
        }
        total as f64 / trials as f64
    }

    #[test]
    fn r4_the_first_detection_takes_one_and_a_half_periods_at_any_size() {
        // Standard error about 0.012 of 5,000 trials and 0.03 of 1,000.
        let (ten, hundred) = (first_detection(10, 5_000), first_detection(100, 1_000));
        assert!((ten - 1.52).abs() < 0.04, "{ten}");
        assert!((hundred - 1.57).abs() < 0.09, "{hundred}");
    }

    #[test]
    fn r4_every_member_is_probed_within_two_rounds_less_one() {
        let mut draw = Streams::new(Seed(1)).draw(TEST, 1, 0);
        let nodes = 12;
        let mut rotation = Rotation::new(NodeId(3), nodes, &mut draw);
        let mut last = vec![0u32; nodes as usize];
        for period in 1..5_000 {
            let probed = rotation.next(&mut draw, |_| true).unwrap();
            assert!(period - last[probed.index()] < 2 * nodes, "{probed} waited {}", period - last[probed.index()]);
            last[probed.index()] = period;
        }
    }

    #[test]
    fn those_who_are_not_wanted_are_passed_over() {
        let mut draw = Streams::new(Seed(1)).draw(TEST, 2, 0);
        let mut rotation = Rotation::new(NodeId(0), 5, &mut draw);
        assert_eq!(rotation.next(&mut draw, |_| false), None);
        assert!((0..20).all(|_| rotation.next(&mut draw, |node| node == NodeId(4)) == Some(NodeId(4))));
        assert_eq!(pick(&mut draw, 5, 3, |node| node.0 > 2).len(), 2);
        assert!(pick(&mut draw, 0, 3, |_| true).is_empty());
    }
}
