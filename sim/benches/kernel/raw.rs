//! RAW: each scenario as the plainest loop over `std::collections::BinaryHeap` with enum events. No hash, no timers, no limits.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::marker::PhantomData;

use super::workload::{Delays, Exponential, HEARTBEAT, MEAN_DELAY, Rng, TIMEOUT, UTILISATION};

/// A heap of (time, seq, event) and the seq to give next.
struct Heap<E> {
    heap: BinaryHeap<Reverse<(u64, u64, E)>>,
    seq: u64,
}

impl<E: Ord> Heap<E> {
    fn new() -> Self {
        Heap { heap: BinaryHeap::new(), seq: 0 }
    }

    #[inline]
    fn push(&mut self, time: u64, event: E) {
        self.seq += 1;
        self.heap.push(Reverse((time, self.seq, event)));
    }

    #[inline]
    fn pop(&mut self) -> (u64, E) {
        let Reverse((time, _, event)) = self.heap.pop().expect("scenarios never end");
        (time, event)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tick {
    Process(u32),
}

pub(crate) struct Hold<D = Exponential> {
    heap: Heap<Tick>,
    rng: Rng,
    sum: u64,
    delays: PhantomData<D>,
}

impl<D: Delays> Hold<D> {
    pub(crate) fn new(pending: u32) -> Self {
        let mut hold = Hold { heap: Heap::new(), rng: Rng::new(1), sum: 0, delays: PhantomData };
        for process in 0..pending {
            let time = D::draw(&mut hold.rng);
            hold.heap.push(time, Tick::Process(process));
        }
        hold
    }

    pub(crate) fn run(&mut self, events: u64) {
        for _ in 0..events {
            let (now, Tick::Process(process)) = self.heap.pop();
            self.sum = self.sum.wrapping_add(u64::from(process));
            let delay = D::draw(&mut self.rng);
            self.heap.push(now + delay, Tick::Process(process));
        }
        std::hint::black_box(self.sum);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Delivery {
    Message { to: u32, payload: u32 },
}

struct Process {
    rng: Rng,
    received: u64,
}

pub(crate) struct Messages {
    heap: Heap<Delivery>,
    processes: Vec<Process>,
}

impl Messages {
    pub(crate) fn new(processes: u32) -> Self {
        let mut heap = Heap::new();
        (0..processes).for_each(|to| heap.push(u64::from(to), Delivery::Message { to, payload: to }));
        let processes = (0..processes).map(|id| Process { rng: Rng::new(u64::from(id)), received: 0 }).collect();
        Messages { heap, processes }
    }

    pub(crate) fn run(&mut self, events: u64) {
        let count = self.processes.len() as u64;
        for _ in 0..events {
            let (now, Delivery::Message { to, payload }) = self.heap.pop();
            let process = &mut self.processes[to as usize];
            process.received += u64::from(payload);
            let next = (u64::from(to) + 1 + process.rng.below(count - 1)) % count;
            let delay = process.rng.below(2 * MEAN_DELAY as u64);
            self.heap.push(now + delay, Delivery::Message { to: next as u32, payload: payload + 1 });
        }
        std::hint::black_box(&self.processes);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Customer {
    Arrives,
    Leaves,
}

/// M/M/1.
pub(crate) struct Station {
    heap: Heap<Customer>,
    rng: Rng,
    waiting: VecDeque<u64>,
    total_time: u64,
}

impl Station {
    pub(crate) fn new() -> Self {
        let mut heap = Heap::new();
        heap.push(0, Customer::Arrives);
        Station { heap, rng: Rng::new(3), waiting: VecDeque::new(), total_time: 0 }
    }

    pub(crate) fn run(&mut self, events: u64) {
        for _ in 0..events {
            match self.heap.pop() {
                (now, Customer::Arrives) => {
                    self.waiting.push_back(now);
                    if self.waiting.len() == 1 {
                        let service = self.rng.exponential(MEAN_DELAY * UTILISATION);
                        self.heap.push(now + service, Customer::Leaves);
                    }
                    let gap = self.rng.exponential(MEAN_DELAY);
                    self.heap.push(now + gap, Customer::Arrives);
                }
                (now, Customer::Leaves) => {
                    self.total_time += now - self.waiting.pop_front().expect("who leaves has waited");
                    if !self.waiting.is_empty() {
                        let service = self.rng.exponential(MEAN_DELAY * UTILISATION);
                        self.heap.push(now + service, Customer::Leaves);
                    }
                }
            }
        }
        std::hint::black_box(self.total_time);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Watch {
    Heartbeat(u32),
    Timeout { node: u32, generation: u32 },
}

/// Timers reset by heartbeats, with tombstones: an old time-out stays in the heap and is ignored when it comes up.
pub(crate) struct Resets {
    heap: Heap<Watch>,
    rng: Rng,
    generations: Vec<u32>,
    fired: u64,
}

impl Resets {
    pub(crate) fn new(nodes: u32) -> Self {
        let mut resets = Resets { heap: Heap::new(), rng: Rng::new(4), generations: vec![0; nodes as usize], fired: 0 };
        for node in 0..nodes {
            let time = resets.rng.below(2 * HEARTBEAT);
            resets.heap.push(time, Watch::Heartbeat(node));
        }
        resets
    }

    pub(crate) fn run(&mut self, resets: u64) {
        let mut done = 0;
        while done < resets {
            match self.heap.pop() {
                (now, Watch::Heartbeat(node)) => {
                    let generation = &mut self.generations[node as usize];
                    *generation += 1;
                    self.heap.push(now + TIMEOUT, Watch::Timeout { node, generation: *generation });
                    self.heap.push(now + self.rng.below(2 * HEARTBEAT), Watch::Heartbeat(node));
                    done += 1;
                }
                (_, Watch::Timeout { node, generation }) => {
                    self.fired += u64::from(self.generations[node as usize] == generation);
                }
            }
        }
        assert_eq!(self.fired, 0, "heartbeats come in time");
    }
}
