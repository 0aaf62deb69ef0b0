//! Runs beside each other: every objective with its interval and difference, the curves of both, and where they part.

use egui::{Checkbox, ComboBox, RichText, ScrollArea, Ui};
use egui_extras::{Column, TableBuilder};
use hms_lab::export::Sheet;
use hms_lab::machine::Instant;
use hms_lab::plots::{Chart, ChartCurve};
use hms_lab::statistics::Estimate;
use hms_lab::trial::Unit;

use super::absence;
use super::campaign::CampaignPart;
use super::timeline::describe;
use crate::command::Command;
use crate::theme;
use crate::view::compare::{Compared, compare, first_difference, sets};
use crate::view::run::RunView;
use crate::view::{RunId, View};
use crate::widgets::chart::{Shown, chart_ui};
use crate::widgets::figures::figure;
use crate::widgets::table::save_table;

/// What the panel alone knows.
#[derive(Default)]
pub(super) struct ComparePanel {
    other: Option<RunId>,
    /// Which column of the series is drawn.
    column: usize,
    /// Objectives in which both are equal are shown as well.
    equal_too: bool,
    campaign: CampaignPart,
    /// What was compared last: it is computed once for each pair.
    cached: Option<Cached>,
}

struct Cached {
    one: RunId,
    other: RunId,
    runs: usize,
    rows: Vec<Compared>,
    parted: Option<usize>,
}

impl ComparePanel {
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        if let Some(campaign) = &view.campaign {
            self.campaign.ui(ui, campaign, commands);
        }
        let Some(one) = view.run() else {
            return absence(
                ui,
                "No run to compare. Run a scenario twice, with other stacks or seeds, or fork one in Time travel.",
            );
        };
        // A fork is held against its original where nobody has said otherwise.
        let known = |id: &RunId| *id != one.id && view.runs.iter().any(|run| run.id == *id);
        let original = one.forked.map(|(original, _)| original);
        self.other = self
            .other
            .filter(known)
            .or(original.filter(known))
            .or_else(|| view.runs.iter().rev().map(|run| run.id).find(|id| *id != one.id));
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(format!("{} against", one.label));
            let chosen = self.other.and_then(|id| view.runs.iter().find(|run| run.id == id));
            let combo = ComboBox::new("other run", "")
                .width(240.0)
                .selected_text(chosen.map_or("none", |run| run.label.as_str()))
                .show_ui(ui, |ui| {
                    for run in view.runs.iter().filter(|run| run.id != one.id) {
                        ui.selectable_value(&mut self.other, Some(run.id), format!("{}. {}", run.id.0, run.label));
                    }
                });
            combo.response.labelled_by(label.id);
        });
        let Some(other) = self.other.and_then(|id| view.runs.iter().find(|run| run.id == id)) else {
            return absence(ui, "There is only this run. Run another one to hold beside it.");
        };
        let cached = match self.cached.take() {
            Some(cached) if (cached.one, cached.other, cached.runs) == (one.id, other.id, view.runs.len()) => cached,
            Some(_) | None => {
                let [left, right] = sets(&view.runs, one, other);
                let rows = compare(&left, &right);
                Cached { one: one.id, other: other.id, runs: view.runs.len(), rows, parted: first_difference(one, other) }
            }
        };
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            parted(ui, one, other, cached.parted, commands);
            self.curves(ui, one, other, view, commands);
            ui.horizontal(|ui| {
                ui.add(Checkbox::new(&mut self.equal_too, "Also where both are equal"));
                save_table(ui, "Save comparison", commands, || sheet(one, other, &cached.rows));
            });
            objectives(ui, &cached.rows, self.equal_too);
        });
        self.cached = Some(cached);
    }

    fn curves(&mut self, ui: &mut Ui, one: &RunView, other: &RunView, view: &View, commands: &mut Vec<Command>) {
        let columns = &one.chronicle.columns;
        let Some(column) = columns.get(self.column) else { return };
        ui.horizontal(|ui| {
            let label = ui.label("Series");
            let combo = ComboBox::new("column", "").width(200.0).selected_text(column.name.replace('_', " ")).show_ui(ui, |ui| {
                for (place, column) in columns.iter().enumerate() {
                    ui.selectable_value(&mut self.column, place, column.name.replace('_', " ")).on_hover_text(column.help);
                }
            });
            combo.response.labelled_by(label.id);
        });
        let pixels = ui.available_width().max(100.0) as usize;
        let curve = |run: &RunView| {
            let pyramid = run.column(column.name)?;
            Some(ChartCurve {
                name: format!("{}. {}", run.id.0, run.label),
                points: pyramid.visible(0.0, run.length(), pixels),
                dots: false,
            })
        };
        let bands = one.chronicle.picture.faults.iter().take(200).map(|fault| (fault.start, fault.end.unwrap_or(one.length())));
        let chart = Chart {
            title: column.name.replace('_', " "),
            subtitle: column.help.to_owned(),
            across: "simulated time (s)".to_owned(),
            up: format!("{} per interval", column.unit),
            curves: [curve(one), curve(other)].into_iter().flatten().collect(),
            bands: bands.collect(),
        };
        let shown =
            Shown { id: "compared", height: 200.0, cursor: Some(view.instant.as_secs_f64()), link: None, from_zero: true };
        if let Some(at) = chart_ui(ui, &chart, &shown, commands) {
            commands.push(Command::Seek(Instant::from_nanos((at.max(0.0) * 1e9) as u64)));
        }
    }
}

/// Where two runs part: the first row of the trace that is not the same.
fn parted(ui: &mut Ui, one: &RunView, other: &RunView, row: Option<usize>, commands: &mut Vec<Command>) {
    let Some(row) = row else {
        ui.label("Their traces are the same, row by row.");
        return;
    };
    let at = [one, other].iter().filter_map(|run| run.chronicle.trace.get(row)).map(|row| row.at).min().unwrap_or_default();
    ui.horizontal_wrapped(|ui| {
        if ui.button(format!("They part at {at}")).on_hover_text("Look at this instant").clicked() {
            commands.push(Command::Seek(at));
        }
        for (run, color) in [(one, 0), (other, 1)] {
            let text = describe(run, row);
            let text = if text.is_empty() { "nothing more".to_owned() } else { text };
            ui.label(RichText::new(format!("{}: {text}", run.id.0)).color(theme::curve(color)));
        }
    });
}

fn objectives(ui: &mut Ui, rows: &[Compared], equal_too: bool) {
    let differs = |row: &&Compared| equal_too || row.difference.is_none_or(|difference| difference.mean != 0.0);
    let rows: Vec<&Compared> = rows.iter().filter(|row| row.one.is_some() || row.other.is_some()).filter(differs).collect();
    TableBuilder::new(ui)
        .id_salt("compared objectives")
        .striped(true)
        .vscroll(false)
        .column(Column::auto().at_least(170.0))
        .columns(Column::auto().at_least(120.0), 3)
        .column(Column::remainder())
        .header(20.0, |mut header| {
            for title in ["objective", "this", "other", "other - this", "verdict"] {
                header.col(|ui| {
                    ui.strong(title);
                });
            }
        })
        .body(|body| {
            body.rows(18.0, rows.len(), |mut row| {
                let compared = rows[row.index()];
                row.col(|ui| {
                    ui.label(compared.definition.name.replace('_', " ")).on_hover_text(compared.definition.help);
                });
                for estimate in [compared.one, compared.other, compared.difference] {
                    row.col(|ui| {
                        ui.label(shown(estimate, compared.definition.unit));
                    });
                }
                row.col(|ui| {
                    match compared.better() {
                        Some(true) => ui.colored_label(theme::GOOD, "better"),
                        Some(false) => ui.colored_label(theme::BAD, "worse"),
                        None => ui.weak("not certain"),
                    };
                });
            });
        });
}

fn sheet(one: &RunView, other: &RunView, rows: &[Compared]) -> Sheet {
    let mut sheet = Sheet::new(format!("{} against {}", one.label, other.label))
        .texts("objective", rows.iter().map(|row| Some(row.definition.name)))
        .texts("unit", rows.iter().map(|row| Some(row.definition.unit.symbol())));
    type Side = fn(&Compared) -> Option<Estimate>;
    let sides: [(&str, Side); 3] = [("this", |row| row.one), ("other", |row| row.other), ("difference", |row| row.difference)];
    for (name, of) in sides {
        sheet = sheet
            .numbers(name, rows.iter().map(|row| of(row).map(|estimate| estimate.mean)))
            .numbers(format!("{name}, half the interval"), rows.iter().map(|row| of(row)?.half_width));
    }
    sheet
}

/// A mean with half the width of its interval, where there are several runs.
fn shown(estimate: Option<Estimate>, unit: Unit) -> String {
    let Some(estimate) = estimate else { return "–".to_owned() };
    let mean = figure(Some(estimate.mean), unit);
    estimate.half_width.map_or_else(|| mean.clone(), |half| format!("{mean} ± {}", figure(Some(half), unit)))
}
