//! Carrying out what somebody wants.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use hms_lab::evolution::Opening;
use hms_lab::machine::Instant;
use hms_lab::plots;
use hms_lab::results::MANIFEST;
use hms_lab::session::Fork;
use hms_lab::stack::Value;

use super::{App, Writing};
use crate::command::{Command, Draft};
use crate::panels::{Panel, focus, layout};
use crate::view::compare::hold;
use crate::view::draft::DraftText;
use crate::view::form;
use crate::view::{RunId, Study};
use crate::worker::{Ask, Branch, Report, Request, evolve, look_near, measure, open, pick, replace, restore, run, save_as};

impl App {
    /// Carries out what needs the window.
    pub(super) fn carry_out_in(&mut self, command: Command, context: &egui::Context) {
        match command {
            Command::Copy(text) => {
                context.copy_text(text);
                self.view.say(false, "Copied.");
            }
            Command::Quit => context.send_viewport_cmd(egui::ViewportCommand::Close),
            Command::Screenshot(path) => {
                let close = self.options.screenshot.is_some().then(|| context.clone());
                context.request_screenshot(move |image| save_picture(&image, &path, close));
            }
            command => self.carry_out(command),
        }
    }

    /// Carries out what needs no window.
    pub(super) fn carry_out(&mut self, command: Command) {
        match command {
            Command::Pick(kind) => pick(&mut self.workers, kind),
            Command::Open(path) => self.open(&path),
            Command::Save(draft) => self.save_draft(draft),
            Command::Edit(draft, text) => {
                self.view.drafts.text_mut(draft).text = text;
                self.view.drafts.touch();
            }
            Command::Set(name, value) => self.set(name, value),
            Command::Evolve(opening) => self.evolve(opening),
            Command::PauseEvolution(wait) => {
                self.view.evolving_waits = wait;
                self.view.evolving.iter().for_each(|evolving| self.workers.pause(evolving.job, wait));
            }
            Command::StopEvolution => self.view.evolving.iter().for_each(|evolving| self.workers.stop(evolving.job)),
            Command::Adopt(parameters) => self.adopt(&parameters),
            Command::Seed(seed) => {
                self.view.drafts.seed = seed;
                self.view.drafts.touch();
            }
            Command::Replicates(runs) => self.view.drafts.replicates = runs.max(1),
            Command::Full(full) => {
                self.view.drafts.full = full;
                self.view.drafts.touch();
            }
            Command::Run => self.run(),
            Command::RunWhenChecked => self.options.run = true,
            Command::Pause(wait) => self.running.into_iter().for_each(|job| self.workers.pause(job, wait)),
            Command::Cancel => self.running.into_iter().for_each(|job| self.workers.stop(job)),
            Command::Speed(speed) => {
                self.view.speed = speed;
                self.running.into_iter().for_each(|job| self.workers.set_speed(job, speed));
            }
            Command::Show(id) => self.show(id),
            Command::Close(id) => self.close(id),
            Command::SelectIncident(incident) => self.select_incident(incident),
            Command::Seek(instant) => self.seek(instant),
            Command::Step(by) => self.step(by),
            Command::SelectNode(node) => {
                self.view.node = node;
                let instant = self.view.instant;
                self.seek(instant);
            }
            Command::Restore => self.restore(),
            Command::Fork { scenario, stack } => self.fork(Fork { scenario, stack: stack.map(|stack| *stack) }),
            // One at a time, and of those that were asked meanwhile the newest: each run that arrives is a new question.
            Command::Compare(question) if self.comparing.is_some() => self.compare_next = Some(question),
            Command::Compare(question) => {
                let runs = self.view.runs.clone();
                let job = self.workers.start(move |desk| {
                    if let Some(held) = hold(&runs, question) {
                        desk.report(Report::Compared(Box::new(held)));
                    }
                });
                self.comparing = Some(job);
            }
            Command::Measure(seeds) => self.measure(seeds),
            Command::Keep => self.keep(),
            Command::ExportPicture(kind, format) => self.export_picture(kind, format),
            Command::ExportChart(chart, format) => {
                let bytes = plots::draw_chart(&chart, format, plots::Tone::Light);
                self.ask_place(&format!("{}.{}", file_name(&chart.title), format.name()), Writing::Bytes(bytes));
            }
            Command::ExportTable(table, format) => match self.view.run().and_then(|run| run.folder.clone()) {
                Some(folder) => {
                    self.ask_place(&format!("{}.{}", table.name(), format.name()), Writing::Table { folder, table, format });
                }
                None => self.view.say(true, "Whole tables are those of a results folder: Keep the run as one first."),
            },
            Command::ExportSheet(sheet, format) => {
                self.ask_place(&format!("{}.{}", file_name(&sheet.name), format.name()), Writing::Sheet(sheet, format));
            }
            Command::PickScreenshot => self.ask_place("hms.png", Writing::Window),
            Command::Focus(panel) => focus(&mut self.tree, panel),
            Command::ResetLayout => self.tree = layout(),
            Command::ToggleTheme => self.dark = !self.dark,
            Command::TogglePalette => self.palette.toggle(),
            Command::Complain(text) => self.view.say(true, text),
            Command::Dismiss(place) => {
                self.view.messages.remove(place);
            }
            // These need the window: see `carry_out_in`.
            Command::Copy(_) | Command::Quit | Command::Screenshot(_) => {}
        }
    }

    /// Opens whatever it is: a results folder, a scenario, or a stack, which are told apart by what is in them.
    fn open(&mut self, path: &Path) {
        if path.is_dir() || path.file_name().is_some_and(|name| name == MANIFEST) {
            let (id, path) = (self.new_run(1), path.to_owned());
            self.workers.start(move |desk| open(desk, id, &path));
            return;
        }
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.view.say(true, format!("Cannot open {}: {error}.", path.display())),
        };
        if is_evolution(&text) {
            let name = path.file_stem().map_or_else(|| "search".to_owned(), |name| format!("{}-evolved", name.to_string_lossy()));
            let folder = self.options.results.as_deref().unwrap_or(Path::new("results")).join(name);
            self.view.study = Some(Study { campaign: path.to_owned(), folder });
            return focus(&mut self.tree, Panel::Evolution);
        }
        let draft = if is_stack(&text) { Draft::Stack } else { Draft::Scenario };
        let known = self.view.drafts.text(draft);
        if known.is_edited() {
            let name = known.name();
            self.view.say(
                true,
                format!("The edits of {name} are not in any file: save them, or undo them, before {} is opened.", path.display()),
            );
            return;
        }
        *self.view.drafts.text_mut(draft) = DraftText::opened(Some(path.to_owned()), text);
        if draft == Draft::Scenario {
            self.look_near(path);
            self.open_stack_of_scenario(path);
        }
        self.view.drafts.touch();
    }

    /// Reads the presets near a file, and finds scenarios.
    pub(super) fn look_near(&mut self, near: &Path) {
        let near = near.to_owned();
        self.workers.start(move |desk| look_near(desk, &near));
    }

    /// A scenario may name its stack; the command takes it from there, so the window does as well.
    fn open_stack_of_scenario(&mut self, path: &Path) {
        let drafts = &mut self.view.drafts;
        let named = drafts
            .scenario
            .text
            .parse::<toml_edit::DocumentMut>()
            .ok()
            .and_then(|document| Some(document.get("stack")?.as_str()?.to_owned()));
        if let Some(name) = named
            && !drafts.stack.is_edited()
        {
            let stack = path.parent().unwrap_or(Path::new("")).join(name);
            match fs::read_to_string(&stack) {
                Ok(text) => drafts.stack = DraftText::opened(Some(stack), text),
                Err(error) => self
                    .view
                    .say(true, format!("The scenario asks for the stack {}, which cannot be read: {error}.", stack.display())),
            }
        }
    }

    fn save_draft(&mut self, draft: Draft) {
        let text = self.view.drafts.text_mut(draft);
        let Some(path) = text.path.clone() else {
            let name = if draft == Draft::Scenario { "scenario.toml" } else { "stack.toml" };
            return self.ask_place(name, Writing::Draft(draft));
        };
        match replace(&path, text.text.as_bytes()) {
            Ok(()) => {
                text.saved = text.text.clone();
                self.view.say(false, format!("Saved {}.", path.display()));
            }
            Err(error) => self.view.say(true, format!("Cannot write {}: {error}. The edits are still here.", path.display())),
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        let drafts = &mut self.view.drafts;
        let Some(field) = drafts.form.fields.iter_mut().find(|field| field.tunable.name == name) else { return };
        match form::set(&drafts.stack.text, &field.tunable, value) {
            Some(text) => {
                // Shown at once; the check of the text comes to the same.
                field.value = value;
                drafts.stack.text = text;
                drafts.touch();
            }
            None => self.view.say(true, "The text of the stack is no valid TOML: mend it first, then use the form."),
        }
    }

    fn evolve(&mut self, opening: Opening) {
        let Some(Study { campaign, folder }) = self.view.study.clone() else { return };
        if self.view.evolving.is_some() {
            return;
        }
        self.workers.start(move |desk| evolve(desk, &campaign, &folder, opening));
    }

    /// Sets parameters as the tables of a search have them: times in seconds, switches as 1 and 0.
    fn adopt(&mut self, parameters: &[(String, String)]) {
        let before = self.view.drafts.stack.text.clone();
        for (name, text) in parameters {
            let Some(field) = self.view.drafts.form.fields.iter().find(|field| field.tunable.name == name) else { continue };
            match form::stored_value(&field.tunable, text) {
                Some(value) => self.set(field.tunable.name, value),
                None => self.view.say(true, format!("`{text}` is no value of {name} in this version.")),
            }
        }
        if self.view.drafts.stack.text != before {
            self.view.say(false, "The draft of the stack has the candidate's parameters: run it, or save it.");
            focus(&mut self.tree, Panel::Launch);
        }
    }

    fn new_run(&mut self, count: u64) -> RunId {
        let id = RunId(self.next_run);
        self.next_run += count;
        id
    }

    fn run(&mut self) {
        if self.running.is_some() {
            return self.view.say(true, "A run is under way: wait for it, or cancel it.");
        }
        let drafts = &self.view.drafts;
        let Some(inputs) = drafts.inputs.clone().filter(|_| drafts.is_ready()) else {
            return self.view.say(true, "There are mistakes in the scenario or the stack: mend them first.");
        };
        let (replicates, command_line) = (drafts.replicates, drafts.command_line());
        let first = self.new_run(u64::from(replicates));
        let request = Request { inputs, replicates, first, command_line };
        self.running = Some(self.workers.start_at(self.view.speed, move |desk| run(desk, &request)));
        if self.options.panel.is_none() {
            focus(&mut self.tree, Panel::Live);
        }
    }

    fn show(&mut self, id: RunId) {
        let view = &mut self.view;
        if view.shown == Some(id) {
            return;
        }
        view.shown = Some(id);
        (view.incident, view.moment) = (None, None);
        view.instant = view.instant.min(view.run().map_or(Instant::ZERO, |run| run.chronicle.end()));
        if view.node.is_some_and(|node| view.run().is_none_or(|run| node.index() >= run.chronicle.topology.nodes())) {
            view.node = None;
        }
        let instant = view.instant;
        self.seek(instant);
    }

    fn close(&mut self, id: RunId) {
        self.travels.remove(&id);
        let view = &mut self.view;
        view.runs.retain(|run| run.id != id);
        if view.shown == Some(id) {
            (view.shown, view.incident, view.moment) = (None, None, None);
            if let Some(last) = view.runs.last().map(|run| run.id) {
                self.show(last);
            }
        }
    }

    fn select_incident(&mut self, incident: Option<usize>) {
        self.view.incident = incident;
        let start = incident.and_then(|place| Some(self.view.run()?.chronicle.episodes.get(place)?.start));
        if let Some(start) = start {
            self.seek(start);
        }
    }

    fn seek(&mut self, instant: Instant) {
        let view = &mut self.view;
        view.instant = instant.min(view.run().map_or(Instant::ZERO, |run| run.chronicle.end()));
        let (instant, node) = (view.instant, view.node);
        if self.is_before_worlds() {
            self.view.moment = None;
        } else if let Some(id) = self.view.shown {
            self.ask(id, Ask::Seek(instant, node));
        }
    }

    fn step(&mut self, by: i64) {
        if self.is_before_worlds() {
            return self.view.say(true, BEFORE_FORK);
        }
        let node = self.view.node;
        if !self.view.shown.is_some_and(|id| self.ask(id, Ask::Step(by, node))) {
            self.view.say(true, "Events can be stepped once the run's instants are restored: press Restore in Time travel.");
        }
    }

    /// Whether a fork is looked at before it begins.
    fn is_before_worlds(&self) -> bool {
        self.view.run().is_some_and(|run| self.view.instant < run.worlds_begin())
    }

    /// Asks the thread that has the worlds of a run, if there is one. One that has failed is forgotten with what it said, so that the run can be restored.
    fn ask(&mut self, id: RunId, ask: Ask) -> bool {
        let Some(travel) = self.travels.get(&id) else { return false };
        let heard = travel.ask(ask);
        if !heard {
            self.travels.remove(&id);
            self.view.moment.take_if(|moment| moment.run == id);
        }
        heard
    }

    fn restore(&mut self) {
        let Some(run) = self.view.run().map(Arc::clone) else { return };
        if self.travels.contains_key(&run.id) || self.restoring.is_some() {
            return;
        }
        let id = run.id;
        if run.forked.is_some() {
            return self.view.say(true, "A fork cannot be made again from its inputs alone: fork once more from its original.");
        }
        self.view.restoring = Some(0.0);
        self.restoring = Some((id, self.workers.start(move |desk| restore(desk, &run))));
    }

    fn fork(&mut self, fork: Fork) {
        if self.running.is_some() {
            return self.view.say(true, "A run is under way: wait for it, or cancel it.");
        }
        if self.is_before_worlds() {
            return self.view.say(true, BEFORE_FORK);
        }
        let (id, job) = (self.new_run(1), self.workers.job());
        let (number, at) = (job.job, self.view.instant);
        self.workers.set_speed(number, self.view.speed);
        let branch = Box::new(Branch { id, at, fork, job });
        if self.view.shown.is_some_and(|shown| self.ask(shown, Ask::Fork(branch))) {
            self.running = Some(number);
        } else {
            self.view.say(true, "The run's instants have to be restored before it can be forked: press Restore in Time travel.");
        }
    }

    fn measure(&mut self, seeds: u64) {
        match self.view.drafts.inputs.clone() {
            Some(inputs) => {
                let command_line = self.view.drafts.scorecard_line(seeds);
                let job = self.workers.start(move |desk| measure(desk, &inputs, seeds, command_line));
                self.view.jobs.push((job, format!("scorecard over {seeds} seeds")));
            }
            None => self.view.say(true, "There are mistakes in the scenario or the stack: mend them first."),
        }
    }

    fn keep(&mut self) {
        let Some(run) = self.view.run().map(Arc::clone) else { return self.view.say(true, "There is no run to keep.") };
        if run.forked.is_some() {
            return self.view.say(
                true,
                "A fork cannot be kept as results: they hold what makes a run again, and a fork needs its original as well.",
            );
        }
        let name = format!("{}-{}", run.chronicle.inputs.scenario().name, run.chronicle.inputs.seed().0);
        self.ask_place(&name, Writing::Run(run));
    }

    fn export_picture(&mut self, kind: plots::Kind, format: plots::Format) {
        let Some(run) = self.view.run() else { return };
        let bytes = plots::draw(kind, format, plots::Tone::Light, &run.chronicle.picture);
        let name = format!("{}-{}.{}", run.chronicle.inputs.scenario().name, kind.name(), format.name());
        self.ask_place(&name, Writing::Bytes(bytes));
    }

    fn ask_place(&mut self, name: &str, writing: Writing) {
        if let Some(folder) = &self.options.exports {
            let path = folder.join(name);
            return self.write(writing, path);
        }
        let job = save_as(&mut self.workers, name);
        self.writings.insert(job, writing);
    }
}

/// A title as a file may be called.
fn file_name(title: &str) -> String {
    title.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }).collect()
}

const BEFORE_FORK: &str = "This instant lies before the fork: go to it in the original to step or fork there.";

/// Whether a text is a campaign of evolution: it names genes.
fn is_evolution(text: &str) -> bool {
    text.parse::<toml_edit::DocumentMut>().is_ok_and(|document| document.contains_key("genes"))
}

/// Whether a text is a stack: scenarios have a name, a run and a cluster, stacks have components.
fn is_stack(text: &str) -> bool {
    let Ok(document) = text.parse::<toml_edit::DocumentMut>() else { return false };
    let components = form::Form::default().components();
    let keys: Vec<&str> = document.iter().map(|(key, _)| key).collect();
    !keys.contains(&"cluster") && !keys.contains(&"run") && keys.iter().any(|key| components.contains(key))
}

fn save_picture(image: &egui::ColorImage, path: &Path, close: Option<egui::Context>) {
    let pixels: Vec<u8> = image.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect();
    let (width, height) = (image.width() as u32, image.height() as u32);
    let written = plots::encode_png(&pixels, width, height);
    if let Err(error) = fs::write(path, written) {
        eprintln!("hms-gui: cannot write {}: {error}", path.display());
    }
    if let Some(context) = close {
        context.send_viewport_cmd(egui::ViewportCommand::Close);
    }
}
