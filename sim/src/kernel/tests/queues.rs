//! Every queue structure against the standard library's heap, on increments that are hard for one structure or another.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::super::queue::{Entry, Item, Queue, QueueKind};
use super::SplitMix;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Increments {
    Exponential,
    Uniform,
    Bimodal,
    /// Half of all increments are zero, the others few and alike.
    Ties,
    /// Everything falls on multiples of a million.
    Grid,
    /// Every order of magnitude, from one nanosecond to days.
    HugeJumps,
    /// The first pending entries lie far away, and the later the run, the closer together.
    DecreasingGaps,
    /// As uniform, in the last microseconds of time.
    EndOfTime,
}

impl Increments {
    const ALL: [Increments; 8] = [
        Increments::Exponential,
        Increments::Uniform,
        Increments::Bimodal,
        Increments::Ties,
        Increments::Grid,
        Increments::HugeJumps,
        Increments::DecreasingGaps,
        Increments::EndOfTime,
    ];

    fn start(self) -> u64 {
        if self == Increments::EndOfTime { u64::MAX - 100_000 } else { 0 }
    }

    fn draw(self, rng: &mut SplitMix, drawn: u64) -> u64 {
        match self {
            Increments::Exponential => (-libm::log(1.0 - rng.unit()) * 1e6) as u64,
            Increments::Uniform => rng.below(2_000_000),
            Increments::Bimodal => rng.below(100) + if rng.below(10) == 0 { 10_000_000 } else { 0 },
            Increments::Ties => rng.below(2) * rng.below(4) * 1000,
            Increments::Grid => rng.below(5) * 1_000_000,
            Increments::HugeJumps => rng.next() >> (16 + rng.below(48)),
            Increments::DecreasingGaps => 1_000_000_000 / (1 + drawn),
            Increments::EndOfTime => rng.below(1000),
        }
    }
}

/// A queue and its reference, driven alike.
struct Pair {
    queue: Queue<u32>,
    reference: BinaryHeap<Reverse<(u64, u64, u32)>>,
    rng: SplitMix,
    increments: Increments,
    next_seq: u64,
    last: (u64, u64),
    /// Seqs given out and not pushed yet, as those of postponed timers.
    postponed: VecDeque<u64>,
    context: String,
}

impl Pair {
    fn new(kind: QueueKind, increments: Increments, seed: u64) -> Self {
        Pair {
            queue: Queue::new(kind),
            reference: BinaryHeap::new(),
            rng: SplitMix(seed),
            increments,
            next_seq: 1,
            last: (increments.start(), 0),
            postponed: VecDeque::new(),
            context: format!("{kind:?}, {increments:?}, seed {seed}"),
        }
    }

    fn push(&mut self) {
        let seq = self.next_seq;
        self.next_seq += 1;
        if self.rng.below(16) == 0 {
            self.postponed.push_back(seq);
            return;
        }
        self.push_as(seq);
        if self.rng.below(16) == 0
            && let Some(seq) = self.postponed.pop_front()
        {
            self.push_as(seq);
        }
    }

    fn push_as(&mut self, seq: u64) {
        let mut time = self.last.0.saturating_add(self.increments.draw(&mut self.rng, self.next_seq));
        if (time, seq) <= self.last {
            let Some(later) = time.checked_add(1) else { return };
            time = later;
        }
        let event = self.rng.next() as u32;
        self.queue.push(Entry { time, seq, item: Item::Event(event) });
        self.reference.push(Reverse((time, seq, event)));
    }

    fn pop(&mut self) {
        let expected = self.reference.pop().map(|Reverse(entry)| entry);
        let found = self.queue.pop_until(u64::MAX).map(flat);
        assert_eq!(found, expected, "after {:?}, {} left; {}", self.last, self.reference.len(), self.context);
        if let Some((time, seq, _)) = expected {
            self.last = (time, seq);
        }
    }

    fn pop_until(&mut self, until: u64) {
        let due = self.reference.peek().is_some_and(|Reverse((time, ..))| *time <= until);
        if due {
            self.pop();
        } else {
            assert!(self.queue.pop_until(until).is_none(), "{}", self.context);
        }
    }

    fn peek(&mut self) {
        let expected = self.reference.peek().map(|Reverse(entry)| *entry);
        assert_eq!(self.queue.peek().map(flat), expected, "{}", self.context);
    }

    /// Keeps one entry in `kept`.
    fn cancel_all_but(&mut self, kept: u64) {
        let keep = |seq: u64| seq.is_multiple_of(kept);
        self.queue.retain(|entry| keep(entry.seq));
        self.reference.retain(|Reverse((_, seq, _))| keep(*seq));
        assert_eq!(self.queue.len(), self.reference.len(), "{}", self.context);
    }

    /// Fills up to `size`, holds there while peeking, looking ahead and cancelling, and drains.
    fn exercise(mut self, size: usize, holds: usize) {
        for _ in 0..size {
            self.push();
        }
        for hold in 0..holds {
            self.pop();
            match self.rng.below(64) {
                0 => self.peek(),
                1 => self.pop_until(self.last.0.saturating_add(self.increments.draw(&mut self.rng.clone(), 1) / 4)),
                2 => (0..self.rng.below(6)).for_each(|_| self.push()),
                _ => {}
            }
            if hold == holds / 2 {
                self.cancel_all_but(2);
            }
            if hold == holds * 3 / 4 {
                self.cancel_all_but(60);
            }
            if self.reference.len() < size {
                self.push();
            }
        }
        while !self.reference.is_empty() {
            self.pop();
        }
        self.pop();
    }
}

fn flat(entry: Entry<u32>) -> (u64, u64, u32) {
    match entry.item {
        Item::Event(event) => (entry.time, entry.seq, event),
        Item::Timer(index) => panic!("timer {index} where only events were pushed"),
    }
}

#[test]
fn every_structure_gives_the_order_of_the_standard_heap_on_every_distribution() {
    for kind in [QueueKind::Heap, QueueKind::Ladder] {
        for increments in Increments::ALL {
            for (size, holds) in [(1, 200), (5, 500), (70, 5_000), (1_000, 10_000), (20_000, 30_000)] {
                Pair::new(kind, increments, size as u64).exercise(size, holds);
            }
        }
    }
}

#[test]
fn entries_pushed_before_a_slot_that_was_opened_to_look_ahead_come_first() {
    for round in 0..200 {
        let mut pair = Pair::new(QueueKind::Ladder, Increments::HugeJumps, round);
        (0..100).for_each(|_| pair.push());
        (0..round / 4).for_each(|_| pair.pop());
        pair.peek();
        pair.pop_until(pair.last.0);
        for increments in [Increments::Uniform, Increments::Ties, Increments::Uniform] {
            pair.increments = increments;
            (0..round).for_each(|_| pair.push());
            pair.peek();
            (0..round / 2).for_each(|_| pair.pop());
        }
        while !pair.reference.is_empty() {
            pair.pop();
        }
    }
}

#[test]
fn a_hundred_thousand_ties_cost_no_more_than_a_fifo() {
    // Quadratic work on ties would be 10^10 steps.
    for time in [0, 1_000] {
        let mut queue = Queue::new(QueueKind::Ladder);
        for seq in 1..=100_000 {
            queue.push(Entry { time, seq, item: Item::Event(0) });
            if seq == 50_000 {
                assert_eq!(queue.peek().map(|entry| entry.seq), Some(1));
            }
        }
        for seq in 1..=100_000 {
            assert_eq!(queue.pop_until(time).map(|entry| entry.seq), Some(seq));
        }
    }
}

#[test]
fn a_hundred_thousand_ties_scheduled_from_another_instant_cost_no_more_than_a_fifo() {
    let mut queue = Queue::new(QueueKind::Ladder);
    let push = |queue: &mut Queue<u32>, time, seq| queue.push(Entry { time, seq, item: Item::Event(0) });
    (1..=100).for_each(|seq| push(&mut queue, 10, seq));
    for seq in 1..=50 {
        assert_eq!(queue.pop_until(10).map(|entry| entry.seq), Some(seq));
    }
    (101..=100_000).for_each(|seq| push(&mut queue, 20, seq));
    for seq in 51..=100_000 {
        assert_eq!(queue.pop_until(20).map(|entry| entry.seq), Some(seq));
    }
}

#[test]
fn a_queue_that_fills_and_empties_keeps_the_order() {
    let mut pair = Pair::new(QueueKind::Ladder, Increments::Exponential, 3);
    for target in [200, 3, 70, 60, 10, 1_000, 0, 30, 0] {
        while pair.reference.len() < target {
            pair.push();
        }
        while pair.reference.len() > target {
            pair.pop();
        }
    }
}
