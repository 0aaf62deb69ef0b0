//! Running a search for better configurations while somebody watches. Paused, its threads wait; stopped, its folder keeps everything that was paid for.

use std::path::Path;
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
pub fn evolve(desk: &Desk, campaign: &Path, out: &Path, resume: bool) {
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
    let mut evolving =
        Evolving { job: desk.job, name: plan.name.clone(), doing: "measures the yardstick".to_owned(), points: Vec::new() };
    desk.report(Report::Evolving(Box::new(evolving.clone())));
    let mut show = |phase: Phase| {
        match phase {
            Phase::Searching(progress) => {
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
    let opening = if resume { Opening::Resume } else { Opening::New };
    let options = Options { out, opening, jobs: 0, baselines: false, build: &Build::default(), watch: &watch, show: &mut show };
    match evolution::evolve(&plan, options) {
        Ok(study) => match Search::read(&study.folder) {
            Ok(search) => desk.report(Report::Searched(Box::new(search))),
            Err(error) => desk.say(true, error.to_string()),
        },
        Err(EvolveError::Stopped { folder }) => {
            desk.say(false, format!("The search is kept in {}: Resume goes on with it.", folder.display()))
        }
        Err(EvolveError::Occupied { folder }) => desk.say(
            true,
            format!(
                "{} holds a search already: press Resume to go on with it, or delete the folder to begin anew.",
                folder.display()
            ),
        ),
        Err(error) => desk.say(true, error.to_string()),
    }
}
