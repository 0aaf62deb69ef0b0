//! The event queue: a ladder whose rungs are digits of time.
//!
//! Picture a calendar on a wall. Far years are one box each, the months of this year one box each, the days of this month, and
//! on the desk lies a sorted list for today. When the list is done, the next box is opened: a box with few entries becomes the
//! new list, a full one is dealt out into the boxes one rung finer. An entry is moved once for each rung that it descends, and
//! rungs in which all entries of a box agree are skipped, so the cost per event hardly depends on how many are pending. Few
//! entries never leave the list, which is then faster than a heap.
//!
//! Rung r has 64 slots, chosen by bits 6r..6r+6 of the time; an entry stands on the rung of the highest digit in which its
//! time differs from `base`. So widths are powers of two, nothing is estimated from a distribution, and no sequence of
//! increments can make the structure degenerate: multi-level buckets (Denardo and Fox 1979) with the sorted bottom of the
//! ladder queue (Tang, Goh and Thng 2005), and two additions that mass ties and bursts ask for: entries at the present
//! instant go to a plain FIFO, and a bottom that has grown too long is dealt out again.
//!
//! **Invariants.** Every entry on the rungs is later than `bottom_last`, every entry of the bottom is not; `base <=
//! bottom_last`; the entries of `present` all have time `present_time`, in the order of their seqs.

use std::collections::VecDeque;

use super::queue::Entry;

const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
const DIGIT_MASK: u64 = SLOTS as u64 - 1;
const RUNGS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;

/// Entries per chunk of the pool. Larger chunks waste more of the last chunk of each slot, smaller ones follow more links.
const CHUNK: usize = 16;
const NO_CHUNK: u32 = u32::MAX;

/// A slot with at most this many entries is sorted straight into the bottom.
const DIRECT_MAX: u32 = 24;

/// A bottom that grows beyond this is dealt out again, but for its `BOTTOM_KEPT` earliest.
const BOTTOM_MAX: usize = 48;
const BOTTOM_KEPT: usize = 16;

/// Entries of one digit of one rung: a list of chunks of the pool, in the order in which they were pushed.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// First chunk, if `count` is not 0.
    head: u32,
    /// Where in the pool the next entry goes; a multiple of `CHUNK` means that a new chunk is needed first.
    end: u32,
    count: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Ladder<E> {
    len: usize,
    /// Time of the last entry popped: nothing is pushed before it.
    floor: u64,
    /// What digits are compared with. It stays within the slot that was opened last.
    base: u64,
    bottom_last: u64,
    present_time: u64,
    present: VecDeque<Entry<E>>,
    /// Sorted, the earliest last.
    bottom: Vec<Entry<E>>,
    rungs_used: u32,
    slots_used: [u64; RUNGS],
    slots: Box<[Slot; RUNGS * SLOTS]>,
    pool: Vec<Entry<E>>,
    /// For each chunk of the pool the next chunk of its list; lists are those of the slots, and the list of free chunks.
    links: Vec<u32>,
    free: u32,
}

impl<E: Copy> Ladder<E> {
    pub(super) fn new() -> Self {
        Ladder {
            len: 0,
            floor: 0,
            base: 0,
            bottom_last: u64::MAX,
            present_time: 0,
            present: VecDeque::new(),
            bottom: Vec::new(),
            rungs_used: 0,
            slots_used: [0; RUNGS],
            slots: Box::new([Slot::default(); RUNGS * SLOTS]),
            pool: Vec::new(),
            links: Vec::new(),
            free: NO_CHUNK,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub(super) fn push(&mut self, entry: Entry<E>) {
        self.len += 1;
        if entry.time > self.bottom_last {
            let rung = top_digit(entry.time ^ self.base);
            self.push_slot(rung, entry);
        } else if entry.time == self.present_time && self.present.back().is_none_or(|back| back.seq < entry.seq) {
            self.present.push_back(entry);
        } else {
            self.push_bottom(entry);
        }
    }

    #[inline(always)]
    pub(super) fn pop_until(&mut self, until: u64) -> Option<Entry<E>> {
        if !self.present.is_empty() {
            self.stage_present();
        } else if self.bottom.is_empty() {
            if !self.refill() {
                return None;
            }
            if self.bottom.is_empty() {
                self.stage_present();
            }
        }
        let entry = self.bottom.pop_if(|entry| entry.time <= until)?;
        if self.present.is_empty() {
            self.present_time = entry.time;
        }
        self.len -= 1;
        self.floor = entry.time;
        Some(entry)
    }

    pub(super) fn peek(&mut self) -> Option<Entry<E>> {
        if self.present.is_empty() && self.bottom.is_empty() && !self.refill() {
            return None;
        }
        let first = self.present.front().into_iter().chain(self.bottom.last());
        first.min_by_key(|entry| entry.key()).copied()
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Entry<E>) -> bool) {
        self.present.retain(|entry| keep(entry));
        self.bottom.retain(|entry| keep(entry));
        self.len = self.present.len() + self.bottom.len();
        for rung in 0..RUNGS {
            let mut used = std::mem::take(&mut self.slots_used[rung]);
            while used != 0 {
                let digit = used.trailing_zeros() as usize;
                used &= used - 1;
                let slot = std::mem::take(&mut self.slots[rung * SLOTS + digit]);
                self.for_each_of(slot, |ladder, entry| {
                    if keep(&entry) {
                        ladder.len += 1;
                        ladder.push_slot(rung, entry);
                    }
                });
            }
            self.rungs_used &= !(u32::from(self.slots_used[rung] == 0) << rung);
        }
    }

    pub(super) fn memory(&self) -> usize {
        let entries = self.pool.capacity() + self.bottom.capacity() + self.present.capacity();
        let links = self.links.capacity() * size_of::<u32>();
        entries * size_of::<Entry<E>>() + links + size_of_val(&*self.slots)
    }

    /// Puts the first of `present` on the bottom, if it is the earliest entry. So all entries leave by the same way, in registers.
    fn stage_present(&mut self) {
        let Some(front) = self.present.front() else { return };
        if self.bottom.last().is_none_or(|last| front.key() < last.key()) {
            self.bottom.push(*front);
            self.present.pop_front();
        }
    }

    fn push_bottom(&mut self, entry: Entry<E>) {
        let key = entry.key();
        let mut place = self.bottom.len();
        while place > 0 && self.bottom[place - 1].key() < key {
            place -= 1;
        }
        self.bottom.insert(place, entry);
        if self.bottom.len() > BOTTOM_MAX {
            self.deal_out_bottom();
        }
    }

    /// Moves what is not among the earliest of the bottom to the rungs.
    #[cold]
    fn deal_out_bottom(&mut self) {
        let latest = self.bottom[0].time;
        let cut = self.bottom[self.bottom.len() - BOTTOM_KEPT].time;
        let mut earliest = self.bottom[self.bottom.len() - 1].time;
        if let Some(front) = self.present.front() {
            if front.time == latest {
                return;
            }
            earliest = earliest.min(front.time);
        }
        if earliest == latest && self.present.is_empty() {
            // Later pushes at this instant join them at the end of the FIFO.
            self.present_time = latest;
            self.present.extend(self.bottom.drain(..).rev());
            return;
        }
        let base = if cut < latest { cut } else { earliest };
        if base < self.base || base == latest {
            return self.deal_out_all();
        }
        self.base = base;
        self.bottom_last = if cut < latest { cut } else { latest - 1 };
        let moved = self.bottom.partition_point(|entry| entry.time > self.bottom_last);
        for place in (0..moved).rev() {
            let entry = self.bottom[place];
            let rung = top_digit(entry.time ^ self.base);
            self.push_slot(rung, entry);
        }
        self.bottom.drain(..moved);
    }

    /// Deals everything out anew from `floor`. It is needed when a slot was opened to look at the next entry, and then many
    /// entries were pushed before that slot.
    fn deal_out_all(&mut self) {
        let mut entries = Vec::with_capacity(self.len);
        entries.extend(self.present.drain(..));
        entries.append(&mut self.bottom);
        for rung in 0..RUNGS {
            let mut used = std::mem::take(&mut self.slots_used[rung]);
            while used != 0 {
                let slot = std::mem::take(&mut self.slots[rung * SLOTS + used.trailing_zeros() as usize]);
                used &= used - 1;
                self.for_each_of(slot, |_, entry| entries.push(entry));
            }
        }
        (self.rungs_used, self.len) = (0, 0);
        (self.base, self.bottom_last, self.present_time) = (self.floor, self.floor, self.floor);
        entries.sort_unstable_by_key(Entry::key);
        entries.into_iter().for_each(|entry| self.push(entry));
    }

    /// Opens slots until `bottom` or `present` has something; false if the rungs are empty. Both must be empty before.
    fn refill(&mut self) -> bool {
        while self.rungs_used != 0 {
            let rung = self.rungs_used.trailing_zeros() as usize;
            let used = &mut self.slots_used[rung];
            let digit = used.trailing_zeros() as usize;
            *used &= *used - 1;
            if *used == 0 {
                self.rungs_used &= !(1 << rung);
            }
            let slot = std::mem::take(&mut self.slots[rung * SLOTS + digit]);
            let shift = rung as u32 * DIGIT_BITS;
            let width_mask = (DIGIT_MASK << shift) | ((1 << shift) - 1);
            self.base = (self.base & !width_mask) | ((digit as u64) << shift);
            if slot.count <= DIRECT_MAX {
                // With nothing on the rungs there is no later slot to keep apart from: the bottom is all there is.
                self.bottom_last = if self.rungs_used == 0 { u64::MAX } else { self.base | ((1 << shift) - 1) };
                self.move_to_bottom(slot);
                return true;
            }
            if self.split(slot) {
                return true;
            }
        }
        false
    }

    /// Deals a slot out to the finest rung on which its entries differ; true if they are all of one instant and now `present`.
    fn split(&mut self, slot: Slot) -> bool {
        let first = self.pool[slot.head as usize * CHUNK].time;
        let mut difference = 0;
        let mut sorted = true;
        let mut seq = 0;
        self.visit(slot, |entry| {
            difference |= entry.time ^ first;
            sorted &= entry.seq > seq;
            seq = entry.seq;
        });
        if difference == 0 {
            self.base = first;
            self.bottom_last = first;
            self.present_time = first;
            self.for_each_of(slot, |ladder, entry| ladder.present.push_back(entry));
            if !sorted {
                self.present.make_contiguous().sort_unstable_by_key(|entry| entry.seq);
            }
            return true;
        }
        let rung = top_digit(difference);
        // Digits above `rung` are common to all entries; `refill` sets the others when it opens the first slot.
        self.base = first;
        self.for_each_of(slot, |ladder, entry| ladder.push_slot(rung, entry));
        false
    }

    /// Moves a slot to the empty bottom, and sorts it.
    #[inline]
    fn move_to_bottom(&mut self, slot: Slot) {
        // One by one: most slots hold one or two entries, for which copying a slice is a call that costs more.
        self.for_each_of(slot, |ladder, entry| ladder.bottom.push(entry));
        if self.bottom.len() > 1 {
            self.bottom.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.key()));
        }
    }

    #[inline]
    fn push_slot(&mut self, rung: usize, entry: Entry<E>) {
        let digit = ((entry.time >> (rung as u32 * DIGIT_BITS)) & DIGIT_MASK) as usize;
        let slot = &mut self.slots[rung * SLOTS + digit];
        if (slot.end as usize).is_multiple_of(CHUNK) {
            let chunk = if self.free == NO_CHUNK {
                grow(&mut self.pool, &mut self.links, entry)
            } else {
                let chunk = self.free;
                self.free = self.links[chunk as usize];
                chunk
            };
            if slot.count == 0 {
                slot.head = chunk;
                self.slots_used[rung] |= 1 << digit;
                self.rungs_used |= 1 << rung;
            } else {
                self.links[(slot.end as usize - 1) / CHUNK] = chunk;
            }
            slot.end = chunk * CHUNK as u32;
        }
        self.pool[slot.end as usize] = entry;
        slot.end += 1;
        slot.count += 1;
    }

    /// Gives the entries of a slot, in order, to `take`, and its chunks to the free list.
    #[inline]
    fn for_each_of(&mut self, slot: Slot, mut take: impl FnMut(&mut Self, Entry<E>)) {
        let mut chunk = slot.head;
        let mut left = slot.count as usize;
        while left > 0 {
            let start = chunk as usize * CHUNK;
            let end = start + left.min(CHUNK);
            for place in start..end {
                let entry = self.pool[place];
                take(self, entry);
            }
            left -= end - start;
            let next = self.links[chunk as usize];
            self.links[chunk as usize] = self.free;
            self.free = chunk;
            chunk = next;
        }
    }

    #[inline]
    fn visit(&self, slot: Slot, mut see: impl FnMut(&Entry<E>)) {
        let mut chunk = slot.head as usize;
        let mut left = slot.count as usize;
        while left > 0 {
            let here = left.min(CHUNK);
            self.pool[chunk * CHUNK..][..here].iter().for_each(&mut see);
            left -= here;
            chunk = self.links[chunk] as usize;
        }
    }
}

/// Adds a chunk to the pool, filled with copies of `filler` because memory must hold something; returns its index.
#[cold]
fn grow<E: Copy>(pool: &mut Vec<Entry<E>>, links: &mut Vec<u32>, filler: Entry<E>) -> u32 {
    let places = pool.len() + CHUNK;
    assert!(places < u32::MAX as usize, "{places} pending events are more than the ladder can hold");
    if places > pool.capacity() {
        // By a quarter, not by doubling: a pool of a million entries should not hold memory for two.
        let more = (pool.len() / 4).next_multiple_of(CHUNK).max(8 * CHUNK);
        pool.reserve_exact(more);
        links.reserve_exact(more / CHUNK);
    }
    pool.resize(places, filler);
    links.push(NO_CHUNK);
    (links.len() - 1) as u32
}

/// Index of the rung of the highest bit of `difference`, which is not 0.
#[inline(always)]
fn top_digit(difference: u64) -> usize {
    (difference.ilog2() / DIGIT_BITS) as usize
}
