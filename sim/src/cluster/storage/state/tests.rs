use hms_machine::{Purpose, Seed, Streams};
use proptest::prelude::*;

use super::*;
use crate::cluster::disk::Torn;

const ENTRY: u64 = 10;
const SNAPSHOT: u64 = 50;
const FLIP: Purpose = Purpose::named("test/state-flip");

fn file() -> StateFile {
    StateFile::new(Bytes(ENTRY), Bytes(SNAPSHOT))
}

fn append(file: &mut StateFile, serials: std::ops::Range<u64>) {
    for serial in serials {
        file.write(serial);
        file.written(Outcome::Done);
    }
}

fn checkpoint(file: &mut StateFile) -> Bytes {
    file.synced(Outcome::Done);
    file.checkpointed(file.history().len(), false)
}

/// Entries 0..10, checkpoint, 10..20, checkpoint, 20..30, all durable.
fn full() -> StateFile {
    let mut file = file();
    append(&mut file, 0..10);
    checkpoint(&mut file);
    append(&mut file, 10..20);
    checkpoint(&mut file);
    append(&mut file, 20..30);
    file.synced(Outcome::Done);
    file
}

fn row(serials: std::ops::Range<u64>) -> Entries {
    serials.collect()
}

/// Flips a bit of the entry at this position of the history.
fn damage(file: &mut StateFile, position: u64) {
    file.journal.flip_bit((position - file.base) * ENTRY * 8);
}

fn restored(replayed: u64, freed: u64) -> Result<Restored, Damaged> {
    Ok(Restored { replayed, freed: Bytes(freed) })
}

#[test]
fn two_checkpoints_and_the_journal_since_the_older_are_kept() {
    let mut file = file();
    append(&mut file, 0..10);
    assert_eq!(checkpoint(&mut file), Bytes(0));
    append(&mut file, 10..20);
    assert_eq!(checkpoint(&mut file), Bytes(10 * ENTRY), "the entries before the older one");
    append(&mut file, 20..25);
    assert_eq!(checkpoint(&mut file), Bytes(SNAPSHOT + 10 * ENTRY));
    assert_eq!(file.bytes(), Bytes(2 * SNAPSHOT + 5 * ENTRY));
    assert_eq!(file.history(), &row(0..25));
}

#[test]
fn a_start_reads_the_newest_checkpoint_and_what_stands_behind_it() {
    let mut file = full();
    assert_eq!(file.bytes_to_read(Restore::Newest), Bytes(SNAPSHOT + 10 * ENTRY));
    assert_eq!(file.bytes_to_read(Restore::Previous), Bytes(SNAPSHOT + 20 * ENTRY));
    assert_eq!(file.restore(Restore::Newest), restored(10, 0));
    assert_eq!(file.history(), &row(0..30));
}

#[test]
fn damage_before_the_last_entry_is_an_error_unless_the_rest_is_given_up() {
    let mut file = full();
    damage(&mut file, 24);
    assert_eq!(file.clone().restore(Restore::Newest), Err(Damaged));
    let mut truncated = file.clone();
    assert_eq!(truncated.restore(Restore::Truncated), restored(4, 6 * ENTRY));
    assert_eq!(truncated.history(), &row(0..24));
    assert_eq!(truncated.restore(Restore::Newest), restored(4, 0));
    assert_eq!(file.restore(Restore::Previous), restored(14, SNAPSHOT + 6 * ENTRY));
}

#[test]
fn a_damaged_last_entry_is_taken_for_the_trace_of_a_crash() {
    let mut file = full();
    damage(&mut file, 29);
    assert_eq!(file.restore(Restore::Newest), restored(9, ENTRY));
}

#[test]
fn damage_before_the_newest_checkpoint_is_not_read() {
    let mut file = full();
    damage(&mut file, 15);
    assert_eq!(file.restore(Restore::Newest), restored(10, 0));
    assert_eq!(file.restore(Restore::Previous), restored(5, SNAPSHOT + 15 * ENTRY), "but by who goes back further");
    assert_eq!(file.history(), &row(0..15));
}

#[test]
fn a_damaged_checkpoint_is_got_round_by_the_one_before() {
    let mut file = file();
    append(&mut file, 0..10);
    file.synced(Outcome::Done);
    file.checkpointed(10, true);
    append(&mut file, 10..12);
    file.synced(Outcome::Done);
    assert_eq!(file.restore(Restore::Newest), Err(Damaged));
    assert_eq!(file.restore(Restore::Truncated), Err(Damaged));
    assert_eq!(file.restore(Restore::Previous), restored(12, SNAPSHOT), "the beginning");
    assert_eq!(file.restore(Restore::Newest), restored(12, 0));
}

#[test]
fn a_piece_is_what_the_receiver_lacks() {
    let full = full();
    let piece = full.piece(25, 20).unwrap();
    assert_eq!((piece.checkpoint, piece.before.len(), piece.entries.clone()), (false, 25, row(25..30)));
    assert_eq!((full.bytes_of(&piece), piece.end()), (Bytes(5 * ENTRY), 30));
    // Entries 0..10 are deleted.
    let piece = full.piece(5, 0).unwrap();
    assert_eq!((piece.checkpoint, piece.before.clone(), piece.entries.clone()), (true, row(0..20), row(20..30)));
    assert_eq!(full.bytes_of(&piece), Bytes(SNAPSHOT + 10 * ENTRY));
}

#[test]
fn a_receiver_whose_journal_outgrows_a_checkpoint_gets_a_newer_one() {
    let full = full();
    assert!(full.piece(25, 14).unwrap().checkpoint, "60 bytes of entries are more than a checkpoint");
    assert!(!full.piece(25, 15).unwrap().checkpoint);
}

#[test]
fn a_piece_ends_before_damage_and_does_not_begin_with_it() {
    let mut file = full();
    damage(&mut file, 27);
    assert_eq!(file.piece(25, 20).unwrap().entries, row(25..27));
    assert_eq!(file.whole().unwrap().end(), 27);
    file.checkpoints[1].flipped.insert(3);
    assert_eq!((file.whole(), file.piece(0, 0)), (None, None));
}

#[test]
fn pieces_add_up_to_the_same_state() {
    let source = full();
    let mut copy = file();
    assert_eq!(copy.take(&source.whole().unwrap(), false), Ok(Bytes(0)));
    assert_eq!((copy.history(), copy.newest_checkpoint()), (source.history(), Some(20)));
    assert_eq!(copy.restore(Restore::Newest), restored(10, 0));
    let mut longer = source.clone();
    append(&mut longer, 30..33);
    let late = source.piece(25, 20).unwrap();
    let next = longer.piece(30, 20).unwrap();
    assert_eq!(copy.take(&next, false), Ok(Bytes(0)));
    assert_eq!(copy.take(&late, false), Ok(Bytes(5 * ENTRY)), "a late piece brings nothing and takes nothing");
    assert_eq!(copy.history(), longer.history());
}

#[test]
fn a_piece_with_something_missing_before_it_is_refused() {
    let source = full();
    let mut copy = file();
    assert_eq!(copy.take(&source.piece(25, 20).unwrap(), false), Err(Gap));
    assert_eq!(copy, file());
}

#[test]
fn another_past_gives_way_from_where_it_parts() {
    let mut one = file();
    append(&mut one, 0..20);
    let mut copy = file();
    copy.take(&one.whole().unwrap(), false).unwrap();
    one.cut(15);
    append(&mut one, 30..32);
    assert_eq!(copy.take(&one.piece(15, 0).unwrap(), false), Ok(Bytes(5 * ENTRY)));
    assert_eq!(copy.history(), one.history());
    // And of what was never the same, nothing is left.
    let mut other = file();
    append(&mut other, 40..41);
    assert_eq!(copy.take(&other.whole().unwrap(), false), Ok(Bytes(17 * ENTRY)));
    assert_eq!(copy.history(), &row(40..41));
}

#[test]
fn bits_flip_in_checkpoints_and_in_the_journal_in_proportion_to_their_size() {
    let streams = Streams::new(Seed(3));
    let mut in_checkpoints = 0;
    for ordinal in 0..1_000 {
        let mut struck = full();
        let mut draw = streams.draw(FLIP, 0, ordinal);
        assert!(struck.flip(&mut draw));
        in_checkpoints += u32::from(struck.journal.first_damaged(0).is_none());
    }
    // 100 of 300 bytes; standard error 15.
    assert!(in_checkpoints.abs_diff(333) < 60, "{in_checkpoints}");
    assert!(!file().flip(&mut streams.draw(FLIP, 0, 0)));
}

proptest! {
    /// Whatever happens to a file without damage, a start finds a prefix of what was written with all that was durable, and the bytes given
    /// back to the disk add up.
    #[test]
    fn nothing_durable_is_lost_and_bytes_are_conserved(steps in prop::collection::vec((0u8..6, any::<u64>()), 0..60)) {
        let mut file = file();
        let (mut serial, mut durable, mut occupied) = (0u64, 0u64, 0u64);
        for (step, word) in steps {
            match step {
                0 | 1 => {
                    append(&mut file, serial..serial + 1);
                    serial += 1;
                    occupied += ENTRY;
                }
                2 => {
                    file.synced(Outcome::Done);
                    durable = file.history().len();
                }
                3 => {
                    occupied += SNAPSHOT;
                    occupied -= checkpoint(&mut file).0;
                    durable = file.history().len();
                }
                4 => {
                    let written = file.history().clone();
                    occupied -= file.crash_of_host(Interrupted::Sync(Torn::new(word))).0;
                    prop_assert!(file.history().len() >= durable);
                    prop_assert_eq!(file.history().shared_start(&written), file.history().len());
                    durable = file.history().len();
                }
                _ => {
                    let restore = [Restore::Newest, Restore::Truncated, Restore::Previous][(word % 3) as usize];
                    let found = file.history().clone();
                    occupied -= file.restore(restore).unwrap().freed.0;
                    prop_assert_eq!(file.history(), &found);
                }
            }
            prop_assert_eq!(file.bytes(), Bytes(occupied));
            let whole = file.whole().unwrap();
            prop_assert_eq!(whole.end(), file.history().len());
        }
    }
}
