//! What is on a disk, apart from how long it takes to get there ([`super::disk`]).
//!
//! Picture a file that only grows, and three marks in it: *handed over* (the write waits at the disk), *written* (in the
//! operating system's cache) and *durable* (on the medium). What happens to it:
//! - A crash of the process moves nothing: the cache belongs to the operating system, which goes on with the writes that were
//!   handed over. There is no call for it.
//! - A crash of the host leaves what is durable, and of what was to become durable a prefix that ends anywhere, also in the
//!   middle of an entry: a torn tail. Which prefix is decided by the draw of the interrupted disk operation ([`Torn`]). That only
//!   prefixes survive is kinder than reality, where file systems may reorder unsynced writes (Pillai et al., "All file systems
//!   are not created equal", OSDI 2014).
//! - A sync that fails is not made good by the next: the kernel marks the pages clean all the same, so what was written stays
//!   readable until the host crashes and is damaged then (Rebello et al., "Can applications recover from fsync failures?",
//!   ATC 2020; also known as fsyncgate).
//! - Bits flip in what is durable, and misdirected writes are acknowledged but are not where they should be: such entries are
//!   damaged, which their checksums show. Reading sees damage of the medium at once, as if nothing were cached.
//!
//! Recovery reads from the start up to the first entry that is damaged or torn and cuts the file off there, as write-ahead logs
//! do: what came later is lost even if it is intact. A software that could tell a torn tail from damage in the middle would
//! do better (Alagappan et al., "Protocol-aware recovery for consensus-based storage", FAST 2018).
//!
//! A [`JournalFile`] has entries of one size and counts them without content: the journals of agents. A [`StateFile`] is such a journal with
//! checkpoints, and knows which entries they are, so that copies can be compared. A [`RecordFile`] keeps real
//! bytes: what a node's own software persists and gets back when it boots. Both follow the disk's line, first come, first served:
//! `write` when the operation is submitted, `written` and `synced` when it ends.

mod entries;
mod journal;
mod record;
mod state;

pub use entries::Entries;
pub use journal::{JournalFile, JournalRecovered};
pub use record::{RecordFile, RecordsRecovered};
pub use state::{Damaged, Gap, Piece, Restore, Restored, StateFile};

use hms_machine::{Bytes, Draw};

use super::disk::{Lost, OperationKind, Torn};

/// What the disk was doing for a file when the host crashed; see [`Lost::interrupted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// Nothing: its operations were still in line, or there were none.
    Nothing,
    /// It wrote the oldest entry that had been handed over; the tear may lie in it or in what was written before.
    Write(Torn),
    /// It brought to the medium what was written.
    Sync(Torn),
}

impl<T> Lost<T> {
    /// What this means for the file that the operation belongs to.
    pub fn interrupted(&self) -> Interrupted {
        match (self.operation.kind, self.torn) {
            (OperationKind::Write(_), Some(torn)) => Interrupted::Write(torn),
            (OperationKind::Sync, Some(torn)) => Interrupted::Sync(torn),
            (OperationKind::Read(_), _) | (_, None) => Interrupted::Nothing,
        }
    }
}

/// Chooses one of several files for a fault of the medium, each in proportion to its durable bytes; `None` if there are none.
pub fn choose_file(draw: &mut Draw, durable: &[Bytes]) -> Option<usize> {
    let total: u64 = durable.iter().map(|bytes| bytes.0).sum();
    let mut place = (total > 0).then(|| draw.below(total))?;
    durable.iter().position(|bytes| match place.checked_sub(bytes.0) {
        Some(beyond) => {
            place = beyond;
            false
        }
        None => true,
    })
}

#[cfg(test)]
mod tests;
