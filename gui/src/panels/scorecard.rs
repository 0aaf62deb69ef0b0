//! The promises: what is to be reached, what was measured, and whether it is.

use egui::{DragValue, Ui};
use egui_extras::{Column, TableBuilder};

use super::absence;
use crate::command::Command;
use crate::theme;
use crate::view::View;
use crate::widgets::figures::digits;

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
        ui.weak(format!("{}, {} seeds; intervals of 95 %, from resampled runs", card.scenario, card.seeds));
        TableBuilder::new(ui)
            .id_salt("scorecard")
            .striped(true)
            .column(Column::auto().at_least(64.0))
            .column(Column::remainder().clip(true))
            .columns(Column::auto().at_least(90.0), 4)
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

/// The colour of what no run could show.
fn ui_weak() -> egui::Color32 {
    egui::Color32::GRAY
}
