//! Parallel coordinates: one vertical axis per quantity, one line per candidate; a click takes the nearest.

use egui::{Align2, Color32, FontId, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

use crate::theme;
use crate::widgets::figures::digits;

/// An axis.
pub struct Axis<'a> {
    /// What it shows.
    pub name: &'a str,
    /// A value per candidate; NaN where there is none.
    pub values: &'a [f64],
}

impl Axis<'_> {
    fn range(&self) -> Option<(f64, f64)> {
        let finite = || self.values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = (finite().reduce(f64::min)?, finite().reduce(f64::max)?);
        Some(if high > low { (low, high) } else { (low - 0.5, high + 0.5) })
    }
}

/// More lines than this are thinned out.
const LINES_MAX: usize = 600;
const HEIGHT: f32 = 190.0;

/// Draws the axes; gives the candidate that was clicked.
pub fn parallel_ui(ui: &mut Ui, axes: &[Axis<'_>], chosen: Option<usize>) -> Option<usize> {
    let (area, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, "Parallel coordinates"));
    let ranges: Vec<(f64, f64)> = axes.iter().map(|axis| axis.range().unwrap_or((0.0, 1.0))).collect();
    let inside = Rect::from_min_max(area.min + vec2(50.0, 30.0), area.max - vec2(50.0, 18.0));
    let step = inside.width() / (axes.len() - 1).max(1) as f32;
    let place = |axis: usize, row: usize| -> Option<Pos2> {
        let (low, high) = ranges[axis];
        let share = (axes[axis].values.get(row).copied().filter(|value| value.is_finite())? - low) / (high - low);
        Some(pos2(inside.left() + step * axis as f32, inside.bottom() - share as f32 * inside.height()))
    };
    let line = |row: usize| (0..axes.len()).filter_map(|axis| place(axis, row)).collect::<Vec<Pos2>>();
    let painter = ui.painter_at(area);
    let rows = axes.iter().map(|axis| axis.values.len()).min().unwrap_or(0);
    let color: Color32 = theme::WAITING.gamma_multiply(0.35);
    for row in (0..rows).step_by(rows.div_ceil(LINES_MAX).max(1)) {
        painter.add(Shape::line(line(row), Stroke::new(1.0, color)));
    }
    if let Some(row) = chosen.filter(|row| *row < rows) {
        painter.add(Shape::line(line(row), Stroke::new(3.0, theme::BAD)));
    }
    let font = FontId::proportional(11.0);
    for (place, (axis, (low, high))) in axes.iter().zip(&ranges).enumerate() {
        let x = inside.left() + step * place as f32;
        painter.line_segment([pos2(x, inside.top()), pos2(x, inside.bottom())], Stroke::new(1.0, ui.visuals().text_color()));
        let align = if place % 2 == 0 { 28.0 } else { 15.0 };
        painter.text(pos2(x, inside.top() - align), Align2::CENTER_CENTER, axis.name, font.clone(), ui.visuals().text_color());
        painter.text(
            pos2(x, inside.top() - 3.0),
            Align2::CENTER_BOTTOM,
            digits(*high),
            font.clone(),
            ui.visuals().weak_text_color(),
        );
        painter.text(
            pos2(x, inside.bottom() + 3.0),
            Align2::CENTER_TOP,
            digits(*low),
            font.clone(),
            ui.visuals().weak_text_color(),
        );
    }
    let pointer = response.interact_pointer_pos().filter(|_| response.clicked())?;
    let axis = (((pointer.x - inside.left()) / step).round().max(0.0) as usize).min(axes.len() - 1);
    let away = |row: usize| place(axis, row).map_or(f32::INFINITY, |found| (found.y - pointer.y).abs());
    (0..rows).min_by(|one, other| away(*one).total_cmp(&away(*other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_spans_its_values_and_never_nothing() {
        let axis = |values| Axis { name: "x", values };
        assert_eq!(axis(&[3.0, f64::NAN, 1.0]).range(), Some((1.0, 3.0)));
        assert_eq!(axis(&[2.0]).range(), Some((1.5, 2.5)));
        assert_eq!(axis(&[f64::NAN]).range(), None);
    }
}
