//! Recovery of a node's own agents: what has failed is noticed, decided on, carried out, and proven.
//!
//! Picture a ward. *Lifecycle* is each patient's chart, *checks* are the instruments at the bed, the *ladder* knows which treatment to try next, the
//! *guard* whether it may be tried now, the *tree* whom it concerns besides, and the *gate* lets only so many start at once. Here they meet; none of them knows another.
//!
//! A failure goes this way: noticed → decided (rung) → permitted → process ended, if there is one → started after a pause → ready → proven by real work → over; or
//! the next rung. What cannot be helped here is handed to the leader ([`Outcome::Move`]).

mod isolation;
mod patient;
mod trees;

use std::collections::BTreeMap;
use std::mem::discriminant;

use hms_machine::{
    AgentEvent, AgentId, Cause, Component, Context, Directory, Duration, Exit, Holders, Instant, NodeId, Probe, Reading, Record,
    Rung, ServiceId, StateSource,
};

use super::examination::Disk;
use super::message::StackMessage;
use super::treatment::of_the_disk;
use crate::configuration::Configuration;
use crate::supervisor::guard::{Count, Guard, Outlook, Permission, Refusal, Replicas, Request};
use crate::supervisor::ladder::{self, Available, Ladder};
use crate::supervisor::lifecycle::{Advice, Lifecycle, State, Then};
use crate::supervisor::starts::Starts;
use crate::supervisor::tree::{ChildId, ExitReason, Tree};
use patient::{Patient, Treatment, first_source, leaks};

/// A recovery that the guard refused is asked for again after this, if the guard names no time.
const HELD: Duration = Duration::from_millis(500);

/// The leader may not have got the message, or may be another by now.
const ASKED_AGAIN: Duration = Duration::from_secs(1);

type Cx<'a> = Context<'a, StackMessage>;

/// The ward.
#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    node: NodeId,
    zone: u32,
    patients: BTreeMap<AgentId, Patient>,
    trees: BTreeMap<u32, Tree>,
    /// How often agents have been fenced off here.
    isolations: BTreeMap<AgentId, u32>,
    /// Trees planted so far.
    planted: u32,
    ladder: Ladder,
    guard: Guard,
    gate: Starts,
}

/// What the node has to do beyond its own agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The agent cannot be helped here: the leader finds another place.
    Move(AgentId),
}

/// What is known when a decision is made.
#[derive(Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub(crate) configuration: &'a Configuration,
    pub(crate) directory: &'a Directory,
    /// Nodes, this one included, that are believed down; and all.
    pub(crate) cluster: Count,
    pub(crate) zone: Count,
    /// Healthy replicas of a service as this node believes.
    pub(crate) healthy: &'a dyn Fn(ServiceId) -> Vec<AgentId>,
    /// The nodes that may hold a copy of an agent's state and are believed alive.
    pub(crate) holders: &'a dyn Fn(AgentId) -> Holders,
    /// Whether a start elsewhere would find an agent's state, as this node believes.
    pub(crate) within_reach: &'a dyn Fn(AgentId) -> bool,
    /// Whether a service is believed ready.
    pub(crate) ready: &'a dyn Fn(ServiceId) -> bool,
    /// Whether a checkpoint of an agent was taken here.
    pub(crate) checkpoint: &'a dyn Fn(AgentId) -> bool,
    /// How the host's disk is.
    pub(crate) disk: Disk,
}

impl Recovery {
    pub(crate) fn new(directory: &Directory, node: NodeId) -> Self {
        Recovery {
            node,
            zone: directory.nodes[node.index()].zone,
            patients: BTreeMap::new(),
            trees: BTreeMap::new(),
            isolations: BTreeMap::new(),
            planted: 0,
            ladder: Ladder::default(),
            guard: Guard::default(),
            gate: Starts::default(),
        }
    }

    /// The agents that this node looks after.
    pub(crate) fn agents(&self) -> impl Iterator<Item = AgentId> + '_ {
        self.patients.keys().copied()
    }

    /// Whether this node looks after the agent.
    pub(crate) fn cares_for(&self, agent: AgentId) -> bool {
        self.patients.contains_key(&agent)
    }

    /// Whether the agent works here, and nothing is being done about it.
    pub(crate) fn serves(&self, agent: AgentId) -> bool {
        self.patients.get(&agent).is_some_and(|patient| patient.lifecycle.admitted() && patient.treatment.is_none())
    }

    /// Whether the agent has to prove that it works.
    pub(crate) fn on_trial(&self, agent: AgentId) -> bool {
        self.patients.get(&agent).is_some_and(|patient| patient.lifecycle.on_trial())
    }

    /// The agents that may be sent calls.
    pub(crate) fn ready(&self) -> Vec<AgentId> {
        self.patients.iter().filter(|(_, patient)| patient.lifecycle.admitted()).map(|(agent, _)| *agent).collect()
    }

    /// The ladder's records, for reports.
    pub(crate) fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// Takes agents in: those of one service stand under one supervisor. Each is started with its state from `source`; one that was `moved` here has
    /// to prove that it works.
    pub(crate) fn admit(&mut self, agents: &[(AgentId, StateSource)], moved: bool, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let mut by_service: BTreeMap<ServiceId, Vec<(AgentId, StateSource)>> = BTreeMap::new();
        for (agent, source) in agents.iter().filter(|(agent, _)| !self.patients.contains_key(agent)) {
            by_service.entry(situation.directory.agents[agent.index()].service).or_default().push((*agent, *source));
        }
        for (service, agents) in by_service {
            let names: Vec<_> = agents.iter().map(|(agent, _)| *agent).collect();
            let tree = self.plant(&names, situation.configuration, cx);
            for (position, (agent, source)) in agents.into_iter().enumerate() {
                // The root is 0, its children follow in order.
                let child = ChildId(position as u32 + 1);
                let patient = Patient {
                    service,
                    lifecycle: if moved { Lifecycle::moved_here() } else { Lifecycle::registered() },
                    tree: (tree, child),
                    source,
                    treatment: moved.then_some(Treatment { rung: Rung::Relocate, cause: Cause::NodeDown, judge_at: None }),
                    attempts: u32::from(moved),
                    held: None,
                    isolated: None,
                    with_sibling: false,
                    ailing: None,
                    disk_ill: None,
                    used: 0.0,
                    prove_at: None,
                    ask_at: None,
                    refused: None,
                };
                self.patients.insert(agent, patient);
                self.gate.ask(agent, situation.directory.services[service.index()].needs.clone(), cx.now);
            }
        }
        self.open_gate(situation, cx);
    }

    /// Lets an agent go that is to run elsewhere.
    pub(crate) fn dismiss(&mut self, agent: AgentId, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        patient.lifecycle.relocated();
        if patient.lifecycle.stop(Then::Ended) == Advice::Stop {
            cx.stop(agent, situation.configuration.supervisor.shutdown);
        }
        patient.treatment = None;
        patient.held = None;
        self.ladder.release(agent);
        self.guard.ended(agent);
        self.gate.ended(agent);
        self.leave_tree(agent, situation, cx);
        if !self.has_process(agent) {
            self.discharge(agent);
        }
        self.open_gate(situation, cx);
    }

    fn has_process(&self, agent: AgentId) -> bool {
        let state = self.patients.get(&agent).map(|patient| patient.lifecycle.state());
        matches!(
            state,
            Some(
                State::Starting { .. }
                    | State::Verifying { .. }
                    | State::Running(_)
                    | State::Degraded(_)
                    | State::Stopping { .. }
            )
        )
    }

    /// What the operating system tells about an agent. `poisoned`: its death has led to a quarantine.
    pub(crate) fn event(
        &mut self,
        agent: AgentId,
        event: AgentEvent,
        poisoned: bool,
        situation: Situation<'_>,
        cx: &mut Cx<'_>,
    ) -> Vec<Outcome> {
        cx.charge(Component::Supervisor);
        let mut outcomes = Vec::new();
        match event {
            AgentEvent::Ready => self.is_ready(agent, situation, cx),
            AgentEvent::Exited(exit) => self.exited(agent, exit, poisoned, situation, cx, &mut outcomes),
            AgentEvent::Probed { probe: Probe::Liveness, ok: true, .. } => {
                if let Some(patient) = self.patients.get_mut(&agent) {
                    patient.lifecycle.answered();
                }
            }
            AgentEvent::Probed { probe: Probe::Work, ok, .. } => self.worked(agent, ok, true, situation, cx),
            // What else probes say goes to the checks alone; state is another's matter.
            AgentEvent::Probed { .. } | AgentEvent::Checkpointed { .. } | AgentEvent::Shipped { .. } => {}
        }
        outcomes
    }

    fn is_ready(&mut self, agent: AgentId, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        // It may have crossed with an order to stop.
        if !matches!(patient.lifecycle.state(), State::Starting { .. }) {
            return;
        }
        let supervisor = &situation.configuration.supervisor;
        let proving = patient.lifecycle.ready(supervisor, cx.now);
        let (tree, child) = patient.tree;
        patient.source = StateSource::Local;
        if proving {
            cx.probe(agent, Probe::Work);
        } else if patient.treatment.is_some() {
            self.over(agent, situation, cx);
        }
        self.gate.ended(agent);
        self.tell_tree(tree, situation, cx, |tree, now, actions| tree.started(child, now, actions));
    }

    /// A request or a work probe of an agent has ended.
    pub(crate) fn worked(&mut self, agent: AgentId, ok: bool, probe: bool, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        let supervisor = &situation.configuration.supervisor;
        let proven = match (ok, probe) {
            (true, true) => patient.lifecycle.proven(supervisor, cx.now),
            (true, false) => patient.lifecycle.worked(supervisor, cx.now),
            (false, true) => {
                patient.lifecycle.erred();
                // It may have been the first request after a start; the proof ends with its time, not with one failure.
                if matches!(patient.lifecycle.state(), State::Verifying { .. }) {
                    patient.prove_at = Some(cx.now.saturating_add(supervisor.probe_every));
                }
                false
            }
            // A request may fail for what its agent calls, not for the agent.
            (false, false) => false,
        };
        if proven {
            self.over(agent, situation, cx);
        }
    }

    /// The trouble of an agent is over.
    fn over(&mut self, agent: AgentId, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        self.guard.ended(agent);
        self.ladder.verified(&situation.configuration.ladder, agent);
        // What the checks found while it proved itself has not been acted upon.
        patient.held = patient.ailing.map(|cause| (cx.now.saturating_add(HELD), cause));
        (patient.refused, patient.prove_at) = (None, None);
        if let Some(treatment) = patient.treatment.take() {
            cx.record(Record::RecoveryVerified { agent, rung: treatment.rung, attempt: patient.attempts });
        }
        patient.attempts = 0;
    }

    fn exited(
        &mut self,
        agent: AgentId,
        exit: Exit,
        poisoned: bool,
        situation: Situation<'_>,
        cx: &mut Cx<'_>,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        let before = patient.lifecycle.state();
        (patient.ailing, patient.prove_at) = (None, None);
        let news = patient.lifecycle.exited(&situation.configuration.supervisor, cx.now);
        self.gate.ended(agent);
        let cause = match (exit, before) {
            _ if poisoned => Cause::Poison,
            (Exit::OutOfMemory, _) => Cause::OutOfMemory,
            (Exit::CorruptState, _) => Cause::CorruptState,
            (Exit::Abnormal | Exit::Stopped, State::Starting { .. }) => Cause::StartFailed,
            (Exit::Abnormal | Exit::Stopped, State::Verifying { .. }) => Cause::Unverified,
            (Exit::Abnormal | Exit::Stopped, _) => Cause::Crash,
        };
        // Why it was stopped is known better than how it ended.
        let cause = patient.held.take().filter(|_| !news).map_or(cause, |(_, cause)| cause);
        if news {
            cx.record(Record::AgentFailed { agent, cause });
            self.fail_treatment(agent, cx);
        }
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        match patient.lifecycle.state() {
            State::Failed if !situation.configuration.supervisor.enabled => {}
            State::Failed if std::mem::take(&mut patient.with_sibling) => {
                let (tree, child) = patient.tree;
                self.tell_tree(tree, situation, cx, |tree, now, actions| tree.exit(child, ExitReason::Abnormal, now, actions));
            }
            State::Failed => match patient.treatment.filter(|_| !news) {
                // It was ended for a treatment, which goes on.
                Some(treatment) => self.carry_on(agent, treatment, situation, cx, outcomes),
                None => self.decide(agent, cause, situation, cx, outcomes),
            },
            State::Ended => {
                self.discharge(agent);
            }
            State::Registered
            | State::Starting { .. }
            | State::Verifying { .. }
            | State::Running(_)
            | State::Degraded(_)
            | State::Stopping { .. }
            | State::Waiting { .. }
            | State::Relocating { .. }
            | State::Isolated => {}
        }
        self.open_gate(situation, cx);
    }

    /// The treatment under way has not helped.
    fn fail_treatment(&mut self, agent: AgentId, cx: &mut Cx<'_>) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        if let Some(treatment) = patient.treatment.take() {
            self.guard.ended(agent);
            cx.record(Record::RecoveryFailed { agent, rung: treatment.rung });
        }
    }

    /// A check has found something wrong with a local agent that runs.
    pub(crate) fn ails(&mut self, agent: AgentId, cause: Cause, situation: Situation<'_>, cx: &mut Cx<'_>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let Some(patient) = self.patients.get_mut(&agent) else { return outcomes };
        patient.ailing = Some(cause);
        let runs = matches!(patient.lifecycle.state(), State::Running(_) | State::Degraded(_));
        if runs && patient.treatment.is_none() && patient.held.is_none() && situation.configuration.supervisor.enabled {
            patient.lifecycle.judged(true);
            self.decide(agent, cause, situation, cx, &mut outcomes);
        }
        outcomes
    }

    /// The host says how much its agents use.
    pub(crate) fn measured(&mut self, reading: &Reading) {
        for agent in reading.agents.iter().filter(|agent| agent.running) {
            let Some(patient) = self.patients.get_mut(&agent.agent) else { continue };
            // An agent may grow to what the others leave.
            let free = reading.memory_capacity.saturating_sub(reading.memory_used);
            let memory = agent.memory.0 as f64 / (agent.memory + free).0.max(1) as f64;
            patient.used = memory.max(f64::from(agent.handles) / f64::from(agent.handles_max.max(1)));
        }
    }

    /// What the checks say ails a local agent.
    pub(crate) fn ailing(&self, agent: AgentId) -> Option<Cause> {
        self.patients.get(&agent)?.ailing
    }

    /// The checks see nothing wrong with a local agent any more.
    pub(crate) fn is_well(&mut self, agent: AgentId, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        patient.lifecycle.judged(false);
        // Something else was wrong with it; its disk is watched on.
        let disk = patient.held.filter(|(_, cause)| of_the_disk(*cause) && situation.disk != Disk::Well);
        (patient.held, patient.ailing) = (disk, disk.map(|(_, cause)| cause));
        patient.disk_ill = patient.disk_ill.filter(|_| disk.is_some());
        if patient.treatment.is_some_and(|treatment| treatment.judge_at.is_some()) {
            self.over(agent, situation, cx);
        }
    }

    /// Chooses a treatment, asks whether it may be given now, and gives it.
    fn decide(&mut self, agent: AgentId, cause: Cause, situation: Situation<'_>, cx: &mut Cx<'_>, outcomes: &mut Vec<Outcome>) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        patient.held = None;
        // Of the disk's trouble nothing may be left, but something else.
        let over = of_the_disk(cause) && situation.disk == Disk::Well;
        let Some(cause) = Some(cause).filter(|_| !over).or(patient.ailing.filter(|cause| !of_the_disk(*cause))) else { return };
        // What is about to be over by itself is no reason to take anything down.
        let mends = of_the_disk(cause) && situation.disk == Disk::Mends;
        if mends || patient.can_wait(cause, situation.configuration.supervisor.leak_share) {
            patient.held = Some((cx.now.saturating_add(HELD), cause));
            return;
        }
        if let Some(until) = patient.watched_until(cause, situation.configuration.supervisor.disk_patience, cx.now) {
            patient.held = Some((until, cause));
            return;
        }
        let serves = patient.lifecycle.admitted();
        let stateful = situation.directory.services[patient.service.index()].stateful;
        let available = Available {
            node: true,
            checkpoint: stateful && (situation.checkpoint)(agent),
            elsewhere: situation.configuration.placement.enabled
                && situation.cluster.of_them + 1 < situation.cluster.all
                && (!stateful || (situation.within_reach)(agent)),
            replica: stateful && !(situation.holders)(agent).is_empty(),
        };
        let rung = self.ladder.decide(&situation.configuration.ladder, agent, cause, available, cx.now);
        // Fencing off what is merely slow would do more harm than the slowness.
        if rung == Rung::Isolate
            && serves
            && matches!(cause, Cause::SlowCpu | Cause::SlowDisk | Cause::DiskFull | Cause::DiskErrors)
        {
            self.ladder.withdraw(agent);
            patient.held = Some((cx.now.saturating_add(HELD), cause));
            return;
        }
        let healthy = (situation.healthy)(patient.service);
        let healthy: Vec<_> = healthy.into_iter().filter(|other| *other != agent || serves).collect();
        let request = Request {
            agent,
            service: patient.service,
            node: self.node,
            zone: self.zone,
            destructive: ladder::destructive(rung),
            isolating: rung == Rung::Isolate,
        };
        let total = situation.directory.services[patient.service.index()].agents.len() as u32;
        let takes_down = serves && rung != Rung::Retry;
        let replicas = Replicas { total, healthy: &healthy, agent_serves: takes_down };
        // What a node sees of its own agents needs no second opinion.
        let believers = Count { of_them: 1, all: 1 };
        let outlook = Outlook { cluster: situation.cluster, zone: situation.zone, believers };
        match self.guard.ask(&situation.configuration.guard, request, replicas, outlook, cx.now) {
            Permission::Granted => {}
            Permission::Refused(refusal) => {
                self.ladder.withdraw(agent);
                let again = match refusal {
                    Refusal::NodeBudget(at) | Refusal::ZoneBudget(at) => at,
                    Refusal::UnderWay | Refusal::CutOff | Refusal::NoQuorum | Refusal::LastHealthy | Refusal::BlastRadius => {
                        cx.now.saturating_add(HELD)
                    }
                };
                patient.held = Some((again, cause));
                // Told once, not each time that nothing has changed.
                if patient.refused.replace(discriminant(&refusal)) != Some(discriminant(&refusal)) {
                    cx.record(Record::RecoveryHeld(agent));
                }
                return;
            }
        }
        patient.refused = None;
        patient.attempts += 1;
        cx.record(Record::RecoveryStarted { agent, rung, cause, attempt: patient.attempts });
        let judge_at = (rung == Rung::Retry).then(|| cx.now.saturating_add(situation.configuration.supervisor.verify_timeout));
        let treatment = Treatment { rung, cause, judge_at };
        patient.treatment = Some(treatment);
        if rung == Rung::Retry {
            return;
        }
        let then = if rung == Rung::Isolate { Then::Isolated } else { Then::Failed };
        if patient.lifecycle.stop(then) == Advice::Stop {
            // What ails the agent is no reason to wait for it, unless it works well all the same.
            let grace = if leaks(cause) { situation.configuration.supervisor.shutdown } else { Duration::ZERO };
            cx.stop(agent, grace);
            if rung == Rung::Isolate {
                self.isolate(agent, situation, cx);
            }
        } else if !matches!(patient.lifecycle.state(), State::Stopping { .. }) {
            self.carry_on(agent, treatment, situation, cx, outcomes);
        }
    }

    /// There is no process any more: the treatment's second half.
    fn carry_on(
        &mut self,
        agent: AgentId,
        treatment: Treatment,
        situation: Situation<'_>,
        cx: &mut Cx<'_>,
        outcomes: &mut Vec<Outcome>,
    ) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        let (tree, child) = patient.tree;
        let copies = (situation.holders)(agent);
        match treatment.rung {
            // What is on the own disk is of an earlier time, as long as the state has not come from elsewhere.
            Rung::Retry | Rung::Restart | Rung::Restore
                if matches!(patient.source, StateSource::Replica(_)) && !copies.is_empty() =>
            {
                patient.source = StateSource::Replica(copies);
            }
            Rung::Retry | Rung::Restart => patient.source = first_source(patient.source, treatment.cause),
            Rung::Restore => {
                patient.source = if (situation.checkpoint)(agent) { StateSource::Previous } else { StateSource::Truncated };
            }
            Rung::Rebuild => {
                patient.source = if copies.is_empty() { StateSource::Truncated } else { StateSource::Replica(copies) };
            }
            Rung::Relocate => {
                patient.lifecycle.relocate(cx.now.saturating_add(situation.configuration.placement.give_up));
                patient.ask_at = Some(cx.now.saturating_add(ASKED_AGAIN));
                self.leave_tree(agent, situation, cx);
                return outcomes.push(Outcome::Move(agent));
            }
            Rung::Isolate => return self.isolate(agent, situation, cx),
        }
        self.tell_tree(tree, situation, cx, |tree, now, actions| tree.exit(child, ExitReason::Abnormal, now, actions));
    }

    /// When [`Recovery::wake`] is due next.
    pub(crate) fn deadline(&self, configuration: &Configuration) -> Option<Instant> {
        if !configuration.supervisor.enabled {
            return self.gate.deadline(&configuration.guard);
        }
        let patients = self.patients.values().flat_map(|patient| {
            let judged = patient.treatment.and_then(|treatment| treatment.judge_at);
            let released = patient.released_at();
            let held = patient.held.map(|(at, _)| at);
            [patient.lifecycle.deadline(), held, judged, released, patient.prove_due(), patient.ask_due()]
        });
        let trees = self.trees.values().map(Tree::deadline);
        patients.chain(trees).flatten().chain(self.gate.deadline(&configuration.guard)).min()
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self, situation: Situation<'_>, cx: &mut Cx<'_>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        if situation.configuration.supervisor.enabled {
            let due = self.trees.iter().filter(|(_, tree)| tree.deadline().is_some_and(|due| due <= cx.now));
            for tree in due.map(|(name, _)| *name).collect::<Vec<_>>() {
                self.tell_tree(tree, situation, cx, Tree::timeout);
            }
            for agent in self.patients.keys().copied().collect::<Vec<_>>() {
                self.look_after(agent, situation, cx, &mut outcomes);
            }
        }
        self.open_gate(situation, cx);
        outcomes
    }

    fn look_after(&mut self, agent: AgentId, situation: Situation<'_>, cx: &mut Cx<'_>, outcomes: &mut Vec<Outcome>) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        let proving = matches!(patient.lifecycle.state(), State::Verifying { .. });
        let starting = matches!(patient.lifecycle.state(), State::Starting { .. });
        match patient.lifecycle.advise(&situation.configuration.supervisor, cx.now) {
            Advice::Nothing => {}
            Advice::Probe => cx.probe(agent, Probe::Liveness),
            Advice::Stop => {
                let cause = match (proving, starting) {
                    (true, _) => Cause::Unverified,
                    (_, true) => Cause::StartFailed,
                    (false, false) => Cause::Hang,
                };
                cx.record(Record::AgentFailed { agent, cause });
                cx.stop(agent, Duration::ZERO);
                self.fail_treatment(agent, cx);
                // Decided on when the process has ended: then nothing stands in the way of a start.
                if let Some(patient) = self.patients.get_mut(&agent) {
                    patient.held = Some((Instant::MAX, cause));
                }
            }
            Advice::Restart { .. } => cx.start(agent, patient.source),
            // No other place was found. Its supervisor here has let go of it, so it gets another.
            Advice::Decide => {
                self.fail_treatment(agent, cx);
                self.transplant(agent, situation, cx);
                return self.decide(agent, Cause::Unverified, situation, cx, outcomes);
            }
        }
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        if patient.prove_due().is_some_and(|at| at <= cx.now) {
            patient.prove_at = None;
            cx.probe(agent, Probe::Work);
        }
        if patient.ask_due().is_some_and(|at| at <= cx.now) {
            patient.ask_at = Some(cx.now.saturating_add(ASKED_AGAIN));
            outcomes.push(Outcome::Move(agent));
        }
        if let Some(treatment) = patient.treatment.filter(|treatment| treatment.judge_at.is_some_and(|at| at <= cx.now)) {
            let cause = treatment.cause;
            self.fail_treatment(agent, cx);
            return self.decide(agent, cause, situation, cx, outcomes);
        }
        if let Some((_, cause)) = patient.held.filter(|(at, _)| *at <= cx.now) {
            return self.decide(agent, cause, situation, cx, outcomes);
        }
        if patient.released_at().is_some_and(|at| at <= cx.now) {
            self.release(agent, situation, cx);
        }
    }
}
