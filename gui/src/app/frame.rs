//! One frame: hear what workers report, draw, carry out what was wanted.

use egui::{CentralPanel, ComboBox, Frame, Panel as Edge, RichText, Ui};

use super::App;
use crate::command::{Command, Kind};
use crate::panels::Desktop;
use crate::{palette, theme};

/// Frames after the last job until a picture is taken: layout and fonts have settled by then.
const SETTLED: u32 = 12;

impl App {
    /// Draws a frame.
    pub fn frame(&mut self, ui: &mut Ui) {
        let context = ui.ctx().clone();
        self.workers.wake(&context);
        theme::apply(&context, self.dark);
        self.hear();
        self.check_drafts();
        let mut commands = palette::pressed(ui, &self.view);
        let dropped: Vec<_> = context.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        commands.extend(dropped.into_iter().map(Command::Open));
        Edge::top("bar").show(ui, |ui| bar(ui, self, &mut commands));
        Edge::bottom("messages").show(ui, |ui| messages(ui, self, &mut commands));
        CentralPanel::default().frame(Frame::new()).show(ui, |ui| {
            let mut desktop = Desktop { view: &self.view, panels: &mut self.panels, commands: &mut commands };
            self.tree.ui(&mut desktop, ui);
        });
        self.palette.ui(ui, &self.view, &mut commands);
        for command in commands {
            self.carry_out_in(command, &context);
        }
        if let Some(path) = self.screenshot.take() {
            self.carry_out_in(Command::Screenshot(path), &context);
        }
        self.act_on_options(&context);
    }

    /// What the command line asked for, as soon as it can be done.
    fn act_on_options(&mut self, context: &egui::Context) {
        if self.options.run && self.view.drafts.is_ready() {
            self.options.run = false;
            self.carry_out(Command::Run);
        }
        if self.view.drafts.is_ready()
            && let Some(seeds) = self.options.measure.take()
        {
            self.carry_out(Command::Measure(seeds));
        }
        let Some(path) = self.options.screenshot.clone() else { return };
        context.request_repaint();
        let held = self.hold();
        if self.options.run || self.options.measure.is_some() || (self.is_busy() && !held) || self.view.drafts.checked.is_none() {
            self.quiet_frames = 0;
            return;
        }
        self.quiet_frames += 1;
        if self.quiet_frames == 1
            && let Some(incident) = self.options.incident
        {
            self.carry_out(Command::SelectIncident(Some(incident)));
        }
        if self.quiet_frames == SETTLED {
            self.carry_out_in(Command::Screenshot(path), context);
        }
    }
}

impl App {
    /// Holds a run where a picture of it is to be taken; whether it is held there.
    fn hold(&mut self) -> bool {
        let (Some(at), Some(live)) = (self.options.watch, &self.view.live) else { return false };
        if live.paused {
            return true;
        }
        if live.now.as_secs_f64() >= at {
            self.carry_out(Command::Pause(true));
        }
        false
    }
}

fn bar(ui: &mut Ui, app: &App, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        ui.strong("HMS");
        ui.menu_button("File", |ui| {
            let entries = [
                ("Open results…", Command::Pick(Kind::Results)),
                ("Open scenario…", Command::Pick(Kind::Scenario)),
                ("Open stack…", Command::Pick(Kind::Stack)),
                ("Keep run as results", Command::Keep),
                ("Quit", Command::Quit),
            ];
            for (name, command) in entries {
                if ui.button(name).clicked() {
                    commands.push(command);
                    ui.close();
                }
            }
        });
        ui.menu_button("Panels", |ui| {
            for panel in crate::panels::Panel::ALL {
                if ui.button(panel.title()).clicked() {
                    commands.push(Command::Focus(panel));
                    ui.close();
                }
            }
            ui.separator();
            if ui.button("Put panels back").clicked() {
                commands.push(Command::ResetLayout);
                ui.close();
            }
        });
        if ui.button("Commands").on_hover_text("Everything that can be done: Ctrl+K").clicked() {
            commands.push(Command::TogglePalette);
        }
        if ui.button(if app.dark { "Light" } else { "Dark" }).on_hover_text("Light or dark: Ctrl+D").clicked() {
            commands.push(Command::ToggleTheme);
        }
        runs(ui, app, commands);
        if let Some(live) = &app.view.live {
            ui.label(format!("{} seed {}: {:.0} %", live.scenario, live.seed, live.share() * 100.0));
        }
    });
}

/// The runs of this window, of which one is shown everywhere.
fn runs(ui: &mut Ui, app: &App, commands: &mut Vec<Command>) {
    let view = &app.view;
    if view.runs.is_empty() {
        return;
    }
    let label = ui.label("Run");
    let shown = view.run().map_or("none", |run| run.label.as_str());
    let combo = ComboBox::new("runs", "").selected_text(shown).width(220.0).show_ui(ui, |ui| {
        for run in &view.runs {
            if ui.selectable_label(Some(run.id) == view.shown, format!("{}. {}", run.id.0, run.label)).clicked() {
                commands.push(Command::Show(run.id));
            }
        }
    });
    combo.response.labelled_by(label.id);
    if let Some(run) = view.run()
        && ui.button("Close run").clicked()
    {
        commands.push(Command::Close(run.id));
    }
}

/// The last messages; what is wrong stays until somebody has taken it away.
fn messages(ui: &mut Ui, app: &App, commands: &mut Vec<Command>) {
    let messages = &app.view.messages;
    if messages.is_empty() {
        ui.weak("Ready. Ctrl+K lists everything that can be done; files and folders can be dropped anywhere.");
        return;
    }
    for (place, message) in messages.iter().enumerate().rev().take(3) {
        ui.horizontal_wrapped(|ui| {
            if ui.small_button("Dismiss").clicked() {
                commands.push(Command::Dismiss(place));
            }
            let text = RichText::new(&message.text);
            ui.label(if message.wrong { text.color(theme::BAD) } else { text });
        });
    }
}
