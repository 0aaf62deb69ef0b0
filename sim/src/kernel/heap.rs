//! The standard library's binary heap on (time, seq): so plain that it serves as the reference for the ladder.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::queue::Entry;

#[derive(Clone, Debug)]
pub(super) struct Heap<E> {
    heap: BinaryHeap<Reversed<E>>,
}

/// An entry that compares by its key, the earliest as the greatest, as `BinaryHeap` wants it.
#[derive(Clone, Copy, Debug)]
struct Reversed<E>(Entry<E>);

impl<E: Copy> Heap<E> {
    pub(super) fn new() -> Self {
        Heap { heap: BinaryHeap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    #[inline(always)]
    pub(super) fn push(&mut self, entry: Entry<E>) {
        self.heap.push(Reversed(entry));
    }

    #[inline(always)]
    pub(super) fn pop_until(&mut self, until: u64) -> Option<Entry<E>> {
        if self.heap.peek()?.0.time > until {
            return None;
        }
        self.heap.pop().map(|reversed| reversed.0)
    }

    pub(super) fn peek(&self) -> Option<Entry<E>> {
        self.heap.peek().map(|reversed| reversed.0)
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Entry<E>) -> bool) {
        self.heap.retain(|reversed| keep(&reversed.0));
    }

    pub(super) fn memory(&self) -> usize {
        self.heap.capacity() * size_of::<Entry<E>>()
    }
}

impl<E> PartialEq for Reversed<E> {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl<E> Eq for Reversed<E> {}

impl<E> PartialOrd for Reversed<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Reversed<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.key().cmp(&self.0.key())
    }
}
