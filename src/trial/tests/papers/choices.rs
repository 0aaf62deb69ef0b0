//! R12: the power of two choices, for requests that come all at once and for queues.

use std::sync::OnceLock;

use crate::experiment::Experiment;
use crate::table::Row;

const TWO_CHOICES: &str = "stacks/two-choices.toml";
const SEEDS: std::ops::RangeInclusive<u64> = 1..=30;
const REPLICAS: f64 = 1_000.0;
/// Each of the hundred queues is used to this share.
const USED: f64 = 0.9;

/// What was measured: first at random, then with the less busy of two.
pub(crate) struct Figures {
    /// Requests at the busiest of a thousand replicas, averaged over the seeds.
    busiest: [f64; 2],
    /// Time in the system in service times.
    stay: [f64; 2],
}

/// The busiest replica's last answer takes as many seconds as it has got requests, and some microseconds.
fn busiest(experiment: &Experiment) -> f64 {
    let of_seed = |seed| {
        let outcome = experiment.run(seed);
        assert_eq!(outcome.recorder.loads[0].requests.succeeded, REPLICAS as u64);
        (outcome.recorder.loads[0].answered.max() as f64 / 1e9).floor()
    };
    SEEDS.map(of_seed).sum::<f64>() / SEEDS.count() as f64
}

fn stay(experiment: &Experiment) -> f64 {
    experiment.run(1).recorder.loads[0].answered.mean() / 1e8
}

pub(crate) fn figures() -> &'static Figures {
    static FIGURES: OnceLock<Figures> = OnceLock::new();
    FIGURES.get_or_init(|| {
        let both = |name: &str| [Experiment::named(name), Experiment::named(name).with_stack(TWO_CHOICES)];
        Figures { busiest: both("choices-at-once").each_ref().map(busiest), stay: both("choices-queues").each_ref().map(stay) }
    })
}

/// ln n / ln ln n and ln ln n / ln 2: what the busiest has for large n, to a factor of 1 + o(1) the first and to a constant the second.
fn asymptotes() -> [f64; 2] {
    let log = libm::log(REPLICAS);
    [log / libm::log(log), libm::log(log) / libm::log(2.0)]
}

/// Expected maximum of n independent Poisson(1) loads: n balls in n bins at random but for terms of 1/n (Mitzenmacher and Upfal, "Probability and
/// Computing", §5.4).
fn expected_at_random() -> f64 {
    let (mut term, mut at_most, mut expected) = (libm::exp(-1.0), 0.0, 0.0);
    for load in 1..=30 {
        at_most += term;
        term /= f64::from(load);
        expected += 1.0 - libm::pow(at_most, REPLICAS);
    }
    expected
}

/// Time in the system for infinitely many queues, in service times: 1 / (1 − used), and the sum of used^(2^i − 2) (Mitzenmacher 1996).
fn stays() -> [f64; 2] {
    let two = (1..=7u32).map(|step| libm::pow(USED, f64::from(2u32 << (step - 1)) - 2.0)).sum();
    [1.0 / (1.0 - USED), two]
}

#[test]
fn r12_of_a_thousand_requests_at_once_the_busiest_of_a_thousand_replicas_gets_far_fewer_with_two_choices() {
    let ([random, two], published) = (figures().busiest, asymptotes());
    let exact = expected_at_random();
    assert!((random / exact - 1.0).abs() < 0.05, "at random: exact: {exact}; ours: {random}");
    // The law for large n leaves a factor of 1 + o(1) open, and that for two choices a constant.
    assert!(random > published[0] && random < 2.0 * published[0], "at random: published: {}; ours: {random}", published[0]);
    assert!((two - published[1]).abs() < 1.0, "two choices: published: {}; ours: {two}", published[1]);
}

#[test]
fn r12_queues_used_to_nine_tenths_are_short_with_two_choices() {
    let ([random, two], published) = (figures().stay, stays());
    assert!((random / published[0] - 1.0).abs() < 0.1, "at random: published: {}; ours: {random}", published[0]);
    assert!((two / published[1] - 1.0).abs() < 0.05, "two choices: published: {}; ours: {two}", published[1]);
}

pub(crate) fn rows() -> Vec<Row> {
    let Figures { busiest, stay } = figures();
    let choices = ["at random", "less busy of two"];
    let commands = |file: &str| [format!("{file}.toml"), format!("{file}.toml --stack experiments/papers/{TWO_CHOICES}")];
    let at_once = [
        ("ln n / ln ln n = 3.6 for large n; 5.5 exact", "±5 % of the exact value; 1 to 2 times the law"),
        ("ln ln n / ln 2 = 2.8 and a constant", "±1"),
    ];
    let queues = [("10", "±10 %"), ("2.61", "±5 %")];
    let mut rows = Vec::new();
    for (index, command) in commands("choices-at-once").into_iter().enumerate() {
        let ours = format!("{:.2}, {} seeds", busiest[index], SEEDS.count());
        let (published, tolerance) = at_once[index];
        let reproduction = "R12 requests at the busiest of 1,000";
        rows.push(Row { reproduction, varied: choices[index], published, ours, tolerance, command });
    }
    for (index, command) in commands("choices-queues").into_iter().enumerate() {
        let (published, tolerance) = queues[index];
        let (reproduction, ours) = ("R12 service times in a queue used to 90 %", format!("{:.2}", stay[index]));
        rows.push(Row { reproduction, varied: choices[index], published, ours, tolerance, command });
    }
    rows
}
