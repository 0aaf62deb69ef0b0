//! The kernel allocates nothing per event once its tables have grown: messages, timers set again and again, zero delays.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use hms_machine::{Duration, Instant};
use hms_sim::kernel::{Limits, Model, RunError, Scheduler, Simulation, TimerId};

/// The system's allocator, which counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "the interface of an allocator is unsafe; all work is passed on to the system's")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Clone, Copy)]
enum Event {
    Beat(u32),
    Echo(u32),
    Timeout(u32),
}

/// Nodes that beat after changing delays, answer themselves at once, and set a timer that fires now and then.
#[derive(Clone)]
struct Nodes {
    timers: Vec<TimerId>,
    state: u64,
}

impl Model for Nodes {
    type Event = Event;

    fn handle(&mut self, event: Event, scheduler: &mut Scheduler<Event>) {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let delay = Duration::from_nanos(self.state >> 44);
        match event {
            Event::Beat(node) => {
                scheduler.set_timer(self.timers[node as usize], scheduler.now() + delay * 2, Event::Timeout(node));
                scheduler.schedule_in(delay, Event::Beat(node));
                scheduler.schedule_in(Duration::ZERO, Event::Echo(node));
            }
            Event::Echo(node) if node % 2 == 0 => scheduler.cancel_timer(self.timers[node as usize]),
            Event::Echo(_) | Event::Timeout(_) => {}
        }
    }

    fn fingerprint(event: &Event) -> u64 {
        match *event {
            Event::Beat(node) => u64::from(node),
            Event::Echo(node) => 1 << 32 | u64::from(node),
            Event::Timeout(node) => 2 << 32 | u64::from(node),
        }
    }
}

#[test]
fn the_steady_state_allocates_nothing_but_the_list_of_chunk_hashes() {
    for nodes in [3u32, 40, 3_000] {
        let mut simulation = Simulation::new(Nodes { timers: Vec::new(), state: 1 });
        let (model, scheduler) = simulation.parts_mut();
        for node in 0..nodes {
            model.timers.push(scheduler.new_timer());
            scheduler.schedule_at(Instant::from_nanos(u64::from(node)), Event::Beat(node));
        }
        let run = |simulation: &mut Simulation<Nodes>, events| {
            let ended = simulation.run(&Limits { events: Some(events), ..Limits::default() });
            assert!(matches!(ended, Err(RunError::EventLimit { .. })), "{ended:?}");
        };
        run(&mut simulation, 500_000);
        let before = ALLOCATIONS.get();
        run(&mut simulation, 900_000);
        let allocations = ALLOCATIONS.get() - before;
        assert!(allocations <= 1, "{allocations} allocations in 400,000 events of {nodes} nodes");
    }
}
