//! Dialogs of the operating system that ask for a file. They are opened by the window's thread, as some systems demand, and waited for by another.

use std::path::PathBuf;

use super::{Report, Workers};
use crate::command::Kind;

/// Asks for a file or folder to open.
pub fn pick(workers: &mut Workers, kind: Kind) {
    let dialog = rfd::AsyncFileDialog::new();
    match kind {
        Kind::Scenario | Kind::Stack | Kind::Campaign => {
            let title = match kind {
                Kind::Scenario => "Open a scenario",
                Kind::Stack => "Open a stack configuration",
                Kind::Campaign | Kind::Results => "Open a campaign of evolution",
            };
            let answer = dialog.set_title(title).add_filter("TOML", &["toml"]).pick_file();
            workers.start(move |desk| {
                if let Some(file) = pollster::block_on(answer) {
                    desk.report(Report::Picked(file.path().to_owned()));
                }
            });
        }
        Kind::Results => {
            let answer = dialog.set_title("Open a results folder").pick_folder();
            workers.start(move |desk| {
                if let Some(folder) = pollster::block_on(answer) {
                    desk.report(Report::Picked(folder.path().to_owned()));
                }
            });
        }
    }
}

/// Asks where to write; the answer comes with the number of the job, which is given. A dialog that is cancelled ends the job without one.
pub fn save_as(workers: &mut Workers, name: &str) -> u64 {
    let answer = rfd::AsyncFileDialog::new().set_title("Save as").set_file_name(name).save_file();
    workers.start(move |desk| {
        if let Some(file) = pollster::block_on(answer) {
            let path: PathBuf = file.path().to_owned();
            desk.report(Report::Place(desk.job, path));
        }
    })
}
