//! The world with a toy machine on each node: what it promises whatever the stack is.

mod calls;
mod crashes;
mod determinism;
mod endings;
mod moves;
mod overlaps;
mod probes;
mod readings;
mod replication;
mod requests;
mod states;
mod toy;
mod work;

use std::sync::Arc;

use hms_machine::{Duration, Instant, NodeId, Seed};
use hms_scenario::model::{Arrivals, FaultKind, Scenario, Start, Target};

use super::{Detail, Setup, TraceKind, World};
use crate::faults::example::{always_secs, load, rule, scenario, secs};
use crate::kernel::{Limits, Simulation};
use toy::{Order, Script, Step, Toy, ToyConfiguration};

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
    ToyConfiguration { orders: orders.iter().map(step).collect(), ..ToyConfiguration::default() }
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

/// A finished run in which every node follows `script`.
fn scripted(scenario: Scenario, script: Script) -> Toys {
    finished(scenario, ToyConfiguration { script: Some(script), ..ToyConfiguration::default() }, 1)
}

/// A toy at the end of a run.
fn toy(simulation: &Toys, node: u32) -> &Toy {
    simulation.model.machine(NodeId(node)).expect("the node is up")
}

/// Two hosts, each with one replica of one service that needs `work` seconds, no delays, and the edge of the clients as node 2.
fn pair(rate: f64, work: f64) -> Scenario {
    let mut world = short(scenario(2, 1), 20);
    world.services.truncate(1);
    world.services[0].replicas = 2;
    world.services[0].workers = 100;
    world.services[0].queue = 100;
    world.services[0].work = always_secs(work);
    for host in &mut world.cluster.hosts {
        host.cores = 100;
        host.stack_cpu = Duration::ZERO;
    }
    world.loads = vec![load("users", Arrivals::Regular { rate })];
    world
}

/// The edge of the first load of [`pair`].
const EDGE: u32 = 2;

/// A fault on the agents of one node of [`pair`].
fn strike(mut world: Scenario, kind: FaultKind, node: u32, at: u64, lasts: f64) -> Scenario {
    let target = Target::Nodes(vec![NodeId(node)]);
    world.faults.push(rule("fault", kind, target, Start::At(vec![secs(at)]), Some(always_secs(lasts))));
    world
}
