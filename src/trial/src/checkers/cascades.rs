//! Cascades: failures whose cause is a recovery action, or overload that spread over an edge of the graph of calls and needs.
//!
//! Four things count, each once, with the incident that it follows from:
//!
//! 1. **Collateral.** An agent that no open incident strikes, nor struck in the [`LAG`] before, goes down for lack of memory, or because the stack stopped it
//!    though nothing ailed it, and in the [`RECENT`] before, an action on another agent of its service or node began. Stops are justified where another process of the agent is
//!    ready (it has moved) or this one never became ready; a belief of the stack justifies nothing: agents that are restarted because their probes
//!    time out under the load of the restarted are the textbook case.
//! 2. **Spread.** A service of which no agent is struck by an open incident, and which calls none of which one is, directly or through others,
//!    answers less than half of its attempts in each of two seconds or more in a row, and that begins during an incident or within [`RECENT`] after
//!    it, where the incident struck an agent of a service joined to it by an edge (either way), or one placed on a host with one of its own.
//! 3. **Metastable.** After everything that an incident did is over, goodput stays below 90 % of what it was before, and below 90 % of what is
//!    asked for, in each of six times five seconds, with no other incident in between (Bronson et al., "Metastable Failures in Distributed Systems", `HotOS`
//!    2021: the trigger is gone and the failure stays).
//! 4. **Poison.** One request kills more than [`KILLS_MAX`] agents: what is retried spreads the failure. The world notes which request ended which
//!    process, so nothing is guessed.
//!
//! An incident is open from its beginning until every agent that it took down has served again.

use std::collections::BTreeMap;

use hms_machine::{AgentId, Duration, Exit, Instant, NodeId, Record, ServiceId};
use hms_scenario::model::Scenario;
use hms_sim::faults::FaultId;
use hms_sim::services::placement::Placement;
use hms_sim::world::{BUCKET, HarmRow, Kill, SeriesRow, TraceKind, TraceRow};

use crate::incidents::Incident;

/// For so long after an action or an incident, a failure next to it is laid to it: the ten seconds in which clients' retries are through.
pub const RECENT: Duration = Duration::from_secs(10);

/// A fault that has ended looks as if it went on for so long, to whoever judges by what was seen: as long as a fault may go unnoticed (HM-S1).
pub const LAG: Duration = Duration::from_secs(1);

/// So many agents may one request kill before it must not be let in again.
pub const KILLS_MAX: usize = 3;

/// What spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An agent went down next to a recovery.
    Collateral(AgentId),
    /// A service failed next to an incident.
    Spread(ServiceId),
    /// Goodput did not come back.
    Metastable,
    /// This request killed again and again.
    Poison {
        /// Its trace id.
        trace: u64,
    },
}

impl Kind {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Collateral(_) => "collateral",
            Kind::Spread(_) => "spread",
            Kind::Metastable => "metastable",
            Kind::Poison { .. } => "poison",
        }
    }
}

/// A failure that healing or overload spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cascade {
    /// What spread.
    pub kind: Kind,
    /// When it became one.
    pub at: Instant,
    /// The incident that it follows from; `None` if it follows from no fault, such as poison in the plain load.
    pub incident: Option<FaultId>,
}

/// From what cascades are read.
pub(crate) struct Evidence<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) places: &'a Placement,
    pub(crate) trace: &'a [TraceRow],
    pub(crate) series: &'a [SeriesRow],
    pub(crate) harm: &'a [HarmRow],
    pub(crate) kills: &'a [Kill],
    pub(crate) incidents: &'a [Incident],
}

/// Finds all cascades, in order of time.
pub(crate) fn check(evidence: &Evidence<'_>) -> Vec<Cascade> {
    let mut all = collateral(evidence);
    all.extend(spread(evidence));
    all.extend(evidence.incidents.iter().filter_map(|incident| metastable(incident, evidence)));
    all.extend(poison(evidence));
    all.sort_by_key(|cascade| cascade.at);
    all
}

/// Until when an incident is open; the end of time if it never closes.
fn over(incident: &Incident) -> Instant {
    incident.verified.unwrap_or(Instant::MAX)
}

/// Incidents that are open at `at`, or were within `grace` before.
fn open<'a>(evidence: &'a Evidence<'_>, at: Instant, grace: Duration) -> impl Iterator<Item = &'a Incident> {
    evidence.incidents.iter().filter(move |incident| incident.start <= at && over(incident).saturating_add(grace) >= at)
}

/// An action of the stack, for looking back.
struct Action {
    at: Instant,
    agent: AgentId,
    node: NodeId,
}

fn collateral(evidence: &Evidence<'_>) -> Vec<Cascade> {
    let mut found = Vec::new();
    let mut actions: Vec<Action> = Vec::new();
    let mut ready: Vec<Vec<NodeId>> = vec![Vec::new(); evidence.places.agents.len()];
    for row in evidence.trace {
        match row.kind {
            TraceKind::AgentReady { agent, node } => ready[agent.index()].push(node),
            TraceKind::Stack { record: Record::RecoveryStarted { agent, .. }, .. } => {
                let home = evidence.places.agents[agent.index()].node;
                let node = ready[agent.index()].last().copied().unwrap_or(home);
                actions.push(Action { at: row.at, agent, node });
            }
            TraceKind::AgentDown { agent, node, exit, fault } => {
                let took = ready[agent.index()].contains(&node);
                ready[agent.index()].retain(|known| *known != node);
                let needless = exit == Exit::Stopped && took && ready[agent.index()].is_empty();
                if fault.is_some() || !(needless || exit == Exit::OutOfMemory) {
                    continue;
                }
                let service = |agent: AgentId| evidence.places.agents[agent.index()].service;
                let next_to = |action: &&Action| {
                    action.agent != agent
                        && row.at.saturating_since(action.at) <= RECENT
                        && (action.node == node || service(action.agent) == service(agent))
                };
                let struck = open(evidence, row.at, LAG).any(|incident| incident.struck.contains(&agent));
                if let Some(action) = actions.iter().rev().find(next_to).filter(|_| !struck) {
                    let mut behind = open(evidence, row.at, RECENT).filter(|incident| incident.struck.contains(&action.agent));
                    let incident = behind.next().map(|incident| incident.fault);
                    found.push(Cascade { kind: Kind::Collateral(agent), at: row.at, incident });
                }
            }
            _ => {}
        }
        // Rows are in order of time, so older actions are of no use any more.
        if actions.first().is_some_and(|action| row.at.saturating_since(action.at) > RECENT) {
            actions.remove(0);
        }
    }
    found
}

fn spread(evidence: &Evidence<'_>) -> Vec<Cascade> {
    let mut found = Vec::new();
    for index in 0..evidence.scenario.services.len() {
        let service = ServiceId::from_index(index);
        let below = calls_into(evidence.scenario, service);
        for at in sags(evidence.harm, service) {
            let struck = |incident: &Incident, services: &[ServiceId]| {
                incident.struck.iter().any(|agent| services.contains(&evidence.places.agents[agent.index()].service))
            };
            // What failed first within the bucket may have failed at its end.
            let by_itself = |incident: &&Incident| incident.start < at + BUCKET && over(incident) >= at;
            if evidence.incidents.iter().filter(by_itself).any(|incident| struck(incident, &below)) {
                continue;
            }
            let next_to = neighbours(evidence.scenario, service);
            let joined = |incident: &&Incident| struck(incident, &next_to) || shares_host(incident, service, evidence.places);
            let behind = open(evidence, at, RECENT).filter(|incident| !struck(incident, &below)).find(joined);
            if let Some(incident) = behind {
                found.push(Cascade { kind: Kind::Spread(service), at, incident: Some(incident.fault) });
            }
        }
    }
    found
}

/// The service itself and all that it calls, directly or through others.
fn calls_into(scenario: &Scenario, service: ServiceId) -> Vec<ServiceId> {
    let mut reached = vec![service];
    let mut next = 0;
    while next < reached.len() {
        for call in &scenario.services[reached[next].index()].calls {
            if !reached.contains(&call.service) {
                reached.push(call.service);
            }
        }
        next += 1;
    }
    reached
}

/// Services with an edge to or from this one.
fn neighbours(scenario: &Scenario, service: ServiceId) -> Vec<ServiceId> {
    let edges = |from: usize| {
        let model = &scenario.services[from];
        model.calls.iter().map(|call| call.service).chain(model.needs.iter().copied()).collect::<Vec<_>>()
    };
    let all = (0..scenario.services.len()).map(ServiceId::from_index);
    let ours = edges(service.index());
    all.filter(|other| *other != service && (ours.contains(other) || edges(other.index()).contains(&service))).collect()
}

fn shares_host(incident: &Incident, service: ServiceId, places: &Placement) -> bool {
    let node = |agent: &AgentId| places.agents[agent.index()].node;
    let ours = &places.by_service[service.index()];
    incident.struck.iter().any(|agent| ours.iter().any(|our| node(our) == node(agent)))
}

/// When a service began to answer less than half of its attempts in two seconds in a row; once for each time that this goes on.
fn sags(harm: &[HarmRow], service: ServiceId) -> Vec<Instant> {
    let second = 1_000_000_000 / BUCKET.as_nanos();
    let mut sums: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for row in harm.iter().filter(|row| row.service == service) {
        let sum = sums.entry(row.bucket).or_default();
        *sum = (sum.0 + u64::from(row.well), sum.1 + u64::from(row.otherwise));
    }
    let fails = |from: u64| {
        let (well, otherwise) = sums.range(from..from + second).fold((0, 0), |sum, (_, row)| (sum.0 + row.0, sum.1 + row.1));
        otherwise > well
    };
    let mut begun = Vec::new();
    let mut busy_until = 0;
    for bucket in sums.iter().filter(|(_, sum)| sum.1 > 0).map(|(bucket, _)| *bucket) {
        if !(fails(bucket) && fails(bucket + second)) {
            continue;
        }
        if bucket >= busy_until {
            begun.push(Instant::from_nanos(bucket * BUCKET.as_nanos()));
        }
        // What begins within the time in which it is seen to fail is the same failure.
        busy_until = bucket + 2 * second;
    }
    begun
}

/// Pieces in which goodput is looked at, and how many there are: together thirty seconds.
const PIECE: Duration = Duration::from_secs(5);
const PIECES: u64 = 6;
const KEPT: f64 = 0.9;

fn metastable(incident: &Incident, evidence: &Evidence<'_>) -> Option<Cascade> {
    let over = incident.verified?;
    let look = PIECE.saturating_mul(PIECES);
    let until = over.saturating_add(look);
    let others = evidence.incidents.iter().filter(|other| other.fault != incident.fault);
    let disturbed = others.into_iter().any(|other| other.start < until && self::over(other) > over);
    if disturbed || evidence.series.last()?.at < until {
        return None;
    }
    let rate = |from: Instant, until: Instant, read: fn(&SeriesRow) -> u64| {
        let rows = evidence.series.iter().filter(|row| row.at > from && row.at <= until);
        rows.map(read).sum::<u64>() as f64 / until.saturating_since(from).as_secs_f64().max(1e-9)
    };
    let before = Instant::from_nanos(incident.start.as_nanos().saturating_sub(look.as_nanos()));
    let usual = rate(before, incident.start, |row| row.requests.succeeded);
    let low = (0..PIECES).all(|piece| {
        let from = over.saturating_add(PIECE.saturating_mul(piece));
        let asked = rate(from, from + PIECE, |row| row.requests.started);
        rate(from, from + PIECE, |row| row.requests.succeeded) < KEPT * usual.min(asked)
    });
    low.then_some(Cascade { kind: Kind::Metastable, at: until, incident: Some(incident.fault) })
}

fn poison(evidence: &Evidence<'_>) -> Vec<Cascade> {
    let mut kills: BTreeMap<u64, Vec<&Kill>> = BTreeMap::new();
    for kill in evidence.kills {
        kills.entry(kill.trace).or_default().push(kill);
    }
    let cascade = |(trace, kills): (&u64, &Vec<&Kill>)| {
        let kill = kills.get(KILLS_MAX)?;
        let poison = open(evidence, kill.at, RECENT).find(|incident| incident.kind == "poison");
        let incident = poison.map(|incident| incident.fault);
        Some(Cascade { kind: Kind::Poison { trace: *trace }, at: kill.at, incident })
    };
    kills.iter().filter_map(cascade).collect()
}

#[cfg(test)]
mod tests;
