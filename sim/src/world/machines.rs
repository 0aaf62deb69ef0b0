//! Driving the machines: inputs cost CPU time of their host, effects take place in order.

use hms_machine::{AgentEvent, AgentId, Component, Context, Duration, Effect, Input, Machine, Message, NodeId, Record};

use super::agents::InstancePlace;
use super::calls::Answer;
use super::event::{DiskTag, Event, InstanceId, Payload, Task};
use super::requests::Admission;
use super::{Kernel, TraceKind, World};
use crate::cluster::disk::{Operation, OperationKind};
use crate::cluster::storage::RecordFile;
use crate::cluster::usage::Class;

impl<M: Machine> World<M> {
    /// Queues work of the stack on the node's processor; an edge has none and works at once.
    pub(super) fn feed_through_cpu(&mut self, node: NodeId, task: Task, kernel: &mut Kernel) {
        let now = kernel.now();
        let state = &mut self.nodes[node.index()];
        match &mut state.host {
            Some(host) => {
                host.cpu.submit(now, task, host.stack_cpu, Class::Stack);
                self.rearm_cpu(node, kernel);
            }
            None => self.run_stack_task(node, task, kernel),
        }
    }

    /// A task of the stack has had its CPU time.
    pub(super) fn run_stack_task(&mut self, node: NodeId, task: Task, kernel: &mut Kernel) {
        match task {
            Task::Deliver(flight) => {
                if let Some((from, message)) = self.take_stack_message(flight) {
                    self.feed(node, Input::Message { from, message }, kernel);
                }
            }
            Task::Timeout => {
                self.nodes[node.index()].waking = false;
                self.feed(node, Input::Timeout, kernel);
            }
            Task::Persisted { token, ok: true } => self.feed(node, Input::Persisted { token }, kernel),
            Task::Persisted { token, ok: false } => self.feed(node, Input::PersistFailed { token }, kernel),
            Task::Agent { agent, event } => self.feed(node, Input::Agent { agent, event }, kernel),
            Task::Measure { asked } => self.measured(node, asked, kernel),
            Task::Overhead | Task::Job(_) | Task::Replay { .. } => {}
        }
    }

    /// The machine's deadline has come.
    pub(super) fn wake(&mut self, node: NodeId, kernel: &mut Kernel) {
        let state = &mut self.nodes[node.index()];
        state.deadline = None;
        if state.machine.is_some() && !state.waking {
            state.waking = true;
            self.feed_through_cpu(node, Task::Timeout, kernel);
        }
    }

    /// Gives an input to the node's machine and carries out what it says. Nothing happens where no machine runs.
    pub(super) fn feed(&mut self, node: NodeId, input: Input<M::Message>, kernel: &mut Kernel) {
        let now = kernel.now();
        let state = &mut self.nodes[node.index()];
        let Some(machine) = &mut state.machine else { return };
        // The first input is part of the boot.
        let booted = matches!(input, Input::Booted);
        let mut effects = self.buffers.pop().unwrap_or_default();
        let mut cx = Context::new(state.clock.monotonic(now), state.clock.wall(now), node, &mut state.random, &mut effects);
        machine.handle(input, &mut cx);
        let spent = cx.spent();
        let component = cx.component();
        let deadline = machine.deadline();
        // While a time-out waits for the processor, the deadline that it serves still stands; the machine is asked again after it.
        if deadline != state.deadline && !state.waking {
            state.deadline = deadline;
            match deadline {
                Some(deadline) => kernel.set_timer(state.wake_timer, state.clock.when(deadline, now), Event::Wake(node)),
                None => kernel.cancel_timer(state.wake_timer),
            }
        }
        if let Some(host) = &mut state.host {
            let fixed = if booted { Duration::ZERO } else { host.stack_cpu };
            if !spent.is_zero() {
                host.cpu.submit(now, Task::Overhead, spent, Class::Stack);
                self.rearm_cpu(node, kernel);
            }
            self.count_stack(node, component, fixed + spent);
        }
        for effect in effects.drain(..) {
            self.carry_out(node, effect, kernel);
        }
        self.buffers.push(effects);
    }

    /// Counts CPU time of a host's stack on one of its components.
    fn count_stack(&mut self, node: NodeId, component: Component, demand: Duration) {
        let host = self.host(node);
        let nominal = if demand == host.stack_cpu {
            host.stack_cpu_nominal
        } else {
            demand.mul_f64(1.0 / self.scenario.cluster.hosts[node.index()].speed)
        };
        self.recorder.stack_cpu_by[component.index()] += nominal;
    }

    /// The host's stack handles something that no machine hears of; the time is worked off with the next request on that host.
    pub(super) fn charge_stack(&mut self, node: NodeId, component: Component) {
        let host = self.host(node);
        let demand = host.stack_cpu;
        host.stack_debt += demand;
        self.count_stack(node, component, demand);
    }

    fn carry_out(&mut self, node: NodeId, effect: Effect<M::Message>, kernel: &mut Kernel) {
        match effect {
            Effect::Send { to, message } => {
                self.recorder.stack_bytes_by[message.component().index()] += message.bytes().0;
                self.transmit(node, to, Payload::Stack(message), kernel);
            }
            Effect::Persist { record, token } => self.persist(node, record, token, kernel),
            Effect::Start { agent, source } => self.start_agent(node, agent, source, kernel),
            Effect::Stop { agent, grace } => self.stop_agent(node, agent, grace, kernel),
            Effect::Checkpoint(agent) => self.checkpoint(node, agent, kernel),
            Effect::Replicate { agent, replication } => self.replicate(node, agent, replication, kernel),
            Effect::Ship { agent, to } => self.ship(node, agent, to, kernel),
            Effect::Probe { agent, probe } => self.probe_agent(node, agent, probe, kernel),
            Effect::Measure => self.measure(node, kernel),
            Effect::Route { call, agent, node: to } => self.call_routed(call, agent, to, kernel),
            Effect::Hedge { call, agent, node: to } => self.call_hedged(call, agent, to, kernel),
            Effect::Refuse(call) => self.call_answered(call, Answer::Refuse),
            Effect::Retry { call, after } => self.call_answered(call, Answer::Retry(after)),
            Effect::GiveUp(call) => self.call_answered(call, Answer::GiveUp),
            Effect::FallBack { call, substitute } => self.call_answered(call, Answer::FallBack(substitute)),
            Effect::Admit(request) => self.request_judged(request, Admission::Admitted),
            Effect::Shed(request) => self.request_judged(request, Admission::Shed),
            Effect::Record(record) => self.note(node, record, kernel),
        }
    }

    /// Tells the machine of an instance's node about it, as its operating system would.
    pub(super) fn report(&mut self, id: InstanceId, event: AgentEvent, kernel: &mut Kernel) {
        let InstancePlace { agent, node, .. } = self.place(id);
        self.report_to(node, agent, event, kernel);
    }

    pub(super) fn report_to(&mut self, node: NodeId, agent: AgentId, event: AgentEvent, kernel: &mut Kernel) {
        if self.nodes[node.index()].machine.is_some() {
            self.feed_through_cpu(node, Task::Agent { agent, event }, kernel);
        }
    }

    fn persist(&mut self, node: NodeId, record: Vec<u8>, token: u64, kernel: &mut Kernel) {
        let now = kernel.now();
        let Some(host) = &mut self.nodes[node.index()].host else {
            // An edge keeps nothing that a fault could destroy.
            return self.feed(node, Input::Persisted { token }, kernel);
        };
        let write =
            Operation { kind: OperationKind::Write(RecordFile::size(&record)), class: Class::Stack, tag: DiskTag::RecordWrite };
        host.records.write(record);
        if host.disk_is_struck() {
            self.recorder.harm.hinder(now, node, false);
        }
        host.disk.submit(now, write);
        host.disk.submit(now, Operation { kind: OperationKind::Sync, class: Class::Stack, tag: DiskTag::RecordSync { token } });
        self.rearm_disk(node, kernel);
    }

    fn note(&mut self, node: NodeId, record: Record, kernel: &Kernel) {
        let now = kernel.now();
        let justified = match record {
            Record::Suspected(peer) => {
                self.nodes[node.index()].suspicions += 1;
                !self.works(peer) || !self.network.reachable(now, peer, node)
            }
            Record::Trusted(peer) => {
                let suspicions = &mut self.nodes[node.index()].suspicions;
                *suspicions = suspicions.saturating_sub(1);
                self.works(peer) && self.network.reachable(now, peer, node)
            }
            Record::AgentFailed { .. }
            | Record::AgentDegraded { .. }
            | Record::AgentHealthy(_)
            | Record::NodeDegraded { .. }
            | Record::NodeHealthy(_)
            | Record::RecoveryStarted { .. }
            | Record::RecoveryVerified { .. }
            | Record::RecoveryFailed { .. }
            | Record::RecoveryWithdrawn(_)
            | Record::RecoveryHeld(_)
            | Record::Moved { .. }
            | Record::LeadershipTaken
            | Record::LeadershipLost
            | Record::Breaker { .. }
            | Record::Ejected(_)
            | Record::Readmitted(_)
            | Record::Quarantined { .. }
            | Record::Whole { .. }
            | Record::Alerted { .. } => true,
        };
        self.record(kernel, TraceKind::Stack { node, record, justified });
    }
}
