//! The node as its driver sees it: a few nodes, a constant delay, stepped from deadline to deadline.

use std::collections::BTreeMap;
use std::sync::Arc;

use hms_machine::{
    AgentEvent, AgentId, AgentPlace, Boot, Bytes, Call, CallId, Cause, Context, Directory, Duration, Effect, Exit, Input,
    Instant, Machine, NodeId, NodePlace, NodeRandom, Priority, Record, Rung, Seed, ServiceId, ServicePlace, Streams,
};
use hms_stack::{Configuration, Node, StackMessage};

const DELAY: Duration = Duration::from_millis(1);

/// Three nodes and an edge; one service with a replica on each node.
struct Cluster {
    configuration: Configuration,
    directory: Arc<Directory>,
    now: Instant,
    nodes: Vec<Option<Node>>,
    random: Vec<NodeRandom>,
    disks: Vec<Vec<Vec<u8>>>,
    inputs: BTreeMap<(Instant, u64), (NodeId, Input<StackMessage>)>,
    sequence: u64,
    records: Vec<(NodeId, Record)>,
    started: Vec<AgentId>,
    stopped: Vec<AgentId>,
    routed: Vec<AgentId>,
    /// Agents that do not answer probes.
    stuck: Vec<AgentId>,
}

impl Cluster {
    fn new(configuration: Configuration) -> Self {
        let place = |zone, edge| NodePlace { region: 0, zone, edge, memory: Bytes::from_mib(1024) };
        let nodes = vec![place(0, false), place(1, false), place(2, false), place(0, true)];
        let agents = (0..3).map(|node| AgentPlace { service: ServiceId(0), node: NodeId(node) }).collect();
        let directory = Directory::new(nodes, agents, vec![ServicePlace::default()]);
        let mut cluster = Cluster {
            configuration,
            directory: Arc::new(directory),
            now: Instant::ZERO,
            nodes: vec![None, None, None, None],
            random: (0..4).map(|_| NodeRandom::new(Streams::new(Seed(1)))).collect(),
            disks: vec![Vec::new(); 4],
            inputs: BTreeMap::new(),
            sequence: 0,
            records: Vec::new(),
            started: Vec::new(),
            stopped: Vec::new(),
            routed: Vec::new(),
            stuck: Vec::new(),
        };
        (0..4).for_each(|node| cluster.boot(NodeId(node)));
        cluster
    }

    fn boot(&mut self, node: NodeId) {
        let records = self.disks[node.index()].clone();
        let boot = Boot { node, directory: Arc::clone(&self.directory), records, now: self.now };
        self.nodes[node.index()] = Some(Node::boot(&self.configuration, boot));
        self.feed(node, Input::Booted);
    }

    fn crash(&mut self, node: NodeId) {
        self.nodes[node.index()] = None;
    }

    fn later(&mut self, delay: Duration, node: NodeId, input: Input<StackMessage>) {
        self.sequence += 1;
        self.inputs.insert((self.now + delay, self.sequence), (node, input));
    }

    fn feed(&mut self, node: NodeId, input: Input<StackMessage>) {
        let Some(machine) = &mut self.nodes[node.index()] else { return };
        let mut effects = Vec::new();
        let mut cx = Context::new(self.now, self.now, node, &mut self.random[node.index()], &mut effects);
        machine.handle(input, &mut cx);
        for effect in effects {
            self.carry_out(node, effect);
        }
    }

    fn carry_out(&mut self, node: NodeId, effect: Effect<StackMessage>) {
        match effect {
            Effect::Send { to, message } => self.later(DELAY, to, Input::Message { from: node, message }),
            Effect::Persist { record, token } => {
                self.disks[node.index()].push(record);
                self.later(DELAY, node, Input::Persisted { token });
            }
            Effect::Start { agent, .. } => {
                self.started.push(agent);
                self.later(DELAY, node, Input::Agent { agent, event: AgentEvent::Ready });
            }
            Effect::Stop { agent, .. } => {
                self.stopped.push(agent);
                self.later(DELAY, node, Input::Agent { agent, event: AgentEvent::Exited(Exit::Stopped) });
            }
            Effect::Probe { agent, .. } if self.stuck.contains(&agent) => {}
            Effect::Probe { agent, probe } => {
                let event = AgentEvent::Probed { probe, ok: true, elapsed: DELAY };
                self.later(DELAY, node, Input::Agent { agent, event });
            }
            Effect::Route { agent, .. } => self.routed.push(agent),
            Effect::Measure => self.later(DELAY, node, Input::Measured(Arc::new(well()))),
            Effect::Checkpoint(_)
            | Effect::Ship { .. }
            | Effect::Hedge { .. }
            | Effect::Refuse(_)
            | Effect::Retry { .. }
            | Effect::GiveUp(_)
            | Effect::FallBack { .. }
            | Effect::Admit(_)
            | Effect::Shed(_) => {}
            Effect::Record(record) => self.records.push((node, record)),
        }
    }

    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let input = self.inputs.first_key_value().map(|(key, _)| key.0);
            let deadline = (0..4u32)
                .filter_map(|node| self.nodes[node as usize].as_ref()?.deadline().map(|at| (at.max(self.now), NodeId(node))))
                .min();
            let next = input.into_iter().chain(deadline.map(|(at, _)| at)).min().filter(|at| *at <= end);
            let Some(next) = next else { break };
            self.now = next;
            if input == Some(next) {
                let (_, (node, input)) = self.inputs.pop_first().expect("just seen");
                self.feed(node, input);
            } else if let Some((_, node)) = deadline {
                self.feed(node, Input::Timeout);
            }
        }
        self.now = end;
    }

    fn suspicions(&self) -> Vec<(u32, u32)> {
        let suspects = |by: u32, peer: u32| self.nodes[by as usize].as_ref().is_some_and(|node| node.suspects(NodeId(peer)));
        (0..4).flat_map(|by| (0..3).map(move |peer| (by, peer))).filter(|(by, peer)| suspects(*by, *peer)).collect()
    }

    fn call(&mut self, node: NodeId, trace: u64) {
        let (priority, deadline) = (Priority(0), Instant::MAX);
        let call = Call { id: CallId(trace), service: ServiceId(0), trace, attempt: 0, previous: None, priority, deadline };
        self.feed(node, Input::Call(call));
    }
}

fn without_health() -> Configuration {
    let mut configuration = Configuration::default();
    configuration.health.enabled = false;
    configuration
}

fn without_supervisor() -> Configuration {
    let mut configuration = Configuration::default();
    configuration.supervisor.enabled = false;
    configuration
}

#[test]
fn a_quiet_cluster_suspects_nobody() {
    let mut cluster = Cluster::new(Configuration::default());
    cluster.run(Duration::from_secs(60));
    assert_eq!(cluster.suspicions(), []);
    assert_eq!(cluster.records, []);
}

#[test]
fn hm_s1_a_crashed_node_is_suspected_by_every_other_node_within_a_second_and_by_none_with_health_off() {
    let crashed = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(Duration::from_secs(5));
        cluster.crash(NodeId(1));
        cluster.run(Duration::from_secs(1));
        cluster.suspicions()
    };
    assert_eq!(crashed(Configuration::default()), [(0, 1), (2, 1), (3, 1)]);
    assert_eq!(crashed(without_health()), []);
}

#[test]
fn a_node_that_comes_back_is_trusted_again_in_a_later_incarnation() {
    let mut cluster = Cluster::new(Configuration::default());
    cluster.run(Duration::from_secs(5));
    cluster.crash(NodeId(1));
    cluster.run(Duration::from_secs(5));
    cluster.boot(NodeId(1));
    cluster.run(Duration::from_secs(1));
    assert_eq!(cluster.suspicions(), []);
    assert_eq!(cluster.nodes[1].as_ref().map(Node::incarnation), Some(2));
}

#[test]
fn a_node_whose_disk_was_replaced_is_trusted_again() {
    let mut cluster = Cluster::new(Configuration::default());
    for _ in 0..3 {
        cluster.run(Duration::from_secs(5));
        cluster.crash(NodeId(1));
        cluster.run(Duration::from_secs(5));
        cluster.boot(NodeId(1));
    }
    cluster.run(Duration::from_secs(5));
    cluster.crash(NodeId(1));
    cluster.disks[1].clear();
    cluster.run(Duration::from_secs(5));
    cluster.boot(NodeId(1));
    cluster.run(Duration::from_secs(1));
    assert_eq!(cluster.suspicions(), []);
}

#[test]
fn calls_avoid_the_suspected_and_go_everywhere_with_health_off() {
    let routed = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(Duration::from_secs(5));
        cluster.crash(NodeId(1));
        cluster.run(Duration::from_secs(5));
        (0..100).for_each(|trace| cluster.call(NodeId(3), trace));
        cluster.routed.sort_unstable();
        cluster.routed.dedup();
        cluster.routed
    };
    assert_eq!(routed(Configuration::default()), [AgentId(0), AgentId(2)]);
    assert_eq!(routed(without_health()), [AgentId(0), AgentId(1), AgentId(2)]);
}

#[test]
fn as4_an_agent_that_ends_is_started_again_and_stays_down_with_the_supervisor_off() {
    let starts = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(Duration::from_secs(5));
        let ended = Input::Agent { agent: AgentId(2), event: AgentEvent::Exited(Exit::Abnormal) };
        cluster.feed(NodeId(2), ended);
        cluster.run(Duration::from_secs(5));
        (cluster.started.iter().filter(|agent| **agent == AgentId(2)).count(), cluster.records)
    };
    let (count, records) = starts(Configuration::default());
    assert_eq!(count, 2);
    let (agent, rung, cause, attempt) = (AgentId(2), Rung::Restart, Cause::Crash, 1);
    let restarted = Record::RecoveryStarted { agent, rung, cause, attempt };
    let expected = [Record::AgentFailed { agent, cause }, restarted, Record::RecoveryVerified { agent, rung, attempt }];
    assert_eq!(records, expected.map(|record| (NodeId(2), record)));
    assert_eq!(starts(without_supervisor()).0, 1);
}

#[test]
fn a_stuck_agent_is_stopped_and_started_again_and_stays_stuck_with_the_supervisor_off() {
    let stopped = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(Duration::from_secs(5));
        cluster.stuck.push(AgentId(0));
        cluster.run(Duration::from_millis(1500));
        cluster.stopped
    };
    assert_eq!(stopped(Configuration::default()), [AgentId(0)]);
    assert_eq!(stopped(without_supervisor()), []);
}

#[test]
fn no_heartbeat_leaves_before_the_incarnation_is_durable() {
    let directory = Cluster::new(Configuration::default()).directory;
    let boot = Boot { node: NodeId(0), directory, records: Vec::new(), now: Instant::ZERO };
    let mut node = Node::boot(&Configuration::default(), boot);
    let mut random = NodeRandom::new(Streams::new(Seed(1)));
    let mut effects = Vec::new();
    let mut cx = Context::new(Instant::ZERO, Instant::ZERO, NodeId(0), &mut random, &mut effects);
    node.handle(Input::Booted, &mut cx);
    for millis in (100..2_000).step_by(100) {
        let now = Instant::from_nanos(millis * 1_000_000);
        node.handle(Input::Timeout, &mut Context::new(now, now, NodeId(0), &mut random, &mut effects));
    }
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send { .. })));
}
