//! What workers report, taken into the view.

use std::sync::Arc;

use hms_lab::inputs::{EDITED_STACK, InputError, Inputs};

use super::{App, Checking, Writing};
use crate::command::Command;
use crate::panels::Panel;
use crate::view::form::Form;
use crate::view::run::{Led, Moment, RunView};
use crate::worker::{Report, Travel, check, keep, write_file, write_sheet, write_table};

impl App {
    /// Takes in everything that was reported.
    pub(super) fn hear(&mut self) {
        for report in self.workers.reports() {
            self.take_in(report);
        }
    }

    fn take_in(&mut self, report: Report) {
        let view = &mut self.view;
        match report {
            Report::Checked { revision, result } => {
                self.checking = None;
                if revision == view.drafts.revision {
                    view.drafts.checked = Some(revision);
                    self.checked(*result);
                }
            }
            Report::Live(live) => {
                if self.running == Some(live.job) {
                    view.live = Some(*live);
                }
            }
            Report::Ran { run, travel } => self.ran(run, travel),
            Report::Restoring(run, share) => {
                if self.restoring.is_some_and(|(known, _)| known == run) {
                    view.restoring = Some(share);
                }
            }
            Report::Restored(run, travel) => {
                self.travels.insert(run, travel);
                view.restoring = None;
                let instant = view.instant;
                self.carry_out(Command::Seek(instant));
            }
            Report::Moment(moment) => self.arrive(*moment),
            Report::Surveyed(campaign) => {
                view.campaign = Some(*campaign);
                self.carry_out(Command::Focus(Panel::Compare));
            }
            Report::Evolving(evolving) => view.evolving = Some(*evolving),
            Report::Searched(search) => {
                view.search = Some(search);
                // While one goes on, whoever looks elsewhere is left there.
                if view.evolving.is_none() {
                    self.carry_out(Command::Focus(Panel::Evolution));
                }
            }
            Report::Near(presets, scenarios) => (view.presets, view.scenarios) = (presets, scenarios),
            Report::Compared(held) => view.comparison = Some(held),
            Report::Measured(scorecard) => view.scorecard = Some(scorecard),
            Report::Picked(path) => self.carry_out(Command::Open(path)),
            Report::Place(job, path) => {
                if let Some(writing) = self.writings.remove(&job) {
                    self.write(writing, path);
                }
            }
            Report::Kept(id, folder) => {
                view.say(false, format!("Kept in {}.", folder.display()));
                if let Some(place) = view.runs.iter().position(|run| run.id == id) {
                    // Opened anew, so that what is shown is what is there.
                    let path = folder.clone();
                    self.workers.start(move |desk| crate::worker::open(desk, id, &path));
                    self.view.runs.remove(place);
                }
            }
            Report::Say { wrong, text } => view.say(wrong, text),
            Report::Done(job) => self.end(job),
        }
    }

    /// A job has ended, in whichever way: nothing waits for it any more.
    fn end(&mut self, job: u64) {
        let view = &mut self.view;
        view.jobs.retain(|(known, _)| *known != job);
        self.writings.remove(&job);
        if view.evolving.as_ref().is_some_and(|evolving| evolving.job == job) {
            view.evolving = None;
            view.evolving_waits = false;
        }
        if self.running == Some(job) {
            self.running = None;
            view.live = None;
        }
        if self.restoring.is_some_and(|(_, known)| known == job) {
            self.restoring = None;
            view.restoring = None;
        }
        if self.comparing == Some(job) {
            self.comparing = None;
            if let Some(question) = self.compare_next.take() {
                self.carry_out(Command::Compare(question));
            }
        }
        let view = &mut self.view;
        if let Some(checking) = self.checking.filter(|checking| checking.job == job) {
            // It failed without an answer. The same text would fail again; another may not.
            self.checking = None;
            view.drafts.checked = Some(checking.revision);
            view.drafts.inputs = None;
        }
    }

    fn arrive(&mut self, moment: Moment) {
        let view = &mut self.view;
        let Some(run) = view.run().filter(|run| run.id == moment.run) else { return };
        match moment.led {
            Led::Stepped(_) => view.instant = moment.now,
            // Somebody has moved on to where the run has no worlds.
            Led::Asked if view.instant < run.worlds_begin() => return,
            Led::Asked => {}
        }
        view.moment = Some(moment);
    }

    fn checked(&mut self, result: Result<Inputs, InputError>) {
        // What was to be run as soon as it was checked is not run later, when nobody expects it any more.
        if result.is_err() {
            (self.options.run, self.options.measure) = (false, None);
        }
        let drafts = &mut self.view.drafts;
        drafts.scenario.problems.clear();
        drafts.stack.problems.clear();
        match result {
            Ok(inputs) => {
                drafts.form = Form::of(inputs.stack());
                drafts.inputs = Some(inputs);
            }
            Err(InputError::Wrong { file, problems, .. }) => {
                drafts.inputs = None;
                let text = if file == EDITED_STACK { &mut drafts.stack } else { &mut drafts.scenario };
                text.problems = problems;
            }
            Err(error @ InputError::Read { .. }) => {
                drafts.inputs = None;
                self.view.say(true, error.to_string());
            }
        }
    }

    fn ran(&mut self, run: Arc<RunView>, travel: Option<Travel>) {
        let id = run.id;
        if let Some(travel) = travel {
            self.travels.insert(id, travel);
        }
        let view = &mut self.view;
        let wall = run.wall.map(|wall| format!(" in {wall}")).unwrap_or_default();
        view.say(
            false,
            format!("{}: {} events{wall}, {} incidents.", run.label, run.chronicle.events, run.chronicle.episodes.len()),
        );
        view.runs.push(run);
        view.runs.sort_by_key(|run| run.id);
        self.carry_out(Command::Show(id));
    }

    /// Writes what waited for a place.
    pub(super) fn write(&mut self, writing: Writing, path: std::path::PathBuf) {
        match writing {
            Writing::Draft(draft) => {
                self.view.drafts.text_mut(draft).path = Some(path);
                self.carry_out(Command::Save(draft));
            }
            Writing::Bytes(bytes) => {
                self.workers.start(move |desk| write_file(desk, &path, &bytes));
            }
            Writing::Table { folder, table, format } => {
                self.workers.start(move |desk| write_table(desk, &folder, table, format, &path));
            }
            Writing::Sheet(sheet, format) => {
                self.workers.start(move |desk| write_sheet(desk, &sheet, format, &path));
            }
            Writing::Window => self.screenshot = Some(path),
            Writing::Run(run) => {
                self.workers.start(move |desk| keep(desk, &run, &path));
            }
        }
    }

    /// Has the drafts checked if they have changed; one check at a time.
    pub(super) fn check_drafts(&mut self) {
        let drafts = &self.view.drafts;
        if self.checking.is_some() || drafts.checked == Some(drafts.revision) {
            return;
        }
        let (revision, seed, full) = (drafts.revision, drafts.seed, drafts.full);
        let texts = (drafts.scenario.text.clone(), drafts.stack.text.clone());
        let folder = drafts.folder();
        let job = self.workers.start(move |desk| check(desk, revision, texts, &folder, seed, full));
        self.checking = Some(Checking { revision, job });
    }
}

#[cfg(test)]
mod tests {
    use hms_lab::machine::Instant;

    use super::*;
    use crate::app::Options;
    use crate::command::Draft;
    use crate::view::RunId;

    #[test]
    fn a_check_that_fails_is_over_and_another_text_is_checked() {
        let mut app = App::new(Options::default());
        let revision = app.view.drafts.revision;
        app.checking = Some(Checking { revision, job: 99 });
        app.take_in(Report::Done(98));
        assert!(app.checking.is_some());
        app.take_in(Report::Done(99));
        app.check_drafts();
        assert!(app.checking.is_none(), "the text that failed is not tried for ever");
        assert!(!app.view.drafts.is_ready());
        app.carry_out(Command::Edit(Draft::Stack, "# other".to_owned()));
        app.check_drafts();
        assert!(app.checking.is_some());
    }

    #[test]
    fn a_worker_that_panics_is_told_and_no_edit_is_lost() {
        let mut app = App::new(Options::default());
        app.carry_out(Command::Edit(Draft::Stack, "# mine".to_owned()));
        app.running = Some(app.workers.start(|_| panic!("the shelf fell down")));
        while app.running.is_some() {
            app.hear();
            std::thread::yield_now();
        }
        assert!(app.view.messages.iter().any(|message| message.wrong && message.text.contains("the shelf fell down")));
        assert_eq!(app.view.drafts.stack.text, "# mine");
        app.carry_out(Command::Edit(Draft::Stack, String::new()));
        while !app.view.drafts.is_ready() {
            app.check_drafts();
            app.hear();
        }
        app.carry_out(Command::Run);
        assert!(app.running.is_some(), "the next run goes ahead");
    }

    #[test]
    fn a_dialog_that_is_cancelled_leaves_nothing_to_be_written() {
        let mut app = App::new(Options::default());
        app.writings.insert(5, Writing::Bytes(vec![1]));
        app.writings.insert(6, Writing::Bytes(vec![2]));
        app.take_in(Report::Done(5));
        assert_eq!(app.writings.keys().collect::<Vec<_>>(), [&6]);
    }

    #[test]
    fn a_run_whose_worlds_are_gone_can_be_restored_and_blocks_no_other() {
        let asks = [Command::Fork { scenario: None, stack: None }, Command::Step(1), Command::Seek(Instant::ZERO)];
        for ask in asks {
            let mut app = App::new(Options::default());
            // It reads the presets at first.
            while app.is_busy() {
                app.hear();
            }
            app.view.shown = Some(RunId(1));
            app.travels.insert(RunId(1), Travel::gone());
            let name = format!("{ask:?}");
            app.carry_out(ask);
            app.hear();
            assert!(app.travels.is_empty(), "{name}");
            assert_eq!((app.running, app.is_busy()), (None, false), "{name}");
        }
    }
}
