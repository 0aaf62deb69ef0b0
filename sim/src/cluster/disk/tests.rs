use hms_machine::Seed;
use proptest::prelude::*;

use super::*;

const fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

fn constant(nanos: f64) -> Distribution {
    Distribution::constant(nanos).unwrap()
}

/// Write 100 ns, sync 1000 ns, one byte a nanosecond, room for a thousand bytes.
fn plain() -> Disk<u32> {
    let profile =
        model::Disk { write: constant(100.0), fsync: constant(1_000.0), bandwidth: 1_000_000_000, capacity: Bytes(1_000) };
    Disk::new(Streams::new(Seed(3)), NodeId(4), Arc::new(profile))
}

fn random() -> Disk<u32> {
    let profile = model::Disk {
        write: Distribution::lognormal(20_000.0, 0.5).unwrap(),
        fsync: Distribution::lognormal(1_000_000.0, 1.0).unwrap(),
        bandwidth: 500_000_000,
        capacity: Bytes(u64::MAX),
    };
    Disk::new(Streams::new(Seed(3)), NodeId(4), Arc::new(profile))
}

fn operation(kind: OperationKind, tag: u32) -> Operation<u32> {
    Operation { kind, class: Class::Service, tag }
}

fn write(bytes: u64, tag: u32) -> Operation<u32> {
    operation(OperationKind::Write(Bytes(bytes)), tag)
}

fn sync(tag: u32) -> Operation<u32> {
    operation(OperationKind::Sync, tag)
}

fn read(bytes: u64, tag: u32) -> Operation<u32> {
    operation(OperationKind::Read(Bytes(bytes)), tag)
}

/// All operations that end by themselves, with their times.
fn run(disk: &mut Disk<u32>) -> Vec<(u32, Outcome, u64)> {
    let mut ends = Vec::new();
    while let Some(next) = disk.next() {
        while let Some((tag, outcome)) = disk.advance(next) {
            ends.push((tag, outcome, next.as_nanos()));
        }
    }
    ends
}

fn ratio(share: f64) -> Ratio {
    Ratio::new(share).unwrap()
}

#[test]
fn operations_take_latency_and_transfer_one_after_the_other() {
    let mut disk = plain();
    disk.submit(at(10), write(50, 1));
    disk.submit(at(10), sync(2));
    disk.submit(at(20), read(5, 3));
    assert_eq!(disk.queue_len(), 3);
    assert_eq!(run(&mut disk), [(1, Outcome::Done, 160), (2, Outcome::Done, 1_160), (3, Outcome::Done, 1_265)]);
    let counters = DiskCounters {
        writes: 1,
        syncs: 1,
        reads: 1,
        failed: 0,
        bytes_written: Bytes(50),
        bytes_read: Bytes(5),
        took: ns(1_255),
        took_syncs: ns(1_000),
    };
    assert_eq!(disk.counters(), counters);
}

#[test]
fn a_transfer_is_rounded_up_to_whole_nanoseconds() {
    let profile =
        model::Disk { write: Distribution::ZERO, fsync: Distribution::ZERO, bandwidth: 3_000_000_000, capacity: Bytes(99) };
    let mut disk = Disk::new(Streams::new(Seed(0)), NodeId(0), Arc::new(profile));
    disk.submit(at(0), write(4, 1));
    assert_eq!(disk.next(), Some(at(2)));
}

#[test]
fn a_slow_disk_takes_a_multiple_from_the_middle_of_an_operation_on() {
    let mut disk = plain();
    disk.submit(at(0), sync(1));
    disk.slow(at(400), 3.0);
    assert_eq!(disk.next(), Some(at(400 + 1_800)));
    disk.slow(at(700), 1.0);
    assert_eq!(disk.next(), Some(at(700 + 500)));
}

#[test]
fn a_stall_keeps_what_is_left_and_a_pause_within_it_changes_nothing() {
    let mut disk = plain();
    disk.submit(at(0), sync(1));
    disk.submit(at(0), write(0, 2));
    disk.stall(at(300));
    assert_eq!(disk.next(), None);
    disk.pause(at(400));
    disk.unstall(at(1_000));
    assert_eq!(disk.next(), None);
    disk.resume(at(2_000));
    assert_eq!(disk.busy(at(2_000)).service, ns(300));
    assert_eq!(run(&mut disk), [(1, Outcome::Done, 2_700), (2, Outcome::Done, 2_800)]);
    assert_eq!(disk.busy(at(9_000)).service, ns(1_100));
}

#[test]
fn operations_submitted_to_a_stalled_disk_wait_for_its_end() {
    let mut disk = plain();
    disk.stall(at(5));
    disk.submit(at(10), write(20, 1));
    assert_eq!((disk.next(), disk.advance(at(1_000_000))), (None, None));
    disk.unstall(at(2_000_000));
    assert_eq!(run(&mut disk), [(1, Outcome::Done, 2_000_120)]);
}

#[test]
fn writes_beyond_the_capacity_are_refused_after_the_latency_alone() {
    let mut disk = plain();
    disk.submit(at(0), write(900, 1));
    disk.submit(at(0), write(101, 2));
    disk.submit(at(0), write(100, 3));
    let ends = run(&mut disk);
    assert_eq!(ends, [(1, Outcome::Done, 1_000), (2, Outcome::Full, 1_100), (3, Outcome::Done, 1_300)]);
    assert_eq!((disk.occupied(), disk.counters().failed), (Bytes(1_000), 1));
    disk.free(Bytes(300));
    disk.submit(at(2_000), write(300, 4));
    assert_eq!(run(&mut disk), [(4, Outcome::Done, 2_400)]);
}

#[test]
fn a_disk_that_somebody_filled_refuses_writes_but_still_syncs_and_reads() {
    let mut disk = plain();
    disk.set_full(at(0), true);
    disk.submit(at(0), write(1, 1));
    disk.submit(at(0), sync(2));
    disk.submit(at(0), read(1, 3));
    let outcomes: Vec<_> = run(&mut disk).into_iter().map(|(_, outcome, _)| outcome).collect();
    assert_eq!(outcomes, [Outcome::Full, Outcome::Done, Outcome::Done]);
    disk.set_full(at(5_000), false);
    disk.submit(at(5_000), write(1, 4));
    assert_eq!(run(&mut disk)[0].1, Outcome::Done);
}

#[test]
fn the_stated_share_of_operations_fails_and_takes_up_no_space() {
    let mut disk = random();
    disk.set_errors(at(0), ratio(0.1));
    (0..10_000).for_each(|tag| disk.submit(at(0), write(7, tag)));
    let failed = run(&mut disk).iter().filter(|(_, outcome, _)| *outcome == Outcome::Failed).count() as u64;
    // Standard error 30.
    assert!(failed.abs_diff(1_000) < 120, "{failed}");
    assert_eq!(disk.occupied(), Bytes((10_000 - failed) * 7));
    assert_eq!(disk.counters().failed, failed);
}

#[test]
fn the_stated_share_of_writes_is_misdirected_and_acknowledged() {
    let mut disk = random();
    disk.set_misdirected(at(0), ratio(0.25));
    (0..4_000).for_each(|tag| disk.submit(at(0), if tag < 2_000 { write(7, tag) } else { sync(tag) }));
    let misdirected: Vec<_> = run(&mut disk).into_iter().filter(|(_, outcome, _)| *outcome == Outcome::Misdirected).collect();
    // Standard error 19.
    assert!(misdirected.len().abs_diff(500) < 80, "{}", misdirected.len());
    assert!(misdirected.iter().all(|(tag, outcome, _)| *tag < 2_000 && outcome.acknowledged()));
    assert_eq!(disk.counters().failed, 0);
}

#[test]
fn the_time_of_the_kth_write_does_not_depend_on_what_else_is_asked() {
    let times = |extra: bool| -> Vec<u64> {
        let mut disk = random();
        let mut now = 0;
        let mut times = Vec::new();
        for tag in 0..50 {
            if extra {
                disk.submit(at(now), sync(1_000));
                disk.submit(at(now), read(9, 1_000));
                now = run(&mut disk).last().unwrap().2;
            }
            disk.submit(at(now), write(64, tag));
            let end = run(&mut disk).last().unwrap().2;
            times.push(end - now);
            now = end;
        }
        times
    };
    assert_eq!(times(false), times(true));
}

#[test]
fn numbers_go_on_after_a_crash() {
    let mut disk = random();
    disk.submit(at(0), write(1, 0));
    disk.submit(at(0), write(1, 1));
    let mut crashed = disk.clone();
    crashed.crash(at(0));
    crashed.submit(at(0), write(1, 2));
    let first = run(&mut disk);
    let mut third = disk.clone();
    third.submit(at(first[1].2), write(1, 2));
    assert_eq!(run(&mut crashed)[0].2, run(&mut third)[0].2 - first[1].2);
}

#[test]
fn a_crash_tears_the_write_in_progress_and_forgets_the_rest() {
    let mut disk = plain();
    disk.submit(at(0), write(100, 1));
    disk.submit(at(0), write(200, 2));
    disk.submit(at(0), sync(3));
    assert_eq!(disk.advance(at(200)), Some((1, Outcome::Done)));
    let lost = disk.crash(at(350));
    let tags: Vec<_> = lost.iter().map(|lost| (lost.operation.tag, lost.torn.is_some())).collect();
    assert_eq!(tags, [(2, true), (3, false)]);
    assert!(lost[0].reached() <= Bytes(200));
    assert_eq!((lost[1].reached(), disk.occupied(), disk.queue_len()), (Bytes::ZERO, Bytes(300), 0));
    assert_eq!(disk.busy(at(400)).service, ns(350));
    disk.wipe();
    assert_eq!((disk.occupied(), disk.next()), (Bytes::ZERO, None));
}

#[test]
fn every_prefix_of_a_torn_write_is_equally_likely() {
    let mut counts = [0u32; 5];
    let mut disk = random();
    for tag in 0..5_000 {
        disk.submit(at(0), write(4, tag));
        counts[disk.crash(at(0))[0].reached().0 as usize] += 1;
    }
    // Standard error of each count: 28.
    assert!(counts.iter().all(|count| count.abs_diff(1_000) < 115), "{counts:?}");
    let (none, all) = (Torn::new(0), Torn::new(u64::MAX));
    assert_eq!((none.of(Bytes(u64::MAX)), all.of(Bytes(u64::MAX)), all.of(Bytes(0))), (Bytes(0), Bytes(u64::MAX), Bytes(0)));
}

#[test]
fn a_refused_write_leaves_no_trace_in_a_crash() {
    let mut disk = plain();
    disk.set_full(at(0), true);
    disk.submit(at(0), write(10, 1));
    let lost = disk.crash(at(50));
    assert_eq!((lost[0].torn, lost[0].reached(), disk.occupied()), (None, Bytes(0), Bytes(0)));
}

#[test]
fn time_is_booked_on_the_class_of_the_operation() {
    let mut disk = plain();
    disk.submit(at(0), Operation { class: Class::Stack, ..sync(1) });
    disk.submit(at(0), write(0, 2));
    run(&mut disk);
    assert_eq!(disk.busy(at(5_000)), TimeUsed { stack: ns(1_000), service: ns(100) });
}

#[test]
fn an_operation_that_ends_as_the_host_crashes_counts_as_not_begun() {
    let mut disk = plain();
    disk.submit(at(0), write(10, 1));
    disk.submit(at(0), write(20, 2));
    disk.submit(at(110), write(30, 3));
    let lost = disk.crash(at(110));
    assert_eq!(
        lost.iter().map(|lost| (lost.operation.tag, lost.torn.is_some())).collect::<Vec<_>>(),
        [(1, false), (2, true), (3, false)]
    );
    assert_eq!((disk.occupied(), disk.next(), disk.advance(at(110))), (Bytes(20), None, None));
}

proptest! {
    /// Whatever happens in between, an operation ends when the disk has worked on it for as long as it takes.
    #[test]
    fn stalls_and_pauses_shift_operations_by_their_length(
        halts in prop::collection::vec((1u64..500, 1u64..500, any::<bool>()), 0..12),
    ) {
        let mut disk = plain();
        disk.submit(at(0), sync(1));
        let (mut now, mut worked, mut end) = (0, 0, None);
        for (work, halt, stall) in halts {
            if worked + work >= 1_000 && end.is_none() {
                end = Some(now + 1_000 - worked);
            }
            now += work;
            worked += work;
            if stall { disk.stall(at(now)) } else { disk.pause(at(now)) }
            now += halt;
            if stall { disk.unstall(at(now)) } else { disk.resume(at(now)) }
        }
        let expected = end.map_or(now + 1_000u64.saturating_sub(worked), |_| now);
        prop_assert_eq!(disk.next(), Some(at(expected)));
        prop_assert_eq!(disk.busy(at(now)).service, ns(worked.min(1_000)));
    }

    #[test]
    fn the_line_is_never_idle_nor_reordered(sizes in prop::collection::vec((0u64..3_000, 0u64..5_000), 1..40)) {
        let mut disk = plain();
        disk.profile = Arc::new(model::Disk { capacity: Bytes(u64::MAX), ..(*disk.profile).clone() });
        let (mut arrivals, mut now) = (Vec::new(), 0);
        let mut ends = Vec::new();
        for (index, (gap, bytes)) in sizes.into_iter().enumerate() {
            now += gap;
            while let Some(next) = disk.next().filter(|next| *next <= at(now)) {
                ends.push((disk.advance(next).unwrap().0, next.as_nanos()));
            }
            disk.submit(at(now), write(bytes, index as u32));
            arrivals.push((now, bytes));
        }
        ends.extend(run(&mut disk).into_iter().map(|(tag, _, end)| (tag, end)));
        let mut free_at = 0;
        let expected: Vec<_> = arrivals.iter().enumerate().map(|(index, &(now, bytes))| {
            free_at = now.max(free_at) + 100 + bytes;
            (index as u32, free_at)
        }).collect();
        prop_assert_eq!(ends, expected);
    }
}

#[test]
fn the_time_of_an_operation_runs_from_its_turn_through_stalls_to_its_end() {
    let mut disk = plain();
    disk.submit(at(0), sync(1));
    disk.submit(at(0), sync(2));
    disk.stall(at(400));
    assert_eq!((disk.pending(at(500)), disk.counters().took), (ns(500), ns(0)));
    disk.unstall(at(900));
    // The first ends at 1500 after 1000 of work and a stall of 500; the second began then.
    assert!(disk.advance(at(1_600)).is_some());
    assert_eq!((disk.pending(at(1_600)), disk.counters().took), (ns(100), ns(1_500)));
    run(&mut disk);
    assert_eq!((disk.pending(at(9_000)), disk.counters().took), (ns(0), ns(2_500)));
    assert_eq!(disk.capacity(), Bytes(1_000));
}
