//! The event queue: what stands in it, and which structure holds it.

use super::heap::Heap;
use super::ladder::Ladder;

/// Which structure holds the pending events. The order of dispatch is the same for both; two so different structures check
/// each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueKind {
    /// The ladder, which is the faster one for every number of pending events; the default.
    #[default]
    Ladder,
    /// The standard library's binary heap.
    Heap,
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
    /// The entry's place among those of one instant: its seq, or where [`Ties`](super::ties::Ties) put that.
    pub(super) seq: u64,
    pub(super) item: Item<E>,
}

impl<E> Entry<E> {
    #[inline(always)]
    pub(super) fn key(&self) -> u128 {
        u128::from(self.time) << 64 | u128::from(self.seq)
    }
}

/// The pending entries, in the structure that was asked for.
#[expect(clippy::large_enum_variant, reason = "there is one queue per simulation, and the large variant is the usual one")]
#[derive(Clone, Debug)]
pub(super) enum Queue<E> {
    Ladder(Ladder<E>),
    Heap(Heap<E>),
}

impl<E: Copy> Queue<E> {
    pub(super) fn new(kind: QueueKind) -> Self {
        match kind {
            QueueKind::Ladder => Queue::Ladder(Ladder::new()),
            QueueKind::Heap => Queue::Heap(Heap::new()),
        }
    }

    /// Entries held, stale ones included.
    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Queue::Ladder(ladder) => ladder.len(),
            Queue::Heap(heap) => heap.len(),
        }
    }

    /// Adds an entry. Its (time, seq) must be after that of the last entry popped.
    #[inline(always)]
    pub(super) fn push(&mut self, entry: Entry<E>) {
        match self {
            Queue::Ladder(ladder) => ladder.push(entry),
            Queue::Heap(heap) => heap.push(entry),
        }
    }

    /// Removes and returns the earliest entry, if its time is `until` or earlier.
    #[inline(always)]
    pub(super) fn pop_until(&mut self, until: u64) -> Option<Entry<E>> {
        match self {
            Queue::Ladder(ladder) => ladder.pop_until(until),
            Queue::Heap(heap) => heap.pop_until(until),
        }
    }

    /// The earliest entry.
    pub(super) fn peek(&mut self) -> Option<Entry<E>> {
        match self {
            Queue::Ladder(ladder) => ladder.peek(),
            Queue::Heap(heap) => heap.peek(),
        }
    }

    /// Drops the entries for which `keep` is false.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Entry<E>) -> bool) {
        match self {
            Queue::Ladder(ladder) => ladder.retain(keep),
            Queue::Heap(heap) => heap.retain(keep),
        }
    }

    /// Bytes of heap memory held.
    pub(super) fn memory(&self) -> usize {
        match self {
            Queue::Ladder(ladder) => ladder.memory(),
            Queue::Heap(heap) => heap.memory(),
        }
    }
}
