//! Taking turns at the clock, and counting allocations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

/// Rounds of each comparison; the first is for warming up and does not count.
const ROUNDS: usize = 8;

/// What a comparison of several contenders found. Contender 0 is the base of the ratios.
pub(crate) struct Comparison {
    /// Nanoseconds per event, median over the rounds.
    pub(crate) nanos: Vec<f64>,
    /// For each contender, its time over the base's time, round by round, sorted.
    ratios: Vec<Vec<f64>>,
}

impl Comparison {
    pub(crate) fn ratio(&self, contender: usize) -> f64 {
        median(self.ratios[contender].clone())
    }

    pub(crate) fn ratio_least(&self, contender: usize) -> f64 {
        self.ratios[contender][0]
    }

    pub(crate) fn ratio_greatest(&self, contender: usize) -> f64 {
        self.ratios[contender][self.ratios[contender].len() - 1]
    }
}

/// Lets each contender work through `events` events, in turns.
pub(crate) fn compare(events: u64, contenders: &mut [&mut dyn FnMut(u64)]) -> Comparison {
    let mut nanos = vec![Vec::new(); contenders.len()];
    for round in 0..ROUNDS {
        for turn in 0..contenders.len() {
            let contender = (turn + round) % contenders.len();
            let start = Instant::now();
            contenders[contender](events);
            let elapsed = start.elapsed().as_secs_f64() * 1e9 / events as f64;
            if round > 0 {
                nanos[contender].push(elapsed);
            }
        }
    }
    let ratio = |times: &Vec<f64>| {
        let mut ratios: Vec<f64> = times.iter().zip(&nanos[0]).map(|(time, base)| time / base).collect();
        ratios.sort_by(f64::total_cmp);
        ratios
    };
    Comparison { ratios: nanos.iter().map(ratio).collect(), nanos: nanos.iter().cloned().map(median).collect() }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The system's allocator, counted by [`COUNTER`].
pub(crate) struct CountingAllocator;

/// What went through [`CountingAllocator`].
pub(crate) static COUNTER: Counter = Counter { allocations: AtomicUsize::new(0), live: AtomicUsize::new(0) };

pub(crate) struct Counter {
    allocations: AtomicUsize,
    live: AtomicUsize,
}

impl Counter {
    /// Allocations and reallocations so far.
    pub(crate) fn allocations(&self) -> usize {
        self.allocations.load(Relaxed)
    }

    /// Bytes allocated and not freed.
    pub(crate) fn live(&self) -> usize {
        self.live.load(Relaxed)
    }
}

#[expect(unsafe_code, reason = "the interface of an allocator is unsafe; all work is passed on to the system's")]
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNTER.allocations.fetch_add(1, Relaxed);
        COUNTER.live.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        COUNTER.live.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNTER.allocations.fetch_add(1, Relaxed);
        COUNTER.live.fetch_add(size, Relaxed);
        COUNTER.live.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }
}
