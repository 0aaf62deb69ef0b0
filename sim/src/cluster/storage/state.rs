//! The state of an agent on a disk: checkpoints, and the journal behind them.
//!
//! Picture a ledger that is summed up now and then on a sheet of its own. Two sheets are kept, and the pages of the ledger since the older of the
//! two; what stands before is thrown away. So a start reads a sheet and the pages behind it, and if the newer sheet turns out to be illegible, there
//! is the older one and more pages. That two checkpoints are kept, and the log since the older one, is as in Raft implementations and databases that
//! survive a damaged snapshot (Mohan et al., "ARIES", TODS 1992, §5.4; Alagappan et al., FAST 2018).
//!
//! Entries have no content but their serials ([`Entries`]). Reading finds damage by checksums. Half an entry at the end is the trace of a crash and is
//! cut off; so is a last entry that is damaged, which cannot be told from one (FAST 2018, §3.3). Damage before the last entry is no trace of a crash.

use std::collections::{BTreeSet, VecDeque};

use hms_machine::{Bytes, Draw};

use super::{Entries, Interrupted, JournalFile};
use crate::cluster::disk::Outcome;

/// Checkpoints that are kept.
const KEPT: usize = 2;

/// The files of one agent on one disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFile {
    entry: Bytes,
    snapshot: Bytes,
    /// What the files hold or stand for, from the agent's first entry.
    history: Entries,
    /// Writes that wait at the disk, oldest first.
    handed_over: VecDeque<u64>,
    /// Oldest first.
    checkpoints: Vec<Checkpoint>,
    /// Entries of the history before the journal's first.
    base: u64,
    journal: JournalFile,
}

/// A checkpoint on the medium.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Checkpoint {
    /// Entries that it stands for.
    position: u64,
    /// It is somewhere else on the medium.
    misdirected: bool,
    /// Bits that are not as they were written.
    flipped: BTreeSet<u64>,
}

/// What is read to build a state from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restore {
    /// The newest checkpoint and the journal behind it; damage before the last entry is an error.
    Newest,
    /// The same, cut off at the first damaged entry.
    Truncated,
    /// The checkpoint before the newest, or the beginning, and the journal behind it, cut off at the first damaged entry; the newest
    /// checkpoint is deleted. Where nothing stands before the newest, it is read.
    Previous,
}

/// The state could not be built: what had to be read is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// A state that was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Entries behind the checkpoint.
    pub replayed: u64,
    /// What was deleted with damaged entries and checkpoints, to be given back to the disk.
    pub freed: Bytes,
}

/// A piece of a state on its way to another disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Whether a checkpoint stands in for what is before.
    pub checkpoint: bool,
    /// What the receiver must have, or what the checkpoint stands for.
    pub before: Entries,
    /// Entries behind.
    pub entries: Entries,
}

impl Piece {
    /// Entries from the agent's first up to the end of the piece.
    pub fn end(&self) -> u64 {
        self.before.len() + self.entries.len()
    }

    fn whole(&self) -> Entries {
        let mut whole = self.before.clone();
        whole.append(&self.entries);
        whole
    }
}

/// The receiver does not have what stands before a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap;

impl StateFile {
    /// Without entries; an entry and a checkpoint have these sizes.
    pub fn new(entry: Bytes, snapshot: Bytes) -> Self {
        StateFile {
            entry: Bytes(entry.0.max(1)),
            snapshot,
            history: Entries::new(),
            handed_over: VecDeque::new(),
            checkpoints: Vec::new(),
            base: 0,
            journal: JournalFile::new(entry),
        }
    }

    /// The write of an entry was submitted to the disk.
    pub fn write(&mut self, serial: u64) {
        self.handed_over.push_back(serial);
        self.journal.write();
    }

    /// The disk has ended the oldest write that was handed over. A write that failed leaves nothing.
    ///
    /// # Panics
    /// When none was handed over.
    pub fn written(&mut self, outcome: Outcome) {
        self.journal.written(outcome);
        let serial = self.handed_over.pop_front().expect("a write ended that was not handed over");
        if outcome.acknowledged() {
            self.history.insert(serial);
        }
    }

    /// The disk has ended a sync of the journal.
    pub fn synced(&mut self, outcome: Outcome) {
        self.journal.synced(outcome);
    }

    /// Whether entries are in the cache only.
    pub fn has_unsynced(&self) -> bool {
        self.journal.entries_durable() < self.journal.entries()
    }

    /// A checkpoint that stands for the first `position` entries, and the journal with it, have become durable; gives the bytes that are free
    /// by it.
    pub fn checkpointed(&mut self, position: u64, misdirected: bool) -> Bytes {
        let before = self.bytes();
        self.checkpoints.push(Checkpoint { position, misdirected, flipped: BTreeSet::new() });
        if self.checkpoints.len() > KEPT {
            self.checkpoints.remove(0);
        }
        if self.checkpoints.len() == KEPT {
            self.journal.discard(self.checkpoints[0].position - self.base);
            self.base = self.checkpoints[0].position;
        }
        Bytes(before.0 + self.snapshot.0 - self.bytes().0)
    }

    /// The host crashes; says how many bytes are gone, to be given back to the disk.
    pub fn crash_of_host(&mut self, interrupted: Interrupted) -> Bytes {
        let gone = self.journal.crash_of_host(interrupted);
        let survivors = self.base + self.journal.entries();
        let on_the_way = self.handed_over.front().filter(|_| survivors > self.history.len()).copied();
        self.history.truncate(survivors);
        on_the_way.into_iter().for_each(|serial| self.history.insert(serial));
        self.handed_over.clear();
        gone
    }

    /// What a start has to read from the disk.
    pub fn bytes_to_read(&self, restore: Restore) -> Bytes {
        let (checkpoint, position) = self.start_of(restore);
        let entries = self.history.len() - position;
        Bytes(entries.saturating_mul(self.entry.0)) + if checkpoint.is_some() { self.snapshot } else { Bytes::ZERO }
    }

    /// Builds the state and cuts off what does not belong to it.
    ///
    /// # Errors
    /// When the checkpoint is damaged, or an entry before the last one is and must not be cut off.
    pub fn restore(&mut self, restore: Restore) -> Result<Restored, Damaged> {
        let (checkpoint, position) = self.start_of(restore);
        if checkpoint.is_some_and(|index| !self.checkpoints[index].intact()) {
            return Err(Damaged);
        }
        let from = position - self.base;
        let entries = self.journal.first_damaged(from).unwrap_or(self.journal.entries());
        if restore == Restore::Newest && entries + 1 < self.journal.entries() {
            return Err(Damaged);
        }
        let before = self.bytes();
        if restore == Restore::Previous {
            self.checkpoints.truncate(checkpoint.map_or(0, |index| index + 1));
        }
        self.cut(self.base + entries);
        Ok(Restored { replayed: entries - from, freed: Bytes(before.0 - self.bytes().0) })
    }

    /// The checkpoint with which a start begins, and the entries that it stands for.
    fn start_of(&self, restore: Restore) -> (Option<usize>, u64) {
        let newest = self.checkpoints.len().checked_sub(1);
        let index = match restore {
            Restore::Newest | Restore::Truncated => newest,
            // Without a checkpoint before the newest, all entries are still there, unless the state came from elsewhere with its checkpoint.
            Restore::Previous => match newest {
                Some(0) if self.base == self.checkpoints[0].position => newest,
                Some(newest) => newest.checked_sub(1),
                None => None,
            },
        };
        (index, index.map_or(0, |index| self.checkpoints[index].position))
    }

    fn cut(&mut self, position: u64) {
        self.journal.cut(position - self.base);
        self.history.truncate(position);
    }

    /// What a receiver lacks who has the first `from` entries, `from_checkpoint` of them in a checkpoint: the entries behind, or the newest
    /// checkpoint and the entries behind it, where the others are deleted, or where the receiver's journal would outgrow a checkpoint. Ends
    /// before the first entry that is damaged; `None` when the checkpoint is.
    pub fn piece(&self, from: u64, from_checkpoint: u64) -> Option<Piece> {
        let from = from.min(self.history.len());
        let newest = self.checkpoints.last();
        let outgrown = |checkpoint: &&Checkpoint| {
            let entries = checkpoint.position.saturating_sub(from_checkpoint);
            checkpoint.intact() && Bytes(entries.saturating_mul(self.entry.0)) > self.snapshot
        };
        let start = match newest {
            Some(newest) if from < self.base => newest.intact().then_some((true, newest.position))?,
            Some(_) | None => newest.filter(outgrown).map_or((false, from), |newest| (true, newest.position)),
        };
        let (checkpoint, from) = start;
        let end = self.journal.first_damaged(from - self.base).unwrap_or(self.journal.entries()) + self.base;
        Some(Piece { checkpoint, before: self.history.first(from), entries: self.history.first(end).behind(from) })
    }

    /// All of the state that is intact, for a start elsewhere; `None` when its checkpoint is damaged.
    pub fn whole(&self) -> Option<Piece> {
        match self.checkpoints.last() {
            Some(newest) => {
                self.piece(newest.position, 0).filter(|_| newest.intact()).map(|piece| Piece { checkpoint: true, ..piece })
            }
            None => self.piece(0, 0),
        }
    }

    /// Size of a piece.
    pub fn bytes_of(&self, piece: &Piece) -> Bytes {
        let entries = Bytes(piece.entries.len().saturating_mul(self.entry.0));
        entries + if piece.checkpoint { self.snapshot } else { Bytes::ZERO }
    }

    /// A piece has become durable here. What the files have beyond it and of another past gives way. Says how many bytes are free by it, of
    /// the files' and the piece's own.
    ///
    /// # Errors
    /// [`Gap`]: the files do not have what stands before it, and stay as they are.
    pub fn take(&mut self, piece: &Piece, misdirected: bool) -> Result<Bytes, Gap> {
        let before = self.bytes() + self.bytes_of(piece);
        let whole = piece.whole();
        let shared = self.history.shared_start(&whole);
        let alone = piece.checkpoint || piece.before.is_empty();
        // What is here already stays, and with it the checkpoint here; a newer one takes its place.
        let newer = piece.checkpoint && piece.before.len() > self.checkpoints.last().map_or(0, |known| known.position);
        if shared == whole.len() && (!newer || shared < self.history.len()) {
            return Ok(self.bytes_of(piece));
        }
        if newer || (alone && shared < self.base) {
            self.replace(piece, misdirected);
        } else if shared >= piece.before.len().max(self.base) {
            self.cut(shared);
            let rest = whole.behind(shared);
            self.journal.append_durable(rest.len(), misdirected);
            self.history.append(&rest);
        } else if alone {
            self.replace(piece, misdirected);
        } else {
            return Err(Gap);
        }
        Ok(Bytes(before.0 - self.bytes().0))
    }

    /// A piece that needs nothing before it has become durable here and takes the place of everything. Says how many bytes are free by it.
    pub fn install(&mut self, piece: &Piece, misdirected: bool) -> Bytes {
        let freed = self.bytes();
        self.replace(piece, misdirected);
        freed
    }

    fn replace(&mut self, piece: &Piece, misdirected: bool) {
        self.wipe();
        if piece.checkpoint {
            self.base = piece.before.len();
            self.checkpoints.push(Checkpoint { position: self.base, misdirected, flipped: BTreeSet::new() });
        }
        self.history = piece.whole();
        self.journal.append_durable(piece.entries.len(), misdirected);
    }

    /// A bit on the medium flips, each of them equally likely; false when nothing is durable. A bit that flips twice is as it was.
    pub fn flip(&mut self, draw: &mut Draw) -> bool {
        let bits = self.bytes_durable().0.checked_mul(8).expect("files beyond 2^64 bits");
        if bits == 0 {
            return false;
        }
        let mut bit = draw.below(bits);
        let journal = self.journal.bytes_durable().0 * 8;
        if bit < journal {
            self.journal.flip_bit(bit);
            return true;
        }
        bit -= journal;
        let checkpoint = &mut self.checkpoints[(bit / (self.snapshot.0 * 8)) as usize];
        let bit = bit % (self.snapshot.0 * 8);
        if !checkpoint.flipped.remove(&bit) {
            checkpoint.flipped.insert(bit);
        }
        true
    }

    /// The disk is replaced by an empty one.
    pub fn wipe(&mut self) {
        *self = StateFile::new(self.entry, self.snapshot);
    }

    /// Everything that the files hold or stand for, from the agent's first entry.
    pub fn history(&self) -> &Entries {
        &self.history
    }

    /// Entries that the newest checkpoint stands for.
    pub fn newest_checkpoint(&self) -> Option<u64> {
        self.checkpoints.last().map(|checkpoint| checkpoint.position)
    }

    /// Bytes on the medium.
    pub fn bytes_durable(&self) -> Bytes {
        self.journal.bytes_durable() + self.bytes_of_checkpoints()
    }

    /// Bytes that the files take up.
    pub fn bytes(&self) -> Bytes {
        Bytes(self.journal.entries().saturating_mul(self.entry.0)) + self.bytes_of_checkpoints()
    }

    fn bytes_of_checkpoints(&self) -> Bytes {
        Bytes(self.snapshot.0.saturating_mul(self.checkpoints.len() as u64))
    }
}

impl Checkpoint {
    fn intact(&self) -> bool {
        !self.misdirected && self.flipped.is_empty()
    }
}

#[cfg(test)]
mod tests;
