//! A run while it runs: the cluster, key figures, and the series as it grows.

use egui::{Ui, vec2};
use hms_lab::plots::{Chart, ChartCurve};
use hms_lab::trial::SeriesRow;

use super::absence;
use crate::command::Command;
use crate::view::View;
use crate::view::live::{FLIGHTS_MAX, Live};
use crate::widgets::chart::{Shown, chart_ui};
use crate::widgets::figures::percent;
use crate::widgets::topology::{Picture, messages_legend, topology_ui};

/// What the panel alone knows.
#[derive(Default)]
pub(super) struct LivePanel;

/// Speeds that are offered: simulated seconds per second.
const SPEEDS: [Option<f64>; 6] = [Some(0.1), Some(1.0), Some(5.0), Some(20.0), Some(100.0), None];

fn speed_name(speed: Option<f64>) -> String {
    speed.map_or_else(|| "flat out".to_owned(), |speed| format!("{speed} x real time"))
}

impl LivePanel {
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        let Some(live) = &view.live else {
            let text = match view.run() {
                Some(run) => format!(
                    "{} has ended: Timeline, Time travel and Recovery show it. Run another one to watch it here.",
                    run.label
                ),
                None => "Nothing runs. Press Run in Launch (Ctrl+Enter) to watch a cluster break and heal.".to_owned(),
            };
            ui.horizontal_wrapped(|ui| {
                ui.label("The next run goes at");
                speeds(ui, view.speed, commands);
            });
            return absence(ui, &text);
        };
        controls(ui, live, view.speed, commands);
        figures(ui, live);
        messages_legend(ui);
        let height = (ui.available_height() - 190.0).max(120.0);
        let picture = Picture {
            topology: &live.topology,
            places: &live.places,
            truth: &live.truth,
            cuts: &live.cuts,
            flights: &live.flights,
            chosen: view.node,
        };
        if let Some(node) = topology_ui(ui, vec2(ui.available_width(), height), &picture) {
            commands.push(Command::SelectNode(Some(node)));
        }
        let chart = requests(&live.series, format!("{} seed {}", live.scenario, live.seed));
        let shown = Shown { id: "live requests", height: 180.0, cursor: None, link: None, from_zero: true };
        chart_ui(ui, &chart, &shown, commands);
    }
}

fn controls(ui: &mut Ui, live: &Live, speed: Option<f64>, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        if ui.button(if live.paused { "Go on" } else { "Pause" }).clicked() {
            commands.push(Command::Pause(!live.paused));
        }
        if ui.button("Cancel").clicked() {
            commands.push(Command::Cancel);
        }
        speeds(ui, speed, commands);
    });
}

/// How fast this run goes, or the next one.
fn speeds(ui: &mut Ui, chosen: Option<f64>, commands: &mut Vec<Command>) {
    for speed in SPEEDS {
        if ui.selectable_label(chosen == speed, speed_name(speed)).clicked() {
            commands.push(Command::Speed(speed));
        }
    }
}

fn figures(ui: &mut Ui, live: &Live) {
    let ready = live.truth.agents_ready();
    let (mut answered, mut ended) = (0, 0);
    for row in &live.series {
        answered += row.requests.succeeded + row.requests.degraded;
        ended += row.requests.ended();
    }
    let share = if ended > 0 { percent(answered as f64 / ended as f64) } else { "–".to_owned() };
    ui.label(format!(
        "{} of {}   {} events ({:.2} M/s)   agents ready {ready} of {}   suspicions {}   faults that act {}   recoveries under way {}   messages on their way {}   answered in time {share}",
        live.now,
        live.end,
        live.events,
        live.rate / 1e6,
        live.places.agents.len(),
        live.truth.suspicions.len(),
        live.truth.faults.len(),
        live.truth.recoveries.len(),
        count(live.flights.len()),
    ));
}

/// A count that is cut off at what is drawn.
fn count(flights: usize) -> String {
    if flights >= FLIGHTS_MAX { format!("{FLIGHTS_MAX} or more") } else { flights.to_string() }
}

/// Requests answered and failed per second.
fn requests(series: &[SeriesRow], subtitle: String) -> Chart {
    let mut from = 0.0;
    let mut curves = [("answered", Vec::new()), ("failed", Vec::new())];
    for row in series {
        let at = row.at.as_secs_f64();
        let width = (at - from).max(1e-9);
        curves[0].1.push([at, (row.requests.succeeded + row.requests.degraded) as f64 / width]);
        curves[1].1.push([at, row.requests.failed as f64 / width]);
        from = at;
    }
    Chart {
        title: "Requests".to_owned(),
        subtitle,
        across: "simulated time (s)".to_owned(),
        up: "requests (1/s)".to_owned(),
        curves: curves.into_iter().map(|(name, points)| ChartCurve { name: name.to_owned(), points, dots: false }).collect(),
        bands: Vec::new(),
    }
}
