//! simcore (DSLab): float seconds, a boxed event per emission, dispatch to a handler by id.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use simcore::{Event, EventHandler, Id, Simulation, SimulationContext, cast};

use super::workload::{MEAN_DELAY, Rng};

const NANOS_PER_SECOND: f64 = 1e9;

pub fn advance(simulation: &mut Simulation, events: u64) {
    assert!(simulation.steps(events), "scenarios never end");
}

#[derive(Clone, Serialize)]
struct Tick {
    process: u32,
}

struct Hold {
    context: SimulationContext,
    rng: Rng,
    sum: u64,
}

impl EventHandler for Hold {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Tick { process } => {
                self.sum = self.sum.wrapping_add(u64::from(process));
                self.context.emit_self(Tick { process }, self.rng.exponential(MEAN_DELAY) as f64 / NANOS_PER_SECOND);
            }
        })
    }
}

pub fn hold(pending: u32) -> Simulation {
    let mut simulation = Simulation::new(1);
    let context = simulation.create_context("hold");
    let hold = Rc::new(RefCell::new(Hold { context, rng: Rng::new(1), sum: 0 }));
    simulation.add_handler("hold", hold.clone());
    for process in 0..pending {
        let mut hold = hold.borrow_mut();
        let delay = hold.rng.exponential(MEAN_DELAY) as f64 / NANOS_PER_SECOND;
        hold.context.emit_self(Tick { process }, delay);
    }
    simulation
}

#[derive(Clone, Serialize)]
struct Message {
    payload: u32,
}

struct Process {
    id: u32,
    count: u64,
    context: SimulationContext,
    rng: Rng,
    received: u64,
}

impl EventHandler for Process {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Message { payload } => {
                self.received += u64::from(payload);
                let next = (u64::from(self.id) + 1 + self.rng.below(self.count - 1)) % self.count;
                let delay = self.rng.below(2 * MEAN_DELAY as u64) as f64 / NANOS_PER_SECOND;
                // Handlers get their ids in the order in which they are added.
                self.context.emit(Message { payload: payload + 1 }, next as Id, delay);
            }
        })
    }
}

pub fn messages(processes: u32) -> Simulation {
    let mut simulation = Simulation::new(1);
    for id in 0..processes {
        let name = format!("process {id}");
        let context = simulation.create_context(&name);
        assert_eq!(context.id(), id as Id);
        let rng = Rng::new(u64::from(id));
        let process = Process { id, count: u64::from(processes), context, rng, received: 0 };
        process.context.emit_self(Message { payload: id }, f64::from(id) / NANOS_PER_SECOND);
        simulation.add_handler(&name, Rc::new(RefCell::new(process)));
    }
    simulation
}
