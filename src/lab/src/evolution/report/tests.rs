//! The whole report of a search in a world of which everything is known.

use hms_evolve::Rng;
use hms_evolve::noise::{Round, Runoff};
use hms_evolve::run::{Evaluation, Step};
use hms_machine::{Duration, Seed};
use hms_stack::{Configuration, Value};

use super::super::genes::with_values;
use super::super::state::{End, Generation, Individual};
use super::super::study::Study;
use super::super::verdict::{Chosen, Comparison, Contender, Finalist, Raced, Verdict, improvement, pairs};
use super::super::{Plan, load};
use super::document::course;
use super::ground::{Ground, fixture};
use super::*;

fn plan() -> Plan {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/campaigns/quickstart.toml");
    let (genes, question) = fixture::world();
    Plan { genes, question, ..load(std::path::Path::new(path)).unwrap() }
}

/// Heartbeats at half the pace of the default, and fewer retries.
fn winner() -> Configuration {
    let heartbeat = Value::Duration(Duration::from_millis(50));
    with_values(&Configuration::default(), &[("health.heartbeat", heartbeat), ("retry.attempts", Value::Integer(2))])
}

fn individuals(plan: &Plan) -> Vec<Individual> {
    let mut rng = Rng::new(Seed(3), 0);
    let mut one = |id| {
        let genome: Vec<f64> = (0..fixture::NAMES.len()).map(|_| rng.uniform()).collect();
        let loss = fixture::detection(&plan.genes.decode(&genome), Seed(1));
        Individual {
            id,
            generation: id / 40,
            parents: [None; 2],
            operator: String::new(),
            genome,
            configuration: String::new(),
            objectives: vec![loss],
            violations: Vec::new(),
            failure: None,
            seeds: 2,
            phase: 0,
            against: None,
            apart: None,
            dismissed: false,
            again: false,
        }
    };
    (0..120).map(&mut one).collect()
}

fn generations() -> Vec<Generation> {
    let step = |generation: u64| Step {
        generation,
        evaluations: 40 * (generation + 1),
        best: Some(0.5 / (generation + 1) as f64),
        feasible: 1.0,
        front: 1,
        hypervolume: Some(1.0 - 0.5 / (generation + 1) as f64),
        distances: None,
        spacing: 0.0,
        diversity: 0.1,
    };
    (0..3).map(|number| Generation { step: step(number), seeds: 2, trials: 80 * (number + 1), saved: 0 }).collect()
}

fn verdict(plan: &Plan) -> Verdict {
    let seeds = fixture::seeds();
    let named = [("knee", winner()), ("default", Configuration::default())];
    let contenders: Vec<Contender> = named
        .into_iter()
        .map(|(name, configuration)| {
            let cells = fixture::measure(&[configuration], &seeds).unwrap().remove(0);
            let evaluation = plan.question.answer(&cells);
            Contender { name: name.to_owned(), configuration, cells, evaluation }
        })
        .collect();
    let pairs = pairs(&plan.question, &contenders[1].cells, &contenders[0].cells, 0);
    let found = improvement(plan.question.targets[0].aggregate, &pairs, &mut Rng::new(Seed(1), 0));
    let comparison =
        Comparison { chosen: 0, baseline: 1, target: 0, improvement: found, p: 1e-4, p_corrected: 1e-4, pairs: pairs.len() };
    Verdict { seeds, contenders, chosen: 1, first_preset: 2, comparisons: vec![comparison] }
}

fn study(plan: &Plan) -> Study {
    let (individuals, verdict) = (individuals(plan), verdict(plan));
    let seeds = fixture::seeds();
    let genome = plan.genes.encode(&winner());
    let ground = Ground { genes: &plan.genes, question: &plan.question, measure: &fixture::measure, seeds: &seeds };
    let rows: Vec<Vec<Option<f64>>> = individuals.iter().map(|one| one.genome.iter().copied().map(Some).collect()).collect();
    let losses: Vec<f64> = individuals.iter().map(|one| one.objectives[0]).collect();
    let base_and_mutants = crate::evolution::pilot::mutants(plan, neighbours::MUTANTS);
    let neighbours = neighbours::look(&ground, &base_and_mutants).unwrap();
    let redraw = &chances::tests::redraw;
    let analysis = Analysis {
        scenarios: Vec::new(),
        mixes: vec![mixes::Mix { fault: "gray".to_owned(), seeds: 7, improvements: vec![None] }],
        evidence: vec![proof::evidence(
            &plan.question,
            (&verdict.contenders[1], &verdict.contenders[0]),
            0,
            &verdict.seeds,
            &mut Rng::new(Seed(1), 0),
        )],
        chances: chances::look(&ground, redraw, &base_and_mutants[0], &neighbours, chances::TRIALS_MAX).unwrap(),
        neighbours,
        path: ablation::ablate(&ground, &genome, &winner(), 100, Seed(1)).unwrap(),
        robustness: robustness::wander(&ground, &genome, &winner(), (100, &[]), Seed(1)).unwrap(),
        sensitivity: vec![sensitivity::read(&rows, &losses, Seed(1))],
        baselines: vec![Baseline {
            name: "random search",
            trials: 240,
            losses: vec![0.4],
            improvements: vec![verdict.comparisons[0].improvement],
        }],
        followed: Vec::new(),
    };
    let evaluation = verdict.contenders[0].evaluation.clone();
    Study {
        folder: std::path::PathBuf::new(),
        hash: "0123".to_owned(),
        end: Some(End::Generations),
        individuals,
        generations: generations(),
        finalists: vec![Finalist { genome, configuration: winner(), set_back: Vec::new(), evaluation, front: true, raced: None }],
        runoff: Runoff {
            winner: Some(0),
            rounds: vec![Round { seeds: 20, finalists: vec![0, 2, 1, 3] }, Round { seeds: 40, finalists: vec![0, 1] }],
            cells: 80,
        },
        chosen: vec![Chosen { name: "knee".to_owned(), finalist: 0 }],
        verdict,
        analysis: Some(analysis),
        trials: (0, 0),
    }
}

#[test]
fn the_headline_comes_first_and_everything_behind_it_follows() {
    let plan = plan();
    let text = report(&plan, &study(&plan));
    let places: Vec<Option<usize>> = [
        "**`knee` loses 49.",
        "less detection_p99 than the default**",
        "The whole interval lies above 15 %.",
        "## Verdict on 20 held-out seeds",
        "Chance that a repetition shows it: 100 %",
        "| gray | 7 | – |",
        "Shared worlds: with a change of one gene, the variance of the difference to the default in `detection_p99` is 0.",
        "with the default on up to 10 of these seeds: 2 of them change what it loses at all, and 1 by more than 5 % on this scale: `network/link` (",
        "## What moved, and what each change bought",
        "| `health.heartbeat` | 100ms | 50ms | +49.",
        "| `retry.attempts` | 3 | 2 | +0.",
        "## How robust it is",
        "| `health.heartbeat` | 9",
        "## Against searches without evolution",
        "## Convergence",
        "## What was searched",
    ]
    .iter()
    .map(|part| text.find(part))
    .collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{text}");
}

#[test]
fn the_report_says_who_raced_on_which_seeds_and_at_what_cost() {
    let plan = plan();
    let validation = plan.settings.validation;
    let raced = study(&plan);
    let expected = format!(
        "Everybody met validation seeds 1 to {validation}, the leading 4 went on to seed 20, the leading 2 went on to seed 40: a race of {} trials.",
        80 * plan.worlds.len()
    );
    assert!(report(&plan, &raced).contains(&expected), "no `{expected}` in:\n{}", report(&plan, &raced));
    let mut clear = Study { runoff: Runoff { winner: Some(0), ..Runoff::default() }, ..raced };
    let alone = report(&plan, &clear);
    assert!(alone.contains("It is the only finalist.") && alone.contains("there was nobody to race against."), "{alone}");
    let other = Finalist { front: false, ..clear.finalists[0].clone() };
    clear.finalists.push(other);
    assert!(report(&plan, &clear).contains("nobody was close enough to the leader for a race."));
}

/// A search whose first leader was overtaken in the race, by the finalist at place 1.
fn overtaken(plan: &Plan) -> Study {
    let mut study = study(plan);
    let evaluation = |losses: &[f64]| Evaluation { objectives: losses.to_vec(), ..Evaluation::default() };
    let first = study.finalists[0].clone();
    let width = plan.question.targets.len();
    let one = |loss: f64, front: bool, raced: Option<(usize, f64)>| Finalist {
        evaluation: evaluation(&vec![loss; width]),
        raced: raced.map(|(seeds, loss)| Raced { seeds, evaluation: evaluation(&vec![loss; width]) }),
        front,
        ..first.clone()
    };
    let front = width > 1;
    study.finalists = vec![
        one(0.111, true, Some((40, 0.333))),
        one(0.122, front, Some((40, 0.222))),
        one(0.444, front, Some((20, 0.555))),
        one(0.777, false, None),
    ];
    let rounds = vec![Round { seeds: 20, finalists: vec![1, 0, 2] }, Round { seeds: 40, finalists: vec![1, 0] }];
    study.runoff = Runoff { winner: Some(1), rounds, cells: 70 };
    study.chosen = vec![Chosen { name: "knee".to_owned(), finalist: 1 }];
    study
}

#[test]
fn a_winner_that_did_not_lead_at_first_is_shown_with_the_figures_that_decided() {
    let plan = plan();
    let text = report(&plan, &overtaken(&plan));
    let shown: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("## Finalists")).skip(4).take(4).collect();
    assert_eq!(shown, ["|  | 40 | 0.3330 | kept |", "| knee | 40 | 0.2220 | kept |", "|  | 20 | 0.5550 | kept |", ""]);
    let expected = format!(
        "Of the 2 finalists who met 40 validation seeds it loses least on these. On the first {} another one led.",
        plan.settings.validation
    );
    assert!(text.contains(&expected), "no `{expected}` in:\n{text}");
    assert!(!text.contains("set back"), "{text}");
    // Another one, of which something was set back.
    let mut study = overtaken(&plan);
    study.finalists[1].set_back = vec!["health".to_owned(), "retry.pause".to_owned()];
    let expected = "set back to the base's (on all search seeds it lost no more than 0.5 % by that): `health`, `retry.pause`. ";
    let text = report(&plan, &study);
    assert!(text.contains(expected), "no `{expected}` in:\n{text}");
}

#[test]
fn what_a_raced_knee_gives_up_is_told_on_its_own_seeds() {
    let mut plan = plan();
    plan.question.targets.push(plan.question.targets[0].clone());
    let study = Study { analysis: None, ..overtaken(&plan) };
    let text = report(&plan, &study);
    for part in [
        "| knee | 40 | 0.2220 | 0.2220 | kept |",
        "Of the 2 that met 40 validation seeds it is the nearest on these",
        "- 33 % of the span",
    ] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    let unraced = Study { runoff: Runoff { winner: Some(1), ..Runoff::default() }, ..study };
    assert!(report(&plan, &unraced).contains("It is the point of the front nearest to the best value of every objective"));
}

#[test]
fn a_search_without_a_choice_says_so() {
    let plan = plan();
    let empty = Study { chosen: Vec::new(), finalists: Vec::new(), analysis: None, ..study(&plan) };
    let empty = Study { verdict: Verdict { chosen: 0, comparisons: Vec::new(), ..empty.verdict.clone() }, ..empty };
    assert!(report(&plan, &empty).contains("**Nothing was chosen**"));
}

#[test]
fn the_pictures_of_a_report_lie_beside_it() {
    let (plan, folder) = (plan(), tempfile::tempdir().unwrap());
    write_figures(folder.path(), &plan, &study(&plan)).unwrap();
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(text(figures::CONVERGENCE).contains("240 trials"));
    assert!(text(figures::ABLATION).contains("health.heartbeat = 50ms"));
    assert!(!folder.path().join(figures::FRONT).exists(), "there is one objective");
}

#[test]
fn an_interval_alone_shows_nothing_and_seeds_without_an_answer_are_not_counted() {
    let plan = plan();
    let mut study = study(&plan);
    study.verdict.comparisons[0].p_corrected = 0.06;
    study.verdict.comparisons[0].pairs = 17;
    let text = report(&plan, &study);
    assert!(text.contains("on 17 seeds that the search never saw. That it is better is **not shown**."), "{text}");
    assert!(text.contains("they are not corrected for their number"), "{text}");
}

#[test]
fn convergence_compares_generations_on_equally_many_seeds() {
    let plan = plan();
    let mut study = study(&plan);
    // The first generation looks best, on fewer seeds.
    study.generations[0].step.hypervolume = Some(2.0);
    study.generations[0].seeds = 1;
    let text = report(&plan, &study);
    assert!(text.contains("reached in generation 2, of those on 2 seeds"), "{text}");
}

#[test]
fn the_best_of_every_generation_stands_under_its_conditions_and_gaps_are_told_from_ends() {
    let followed = |begin, generations, bests: &[(u64, f64)]| Followed {
        begin,
        before: None,
        bests: bests.to_vec(),
        generations,
        fresh: None,
        seeds: 4,
    };
    let conditions = [followed(0, 2, &[(1, 9.0)]), followed(2, 3, &[(2, 7.0), (3, 5.0)])];
    let mut text = String::new();
    course(&mut text, &conditions, |loss| loss.map_or_else(|| "none".to_owned(), |loss| loss.to_string()));
    let table = "| generations under them | from 0 | from 2 |\n|---|---|---|\n| 1 | 9 | none |\n| 2 | none | 7 |\n| 3 |  | 5 |\n";
    assert!(text.contains(table), "{text}");
}
