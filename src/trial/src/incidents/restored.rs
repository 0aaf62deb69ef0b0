//! When service was restored, by ground truth alone (the definition stands at [`Incident::restored`]).

use hms_machine::Instant;
use hms_sim::world::{BUCKET, HarmRow, REACH};

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

/// Whose attempts count.
pub(super) struct Scope {
    /// Indexed by `AgentId`.
    agents: Vec<bool>,
    /// Indexed by `ServiceId`: all agents of the service are struck.
    services: Vec<bool>,
}

impl Scope {
    pub(super) fn new(incident: &Incident, evidence: &Evidence<'_>) -> Scope {
        let mut agents = vec![false; evidence.places.agents.len()];
        incident.struck.iter().for_each(|agent| agents[agent.index()] = true);
        let all = evidence.places.by_service.iter().map(|replicas| replicas.iter().all(|agent| agents[agent.index()]));
        Scope { services: all.collect(), agents }
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
            well += f64::from(row.well);
            otherwise += f64::from(row.otherwise);
            if row.otherwise > 0 {
                first = first.or(Some(row.bucket));
            }
        }
        first.filter(|_| otherwise > FAILING_MAX * (well + otherwise))
    }
}

const _: () = assert!(REACH.as_nanos().is_multiple_of(BUCKET.as_nanos()), "a window is made of whole buckets");
