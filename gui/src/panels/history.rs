//! How configurations changed: over the runs of this window and their forks, over the generations of a search, and beside a preset.

use egui::{ComboBox, Ui};
use egui_extras::{Column, TableBuilder};
use hms_lab::export::Sheet;
use hms_lab::plots::{Chart, ChartCurve};

use super::absence;
use crate::command::Command;
use crate::view::View;
use crate::view::history::{Change, against, course, of_generations, of_runs};
use crate::widgets::chart::{Shown, chart_ui};
use crate::widgets::table::save_table;

/// What is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Source {
    #[default]
    Runs,
    Generations,
    Preset,
}

impl Source {
    const ALL: [Source; 3] = [Source::Runs, Source::Generations, Source::Preset];

    fn name(self) -> &'static str {
        match self {
            Source::Runs => "From run to run",
            Source::Generations => "From generation to generation",
            Source::Preset => "The run beside a preset",
        }
    }
}

/// What the panel alone knows.
#[derive(Default)]
pub(super) struct HistoryPanel {
    source: Source,
    /// Which preset the run is held against.
    preset: usize,
    /// Which parameter of a search is drawn.
    parameter: usize,
    /// What was told last: it is put together once.
    cached: Option<(Key, Vec<Change>)>,
    /// The curve that was drawn last, with the search and the parameter that it is of.
    curve: Option<(CurveKey, Vec<[f64; 2]>)>,
}

/// Which search it is, and how much of it there is.
type SearchKey = (usize, usize);

/// A search, and the place of a parameter.
type CurveKey = (Option<SearchKey>, usize);

/// What the changes were put together from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    source: Source,
    preset: usize,
    runs: Vec<u64>,
    shown: Option<u64>,
    search: Option<SearchKey>,
}

impl HistoryPanel {
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        ui.horizontal_wrapped(|ui| {
            for source in Source::ALL {
                ui.selectable_value(&mut self.source, source, source.name());
            }
        });
        match self.source {
            Source::Runs if view.runs.is_empty() => {
                return absence(
                    ui,
                    "No run yet. Each run is held against the one before it, and each fork against its original.",
                );
            }
            Source::Runs if view.runs.len() == 1 => {
                return absence(
                    ui,
                    "There is one run: what the next one has otherwise is told here. Within a run, only a fork changes the configuration.",
                );
            }
            Source::Generations if view.search.is_none() => {
                return absence(
                    ui,
                    "No search is open: open or run one in Evolution. What the best candidate of each generation has otherwise is told here.",
                );
            }
            Source::Preset if view.run().is_none() => {
                return absence(ui, "No run to hold beside a preset. Run a scenario, or open a results folder (Ctrl+O).");
            }
            Source::Runs => {}
            Source::Generations => self.course(ui, view, commands),
            Source::Preset => self.presets(ui, view),
        }
        let key = self.key(view);
        let changes = match self.cached.take() {
            Some((known, changes)) if known == key => changes,
            Some(_) | None => self.changes(view),
        };
        table(ui, self.source, &changes, commands);
        self.cached = Some((key, changes));
    }

    fn key(&self, view: &View) -> Key {
        Key {
            source: self.source,
            preset: self.preset,
            runs: view.runs.iter().map(|run| run.id.0).collect(),
            shown: view.shown.map(|id| id.0),
            search: search_key(view),
        }
    }

    fn changes(&self, view: &View) -> Vec<Change> {
        match self.source {
            Source::Runs => of_runs(&view.runs.iter().map(AsRef::as_ref).collect::<Vec<_>>()),
            Source::Generations => view.search.as_ref().map_or_else(Vec::new, |search| of_generations(search)),
            Source::Preset => match (view.run(), view.presets.get(self.preset)) {
                (Some(run), Some(preset)) => against(run, &preset.name, &preset.stack),
                _ => Vec::new(),
            },
        }
    }

    fn presets(&mut self, ui: &mut Ui, view: &View) {
        ui.horizontal_wrapped(|ui| {
            let label = ui.label("Preset");
            let name = view.presets.get(self.preset).map_or("none", |preset| preset.name.as_str());
            let combo = ComboBox::new("history preset", "").width(170.0).selected_text(name).show_ui(ui, |ui| {
                for (place, preset) in view.presets.iter().enumerate() {
                    ui.selectable_value(&mut self.preset, place, &preset.name);
                }
            });
            combo.response.labelled_by(label.id);
            if let Some(run) = view.run() {
                ui.weak(format!("`before` is the preset, `after` the stack of {}", run.label));
            }
        });
    }

    /// A parameter of the best candidate over the generations.
    fn course(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        let Some(search) = &view.search else { return };
        let names = search.varying(false);
        if names.is_empty() {
            return;
        }
        self.parameter = self.parameter.min(names.len() - 1);
        let name = names[self.parameter];
        ui.horizontal(|ui| {
            let label = ui.label("Parameter");
            let combo = ComboBox::new("history parameter", "").width(240.0).selected_text(name).show_ui(ui, |ui| {
                for (place, name) in names.iter().enumerate() {
                    ui.selectable_value(&mut self.parameter, place, *name);
                }
            });
            combo.response.labelled_by(label.id);
        });
        let key = (search_key(view), self.parameter);
        let points = match self.curve.take() {
            Some((known, points)) if known == key => points,
            Some(_) | None => course(search, name),
        };
        self.curve = Some((key, points.clone()));
        let chart = Chart {
            title: format!("{name} of the best candidate"),
            subtitle: search.folder.display().to_string(),
            across: "generation".to_owned(),
            up: name.to_owned(),
            curves: vec![ChartCurve { name: name.to_owned(), points, dots: false }],
            bands: Vec::new(),
        };
        chart_ui(ui, &chart, &Shown { id: "course", height: 170.0, cursor: None, link: None, from_zero: false }, commands);
    }
}

fn search_key(view: &View) -> Option<SearchKey> {
    view.search.as_ref().map(|search| (std::sync::Arc::as_ptr(search) as usize, search.history.rows))
}

fn table(ui: &mut Ui, source: Source, changes: &[Change], commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        ui.strong(format!("{} changes", changes.len()));
        if !changes.is_empty() {
            save_table(ui, "Save changes", commands, || sheet(source, changes));
        }
    });
    if changes.is_empty() {
        let text = match source {
            Source::Runs => "All runs have the same scenario, seed, faults and stack.",
            Source::Generations => "No candidate has met all seeds and kept all constraints yet.",
            Source::Preset => "The run has the very values of this preset.",
        };
        return absence(ui, text);
    }
    TableBuilder::new(ui)
        .id_salt("changes")
        .striped(true)
        .auto_shrink(false)
        .column(Column::initial(190.0).clip(true).resizable(true))
        .column(Column::initial(210.0).clip(true).resizable(true))
        .column(Column::initial(150.0).clip(true).resizable(true))
        .column(Column::remainder().clip(true))
        .header(20.0, |mut header| {
            for title in ["where", "what", "before", "after"] {
                header.col(|ui| {
                    ui.strong(title);
                });
            }
        })
        .body(|body| {
            body.rows(18.0, changes.len(), |mut row| {
                let change = &changes[row.index()];
                for text in [&change.place, &change.what, &change.before, &change.after] {
                    row.col(|ui| {
                        ui.label(text).on_hover_text(text);
                    });
                }
            });
        });
}

fn sheet(source: Source, changes: &[Change]) -> Sheet {
    let column = |of: fn(&Change) -> &String| changes.iter().map(|change| Some(of(change).clone())).collect::<Vec<_>>();
    Sheet::new(format!("configurations {}", source.name()))
        .texts("where", column(|change| &change.place))
        .texts("what", column(|change| &change.what))
        .texts("before", column(|change| &change.before))
        .texts("after", column(|change| &change.after))
}
