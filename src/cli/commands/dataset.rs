//! `hms dataset`: published data in, canonical data out; fits to them, and synthetic data from parameters.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Subcommand, ValueEnum};
use comfy_table::{CellAlignment, Table, presets};
use hms_lab::dataset::fit::{self, FitReport};
use hms_lab::dataset::import::{FORMATS, Format, Imported};
use hms_lab::dataset::synth::{Plan, Start};
use hms_lab::dataset::trace::FaultTrace;
use hms_lab::datasets::{self, DatasetFileError, Selection};
use hms_lab::machine::{Duration, Seed};
use hms_lab::scenario::parse_time;
use serde_json::json;

use crate::failure::Failure;
use crate::output;
use crate::style::{Style, paint};
use crate::summary::grouped;

const EXAMPLES: &str = "\
Examples:
  hms dataset list
  hms dataset import lanl --select lanl/sys02 --window 0d..365d --out sys02.csv
  hms dataset import alibaba-ssd ssd_failures_2018.csv.gz --out ssd.parquet
  hms dataset fit sys02.csv --column gap
  hms dataset synth datasets/parameters/lanl.toml --nodes 49 --days 365 --seed 1 --out year.csv

Formats, sources and licences: datasets/README.md. Originals are looked for in HMS_DATASETS, or else in ../shared/datasets.";

const SECONDS_PER_DAY: f64 = 86_400.0;

/// Imports published data sets, fits distributions to them and makes synthetic ones.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: DatasetCommand,
}

#[derive(Debug, Subcommand)]
enum DatasetCommand {
    /// Lists the formats that can be imported, and which originals are at hand
    List,
    /// Converts a published file to its canonical form
    Import(ImportArguments),
    /// Fits Weibull, lognormal, gamma and exponential to a fault trace by maximum likelihood
    Fit(FitArguments),
    /// Makes data from a file of parameters; the same seed makes the same bytes
    Synth(SynthArguments),
}

#[derive(Debug, clap::Args)]
struct ImportArguments {
    /// The format; without it, the formats are listed.
    #[arg(value_name = "FORMAT", value_parser = PossibleValuesParser::new(FORMATS.map(|info| info.name)).map(format))]
    format: Option<Format>,
    /// The file, packed or not, or its name among the originals; default: the only original of the format.
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,
    #[command(flatten)]
    selection: SelectionArguments,
    /// Where to: .csv, or .parquet for a trace; its metadata go beside it. Default: stdout, without metadata.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct SelectionArguments {
    /// Only the faults of a failure domain, such as lanl/sys02.
    #[arg(long, value_name = "DOMAIN")]
    select: Option<String>,
    /// Only a stretch of time, such as 100d..465d, which then begins at zero.
    #[arg(long, value_name = "FROM..TO", value_parser = window)]
    window: Option<(Duration, Duration)>,
}

#[derive(Debug, clap::Args)]
struct FitArguments {
    /// A fault trace, CSV or Parquet.
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// What to fit.
    #[arg(long, value_enum, default_value_t = ColumnName::Duration)]
    column: ColumnName,
    #[command(flatten)]
    selection: SelectionArguments,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ColumnName {
    /// How long faults last
    Duration,
    /// Between the starts of faults of one node
    Gap,
    /// Between the starts of faults of all nodes
    ClusterGap,
}

#[derive(Debug, clap::Args)]
struct SynthArguments {
    /// A file of parameters, as in datasets/parameters.
    #[arg(value_name = "PARAMETERS", value_hint = clap::ValueHint::FilePath)]
    parameters: PathBuf,
    /// Which of its models; default: the file's own default.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Nodes that may fail.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    nodes: u32,
    /// Length in days.
    #[arg(long, value_name = "D", value_parser = days)]
    days: f64,
    /// The seed of every draw.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Begins with fresh nodes, not as if they had run for ever.
    #[arg(long)]
    fresh: bool,
    /// Where to.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: PathBuf,
}

#[expect(clippy::needless_pass_by_value, reason = "the parser hands over a String")]
fn format(name: String) -> Format {
    Format::named(&name).expect("only names of formats are admitted")
}

fn window(text: &str) -> Result<(Duration, Duration), String> {
    let (from, to) = text.split_once("..").ok_or("expected FROM..TO, such as 0d..365d")?;
    let (from, to) = (parse_time(from.trim())?, parse_time(to.trim())?);
    if from < to { Ok((from, to)) } else { Err(format!("the window ends at {to}, not after its beginning at {from}")) }
}

fn days(text: &str) -> Result<f64, String> {
    let days = text.parse::<f64>().ok().filter(|days| *days > 0.0 && *days <= 36_500.0);
    days.ok_or_else(|| "expected a number of days above 0, at most 36500".to_owned())
}

impl SelectionArguments {
    fn resolve(&self) -> Selection {
        Selection { domain: self.select.clone(), window: self.window }
    }

    fn is_empty(&self) -> bool {
        self.select.is_none() && self.window.is_none()
    }
}

/// Does what was asked.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        DatasetCommand::List => list(),
        DatasetCommand::Import(arguments) => import(arguments),
        DatasetCommand::Fit(arguments) => fit(arguments),
        DatasetCommand::Synth(arguments) => synth(arguments),
    }
}

/// Files that cannot be written are failures; everything else is wrong input.
fn failure(error: DatasetFileError) -> Failure {
    match error {
        DatasetFileError::File(ref file) if file.action == "write" || file.action == "make" => Failure::Failed(error.to_string()),
        error => Failure::Invalid(error.to_string()),
    }
}

fn list() -> Result<(), Failure> {
    let mut text = String::new();
    for info in &FORMATS {
        let found = match datasets::originals(info.format).len() {
            0 => "no original here".to_owned(),
            1 => "1 original here".to_owned(),
            count => format!("{count} originals here"),
        };
        text.push_str(&format!("{}  {}\n", paint(Style::Strong, info.name), paint(Style::Dim, &found)));
        text.push_str(&format!("    {}\n    expects: {}\n", info.description, shortened(info.expects, 110)));
    }
    text.push_str(&format!("\nOriginals are looked for in {}.\n", datasets::folder().display()));
    output::print(&text)
}

fn shortened(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn import(arguments: &ImportArguments) -> Result<(), Failure> {
    let Some(format) = arguments.format else { return list() };
    let path = datasets::locate(format, arguments.file.as_deref()).map_err(failure)?;
    let data = match datasets::import(format, &path).map_err(failure)? {
        Imported::Trace(trace) => Imported::Trace(arguments.selection.resolve().of(trace).map_err(failure)?),
        _ if !arguments.selection.is_empty() => {
            return Err(Failure::Invalid(format!(
                "`{}` is no fault trace, so --select and --window say nothing: leave them out",
                format.info().name
            )));
        }
        data => data,
    };
    output::message(&format!("{}: {}", path.display(), about(&data)));
    match &arguments.out {
        Some(out) => write(out, &data),
        None => output::print(&datasets::to_text(&data)),
    }
}

fn write(out: &Path, data: &Imported) -> Result<(), Failure> {
    for path in datasets::write(out, data).map_err(failure)? {
        output::message(&format!("written: {}", path.display()));
    }
    Ok(())
}

/// A data set in one line.
fn about(data: &Imported) -> String {
    match data {
        Imported::Trace(trace) => about_trace(trace),
        Imported::Parameters(file) => format!("{} models and {} distributions", file.models().count(), file.distributions.len()),
        Imported::Slowness(drives) => format!("{} drives", drives.len()),
        Imported::Speeds(nodes) => format!("{} machines", nodes.len()),
        Imported::Counts(counts) => format!(
            "{} requests in {}, {:.2} a second, at most {}",
            grouped(counts.total()),
            counts.length(),
            counts.mean(),
            counts.peak()
        ),
        Imported::Arrivals(arrivals) => format!("{} arrivals", grouped(arrivals.as_slice().len() as u64)),
        Imported::Rtt(matrix) => format!("{} places, {} pairs missing", matrix.len(), matrix.missing().len()),
    }
}

fn about_trace(trace: &FaultTrace) -> String {
    let summary = trace.summary();
    let dropped = match trace.meta.dropped_rows_without_node {
        0 => String::new(),
        count => format!(", {count} rows without a node left out"),
    };
    let days = (trace.end().as_nanos() as f64 / 1e9) / SECONDS_PER_DAY;
    let rows = grouped(summary.rows as u64);
    let nodes = summary.nodes_with_events;
    let watched = trace.population();
    format!("{rows} faults of {nodes} nodes ({watched} watched) in {days:.1} days{dropped}")
}

fn fit(arguments: &FitArguments) -> Result<(), Failure> {
    let trace = datasets::read_trace(&arguments.file).map_err(failure)?;
    let summary = arguments.selection.resolve().of(trace).map_err(failure)?.summary();
    let (sample, what) = match arguments.column {
        ColumnName::Duration => (summary.duration, "durations of faults"),
        ColumnName::Gap => (summary.node_interarrival, "times between starts of faults of one node"),
        ColumnName::ClusterGap => (summary.cluster_interarrival, "times between starts of faults of all nodes"),
    };
    let values = sample.map(|sample| sample.values).unwrap_or_default();
    let report = fit::fit(&values).map_err(|error| Failure::Invalid(format!("{}, {what}: {error}", arguments.file.display())))?;
    if arguments.json { output::print_json(&fit_json(&report, what)) } else { output::print(&fit_text(&report, what)) }
}

fn fit_json(report: &FitReport, what: &str) -> serde_json::Value {
    let fits: Vec<_> = report
        .fits
        .iter()
        .map(|fit| {
            json!({
                "model": fit.model,
                "log_likelihood": fit.log_likelihood,
                "aic": fit.aic,
                "kolmogorov_smirnov": { "statistic": fit.kolmogorov_smirnov.statistic, "p_value": fit.kolmogorov_smirnov.p_value },
                "anderson_darling": fit.anderson_darling,
            })
        })
        .collect();
    json!({ "values": what, "unit": "s", "count": report.count, "zero_fraction": report.zero_fraction, "mean": report.mean, "fits": fits })
}

fn fit_text(report: &FitReport, what: &str) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["family, parameters (s)", "log-likelihood", "AIC", "KS distance", "A²"]);
    for fit in &report.fits {
        table.add_row([
            fit.model.to_string(),
            format!("{:.1}", fit.log_likelihood),
            format!("{:.1}", fit.aic),
            format!("{:.4}", fit.kolmogorov_smirnov.statistic),
            format!("{:.1}", fit.anderson_darling),
        ]);
    }
    for column in 1..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let zeros = report.zero_fraction * 100.0;
    let head = format!("{} {what}, mean {:.0} s, {zeros:.2} % zero and left out", grouped(report.count as u64), report.mean);
    let foot = "Best first. AIC: smaller is better, differences above 10 are decisive. KS: largest distance between the fitted and the observed distribution.";
    format!("{}\n{table}\n{}\n", paint(Style::Strong, &head), paint(Style::Dim, foot))
}

fn synth(arguments: &SynthArguments) -> Result<(), Failure> {
    let SynthArguments { parameters, model, nodes, days, seed, fresh, out } = arguments;
    let length = Duration::from_secs_f64(days * SECONDS_PER_DAY);
    let start = if *fresh { Start::Fresh } else { Start::Stationary };
    let plan = Plan { nodes: *nodes, length, seed: Seed(*seed), start };
    let data = datasets::synthesise(parameters, model.as_deref(), &plan).map_err(failure)?;
    output::message(&about(&data));
    write(out, &data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_two_ends_in_order() {
        let day = Duration::from_secs(86_400);
        assert_eq!(window("0s..1d"), Ok((Duration::ZERO, day)));
        assert!(window("1d").is_err() && window("2d..1d").unwrap_err().contains("not after"));
    }

    #[test]
    fn days_may_be_parts_of_one() {
        assert_eq!(days("0.5"), Ok(0.5));
        assert!(days("0").is_err() && days("nan").is_err() && days("x").is_err());
    }
}
