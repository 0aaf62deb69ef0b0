//! Saving a table that is on screen.

use egui::Ui;
use hms_lab::export::{Format, Sheet};

use crate::command::Command;

/// A menu that saves a table as CSV or Parquet. The table is put together only when it is wanted.
pub fn save_table(ui: &mut Ui, title: &str, commands: &mut Vec<Command>, make: impl FnOnce() -> Sheet) {
    let wanted = ui.menu_button(title, |ui| {
        let mut wanted = None;
        for (format, name) in [(Format::Csv, "As CSV…"), (Format::Parquet, "As Parquet…")] {
            if ui.button(name).clicked() {
                wanted = Some(format);
                ui.close();
            }
        }
        wanted
    });
    if let Some(format) = wanted.inner.flatten() {
        commands.push(Command::ExportSheet(Box::new(make()), format));
    }
}
