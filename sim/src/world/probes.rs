//! Probes: what a node can ask its own agents.
//!
//! Liveness and readiness are answered by the process at no cost; a stuck one answers neither. A probe of work is a synthetic request that goes
//! through the agent's own queue, workers and processor, fails and hangs like any other, and leaves no mark: it calls nobody, writes nothing and is no
//! client's. Its draws are keyed by the agent and by how many such probes came before, so that probes shift no request.

use hms_machine::{AgentEvent, AgentId, CallOutcome, Duration, Instant, Machine, Priority, Probe};

use super::agents::Process;
use super::calls::child_trace;
use super::event::{CallKey, Request};
use super::jobs::{Job, Origin};
use super::{Kernel, World};

impl<M: Machine> World<M> {
    pub(super) fn probe_agent(&mut self, id: AgentId, probe: Probe, kernel: &mut Kernel) {
        let agent = &self.agents[id.index()];
        if agent.process == Process::Down {
            return;
        }
        let (stuck, ready) = (agent.hangs(), agent.ready());
        match probe {
            Probe::Liveness | Probe::Readiness if stuck => {}
            Probe::Liveness => self.probed(id, probe, true, Duration::ZERO, kernel),
            Probe::Readiness => self.probed(id, probe, ready, Duration::ZERO, kernel),
            Probe::Work => self.probe_work(id, kernel),
        }
    }

    fn probe_work(&mut self, id: AgentId, kernel: &mut Kernel) {
        let now = kernel.now();
        let full = self.is_full(id);
        let agent = &mut self.agents[id.index()];
        let ordinal = agent.tally.probes;
        agent.tally.probes += 1;
        if !agent.ready() || full || agent.out_of_handles(now) {
            return self.probed(id, Probe::Work, false, Duration::ZERO, kernel);
        }
        let request = Request {
            call: CallKey::default(),
            copy: 0,
            agent: id,
            trace: trace_of_probe(id, ordinal),
            priority: Priority(0),
            left: Instant::MAX - now,
            poison: false,
            ping: false,
        };
        let job = self.jobs.insert(Job::new(id, Origin::Probe, &request, now));
        self.let_in(job, self.place(id).node, kernel);
    }

    /// A probe of work has ended.
    pub(super) fn work_probed(&mut self, id: AgentId, job: &Job, outcome: CallOutcome, kernel: &mut Kernel) {
        let elapsed = kernel.now() - job.arrived;
        self.probed(id, Probe::Work, outcome == CallOutcome::Ok, elapsed, kernel);
    }

    fn probed(&mut self, id: AgentId, probe: Probe, ok: bool, elapsed: Duration, kernel: &mut Kernel) {
        self.report(id, AgentEvent::Probed { probe, ok, elapsed }, kernel);
    }
}

/// Trace id of the `ordinal`-th probe of an agent's work: of a parent that neither a load nor a start-up has.
fn trace_of_probe(agent: AgentId, ordinal: u64) -> u64 {
    child_trace(!u64::from(agent.0), ordinal)
}
