//! Runs beside each other: every objective with its interval and difference, the curves of both, and where they part.

use egui::{Checkbox, CollapsingHeader, ComboBox, RichText, ScrollArea, Ui};
use egui_extras::{Column, TableBuilder};
use hms_lab::comparison::{Better, Compared, Difference, LEVEL};
use hms_lab::evolve::proof::bootstrap::Interval;
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
use crate::view::compare::{Held, Question, Row};
use crate::view::draft::quoted;
use crate::view::run::RunView;
use crate::view::{RunId, View};
use crate::widgets::chart::{Shown, chart_ui, columns_of};
use crate::widgets::figures::figure;
use crate::widgets::table::save_table;

/// What the panel alone knows.
#[derive(Default)]
pub(super) struct ComparePanel {
    other: Option<RunId>,
    /// Which column of the series is drawn.
    column: usize,
    /// Every objective is compared, in place of the few by which stacks are judged.
    every: bool,
    campaign: CampaignPart,
    /// What was asked last: each question is asked once.
    asked: Option<Question>,
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
        let question = Question { one: one.id, other: other.id, runs: view.runs.len(), every: self.every };
        if self.asked != Some(question) {
            self.asked = Some(question);
            commands.push(Command::Compare(question));
        }
        // Until the answer is there, the one to another extent of the same question stands.
        let pair = |held: &&Held| (held.question.one, held.question.other) == (one.id, other.id);
        let held = view.comparison.as_deref().filter(pair);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            if let Some(held) = held {
                parted(ui, one, other, held.parted, commands);
            }
            self.curves(ui, one, other, view, commands);
            ui.horizontal_wrapped(|ui| {
                ui.add(Checkbox::new(&mut self.every, "Every objective"))
                    .on_hover_text("In place of the few by which stacks are judged; the correction is then stricter.");
                if let Some(held) = held {
                    save_table(ui, "Save comparison", commands, || sheet(one, other, &held.rows));
                }
                if let Some(line) = command_line(one, other, held, self.every)
                    && ui.button("Copy command").on_hover_text(&line).clicked()
                {
                    commands.push(Command::Copy(line));
                }
            });
            match held {
                Some(held) => answer(ui, held, commands),
                None => {
                    ui.horizontal(|ui| {
                        ui.spinner();
                        ui.label("The two are being compared.");
                    });
                }
            }
        });
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
        let pixels = columns_of(ui);
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

/// The command that says the same, where both sides lie in a folder each.
fn command_line(one: &RunView, other: &RunView, held: Option<&Held>, every: bool) -> Option<String> {
    let (left, right) = (one.folder.as_deref()?, other.folder.as_deref()?);
    let single = held.is_some_and(|held| held.worlds <= 1 && held.left_out.0 <= 1 && held.left_out.1 <= 1);
    single.then(|| format!("hms compare {} {}{}", quoted(left), quoted(right), if every { " --all" } else { "" }))
}

/// What came of a comparison: worlds, warnings, objectives, and in what the stacks differ.
fn answer(ui: &mut Ui, held: &Held, commands: &mut Vec<Command>) {
    let worlds = match (held.worlds, held.left_out) {
        (0, (one, other)) => format!(
            "No world in common ({one} and {other}): runs are paired by the name of their scenario and their seed. Run both with the same seeds to hold them against each other."
        ),
        (1, (0, 0)) => "Of one world, which shows no difference beyond chance: run both with more seeds.".to_owned(),
        (worlds, (0, 0)) => format!("{worlds} worlds"),
        (worlds, (one, other)) => {
            format!("{worlds} worlds; left out: {one} that only this side knows, {other} that only the other does")
        }
    };
    ui.weak(worlds);
    for name in &held.scenarios {
        ui.colored_label(theme::BAD, format!("Beware: the scenarios called {name} are not the same text."));
    }
    objectives(ui, &held.rows);
    if held.worlds > 1 {
        ui.weak(format!(
            "Difference: other less this, with the 95 % interval of resampled worlds (BCa). p: chance of such a difference between equals, by random signs, corrected over {} objectives (Holm); shown up to {LEVEL}.",
            held.rows.len()
        ));
    }
    if held.differences.is_empty() {
        ui.weak("Their stacks are the same.");
        return;
    }
    CollapsingHeader::new(format!("Their stacks differ in {}", held.differences.len())).id_salt("differing").show(ui, |ui| {
        save_table(ui, "Save differing parameters", commands, || {
            let column = |of: fn(&Difference) -> &String| held.differences.iter().map(move |one| Some(of(one).clone()));
            Sheet::new("differing parameters")
                .texts("parameter", column(|one| &one.name))
                .texts("this", column(|one| &one.first))
                .texts("other", column(|one| &one.second))
        });
        for one in &held.differences {
            ui.label(format!("{}: {}, other {}", one.name, one.first, one.second));
        }
    });
}

fn objectives(ui: &mut Ui, rows: &[Row]) {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.means.iter().any(Option::is_some)).collect();
    TableBuilder::new(ui)
        .id_salt("compared objectives")
        .striped(true)
        .vscroll(false)
        .column(Column::auto().at_least(150.0))
        .columns(Column::auto().at_least(110.0), 2)
        .column(Column::auto().at_least(170.0))
        .column(Column::auto().at_least(56.0))
        .column(Column::remainder())
        .header(20.0, |mut header| {
            for title in ["objective", "this", "other", "other - this", "p", "verdict"] {
                header.col(|ui| {
                    ui.strong(title);
                });
            }
        })
        .body(|body| {
            body.rows(18.0, rows.len(), |mut line| {
                let row = rows[line.index()];
                line.col(|ui| {
                    ui.label(row.objective.name.replace('_', " ")).on_hover_text(row.objective.help);
                });
                for mean in row.means {
                    line.col(|ui| {
                        ui.label(shown(mean, row.objective.unit));
                    });
                }
                let compared = row.compared.as_ref().filter(|compared| compared.pairs > 0);
                line.col(|ui| {
                    let difference = compared.and_then(|compared| compared.difference);
                    ui.label(difference.map_or_else(|| "–".to_owned(), |found| interval(found, row.objective.unit)));
                });
                line.col(|ui| {
                    ui.label(compared.map_or_else(|| "–".to_owned(), |compared| format!("{:.4}", compared.p_corrected)))
                        .on_hover_text(compared.map_or_else(String::new, ahead));
                });
                line.col(|ui| {
                    match compared.map(|compared| compared.better) {
                        Some(Better::Second) => ui.colored_label(theme::GOOD, row.verdict()),
                        Some(Better::First) => ui.colored_label(theme::BAD, row.verdict()),
                        Some(Better::Same | Better::NotShown) | None => ui.weak(row.verdict()),
                    };
                });
            });
        });
}

/// In how many worlds which side is better.
fn ahead(compared: &Compared) -> String {
    let Compared { ahead: (one, other), alone, pairs, .. } = compared;
    let alone = if *alone == (0, 0) {
        String::new()
    } else {
        format!("; in {} only this side gives a value, in {} only the other", alone.0, alone.1)
    };
    format!("Of {pairs} worlds this is better in {one}, the other in {other}{alone}.")
}

fn sheet(one: &RunView, other: &RunView, rows: &[Row]) -> Sheet {
    let mut sheet = Sheet::new(format!("{} against {}", one.label, other.label))
        .texts("objective", rows.iter().map(|row| Some(row.objective.name)))
        .texts("unit", rows.iter().map(|row| Some(row.objective.unit.symbol())));
    for (place, name) in ["this", "other"].into_iter().enumerate() {
        sheet = sheet
            .numbers(name, rows.iter().map(|row| Some(row.means[place]?.mean)))
            .numbers(format!("{name}, half the interval"), rows.iter().map(|row| row.means[place]?.half_width));
    }
    type End = fn(&Compared) -> Option<f64>;
    let ends: [(&str, End); 5] = [
        ("difference", |compared| Some(compared.difference?.estimate)),
        ("difference, low", |compared| Some(compared.difference?.low)),
        ("difference, high", |compared| Some(compared.difference?.high)),
        ("p", |compared| Some(compared.p)),
        ("p, corrected", |compared| Some(compared.p_corrected)),
    ];
    for (name, of) in ends {
        sheet = sheet.numbers(name, rows.iter().map(|row| of(row.compared.as_ref()?)));
    }
    sheet.texts("verdict", rows.iter().map(|row| Some(row.verdict())))
}

/// A difference with the ends of its interval.
fn interval(found: Interval, unit: Unit) -> String {
    let of = |value| figure(Some(value), unit);
    if found.low == found.high {
        of(found.estimate)
    } else {
        format!("{} ({} to {})", of(found.estimate), of(found.low), of(found.high))
    }
}

/// A mean with half the width of its interval, where there are several runs.
fn shown(estimate: Option<Estimate>, unit: Unit) -> String {
    let Some(estimate) = estimate else { return "–".to_owned() };
    let mean = figure(Some(estimate.mean), unit);
    estimate.half_width.map_or_else(|| mean.clone(), |half| format!("{mean} ± {}", figure(Some(half), unit)))
}
