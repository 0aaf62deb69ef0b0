//! How a search went on: convergence with the spread of its candidates, and what its operators made.

use egui::{ComboBox, Ui};
use hms_lab::plots::{Chart, ChartCurve};

use super::{EvolutionPanel, POINTS_MAX};
use crate::command::Command;
use crate::view::View;
use crate::view::search::{Point, Search, Spread};
use crate::widgets::chart::{Shown, chart_ui};

/// Measures of a generation, with what they say; the last is read off the candidates.
const MEASURES: [(&str, &str); 6] = [
    ("hypervolume", "Volume between the front and twice the base's losses, in units of the base's."),
    ("best", "Least loss of the first target among those that keep all constraints."),
    ("diversity", "Mean distance of two genomes, 0 to 1."),
    ("feasible", "Share of the population that keeps all constraints."),
    ("spacing", "Unevenness of the front (Schott 1995)."),
    (SPREAD, "The first target over the candidates of each generation that met all seeds: quartiles and median."),
];

const SPREAD: &str = "candidates";

impl EvolutionPanel {
    pub(super) fn convergence(&mut self, ui: &mut Ui, search: &Search, commands: &mut Vec<Command>) {
        let (name, help) = MEASURES[self.measure.min(MEASURES.len() - 1)];
        ui.horizontal_wrapped(|ui| {
            let label = ui.label("Convergence");
            let combo = ComboBox::new("measure", "").selected_text(name).show_ui(ui, |ui| {
                for (place, (name, help)) in MEASURES.iter().enumerate() {
                    ui.selectable_value(&mut self.measure, place, *name).on_hover_text(*help);
                }
            });
            combo.response.labelled_by(label.id).on_hover_text(help);
        });
        let curve = |name: &str, points| ChartCurve { name: name.to_owned(), points, dots: false };
        let (across, up, curves) = if name == SPREAD {
            let quartile = |of: fn(&Spread) -> f64| search.spread.iter().map(|spread| [spread.generation, of(spread)]).collect();
            let curves = vec![
                curve("median", quartile(|spread| spread.median)),
                curve("lower quartile", quartile(|spread| spread.low)),
                curve("upper quartile", quartile(|spread| spread.high)),
            ];
            ("generation", search.objectives().first().map_or_else(String::new, |name| (*name).to_owned()), curves)
        } else {
            let values = search.generations.number(name).unwrap_or_default();
            let across = search.generations.number("evaluations").unwrap_or_default();
            let points = across.iter().zip(values).map(|(x, y)| [*x, *y]).collect();
            ("candidates measured", name.to_owned(), vec![curve(name, points)])
        };
        let chart = Chart {
            title: format!("Convergence: {name}"),
            subtitle: search.folder.display().to_string(),
            across: across.to_owned(),
            up,
            curves,
            bands: Vec::new(),
        };
        chart_ui(ui, &chart, &Shown { id: "convergence", height: 150.0, cursor: None, link: None, from_zero: false }, commands);
    }

    /// What each operator made over the generations.
    pub(super) fn operators(&mut self, ui: &mut Ui, search: &Search, commands: &mut Vec<Command>) {
        if search.operators.is_empty() {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            ui.label("Operators");
            ui.selectable_value(&mut self.kept, false, "Share of the candidates");
            ui.selectable_value(&mut self.kept, true, "Share that was kept")
                .on_hover_text("Of what an operator made: the share that met all seeds before it was given up.");
        });
        let curves = search.operators.iter().map(|operator| ChartCurve {
            name: operator.name.clone(),
            points: if self.kept { operator.kept_share.clone() } else { operator.share.clone() },
            dots: false,
        });
        let chart = Chart {
            title: if self.kept { "Operators: share that was kept" } else { "Operators: share of the candidates" }.to_owned(),
            subtitle: search.folder.display().to_string(),
            across: "generation".to_owned(),
            up: "share".to_owned(),
            curves: curves.collect(),
            bands: Vec::new(),
        };
        chart_ui(ui, &chart, &Shown { id: "operators", height: 150.0, cursor: None, link: None, from_zero: true }, commands);
        let counts = search.operators.iter().map(|operator| format!("{} {}, {}", operator.name, operator.made, operator.kept));
        ui.add(egui::Label::new(
            egui::RichText::new(format!("Made, kept: {}", counts.collect::<Vec<_>>().join("; "))).small().weak(),
        ));
    }
}

/// The convergence of a search while it runs, candidate by candidate.
pub(super) fn live(ui: &mut Ui, view: &View, commands: &mut Vec<Command>) {
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
