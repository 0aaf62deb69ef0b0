//! When a fault begins to show.
//!
//! A node cannot notice what has no effect, so the time to notice is counted from the first effect that is beyond the noise of a healthy cluster, by ground
//! truth. Most faults show at once. The others:
//!
//! | fault | shows |
//! |---|---|
//! | leak of memory, of handles | when it has taken 1 % of the host's memory, of the agent's handles |
//! | clock that drifts | when it is off by 10 ms more than before |
//! | clock that jumps | at once, if by 10 ms or more |
//! | pause of a host, stall of a disk, clog of links | at once, if it lasts longer than 500 ms: shorter ones are what HM-S2 wants left alone |
//! | disk | at once, if any service writes a journal, of which every disk may have a copy; damage done in silence never: whoever reads it says so |
//! | slow disk | at once, if slower by more than the factor 1.6 up to which healthy drives differ (PERSEUS: Lu et al., FAST 2023) |
//! | slow link, slow network card | at once, if messages take half a millisecond longer on average |
//! | gray failure, outage, herd, surge | with the first attempt on what it strikes that fails |
//! | poison | with the first process that it kills |
//!
//! A fault that ends before it has shown never did. One that was noticed before it showed was noticed in no time.

use hms_machine::{Duration, Instant};
use hms_scenario::model::{DiskFailure, FaultKind, LinkFault};
use hms_sim::faults::ScheduledFault;

use super::notice::HERD_NOTICE;
use super::{Evidence, Incident};

/// Share of a resource that a leak has to take.
const LEAKED: f64 = 0.01;
/// File handles of an agent.
const HANDLES: f64 = 1024.0;
/// What a clock has to be off.
const CLOCK: Duration = Duration::from_millis(10);
/// Healthy disks differ by this factor.
const DISK: f64 = 1.6;
/// What messages have to take longer on average, ns.
const DELAY: f64 = 500_000.0;
/// Pauses up to this are no failures.
const PAUSE: Duration = Duration::from_millis(500);

/// The first effect of the fault.
pub(super) fn shown(incident: &Incident, fault: &ScheduledFault, evidence: &Evidence<'_>) -> Option<Instant> {
    let start = incident.start;
    let after = |seconds: f64| {
        let at = start.saturating_add(Duration::from_secs_f64(seconds));
        incident.end.is_none_or(|end| at <= end).then_some(at)
    };
    let long = incident.end.is_none_or(|end| end - start > PAUSE);
    let at_once = |holds: bool| holds.then_some(start);
    match &fault.kind {
        FaultKind::MemoryLeak { rate } => {
            let hosts = incident.struck.iter().map(|agent| evidence.places.agents[agent.index()].node);
            let memory = hosts.map(|node| evidence.scenario.cluster.hosts[node.index()].memory.0).min()?;
            after(LEAKED * memory as f64 / (rate.0 as f64).max(1.0))
        }
        FaultKind::HandleLeak { rate } => after(LEAKED * HANDLES / rate),
        FaultKind::ClockDrift { ppm } => after(CLOCK.as_secs_f64() / (ppm.abs() * 1e-6)),
        FaultKind::ClockStep { by, .. } | FaultKind::ClockStrobe { by, .. } => at_once(*by >= CLOCK),
        FaultKind::Pause | FaultKind::Link(LinkFault::Clog) => at_once(long),
        FaultKind::Disk(DiskFailure::Stall) => at_once(long && writes(evidence)),
        FaultKind::Disk(DiskFailure::BitFlips { .. } | DiskFailure::Misdirected { .. }) => None,
        FaultKind::Disk(DiskFailure::Full | DiskFailure::Errors { .. }) => at_once(writes(evidence)),
        FaultKind::SlowDisk { factor } => at_once(*factor > DISK && writes(evidence)),
        FaultKind::SlowNic { delay } | FaultKind::Link(LinkFault::Latency { delay }) => at_once(delay.mean() >= DELAY),
        FaultKind::Gray { .. } | FaultKind::Outage { .. } | FaultKind::Surge { .. } => {
            first_failure(incident, incident.end, evidence)
        }
        FaultKind::Herd { .. } => first_failure(incident, Some(start + HERD_NOTICE), evidence),
        FaultKind::Poison { .. } => {
            let mut kills = evidence.kills.iter().filter(|kill| incident.struck.contains(&kill.agent));
            kills.find(|kill| kill.at >= start && incident.end.is_none_or(|end| kill.at <= end)).map(|kill| kill.at)
        }
        FaultKind::Crash { .. }
        | FaultKind::AgentCrash
        | FaultKind::CrashLoop { .. }
        | FaultKind::Hang
        | FaultKind::SlowCpu { .. }
        | FaultKind::Link(
            LinkFault::Loss { .. }
            | LinkFault::Duplicate { .. }
            | LinkFault::Reorder { .. }
            | LinkFault::Corrupt { .. }
            | LinkFault::Throttle { .. },
        )
        | FaultKind::Partition(_)
        | FaultKind::Regression { .. } => Some(start),
    }
}

/// Whether disks are needed: every host may have to keep the copies of somebody's journal.
fn writes(evidence: &Evidence<'_>) -> bool {
    evidence.scenario.services.iter().any(|service| service.journal.is_some())
}

/// The tenth of a second in which an attempt on a struck agent, or on all of a struck service, failed first.
fn first_failure(incident: &Incident, until: Option<Instant>, evidence: &Evidence<'_>) -> Option<Instant> {
    let services: Vec<_> = incident.struck.iter().map(|agent| evidence.places.agents[agent.index()].service).collect();
    let mut rows = evidence.harm.iter().filter(|row| row.otherwise > 0);
    let found = rows.find(|row| {
        let mine = row.agent.map_or(services.contains(&row.service), |agent| incident.struck.contains(&agent));
        let ends = row.begins() + hms_sim::world::BUCKET;
        mine && ends > incident.start && until.is_none_or(|until| row.begins() <= until)
    });
    found.map(|row| row.begins().max(incident.start))
}
