//! A committed experiment, and what its clients got.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hms_machine::{Duration, Seed};
use hms_scenario::model::Scenario;
use hms_stack::Configuration;
use hms_trial::{Outcome, Requests, Trial, parse_stack};

/// The folder of the experiments.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/papers")
}

/// The text of a file in it.
pub(crate) fn text_of(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A configuration of the stack, by its path from the folder.
pub(crate) fn stack_of(file: &str) -> Configuration {
    let text = text_of(file);
    parse_stack(&text).unwrap_or_else(|problems| panic!("{}", problems[0].render(file, &text)))
}

/// A scenario and the stack that it names.
#[derive(Clone)]
pub(crate) struct Experiment {
    pub(crate) scenario: Scenario,
    pub(crate) stack: Configuration,
}

impl Experiment {
    /// `NAME.toml`, as `hms run` reads it.
    pub(crate) fn named(name: &str) -> Self {
        let file = format!("{name}.toml");
        let text = text_of(&file);
        let document = hms_scenario::parse(&text, &|_| Err("none".to_owned()));
        let document = document.unwrap_or_else(|problems| panic!("{}", problems[0].render(&file, &text)));
        let stack = document.stack.map_or_else(Configuration::default, |stack| stack_of(&stack));
        Experiment { scenario: document.scenario, stack }
    }

    /// The same with another stack: `hms run --stack`.
    pub(crate) fn with_stack(self, file: &str) -> Self {
        Experiment { stack: stack_of(file), ..self }
    }

    pub(crate) fn run(&self, seed: u64) -> Outcome {
        Trial::new(Arc::new(self.scenario.clone()), self.stack, Seed(seed)).run().expect("the run ends by itself")
    }

    /// A run, and the requests that started from second `from` to before each of `until`. Requests count by their start, whenever they end; the
    /// windows come from runs that differ only in where measuring starts.
    pub(crate) fn run_with_windows(&self, seed: u64, from: u64, until: [u64; 2]) -> (Outcome, [Requests; 2]) {
        let from_second = |second: u64| {
            let mut measured = self.clone();
            measured.scenario.run.warmup = Duration::from_secs(second);
            measured.run(seed)
        };
        let outcome = from_second(from);
        let windows = until.map(|second| {
            let later = from_second(second);
            assert_eq!(outcome.hash, later.hash, "measuring changes nothing");
            outcome.recorder.loads[0].requests.since(&later.recorder.loads[0].requests)
        });
        (outcome, windows)
    }
}

/// Share of the requests that started in a window that were answered.
pub(crate) fn answered(requests: Requests) -> f64 {
    requests.succeeded as f64 / requests.started as f64
}

/// Share of the requests that ended from second `from` to second `to` of a run that were answered.
pub(crate) fn answered_of_ended(outcome: &Outcome, (from, to): (u64, u64)) -> f64 {
    let within = |at: u64| (from * 1_000_000_000 < at) && (at <= to * 1_000_000_000);
    let rows = outcome.recorder.series.iter().filter(|row| within(row.at.as_nanos()));
    let (succeeded, ended) =
        rows.fold((0, 0), |(succeeded, ended), row| (succeeded + row.requests.succeeded, ended + row.requests.ended()));
    succeeded as f64 / ended as f64
}

/// The least and the greatest of some shares, in percent.
pub(crate) fn percent_range(shares: &[f64]) -> String {
    let (least, greatest) = extremes(shares);
    let (least, greatest) = (format!("{:.0}", least * 100.0), format!("{:.0}", greatest * 100.0));
    if least == greatest { format!("{least} %") } else { format!("{least}–{greatest} %") }
}

/// The least and the greatest.
pub(crate) fn extremes(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), value| (least.min(*value), greatest.max(*value)))
}
