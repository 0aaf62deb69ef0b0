//! A search for better configurations: how it converges, what it has tried, and its front; any point of it can be taken into Launch and run.

mod candidate;
mod front;
mod progress;

use std::path::PathBuf;

use egui::{ScrollArea, Ui};
use hms_lab::evolution::Opening;

use super::absence;
use crate::command::{Command, Kind};
use crate::view::View;
use crate::view::search::{Brush, Search};

/// What the panel alone knows.
#[derive(Default)]
pub(super) struct EvolutionPanel {
    /// Which measure of convergence is drawn, by position.
    measure: usize,
    /// Whether operators are shown by what was kept of what they made, in place of how much they made.
    kept: bool,
    /// Which objectives are across and up.
    axes: (usize, usize),
    /// Which objective is in depth; none: the front is flat.
    depth: Option<usize>,
    /// From where the front is looked at in depth.
    eye: front::Eye,
    /// Only the finalists, measured on seeds that the search did not see.
    finalists: bool,
    /// Which parameters have an axis beside the objectives.
    parameters: Option<Vec<String>>,
    brushes: Vec<Brush>,
    /// The rows in all brushes.
    brushed: Option<(Key, Vec<u32>)>,
    /// The candidate that is looked at: its row.
    chosen: Option<usize>,
    /// The preset that it is held against, beside our default.
    preset: usize,
    /// The candidate that is looked at, in words.
    described: Option<candidate::Described>,
    /// The search that all this is about: its folder, and how many candidates there were.
    about: Option<(PathBuf, usize)>,
}

/// What the brushed rows were found from.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    search: usize,
    rows: usize,
    finalists: bool,
    brushes: Vec<Brush>,
}

/// From this width on charts stand beside each other.
const WIDE: f32 = 760.0;

/// More candidates than this are thinned out where they are drawn as points.
const POINTS_MAX: usize = 2_000;

impl EvolutionPanel {
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        running(ui, view, commands);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            progress::live(ui, view, commands);
            let Some(search) = &view.search else {
                return absence(
                    ui,
                    "No search is open. Open a campaign of evolution and start it, or open the folder of a search (made by `hms evolve`).",
                );
            };
            ui.horizontal_wrapped(|ui| {
                ui.strong(search.folder.display().to_string());
                ui.label(format!(
                    "{} generations, {} candidates, {} finalists",
                    search.generations.rows, search.history.rows, search.front.rows
                ));
                if ui
                    .button("Read again")
                    .on_hover_text("A search that goes on elsewhere writes its tables after each generation.")
                    .clicked()
                {
                    commands.push(Command::Open(search.folder.clone()));
                }
            });
            self.turn_to(search);
            self.brush(search);
            if ui.available_width() < WIDE {
                self.convergence(ui, search, commands);
                self.operators(ui, search, commands);
                self.front(ui, search, commands);
                self.parallel(ui, search, commands);
            } else {
                ui.columns(2, |columns| {
                    self.convergence(&mut columns[0], search, commands);
                    self.operators(&mut columns[1], search, commands);
                });
                ui.columns(2, |columns| {
                    self.front(&mut columns[0], search, commands);
                    self.parallel(&mut columns[1], search, commands);
                });
            }
            ui.separator();
            self.candidate(ui, search, view, commands);
        });
    }

    /// Rows, axes and brushes are those of one search: of another nothing is chosen yet. One that goes on keeps them; one that was begun anew keeps its
    /// axes and brushes.
    fn turn_to(&mut self, search: &Search) {
        let (known, before) = match &self.about {
            Some((folder, rows)) => (*folder == search.folder, *rows),
            None => (false, 0),
        };
        if !known {
            *self = EvolutionPanel {
                measure: self.measure,
                kept: self.kept,
                eye: self.eye,
                preset: self.preset,
                ..Default::default()
            };
        } else if search.history.rows < before {
            self.chosen = None;
        }
        if !known || search.history.rows != before {
            self.about = Some((search.folder.clone(), search.history.rows));
        }
    }

    /// Finds the rows that lie in all brushes, where brushes or candidates have changed.
    fn brush(&mut self, search: &std::sync::Arc<Search>) {
        let key = Key {
            search: std::sync::Arc::as_ptr(search) as usize,
            rows: search.history.rows,
            finalists: self.finalists && search.front.rows > 0,
            brushes: self.brushes.clone(),
        };
        if self.brushed.as_ref().is_none_or(|(known, _)| *known != key) {
            let rows = crate::view::search::brushed(search.candidates(self.finalists), &self.brushes);
            if self.brushed.as_ref().is_some_and(|(known, _)| known.finalists != key.finalists) {
                self.chosen = None;
            }
            self.brushed = Some((key, rows));
        }
    }

    /// The rows that lie in all brushes.
    fn rows(&self) -> &[u32] {
        self.brushed.as_ref().map_or(&[], |(_, rows)| rows)
    }
}

/// The search that was opened to be run: start, pause, stop, resume.
fn running(ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        if ui.button("Open a campaign…").clicked() {
            commands.push(Command::Pick(Kind::Campaign));
        }
        if ui.button("Open a search…").on_hover_text("The folder of a search, whether it has ended or not").clicked() {
            commands.push(Command::Pick(Kind::Results));
        }
        match (&view.evolving, &view.study) {
            (Some(evolving), _) => {
                if ui.button(if view.evolving_waits { "Go on with the search" } else { "Pause the search" }).clicked() {
                    commands.push(Command::PauseEvolution(!view.evolving_waits));
                }
                if ui.button("Stop the search").on_hover_text("What it has paid for is kept: Resume goes on.").clicked() {
                    commands.push(Command::StopEvolution);
                }
                ui.label(format!("{}: {}", evolving.name, evolving.doing));
            }
            (None, Some(study)) => {
                ui.label(study.campaign.display().to_string());
                let ways = [
                    ("Start", Opening::New, "In a folder of its own under results/."),
                    ("Resume", Opening::Resume, "Goes on with what is in its folder."),
                    (
                        "Begin anew",
                        Opening::Fresh,
                        "Forgets what the search in its folder has found, and keeps what its trials gave.",
                    ),
                ];
                for (name, opening, help) in ways {
                    if ui.button(name).on_hover_text(help).clicked() {
                        commands.push(Command::Evolve(opening));
                    }
                }
                if ui.button("Copy command").on_hover_text("The command that does the same in a terminal.").clicked() {
                    commands.push(Command::Copy(study.command_line()));
                }
            }
            (None, None) => {}
        }
    });
}

#[cfg(test)]
mod tests {
    use hms_lab::results::Columns;

    use super::*;

    fn search(folder: &str, rows: usize) -> Search {
        let history = Columns { rows, ..Columns::default() };
        Search::of(PathBuf::from(folder), Columns::default(), history, Columns::default())
    }

    #[test]
    fn another_search_has_nothing_chosen_and_one_that_goes_on_keeps_what_was() {
        let mut panel = EvolutionPanel::default();
        panel.turn_to(&search("one", 5));
        let brush = Brush { name: "health.heartbeat".to_owned(), low: 0.0, high: 1.0 };
        (panel.chosen, panel.brushes, panel.parameters) = (Some(4), vec![brush], Some(vec!["health.heartbeat".to_owned()]));
        panel.turn_to(&search("one", 9));
        assert_eq!((panel.chosen, panel.brushes.len()), (Some(4), 1), "it goes on");
        panel.turn_to(&search("one", 3));
        assert_eq!((panel.chosen, panel.brushes.len()), (None, 1), "it was begun anew");
        panel.chosen = Some(1);
        panel.turn_to(&search("other", 3));
        assert_eq!((panel.chosen, panel.brushes.len(), panel.parameters.is_none()), (None, 0, true), "another one");
    }
}
