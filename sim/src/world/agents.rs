//! Agents: processes that start, become ready, die and come back, with state built from a journal.
//!
//! down → starting (start-up time, journal read from disk, entries replayed on a core, dependencies asked) → ready → down.
//! A process that dies on a living host resets its connections, so its callers hear at once; with a dead host they hear nothing.

use std::collections::VecDeque;

use hms_machine::{AgentEvent, AgentId, Bytes, Distribution, Duration, Exit, Instant, Machine, Priority, Purpose, Ratio};
use hms_scenario::model::{Backoff, CallPolicy, Sync};

use super::calls::{Caller, NewCall, child_trace};
use super::event::{DiskTag, Event, JobKey, Task};
use super::requests::Tally;
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
pub(super) const HANDLES: f64 = 1024.0;

/// A process and what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
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
    pub(super) tally: Tally,
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

impl Agent {
    pub(super) fn new<M: Machine>(world: &World<M>, agent: AgentId, kernel: &mut Kernel) -> Self {
        let node = world.place(agent).node;
        let slot = world.directory.agents_of(node).position(|known| known == agent).expect("an agent stands on its node");
        let journal = &world.scenario.services[world.service_of(agent).index()].journal;
        Agent {
            process: Process::Down,
            life: 0,
            timer: kernel.new_timer(),
            flush_timer: kernel.new_timer(),
            slot: AgentSlot(slot),
            waiting: VecDeque::new(),
            busy: 0,
            stuck: Vec::new(),
            accepted: Vec::new(),
            journal: JournalFile::new(journal.as_ref().map_or(Bytes::ZERO, |journal| journal.entry)),
            acknowledged: 0,
            served: false,
            tally: Tally::default(),
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
    pub(super) fn start_agent(&mut self, id: AgentId, kernel: &mut Kernel) {
        let scenario = self.scenario.clone();
        let service = &scenario.services[self.service_of(id).index()];
        let now = kernel.now();
        let agent = &mut self.agents[id.index()];
        if agent.process != Process::Down {
            return;
        }
        agent.process = Process::Starting;
        agent.life += 1;
        agent.served = false;
        agent.tally.restart();
        agent.afflictions.handles = 0.0;
        agent.afflictions.handles_at = now;
        let mut draw = self.streams.draw(STARTUP, u64::from(id.0), u64::from(agent.life));
        let took = Duration::from_nanos_f64(service.startup.sample(&mut draw));
        kernel.set_timer(agent.timer, now.saturating_add(took), Event::Agent(id, agent.life));
        let (slot, node) = (agent.slot, self.place(id).node);
        self.host(node).memory.start(now, slot, &service.memory);
        self.set_leak(id, kernel);
        self.record(kernel, TraceKind::AgentStarting(id));
        self.arm_crash_loop(id, kernel);
        self.memory_due(node, kernel);
    }

    /// Start-up work is over, or the dependencies are asked again.
    pub(super) fn agent_due(&mut self, id: AgentId, life: u32, kernel: &mut Kernel) {
        if self.agents[id.index()].life != life {
            return;
        }
        match self.agents[id.index()].process {
            Process::Starting => self.load_journal(id, kernel),
            Process::Asking { .. } => self.ask_for_needs(id, kernel),
            // The timer belongs to a process that has died meanwhile.
            Process::Down | Process::Loading | Process::Ready => {}
        }
    }

    fn load_journal(&mut self, id: AgentId, kernel: &mut Kernel) {
        let service = self.service_of(id).index();
        let agent = &mut self.agents[id.index()];
        agent.process = Process::Loading;
        let life = agent.life;
        match &self.scenario.services[service].journal {
            Some(journal) => {
                let bytes = Bytes(agent.journal.entries() * journal.entry.0);
                let node = self.place(id).node;
                self.submit_disk(node, OperationKind::Read(bytes), Class::Service, DiskTag::Load { agent: id, life }, kernel);
            }
            None => self.ask_for_needs(id, kernel),
        }
    }

    pub(super) fn journal_read(&mut self, id: AgentId, life: u32, result: Outcome, kernel: &mut Kernel) {
        let service = self.service_of(id).index();
        let node = self.place(id).node;
        let agent = &mut self.agents[id.index()];
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
        self.record(kernel, TraceKind::StateRebuilt { agent: id, acknowledged, kept });
        let journal = self.scenario.services[service].journal.as_ref().expect("only journals are read");
        let replay = journal.replay.saturating_mul(recovered.entries);
        let freed = Bytes(recovered.lost * journal.entry.0);
        let now = kernel.now();
        self.host(node).disk.free(freed);
        self.host(node).cpu.submit(now, Task::Replay { agent: id, life }, replay, Class::Service);
        self.rearm_cpu(node, kernel);
    }

    pub(super) fn journal_replayed(&mut self, id: AgentId, life: u32, kernel: &mut Kernel) {
        let agent = &self.agents[id.index()];
        if agent.life == life && agent.process == Process::Loading {
            self.ask_for_needs(id, kernel);
        }
    }

    /// Asks one replica of each service that must be there first.
    fn ask_for_needs(&mut self, id: AgentId, kernel: &mut Kernel) {
        let scenario = self.scenario.clone();
        let needs = &scenario.services[self.service_of(id).index()].needs;
        let agent = &mut self.agents[id.index()];
        if needs.is_empty() {
            return self.become_ready(id, kernel);
        }
        agent.process = Process::Asking { missing: needs.len() as u32, failed: false };
        let life = agent.life;
        let node = self.place(id).node;
        let policy = CallPolicy {
            timeout: NEEDS_TIMEOUT,
            retries: 0,
            backoff: Backoff { base: Duration::ZERO, factor: 1.0, max: Duration::ZERO, jitter: Ratio::ZERO },
        };
        for need in needs {
            let tally = &mut self.agents[id.index()].tally;
            let question = NewCall {
                node,
                caller: Caller::Startup { agent: id, life },
                service: *need,
                policy: policy.clone(),
                trace: trace_of_start(id, life, tally.questions),
                priority: Priority(0),
                deadline: kernel.now().saturating_add(policy.longest()),
                poison: false,
            };
            tally.questions += 1;
            self.start_call(question, kernel);
        }
    }

    /// A dependency has answered, or not.
    pub(super) fn need_answered(&mut self, id: AgentId, life: u32, ok: bool, kernel: &mut Kernel) {
        let agent = &mut self.agents[id.index()];
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

    fn become_ready(&mut self, id: AgentId, kernel: &mut Kernel) {
        let service = self.service_of(id).index();
        let agent = &mut self.agents[id.index()];
        agent.process = Process::Ready;
        let life = agent.life;
        if let Some(Sync::Every(every)) = self.scenario.services[service].journal.as_ref().map(|journal| journal.sync) {
            kernel.set_timer(agent.flush_timer, kernel.now().saturating_add(every), Event::Flush(id, life));
        }
        self.record(kernel, TraceKind::AgentReady(id));
        self.report(id, AgentEvent::Ready, kernel);
    }

    /// Flushes the journal behind the acknowledgements, and again after the interval.
    pub(super) fn flush_journal(&mut self, id: AgentId, life: u32, kernel: &mut Kernel) {
        let service = self.service_of(id).index();
        let node = self.place(id).node;
        let agent = &mut self.agents[id.index()];
        let Some(Sync::Every(every)) = self.scenario.services[service].journal.as_ref().map(|journal| journal.sync) else {
            return;
        };
        if agent.life != life || agent.process != Process::Ready {
            return;
        }
        kernel.set_timer(agent.flush_timer, kernel.now().saturating_add(every), Event::Flush(id, life));
        if agent.journal.entries_durable() < agent.journal.entries() {
            self.submit_disk(node, OperationKind::Sync, Class::Service, DiskTag::EntrySync { agent: id, job: None }, kernel);
        }
    }

    /// Ends the process of an agent, whatever it was doing. `reset`: its host lives, so that callers see their connections closed.
    pub(super) fn end_process(&mut self, id: AgentId, exit: Exit, fault: Option<FaultId>, reset: bool, kernel: &mut Kernel) {
        let now = kernel.now();
        let node = self.place(id).node;
        let agent = &mut self.agents[id.index()];
        if agent.process == Process::Down {
            return;
        }
        agent.process = Process::Down;
        agent.life += 1;
        agent.waiting.clear();
        agent.stuck.clear();
        agent.busy = 0;
        // A stuck process is gone with its life; what causes leaks and crash loops comes back with the next one.
        agent.afflictions.hangs.clear();
        kernel.cancel_timer(agent.timer);
        kernel.cancel_timer(agent.flush_timer);
        let slot = agent.slot;
        let accepted = std::mem::take(&mut agent.accepted);
        self.record(kernel, TraceKind::AgentDown { agent: id, exit, fault });
        let ended = self.reset_requests(node, accepted, reset, kernel);
        let jobs = &self.jobs;
        let host = self.nodes[node.index()].host.as_mut().expect("agents stand on hosts");
        host.memory.stop(now, slot);
        if reset {
            host.cpu.retain(now, |task| match task {
                Task::Job(job) => jobs.contains_key(*job),
                Task::Replay { agent, .. } => *agent != id,
                Task::Deliver(_)
                | Task::Timeout
                | Task::Persisted { .. }
                | Task::Agent { .. }
                | Task::Measure { .. }
                | Task::Overhead => true,
            });
            self.rearm_cpu(node, kernel);
            self.rearm_memory(node, kernel);
            self.report(id, AgentEvent::Exited(exit), kernel);
            self.tell_of_requests(node, ended, kernel);
        }
    }

    /// The node kills a process of its own.
    pub(super) fn stop_agent(&mut self, id: AgentId, kernel: &mut Kernel) {
        self.end_process(id, Exit::Stopped, None, true, kernel);
    }

    /// Draws when this life of the agent will end, if it is in a crash loop.
    pub(super) fn arm_crash_loop(&mut self, id: AgentId, kernel: &mut Kernel) {
        let agent = &self.agents[id.index()];
        if agent.process == Process::Down {
            return;
        }
        for (fault, after) in &agent.afflictions.loops {
            let purpose = CRASH_LOOP.part(self.schedule.get(*fault).key);
            let mut draw = self.streams.draw(purpose, u64::from(id.0), u64::from(agent.life));
            let after = Duration::from_nanos_f64(after.sample(&mut draw));
            kernel.schedule_in(after, Event::CrashLoop(id, agent.life));
        }
    }

    pub(super) fn crash_loop_strikes(&mut self, id: AgentId, life: u32, kernel: &mut Kernel) {
        let agent = &self.agents[id.index()];
        if let Some((fault, _)) = agent.afflictions.loops.first().filter(|_| agent.life == life) {
            let fault = *fault;
            self.end_process(id, Exit::Abnormal, Some(fault), true, kernel);
        }
    }
}

/// Trace id of the `ordinal`-th start-up question of a life.
fn trace_of_start(agent: AgentId, life: u32, ordinal: u64) -> u64 {
    child_trace(u64::from(agent.0) << 32 | u64::from(life), ordinal)
}
