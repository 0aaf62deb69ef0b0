//! R11: the tail at scale.

use std::sync::OnceLock;

use hms_trial::LoadRecord;

use crate::experiment::Experiment;
use crate::table::Row;

/// Shares of the requests that take more than a second.
pub(crate) struct Figures {
    hundred: f64,
    one: f64,
    count: u64,
}

fn slow(load: &LoadRecord) -> f64 {
    let quick = load.answered.iter_recorded().filter(|value| value.value_iterated_to() <= 1_000_000_000);
    1.0 - quick.map(|value| value.count_at_value()).sum::<u64>() as f64 / load.answered.len() as f64
}

pub(crate) fn figures() -> &'static Figures {
    static FIGURES: OnceLock<Figures> = OnceLock::new();
    FIGURES.get_or_init(|| {
        let outcome = Experiment::named("fan-out").run(1);
        let [hundred, one] = &outcome.recorder.loads[..] else { panic!("two loads") };
        Figures { hundred: slow(hundred), one: slow(one), count: hundred.answered.len() }
    })
}

#[test]
fn r11_of_requests_that_need_a_hundred_answers_63_in_100_meet_the_slow_one_in_a_hundred() {
    let Figures { hundred, one, count } = figures();
    let published = 1.0 - libm::pow(0.99, 100.0);
    assert!((one - 0.01).abs() < 0.002, "a server: published: 1 %; ours: {one}");
    // 1,200 requests: standard error 1.4 points.
    assert!((hundred - published).abs() < 0.04, "fan-out of 100: published: {published}; ours: {hundred} of {count}");
}

pub(crate) fn rows() -> Vec<Row> {
    let Figures { hundred, one, count } = figures();
    let row = |varied, published, ours, tolerance| Row {
        reproduction: "R11 tail at scale",
        varied,
        published,
        ours,
        tolerance,
        command: "fan-out.toml".to_owned(),
    };
    vec![
        row("one server", "1 % over 1 s (given)", format!("{:.2} %", one * 100.0), "±0.2 points"),
        row("a fan-out of 100", "63.4 % over 1 s", format!("{:.1} % of {count} requests", hundred * 100.0), "±4 points"),
    ]
}
