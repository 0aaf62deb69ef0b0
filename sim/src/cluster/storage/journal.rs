//! A journal without content: which of its entries are where, and which are damaged.

use std::collections::BTreeSet;

use hms_machine::{Bytes, Draw};

use super::Interrupted;
use crate::cluster::disk::Outcome;

/// The journal of one agent: entries of one size, counted.
///
/// Positions count from the first entry, 0. Memory grows with the number of damaged entries only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFile {
    /// Bytes of an entry, at least 1.
    entry: u64,
    handed_over: u64,
    written: u64,
    durable: u64,
    /// Half of an entry behind the last one.
    torn: bool,
    /// Positions of entries that are somewhere else on the medium.
    misdirected: BTreeSet<u64>,
    /// Bits, counted from the start of the file, that are not as they were written.
    flipped: BTreeSet<u64>,
    /// Positions of entries in the cache that a failed sync has marked clean.
    abandoned: BTreeSet<u64>,
}

/// What the software finds when it reads the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalRecovered {
    /// Intact entries from the start: these are replayed.
    pub entries: u64,
    /// Entries after them, cut off: the first is damaged, others may be intact.
    pub lost: u64,
    /// Entries among the lost ones that are damaged.
    pub damaged: u64,
    /// Whether half of an entry stood at the end.
    pub torn: bool,
}

impl JournalFile {
    /// An empty journal with entries of this size; an entry takes up at least one byte.
    pub fn new(entry: Bytes) -> Self {
        JournalFile {
            entry: entry.0.max(1),
            handed_over: 0,
            written: 0,
            durable: 0,
            torn: false,
            misdirected: BTreeSet::new(),
            flipped: BTreeSet::new(),
            abandoned: BTreeSet::new(),
        }
    }

    /// The write of an entry was submitted to the disk.
    pub fn write(&mut self) {
        self.handed_over += 1;
    }

    /// The disk has ended the oldest write that was handed over. A write that failed leaves nothing.
    ///
    /// # Panics
    /// When none was handed over.
    pub fn written(&mut self, outcome: Outcome) {
        self.handed_over = self.handed_over.checked_sub(1).expect("a write ended that was not handed over");
        if outcome == Outcome::Misdirected {
            self.misdirected.insert(self.written);
        }
        self.written += u64::from(outcome.acknowledged());
    }

    /// The disk has ended a sync. One that failed abandons what is in the cache.
    pub fn synced(&mut self, outcome: Outcome) {
        if outcome.acknowledged() {
            self.misdirected.append(&mut self.abandoned);
            self.durable = self.written;
        } else {
            self.abandoned.extend(self.durable..self.written);
        }
    }

    /// The host crashes; says how many bytes are gone of what was written and of the interrupted write, to be given back to the
    /// disk.
    pub fn crash_of_host(&mut self, interrupted: Interrupted) -> Bytes {
        let (on_the_way, torn) = match interrupted {
            Interrupted::Nothing => (0, None),
            Interrupted::Sync(torn) => (0, Some(torn)),
            Interrupted::Write(torn) => (self.handed_over.min(1), Some(torn)),
        };
        let at_risk = self.written - self.durable + on_the_way;
        let reached = torn.map_or(0, |torn| torn.of(Bytes(at_risk.saturating_mul(self.entry))).0);
        let survivors = self.durable + reached / self.entry;
        let gone = self.written + on_the_way - survivors;
        self.torn = reached % self.entry > 0;
        self.misdirected.append(&mut self.abandoned);
        self.misdirected.split_off(&survivors);
        (self.handed_over, self.written, self.durable) = (0, survivors, survivors);
        Bytes(gone.saturating_mul(self.entry))
    }

    /// Reads the journal up to the first damaged entry and cuts it off there; the bytes of the lost entries are to be given
    /// back to the disk.
    pub fn recover(&mut self) -> JournalRecovered {
        self.cut(self.first_damaged(0).unwrap_or(self.written))
    }

    /// The first entry at or behind this position that is damaged.
    pub fn first_damaged(&self, from: u64) -> Option<u64> {
        let misdirected = self.misdirected.range(from..).next().copied();
        let flipped = self.flipped.range(from.saturating_mul(self.bits())..).next().map(|bit| bit / self.bits());
        misdirected.into_iter().chain(flipped).min()
    }

    /// Cuts the journal off before the entry at this position, and half an entry at the end; the bytes of the lost entries are to be given
    /// back to the disk.
    pub fn cut(&mut self, entries: u64) -> JournalRecovered {
        let entries = entries.min(self.written);
        let mut damaged = self.misdirected.split_off(&entries);
        damaged.extend(self.flipped.split_off(&(entries * self.bits())).iter().map(|bit| bit / self.bits()));
        let recovered =
            JournalRecovered { entries, lost: self.written - entries, damaged: damaged.len() as u64, torn: self.torn };
        self.abandoned.split_off(&entries);
        self.torn = false;
        self.written = entries;
        self.durable = self.durable.min(entries);
        recovered
    }

    /// Deletes the first `entries`, which are durable; positions count from the first that is left. Their bytes are to be given back to the
    /// disk.
    ///
    /// # Panics
    /// When some of them are not durable.
    pub fn discard(&mut self, entries: u64) {
        self.durable = self.durable.checked_sub(entries).expect("entries were deleted that are not durable");
        self.written -= entries;
        let moved = |set: &BTreeSet<u64>, by: u64| set.range(by..).map(|position| position - by).collect();
        self.misdirected = moved(&self.misdirected, entries);
        self.abandoned = moved(&self.abandoned, entries);
        self.flipped = moved(&self.flipped, entries * self.bits());
    }

    /// Appends entries that are durable already, all of them damaged if their write was misdirected.
    ///
    /// # Panics
    /// When entries before them are not durable.
    pub fn append_durable(&mut self, entries: u64, misdirected: bool) {
        assert_eq!(self.written, self.durable, "durable entries behind others that are not");
        if misdirected {
            self.misdirected.extend(self.written..self.written + entries);
        }
        self.written += entries;
        self.durable = self.written;
    }

    /// A bit of the durable entries flips, each of them equally likely; gives the position of its entry, or `None` when
    /// nothing is durable. A bit that flips twice is as it was.
    pub fn flip(&mut self, draw: &mut Draw) -> Option<u64> {
        let bits = self.durable.checked_mul(self.bits()).expect("a journal beyond 2^64 bits");
        let bit = (bits > 0).then(|| draw.below(bits))?;
        self.flip_bit(bit);
        Some(bit / self.bits())
    }

    /// This bit of the durable entries flips.
    pub fn flip_bit(&mut self, bit: u64) {
        if !self.flipped.remove(&bit) {
            self.flipped.insert(bit);
        }
    }

    /// Bits of an entry.
    fn bits(&self) -> u64 {
        8 * self.entry
    }

    /// The disk is replaced by an empty one.
    pub fn wipe(&mut self) {
        *self = JournalFile::new(Bytes(self.entry));
    }

    /// Entries that were written, durable or not.
    pub fn entries(&self) -> u64 {
        self.written
    }

    /// Entries on the medium.
    pub fn entries_durable(&self) -> u64 {
        self.durable
    }

    /// Bytes on the medium.
    pub fn bytes_durable(&self) -> Bytes {
        Bytes(self.durable.saturating_mul(self.entry))
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Seed, Streams};
    use proptest::prelude::*;

    use super::*;
    use crate::cluster::disk::Torn;

    /// `durable` synced entries of 10 bytes, and `cached` ones that were written after.
    fn journal(durable: u64, cached: u64) -> JournalFile {
        let mut journal = JournalFile::new(Bytes(10));
        (0..durable).for_each(|_| append(&mut journal, Outcome::Done));
        journal.synced(Outcome::Done);
        (0..cached).for_each(|_| append(&mut journal, Outcome::Done));
        journal
    }

    fn append(journal: &mut JournalFile, outcome: Outcome) {
        journal.write();
        journal.written(outcome);
    }

    fn intact(entries: u64) -> JournalRecovered {
        JournalRecovered { entries, ..JournalRecovered::default() }
    }

    /// The tear that lets this share of the data through.
    fn torn(share: f64) -> Torn {
        Torn::new((share * 18_446_744_073_709_551_615.0) as u64)
    }

    fn draw(ordinal: u64) -> Draw {
        Streams::new(Seed(5)).draw(Purpose::named("test/flip"), 0, ordinal)
    }

    #[test]
    fn a_crash_of_the_process_loses_nothing_that_was_written() {
        assert_eq!(journal(3, 2).recover(), intact(5));
    }

    #[test]
    fn a_crash_of_the_host_loses_what_was_not_durable() {
        let mut journal = journal(3, 2);
        journal.write();
        assert_eq!(journal.crash_of_host(Interrupted::Nothing), Bytes(20));
        assert_eq!(journal.recover(), intact(3));
    }

    #[test]
    fn an_interrupted_sync_leaves_a_prefix_that_may_end_within_an_entry() {
        for (share, entries, is_torn, gone) in [(0.0, 3, false, 40), (0.6, 5, true, 20), (1.0, 7, false, 0)] {
            let mut journal = journal(3, 4);
            journal.write();
            assert_eq!(journal.crash_of_host(Interrupted::Sync(torn(share))), Bytes(gone));
            assert_eq!(journal.recover(), JournalRecovered { torn: is_torn, ..intact(entries) });
            assert_eq!(journal.recover(), intact(entries));
        }
    }

    #[test]
    fn an_interrupted_write_may_have_reached_the_medium_in_full() {
        let mut journal = journal(3, 1);
        journal.write();
        journal.write();
        assert_eq!(journal.crash_of_host(Interrupted::Write(torn(1.0))), Bytes(0));
        assert_eq!(journal.recover(), intact(5));
    }

    #[test]
    fn a_write_that_failed_leaves_nothing() {
        let mut journal = journal(1, 0);
        append(&mut journal, Outcome::Full);
        append(&mut journal, Outcome::Failed);
        append(&mut journal, Outcome::Done);
        assert_eq!(journal.recover(), intact(2));
    }

    #[test]
    fn a_sync_covers_what_was_written_and_not_what_still_waits() {
        let mut journal = journal(0, 2);
        journal.write();
        journal.synced(Outcome::Done);
        assert_eq!((journal.entries_durable(), journal.bytes_durable()), (2, Bytes(20)));
    }

    #[test]
    fn a_misdirected_write_ends_the_journal_for_its_reader() {
        let mut journal = journal(2, 0);
        append(&mut journal, Outcome::Misdirected);
        append(&mut journal, Outcome::Done);
        journal.synced(Outcome::Done);
        assert_eq!(journal.recover(), JournalRecovered { entries: 2, lost: 2, damaged: 1, torn: false });
        append(&mut journal, Outcome::Done);
        assert_eq!(journal.recover(), intact(3));
    }

    #[test]
    fn a_failed_sync_is_not_made_good_by_the_next() {
        let mut journal = journal(1, 2);
        journal.synced(Outcome::Failed);
        append(&mut journal, Outcome::Done);
        assert_eq!(journal.clone().recover(), intact(4));
        let mut again = journal.clone();
        journal.crash_of_host(Interrupted::Nothing);
        assert_eq!(journal.recover(), intact(1));
        again.synced(Outcome::Done);
        again.crash_of_host(Interrupted::Nothing);
        assert_eq!(again.recover(), JournalRecovered { entries: 1, lost: 3, damaged: 2, torn: false });
    }

    #[test]
    fn replay_stops_at_the_first_flipped_bit() {
        let mut journal = journal(100, 0);
        let positions: BTreeSet<u64> = (0..3).map(|ordinal| journal.flip(&mut draw(ordinal)).unwrap()).collect();
        let first = *positions.first().unwrap();
        let expected = JournalRecovered { entries: first, lost: 100 - first, damaged: positions.len() as u64, torn: false };
        assert_eq!(journal.recover(), expected);
    }

    #[test]
    fn a_bit_that_flips_twice_is_as_it_was() {
        let mut journal = journal(100, 0);
        assert_eq!(journal.flip(&mut draw(1)), journal.flip(&mut draw(1)));
        assert_eq!(journal.recover(), intact(100));
    }

    #[test]
    fn bits_flip_on_the_medium_only() {
        assert_eq!(journal(0, 5).flip(&mut draw(0)), None);
        assert!((0..200).all(|ordinal| journal(2, 5).flip(&mut draw(ordinal)).unwrap() < 2));
    }

    #[test]
    fn what_is_deleted_at_the_front_takes_its_damage_with_it() {
        let mut journal = journal(10, 0);
        journal.flip_bit(2 * 80);
        journal.flip_bit(7 * 80 + 3);
        assert_eq!(journal.first_damaged(0), Some(2));
        assert_eq!(journal.first_damaged(3), Some(7));
        journal.discard(4);
        assert_eq!((journal.entries(), journal.first_damaged(0)), (6, Some(3)));
        assert_eq!(journal.cut(5), JournalRecovered { entries: 5, lost: 1, damaged: 0, torn: false });
        assert_eq!(journal.recover(), JournalRecovered { entries: 3, lost: 2, damaged: 1, torn: false });
    }

    #[test]
    fn durable_entries_survive_a_crash_as_they_are() {
        let mut journal = journal(2, 0);
        journal.append_durable(3, false);
        journal.append_durable(2, true);
        assert_eq!(journal.crash_of_host(Interrupted::Nothing), Bytes(0));
        assert_eq!(journal.recover(), JournalRecovered { entries: 5, lost: 2, damaged: 2, torn: false });
    }

    #[test]
    fn a_new_disk_is_empty() {
        let mut journal = journal(5, 5);
        journal.flip(&mut draw(0));
        journal.wipe();
        assert_eq!(journal, JournalFile::new(Bytes(10)));
    }

    proptest! {
        /// Against a model that keeps every entry: after any history, recovery gives a prefix of what was acknowledged,
        /// with everything that was synced if nothing was damaged.
        #[test]
        fn recovery_gives_a_prefix_with_all_that_was_synced(
            steps in prop::collection::vec((0u8..6, any::<u64>()), 0..60),
        ) {
            let mut journal = JournalFile::new(Bytes(16));
            let (mut written, mut synced, mut waiting) = (0u64, 0u64, 0u64);
            for (step, word) in steps {
                match step {
                    0 | 1 => {
                        journal.write();
                        waiting += 1;
                    }
                    2 if waiting > 0 => {
                        journal.written(Outcome::Done);
                        (waiting, written) = (waiting - 1, written + 1);
                    }
                    3 => {
                        journal.synced(Outcome::Done);
                        synced = written;
                    }
                    4 => prop_assert_eq!(journal.recover(), intact(written)),
                    5 => {
                        let interrupted = if word % 2 == 0 { Interrupted::Sync(Torn::new(word)) } else { Interrupted::Write(Torn::new(word)) };
                        let most = written + if word % 2 == 0 { 0 } else { waiting.min(1) };
                        let gone = journal.crash_of_host(interrupted);
                        let entries = journal.recover().entries;
                        prop_assert!((synced..=most).contains(&entries));
                        prop_assert_eq!(gone, Bytes((most - entries) * 16));
                        (written, synced, waiting) = (entries, entries, 0);
                    }
                    _ => {}
                }
                prop_assert_eq!((journal.entries(), journal.entries_durable()), (written, synced));
            }
        }
    }
}
