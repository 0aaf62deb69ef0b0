use std::path::Path;

use hms_machine::{Duration, Instant};
use hms_stack::balancing::BalancingConfiguration;
use hms_stack::breaker::{BreakerConfiguration, preset as breaker};
use hms_stack::health::{Detector, DetectorKind, HealthMode, Heartbeat, swim};
use hms_stack::overload::presets as overload;
use hms_stack::supervisor::presets as supervisor;

use super::reference::settings;
use super::*;
use crate::fixture;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/stacks")
}

fn committed(name: &str) -> Configuration {
    let presets = load_folder(&folder()).unwrap();
    presets.into_iter().find(|preset| preset.name == name).unwrap_or_else(|| panic!("no {name}.toml")).stack
}

#[track_caller]
fn assert_same(name: &str, expected: Configuration) {
    let found = settings(&committed(name));
    for ((tunable, found), (_, expected)) in found.into_iter().zip(settings(&expected)) {
        assert_eq!(found, expected, "{name}.toml: {}", tunable.name);
    }
}

fn with_overload(preset: &overload::Preset) -> Configuration {
    Configuration {
        retry: preset.overload.retry,
        retry_budget: preset.overload.retry_budget,
        hedge: preset.overload.hedge,
        bulkhead: preset.overload.bulkhead,
        rate_limit: preset.overload.rate_limit,
        concurrency: preset.overload.concurrency,
        shedding: preset.overload.shedding,
        throttle: preset.overload.throttle,
        outlier: preset.outlier,
        balancing: preset.balancing,
        ..Configuration::default()
    }
}

#[test]
fn the_files_of_breakers_and_overload_are_the_presets_in_code() {
    for name in ["gobreaker", "failsafe-go", "pekko-breaker"] {
        assert_same(name, Configuration { breaker: breaker(name).unwrap(), ..Configuration::default() });
    }
    let none = BreakerConfiguration { enabled: false, ..BreakerConfiguration::default() };
    let mut count = 0;
    for preset in overload::all().iter().filter(|preset| preset.name != "none") {
        count += 1;
        assert_same(preset.name, Configuration { breaker: breaker(preset.name).unwrap_or(none), ..with_overload(preset) });
    }
    assert_eq!(count, 6);
    let outlier = Configuration { outlier: overload::envoy().outlier, ..Configuration::default() };
    assert_same("envoy-outlier", outlier);
    assert_eq!(outlier.balancing, BalancingConfiguration::default());
}

#[test]
fn the_files_of_supervisors_and_membership_are_the_presets_in_code() {
    for preset in supervisor::PRESETS {
        assert_same(preset.name, Configuration { supervisor: preset.configuration(), ..Configuration::default() });
    }
    for (name, swim) in swim::PRESETS {
        let mut expected = Configuration { swim, ..Configuration::default() };
        expected.health.mode = HealthMode::Swim;
        assert_same(name, expected);
    }
}

#[test]
fn the_files_of_detectors_have_the_published_figures() {
    let [ms, secs] = [Duration::from_millis, Duration::from_secs];
    let probe = committed("k8s-probe");
    assert_eq!(
        (probe.supervisor.probe_every, probe.supervisor.probe_failures, probe.supervisor.shutdown),
        (secs(10), 3, secs(30))
    );
    assert_eq!((probe.checks.every, probe.checks.bad_in_a_row, probe.checks.good_in_a_row), (secs(10), 3, 1));
    let node = committed("k8s-node");
    assert_eq!((node.health.detector, node.health.heartbeat, node.health.timeout), (DetectorKind::Timeout, secs(10), secs(40)));
    assert_eq!((node.placement.patience, node.supervisor.leader_stable), (secs(300), secs(15)));
    let cluster = committed("pekko-phi-cluster").health;
    assert_eq!((cluster.detector, cluster.threshold, cluster.window), (DetectorKind::PhiNormal, 8.0, 1000));
    assert_eq!(
        (cluster.heartbeat, cluster.min_std, cluster.pause, cluster.first, cluster.monitors),
        (secs(1), ms(100), secs(3), secs(1), 9)
    );
    assert_eq!(committed("pekko-phi-cluster").placement.patience, secs(20));
    let remote = committed("pekko-phi-remote").health;
    assert_eq!((remote.detector, remote.threshold, remote.window, remote.pause), (DetectorKind::PhiNormal, 10.0, 200, secs(10)));
    let cassandra = committed("cassandra").health;
    assert_eq!((cassandra.detector, cassandra.threshold, cassandra.window), (DetectorKind::PhiExponential, 8.0, 1000));
    assert_eq!((cassandra.heartbeat, cassandra.pause), (secs(1), Duration::ZERO));
    let fast = committed("hms-fast").health;
    assert_eq!((fast.detector, fast.threshold, fast.heartbeat), (DetectorKind::PhiNormal, 8.0, ms(100)));
    assert_eq!((fast.pause, fast.min_std), (ms(300), ms(20)));
}

/// Silence after which a peer is convicted that was heard at every period for long.
fn silence(name: &str) -> f64 {
    let health = committed(name).health;
    let mut detector = Detector::new(&health, 1, Instant::ZERO);
    let mut now = Instant::ZERO;
    for sequence in 1..3_000 {
        now += health.heartbeat;
        detector.heard(0, Heartbeat { sequence, ..Heartbeat::default() }, now);
    }
    detector.conviction(0).saturating_since(now).as_secs_f64()
}

#[test]
fn the_presets_convict_when_their_systems_do() {
    for (name, seconds, tolerance) in
        [("hms-fast", 0.505, 0.005), ("pekko-phi-cluster", 4.5, 0.05), ("cassandra", 18.42, 0.005), ("k8s-node", 40.0, 0.0)]
    {
        let found = silence(name);
        assert!((found - seconds).abs() <= tolerance, "{name}: {found}");
    }
}

/// Written by hand, so that each value has its source beside it.
#[test]
fn a_preset_file_states_what_differs_from_the_default_and_why() {
    let own = ["default", "lanl-replay", "wan"];
    let mut count = 0;
    for preset in load_folder(&folder()).unwrap().iter().filter(|preset| !own.contains(&preset.name.as_str())) {
        count += 1;
        let text = std::fs::read_to_string(preset.path.as_ref().unwrap()).unwrap();
        assert!(text.starts_with("# "), "{} does not say what it is", preset.name);
        let (differing, defaults) = (settings(&preset.stack), settings(&Configuration::default()));
        let differ = differing.iter().zip(&defaults).filter(|((_, one), (_, other))| one != other).count();
        let stated: Vec<&str> = text.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).collect();
        // The version is stated too.
        assert_eq!(stated.len(), differ + 1, "{} states a default: {stated:#?}", preset.name);
    }
    assert_eq!(count, 23);
}

const INTRODUCTION: &str = "\
# Parameters of the stack, and what others set them to

The default is [`default.toml`](default.toml). A preset is `hms run SCENARIO --stack experiments/stacks/NAME.toml`; `hms presets SCENARIO` runs
all of them side by side. The tables hold every parameter, made from the walk over the tunables, with the presets that differ from the default.
Written by `HMS_UPDATE_REFERENCE=1 cargo test -p hms-lab reference`.

| preset | what it is |
|---|---|";

/// A row with the comment at the head of the preset's file.
fn about(preset: &Preset) -> String {
    let text = std::fs::read_to_string(preset.path.as_ref().unwrap()).unwrap();
    let head: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    format!("| [`{0}`]({0}.toml) | {1} |\n", preset.name, head.join(" "))
}

/// `HMS_UPDATE_REFERENCE=1 cargo test -p hms-lab reference` writes it anew.
#[test]
fn the_reference_of_parameters_and_presets_is_current() {
    let presets = load_folder(&folder()).unwrap();
    let page = format!("{INTRODUCTION}\n{}{}", presets.iter().map(about).collect::<String>(), reference(&presets));
    let path = folder().join("README.md");
    if std::env::var("HMS_UPDATE_REFERENCE").is_ok() {
        std::fs::write(&path, &page).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == page, "run with HMS_UPDATE_REFERENCE=1 to write it anew");
}

#[test]
fn the_stack_switched_off_has_no_component_on() {
    for (tunable, value) in settings(&switched_off()) {
        assert!(!tunable.name.ends_with(".enabled") || value == Value::Switch(false), "{}", tunable.name);
    }
}

fn definition(name: &str) -> &'static Definition {
    objective(name).unwrap()
}

fn measured(of: &[(&str, Option<f64>)]) -> Measured {
    let value = |definition: &Definition| of.iter().find(|(name, _)| *name == definition.name).and_then(|(_, value)| *value);
    Ok(DEFINITIONS.iter().map(value).collect())
}

fn named(name: &str) -> Preset {
    Preset { name: name.to_owned(), path: None, stack: Configuration::default() }
}

#[test]
fn a_preset_hurts_where_it_is_shown_to_be_worse_and_nowhere_else() {
    let presets = ["worse", DEFAULT, "unsure", "better", "blind"].map(named);
    let seeds: Vec<Seed> = (1..=12).map(Seed).collect();
    let rows = |apart: &dyn Fn(usize) -> f64, detection: Option<f64>| -> Vec<Measured> {
        let row = |place: usize| {
            let availability = Some(0.5 + 0.03 * place as f64 + apart(place));
            measured(&[("availability", availability), ("detection_p99", detection), ("incidents", Some(2.0))])
        };
        (0..12).map(row).collect()
    };
    let all = [
        rows(&|_| -0.05, Some(3.0)),
        rows(&|_| 0.0, Some(1.0)),
        rows(&|place| if place < 4 { 0.04 } else { -0.03 }, Some(1.0)),
        rows(&|_| 0.01, Some(0.5)),
        rows(&|_| 0.0, None),
    ];
    let ranked = rank(&presets, &seeds, &all, definition("availability"));
    let order: Vec<&str> = ranked.iter().map(|found| presets[found.preset].name.as_str()).collect();
    assert_eq!(order, ["better", DEFAULT, "blind", "unsure", "worse"]);
    let hurts = |name: &str| -> Vec<(&str, Option<f64>)> {
        let found = ranked.iter().find(|found| presets[found.preset].name == name).unwrap();
        let difference = |hurt: &Hurt| hurt.difference.map(|it| (it.estimate * 1e6).round() / 1e6);
        found.hurts.iter().map(|hurt| (hurt.objective.name, difference(hurt))).collect()
    };
    assert_eq!(hurts("worse"), [("availability", Some(-0.05)), ("detection_p99", Some(2.0))]);
    // It answers as often, and notices nothing of what happens.
    let blind = ranked.iter().find(|found| presets[found.preset].name == "blind").unwrap();
    let detection = blind.compared.iter().find(|one| one.objective.name == "detection_p99").unwrap();
    assert_eq!((detection.alone, detection.pairs), ((12, 0), 12));
    for name in [DEFAULT, "unsure", "better"] {
        assert_eq!(hurts(name), [], "{name}");
    }
    // Four presets and five objectives are twenty questions, which six seeds of one sign cannot answer.
    let few: Vec<Vec<Measured>> = all.iter().map(|rows| rows[..6].to_vec()).collect();
    assert!(rank(&presets, &seeds[..6], &few, definition("availability")).iter().all(|found| found.hurts.is_empty()));
}

#[test]
fn what_a_preset_never_gives_is_worse_where_it_is_called_for() {
    let presets = [DEFAULT, "blind"].map(named);
    let seeds: Vec<Seed> = (1..=12).map(Seed).collect();
    let rows = |detection: &dyn Fn(u32) -> Option<f64>| -> Vec<Measured> {
        (0..12).map(|place| measured(&[("detection_p99", detection(place)), ("incidents", Some(2.0))])).collect()
    };
    let all = [rows(&|place| Some(1.0 + 0.1 * f64::from(place))), rows(&|_| None)];
    let ranked = rank(&presets, &seeds, &all, definition("availability"));
    let blind = ranked.iter().find(|found| found.preset == 1).unwrap();
    // Absence counts as the longest time that was seen: eleven seeds of twelve are worse, and one is that very time.
    assert_eq!(blind.hurts, [Hurt { objective: definition("detection_p99"), difference: None }]);
}

#[test]
fn less_is_better_where_the_objective_says_so_and_failed_trials_are_listed() {
    let presets = [DEFAULT, "slow", "dead"].map(named);
    let row = |value| vec![measured(&[("recovery_p95", Some(value))])];
    let all = [row(1.0), row(2.0), vec![Err("event limit reached".to_owned())]];
    let ranked = rank(&presets, &[Seed(7)], &all, definition("recovery_p95"));
    assert_eq!(ranked.iter().map(|found| found.preset).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!((ranked[2].measured, &ranked[2].failures[0].0), (0, &Seed(7)));
    // One seed has no interval, so nothing is sure; a preset that was not measured hurts nobody.
    assert!(ranked.iter().all(|found| found.hurts.is_empty()));
}

#[test]
fn measuring_gives_the_same_on_any_number_of_threads_and_the_default_is_that_of_a_run() {
    let inputs = fixture::inputs(1);
    let (presets, seeds) = (ours(), [Seed(1), Seed(2)]);
    let one = measure(&inputs, &presets, &seeds, 1, &|_| true).unwrap().unwrap();
    assert_eq!(one, measure(&inputs, &presets, &seeds, 3, &|_| true).unwrap().unwrap());
    let run: Vec<_> = fixture::run(&inputs).objectives.iter().map(|objective| objective.value).collect();
    assert_eq!(one[0][0], Ok(run));
    assert_ne!(one[0], one[1], "the stack does something");
    assert_eq!(measure(&inputs, &presets, &seeds, 1, &|_| false), Ok(None));
}

#[test]
fn files_that_cannot_be_presets_are_told_with_place_and_fix() {
    let place = tempfile::tempdir().unwrap();
    let told = |found: Result<Vec<Preset>, PresetError>| found.unwrap_err().to_string();
    assert!(told(load_folder(place.path())).contains("no stack files"));
    let path = place.path().join("mine.toml");
    std::fs::write(&path, "[health]\nheartbeet = 1\n").unwrap();
    assert!(told(load_folder(place.path())).contains("mine.toml:2:1"));
    std::fs::write(&path, "[health]\nheartbeat = \"200ms\"\n").unwrap();
    assert_eq!(load_folder(place.path()).unwrap()[0].name, "mine");
    assert!(told(load_files(&[path.clone(), path.clone()])).contains("two presets are called `mine`"));
    assert!(told(load_files(&[place.path().join("none.toml")])).contains("cannot read"));
    assert!(find_folder(&path).unwrap_err().to_string().contains("--stacks DIR"));
    assert!(find_folder(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap().ends_with("experiments/stacks"));
}
