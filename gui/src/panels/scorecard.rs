//! The promises: what is to be reached, what was measured, and whether it is.

use egui::{DragValue, Ui};
use egui_extras::{Column, TableBuilder};
use hms_lab::export::Sheet;

use super::absence;
use crate::command::Command;
use crate::theme;
use crate::view::{Scorecard, View};
use crate::widgets::figures::digits;
use crate::widgets::table::save_table;

/// What the panel alone knows.
pub(super) struct ScorecardPanel {
    seeds: u64,
}

impl Default for ScorecardPanel {
    fn default() -> Self {
        ScorecardPanel { seeds: 5 }
    }
}

impl ScorecardPanel {
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        let measuring = view.jobs.iter().find(|(_, name)| name.starts_with("scorecard"));
        ui.horizontal(|ui| {
            let label = ui.label("Seeds");
            ui.add(DragValue::new(&mut self.seeds).range(1..=1_000)).labelled_by(label.id);
            let button = egui::Button::new("Measure the drafted scenario");
            if ui.add_enabled(measuring.is_none() && view.drafts.is_ready(), button).clicked() {
                commands.push(Command::Measure(self.seeds));
            }
            if let Some((_, name)) = measuring {
                ui.spinner();
                ui.label(name);
            }
        });
        let Some(card) = &view.scorecard else {
            return absence(
                ui,
                "Runs the drafted scenario and stack over some seeds and holds what is measured against what is promised, with intervals.",
            );
        };
        ui.horizontal_wrapped(|ui| {
            ui.weak(format!("{}, {} seeds; intervals of 95 %, from resampled runs", card.scenario, card.seeds));
            save_table(ui, "Save scorecard", commands, || sheet(card));
            if let Some(line) = &card.command_line
                && ui.button("Copy command").on_hover_text(line).clicked()
            {
                commands.push(Command::Copy(line.clone()));
            }
        });
        TableBuilder::new(ui)
            .id_salt("scorecard")
            .striped(true)
            .column(Column::auto().at_least(64.0))
            .column(Column::remainder().clip(true))
            .columns(Column::auto().at_least(80.0), 2)
            .column(Column::auto().at_least(150.0))
            .column(Column::auto().at_least(70.0))
            .header(20.0, |mut header| {
                for title in ["id", "what is measured", "target", "value", "interval", "reached"] {
                    header.col(|ui| {
                        ui.strong(title);
                    });
                }
            })
            .body(|body| {
                body.rows(20.0, card.rows.len(), |mut row| {
                    let measured = &card.rows[row.index()];
                    let interval = match (measured.low, measured.high) {
                        (Some(low), Some(high)) => format!("{} to {}", digits(low), digits(high)),
                        _ => "–".to_owned(),
                    };
                    let (verdict, color) = match measured.pass {
                        Some(true) => ("yes", theme::GOOD),
                        Some(false) => ("no", theme::BAD),
                        None => ("not shown", ui_weak()),
                    };
                    let value = measured.value.map_or_else(|| "–".to_owned(), digits);
                    for text in [measured.id.to_owned(), measured.criterion.to_owned(), measured.target.clone(), value, interval]
                    {
                        row.col(|ui| {
                            ui.label(&text).on_hover_text(&text);
                        });
                    }
                    row.col(|ui| {
                        ui.colored_label(color, verdict);
                    });
                });
            });
    }
}

fn sheet(card: &Scorecard) -> Sheet {
    let all = || card.rows.iter();
    let verdict = |pass: Option<bool>| pass.map_or("not shown", |pass| if pass { "yes" } else { "no" });
    Sheet::new(format!("scorecard {}", card.scenario))
        .texts("id", all().map(|row| Some(row.id)))
        .texts("what is measured", all().map(|row| Some(row.criterion)))
        .texts("target", all().map(|row| Some(row.target.clone())))
        .numbers("value", all().map(|row| row.value))
        .numbers("low", all().map(|row| row.low))
        .numbers("high", all().map(|row| row.high))
        .texts("reached", all().map(|row| Some(verdict(row.pass))))
}

/// The colour of what no run could show.
fn ui_weak() -> egui::Color32 {
    egui::Color32::GRAY
}
