//! The node: the one place where the components of the stack meet.
//!
//! Every node of the cluster watches others and lets itself be watched, looks after its own agents, decides where the calls of its agents go and
//! which requests they take in, keeps copies of their state elsewhere, and is ready to decide for the cluster if it has to. An edge, which lets clients in, watches
//! the nodes and routes the clients' calls. None of the components knows another: what one finds is carried to the others here.
//!
//! | part | what it joins |
//! |---|---|
//! | [`watch`] | heartbeats, detectors and links, or SWIM |
//! | [`life`], [`statement`], [`message`] | boots and incarnations; what a node says of itself; what nodes send |
//! | [`peers`], [`assignments`] | what is believed of other nodes and their agents, and where agents have been moved to |
//! | [`moves`] | what a node does about moves: takes agents in, keeps them, hands them over |
//! | [`examination`] | checks, trends, alerts |
//! | [`clocks`] | what messages say about the clocks of their senders |
//! | [`chart`] | history, anomalies, slow leaks, and how well the whole is |
//! | [`treatment`] | what is done about what the checks find |
//! | [`recovery`] | lifecycles, supervision trees, ladder, guard, gate for starts |
//! | [`state`] | checkpoints and shipped copies |
//! | [`cluster`] | leadership, placement, the guard of the whole |
//! | [`calls`] | balancing, outliers, breakers, retries, budgets, hedges, limits, fallbacks |
//! | [`comparisons`] | which replicas take longer than others |
//! | [`requests`] | quarantine, bulkheads, shedding |
//!
//! A node's incarnation is kept on its disk and raised at each boot; it shows itself once that is durable, so that nobody mistakes an old life for the new
//! one. Before it starts agents it asks its peers what has been moved, for a moment: an agent that was moved while it was down must not be started twice.

mod assignments;
mod callee;
mod calls;
mod chart;
mod clocks;
mod cluster;
mod comparisons;
mod examination;
mod life;
mod message;
mod moves;
mod peers;
mod recovery;
mod requests;
mod state;
mod statement;
mod treatment;
mod watch;

use std::sync::Arc;

use hms_machine::{
    AgentEvent, AgentId, Boot, Cause, Component, Context, Directory, Exit, Input, Instant, Machine, NodeId, Probe, Record,
    ServiceId, StateSource,
};

use crate::Configuration;
use crate::breaker;
use crate::health::checks::Reading;
use crate::health::swim::Facts;
use crate::health::{History, Rollup};
use crate::supervisor::ladder::Ladder;
use assignments::Assignments;
use calls::{Calls, View};
use chart::Beliefs;
use cluster::{Cluster, Overview};
use examination::Examination;
use life::{Life, TRIAL};
use moves::Leaving;
use peers::{Peers, Standing};
use recovery::{Recovery, Situation};
use requests::Requests;
use state::States;
use statement::statement;
use watch::{News, Statement, Watch};

pub use message::{Beat, StackMessage};

type Cx<'a> = Context<'a, StackMessage>;

/// The stack of one node.
#[derive(Clone, Debug)]
pub struct Node {
    id: NodeId,
    /// Shared by all nodes of a run.
    configuration: Arc<Configuration>,
    directory: Arc<Directory>,
    life: Life,
    watch: Watch,
    peers: Peers,
    assignments: Assignments,
    examination: Examination,
    recovery: Recovery,
    states: States,
    cluster: Cluster,
    calls: Calls,
    requests: Requests,
    /// When the recovery is due next, as of its last decision: it takes a look at every agent to know.
    recovery_at: Option<Instant>,
    /// What this node said of itself last.
    said: Statement,
    /// When it last kept agents that it was ordered to give away.
    kept_at: Option<Instant>,
    /// Agents that work on here until their stand-ins are ready.
    leaving: Leaving,
}

impl Machine for Node {
    type Message = StackMessage;
    type Configuration = Arc<Configuration>;

    fn boot(configuration: &Arc<Configuration>, boot: Boot) -> Self {
        let Boot { node, directory, records, now } = boot;
        let life = Life::new(&records);
        let configuration = settled(configuration);
        Node {
            id: node,
            configuration: Arc::clone(&configuration),
            life,
            watch: Watch::new(&configuration, node, &directory, now),
            peers: Peers::new(&directory),
            assignments: Assignments::new(Arc::clone(&directory)),
            examination: Examination::new(node, &configuration),
            recovery: Recovery::new(&directory, node),
            states: States::default(),
            cluster: Cluster::new(node, &configuration, now),
            calls: Calls::new(&directory, node, now),
            requests: Requests::default(),
            said: Statement::default(),
            recovery_at: None,
            kept_at: None,
            leaving: Leaving::default(),
            directory,
        }
    }

    fn handle(&mut self, input: Input<StackMessage>, cx: &mut Cx<'_>) {
        match input {
            Input::Booted => self.begin(cx),
            Input::Message { from, message } => self.hear(from, message, cx),
            Input::Timeout => self.wake(cx),
            Input::Persisted { token } => self.persisted(token, cx),
            Input::PersistFailed { token: TRIAL } => {}
            // Tried again at once would storm a broken disk, so after a heartbeat's period.
            Input::PersistFailed { .. } => self.life.write_at = Some(cx.now + self.configuration.health.heartbeat),
            Input::Agent { agent, event } => self.agent(agent, event, cx),
            Input::Call(call) => {
                let (calls, view) = self.calls_and_view();
                calls.begin(call, view, cx);
            }
            Input::CallEnded(end) => {
                let (calls, view) = self.calls_and_view();
                calls.ended(end, view, cx);
            }
            Input::Request(request) => self.requests.arrived(request, &self.configuration, &self.directory, cx),
            Input::RequestEnded { request, agent, outcome, waited, elapsed } => {
                self.requests.ended(request, agent, outcome, waited, elapsed, cx);
                // Of agents that need not prove anything every request would be asked about in vain.
                if self.recovery.on_trial(agent) {
                    let ok = outcome == hms_machine::CallOutcome::Ok;
                    self.with_situation(|recovery, situation| recovery.worked(agent, ok, false, situation, cx));
                }
            }
            Input::Measured(reading) => {
                self.states.measured(&reading, &self.configuration, cx);
                self.recovery.measured(&reading);
                let mut findings = Vec::new();
                self.examination.measured(&reading, &self.configuration, &self.directory, &mut findings, cx);
                self.act_on(findings, cx);
                if self.examination.wants_a_write() {
                    self.write_life(TRIAL, cx);
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let parts = [
            self.life.write_at,
            self.life.wait_until,
            self.watch.deadline(),
            self.examination.deadline(),
            self.recovery_at,
            self.cluster.deadline(),
            self.leaving.deadline(),
            self.calls.deadline(),
        ];
        parts.into_iter().fold(None, earlier)
    }
}

impl Node {
    /// Who this is.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Which of its lives this is: larger is later. A life without records of earlier ones takes the wall clock's nanoseconds, at least 1.
    pub fn incarnation(&self) -> u64 {
        self.watch.incarnation().unwrap_or(self.life.incarnation)
    }

    /// Whether this node believes that `peer` has failed. Nodes of which it hears nothing are believed alive.
    pub fn suspects(&self, peer: NodeId) -> bool {
        self.peers.suspects(peer)
    }

    /// Where this node believes that an agent is to run.
    pub fn place_of(&self, agent: AgentId) -> NodeId {
        self.assignments.node_of(agent)
    }

    /// The breakers of this node.
    pub fn breakers(&self) -> &breaker::Registry {
        self.calls.breakers()
    }

    /// What this node has tried for its agents, and what has helped.
    pub fn ladder(&self) -> &Ladder {
        self.recovery.ladder()
    }

    /// Whether this node says of itself that it is not well, and why.
    pub fn degraded(&self) -> Option<Cause> {
        self.examination.degraded()
    }

    /// What readings of this node and its agents were, if that is kept.
    pub fn history(&self) -> Option<&History> {
        self.examination.chart().history()
    }

    /// How well the whole is as far as this node believes, if it leads or has led.
    pub fn rollup(&self) -> Option<&Rollup> {
        self.examination.chart().rollup()
    }

    fn is_edge(&self) -> bool {
        self.directory.nodes[self.id.index()].edge
    }

    fn calls_and_view(&mut self) -> (&mut Calls, View<'_>) {
        let Node { calls, configuration, directory, peers, assignments, .. } = self;
        (calls, View { configuration, directory, peers, assignments })
    }

    /// Lends the recovery what it decides by.
    fn with_situation<T>(&mut self, decide: impl FnOnce(&mut Recovery, Situation<'_>) -> T) -> T {
        let Node { recovery, recovery_at, configuration, directory, peers, states, examination, id, .. } = self;
        let replicas = |service: ServiceId| directory.services[service.index()].agents.iter();
        let situation = Situation {
            configuration,
            directory,
            cluster: peers.suspected(),
            zone: peers.suspected_in(directory.nodes[id.index()].zone),
            healthy: &|service| replicas(service).copied().filter(|agent| peers.standing(*agent) == Standing::Ready).collect(),
            holders: &|agent| state::sources(agent, configuration, directory, peers),
            within_reach: &|agent| state::is_within_reach(agent, configuration, directory, |node| !peers.suspects(node)),
            ready: &|service| replicas(service).any(|agent| peers.standing(*agent) != Standing::Out),
            checkpoint: &|agent| states.checkpoint(agent),
            disk: examination.disk(),
        };
        let decided = decide(recovery, situation);
        *recovery_at = recovery.deadline(configuration);
        decided
    }

    fn is_stateful(&self, agent: AgentId) -> bool {
        self.directory.services[self.directory.agents[agent.index()].service.index()].stateful
    }

    fn take_in(&mut self, agents: &[(AgentId, StateSource)], moved: bool, cx: &mut Cx<'_>) {
        for (agent, _) in agents {
            if self.is_stateful(*agent) {
                self.states.keep(*agent, self.id, &self.configuration, &self.directory, cx);
                self.replicate(*agent, cx);
            }
        }
        self.with_situation(|recovery, situation| recovery.admit(agents, moved, situation, cx));
    }

    fn hear(&mut self, from: NodeId, message: StackMessage, cx: &mut Cx<'_>) {
        match message {
            StackMessage::Heartbeat(beat) => {
                let Some(news) = self.watch.heard(from, &beat, cx) else { return };
                self.examination.heard(from, beat.sent, &self.configuration, &self.directory, cx);
                self.learn(news, cx);
                self.peers.says(from, beat.incarnation, &beat.ready, beat.degraded, &self.assignments);
                self.start_waiting(cx);
                self.compare(from, beat.moves, cx);
            }
            StackMessage::Swim { sent, message } => {
                self.examination.heard(from, sent, &self.configuration, &self.directory, cx);
                let news = self.watch.gossip(from, &message, cx);
                self.learn(news, cx);
            }
            StackMessage::Ask => {
                cx.charge(Component::Supervisor);
                let known = self.peers.incarnation(from);
                cx.send(from, StackMessage::Answer { moves: Arc::clone(self.assignments.moves()), known });
            }
            StackMessage::RequestVote { asked } => {
                cx.charge(Component::Supervisor);
                let granted = self.cluster.follow(from, &self.peers, cx.now);
                cx.send(from, StackMessage::Vote { asked, granted });
            }
            StackMessage::Vote { asked, granted } => {
                cx.charge(Component::Supervisor);
                self.cluster.voted(from, asked, granted, cx.now);
            }
            StackMessage::Answer { moves, known } => {
                cx.charge(Component::Supervisor);
                self.merge(&moves, cx);
                if self.life.wait_until.is_some() {
                    self.life.asked = self.life.asked.saturating_sub(1);
                    // Who does not remember this node may have started with it and know nothing at all; another may know more.
                    if known > 0 || self.life.asked == 0 {
                        self.start_agents(Some(known), cx);
                    }
                }
            }
            StackMessage::Order { moves, sent } => {
                cx.charge(Component::Supervisor);
                self.keep_what_works(&moves, sent, cx);
                self.merge(&moves, cx);
            }
            StackMessage::Moves(moves) => {
                cx.charge(Component::Supervisor);
                self.merge(&moves, cx);
                // Whoever knows less is told.
                if !moves.covers(self.assignments.moves()) {
                    cx.send(from, StackMessage::Moves(Arc::clone(self.assignments.moves())));
                }
            }
            StackMessage::Relieve { agent } => {
                cx.charge(Component::Supervisor);
                if self.recovery.serves(agent) && self.assignments.node_of(agent) == self.id {
                    cx.send(from, StackMessage::Relieved { agent });
                }
            }
            StackMessage::Relieved { agent } => {
                cx.charge(Component::Supervisor);
                self.relieved(agent, from, cx);
            }
            // Edges lead nobody.
            StackMessage::Move { .. } | StackMessage::Report { .. } if self.is_edge() => {}
            StackMessage::Move { agent } => {
                cx.charge(Component::Supervisor);
                self.cluster.asked(agent, from, cx.now);
            }
            StackMessage::Report { about, suspected } => {
                self.cluster.reported(from, about, suspected, cx.now);
            }
        }
    }

    /// Others may have become ready that agents here wait for.
    fn start_waiting(&mut self, cx: &mut Cx<'_>) {
        if self.recovery.waits() {
            self.with_situation(|recovery, situation| recovery.open_gate(situation, cx));
        }
    }

    /// What the watch has found.
    fn learn(&mut self, news: Vec<News>, cx: &mut Cx<'_>) {
        for news in news {
            match news {
                News::Suspected(node) => self.suspect(node, true, cx),
                News::Trusted(node) => self.suspect(node, false, cx),
                News::Way { node, cause, bad } => self.examination.way(node, cause, bad, &self.directory, cx),
                News::Facts { node, facts } => {
                    self.believe(node, facts);
                    self.start_waiting(cx);
                    self.compare(node, facts.version, cx);
                }
            }
        }
    }

    /// What a node says of its agents is about those that it knows of: it can be read with the same register of moves.
    fn believe(&mut self, node: NodeId, facts: Facts) {
        if facts.version == self.assignments.digest() {
            let statement = watch::statement_of(facts, &self.assignments.agents_of(node));
            self.peers.says(node, 1, &statement.ready, statement.degraded, &self.assignments);
        }
    }

    fn suspect(&mut self, node: NodeId, suspected: bool, cx: &mut Cx<'_>) {
        cx.record(if suspected { Record::Suspected(node) } else { Record::Trusted(node) });
        self.peers.suspect(node, suspected, &self.assignments);
        self.examination.peer(node, suspected, &self.directory, cx);
        if !self.is_edge() {
            let Node { cluster, configuration, directory, peers, .. } = self;
            cluster.believes(node, suspected, Overview { configuration, directory, peers }, cx);
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>) {
        if self.life.write_at.is_some_and(|due| due <= cx.now) {
            self.life.write_at = None;
            self.write_life(self.life.incarnation, cx);
        }
        if self.life.wait_until.is_some_and(|due| due <= cx.now) {
            self.start_agents(None, cx);
        }
        if self.watch.deadline().is_some_and(|due| due <= cx.now) {
            let Node { watch, life, recovery, examination, assignments, .. } = &mut *self;
            let digest = assignments.digest();
            let news = watch.wake(life.incarnation, || statement(recovery, examination, assignments), cx);
            self.learn(news, cx);
            if let Some(node) = self.watch.disagrees(digest, self.directory.hosts() as u32, cx.now) {
                cx.send(node, StackMessage::Moves(Arc::clone(self.assignments.moves())));
            }
        }
        if self.examination.deadline().is_some_and(|due| due <= cx.now) {
            self.look_round(cx);
        }
        if self.recovery_at.is_some_and(|due| due <= cx.now) {
            cx.charge(Component::Supervisor);
            let outcomes = self.with_situation(|recovery, situation| recovery.wake(situation, cx));
            self.follow(outcomes, cx);
        }
        self.ask_for_relief(cx);
        self.lead(cx);
        if self.calls.deadline().is_some_and(|due| due <= cx.now) {
            let (calls, view) = self.calls_and_view();
            calls.wake(view, cx);
        }
    }

    /// A round of the checks.
    fn look_round(&mut self, cx: &mut Cx<'_>) {
        let mut findings = Vec::new();
        let leads = self.cluster.leads();
        let Node { examination, requests, configuration, directory, peers, assignments, .. } = self;
        examination.draw(leads, Beliefs { directory, peers, assignments }, configuration, cx);
        let now = cx.now;
        examination.wake(configuration, directory, |agent| requests.evidence(agent, now), &mut findings, cx);
        let observed: Vec<_> = self.calls.observed().collect();
        for (agent, ok, failed) in observed {
            let outcomes = Reading::Outcomes { ok: u64::from(ok), errors: u64::from(failed) };
            self.examination.called(agent, outcomes, &self.configuration, &self.directory, cx);
        }
        for (agent, comparison) in self.calls.compared(cx.now) {
            self.examination.called(agent, comparison, &self.configuration, &self.directory, cx);
        }
        self.act_on(findings, cx);
    }

    /// Decisions for the cluster, if this node is the one to take them.
    fn lead(&mut self, cx: &mut Cx<'_>) {
        if self.is_edge() || self.cluster.deadline().is_none_or(|due| due > cx.now) {
            return;
        }
        let Node { cluster, configuration, directory, peers, assignments, .. } = self;
        let before = assignments.clone();
        let moved = cluster.wake(Overview { configuration, directory, peers }, assignments, cx);
        if moved.is_empty() {
            return;
        }
        debug_assert!(!before.moves().covers(self.assignments.moves()));
        self.announce(cx);
        self.carry_out_moves(moved, &before, cx);
    }

    fn agent(&mut self, agent: AgentId, event: AgentEvent, cx: &mut Cx<'_>) {
        cx.charge(Component::Supervisor);
        let poisoned = match event {
            AgentEvent::Exited(Exit::Abnormal) => self.requests.died(agent, &self.configuration, cx),
            AgentEvent::Exited(Exit::OutOfMemory | Exit::Stopped | Exit::CorruptState) => {
                self.requests.stopped(agent);
                false
            }
            AgentEvent::Ready | AgentEvent::Probed { .. } | AgentEvent::Checkpointed { .. } | AgentEvent::Shipped { .. } => false,
        };
        match event {
            AgentEvent::Exited(_) => {
                // What was to be handed over is not started again here.
                self.let_go(agent, cx);
                self.states.ended(agent);
                // What was seen of the process that has ended says nothing about the next.
                self.examination.forget(agent);
            }
            AgentEvent::Ready => {
                self.examination.forget(agent);
                self.examination.watch(agent, &self.configuration, cx);
            }
            AgentEvent::Checkpointed { ok } => self.states.checkpointed(agent, ok, cx),
            AgentEvent::Probed { probe, ok, elapsed } => {
                if probe != Probe::Liveness {
                    cx.charge(Component::Health);
                }
                let mut findings = Vec::new();
                let Node { examination, configuration, directory, .. } = self;
                examination.probed((agent, probe, ok, elapsed), configuration, directory, &mut findings, cx);
                self.act_on(findings, cx);
            }
            AgentEvent::Shipped { .. } => {}
        }
        let outcomes = self.with_situation(|recovery, situation| recovery.event(agent, event, poisoned, situation, cx));
        // It was moved away and back while its process here took its time to stop.
        if matches!(event, AgentEvent::Exited(_)) && self.life.wait_until.is_none() && self.assignments.node_of(agent) == self.id
        {
            let source = if self.is_stateful(agent) { self.copies_of(agent) } else { StateSource::Local };
            self.take_in(&[(agent, source)], true, cx);
        }
        self.follow(outcomes, cx);
    }
}

/// With the parameters that follow from a contract. They stand in a copy; without a contract all nodes share theirs.
fn settled(configuration: &Arc<Configuration>) -> Arc<Configuration> {
    let health = configuration.contract.apply(configuration.health);
    if health == configuration.health { Arc::clone(configuration) } else { Arc::new(Configuration { health, ..**configuration }) }
}

/// The earlier of two deadlines, if there is any.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, None) => one,
        (None, other) => other,
    }
}
