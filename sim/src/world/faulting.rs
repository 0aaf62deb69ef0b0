//! Faults taking hold of the world and letting go of it again.
//!
//! Faults overlap: each leaves its own mark under its own id, and takes away only that.

use std::sync::Arc;

use hms_machine::{AgentId, Bytes, Exit, Machine, NodeId, Purpose, Ratio, Seed, Streams};
use hms_scenario::model::{DiskFailure, FaultKind};

use super::agents::Process;
use super::event::{Event, InstanceId};
use super::{Kernel, TraceKind, World};
use crate::cluster::clock::ppb;
use crate::cluster::storage::choose_file;
use crate::faults::{FaultId, ScheduledFault, Victims};
use crate::network::{LinkSet, Onset};

const BIT_FLIP: Purpose = Purpose::named("fault/bit-flip");
const NEW_VERSION: Purpose = Purpose::named("fault/new-version");

impl<M: Machine> World<M> {
    pub(super) fn fault_begins(&mut self, id: FaultId, kernel: &mut Kernel) {
        let schedule = Arc::clone(&self.schedule);
        let fault = &schedule.faults[id.0 as usize];
        // A fork has put it off: the entry in the queue stays, and nothing happens.
        if fault.start > kernel.now() {
            return;
        }
        self.record(kernel, TraceKind::FaultBegan(id));
        if let Some(end) = fault.end {
            kernel.schedule_at(end, Event::FaultEnds(id));
        }
        self.strike(fault, kernel);
    }

    fn strike(&mut self, fault: &ScheduledFault, kernel: &mut Kernel) {
        let id = fault.id;
        match &fault.kind {
            FaultKind::Crash { disk_lost } => {
                for node in self.nodes_of(fault) {
                    self.power_off(node, id, *disk_lost, kernel);
                }
            }
            FaultKind::Pause => {
                for node in self.nodes_of(fault) {
                    self.pause(node, kernel);
                }
            }
            FaultKind::AgentCrash => {
                for instance in self.instances_of(fault) {
                    self.end_process(instance, Exit::Abnormal, Some(id), true, kernel);
                }
            }
            FaultKind::CrashLoop { .. } => {
                for agent in self.agents_of(fault) {
                    self.strike_agent(fault, agent, kernel);
                }
                for instance in self.instances_of(fault) {
                    self.end_process(instance, Exit::Abnormal, Some(id), true, kernel);
                }
            }
            FaultKind::SlowCpu { .. }
            | FaultKind::SlowDisk { .. }
            | FaultKind::ClockStep { .. }
            | FaultKind::ClockDrift { .. }
            | FaultKind::ClockStrobe { .. }
            | FaultKind::Disk(_) => {
                for node in self.nodes_of(fault) {
                    self.strike_hardware(fault, node, kernel);
                }
            }
            // A process that is stuck is stuck by itself: the next one, here or elsewhere, is not.
            FaultKind::Hang => {
                for instance in self.instances_of(fault) {
                    self.instances[instance.index()].afflictions.add(fault, 0, kernel.now());
                }
            }
            FaultKind::MemoryLeak { .. }
            | FaultKind::HandleLeak { .. }
            | FaultKind::Regression { .. }
            | FaultKind::Gray { .. } => {
                for agent in self.agents_of(fault) {
                    self.strike_agent(fault, agent, kernel);
                }
            }
            FaultKind::SlowNic { delay } => {
                let nodes = self.nodes_of(fault);
                self.network.slow_cards(onset(fault), &nodes, delay);
            }
            FaultKind::Link(link) => {
                let links = match &fault.victims {
                    Victims::Links { from, to, both } => LinkSet::between(from, to, *both),
                    Victims::Cluster | Victims::Nodes(_) | Victims::Agents(_) | Victims::Service(_) | Victims::Load(_) => {
                        LinkSet::touching(&self.nodes_of(fault), self.nodes.len())
                    }
                };
                self.network.impair(onset(fault), links, link);
            }
            FaultKind::Partition(shape) => self.network.partition(onset(fault), shape),
            FaultKind::Outage { severity } => {
                let Victims::Service(service) = fault.victims else { unreachable_victims(fault) };
                self.outages[service.index()].push((id, *severity));
            }
            FaultKind::Poison { share } => {
                let Victims::Load(load) = fault.victims else { unreachable_victims(fault) };
                self.clients[load].poison.push((id, *share));
            }
            // The clients have them built in from the start.
            FaultKind::Surge { .. } | FaultKind::Herd { .. } => {}
        }
    }

    fn strike_hardware(&mut self, fault: &ScheduledFault, node: NodeId, kernel: &mut Kernel) {
        let now = kernel.now();
        let id = fault.id;
        match &fault.kind {
            FaultKind::SlowCpu { speed } => {
                self.host(node).cpu_shares.push((id, speed.get()));
                self.set_cpu_speed(node, kernel);
            }
            FaultKind::SlowDisk { factor } => {
                self.host(node).disk_factors.push((id, *factor));
                self.set_disk(node, kernel);
            }
            FaultKind::ClockStep { by, forward } => self.nodes[node.index()].clock.step(*by, *forward),
            FaultKind::ClockDrift { ppm } => {
                self.host(node).drifts.push((id, ppb(*ppm)));
                self.set_drift(node, kernel);
            }
            FaultKind::ClockStrobe { by, every } => self.nodes[node.index()].clock.strobe_on(now, *by, *every),
            FaultKind::Disk(failure) => {
                let host = self.host(node);
                match failure {
                    DiskFailure::Stall => host.disk_stalls.push(id),
                    DiskFailure::Full => host.disk_fulls.push(id),
                    DiskFailure::Errors { share } => host.disk_errors.push((id, *share)),
                    DiskFailure::Misdirected { share } => host.disk_misdirections.push((id, *share)),
                    DiskFailure::BitFlips { bits } => self.flip_bits(fault, node, *bits),
                }
                self.set_disk(node, kernel);
            }
            _ => unreachable_victims(fault),
        }
    }

    /// Strikes the software of an agent or its data: every instance that runs, and every one that is started while the fault lasts.
    fn strike_agent(&mut self, fault: &ScheduledFault, agent: AgentId, kernel: &mut Kernel) {
        let replicas = version_of(&self.streams, fault, agent);
        self.agents[agent.index()].afflictions.add(fault, replicas, kernel.now());
        for instance in self.running_instances(agent) {
            self.instances[instance.index()].afflictions.add(fault, replicas, kernel.now());
            self.set_leak(instance, kernel);
        }
    }

    pub(super) fn fault_ends(&mut self, id: FaultId, kernel: &mut Kernel) {
        let schedule = Arc::clone(&self.schedule);
        let fault = &schedule.faults[id.0 as usize];
        self.record(kernel, TraceKind::FaultEnded(id));
        match &fault.kind {
            FaultKind::Crash { .. } => {
                for node in self.nodes_of(fault) {
                    self.repaired(node, id, kernel);
                }
            }
            FaultKind::Pause => {
                for node in self.nodes_of(fault) {
                    self.resume(node, kernel);
                }
            }
            FaultKind::SlowCpu { .. }
            | FaultKind::SlowDisk { .. }
            | FaultKind::ClockDrift { .. }
            | FaultKind::ClockStrobe { .. }
            | FaultKind::Disk(_) => {
                for node in self.nodes_of(fault) {
                    self.relieve_hardware(fault, node, kernel);
                }
            }
            FaultKind::CrashLoop { .. }
            | FaultKind::Hang
            | FaultKind::MemoryLeak { .. }
            | FaultKind::HandleLeak { .. }
            | FaultKind::Regression { .. }
            | FaultKind::Gray { .. } => self.relieve_agents(id, kernel),
            FaultKind::SlowNic { .. } | FaultKind::Link(_) | FaultKind::Partition(_) => self.network.lift(id),
            FaultKind::Outage { .. } => self.outages.iter_mut().for_each(|outages| outages.retain(|(known, _)| *known != id)),
            FaultKind::Poison { .. } => {
                self.clients.iter_mut().for_each(|client| client.poison.retain(|(known, _)| *known != id));
            }
            // What has happened at once stays; clients have it built in.
            FaultKind::AgentCrash | FaultKind::ClockStep { .. } | FaultKind::Surge { .. } | FaultKind::Herd { .. } => {}
        }
    }

    fn relieve_hardware(&mut self, fault: &ScheduledFault, node: NodeId, kernel: &mut Kernel) {
        let id = fault.id;
        if let FaultKind::ClockStrobe { by, every } = &fault.kind {
            self.nodes[node.index()].clock.strobe_off(*by, *every);
        }
        let host = self.host(node);
        host.cpu_shares.retain(|(known, _)| *known != id);
        host.drifts.retain(|(known, _)| *known != id);
        host.disk_factors.retain(|(known, _)| *known != id);
        host.disk_stalls.retain(|known| *known != id);
        host.disk_fulls.retain(|known| *known != id);
        host.disk_errors.retain(|(known, _)| *known != id);
        host.disk_misdirections.retain(|(known, _)| *known != id);
        self.set_cpu_speed(node, kernel);
        self.set_disk(node, kernel);
        self.set_drift(node, kernel);
    }

    /// Wherever the agents are by now that the fault has struck.
    fn relieve_agents(&mut self, id: FaultId, kernel: &mut Kernel) {
        let now = kernel.now();
        for agent in &mut self.agents {
            agent.afflictions.lift(id, now);
        }
        for instance in (0..self.instances.len()).map(InstanceId::from_index) {
            let afflictions = &mut self.instances[instance.index()].afflictions;
            let stuck = !afflictions.hangs.is_empty();
            if !afflictions.lift(id, now) {
                continue;
            }
            let freed = stuck && afflictions.hangs.is_empty();
            self.set_leak(instance, kernel);
            if freed {
                self.unstick(instance, kernel);
            }
        }
    }

    fn set_cpu_speed(&mut self, node: NodeId, kernel: &mut Kernel) {
        let host = self.host(node);
        let share = host.cpu_shares.iter().map(|(_, share)| share).product();
        host.cpu.set_speed(kernel.now(), share);
        self.rearm_cpu(node, kernel);
    }

    /// Brings the disk to what the faults in progress make of it together.
    fn set_disk(&mut self, node: NodeId, kernel: &mut Kernel) {
        let now = kernel.now();
        let host = self.host(node);
        host.disk.slow(now, host.disk_factors.iter().map(|(_, factor)| factor).product());
        host.disk.set_full(now, !host.disk_fulls.is_empty());
        host.disk.set_errors(now, together(&host.disk_errors));
        host.disk.set_misdirected(now, together(&host.disk_misdirections));
        if host.disk_stalls.is_empty() {
            host.disk.unstall(now)
        } else {
            host.disk.stall(now)
        }
        if host.disk.queue_len() > 0 && host.disk_is_struck() {
            self.recorder.harm.meet(now, node);
        }
        self.rearm_disk(node, kernel);
    }

    fn set_drift(&mut self, node: NodeId, kernel: &mut Kernel) {
        let now = kernel.now();
        let faults: i64 = self.host(node).drifts.iter().map(|(_, drift)| drift).sum();
        let state = &mut self.nodes[node.index()];
        state.clock.set_drift(now, state.own_drift.saturating_add(faults));
        // The deadline stands in the node's time, and its clock now runs at another rate.
        if let Some(deadline) = state.deadline {
            kernel.set_timer(state.wake_timer, state.clock.when(deadline, now), Event::Wake(node));
        }
    }

    /// Brings an agent's leak to what the faults in progress make of it; a host that stands still leaks nothing.
    pub(super) fn set_leak(&mut self, instance: InstanceId, kernel: &mut Kernel) {
        let node = self.node_of(instance);
        let state = &self.instances[instance.index()];
        if state.process == Process::Down {
            return;
        }
        let slot = state.slot;
        let rate =
            if self.nodes[node.index()].paused() { 0 } else { state.afflictions.leaks.iter().map(|(_, rate)| rate.0).sum() };
        self.host(node).memory.set_leak(kernel.now(), slot, Bytes(rate));
        self.rearm_memory(node, kernel);
    }

    /// Each bit flips in one of the host's files, in proportion to what is on the medium: the stack's records, its agents' states, and copies
    /// of others'.
    fn flip_bits(&mut self, fault: &ScheduledFault, node: NodeId, bits: u32) {
        let instances = self.host(node).instances.clone();
        for bit in 0..bits {
            let mut draw = self.streams.draw(BIT_FLIP.part(u64::from(bit)), u64::from(node.0), fault.key);
            let mut durable = vec![self.host(node).records.bytes_durable()];
            durable.extend(instances.iter().map(|instance| self.instances[instance.index()].state.bytes_durable()));
            durable.extend(self.host(node).copies.values().map(|copy| copy.file.bytes_durable()));
            match choose_file(&mut draw, &durable) {
                Some(0) => drop(self.host(node).records.flip(&mut draw)),
                Some(file) => {
                    let instance = instances.get(file - 1).map(|instance| &mut self.instances[instance.index()].state);
                    let copies = self.nodes[node.index()].host.iter_mut().flat_map(|host| host.copies.values_mut());
                    let state = instance.or_else(|| copies.map(|copy| &mut copy.file).nth(file - 1 - instances.len()));
                    state.expect("the file that was chosen").flip(&mut draw);
                }
                None => {}
            }
        }
    }

    fn nodes_of(&self, fault: &ScheduledFault) -> Vec<NodeId> {
        match &fault.victims {
            Victims::Nodes(nodes) => nodes.clone(),
            Victims::Agents(agents) => agents.iter().map(|agent| self.directory.agents[agent.index()].node).collect(),
            Victims::Cluster => (0..self.hosts()).map(NodeId::from_index).collect(),
            Victims::Service(_) | Victims::Load(_) | Victims::Links { .. } => unreachable_victims(fault),
        }
    }

    /// The processes that a fault finds running.
    fn instances_of(&self, fault: &ScheduledFault) -> Vec<InstanceId> {
        self.agents_of(fault).into_iter().flat_map(|agent| self.running_instances(agent)).collect()
    }

    fn running_instances(&self, agent: AgentId) -> Vec<InstanceId> {
        let running = |instance: &InstanceId| self.instances[instance.index()].process != Process::Down;
        self.agents[agent.index()].instances.iter().copied().filter(running).collect()
    }

    fn agents_of(&self, fault: &ScheduledFault) -> Vec<AgentId> {
        match &fault.victims {
            Victims::Agents(agents) => agents.clone(),
            Victims::Nodes(nodes) => nodes.iter().flat_map(|node| self.directory.agents_of(*node)).copied().collect(),
            Victims::Service(service) => self.directory.services[service.index()].agents.clone(),
            Victims::Cluster => (0..self.agents.len()).map(AgentId::from_index).collect(),
            Victims::Load(_) | Victims::Links { .. } => unreachable_victims(fault),
        }
    }
}

/// The share hit by at least one of several independent causes.
fn together(shares: &[(FaultId, Ratio)]) -> Ratio {
    let spared: f64 = shares.iter().map(|(_, share)| 1.0 - share.get()).product();
    Ratio::new(1.0 - spared).expect("a product of shares is a share")
}

/// The word that decides whether an agent gets the new version of a bad deployment.
fn version_of(streams: &Streams, fault: &ScheduledFault, agent: AgentId) -> u64 {
    streams.draw(NEW_VERSION, u64::from(agent.0), fault.key).next_u64()
}

/// Whether a bad deployment has reached an agent: it is drawn for each of a service's replicas, and may reach none.
pub fn has_new_version(seed: Seed, fault: &ScheduledFault, agent: AgentId) -> bool {
    let FaultKind::Regression { replicas, .. } = &fault.kind else { return false };
    replicas.happens(version_of(&Streams::new(seed), fault, agent))
}

fn onset(fault: &ScheduledFault) -> Onset {
    Onset { fault: fault.id, key: fault.key, start: fault.start, until: fault.end }
}

fn unreachable_victims(fault: &ScheduledFault) -> ! {
    panic!("fault {} of kind {:?} was scheduled with victims {:?}", fault.name, fault.kind, fault.victims)
}
