//! Arrivals against theory, under surges and herds, and apart from everything else.

use hms_machine::{Duration, Instant, Ratio, Seed, Streams};
use hms_scenario::model::{Arrivals, FaultKind, Load, Phase, RateStep, Scenario, Start, Swarm, SwarmKind, Target};
use proptest::prelude::*;

use super::{ArrivalProcess, Herd, Surge};
use crate::faults::Schedule;
use crate::faults::example::{self, exponential_secs, load, ratio, secs};
use crate::services::placement::Placement;

fn surge(start: u64, end: u64, factor: f64) -> Surge {
    Surge { start: secs(start), end: secs(end), factor }
}

fn herd(at: u64, requests: u32) -> Herd {
    Herd { at: secs(at), requests }
}

fn until(end: u64, load: &Load, surges: &[Surge], herds: &[Herd], seed: u64) -> Vec<(u64, Instant)> {
    let streams = Streams::new(Seed(seed));
    let mut process = ArrivalProcess::new(load, 0, surges.to_vec(), herds.to_vec());
    std::iter::from_fn(|| process.next(&streams)).take_while(|(_, at)| *at < secs(end)).collect()
}

fn arrivals(end: u64, arrivals: Arrivals) -> Vec<f64> {
    until(end, &load("l", arrivals), &[], &[], 1).into_iter().map(|(_, at)| at.as_secs_f64()).collect()
}

/// Arrivals in each of the windows of `width` seconds before `end`.
fn counts(times: &[f64], width: f64, end: f64) -> Vec<f64> {
    let mut counts = vec![0.0; (end / width) as usize];
    times.iter().for_each(|time| counts[(time / width) as usize] += 1.0);
    counts
}

/// Mean and index of dispersion (variance over mean).
fn moments(counts: &[f64]) -> (f64, f64) {
    let mean = counts.iter().sum::<f64>() / counts.len() as f64;
    let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / (counts.len() - 1) as f64;
    (mean, variance / mean)
}

fn between(times: &[f64], from: f64, to: f64) -> f64 {
    times.iter().filter(|time| (from..to).contains(*time)).count() as f64
}

/// Whether a Poisson count is within four standard deviations of what is expected.
fn plausible(count: f64, expected: f64) -> bool {
    (count - expected).abs() < 4.0 * libm::sqrt(expected)
}

#[test]
fn poisson_arrivals_have_their_rate_and_dispersion_one() {
    let (mean, dispersion) = moments(&counts(&arrivals(10_000, Arrivals::Poisson { rate: 20.0 }), 1.0, 10_000.0));
    assert!((mean - 20.0).abs() < 0.2 && (dispersion - 1.0).abs() < 0.06, "{mean} {dispersion}");
}

#[test]
fn gaps_of_poisson_arrivals_are_exponential() {
    let times = arrivals(10_000, Arrivals::Poisson { rate: 2.0 });
    let long = times.windows(2).filter(|pair| pair[1] - pair[0] > 1.0).count() as f64 / times.len() as f64;
    assert!((long - libm::exp(-2.0)).abs() < 0.01, "{long}");
}

#[test]
fn regular_arrivals_keep_their_gap_without_drift() {
    let times = arrivals(1_000_000, Arrivals::Regular { rate: 3.0 });
    // The last one comes a fraction of a nanosecond before the end.
    assert_eq!(times.len(), 3_000_000);
    assert!((times[2_999_998] - 2_999_999.0 / 3.0).abs() < 2e-9, "{}", times[2_999_998]);
}

#[test]
fn steps_change_the_rate_at_their_times() {
    let step = |at, rate| RateStep { at: secs(at), rate };
    let steps = vec![step(100, 10.0), step(1_100, 0.0), step(1_200, 50.0), step(2_200, 0.0)];
    let times = arrivals(1_000_000, Arrivals::Steps { steps });
    assert_eq!((between(&times, 0.0, 100.0), between(&times, 1_100.0, 1_200.0)), (0.0, 0.0));
    assert!(plausible(between(&times, 100.0, 1_100.0), 10_000.0) && plausible(between(&times, 1_200.0, 2_200.0), 50_000.0));
    assert_eq!(between(&times, 2_200.0, 1e9), 0.0);
}

#[test]
fn modulated_arrivals_have_the_mean_and_dispersion_of_their_phases() {
    let phase = |rate, stay| Phase { rate, stay: Duration::from_secs(stay) };
    let phases = vec![phase(50.0, 2), phase(0.0, 6)];
    let (mean, dispersion) = moments(&counts(&arrivals(200_000, Arrivals::Modulated { phases }), 100.0, 200_000.0));
    assert!((mean / 1_250.0 - 1.0).abs() < 0.05, "{mean}");
    // On-off with leaving rates a = 1/2 and b = 1/6, on-rate r: the index of dispersion over a window of t is
    // 1 + 2 r a / (a + b)^2 (1 - (1 - exp(-(a + b) t)) / ((a + b) t)) (Heffes and Lucantoni 1986, for one silent phase).
    let (a, b, r, t) = (0.5, 1.0 / 6.0, 50.0, 100.0);
    let theory = 1.0 + 2.0 * r * a / ((a + b) * (a + b)) * (1.0 - 1.0 / ((a + b) * t));
    assert!((dispersion / theory - 1.0).abs() < 0.12, "{dispersion} against {theory}");
}

#[test]
fn a_day_has_its_mean_and_its_peak() {
    let period = Duration::from_secs(1_000);
    let shape = Arrivals::Diurnal { mean: 50.0, amplitude: ratio(0.8), period, shift: Ratio::ZERO };
    let times = arrivals(10_000, shape);
    assert!(plausible(times.len() as f64, 500_000.0));
    let rising: f64 = (0..10).map(|day| between(&times, f64::from(day) * 1e3, f64::from(day) * 1e3 + 500.0)).sum();
    // Over the first half of a period: mean × period × (1/2 + amplitude / π).
    assert!(plausible(rising, 10.0 * 50.0 * 1e3 * (0.5 + 0.8 / std::f64::consts::PI)), "{rising}");
}

#[test]
fn counts_are_the_rates_of_their_seconds_and_begin_again() {
    let times = arrivals(30_000, Arrivals::Counts { counts: vec![100, 0, 20], scale: 0.5 });
    let second = |phase: u64| times.iter().filter(|time| **time as u64 % 3 == phase).count() as f64;
    assert!(plausible(second(0), 500_000.0) && second(1) == 0.0 && plausible(second(2), 100_000.0));
}

#[test]
fn timestamps_are_replayed_as_they_are() {
    let at: Vec<_> = [3, 3, 5, 9].map(secs).to_vec();
    let replayed = until(100, &load("l", Arrivals::Timestamps { at: at.clone() }), &[], &[], 1);
    assert_eq!(replayed, at.into_iter().enumerate().map(|(index, at)| (index as u64, at)).collect::<Vec<_>>());
}

#[test]
fn loads_that_fall_silent_end() {
    let silent = [
        Arrivals::Counts { counts: vec![0, 0], scale: 1.0 },
        Arrivals::Steps { steps: Vec::new() },
        Arrivals::Timestamps { at: Vec::new() },
        Arrivals::Closed { clients: 5, think: exponential_secs(1.0) },
    ];
    for shape in silent {
        assert_eq!(until(1, &load("l", shape), &[], &[], 1), []);
    }
    let closed = load("l", Arrivals::Closed { clients: 5, think: exponential_secs(1.0) });
    let herd = [Herd { at: secs(3), requests: 2 }];
    assert_eq!(until(9, &closed, &[], &herd, 1).iter().map(|(_, at)| *at).collect::<Vec<_>>(), [secs(3), secs(3)]);
    let off = [Surge { start: Instant::ZERO, end: Instant::MAX, factor: 0.0 }];
    assert_eq!(until(1, &load("l", Arrivals::Counts { counts: vec![5], scale: 1.0 }), &off, &[], 1), []);
}

fn every_open_load() -> Vec<Arrivals> {
    let phases = vec![Phase { rate: 40.0, stay: Duration::from_secs(3) }, Phase { rate: 5.0, stay: Duration::from_secs(5) }];
    vec![
        Arrivals::Poisson { rate: 20.0 },
        Arrivals::Regular { rate: 20.0 },
        Arrivals::Steps { steps: vec![RateStep { at: secs(50), rate: 15.0 }, RateStep { at: secs(200), rate: 25.0 }] },
        Arrivals::Modulated { phases },
        Arrivals::Diurnal { mean: 20.0, amplitude: ratio(1.0), period: Duration::from_secs(300), shift: ratio(0.3) },
        Arrivals::Counts { counts: vec![30, 10, 0, 40], scale: 1.0 },
        Arrivals::Timestamps { at: (0..40_000).map(|k| Instant::from_nanos(k * 50_000_000)).collect() },
    ]
}

#[test]
fn a_surge_multiplies_the_arrivals_in_its_window_and_no_others() {
    let surge = [surge(500, 1_000, 2.5)];
    for shape in every_open_load() {
        let load = load("l", shape);
        let counts = |surges: &[Surge]| {
            // Several worlds, since phases make counts of one uncertain.
            let runs: Vec<_> = (0..40).map(|seed| until(1_500, &load, surges, &[], seed)).collect();
            let times: Vec<_> = runs.iter().flatten().map(|(_, at)| at.as_secs_f64()).collect();
            [(0.0, 500.0), (500.0, 1_000.0), (1_000.0, 1_500.0)].map(|(from, to)| between(&times, from, to))
        };
        let (calm, surged) = (counts(&[]), counts(&surge));
        assert_eq!(surged[0], calm[0], "{load:?}");
        assert!((surged[1] / calm[1] / 2.5 - 1.0).abs() < 0.01, "{load:?}: {calm:?} {surged:?}");
        assert!((surged[2] / calm[2] - 1.0).abs() < 0.01, "{load:?}: {calm:?} {surged:?}");
    }
}

#[test]
fn a_factor_below_one_thins_timestamps_and_zero_silences_them() {
    let load = load("l", Arrivals::Timestamps { at: (0..10_000).map(|k| Instant::from_nanos(k * 100_000_000)).collect() });
    let kept = until(1_000, &load, &[surge(0, 1_000, 0.3)], &[], 1);
    assert!((kept.len() as f64 - 3_000.0).abs() < 4.0 * libm::sqrt(10_000.0 * 0.3 * 0.7), "{}", kept.len());
    assert!(kept.iter().all(|(ordinal, at)| at.as_nanos() == ordinal * 100_000_000));
    assert_eq!(until(1_000, &load, &[surge(0, 1_000, 0.0)], &[], 1), []);
}

#[test]
fn a_herd_comes_at_once_and_moves_nobody_else() {
    for shape in every_open_load() {
        let load = load("l", shape);
        let calm = until(400, &load, &[], &[], 1);
        let herds = [herd(300, 20), herd(100, 50)];
        let (herd, rest): (Vec<_>, Vec<_>) =
            until(400, &load, &[], &herds, 1).into_iter().partition(|(ordinal, _)| *ordinal >= 1 << 63);
        assert_eq!(rest, calm);
        assert_eq!(herd.iter().filter(|(_, at)| *at == secs(100)).count(), 50);
        assert_eq!(herd.iter().filter(|(_, at)| *at == secs(300)).count(), 20);
    }
}

#[test]
fn a_herd_comes_even_after_the_last_request() {
    let load = load("l", Arrivals::Timestamps { at: vec![secs(1)] });
    assert_eq!(until(100, &load, &[], &[herd(50, 3)], 1).len(), 4);
}

#[test]
fn two_loads_of_one_shape_arrive_apart() {
    let streams = Streams::new(Seed(1));
    let load = load("l", Arrivals::Poisson { rate: 1.0 });
    let [first, second] = [0, 1].map(|index| ArrivalProcess::new(&load, index, Vec::new(), Vec::new()).next(&streams));
    assert_ne!(first, second);
}

#[test]
fn nothing_but_surges_and_herds_moves_the_requests_of_a_load() {
    let requests = |scenario: &Scenario| {
        let streams = Streams::new(Seed(3));
        let schedule = Schedule::generate(scenario, &Placement::new(scenario), &streams);
        let (surges, herds) = schedule.surges_and_herds(0);
        until(600, &scenario.loads[0], &surges, &herds, 3)
    };
    let every = || Start::Every(exponential_secs(60.0));
    for shape in every_open_load() {
        let mut base = example::scenario(6, 2);
        base.loads = vec![load("users", shape)];
        base.faults =
            vec![example::rule("s", FaultKind::Surge { factor: 2.0 }, Target::Load(0), every(), Some(exponential_secs(20.0)))];
        let expected = requests(&base);
        let mut other = base.clone();
        other.loads.push(load("others", Arrivals::Poisson { rate: 100.0 }));
        other.services.push(example::service("third", 5));
        other.cluster.hosts.truncate(5);
        let kind = FaultKind::Surge { factor: 9.0 };
        other.faults.push(example::rule("on-others", kind, Target::Load(1), every(), Some(exponential_secs(20.0))));
        other
            .faults
            .insert(0, example::rule("p", FaultKind::Pause, Target::RandomNodes(1), every(), Some(exponential_secs(5.0))));
        other.swarm = Some(Swarm {
            kinds: SwarmKind::ALL.into_iter().filter(|kind| !matches!(kind, SwarmKind::Surge | SwarmKind::Herd)).collect(),
            active: Ratio::ONE,
            gap: Duration::from_secs(3),
            from: secs(1),
            until: secs(500),
            intensity: 1.0,
        });
        assert_eq!(requests(&other), expected);
    }
}

/// Changes with the draws and the arithmetic of arrivals, and with nothing else; a change moves the requests of every stored run.
#[test]
fn the_instants_of_every_open_load_are_frozen() {
    let surges = [surge(100, 200, 2.5), surge(150, 300, 0.3)];
    let digests = every_open_load().into_iter().map(|shape| {
        let requests = until(400, &load("l", shape), &surges, &[herd(120, 5)], 7);
        let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        let hash = requests.iter().fold(0, |hash, (ordinal, at)| mix(mix(hash, *ordinal), at.as_nanos()));
        format!("{hash:016x}")
    });
    assert_eq!(
        digests.collect::<Vec<_>>(),
        [
            "8b7019760e2da924",
            "b3a84cffe8c92c48",
            "70750272019061d9",
            "996551e63ee7a913",
            "440d526e635dfefc",
            "9e16ca531ee2aac2",
            "234395dfb93d1f1b"
        ]
    );
}

#[test]
fn ordinals_name_each_request_once() {
    let load = load("l", Arrivals::Timestamps { at: (0..1_000).map(secs).collect() });
    let requests = until(2_000, &load, &[surge(100, 900, 3.7)], &[herd(500, 100)], 1);
    let ordinals: std::collections::BTreeSet<_> = requests.iter().map(|(ordinal, _)| ordinal).collect();
    assert_eq!(ordinals.len(), requests.len());
}

#[test]
fn a_clone_goes_on_from_the_same_place() {
    let streams = Streams::new(Seed(1));
    for shape in every_open_load() {
        let mut process = ArrivalProcess::new(&load("l", shape), 0, vec![surge(3, 9, 3.0)], vec![herd(5, 7)]);
        (0..150).for_each(|_| _ = process.next(&streams));
        let mut fork = process.clone();
        for _ in 0..500 {
            assert_eq!(process.next(&streams), fork.next(&streams));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_come_in_order_whatever_strikes(
        seed: u64,
        which in 0usize..7,
        windows in prop::collection::vec((0u64..300, 0u64..300, 0.0..5.0), 0..4),
        herds in prop::collection::vec((0u64..300, 0u32..20), 0..4),
    ) {
        let surges: Vec<_> = windows.iter().map(|(start, length, factor)| surge(*start, start + length, *factor)).collect();
        let herds: Vec<_> = herds.iter().map(|(at, requests)| herd(*at, *requests)).collect();
        let requests = until(300, &load("l", every_open_load().swap_remove(which)), &surges, &herds, seed);
        prop_assert!(requests.is_sorted_by_key(|(_, at)| *at));
    }
}
