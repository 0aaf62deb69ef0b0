//! Dialogs of the operating system that ask for a file. They are opened by the window's thread, as some systems demand, and waited for by another.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rfd::FileHandle;

use super::{Desk, Report, Workers};
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
                if let Some(file) = wait(desk, answer) {
                    desk.report(Report::Picked(file.path().to_owned()));
                }
            });
        }
        Kind::Results => {
            let answer = dialog.set_title("Open a results folder").pick_folder();
            workers.start(move |desk| {
                if let Some(folder) = wait(desk, answer) {
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
        if let Some(file) = wait(desk, answer) {
            let path: PathBuf = file.path().to_owned();
            desk.report(Report::Place(desk.job, path));
        }
    })
}

/// Waits for an answer. Where there is no dialog to be had, that is told.
fn wait(desk: &Desk, answer: impl Future<Output = Option<FileHandle>>) -> Option<FileHandle> {
    let began = Instant::now();
    let chosen = pollster::block_on(answer);
    if chosen.is_none() && nobody_saw_it(began.elapsed()) {
        desk.say(
            true,
            "No dialog for files could be opened (on Debian: apt-get install xdg-desktop-portal-gtk, or zenity). Files and folders can be dropped on the window, \
             or named on the command line; with --exports DIR what is saved goes there.",
        );
    }
    chosen
}

/// Whether a dialog that gave nothing after so long was never there: nobody calls one off so fast.
fn nobody_saw_it(after: Duration) -> bool {
    after < Duration::from_millis(250)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_that_is_called_off_is_told_from_one_that_never_came() {
        let told = |answer: &'static (dyn Fn() -> Option<FileHandle> + Sync)| {
            let mut workers = Workers::default();
            workers.start(move |desk| {
                wait(desk, async { answer() });
            });
            matches!(workers.wait(Duration::from_secs(20)), Some(Report::Say { wrong: true, .. }))
        };
        assert!(told(&|| None), "it never came");
        assert!(!told(&|| Some(FileHandle::from(PathBuf::from("a.toml")))), "a file was chosen");
        assert!(!nobody_saw_it(Duration::from_secs(2)), "it was called off");
    }
}
