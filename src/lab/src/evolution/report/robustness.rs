//! Does the winner stand on a needle's point? What is lost when its numbers drift by 5 %: each alone, and all at once.

use hms_evolve::Rng;
use hms_evolve::proof::bootstrap::Interval;
use hms_machine::{Duration, Seed};
use hms_stack::{Configuration, Tunable, Value};

use super::super::evaluator::Stopped;
use super::super::genes::{parameters, with_values};
use super::super::repair::repair;
use super::ground::Ground;

/// By how much numbers drift, as a share.
pub(crate) const DRIFT: f64 = 0.05;
/// Draws in which all numbers drift.
pub(super) const JOINT: usize = 8;
/// Seeds of a single drift, at least.
const SEEDS_MIN: usize = 3;
/// Seeds of the joint ones at most.
pub(super) const SEEDS_MAX: usize = 20;

/// The winner after a drift.
#[derive(Clone, Debug, PartialEq)]
pub struct Drifted {
    /// The parameter; `None` where all drift.
    pub parameter: Option<&'static str>,
    /// The value that it had and the one that it has; `None` where all drift.
    pub values: Option<(Value, Value)>,
    /// What is lost, as a share of the winner's loss, target by target; negative where the drift helps.
    pub lost: Vec<Option<Interval>>,
}

/// What drifts, and from which value to which; nothing where all drift.
type Kind = (Option<&'static str>, Option<(Value, Value)>);

/// The winner's neighbourhood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Robustness {
    /// One parameter at a time, down and up, the worst first.
    pub single: Vec<Drifted>,
    /// All at once, drawn evenly between -5 % and 5 %.
    pub joint: Vec<Drifted>,
    /// Numbers whose single drift was left out, since the trials did not suffice.
    pub left_out: usize,
    /// Seeds of the single ones, and of the joint ones.
    pub seeds: (usize, usize),
}

/// Measures the winner's neighbourhood; about `trials` are spent on single drifts, those of the parameters in `first` before all others.
pub(crate) fn wander(
    ground: &Ground<'_>,
    genome: &[f64],
    winner: &Configuration,
    (trials, first): (usize, &[&str]),
    root: Seed,
) -> Result<Robustness, Stopped> {
    let mut rng = Rng::new(root.derive("evolve/robustness", 0), 0);
    let mut numbers = numbers(ground, genome, winner);
    numbers.sort_by_key(|(tunable, _)| first.iter().position(|name| *name == tunable.name).unwrap_or(first.len()));
    let affordable = (trials / (2 * SEEDS_MIN)).max(1).min(numbers.len());
    let mut kinds: Vec<Kind> = Vec::new();
    let mut configurations = vec![*winner];
    for (tunable, value) in &numbers[..affordable] {
        for factor in [1.0 - DRIFT, 1.0 + DRIFT] {
            let Some(other) = drift(tunable, *value, factor) else { continue };
            kinds.push((Some(tunable.name), Some((*value, other))));
            configurations.push(repair(with_values(winner, &[(tunable.name, other)]), ground.genes.base()));
        }
    }
    let few = ground.affordable(kinds.len(), trials, SEEDS_MIN);
    let mut single = measured(ground, &configurations, &kinds, few, &mut rng)?;
    single.sort_by(|a, b| worst(b).total_cmp(&worst(a)));
    let mut all = vec![*winner];
    for _ in 0..if numbers.is_empty() { 0 } else { JOINT } {
        let values: Vec<(&str, Value)> = numbers
            .iter()
            .filter_map(|(tunable, value)| Some((tunable.name, drift(tunable, *value, rng.between(1.0 - DRIFT, 1.0 + DRIFT))?)))
            .collect();
        all.push(repair(with_values(winner, &values), ground.genes.base()));
    }
    let seeds = ground.seeds.len().min(SEEDS_MAX);
    let kinds = vec![(None, None); all.len() - 1];
    let joint = measured(ground, &all, &kinds, seeds, &mut rng)?;
    Ok(Robustness { single, joint, left_out: numbers.len() - affordable, seeds: (few, seeds) })
}

/// The greatest estimated loss over targets.
pub(crate) fn worst(drifted: &Drifted) -> f64 {
    drifted.lost.iter().flatten().map(|lost| lost.estimate).fold(f64::NEG_INFINITY, f64::max)
}

/// The first of these against each of the others.
fn measured(
    ground: &Ground<'_>,
    configurations: &[Configuration],
    kinds: &[Kind],
    seeds: usize,
    rng: &mut Rng,
) -> Result<Vec<Drifted>, Stopped> {
    let losses = ground.losses(configurations, seeds)?;
    let negative = |interval: Interval| Interval { estimate: -interval.estimate, low: -interval.high, high: -interval.low };
    let mut one = |(place, (parameter, values)): (usize, &Kind)| {
        let targets = 0..ground.question.targets.len();
        let lost =
            targets.map(|target| ground.gain((&losses[0], &losses[place + 1]), &losses[0], target, rng).map(negative)).collect();
        Drifted { parameter: *parameter, values: *values, lost }
    };
    Ok(kinds.iter().enumerate().map(&mut one).collect())
}

/// The genes that matter and are numbers.
fn numbers(ground: &Ground<'_>, genome: &[f64], winner: &Configuration) -> Vec<(Tunable, Value)> {
    let active = ground.genes.active(genome);
    let matter: Vec<&str> =
        ground.genes.tunables().zip(active).filter(|(_, active)| *active).map(|(tunable, _)| tunable.name).collect();
    let is_number = |value: &Value| matches!(value, Value::Duration(_) | Value::Integer(_) | Value::Real(_));
    parameters(winner).into_iter().filter(|(tunable, value)| matter.contains(&tunable.name) && is_number(value)).collect()
}

/// The value times a factor; `None` where that is the same value (small counts) or one that the parameter does not admit.
fn drift(tunable: &Tunable, value: Value, factor: f64) -> Option<Value> {
    let other = match value {
        Value::Duration(duration) => Value::Duration(Duration::from_nanos((duration.as_nanos() as f64 * factor).round() as u64)),
        Value::Integer(count) => Value::Integer((f64::from(count) * factor).round() as u32),
        Value::Real(number) => Value::Real(number * factor),
        Value::Switch(_) | Value::Choice(_) => return None,
    };
    (other != value && tunable.admits(other)).then_some(other)
}

#[cfg(test)]
mod tests {
    use super::super::ground::fixture;
    use super::*;

    #[test]
    fn what_matters_drifts_worst_and_what_does_not_loses_nothing() {
        let (genes, question) = fixture::world();
        let seeds = fixture::seeds();
        let ground = Ground { genes: &genes, question: &question, measure: &fixture::measure, seeds: &seeds };
        let winner = Configuration::default();
        let found = wander(&ground, &genes.encode(&winner), &winner, (100, &[]), Seed(1)).unwrap();
        let first = &found.single[0];
        assert_eq!(first.parameter, Some("health.heartbeat"));
        let lost = first.lost[0].unwrap();
        assert!((lost.estimate - 0.05).abs() < 5e-3 && lost.low > 0.04, "{lost:?}");
        let deviation = found.single.iter().filter(|drifted| drifted.parameter == Some("health.min_std"));
        assert!(deviation.clone().count() == 2 && deviation.map(worst).all(|lost| lost == 0.0));
        assert_eq!(found.joint.len(), JOINT);
        assert!(found.joint.iter().all(|drifted| worst(drifted).abs() <= 0.05));
    }
}
