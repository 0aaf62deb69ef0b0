//! Two sets of runs beside each other: objectives with intervals, paired by seed where both met the same worlds; and the first row in which two runs part.

use std::sync::Arc;

use hms_lab::statistics::{CONFIDENCE, Estimate, estimate, paired_difference};
use hms_lab::trial::{DEFINITIONS, Definition};

use super::run::RunView;

/// An objective over two sets of runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What is measured.
    pub definition: &'static Definition,
    /// Over the first set.
    pub one: Option<Estimate>,
    /// Over the other.
    pub other: Option<Estimate>,
    /// The other minus the first, over seeds that both have.
    pub difference: Option<Estimate>,
}

impl Compared {
    /// Whether the other set is better, as far as that is certain: the interval of the difference leaves out zero.
    pub fn better(&self) -> Option<bool> {
        let difference = self.difference.filter(Estimate::excludes_zero)?;
        Some((difference.mean > 0.0) == self.definition.maximise)
    }
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

/// Every objective over both sets.
pub fn compare(one: &[&RunView], other: &[&RunView]) -> Vec<Compared> {
    let seed = |run: &RunView| run.chronicle.inputs.seed();
    let pairs: Vec<(&RunView, &RunView)> =
        one.iter().filter_map(|run| Some((*run, *other.iter().find(|twin| seed(twin) == seed(run))?))).collect();
    let over = |runs: &[&RunView], name| {
        let values: Vec<f64> = runs.iter().filter_map(|run| run.chronicle.objective(name)).collect();
        estimate(&values, CONFIDENCE)
    };
    let compared = |definition: &'static Definition| {
        let left: Vec<_> = pairs.iter().map(|(run, _)| run.chronicle.objective(definition.name)).collect();
        let right: Vec<_> = pairs.iter().map(|(_, run)| run.chronicle.objective(definition.name)).collect();
        Compared {
            definition,
            one: over(one, definition.name),
            other: over(other, definition.name),
            difference: paired_difference(&left, &right, CONFIDENCE),
        }
    };
    DEFINITIONS.iter().map(compared).collect()
}

/// The first row of the trace in which two runs differ; none if they are the same.
pub fn first_difference(one: &RunView, other: &RunView) -> Option<usize> {
    let (left, right) = (&one.chronicle.trace, &other.chronicle.trace);
    let differs =
        |(one, other): (&hms_lab::trial::TraceRow, &hms_lab::trial::TraceRow)| (one.at, one.kind) != (other.at, other.kind);
    let place = left.iter().zip(right).position(differs);
    place.or_else(|| (left.len() != right.len()).then(|| left.len().min(right.len())))
}
