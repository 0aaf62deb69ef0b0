//! Whole searches: the same on any number of threads, after interruptions, with cold and warm caches.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Bench, CAMPAIGN};
use crate::evolution::state::{End, Individual};
use crate::evolution::{EvolveError, FRONT, GENERATIONS, HISTORY, Opening, Options, Plan, REPORT, Study, evolve};
use crate::presets::Step;
use crate::results::Build;

pub(super) fn search(plan: &Plan, out: &Path, opening: Opening, jobs: usize, stop_after: usize) -> Result<Study, EvolveError> {
    let ended = AtomicUsize::new(0);
    let watch = |step: Step| {
        if let Step::Ended = step {
            ended.fetch_add(1, Ordering::Relaxed);
        }
        ended.load(Ordering::Relaxed) < stop_after
    };
    let build = Build { version: "1".to_owned(), commit: None };
    evolve(plan, Options { out, opening, jobs, baselines: false, build: &build, watch: &watch, show: &mut |_| {} })
}

/// Everything that a search has written down.
fn bytes(folder: &Path) -> Vec<Vec<u8>> {
    [HISTORY, GENERATIONS, FRONT, REPORT, "best/knee.toml"].map(|name| fs::read(folder.join(name)).unwrap()).into()
}

#[test]
fn threads_interruptions_and_caches_change_nothing() {
    let bench = Bench::new(CAMPAIGN);
    let plan = bench.plan();
    let straight = search(&plan, &bench.path("one"), Opening::New, 1, usize::MAX).unwrap();
    let expected = bytes(&bench.path("one"));
    for jobs in [2, 4] {
        let out = bench.path(&format!("jobs-{jobs}"));
        assert_eq!(search(&plan, &out, Opening::New, jobs, usize::MAX).unwrap().hash, straight.hash, "{jobs} threads");
        assert!(bytes(&out) == expected, "{jobs} threads write other bytes");
    }
    // Stopped early, in the middle, and late; a cold start goes on each time.
    let out = bench.path("stopped");
    let stopped = |opening, trials| matches!(search(&plan, &out, opening, 2, trials), Err(EvolveError::Stopped { .. }));
    assert!(stopped(Opening::New, 1) && stopped(Opening::Resume, 9) && stopped(Opening::Resume, 17));
    assert_eq!(search(&plan, &out, Opening::Resume, 3, usize::MAX).unwrap().hash, straight.hash);
    assert!(bytes(&out) == expected, "a search that was resumed writes other bytes");
    // Anew with a warm cache: nothing is paid for twice, and nothing changes.
    let warm = search(&plan, &out, Opening::Fresh, 2, usize::MAX).unwrap();
    assert_eq!((warm.hash.as_str(), warm.trials.0), (straight.hash.as_str(), 0));
    assert!(bytes(&out) == expected, "a warm cache makes other bytes");
}

#[test]
fn what_was_learned_of_genes_is_known_again_after_interruptions() {
    let longer = CAMPAIGN.replace("population = 6", "population = 12").replace("generations = 3", "generations = 6");
    let bench = Bench::new(&longer);
    let plan = bench.plan();
    let straight = search(&plan, &bench.path("one"), Opening::New, 2, usize::MAX).unwrap();
    let known = straight.individuals.iter().filter(|one| one.apart.is_some());
    let late = |one: &&Individual| one.operator == "learned" && one.generation >= 4;
    assert!(known.count() > 30 && straight.individuals.iter().any(|one| late(&one)), "there is something to learn from");
    for one in &straight.individuals {
        let against = one.against.map(|id| straight.individuals.iter().find(|other| other.id == id).unwrap());
        assert!(against.is_none_or(|other| other.id < one.id && other.configuration != one.configuration), "{one:?}");
    }
    let out = bench.path("stopped");
    let trials = straight.generations[3].trials as usize;
    let stopped = search(&plan, &out, Opening::New, 2, trials + 2);
    assert!(matches!(stopped, Err(EvolveError::Stopped { .. })));
    assert_eq!(search(&plan, &out, Opening::Resume, 2, usize::MAX).unwrap().hash, straight.hash);
}

#[test]
fn what_is_held_against_the_base_is_so_on_every_seed_and_any_number_of_threads() {
    let bound = "constraints = [\"overhead_cpu <= 0.5\", \"stack_messages <= base\"]";
    let bench = Bench::new(&CAMPAIGN.replace("constraints = [\"overhead_cpu <= 0.5\"]", bound));
    let plan = bench.plan();
    let one = search(&plan, &bench.path("one"), Opening::New, 1, usize::MAX).unwrap();
    let two = search(&plan, &bench.path("two"), Opening::New, 2, usize::MAX).unwrap();
    assert_eq!(one.hash, two.hash);
    assert!(bytes(&bench.path("one")) == bytes(&bench.path("two")), "two threads write other bytes");
    let out = bench.path("stopped");
    assert!(matches!(search(&plan, &out, Opening::New, 2, 17), Err(EvolveError::Stopped { .. })));
    assert_eq!(search(&plan, &out, Opening::Resume, 2, usize::MAX).unwrap().hash, one.hash);
    assert!(bytes(&out) == bytes(&bench.path("one")), "a search that was resumed writes other bytes");
    let base = &one.individuals[0];
    assert_eq!((base.genome.clone(), base.violations[1]), (plan.genes.encode(plan.genes.base()), 0.0));
    let default = one.verdict.contenders.iter().find(|contender| contender.name == "default").unwrap();
    assert_eq!(default.evaluation.violations[1], 0.0, "on held-out seeds, too");
    let of = |low: bool| one.individuals.iter().filter(|one| one.failure.is_none() && (one.violations[1] < 0.0) == low).count();
    assert!(of(true) > 0 && of(false) > 1, "some send less and some more: {} {}", of(true), of(false));
    let report = fs::read_to_string(bench.path("one").join(REPORT)).unwrap();
    assert!(report.contains("`stack_messages <= base` on average over seeds (the base:"), "{report}");
}

#[test]
fn a_base_that_fails_is_nothing_to_be_held_against() {
    let bound = CAMPAIGN.replace("overhead_cpu <= 0.5", "stack_messages <= base");
    let bench = Bench::new(&bound.replace("presets = []\n", "presets = []\n[set]\n\"run.events_max\" = 1000\n"));
    let error = search(&bench.plan(), &bench.path("out"), Opening::New, 2, usize::MAX).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, EvolveError::BaseFails { .. }), "{text}");
    for part in ["campaign.toml: ", "1000 events", "`stack_messages <= base`", "run.events_max", "--fresh"] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    let build = Build { version: "1".to_owned(), commit: None };
    let roots = [hms_machine::Seed(77)];
    let options = crate::evolution::RaceOptions {
        roots: &roots,
        share: 0.3,
        cells: None,
        jobs: 2,
        build: &build,
        watch: &|_| true,
        show: &mut |_, _, _| {},
    };
    let races = crate::evolution::races(&bench.plan(), options).map(|_| ()).unwrap_err();
    assert!(matches!(races, EvolveError::BaseFails { root: 77, .. }), "{races}");
    let pilot = crate::evolution::pilot(&bench.plan(), 2, &|_| true).unwrap_err();
    assert!(matches!(&pilot, EvolveError::PilotFails { reason, .. } if reason.contains("1000 events")), "{pilot}");
}

#[test]
fn a_search_finds_something_and_says_what_it_is_worth() {
    let bench = Bench::new(CAMPAIGN);
    let plan = bench.plan();
    let study = search(&plan, &bench.path("out"), Opening::New, 2, usize::MAX).unwrap();
    assert_eq!(study.generations.len(), 4, "founders and three generations");
    assert_eq!(study.individuals.iter().filter(|one| !one.again).count(), 24);
    assert!(study.generations.windows(2).all(|pair| pair[1].trials >= pair[0].trials));
    let knee = &study.verdict.contenders[0];
    assert_eq!((knee.name.as_str(), knee.cells.len()), ("knee", 4));
    let against = study.verdict.comparison(0, "default", 0).unwrap();
    assert_eq!(against.pairs, 4);
    assert!(against.improvement.is_some());
    let text = fs::read_to_string(bench.path("out/best/knee.toml")).unwrap();
    assert_eq!(hms_trial::parse_stack(&text), Ok(knee.configuration), "what is written can be run");
    let report = fs::read_to_string(bench.path("out").join(REPORT)).unwrap();
    for part in ["# small", "than the default**", "## Verdict on 4 held-out seeds", "## Convergence"] {
        assert!(report.contains(part), "no `{part}` in:\n{report}");
    }
}

#[test]
fn a_search_that_finds_nothing_better_meets_more_seeds() {
    // No breaker opens for so long here, so that all candidates lose the same and no decision is hard.
    let idle =
        CAMPAIGN.replace("[\"health\", \"retry\"]", "[\"breaker.open_max\"]").replace("generations = 3", "generations = 6");
    let bench = Bench::new(&idle);
    let study = search(&bench.plan(), &bench.path("out"), Opening::New, 2, usize::MAX).unwrap();
    let seeds: Vec<u64> = study.generations.iter().map(|generation| generation.seeds).collect();
    // The founders, held against nobody, bring the third; nothing but the want of gains brings the fourth.
    assert_eq!(seeds, [2, 2, 3, 3, 3, 4, 4]);
}

#[test]
fn a_population_that_is_smaller_than_the_window_is_measured_anew_whenever_seeds_are_added() {
    let small = CAMPAIGN
        .replace("population = 6", "population = 4")
        .replace("window = 4", "window = 16")
        .replace("generations = 3", "generations = 12");
    let bench = Bench::new(&small);
    let study = search(&bench.plan(), &bench.path("out"), Opening::New, 2, usize::MAX).unwrap();
    let (first, last) = (study.generations[0].seeds, study.generations.last().unwrap().seeds);
    assert!(last > first, "seeds were added");
    for seeds in first + 1..=last {
        assert!(study.individuals.iter().any(|one| one.again && one.seeds == seeds), "nobody met {seeds} seeds again");
    }
}

#[test]
fn a_search_ends_at_its_target_once_everybody_has_met_all_seeds() {
    let ended = |target: &str, most: &str| {
        let campaign =
            CAMPAIGN.replace("population = 6", &format!("population = 6\ntarget = {target}")).replace("most = 4", most);
        let bench = Bench::new(&campaign);
        let study = search(&bench.plan(), &bench.path("out"), Opening::New, 2, usize::MAX).unwrap();
        (study.end.unwrap(), study.generations.len(), study.generations.last().unwrap().seeds)
    };
    assert_eq!(ended("1e9", "most = 2"), (End::Target, 1, 2));
    let (end, generations, seeds) = ended("1e9", "most = 3");
    assert!(end == End::Target && generations > 1 && seeds == 3, "{generations} generations, {seeds} seeds");
    assert_eq!(ended("-1.0", "most = 2").0, End::Generations);
}

#[test]
fn several_objectives_scenarios_and_islands_go_together() {
    let many = CAMPAIGN
        .replace("[\"small.toml\"]", "[\"small.toml\", \"other.toml\"]\ncombine = \"worst\"")
        .replace("objectives = [\"cost\"]", "objectives = [\"availability\", \"detection_p99\", \"stack_messages\"]")
        .replace("[cost]\navailability = 10\ndetection_p99 = 1\n", "[islands]\ncount = 2\nevery = 1\n")
        .replace("generations = 3", "generations = 1");
    let bench = Bench::new(&many);
    let other = fs::read_to_string(bench.path("small.toml")).unwrap().replace("duration = \"16s\"", "duration = \"14s\"");
    fs::write(bench.path("other.toml"), other).unwrap();
    let study = search(&bench.plan(), &bench.path("out"), Opening::New, 2, usize::MAX).unwrap();
    assert!(study.chosen.iter().any(|choice| choice.name == "knee"));
    for choice in &study.chosen {
        assert!(bench.path("out/best").join(format!("{}.toml", choice.name)).is_file());
    }
    assert!(study.individuals.iter().all(|one| one.failure.is_some() || one.objectives.len() == 3));
}

#[test]
fn a_search_that_goes_on_can_be_looked_at_generation_by_generation() {
    use crate::results::Columns;
    let bench = Bench::new(CAMPAIGN);
    let (plan, out) = (bench.plan(), bench.path("out"));
    assert!(search(&plan, &out, Opening::New, 2, 40).is_err(), "it was stopped");
    let (history, generations) = (Columns::read(&out.join(HISTORY)).unwrap(), Columns::read(&out.join(GENERATIONS)).unwrap());
    assert!(generations.rows >= 1 && history.rows >= 6 * generations.rows, "{} {}", generations.rows, history.rows);
    assert!(!out.join(FRONT).exists());
    let before = b"of the search that was here before";
    [HISTORY, GENERATIONS, FRONT].iter().for_each(|name| fs::write(out.join(name), before).unwrap());
    assert!(search(&plan, &out, Opening::Fresh, 2, 1).is_err());
    // Trials that are known are not run again, so that it may have come through a generation.
    let left = |name: &&str| fs::read(out.join(name)).is_ok_and(|bytes| bytes == before);
    assert!(![HISTORY, GENERATIONS, FRONT].iter().any(left) && !out.join(FRONT).exists(), "a new search begins with nothing");
}

#[test]
fn folders_are_not_mixed_up() {
    let bench = Bench::new(CAMPAIGN);
    let plan = bench.plan();
    let out = bench.path("out");
    let told = |opening| search(&plan, &out, opening, 1, 1).map(|_| ()).unwrap_err().to_string();
    assert!(told(Opening::Resume).contains("holds no search to go on with"));
    fs::create_dir(&out).unwrap();
    fs::write(out.join("letter"), "dear").unwrap();
    assert!(told(Opening::New).contains("holds no search: choose another folder"));
    fs::remove_file(out.join("letter")).unwrap();
    assert!(told(Opening::New).contains("interrupted"));
    assert!(told(Opening::New).contains("--resume goes on with it, --fresh begins anew"));
    // A process that was killed before its first trial keeps nobody out.
    let early = bench.path("early");
    fs::create_dir(&early).unwrap();
    fs::write(early.join("lock"), "").unwrap();
    fs::write(early.join("campaign.toml"), "").unwrap();
    let error = search(&plan, &early, Opening::New, 1, 1).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("interrupted"), "{error}");
    // Through one generation, so that there is a state; then another campaign, and a damaged state.
    assert!(search(&plan, &out, Opening::Resume, 2, 40).is_err());
    let checkpoint = out.join("checkpoint.bin");
    let whole = fs::read(&checkpoint).unwrap();
    let other = Bench::new(&CAMPAIGN.replace("generations = 3", "generations = 4"));
    let error = search(&other.plan(), &out, Opening::Resume, 1, 1).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("holds another search"), "{error}");
    fs::write(&checkpoint, &whole[..whole.len() / 2]).unwrap();
    let error = told(Opening::Resume);
    assert!(error.contains("checkpoint.bin: the checkpoint is damaged") && error.contains("--fresh"), "{error}");
}

#[test]
fn trials_of_another_program_are_refused_or_set_aside_and_never_written_over() {
    let bench = Bench::new(CAMPAIGN);
    let plan = bench.plan();
    let out = bench.path("out");
    assert!(search(&plan, &out, Opening::New, 2, 40).is_err());
    let cells = out.join("cells.bin");
    let mut foreign = fs::read(&cells).unwrap();
    foreign[10] ^= 1;
    fs::write(&cells, &foreign).unwrap();
    // Who cannot know the trials need not be able to read the state.
    fs::write(out.join("checkpoint.bin"), "a state of another shape").unwrap();
    let error = search(&plan, &out, Opening::Resume, 1, 1).map(|_| ()).unwrap_err();
    assert!(
        error.to_string().contains("sources of the simulation have changed") && error.to_string().contains("--fresh"),
        "{error}"
    );
    assert!(fs::read(&cells).unwrap() == foreign, "what is refused stays as it was");
    assert!(search(&plan, &out, Opening::Fresh, 1, 1).is_err());
    assert!(fs::read(out.join("cells.bin.old")).unwrap() == foreign, "what is begun anew keeps the old log");
}

#[test]
fn a_search_of_another_engine_is_refused_and_its_trials_are_not_paid_for_again() {
    use crate::evolution::program::Program;
    use hms_evolve::run::checkpoint;
    let bench = Bench::new(CAMPAIGN);
    let plan = bench.plan();
    let out = bench.path("out");
    let whole = search(&plan, &out, Opening::New, 2, usize::MAX).unwrap();
    let build = Build { version: "1".to_owned(), commit: None };
    // Neither could this program read the other's state.
    let label = Program::of("1", "these trials", "another engine").search;
    let stored = (label, plan.digest(), (0u64, 0u64), checkpoint::save(&"a state").unwrap());
    assert_ne!(stored.0, Program::here(&build).search);
    fs::write(out.join("checkpoint.bin"), checkpoint::save(&stored).unwrap()).unwrap();
    let error = search(&plan, &out, Opening::Resume, 1, 1).map(|_| ()).unwrap_err();
    assert!(matches!(error, EvolveError::Reprogrammed { trials_known: true, .. }), "{error}");
    assert!(error.to_string().contains("the sources of the engine have changed"), "{error}");
    let again = search(&plan, &out, Opening::Fresh, 2, usize::MAX).unwrap();
    assert_eq!((again.hash, again.trials.0), (whole.hash, 0));
}

#[test]
fn races_are_held_against_searches_without_them_and_paid_for_once() {
    use crate::evolution::{RaceOptions, races};
    use hms_machine::Seed;
    let bench = Bench::new(&CAMPAIGN.replace("most = 4", "most = 8"));
    let plan = bench.plan();
    let (cells, build) = (bench.path("races/cells.bin"), Build { version: "1".to_owned(), commit: None });
    let run_from = |roots: &[Seed], share: f64, left: usize| {
        let ended = AtomicUsize::new(0);
        let watch = |step: Step| {
            if let Step::Ended = step {
                ended.fetch_add(1, Ordering::Relaxed);
            }
            ended.load(Ordering::Relaxed) < left
        };
        let (cells, show) = (Some(cells.as_path()), &mut |_, _, _| {});
        let options = RaceOptions { roots, share, cells, jobs: 2, build: &build, watch: &watch, show };
        (races(&plan, options), ended.into_inner())
    };
    let run = |left: usize| run_from(&[Seed(1), Seed(2)], 1.0, left);
    assert!(matches!(run(5).0, Err(EvolveError::Interrupted)));
    let (found, _) = run(usize::MAX);
    let found = found.unwrap();
    assert_eq!(found.rounds.iter().map(|round| round.root).collect::<Vec<_>>(), [Seed(1), Seed(2)]);
    for round in &found.rounds {
        // Everybody who is new meets eight seeds.
        assert!(round.whole.trials.is_multiple_of(8) && round.whole.generations == 3, "{round:?}");
        // With races it takes more generations to spend as much, and they are taken.
        assert!(round.raced.trials >= round.whole.trials && round.raced.generations > 3, "{round:?}");
        assert!(round.raced.loss.is_some() && round.whole.loss.is_some() && round.improvement.is_some());
        assert!(round.base > round.raced.loss, "what both began from loses more: {round:?}");
    }
    assert!(found.times() <= 1.0 && found.improvement.is_some());
    let (again, ran) = run(usize::MAX);
    assert_eq!((again.unwrap().improvement, ran), (found.improvement, 0));
    let of_one = |share: f64| run_from(&[Seed(1)], share, usize::MAX).0.unwrap();
    assert_eq!(of_one(1.0).improvement, found.rounds[0].improvement, "of one root no interval over roots is claimed");
    let (short, long) = (&of_one(0.3).rounds[0], &found.rounds[0]);
    assert_eq!(short.whole.trials, long.whole.trials);
    assert!(short.raced.trials >= short.whole.trials * 3 / 10 && short.raced.trials < short.whole.trials, "{short:?}");
    assert!(short.raced.generations < long.raced.generations, "{short:?}");
}

#[test]
fn races_refuse_a_file_that_is_no_log_of_trials_and_leave_it_as_it_was() {
    use crate::evolution::{RaceOptions, races};
    use hms_machine::Seed;
    let bench = Bench::new(CAMPAIGN);
    let plan = bench.plan();
    let (letter, build) = (bench.path("letter.toml"), Build { version: "1".to_owned(), commit: None });
    fs::write(&letter, "dear").unwrap();
    let roots = [Seed(1)];
    let options = RaceOptions {
        roots: &roots,
        share: 1.0,
        cells: Some(&letter),
        jobs: 1,
        build: &build,
        watch: &|_| true,
        show: &mut |_, _, _| {},
    };
    let error = races(&plan, options).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("letter.toml is no log of trials") && error.contains("choose another --cells"), "{error}");
    assert_eq!(fs::read_to_string(&letter).unwrap(), "dear");
    assert!(!bench.path("letter.toml.old").exists() && !bench.path("letter.toml.lock").exists());
}

#[test]
fn a_thread_that_panics_ends_the_search() {
    let bench = Bench::new(CAMPAIGN);
    let plan = bench.plan();
    let ended = AtomicUsize::new(0);
    // The base is measured on four seeds before the search begins.
    let watch = |step: Step| {
        if let Step::Ended = step {
            assert!(ended.fetch_add(1, Ordering::Relaxed) < 12, "the watch is broken");
        }
        true
    };
    let build = Build { version: "1".to_owned(), commit: None };
    let out = bench.path("out");
    let run = || {
        let options = Options {
            out: &out,
            opening: Opening::New,
            jobs: 2,
            baselines: false,
            build: &build,
            watch: &watch,
            show: &mut |_| {},
        };
        evolve(&plan, options).map(|_| ())
    };
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the watch is broken"));
}
