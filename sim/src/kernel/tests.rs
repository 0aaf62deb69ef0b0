//! Behaviour of the kernel as a model sees it.

mod queues;
mod snapshots;

use hms_machine::{Duration, Instant};

use super::{CHUNK_EVENTS, Limits, Model, Outcome, QueueKind, RunError, Scheduler, Simulation, TimerId};

/// SplitMix64 (Steele, Lea and Flood 2014): a generator for tests.
#[derive(Clone)]
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Does what a script says: event k schedules the events that `script[k]` names.
#[derive(Clone, Default)]
struct Scripted {
    script: Vec<Vec<Action>>,
    log: Vec<(u64, u32)>,
    timers: Vec<TimerId>,
}

#[derive(Clone, Copy)]
enum Action {
    In(u64, u32),
    At(u64, u32),
    Set(usize, u64, u32),
    Cancel(usize),
    Stop,
}

impl Model for Scripted {
    type Event = u32;

    fn handle(&mut self, event: u32, scheduler: &mut Scheduler<u32>) {
        self.log.push((scheduler.now().as_nanos(), event));
        for &action in self.script.get(event as usize).into_iter().flatten() {
            match action {
                Action::In(delay, event) => scheduler.schedule_in(Duration::from_nanos(delay), event),
                Action::At(at, event) => scheduler.schedule_at(Instant::from_nanos(at), event),
                Action::Set(timer, at, event) => scheduler.set_timer(self.timers[timer], Instant::from_nanos(at), event),
                Action::Cancel(timer) => scheduler.cancel_timer(self.timers[timer]),
                Action::Stop => scheduler.stop(),
            }
        }
    }

    fn fingerprint(event: &u32) -> u64 {
        u64::from(*event)
    }
}

/// The order of twelve events of one instant under a key, when the first three of them schedule one more each.
fn shuffled_order(key: u64, kind: QueueKind) -> Vec<u32> {
    let script = vec![vec![Action::In(0, 20)], vec![Action::In(0, 21)], vec![Action::Set(0, 10, 22)]];
    let mut simulation = Simulation::with_queue(Scripted { script, ..Scripted::default() }, kind);
    simulation.shuffle_ties(key);
    let (model, scheduler) = simulation.parts_mut();
    model.timers.push(scheduler.new_timer());
    (0..12).for_each(|event| scheduler.schedule_at(Instant::from_nanos(10), event));
    assert_eq!(simulation.run(&Limits::default()), Ok(Outcome::Drained));
    simulation.model.log.iter().map(|&(_, event)| event).collect()
}

/// A simulation in which event 0 happens at time 10; two timers exist.
fn scripted(script: &[&[Action]]) -> Simulation<Scripted> {
    let model = Scripted { script: script.iter().map(|actions| actions.to_vec()).collect(), ..Scripted::default() };
    let mut simulation = Simulation::new(model);
    let (model, scheduler) = simulation.parts_mut();
    model.timers = vec![scheduler.new_timer(), scheduler.new_timer()];
    scheduler.schedule_at(Instant::from_nanos(10), 0);
    simulation
}

fn until(nanos: u64) -> Limits {
    Limits::until(Instant::from_nanos(nanos))
}

#[test]
fn events_of_one_instant_come_in_the_order_in_which_they_were_scheduled() {
    let mut simulation =
        scripted(&[&[Action::In(5, 1), Action::In(0, 2), Action::In(5, 3), Action::In(0, 4)], &[Action::In(0, 5)]]);
    assert_eq!(simulation.run(&Limits::default()), Ok(Outcome::Drained));
    assert_eq!(simulation.model.log, [(10, 0), (10, 2), (10, 4), (15, 1), (15, 3), (15, 5)]);
}

#[test]
fn events_at_the_last_instant_are_dispatched_and_the_clock_ends_there() {
    let mut simulation = scripted(&[&[Action::At(20, 1), Action::At(21, 2)]]);
    assert_eq!(simulation.run(&until(20)), Ok(Outcome::UntilReached));
    assert_eq!(simulation.model.log, [(10, 0), (20, 1)]);
    assert_eq!(simulation.run(&until(20)), Ok(Outcome::UntilReached));
    assert_eq!((simulation.now(), simulation.pending()), (Instant::from_nanos(20), 1));
}

#[test]
fn a_timer_set_again_fires_once_at_its_last_deadline_in_the_order_of_its_last_setting() {
    let later: &[Action] = &[Action::Set(0, 30, 1), Action::At(50, 2), Action::Set(0, 50, 3), Action::At(50, 4)];
    let mut simulation = scripted(&[later]);
    assert_eq!(simulation.run(&Limits::default()), Ok(Outcome::Drained));
    assert_eq!(simulation.model.log, [(10, 0), (50, 2), (50, 3), (50, 4)]);

    let earlier: &[Action] = &[Action::Set(0, 50, 1), Action::Set(0, 30, 2), Action::Set(0, 40, 3)];
    let mut simulation = scripted(&[earlier]);
    assert_eq!(simulation.run(&Limits::default()), Ok(Outcome::Drained));
    assert_eq!(simulation.model.log, [(10, 0), (40, 3)]);
}

#[test]
fn a_cancelled_timer_does_not_fire_and_can_be_set_again() {
    let mut simulation = scripted(&[
        &[Action::Set(0, 30, 1), Action::Set(1, 30, 2), Action::Cancel(0), Action::At(20, 3)],
        &[],
        &[],
        &[Action::Cancel(1), Action::Cancel(1), Action::Set(1, 25, 4)],
    ]);
    simulation.run(&until(10)).unwrap();
    assert_eq!(simulation.pending(), 2);
    let timer = simulation.model.timers[1];
    assert_eq!(simulation.scheduler_mut().timer_deadline(timer), Some(Instant::from_nanos(30)));
    assert_eq!(simulation.run(&Limits::default()), Ok(Outcome::Drained));
    assert_eq!(simulation.model.log, [(10, 0), (20, 3), (25, 4)]);
    assert_eq!((simulation.pending(), simulation.scheduler_mut().timer_deadline(timer)), (0, None));
}

#[test]
fn a_stop_ends_the_run_after_the_event_at_hand_and_the_run_can_go_on() {
    let mut simulation = scripted(&[&[Action::Stop, Action::In(1, 1)]]);
    assert_eq!(simulation.run(&Limits::default()), Ok(Outcome::Stopped));
    assert_eq!(simulation.run(&Limits::default()), Ok(Outcome::Drained));
    assert_eq!(simulation.model.log, [(10, 0), (11, 1)]);
}

#[test]
fn the_budget_of_events_is_an_error_only_if_more_was_due() {
    let budget = |events, until| Limits { events: Some(events), ..Limits::until(Instant::from_nanos(until)) };
    let mut simulation = scripted(&[&[Action::In(1, 1), Action::In(2, 2)]]);
    let now = Instant::from_nanos(10);
    assert_eq!(simulation.run(&budget(1, 99)), Err(RunError::EventLimit { limit: 1, now }));
    assert_eq!(simulation.run(&budget(2, 11)), Ok(Outcome::UntilReached));
    assert_eq!(simulation.run(&budget(3, 99)), Ok(Outcome::Drained));
    assert_eq!(simulation.events(), 3);
}

/// Every event schedules two for the next nanosecond.
#[derive(Clone, Debug, Default)]
struct Doubling;

impl Model for Doubling {
    type Event = ();

    fn handle(&mut self, (): (), scheduler: &mut Scheduler<()>) {
        scheduler.schedule_in(Duration::from_nanos(1), ());
        scheduler.schedule_in(Duration::from_nanos(1), ());
    }

    fn fingerprint((): &()) -> u64 {
        0
    }
}

#[test]
fn the_budget_of_memory_ends_a_run_that_piles_up_at_the_same_event_in_one_piece_or_many() {
    let piling = || {
        let mut simulation = Simulation::new(Doubling);
        simulation.scheduler_mut().schedule_in(Duration::ZERO, ());
        simulation
    };
    // After each event one more is pending: at 4,096 events 4,097, which is looked at, and at 8,192 as many more.
    let budget = |pending, until| Limits { pending: Some(pending), ..Limits::until(Instant::from_nanos(until)) };
    let mut whole = piling();
    let ended = whole.run(&budget(5_000, 99));
    assert!(matches!(ended, Err(RunError::PendingLimit { limit: 5_000, .. })), "{ended:?}");
    assert_eq!((whole.events(), whole.pending()), (2 * CHUNK_EVENTS, 8_193));
    let mut pieces = piling();
    let ended = (1..99).map(|until| pieces.run(&budget(5_000, until))).find(Result::is_err);
    assert!(matches!(ended, Some(Err(RunError::PendingLimit { .. }))), "{ended:?}");
    assert_eq!((pieces.events(), pieces.hash()), (whole.events(), whole.hash()));
    // It is whole, and a run with more goes on to where one without a budget gets.
    let mut free = piling();
    assert_eq!(
        (pieces.run(&budget(1 << 20, 14)), free.run(&Limits::until(Instant::from_nanos(14)))),
        (Ok(Outcome::UntilReached), Ok(Outcome::UntilReached))
    );
    assert_eq!((pieces.hash(), pieces.events()), (free.hash(), free.events()));
}

#[test]
fn a_past_time_and_a_time_beyond_the_last_end_the_run_and_name_the_event() {
    let now = Instant::from_nanos(10);
    let mut simulation = scripted(&[&[Action::At(9, 1)]]);
    let error = RunError::ScheduledInThePast { now, at: Instant::from_nanos(9), seq: 1 };
    assert_eq!(simulation.run(&Limits::default()), Err(error));
    assert_eq!(error.to_string(), "scheduled in the past: the event with seq 1 at 10ns asked for an event at 9ns");

    let mut simulation = scripted(&[&[Action::In(u64::MAX, 1)]]);
    assert_eq!(simulation.run(&Limits::default()), Err(RunError::TimeOverflow { now, delay: Duration::MAX, seq: 1 }));
}

#[test]
fn the_caller_can_interrupt_and_run_on() {
    let forever: &[Action] = &[Action::In(1, 0)];
    let mut simulation = scripted(&[forever]);
    let mut asked = 0;
    let outcome = simulation.run_interruptible(&Limits::default(), &mut || {
        asked += 1;
        asked == 4
    });
    assert!(matches!(outcome, Err(RunError::Interrupted { events: 12_288, .. })), "{outcome:?}");
    assert_eq!(simulation.run(&until(20_000)), Ok(Outcome::UntilReached));
    assert_eq!((simulation.events(), simulation.chunk_hashes().len()), (19_991, 4));
}

#[test]
fn shuffled_ties_keep_causes_before_effects_and_are_the_same_for_the_same_key() {
    let orders: Vec<_> = (0..20).map(|key| shuffled_order(key, QueueKind::Ladder)).collect();
    for (key, order) in orders.iter().enumerate() {
        assert_eq!(*order, shuffled_order(key as u64, QueueKind::Heap));
        let place = |event| order.iter().position(|&other| other == event).unwrap();
        assert!(order.len() == 15 && (0..3).all(|cause| place(cause) < place(cause + 20)), "{order:?}");
    }
    assert!(orders.iter().filter(|order| **order != orders[0]).count() >= 18, "{orders:?}");
}

#[test]
fn a_chunk_hash_is_taken_after_each_4096_events() {
    let mut simulation = scripted(&[&[Action::In(1, 0)]]);
    for (events, chunks) in [(4_095, 0), (4_096, 1), (8_191, 1), (8_192, 2)] {
        simulation.run(&Limits { events: Some(events), ..Limits::default() }).unwrap_err();
        assert_eq!(simulation.chunk_hashes().len(), chunks, "{events} events");
        if events.is_multiple_of(4_096) {
            assert_eq!(simulation.chunk_hashes().last(), Some(&simulation.hash().0));
        }
    }
}

#[test]
fn the_last_instant_of_time_can_be_scheduled() {
    let mut simulation = scripted(&[&[Action::At(u64::MAX, 1)], &[Action::In(0, 2)]]);
    assert_eq!(simulation.run(&Limits::default()), Ok(Outcome::Drained));
    assert_eq!(simulation.model.log, [(10, 0), (u64::MAX, 1), (u64::MAX, 2)]);
}

#[test]
fn causes_lead_back_to_what_was_scheduled_from_outside() {
    let mut simulation = scripted(&[&[Action::In(1, 1), Action::Set(0, 12, 2)], &[Action::Set(0, 20, 3)]]);
    simulation.set_tracing(true);
    simulation.run(&until(15)).unwrap();
    simulation.scheduler_mut().schedule_at(Instant::from_nanos(16), 4);
    simulation.run(&Limits::default()).unwrap();
    // 1: event 0; 2: event 1; 3: the timer's first setting; 4: its second, by event 1; 5: from outside.
    let causes: Vec<_> = (1..=5).map(|seq| simulation.cause_of(seq)).collect();
    assert_eq!(causes, [None, Some(1), Some(1), Some(2), None]);
}
