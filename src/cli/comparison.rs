//! What a person reads of a campaign: the runs before they are made, and the configurations side by side after it.

use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use hms_lab::campaign::{Campaign, Configuration, End, Run, Summary, Sweep};
use hms_lab::evolve::proof::bootstrap::Interval;
use hms_lab::statistics::Estimate;
use hms_lab::trial::{DEFINITIONS, Definition, Unit};

use crate::style::{Style, paint};
use crate::summary::with_unit;

/// Digits of an id that are shown; enough to name it.
const ID_SHOWN: usize = 12;
/// Failed runs that are listed; the rest is counted.
const FAILURES_SHOWN: usize = 12;

/// The runs that would be made.
pub(crate) fn plan(campaign: &Campaign, places: &[usize]) -> String {
    let mut text = String::new();
    let columns = Columns::new(campaign);
    let mut table = Table::new();
    let head = ["run", "#"].map(str::to_owned).into_iter().chain(columns.heads()).chain(["replicate", "seed"].map(str::to_owned));
    table.load_style(NOTHING).set_header(head);
    for place in places {
        let run = campaign.run(*place);
        let cells = [run.id()[..ID_SHOWN].to_owned(), run.configuration.to_string()];
        let told = columns.cells(&campaign.configurations[run.configuration]);
        table.add_row(cells.into_iter().chain(told).chain([run.replicate.to_string(), run.inputs.seed().0.to_string()]));
    }
    let _ = writeln!(text, "{}", table.trim_fmt());
    let _ = writeln!(text, "\n{}", size(campaign));
    if places.len() < campaign.run_count() {
        let _ = writeln!(text, "{} of them are shown.", places.len());
    }
    text
}

/// The configurations side by side, best first.
pub(crate) fn table(campaign: &Campaign, sweep: &Sweep<'_>, wall: std::time::Duration) -> String {
    let mut text = String::new();
    let summary = sweep.summary();
    let hash = sweep.results_hash().map_or_else(String::new, |hash| format!("  results {}", &hash[..16]));
    let title = paint(Style::Strong, &campaign.name);
    let _ = writeln!(text, "{title}  {}  {:.1} s{hash}", size(campaign), wall.as_secs_f64());
    if !campaign.description.is_empty() {
        let _ = writeln!(text, "{}", paint(Style::Dim, &campaign.description));
    }
    let _ = writeln!(text, "\n{}\n", side_by_side(campaign, &summary));
    let _ = writeln!(text, "{}", paint(Style::Dim, &legend(campaign, &summary)));
    failed(&mut text, campaign, sweep.ends());
    text
}

/// The objectives of one run.
pub(crate) fn one_run(campaign: &Campaign, place: usize, end: Option<&End>) -> String {
    let mut text = String::new();
    let run = campaign.run(place);
    let name = campaign.configurations[run.configuration].name();
    let title = paint(Style::Strong, run.id());
    let _ = writeln!(
        text,
        "{title}  configuration {}, replicate {}, seed {}\n{name}\n",
        run.configuration,
        run.replicate,
        run.inputs.seed().0
    );
    match end {
        None => text.push_str("It has not been run.\n"),
        Some(End::Failed(reason)) => {
            let _ = writeln!(text, "{} {reason}", paint(Style::Bad, "failed:"));
        }
        Some(End::Measured { trace_hash, events, objectives }) => {
            let _ = writeln!(text, "trace {trace_hash}, {events} events\n");
            for (definition, value) in DEFINITIONS.iter().zip(objectives) {
                let value = value.map_or_else(|| "–".to_owned(), |value| with_unit(value, definition.unit));
                let _ = writeln!(text, "{:>22}  {value}", definition.name);
            }
        }
    }
    text
}

/// The runs that failed, with the reason.
pub(crate) fn failures<'a>(campaign: &'a Campaign, ends: &'a [Option<End>]) -> impl Iterator<Item = (Run, &'a str)> {
    let reason = |end: &'a Option<End>| end.as_ref().and_then(End::reason);
    ends.iter().enumerate().filter_map(move |(place, end)| Some((campaign.run(place), reason(end)?)))
}

fn size(campaign: &Campaign) -> String {
    let (configurations, replicates) = (campaign.configurations.len(), campaign.replicates);
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    format!(
        "{} × {} = {}",
        plural(configurations, "configuration"),
        plural(replicates as usize, "replicate"),
        plural(campaign.run_count(), "run")
    )
}

fn side_by_side(campaign: &Campaign, summary: &Summary) -> String {
    let columns = Columns::new(campaign);
    let first = campaign.objectives[0];
    let partial = summary.configurations.iter().any(|found| found.failed + found.missing > 0);
    let compares = summary.configurations.iter().any(|found| found.baseline.is_some());
    let mut table = Table::new();
    let mut head = vec![String::new(), "#".to_owned()];
    head.extend(columns.heads());
    let texts = head.len();
    head.extend(partial.then(|| "runs".to_owned()));
    head.extend(campaign.objectives.iter().map(|objective| headed(objective)));
    head.extend(compares.then(|| format!("Δ {}", first.name)));
    let width = head.len();
    table.load_style(NOTHING).set_header(head);
    for (rank, place) in summary.ranking.iter().enumerate() {
        let (configuration, found) = (&campaign.configurations[*place], &summary.configurations[*place]);
        let best = rank == 0 && found.means[position(first)].is_some();
        let mut row = vec![if best { "*" } else { "" }.to_owned(), place.to_string()];
        row.extend(columns.cells(configuration));
        row.extend(partial.then(|| format!("{}/{}", found.measured, campaign.replicates)));
        row.extend(campaign.objectives.iter().map(|objective| mean(found.means[position(objective)], objective)));
        row.extend(compares.then(|| difference(found.differences[position(first)], first)));
        table.add_row(row);
    }
    for column in texts..width {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn legend(campaign: &Campaign, summary: &Summary) -> String {
    let first = campaign.objectives[0];
    let better = if first.maximise { "more" } else { "less" };
    let mut text = format!("* best by {} ({better} is better)", first.name);
    if campaign.replicates > 1 {
        text.push_str("; ±: 95 % interval of the mean over replicates");
    }
    if summary.configurations.iter().any(|found| found.baseline.is_some()) {
        let several = campaign.configurations.iter().any(|other| other.scenario != campaign.configurations[0].scenario);
        let to = if several { "the first configuration of the same scenario" } else { "configuration 0" };
        let _ = write!(text, "; Δ: difference to {to} on the same seeds, ! where its interval leaves out zero");
    }
    text
}

fn failed(text: &mut String, campaign: &Campaign, ends: &[Option<End>]) {
    let all: Vec<_> = failures(campaign, ends).collect();
    if all.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", paint(Style::Bad, &format!("{} failed:", all.len())));
    for (run, reason) in all.iter().take(FAILURES_SHOWN) {
        let id = &run.id()[..ID_SHOWN];
        let _ = writeln!(text, "  {id}  configuration {}, replicate {}: {reason}", run.configuration, run.replicate);
    }
    if all.len() > FAILURES_SHOWN {
        let _ = writeln!(text, "  … and {} more (column `reason` of runs.parquet)", all.len() - FAILURES_SHOWN);
    }
}

/// A mean with its interval, or a dash.
pub(crate) fn mean(found: Option<Estimate>, objective: &Definition) -> String {
    found.map_or_else(|| "–".to_owned(), |found| measured(found, objective.unit, ""))
}

/// A difference with its sign and its interval, marked where that leaves out zero.
pub(crate) fn difference(found: Option<Estimate>, objective: &Definition) -> String {
    let Some(found) = found else { return String::new() };
    let mark = if found.excludes_zero() { " !" } else { "  " };
    let sign = if found.mean < 0.0 { "−" } else { "+" };
    measured(Estimate { mean: found.mean.abs(), ..found }, objective.unit, sign) + mark
}

/// A difference with its sign and the ends of its interval in one unit.
pub(crate) fn difference_of(found: Interval, objective: &Definition) -> String {
    let largest = found.estimate.abs().max(found.low.abs()).max(found.high.abs());
    let (scale, name) = scale(objective.unit, largest);
    let half = 0.5 * (found.high - found.low) * scale;
    let digits = match half {
        half if half > 0.0 => digits(half, 2),
        _ if largest == 0.0 => 0,
        _ => digits(largest * scale, 4),
    };
    let [estimate, low, high] = [found.estimate, found.low, found.high].map(|value| {
        let sign = if value < 0.0 { "−" } else { "+" };
        format!("{sign}{:.digits$}", (value * scale).abs())
    });
    format!("{estimate} [{low}, {high}]{name}")
}

/// Factor and name of the unit in which values up to `largest` are shown.
fn scale(unit: Unit, largest: f64) -> (f64, &'static str) {
    match unit {
        Unit::Ratio => (100.0, " %"),
        Unit::Seconds => time_scale(largest),
        Unit::Count | Unit::PerSecond | Unit::PerNodeHour | Unit::PerNodeSecond | Unit::BytesPerNodeSecond => (1.0, ""),
    }
}

/// A mean with half its interval in one unit, as many digits as the interval is worth: `752.10 ± 0.87 ms`. Units other than those of time and
/// share stand in the head.
fn measured(found: Estimate, unit: Unit, sign: &str) -> String {
    let (scale, name) = scale(unit, found.mean.max(found.half_width.unwrap_or(0.0)));
    let (mean, half) = (found.mean * scale, found.half_width.map(|half| half * scale));
    match half {
        Some(half) if half > 0.0 => {
            let digits = digits(half, 2);
            format!("{sign}{mean:.digits$} ± {half:.digits$}{name}")
        }
        Some(_) => format!("{sign}{} ± 0{name}", plain(mean)),
        None => format!("{sign}{}{name}", plain(mean)),
    }
}

/// Up to four significant digits, without zeros at the end.
fn plain(value: f64) -> String {
    let text = format!("{value:.*}", digits(value, 4));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Digits behind the point that give `value` so many significant ones; at most six.
fn digits(value: f64, significant: i32) -> usize {
    let lead = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    usize::try_from(significant - 1 - lead).unwrap_or(0).min(6)
}

fn time_scale(seconds: f64) -> (f64, &'static str) {
    match seconds.abs() {
        s if s < 0.001 => (1e6, " us"),
        s if s < 1.0 => (1e3, " ms"),
        s if s < 120.0 => (1.0, " s"),
        s if s < 7_200.0 => (1.0 / 60.0, " min"),
        _ => (1.0 / 3_600.0, " h"),
    }
}

/// Name of an objective, with its unit where the values do not carry it.
pub(crate) fn headed(objective: &Definition) -> String {
    match objective.unit {
        Unit::Ratio | Unit::Seconds | Unit::Count => objective.name.to_owned(),
        unit @ (Unit::PerSecond | Unit::PerNodeHour | Unit::PerNodeSecond | Unit::BytesPerNodeSecond) => {
            format!("{}\n{}", objective.name, unit.symbol())
        }
    }
}

/// The place of an objective among the definitions.
pub(crate) fn position(objective: &Definition) -> usize {
    DEFINITIONS.iter().position(|definition| definition.name == objective.name).expect("objectives come from the definitions")
}

/// What tells configurations apart.
struct Columns<'a> {
    scenario: bool,
    case: bool,
    paths: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn new(campaign: &'a Campaign) -> Self {
        let first = &campaign.configurations[0];
        // What a case sets is told by its name.
        let told_by_case = |path: &&str| {
            campaign.configurations.iter().all(|one| {
                let same_case = campaign.configurations.iter().find(|other| other.case == one.case);
                one.case.is_some() && same_case.is_some_and(|other| other.setting(path) == one.setting(path))
            })
        };
        Columns {
            scenario: campaign.configurations.iter().any(|other| other.scenario != first.scenario),
            case: campaign.configurations.iter().any(|other| other.case != first.case),
            paths: campaign.varying_paths().into_iter().filter(|path| !told_by_case(path)).collect(),
        }
    }

    fn heads(&self) -> Vec<String> {
        let name = |path: &&str| path.split_once('.').map_or(*path, |(_, rest)| rest).to_owned();
        let fixed = [("scenario", self.scenario), ("case", self.case)];
        fixed
            .into_iter()
            .filter(|(_, shown)| *shown)
            .map(|(name, _)| name.to_owned())
            .chain(self.paths.iter().map(name))
            .collect()
    }

    fn cells(&self, configuration: &Configuration) -> Vec<String> {
        let setting = |path: &&str| configuration.setting(path).map_or_else(|| "·".to_owned(), |setting| setting.shown());
        let mut cells = Vec::new();
        cells.extend(self.scenario.then(|| configuration.scenario.clone()));
        cells.extend(self.case.then(|| configuration.case.clone().unwrap_or_default()));
        cells.extend(self.paths.iter().map(setting));
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_decides_how_many_digits_its_mean_is_worth() {
        let shown = |mean: f64, half_width: Option<f64>, unit| measured(Estimate { mean, half_width, count: 5 }, unit, "");
        assert_eq!(shown(0.752_1, Some(0.000_87), Unit::Seconds), "752.10 ± 0.87 ms");
        assert_eq!(shown(0.999_987, Some(0.000_012), Unit::Ratio), "99.9987 ± 0.0012 %");
        assert_eq!(shown(178.3, Some(25.0), Unit::PerNodeSecond), "178 ± 25");
        assert_eq!(shown(1.0, Some(0.0), Unit::Ratio), "100 ± 0 %");
        assert_eq!(shown(4.9612, None, Unit::Seconds), "4.961 s");
        assert_eq!(shown(0.0, None, Unit::Count), "0");
        assert_eq!(shown(5_400.0, Some(600.0), Unit::Seconds), "90 ± 10 min");
    }

    #[test]
    fn a_difference_shows_the_ends_of_its_interval_in_one_unit() {
        let shown = |estimate, low, high, unit| {
            let objective = DEFINITIONS.iter().find(|definition| definition.unit == unit).unwrap();
            difference_of(Interval { estimate, low, high }, objective)
        };
        assert_eq!(shown(-0.012, -0.02, 0.001, Unit::Ratio), "−1.2 [−2.0, +0.1] %");
        assert_eq!(shown(0.25, 0.2, 0.31, Unit::Seconds), "+250 [+200, +310] ms");
        assert_eq!(shown(0.0, 0.0, 0.0, Unit::Seconds), "+0 [+0, +0] us");
    }

    #[test]
    fn a_difference_shows_its_sign_and_whether_it_is_one() {
        let objective = &DEFINITIONS[0];
        let shown = |mean| difference(Some(Estimate { mean, half_width: Some(0.01), count: 3 }), objective);
        assert_eq!([shown(-0.5), shown(0.001)], ["−50.0 ± 1.0 % !", "+0.1 ± 1.0 %  "]);
    }
}
