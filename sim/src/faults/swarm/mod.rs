//! Swarms: faults whose kinds, times, strengths and victims the seed draws.
//!
//! Picture a different bad week for every seed. First each kind is switched on or off, so that some seeds see nothing but partitions and others nothing
//! but slow disks (swarm testing: Groce, Zhang, Eide, Chen and Regehr, ISSTA 2012, who find more bugs with some features left out than with
//! all of them). Then faults come as a Poisson process over the window, each of a random active kind, with parameters from
//! the ranges in [`ranges`].
//!
//! Contract, so that what a swarm breaks can be healed: every fault ends within the window, none lasts longer than a quarter of it, clocks that
//! were stepped are set right again, and stored data is damaged on a minority of the hosts only (the survivable part of what disks
//! do, as with TigerBeetle's `ClusterFaultAtlas`).

mod kinds;
pub mod ranges;
mod targets;

use hms_machine::{Duration, Instant, Purpose, Ratio, Streams};
use hms_scenario::model::{FaultKind, Scenario, Swarm, SwarmKind};

use super::rules::{Draft, occurrence_key};
use super::{FaultId, ScheduledFault, Victims};
use crate::services::placement::Placement;
use targets::Ground;

const ACTIVE: Purpose = Purpose::named("swarm/active");
const GAP: Purpose = Purpose::named("swarm/gap");
const KIND: Purpose = Purpose::named("swarm/kind");
const STRENGTH: Purpose = Purpose::named("swarm/strength");
const LENGTH: Purpose = Purpose::named("swarm/length");

/// Names the swarm in the keys of its occurrences.
const SWARM: Purpose = Purpose::named("swarm");

/// No fault lasts longer than this share of the window.
const LONGEST: f64 = 0.25;

/// Intensities beyond these act like them.
const INTENSITIES: (f64, f64) = (1e-3, 1e3);

/// The mean gap is no shorter than this share of the window, so that a schedule stays readable and finite: a million faults.
const GAP_LEAST: f64 = 1e-6;

/// The faults of a swarm; they come after those of all rules that begin at the same instant.
pub(super) fn drafts(swarm: &Swarm, scenario: &Scenario, placement: &Placement, streams: &Streams) -> Vec<Draft> {
    let ground = Ground::new(scenario, placement, streams);
    let active = active_kinds(swarm, &ground);
    let window = swarm.until.saturating_since(swarm.from);
    if active.is_empty() || window.is_zero() {
        return Vec::new();
    }
    let gap_mean = swarm.gap.as_nanos() as f64;
    let gap_mean = gap_mean.max(window.as_nanos() as f64 * GAP_LEAST);
    let mut drafts = Vec::new();
    let mut start = swarm.from;
    for ordinal in 0.. {
        let gap = -libm::log(streams.draw(GAP, 0, ordinal).open_uniform());
        start = start.saturating_add(Duration::from_nanos_f64(gap * gap_mean));
        if start >= swarm.until {
            break;
        }
        let kind = *streams.draw(KIND, 0, ordinal).pick(&active).expect("some kind is active");
        let occurrence = Occurrence { swarm, ground: &ground, ordinal, start, window };
        for (part, fault) in occurrence.faults(kind).into_iter().enumerate() {
            drafts.push(Draft { rule: scenario.faults.len(), occurrence: ordinal, entity: part as u64, fault });
        }
    }
    drafts
}

/// The kinds that this seed switches on, of those that have something to strike; the one that came closest where all were off.
pub(super) fn active_kinds(swarm: &Swarm, ground: &Ground) -> Vec<SwarmKind> {
    let mut possible: Vec<_> = swarm.kinds.iter().copied().filter(|kind| ground.allows(*kind)).collect();
    possible.sort_unstable();
    possible.dedup();
    let lot = |kind: &SwarmKind| ground.streams.draw(ACTIVE, number(*kind), 0).next_u64();
    let closest = possible.iter().copied().min_by_key(lot);
    possible.retain(|kind| swarm.active.happens(lot(kind)));
    if possible.is_empty() { closest.into_iter().collect() } else { possible }
}

/// One point of the Poisson process, about to become a fault.
struct Occurrence<'a> {
    swarm: &'a Swarm,
    ground: &'a Ground<'a>,
    ordinal: u64,
    start: Instant,
    window: Duration,
}

impl Occurrence<'_> {
    fn faults(&self, kind: SwarmKind) -> Vec<ScheduledFault> {
        let strength = &mut self.ground.streams.draw(STRENGTH, number(kind), self.ordinal);
        let length = &mut self.ground.streams.draw(LENGTH, number(kind), self.ordinal);
        let victims = self.ground.victims(kind, self.ordinal);
        let intensity = self.swarm.intensity.clamp(INTENSITIES.0, INTENSITIES.1);
        let drawn = kinds::draw(kind, &victims, self.ground, intensity, strength);
        let wanted = drawn.lasts.draw(length, self.window) * intensity;
        let longest = self.window.as_secs_f64() * LONGEST;
        let end = self.start.saturating_add(Duration::from_secs_f64(wanted.min(longest))).min(self.swarm.until);
        let set_right = match &drawn.kind {
            FaultKind::ClockStep { by, forward } => Some(FaultKind::ClockStep { by: *by, forward: !forward }),
            _ => None,
        };
        let group = set_right.is_some().then(|| format!("swarm-clock-{}", self.ordinal));
        let fault = |part: u64, kind_name: &str, fault_kind: FaultKind, victims: Victims, start: Instant| {
            let end = if super::targets::is_instantaneous(&fault_kind) { start } else { end };
            ScheduledFault {
                id: FaultId::default(),
                key: occurrence_key(SWARM.hash(), part, self.ordinal),
                name: format!("swarm/{kind_name}"),
                kind: fault_kind,
                victims,
                start,
                end: Some(end),
                group: group.clone(),
                severity: Ratio::ONE,
            }
        };
        let mut faults = vec![fault(0, name(kind), drawn.kind, victims.clone(), self.start)];
        faults.extend(set_right.map(|back| fault(1, "clock-set-right", back, victims, end)));
        faults
    }
}

/// Keys of draws; the numbers are part of the trace format.
fn number(kind: SwarmKind) -> u64 {
    match kind {
        SwarmKind::Crash => 0,
        SwarmKind::AgentCrash => 1,
        SwarmKind::CrashLoop => 2,
        SwarmKind::Pause => 3,
        SwarmKind::Hang => 4,
        SwarmKind::SlowCpu => 5,
        SwarmKind::SlowDisk => 6,
        SwarmKind::SlowNic => 7,
        SwarmKind::Latency => 8,
        SwarmKind::Loss => 9,
        SwarmKind::Mangle => 10,
        SwarmKind::Partition => 11,
        SwarmKind::Clock => 12,
        SwarmKind::Disk => 13,
        SwarmKind::MemoryLeak => 14,
        SwarmKind::Surge => 15,
        SwarmKind::Gray => 16,
        SwarmKind::Domain => 17,
        SwarmKind::Throttle => 18,
        SwarmKind::HandleLeak => 19,
        SwarmKind::Herd => 20,
        SwarmKind::Poison => 21,
        SwarmKind::Regression => 22,
        SwarmKind::Outage => 23,
    }
}

fn name(kind: SwarmKind) -> &'static str {
    match kind {
        SwarmKind::Crash => "crash",
        SwarmKind::AgentCrash => "agent-crash",
        SwarmKind::CrashLoop => "crash-loop",
        SwarmKind::Pause => "pause",
        SwarmKind::Hang => "hang",
        SwarmKind::SlowCpu => "slow-cpu",
        SwarmKind::SlowDisk => "slow-disk",
        SwarmKind::SlowNic => "slow-nic",
        SwarmKind::Latency => "latency",
        SwarmKind::Loss => "loss",
        SwarmKind::Mangle => "mangle",
        SwarmKind::Partition => "partition",
        SwarmKind::Clock => "clock",
        SwarmKind::Disk => "disk",
        SwarmKind::MemoryLeak => "memory-leak",
        SwarmKind::Surge => "surge",
        SwarmKind::Gray => "gray",
        SwarmKind::Domain => "domain",
        SwarmKind::Throttle => "throttle",
        SwarmKind::HandleLeak => "handle-leak",
        SwarmKind::Herd => "herd",
        SwarmKind::Poison => "poison",
        SwarmKind::Regression => "regression",
        SwarmKind::Outage => "outage",
    }
}
