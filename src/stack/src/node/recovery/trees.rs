//! The supervision trees of the ward: what they are told, and how their orders are carried out.
//!
//! The agents of one service stand under one supervisor. For it every agent that was taken in counts as one that runs, so that a first start which fails
//! is a failure like any other and not, as OTP has it, the end of the supervisor. Every `Start`, `Stop` and `Kill` of the tree is answered: by the process if there is
//! one, at once if there is none.

use std::collections::VecDeque;

use hms_machine::{AgentId, Cause, Duration, Instant, Purpose};

use super::{Cx, Patient, Recovery, Situation};
use crate::configuration::Configuration;
use crate::supervisor::lifecycle::{Advice, State, Then};
use crate::supervisor::tree::{Action, ChildId, ChildKind, ChildSpec, ExitReason, Shutdown, Starts, SupervisorSpec, Tree};

/// The place of an agent that no supervisor cares for; trees are numbered from 1.
const NO_TREE: (u32, ChildId) = (0, ChildId(0));

const TREE: Purpose = Purpose::named("stack/restart-pause");

impl Recovery {
    /// Plants a supervisor over agents of one service, for which they all run; its name. The root is child 0, the agents follow in order.
    pub(super) fn plant(&mut self, agents: &[AgentId], configuration: &Configuration, cx: &mut Cx<'_>) -> u32 {
        let mut tree = tree(agents, configuration, cx);
        let mut starts = Vec::new();
        tree.start(cx.now, &mut starts);
        (1..=agents.len() as u32).for_each(|child| tree.started(ChildId(child), cx.now, &mut starts));
        self.planted += 1;
        self.trees.insert(self.planted, tree);
        self.planted
    }

    /// Tells a supervisor something, and does what it wants for it.
    pub(super) fn tell_tree(
        &mut self,
        name: u32,
        situation: Situation<'_>,
        cx: &mut Cx<'_>,
        tell: impl FnOnce(&mut Tree, Instant, &mut Vec<Action>),
    ) {
        let Some(tree) = self.trees.get_mut(&name) else { return };
        let mut actions = Vec::new();
        tell(tree, cx.now, &mut actions);
        self.act(name, actions, situation, cx);
    }

    /// No supervisor cares for the agent any longer; its end, if it is still to come, is no failure.
    pub(super) fn leave_tree(&mut self, agent: AgentId, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        let (name, child) = std::mem::replace(&mut patient.tree, NO_TREE);
        let Some(tree) = self.trees.get_mut(&name) else { return };
        let mut actions = Vec::new();
        tree.stop(child, cx.now, &mut actions);
        tree.exit(child, ExitReason::Shutdown, cx.now, &mut actions);
        self.act(name, actions, situation, cx);
        self.fell(name);
    }

    /// Does what a supervisor wants.
    fn act(&mut self, name: u32, actions: Vec<Action>, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            match action {
                // Who has left cannot hold up the others.
                Action::Start(child) | Action::Stop { child, .. } | Action::Kill(child) if self.child(name, child).is_none() => {
                    let Some(tree) = self.trees.get_mut(&name) else { return };
                    let mut further = Vec::new();
                    match action {
                        Action::Start(_) => tree.started(child, cx.now, &mut further),
                        Action::Stop { .. } | Action::Kill(_) | Action::GaveUp(_) => {
                            tree.exit(child, ExitReason::Shutdown, cx.now, &mut further);
                        }
                    }
                    actions.extend(further);
                }
                Action::Start(child) => {
                    let Some(agent) = self.child(name, child) else { continue };
                    let service = situation.directory.agents[agent.index()].service;
                    self.gate.ask(agent, situation.directory.services[service.index()].needs.clone(), cx.now);
                }
                Action::Stop { child, .. } => {
                    let Some(agent) = self.child(name, child) else { continue };
                    if !self.stop_with_sibling(agent, situation.configuration.supervisor.shutdown, cx) {
                        let mut further = Vec::new();
                        if let Some(tree) = self.trees.get_mut(&name) {
                            tree.exit(child, ExitReason::Shutdown, cx.now, &mut further);
                        }
                        actions.extend(further);
                    }
                }
                Action::Kill(child) => {
                    if let Some(agent) = self.child(name, child) {
                        cx.stop(agent, Duration::ZERO);
                    }
                }
                Action::GaveUp(_) => return self.give_up(name, situation, cx),
            }
        }
        self.open_gate(situation, cx);
    }

    /// Stops an agent so that its supervisor can start it anew with a sibling. False if it has no process.
    fn stop_with_sibling(&mut self, agent: AgentId, grace: Duration, cx: &mut Cx<'_>) -> bool {
        let Some(patient) = self.patients.get_mut(&agent) else { return false };
        match patient.lifecycle.stop(Then::Failed) {
            Advice::Stop => cx.stop(agent, grace),
            Advice::Nothing | Advice::Probe | Advice::Restart { .. } | Advice::Decide => {}
        }
        patient.with_sibling = matches!(patient.lifecycle.state(), State::Stopping { .. });
        patient.held = None;
        self.gate.ended(agent);
        self.patients.get(&agent).is_some_and(|patient| patient.with_sibling)
    }

    fn child(&self, name: u32, child: ChildId) -> Option<AgentId> {
        self.patients.iter().find(|(_, patient)| patient.tree == (name, child)).map(|(agent, _)| *agent)
    }

    /// A supervisor has restarted too often: its agents get one each. Those without a process are decided on anew, as in a crash loop; a sibling that works is left alone.
    fn give_up(&mut self, name: u32, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let members = self.patients.iter().filter(|(_, patient)| patient.tree.0 == name);
        for agent in members.map(|(agent, _)| *agent).collect::<Vec<_>>() {
            self.transplant(agent, situation, cx);
            if self.patients.get(&agent).is_none_or(|patient| patient.lifecycle.state() != State::Failed) {
                continue;
            }
            self.gate.ended(agent);
            self.fail_treatment(agent, cx);
            if let Some(patient) = self.patients.get_mut(&agent) {
                patient.held = Some((cx.now, Cause::CrashLoop));
            }
        }
        self.open_gate(situation, cx);
    }

    /// Puts an agent under a supervisor of its own.
    pub(super) fn transplant(&mut self, agent: AgentId, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let fresh = self.plant(&[agent], situation.configuration, cx);
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        let (before, _) = std::mem::replace(&mut patient.tree, (fresh, ChildId(1)));
        self.fell(before);
    }

    /// Forgets an agent.
    pub(super) fn discharge(&mut self, agent: AgentId) -> Option<Patient> {
        let patient = self.patients.remove(&agent)?;
        self.fell(patient.tree.0);
        Some(patient)
    }

    /// Forgets a supervisor that has nobody left.
    fn fell(&mut self, name: u32) {
        if self.patients.values().all(|patient| patient.tree.0 != name) {
            self.trees.remove(&name);
        }
    }

    /// Starts whoever may start.
    pub(crate) fn open_gate(&mut self, situation: Situation<'_>, cx: &mut Cx<'_>) {
        loop {
            let released = self.gate.release(&situation.configuration.guard, cx.now, situation.ready);
            if released.is_empty() {
                return;
            }
            for agent in released {
                let Some(patient) = self.patients.get_mut(&agent) else {
                    self.gate.ended(agent);
                    continue;
                };
                if patient.lifecycle.start(&situation.configuration.supervisor, cx.now) {
                    cx.start(agent, patient.source);
                } else {
                    self.gate.ended(agent);
                }
            }
        }
    }

    /// Whether any agent waits for what it needs.
    pub(crate) fn waits(&self) -> bool {
        self.gate.waiting() > 0
    }
}

/// The supervisor of some agents of one service.
fn tree(agents: &[AgentId], configuration: &Configuration, cx: &mut Cx<'_>) -> Tree {
    let supervisor = &configuration.supervisor;
    let children = agents.iter().map(|agent| ChildSpec {
        name: agent.to_string(),
        restart: supervisor.restart,
        shutdown: Shutdown::Within(supervisor.shutdown),
        depends_on: Vec::new(),
        kind: ChildKind::Worker,
    });
    let specification = SupervisorSpec {
        strategy: supervisor.strategy,
        intensity: supervisor.intensity,
        period: supervisor.period,
        backoff: supervisor.backoff_rule(),
        starts: Starts::Together,
        children: children.collect(),
    };
    Tree::new(&specification, cx.draw(TREE)).expect("agents have names of their own and depend on no sibling")
}
