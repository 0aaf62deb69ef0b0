//! Everything that can be done, in one list: found by typing, with the keys that do the same.

use egui::{Key, KeyboardShortcut, Modal, Modifiers, ScrollArea, TextEdit, Ui};

use crate::command::{Command, Draft, Kind};
use crate::panels::Panel;
use crate::view::View;

/// Something that can be done.
pub struct Action {
    /// What it is called.
    pub name: String,
    /// The keys that do it.
    pub keys: Option<KeyboardShortcut>,
    /// What it does.
    pub command: Command,
}

const CTRL: Modifiers = Modifiers::COMMAND;

fn keys(modifiers: Modifiers, key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(modifiers, key))
}

/// Everything that can be done now.
pub fn actions(view: &View) -> Vec<Action> {
    let action = |name: &str, keys, command| Action { name: name.to_owned(), keys, command };
    let paused = view.live.as_ref().is_some_and(|live| live.paused);
    let mut actions = vec![
        action("Run", keys(CTRL, Key::Enter), Command::Run),
        action(if paused { "Go on" } else { "Pause" }, keys(CTRL, Key::P), Command::Pause(!paused)),
        action("Cancel the run", keys(CTRL, Key::Period), Command::Cancel),
        action("Open results", keys(CTRL, Key::O), Command::Pick(Kind::Results)),
        action("Open scenario", keys(CTRL.plus(Modifiers::SHIFT), Key::O), Command::Pick(Kind::Scenario)),
        action("Open stack", None, Command::Pick(Kind::Stack)),
        action("Save scenario", keys(CTRL, Key::S), Command::Save(Draft::Scenario)),
        action("Save stack", keys(CTRL.plus(Modifiers::SHIFT), Key::S), Command::Save(Draft::Stack)),
        action("Keep the run as a results folder", None, Command::Keep),
        action("One event on", keys(Modifiers::ALT, Key::ArrowRight), Command::Step(1)),
        action("One event back", keys(Modifiers::ALT, Key::ArrowLeft), Command::Step(-1)),
        action("Restore instants of the run", None, Command::Restore),
        action("Measure the scorecard (5 seeds)", None, Command::Measure(5)),
        action("Save a picture of the window", keys(CTRL.plus(Modifiers::SHIFT), Key::P), Command::PickScreenshot),
        action("Light or dark", keys(CTRL, Key::D), Command::ToggleTheme),
        action("Put panels back", None, Command::ResetLayout),
        action("Quit", keys(CTRL, Key::Q), Command::Quit),
    ];
    let digits = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
    let panels = Panel::ALL.into_iter().zip(digits);
    actions.extend(panels.map(|(panel, key)| action(&format!("Show {}", panel.title()), keys(CTRL, key), Command::Focus(panel))));
    if let Some(line) = view.run().and_then(|run| run.command_line.clone()) {
        actions.push(action("Copy the command of the run", None, Command::Copy(line)));
    }
    for run in view.runs.iter().rev().take(20) {
        actions.push(action(&format!("Look at {}", run.label), None, Command::Show(run.id)));
    }
    actions
}

/// The keys of the palette itself.
pub const OPEN: KeyboardShortcut = KeyboardShortcut::new(CTRL, Key::K);

/// Commands of keys that were pressed.
pub fn pressed(ui: &Ui, view: &View) -> Vec<Command> {
    let mut commands = Vec::new();
    if ui.input_mut(|input| input.consume_shortcut(&OPEN)) {
        commands.push(Command::TogglePalette);
    }
    let mut actions: Vec<Action> = actions(view).into_iter().filter(|action| action.keys.is_some()).collect();
    // Those with more modifiers first: egui takes Ctrl+Shift+S for Ctrl+S as well.
    actions.sort_by_key(|action| !action.keys.is_some_and(|keys| keys.modifiers.shift));
    for action in actions {
        if let Some(keys) = action.keys
            && ui.input_mut(|input| input.consume_shortcut(&keys))
        {
            commands.push(action.command);
        }
    }
    commands
}

/// What the palette alone knows.
#[derive(Default)]
pub struct Palette {
    /// Whether it is shown.
    pub open: bool,
    typed: String,
    chosen: usize,
}

impl Palette {
    /// Draws it, if it is open.
    pub fn ui(&mut self, ui: &Ui, view: &View, commands: &mut Vec<Command>) {
        if !self.open {
            return;
        }
        let found: Vec<Action> = actions(view).into_iter().filter(|action| fits(&action.name, &self.typed)).collect();
        let (up, down, enter) = ui.input_mut(|input| {
            (
                input.consume_key(Modifiers::NONE, Key::ArrowUp),
                input.consume_key(Modifiers::NONE, Key::ArrowDown),
                input.consume_key(Modifiers::NONE, Key::Enter),
            )
        });
        self.chosen = (self.chosen + usize::from(down)).saturating_sub(usize::from(up)).min(found.len().saturating_sub(1));
        let mut done = enter.then(|| found.get(self.chosen)).flatten().map(|action| action.command.clone());
        let modal = Modal::new(egui::Id::unique("palette")).show(ui.ctx(), |ui| {
            ui.set_width(460.0);
            let typed = ui
                .add(TextEdit::singleline(&mut self.typed).hint_text("What would you like to do?").desired_width(f32::INFINITY));
            typed.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::TextInput, true, "Find a command"));
            typed.request_focus();
            if typed.changed() {
                self.chosen = 0;
            }
            ScrollArea::vertical().max_height(380.0).show(ui, |ui| {
                for (place, action) in found.iter().enumerate() {
                    ui.horizontal(|ui| {
                        let row = ui.selectable_label(place == self.chosen, &action.name);
                        if place == self.chosen && (up || down) {
                            row.scroll_to_me(None);
                        }
                        if row.clicked() {
                            done = Some(action.command.clone());
                        }
                        if let Some(keys) = action.keys {
                            ui.weak(ui.ctx().format_shortcut(&keys));
                        }
                    });
                }
            });
        });
        if let Some(command) = done {
            commands.push(command);
            self.close();
        } else if modal.should_close() {
            self.close();
        }
    }

    /// Shows it anew, or hides it.
    pub fn toggle(&mut self) {
        *self = Palette { open: !self.open, ..Palette::default() };
    }

    fn close(&mut self) {
        *self = Palette::default();
    }
}

/// Whether every word that was typed stands in the name.
fn fits(name: &str, typed: &str) -> bool {
    let name = name.to_lowercase();
    typed.to_lowercase().split_whitespace().all(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_have_the_same_keys() {
        let all = actions(&View::default());
        for (place, action) in all.iter().enumerate() {
            let twin = all[..place].iter().find(|other| other.keys.is_some() && other.keys == action.keys);
            assert!(twin.is_none() && action.keys != Some(OPEN), "{}", action.name);
        }
    }

    #[test]
    fn words_are_found_in_any_order() {
        assert!(fits("Open results", "res op"));
        assert!(!fits("Open results", "open stack"));
    }
}
