//! Who is chosen, and the judgement on seeds that nothing in the search has seen.
//!
//! The finalists of a search (its front; with one objective the best few, the best preset, and the best without what it does not need) meet *validation* seeds, and these choose: the knee of the front, and the best by each objective. Who leads among many on few seeds leads partly by luck, so the few that are
//! nearest to the knee race for it on further validation seeds ([`hms_evolve::noise::runoff()`]). Then the choice is final, and the chosen, the default
//! and every preset meet *held-out* seeds; the types of [`hms_evolve::noise::seeds`] let nobody look at those earlier. All differences are paired, seed by seed, with bias-corrected and
//! accelerated bootstrap intervals (Efron 1987), and p-values (random swaps within pairs: of means, sign flips) are corrected for the number of questions (Holm 1979).

use hms_evolve::Rng;
use hms_evolve::algorithms::{Algorithm, Population};
use hms_evolve::noise::objective::Aggregate;
use hms_evolve::noise::seeds::{Decision, HeldOut, Search, Seeds, Validation};
use hms_evolve::noise::{Referee, Runoff, RunoffSettings, runoff};
use hms_evolve::proof::bootstrap::{Bootstrap, Interval};
use hms_evolve::proof::holm;
use hms_evolve::proof::paired::{power, swaps, t_above};
use hms_evolve::run::Evaluation;
use hms_evolve::scores::{Dominance, Measured as Scored, constrained_dominance};
use hms_machine::Seed;
use hms_stack::Configuration;

use super::evaluator::{Evaluator, Stopped};
use super::plan::Plan;
use super::question::Question;
use super::state::State;
use super::tidy::tidied;
use crate::presets::{DEFAULT, Measured};

/// Finalists where there is one objective, and those who race for the knee where there are several.
pub(super) const FINALISTS: usize = 8;
/// Rounds of the race among them: the last two have met four times the validation seeds.
const ROUNDS: usize = 2;
/// What all rounds cost at most, in validation seeds: four go through as many again, and two through twice as many.
pub(super) const RACED_MOST: u64 = 8;
/// Greatest chance that the truly best finalist is taken out of the race as surely worse; that it lies in the worse half has no such bound.
const RUNOFF_ERROR: f64 = 0.05;
/// Fewer pairs never give p ≤ 0.05: with all differences of one sign, the two-sided sign-flip test gives 2 / 2^n (before any correction).
pub(super) const PAIRS_MIN: usize = 6;
/// Random flips of signs behind a p-value.
const FLIPS: usize = 9_999;

/// A finalist with what it is worth on validation seeds.
#[derive(Clone, Debug)]
pub struct Finalist {
    /// Its genome.
    pub genome: Vec<f64>,
    /// Its configuration.
    pub configuration: Configuration,
    /// It is the best of the search with these components and parameters set back to the base's; empty for all others.
    pub set_back: Vec<String>,
    /// On the validation seeds that all finalists met.
    pub evaluation: Evaluation,
    /// Whether no other finalist is better in everything on these.
    pub front: bool,
    /// What it came to in the race; `None` if it was not in it.
    pub raced: Option<Raced>,
}

/// A finalist on all validation seeds that it met in the race for the knee.
#[derive(Clone, Debug)]
pub struct Raced {
    /// How many these were, the first ones among them.
    pub seeds: usize,
    /// On these.
    pub evaluation: Evaluation,
}

/// A configuration that was chosen.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// `knee`, or `best-` and an objective.
    pub name: String,
    /// Place among the finalists.
    pub finalist: usize,
}

/// A configuration that is judged.
#[derive(Clone, Debug)]
pub struct Contender {
    /// Its name: of a choice, of a preset, or the default.
    pub name: String,
    /// Its configuration.
    pub configuration: Configuration,
    /// What it gave, seed by seed.
    pub cells: Vec<Measured>,
    /// Losses and violations over all seeds.
    pub evaluation: Evaluation,
}

/// A choice held against a baseline in one objective.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Place among the contenders.
    pub chosen: usize,
    /// Place among the contenders.
    pub baseline: usize,
    /// Place among the targets.
    pub target: usize,
    /// Share of the baseline's loss that is gone; `None` where it has none, or one of the two failed.
    pub improvement: Option<Interval>,
    /// Chance of such a difference if there were none (two-sided).
    pub p: f64,
    /// The same after Holm's correction over all comparisons.
    pub p_corrected: f64,
    /// Seeds on which both gave a value.
    pub pairs: usize,
}

/// The judgement.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The seeds.
    pub seeds: Vec<Seed>,
    /// First the chosen, then the default, then the base if it is another, then the presets.
    pub contenders: Vec<Contender>,
    /// How many of them were chosen.
    pub chosen: usize,
    /// Place of the first preset among the contenders.
    pub first_preset: usize,
    /// Every choice against every baseline in every objective.
    pub comparisons: Vec<Comparison>,
}

/// The finalists of a search on validation seeds, and the race among the leading few for the knee.
///
/// # Errors
/// [`Stopped`].
pub(super) fn finalists(
    plan: &Plan,
    evaluator: &Evaluator<'_>,
    state: &State,
    (search, seeds): (&Seeds<Search>, &Seeds<Validation>),
) -> Result<(Vec<Finalist>, Runoff), Stopped> {
    let mut genomes: Vec<Vec<f64>> = Vec::new();
    let mut configurations: Vec<Configuration> = Vec::new();
    let population = state.searcher.population();
    let mut take = |genome: &Vec<f64>, most: usize| {
        let configuration = plan.genes.decode(genome);
        if configurations.len() < most && !configurations.contains(&configuration) {
            configurations.push(configuration);
            genomes.push(genome.clone());
        }
    };
    let most = if population.scores.width() == 1 { FINALISTS } else { usize::MAX };
    let leading = leading(&population);
    let tidied = match leading.first() {
        Some(&row) => tidied(plan, evaluator, search, &population.genomes[row])?,
        None => None,
    };
    // It comes first, and so wins where others are as good.
    let most = most.saturating_add(usize::from(tidied.is_some()));
    tidied.iter().for_each(|tidied| take(&tidied.genome, most));
    leading.iter().for_each(|&row| take(&population.genomes[row], most));
    // The best preset has to be beaten on seeds that the search did not see; with several objectives no one is the best.
    let beaten = if population.scores.width() == 1 { 1 } else { state.presets.len() };
    state.presets.iter().take(beaten).for_each(|preset| take(preset, usize::MAX));
    let first: Vec<Seed> = (0..plan.settings.validation).map(|index| seeds.get(index)).collect();
    let cells = evaluator.measure(&configurations, &first)?;
    let evaluations: Vec<Evaluation> = cells.iter().map(|cells| plan.question.answer(cells)).collect();
    let fronts = on_front(&plan.question, &evaluations);
    let whole = genomes.into_iter().zip(configurations).zip(evaluations).zip(fronts);
    let mut finalists: Vec<Finalist> = whole
        .map(|(((genome, configuration), evaluation), front)| Finalist {
            genome,
            configuration,
            set_back: Vec::new(),
            evaluation,
            front,
            raced: None,
        })
        .collect();
    if let Some((finalist, tidied)) = finalists.first_mut().zip(tidied) {
        finalist.set_back = tidied.names;
    }
    let (found, cells) = race(plan, evaluator, (&finalists, cells), seeds)?;
    for (finalist, cells) in finalists.iter_mut().zip(cells) {
        if cells.len() > first.len() {
            finalist.raced = Some(Raced { seeds: cells.len(), evaluation: plan.question.answer(&cells) });
        }
    }
    Ok((finalists, found))
}

/// The race of the leading finalists for the knee: by violation first, then by their distance from the best of the front. Gives back all cells, with those of the race.
fn race(
    plan: &Plan,
    evaluator: &Evaluator<'_>,
    (finalists, mut cells): (&[Finalist], Vec<Vec<Measured>>),
    seeds: &Seeds<Validation>,
) -> Result<(Runoff, Vec<Vec<Measured>>), Stopped> {
    let question = &plan.question;
    let width = question.targets.len();
    let spans = spans(finalists, width);
    let field: Vec<(usize, Vec<Measured>)> =
        nearest(finalists, width).into_iter().map(|place| (place, cells[place].clone())).collect();
    let surely = |leader: &[Measured], other: &[Measured], error: f64| surely_worse(question, leader, other, error);
    let run = |places: &[usize], numbers: std::ops::Range<usize>| {
        let configurations: Vec<Configuration> = places.iter().map(|&place| finalists[place].configuration).collect();
        let seeds: Vec<Seed> = numbers.map(|number| seeds.get(number as u64)).collect();
        let more = evaluator.measure(&configurations, &seeds)?;
        for (&place, more) in places.iter().zip(&more) {
            cells[place].extend(more.iter().cloned());
        }
        Ok(more)
    };
    let settings = RunoffSettings { seeds: plan.settings.validation as usize, rounds: ROUNDS, error: RUNOFF_ERROR };
    let found =
        runoff(field, settings, Referee { score: |cells: &[Measured]| rank(&question.answer(cells), &spans), surely, run })?;
    Ok((found, cells))
}

/// Whether a finalist is surely worse than the leader. The paired test is about means of one loss: elsewhere the rounds alone decide, and so they do where constraints come before the loss.
fn surely_worse(question: &Question, leader: &[Measured], other: &[Measured], error: f64) -> bool {
    let [target] = question.targets.as_slice() else { return false };
    if target.aggregate != Aggregate::Mean || !question.constraints.is_empty() {
        return false;
    }
    let differences: Vec<f64> = pairs(question, other, leader, 0).into_iter().map(|(other, leader)| other - leader).collect();
    t_above(&differences) < error
}

/// Rows of a population that may win, the best first.
fn leading(population: &Population<'_, Vec<f64>>) -> Vec<usize> {
    let front = population.front();
    if population.scores.width() > 1 && !front.is_empty() {
        return front;
    }
    let mut rows: Vec<usize> = (0..population.genomes.len()).collect();
    let rank = |row: usize| (population.scores.violation(row), population.scores.objectives(row)[0]);
    rows.sort_by(|&a, &b| rank(a).0.total_cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1)).then(a.cmp(&b)));
    rows.truncate(2 * FINALISTS);
    rows
}

/// Which of these no other beats.
fn on_front(question: &Question, evaluations: &[Evaluation]) -> Vec<bool> {
    let width = question.targets.len();
    let beaten = |own: &Evaluation| {
        let mut scratch = [Vec::new(), Vec::new()];
        let [mine, theirs] = &mut scratch;
        let own: Scored<'_> = own.measured(width, mine);
        evaluations.iter().any(|other| constrained_dominance(other.measured(width, theirs), own) == Dominance::First)
    };
    evaluations.iter().map(|own| !own.is_failure(width) && !beaten(own)).collect()
}

/// The knee, which is who won the race for it, and the best by each objective; each finalist once, by its first name.
pub(super) fn choose(question: &Question, finalists: &[Finalist], raced: &Runoff) -> Vec<Chosen> {
    let front: Vec<usize> = (0..finalists.len()).filter(|&place| finalists[place].front).collect();
    let Some(&first) = front.first() else { return Vec::new() };
    let value = |place: usize, target: usize| finalists[place].evaluation.objectives[target];
    let mut chosen = vec![Chosen { name: "knee".to_owned(), finalist: raced.winner.unwrap_or(first) }];
    if question.targets.len() > 1 {
        for (target, about) in question.targets.iter().enumerate() {
            let better = |best: usize, other: usize| if value(other, target) < value(best, target) { other } else { best };
            let best = front.iter().copied().reduce(better).unwrap_or(first);
            if !chosen.iter().any(|other| other.finalist == best) {
                chosen.push(Chosen { name: format!("best-{}", about.file_name()), finalist: best });
            }
        }
    }
    chosen
}

/// Places of those who race for the knee, the nearest first.
fn nearest(finalists: &[Finalist], targets: usize) -> Vec<usize> {
    let spans = spans(finalists, targets);
    // Where there are several objectives, a front has been found; who is beaten in everything is not the knee.
    let takes_part = |finalist: &Finalist| !finalist.evaluation.is_failure(targets) && (targets == 1 || finalist.front);
    let mut places: Vec<usize> = (0..finalists.len()).filter(|&place| takes_part(&finalists[place])).collect();
    places.sort_by(|&a, &b| {
        let (first, second) = (rank(&finalists[a].evaluation, &spans), rank(&finalists[b].evaluation, &spans));
        first.0.total_cmp(&second.0).then(first.1.total_cmp(&second.1)).then(a.cmp(&b))
    });
    places.truncate(FINALISTS);
    places
}

/// Violation, and distance from the best of the front; both infinite for what failed.
fn rank(evaluation: &Evaluation, spans: &[(f64, f64)]) -> (f64, f64) {
    if evaluation.is_failure(spans.len()) {
        return (f64::INFINITY, f64::INFINITY);
    }
    (evaluation.violation(), distance(&evaluation.objectives, spans))
}

/// Least and greatest value of each objective over the front.
fn spans(finalists: &[Finalist], targets: usize) -> Vec<(f64, f64)> {
    let mut spans = vec![(f64::INFINITY, f64::NEG_INFINITY); targets];
    for finalist in finalists.iter().filter(|finalist| finalist.front) {
        for (span, loss) in spans.iter_mut().zip(&finalist.evaluation.objectives) {
            *span = (span.0.min(*loss), span.1.max(*loss));
        }
    }
    spans
}

/// How far losses lie from the best value of every objective, each measured by its span (the square of the distance). With one objective only the order counts, so it is the loss itself.
fn distance(losses: &[f64], spans: &[(f64, f64)]) -> f64 {
    if let [loss] = losses {
        return *loss;
    }
    let part = |(loss, (low, high)): (&f64, &(f64, f64))| if high > low { (loss - low) / (high - low) } else { 0.0 };
    losses.iter().zip(spans).map(part).map(|part| part * part).sum()
}

/// Judges the choice for good.
///
/// # Errors
/// [`Stopped`].
pub(super) fn judge(
    plan: &Plan,
    evaluator: &Evaluator<'_>,
    finalists: &[Finalist],
    chosen: Vec<Chosen>,
    validation: Seeds<Validation>,
    held_out: HeldOut,
) -> Result<(Vec<Chosen>, Verdict), Stopped> {
    let (chosen, seeds) = held_out.open(Decision::final_choice(chosen, validation));
    let seeds: Vec<Seed> = (0..plan.settings.held_out).map(|index| seeds.get(index)).collect();
    let mut named: Vec<(String, Configuration)> =
        chosen.iter().map(|choice| (choice.name.clone(), finalists[choice.finalist].configuration)).collect();
    named.push((DEFAULT.to_owned(), Configuration::default()));
    if *plan.genes.base() != Configuration::default() {
        named.push(("base".to_owned(), *plan.genes.base()));
    }
    let first_preset = named.len();
    named.extend(plan.presets.iter().map(|preset| (preset.name.clone(), preset.stack)));
    let configurations: Vec<Configuration> = named.iter().map(|(_, configuration)| *configuration).collect();
    let cells = evaluator.measure(&configurations, &seeds)?;
    let contenders: Vec<Contender> = named
        .into_iter()
        .zip(cells)
        .map(|((name, configuration), cells)| {
            let evaluation = plan.question.answer(&cells);
            Contender { name, configuration, cells, evaluation }
        })
        .collect();
    let count = chosen.len();
    let mut rng = Rng::new(plan.settings.root.derive("evolve/verdict", 0), 0);
    let mut comparisons = Vec::new();
    for own in 0..count {
        for baseline in count..contenders.len() {
            for target in 0..plan.question.targets.len() {
                comparisons.push(compare(&plan.question, &contenders, (own, baseline, target), &mut rng));
            }
        }
    }
    let p_values: Vec<f64> = comparisons.iter().map(|comparison| comparison.p).collect();
    for (comparison, corrected) in comparisons.iter_mut().zip(holm(&p_values)) {
        comparison.p_corrected = corrected;
    }
    Ok((chosen, Verdict { seeds, contenders, chosen: count, first_preset, comparisons }))
}

/// Chance that so many pairs with this mean and deviation of their differences prove an improvement: that the interval lies above 0, and that the sign-flip test can say so at all, which takes [`PAIRS_MIN`].
pub(super) fn chance_of_proof(mean: f64, deviation: f64, pairs: usize) -> f64 {
    if pairs < PAIRS_MIN { 0.0 } else { power(mean, deviation, pairs) }
}

/// Losses of two contenders on the seeds on which both give one.
pub fn pairs(question: &Question, first: &[Measured], second: &[Measured], target: usize) -> Vec<(f64, f64)> {
    let loss = |measured: &Measured| question.losses(measured).ok().and_then(|losses| losses[target]);
    first.iter().zip(second).filter_map(|(a, b)| Some((loss(a)?, loss(b)?))).collect()
}

/// The share of the baseline's loss that is gone, with its 95 % interval; pairs of (baseline, candidate), each side taken together as the target says.
pub fn improvement(aggregate: Aggregate, pairs: &[(f64, f64)], rng: &mut Rng) -> Option<Interval> {
    let statistic = |rows: &[usize]| {
        let (before, after): (Vec<f64>, Vec<f64>) = rows.iter().map(|&row| pairs[row]).unzip();
        let (before, after) = (aggregate.of(&before), aggregate.of(&after));
        // A resample without any loss has nothing to improve.
        if before == 0.0 && after == 0.0 { 0.0 } else { (before - after) / before.abs() }
    };
    Bootstrap::default().interval(pairs.len(), statistic, rng)
}

fn compare(
    question: &Question,
    contenders: &[Contender],
    (chosen, baseline, target): (usize, usize, usize),
    rng: &mut Rng,
) -> Comparison {
    let pairs = pairs(question, &contenders[baseline].cells, &contenders[chosen].cells, target);
    let aggregate = question.targets[target].aggregate;
    let failed = [chosen, baseline].iter().any(|&place| contenders[place].evaluation.failure.is_some());
    let improvement = if failed { None } else { improvement(aggregate, &pairs, rng) };
    let p = if failed || pairs.is_empty() { 1.0 } else { swaps(&pairs, |side| aggregate.of(side), FLIPS, rng) };
    Comparison { chosen, baseline, target, improvement, p, p_corrected: p, pairs: pairs.len() }
}

impl Verdict {
    /// The comparison of a choice with a baseline by name.
    pub fn comparison(&self, chosen: usize, baseline: &str, target: usize) -> Option<&Comparison> {
        let fits = |comparison: &&Comparison| {
            comparison.chosen == chosen && comparison.target == target && self.contenders[comparison.baseline].name == baseline
        };
        self.comparisons.iter().find(fits)
    }

    /// The preset that keeps every constraint and is best in an objective, the default aside; `None` without presets that do.
    pub fn best_preset(&self, target: usize) -> Option<usize> {
        let fits = |place: &usize| {
            let evaluation = &self.contenders[*place].evaluation;
            evaluation.failure.is_none() && evaluation.violation() <= 0.0 && self.contenders[*place].name != DEFAULT
        };
        let loss = |place: usize| self.contenders[place].evaluation.objectives[target];
        (self.first_preset..self.contenders.len()).filter(fits).min_by(|&a, &b| loss(a).total_cmp(&loss(b)).then(a.cmp(&b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evolution::question::{Target, place};

    /// Paired losses whose candidate is better by `share` but for noise that the pair does not have in common.
    fn experiment(share: f64, rng: &mut Rng) -> Vec<(f64, f64)> {
        let pair = |_| {
            let world = 10.0 * rng.uniform() + 1.0;
            (world * (1.0 + 0.2 * rng.normal()), world * (1.0 - share) * (1.0 + 0.2 * rng.normal()))
        };
        (0..40).map(pair).collect()
    }

    #[test]
    fn chance_is_not_called_an_improvement_and_an_improvement_is_measured_right() {
        let mut rng = Rng::new(Seed(1), 0);
        let (mut claims, mut proofs, mut sum) = (0, 0, 0.0);
        for _ in 0..200 {
            let null = improvement(Aggregate::Mean, &experiment(0.0, &mut rng), &mut rng).unwrap();
            claims += u32::from(null.low > 0.0);
            let real = improvement(Aggregate::Mean, &experiment(0.23, &mut rng), &mut rng).unwrap();
            proofs += u32::from(real.low > 0.0);
            sum += real.estimate;
        }
        // 2.5 % of intervals of nothing lie above 0: 5 expected of 200, standard error 2.2.
        assert!(claims <= 13, "{claims} of 200 null experiments were called an improvement");
        assert!(proofs >= 180, "{proofs} of 200 improvements were seen");
        assert!((sum / 200.0 - 0.23).abs() < 0.01, "{}", sum / 200.0);
    }

    fn finalist(losses: [f64; 2], violation: f64) -> Finalist {
        let evaluation = Evaluation { objectives: losses.to_vec(), violations: vec![violation], failure: None };
        Finalist {
            genome: Vec::new(),
            configuration: Configuration::default(),
            set_back: Vec::new(),
            evaluation,
            front: false,
            raced: None,
        }
    }

    /// The nearest to the knee wins a race without rounds.
    fn unraced(finalists: &[Finalist]) -> Runoff {
        Runoff { winner: nearest(finalists, 2).first().copied(), ..Runoff::default() }
    }

    #[test]
    fn the_knee_and_the_best_of_each_objective_are_chosen_and_nobody_twice() {
        let targets = ["detection_p99", "recovery_p95"].map(|name| Target::single(place(name).unwrap())).to_vec();
        let question = Question { targets, constraints: Vec::new(), horizon: 1.0 };
        let mut finalists: Vec<Finalist> =
            [[0.0, 10.0], [1.0, 2.0], [10.0, 0.0], [5.0, 5.0]].map(|losses| finalist(losses, 0.0)).into();
        finalists.push(finalist([-1.0, -1.0], 0.5));
        let evaluations: Vec<Evaluation> = finalists.iter().map(|finalist| finalist.evaluation.clone()).collect();
        for (finalist, front) in finalists.iter_mut().zip(on_front(&question, &evaluations)) {
            finalist.front = front;
        }
        let fronts: Vec<bool> = finalists.iter().map(|finalist| finalist.front).collect();
        assert_eq!(fronts, [true, true, true, false, false], "what breaks a constraint is on no front");
        let chosen: Vec<(String, usize)> = choose(&question, &finalists, &unraced(&finalists))
            .into_iter()
            .map(|choice| (choice.name, choice.finalist))
            .collect();
        let expected = [("knee", 1), ("best-detection_p99", 0), ("best-recovery_p95", 2)];
        assert_eq!(chosen, expected.map(|(name, place)| (name.to_owned(), place)));
        assert!(choose(&question, &finalists[3..], &unraced(&finalists[3..])).is_empty(), "without a front there is no choice");
    }

    #[test]
    fn where_the_question_has_constraints_nobody_is_taken_out_on_loss_alone() {
        use crate::evolution::question::Constraint;
        let recovery = place("recovery_p95").unwrap();
        let mut question = Question { targets: vec![Target::single(recovery)], constraints: Vec::new(), horizon: 100.0 };
        let cells = |loss: f64| -> Vec<Measured> {
            let value = |name: &str, seed: f64| match name {
                "recovery_p95" => Some(loss + 0.01 * seed),
                "incidents" | "availability" => Some(1.0),
                _ => None,
            };
            let cell = |seed: i32| hms_trial::DEFINITIONS.iter().map(|about| value(about.name, f64::from(seed * seed))).collect();
            (0..8).map(|seed| Ok(cell(seed))).collect()
        };
        let (leader, other): (Vec<Measured>, Vec<Measured>) = (cells(1.0), cells(5.0));
        assert!(surely_worse(&question, &leader, &other, 0.01) && !surely_worse(&question, &other, &leader, 0.01));
        let objective = place("availability").unwrap();
        let text = "availability >= 0.9".to_owned();
        question.constraints.push(Constraint { text, objective, limit: 0.9, base: false, least: true, probability: None });
        assert!(!surely_worse(&question, &leader, &other, 0.01), "it may keep a constraint that the leader breaks");
        question.constraints.clear();
        question.targets[0].aggregate = Aggregate::TailMean(0.2);
        assert!(!surely_worse(&question, &leader, &other, 0.01), "the test is about means");
    }

    #[test]
    fn five_pairs_prove_nothing_and_the_base_is_no_preset() {
        let mut rng = Rng::new(Seed(1), 0);
        let mut p = |count: usize| swaps(&vec![(1.0, 0.0); count], |side| side.iter().sum(), FLIPS, &mut rng);
        assert!(p(PAIRS_MIN - 1) > 0.05 && p(PAIRS_MIN) <= 0.05);
        assert_eq!((chance_of_proof(9.0, 1.0, PAIRS_MIN - 1), chance_of_proof(9.0, 1.0, PAIRS_MIN) > 0.9), (0.0, true));
        let contender = |(name, loss): (&str, f64)| Contender {
            name: name.to_owned(),
            configuration: Configuration::default(),
            cells: Vec::new(),
            evaluation: Evaluation { objectives: vec![loss], ..Evaluation::default() },
        };
        let contenders = |rows: &[(&str, f64)]| rows.iter().copied().map(contender).collect::<Vec<Contender>>();
        let rows = [("knee", 1.0), (DEFAULT, 4.0), ("base", 2.0), ("field", 3.0)];
        let verdict =
            Verdict { seeds: Vec::new(), contenders: contenders(&rows), chosen: 1, first_preset: 3, comparisons: Vec::new() };
        assert_eq!(verdict.best_preset(0), Some(3));
        assert_eq!(Verdict { contenders: contenders(&rows[..3]), ..verdict }.best_preset(0), None);
    }
}
