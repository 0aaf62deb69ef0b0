//! The pictures of a report.

use std::path::Path;

use hms_evolve::proof::bootstrap::Interval;

use super::super::plan::Plan;
use super::super::study::Study;
use crate::files::{self, FileError};
use crate::plots::search::{Fall, Point, PointKind, Progress, convergence, front, waterfall};

/// The learning curve.
pub(super) const CONVERGENCE: &str = "convergence.svg";
/// The front, with two objectives and more.
pub(super) const FRONT: &str = "front.svg";
/// The path from the base to the winner.
pub(super) const ABLATION: &str = "ablation.svg";

/// Draws them into a folder.
pub(in super::super) fn write(folder: &Path, plan: &Plan, study: &Study) -> Result<(), FileError> {
    let first = &plan.question.targets[0];
    let points: Vec<Progress> = study
        .generations
        .iter()
        .map(|one| Progress {
            trials: one.trials,
            best: one.step.best.map(|loss| first.shown(loss)),
            hypervolume: one.step.hypervolume,
        })
        .collect();
    let name = headed(&first.name, first.unit());
    files::replace(&folder.join(CONVERGENCE), &convergence(&format!("{}: convergence", plan.name), &name, &points))?;
    if let [first, second, ..] = plan.question.targets.as_slice() {
        let names = [headed(&first.name, first.unit()), headed(&second.name, second.unit())];
        let drawn = front(&format!("{}: front", plan.name), [&names[0], &names[1]], &marks(plan, study));
        files::replace(&folder.join(FRONT), &drawn)?;
    }
    if let Some(analysis) = study.analysis.as_ref().filter(|analysis| !analysis.path.steps.is_empty()) {
        let steps: Vec<Fall> = analysis.path.steps.iter().map(fall).collect();
        let title = format!("{}: what bought the gain in {}", plan.name, first.name);
        let about = format!("{} paired held-out seeds, 95 % intervals", analysis.path.seeds.0);
        files::replace(&folder.join(ABLATION), &waterfall(&title, &about, super::start(plan), &steps))?;
    }
    Ok(())
}

fn headed(name: &str, unit: &str) -> String {
    if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") }
}

fn fall(step: &super::AblationStep) -> Fall {
    let label = match step.parameters.as_slice() {
        [one] => format!("{} = {}", one.name, one.to),
        several => format!("{} others", several.len()),
    };
    let Interval { estimate, low, high } = step.gains[0].unwrap_or(Interval { estimate: 0.0, low: 0.0, high: 0.0 });
    Fall { label, share: (estimate, low, high) }
}

/// Everybody by the first two objectives.
fn marks(plan: &Plan, study: &Study) -> Vec<Point> {
    let targets = &plan.question.targets;
    let point = |losses: &[f64], kind, label: &str| match losses {
        [x, y, ..] => Some(Point { x: targets[0].shown(*x), y: targets[1].shown(*y), kind, label: label.to_owned() }),
        _ => None,
    };
    let tried =
        study.individuals.iter().filter(|one| !one.dismissed).filter_map(|one| point(&one.objectives, PointKind::Tried, ""));
    let finalists = study.finalists.iter().filter(|one| one.front);
    let finalists = finalists.filter_map(|one| point(&one.evaluation.objectives, PointKind::Front, ""));
    let judged = study.verdict.contenders.iter().enumerate().filter_map(|(place, one)| {
        let kind = if place < study.verdict.chosen { PointKind::Chosen } else { PointKind::Baseline };
        point(&one.evaluation.objectives, kind, &one.name)
    });
    tried.chain(finalists).chain(judged).collect()
}
