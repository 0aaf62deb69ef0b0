//! The event queue: what stands in it, and which structure holds it.

use super::heap::Heap;
use super::ladder::Ladder;

/// Which structure holds the pending events. The order of dispatch is the same for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueKind {
    /// The structure that is faster for the present number of pending events; the default.
    #[default]
    Auto,
    /// Always the binary heap.
    Heap,
    /// Always the ladder.
    Ladder,
}

/// What a queue entry dispatches.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<E> {
    Event(E),
    /// A wake-up for the timer with this index; whether it is current is known by the timer table.
    Timer(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<E> {
    pub(super) time: u64,
    pub(super) seq: u64,
    pub(super) item: Item<E>,
}

impl<E> Entry<E> {
    #[inline(always)]
    pub(super) fn key(&self) -> u128 {
        u128::from(self.time) << 64 | u128::from(self.seq)
    }
}

/// With `Auto`, more pending entries than this move to the ladder, fewer than `LADDER_MIN` back to the heap. The two lie apart so
/// that a number that moves around either of them does not move the entries with it.
const HEAP_MAX: usize = 64;
const LADDER_MIN: usize = 16;

/// Both structures, one of which is in use.
#[derive(Clone, Debug)]
pub(super) struct Queue<E> {
    in_ladder: bool,
    heap_max: usize,
    ladder_min: usize,
    /// Time of the last entry popped.
    floor: u64,
    heap: Heap<E>,
    ladder: Ladder<E>,
}

impl<E: Copy> Queue<E> {
    pub(super) fn new(kind: QueueKind) -> Self {
        let (in_ladder, heap_max, ladder_min) = match kind {
            QueueKind::Auto => (false, HEAP_MAX, LADDER_MIN),
            QueueKind::Heap => (false, usize::MAX, 0),
            QueueKind::Ladder => (true, 0, 0),
        };
        Queue { in_ladder, heap_max, ladder_min, floor: 0, heap: Heap::new(), ladder: Ladder::new() }
    }

    /// Entries held, stale ones included.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        if self.in_ladder { self.ladder.len() } else { self.heap.len() }
    }

    /// Adds an entry. Its time must not be before that of the last entry popped.
    #[inline(always)]
    pub(super) fn push(&mut self, entry: Entry<E>) {
        if self.in_ladder {
            self.ladder.push(entry);
        } else {
            self.heap.push(entry);
            if self.heap.len() > self.heap_max {
                self.move_to_ladder();
            }
        }
    }

    /// Removes and returns the earliest entry, if its time is `until` or earlier.
    #[inline(always)]
    pub(super) fn pop_until(&mut self, until: u64) -> Option<Entry<E>> {
        if self.in_ladder && self.ladder.len() < self.ladder_min {
            self.move_to_heap();
        }
        let entry = if self.in_ladder { self.ladder.pop_until(until)? } else { self.heap.pop_until(until)? };
        self.floor = entry.time;
        Some(entry)
    }

    /// The earliest entry.
    pub(super) fn peek(&mut self) -> Option<Entry<E>> {
        if self.in_ladder { self.ladder.peek() } else { self.heap.peek() }
    }

    /// Drops the entries for which `keep` is false.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Entry<E>) -> bool) {
        if self.in_ladder { self.ladder.retain(keep) } else { self.heap.retain(keep) }
    }

    /// Bytes of heap memory held.
    pub(super) fn memory(&self) -> usize {
        self.heap.memory() + self.ladder.memory()
    }

    #[cold]
    fn move_to_ladder(&mut self) {
        self.ladder.reset(self.floor);
        self.heap.drain(|entry| self.ladder.push(entry));
        self.in_ladder = true;
    }

    #[cold]
    fn move_to_heap(&mut self) {
        self.ladder.drain(|entry| self.heap.push(entry));
        self.ladder.reset(self.floor);
        self.in_ladder = false;
    }
}
