//! Timers that can be set again, earlier or later, and cancelled, without filling the queue with tombstones.
//!
//! A timer owns at most one *current* entry of the queue. Setting it later leaves that entry where it is: when the entry comes
//! up, it is put back at the timer's true deadline. So a timer that is pushed back a thousand times before it fires, as a
//! failure detector's is, costs one queue operation and not a thousand. Setting it earlier adds a new entry and orphans the old
//! one; cancelling leaves the entry to be reused by the next setting. Orphaned and cancelled entries are *stale*; the
//! scheduler sweeps them when they outnumber the live ones.
//!
//! A timer's place in the order of dispatch is (deadline, seq of its last setting), wherever its entry waited.

use hms_machine::Instant;

use super::queue::{Entry, Item};

/// Names a timer of one [`Scheduler`](super::Scheduler). Using one after it was freed is a bug that panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId {
    index: u32,
    generation: u32,
}

/// No entry in the queue; seqs begin at 1.
const NO_ENTRY: u64 = 0;

#[derive(Clone, Debug)]
struct Timer<E> {
    deadline: u64,
    seq: u64,
    /// The current entry in the queue: its time and its seq, by which it is told from orphans.
    entry_time: u64,
    entry_seq: u64,
    /// What to dispatch; `None` while the timer is not set.
    event: Option<E>,
    generation: u32,
}

/// What to do with a timer's entry that came up.
pub(super) enum Wake<E> {
    Fire(E),
    /// Put it back at the timer's deadline.
    Again(Entry<E>),
    Stale,
}

#[derive(Clone, Debug)]
pub(super) struct Timers<E> {
    table: Vec<Timer<E>>,
    free: Vec<u32>,
    /// Entries of the queue that will not fire: orphans, and the entries of cancelled timers.
    stale: usize,
}

impl<E: Copy> Timers<E> {
    pub(super) fn new() -> Self {
        Timers { table: Vec::new(), free: Vec::new(), stale: 0 }
    }

    pub(super) fn stale(&self) -> usize {
        self.stale
    }

    pub(super) fn add(&mut self) -> TimerId {
        if let Some(index) = self.free.pop() {
            return TimerId { index, generation: self.table[index as usize].generation };
        }
        let index = u32::try_from(self.table.len()).expect("fewer than 2^32 timers");
        self.table.push(Timer { deadline: 0, seq: 0, entry_time: 0, entry_seq: NO_ENTRY, event: None, generation: 0 });
        TimerId { index, generation: 0 }
    }

    /// Gives the timer's place back, cancelled. An entry that it still has in the queue serves the next owner of the place.
    pub(super) fn free(&mut self, id: TimerId) {
        self.cancel(id);
        let timer = self.timer_mut(id);
        timer.generation = timer.generation.wrapping_add(1);
        self.free.push(id.index);
    }

    /// Sets the timer; returns the entry that must be pushed, if one must.
    #[inline]
    pub(super) fn set(&mut self, id: TimerId, time: u64, seq: u64, event: E) -> Option<Entry<E>> {
        let timer = self.timer_mut(id);
        let was_set = timer.event.replace(event).is_some();
        timer.deadline = time;
        timer.seq = seq;
        if timer.entry_seq != NO_ENTRY && timer.entry_time <= time {
            self.stale -= usize::from(!was_set);
            return None;
        }
        timer.entry_time = time;
        timer.entry_seq = seq;
        self.stale += usize::from(was_set);
        Some(Entry { time, seq, item: Item::Timer(id.index) })
    }

    pub(super) fn cancel(&mut self, id: TimerId) {
        if self.timer_mut(id).event.take().is_some() {
            self.stale += 1;
        }
    }

    pub(super) fn deadline(&self, id: TimerId) -> Option<Instant> {
        let timer = &self.table[id.index as usize];
        assert_eq!(timer.generation, id.generation, "{id:?} was used after it was freed");
        timer.event.map(|_| Instant::from_nanos(timer.deadline))
    }

    #[inline]
    pub(super) fn wake(&mut self, index: u32, entry_seq: u64) -> Wake<E> {
        let timer = &mut self.table[index as usize];
        if timer.entry_seq != entry_seq {
            self.stale -= 1;
            return Wake::Stale;
        }
        match timer.event {
            None => {
                timer.entry_seq = NO_ENTRY;
                self.stale -= 1;
                Wake::Stale
            }
            Some(event) if timer.seq == entry_seq => {
                timer.entry_seq = NO_ENTRY;
                timer.event = None;
                Wake::Fire(event)
            }
            Some(_) => {
                timer.entry_time = timer.deadline;
                timer.entry_seq = timer.seq;
                Wake::Again(Entry { time: timer.deadline, seq: timer.seq, item: Item::Timer(index) })
            }
        }
    }

    /// Whether the entry, coming up, would fire the timer.
    pub(super) fn fires(&self, index: u32, entry_seq: u64) -> bool {
        let timer = &self.table[index as usize];
        timer.entry_seq == entry_seq && timer.seq == entry_seq && timer.event.is_some()
    }

    /// Whether a sweep keeps the timer's entry; a dropped entry is forgotten by its timer.
    pub(super) fn keeps(&mut self, index: u32, entry_seq: u64) -> bool {
        let timer = &mut self.table[index as usize];
        if timer.entry_seq != entry_seq {
            return false;
        }
        if timer.event.is_none() {
            timer.entry_seq = NO_ENTRY;
            return false;
        }
        true
    }

    pub(super) fn swept(&mut self) {
        self.stale = 0;
    }

    pub(super) fn memory(&self) -> usize {
        self.table.capacity() * size_of::<Timer<E>>() + self.free.capacity() * size_of::<u32>()
    }

    #[inline]
    fn timer_mut(&mut self, id: TimerId) -> &mut Timer<E> {
        let timer = &mut self.table[id.index as usize];
        assert_eq!(timer.generation, id.generation, "{id:?} was used after it was freed");
        timer
    }
}
