//! When a fault begins to show.
//!
//! A node cannot notice what has no effect, so the time to notice is counted from the first effect that is beyond the noise of a healthy cluster, by ground
//! truth. Most faults show at once. The others:
//!
//! | fault | shows |
//! |---|---|
//! | leak of memory, of handles | when it has taken 1 % of the host's memory, of the agent's handles |
//! | clock that drifts | when it is off by 10 ms more than before |
//! | clock that jumps | at once, if it is off by 10 ms or more afterwards: one that jumps back to the right time is well |
//! | pause of a host, clog of links | at once, if it lasts longer than 500 ms: shorter ones are what HM-S2 wants left alone |
//! | disk that is full or fails operations | with the first operation that fails; damage done in silence never: whoever reads it says so |
//! | stall of a disk | with the first operation that is asked for or under way, if it then lasts longer than 500 ms |
//! | slow disk | with the first operation, if slower by more than the factor 1.6 up to which healthy drives differ (PERSEUS: Lu et al., FAST 2023) |
//! | slow link, slow network card | at once, if messages take half a millisecond longer on average |
//! | throttled link | at once, if a full frame of Ethernet takes half a millisecond longer |
//! | bad deployment | at once, if it has reached any replica: each gets it by chance |
//! | gray failure, outage, herd, surge | with the first failure of the first second in which more than 1 % of attempts on what it strikes fail: what is less counts as restored service, too |
//! | poison | with the first process that it kills |
//! | crash or pause of hosts | at once, unless all of them stood still and were suspected already |
//!
//! A fault of hosts that are down shows nothing before one of them is up, a fault of ways nothing before hosts at both ends are.
//! A fault that ends before it has shown never did. One that was noticed before it showed was noticed in no time.

use hms_machine::{Duration, Instant};
use hms_scenario::model::{DiskFailure, FaultKind, LinkFault};
use hms_sim::faults::{ScheduledFault, Victims};
use hms_sim::world::{BUCKET, Hindered, has_new_version};

use super::notice::HERD_NOTICE;
use super::restored::Scope;
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
/// Bytes of a full frame of Ethernet.
const FRAME: f64 = 1_500.0;
/// Pauses up to this are no failures.
const PAUSE: Duration = Duration::from_millis(500);

/// The first effect of the fault.
pub(super) fn shown(incident: &Incident, fault: &ScheduledFault, evidence: &Evidence<'_>) -> Option<Instant> {
    // Whether a crash had anything left to bring down, `known` says.
    let crash = matches!(fault.kind, FaultKind::Crash { .. });
    let start = if crash { incident.start } else { incident.present? };
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
        FaultKind::ClockStep { .. } => at_once(clock_off(fault, evidence) >= CLOCK),
        FaultKind::ClockStrobe { by, .. } => at_once(*by >= CLOCK),
        FaultKind::Pause => at_once(long && !incident.known),
        FaultKind::Link(LinkFault::Clog) => at_once(long),
        FaultKind::Disk(DiskFailure::Stall) => {
            let stalled = first_operation(fault, start, evidence, |_| true)?;
            incident.end.is_none_or(|end| end.saturating_since(stalled) > PAUSE).then_some(stalled)
        }
        FaultKind::Disk(DiskFailure::BitFlips { .. } | DiskFailure::Misdirected { .. }) => None,
        FaultKind::Disk(DiskFailure::Full | DiskFailure::Errors { .. }) => {
            first_operation(fault, start, evidence, |row| row.failed)
        }
        FaultKind::SlowDisk { factor } if *factor <= DISK => None,
        FaultKind::SlowDisk { .. } => first_operation(fault, start, evidence, |_| true),
        FaultKind::SlowNic { delay } | FaultKind::Link(LinkFault::Latency { delay }) => at_once(delay.mean() >= DELAY),
        FaultKind::Link(LinkFault::Throttle { bandwidth }) => at_once(FRAME / (*bandwidth).max(1) as f64 * 1e9 >= DELAY),
        FaultKind::Regression { .. } => {
            at_once(incident.struck.iter().any(|agent| has_new_version(evidence.seed, fault, *agent)))
        }
        FaultKind::Gray { .. } | FaultKind::Outage { .. } | FaultKind::Surge { .. } => {
            first_failing(incident, incident.end, evidence)
        }
        FaultKind::Herd { .. } => first_failing(incident, Some(start + HERD_NOTICE), evidence),
        FaultKind::Poison { .. } => {
            let mut kills = evidence.kills.iter().filter(|kill| incident.struck.contains(&kill.agent));
            kills.find(|kill| kill.at >= start && incident.end.is_none_or(|end| kill.at <= end)).map(|kill| kill.at)
        }
        FaultKind::Crash { .. } => at_once(!incident.known),
        FaultKind::AgentCrash
        | FaultKind::CrashLoop { .. }
        | FaultKind::Hang
        | FaultKind::SlowCpu { .. }
        | FaultKind::Link(
            LinkFault::Loss { .. } | LinkFault::Duplicate { .. } | LinkFault::Reorder { .. } | LinkFault::Corrupt { .. },
        )
        | FaultKind::Partition(_) => Some(start),
    }
}

/// When a disk that the fault strikes had to do the first such thing while it lasted.
fn first_operation(
    fault: &ScheduledFault,
    start: Instant,
    evidence: &Evidence<'_>,
    such: impl Fn(&Hindered) -> bool,
) -> Option<Instant> {
    let Victims::Nodes(nodes) = &fault.victims else { return None };
    let lasts = |at: Instant| at >= start && fault.end.is_none_or(|end| at <= end);
    let mut rows = evidence.hindered.iter().filter(|row| lasts(row.at) && nodes.contains(&row.node));
    rows.find(|row| such(row)).map(|row| row.at)
}

/// How far the clocks that the fault sets are off afterwards by it and by those before it; drift aside.
fn clock_off(fault: &ScheduledFault, evidence: &Evidence<'_>) -> Duration {
    let before = evidence.schedule.faults.iter().filter(|other| other.victims == fault.victims);
    let steps = before.filter(|other| (other.start, other.id) <= (fault.start, fault.id)).map(|other| match &other.kind {
        FaultKind::ClockStep { by, forward: true } => by.as_nanos() as i128,
        FaultKind::ClockStep { by, forward: false } => -(by.as_nanos() as i128),
        _ => 0,
    });
    Duration::from_nanos(u64::try_from(steps.sum::<i128>().unsigned_abs()).unwrap_or(u64::MAX))
}

/// The tenth of a second with the first failure of the first second in which too many attempts fail on struck agents, or on all of a struck service.
fn first_failing(incident: &Incident, until: Option<Instant>, evidence: &Evidence<'_>) -> Option<Instant> {
    let scope = Scope::new(incident, evidence);
    let begins = |bucket: u64| Instant::from_nanos(bucket * BUCKET.as_nanos());
    let mut bucket = incident.start.as_nanos() / BUCKET.as_nanos();
    let last = evidence.harm.last()?.bucket;
    while bucket <= last && until.is_none_or(|until| begins(bucket) <= until) {
        if let Some(first) = scope.next_failing(evidence.harm, bucket) {
            return Some(begins(first).max(incident.start)).filter(|at| until.is_none_or(|until| *at <= until));
        }
        bucket += 1;
    }
    None
}
