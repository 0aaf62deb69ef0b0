//! Do races pay? The same search twice, from several roots: with every candidate on every search seed, and as the campaign says, on a share of the trials that the other took.
//!
//! Both have the same genes, starts and population, and neither patience nor a target ends either. The one without races has the campaign's generations. The other, which starts on few seeds as well, goes on until its share is spent, so that what races save on
//! one candidate is spent on others: the question is whether a share of the trials gives the same quality, and not what a poorer way through as many generations costs. Both choose on the same validation seeds, and both choices meet the same held-out seeds,
//! so that they are compared pair by pair. A root is one experiment: the interval over several of them draws roots, and not seeds.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use hms_evolve::Rng;
use hms_evolve::noise::seeds::{Decision, SeedPlan};
use hms_evolve::proof::bootstrap::{Bootstrap, Interval};
use hms_machine::Seed;

use super::aside::search_aside;
use super::cache::Cache;
use super::evaluator::{Evaluator, Stopped};
use super::folder::EvolveError;
use super::plan::Plan;
use super::program::Program;
use super::racing::Judge;
use super::search::{Progress, begin};
use super::study::{base, refuse_failed};
use super::verdict::{improvement, pairs};
use crate::files::FileError;
use crate::presets::Step;
use crate::results::Build;

/// A search that was run both ways from one root.
#[derive(Clone, Debug)]
pub struct Round {
    /// The root.
    pub root: Seed,
    /// With races.
    pub raced: Side,
    /// Without.
    pub whole: Side,
    /// Loss of the base on the same held-out seeds; `None` where it fails.
    pub base: Option<f64>,
    /// Share of the loss of the choice without races that the one with races does not have.
    pub improvement: Option<Interval>,
}

impl Round {
    /// Whether the choice without races keeps the constraints and the one with races does not: it breaks one, or there is none.
    pub fn breaks(&self) -> bool {
        let keeps = |side: &Side| side.loss.is_some() && side.violation <= 0.0;
        keeps(&self.whole) && !keeps(&self.raced)
    }
}

/// What one of the two came to.
#[derive(Clone, Debug)]
pub struct Side {
    /// Trials of the search; those of the choice among its finalists are not among them.
    pub trials: u64,
    /// Generations of the search after its first field.
    pub generations: u64,
    /// Loss of the choice on held-out seeds; `None` where there is none.
    pub loss: Option<f64>,
    /// By how much it misses the constraints there; 0 or less where it keeps them.
    pub violation: f64,
}

/// All rounds.
#[derive(Clone, Debug)]
pub struct Races {
    /// By root.
    pub rounds: Vec<Round>,
    /// Share of the loss without races that is gone with them, over all roots; the interval is over roots, and of a single one over its seeds.
    pub improvement: Option<Interval>,
}

impl Races {
    /// How many times as many trials all searches without races took.
    pub fn times(&self) -> f64 {
        let sum = |trials: fn(&Round) -> u64| self.rounds.iter().map(trials).sum::<u64>() as f64;
        sum(|round| round.whole.trials) / sum(|round| round.raced.trials).max(1.0)
    }

    /// From how many roots the choice with races breaks a constraint that the one without keeps.
    pub fn broken(&self) -> usize {
        self.rounds.iter().filter(|round| round.breaks()).count()
    }
}

/// How to run it.
pub struct RaceOptions<'a> {
    /// Roots of the rounds.
    pub roots: &'a [Seed],
    /// Share of the trials without races after which a search with them ends, as soon as its generation is complete and whoever is under way has arrived; above 0, at most 1. The first field is measured in any case.
    pub share: f64,
    /// A log of trials, so that an interrupted experiment does not pay for them again.
    pub cells: Option<&'a Path>,
    /// Threads; 0: one per core. Results do not depend on it.
    pub jobs: usize,
    /// The program.
    pub build: &'a Build,
    /// Told every step of a trial, from any thread; false stops.
    pub watch: &'a (dyn Fn(Step) -> bool + Sync),
    /// Told every candidate: of which root, and whether with races.
    pub show: &'a mut dyn FnMut(Seed, bool, Progress),
}

/// Runs a campaign with one objective both ways, under its last conditions.
///
/// # Errors
/// [`EvolveError`], where the log cannot be used or threads cannot be started; [`EvolveError::BaseFails`]; [`EvolveError::Interrupted`] if it was told to stop.
///
/// # Panics
/// If the campaign has several objectives, or the share is out of range.
pub fn races(plan: &Plan, options: RaceOptions<'_>) -> Result<Races, EvolveError> {
    assert_eq!(plan.question.targets.len(), 1, "one objective");
    let RaceOptions { roots, share, cells, jobs, build, watch, show } = options;
    assert!(share > 0.0 && share <= 1.0, "{share} is no share");
    let (cache, _lock) = match cells {
        Some(path) => {
            // Whatever else it is, it is not renamed.
            if !Cache::is_log(path)? {
                return Err(EvolveError::LogForeign { path: path.to_owned() });
            }
            let lock = lock(path)?;
            (Cache::open(path, &Program::here(build))?, Some(lock))
        }
        None => (Cache::new(), None),
    };
    let evaluator = plan.evaluator(plan.last_worlds(), &cache, jobs, watch);
    let evaluator = evaluator.map_err(EvolveError::Threads)?;
    let measured = rounds(plan, &evaluator, (roots, share), show);
    // Whoever stops counts on what was kept.
    if let Some(error) = cache.take_error() {
        return Err(error.into());
    }
    let rounds = measured?;
    let losses: Vec<(f64, f64)> = rounds.iter().filter_map(|round| Some((round.whole.loss?, round.raced.loss?))).collect();
    let statistic = |drawn: &[usize]| {
        let sum = |side: fn(&(f64, f64)) -> f64| drawn.iter().map(|&row| side(&losses[row])).sum::<f64>();
        let (whole, raced) = (sum(|pair| pair.0), sum(|pair| pair.1));
        if whole == raced { 0.0 } else { (whole - raced) / whole.abs() }
    };
    let mut rng = Rng::new(plan.settings.root.derive("evolve/races", 0), 0);
    let improvement = match rounds.as_slice() {
        // One value has no spread, and would seem certain.
        [only] => only.improvement,
        _ => Bootstrap::default().interval(losses.len(), statistic, &mut rng),
    };
    Ok(Races { rounds, improvement })
}

fn rounds(
    plan: &Plan,
    evaluator: &Evaluator<'_>,
    (roots, share): (&[Seed], f64),
    show: &mut dyn FnMut(Seed, bool, Progress),
) -> Result<Vec<Round>, EvolveError> {
    // Of all roots before the first round, which would be lost.
    for &root in roots {
        let base = base(plan, evaluator, &SeedPlan::new(root)).map_err(|Stopped| EvolveError::Interrupted)?;
        refuse_failed(plan, root, &base)?;
    }
    let rounds: Result<Vec<Round>, Stopped> =
        roots.iter().map(|&root| round(plan, evaluator, (root, share), &mut *show)).collect();
    rounds.map_err(|Stopped| EvolveError::Interrupted)
}

/// Two processes must not append to one log.
fn lock(cells: &Path) -> Result<File, EvolveError> {
    if let Some(folder) = cells.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(FileError::new("make", folder))?;
    }
    let path = cells.with_added_extension("lock");
    let file = File::options().create(true).append(true).open(&path).map_err(FileError::new("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EvolveError::LogBusy { path: cells.to_owned() }),
        Err(TryLockError::Error(error)) => Err(FileError::new("lock", &path)(error).into()),
    }
}

fn round(
    plan: &Plan,
    evaluator: &Evaluator<'_>,
    (root, share): (Seed, f64),
    show: &mut dyn FnMut(Seed, bool, Progress),
) -> Result<Round, Stopped> {
    let mut raced = plan.still(evaluator.worlds());
    raced.settings.root = root;
    (raced.settings.trials, raced.settings.patience, raced.settings.target) = (None, None, None);
    let mut whole = raced.clone();
    whole.settings.judge = Judge::Nobody;
    whole.settings.seeds.0 = whole.settings.seeds.1;
    let whole = search_aside(&whole, begin(&whole), evaluator, |progress| show(root, false, progress))?;
    // An algorithm that plans ahead plans as without races.
    let state = begin(&raced);
    raced.settings.trials = Some((share * whole.trials as f64) as u64);
    // A newcomer meets the first seeds at least, so that trials end it before; but who finds nothing new takes none.
    let (first, most) = raced.settings.seeds;
    raced.settings.generations = raced.settings.generations.saturating_mul(most.div_ceil(first));
    let found = [search_aside(&raced, state, evaluator, |progress| show(root, true, progress))?, whole];
    let seeds = SeedPlan::new(root);
    let (found, seeds) = seeds.held_out.open(Decision::final_choice(found, seeds.validation));
    let seeds: Vec<Seed> = (0..plan.settings.held_out).map(|index| seeds.get(index)).collect();
    let mut cells = Vec::new();
    let mut chosen = Vec::new();
    for aside in &found {
        let given = match aside.knee {
            Some(knee) => evaluator.measure(&[knee], &seeds)?.remove(0),
            None => Vec::new(),
        };
        let evaluation = plan.question.answer(&given);
        let (loss, violation) = (evaluation.objectives.first().copied(), evaluation.violation());
        chosen.push(Side { trials: aside.trials, generations: aside.generations, loss, violation });
        cells.push(given);
    }
    let base = evaluator.measure(&[*plan.genes.base()], &seeds)?.remove(0);
    let base = plan.question.answer(&base).objectives.first().copied().filter(|loss| loss.is_finite());
    let mut rng = Rng::new(root.derive("evolve/races", 1), 0);
    let both = pairs(&plan.question, &cells[1], &cells[0], 0);
    let improvement = improvement(plan.question.targets[0].aggregate, &both, &mut rng);
    let (whole, raced) = (chosen.remove(1), chosen.remove(0));
    Ok(Round { root, raced, whole, base, improvement })
}
