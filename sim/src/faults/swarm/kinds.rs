//! What each kind of a swarm becomes.

use hms_machine::{Bytes, Distribution, Draw, Duration, Ratio};
use hms_scenario::model::{DiskFailure, FaultKind, LinkFault, PartitionShape, SwarmKind};

use super::super::Victims;
use super::ranges::{self, Lasts, Range};
use super::targets::Ground;

const NANOS: f64 = 1e9;

/// A kind with its parameters, and how long it lasts.
pub(super) struct Drawn {
    pub(super) kind: FaultKind,
    pub(super) lasts: Lasts,
}

/// Draws the parameters of a kind for these victims.
pub(super) fn draw(kind: SwarmKind, victims: &Victims, ground: &Ground, intensity: f64, draw: &mut Draw) -> Drawn {
    let trouble = Lasts::Within(ranges::TROUBLE);
    let (kind, lasts) = match kind {
        SwarmKind::Crash => {
            let disk_lost = draw.uniform() < ranges::DISK_LOST && ground.spends(victims);
            (FaultKind::Crash { disk_lost }, Lasts::Around(ranges::REPAIR))
        }
        SwarmKind::Domain => (FaultKind::Crash { disk_lost: false }, Lasts::Around(ranges::DOMAIN_REPAIR)),
        SwarmKind::AgentCrash => (FaultKind::AgentCrash, Lasts::Instant),
        SwarmKind::CrashLoop => {
            let mean = ranges::LOOP_LIFE.draw(1.0, draw) * NANOS;
            (FaultKind::CrashLoop { after: Distribution::exponential(mean).expect("above zero") }, trouble)
        }
        SwarmKind::Pause => (FaultKind::Pause, Lasts::Within(ranges::PAUSE)),
        SwarmKind::Hang => (FaultKind::Hang, trouble),
        SwarmKind::SlowCpu => {
            let speed = ratio(1.0 / ranges::SLOW_CPU.draw_factor(intensity, draw));
            (FaultKind::SlowCpu { speed }, Lasts::Within(ranges::SLOW_CPU_LASTS))
        }
        SwarmKind::SlowDisk => (FaultKind::SlowDisk { factor: ranges::slowness(intensity, draw) }, trouble),
        SwarmKind::SlowNic => {
            let factor = ranges::slowness(intensity, draw);
            let mean = (ranges::RACK_DELAY.draw(1.0, draw) * factor).min(ranges::RACK_DELAY.limit);
            (FaultKind::SlowNic { delay: Distribution::exponential(mean * NANOS).expect("above zero") }, trouble)
        }
        SwarmKind::Latency => latency(intensity, draw),
        SwarmKind::Loss => {
            let wonky = draw.below(ranges::WONKY_ONE_IN) == 0;
            let share = share(if wonky { ranges::WONKY_LOSS } else { ranges::LOSS }, intensity, draw);
            (FaultKind::Link(LinkFault::Loss { share }), trouble)
        }
        SwarmKind::Mangle => (FaultKind::Link(mangle(intensity, draw)), trouble),
        SwarmKind::Partition => (FaultKind::Partition(partition(ground, draw)), Lasts::Around(ranges::CUT)),
        SwarmKind::Clock => clock(intensity, draw),
        SwarmKind::Disk => disk(ground.spends(victims), intensity, draw),
        SwarmKind::MemoryLeak => {
            let seconds = (ranges::LEAK_FILLS.draw(1.0, draw) / intensity).max(1.0);
            let rate = Bytes((ground.memory_of(victims) / seconds) as u64);
            (FaultKind::MemoryLeak { rate }, trouble)
        }
        SwarmKind::Surge => {
            (FaultKind::Surge { factor: ranges::SURGE.draw_factor(intensity, draw) }, Lasts::Within(ranges::SURGE_LASTS))
        }
        SwarmKind::Gray => (FaultKind::Gray { errors: share(ranges::GRAY, intensity, draw) }, trouble),
        SwarmKind::Throttle => {
            let bandwidth = (ranges::THROTTLE.draw(1.0, draw) / intensity).max(1.0) as u64;
            (FaultKind::Link(LinkFault::Throttle { bandwidth }), trouble)
        }
        SwarmKind::HandleLeak => {
            let rate = 1024.0 * intensity / ranges::HANDLES_GONE.draw(1.0, draw);
            (FaultKind::HandleLeak { rate }, trouble)
        }
        SwarmKind::Herd => {
            let requests =
                (ground.requests_per_second(victims) * ranges::HERD.draw_factor(intensity, draw)).min(ranges::HERD_MOST);
            (FaultKind::Herd { requests: libm::ceil(requests) as u32 }, Lasts::Instant)
        }
        SwarmKind::Poison => {
            let share = share(ranges::POISON, intensity, draw);
            (FaultKind::Poison { share }, Lasts::Within(ranges::SURGE_LASTS))
        }
        SwarmKind::Regression => {
            let factor = ranges::REGRESSION.draw_factor(intensity, draw);
            let (errors, replicas) = (share(ranges::GRAY, intensity, draw), share(ranges::ROLLED_OUT, 1.0, draw));
            (FaultKind::Regression { factor, errors, replicas }, trouble)
        }
        SwarmKind::Outage => {
            let severity = share(ranges::OUTAGE, intensity, draw);
            (FaultKind::Outage { severity }, Lasts::Within(ranges::SURGE_LASTS))
        }
    };
    Drawn { kind, lasts }
}

fn latency(intensity: f64, draw: &mut Draw) -> (FaultKind, Lasts) {
    if draw.below(ranges::CLOG_ONE_IN) == 0 {
        return (FaultKind::Link(LinkFault::Clog), Lasts::Within(ranges::CLOG));
    }
    let mean = ranges::DELAY.draw(intensity, draw) * NANOS;
    let delay = Distribution::normal(mean, mean / 5.0).and_then(|law| law.truncated(0.0, 2.0 * mean));
    let delay = delay.expect("ten standard deviations lie within");
    (FaultKind::Link(LinkFault::Latency { delay }), Lasts::Within(ranges::TROUBLE))
}

fn mangle(intensity: f64, draw: &mut Draw) -> LinkFault {
    let share = share(ranges::MANGLE, intensity, draw);
    match draw.below(3) {
        0 => LinkFault::Duplicate { share },
        1 => LinkFault::Corrupt { share },
        _ => {
            let mean = ranges::HOLD.draw(intensity, draw) * NANOS;
            let hold = Distribution::exponential(mean).and_then(|law| law.truncated(0.0, 10.0 * mean));
            LinkFault::Reorder { share, hold: hold.expect("nearly all of an exponential lies within ten means") }
        }
    }
}

fn partition(ground: &Ground, draw: &mut Draw) -> PartitionShape {
    ground.shape(draw, |draw| {
        let shape = Box::new(ground.sides(draw));
        PartitionShape::Flapping { shape, on: seconds(ranges::FLAP.draw(1.0, draw)), off: seconds(ranges::FLAP.draw(1.0, draw)) }
    })
}

fn clock(intensity: f64, draw: &mut Draw) -> (FaultKind, Lasts) {
    let forward = draw.below(2) == 0;
    let kind = match draw.below(3) {
        0 => FaultKind::ClockStep { by: seconds(ranges::CLOCK_STEP.draw(intensity, draw)), forward },
        1 => {
            let ppm = ranges::CLOCK_DRIFT.draw(intensity, draw);
            FaultKind::ClockDrift { ppm: if forward { ppm } else { -ppm } }
        }
        _ => FaultKind::ClockStrobe {
            by: seconds(ranges::STROBE_STEP.draw(intensity, draw)),
            every: seconds(ranges::STROBE_EVERY.draw(1.0, draw)),
        },
    };
    (kind, Lasts::Within(ranges::TROUBLE))
}

fn disk(expendable: bool, intensity: f64, draw: &mut Draw) -> (FaultKind, Lasts) {
    let trouble = Lasts::Within(ranges::TROUBLE);
    let (failure, lasts) = match draw.below(if expendable { 5 } else { 3 }) {
        0 => (DiskFailure::Stall, Lasts::Within(ranges::STALL)),
        1 => (DiskFailure::Full, trouble),
        2 => (DiskFailure::Errors { share: share(ranges::DISK_ERRORS, intensity, draw) }, trouble),
        3 => (DiskFailure::Misdirected { share: share(ranges::DISK_ERRORS, intensity, draw) }, trouble),
        _ => (DiskFailure::BitFlips { bits: libm::ceil(ranges::BIT_FLIPS.draw(intensity, draw)) as u32 }, Lasts::Instant),
    };
    (FaultKind::Disk(failure), lasts)
}

fn share(range: Range, intensity: f64, draw: &mut Draw) -> Ratio {
    ratio(range.draw(intensity, draw))
}

fn ratio(value: f64) -> Ratio {
    Ratio::new(value).expect("limits of shares are at most one")
}

fn seconds(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}
