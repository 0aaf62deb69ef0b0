//! The world: hosts, network, agents, clients and faults in one [`Model`], with a [`Machine`] on every node.
//!
//! Picture a stage. Hosts, links and processes are the set; the schedule of faults and the arrivals of requests are the script, drawn from
//! streams that nothing on the stage can touch; the machines are the actors, who see only letters, their own clock and their own
//! agents. The recorder sits in the audience and sees everything.
//!
//! Contract: every message is delivered, dropped or still on its way, and the network counts them so; every request of a client ends (answer,
//! substitute, error or last time-out) or is open at the end; nothing that a machine is given reveals the truth.

mod afflictions;
mod agents;
mod calls;
mod clients;
mod copies;
mod endings;
mod event;
mod faulting;
mod harm;
mod hosts;
mod jobs;
mod ledger;
mod machines;
mod messages;
mod probes;
mod readings;
mod record;
mod replication;
mod requests;
mod sampling;
mod state;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use hms_machine::{
    AgentId, AgentPlace, Bytes, Directory, Effect, Instant, Machine, NodeId, NodePlace, Purpose, Seed, ServiceId, ServicePlace,
    Streams,
};
use hms_scenario::model::Scenario;
use slotmap::SlotMap;

use crate::cluster::topology::Topology;
use crate::faults::Schedule;
use crate::kernel::{Model, QueueKind, Scheduler, Simulation};
use crate::network::Network;
use crate::services::placement::Placement;

pub use event::Event;
pub use faulting::has_new_version;
pub use harm::{BUCKET, Ended, Harm, HarmRow, Hindered, Kill, REACH};
pub use messages::{Carries, InFlight};
pub use record::{Detail, LoadRecord, Recorder, Requests, SeriesRow, TraceKind, TraceRow};

use agents::{Agent, Instance, InstancePlace};
use calls::CallState;
use clients::Client;
use copies::Block;
use event::{BlockKey, CallKey, Flight, FlightKey, InstanceId, JobKey};
use hosts::Node;
use jobs::Job;

/// All state of a simulated cluster whose nodes run the machine `M`. A clone is a snapshot.
#[derive(Clone)]
pub struct World<M: Machine> {
    /// What is simulated.
    pub scenario: Arc<Scenario>,
    /// The faults of this run.
    pub schedule: Arc<Schedule>,
    /// Where everything stands.
    pub topology: Arc<Topology>,
    /// What has been written down so far.
    pub recorder: Recorder,
    configuration: M::Configuration,
    directory: Arc<Directory>,
    streams: Streams,
    network: Network,
    nodes: Vec<Node<M>>,
    /// Indexed by `AgentId`.
    agents: Vec<Agent>,
    /// Indexed by [`InstanceId`].
    instances: Vec<Instance>,
    clients: Vec<Client>,
    /// Share of the calls to each service that fail at once, per outage in progress.
    outages: Vec<Vec<(crate::faults::FaultId, hms_machine::Ratio)>>,
    flights: SlotMap<FlightKey, Flight<M::Message>>,
    calls: SlotMap<CallKey, CallState>,
    jobs: SlotMap<JobKey, Job>,
    blocks: SlotMap<BlockKey, Block>,
    buffers: Vec<Vec<Effect<M::Message>>>,
    /// Number of hosts that are paused.
    paused: usize,
}

/// How a world is set up besides scenario, configuration and seed.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// How much is recorded.
    pub detail: Detail,
    /// Which structure holds pending events; results do not depend on it.
    pub queue: QueueKind,
    /// The faults, where they were edited or shrunk; otherwise the seed and the scenario make them.
    pub schedule: Option<Schedule>,
    /// What is drawn anew, in a world that is else the same: see [`Streams::redrawing`].
    pub redrawn: Option<Purpose>,
}

type Kernel = Scheduler<Event>;

impl<M: Machine> World<M> {
    /// A simulation at time zero: every host is powered on and boots, the faults and arrivals of the seed are scheduled.
    pub fn simulation(
        scenario: Arc<Scenario>,
        configuration: M::Configuration,
        seed: Seed,
        setup: Setup,
    ) -> Simulation<World<M>> {
        let streams = Streams::new(seed);
        let streams = setup.redrawn.map_or(streams, |purpose| streams.redrawing(purpose));
        let topology = Arc::new(Topology::new(&scenario));
        let placement = Placement::new(&scenario);
        let schedule = setup.schedule.unwrap_or_else(|| Schedule::generate(&scenario, &placement, &streams));
        let directory = Arc::new(directory(&scenario, &topology, &placement));
        let world = World {
            network: Network::new(&scenario.network, &topology),
            recorder: Recorder::new(setup.detail, scenario.run.warmup, scenario.loads.len()),
            nodes: Vec::new(),
            agents: Vec::new(),
            instances: Vec::new(),
            clients: Vec::new(),
            outages: vec![Vec::new(); scenario.services.len()],
            flights: SlotMap::with_key(),
            calls: SlotMap::with_key(),
            jobs: SlotMap::with_key(),
            blocks: SlotMap::with_key(),
            buffers: Vec::new(),
            paused: 0,
            scenario,
            schedule: Arc::new(schedule),
            topology,
            configuration,
            directory,
            streams,
        };
        let mut simulation = Simulation::with_queue(world, setup.queue);
        let (world, kernel) = simulation.parts_mut();
        world.set_up(kernel);
        simulation
    }

    fn set_up(&mut self, kernel: &mut Kernel) {
        for index in 0..self.directory.nodes.len() {
            let node = NodeId::from_index(index);
            let host = Node::new(self, node, kernel);
            self.nodes.push(host);
        }
        for index in 0..self.directory.agents.len() {
            self.agents.push(Agent::default());
            let agent = AgentId::from_index(index);
            self.add_instance(agent, self.directory.agents[index].node, kernel);
        }
        for index in 0..self.scenario.loads.len() {
            let client = Client::new(self, index);
            self.clients.push(client);
        }
        let schedule = Arc::clone(&self.schedule);
        for fault in &schedule.faults {
            kernel.schedule_at(fault.start, Event::FaultBegins(fault.id));
        }
        for index in 0..self.nodes.len() {
            self.power_on(NodeId::from_index(index), kernel);
        }
        self.start_clients(kernel);
        kernel.schedule_at(Instant::ZERO + self.scenario.run.sample_every, Event::Sample);
    }

    /// The static knowledge that every node has.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// The network, for its counters and for what is cut.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The machine of a node, if it is up.
    pub fn machine(&self, node: NodeId) -> Option<&M> {
        self.nodes[node.index()].machine.as_ref()
    }

    /// Gives every node another configuration, as an operator's reload would: machines that run are handed to `reload`, later ones boot with it.
    pub fn reconfigure(&mut self, configuration: M::Configuration, reload: impl Fn(&mut M, &M::Configuration)) {
        self.configuration = configuration;
        for machine in self.nodes.iter_mut().filter_map(|node| node.machine.as_mut()) {
            reload(machine, &self.configuration);
        }
    }

    /// Ground truth: whether the host is up and not paused.
    pub fn works(&self, node: NodeId) -> bool {
        self.nodes[node.index()].works()
    }

    /// Which agent an instance is of, its service, and its node.
    fn place(&self, id: InstanceId) -> InstancePlace {
        self.instances[id.index()].place
    }

    fn node_of(&self, id: InstanceId) -> NodeId {
        self.place(id).node
    }

    fn service_of(&self, agent: AgentId) -> ServiceId {
        self.directory.agents[agent.index()].service
    }

    fn hosts(&self) -> usize {
        self.scenario.cluster.hosts.len()
    }

    fn record(&mut self, kernel: &Kernel, kind: TraceKind) {
        self.recorder.trace.push(TraceRow { at: kernel.now(), seq: kernel.current_seq(), kind });
    }
}

fn directory(scenario: &Scenario, topology: &Topology, placement: &Placement) -> Directory {
    let nodes = scenario.cluster.hosts.len() + scenario.loads.len();
    let places = (0..nodes).map(NodeId::from_index).map(|node| NodePlace {
        region: topology.region_of(node) as u32,
        zone: topology.zone_of(node) as u32,
        edge: topology.is_edge(node),
        memory: scenario.cluster.hosts.get(node.index()).map_or(Bytes::ZERO, |host| host.memory),
    });
    let agents = placement.agents.iter().map(|agent| AgentPlace { service: agent.service, node: agent.node });
    let services = scenario.services.iter().map(|service| ServicePlace {
        agents: Vec::new(),
        needs: service.needs.clone(),
        workers: service.workers,
        queue: service.queue,
        memory: service.memory.base,
        stateful: service.journal.is_some(),
        cached: !service.cache.is_zero(),
        defaulted: service.default_answer,
    });
    Directory::new(places.collect(), agents.collect(), services.collect())
}

impl<M: Machine> Model for World<M> {
    type Event = Event;

    fn handle(&mut self, event: Event, kernel: &mut Kernel) {
        if self.postpone(event) {
            return;
        }
        match event {
            Event::Deliver(flight, _) => self.arrive(flight, kernel),
            Event::Wake(node) => self.wake(node, kernel),
            Event::Cpu(node) => self.cpu_due(node, kernel),
            Event::Disk(node) => self.disk_due(node, kernel),
            Event::Memory(node) => self.memory_due(node, kernel),
            Event::Boot(node, life) => self.boot(node, life, kernel),
            Event::Arrival(load) => self.arrival(load as usize, kernel),
            Event::Think { load, client } => self.closed_request(load as usize, client, kernel),
            Event::Call(call) => self.call_due(call, kernel),
            Event::Agent(instance, life) => self.agent_due(instance, life, kernel),
            Event::CrashLoop(instance, life) => self.crash_loop_strikes(instance, life, kernel),
            Event::Flush(instance, life) => self.flush_journal(instance, life, kernel),
            Event::Unconfirmed(instance, life) => self.still_unconfirmed(instance, life, kernel),
            Event::FaultBegins(fault) => self.fault_begins(fault, kernel),
            Event::FaultEnds(fault) => self.fault_ends(fault, kernel),
            Event::Sample => self.sample(kernel),
        }
    }

    fn fingerprint(event: &Event) -> u64 {
        event.fingerprint()
    }
}
