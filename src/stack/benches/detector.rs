//! Cost of a heartbeat in each detector, in groups of 1,000 on 16 peers: `cargo bench -p hms-stack --bench detector`.

use divan::Bencher;
use hms_machine::{Duration, Instant};
use hms_stack::health::{Detector, DetectorKind, HealthConfiguration, Heartbeat};

fn main() {
    divan::main();
}

/// A detector whose windows are full, and its clock.
fn warm(kind: &str) -> (Detector, u64) {
    let detector = DetectorKind::named(kind).expect("a kind of the list");
    let configuration = HealthConfiguration { detector, ..HealthConfiguration::default() };
    let mut detector = Detector::new(&configuration, 16, Instant::ZERO);
    (0..8_000).for_each(|step| hear(&mut detector, step));
    (detector, 8_000)
}

/// The `step`-th heartbeat: the 16 peers in turn, each every 100 ms with a jitter below 1 ms.
fn hear(detector: &mut Detector, step: u64) {
    let now = Instant::ZERO + Duration::from_micros(step * 6_250 + (step * 7_919) % 1_000);
    let heartbeat = Heartbeat { incarnation: 1, sequence: step / 16, age: Duration::from_micros(200) };
    divan::black_box(detector.heard((step % 16) as usize, heartbeat, now));
}

/// 1,000 heartbeats; a thousandth of it is the cost of one.
#[divan::bench(args = DetectorKind::NAMES)]
fn thousand_heartbeats(bencher: Bencher, kind: &str) {
    let (mut detector, mut step) = warm(kind);
    bencher.bench_local(|| {
        for _ in 0..1_000 {
            hear(&mut detector, step);
            step += 1;
        }
    });
}

/// 1,000 questions for phi.
#[divan::bench(args = DetectorKind::NAMES)]
fn thousand_phis(bencher: Bencher, kind: &str) {
    let (detector, step) = warm(kind);
    let now = Instant::ZERO + Duration::from_micros(step * 6_250);
    bencher.bench_local(|| (0..1_000).map(|asked| detector.phi(asked % 16, divan::black_box(now))).fold(0.0, f64::max));
}
