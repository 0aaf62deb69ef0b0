//! Two sets of runs beside each other, in the terms of `hms compare`: paired world by world, with intervals by resampling and chances corrected for how much was
//! asked; and the first row in which two runs part.

use std::sync::Arc;

use hms_lab::comparison::{self, Better, Compared, Comparison, Difference, Side, differing};
use hms_lab::presets::{JUDGED, objective};
use hms_lab::statistics::{CONFIDENCE, Estimate, estimate};
use hms_lab::trial::{DEFINITIONS, Definition, TraceRow};

use super::RunId;
use super::run::RunView;

/// What is held against what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The run that is shown.
    pub one: RunId,
    /// The other.
    pub other: RunId,
    /// Runs of the window: replicates may have come.
    pub runs: usize,
    /// Every objective, in place of the few by which stacks are judged; the correction is then stricter.
    pub every: bool,
}

/// An objective on both sides.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is measured.
    pub objective: &'static Definition,
    /// Mean of the one side, and of the other: over worlds that both know where there are such, else over all of each.
    pub means: [Option<Estimate>; 2],
    /// What `hms compare` says of it, where both sides have worlds in common.
    pub compared: Option<Compared>,
}

impl Row {
    /// The verdict, in words, for a reader to whom the first side is `this`.
    pub fn verdict(&self) -> &'static str {
        match self.compared.as_ref().map(|compared| compared.better) {
            Some(Better::First) => "this is better",
            Some(Better::Second) => "other is better",
            Some(Better::Same) => "the same",
            Some(Better::NotShown) => "not shown",
            None => "–",
        }
    }
}

/// What came of a question.
#[derive(Clone, Debug)]
pub struct Held {
    /// The question.
    pub question: Question,
    /// The first row of the trace in which the two runs differ.
    pub parted: Option<usize>,
    /// Objective by objective.
    pub rows: Vec<Row>,
    /// Worlds that both sides know.
    pub worlds: usize,
    /// Worlds that only the one side knows, and only the other.
    pub left_out: (usize, usize),
    /// Scenarios of one name that are not the same text.
    pub scenarios: Vec<String>,
    /// In what the stacks differ.
    pub differences: Vec<Difference>,
}

/// The runs of one world and stack in a window: replicates, which differ in nothing but their seeds.
fn replicates<'a>(runs: &'a [Arc<RunView>], of: &RunView) -> Vec<&'a RunView> {
    let same = |run: &&RunView| {
        let (one, other) = (&run.chronicle.inputs, &of.chronicle.inputs);
        run.forked == of.forked && one.scenario_text() == other.scenario_text() && one.stack() == other.stack()
    };
    runs.iter().map(Arc::as_ref).filter(same).collect()
}

/// The sets that two runs stand for: their replicates, unless they are replicates of each other.
pub fn sets<'a>(runs: &'a [Arc<RunView>], one: &'a RunView, other: &'a RunView) -> [Vec<&'a RunView>; 2] {
    let sets = [replicates(runs, one), replicates(runs, other)];
    if sets[0].iter().any(|run| run.id == other.id) { [vec![one], vec![other]] } else { sets }
}

/// Answers a question about the runs of a window; none if a run of it is gone. Takes time in proportion to the traces.
pub fn hold(runs: &[Arc<RunView>], question: Question) -> Option<Held> {
    let find = |id: RunId| runs.iter().find(|run| run.id == id).map(Arc::as_ref);
    let (one, other) = (find(question.one)?, find(question.other)?);
    let sets = sets(runs, one, other);
    let side =
        |runs: &[&RunView]| Side::of_runs("", runs.iter().map(|run| (&run.chronicle.inputs, &run.chronicle.objectives[..])));
    let judged = JUDGED.iter().filter_map(|name| objective(name));
    let objectives: Vec<&'static Definition> = if question.every { DEFINITIONS.iter().collect() } else { judged.collect() };
    let found = comparison::compare(&side(&sets[0])?, &side(&sets[1])?, &objectives);
    Some(Held {
        question,
        parted: first_difference(&one.chronicle.trace, &other.chronicle.trace),
        rows: rows(&sets, &objectives, found.as_ref()),
        worlds: found.as_ref().map_or(0, |found| found.worlds),
        left_out: found.as_ref().map_or((sets[0].len(), sets[1].len()), |found| found.left_out),
        scenarios: found.map_or_else(Vec::new, |found| found.scenarios),
        differences: differing(one.chronicle.inputs.stack(), other.chronicle.inputs.stack()),
    })
}

fn rows(sets: &[Vec<&RunView>; 2], objectives: &[&'static Definition], found: Option<&Comparison>) -> Vec<Row> {
    let over = |runs: &[&RunView], name| {
        let values: Vec<f64> = runs.iter().filter_map(|run| run.chronicle.objective(name)).collect();
        estimate(&values, CONFIDENCE)
    };
    let alone = |objective: &'static Definition| Row {
        objective,
        means: [over(&sets[0], objective.name), over(&sets[1], objective.name)],
        compared: None,
    };
    let paired = |compared: &Compared| {
        let (one, other) = compared.means.unzip();
        Row { objective: compared.objective, means: [one, other], compared: Some(compared.clone()) }
    };
    match found {
        Some(found) => found.objectives.iter().map(paired).collect(),
        None => objectives.iter().copied().map(alone).collect(),
    }
}

/// The first row in which two traces differ; none if they are the same.
fn first_difference(left: &[TraceRow], right: &[TraceRow]) -> Option<usize> {
    let differs = |(one, other): (&TraceRow, &TraceRow)| (one.at, one.kind) != (other.at, other.kind);
    let place = left.iter().zip(right).position(differs);
    place.or_else(|| (left.len() != right.len()).then(|| left.len().min(right.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixture::chronicle;
    use crate::view::run::Origin;

    fn run(id: u64, stack: &str, seed: u64) -> Arc<RunView> {
        Arc::new(RunView::new(RunId(id), Origin::default(), chronicle(stack, seed)))
    }

    #[test]
    fn the_window_says_what_the_command_says() {
        let slow = "version = 1\n[health]\nheartbeat = \"333ms\"\n";
        let runs: Vec<_> = (0..3).flat_map(|seed| [run(2 * seed, "", seed), run(2 * seed + 1, slow, seed)]).collect();
        let question = Question { one: RunId(0), other: RunId(1), runs: runs.len(), every: false };
        let held = hold(&runs, question).unwrap();
        assert_eq!((held.worlds, held.left_out, held.rows.len()), (3, (0, 0), JUDGED.len()));
        assert_eq!(held.differences.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["health.heartbeat"]);
        let folder = tempfile::tempdir().unwrap();
        let stored = |runs: &[&Arc<RunView>]| {
            let mut sides = runs.iter().map(|run| {
                let path = folder.path().join(run.id.0.to_string());
                let inputs = &run.chronicle.inputs;
                let outcome = inputs.trial().run().unwrap();
                hms_lab::results::write(&path, inputs, &outcome, &hms_lab::results::Build::default()).unwrap();
                comparison::open(path.to_str().unwrap()).unwrap()
            });
            let first = sides.next().unwrap();
            sides.fold(first, |mut side, other| {
                side.cells.extend(other.cells);
                side
            })
        };
        let (even, odd): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.id.0 % 2 == 0);
        let asked: Vec<_> = JUDGED.iter().filter_map(|name| objective(name)).collect();
        let command = comparison::compare(&stored(&even), &stored(&odd), &asked).unwrap();
        for (row, said) in held.rows.iter().zip(&command.objectives) {
            let here = row.compared.as_ref().unwrap();
            assert_eq!((here.p_corrected, here.difference, here.better), (said.p_corrected, said.difference, said.better));
        }
    }

    #[test]
    fn sides_without_a_common_world_have_means_and_no_verdict() {
        let runs = [run(1, "", 1), run(2, "version = 1\n[health]\nheartbeat = \"333ms\"\n", 2)];
        let held = hold(&runs, Question { one: RunId(1), other: RunId(2), runs: 2, every: true }).unwrap();
        assert_eq!((held.worlds, held.left_out, held.rows.len()), (0, (1, 1), DEFINITIONS.len()));
        let availability = held.rows.iter().find(|row| row.objective.name == "availability").unwrap();
        assert!(availability.means.iter().all(Option::is_some) && availability.compared.is_none());
        assert!(held.parted.is_some());
        assert!(hold(&runs, Question { one: RunId(1), other: RunId(9), runs: 2, every: true }).is_none());
    }
}
