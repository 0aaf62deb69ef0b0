//! A small cluster, stepped from deadline to deadline: nodes with disks, a network with a delay and cuts, agents that do what a script says, calls that go
//! from node to agent and back.
//!
//! Picture a table on which a few machines stand; the harness carries letters between them and plays the operating system under each. It knows no
//! chance: what it does is said by the test. A node that is woken again and again without time passing fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hms_machine::{
    AgentEvent, AgentId, AgentPlace, AgentReading, Boot, Bytes, Call, CallEnd, CallId, CallOutcome, Context, Directory,
    DiskReading, Duration, Effect, Exit, Input, Instant, Machine, NodeId, NodePlace, NodeRandom, Priority, Probe, Reading,
    Record, Request, RequestId, Seed, ServiceId, ServicePlace, Streams, Substitute,
};
use hms_stack::{Configuration, Node, StackMessage};

pub(crate) const DELAY: Duration = Duration::from_millis(1);
/// A call of which nothing is heard has failed after this.
const TIMEOUT: Duration = Duration::from_millis(200);
/// A node may be woken this often at one instant before it counts as one that runs in circles.
const WAKES_MAX: u32 = 50;

/// What stands where.
#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) nodes: u32,
    pub(crate) zones: u32,
    /// For each service the nodes of its replicas.
    pub(crate) services: Vec<Vec<u32>>,
    /// What each service is like, agents aside.
    pub(crate) place: ServicePlace,
}

impl Shape {
    /// Three nodes in three zones, and one service with a replica on each.
    pub(crate) fn three() -> Self {
        let place = ServicePlace { workers: 1, queue: 100, memory: Bytes::from_mib(64), ..ServicePlace::default() };
        Shape { nodes: 3, zones: 3, services: vec![vec![0, 1, 2]], place }
    }
}

/// How the processes of an agent behave.
#[derive(Clone, Copy)]
pub(crate) struct Script {
    /// From start to ready; `None`: never ready.
    pub(crate) startup: Option<Duration>,
    /// From an order to stop to the end, if there is time.
    pub(crate) stopping: Duration,
    pub(crate) work: Duration,
    /// How requests end.
    pub(crate) outcome: CallOutcome,
    /// Does not answer.
    pub(crate) stuck: bool,
    /// Memory that a process gains in a second.
    pub(crate) leak: Bytes,
    /// Whether outcome, silence and leak are over with the process.
    pub(crate) heals: bool,
}

impl Default for Script {
    fn default() -> Self {
        Script {
            startup: Some(Duration::from_millis(100)),
            stopping: Duration::from_millis(1),
            work: Duration::from_millis(2),
            outcome: CallOutcome::Ok,
            stuck: false,
            leak: Bytes::ZERO,
            heals: true,
        }
    }
}

#[derive(Clone, Copy)]
struct Process {
    life: u64,
    since: Instant,
    ready: bool,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Answered,
    Failed(CallOutcome),
    GivenUp,
    Substituted(Substitute),
}

struct Open {
    node: NodeId,
    call: Call,
    begun: Instant,
    copies: Vec<(AgentId, Instant)>,
}

struct Job {
    call: CallId,
    node: NodeId,
    agent: AgentId,
    life: u64,
}

enum Event {
    Input(NodeId, u64, Input<StackMessage>),
    Ready(NodeId, AgentId, u64),
    Down(NodeId, AgentId, u64, Exit),
    Arrive { call: CallId, agent: AgentId, node: NodeId },
    Done(RequestId),
    Copy { call: CallId, agent: AgentId, outcome: CallOutcome },
    Again(CallId),
}

pub(crate) struct Cluster {
    pub(crate) configuration: Configuration,
    pub(crate) directory: Arc<Directory>,
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<Option<Node>>,
    pub(crate) records: Vec<(Instant, NodeId, Record)>,
    pub(crate) sent: u64,
    /// Every start and stop, in order.
    pub(crate) started: Vec<(Instant, NodeId, AgentId)>,
    pub(crate) stopped: Vec<(Instant, NodeId, AgentId)>,
    pub(crate) routed: Vec<(CallId, AgentId)>,
    pub(crate) hedged: Vec<(CallId, AgentId)>,
    pub(crate) ends: BTreeMap<CallId, End>,
    pub(crate) scripts: BTreeMap<AgentId, Script>,
    pub(crate) poison: BTreeSet<u64>,
    /// How often clients try again by themselves.
    pub(crate) own_retries: u32,
    /// The longest time from call to answer.
    pub(crate) slowest: Duration,
    /// Processes that a request killed.
    pub(crate) killed: u32,
    /// How long a flush takes, by node, where it is not a millisecond.
    pub(crate) sync: BTreeMap<NodeId, Duration>,
    pub(crate) cut: BTreeSet<(NodeId, NodeId)>,
    /// Everything a node did, in words.
    pub(crate) log: Vec<String>,
    random: Vec<NodeRandom>,
    pub(crate) disks: Vec<Vec<Vec<u8>>>,
    boots: Vec<u64>,
    measured: Vec<u64>,
    processes: BTreeMap<(NodeId, AgentId), Process>,
    open: BTreeMap<CallId, Open>,
    jobs: BTreeMap<RequestId, Job>,
    events: BTreeMap<(Instant, u64), Event>,
    sequence: u64,
    decided: Option<bool>,
    /// Whether the node has said what becomes of a call.
    overruled: bool,
    wakes: (Instant, Vec<u32>),
}

impl Cluster {
    pub(crate) fn new(configuration: Configuration) -> Self {
        Cluster::of(Shape::three(), configuration)
    }

    /// The last node is an edge.
    pub(crate) fn of(shape: Shape, configuration: Configuration) -> Self {
        let place = |zone, edge| NodePlace { region: 0, zone, edge, memory: Bytes::from_mib(1024) };
        let nodes = (0..shape.nodes).map(|node| place(node * shape.zones / shape.nodes, false)).chain([place(0, true)]);
        let agents = shape.services.iter().enumerate().flat_map(|(service, nodes)| {
            nodes.iter().map(move |node| AgentPlace { service: ServiceId(service as u32), node: NodeId(*node) })
        });
        let services = vec![shape.place.clone(); shape.services.len()];
        let directory = Arc::new(Directory::new(nodes.collect(), agents.collect(), services));
        let count = directory.nodes.len();
        let mut cluster = Cluster {
            configuration,
            now: Instant::ZERO,
            nodes: vec![None; count],
            records: Vec::new(),
            sent: 0,
            started: Vec::new(),
            stopped: Vec::new(),
            routed: Vec::new(),
            hedged: Vec::new(),
            ends: BTreeMap::new(),
            scripts: BTreeMap::new(),
            poison: BTreeSet::new(),
            killed: 0,
            sync: BTreeMap::new(),
            cut: BTreeSet::new(),
            log: Vec::new(),
            random: vec![NodeRandom::new(Streams::new(Seed(1))); count],
            disks: vec![Vec::new(); count],
            boots: vec![0; count],
            measured: vec![0; count],
            processes: BTreeMap::new(),
            open: BTreeMap::new(),
            jobs: BTreeMap::new(),
            events: BTreeMap::new(),
            sequence: 0,
            decided: None,
            overruled: false,
            own_retries: 2,
            slowest: Duration::ZERO,
            wakes: (Instant::ZERO, vec![0; count]),
            directory,
        };
        (0..count).for_each(|node| cluster.boot(NodeId::from_index(node)));
        cluster
    }

    pub(crate) fn edge(&self) -> NodeId {
        NodeId::from_index(self.nodes.len() - 1)
    }

    pub(crate) fn node(&self, node: u32) -> &Node {
        self.nodes[node as usize].as_ref().expect("the node is up")
    }

    pub(crate) fn boot(&mut self, node: NodeId) {
        let records = self.disks[node.index()].clone();
        self.boots[node.index()] += 1;
        let boot = Boot { node, directory: Arc::clone(&self.directory), records, now: self.now };
        self.nodes[node.index()] = Some(Node::boot(&Arc::new(self.configuration), boot));
        self.feed(node, Input::Booted);
    }

    /// The node and all on it are gone; its disk stays.
    pub(crate) fn crash(&mut self, node: NodeId) {
        self.nodes[node.index()] = None;
        self.boots[node.index()] += 1;
        self.processes.retain(|(on, _), _| *on != node);
        let jobs: Vec<_> = self.jobs.iter().filter(|(_, job)| job.node == node).map(|(id, _)| *id).collect();
        for id in jobs {
            let job = self.jobs.remove(&id).expect("just seen");
            self.later(TIMEOUT, Event::Copy { call: job.call, agent: job.agent, outcome: CallOutcome::TimedOut });
        }
        let calls: Vec<_> = self.open.iter().filter(|(_, open)| open.node == node).map(|(id, _)| *id).collect();
        calls.iter().for_each(|id| self.end(*id, End::GivenUp));
    }

    /// Nothing passes between these and all others, edges included.
    pub(crate) fn isolate(&mut self, side: &[u32]) {
        let all = (0..self.nodes.len() as u32).map(NodeId);
        let (here, there): (Vec<_>, Vec<_>) = all.partition(|node| side.contains(&node.0));
        for (one, other) in here.iter().flat_map(|one| there.iter().map(move |other| (*one, *other))) {
            self.cut.extend([(one, other), (other, one)]);
        }
    }

    /// Ends the process of an agent, wherever it runs.
    pub(crate) fn kill(&mut self, agent: AgentId, exit: Exit) {
        let found = self.processes.iter().find(|((_, running), _)| *running == agent);
        if let Some((node, life)) = found.map(|((node, _), process)| (*node, process.life)) {
            self.down(node, agent, life, exit);
        }
    }

    /// The nodes on which an agent has a process.
    pub(crate) fn runs_on(&self, agent: AgentId) -> Vec<u32> {
        self.processes.keys().filter(|(_, running)| *running == agent).map(|(node, _)| node.0).collect()
    }

    /// Agents that are ready now.
    pub(crate) fn ready(&self) -> usize {
        self.processes.values().filter(|process| process.ready).count()
    }

    pub(crate) fn script(&mut self, agent: u32) -> &mut Script {
        self.scripts.entry(AgentId(agent)).or_default()
    }

    /// A client calls service 0 through the edge.
    pub(crate) fn call(&mut self, trace: u64, patience: Duration) {
        let (priority, deadline) = (Priority(0), self.now + patience);
        let call = Call { id: CallId(trace), service: ServiceId(0), trace, attempt: 0, previous: None, priority, deadline };
        let node = self.edge();
        self.open.insert(call.id, Open { node, call, begun: self.now, copies: Vec::new() });
        self.feed(node, Input::Call(call));
    }

    /// Calls, one each `every`, for `span`.
    pub(crate) fn load(&mut self, first: u64, every: Duration, span: Duration) {
        let end = self.now + span;
        for trace in first.. {
            if self.now >= end {
                return;
            }
            self.call(trace, Duration::from_secs(2));
            self.run(every);
        }
    }

    pub(crate) fn unended(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn records_of(&self, wanted: impl Fn(&Record) -> bool) -> Vec<(u32, Record)> {
        self.records.iter().filter(|(_, _, record)| wanted(record)).map(|(_, node, record)| (node.0, *record)).collect()
    }

    pub(crate) fn starts_of(&self, agent: u32) -> usize {
        self.started.iter().filter(|(_, _, started)| started.0 == agent).count()
    }

    pub(crate) fn suspicions(&self) -> Vec<(u32, u32)> {
        let all = 0..self.nodes.len() as u32;
        let suspects = |by: u32, peer: u32| self.nodes[by as usize].as_ref().is_some_and(|node| node.suspects(NodeId(peer)));
        all.clone().flat_map(|by| all.clone().map(move |peer| (by, peer))).filter(|(by, peer)| suspects(*by, *peer)).collect()
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let event = self.events.first_key_value().map(|(key, _)| key.0);
            let due = |node: usize| Some((self.nodes[node].as_ref()?.deadline()?.max(self.now), node));
            let deadline = (0..self.nodes.len()).filter_map(due).min();
            let next = event.into_iter().chain(deadline.map(|(at, _)| at)).min().filter(|at| *at <= end);
            let Some(next) = next else { break };
            self.now = next;
            if event == Some(next) {
                let (_, event) = self.events.pop_first().expect("just seen");
                self.happen(event);
            } else if let Some((_, node)) = deadline {
                self.wake(node);
            }
        }
        self.now = end;
    }

    fn wake(&mut self, node: usize) {
        if self.wakes.0 != self.now {
            self.wakes = (self.now, vec![0; self.nodes.len()]);
        }
        self.wakes.1[node] += 1;
        assert!(self.wakes.1[node] < WAKES_MAX, "node {node} runs in circles at {}", self.now);
        self.feed(NodeId::from_index(node), Input::Timeout);
    }

    fn later(&mut self, delay: Duration, event: Event) {
        self.sequence += 1;
        self.events.insert((self.now + delay, self.sequence), event);
    }

    fn tell(&mut self, node: NodeId, input: Input<StackMessage>) {
        let boot = self.boots[node.index()];
        self.later(DELAY, Event::Input(node, boot, input));
    }

    pub(crate) fn feed(&mut self, node: NodeId, input: Input<StackMessage>) {
        let Some(machine) = &mut self.nodes[node.index()] else { return };
        let mut effects = Vec::new();
        machine.handle(input, &mut Context::new(self.now, self.now, node, &mut self.random[node.index()], &mut effects));
        for effect in effects {
            self.log.push(format!("{} {node:?} {effect:?}", self.now));
            self.carry_out(node, effect);
        }
    }

    fn carry_out(&mut self, node: NodeId, effect: Effect<StackMessage>) {
        match effect {
            Effect::Send { to, message } => {
                self.sent += 1;
                let boot = self.boots[to.index()];
                if !self.cut.contains(&(node, to)) {
                    self.later(DELAY, Event::Input(to, boot, Input::Message { from: node, message }));
                }
            }
            Effect::Persist { record, token } => {
                self.disks[node.index()].push(record);
                self.tell(node, Input::Persisted { token });
            }
            Effect::Start { agent, .. } => self.start(node, agent),
            Effect::Stop { agent, grace } => {
                self.stopped.push((self.now, node, agent));
                let Some(process) = self.processes.get_mut(&(node, agent)) else { return };
                process.ready = false;
                let (life, takes) = (process.life, self.script(agent.0).stopping.min(grace));
                self.later(takes, Event::Down(node, agent, life, Exit::Stopped));
            }
            Effect::Probe { agent, probe } => self.probe(node, agent, probe),
            Effect::Measure => {
                let reading = self.reading(node);
                self.tell(node, Input::Measured(Arc::new(reading)));
            }
            Effect::Checkpoint(agent) => {
                self.tell(node, Input::Agent { agent, event: AgentEvent::Checkpointed { ok: true } });
            }
            Effect::Ship { .. } | Effect::Replicate { .. } => {}
            Effect::Route { call, agent, node: target } => {
                self.routed.push((call, agent));
                self.dispatch(call, agent, target);
            }
            Effect::Hedge { call, agent, node: target } => {
                self.hedged.push((call, agent));
                self.dispatch(call, agent, target);
            }
            Effect::Retry { call, after } => {
                self.overruled = true;
                self.later(after, Event::Again(call));
            }
            Effect::Refuse(call) => self.end(call, End::Failed(CallOutcome::Refused)),
            Effect::GiveUp(call) => self.end(call, End::GivenUp),
            Effect::FallBack { call, substitute } => self.end(call, End::Substituted(substitute)),
            Effect::Admit(_) => self.decided = Some(true),
            Effect::Shed(_) => self.decided = Some(false),
            Effect::Record(record) => self.records.push((self.now, node, record)),
        }
    }

    fn end(&mut self, call: CallId, end: End) {
        if self.open.remove(&call).is_some() {
            self.ends.insert(call, end);
        }
    }

    fn start(&mut self, node: NodeId, agent: AgentId) {
        self.started.push((self.now, node, agent));
        if self.processes.contains_key(&(node, agent)) {
            return;
        }
        self.sequence += 1;
        let life = self.sequence;
        self.processes.insert((node, agent), Process { life, since: self.now, ready: false });
        if let Some(startup) = self.script(agent.0).startup {
            self.later(startup, Event::Ready(node, agent, life));
        }
    }

    fn probe(&mut self, node: NodeId, agent: AgentId, probe: Probe) {
        let script = *self.script(agent.0);
        if script.stuck || !self.processes.contains_key(&(node, agent)) {
            return;
        }
        let ok = probe != Probe::Work || script.outcome == CallOutcome::Ok;
        self.tell(node, Input::Agent { agent, event: AgentEvent::Probed { probe, ok, elapsed: script.work } });
    }

    fn reading(&mut self, node: NodeId) -> Reading {
        let rounds = &mut self.measured[node.index()];
        *rounds += 1;
        let busy = self.sync.get(&node).copied().unwrap_or(Duration::from_millis(1));
        let mut agents = Vec::new();
        for ((_, agent), process) in self.processes.iter().filter(|((on, _), _)| *on == node) {
            let leak = self.scripts.get(agent).map_or(0.0, |script| script.leak.0 as f64);
            let gained = leak * self.now.saturating_since(process.since).as_secs_f64();
            agents.push(AgentReading {
                agent: *agent,
                running: true,
                ready: process.ready,
                memory: Bytes(Bytes::from_mib(64).0 + gained as u64),
                handles: 1,
                handles_max: 1000,
                waiting: 0,
                busy: 0,
                succeeded: 0,
                failed: 0,
                entries: 0,
            });
        }
        // As long as flushes are slow, they all are: what counts is the difference between two readings.
        let syncs = *rounds * 10;
        let disk = DiskReading {
            operations: syncs,
            errors: 0,
            busy: busy * syncs,
            syncs,
            syncs_busy: busy * syncs,
            pending: if busy > Duration::from_millis(1) { busy } else { Duration::ZERO },
            used: Bytes(1),
            capacity: Bytes(1000),
        };
        Reading {
            cpu_elapsed: DELAY,
            cpu_expected: DELAY,
            memory_used: Bytes(agents.iter().map(|agent| agent.memory.0).sum()),
            memory_capacity: Bytes::from_mib(1024),
            disk,
            agents,
        }
    }

    fn dispatch(&mut self, call: CallId, agent: AgentId, target: NodeId) {
        let Some(open) = self.open.get_mut(&call) else { return };
        open.copies.push((agent, self.now));
        let reached = self.nodes[target.index()].is_some() && !self.cut.contains(&(open.node, target));
        if reached {
            self.later(DELAY, Event::Arrive { call, agent, node: target })
        } else {
            self.later(TIMEOUT, Event::Copy { call, agent, outcome: CallOutcome::TimedOut })
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Input(node, boot, input) if self.boots[node.index()] == boot => self.feed(node, input),
            Event::Input(..) => {}
            Event::Ready(node, agent, life) => {
                let process = self.processes.get_mut(&(node, agent)).filter(|process| process.life == life);
                if let Some(process) = process {
                    process.ready = true;
                    self.tell(node, Input::Agent { agent, event: AgentEvent::Ready });
                }
            }
            Event::Down(node, agent, life, exit) => self.down(node, agent, life, exit),
            Event::Arrive { call, agent, node } => self.arrive(call, agent, node),
            Event::Done(request) => {
                let Some(job) = self.jobs.remove(&request) else { return };
                let script = *self.script(job.agent.0);
                let (agent, outcome, elapsed) = (job.agent, script.outcome, script.work);
                self.feed(job.node, Input::RequestEnded { request, agent, outcome, waited: Duration::ZERO, elapsed });
                self.later(DELAY, Event::Copy { call: job.call, agent, outcome });
            }
            Event::Copy { call, agent, outcome } => self.copy_ended(call, agent, outcome),
            Event::Again(id) => {
                let Some(open) = self.open.get_mut(&id) else { return };
                if open.call.deadline <= self.now {
                    return self.end(id, End::Failed(CallOutcome::TimedOut));
                }
                open.call.attempt += 1;
                let (node, call) = (open.node, open.call);
                self.feed(node, Input::Call(call));
            }
        }
    }

    fn arrive(&mut self, call: CallId, agent: AgentId, node: NodeId) {
        let ready = self.processes.get(&(node, agent)).copied().filter(|process| process.ready);
        let Some(open) = self.open.get(&call) else { return };
        let (trace, from, deadline) = (open.call.trace, open.node, open.call.deadline);
        let Some(process) = ready else {
            return self.later(DELAY, Event::Copy { call, agent, outcome: CallOutcome::Refused });
        };
        self.sequence += 1;
        let id = RequestId(self.sequence);
        let request = Request { id, agent, from, trace, priority: Priority(0), deadline, waiting: 0, busy: 0 };
        self.decided = None;
        self.feed(node, Input::Request(request));
        if self.decided == Some(false) {
            return self.later(DELAY, Event::Copy { call, agent, outcome: CallOutcome::Refused });
        }
        self.jobs.insert(id, Job { call, node, agent, life: process.life });
        let script = *self.script(agent.0);
        if self.poison.contains(&trace) {
            self.killed += 1;
            self.down(node, agent, process.life, Exit::Abnormal);
        } else if script.stuck {
            self.later(TIMEOUT, Event::Copy { call, agent, outcome: CallOutcome::TimedOut });
        } else {
            self.later(script.work, Event::Done(id));
        }
    }

    fn down(&mut self, node: NodeId, agent: AgentId, life: u64, exit: Exit) {
        if self.processes.get(&(node, agent)).is_none_or(|process| process.life != life) {
            return;
        }
        self.processes.remove(&(node, agent));
        let script = *self.script(agent.0);
        if script.heals {
            let Script { startup, stopping, work, .. } = script;
            *self.script(agent.0) = Script { startup, stopping, work, ..Script::default() };
        }
        let inside: Vec<_> = self.jobs.iter().filter(|(_, job)| job.life == life).map(|(id, _)| *id).collect();
        for request in inside {
            let job = self.jobs.remove(&request).expect("just seen");
            let (outcome, elapsed) = (CallOutcome::Reset, Duration::ZERO);
            self.feed(node, Input::RequestEnded { request, agent, outcome, waited: Duration::ZERO, elapsed });
            self.later(DELAY, Event::Copy { call: job.call, agent, outcome });
        }
        self.tell(node, Input::Agent { agent, event: AgentEvent::Exited(exit) });
    }

    fn copy_ended(&mut self, id: CallId, agent: AgentId, outcome: CallOutcome) {
        let Some(open) = self.open.get_mut(&id) else { return };
        let Some(position) = open.copies.iter().position(|(to, _)| *to == agent) else { return };
        let (_, sent) = open.copies.swap_remove(position);
        open.call.previous = Some(agent);
        let last = outcome == CallOutcome::Ok || open.copies.is_empty();
        let Call { service, trace, attempt, deadline, .. } = open.call;
        let (node, took) = (open.node, self.now.saturating_since(open.begun));
        let elapsed = self.now.saturating_since(sent);
        let retries = outcome != CallOutcome::Ok && attempt < self.own_retries;
        let end = CallEnd { call: id, service, trace, attempt, agent, outcome, elapsed, last, retries, deadline };
        self.overruled = false;
        self.feed(node, Input::CallEnded(end));
        if outcome == CallOutcome::Ok {
            self.slowest = self.slowest.max(took);
            self.end(id, End::Answered);
        } else if last && !self.overruled && retries {
            self.later(DELAY, Event::Again(id));
        } else if last && !self.overruled {
            self.end(id, End::Failed(outcome));
        }
    }
}
