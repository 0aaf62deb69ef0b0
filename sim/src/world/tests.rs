//! The world with a toy machine on each node: what it promises whatever the stack is.

mod crashes;
mod determinism;
mod moves;
mod overlaps;
mod states;
mod toy;
mod work;

use std::sync::Arc;

use hms_machine::{Duration, Instant, NodeId, Seed};
use hms_scenario::model::Scenario;

use super::{Detail, Setup, TraceKind, World};
use crate::kernel::{Limits, Simulation};
use toy::{Order, Step, Toy, ToyConfiguration};

type Toys = Simulation<World<Toy>>;

fn simulation(scenario: Scenario, configuration: ToyConfiguration, seed: u64, detail: Detail) -> Toys {
    World::simulation(Arc::new(scenario), configuration, Seed(seed), Setup { detail, ..Setup::default() })
}

fn run(simulation: &mut Toys) {
    let until = Instant::ZERO + simulation.model.scenario.run.duration;
    simulation.run(&Limits::until(until)).expect("the run ends by itself");
    simulation.model.network.counters().check_conservation();
}

fn finished(scenario: Scenario, configuration: ToyConfiguration, seed: u64) -> Toys {
    let mut simulation = simulation(scenario, configuration, seed, Detail::Full);
    run(&mut simulation);
    simulation
}

fn rows<T>(simulation: &Toys, read: impl Fn(Instant, TraceKind) -> Option<T>) -> Vec<T> {
    simulation.model.recorder.trace.iter().filter_map(|row| read(row.at, row.kind)).collect()
}

/// A script of orders at whole seconds.
fn script(orders: &[(u64, u32, Order)]) -> ToyConfiguration {
    let step = |&(at, node, order)| Step { at: Instant::ZERO + Duration::from_secs(at), node: NodeId(node), order };
    ToyConfiguration { script: orders.iter().map(step).collect(), ..ToyConfiguration::default() }
}

/// A script for agents that nobody starts again by itself.
fn strict(orders: &[(u64, u32, Order)]) -> ToyConfiguration {
    ToyConfiguration { restart: false, ..script(orders) }
}

fn seconds(instant: Instant) -> f64 {
    instant.as_secs_f64()
}

fn short(mut scenario: Scenario, secs: u64) -> Scenario {
    scenario.run.duration = Duration::from_secs(secs);
    scenario
}
