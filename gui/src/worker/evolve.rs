//! Running a search for better configurations while somebody watches. Paused, its threads wait; stopped, its folder keeps everything that was paid for.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hms_lab::evolution::report::Stage;
use hms_lab::evolution::{self, EvolveError, Opening, Options, Phase};
use hms_lab::results::Build;

use super::{Desk, Report};
use crate::view::search::{Evolving, Point, Search};

/// How often a thread that waits looks whether it may go on.
const LOOK: Duration = Duration::from_millis(30);

/// Begins a search, or goes on with the one that is in `out`.
pub fn evolve(desk: &Desk, campaign: &Path, out: &Path, opening: Opening) {
    let plan = match evolution::load(campaign) {
        Ok(plan) => plan,
        Err(error) => return desk.say(true, error.to_string()),
    };
    let control = &desk.control;
    let watch = |_| {
        while control.waits() && !control.stops() {
            thread::sleep(LOOK);
        }
        !control.stops()
    };
    let mut evolving = Evolving {
        job: desk.job,
        name: plan.name.clone(),
        doing: "measures the yardstick".to_owned(),
        points: Vec::new(),
        generation: None,
    };
    desk.report(Report::Evolving(Box::new(evolving.clone())));
    // The tables of a generation are there once the first candidate of the next is told.
    let mut shown = None;
    let mut show = |phase: Phase| {
        match phase {
            Phase::Searching(progress) => {
                if shown.is_some_and(|generation| generation == progress.generation) {
                    shown = None;
                    read(desk, out);
                }
                if evolving.generation != Some(progress.generation) {
                    evolving.generation = Some(progress.generation);
                    shown = Some(progress.generation);
                }
                evolving.doing = format!(
                    "generation {}, {} candidates, {} trials",
                    progress.generation, progress.evaluations, progress.trials
                );
                evolving.points.push(Point {
                    evaluations: progress.evaluations,
                    best: progress.best,
                    hypervolume: progress.hypervolume,
                });
            }
            Phase::Validating => evolving.doing = "finalists meet validation seeds".to_owned(),
            Phase::Judging(count) => evolving.doing = format!("{count} configurations meet held-out seeds"),
            Phase::Analysing(Stage::Ablation) => evolving.doing = "which parameter bought what".to_owned(),
            Phase::Analysing(Stage::Robustness) => evolving.doing = "what drifts cost".to_owned(),
            Phase::Analysing(Stage::Baseline(name, progress)) => {
                evolving.doing = format!("{name}: {} trials", progress.trials);
            }
        }
        desk.report(Report::Evolving(Box::new(evolving.clone())));
    };
    let options = Options { out, opening, jobs: 0, baselines: false, build: &Build::default(), watch: &watch, show: &mut show };
    match evolution::evolve(&plan, options) {
        Ok(study) => {
            read(desk, &study.folder);
            if study.chosen.is_empty() {
                desk.say(
                    true,
                    "Nothing was chosen: no finalist could be measured on every validation seed. The report says more.",
                );
            }
        }
        Err(EvolveError::Stopped { folder }) => {
            read(desk, &folder);
            desk.say(false, format!("The search is kept in {}: Resume goes on with it.", folder.display()))
        }
        Err(EvolveError::Occupied { folder }) => desk.say(
            true,
            format!(
                "{} holds a search already: press Resume to go on with it, or Begin anew, which keeps what trials have given.",
                folder.display()
            ),
        ),
        Err(error) => desk.say(true, error.to_string()),
    }
}

/// Reads what a search has found so far, if a generation is complete.
fn read(desk: &Desk, folder: &Path) {
    if !Search::is_in(folder) {
        return;
    }
    match Search::read(folder) {
        Ok(search) => desk.report(Report::Searched(Arc::new(search))),
        Err(error) => desk.say(true, error.to_string()),
    }
}
