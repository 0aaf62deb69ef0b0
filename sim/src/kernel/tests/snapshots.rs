//! Determinism, on toy models drawn at random: snapshots, structures, stepping, divergence.

use hms_machine::{Duration, Instant};
use proptest::prelude::*;

use super::super::{
    CHUNK_EVENTS, Limits, Model, Outcome, QueueKind, RunError, Scheduler, Simulation, TimerId, first_divergence,
    first_divergent_event,
};
use super::SplitMix;

/// Processes that draw what to do next: schedule (often ties), set, cancel and replace timers. It neither dies out nor explodes.
#[derive(Clone)]
struct Toy {
    rng: SplitMix,
    delays: Vec<u64>,
    timers: Vec<TimerId>,
    /// At this event the model does one thing more than another would.
    disturbed_at: Option<u64>,
    handled: u64,
}

impl Model for Toy {
    type Event = (u8, u16);

    fn handle(&mut self, (kind, process): (u8, u16), scheduler: &mut Scheduler<(u8, u16)>) {
        self.handled += 1;
        let delay = self.delays[self.rng.below(self.delays.len() as u64) as usize];
        let timer = self.rng.below(self.timers.len() as u64) as usize;
        match self.rng.below(8) {
            0..=1 => scheduler.set_timer(self.timers[timer], scheduler.now() + Duration::from_nanos(delay), (1, timer as u16)),
            2 => scheduler.cancel_timer(self.timers[timer]),
            3 => {
                scheduler.free_timer(self.timers[timer]);
                self.timers[timer] = scheduler.new_timer();
            }
            4 if scheduler.pending() < 300 => scheduler.schedule_in(Duration::from_nanos(delay * 3), (2, process)),
            _ => {}
        }
        if kind == 0 {
            scheduler.schedule_in(Duration::from_nanos(delay), (0, process));
        }
        if self.disturbed_at == Some(self.handled) {
            scheduler.schedule_in(Duration::ZERO, (3, process));
        }
    }

    fn fingerprint(&(kind, process): &(u8, u16)) -> u64 {
        u64::from(kind) << 16 | u64::from(process)
    }
}

fn toy(seed: u64, processes: u16, delays: &[u64], kind: QueueKind) -> Simulation<Toy> {
    let model = Toy { rng: SplitMix(seed), delays: delays.to_vec(), timers: Vec::new(), disturbed_at: None, handled: 0 };
    let mut simulation = Simulation::with_queue(model, kind);
    let (model, scheduler) = simulation.parts_mut();
    for process in 0..processes {
        model.timers.push(scheduler.new_timer());
        scheduler.schedule_at(Instant::from_nanos(u64::from(process / 3)), (0, process));
    }
    simulation
}

fn budget(events: u64) -> Limits {
    Limits { events: Some(events), ..Limits::default() }
}

fn run(simulation: &mut Simulation<Toy>, events: u64) {
    assert!(matches!(simulation.run(&budget(events)), Err(RunError::EventLimit { .. })));
}

fn delays() -> impl Strategy<Value = Vec<u64>> {
    let delay = prop_oneof![Just(0u64), Just(1), Just(1_000), 0u64..5_000, 0u64..1 << 40];
    // One positive delay at least, so that time moves on.
    prop::collection::vec(delay, 1..6).prop_map(|mut delays| {
        delays.push(1_000);
        delays
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_snapshot_runs_on_as_if_it_had_never_stopped(
        seed: u64, processes in 1u16..200, delays in delays(), first in 0u64..6_000, detour in 1u64..6_000, rest in 1u64..6_000,
    ) {
        let mut straight = toy(seed, processes, &delays, QueueKind::Ladder);
        straight.set_tracing(true);
        let mut stopped = straight.clone();
        run(&mut straight, first + rest);
        run(&mut stopped, first);
        let mut snapshot = stopped.clone();
        run(&mut stopped, first + detour);
        drop(stopped);
        run(&mut snapshot, first + rest);
        prop_assert_eq!(snapshot.hash(), straight.hash());
        prop_assert_eq!(snapshot.chunk_hashes(), straight.chunk_hashes());
        prop_assert_eq!(snapshot.causes(), straight.causes());
        prop_assert_eq!((snapshot.now(), snapshot.pending()), (straight.now(), straight.pending()));
    }

    #[test]
    fn the_queue_structure_does_not_show(seed: u64, processes in 1u16..200, delays in delays(), events in 1u64..10_000) {
        let hashes = [QueueKind::Heap, QueueKind::Ladder].map(|kind| {
            let mut simulation = toy(seed, processes, &delays, kind);
            run(&mut simulation, events);
            (simulation.hash(), simulation.pending())
        });
        prop_assert_eq!(hashes[0], hashes[1]);
    }

    #[test]
    fn stepping_and_running_in_pieces_are_the_same_as_running(
        seed: u64, processes in 1u16..100, delays in delays(), events in 1u64..5_000, pieces in prop::collection::vec(0u64..3_000, 0..8),
    ) {
        let mut whole = toy(seed, processes, &delays, QueueKind::Ladder);
        run(&mut whole, events);
        let mut stepped = toy(seed, processes, &delays, QueueKind::Ladder);
        for index in 0..events {
            prop_assert_eq!(stepped.step().unwrap().unwrap().index, index);
        }
        let mut pieced = toy(seed, processes, &delays, QueueKind::Heap);
        for piece in pieces {
            let until = pieced.now() + Duration::from_nanos(piece);
            prop_assert_ne!(pieced.run(&Limits { events: Some(events / 2), ..Limits::until(until) }), Ok(Outcome::Stopped));
            pieced.next_time();
        }
        run(&mut pieced, events);
        prop_assert_eq!(stepped.hash(), whole.hash());
        prop_assert_eq!(pieced.hash(), whole.hash());
    }
}

#[test]
fn the_first_differing_event_is_found_by_bisection_and_replay() {
    let start = toy(7, 50, &[0, 10, 1_000, 70_000], QueueKind::Ladder);
    let mut disturbed_start = start.clone();
    disturbed_start.model.disturbed_at = Some(30_000);
    let (mut left, mut right) = (start.clone(), disturbed_start.clone());
    run(&mut left, 60_000);
    run(&mut right, 60_000);
    assert_ne!(left.hash(), right.hash());
    let chunk = first_divergence(left.chunk_hashes(), right.chunk_hashes()).unwrap();
    assert_eq!(chunk as u64, 30_000 / CHUNK_EVENTS);
    let divergence = first_divergent_event(start.clone(), disturbed_start.clone(), chunk, &budget(60_000)).unwrap().unwrap();
    let (on_left, on_right) = (divergence.left.unwrap(), divergence.right.unwrap());
    assert!(divergence.index >= 30_000 && divergence.index == on_left.index && on_left != on_right, "{divergence:?}");
    let from_start = first_divergent_event(start.clone(), disturbed_start, 0, &budget(60_000)).unwrap();
    assert_eq!(from_start, Some(divergence));
    assert_eq!(first_divergent_event(start.clone(), start, 0, &budget(60_000)), Ok(None));
}

#[test]
fn the_divergent_chunk_is_the_first_that_differs() {
    let left: Vec<u64> = (0..100).collect();
    for first in 0..100 {
        let right: Vec<u64> = left.iter().map(|&hash| if hash < first { hash } else { hash + 1_000 }).collect();
        assert_eq!(first_divergence(&left, &right), Some(first as usize));
    }
    assert_eq!(first_divergence(&left, &left[..50]), None);
    assert_eq!(first_divergence(&[], &left), None);
}

#[test]
fn timers_set_again_do_not_fill_the_queue() {
    let mut simulation = toy(1, 1_000, &[0], QueueKind::Ladder);
    let (model, scheduler) = simulation.parts_mut();
    for round in 0..1_000u64 {
        for &timer in &model.timers {
            // Ever earlier: each setting orphans an entry.
            scheduler.set_timer(timer, Instant::from_nanos(2_000_000 - round * 1_000), (1, 0));
        }
    }
    assert_eq!(scheduler.pending(), 2_000);
    assert!(scheduler.memory() < 1_000_000, "{} bytes for 1,000 timers and 1,000 events", scheduler.memory());
}
