//! Files and the disk below them together.

use std::sync::Arc;

use hms_machine::{Distribution, Instant, NodeId, Purpose, Seed, Streams};
use hms_scenario::model;

use super::*;
use crate::cluster::disk::{Disk, Operation};
use crate::cluster::usage::Class;

fn operation<T>(kind: OperationKind, tag: T) -> Operation<T> {
    Operation { kind, class: Class::Stack, tag }
}

#[test]
fn only_an_operation_in_progress_can_tear_a_file() {
    let torn = Torn::new(7);
    let lost = |kind, torn| Lost { operation: operation(kind, ()), torn }.interrupted();
    assert_eq!(lost(OperationKind::Write(Bytes(1)), Some(torn)), Interrupted::Write(torn));
    assert_eq!(lost(OperationKind::Sync, Some(torn)), Interrupted::Sync(torn));
    assert_eq!(lost(OperationKind::Read(Bytes(1)), Some(torn)), Interrupted::Nothing);
    assert_eq!(lost(OperationKind::Sync, None), Interrupted::Nothing);
}

#[test]
fn files_are_struck_in_proportion_to_their_size() {
    let streams = Streams::new(Seed(1));
    let sizes = [Bytes(100), Bytes(0), Bytes(300)];
    let mut counts = [0u32; 3];
    for ordinal in 0..4_000 {
        counts[choose_file(&mut streams.draw(Purpose::named("test"), 0, ordinal), &sizes).unwrap()] += 1;
    }
    // Standard error 27.
    assert!(counts[0].abs_diff(1_000) < 110 && counts[1] == 0, "{counts:?}");
    assert_eq!(choose_file(&mut streams.draw(Purpose::named("test"), 0, 0), &[Bytes(0)]), None);
    assert_eq!(choose_file(&mut streams.draw(Purpose::named("test"), 0, 0), &[]), None);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Write,
    Sync,
}

/// What became of a node's records over many crashes of its host.
#[derive(Debug, Default, PartialEq, Eq)]
struct Losses {
    crashes: u64,
    acknowledged: usize,
    /// Records lost that had been acknowledged.
    forgotten: usize,
    /// Crashes that left half of a record.
    torn: u64,
}

/// Writes record after record, acknowledges each when it is synced (or written, without `sync`), and crashes at random instants.
fn crash_again_and_again(sync: bool) -> Losses {
    const RECORD: usize = 8;
    let profile = model::Disk {
        write: Distribution::exponential(20_000.0).unwrap(),
        fsync: Distribution::exponential(100_000.0).unwrap(),
        bandwidth: 1_000_000,
        capacity: Bytes(u64::MAX),
    };
    let size = RecordFile::size(&[0; RECORD]);
    let streams = Streams::new(Seed(9));
    let mut disk = Disk::new(streams, NodeId(1), Arc::new(profile));
    let (mut file, mut journal) = (RecordFile::new(), JournalFile::new(size));
    let mut losses = Losses { crashes: 300, ..Losses::default() };
    let (mut acknowledged, mut now, mut next_record) = (0, 0, 0u64);
    for crash in 0..losses.crashes {
        let until = now + streams.draw(Purpose::named("test/uptime"), 0, crash).below(2_000_000);
        loop {
            if disk.queue_len() == 0 {
                file.write(next_record.to_be_bytes().to_vec());
                journal.write();
                next_record += 1;
                disk.submit(Instant::from_nanos(now), operation(OperationKind::Write(size), Step::Write));
                if sync {
                    disk.submit(Instant::from_nanos(now), operation(OperationKind::Sync, Step::Sync));
                }
            }
            let Some(end) = disk.next().filter(|end| end.as_nanos() <= until) else { break };
            now = end.as_nanos();
            let (step, outcome) = disk.advance(end).unwrap();
            match step {
                Step::Write => {
                    file.written(outcome);
                    journal.written(outcome);
                }
                Step::Sync => {
                    file.synced(outcome);
                    journal.synced(outcome);
                }
            }
            if !sync || step == Step::Sync {
                acknowledged += 1;
                losses.acknowledged += 1;
            }
        }
        now = until;

        let interrupted = disk.crash(Instant::from_nanos(now))[0].interrupted();
        let gone = file.crash_of_host(interrupted);
        assert_eq!(journal.crash_of_host(interrupted), gone);
        disk.free(gone);
        let recovered = file.recover();
        let counted = journal.recover();
        assert_eq!((recovered.records.len() as u64, recovered.torn), (counted.entries, counted.torn));
        assert!(recovered.records.is_sorted(), "records keep their order");
        assert_eq!(disk.occupied(), file.bytes_durable());
        losses.torn += u64::from(recovered.torn);
        losses.forgotten += usize::saturating_sub(acknowledged, recovered.records.len());
        acknowledged = recovered.records.len();
    }
    losses
}

#[test]
fn what_was_acknowledged_after_a_sync_survives_every_crash() {
    let losses = crash_again_and_again(true);
    assert!(losses.acknowledged > 1_000 && losses.torn > 50, "{losses:?}");
    assert_eq!(losses.forgotten, 0);
}

#[test]
fn without_syncs_acknowledged_records_are_lost() {
    let losses = crash_again_and_again(false);
    assert!(losses.forgotten > 100, "{losses:?}");
}
