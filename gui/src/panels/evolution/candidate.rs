//! The candidates in the brushes, and one of them: its configuration, what it has otherwise than our default and a preset, and its descent.

use egui::{ComboBox, Ui};
use egui_extras::{Column, TableBuilder};
use hms_lab::export::Sheet;
use hms_lab::results::Columns;

use super::EvolutionPanel;
use crate::command::Command;
use crate::theme;
use crate::view::View;
use crate::view::search::{Differing, Search, differences};
use crate::widgets::figures::digits;
use crate::widgets::table::save_table;

const HEIGHT: f32 = 170.0;

/// What a candidate's words are put together from.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    search: usize,
    rows: usize,
    finalists: bool,
    row: usize,
    presets: usize,
    preset: usize,
}

/// A candidate in words.
pub(super) struct Described {
    key: Key,
    parameters: Vec<(String, String)>,
    rows: Vec<Differing>,
}

impl EvolutionPanel {
    pub(super) fn candidate(&mut self, ui: &mut Ui, search: &Search, view: &View, commands: &mut Vec<Command>) {
        self.table(ui, search, commands);
        ui.separator();
        let columns = search.candidates(self.finalists);
        let Some(row) = self.chosen.filter(|row| *row < columns.rows) else {
            ui.weak("Click a point, a line or a row to see its configuration.");
            return;
        };
        let described = self.describe(search, row, view);
        let parameters = &described.parameters;
        ui.horizontal_wrapped(|ui| {
            ui.strong(format!("Candidate {}", columns.number("id").map_or(row as f64, |ids| ids[row])));
            for name in search.objectives() {
                if let Some(values) = columns.number(name) {
                    ui.label(format!("{name} {}", digits(values[row])));
                }
            }
            if ui
                .button("Take into Launch")
                .on_hover_text("Sets these parameters in the drafted stack, whose other values stay; run or save it there.")
                .clicked()
            {
                commands.push(Command::Adopt(parameters.clone()));
            }
            if ui.button("Run it").on_hover_text("Takes it into Launch and runs the drafted scenario with it.").clicked() {
                commands.push(Command::Adopt(parameters.clone()));
                commands.push(Command::RunWhenChecked);
            }
        });
        self.differences(ui, &described.rows, view, commands);
        self.described = Some(described);
        if !(self.finalists && search.front.rows > 0) {
            genealogy(ui, search, row, &mut self.chosen);
        }
    }

    /// The candidates that lie in all brushes, one a row.
    fn table(&mut self, ui: &mut Ui, search: &Search, commands: &mut Vec<Command>) {
        let columns = search.candidates(self.finalists);
        let rows: &[u32] = self.brushed.as_ref().map_or(&[], |(_, rows)| rows);
        let mut names: Vec<&str> = ["id", "generation"].into_iter().filter(|name| columns.number(name).is_some()).collect();
        names.extend(search.objectives());
        names.extend(self.parameters.iter().flatten().map(String::as_str).filter(|name| columns.number(name).is_some()));
        ui.horizontal_wrapped(|ui| {
            ui.strong(format!("{} of {} candidates lie in the brushes", rows.len(), columns.rows));
            save_table(ui, "Save candidates", commands, || sheet(columns, rows));
        });
        let mut chosen = self.chosen;
        egui::ScrollArea::horizontal().id_salt("candidates across").show(ui, |ui| {
            TableBuilder::new(ui)
                .id_salt("candidates")
                .striped(true)
                .max_scroll_height(HEIGHT)
                .columns(Column::initial(104.0).clip(true).resizable(true), names.len() + 1)
                .header(20.0, |mut header| {
                    for title in std::iter::once("operator").chain(names.iter().copied()) {
                        header.col(|ui| {
                            ui.strong(title).on_hover_text(title);
                        });
                    }
                })
                .body(|body| {
                    body.rows(18.0, rows.len(), |mut line| {
                        let row = rows[line.index()] as usize;
                        line.set_selected(chosen == Some(row));
                        line.col(|ui| {
                            let made =
                                columns.text("operator").or(columns.text("chosen")).map_or("", |texts| texts[row].as_str());
                            let made = if made.is_empty() { "–" } else { made };
                            if ui.selectable_label(chosen == Some(row), made).clicked() {
                                chosen = Some(row);
                            }
                        });
                        for name in &names {
                            line.col(|ui| {
                                ui.label(columns.number(name).map_or_else(String::new, |values| cell(values[row])));
                            });
                        }
                    });
                });
        });
        self.chosen = chosen;
    }

    /// The candidate in words, put together once.
    fn describe(&mut self, search: &Search, row: usize, view: &View) -> Described {
        self.preset = self.preset.clamp(1, view.presets.len().max(2) - 1);
        let key = Key {
            search: std::ptr::from_ref(search) as usize,
            rows: search.history.rows,
            finalists: self.finalists,
            row,
            presets: view.presets.as_ptr() as usize,
            preset: self.preset,
        };
        if let Some(known) = self.described.take().filter(|known| known.key == key) {
            return known;
        }
        let parameters = search.parameters(self.finalists, row);
        let rows = view.presets.first().map_or_else(Vec::new, |default| {
            let other = view.presets.get(self.preset).unwrap_or(default);
            differences(&parameters, &[&default.stack, &other.stack])
        });
        Described { key, parameters, rows }
    }

    fn differences(&mut self, ui: &mut Ui, rows: &[Differing], view: &View, commands: &mut Vec<Command>) {
        let Some(default) = view.presets.first() else { return };
        let other = view.presets.get(self.preset).unwrap_or(default);
        ui.horizontal_wrapped(|ui| {
            let differing = rows.iter().filter(|row| row.differs[0]).count();
            ui.label(format!("{differing} of its {} genes differ from our default. Beside it the preset", rows.len()));
            let combo = ComboBox::new("candidate preset", "").width(150.0).selected_text(&other.name).show_ui(ui, |ui| {
                for (place, preset) in view.presets.iter().enumerate().skip(1) {
                    ui.selectable_value(&mut self.preset, place, &preset.name);
                }
            });
            combo.response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::ComboBox, true, "Preset beside it"));
            save_table(ui, "Save differences", commands, || difference_sheet(rows, &other.name));
        });
        TableBuilder::new(ui)
            .id_salt("differences")
            .striped(true)
            .max_scroll_height(HEIGHT)
            .column(Column::initial(240.0).clip(true).resizable(true))
            .columns(Column::initial(130.0).clip(true), 3)
            .header(20.0, |mut header| {
                for title in ["parameter", "candidate", "default", other.name.as_str()] {
                    header.col(|ui| {
                        ui.strong(title);
                    });
                }
            })
            .body(|body| {
                body.rows(18.0, rows.len(), |mut line| {
                    let row = &rows[line.index()];
                    line.col(|ui| {
                        ui.label(&row.name).on_hover_text(&row.name);
                    });
                    line.col(|ui| {
                        ui.strong(&row.candidate);
                    });
                    for (value, differs) in row.others.iter().zip(&row.differs) {
                        line.col(|ui| {
                            if *differs {
                                ui.colored_label(theme::BELIEF, value)
                            } else {
                                ui.weak(format!("{value} (the same)"))
                            };
                        });
                    }
                });
            });
    }
}

fn cell(value: f64) -> String {
    if !value.is_finite() {
        "–".to_owned()
    } else if value.fract() == 0.0 && value.abs() < 1e9 {
        format!("{value:.0}")
    } else {
        digits(value)
    }
}

fn sheet(columns: &Columns, rows: &[u32]) -> Sheet {
    let mut sheet = Sheet::new("candidates");
    for (name, values) in &columns.numbers {
        sheet = sheet.numbers(name.clone(), rows.iter().map(|row| Some(values[*row as usize])));
    }
    for (name, values) in &columns.texts {
        sheet = sheet.texts(name.clone(), rows.iter().map(|row| Some(values[*row as usize].clone())));
    }
    sheet
}

fn difference_sheet(rows: &[Differing], preset: &str) -> Sheet {
    let other = |place: usize| rows.iter().map(move |row| row.others.get(place).cloned());
    Sheet::new("candidate differences")
        .texts("parameter", rows.iter().map(|row| Some(row.name.clone())))
        .texts("candidate", rows.iter().map(|row| Some(row.candidate.clone())))
        .texts("default", other(0))
        .texts(format!("preset {preset}"), other(1))
}

fn genealogy(ui: &mut Ui, search: &Search, row: usize, chosen: &mut Option<usize>) {
    let history: &Columns = &search.history;
    let (Some(ids), Some(operators), Some(generations)) =
        (history.number("id"), history.text("operator"), history.number("generation"))
    else {
        return;
    };
    ui.horizontal_wrapped(|ui| {
        ui.weak("Descent:");
        for ancestor in search.ancestors(row, 24) {
            let text = format!("{} ({}, generation {})", ids[ancestor], operators[ancestor], generations[ancestor]);
            if ui.selectable_label(*chosen == Some(ancestor), text).clicked() {
                *chosen = Some(ancestor);
            }
        }
    });
}
