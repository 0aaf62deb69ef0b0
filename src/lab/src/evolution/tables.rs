//! The tables of a search: every individual, every generation, the front.

use std::fs::File;
use std::path::Path;

use hms_stack::{Configuration, Value};
use polars::prelude::*;

use super::genes::{number, parameters};
use super::plan::Plan;
use super::state::{Generation, Individual};
use super::verdict::{Chosen, Finalist, Raced};
use crate::results::{About, ResultsError, write_frame};

/// Every candidate that was measured.
pub const HISTORY: &str = "history.parquet";
/// The population after each generation.
pub const GENERATIONS: &str = "generations.parquet";
/// The finalists.
pub const FRONT: &str = "front.parquet";

type Columns = Vec<(Column, About)>;

fn about(name: &str, unit: &str, help: &str) -> About {
    About { name: name.to_owned(), unit: unit.to_owned(), help: help.to_owned() }
}

fn numbers(name: &str, unit: &str, help: &str, values: impl IntoIterator<Item = Option<f64>>) -> (Column, About) {
    (Float64Chunked::from_iter_options(name.into(), values.into_iter()).into_column(), about(name, unit, help))
}

fn counts(name: &str, help: &str, values: impl IntoIterator<Item = Option<u64>>) -> (Column, About) {
    (UInt64Chunked::from_iter_options(name.into(), values.into_iter()).into_column(), about(name, "count", help))
}

fn texts<'a>(name: &str, help: &str, values: impl IntoIterator<Item = Option<&'a str>>) -> (Column, About) {
    (StringChunked::from_iter_options(name.into(), values.into_iter()).into_column(), about(name, "", help))
}

fn switches(name: &str, help: &str, values: impl IntoIterator<Item = bool>) -> (Column, About) {
    let values = values.into_iter().map(Some);
    (BooleanChunked::from_iter_options(name.into(), values).into_column(), about(name, "", help))
}

/// Writes a table, whole or not at all.
fn write(folder: &Path, file: &str, rows: usize, columns: Columns, sorted_by: &[&str]) -> Result<(), ResultsError> {
    let (columns, about): (Vec<Column>, Vec<About>) = columns.into_iter().unzip();
    let mut frame = DataFrame::new(rows, columns).expect("columns of one length with distinct names");
    let (partial, place) = (folder.join(format!(".{file}.partial")), folder.join(file));
    let sink = File::create(&partial).map_err(ResultsError::io("write", &partial))?;
    let name = file.strip_suffix(".parquet").unwrap_or(file);
    write_frame(&sink, name, &mut frame, &about, sorted_by).map_err(ResultsError::table(&place))?;
    sink.sync_all().map_err(ResultsError::io("write", &partial))?;
    std::fs::rename(&partial, &place).map_err(ResultsError::io("put in place", &place))
}

/// The genes' parameters of these configurations; null where one does not matter.
fn parameter_columns(plan: &Plan, rows: &[(&[f64], Configuration)]) -> Columns {
    let active: Vec<Vec<bool>> = rows.iter().map(|(genome, _)| plan.genes.active(genome)).collect();
    let present: Vec<Vec<(hms_stack::Tunable, Value)>> =
        rows.iter().map(|(_, configuration)| parameters(configuration)).collect();
    let column = |(gene, tunable): (usize, &hms_stack::Tunable)| {
        let values: Vec<Option<Value>> = present
            .iter()
            .zip(&active)
            .map(|(present, active)| {
                let found = present.iter().find(|(other, _)| other.name == tunable.name).map(|(_, value)| *value);
                found.filter(|_| active[gene])
            })
            .collect();
        match tunable.default {
            Value::Choice(_) => texts(
                tunable.name,
                tunable.help,
                values.iter().map(|value| if let Some(Value::Choice(name)) = value { Some(*name) } else { None }),
            ),
            Value::Duration(_) => numbers(tunable.name, "s", tunable.help, values.iter().map(|value| value.and_then(number))),
            Value::Integer(_) | Value::Real(_) | Value::Switch(_) => {
                numbers(tunable.name, "", tunable.help, values.iter().map(|value| value.and_then(number)))
            }
        }
    };
    plan.genes.tunables().enumerate().map(column).collect()
}

/// Objectives in their units, and constraints.
fn result_columns(plan: &Plan, rows: &[(&[f64], &[f64])]) -> Columns {
    let mut columns = Columns::new();
    for (place, target) in plan.question.targets.iter().enumerate() {
        let help = target.definition().map_or("Weighted sum of losses.", |definition| definition.help);
        let values = rows.iter().map(|(objectives, _)| objectives.get(place).map(|loss| target.shown(*loss)));
        columns.push(numbers(&target.name, target.unit(), help, values));
    }
    for (place, constraint) in plan.question.constraints.iter().enumerate() {
        let help = "By how much the constraint is missed, as a share of its limit, or of what it allows beyond the base (in the unit of the objective where that is 0); 0 or less where it holds.";
        columns.push(numbers(&constraint.text, "", help, rows.iter().map(|(_, violations)| violations.get(place).copied())));
    }
    columns
}

pub(super) fn write_history(folder: &Path, plan: &Plan, individuals: &[Individual]) -> Result<(), ResultsError> {
    let mut columns = vec![
        counts("id", "Number of the candidate.", individuals.iter().map(|one| Some(one.id))),
        counts("generation", "Generations complete before it.", individuals.iter().map(|one| Some(one.generation))),
        counts("parent_1", "Its first parent; null if it has none.", individuals.iter().map(|one| one.parents[0])),
        counts("parent_2", "Its second parent.", individuals.iter().map(|one| one.parents[1])),
        texts("operator", "What made it.", individuals.iter().map(|one| Some(one.operator.as_str()))),
        texts("configuration", "Equal for equal configurations.", individuals.iter().map(|one| Some(one.configuration.as_str()))),
        counts("replicates", "Search seeds that it met.", individuals.iter().map(|one| Some(one.seeds))),
        counts("phase", "Number of the conditions that it met, from 0.", individuals.iter().map(|one| Some(one.phase as u64))),
        counts(
            "against",
            "The candidate that it was held against, with several objectives the first of these; null without one, or where it was of the same configuration.",
            individuals.iter().map(|one| one.against),
        ),
        numbers(
            "apart",
            "",
            "By how much it lost more than that one on the seeds that both had met, as a share of what that one lost on these; 1 for what failed; null without one, where that one lost nothing, for configurations that were met before, for tails, and with several objectives.",
            individuals.iter().map(|one| one.apart.map(|apart| apart.share)),
        ),
        switches("dismissed", "Given up before it had met all seeds.", individuals.iter().map(|one| one.dismissed)),
        switches("again", "Measured again on more seeds.", individuals.iter().map(|one| one.again)),
        texts("failure", "Why it failed; null if it did not.", individuals.iter().map(|one| one.failure.as_deref())),
    ];
    let results: Vec<(&[f64], &[f64])> =
        individuals.iter().map(|one| (one.objectives.as_slice(), one.violations.as_slice())).collect();
    columns.extend(result_columns(plan, &results));
    let rows: Vec<(&[f64], Configuration)> =
        individuals.iter().map(|one| (one.genome.as_slice(), plan.genes.decode(&one.genome))).collect();
    columns.extend(parameter_columns(plan, &rows));
    write(folder, HISTORY, individuals.len(), columns, &[])
}

pub(super) fn write_generations(folder: &Path, generations: &[Generation]) -> Result<(), ResultsError> {
    let steps = || generations.iter().map(|generation| &generation.step);
    let columns = vec![
        counts("generation", "Number of the generation; 0 are the founders.", steps().map(|step| Some(step.generation))),
        counts("evaluations", "Candidates measured so far.", steps().map(|step| Some(step.evaluations))),
        counts("trials", "Trials so far.", generations.iter().map(|generation| Some(generation.trials))),
        counts(
            "trials_saved",
            "Trials that racing has saved so far.",
            generations.iter().map(|generation| Some(generation.saved)),
        ),
        counts("seeds", "Shared search seeds.", generations.iter().map(|generation| Some(generation.seeds))),
        numbers(
            "best",
            "",
            "Least loss of the first target among those that keep all constraints.",
            steps().map(|step| step.best),
        ),
        numbers(
            "feasible",
            "ratio",
            "Share of the population that keeps all constraints.",
            steps().map(|step| Some(step.feasible)),
        ),
        counts("front", "Configurations on the front.", steps().map(|step| Some(step.front))),
        numbers(
            "hypervolume",
            "",
            "Volume between the front and twice the base's losses, in units of the base's.",
            steps().map(|step| step.hypervolume),
        ),
        numbers("spacing", "", "Unevenness of the front (Schott 1995).", steps().map(|step| Some(step.spacing))),
        numbers("diversity", "", "Mean distance of two genomes, 0 to 1.", steps().map(|step| Some(step.diversity))),
    ];
    write(folder, GENERATIONS, generations.len(), columns, &["generation"])
}

pub(super) fn write_front(folder: &Path, plan: &Plan, finalists: &[Finalist], chosen: &[Chosen]) -> Result<(), ResultsError> {
    let names: Vec<Option<&str>> = (0..finalists.len())
        .map(|place| chosen.iter().find(|choice| choice.finalist == place).map(|choice| choice.name.as_str()))
        .collect();
    let mut columns = vec![
        texts("chosen", "The name under which it was chosen; null if it was not.", names),
        switches("front", "No other finalist is better in everything.", finalists.iter().map(|one| one.front)),
    ];
    let results: Vec<(&[f64], &[f64])> =
        finalists.iter().map(|one| (one.evaluation.objectives.as_slice(), one.evaluation.violations.as_slice())).collect();
    columns.extend(result_columns(plan, &results));
    let raced = || finalists.iter().map(|one| one.raced.as_ref());
    let help = "Validation seeds that it met in the race for the knee; null if it was not in it.";
    columns.push(counts("raced_seeds", help, raced().map(|raced| raced.map(|raced| raced.seeds as u64))));
    for (place, target) in plan.question.targets.iter().enumerate() {
        let value = |raced: &Raced| raced.evaluation.objectives.get(place).map(|loss| target.shown(*loss));
        let (name, values) = (format!("raced_{}", target.name), raced().map(|raced| raced.and_then(value)));
        columns.push(numbers(&name, target.unit(), "The same on all seeds that it met in the race.", values));
    }
    let help = "By how much it misses the constraints on these, together: the sum of the columns of constraints, on these.";
    columns.push(numbers("raced_violation", "", help, raced().map(|raced| raced.map(|raced| raced.evaluation.violation()))));
    let rows: Vec<(&[f64], Configuration)> = finalists.iter().map(|one| (one.genome.as_slice(), one.configuration)).collect();
    columns.extend(parameter_columns(plan, &rows));
    write(folder, FRONT, finalists.len(), columns, &[])
}
