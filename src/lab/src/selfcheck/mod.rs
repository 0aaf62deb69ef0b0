//! Is the world right? Worlds small enough for a closed form, run through the whole simulator and held against it.
//!
//! Picture weights with a stamp on them, put on the scale before it is used. Requests pass client, network, host, processor and
//! service as in any scenario; network and stack are made to cost nothing, so that what is left is the textbook's queue.
//!
//! Contract. Each check runs [`REPLICATES`] independent seeds; the closed form must lie in the [`CONFIDENCE`] interval of their
//! mean (Student's t), widened by the [`RESOLUTION`] of the latency histograms, and the interval must be narrower than the
//! check's bound, so that it could fail. Seeds are fixed: a check passes everywhere or nowhere.

mod closed_forms;

use std::sync::Arc;

use hms_machine::Seed;
use hms_sim::kernel::RunError;
use hms_trial::{Outcome, TraceHash, Trial, canary, parse_stack};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use crate::statistics::{Estimate, estimate};
use closed_forms::Queue;

/// Independent runs of each world.
pub const REPLICATES: u64 = 16;

/// Confidence of the intervals: with nine checks, chance alone fails one in a hundred choices of seeds.
pub const CONFIDENCE: f64 = 0.999;

/// Relative error of latencies in the recorder.
const RESOLUTION: f64 = 0.001;

/// A figure of a world held against its closed form.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalyticCheck {
    /// The world and the figure.
    pub name: String,
    /// The closed form: seconds, or a share.
    pub expected: f64,
    /// What was measured: mean over replicates and its interval.
    pub measured: Estimate,
    /// Whether the values are shares; otherwise they are seconds.
    pub is_share: bool,
    /// Greatest half width of the interval, relative to the closed form, with which the check says something.
    pub half_width_max: f64,
}

impl AnalyticCheck {
    /// Lower and upper end of what agrees with the measurement.
    pub fn interval(&self) -> (f64, f64) {
        let half = self.measured.half_width.unwrap_or(f64::INFINITY) + RESOLUTION * self.expected;
        (self.measured.mean - half, self.measured.mean + half)
    }

    /// Whether the closed form lies in the interval, and the interval is narrow enough to mean something.
    pub fn passed(&self) -> bool {
        let (low, high) = self.interval();
        low <= self.expected && self.expected <= high && (high - low) / 2.0 <= self.half_width_max * self.expected
    }
}

/// A world, and the figures read off a run of it.
struct World {
    name: &'static str,
    scenario: String,
    figures: Vec<Figure>,
}

struct Figure {
    name: &'static str,
    expected: f64,
    is_share: bool,
    half_width_max: f64,
    read: fn(&Outcome) -> f64,
}

/// Mean service time of the queues, in seconds.
const SERVICE: f64 = 0.010;

/// Runs every world on all cores and compares.
///
/// # Errors
/// [`RunError`], which would be a bug.
pub fn analytic() -> Result<Vec<AnalyticCheck>, RunError> {
    let worlds = worlds();
    let jobs: Vec<(usize, u64)> =
        (0..worlds.len()).flat_map(|world| (0..REPLICATES).map(move |replicate| (world, replicate))).collect();
    let figures: Vec<Vec<f64>> = jobs
        .into_par_iter()
        .map(|(world, replicate)| {
            let world = &worlds[world];
            let outcome = trial(&world.scenario, Seed(2026).derive(world.name, replicate)).run()?;
            Ok(world.figures.iter().map(|figure| (figure.read)(&outcome)).collect())
        })
        .collect::<Result<_, RunError>>()?;
    let mut checks = Vec::new();
    for (world, runs) in worlds.iter().zip(figures.chunks(REPLICATES as usize)) {
        for (position, figure) in world.figures.iter().enumerate() {
            let values: Vec<f64> = runs.iter().map(|run| run[position]).collect();
            checks.push(AnalyticCheck {
                name: format!("{}: {}", world.name, figure.name),
                expected: figure.expected,
                measured: estimate(&values, CONFIDENCE).expect("there are replicates"),
                is_share: figure.is_share,
                half_width_max: figure.half_width_max,
            });
        }
    }
    Ok(checks)
}

/// Trace hashes of the canary under several seeds, run on `threads` worker threads, in the order of the seeds.
///
/// # Errors
/// [`RunError`], which would be a bug.
///
/// # Panics
/// If the operating system gives no threads.
pub fn hashes_on(threads: usize) -> Result<Vec<TraceHash>, RunError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("the operating system gives threads");
    let seeds: Vec<u64> = (1..=8).collect();
    pool.install(|| seeds.into_par_iter().map(|seed| Ok(Trial { seed: Seed(seed), ..canary::trial() }.run()?.hash)).collect())
}

/// Nothing of the stack costs anything, and it does nothing: what is left is the queue.
const STACK: &str = include_str!("../../../../experiments/stacks/off.toml");

fn trial(scenario: &str, seed: Seed) -> Trial {
    let no_files = |name: &str| Err(format!("{name} is not built in"));
    let document = hms_scenario::parse(scenario, &no_files)
        .unwrap_or_else(|problems| panic!("{}", hms_scenario::render_all(&problems, "built-in scenario", scenario)));
    let stack = parse_stack(STACK).expect("the built-in stack is valid");
    Trial::new(Arc::new(document.scenario), stack, seed)
}

fn worlds() -> Vec<World> {
    let rate = 0.7 / SERVICE;
    let exponential = "{ kind = \"exponential\", mean = \"10ms\" }";
    vec![
        queue("M/M/1", Queue::Exponential { rate, mean: SERVICE, servers: 1 }, 1, exponential),
        queue("M/M/4", Queue::Exponential { rate: 4.0 * rate, mean: SERVICE, servers: 4 }, 4, exponential),
        queue("M/D/1", Queue::Constant { rate, time: SERVICE }, 1, "\"10ms\""),
        queue(
            "M/G/1 (hyperexponential)",
            Queue::Mixed { rate, short: 0.005, long: 0.030, share: 0.2 },
            1,
            "{ kind = \"mixture\", parts = [\
             { weight = 0.8, law = { kind = \"exponential\", mean = \"5ms\" } }, \
             { weight = 0.2, law = { kind = \"exponential\", mean = \"30ms\" } }] }",
        ),
        tail_at_scale(),
    ]
}

/// A queue at 70 % utilisation: figures are the mean and the 99th percentile of the time in the system.
fn queue(name: &'static str, closed_form: Queue, servers: u32, work: &str) -> World {
    let rate = match closed_form {
        Queue::Exponential { rate, .. } | Queue::Constant { rate, .. } | Queue::Mixed { rate, .. } => rate,
    };
    let scenario = format!(
        r#"
version = 1
run = {{ duration = "2020s", warmup = "20s", sample_every = "60s" }}
[cluster]
nodes = 1
# A quantum that no request outlasts: first come, first served.
host = {{ cores = {servers}, quantum = "1h", stack_cpu = "0ns", boot = "0s" }}
[network]
latency = "0ns"
[[service]]
name = "queue"
workers = {servers}
queue = 1000000
work = {work}
startup = "0s"
memory = {{ base = "0 B", per_request = "0 B" }}
[[load]]
service = "queue"
arrivals = "{rate}/s"
timeout = "1h"
"#
    );
    let figures = vec![
        Figure {
            name: "mean time",
            expected: closed_form.mean(),
            is_share: false,
            half_width_max: 0.06,
            read: |outcome| outcome.recorder.loads[0].answered.mean() / 1e9,
        },
        Figure {
            name: "99th percentile",
            expected: closed_form.quantile(0.99),
            is_share: false,
            half_width_max: 0.12,
            read: |outcome| outcome.recorder.loads[0].answered.value_at_quantile(0.99) as f64 / 1e9,
        },
    ];
    World { name, scenario, figures }
}

/// A request that needs a hundred others, of which each is slow with probability 1 %, is slow with probability 63 % (Dean and
/// Barroso, "The tail at scale", CACM 2013).
fn tail_at_scale() -> World {
    let scenario = r#"
version = 1
run = { duration = "510s", warmup = "10s", sample_every = "60s" }
[cluster]
nodes = 2
host = { cores = 2000, stack_cpu = "0ns", boot = "0s" }
[network]
latency = "0ns"
[[service]]
name = "root"
nodes = [0]
workers = 100000
work = "0ns"
startup = "0s"
memory = { base = "0 B", per_request = "0 B" }
fan_out = "parallel"
call = [{ service = "leaf", count = 100, timeout = "10s" }]
[[service]]
name = "leaf"
nodes = [1]
workers = 100000
work = { kind = "mixture", parts = [{ weight = 0.99, law = "1ms" }, { weight = 0.01, law = "1s" }] }
startup = "0s"
memory = { base = "0 B", per_request = "0 B" }
[[load]]
service = "root"
arrivals = "10/s"
timeout = "500ms"
"#;
    let figures = vec![Figure {
        name: "share of slow requests",
        expected: 1.0 - f64::powi(0.99, 100),
        is_share: true,
        half_width_max: 0.05,
        read: |outcome| 1.0 - outcome.objective("availability").unwrap_or(f64::NAN),
    }];
    World { name: "fan-out of 100", scenario: scenario.to_owned(), figures }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    /// Some seconds on all cores, so once for all tests.
    static CHECKS: LazyLock<Vec<AnalyticCheck>> = LazyLock::new(|| analytic().unwrap());

    #[test]
    fn every_world_agrees_with_its_closed_form() {
        let failed: Vec<_> = CHECKS.iter().filter(|check| !check.passed()).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }

    #[test]
    fn a_wrong_closed_form_is_noticed() {
        for check in CHECKS.iter() {
            let wrong = AnalyticCheck { expected: check.expected * (1.0 + 2.0 * check.half_width_max), ..check.clone() };
            assert!(!wrong.passed(), "{wrong:?}");
        }
    }

    #[test]
    fn trace_hashes_do_not_depend_on_the_number_of_threads() {
        assert_eq!(hashes_on(1).unwrap(), hashes_on(3).unwrap());
    }
}
