//! The front: two objectives over each other, three in depth, and every axis beside the others; brushes choose among the candidates.

use egui::{ComboBox, Slider, Ui};
use hms_lab::plots::{Chart, ChartCurve};

use super::{EvolutionPanel, POINTS_MAX};
use crate::command::Command;
use crate::panels::absence;
use crate::view::search::{Brush, Search};
use crate::widgets::chart::{Shown, scatter_ui};
use crate::widgets::parallel::{Axis, Parallel, Touched, parallel_chart, parallel_ui};

/// Parameters that have an axis at first, at most.
const AXES_FIRST: usize = 4;

/// From where three objectives are looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Eye {
    /// Turned around the vertical axis, degrees.
    pub(super) turn: f64,
    /// Seen from above, degrees.
    pub(super) tilt: f64,
}

impl Default for Eye {
    fn default() -> Self {
        Eye { turn: 35.0, tilt: 25.0 }
    }
}

impl Eye {
    /// Where a point of the unit cube (across, depth, up) is seen, by parallel projection.
    fn sees(self, [across, depth, up]: [f64; 3]) -> [f64; 2] {
        let (x, y, z) = (across - 0.5, depth - 0.5, up - 0.5);
        let (turn, tilt) = (self.turn.to_radians(), self.tilt.to_radians());
        let (right, away) = (x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin());
        [right, z * tilt.cos() + away * tilt.sin()]
    }
}

impl EvolutionPanel {
    pub(super) fn front(&mut self, ui: &mut Ui, search: &Search, commands: &mut Vec<Command>) {
        let objectives = search.objectives();
        if objectives.is_empty() {
            return absence(ui, "This search has measured nothing yet.");
        }
        let last = objectives.len() - 1;
        self.axes = (self.axes.0.min(last), if self.axes == (0, 0) { last.min(1) } else { self.axes.1.min(last) });
        self.depth = self.depth.filter(|depth| *depth <= last);
        self.controls(ui, search, &objectives);
        let columns = search.candidates(self.finalists);
        let (across, up) = (objectives[self.axes.0], objectives[self.axes.1]);
        let (Some(xs), Some(ys)) = (columns.number(across), columns.number(up)) else { return };
        let depth = self.depth.map(|depth| objectives[depth]);
        let zs = depth.and_then(|name| columns.number(name));
        let scaled = |name: &str, value: f64| {
            let (low, high) = search.range(self.finalists, name).unwrap_or((0.0, 1.0));
            if high > low { (value - low) / (high - low) } else { 0.5 }
        };
        let eye = self.eye;
        let place = |row: usize| match (depth, zs) {
            (Some(name), Some(zs)) => eye.sees([scaled(across, xs[row]), scaled(name, zs[row]), scaled(up, ys[row])]),
            _ => [xs[row], ys[row]],
        };
        let finite = |row: &usize| place(*row).iter().all(|value| value.is_finite());
        let rows = self.rows();
        let thinned = |count: usize| count.div_ceil(POINTS_MAX).max(1);
        let inside = rows.iter().step_by(thinned(rows.len())).map(|row| *row as usize).filter(finite);
        let dots = |name: &str, points: Vec<[f64; 2]>| ChartCurve { name: name.to_owned(), points, dots: true };
        let mut curves = vec![dots("candidates", inside.map(place).collect())];
        if rows.len() < columns.rows {
            // What lies outside the brushes is drawn first in the grey of what is not meant; the colours go by place.
            let others =
                (0..columns.rows).step_by(thinned(columns.rows)).filter(|row| rows.binary_search(&(*row as u32)).is_err());
            curves.push(dots("outside the brushes", others.filter(finite).map(place).collect()));
        }
        if let Some(row) = self.chosen.filter(|row| *row < columns.rows) {
            curves.push(dots("chosen", vec![place(row)]));
        }
        if let Some(name) = depth {
            let edges = [(across, [1.0, 0.0, 0.0]), (name, [0.0, 1.0, 0.0]), (up, [0.0, 0.0, 1.0])];
            curves.extend(edges.map(|(name, end)| ChartCurve {
                name: format!("towards more {name}"),
                points: vec![eye.sees([0.0; 3]), eye.sees(end)],
                dots: false,
            }));
        }
        let chart = Chart {
            title: depth.map_or_else(|| format!("{up} over {across}"), |depth| format!("{up} over {across} and {depth}")),
            subtitle: search.folder.display().to_string(),
            across: depth.map_or_else(|| across.to_owned(), |_| format!("turned by {:.0}°", eye.turn)),
            up: depth.map_or_else(|| up.to_owned(), |_| format!("from {:.0}° above", eye.tilt)),
            curves,
            bands: Vec::new(),
        };
        let shown = Shown {
            id: if depth.is_some() { "front in depth" } else { "front" },
            height: 220.0,
            cursor: None,
            link: None,
            from_zero: false,
        };
        if let Some(clicked) = scatter_ui(ui, &chart, &shown, commands) {
            self.chosen = nearest((0..columns.rows).map(place), clicked).or(self.chosen);
        }
    }

    fn controls(&mut self, ui: &mut Ui, search: &Search, objectives: &[&str]) {
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
            let label = ui.label("Depth");
            let shown = self.depth.map_or("none", |depth| objectives[depth]);
            let combo = ComboBox::new("Depth", "").width(150.0).selected_text(shown).show_ui(ui, |ui| {
                ui.selectable_value(&mut self.depth, None, "none");
                for (place, name) in objectives.iter().enumerate() {
                    ui.selectable_value(&mut self.depth, Some(place), *name);
                }
            });
            combo.response.labelled_by(label.id);
            if self.depth.is_some() {
                for (title, angle, range) in
                    [("Turn", &mut self.eye.turn, -180.0..=180.0), ("Tilt", &mut self.eye.tilt, 0.0..=90.0)]
                {
                    let label = ui.label(title);
                    ui.add(Slider::new(angle, range).suffix("°").fixed_decimals(0)).labelled_by(label.id);
                }
            }
            ui.add_enabled(search.front.rows > 0, egui::Checkbox::new(&mut self.finalists, "Finalists on unseen seeds"));
        });
    }

    /// Objectives and parameters as parallel axes. Dragging along an axis brushes it.
    pub(super) fn parallel(&mut self, ui: &mut Ui, search: &Search, commands: &mut Vec<Command>) {
        let varying = search.varying(self.finalists);
        // Switches cross each other in every search; what is set finer says more.
        let fine = |name: &&&str| !name.ends_with(".enabled");
        let first = || varying.iter().filter(fine).take(AXES_FIRST).map(|name| (*name).to_owned()).collect();
        let parameters = self.parameters.get_or_insert_with(first);
        ui.horizontal_wrapped(|ui| {
            ui.menu_button("Axes", |ui| {
                egui::ScrollArea::vertical().max_height(300.0).show(ui, |ui| {
                    for name in &varying {
                        let mut shown = parameters.iter().any(|known| known == name);
                        if ui.checkbox(&mut shown, *name).changed() {
                            parameters.retain(|known| known != name);
                            if shown {
                                parameters.push((*name).to_owned());
                            }
                        }
                    }
                });
            });
            if ui.add_enabled(!self.brushes.is_empty(), egui::Button::new("Clear brushes")).clicked() {
                self.brushes.clear();
            }
            ui.weak("Drag along an axis to brush it, click a line to choose its candidate.");
        });
        let columns = search.candidates(self.finalists);
        let names = search.objectives();
        let names = names.into_iter().chain(varying.iter().copied().filter(|name| parameters.iter().any(|known| known == name)));
        let axes: Vec<Axis<'_>> =
            names.filter_map(|name| Some(Axis::new(name, columns.number(name)?, search.range(self.finalists, name)))).collect();
        if axes.len() < 2 {
            return;
        }
        let rows = self.brushed.as_ref().map_or(&[][..], |(_, rows)| rows);
        let shown = Parallel { axes: &axes, rows: columns.rows, brushed: rows, brushes: &self.brushes, chosen: self.chosen };
        let chart = || parallel_chart(&shown, search.folder.display().to_string());
        match parallel_ui(ui, &shown, commands, chart) {
            Some(Touched::Chosen(row)) => self.chosen = Some(row),
            Some(Touched::Brushed { axis, low, high }) => {
                let name = axes[axis].name.to_owned();
                self.brushes.retain(|brush| brush.name != name);
                self.brushes.push(Brush { name, low, high });
            }
            None => {}
        }
    }
}

/// The candidate nearest to a point, measured in shares of the axes.
fn nearest(places: impl Iterator<Item = [f64; 2]> + Clone, [x, y]: [f64; 2]) -> Option<usize> {
    let width = |axis: usize| {
        let finite = || places.clone().map(|place| place[axis]).filter(|value| value.is_finite());
        (finite().fold(f64::NEG_INFINITY, f64::max) - finite().fold(f64::INFINITY, f64::min)).max(1e-12)
    };
    let (across, up) = (width(0), width(1));
    let distance = |[px, py]: [f64; 2]| ((px - x) / across).powi(2) + ((py - y) / up).powi(2);
    let measured = places.map(distance).enumerate().filter(|(_, distance)| distance.is_finite());
    measured.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(row, _)| row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_candidate_is_found_by_shares_of_the_axes_and_gaps_are_passed_over() {
        let places = [[0.0, 0.0], [1_000.0, 1.0], [f64::NAN, 0.0], [1_000.0, 0.0]];
        assert_eq!(nearest(places.into_iter(), [990.0, 0.1]), Some(3));
        assert_eq!(nearest(places.into_iter(), [990.0, 0.9]), Some(1));
        assert_eq!(nearest(std::iter::empty(), [0.0, 0.0]), None);
    }

    #[test]
    fn from_straight_ahead_depth_is_not_seen_and_from_above_height_is_not() {
        let close = |one: [f64; 2], other: [f64; 2]| (one[0] - other[0]).abs() < 1e-9 && (one[1] - other[1]).abs() < 1e-9;
        let ahead = Eye { turn: 0.0, tilt: 0.0 };
        assert!(close(ahead.sees([0.2, 0.1, 0.7]), ahead.sees([0.2, 0.9, 0.7])));
        let above = Eye { turn: 0.0, tilt: 90.0 };
        assert!(close(above.sees([0.2, 0.1, 0.7]), above.sees([0.2, 0.1, 0.0])));
        assert!(close(Eye { turn: 90.0, tilt: 0.0 }.sees([0.1, 0.8, 0.5]), [0.3, 0.0]));
    }
}
