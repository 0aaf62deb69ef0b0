//! A file of records with content: what a node's own software persists.

use std::collections::VecDeque;
use std::sync::Arc;

use hms_machine::{Bytes, Draw};

use super::Interrupted;
use crate::cluster::disk::Outcome;

/// Bytes that a record takes up beyond its content: its length and its checksum, 8 bytes each.
const HEADER: u64 = 16;

/// The file in which a node's own software keeps its records, with a checksum each.
///
/// Contents are shared between clones of the world and copied only when a bit flips.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFile {
    /// The writes that wait at the disk, oldest first.
    handed_over: VecDeque<Record>,
    written: Vec<Record>,
    /// How many of `written` are on the medium.
    durable: usize,
    /// Half of a record behind the last one.
    torn: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    content: Arc<[u8]>,
    /// Of the content as it was handed over.
    checksum: u64,
    /// It is somewhere else on the medium.
    misdirected: bool,
    /// It is in the cache, and a failed sync has marked it clean.
    abandoned: bool,
}

/// What the software finds when it reads the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordsRecovered {
    /// Intact records from the start, oldest first.
    pub records: Vec<Vec<u8>>,
    /// Records after them, cut off: the first is damaged, others may be intact.
    pub lost: u64,
    /// Records among the lost ones that are damaged.
    pub damaged: u64,
    /// Whether half of a record stood at the end.
    pub torn: bool,
    /// Bytes of the lost records, to be given back to the disk.
    pub freed: Bytes,
}

impl RecordFile {
    /// An empty file.
    pub fn new() -> Self {
        RecordFile::default()
    }

    /// Bytes that a record with this content takes up on the disk.
    pub fn size(content: &[u8]) -> Bytes {
        Bytes(content.len() as u64 + HEADER)
    }

    /// The write of a record was submitted to the disk.
    pub fn write(&mut self, content: Vec<u8>) {
        let checksum = checksum(&content);
        self.handed_over.push_back(Record { content: content.into(), checksum, misdirected: false, abandoned: false });
    }

    /// The disk has ended the oldest write that was handed over. A write that failed leaves nothing.
    ///
    /// # Panics
    /// When none was handed over.
    pub fn written(&mut self, outcome: Outcome) {
        let mut record = self.handed_over.pop_front().expect("a write ended that was not handed over");
        record.misdirected = outcome == Outcome::Misdirected;
        if outcome.acknowledged() {
            self.written.push(record);
        }
    }

    /// The disk has ended a sync. One that failed abandons what is in the cache.
    pub fn synced(&mut self, outcome: Outcome) {
        let cached = &mut self.written[self.durable..];
        if outcome.acknowledged() {
            cached.iter_mut().for_each(Record::settle);
            self.durable = self.written.len();
        } else {
            cached.iter_mut().for_each(|record| record.abandoned = true);
        }
    }

    /// The host crashes; says how many bytes are gone of what was written and of the interrupted write, to be given back to the
    /// disk.
    pub fn crash_of_host(&mut self, interrupted: Interrupted) -> Bytes {
        let torn = match interrupted {
            Interrupted::Nothing => None,
            Interrupted::Sync(torn) => Some(torn),
            Interrupted::Write(torn) => {
                self.written.extend(self.handed_over.pop_front());
                Some(torn)
            }
        };
        let at_risk = self.written[self.durable..].iter().map(Record::bytes).sum();
        let mut reached = torn.map_or(0, |torn| torn.of(Bytes(at_risk)).0);
        let mut survivors = self.durable;
        while let Some(record) = self.written.get(survivors).filter(|record| record.bytes() <= reached) {
            reached -= record.bytes();
            survivors += 1;
        }
        let gone = self.written[survivors..].iter().map(Record::bytes).sum();
        self.handed_over.clear();
        self.written.truncate(survivors);
        self.written.iter_mut().for_each(Record::settle);
        self.durable = survivors;
        self.torn = reached > 0;
        Bytes(gone)
    }

    /// Reads the file up to the first damaged record and cuts it off there.
    pub fn recover(&mut self) -> RecordsRecovered {
        let intact = self.written.iter().take_while(|record| record.intact()).count();
        let lost = &self.written[intact..];
        let recovered = RecordsRecovered {
            records: self.written[..intact].iter().map(|record| record.content.to_vec()).collect(),
            lost: lost.len() as u64,
            damaged: lost.iter().filter(|record| !record.intact()).count() as u64,
            torn: self.torn,
            freed: Bytes(lost.iter().map(Record::bytes).sum()),
        };
        self.written.truncate(intact);
        self.durable = self.durable.min(intact);
        self.torn = false;
        recovered
    }

    /// A bit of the durable contents flips, each of them equally likely; gives the number of its record, or `None` when nothing
    /// is durable. A bit that flips twice is as it was.
    pub fn flip(&mut self, draw: &mut Draw) -> Option<usize> {
        let bits: u64 = self.written[..self.durable].iter().map(|record| 8 * record.content.len() as u64).sum();
        let mut bit = (bits > 0).then(|| draw.below(bits))?;
        for (number, record) in self.written.iter_mut().enumerate() {
            let bits = 8 * record.content.len() as u64;
            if bit < bits {
                Arc::make_mut(&mut record.content)[(bit / 8) as usize] ^= 1 << (bit % 8);
                return Some(number);
            }
            bit -= bits;
        }
        None
    }

    /// The disk is replaced by an empty one.
    pub fn wipe(&mut self) {
        *self = RecordFile::new();
    }

    /// Records that were written, durable or not.
    pub fn records(&self) -> usize {
        self.written.len()
    }

    /// Records on the medium.
    pub fn records_durable(&self) -> usize {
        self.durable
    }

    /// Bytes on the medium.
    pub fn bytes_durable(&self) -> Bytes {
        Bytes(self.written[..self.durable].iter().map(Record::bytes).sum())
    }
}

impl Record {
    fn bytes(&self) -> u64 {
        RecordFile::size(&self.content).0
    }

    fn intact(&self) -> bool {
        !self.misdirected && checksum(&self.content) == self.checksum
    }

    /// What counts from now on is what is on the medium.
    fn settle(&mut self) {
        self.misdirected |= self.abandoned;
        self.abandoned = false;
    }
}

/// FNV-1a with 64 bits (Fowler, Noll and Vo). Each of its steps is a bijection of the hash, so it notices every change within
/// a single byte, flipped bits among them, and misses others once in 2^64.
fn checksum(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Seed, Streams};

    use super::*;
    use crate::cluster::disk::Torn;

    fn file(durable: &[&str], cached: &[&str]) -> RecordFile {
        let mut file = RecordFile::new();
        durable.iter().for_each(|content| append(&mut file, content));
        file.synced(Outcome::Done);
        cached.iter().for_each(|content| append(&mut file, content));
        file
    }

    fn append(file: &mut RecordFile, content: &str) {
        file.write(content.into());
        file.written(Outcome::Done);
    }

    fn texts(recovered: &RecordsRecovered) -> Vec<&str> {
        recovered.records.iter().map(|record| std::str::from_utf8(record).unwrap()).collect()
    }

    fn torn(share: f64) -> Torn {
        Torn::new((share * 18_446_744_073_709_551_615.0) as u64)
    }

    fn draw(ordinal: u64) -> Draw {
        Streams::new(Seed(5)).draw(Purpose::named("test/flip"), 0, ordinal)
    }

    #[test]
    fn the_software_gets_back_what_it_wrote_in_order() {
        let recovered = file(&["term 1", "vote 3"], &["term 2"]).recover();
        assert_eq!(texts(&recovered), ["term 1", "vote 3", "term 2"]);
        assert_eq!((recovered.lost, recovered.damaged, recovered.torn), (0, 0, false));
    }

    #[test]
    fn a_crash_of_the_host_leaves_what_was_durable() {
        let mut file = file(&["one"], &["two"]);
        file.write("three".into());
        assert_eq!(file.crash_of_host(Interrupted::Nothing), RecordFile::size(b"two"));
        assert_eq!(texts(&file.recover()), ["one"]);
    }

    #[test]
    fn an_interrupted_sync_leaves_a_prefix_and_perhaps_half_a_record() {
        // Three times 20 bytes are at risk.
        let cached = ["AAAA", "BBBB", "CCCC"];
        for (share, survivors, is_torn, gone) in [(0.0, 0, false, 60), (0.5, 1, true, 40), (1.0, 3, false, 0)] {
            let mut file = file(&[], &cached);
            file.write("DDDD".into());
            assert_eq!(file.crash_of_host(Interrupted::Sync(torn(share))), Bytes(gone));
            assert_eq!(file.records_durable(), survivors);
            let recovered = file.recover();
            assert_eq!((texts(&recovered), recovered.torn), (cached[..survivors].to_vec(), is_torn));
            assert!(!file.recover().torn);
        }
    }

    #[test]
    fn an_interrupted_write_may_have_reached_the_medium_in_full() {
        let mut file = file(&["one"], &[]);
        file.write("two".into());
        file.write("three".into());
        assert_eq!(file.crash_of_host(Interrupted::Write(torn(1.0))), Bytes(0));
        assert_eq!(texts(&file.recover()), ["one", "two"]);
    }

    #[test]
    fn a_write_that_failed_leaves_nothing() {
        let mut file = RecordFile::new();
        for (content, outcome) in [("a", Outcome::Failed), ("b", Outcome::Full), ("c", Outcome::Done)] {
            file.write(content.into());
            file.written(outcome);
        }
        assert_eq!(texts(&file.recover()), ["c"]);
    }

    #[test]
    fn reading_stops_at_a_misdirected_record() {
        let mut file = file(&["a"], &[]);
        file.write("bb".into());
        file.written(Outcome::Misdirected);
        append(&mut file, "c");
        file.synced(Outcome::Done);
        let recovered = file.recover();
        assert_eq!((texts(&recovered), recovered.lost, recovered.damaged), (vec!["a"], 2, 1));
        assert_eq!(recovered.freed, RecordFile::size(b"bb") + RecordFile::size(b"c"));
        append(&mut file, "d");
        assert_eq!(texts(&file.recover()), ["a", "d"]);
    }

    #[test]
    fn a_failed_sync_is_not_made_good_by_the_next() {
        let mut file = file(&["a"], &["b"]);
        file.synced(Outcome::Failed);
        assert_eq!(texts(&file.clone().recover()), ["a", "b"]);
        append(&mut file, "c");
        file.synced(Outcome::Done);
        file.crash_of_host(Interrupted::Nothing);
        let recovered = file.recover();
        assert_eq!((texts(&recovered), recovered.lost, recovered.damaged), (vec!["a"], 2, 1));
    }

    #[test]
    fn every_flipped_bit_is_noticed_and_a_second_flip_heals_it() {
        let contents = ["first", "second", "third"];
        for ordinal in 0..200 {
            let mut file = file(&contents, &["cached"]);
            let struck = file.flip(&mut draw(ordinal)).unwrap();
            assert!(struck < 3);
            let recovered = file.clone().recover();
            assert_eq!((texts(&recovered), recovered.damaged), (contents[..struck].to_vec(), 1));
            file.flip(&mut draw(ordinal));
            assert_eq!(file.recover().records.len(), 4);
        }
    }

    #[test]
    fn a_flip_leaves_clones_alone() {
        let mut file = file(&["shared"], &[]);
        let fork = file.clone();
        file.flip(&mut draw(0));
        assert_ne!(file, fork);
        assert_eq!(texts(&fork.clone().recover()), ["shared"]);
    }

    #[test]
    fn nothing_flips_where_nothing_is_durable() {
        assert_eq!(file(&[], &["cached"]).flip(&mut draw(0)), None);
    }

    #[test]
    fn a_new_disk_is_empty() {
        let mut file = file(&["a"], &["b"]);
        file.wipe();
        assert_eq!((file.records(), file.bytes_durable()), (0, Bytes(0)));
        assert_eq!(file.recover(), RecordsRecovered::default());
    }
}
