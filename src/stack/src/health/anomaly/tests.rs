//! Each method against series whose anomalies are known.

use hms_machine::{Duration, Instant, Purpose, Seed, Streams};
use proptest::prelude::*;

use super::*;

const METHODS: [AnomalyMethod; 5] =
    [AnomalyMethod::Ewma, AnomalyMethod::Cusum, AnomalyMethod::HoltWinters, AnomalyMethod::Deviation, AnomalyMethod::ChangePoint];

fn at(step: usize) -> Instant {
    Instant::from_nanos(step as u64 * 1_000_000_000)
}

/// Normal noise of spread 1.
fn noise(seed: u64, step: usize) -> f64 {
    let mut draw = Streams::new(Seed(seed)).draw(Purpose::named("test/anomaly"), 0, step as u64);
    (-2.0 * libm::log(draw.open_uniform())).sqrt() * libm::cos(std::f64::consts::TAU * draw.uniform())
}

fn detections(method: AnomalyMethod, values: impl IntoIterator<Item = f64>) -> Vec<Instant> {
    let mut detector = AnomalyDetector::new(&AnomalyConfiguration { method, ..AnomalyConfiguration::default() });
    let found = values.into_iter().enumerate().filter_map(|(step, value)| detector.observe(value, at(step)));
    found.map(|anomaly| anomaly.at).collect()
}

/// A disturbance from step 600 to 640, and how it changes a value.
fn fit(method: AnomalyMethod, base: impl Fn(usize) -> f64, disturb: impl Fn(usize) -> f64) -> Fit {
    (0..20).fold(Fit::default(), |all, seed| {
        let value = |step| base(step) + noise(seed, step) + if (600..640).contains(&step) { disturb(step) } else { 0.0 };
        let found = detections(method, (0..700).map(value));
        // A method that tells a change once may tell the way back, too, and it needs its window to see either.
        all.and(Fit::of(&found, &[(at(600), at(680))], Duration::from_secs(30)))
    })
}

#[test]
fn each_method_finds_what_it_is_made_for() {
    let flat = |_: usize| 100.0;
    let season = |step: usize| 100.0 + 20.0 * libm::sin(std::f64::consts::TAU * step as f64 / 60.0);
    let spike = |step: usize| if step == 620 { 15.0 } else { 0.0 };
    let rows = [
        (AnomalyMethod::Ewma, fit(AnomalyMethod::Ewma, flat, |_| 4.0)),
        (AnomalyMethod::Cusum, fit(AnomalyMethod::Cusum, flat, |_| 4.0)),
        (AnomalyMethod::ChangePoint, fit(AnomalyMethod::ChangePoint, flat, |_| 4.0)),
        (AnomalyMethod::Deviation, fit(AnomalyMethod::Deviation, flat, spike)),
        (AnomalyMethod::HoltWinters, fit(AnomalyMethod::HoltWinters, season, |_| 15.0)),
    ];
    for (method, fit) in rows {
        assert_eq!(fit.recall(), 1.0, "{method:?} {fit:?}");
        assert!(fit.precision() >= 0.9, "{method:?} {fit:?}");
    }
}

#[test]
fn only_the_seasonal_forecast_knows_what_is_unusual_for_the_time() {
    let season = |step: usize| 100.0 + 20.0 * libm::sin(std::f64::consts::TAU * step as f64 / 60.0);
    // At the trough the value is that of the peak's flank: usual as a number, unusual there.
    let shifted = |step: usize| if (643..648).contains(&step) { 15.0 } else { 0.0 };
    let run = |method| detections(method, (0..700).map(|step| season(step) + shifted(step) + 0.5 * noise(1, step)));
    assert!(run(AnomalyMethod::HoltWinters).contains(&at(644)));
    assert_eq!(run(AnomalyMethod::Deviation), []);
}

#[test]
fn with_detection_off_nothing_is_found() {
    for (enabled, found) in [(true, true), (false, false)] {
        let method = AnomalyMethod::Deviation;
        let mut detector = AnomalyDetector::new(&AnomalyConfiguration { enabled, method, ..AnomalyConfiguration::default() });
        let wild = |step: usize| if step == 80 { 99.0 } else { 10.0 + noise(1, step) };
        assert_eq!((0..100).any(|step| detector.observe(wild(step), at(step)).is_some()), found);
    }
}

#[test]
fn noise_alone_gives_few_alarms() {
    for method in METHODS {
        let alarms: usize = (0..5).map(|seed| detections(method, (0..4_000).map(|step| 50.0 + noise(seed, step))).len()).sum();
        assert!(alarms <= 20, "{method:?}: {alarms} in 20,000");
    }
}

#[test]
fn constants_and_strange_values_are_no_anomalies() {
    for method in METHODS {
        assert_eq!(detections(method, [0.0; 500]), [], "{method:?}");
        assert_eq!(detections(method, [1e300; 500]), [], "{method:?}");
        assert_eq!(detections(method, [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].repeat(200)), [], "{method:?}");
    }
}

#[test]
fn a_lasting_change_is_accepted_as_normal_in_the_end() {
    for method in METHODS {
        let value = |step: usize| if step < 500 { 10.0 } else { 20.0 } + noise(3, step);
        let last = detections(method, (0..5_000).map(value)).into_iter().filter(|now| *now > at(4_000)).count();
        assert!(last <= 5, "{method:?}: {last}");
    }
}

#[test]
fn detections_are_held_against_windows() {
    let found = [1, 2, 50, 51, 52, 90].map(at);
    let fit = Fit::of(&found, &[(at(0), at(10)), (at(60), at(70))], Duration::from_secs(5));
    assert_eq!(fit, Fit { found: 1, missed: 1, false_alarms: 2 });
    assert_eq!((fit.precision(), fit.recall()), (1.0 / 3.0, 0.5));
    assert_eq!((Fit::default().precision(), Fit::default().recall()), (1.0, 1.0));
}

proptest! {
    #[test]
    fn detections_do_not_depend_on_the_unit(scale in -12i32..12, method in 0usize..5, seed in 0u64..50) {
        // Powers of two: the same digits.
        let scale = libm::ldexp(1.0, scale);
        let value = |step: usize| 30.0 + noise(seed, step) + if step > 250 { 12.0 } else { 0.0 };
        let method = METHODS[method];
        prop_assert_eq!(detections(method, (0..300).map(value)), detections(method, (0..300).map(|step| scale * value(step))));
    }

    #[test]
    fn scores_are_numbers_whatever_comes(values in prop::collection::vec(prop::num::f64::ANY, 0..400), method in 0usize..5) {
        let method = METHODS[method];
        let configuration = AnomalyConfiguration { method, memory: 8, season: 7, deviation_window: 9, change_window: 8, ..AnomalyConfiguration::default() };
        let mut detector = AnomalyDetector::new(&configuration);
        for (step, value) in values.into_iter().enumerate() {
            if let Some(anomaly) = detector.observe(value, at(step)) {
                prop_assert!(anomaly.score >= 1.0);
            }
        }
    }
}
