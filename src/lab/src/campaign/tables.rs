//! The tables of a finished campaign: runs, incidents, and what each configuration came to.

use hms_stack::{Tunable, Visitor};
use hms_trial::DEFINITIONS;
use polars::prelude::*;

use super::Campaign;
use super::expression::Value;
use super::file::STACK;
use super::rows::{self, End};
use super::summary::Summary;
use crate::results::About;

/// File of the table with one row per run.
pub const RUNS: &str = "runs.parquet";
/// File of the incidents of all runs, as in the results of a single run.
pub const INCIDENTS: &str = "incidents.parquet";
/// File of the table with one row per configuration and objective.
pub const CONFIGURATIONS: &str = "configurations.parquet";

/// A table with what its columns mean.
pub(super) struct Described {
    pub(super) frame: DataFrame,
    pub(super) about: Vec<About>,
}

impl Described {
    fn new(height: usize, columns: Vec<(Column, About)>) -> Self {
        let (columns, about) = columns.into_iter().unzip();
        Described { frame: DataFrame::new(height, columns).expect("columns of one length with distinct names"), about }
    }
}

fn about(name: &str, unit: &str, help: &str) -> About {
    About { name: name.to_owned(), unit: unit.to_owned(), help: help.to_owned() }
}

/// One row per run, in the order of the campaign.
pub(super) fn runs(campaign: &Campaign, ends: &[End]) -> Described {
    let runs: Vec<_> = campaign.runs().collect();
    let of_runs: Vec<usize> = runs.iter().map(|run| run.configuration).collect();
    let mut columns = vec![(
        StringChunked::from_iter_values(rows::RUN_ID.into(), runs.iter().map(|run| run.id())).into_column(),
        about(rows::RUN_ID, "", "Digest of scenario, side files, stack and seed: the same for the same run."),
    )];
    columns.extend(settings(campaign, &of_runs));
    columns.push((
        UInt32Chunked::from_iter_values("replicate".into(), runs.iter().map(|run| run.replicate)).into_column(),
        about("replicate", "", "Which of the configuration's runs, from 0. Equal replicates of one scenario have equal seeds."),
    ));
    columns.push((
        UInt64Chunked::from_iter_values("seed".into(), runs.iter().map(|run| run.inputs.seed().0)).into_column(),
        about("seed", "", "Seed of every draw."),
    ));
    let mut abouts = vec![
        about(rows::REASON, "", "Why the run failed; null if it did not."),
        about(rows::TRACE_HASH, "", "Hash over every dispatched event, 16 hexadecimal digits; null if the run failed."),
        about(rows::EVENTS, "count", "Events dispatched; null if the run failed."),
    ];
    abouts.extend(DEFINITIONS.iter().map(|objective| about(objective.name, objective.unit.symbol(), objective.help)));
    columns.extend(rows::ends(ends.iter()).into_iter().zip(abouts));
    Described::new(runs.len(), columns)
}

/// One row per configuration and objective.
pub(super) fn configurations(campaign: &Campaign, summary: &Summary) -> Described {
    let cells: Vec<(usize, usize)> = (0..campaign.configurations.len())
        .flat_map(|place| (0..DEFINITIONS.len()).map(move |objective| (place, objective)))
        .collect();
    let places: Vec<usize> = cells.iter().map(|(place, _)| *place).collect();
    let mut columns = settings(campaign, &places);
    let of = |cell: &(usize, usize)| &summary.configurations[cell.0];
    let text = |name: &str, help: &str, value: &dyn Fn(&(usize, usize)) -> &'static str| {
        (StringChunked::from_iter_values(name.into(), cells.iter().map(value)).into_column(), about(name, "", help))
    };
    columns.push(text("objective", "What is measured.", &|cell| DEFINITIONS[cell.1].name));
    columns.push(text("unit", "Unit of the values of this row.", &|cell| DEFINITIONS[cell.1].unit.symbol()));
    let number = |name: &str, help: &str, value: &dyn Fn(&(usize, usize)) -> Option<f64>| {
        (Float64Chunked::from_iter_options(name.into(), cells.iter().map(value)).into_column(), about(name, "", help))
    };
    let counted = cells.iter().map(|cell| of(cell).means[cell.1].map_or(0, |mean| mean.count as i64));
    columns.push((
        Int64Chunked::from_iter_values("count".into(), counted).into_column(),
        about("count", "count", "Runs that give a value."),
    ));
    let interval = |cell: &(usize, usize)| of(cell).means[cell.1].and_then(|mean| mean.interval());
    columns.push(number("mean", "Mean over those runs.", &|cell| Some(of(cell).means[cell.1]?.mean)));
    columns.push(number("low", "Lower end of the 95 % interval of the mean (Student's t).", &|cell| Some(interval(cell)?.0)));
    columns.push(number("high", "Upper end of it.", &|cell| Some(interval(cell)?.1)));
    let baseline = cells.iter().map(|cell| of(cell).baseline.map(|baseline| baseline as u32));
    columns.push((
        UInt32Chunked::from_iter_options("baseline".into(), baseline).into_column(),
        about("baseline", "", "The first configuration with the same scenario; null for that one itself."),
    ));
    let difference = |cell: &(usize, usize)| of(cell).differences[cell.1];
    let ends = |cell: &(usize, usize)| difference(cell).and_then(|difference| difference.interval());
    columns.push(number("difference", "Mean of the differences to the baseline, replicate by replicate.", &|cell| {
        Some(difference(cell)?.mean)
    }));
    columns.push(number("difference_low", "Lower end of the 95 % interval of that mean.", &|cell| Some(ends(cell)?.0)));
    columns.push(number("difference_high", "Upper end of it.", &|cell| Some(ends(cell)?.1)));
    Described::new(cells.len(), columns)
}

/// Configuration, scenario, case and every setting, for rows that belong to these configurations.
fn settings(campaign: &Campaign, places: &[usize]) -> Vec<(Column, About)> {
    let of = |place: &usize| &campaign.configurations[*place];
    let mut columns = vec![
        (
            UInt32Chunked::from_iter_values("configuration".into(), places.iter().map(|place| *place as u32)).into_column(),
            about("configuration", "", "Its place in the campaign, from 0."),
        ),
        (
            StringChunked::from_iter_values("scenario".into(), places.iter().map(|place| of(place).scenario.as_str()))
                .into_column(),
            about("scenario", "", "Name of the scenario's file."),
        ),
        (
            StringChunked::from_iter_options("case".into(), places.iter().map(|place| of(place).case.as_deref())).into_column(),
            about("case", "", "The case; null if the campaign has none."),
        ),
    ];
    for path in campaign.setting_paths() {
        let values: Vec<Option<&toml::Value>> = campaign
            .configurations
            .iter()
            .map(|configuration| configuration.setting(path).map(|setting| &setting.value))
            .collect();
        let (column, unit) = typed(path, &values, places);
        columns.push((column, about(path, unit, &help(path))));
    }
    columns
}

/// The values of one setting: times in seconds, sizes in bytes and so on if all are of one dimension, else as they stand in the file.
fn typed(path: &str, values: &[Option<&toml::Value>], places: &[usize]) -> (Column, &'static str) {
    let name = || PlSmallStr::from_str(path);
    let read: Option<Vec<Option<Value>>> =
        values.iter().map(|value| value.map(Value::from_toml).map_or(Some(None), |read| read.map(Some))).collect();
    if let Some(read) = read {
        let truths: Option<Vec<Option<bool>>> =
            read.iter().map(|value| value.as_ref().map_or(Some(None), |value| value.truth().map(Some))).collect();
        if let Some(truths) = truths {
            return (BooleanChunked::from_iter_options(name(), places.iter().map(|place| truths[*place])).into_column(), "");
        }
        let numbers: Option<Vec<Option<(f64, &'static str)>>> =
            read.iter().map(|value| value.as_ref().map_or(Some(None), |value| value.in_unit().map(Some))).collect();
        let unit = |numbers: &[Option<(f64, &'static str)>]| {
            let mut units = numbers.iter().flatten().map(|(_, unit)| *unit);
            let first = units.next()?;
            units.all(|unit| unit == first).then_some(first)
        };
        if let Some((numbers, unit)) = numbers.and_then(|numbers| unit(&numbers).map(|unit| (numbers, unit))) {
            let column = places.iter().map(|place| numbers[*place].map(|(number, _)| number));
            return (Float64Chunked::from_iter_options(name(), column).into_column(), unit);
        }
    }
    let texts: Vec<Option<String>> = values
        .iter()
        .map(|value| {
            value.map(|value| match value {
                toml::Value::String(text) => text.clone(),
                other => other.to_string(),
            })
        })
        .collect();
    let column = places.iter().map(|place| texts[*place].as_deref());
    (StringChunked::from_iter_options(name(), column).into_column(), "")
}

/// What a setting is.
fn help(path: &str) -> String {
    struct Find<'a>(&'a str, Option<&'static str>);
    impl Visitor for Find<'_> {
        fn visit(&mut self, tunable: &Tunable, _: &mut hms_stack::Value) {
            if tunable.name == self.0 {
                self.1 = Some(tunable.help);
            }
        }
    }
    let mut find = Find(path.strip_prefix(STACK).unwrap_or_default(), None);
    hms_stack::Configuration::default().walk(&mut find);
    find.1.map_or_else(|| "Setting of the scenario; null where the configuration does not set it.".to_owned(), str::to_owned)
}
