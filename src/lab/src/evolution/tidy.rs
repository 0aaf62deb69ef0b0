//! The best of a search without what it does not need.
//!
//! Picture a recipe that won a contest: half of its spices were never tasted. Genes change by the way, together with others that matter, and stay because they do no harm on the seeds of the search (hitch-hiking: Mitchell, Forrest and Holland,
//! "The royal road for genetic algorithms", 1992); on other seeds they may. So component after component of the best, and then gene after gene of those that are left, is set back to the base (as far as ranges go), and stays so where that costs next to nothing on all search seeds and constraints are kept as well as before.
//! The result is one finalist more, and the first where others are as good: validation seeds choose. Of tails and chances the search seeds say too little for so many decisions: where the question asks for them, nothing is set back.

use hms_evolve::noise::seeds::{Search, Seeds};
use hms_evolve::run::Evaluation;
use hms_machine::Seed;

use super::evaluator::{Evaluator, Stopped};
use super::plan::Plan;

/// Share of its loss that the best may lose by all that is set back, together.
pub(super) const COST_MAX: f64 = 0.005;
/// Genes that are measured one by one, at most.
const GENES_MAX: usize = 32;

/// The best with some of its genes set back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tidied {
    /// Its genome.
    pub(super) genome: Vec<f64>,
    /// Components and parameters that were set back and did matter.
    pub(super) names: Vec<String>,
}

/// Whether the question is about one mean, and about no chances.
fn applies(plan: &Plan) -> bool {
    plan.question.is_one_mean() && plan.question.constraints.iter().all(|constraint| constraint.probability.is_none())
}

/// Configurations that are measured, at most.
pub(super) fn attempts(plan: &Plan) -> u64 {
    if !applies(plan) {
        return 0;
    }
    (components(plan).len() + GENES_MAX.min(plan.genes.tunables().len()) + 1) as u64
}

/// Components with the places of their genes.
fn components(plan: &Plan) -> Vec<(String, Vec<usize>)> {
    let mut found: Vec<(String, Vec<usize>)> = Vec::new();
    for (place, tunable) in plan.genes.tunables().enumerate() {
        let name = tunable.name.split('.').next().unwrap_or(tunable.name);
        match found.iter_mut().find(|(other, _)| other == name) {
            Some((_, places)) => places.push(place),
            None => found.push((name.to_owned(), vec![place])),
        }
    }
    found
}

/// Sets back what the best of a search does not need; `None` if that is nothing, or the question is not about one mean.
///
/// # Errors
/// [`Stopped`].
pub(super) fn tidied(
    plan: &Plan,
    evaluator: &Evaluator<'_>,
    seeds: &Seeds<Search>,
    best: &[f64],
) -> Result<Option<Tidied>, Stopped> {
    if !applies(plan) {
        return Ok(None);
    }
    let seeds: Vec<Seed> = (0..plan.settings.seeds.1).map(|number| seeds.get(number)).collect();
    let measure = |genome: &[f64]| -> Result<Evaluation, Stopped> {
        Ok(plan.question.answer(&evaluator.measure(&[plan.genes.decode(genome)], &seeds)?[0]))
    };
    let targets = plan.question.targets.len();
    let first = measure(best)?;
    if first.is_failure(targets) {
        return Ok(None);
    }
    let most = first.objectives[0] + COST_MAX * first.objectives[0].abs();
    let base = plan.genes.encode(plan.genes.base());
    let mut tidied = Tidied { genome: best.to_vec(), names: Vec::new() };
    // Whether it could be set back; `None` where nothing had to be measured, since it changes nothing.
    let mut set_back = |name: &str, places: &[usize]| -> Result<Option<bool>, Stopped> {
        let mut other = tidied.genome.clone();
        places.iter().for_each(|&place| other[place] = base[place]);
        if plan.genes.decode(&other) == plan.genes.decode(&tidied.genome) {
            return Ok(None);
        }
        let found = measure(&other)?;
        let fits = !found.is_failure(targets) && found.objectives[0] <= most && found.violation() <= first.violation();
        if fits {
            tidied.genome = other;
            tidied.names.push(name.to_owned());
        }
        Ok(Some(fits))
    };
    let mut left = Vec::new();
    for (name, places) in components(plan) {
        if set_back(&name, &places)? == Some(false) {
            left.extend(places);
        }
    }
    let names: Vec<&str> = plan.genes.tunables().map(|tunable| tunable.name).collect();
    let mut measured = 0;
    for place in left {
        if measured < GENES_MAX {
            measured += usize::from(set_back(names[place], &[place])?.is_some());
        }
    }
    Ok(Some(tidied).filter(|tidied| !tidied.names.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evolution::cache::Cache;
    use crate::evolution::genes::with_values;
    use crate::evolution::tests::{Bench, CAMPAIGN};
    use hms_evolve::noise::seeds::SeedPlan;
    use hms_stack::Value;

    #[test]
    fn what_does_not_matter_is_set_back_and_what_does_stays() {
        let plan = Bench::new(CAMPAIGN).plan();
        let (cache, seeds) = (Cache::new(), SeedPlan::new(plan.settings.root).search);
        let evaluator = plan.evaluator(&plan.worlds, &cache, 2, &|_| true).unwrap();
        // Faster heartbeats find crashes sooner; how few retries count as poison plays no part here.
        let moved = with_values(
            plan.genes.base(),
            &[
                ("health.heartbeat", Value::Duration(hms_machine::Duration::from_millis(20))),
                ("health.pause_grace", Value::Integer(9)),
                ("retry.poison_resets", Value::Integer(7)),
            ],
        );
        let best = plan.genes.encode(&moved);
        let tidied = tidied(&plan, &evaluator, &seeds, &best).unwrap().unwrap();
        assert_eq!(tidied.names, ["retry", "health.pause_grace"]);
        let expected =
            with_values(plan.genes.base(), &[("health.heartbeat", Value::Duration(hms_machine::Duration::from_millis(20)))]);
        assert_eq!(plan.genes.decode(&tidied.genome), plan.genes.decode(&plan.genes.encode(&expected)));
        // Where there is one objective, but of tails, nothing is.
        let mut tails = plan.clone();
        tails.question.targets[0].aggregate = hms_evolve::noise::objective::Aggregate::TailMean(0.2);
        assert_eq!((super::tidied(&tails, &evaluator, &seeds, &best).unwrap(), attempts(&tails)), (None, 0));
        let base = plan.genes.encode(plan.genes.base());
        assert_eq!(super::tidied(&plan, &evaluator, &seeds, &base).unwrap(), None, "there is nothing to set back");
    }

    #[test]
    fn what_keeps_a_constraint_is_not_set_back_though_that_would_lose_less() {
        let plan = Bench::new(&CAMPAIGN.replace("overhead_cpu <= 0.5", "stack_messages <= base - 1")).plan();
        let (cache, seeds) = (Cache::new(), SeedPlan::new(plan.settings.root).search);
        let evaluator = plan.evaluator(&plan.worlds, &cache, 2, &|_| true).unwrap();
        // Few heartbeats keep the constraint; much patience with them, which is bad, needs not stay.
        let millis = |millis| Value::Duration(hms_machine::Duration::from_millis(millis));
        let moved =
            [("health.heartbeat", millis(400)), ("health.pause", millis(4_000)), ("retry.poison_resets", Value::Integer(7))];
        let moved = with_values(plan.genes.base(), &moved);
        let tidied = tidied(&plan, &evaluator, &seeds, &plan.genes.encode(&moved)).unwrap().unwrap();
        assert_eq!(tidied.names, ["retry", "health.pause"]);
    }
}
