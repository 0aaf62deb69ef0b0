//! Parallel coordinates: one vertical axis per quantity, one line per candidate. A click takes the nearest, dragging along an axis brushes it.

use egui::{Align2, Color32, FontId, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};
use hms_lab::plots::{Chart, ChartCurve, Format};

use crate::command::Command;
use crate::theme;
use crate::view::search::Brush;
use crate::widgets::figures::digits;

/// An axis.
pub struct Axis<'a> {
    /// What it shows.
    pub name: &'a str,
    /// A value per candidate; NaN where there is none.
    values: &'a [f64],
    low: f64,
    high: f64,
}

impl<'a> Axis<'a> {
    /// An axis over values whose least and greatest are known.
    pub fn new(name: &'a str, values: &'a [f64], range: Option<(f64, f64)>) -> Axis<'a> {
        let (low, high) = range.unwrap_or((0.0, 1.0));
        if high > low { Axis { name, values, low, high } } else { Axis { name, values, low: low - 0.5, high: high + 0.5 } }
    }

    /// How high a candidate stands, 0 to 1.
    fn share(&self, row: usize) -> Option<f64> {
        let value = self.values.get(row).copied().filter(|value| value.is_finite())?;
        Some((value - self.low) / (self.high - self.low))
    }

    /// The value at a height.
    fn value(&self, share: f64) -> f64 {
        self.low + share.clamp(0.0, 1.0) * (self.high - self.low)
    }
}

/// What is drawn.
pub struct Parallel<'a> {
    /// The axes from left to right; at least two.
    pub axes: &'a [Axis<'a>],
    /// Candidates.
    pub rows: usize,
    /// Those that lie in all brushes, in order.
    pub brushed: &'a [u32],
    /// The brushes.
    pub brushes: &'a [Brush],
    /// The candidate that is looked at.
    pub chosen: Option<usize>,
}

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Touched {
    /// A candidate was clicked.
    Chosen(usize),
    /// A stretch of an axis was brushed.
    Brushed {
        /// The axis.
        axis: usize,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
}

/// More lines than this are thinned out.
const LINES_MAX: usize = 300;
const HEIGHT: f32 = 230.0;
/// A drag shorter than this is none.
const DRAG_MIN: f32 = 4.0;

/// Where axes stand.
struct Frame {
    inside: Rect,
    step: f32,
}

impl Frame {
    fn of(area: Rect, axes: usize) -> Frame {
        let inside = Rect::from_min_max(area.min + vec2(50.0, 50.0), area.max - vec2(50.0, 18.0));
        Frame { inside, step: inside.width() / (axes - 1).max(1) as f32 }
    }

    fn x(&self, axis: usize) -> f32 {
        self.inside.left() + self.step * axis as f32
    }

    fn y(&self, share: f64) -> f32 {
        self.inside.bottom() - share as f32 * self.inside.height()
    }

    fn share(&self, y: f32) -> f64 {
        f64::from((self.inside.bottom() - y) / self.inside.height().max(1.0))
    }

    fn axis_at(&self, x: f32, axes: usize) -> usize {
        (((x - self.inside.left()) / self.step.max(1.0)).round().max(0.0) as usize).min(axes - 1)
    }
}

/// Draws the axes; tells what somebody did. `chart` makes the picture that is saved from the menu.
pub fn parallel_ui(
    ui: &mut Ui,
    shown: &Parallel<'_>,
    commands: &mut Vec<Command>,
    chart: impl FnOnce() -> Chart,
) -> Option<Touched> {
    let axes = shown.axes;
    let (area, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, "Parallel coordinates"));
    let frame = Frame::of(area, axes.len());
    if ui.is_rect_visible(area) {
        draw(ui, &frame, area, shown);
    }
    let mut wanted = None;
    response.context_menu(|ui| {
        for (format, name) in [(Format::Png, "Save as PNG…"), (Format::Svg, "Save as SVG…")] {
            if ui.button(name).clicked() {
                wanted = Some(format);
                ui.close();
            }
        }
    });
    if let Some(format) = wanted {
        commands.push(Command::ExportChart(Box::new(chart()), format));
    }
    let pointer = response.interact_pointer_pos()?;
    // Where a drag began is not told by egui when it has ended, so it is kept meanwhile.
    let begun = response.id.with("brush");
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin()).unwrap_or(pointer);
        ui.data_mut(|data| data.insert_temp(begun, origin));
    }
    if response.drag_stopped() {
        let origin: Pos2 = ui.data_mut(|data| data.remove_temp(begun)).unwrap_or(pointer);
        if (origin.y - pointer.y).abs() < DRAG_MIN {
            return None;
        }
        let axis = frame.axis_at(origin.x, axes.len());
        let (one, other) = (axes[axis].value(frame.share(origin.y)), axes[axis].value(frame.share(pointer.y)));
        return Some(Touched::Brushed { axis, low: one.min(other), high: one.max(other) });
    }
    if response.dragged()
        && let Some(origin) = ui.data(|data| data.get_temp::<Pos2>(begun))
    {
        let x = frame.x(frame.axis_at(origin.x, axes.len()));
        let rect = Rect::from_two_pos(pos2(x - 6.0, origin.y), pos2(x + 6.0, pointer.y)).intersect(frame.inside.expand(6.0));
        ui.painter_at(area).rect_filled(rect, 2.0, theme::BELIEF.gamma_multiply(0.5));
    }
    response.clicked().then(|| nearest(&frame, shown, pointer)).flatten().map(Touched::Chosen)
}

/// The candidate whose line passes nearest on the axis nearest to a place; of those in the brushes.
fn nearest(frame: &Frame, shown: &Parallel<'_>, pointer: Pos2) -> Option<usize> {
    let axis = &shown.axes[frame.axis_at(pointer.x, shown.axes.len())];
    let away = |row: &usize| axis.share(*row).map(|share| (frame.y(share) - pointer.y).abs());
    let known = shown.brushed.iter().map(|row| *row as usize).filter_map(|row| Some((row, away(&row)?)));
    known.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(row, _)| row)
}

fn draw(ui: &Ui, frame: &Frame, area: Rect, shown: &Parallel<'_>) {
    let painter = ui.painter_at(area);
    let line = |row: usize| -> Vec<Pos2> {
        let place = |(axis, of): (usize, &Axis<'_>)| Some(pos2(frame.x(axis), frame.y(of.share(row)?)));
        shown.axes.iter().enumerate().filter_map(place).collect()
    };
    if shown.brushed.len() < shown.rows {
        let faint = theme::faint(ui.visuals());
        for row in (0..shown.rows).step_by(shown.rows.div_ceil(LINES_MAX / 2).max(1)) {
            painter.add(Shape::line(line(row), Stroke::new(0.6, faint)));
        }
    }
    let color: Color32 = theme::WAITING.gamma_multiply(0.45);
    for row in shown.brushed.iter().step_by(shown.brushed.len().div_ceil(LINES_MAX).max(1)) {
        painter.add(Shape::line(line(*row as usize), Stroke::new(1.0, color)));
    }
    if let Some(row) = shown.chosen.filter(|row| *row < shown.rows) {
        painter.add(Shape::line(line(row), Stroke::new(3.0, theme::BAD)));
    }
    let font = FontId::proportional(11.0);
    let (strong, weak) = (ui.visuals().text_color(), ui.visuals().weak_text_color());
    for (place, axis) in shown.axes.iter().enumerate() {
        let x = frame.x(place);
        painter.line_segment([pos2(x, frame.inside.top()), pos2(x, frame.inside.bottom())], Stroke::new(1.0, strong));
        // Names of neighbours stand at two heights, and within their share of the width.
        let height = if place % 2 == 0 { 40.0 } else { 26.0 };
        let room = Rect::from_center_size(pos2(x, frame.inside.top() - height), vec2(2.0 * frame.step - 6.0, 14.0));
        let clipped = painter.with_clip_rect(room.intersect(area));
        let align = if place == 0 {
            Align2::LEFT_CENTER
        } else if place + 1 == shown.axes.len() {
            Align2::RIGHT_CENTER
        } else {
            Align2::CENTER_CENTER
        };
        let anchor = if place == 0 {
            area.left() + 4.0
        } else if place + 1 == shown.axes.len() {
            area.right() - 4.0
        } else {
            x
        };
        clipped.text(pos2(anchor, room.center().y), align, axis.name, font.clone(), strong);
        painter.text(pos2(x, frame.inside.top() - 2.0), Align2::CENTER_BOTTOM, digits(axis.high), font.clone(), weak);
        painter.text(pos2(x, frame.inside.bottom() + 3.0), Align2::CENTER_TOP, digits(axis.low), font.clone(), weak);
        for brush in shown.brushes.iter().filter(|brush| brush.name == axis.name) {
            let share = |value: f64| ((value - axis.low) / (axis.high - axis.low)).clamp(0.0, 1.0);
            let (top, bottom) = (frame.y(share(brush.high)), frame.y(share(brush.low)));
            painter.rect_filled(
                Rect::from_min_max(pos2(x - 5.0, top), pos2(x + 5.0, bottom)),
                2.0,
                theme::BELIEF.gamma_multiply(0.6),
            );
        }
    }
}

/// The same as a picture: every axis from 0 (its least value) to 1 (its greatest).
pub fn parallel_chart(shown: &Parallel<'_>, subtitle: String) -> Chart {
    let line = |row: usize| {
        let point = |(place, axis): (usize, &Axis<'_>)| [place as f64, axis.share(row).unwrap_or(f64::NAN)];
        shown.axes.iter().enumerate().map(point).chain(std::iter::once([0.0, f64::NAN])).collect::<Vec<_>>()
    };
    let thinned = shown.brushed.iter().step_by(shown.brushed.len().div_ceil(LINES_MAX).max(1));
    let mut curves = vec![ChartCurve {
        name: "candidates".to_owned(),
        points: thinned.flat_map(|row| line(*row as usize)).collect(),
        dots: false,
    }];
    if let Some(row) = shown.chosen.filter(|row| *row < shown.rows) {
        curves.push(ChartCurve { name: "chosen".to_owned(), points: line(row), dots: false });
    }
    let names: Vec<String> = shown.axes.iter().enumerate().map(|(place, axis)| format!("{place}: {}", axis.name)).collect();
    Chart {
        title: "Parallel coordinates".to_owned(),
        subtitle,
        across: names.join(", "),
        up: "share of the axis".to_owned(),
        curves,
        bands: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_spans_its_values_and_never_nothing() {
        let values = [3.0, f64::NAN, 1.0];
        let axis = Axis::new("x", &values, Some((1.0, 3.0)));
        assert_eq!([0, 1, 2].map(|row| axis.share(row)), [Some(1.0), None, Some(0.0)]);
        assert_eq!((axis.value(0.5), axis.value(7.0)), (2.0, 3.0));
        assert_eq!(Axis::new("x", &[2.0], Some((2.0, 2.0))).share(0), Some(0.5));
        assert_eq!(Axis::new("x", &[f64::NAN], None).share(0), None);
    }

    #[test]
    fn the_picture_breaks_off_between_candidates() {
        let values = [0.0, 1.0];
        let axes = [Axis::new("a", &values, Some((0.0, 1.0))), Axis::new("b", &values, Some((0.0, 1.0)))];
        let shown = Parallel { axes: &axes, rows: 2, brushed: &[0, 1], brushes: &[], chosen: Some(1) };
        let chart = parallel_chart(&shown, String::new());
        assert_eq!(chart.curves[0].points.iter().filter(|point| point[1].is_nan()).count(), 2);
        assert_eq!(chart.curves[1].points[..2], [[0.0, 1.0], [1.0, 1.0]]);
    }
}
