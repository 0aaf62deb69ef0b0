//! Where the proof holds and where it does not: by scenario and by seed, and how likely it was to succeed.

use hms_evolve::Rng;
use hms_evolve::noise::objective::Aggregate;
use hms_evolve::proof::bootstrap::{Bootstrap, Interval};
use hms_machine::Seed;
use hms_stack::Configuration;

use super::super::evaluator::{Evaluator, Stopped};
use super::super::question::Question;
use super::super::verdict::{Contender, PAIRS_MIN, chance_of_proof, improvement, pairs};

/// A baseline on one scenario, against the winner.
#[derive(Clone, Debug)]
pub struct OnScenario {
    /// The scenario.
    pub scenario: String,
    /// The baseline.
    pub baseline: String,
    /// Share of its loss that is gone, target by target.
    pub improvements: Vec<Option<Interval>>,
}

/// What stands behind a comparison with the default in one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// By how much the baseline's loss is greater, over all seeds as the target says, and the deviation of that per seed: its standard error times the square root of their number (of a mean, the standard deviation of the paired differences; else by
    /// the bootstrap).
    pub difference: (f64, f64),
    /// Chance that as many other seeds show an improvement, if the true difference is the one found.
    pub power: f64,
    /// Seeds that show it with 90 %; `None` where there is no difference.
    pub seeds_for_90: Option<u64>,
    /// Seeds on which the winner was worse, with both losses (of the default, of the winner), the worst first.
    pub worse_on: Vec<(Seed, f64, f64)>,
    /// Seeds on which both gave a value.
    pub pairs: usize,
}

/// The winner against baselines on every scenario alone.
pub(crate) fn by_scenario(
    evaluator: &Evaluator<'_>,
    question: &Question,
    winner: &Configuration,
    baselines: &[&Contender],
    seeds: &[Seed],
    root: Seed,
) -> Result<Vec<OnScenario>, Stopped> {
    let mut rng = Rng::new(root.derive("evolve/proof", 0), 0);
    let mut configurations = vec![*winner];
    configurations.extend(baselines.iter().map(|baseline| baseline.configuration));
    let mut grounds = Vec::new();
    for (place, world) in evaluator.worlds().iter().enumerate() {
        // Known from the verdict: nothing is run again.
        let cells = evaluator.measure_in(place, &configurations, seeds)?;
        for (baseline, theirs) in baselines.iter().zip(&cells[1..]) {
            let of = |target: usize| {
                improvement(question.targets[target].aggregate, &pairs(question, theirs, &cells[0], target), &mut rng)
            };
            let improvements = (0..question.targets.len()).map(of).collect();
            grounds.push(OnScenario { scenario: world.name.clone(), baseline: baseline.name.clone(), improvements });
        }
    }
    Ok(grounds)
}

/// What stands behind the comparison of a winner with a baseline.
pub(crate) fn evidence(
    question: &Question,
    (baseline, winner): (&Contender, &Contender),
    target: usize,
    seeds: &[Seed],
    rng: &mut Rng,
) -> Evidence {
    let loss =
        |contender: &Contender, place: usize| question.losses(&contender.cells[place]).ok().and_then(|losses| losses[target]);
    let rows: Vec<(Seed, f64, f64)> = seeds
        .iter()
        .enumerate()
        .filter_map(|(place, seed)| Some((*seed, loss(baseline, place)?, loss(winner, place)?)))
        .collect();
    let (difference, deviation) = apart(question.targets[target].aggregate, &rows, rng);
    let mut worse_on: Vec<(Seed, f64, f64)> = rows.iter().copied().filter(|(_, before, after)| after > before).collect();
    worse_on.sort_by(|a, b| (b.2 - b.1).total_cmp(&(a.2 - a.1)).then(a.0.cmp(&b.0)));
    Evidence {
        difference: (difference, deviation),
        power: chance_of_proof(difference, deviation, rows.len()),
        seeds_for_90: (difference > 0.0).then(|| seeds_for(difference, deviation)),
        worse_on,
        pairs: rows.len(),
    }
}

/// The difference of losses (before, after) over all seeds, and its deviation per seed.
fn apart(aggregate: Aggregate, rows: &[(Seed, f64, f64)], rng: &mut Rng) -> (f64, f64) {
    let count = rows.len().max(1) as f64;
    if rows.is_empty() || aggregate == Aggregate::Mean {
        let mean = rows.iter().map(|(_, before, after)| before - after).sum::<f64>() / count;
        let square = |(_, before, after): &(Seed, f64, f64)| (before - after - mean) * (before - after - mean);
        return (mean, (rows.iter().map(square).sum::<f64>() / (count - 1.0).max(1.0)).sqrt());
    }
    let statistic = |drawn: &[usize]| {
        let (before, after): (Vec<f64>, Vec<f64>) = drawn.iter().map(|&row| (rows[row].1, rows[row].2)).unzip();
        aggregate.of(&before) - aggregate.of(&after)
    };
    let error = Bootstrap { resamples: 2000, ..Bootstrap::default() }.standard_error(rows.len(), statistic, rng);
    (statistic(&(0..rows.len()).collect::<Vec<usize>>()), error.unwrap_or(0.0) * count.sqrt())
}

/// The least number of seeds with a power of 90 %.
fn seeds_for(mean: f64, deviation: f64) -> u64 {
    // (z of 97.5 % + z of 90 %) squared over the effect squared; fewer than a few pairs prove nothing.
    let needed = (1.959_964 + 1.281_552) * deviation / mean;
    (needed * needed).ceil().clamp(PAIRS_MIN as f64, 1e9) as u64
}

#[cfg(test)]
mod tests {
    use super::super::super::verdict::Contender;
    use super::super::ground::fixture;
    use super::*;

    fn contender(name: &str, losses: &[f64], question: &Question) -> Contender {
        let place = question.targets[0].parts[0].0;
        let cell = |loss: &f64| {
            let mut row = vec![None; hms_trial::DEFINITIONS.len()];
            row[place] = Some(*loss);
            Ok(row)
        };
        let cells: Vec<_> = losses.iter().map(cell).collect();
        let evaluation = question.answer(&cells);
        Contender { name: name.to_owned(), configuration: Configuration::default(), cells, evaluation }
    }

    fn rng() -> Rng {
        Rng::new(Seed(1), 0)
    }

    #[test]
    fn what_stands_behind_a_tail_is_the_tail() {
        let (_, mut question) = fixture::world();
        let seeds: Vec<Seed> = (1..=20).map(Seed).collect();
        // Better by far on ordinary days, and by a little on the worst.
        let losses = |ordinary: f64, bad: f64| -> Vec<f64> {
            (0..20).map(|seed| if seed % 4 == 0 { bad + f64::from(seed) } else { ordinary }).collect()
        };
        let before = |question: &Question| contender("default", &losses(5.0, 100.0), question);
        let after = |question: &Question| contender("knee", &losses(1.0, 99.0), question);
        let mean = evidence(&question, (&before(&question), &after(&question)), 0, &seeds, &mut rng());
        assert!((mean.difference.0 - 3.25).abs() < 1e-9, "{mean:?}");
        question.targets[0].aggregate = Aggregate::TailMean(0.25);
        let tail = evidence(&question, (&before(&question), &after(&question)), 0, &seeds, &mut rng());
        assert!((tail.difference.0 - 1.0).abs() < 1e-9 && tail.difference.1 > 0.0 && tail.power < mean.power, "{tail:?}");
    }

    #[test]
    fn seeds_on_which_the_winner_is_worse_are_named_worst_first() {
        let (_, question) = fixture::world();
        let seeds: Vec<Seed> = (1..=4).map(Seed).collect();
        let (before, after) =
            (contender("default", &[4.0, 4.0, 4.0, 4.0], &question), contender("knee", &[1.0, 5.0, 1.0, 7.0], &question));
        let found = evidence(&question, (&before, &after), 0, &seeds, &mut rng());
        assert_eq!(found.worse_on, [(Seed(4), 4.0, 7.0), (Seed(2), 4.0, 5.0)]);
        assert!((found.difference.0 - 0.5).abs() < 1e-12 && found.power < 0.3 && found.pairs == 4);
        assert!(found.seeds_for_90.unwrap() > 40);
    }

    #[test]
    fn a_difference_without_spread_needs_six_seeds_and_none_has_no_number() {
        let (_, question) = fixture::world();
        let seeds: Vec<Seed> = (1..=6).map(Seed).collect();
        let (before, after) = (contender("default", &[4.0; 6], &question), contender("knee", &[3.0; 6], &question));
        let found = evidence(&question, (&before, &after), 0, &seeds, &mut rng());
        assert_eq!((found.seeds_for_90, found.power, found.worse_on.len()), (Some(6), 1.0, 0));
        assert_eq!(
            evidence(&question, (&before, &after), 0, &seeds[..5], &mut rng()).power,
            0.0,
            "five pairs never give p below 0.05"
        );
        assert_eq!(evidence(&question, (&after, &before), 0, &seeds, &mut rng()).seeds_for_90, None);
    }
}
