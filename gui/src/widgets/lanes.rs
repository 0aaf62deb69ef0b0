//! Swim lanes on screen: one mesh for all spans, however many; zoom with the wheel, pan by dragging, a click takes time and lane.

use egui::{Align2, Color32, CursorIcon, FontId, Mesh, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};
use hms_lab::plots::{Format, Kind};

use crate::command::Command;
use crate::theme;
use crate::view::lanes::{Column, LOOKS, Lane, Look, Mark, Seen, Span};

/// Which part of time is seen, seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Its beginning.
    pub from: f64,
    /// Its end.
    pub until: f64,
}

impl Window {
    /// Zooms by a factor around an instant, within a run of `length` seconds.
    pub fn zoomed(self, factor: f64, around: f64, length: f64) -> Window {
        // A nanosecond is what the simulator tells apart; a thousand of them are close enough.
        let width = ((self.until - self.from) * factor).clamp(1e-6, length.max(1e-6));
        let share = (around - self.from) / (self.until - self.from).max(1e-12);
        Window { from: around - share * width, until: around + (1.0 - share) * width }.within(length)
    }

    /// Moved by some seconds, within the run.
    pub fn moved(self, by: f64, length: f64) -> Window {
        Window { from: self.from + by, until: self.until + by }.within(length)
    }

    fn within(self, length: f64) -> Window {
        let width = (self.until - self.from).min(length);
        let from = self.from.clamp(0.0, (length - width).max(0.0));
        Window { from, until: from + width }
    }
}

/// What is drawn over and beside the lanes.
pub struct Shown<'a> {
    /// The lanes, from above.
    pub lanes: &'a [&'a Lane],
    /// Length of the run, seconds.
    pub length: f64,
    /// The instant that is looked at.
    pub cursor: f64,
    /// Rows of the trace that belong to the chain of the chosen incident, with their instants and colours.
    pub chain: &'a [(u32, f64, Color32)],
    /// While an incident is chosen: from when to when it lasted. What lies outside is dimmed.
    pub focus: Option<(f64, f64)>,
}

/// What somebody did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Done {
    /// A place was clicked: lane and instant.
    pub clicked: Option<(usize, f64)>,
    /// The part of time that is seen from now on.
    pub window: Option<Window>,
    /// The pointer is over this lane at this instant.
    pub hovered: Option<(usize, f64)>,
}

/// Height of a lane.
pub const LANE: f32 = 17.0;
/// Room for names at the left.
const NAMES: f32 = 130.0;
/// Room for the axis above.
const AXIS: f32 = 20.0;

/// Draws the lanes.
pub fn lanes_ui(ui: &mut Ui, window: Window, shown: &Shown<'_>, commands: &mut Vec<Command>) -> Done {
    let size = vec2(ui.available_width(), AXIS + LANE * shown.lanes.len() as f32);
    let (area, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Canvas, true, "Swim lanes"));
    response.context_menu(|ui| {
        for (format, name) in [(Format::Png, "Save the timeline as PNG…"), (Format::Svg, "Save the timeline as SVG…")] {
            if ui.button(name).clicked() {
                commands.push(Command::ExportPicture(Kind::Timeline, format));
                ui.close();
            }
        }
    });
    let plot = Rect::from_min_max(area.min + vec2(NAMES, AXIS), area.max);
    let scale = Scale { window, plot };
    let mut done = Done::default();
    if ui.is_rect_visible(area) {
        draw(ui, &scale, area, shown);
    }
    if let Some(place) = response.hover_pos().filter(|place| plot.contains(*place)) {
        let at = scale.time(place.x);
        let lane = ((place.y - plot.top()) / LANE) as usize;
        done.hovered = (lane < shown.lanes.len()).then_some((lane, at));
        let (scroll, zoom) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
        let wheel = if ui.input(|input| input.modifiers.shift || input.modifiers.command) { 0.0 } else { scroll.x };
        if zoom != 1.0 {
            done.window = Some(window.zoomed(1.0 / f64::from(zoom), at, shown.length));
        } else if wheel != 0.0 {
            done.window = Some(window.moved(-f64::from(wheel) * scale.step(), shown.length));
        }
        ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
    }
    if response.dragged() {
        done.window = Some(window.moved(-f64::from(response.drag_delta().x) * scale.step(), shown.length));
    }
    if response.double_clicked() {
        done.window = Some(Window { from: 0.0, until: shown.length });
    } else if response.clicked() {
        done.clicked = done.hovered;
    }
    done
}

/// Time to pixels and back.
struct Scale {
    window: Window,
    plot: Rect,
}

impl Scale {
    fn x(&self, time: f64) -> f32 {
        self.plot.left()
            + ((time - self.window.from) / (self.window.until - self.window.from).max(1e-12)) as f32 * self.plot.width()
    }

    fn time(&self, x: f32) -> f64 {
        self.window.from + f64::from((x - self.plot.left()) / self.plot.width()) * (self.window.until - self.window.from)
    }

    /// Seconds of a pixel.
    fn step(&self) -> f64 {
        (self.window.until - self.window.from) / f64::from(self.plot.width().max(1.0))
    }
}

fn draw(ui: &Ui, scale: &Scale, area: Rect, shown: &Shown<'_>) {
    let painter = ui.painter_at(area);
    let visible = ui.clip_rect();
    let (plot, font) = (scale.plot, FontId::proportional(11.0));
    let mut mesh = Mesh::default();
    let mut high = Mesh::default();
    for (place, lane) in shown.lanes.iter().enumerate() {
        let top = plot.top() + LANE * place as f32;
        if top > visible.bottom() || top + LANE < visible.top() {
            continue;
        }
        let row = Rect::from_min_max(pos2(plot.left(), top + 1.0), pos2(plot.right(), top + LANE - 1.0));
        if place % 2 == 0 {
            rectangle(&mut mesh, row, ui.visuals().faint_bg_color);
        }
        match lane.seen(scale.window.from, scale.window.until, plot.width() as usize) {
            Seen::Close(spans, marks) => close(&mut mesh, &mut high, scale, row, spans, marks),
            Seen::Far(columns) => far(&mut mesh, &mut high, row, &columns),
        }
        let name = Rect::from_min_max(pos2(area.left(), top), pos2(plot.left() - 4.0, top + LANE));
        painter.with_clip_rect(name).text(
            name.left_center(),
            Align2::LEFT_CENTER,
            &lane.name,
            font.clone(),
            ui.visuals().text_color(),
        );
    }
    let inside = painter.with_clip_rect(plot);
    inside.add(Shape::mesh(mesh));
    inside.add(Shape::mesh(high));
    axis(ui, &painter, scale, &font);
    if let Some((from, until)) = shown.focus {
        let shade = ui.visuals().extreme_bg_color.gamma_multiply(0.55);
        let (left, right) = (scale.x(from).clamp(plot.left(), plot.right()), scale.x(until).clamp(plot.left(), plot.right()));
        inside.rect_filled(Rect::from_min_max(plot.min, pos2(left, plot.bottom())), 0.0, shade);
        inside.rect_filled(Rect::from_min_max(pos2(right, plot.top()), plot.max), 0.0, shade);
    }
    for (_, at, color) in shown.chain {
        let x = scale.x(*at);
        inside.line_segment([pos2(x, plot.top()), pos2(x, plot.bottom())], Stroke::new(1.2, color.gamma_multiply(0.8)));
    }
    let x = scale.x(shown.cursor);
    inside.line_segment([pos2(x, plot.top()), pos2(x, plot.bottom())], Stroke::new(1.5, ui.visuals().strong_text_color()));
}

fn close(mesh: &mut Mesh, high: &mut Mesh, scale: &Scale, row: Rect, spans: &[Span], marks: &[Mark]) {
    for span in spans {
        let (left, right) = (scale.x(span.from).max(row.left()), scale.x(span.until).min(row.right()));
        rectangle(mesh, Rect::from_min_max(pos2(left, row.top()), pos2(right.max(left + 1.0), row.bottom())), tone(span.look));
    }
    for mark in marks {
        let x = scale.x(mark.at);
        // Shapes beside colours: an action is a pole over the whole lane, a belief its upper half, a proof its lower half.
        let (top, bottom) = match mark.look {
            Look::Belief => (row.top(), row.center().y),
            Look::Proof => (row.center().y, row.bottom()),
            Look::Good | Look::Waiting | Look::Still | Look::Bad | Look::Fault | Look::Action | Look::Lead => {
                (row.top(), row.bottom())
            }
        };
        rectangle(high, Rect::from_min_max(pos2(x - 1.0, top), pos2(x + 1.5, bottom)), theme::look(mark.look));
    }
}

/// A column is as high in each colour as its time was spent in that state, in whole points; neighbours that look the same become one rectangle.
fn far(mesh: &mut Mesh, high: &mut Mesh, row: Rect, columns: &[Column]) {
    let width = row.width() / columns.len().max(1) as f32;
    let mut start = 0;
    while start < columns.len() {
        let tall = heights(&columns[start], row.height());
        let alike = |column: &Column| heights(column, row.height()) == tall;
        let end = columns[start..].iter().position(|column| !alike(column)).map_or(columns.len(), |length| start + length);
        let (left, right) = (row.left() + start as f32 * width, row.left() + end as f32 * width);
        let mut bottom = row.bottom();
        for (look, height) in LOOKS.into_iter().zip(tall).filter(|(_, height)| *height > 0) {
            let top = (bottom - f32::from(height)).max(row.top());
            rectangle(mesh, Rect::from_min_max(pos2(left, top), pos2(right, bottom)), tone(look));
            bottom = top;
        }
        start = end;
    }
    for (place, column) in columns.iter().enumerate().filter(|(_, column)| column.marks > 0) {
        let left = row.left() + place as f32 * width;
        let height = (2.0 + 2.0 * (column.marks as f32).log2()).min(row.height());
        rectangle(high, Rect::from_min_max(pos2(left, row.bottom() - height), pos2(left + width, row.bottom())), theme::ACTION);
    }
}

/// Heights of a column in whole points. What occurs at all is seen.
fn heights(column: &Column, height: f32) -> [u8; LOOKS.len()] {
    column.shares.map(|share| if share > 1e-4 { (share * height).round().max(1.0) as u8 } else { 0 })
}

/// Spans are paler than marks, so that marks are seen on them.
fn tone(look: Look) -> Color32 {
    theme::look(look).gamma_multiply(if matches!(look, Look::Good) { 0.35 } else { 0.8 })
}

fn rectangle(mesh: &mut Mesh, rect: Rect, color: Color32) {
    mesh.add_colored_rect(rect, color);
}

fn axis(ui: &Ui, painter: &egui::Painter, scale: &Scale, font: &FontId) {
    let width = scale.window.until - scale.window.from;
    let step = round_step(width / f64::from((scale.plot.width() / 90.0).max(1.0)));
    let first = (scale.window.from / step).ceil() as i64;
    let last = (scale.window.until / step).floor() as i64;
    let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    for tick in first..=last.min(first + 200) {
        let x = scale.x(tick as f64 * step);
        painter.line_segment(
            [pos2(x, scale.plot.top() - 4.0), pos2(x, scale.plot.bottom())],
            Stroke::new(0.5, theme::faint(ui.visuals())),
        );
        let at: Pos2 = pos2(x, scale.plot.top() - 5.0);
        painter.text(
            at,
            Align2::CENTER_BOTTOM,
            format!("{:.decimals$} s", tick as f64 * step),
            font.clone(),
            ui.visuals().weak_text_color(),
        );
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is at least `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1e-9).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= least).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_instant_under_the_pointer_in_its_place() {
        let window = Window { from: 0.0, until: 100.0 };
        let zoomed = window.zoomed(0.1, 40.0, 100.0);
        assert!((zoomed.from - 36.0).abs() < 1e-9 && (zoomed.until - 46.0).abs() < 1e-9, "{zoomed:?}");
        assert_eq!(zoomed.zoomed(1e9, 40.0, 100.0), window);
    }

    #[test]
    fn a_window_never_leaves_the_run_and_never_vanishes() {
        let window = Window { from: 10.0, until: 20.0 };
        assert_eq!(window.moved(-50.0, 100.0), Window { from: 0.0, until: 10.0 });
        assert_eq!(window.moved(500.0, 100.0), Window { from: 90.0, until: 100.0 });
        let close = window.zoomed(1e-12, 15.0, 100.0);
        assert!(close.until > close.from);
    }

    #[test]
    fn steps_of_the_axis_are_round() {
        assert_eq!([0.7, 1.0, 1.1, 3.0, 7.0].map(round_step), [1.0, 1.0, 2.0, 5.0, 10.0]);
    }
}
