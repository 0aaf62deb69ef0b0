//! nexosim: models are asynchronous tasks with mailboxes and ports.
//!
//! A message with a delay is an event that a model schedules for itself and then sends through an output port. Ports are fixed
//! connections, so each process sends to its neighbour in a ring, not to any other as in the other contenders.

use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::simulation::{Mailbox, SimInit, Simulation};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use super::workload::{MEAN_DELAY, Rng};

/// One step dispatches all that is due at the next instant: one event, but for the rare ties.
pub fn advance(simulation: &mut Simulation, events: u64) {
    for _ in 0..events {
        simulation.step().expect("scenarios never end");
    }
}

/// A generator that a model, which must be serialisable, can hold.
struct Source(Rng);

impl Default for Source {
    fn default() -> Self {
        Source(Rng::new(1))
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Hold {
    pending: u32,
    sum: u64,
    #[serde(skip)]
    source: Source,
}

#[Model]
impl Hold {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>) {
        for process in 0..self.pending {
            self.schedule(process, context);
        }
    }

    #[nexosim(schedulable)]
    async fn tick(&mut self, process: u32, context: &Context<Self>) {
        self.sum = self.sum.wrapping_add(u64::from(process));
        self.schedule(process, context);
    }

    fn schedule(&mut self, process: u32, context: &Context<Self>) {
        // The present is not allowed.
        let delay = Duration::from_nanos(self.source.0.exponential(MEAN_DELAY).max(1));
        context.schedule_event(delay, schedulable!(Self::tick), process).expect("in the future");
    }
}

pub fn hold(pending: u32) -> Simulation {
    let model = Hold { pending, ..Hold::default() };
    SimInit::with_num_threads(1).add_model(model, Mailbox::new(), "hold").init(MonotonicTime::EPOCH).expect("a valid bench")
}

#[derive(Default, Serialize, Deserialize)]
struct Process {
    id: u32,
    received: u64,
    to_next: Output<u32>,
    #[serde(skip)]
    source: Source,
}

#[Model]
impl Process {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>) {
        let delay = Duration::from_nanos(u64::from(self.id) + 1);
        context.schedule_event(delay, schedulable!(Self::send), self.id).expect("in the future");
    }

    async fn receive(&mut self, payload: u32, context: &Context<Self>) {
        self.received += u64::from(payload);
        let delay = Duration::from_nanos(self.source.0.below(2 * MEAN_DELAY as u64).max(1));
        context.schedule_event(delay, schedulable!(Self::send), payload + 1).expect("in the future");
    }

    #[nexosim(schedulable)]
    async fn send(&mut self, payload: u32) {
        self.to_next.send(payload).await;
    }
}

pub fn messages(processes: u32) -> Simulation {
    let mailboxes: Vec<Mailbox<Process>> = (0..processes).map(|_| Mailbox::new()).collect();
    let models: Vec<Process> = (0..processes)
        .map(|id| {
            let source = Source(Rng::new(u64::from(id)));
            let mut process = Process { id, source, ..Process::default() };
            process.to_next.connect(Process::receive, &mailboxes[((id + 1) % processes) as usize]);
            process
        })
        .collect();
    let mut bench = SimInit::with_num_threads(1);
    for (process, mailbox) in models.into_iter().zip(mailboxes) {
        let name = format!("process {}", process.id);
        bench = bench.add_model(process, mailbox, &name);
    }
    bench.init(MonotonicTime::EPOCH).expect("a valid bench")
}
