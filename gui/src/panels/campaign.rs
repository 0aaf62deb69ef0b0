//! The configurations of a campaign beside each other, by one objective.

use egui::{ComboBox, Ui};
use egui_extras::{Column, TableBuilder};
use hms_lab::export::Sheet;

use crate::command::Command;
use crate::theme;
use crate::view::campaign::{Campaign, Row};
use crate::widgets::figures::digits;
use crate::widgets::table::save_table;

/// What this part of a panel alone knows.
#[derive(Default)]
pub(super) struct CampaignPart {
    objective: usize,
}

impl CampaignPart {
    pub(super) fn ui(&mut self, ui: &mut Ui, campaign: &Campaign, commands: &mut Vec<Command>) {
        let objectives = campaign.objectives();
        let Some(objective) = objectives.get(self.objective).or_else(|| objectives.first()).copied() else { return };
        ui.horizontal_wrapped(|ui| {
            ui.strong(format!("Campaign {}", campaign.folder.display()));
            let label = ui.label("Objective");
            let combo = ComboBox::new("campaign objective", "").width(190.0).selected_text(objective.replace('_', " ")).show_ui(
                ui,
                |ui| {
                    for (place, name) in objectives.iter().enumerate() {
                        ui.selectable_value(&mut self.objective, place, name.replace('_', " "));
                    }
                },
            );
            combo.response.labelled_by(label.id);
            save_table(ui, "Save configurations", commands, || sheet(objective, &campaign.rows(objective)));
        });
        let rows = campaign.rows(objective);
        TableBuilder::new(ui)
            .id_salt("campaign")
            .striped(true)
            .vscroll(false)
            .column(Column::remainder().clip(true).at_least(200.0))
            .column(Column::auto().at_least(50.0))
            .columns(Column::auto().at_least(170.0), 2)
            .header(20.0, |mut header| {
                for title in ["configuration", "runs", "mean (95 %)", "difference to the first (95 %)"] {
                    header.col(|ui| {
                        ui.strong(title);
                    });
                }
            })
            .body(|body| {
                body.rows(18.0, rows.len(), |mut row| {
                    let configuration = &rows[row.index()];
                    row.col(|ui| {
                        ui.label(&configuration.settings).on_hover_text(&configuration.settings);
                    });
                    row.col(|ui| {
                        ui.label(format!("{}", configuration.count));
                    });
                    row.col(|ui| {
                        ui.label(interval(configuration.mean));
                    });
                    row.col(|ui| {
                        let [_, low, high] = configuration.difference;
                        let certain = low > 0.0 || high < 0.0;
                        let text = interval(configuration.difference);
                        if certain {
                            ui.colored_label(theme::ACTION, text)
                        } else {
                            ui.weak(text)
                        };
                    });
                });
            });
        ui.separator();
    }
}

fn sheet(objective: &str, rows: &[Row]) -> Sheet {
    let mut sheet = Sheet::new(format!("campaign {objective}"))
        .texts("configuration", rows.iter().map(|row| Some(row.settings.clone())))
        .numbers("runs", rows.iter().map(|row| Some(row.count)));
    for (place, end) in ["mean", "low", "high"].into_iter().enumerate() {
        sheet = sheet
            .numbers(end, rows.iter().map(|row| Some(row.mean[place])))
            .numbers(format!("difference, {end}"), rows.iter().map(|row| Some(row.difference[place])));
    }
    sheet
}

fn interval([mean, low, high]: [f64; 3]) -> String {
    match (mean.is_finite(), low.is_finite() && high.is_finite()) {
        (false, _) => "–".to_owned(),
        (true, false) => digits(mean),
        (true, true) => format!("{} ({} to {})", digits(mean), digits(low), digits(high)),
    }
}
