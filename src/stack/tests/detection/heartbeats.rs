//! Detection by heartbeats against the papers and against the requirements.

use hms_machine::{Duration, Instant};
use hms_stack::health::{DetectorKind, HealthConfiguration};
use proptest::prelude::*;

use crate::pair::World;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn at(secs: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(secs)
}

fn nfd_s(delta: Duration) -> HealthConfiguration {
    HealthConfiguration { detector: DetectorKind::ChenS, chen_delta: delta, ..HealthConfiguration::default() }
}

/// E(T_MR) and E(T_M) of NFD-S in seconds: Chen et al. 2002, theorem 5, for exponential delays.
fn theorem_5(period: f64, delta: f64, loss: f64, delay: f64) -> (f64, f64) {
    let late = |margin: f64| if margin <= 0.0 { 1.0 } else { libm::exp(-margin / delay) };
    let missed = |after: f64| {
        (0..=(delta / period).ceil() as u32)
            .map(|ahead| loss + (1.0 - loss) * late(delta + after - f64::from(ahead) * period))
            .product::<f64>()
    };
    let begins = (1.0 - loss) * (1.0 - late(delta + period)) * missed(0.0);
    let steps = 10_000;
    let area: f64 = (0..steps).map(|step| missed((f64::from(step) + 0.5) * period / f64::from(steps))).sum::<f64>() * period
        / f64::from(steps);
    (period / begins, area / begins)
}

#[test]
fn r6_nfd_s_makes_the_mistakes_that_the_theorem_predicts() {
    for delta in [60, 100, 150] {
        let world =
            World { configuration: nfd_s(ms(delta)), loss: 0.05, delay: ms(40), pause: ms(0), end: at(10_000), seed: delta };
        let beliefs = world.run();
        let (recurrence, length) = theorem_5(0.1, delta as f64 / 1e3, 0.05, 0.04);
        // At least 2,000 mistakes: standard error about 2 %.
        assert!(beliefs.mistakes.len() > 2_000, "{}", beliefs.mistakes.len());
        assert!((beliefs.recurrence() / recurrence - 1.0).abs() < 0.06, "{delta}: {} {recurrence}", beliefs.recurrence());
        assert!((beliefs.length() / length - 1.0).abs() < 0.06, "{delta}: {} {length}", beliefs.length());
        let accuracy = 1.0 - beliefs.mistaken() / 10_000.0;
        assert!((accuracy - (1.0 - beliefs.length() / beliefs.recurrence())).abs() < 0.001, "{accuracy}");
        assert!((accuracy - (1.0 - length / recurrence)).abs() < 0.01, "{accuracy}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn r6_nfd_s_detects_every_crash_within_a_period_and_delta(
        delta in 1u64..1_000, crash in 0u64..20_000, loss in 0.0f64..0.9, delay in 1u64..300, seed: u64,
    ) {
        let end = Instant::ZERO + ms(2_000 + crash);
        let world = World { configuration: nfd_s(ms(delta)), loss, delay: ms(delay), pause: ms(0), end, seed };
        let convicted = world.run().convicted.expect("a crash is detected");
        prop_assert!(convicted.saturating_since(end) <= ms(delta) + ms(100));
    }
}

/// A loss of 5 %, delays of 1 ms on average, and every ten seconds a stop of half a second, for an hour: 360 stops.
fn hour_of_trouble(configuration: HealthConfiguration) -> usize {
    let world = World { configuration, loss: 0.05, delay: ms(1), pause: ms(500), end: at(3_600), seed: 1 };
    world.run().mistakes.len()
}

#[test]
fn hm_s2_the_default_forgives_loss_and_stops_of_half_a_second_and_a_time_out_of_half_a_second_does_not() {
    let default = hour_of_trouble(HealthConfiguration::default());
    // Two lost heartbeats beside a stop: below one in a hundred stops.
    assert!(default <= 3, "{default}");
    let hasty = HealthConfiguration { detector: DetectorKind::Timeout, ..HealthConfiguration::default() };
    assert!(hour_of_trouble(hasty) > 300);
    let unforgiving = HealthConfiguration { pause: ms(0), ..HealthConfiguration::default() };
    assert!(hour_of_trouble(unforgiving) > 300);
}

#[test]
fn hm_s1_every_kind_detects_a_crash_within_a_second_by_default_under_loss() {
    for name in DetectorKind::NAMES {
        let detector = DetectorKind::named(name).unwrap();
        let configuration = HealthConfiguration {
            detector,
            pause: if *name == "phi_exponential" { ms(0) } else { ms(500) },
            ..HealthConfiguration::default()
        };
        // Cassandra's threshold of 8 means 18 intervals; 3 mean 7.
        let threshold = if *name == "phi_exponential" { 3.0 } else { configuration.threshold };
        let configuration = HealthConfiguration { threshold, ..configuration };
        let mut took: Vec<Duration> = (0..200)
            .map(|seed| {
                let end = at(30) + ms(seed * 7);
                let world = World { configuration, loss: 0.05, delay: ms(1), pause: ms(0), end, seed };
                world.run().convicted.unwrap().saturating_since(end)
            })
            .collect();
        took.sort_unstable();
        assert!(took[198] < ms(1_000), "{name}: {}", took[198]);
    }
}
