//! Agents: processes that start, become ready, die and come back, with state built from a journal.
//!
//! down → starting (start-up time, journal read from disk, entries replayed on a core, dependencies asked) → ready → down.
//! A process that dies on a living host resets its connections, so its callers hear at once; with a dead host they hear nothing.

use std::collections::VecDeque;

use hms_machine::{
    AgentEvent, AgentId, Bytes, CallOutcome, Distribution, Duration, Exit, Instant, Machine, NodeId, Purpose, Ratio, ServiceId,
};
use hms_scenario::model::{Backoff, CallPolicy, Sync};

use super::calls::Caller;
use super::event::{DiskTag, Event, InstanceId, JobKey, Task};
use super::{Kernel, TraceKind, World};
use crate::cluster::disk::{OperationKind, Outcome};
use crate::cluster::memory::AgentSlot;
use crate::cluster::storage::JournalFile;
use crate::cluster::usage::Class;
use crate::faults::FaultId;
use crate::kernel::TimerId;

const STARTUP: Purpose = Purpose::named("agent/startup");
const CRASH_LOOP: Purpose = Purpose::named("agent/crash-loop");

/// An agent whose dependency does not answer asks again after this (a usual period of start-up checks).
const NEEDS_RETRY: Duration = Duration::from_millis(200);
/// Time-out of one such question.
const NEEDS_TIMEOUT: Duration = Duration::from_secs(1);
/// File handles of a process (the usual soft limit of Linux).
const HANDLES: f64 = 1024.0;

/// What is true of an agent wherever it runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agent {
    /// Where it was ever started, in order; the first is the node on which it was placed.
    pub(super) instances: Vec<InstanceId>,
}

/// Who an instance is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstancePlace {
    pub(super) agent: AgentId,
    pub(super) service: ServiceId,
    pub(super) node: NodeId,
}

/// A process of an agent on a node, and what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(super) place: InstancePlace,
    pub(super) process: Process,
    /// Starts so far; an event of an earlier life is stale.
    pub(super) life: u32,
    timer: TimerId,
    flush_timer: TimerId,
    /// Position among the agents of its host.
    pub(super) slot: AgentSlot,
    pub(super) waiting: VecDeque<JobKey>,
    pub(super) busy: u32,
    /// Requests that wait on a process that is stuck.
    pub(super) stuck: Vec<JobKey>,
    /// Everything accepted and not yet answered.
    pub(super) accepted: Vec<JobKey>,
    pub(super) journal: JournalFile,
    /// Entries that were acknowledged to a caller, over all lives since the state was last lost.
    pub(super) acknowledged: u64,
    /// Answered its first request since it became ready.
    pub(super) served: bool,
    pub(super) afflictions: Afflictions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    Down,
    /// Start-up work until the timer fires.
    Starting,
    /// Reading and replaying the journal.
    Loading,
    /// Asking for its dependencies; this many have not answered yet.
    Asking {
        missing: u32,
        failed: bool,
    },
    Ready,
}

/// What faults do to an agent at present, by fault, so that overlapping ones can end in any order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Afflictions {
    pub(super) hangs: Vec<FaultId>,
    pub(super) loops: Vec<(FaultId, Distribution)>,
    /// Multiplier of work and share of errors.
    pub(super) regressions: Vec<(FaultId, f64, Ratio)>,
    pub(super) gray: Vec<(FaultId, Ratio)>,
    pub(super) leaks: Vec<(FaultId, Bytes)>,
    /// Handles per second, and since when.
    pub(super) handle_leaks: Vec<(FaultId, f64)>,
    handles: f64,
    handles_at: Instant,
}

impl Afflictions {
    /// File handles in use by leaks, brought up to `now`.
    pub(super) fn handles(&mut self, now: Instant) -> f64 {
        let rate: f64 = self.handle_leaks.iter().map(|(_, rate)| rate).sum();
        self.handles += rate * now.saturating_since(self.handles_at).as_secs_f64();
        self.handles_at = now;
        self.handles
    }

    /// Multiplier of the work of a request.
    pub(super) fn work_factor(&self) -> f64 {
        self.regressions.iter().map(|(_, factor, _)| factor).product()
    }
}

impl Instance {
    fn new<M: Machine>(world: &World<M>, place: InstancePlace, slot: AgentSlot, kernel: &mut Kernel) -> Self {
        let journal = &world.scenario.services[place.service.index()].journal;
        Instance {
            place,
            process: Process::Down,
            life: 0,
            timer: kernel.new_timer(),
            flush_timer: kernel.new_timer(),
            slot,
            waiting: VecDeque::new(),
            busy: 0,
            stuck: Vec::new(),
            accepted: Vec::new(),
            journal: JournalFile::new(journal.as_ref().map_or(Bytes::ZERO, |journal| journal.entry)),
            acknowledged: 0,
            served: false,
            afflictions: Afflictions::default(),
        }
    }

    pub(super) fn ready(&self) -> bool {
        self.process == Process::Ready
    }

    pub(super) fn hangs(&self) -> bool {
        !self.afflictions.hangs.is_empty()
    }

    pub(super) fn out_of_handles(&mut self, now: Instant) -> bool {
        self.afflictions.handles(now) >= HANDLES
    }
}

impl<M: Machine> World<M> {
    /// The instance of an agent on a node, if it was ever started there.
    pub(super) fn instance_at(&self, agent: AgentId, node: NodeId) -> Option<InstanceId> {
        self.agents[agent.index()].instances.iter().copied().find(|instance| self.node_of(*instance) == node)
    }

    /// Makes room for an agent on a node on which it has not been.
    pub(super) fn add_instance(&mut self, agent: AgentId, node: NodeId, kernel: &mut Kernel) -> InstanceId {
        let id = InstanceId::from_index(self.instances.len());
        let place = InstancePlace { agent, service: self.service_of(agent), node };
        let host = self.host(node);
        let slot = host.memory.add();
        host.instances.push(id);
        let instance = Instance::new(self, place, slot, kernel);
        self.instances.push(instance);
        self.agents[agent.index()].instances.push(id);
        id
    }

    /// Agents of which at least one process takes requests.
    pub(super) fn agents_ready(&self) -> u32 {
        let ready = |agent: &&Agent| agent.instances.iter().any(|instance| self.instances[instance.index()].ready());
        self.agents.iter().filter(ready).count() as u32
    }

    /// The node's software starts an agent.
    pub(super) fn start_agent(&mut self, node: NodeId, agent: AgentId, kernel: &mut Kernel) {
        let id = self.instance_at(agent, node).unwrap_or_else(|| self.add_instance(agent, node, kernel));
        self.start_process(id, kernel);
    }

    fn start_process(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let scenario = self.scenario.clone();
        let place = self.place(id);
        let service = &scenario.services[place.service.index()];
        let now = kernel.now();
        let agent = &mut self.instances[id.index()];
        if agent.process != Process::Down {
            return;
        }
        agent.process = Process::Starting;
        agent.life += 1;
        agent.served = false;
        agent.afflictions.handles = 0.0;
        agent.afflictions.handles_at = now;
        let mut draw = self.streams.draw(STARTUP, u64::from(place.agent.0), u64::from(agent.life));
        let took = Duration::from_nanos_f64(service.startup.sample(&mut draw));
        kernel.set_timer(agent.timer, now.saturating_add(took), Event::Agent(id, agent.life));
        let (slot, node) = (agent.slot, place.node);
        self.host(node).memory.start(now, slot, &service.memory);
        self.set_leak(id, kernel);
        self.record(kernel, TraceKind::AgentStarting { agent: place.agent, node });
        self.arm_crash_loop(id, kernel);
        self.memory_due(node, kernel);
    }

    /// Start-up work is over, or the dependencies are asked again.
    pub(super) fn agent_due(&mut self, id: InstanceId, life: u32, kernel: &mut Kernel) {
        if self.instances[id.index()].life != life {
            return;
        }
        match self.instances[id.index()].process {
            Process::Starting => self.load_journal(id, kernel),
            Process::Asking { .. } => self.ask_for_needs(id, kernel),
            // The timer belongs to a process that has died meanwhile.
            Process::Down | Process::Loading | Process::Ready => {}
        }
    }

    fn load_journal(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let service = self.place(id).service.index();
        let agent = &mut self.instances[id.index()];
        agent.process = Process::Loading;
        let life = agent.life;
        match &self.scenario.services[service].journal {
            Some(journal) => {
                let bytes = Bytes(agent.journal.entries() * journal.entry.0);
                let node = self.node_of(id);
                self.submit_disk(node, OperationKind::Read(bytes), Class::Service, DiskTag::Load { instance: id, life }, kernel);
            }
            None => self.ask_for_needs(id, kernel),
        }
    }

    pub(super) fn journal_read(&mut self, id: InstanceId, life: u32, result: Outcome, kernel: &mut Kernel) {
        let service = self.place(id).service.index();
        let node = self.node_of(id);
        let agent = &mut self.instances[id.index()];
        if agent.life != life || agent.process != Process::Loading {
            return;
        }
        if !result.acknowledged() {
            // A process that cannot read its state ends; its supervisor decides.
            return self.end_process(id, Exit::Abnormal, None, true, kernel);
        }
        let recovered = agent.journal.recover();
        let acknowledged = std::mem::replace(&mut agent.acknowledged, 0);
        let kept = acknowledged.min(recovered.entries);
        agent.acknowledged = kept;
        self.record(kernel, TraceKind::StateRebuilt { agent: self.place(id).agent, node, acknowledged, kept });
        let journal = self.scenario.services[service].journal.as_ref().expect("only journals are read");
        let replay = journal.replay.saturating_mul(recovered.entries);
        let freed = Bytes(recovered.lost * journal.entry.0);
        let now = kernel.now();
        self.host(node).disk.free(freed);
        self.host(node).cpu.submit(now, Task::Replay { instance: id, life }, replay, Class::Service);
        self.rearm_cpu(node, kernel);
    }

    pub(super) fn journal_replayed(&mut self, id: InstanceId, life: u32, kernel: &mut Kernel) {
        let agent = &self.instances[id.index()];
        if agent.life == life && agent.process == Process::Loading {
            self.ask_for_needs(id, kernel);
        }
    }

    /// Asks one replica of each service that must be there first.
    fn ask_for_needs(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let scenario = self.scenario.clone();
        let needs = &scenario.services[self.place(id).service.index()].needs;
        let agent = &mut self.instances[id.index()];
        if needs.is_empty() {
            return self.become_ready(id, kernel);
        }
        agent.process = Process::Asking { missing: needs.len() as u32, failed: false };
        let life = agent.life;
        let node = self.node_of(id);
        let policy = CallPolicy {
            timeout: NEEDS_TIMEOUT,
            retries: 0,
            backoff: Backoff { base: Duration::ZERO, factor: 1.0, max: Duration::ZERO, jitter: Ratio::ZERO },
        };
        for need in needs {
            let caller = Caller::Startup { instance: id, life };
            let trace = trace_of_start(self.place(id).agent, life, kernel.current_seq());
            self.start_call(node, caller, *need, policy.clone(), trace, Instant::MAX, false, kernel);
        }
    }

    /// A dependency has answered, or not.
    pub(super) fn need_answered(&mut self, id: InstanceId, life: u32, ok: bool, kernel: &mut Kernel) {
        let agent = &mut self.instances[id.index()];
        if agent.life != life {
            return;
        }
        let Process::Asking { missing, failed } = &mut agent.process else { return };
        *missing -= 1;
        *failed |= !ok;
        if *missing > 0 {
            return;
        }
        if *failed {
            let again = kernel.now().saturating_add(NEEDS_RETRY);
            kernel.set_timer(agent.timer, again, Event::Agent(id, life));
        } else {
            self.become_ready(id, kernel);
        }
    }

    fn become_ready(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let service = self.place(id).service.index();
        let agent = &mut self.instances[id.index()];
        agent.process = Process::Ready;
        let life = agent.life;
        if let Some(Sync::Every(every)) = self.scenario.services[service].journal.as_ref().map(|journal| journal.sync) {
            kernel.set_timer(agent.flush_timer, kernel.now().saturating_add(every), Event::Flush(id, life));
        }
        let InstancePlace { agent, node, .. } = self.place(id);
        self.record(kernel, TraceKind::AgentReady { agent, node });
        self.report(id, AgentEvent::Ready, kernel);
    }

    /// Flushes the journal behind the acknowledgements, and again after the interval.
    pub(super) fn flush_journal(&mut self, id: InstanceId, life: u32, kernel: &mut Kernel) {
        let service = self.place(id).service.index();
        let node = self.node_of(id);
        let agent = &mut self.instances[id.index()];
        let Some(Sync::Every(every)) = self.scenario.services[service].journal.as_ref().map(|journal| journal.sync) else {
            return;
        };
        if agent.life != life || agent.process != Process::Ready {
            return;
        }
        kernel.set_timer(agent.flush_timer, kernel.now().saturating_add(every), Event::Flush(id, life));
        if agent.journal.entries_durable() < agent.journal.entries() {
            self.submit_disk(node, OperationKind::Sync, Class::Service, DiskTag::EntrySync { instance: id, job: None }, kernel);
        }
    }

    /// Ends the process of an agent, whatever it was doing. `reset`: its host lives, so that callers see their connections closed.
    pub(super) fn end_process(&mut self, id: InstanceId, exit: Exit, fault: Option<FaultId>, reset: bool, kernel: &mut Kernel) {
        let now = kernel.now();
        let InstancePlace { agent, node, .. } = self.place(id);
        let instance = &mut self.instances[id.index()];
        if instance.process == Process::Down {
            return;
        }
        instance.process = Process::Down;
        instance.life += 1;
        instance.waiting.clear();
        instance.stuck.clear();
        instance.busy = 0;
        // A stuck process is gone with its life; what causes leaks and crash loops comes back with the next one.
        instance.afflictions.hangs.clear();
        kernel.cancel_timer(instance.timer);
        kernel.cancel_timer(instance.flush_timer);
        let slot = instance.slot;
        let accepted = std::mem::take(&mut instance.accepted);
        self.record(kernel, TraceKind::AgentDown { agent, node, exit, fault });
        for key in accepted {
            let Some(job) = self.jobs.remove(key) else { continue };
            if reset {
                self.reply(node, job.caller, job.call, job.attempt, CallOutcome::Error, kernel);
            }
        }
        let jobs = &self.jobs;
        let host = self.nodes[node.index()].host.as_mut().expect("agents stand on hosts");
        host.memory.stop(now, slot);
        if reset {
            host.cpu.retain(now, |task| match task {
                Task::Job(job) => jobs.contains_key(*job),
                Task::Replay { instance, .. } => *instance != id,
                Task::Deliver(_) | Task::Timeout | Task::Persisted { .. } | Task::Agent { .. } | Task::Overhead => true,
            });
            self.rearm_cpu(node, kernel);
            self.rearm_memory(node, kernel);
            self.report(id, AgentEvent::Exited(exit), kernel);
        }
    }

    /// The node kills a process of its own.
    pub(super) fn stop_agent(&mut self, node: NodeId, agent: AgentId, kernel: &mut Kernel) {
        if let Some(id) = self.instance_at(agent, node) {
            self.end_process(id, Exit::Stopped, None, true, kernel);
        }
    }

    /// A living process answers a probe; a dead or stuck one does not.
    pub(super) fn probe_agent(&mut self, node: NodeId, agent: AgentId, kernel: &mut Kernel) {
        let Some(id) = self.instance_at(agent, node) else { return };
        let agent = &self.instances[id.index()];
        if agent.process != Process::Down && !agent.hangs() {
            let event = AgentEvent::Probed { probe: hms_machine::Probe::Liveness, ok: true, elapsed: Duration::ZERO };
            self.report(id, event, kernel);
        }
    }

    /// Draws when this life of the agent will end, if it is in a crash loop.
    pub(super) fn arm_crash_loop(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let agent = &self.instances[id.index()];
        if agent.process == Process::Down {
            return;
        }
        for (fault, after) in &agent.afflictions.loops {
            let purpose = CRASH_LOOP.part(self.schedule.get(*fault).key);
            let mut draw = self.streams.draw(purpose, u64::from(agent.place.agent.0), u64::from(agent.life));
            let after = Duration::from_nanos_f64(after.sample(&mut draw));
            kernel.schedule_in(after, Event::CrashLoop(id, agent.life));
        }
    }

    pub(super) fn crash_loop_strikes(&mut self, id: InstanceId, life: u32, kernel: &mut Kernel) {
        let agent = &self.instances[id.index()];
        if let Some((fault, _)) = agent.afflictions.loops.first().filter(|_| agent.life == life) {
            let fault = *fault;
            self.end_process(id, Exit::Abnormal, Some(fault), true, kernel);
        }
    }
}

/// Trace id of a start-up question: start-ups have no place in the order of requests, so each is its own.
fn trace_of_start(agent: AgentId, life: u32, seq: u64) -> u64 {
    super::calls::child_trace(u64::from(agent.0) << 32 | u64::from(life), seq)
}
