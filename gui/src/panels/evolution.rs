//! A search for better configurations: how it converges, what it has tried, and its front; any point of it can be taken into Launch and run.

use egui::{ComboBox, RichText, ScrollArea, Ui};
use hms_lab::plots::{Chart, ChartCurve};
use hms_lab::results::Columns;

use super::absence;
use crate::command::{Command, Kind};
use crate::theme;
use crate::view::View;
use crate::view::search::{Point, Search};
use crate::widgets::chart::{Shown, chart_ui};
use crate::widgets::figures::digits;
use crate::widgets::parallel::{Axis, parallel_ui};

/// What the panel alone knows.
#[derive(Default)]
pub(super) struct EvolutionPanel {
    /// Which measure of convergence is drawn, by position.
    measure: usize,
    /// Which objectives are across and up.
    axes: (usize, usize),
    /// Only the finalists, measured on seeds that the search did not see.
    finalists: bool,
    /// The candidate that is looked at: its row.
    chosen: Option<usize>,
}

/// Measures of a generation, with what they say.
const MEASURES: [(&str, &str); 5] = [
    ("hypervolume", "Volume between the front and twice the base's losses, in units of the base's."),
    ("best", "Least loss of the first target among those that keep all constraints."),
    ("diversity", "Mean distance of two genomes, 0 to 1."),
    ("feasible", "Share of the population that keeps all constraints."),
    ("spacing", "Unevenness of the front (Schott 1995)."),
];

/// More candidates than this are thinned out where they are drawn as points.
const POINTS_MAX: usize = 4_000;

impl EvolutionPanel {
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
        running(ui, view, commands);
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
            if ui.button("Read again").on_hover_text("A search that goes on writes its tables after each generation.").clicked() {
                commands.push(Command::Open(search.folder.clone()));
            }
        });
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            self.convergence(ui, search, commands);
            ui.separator();
            self.front(ui, search, commands);
            self.parallel(ui, search);
            ui.separator();
            self.candidate(ui, search, commands);
            operators(ui, search);
        });
    }

    fn convergence(&mut self, ui: &mut Ui, search: &Search, commands: &mut Vec<Command>) {
        let (name, help) = MEASURES[self.measure.min(MEASURES.len() - 1)];
        ui.horizontal(|ui| {
            let label = ui.label("Convergence");
            let combo = ComboBox::new("measure", "").selected_text(name).show_ui(ui, |ui| {
                for (place, (name, help)) in MEASURES.iter().enumerate() {
                    ui.selectable_value(&mut self.measure, place, *name).on_hover_text(*help);
                }
            });
            combo.response.labelled_by(label.id);
            ui.weak(help);
        });
        let values = search.generations.number(name).unwrap_or_default();
        let across = search.generations.number("evaluations").unwrap_or_default();
        let chart = Chart {
            title: format!("Convergence: {name}"),
            subtitle: search.folder.display().to_string(),
            across: "candidates measured".to_owned(),
            up: name.to_owned(),
            curves: vec![ChartCurve {
                name: name.to_owned(),
                points: across.iter().zip(values).map(|(x, y)| [*x, *y]).collect(),
                dots: false,
            }],
            bands: Vec::new(),
        };
        chart_ui(ui, &chart, &Shown { id: "convergence", height: 190.0, cursor: None, link: None, from_zero: false }, commands);
    }

    fn front(&mut self, ui: &mut Ui, search: &Search, commands: &mut Vec<Command>) {
        let objectives = search.objectives();
        if objectives.is_empty() {
            return absence(ui, "This search has measured nothing yet.");
        }
        self.axes = (
            self.axes.0.min(objectives.len() - 1),
            if self.axes == (0, 0) { objectives.len().min(2) - 1 } else { self.axes.1.min(objectives.len() - 1) },
        );
        ui.horizontal_wrapped(|ui| {
            for (title, axis) in [("Across", &mut self.axes.0), ("Up", &mut self.axes.1)] {
                let label = ui.label(title);
                let combo = ComboBox::new(title, "").width(150.0).selected_text(objectives[*axis]).show_ui(ui, |ui| {
                    for (place, name) in objectives.iter().enumerate() {
                        ui.selectable_value(axis, place, *name);
                    }
                });
                combo.response.labelled_by(label.id);
            }
            ui.add_enabled(search.front.rows > 0, egui::Checkbox::new(&mut self.finalists, "Finalists on unseen seeds"));
        });
        let columns = search.candidates(self.finalists);
        let (across, up) = (objectives[self.axes.0], objectives[self.axes.1]);
        let (Some(xs), Some(ys)) = (columns.number(across), columns.number(up)) else { return };
        let step = columns.rows.div_ceil(POINTS_MAX).max(1);
        let points =
            xs.iter().zip(ys).step_by(step).map(|(x, y)| [*x, *y]).filter(|point| point.iter().all(|value| value.is_finite()));
        let mut curves = vec![ChartCurve { name: "candidates".to_owned(), points: points.collect(), dots: true }];
        if let Some(row) = self.chosen.filter(|row| *row < columns.rows) {
            curves.push(ChartCurve { name: "chosen".to_owned(), points: vec![[xs[row], ys[row]]], dots: true });
        }
        let chart = Chart {
            title: format!("{up} over {across}"),
            subtitle: search.folder.display().to_string(),
            across: across.to_owned(),
            up: up.to_owned(),
            curves,
            bands: Vec::new(),
        };
        if let Some([x, y]) = crate::widgets::chart::scatter_ui(
            ui,
            &chart,
            &Shown { id: "front", height: 260.0, cursor: None, link: None, from_zero: false },
            commands,
        ) {
            self.chosen = nearest(xs, ys, [x, y]);
        }
    }

    /// Objectives and the parameters that differ most, as parallel axes; the chosen candidate stands out.
    fn parallel(&mut self, ui: &mut Ui, search: &Search) {
        let columns = search.candidates(self.finalists);
        let names = search.objectives();
        let axes: Vec<Axis<'_>> = names.iter().filter_map(|name| Some(Axis { name, values: columns.number(name)? })).collect();
        if axes.len() > 1
            && let Some(row) = parallel_ui(ui, &axes, self.chosen)
        {
            self.chosen = Some(row);
        }
    }

    fn candidate(&mut self, ui: &mut Ui, search: &Search, commands: &mut Vec<Command>) {
        let columns = search.candidates(self.finalists);
        let Some(row) = self.chosen.filter(|row| *row < columns.rows) else {
            ui.weak("Click a point to see its configuration.");
            return;
        };
        ui.horizontal_wrapped(|ui| {
            ui.strong(format!("Candidate {}", columns.number("id").map_or(row as f64, |ids| ids[row])));
            for name in search.objectives() {
                if let Some(values) = columns.number(name) {
                    ui.label(format!("{name} {}", digits(values[row])));
                }
            }
            if ui
                .button("Take into Launch")
                .on_hover_text("Sets these parameters in the drafted stack, whose other values stay.")
                .clicked()
            {
                commands.push(Command::Adopt(search.parameters(self.finalists, row)));
            }
        });
        let text: Vec<String> =
            search.parameters(self.finalists, row).into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
        ui.add(egui::Label::new(RichText::new(text.join("   ")).small()).wrap());
        if !(self.finalists && search.front.rows > 0) {
            genealogy(ui, search, row, &mut self.chosen);
        }
    }
}

/// The search that was opened to be run: start, pause, stop, resume; and its convergence while it runs.
fn running(ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        if ui.button("Open a campaign…").clicked() {
            commands.push(Command::Pick(Kind::Campaign));
        }
        if ui.button("Open a search…").on_hover_text("The folder of a search that has ended").clicked() {
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
                ui.label(study.display().to_string());
                for (name, resume) in [("Start", false), ("Resume", true)] {
                    if ui.button(name).clicked() {
                        commands.push(Command::Evolve { resume });
                    }
                }
            }
            (None, None) => {}
        }
    });
    let Some(evolving) = view.evolving.as_ref().filter(|evolving| !evolving.points.is_empty()) else { return };
    let step = evolving.points.len().div_ceil(POINTS_MAX).max(1);
    let curve = |name: &str, value: &dyn Fn(&Point) -> Option<f64>| ChartCurve {
        name: name.to_owned(),
        points: evolving
            .points
            .iter()
            .step_by(step)
            .filter_map(|point| Some([point.evaluations as f64, value(point)?]))
            .collect(),
        dots: false,
    };
    let chart = Chart {
        title: "The search so far".to_owned(),
        subtitle: evolving.name.clone(),
        across: "candidates measured".to_owned(),
        up: "loss of the best; hypervolume".to_owned(),
        curves: vec![curve("best", &|point| point.best), curve("hypervolume", &|point| point.hypervolume)],
        bands: Vec::new(),
    };
    chart_ui(ui, &chart, &Shown { id: "evolving", height: 190.0, cursor: None, link: None, from_zero: true }, commands);
    ui.separator();
}

/// The candidate nearest to a point, measured in shares of the axes.
fn nearest(xs: &[f64], ys: &[f64], [x, y]: [f64; 2]) -> Option<usize> {
    let width = |values: &[f64]| {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        (finite().fold(f64::NEG_INFINITY, f64::max) - finite().fold(f64::INFINITY, f64::min)).max(1e-12)
    };
    let (across, up) = (width(xs), width(ys));
    let distance = |row: usize| ((xs[row] - x) / across).powi(2) + ((ys[row] - y) / up).powi(2);
    (0..xs.len().min(ys.len()))
        .filter(|row| distance(*row).is_finite())
        .min_by(|one, other| distance(*one).total_cmp(&distance(*other)))
}

fn genealogy(ui: &mut Ui, search: &Search, row: usize, chosen: &mut Option<usize>) {
    let history: &Columns = &search.history;
    let (Some(ids), Some(operators), Some(generations)) =
        (history.number("id"), history.text("operator"), history.number("generation"))
    else {
        return;
    };
    ui.horizontal_wrapped(|ui| {
        ui.weak("Descent:");
        for ancestor in search.ancestors(row, 24) {
            let text = format!("{} ({}, generation {})", ids[ancestor], operators[ancestor], generations[ancestor]);
            if ui.selectable_label(*chosen == Some(ancestor), text).clicked() {
                *chosen = Some(ancestor);
            }
        }
    });
}

fn operators(ui: &mut Ui, search: &Search) {
    let operators = search.operators();
    if operators.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.weak("Operators:");
        for (name, made, kept) in operators {
            ui.colored_label(theme::ACTION, name);
            ui.label(format!("made {made}, {kept} of them met all seeds;"));
        }
    });
}
