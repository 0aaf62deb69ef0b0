//! The scenarios as models of the kernel.

use std::collections::VecDeque;
use std::marker::PhantomData;

use super::kernel::{Limits, Model, Scheduler, Simulation, TimerId};
use hms_machine::{Duration, Instant};

use super::workload::{Delays, Exponential, HEARTBEAT, MEAN_DELAY, Rng, TIMEOUT, UTILISATION};

/// Dispatches `events` more events.
pub(crate) fn advance<M: Model>(simulation: &mut Simulation<M>, events: u64) {
    let budget = simulation.events() + events;
    let ended = simulation.run(&Limits { events: Some(budget), ..Limits::default() });
    assert!(ended.is_err() && simulation.events() == budget, "scenarios never end: {ended:?}");
}

#[derive(Clone, Copy)]
pub(crate) enum Tick {
    Process(u32),
}

#[derive(Clone)]
pub(crate) struct Hold<const HASHED: bool, D = Exponential> {
    rng: Rng,
    sum: u64,
    delays: PhantomData<D>,
}

impl<const HASHED: bool, D: Delays> Model for Hold<HASHED, D> {
    type Event = Tick;
    const HASHED: bool = HASHED;

    fn handle(&mut self, Tick::Process(process): Tick, scheduler: &mut Scheduler<Tick>) {
        self.sum = self.sum.wrapping_add(u64::from(process));
        scheduler.schedule_in(Duration::from_nanos(D::draw(&mut self.rng)), Tick::Process(process));
    }

    fn fingerprint(&Tick::Process(process): &Tick) -> u64 {
        u64::from(process)
    }
}

pub(crate) fn hold<const HASHED: bool>(pending: u32) -> Simulation<Hold<HASHED>> {
    hold_with(pending)
}

pub(crate) fn hold_with<const HASHED: bool, D: Delays>(pending: u32) -> Simulation<Hold<HASHED, D>> {
    let mut simulation = Simulation::new(Hold { rng: Rng::new(1), sum: 0, delays: PhantomData });
    let (model, scheduler) = simulation.parts_mut();
    for process in 0..pending {
        scheduler.schedule_at(Instant::from_nanos(D::draw(&mut model.rng)), Tick::Process(process));
    }
    simulation
}

#[derive(Clone, Copy)]
pub(crate) enum Delivery {
    Message { to: u32, payload: u32 },
}

#[derive(Clone)]
struct Process {
    rng: Rng,
    received: u64,
}

#[derive(Clone)]
pub(crate) struct Messages {
    processes: Vec<Process>,
}

impl Model for Messages {
    type Event = Delivery;

    fn handle(&mut self, Delivery::Message { to, payload }: Delivery, scheduler: &mut Scheduler<Delivery>) {
        let count = self.processes.len() as u64;
        let process = &mut self.processes[to as usize];
        process.received += u64::from(payload);
        let next = (u64::from(to) + 1 + process.rng.below(count - 1)) % count;
        let delay = process.rng.below(2 * MEAN_DELAY as u64);
        scheduler.schedule_in(Duration::from_nanos(delay), Delivery::Message { to: next as u32, payload: payload + 1 });
    }

    fn fingerprint(&Delivery::Message { to, payload }: &Delivery) -> u64 {
        u64::from(to) << 32 | u64::from(payload)
    }
}

pub(crate) fn messages(processes: u32) -> Simulation<Messages> {
    let actors = (0..processes).map(|id| Process { rng: Rng::new(u64::from(id)), received: 0 }).collect();
    let mut simulation = Simulation::new(Messages { processes: actors });
    for to in 0..processes {
        let message = Delivery::Message { to, payload: to };
        simulation.scheduler_mut().schedule_at(Instant::from_nanos(u64::from(to)), message);
    }
    simulation
}

#[derive(Clone, Copy)]
pub(crate) enum Customer {
    Arrives,
    Leaves,
}

/// M/M/1.
#[derive(Clone)]
pub(crate) struct Station {
    rng: Rng,
    waiting: VecDeque<u64>,
    total_time: u64,
}

impl Station {
    fn serve(&mut self, scheduler: &mut Scheduler<Customer>) {
        let service = self.rng.exponential(MEAN_DELAY * UTILISATION);
        scheduler.schedule_in(Duration::from_nanos(service), Customer::Leaves);
    }
}

impl Model for Station {
    type Event = Customer;

    fn handle(&mut self, event: Customer, scheduler: &mut Scheduler<Customer>) {
        let now = scheduler.now().as_nanos();
        match event {
            Customer::Arrives => {
                self.waiting.push_back(now);
                if self.waiting.len() == 1 {
                    self.serve(scheduler);
                }
                let gap = self.rng.exponential(MEAN_DELAY);
                scheduler.schedule_in(Duration::from_nanos(gap), Customer::Arrives);
            }
            Customer::Leaves => {
                self.total_time += now - self.waiting.pop_front().expect("who leaves has waited");
                if !self.waiting.is_empty() {
                    self.serve(scheduler);
                }
            }
        }
    }

    fn fingerprint(event: &Customer) -> u64 {
        *event as u64
    }
}

pub(crate) fn station() -> Simulation<Station> {
    let mut simulation = Simulation::new(Station { rng: Rng::new(3), waiting: VecDeque::new(), total_time: 0 });
    simulation.scheduler_mut().schedule_at(Instant::ZERO, Customer::Arrives);
    simulation
}

#[derive(Clone, Copy)]
pub(crate) enum Watch {
    Heartbeat(u32),
    Timeout(u32),
}

/// Timers reset by heartbeats.
#[derive(Clone)]
pub(crate) struct Resets {
    rng: Rng,
    timers: Vec<TimerId>,
    resets: u64,
    fired: u64,
}

impl Model for Resets {
    type Event = Watch;

    fn handle(&mut self, event: Watch, scheduler: &mut Scheduler<Watch>) {
        match event {
            Watch::Heartbeat(node) => {
                let deadline = scheduler.now() + Duration::from_nanos(TIMEOUT);
                scheduler.set_timer(self.timers[node as usize], deadline, Watch::Timeout(node));
                scheduler.schedule_in(Duration::from_nanos(self.rng.below(2 * HEARTBEAT)), Watch::Heartbeat(node));
                self.resets += 1;
            }
            Watch::Timeout(_) => self.fired += 1,
        }
    }

    fn fingerprint(event: &Watch) -> u64 {
        match *event {
            Watch::Heartbeat(node) => u64::from(node),
            Watch::Timeout(node) => 1 << 32 | u64::from(node),
        }
    }
}

pub(crate) fn resets(nodes: u32) -> Simulation<Resets> {
    let mut simulation = Simulation::new(Resets { rng: Rng::new(4), timers: Vec::new(), resets: 0, fired: 0 });
    let (model, scheduler) = simulation.parts_mut();
    for node in 0..nodes {
        model.timers.push(scheduler.new_timer());
        scheduler.schedule_at(Instant::from_nanos(model.rng.below(2 * HEARTBEAT)), Watch::Heartbeat(node));
    }
    simulation
}

/// Every dispatched event is a heartbeat and resets a timer, because none fires.
pub(crate) fn run_resets(simulation: &mut Simulation<Resets>, resets: u64) {
    advance(simulation, resets);
    assert_eq!((simulation.model.fired, simulation.model.resets), (0, simulation.events()));
}

/// Actors of 512 bytes.
#[derive(Clone)]
pub(crate) struct Actors {
    rng: Rng,
    actors: Vec<[u64; 64]>,
}

impl Model for Actors {
    type Event = Tick;

    fn handle(&mut self, Tick::Process(event): Tick, scheduler: &mut Scheduler<Tick>) {
        let actor = event as usize % self.actors.len();
        self.actors[actor][event as usize % 64] += 1;
        scheduler.schedule_in(Duration::from_nanos(self.rng.exponential(MEAN_DELAY)), Tick::Process(event));
    }

    fn fingerprint(&Tick::Process(event): &Tick) -> u64 {
        u64::from(event)
    }
}

pub(crate) fn actors(actors: usize, pending: u32) -> Simulation<Actors> {
    let mut simulation = Simulation::new(Actors { rng: Rng::new(5), actors: vec![[0; 64]; actors] });
    (0..pending).for_each(|event| simulation.scheduler_mut().schedule_at(Instant::ZERO, Tick::Process(event)));
    simulation
}
