//! Readings: what a host and its agents say of themselves when their node asks.
//!
//! The question is a small piece of work on the host's processor, so a slow or crowded processor shows in how long the answer takes. Everything in it is
//! what an operating system can tell without knowing of faults: counters, sizes, states of processes.

use std::sync::Arc;

use hms_machine::{AgentReading, Bytes, DiskReading, Duration, Input, Instant, Machine, NodeId, Reading};

use super::agents::{HANDLES, Process};
use super::event::Task;
use super::{Kernel, World};
use crate::cluster::usage::Class;

/// CPU time of the question on a core of speed 1: some dozens of reads from `/proc`, at about a microsecond each.
const MEASURE: Duration = Duration::from_micros(50);

impl<M: Machine> World<M> {
    pub(super) fn measure(&mut self, node: NodeId, kernel: &mut Kernel) {
        let now = kernel.now();
        match &mut self.nodes[node.index()].host {
            Some(host) => {
                host.cpu.submit(now, Task::Measure { asked: now }, MEASURE, Class::Stack);
                self.rearm_cpu(node, kernel);
            }
            // An edge has no hardware to ask.
            None => self.feed(node, Input::Measured(Arc::new(nothing())), kernel),
        }
    }

    /// The processor has done the work of the question.
    pub(super) fn measured(&mut self, node: NodeId, asked: Instant, kernel: &mut Kernel) {
        let reading = self.reading(node, kernel.now(), asked);
        self.feed(node, Input::Measured(Arc::new(reading)), kernel);
    }

    fn reading(&mut self, node: NodeId, now: Instant, asked: Instant) -> Reading {
        let speed = self.scenario.cluster.hosts[node.index()].speed;
        let mut agents = Vec::new();
        for id in self.host(node).instances.clone() {
            let slot = self.instances[id.index()].slot;
            let memory = self.host(node).memory.used_by(now, slot);
            let agent = &mut self.instances[id.index()];
            if agent.life == 0 {
                continue;
            }
            agents.push(AgentReading {
                agent: agent.place.agent,
                running: agent.process != Process::Down,
                ready: agent.ready(),
                memory,
                handles: agent.afflictions.handles(now).min(HANDLES) as u32,
                handles_max: HANDLES as u32,
                waiting: agent.waiting.len() as u32,
                busy: agent.busy,
                succeeded: agent.tally.succeeded,
                failed: agent.tally.failed,
                entries: agent.state.history().len(),
            });
        }
        let host = self.host(node);
        let counters = host.disk.counters();
        Reading {
            cpu_elapsed: now - asked,
            cpu_expected: MEASURE.mul_f64(1.0 / speed),
            memory_used: host.memory.used(now),
            memory_capacity: host.memory.capacity(),
            disk: DiskReading {
                operations: counters.writes + counters.syncs + counters.reads,
                errors: counters.failed,
                busy: counters.took,
                syncs: counters.syncs,
                syncs_busy: counters.took_syncs,
                pending: host.disk.pending(now),
                used: host.disk.occupied(),
                capacity: host.disk.capacity(),
            },
            agents,
        }
    }
}

fn nothing() -> Reading {
    Reading {
        cpu_elapsed: Duration::ZERO,
        cpu_expected: Duration::ZERO,
        memory_used: Bytes::ZERO,
        memory_capacity: Bytes::ZERO,
        disk: DiskReading::default(),
        agents: Vec::new(),
    }
}
