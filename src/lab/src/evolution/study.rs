//! A search from beginning to end: opened, run, decided, judged, written down.

use std::fs;
use std::path::{Path, PathBuf};

use hms_evolve::noise::Runoff;
use hms_evolve::noise::seeds::SeedPlan;
use hms_evolve::run::{Evaluation, Yardstick};
use hms_machine::Seed;

use super::archive::Mark;
use super::cache::Cache;
use super::evaluator::{Evaluator, Stopped};
use super::folder::{CELLS, EvolveError, Folder, Opening};
use super::plan::Plan;
use super::program::Program;
use super::report::{self, Analysis, Findings, Stage};
use super::search::{Broken, Progress, Search, begin};
use super::state::{End, Generation, Individual};
use super::tables;
use super::verdict::{self, Chosen, Finalist, Verdict};
use crate::files::{self, FileError};
use crate::presets::Step;
use crate::results::Build;

/// File of the report.
pub const REPORT: &str = "report.md";
/// Folder of the configurations that were chosen.
pub const BEST: &str = "best";

/// Rows up to which the history is written after every generation.
const HISTORY_SMALL: usize = 4_096;

/// How to run a search.
pub struct Options<'a> {
    /// Where its results go.
    pub out: &'a Path,
    /// How to begin.
    pub opening: Opening,
    /// Threads; 0: one per core. Results do not depend on it.
    pub jobs: usize,
    /// Whether to run searches without evolution beside it, with as many trials each.
    pub baselines: bool,
    /// The program.
    pub build: &'a Build,
    /// Told every step of a trial, from any thread; false stops.
    pub watch: &'a (dyn Fn(Step) -> bool + Sync),
    /// Told every phase and every candidate.
    pub show: &'a mut dyn FnMut(Phase),
}

/// What is being done.
#[derive(Clone, Copy, Debug)]
pub enum Phase {
    /// Candidates are measured.
    Searching(Progress),
    /// What the best does not need is looked for, and finalists meet validation seeds.
    Validating,
    /// So many configurations meet held-out seeds.
    Judging(usize),
    /// The winner is taken apart.
    Analysing(Stage),
}

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Study {
    /// The folder of its results.
    pub folder: PathBuf,
    /// Digest of everything found: equal for equal searches.
    pub hash: String,
    /// Why it ended.
    pub end: Option<End>,
    /// Everybody who was measured.
    pub individuals: Vec<Individual>,
    /// The population after each generation.
    pub generations: Vec<Generation>,
    /// Who might have been chosen.
    pub finalists: Vec<Finalist>,
    /// The race of the leading few of them for the knee.
    pub runoff: Runoff,
    /// Who was.
    pub chosen: Vec<Chosen>,
    /// The judgement.
    pub verdict: Verdict,
    /// What is known of the first choice beyond the verdict; `None` where nothing was chosen.
    pub analysis: Option<Analysis>,
    /// Trials that were run by this process, and that were known.
    pub trials: (u64, u64),
}

impl Study {
    /// Trials that the same configurations would have cost on all search seeds each, without races and without a growing number of seeds.
    pub fn trials_without_racing(&self, plan: &Plan) -> u64 {
        let mut met: Vec<(usize, &str)> = self.individuals.iter().map(|one| (one.phase, one.configuration.as_str())).collect();
        met.sort_unstable();
        met.dedup();
        met.len() as u64 * plan.settings.seeds.1 * plan.worlds.len() as u64
    }
}

/// Runs a search, or what is left of it.
///
/// # Errors
/// [`EvolveError`]; [`EvolveError::Stopped`] leaves a folder to go on with.
pub fn evolve(plan: &Plan, options: Options<'_>) -> Result<Study, EvolveError> {
    let Options { out, opening, jobs, baselines, build, watch, show } = options;
    let folder = Folder::take(plan, out, opening)?;
    let program = Program::here(build);
    // State and log are of this program, or nothing is touched.
    let resumed = match opening {
        Opening::Resume => folder.resume(plan, &program)?,
        Opening::New | Opening::Fresh => None,
    };
    let (state, mut archive) = match resumed {
        Some((state, archive)) => (Some(state), archive),
        None => (None, folder.individuals(Mark::default())?.0),
    };
    let cache = Cache::open(&folder.path.join(CELLS), &program)?;
    if opening != Opening::Resume {
        // Those of the search that was there before are not this one's.
        for table in [tables::HISTORY, tables::GENERATIONS, tables::FRONT] {
            remove(&folder.path.join(table))?;
        }
    }
    let conditions = std::iter::once(&plan.worlds).chain(plan.phases.iter().map(|phase| &phase.worlds));
    let evaluators = conditions.map(|worlds| plan.evaluator(worlds, &cache, jobs, watch));
    let evaluators: Vec<Evaluator<'_>> = evaluators.collect::<Result<_, _>>().map_err(EvolveError::Threads)?;
    // The choice is made under the last conditions.
    let evaluator = &evaluators[evaluators.len() - 1];
    // Whoever stops counts on what was kept.
    let stopped = |Stopped| match cache.take_error() {
        Some(error) => error.into(),
        None => EvolveError::Stopped { folder: folder.path.clone() },
    };
    let seeds = SeedPlan::new(plan.settings.root);
    let bases: Result<Vec<Evaluation>, Stopped> = evaluators.iter().map(|one| base(plan, one, &seeds)).collect();
    let bases = bases.map_err(stopped)?;
    bases.iter().try_for_each(|base| refuse_failed(plan, plan.settings.root, base))?;
    let yardsticks = bases.into_iter().map(yardstick).collect();
    let state = state.unwrap_or_else(|| begin(plan));
    let mut search = Search::new(plan, &evaluators, seeds.search, yardsticks, state);
    let mut rows = 0;
    let store = |state: &super::state::State| {
        folder.store(plan, &program, state, &mut archive)?;
        // Whoever watches reads these while the search goes on.
        if due(rows, state.individuals.len()) {
            rows = state.individuals.len();
            tables::write_history(&folder.path, plan, &state.individuals)?;
        }
        Ok(tables::write_generations(&folder.path, &state.generations)?)
    };
    search.run(store, |progress| show(Phase::Searching(progress))).map_err(|broken| match broken {
        Broken::Stopped => stopped(Stopped),
        Broken::Store(error) => error,
    })?;
    let state = search.state;
    show(Phase::Validating);
    let (finalists, runoff) = verdict::finalists(plan, evaluator, &state, (&seeds.search, &seeds.validation)).map_err(stopped)?;
    let chosen = verdict::choose(&plan.question, &finalists, &runoff);
    show(Phase::Judging(chosen.len() + plan.presets.len() + 1));
    let judged = verdict::judge(plan, evaluator, &finalists, chosen, seeds.validation, seeds.held_out);
    let (chosen, verdict) = judged.map_err(stopped)?;
    let findings = Findings {
        plan,
        evaluators: &evaluators,
        individuals: &state.individuals,
        generations: &state.generations,
        finalists: &finalists,
        chosen: &chosen,
        verdict: &verdict,
        trials: state.trials,
    };
    let analysis = report::analyse(&findings, baselines, &mut |stage| show(Phase::Analysing(stage))).map_err(stopped)?;
    if let Some(error) = cache.take_error() {
        return Err(error.into());
    }
    let hash = state.hash();
    let trials = cache.computed_and_known();
    let study = Study {
        folder: folder.path.clone(),
        hash,
        end: state.end,
        individuals: state.individuals,
        generations: state.generations,
        finalists,
        runoff,
        chosen,
        verdict,
        analysis,
        trials,
    };
    write(plan, &study)?;
    Ok(study)
}

/// Whether a table that was written with so many rows is written again with so many. A table of Parquet is written whole; a long one only when it has grown by an eighth, so that all writing together costs a few times the last.
fn due(written: usize, rows: usize) -> bool {
    rows <= HISTORY_SMALL || rows - written > written / 8
}

fn remove(file: &Path) -> Result<(), FileError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FileError::new("remove", file)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The base on all search seeds.
pub(super) fn base(plan: &Plan, evaluator: &Evaluator<'_>, seeds: &SeedPlan) -> Result<Evaluation, Stopped> {
    let seeds: Vec<Seed> = (0..plan.settings.seeds.1).map(|index| seeds.search.get(index)).collect();
    let cells = evaluator.measure(&[*plan.genes.base()], &seeds)?;
    Ok(plan.question.answer(&cells[0]))
}

/// Refuses a base that failed where a constraint is held against it.
///
/// # Errors
/// [`EvolveError::BaseFails`].
pub(super) fn refuse_failed(plan: &Plan, root: Seed, base: &Evaluation) -> Result<(), EvolveError> {
    let against = plan.question.constraints.iter().find(|constraint| constraint.base);
    match (against, &base.failure) {
        (Some(constraint), Some(reason)) => Err(EvolveError::BaseFails {
            campaign: plan.path.clone(),
            root: root.0,
            constraint: constraint.text.clone(),
            reason: reason.clone(),
        }),
        _ => Ok(()),
    }
}

/// Twice the base's losses, and the product of them; nothing where the base fails.
fn yardstick(base: Evaluation) -> (Yardstick, f64) {
    let base = base.objectives;
    if base.is_empty() {
        return (Yardstick::default(), 1.0);
    }
    // A loss of nothing has no multiples: there the unit is 1.
    let size = |loss: &f64| if *loss == 0.0 { 1.0 } else { loss.abs() };
    let reference = base.iter().map(|loss| loss + size(loss)).collect();
    let scale = base.iter().map(size).product();
    (Yardstick { reference: Some(reference), samples: None }, scale)
}

fn write(plan: &Plan, study: &Study) -> Result<(), EvolveError> {
    let folder = &study.folder;
    tables::write_history(folder, plan, &study.individuals)?;
    tables::write_generations(folder, &study.generations)?;
    tables::write_front(folder, plan, &study.finalists, &study.chosen)?;
    let best = folder.join(BEST);
    if best.is_dir() {
        fs::remove_dir_all(&best).map_err(FileError::new("remove", &best))?;
    }
    for choice in &study.chosen {
        let text = hms_trial::render_stack(&study.finalists[choice.finalist].configuration);
        files::replace(&best.join(format!("{}.toml", choice.name)), text.as_bytes())?;
    }
    report::write_figures(folder, plan, study)?;
    files::replace(&folder.join(REPORT), report::report(plan, study).as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_history_is_written_as_often_as_it_grows() {
        let (mut written, mut cost, mut times) = (0, 0, 0);
        for rows in (24..=100_000).step_by(24) {
            if due(written, rows) {
                (written, cost, times) = (rows, cost + rows, times + 1);
            }
        }
        // After every generation it would be 100,000² / 48: 208 million rows.
        assert!(cost < 15 * 100_000 && times < 250, "{cost} rows in {times} times");
        assert!(due(0, 24) && due(4_000, 4_024), "a short one is always as it is");
    }
}
