//! Probes: what a node can ask its own agents.
//!
//! Liveness and readiness are answered by the process at no cost; a stuck one answers neither. A probe of work is a synthetic request that goes
//! through the agent's own queue, workers and processor, fails and hangs like any other, and leaves no mark: it calls nobody, writes nothing and is no
//! client's. Its draws are keyed by the agent and by how many such probes came before, so that probes shift no request.

use hms_machine::{AgentEvent, AgentId, CallOutcome, Duration, Instant, Machine, NodeId, Priority, Probe};

use super::agents::Process;
use super::calls::child_trace;
use super::event::{CallKey, InstanceId, Request};
use super::jobs::{Job, Origin};
use super::{Kernel, World};

impl<M: Machine> World<M> {
    pub(super) fn probe_agent(&mut self, node: NodeId, agent: AgentId, probe: Probe, kernel: &mut Kernel) {
        let Some(id) = self.instance_at(agent, node) else { return };
        let agent = &self.instances[id.index()];
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

    fn probe_work(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let now = kernel.now();
        let full = self.is_full(id);
        let place = self.place(id);
        let ordinal = self.agents[place.agent.index()].probes;
        self.agents[place.agent.index()].probes += 1;
        let agent = &mut self.instances[id.index()];
        if !agent.ready() || full || agent.out_of_handles(now) {
            return self.probed(id, Probe::Work, false, Duration::ZERO, kernel);
        }
        let request = Request {
            call: CallKey::default(),
            copy: 0,
            agent: place.agent,
            trace: trace_of_probe(place.agent, ordinal),
            priority: Priority(0),
            left: Instant::MAX - now,
            poison: false,
            ping: false,
        };
        let job = self.jobs.insert(Job::new(id, Origin::Probe, &request, now));
        self.let_in(job, place.node, kernel);
    }

    /// A probe of work has ended.
    pub(super) fn work_probed(&mut self, id: InstanceId, job: &Job, outcome: CallOutcome, kernel: &mut Kernel) {
        let elapsed = kernel.now() - job.arrived;
        self.probed(id, Probe::Work, outcome == CallOutcome::Ok, elapsed, kernel);
    }

    fn probed(&mut self, id: InstanceId, probe: Probe, ok: bool, elapsed: Duration, kernel: &mut Kernel) {
        self.report(id, AgentEvent::Probed { probe, ok, elapsed }, kernel);
    }
}

/// Trace id of the `ordinal`-th probe of an agent's work: of a parent that neither a load nor a start-up has.
fn trace_of_probe(agent: AgentId, ordinal: u64) -> u64 {
    child_trace(!u64::from(agent.0), ordinal)
}
