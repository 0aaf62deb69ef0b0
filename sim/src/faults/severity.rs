//! Weaker versions of a kind of fault.

use hms_machine::{Bytes, Distribution, Ratio};
use hms_scenario::model::{DiskFailure, FaultKind, LinkFault};

/// The kind at this share of its full effect. What it scales is the *loss*: a factor of 5 at severity 0.5 is a factor of 3, a speed of
/// 0.2 is one of 0.6. Kinds that either happen or do not (crash, pause, partition, stall …) are returned as they are.
pub(super) fn scaled(kind: &FaultKind, severity: Ratio) -> FaultKind {
    let part = severity.get();
    let share = |full: Ratio| Ratio::new(full.get() * part).expect("a product of shares is a share");
    let excess = |full: f64| 1.0 + (full - 1.0) * part;
    match kind {
        FaultKind::Crash { .. }
        | FaultKind::AgentCrash
        | FaultKind::CrashLoop { .. }
        | FaultKind::Pause
        | FaultKind::Hang
        | FaultKind::Partition(_) => kind.clone(),
        FaultKind::SlowCpu { speed } => {
            let lost = (1.0 - speed.get()) * part;
            FaultKind::SlowCpu { speed: Ratio::new(1.0 - lost).expect("less is lost than there is") }
        }
        FaultKind::SlowDisk { factor } => FaultKind::SlowDisk { factor: excess(*factor) },
        FaultKind::SlowNic { delay } => FaultKind::SlowNic { delay: shorter(delay, severity) },
        FaultKind::Link(link) => FaultKind::Link(match link {
            LinkFault::Latency { delay } => LinkFault::Latency { delay: shorter(delay, severity) },
            LinkFault::Loss { share: full } => LinkFault::Loss { share: share(*full) },
            LinkFault::Duplicate { share: full } => LinkFault::Duplicate { share: share(*full) },
            LinkFault::Reorder { share: full, hold } => LinkFault::Reorder { share: share(*full), hold: hold.clone() },
            LinkFault::Corrupt { share: full } => LinkFault::Corrupt { share: share(*full) },
            LinkFault::Clog => LinkFault::Clog,
            // Half the severity is twice the bandwidth; none is no limit worth the name.
            LinkFault::Throttle { bandwidth } => LinkFault::Throttle { bandwidth: (*bandwidth as f64 / part) as u64 },
        }),
        FaultKind::ClockStep { by, forward } => FaultKind::ClockStep { by: by.mul_f64(part), forward: *forward },
        FaultKind::ClockDrift { ppm } => FaultKind::ClockDrift { ppm: ppm * part },
        FaultKind::ClockStrobe { by, every } => FaultKind::ClockStrobe { by: by.mul_f64(part), every: *every },
        FaultKind::Disk(failure) => FaultKind::Disk(match failure {
            DiskFailure::Stall => DiskFailure::Stall,
            DiskFailure::Full => DiskFailure::Full,
            DiskFailure::Errors { share: full } => DiskFailure::Errors { share: share(*full) },
            DiskFailure::BitFlips { bits } => DiskFailure::BitFlips { bits: libm::ceil(f64::from(*bits) * part) as u32 },
            DiskFailure::Misdirected { share: full } => DiskFailure::Misdirected { share: share(*full) },
        }),
        FaultKind::MemoryLeak { rate } => FaultKind::MemoryLeak { rate: Bytes((rate.0 as f64 * part) as u64) },
        FaultKind::HandleLeak { rate } => FaultKind::HandleLeak { rate: rate * part },
        FaultKind::Surge { factor } => FaultKind::Surge { factor: excess(*factor) },
        FaultKind::Herd { requests } => FaultKind::Herd { requests: libm::ceil(f64::from(*requests) * part) as u32 },
        FaultKind::Regression { factor, errors, replicas } => {
            FaultKind::Regression { factor: excess(*factor), errors: share(*errors), replicas: *replicas }
        }
        FaultKind::Poison { share: full } => FaultKind::Poison { share: share(*full) },
        FaultKind::Gray { errors } => FaultKind::Gray { errors: share(*errors) },
        FaultKind::Outage { severity: full } => FaultKind::Outage { severity: share(*full) },
    }
}

fn shorter(delay: &Distribution, severity: Ratio) -> Distribution {
    if severity.is_zero() {
        return Distribution::ZERO;
    }
    delay.scaled(severity.get()).expect("times are finite, and no longer than they were")
}
