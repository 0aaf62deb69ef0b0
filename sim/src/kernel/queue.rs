//! The event queue: what stands in it, and which structure holds it.

use super::heap::Heap;

/// Which structure holds the pending events. The order of dispatch is the same for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueKind {
    /// The structure that is faster for the present number of pending events; the default.
    #[default]
    Auto,
    /// Always the binary heap.
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
    pub(super) seq: u64,
    pub(super) item: Item<E>,
}

impl<E> Entry<E> {
    #[inline(always)]
    pub(super) fn key(&self) -> u128 {
        u128::from(self.time) << 64 | u128::from(self.seq)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Queue<E> {
    heap: Heap<E>,
}

impl<E: Copy> Queue<E> {
    pub(super) fn new(_kind: QueueKind) -> Self {
        Queue { heap: Heap::new() }
    }

    /// Entries held, stale ones included.
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Adds an entry. Its time must not be before that of the last entry popped.
    #[inline]
    pub(super) fn push(&mut self, entry: Entry<E>) {
        self.heap.push(entry);
    }

    /// Removes and returns the earliest entry, if its time is `until` or earlier.
    #[inline]
    pub(super) fn pop_until(&mut self, until: u64) -> Option<Entry<E>> {
        self.heap.pop_until(until)
    }

    /// The earliest entry.
    pub(super) fn peek(&mut self) -> Option<Entry<E>> {
        self.heap.peek()
    }

    /// Drops the entries for which `keep` is false.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Entry<E>) -> bool) {
        self.heap.retain(keep);
    }

    /// Bytes of heap memory held.
    pub(super) fn memory(&self) -> usize {
        self.heap.memory()
    }
}
