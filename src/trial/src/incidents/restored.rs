//! When service was restored, by ground truth alone (the definition stands at [`Incident::restored`]).

use hms_machine::{AgentId, Instant, NodeId, Record};
use hms_scenario::model::FaultKind;
use hms_sim::world::{BUCKET, HarmRow, REACH, TraceKind};
use hms_stack::supervisor::placement;

use super::{Evidence, Incident};
use crate::timeline::memory_left;

/// Share of attempts on struck agents that may still fail.
const FAILING_MAX: f64 = 0.01;

/// Buckets that are looked at.
const WINDOW: u64 = REACH.as_nanos() / BUCKET.as_nanos();

/// The first instant from which on service is restored.
pub(super) fn restored(incident: &Incident, evidence: &Evidence<'_>) -> Option<Instant> {
    let scope = Scope::new(incident, evidence);
    let first = incident.detected.unwrap_or(incident.start).max(incident.freed?);
    let mut at = first;
    loop {
        let ready = evidence.timeline.all_ready(&incident.downed, at)?;
        at = ready.from;
        if at.saturating_add(REACH) > evidence.timeline.end {
            return None;
        }
        if at + REACH > ready.until {
            at = ready.until;
            continue;
        }
        // The bucket in which the instant lies counts whole: what fails in it may have failed afterwards.
        match scope.next_failing(evidence.harm, at.as_nanos() / BUCKET.as_nanos()) {
            None => return Some(at),
            Some(bucket) => at = Instant::from_nanos((bucket + 1) * BUCKET.as_nanos()),
        }
    }
}

/// Whether some host that works has memory for the largest agent that the fault took down.
pub(super) fn possible(incident: &Incident, evidence: &Evidence<'_>) -> bool {
    let memory = |service: usize| evidence.scenario.services[service].memory.base;
    let needed = incident.downed.iter().map(|agent| memory(evidence.places.agents[agent.index()].service.index())).max();
    let Some(needed) = needed else { return true };
    let at = incident.detected.unwrap_or(incident.start);
    memory_left(evidence.scenario, evidence.places, evidence.trace, at).into_iter().flatten().any(|left| left >= needed)
}

/// From when on, at the first notice or later, the state of all that was taken down was within reach (see [`Incident::reachable`]).
pub(super) fn reachable(incident: &Incident, evidence: &Evidence<'_>) -> Option<Instant> {
    let from = incident.detected.unwrap_or(incident.start);
    let needs: Vec<Need> = incident.downed.iter().filter_map(|agent| Need::new(*agent, incident.start, evidence)).collect();
    let works = &evidence.timeline.works;
    let begins = works.iter().flatten().map(|stretch| stretch.from).filter(|begin| *begin > from);
    let mut instants: Vec<Instant> = std::iter::once(from).chain(begins).collect();
    instants.sort_unstable();
    let works_at = |node: NodeId, at: Instant| works[node.index()].iter().any(|stretch| stretch.from <= at && at < stretch.until);
    let met = |need: &Need| instants.iter().copied().find(|at| need.is_met(|node| works_at(node, *at)));
    needs.iter().map(met).try_fold(from, |last, at| Some(last.max(at?)))
}

/// What a start of an agent that was taken down needs in order to have its state.
struct Need {
    /// Where it ran: what is on that disk is enough.
    home: NodeId,
    /// Who keeps its state.
    keepers: Vec<NodeId>,
    /// So many of those have to be asked.
    asked: usize,
}

impl Need {
    /// `None` where any start will do: without state, or where nobody waits for a quorum.
    fn new(agent: AgentId, start: Instant, evidence: &Evidence<'_>) -> Option<Need> {
        let Evidence { scenario, places, persistence, trace, .. } = *evidence;
        scenario.services[places.agents[agent.index()].service.index()].journal.as_ref()?;
        if !persistence.replicates() {
            return None;
        }
        let went_down = |kind: &TraceKind| match kind {
            TraceKind::AgentDown { agent: down, node, .. } if *down == agent => Some(Some(*node)),
            TraceKind::AgentReady { agent: ready, .. } if *ready == agent => Some(None),
            _ => None,
        };
        // It may have been down already.
        let before = trace.iter().rev().filter(|row| row.at <= start).find_map(|row| went_down(&row.kind)).flatten();
        let after = || trace.iter().filter(|row| row.at >= start).find_map(|row| went_down(&row.kind).flatten());
        let home = before.or_else(after)?;
        let zones = scenario.cluster.hosts.iter().map(|host| scenario.cluster.racks[host.rack].zone as u32);
        let hosts: Vec<(NodeId, u32)> = zones.enumerate().map(|(index, zone)| (NodeId::from_index(index), zone)).collect();
        let keepers = placement::keepers(agent, &hosts, persistence.keepers());
        let asked = persistence.answers(keepers.len());
        Some(Need { home, keepers, asked })
    }

    fn is_met(&self, works: impl Fn(NodeId) -> bool) -> bool {
        works(self.home) || self.keepers.iter().filter(|keeper| works(**keeper)).count() >= self.asked
    }
}

/// Whether what a fault does to attempts is that the network loses them.
fn is_of_network(kind: &FaultKind) -> bool {
    matches!(kind, FaultKind::Link(_) | FaultKind::Partition(_) | FaultKind::SlowNic { .. })
}

/// Whose attempts count.
pub(super) struct Scope {
    /// Indexed by `AgentId`.
    agents: Vec<bool>,
    /// Indexed by `ServiceId`: all agents of the service are struck.
    services: Vec<bool>,
    /// Indexed by `AgentId`: whether those that the network lost count. They are no doing of a fault that is not of the network, unless the agent was
    /// moved to where the network loses them.
    lost: Vec<bool>,
}

impl Scope {
    pub(super) fn new(incident: &Incident, evidence: &Evidence<'_>) -> Scope {
        let mut agents = vec![false; evidence.places.agents.len()];
        incident.struck.iter().for_each(|agent| agents[agent.index()] = true);
        let all = evidence.places.by_service.iter().map(|replicas| replicas.iter().all(|agent| agents[agent.index()]));
        let of_network = is_of_network(&evidence.schedule.faults[incident.fault.0 as usize].kind);
        let mut lost = vec![of_network; evidence.places.agents.len()];
        for row in evidence.trace.iter().filter(|row| row.at >= incident.start) {
            if let TraceKind::Stack { record: Record::Moved { agent, .. }, .. } = row.kind {
                lost[agent.index()] = true;
            }
        }
        Scope { services: all.collect(), agents, lost }
    }

    fn holds(&self, row: &HarmRow) -> bool {
        match row.agent {
            Some(agent) => self.agents[agent.index()],
            None => self.services[row.service.index()],
        }
    }

    /// If too many attempts fail in the window that begins with `bucket`: the first bucket of it in which one does.
    pub(super) fn next_failing(&self, harm: &[HarmRow], bucket: u64) -> Option<u64> {
        let from = harm.partition_point(|row| row.bucket < bucket);
        let rows = harm[from..].iter().take_while(|row| row.bucket < bucket + WINDOW).filter(|row| self.holds(row));
        let (mut well, mut otherwise, mut first) = (0.0, 0.0, None);
        for row in rows {
            let counts = row.agent.is_none_or(|agent| self.lost[agent.index()]);
            let bad = if counts { row.otherwise } else { row.otherwise - row.lost };
            well += f64::from(row.well);
            otherwise += f64::from(bad);
            if bad > 0 {
                first = first.or(Some(row.bucket));
            }
        }
        first.filter(|_| otherwise > FAILING_MAX * (well + otherwise))
    }
}

const _: () = assert!(REACH.as_nanos().is_multiple_of(BUCKET.as_nanos()), "a window is made of whole buckets");
