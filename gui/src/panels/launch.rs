//! Choose and edit what is run: a scenario as text, a stack as a form and as text, seed and replicates; and run it.

use std::path::{Path, PathBuf};

use egui::{CollapsingHeader, ComboBox, DragValue, ProgressBar, RichText, ScrollArea, Slider, TextEdit, Ui};
use hms_lab::machine::Duration;
use hms_lab::scenario::parse_time;
use hms_lab::stack::{Scale, Value};
use hms_lab::trial::literal;

use crate::command::{Command, Draft, Kind};
use crate::theme;
use crate::view::View;
use crate::view::draft::Drafts;
use crate::view::form::Field;
use crate::widgets::editor::Editor;
use crate::worker::TRAVELS_MAX;

/// Which of the texts and forms is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    #[default]
    Scenario,
    Form,
    Stack,
}

/// What the panel alone knows.
#[derive(Default)]
pub(super) struct LaunchPanel {
    page: Page,
    scenario: Editor,
    stack: Editor,
    /// Only parameters whose name or help holds this are shown.
    filter: String,
    /// Only parameters that differ from their defaults are shown.
    changed_only: bool,
    /// A span of time that is being typed, and its parameter.
    typed: Option<(&'static str, String)>,
}

impl LaunchPanel {
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        let drafts = &view.drafts;
        files(ui, view, commands);
        LaunchPanel::settings(ui, drafts, commands);
        run_row(ui, view, commands);
        ui.separator();
        ui.horizontal(|ui| {
            ui.selectable_value(&mut self.page, Page::Scenario, "Scenario");
            ui.selectable_value(&mut self.page, Page::Form, "Stack: form");
            ui.selectable_value(&mut self.page, Page::Stack, "Stack: text");
        });
        match self.page {
            Page::Scenario => text_page(ui, &mut self.scenario, drafts, Draft::Scenario, commands),
            Page::Stack => text_page(ui, &mut self.stack, drafts, Draft::Stack, commands),
            Page::Form => self.form(ui, drafts, commands),
        }
    }

    fn settings(ui: &mut Ui, drafts: &Drafts, commands: &mut Vec<Command>) {
        ui.horizontal_wrapped(|ui| {
            let label = ui.label("Seed");
            let mut seed = drafts.seed;
            if ui.add(DragValue::new(&mut seed)).labelled_by(label.id).changed() {
                commands.push(Command::Seed(seed));
            }
            let label = ui.label("Runs");
            let mut replicates = drafts.replicates;
            let runs = ui.add(DragValue::new(&mut replicates).range(1..=10_000)).labelled_by(label.id).on_hover_text(format!(
                "Runs with consecutive seeds. Of up to {TRAVELS_MAX} all instants can be gone to at once; of more, each is restored where that is wanted."
            ));
            if runs.changed() {
                commands.push(Command::Replicates(replicates));
            }
            let mut full = drafts.full;
            let box_ = ui
                .checkbox(&mut full, "Full trace")
                .on_hover_text("Keeps every message and every attempt of a call: more to see, more memory.");
            if box_.changed() {
                commands.push(Command::Full(full));
            }
        });
    }

    fn form(&mut self, ui: &mut Ui, drafts: &Drafts, commands: &mut Vec<Command>) {
        ui.horizontal(|ui| {
            let label = ui.label("Find");
            ui.add(TextEdit::singleline(&mut self.filter).desired_width(140.0).hint_text("breaker, timeout …"))
                .labelled_by(label.id);
            ui.checkbox(&mut self.changed_only, "Changed only");
        });
        if !drafts.stack.problems.is_empty() {
            ui.colored_label(theme::BAD, "The text of the stack has mistakes: the form shows the last values that were right.");
        }
        let filter = self.filter.to_lowercase();
        let fits = |field: &Field| {
            (filter.is_empty() || field.tunable.name.contains(&filter) || field.tunable.help.to_lowercase().contains(&filter))
                && (!self.changed_only || field.is_changed())
        };
        let form = &drafts.form;
        let searched = !filter.is_empty() || self.changed_only;
        let typed = &mut self.typed;
        ScrollArea::vertical().id_salt("form").auto_shrink(false).show(ui, |ui| {
            for component in form.components() {
                let fields: Vec<&Field> =
                    form.fields.iter().filter(|field| field.component() == component && fits(field)).collect();
                if fields.is_empty() {
                    continue;
                }
                let changed = fields.iter().filter(|field| field.is_changed()).count();
                let title = if changed == 0 { component.to_owned() } else { format!("{component} ({changed} changed)") };
                let open = if searched { Some(true) } else { None };
                CollapsingHeader::new(title).id_salt(component).open(open).show(ui, |ui| {
                    for field in fields {
                        field_ui(ui, field, typed, commands);
                    }
                });
            }
        });
    }
}

/// Files that can be chosen without a dialog: scenarios of the repository, and other systems' defaults as stacks.
fn choose(ui: &mut Ui, view: &View, draft: Draft, commands: &mut Vec<Command>) {
    let presets = || view.presets.iter().filter_map(|preset| preset.path.as_deref());
    let (title, paths): (_, Vec<&Path>) = match draft {
        Draft::Scenario => ("Choose a scenario", view.scenarios.iter().map(PathBuf::as_path).collect()),
        Draft::Stack => ("Choose a stack", presets().collect()),
    };
    if paths.is_empty() {
        return;
    }
    ui.menu_button("Choose", |ui| {
        ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
            for path in paths {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                if ui.button(name).on_hover_text(path.display().to_string()).clicked() {
                    commands.push(Command::Open(path.to_owned()));
                    ui.close();
                }
            }
        });
    })
    .response
    .widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, title));
}

fn files(ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
    let drafts = &view.drafts;
    for (draft, kind, name) in [(Draft::Scenario, Kind::Scenario, "scenario"), (Draft::Stack, Kind::Stack, "stack")] {
        let text = drafts.text(draft);
        ui.horizontal_wrapped(|ui| {
            let title = if draft == Draft::Scenario { "Scenario" } else { "Stack" };
            ui.strong(title);
            let path = text.path.as_ref().map(|path| path.display().to_string());
            let shown = if draft == Draft::Stack && text.path.is_none() && text.text.is_empty() {
                "all defaults".to_owned()
            } else {
                text.name()
            };
            let edited = if text.is_edited() { " (edited)" } else { "" };
            let label = ui.label(format!("{shown}{edited}"));
            if let Some(path) = path {
                label.on_hover_text(path);
            }
            choose(ui, view, draft, commands);
            if ui.button(format!("Open {name}…")).clicked() {
                commands.push(Command::Pick(kind));
            }
            if ui.add_enabled(text.is_edited(), egui::Button::new(format!("Save {name}"))).clicked() {
                commands.push(Command::Save(draft));
            }
        });
    }
}

fn run_row(ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
    let drafts = &view.drafts;
    ui.horizontal_wrapped(|ui| {
        let run = egui::Button::new(RichText::new("Run").strong());
        if ui.add_enabled(drafts.is_ready() && view.live.is_none(), run).on_hover_text("Ctrl+Enter").clicked() {
            commands.push(Command::Run);
        }
        if let Some(live) = &view.live {
            let name = if live.paused { "Go on" } else { "Pause" };
            if ui.button(name).clicked() {
                commands.push(Command::Pause(!live.paused));
            }
            if ui.button("Cancel").clicked() {
                commands.push(Command::Cancel);
            }
        }
        if let Some(line) = drafts.command_line()
            && ui.button("Copy command").on_hover_text(&line).clicked()
        {
            commands.push(Command::Copy(line));
        }
    });
    if let Some(live) = &view.live {
        let text = format!("run {} of {}: {} of {}, {:.2} M events/s", live.run, live.runs, live.now, live.end, live.rate / 1e6);
        ui.add(ProgressBar::new(live.share()).text(text));
    }
    let wrong = drafts.scenario.problems.len() + drafts.stack.problems.len();
    if wrong > 0 {
        ui.colored_label(theme::BAD, format!("{wrong} mistakes: mend them below to run."));
    } else if let Some(inputs) = &drafts.inputs {
        let scenario = inputs.scenario();
        ui.weak(format!(
            "{}: {} hosts, {} services, {} loads, {} rules of faults, {} long",
            scenario.name,
            scenario.cluster.hosts.len(),
            scenario.services.len(),
            scenario.loads.len(),
            scenario.faults.len(),
            scenario.run.duration
        ));
    }
}

fn text_page(ui: &mut Ui, editor: &mut Editor, drafts: &Drafts, draft: Draft, commands: &mut Vec<Command>) {
    let text = drafts.text(draft);
    for problem in text.problems.iter().take(6) {
        let place = format!("line {}, column {}: {}", problem.line, problem.column, problem.message);
        let row = ui.add(egui::Label::new(RichText::new(place).color(theme::BAD)).sense(egui::Sense::click()));
        if row.clicked()
            && let Some(span) = &problem.span
        {
            editor.jump(span.start);
        }
        let more = [
            problem.expected.as_ref().map(|text| format!("expected {text}")),
            problem.nearest.as_ref().map(|name| format!("did you mean `{name}`?")),
            problem.help.clone(),
        ];
        let more: Vec<String> = more.into_iter().flatten().collect();
        if !more.is_empty() {
            ui.weak(more.join("; "));
        }
    }
    let name = if draft == Draft::Scenario { "Text of the scenario" } else { "Text of the stack" };
    let hint = if draft == Draft::Stack { "Empty: every parameter has its default." } else { "" };
    if let Some(edited) = editor.ui(ui, name, hint, &text.text, &text.problems) {
        commands.push(Command::Edit(draft, edited));
    }
}

/// A parameter: its name, a control that suits its kind, and its help.
fn field_ui(ui: &mut Ui, field: &Field, typed: &mut Option<(&'static str, String)>, commands: &mut Vec<Command>) {
    let name = field.tunable.name;
    ui.horizontal_wrapped(|ui| {
        let title = RichText::new(field.parameter());
        let title = if field.is_changed() { title.strong().color(theme::ACTION) } else { title };
        let label = ui.label(title).on_hover_text(format!("{}\n{}", field.tunable.help, field.range()));
        let value = match field.value {
            Value::Switch(mut on) => ui.checkbox(&mut on, "").labelled_by(label.id).changed().then_some(Value::Switch(on)),
            Value::Choice(chosen) => choice(ui, field, chosen),
            Value::Integer(mut count) => {
                let (Value::Integer(low), Value::Integer(high)) = (field.tunable.low, field.tunable.high) else { return };
                let slider = Slider::new(&mut count, low..=high).logarithmic(field.tunable.scale == Scale::Logarithmic);
                ui.add(slider).labelled_by(label.id).changed().then_some(Value::Integer(count))
            }
            Value::Real(mut number) => {
                let (Value::Real(low), Value::Real(high)) = (field.tunable.low, field.tunable.high) else { return };
                let slider = Slider::new(&mut number, low..=high).logarithmic(field.tunable.scale == Scale::Logarithmic);
                ui.add(slider).labelled_by(label.id).changed().then_some(Value::Real(number))
            }
            Value::Duration(duration) => time(ui, field, duration, label.id, typed),
        };
        if let Some(value) = value {
            commands.push(Command::Set(name, value));
        }
        if field.is_changed() && ui.small_button("Default").on_hover_text(format!("Back to {}", field.tunable.default)).clicked()
        {
            commands.push(Command::Set(name, field.tunable.default));
        }
    });
}

fn choice(ui: &mut Ui, field: &Field, chosen: &'static str) -> Option<Value> {
    let mut picked = chosen;
    let combo = ComboBox::new(field.tunable.name, "").selected_text(chosen).show_ui(ui, |ui| {
        for name in field.tunable.choices {
            ui.selectable_value(&mut picked, name, *name);
        }
    });
    combo.response.on_hover_text(field.tunable.name);
    (picked != chosen).then_some(Value::Choice(picked))
}

/// A span of time is typed with its unit; what is no time, or out of range, stays in the field in the colour of mistakes.
fn time(
    ui: &mut Ui,
    field: &Field,
    duration: Duration,
    label: egui::Id,
    typed: &mut Option<(&'static str, String)>,
) -> Option<Value> {
    let name = field.tunable.name;
    let mut text = match typed {
        Some((known, text)) if *known == name => text.clone(),
        Some(_) | None => literal(Value::Duration(duration)).trim_matches('"').to_owned(),
    };
    let parsed = parse_time(&text).ok().map(Value::Duration).filter(|value| field.tunable.admits(*value));
    let color = (parsed.is_none()).then_some(theme::BAD);
    let edit = ui.add(TextEdit::singleline(&mut text).desired_width(80.0).text_color_opt(color)).labelled_by(label);
    if edit.changed() {
        *typed = Some((name, text.clone()));
    }
    if edit.lost_focus() {
        *typed = None;
        let parsed = parse_time(&text).ok().map(Value::Duration).filter(|value| field.tunable.admits(*value));
        return parsed.filter(|value| *value != Value::Duration(duration));
    }
    None
}
