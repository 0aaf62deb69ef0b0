//! What a person reads after a run: what failed, what healed, how fast, at what cost.

use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use hms_lab::machine::{Cause, Component, Duration, Instant};
use hms_lab::scenario::model::Scenario;
use hms_lab::trial::{Incident, Notice, Outcome, Recovery, SeriesRow, Unit};

use crate::style::{Style, paint};

/// Columns of the charts.
const CHART_WIDTH: usize = 72;
/// Rows of the table of incidents; the rest is counted.
const INCIDENTS_SHOWN: usize = 24;

/// The whole summary.
pub(crate) fn summary(scenario: &Scenario, outcome: &Outcome, wall: std::time::Duration) -> String {
    let mut text = String::new();
    headline(&mut text, scenario, outcome, wall);
    incidents(&mut text, outcome);
    checks(&mut text, outcome);
    charts(&mut text, scenario, outcome);
    figures(&mut text, outcome);
    text
}

fn headline(text: &mut String, scenario: &Scenario, outcome: &Outcome, wall: std::time::Duration) {
    let simulated = scenario.run.duration;
    let rate = outcome.events as f64 / wall.as_secs_f64().max(1e-9) / 1e6;
    let title = paint(Style::Strong, &scenario.name);
    let _ = writeln!(
        text,
        "{title}  seed {}  {simulated} simulated in {:.1} s  {} events ({rate:.1} M/s)",
        outcome.seed.0,
        wall.as_secs_f64(),
        grouped(outcome.events),
    );
    let _ =
        writeln!(text, "{} hosts, {} services, trace {}", scenario.cluster.hosts.len(), scenario.services.len(), outcome.hash);
    if !scenario.description.is_empty() {
        let _ = writeln!(text, "{}", paint(Style::Dim, &scenario.description));
    }
    let _ = writeln!(text);
}

fn incidents(text: &mut String, outcome: &Outcome) {
    if outcome.incidents.is_empty() {
        let _ = writeln!(text, "No faults.\n");
        return;
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["at", "fault", "struck", "lasted", "noticed", "as", "done", "restored", "verified"]);
    for incident in outcome.incidents.iter().take(INCIDENTS_SHOWN) {
        table.add_row(incident_row(incident));
    }
    for column in [0, 3, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let _ = writeln!(text, "{}", table.trim_fmt());
    let more = outcome.incidents.len().saturating_sub(INCIDENTS_SHOWN);
    if more > 0 {
        let _ = writeln!(text, " … and {more} more (all in incidents.parquet)");
    }
    let legend = "noticed: by which node, after the fault's first effect; as: what it saw; done: rungs of the recovery ladder;\nrestored: service, after the notice (! no capacity was left); verified: the first actions, by the stack and by a request answered";
    let _ = writeln!(text, "{}\n", paint(Style::Dim, legend));
}

fn incident_row(incident: &Incident) -> [String; 9] {
    let nothing = || "–".to_owned();
    let lasted = match incident.end {
        Some(end) if end > incident.start => short(end - incident.start),
        Some(_) => "·".to_owned(),
        None => "to the end".to_owned(),
    };
    let noticed = match (incident.detector, incident.detection_time()) {
        (Some(node), Some(time)) => format!("{node} {}", short(time)),
        (None, _) | (_, None) => nothing(),
    };
    let saw = incident.cause.map(Cause::name).or(incident.notice.map(Notice::name));
    let mark = if incident.possible { "" } else { "!" };
    let restored = match (incident.restored, incident.service_recovery()) {
        (Some(_), Some(time)) => paint(Style::Good, &(short(time) + mark)),
        (Some(_), None) => paint(Style::Dim, "by itself"),
        (None, _) => paint(Style::Bad, &format!("not{mark}")),
    };
    let verified = match incident.first_attempt() {
        None => nothing(),
        Some(true) => paint(Style::Good, "at once"),
        Some(false) if incident.recoveries.iter().any(Recovery::succeeded) => "later".to_owned(),
        Some(false) => paint(Style::Bad, "no"),
    };
    [
        clock(incident.start),
        incident.kind.to_owned(),
        clipped(&incident.victims, 20),
        lasted,
        noticed,
        saw.map_or_else(nothing, str::to_owned),
        incident.rungs().map_or_else(nothing, |rungs| clipped(&rungs, 20)),
        restored,
        verified,
    ]
}

/// A figure that is promised.
struct Promise {
    name: &'static str,
    objective: &'static str,
    unit: Unit,
    target: &'static str,
    reached: fn(f64) -> bool,
}

const fn promise(
    name: &'static str,
    objective: &'static str,
    unit: Unit,
    target: &'static str,
    reached: fn(f64) -> bool,
) -> Promise {
    Promise { name, objective, unit, target, reached }
}

const PROMISES: [Promise; 7] = [
    promise("noticed p99", "detection_p99", Unit::Seconds, "< 1 s", |value| value < 1.0),
    promise("false positives", "false_positive_share", Unit::Ratio, "< 1 %", |value| value < 0.01),
    promise("restored p95", "service_recovery_p95", Unit::Seconds, "< 5 s", |value| value < 5.0),
    promise("first attempts", "first_attempt", Unit::Ratio, ">= 95 %", |value| value >= 0.95),
    promise("entries kept", "state_kept", Unit::Ratio, "> 99 %", |value| value > 0.99),
    promise("cascades", "cascades", Unit::Count, "0", |value| value == 0.0),
    promise("CPU of breakers", "overhead_cpu_breaker", Unit::Ratio, "< 1 %", |value| value < 0.01),
];

/// What the checkers found, with the figure that is promised where there is one.
fn checks(text: &mut String, outcome: &Outcome) {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["checked", "found", "promised", ""]);
    for promise in PROMISES {
        let Some(value) = outcome.objective(promise.objective) else { continue };
        let verdict = if (promise.reached)(value) { paint(Style::Good, "pass") } else { paint(Style::Bad, "FAIL") };
        table.add_row([promise.name.to_owned(), with_unit(value, promise.unit), promise.target.to_owned(), verdict]);
    }
    let _ = writeln!(text, "{}", table.trim_fmt());
    for cascade in &outcome.findings.cascades {
        let cause = cascade.incident.and_then(|fault| outcome.incidents.iter().find(|incident| incident.fault == fault));
        let after = cause.map_or_else(String::new, |incident| format!(" after {}", incident.kind));
        let _ = writeln!(
            text,
            "{}",
            paint(Style::Bad, &format!(" cascade at {}: {}{after}", clock(cascade.at), cascade.kind.name()))
        );
    }
    let overhead = &outcome.findings.overhead;
    let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| with_unit(share, Unit::Ratio));
    let told = Component::ALL
        .iter()
        .zip(overhead.by_component)
        .map(|(component, shares)| format!("{} {} CPU, {} bytes", component.name(), share(shares.cpu), share(shares.bytes)));
    let _ = writeln!(text, " stack: {}", told.collect::<Vec<_>>().join("; "));
    let _ = writeln!(text);
}

fn charts(text: &mut String, scenario: &Scenario, outcome: &Outcome) {
    let series = &outcome.recorder.series;
    if series.len() < 2 {
        return;
    }
    let seconds = scenario.run.sample_every.as_secs_f64();
    let goodput = binned(series, |row| row.requests.succeeded as f64 / seconds, Bin::Mean);
    let degraded = binned(series, |row| row.requests.degraded as f64 / seconds, Bin::Mean);
    let failed = binned(series, |row| row.requests.failed as f64 / seconds, Bin::Mean);
    let slow = binned(series, |row| row.latency_p99.as_millis_f64(), Bin::Max);
    let ready = binned(series, |row| f64::from(row.agents_ready), Bin::Min);
    if scenario.loads.is_empty() {
        chart(text, "agents ready", &ready, "");
    } else {
        chart(text, "answered/s", &goodput, "");
        // Most runs have no substitutes.
        if degraded.iter().any(|rate| *rate > 0.0) {
            chart(text, "degraded/s", &degraded, "");
        }
        chart(text, "failed/s", &failed, "");
        chart(text, "p99 latency", &slow, " ms");
        chart(text, "agents ready", &ready, "");
    }
    let marks = fault_marks(scenario, outcome, goodput.len());
    let _ = writeln!(
        text,
        "{:>13} {}  {}",
        "faults",
        paint(Style::Bad, &marks),
        paint(Style::Dim, &format!("0 to {}", scenario.run.duration))
    );
    let _ = writeln!(text);
}

fn chart(text: &mut String, label: &str, values: &[f64], unit: &str) {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let top = values.iter().copied().fold(0.0, f64::max);
    let bars: String = values
        .iter()
        .map(|value| if top > 0.0 && *value > 0.0 { BLOCKS[((value / top * 7.0).round() as usize).min(7)] } else { ' ' })
        .collect();
    let _ = writeln!(
        text,
        "{label:>13} {}  {}",
        paint(Style::Chart, &bars),
        paint(Style::Dim, &format!("max {}{unit}", figure(top)))
    );
}

#[derive(Clone, Copy)]
enum Bin {
    Mean,
    Min,
    Max,
}

/// The series folded into at most [`CHART_WIDTH`] columns.
fn binned(series: &[SeriesRow], read: impl Fn(&SeriesRow) -> f64, bin: Bin) -> Vec<f64> {
    let width = CHART_WIDTH.min(series.len());
    (0..width)
        .map(|column| {
            let rows = &series[column * series.len() / width..(column + 1) * series.len() / width];
            let values = rows.iter().map(&read);
            match bin {
                Bin::Mean => values.sum::<f64>() / rows.len() as f64,
                Bin::Min => values.fold(f64::INFINITY, f64::min),
                Bin::Max => values.fold(0.0, f64::max),
            }
        })
        .collect()
}

fn fault_marks(scenario: &Scenario, outcome: &Outcome, width: usize) -> String {
    let end = scenario.run.duration.as_nanos().max(1);
    let column = |at: Instant| ((u128::from(at.as_nanos()) * width as u128 / u128::from(end)) as usize).min(width - 1);
    let mut marks = vec![' '; width];
    for incident in &outcome.incidents {
        let last = incident.end.map_or(width - 1, column);
        let first = column(incident.start);
        marks[first..=last.max(first)].iter_mut().for_each(|mark| *mark = if *mark == ' ' { '─' } else { '═' });
    }
    for incident in &outcome.incidents {
        marks[column(incident.start)] = '┃';
    }
    marks.into_iter().collect()
}

fn figures(text: &mut String, outcome: &Outcome) {
    const SHOWN: [(&str, &str); 12] = [
        ("availability", "requests answered"),
        ("goodput", "goodput"),
        ("latency_p50", "latency p50"),
        ("latency_p99", "latency p99"),
        ("latency_all_p999", "p99.9 with failed ones"),
        ("node_availability", "node-time up"),
        ("detection_p99", "noticed p99"),
        ("recovery_p95", "healed p95"),
        ("false_positives", "false suspicions"),
        ("state_kept", "state kept"),
        ("overhead_cpu", "stack CPU"),
        ("overhead_bytes", "stack bytes"),
    ];
    let cells: Vec<String> = SHOWN
        .iter()
        .filter_map(|(name, label)| {
            let objective = outcome.objectives.iter().find(|objective| objective.definition.name == *name)?;
            let shown = objective.value.map_or_else(|| "–".to_owned(), |value| with_unit(value, objective.definition.unit));
            Some(format!("{label:>22}  {shown:<18}"))
        })
        .collect();
    for row in cells.chunks(2) {
        let _ = writeln!(text, "{}", row.concat().trim_end());
    }
}

/// A value with its unit, as a person would say it.
pub(crate) fn with_unit(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio if value > 0.99 && value < 1.0 => format!("{:.3} %", value * 100.0),
        Unit::Ratio => format!("{:.2} %", value * 100.0),
        Unit::Seconds => short(Duration::from_secs_f64(value)),
        Unit::Count => format!("{value:.0}"),
        Unit::PerSecond => format!("{}/s", figure(value)),
        Unit::PerNodeHour => format!("{} per node and h", figure(value)),
        Unit::PerNodeSecond => format!("{} per node and s", figure(value)),
        Unit::BytesPerNodeSecond => format!("{} B per node and s", figure(value)),
    }
}

/// Three significant digits.
fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 || value == 0.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// A duration with three significant digits.
pub(crate) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        0.0 => "0 s".to_owned(),
        s if s < 0.0005 => format!("{} us", figure(s * 1e6)),
        s if s < 1.0 => format!("{} ms", figure(s * 1e3)),
        s if s < 120.0 => format!("{} s", figure(s)),
        s if s < 7200.0 => format!("{} min", figure(s / 60.0)),
        s if s < 172_800.0 => format!("{} h", figure(s / 3600.0)),
        s => format!("{} d", figure(s / 86_400.0)),
    }
}

/// A point of simulated time: `1:05.2` or `3d 04:10`.
fn clock(at: Instant) -> String {
    let tenths = at.as_nanos() / 100_000_000;
    let (seconds, tenth) = (tenths / 10, tenths % 10);
    if seconds >= 86_400 {
        return format!("{}d {:02}:{:02}", seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    }
    if seconds >= 3600 {
        return format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    format!("{}:{:02}.{tenth}", seconds / 60, seconds % 60)
}

fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width - 1).collect();
    format!("{kept}…")
}

/// A number with thousands separated by spaces.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut groups: Vec<&str> = Vec::new();
    if first > 0 {
        groups.push(&digits[..first]);
    }
    groups.extend((first..digits.len()).step_by(3).map(|start| &digits[start..start + 3]));
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1 000", "1 234 567"]);
    }

    #[test]
    fn times_of_a_run_read_like_a_clock() {
        let at = |seconds: f64| clock(Instant::ZERO + Duration::from_secs_f64(seconds));
        assert_eq!([at(5.25), at(65.0), at(3_725.0), at(90_000.0)], ["0:05.2", "1:05.0", "1:02:05", "1d 01:00"]);
    }

    #[test]
    fn durations_have_three_significant_digits() {
        let shown = [0.000_012, 0.004_56, 0.512, 12.34, 300.0].map(|seconds| short(Duration::from_secs_f64(seconds)));
        assert_eq!(shown, ["12.0 us", "4.56 ms", "512 ms", "12.3 s", "5.00 min"]);
    }
}
