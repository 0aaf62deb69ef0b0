//! Which gene bought which part of the gain: a path from the campaign's base to the winner, one parameter at a time, on paired seeds.
//!
//! First each parameter that has moved is put back alone; what that costs orders them. Then the path: from the base, the parameters move to where the winner has them, the most costly first, and the last step takes
//! all that are left together. Gains along the path add up to the whole, which single removals do not where parameters work together (Fawcett and Hoos, "Analysing differences between algorithm
//! configurations through ablation", Journal of Heuristics 22, 2016). The number of trials is bounded.

use hms_evolve::Rng;
use hms_evolve::proof::bootstrap::Interval;
use hms_machine::Seed;
use hms_stack::{Configuration, Value};

use super::super::evaluator::Stopped;
use super::super::genes::{value_of, with_values};
use super::super::repair::repair;
use super::ground::Ground;

/// Steps of the path with a parameter of their own.
pub(super) const STEPS_MAX: usize = 10;
/// Seeds of each parameter that is put back, at least.
const SEEDS_MIN: usize = 3;
/// Seeds of the path at most.
pub(super) const SEEDS_MAX: usize = 20;

/// A step on the path.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The parameters that move: one, or at the end all that are left.
    pub parameters: Vec<Moved>,
    /// Losses after the step, target by target: over seeds as the target says.
    pub losses: Vec<Option<f64>>,
    /// Share of the base's loss that the step takes away, target by target.
    pub gains: Vec<Option<Interval>>,
}

/// A parameter that has moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// Its name.
    pub name: &'static str,
    /// In the base.
    pub from: Value,
    /// In the winner.
    pub to: Value,
}

/// A path from the base to the winner.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Losses of the base, over seeds as the target says.
    pub start: Vec<Option<f64>>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Seeds of the path, and of putting back.
    pub seeds: (usize, usize),
}

/// The path to a winner, empty where nothing has moved; about `trials` are spent on putting parameters back one by one.
pub(crate) fn ablate(
    ground: &Ground<'_>,
    genome: &[f64],
    winner: &Configuration,
    trials: usize,
    root: Seed,
) -> Result<Path, Stopped> {
    let base = *ground.genes.base();
    let mut rng = Rng::new(root.derive("evolve/ablation", 0), 0);
    let moved: Vec<Moved> = ground
        .moved(genome, winner, &base)
        .into_iter()
        .filter_map(|(tunable, to)| Some(Moved { name: tunable.name, from: value_of(&base, tunable.name)?, to }))
        .collect();
    let few = ground.affordable(moved.len(), trials, SEEDS_MIN);
    let order = by_cost(ground, winner, &moved, few)?;
    let single = if moved.len() > STEPS_MAX { STEPS_MAX - 1 } else { moved.len() };
    let mut groups: Vec<Vec<Moved>> = order.iter().take(single).map(|&place| vec![moved[place].clone()]).collect();
    if moved.len() > single {
        groups.push(order[single..].iter().map(|&place| moved[place].clone()).collect());
    }
    let mut configurations = vec![base];
    for group in &groups {
        let values: Vec<(&str, Value)> = group.iter().map(|moved| (moved.name, moved.to)).collect();
        let last = configurations.len() == groups.len();
        let before = configurations[configurations.len() - 1];
        // Parameters that do not matter in the winner may differ still.
        configurations.push(if last { *winner } else { repair(with_values(&before, &values), ground.genes.base()) });
    }
    let seeds = ground.seeds.len().min(SEEDS_MAX);
    let losses = ground.losses(&configurations, seeds)?;
    let targets = 0..ground.question.targets.len();
    let figures = |place: usize| targets.clone().map(|target| ground.figure(&losses[place], target)).collect();
    let mut step = |(place, parameters): (usize, Vec<Moved>)| Step {
        parameters,
        losses: figures(place + 1),
        gains: targets
            .clone()
            .map(|target| ground.gain((&losses[place], &losses[place + 1]), &losses[0], target, &mut rng))
            .collect(),
    };
    let steps = groups.into_iter().enumerate().map(&mut step).collect();
    Ok(Path { start: figures(0), steps, seeds: (seeds, few) })
}

/// Places of the parameters, those first without which the winner loses most: summed over targets, each as a share of the winner's loss.
fn by_cost(ground: &Ground<'_>, winner: &Configuration, moved: &[Moved], seeds: usize) -> Result<Vec<usize>, Stopped> {
    let without = |moved: &Moved| repair(with_values(winner, &[(moved.name, moved.from)]), ground.genes.base());
    let mut configurations = vec![*winner];
    configurations.extend(moved.iter().map(without));
    let losses = ground.losses(&configurations, seeds)?;
    let cost = |place: usize| -> f64 {
        let part = |target: usize| match (ground.figure(&losses[0], target), ground.figure(&losses[place + 1], target)) {
            (Some(with), Some(without)) => (without - with) / if with == 0.0 { 1.0 } else { with.abs() },
            // Without it the cluster gives no answer at all.
            (Some(_), None) => f64::INFINITY,
            (None, _) => 0.0,
        };
        (0..ground.question.targets.len()).map(part).sum()
    };
    let costs: Vec<f64> = (0..moved.len()).map(cost).collect();
    let mut order: Vec<usize> = (0..moved.len()).collect();
    order.sort_by(|&a, &b| costs[b].total_cmp(&costs[a]).then(a.cmp(&b)));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::super::super::genes::Genes;
    use super::super::ground::fixture;
    use super::*;
    use hms_machine::Duration;

    fn path(values: &[(&str, Value)]) -> Path {
        let (genes, question) = fixture::world();
        let seeds = fixture::seeds();
        let ground = Ground { genes: &genes, question: &question, measure: &fixture::measure, seeds: &seeds };
        let winner = with_values(&Configuration::default(), values);
        ablate(&ground, &genes.encode(&winner), &winner, 100, Seed(1)).unwrap()
    }

    #[test]
    fn the_gain_is_told_by_the_parameter_that_bought_it_and_adds_up() {
        let default = Configuration::default();
        let heartbeat = fixture::number_of(&default, "health.heartbeat");
        let half = Value::Duration(Duration::from_nanos((0.5e9 * heartbeat) as u64));
        let path = path(&[("health.heartbeat", half), ("health.min_std", fixture::shorter(&default, "health.min_std"))]);
        assert_eq!(path.steps.len(), 2);
        assert_eq!(path.steps[0].parameters[0].name, "health.heartbeat");
        let gains: Vec<f64> = path.steps.iter().map(|step| step.gains[0].unwrap().estimate).collect();
        assert!(gains[0] > 0.4 && gains[1].abs() < 1e-9, "{gains:?}");
        let (start, end) = (path.start[0].unwrap(), path.steps[1].losses[0].unwrap());
        assert!((gains.iter().sum::<f64>() - (1.0 - end / start)).abs() < 1e-9);
    }

    #[test]
    fn the_path_starts_at_the_base_of_the_campaign() {
        let default = Configuration::default();
        let base = with_values(&default, &[("health.min_std", fixture::shorter(&default, "health.min_std"))]);
        let genes = Genes::new(base, &fixture::NAMES, 20.0, &[]).unwrap();
        let (_, question) = fixture::world();
        let seeds = fixture::seeds();
        let ground = Ground { genes: &genes, question: &question, measure: &fixture::measure, seeds: &seeds };
        let winner = with_values(&base, &[("health.heartbeat", fixture::shorter(&base, "health.heartbeat"))]);
        let path = ablate(&ground, &genes.encode(&winner), &winner, 100, Seed(1)).unwrap();
        let moved: Vec<&str> = path.steps.iter().flat_map(|step| &step.parameters).map(|moved| moved.name).collect();
        assert_eq!(moved, ["health.heartbeat"], "what the base says has not moved");
    }

    /// Detection takes as long as the heartbeat on every day but one in four, on which it takes a hundred times the pause of retries: what helps on most days does not help on the bad one.
    fn bad_days(configurations: &[Configuration], seeds: &[Seed]) -> Result<Vec<Vec<crate::presets::Measured>>, Stopped> {
        let at = super::super::super::question::place("detection_p99").unwrap();
        let cell = |configuration: &Configuration, seed: &Seed| {
            let mut row = vec![None; hms_trial::DEFINITIONS.len()];
            let (heartbeat, attempts) =
                (fixture::number_of(configuration, "health.heartbeat"), fixture::number_of(configuration, "retry.attempts"));
            row[at] = Some(if seed.0.is_multiple_of(4) { 1.0 + attempts } else { heartbeat });
            Ok(row)
        };
        Ok(configurations.iter().map(|one| seeds.iter().map(|seed| cell(one, seed)).collect()).collect())
    }

    #[test]
    fn gains_in_a_tail_are_told_by_what_helps_on_bad_days() {
        let (genes, mut question) = fixture::world();
        question.targets[0].aggregate = hms_evolve::noise::objective::Aggregate::TailMean(0.25);
        let seeds = fixture::seeds();
        let ground = Ground { genes: &genes, question: &question, measure: &bad_days, seeds: &seeds };
        let default = Configuration::default();
        let heartbeat = fixture::shorter(&default, "health.heartbeat");
        let winner = with_values(&default, &[("health.heartbeat", heartbeat), ("retry.attempts", Value::Integer(1))]);
        let path = ablate(&ground, &genes.encode(&winner), &winner, 100, Seed(1)).unwrap();
        let steps: Vec<(&str, f64)> =
            path.steps.iter().map(|step| (step.parameters[0].name, step.gains[0].unwrap().estimate)).collect();
        let attempts = fixture::number_of(&default, "retry.attempts");
        let expected = (attempts - 1.0) / (1.0 + attempts);
        assert_eq!((steps[0].0, steps[1]), ("retry.attempts", ("health.heartbeat", 0.0)));
        assert!((steps[0].1 - expected).abs() < 1e-9, "{steps:?}: five seeds of twenty are the worst quarter");
        assert_eq!(path.start, [Some(1.0 + attempts)]);
    }

    #[test]
    fn a_winner_that_is_the_default_has_no_path() {
        let path = path(&[]);
        assert!(path.steps.is_empty() && path.start[0].is_some());
    }
}
