//! The quality of the engine, measured by fixed definitions and set beside the figures of other libraries.
//!
//! Definitions: ZDT with 25,000 evaluations and a population of 100, hypervolume of the final front up to (1.1, 1.1). DTLZ2 with three objectives, 12 variables, 91 directions, 23,000 evaluations; IGD91 is the mean
//! distance from the 91 targets. Functions of one objective: 2,000 evaluations per variable, error of the best. OneMax: evaluations to the optimum of 100 switches. Knapsack: 250 weakly correlated
//! items, 50,000 evaluations, gap to the optimum. Medians over seeds 0, 1, 2 …
//!
//! The crate has no clock: the caller hands in one that gives CPU seconds, and a constant clock where time does not matter.

#[cfg(test)]
mod others;
mod peers;
mod runs;

pub use peers::Peer;

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

use crate::problems::continuous::{Continuous, Function};
use crate::problems::zdt::Zdt;

/// What a row measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure {
    /// Larger is better.
    Hypervolume,
    /// Mean distance from the 91 targets; smaller is better.
    DistanceToTargets,
    /// Error of the best; smaller is better.
    Error,
    /// Evaluations to the optimum; smaller is better.
    Evaluations,
    /// Share by which the best falls short; smaller is better.
    Gap,
    /// Distance between the quartiles of the hypervolume; smaller is better.
    Spread,
    /// Time of the engine and the problem per evaluation in microseconds; smaller is better.
    MicrosPerEvaluation,
    /// Evaluations of a second of CPU time, the other way to say it; larger is better, and infinite with a constant clock.
    EvaluationsPerSecond,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Problem and, where it has one, dimension.
    pub problem: String,
    /// Algorithm, by its constructor in [`crate::algorithms::standard`].
    pub algorithm: String,
    /// What is measured.
    pub measure: Measure,
    /// Median over seeds.
    pub median: f64,
    /// Lower and upper quartile.
    pub quartiles: [f64; 2],
    /// What is to be reached.
    pub goal: f64,
    /// Median CPU time per evaluation in microseconds, problem included; 0 with a constant clock.
    pub micros: f64,
    /// Figures of other libraries, measured with the same definitions.
    pub peers: Vec<Peer>,
}

impl Measure {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::Hypervolume => "hypervolume",
            Measure::DistanceToTargets => "IGD91",
            Measure::Error => "error",
            Measure::Evaluations => "evaluations",
            Measure::Gap => "gap",
            Measure::Spread => "interquartile range",
            Measure::MicrosPerEvaluation => "µs",
            Measure::EvaluationsPerSecond => "evaluations/s",
        }
    }

    /// A value as it is read best.
    pub fn show(self, value: f64) -> String {
        match self {
            Measure::Hypervolume => format!("{value:.5}"),
            Measure::DistanceToTargets | Measure::Error | Measure::Spread => format!("{value:.1e}"),
            Measure::Evaluations | Measure::EvaluationsPerSecond => format!("{value:.0}"),
            Measure::Gap => format!("{:.2} %", 100.0 * value),
            Measure::MicrosPerEvaluation => format!("{value:.2}"),
        }
    }

    /// Whether a value reaches a goal.
    pub fn reaches(self, value: f64, goal: f64) -> bool {
        match self {
            Measure::Hypervolume | Measure::EvaluationsPerSecond => value >= goal,
            Measure::DistanceToTargets
            | Measure::Error
            | Measure::Evaluations
            | Measure::Gap
            | Measure::Spread
            | Measure::MicrosPerEvaluation => value <= goal,
        }
    }
}

impl Row {
    /// Whether the median reaches the goal.
    pub fn reaches_goal(&self) -> bool {
        self.measure.reaches(self.median, self.goal)
    }

    /// The other library that does best; `None` where none was measured.
    pub fn best_peer(&self) -> Option<&Peer> {
        let better = |first: f64, second: f64| self.measure.reaches(first, second) && first != second;
        self.peers.iter().reduce(|best, other| if better(other.value, best.value) { other } else { best })
    }
}

/// A run: value and CPU seconds per evaluation.
type Sample = (f64, f64);

/// The whole table over so many seeds (11 for the published one; at least 1). `clock` gives CPU seconds; `begin` hears the name of each problem before its runs.
pub fn table(seeds: u64, clock: &mut dyn FnMut() -> f64, begin: &mut dyn FnMut(&str)) -> Vec<Row> {
    begin(Zdt::One.name());
    let [quality, spread, micros, rate] = zdt_one(seeds, clock);
    let mut rows = vec![quality, spread];
    for problem in [Zdt::Two, Zdt::Three, Zdt::Four, Zdt::Six] {
        begin(problem.name());
        rows.push(zdt(problem, seeds, clock));
    }
    begin("DTLZ2");
    rows.extend(dtlz2(seeds, clock));
    for variables in [10, 30] {
        for function in [Function::Sphere, Function::Rosenbrock, Function::Rastrigin, Function::Ackley] {
            begin(&format!("{} {variables}", function.name()));
            rows.push(single(Continuous { function, variables }, seeds, clock));
        }
    }
    begin("OneMax and knapsack");
    rows.push(one_max(seeds, clock));
    rows.push(knapsack(seeds, clock));
    rows.extend([micros, rate]);
    rows
}

/// NSGA-II on ZDT1: hypervolume, how far its quartiles lie apart, and the time both ways round.
pub fn zdt_one(seeds: u64, clock: &mut dyn FnMut() -> f64) -> [Row; 4] {
    let samples = sample(seeds, |seed| runs::zdt(Zdt::One, seed, clock));
    let told = |value: fn(f64) -> f64| samples.iter().map(|&(_, seconds)| (value(seconds), seconds)).collect::<Vec<Sample>>();
    let row = |measure, goal, samples: &[Sample], peers| row("ZDT1", "nsga_two", measure, goal, samples, peers);
    let quality = row(Measure::Hypervolume, zdt_goal(Zdt::One), &samples, peers::zdt(Zdt::One));
    let apart = quality.quartiles[1] - quality.quartiles[0];
    let spread =
        Row { measure: Measure::Spread, median: apart, quartiles: [apart; 2], goal: 1e-4, peers: Vec::new(), ..quality.clone() };
    let micros = row(Measure::MicrosPerEvaluation, 1.7, &told(|seconds| 1e6 * seconds), &peers::TIME);
    let rate = row(Measure::EvaluationsPerSecond, 600e3, &told(f64::recip), &peers::RATE);
    [quality, spread, micros, rate]
}

/// NSGA-II on a problem of the ZDT family.
pub fn zdt(problem: Zdt, seeds: u64, clock: &mut dyn FnMut() -> f64) -> Row {
    let samples = sample(seeds, |seed| runs::zdt(problem, seed, clock));
    row(problem.name(), "nsga_two", Measure::Hypervolume, zdt_goal(problem), &samples, peers::zdt(problem))
}

const fn zdt_goal(problem: Zdt) -> f64 {
    match problem {
        Zdt::One => 0.8717,
        Zdt::Two => 0.5383,
        Zdt::Three => 1.3291,
        Zdt::Four => 0.868,
        Zdt::Six => 0.5005,
    }
}

/// NSGA-III on DTLZ2: hypervolume, and distance to the targets.
pub fn dtlz2(seeds: u64, clock: &mut dyn FnMut() -> f64) -> [Row; 2] {
    let both: Vec<[Sample; 2]> = (0..seeds).map(|seed| runs::dtlz2(Seed(seed), clock)).collect();
    let part = |which: usize| both.iter().map(|pair| pair[which]).collect::<Vec<Sample>>();
    [
        row("DTLZ2", "nsga_three", Measure::Hypervolume, 0.7440, &part(0), &peers::DTLZ2),
        row("DTLZ2", "nsga_three", Measure::DistanceToTargets, 1.5e-3, &part(1), &peers::DTLZ2_TARGETS),
    ]
}

/// The default portfolio on a function of one objective.
pub fn single(problem: Continuous, seeds: u64, clock: &mut dyn FnMut() -> f64) -> Row {
    let hard = problem.function == Function::Rosenbrock && problem.variables == 30;
    let samples = sample(seeds, |seed| runs::single(problem, seed, clock));
    let name = format!("{} {}", problem.function.name(), problem.variables);
    row(&name, "portfolio_single", Measure::Error, if hard { 1e-6 } else { 1e-8 }, &samples, peers::single(problem))
}

/// The steady-state algorithm on OneMax.
pub fn one_max(seeds: u64, clock: &mut dyn FnMut() -> f64) -> Row {
    let samples = sample(seeds, |seed| runs::one_max(100, seed, clock));
    row("OneMax 100", "steady_booleans", Measure::Evaluations, 1500.0, &samples, &peers::ONE_MAX)
}

/// The steady-state algorithm on a knapsack.
pub fn knapsack(seeds: u64, clock: &mut dyn FnMut() -> f64) -> Row {
    let samples = sample(seeds, |seed| runs::knapsack(250, seed, clock));
    row("knapsack 250", "steady_booleans", Measure::Gap, 0.005, &samples, &peers::KNAPSACK)
}

fn sample(seeds: u64, mut run: impl FnMut(Seed) -> Sample) -> Vec<Sample> {
    (0..seeds).map(|seed| run(Seed(seed))).collect()
}

fn row(problem: &str, algorithm: &str, measure: Measure, goal: f64, samples: &[Sample], peers: &[Peer]) -> Row {
    let sorted = |part: fn(&Sample) -> f64| {
        let mut values: Vec<f64> = samples.iter().map(part).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (values, times) = (sorted(|sample| sample.0), sorted(|sample| sample.1));
    let at = |values: &[f64], quarter: usize| values[quarter * (values.len() - 1) / 4];
    Row {
        problem: problem.to_owned(),
        algorithm: algorithm.to_owned(),
        measure,
        median: at(&values, 2),
        quartiles: [at(&values, 1), at(&values, 3)],
        goal,
        micros: at(&times, 2) * 1e6,
        peers: peers.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(row: &Row) {
        assert!(row.reaches_goal(), "{} {:?}: {} instead of {}", row.problem, row.measure, row.median, row.goal);
    }

    #[test]
    fn the_best_of_the_others_is_named_in_either_direction() {
        let row = |measure, problem: &[Peer]| Row { measure, ..row("", "", measure, 0.0, &[(1.0, 0.0)], problem) };
        assert_eq!(row(Measure::Hypervolume, peers::zdt(Zdt::One)).best_peer().unwrap().name, "pymoo SMS-EMOA");
        assert_eq!(row(Measure::Evaluations, &peers::ONE_MAX).best_peer().unwrap().name, "genetic_algorithm");
        assert_eq!(row(Measure::Gap, &[]).best_peer(), None);
        assert_eq!(row(Measure::EvaluationsPerSecond, &peers::RATE).best_peer().unwrap().name, "moors");
        let hardest = peers::single(Continuous { function: Function::Rosenbrock, variables: 30 });
        assert_eq!(row(Measure::Error, hardest).best_peer().unwrap().name, "cmaes-rs");
    }

    #[test]
    fn time_is_told_both_ways_round() {
        let mut now = 0.0;
        // Two looks at the clock per run of 25,000 evaluations.
        let mut clock = || {
            now += 0.05;
            now
        };
        let [quality, spread, micros, rate] = zdt_one(3, &mut clock);
        assert!((micros.median - 2.0).abs() < 1e-6 && (rate.median - 500e3).abs() < 1.0, "{micros:?} {rate:?}");
        assert!(!micros.reaches_goal() && !rate.reaches_goal());
        assert_eq!(spread.median, quality.quartiles[1] - quality.quartiles[0]);
    }

    #[test]
    fn quartiles_on_zdt1_lie_close() {
        let [quality, spread, _, _] = zdt_one(5, &mut || 0.0);
        check(&quality);
        check(&spread);
    }

    #[test]
    fn nsga_two_reaches_its_goals_on_the_other_zdt_problems() {
        for problem in [Zdt::Two, Zdt::Three, Zdt::Four, Zdt::Six] {
            check(&zdt(problem, 5, &mut || 0.0));
        }
    }

    #[test]
    fn nsga_three_reaches_its_targets() {
        dtlz2(5, &mut || 0.0).iter().for_each(check);
    }

    #[test]
    fn the_default_portfolio_solves_every_function() {
        for variables in [10, 30] {
            for function in [Function::Sphere, Function::Rosenbrock, Function::Rastrigin, Function::Ackley] {
                check(&single(Continuous { function, variables }, if variables == 10 { 3 } else { 1 }, &mut || 0.0));
            }
        }
    }

    #[test]
    fn switches_are_set_and_knapsacks_packed() {
        check(&one_max(11, &mut || 0.0));
        check(&knapsack(3, &mut || 0.0));
    }

    #[test]
    fn nsga_two_finds_all_pieces_of_zdt3() {
        for seed in 0..3 {
            assert_eq!(runs::zdt3_pieces(Seed(seed)), 5, "seed {seed}");
        }
    }
}
