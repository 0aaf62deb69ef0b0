//! A chart on screen: the same model that is written as a picture, drawn with zoom, legend and cursor.

use std::ops::RangeInclusive;

use egui::{RichText, Ui, Vec2b};
use egui_plot::{Legend, Line, Plot, PlotPoints, Points, Span, VLine};
use hms_lab::plots::{Chart, Format};

use crate::command::Command;
use crate::theme;

/// How a chart is shown.
pub struct Shown<'a> {
    /// Names the plot among those of its panel.
    pub id: &'a str,
    /// Height in points.
    pub height: f32,
    /// A vertical line, where an instant is looked at.
    pub cursor: Option<f64>,
    /// Plots of one name move together along their horizontal axis.
    pub link: Option<&'a str>,
    /// The vertical axis begins at zero.
    pub from_zero: bool,
}

/// Draws a chart; gives the place along the horizontal axis that was clicked.
pub fn chart_ui(ui: &mut Ui, chart: &Chart, shown: &Shown<'_>, commands: &mut Vec<Command>) -> Option<f64> {
    scatter_ui(ui, chart, shown, commands).map(|[across, _]| across)
}

/// Draws a chart; gives the point that was clicked.
pub fn scatter_ui(ui: &mut Ui, chart: &Chart, shown: &Shown<'_>, commands: &mut Vec<Command>) -> Option<[f64; 2]> {
    let inside = names_fit(chart.curves.len(), shown.height);
    if !inside {
        names_ui(ui, chart);
    }
    let mut plot = Plot::new(shown.id)
        .height(shown.height)
        .x_axis_label(chart.across.clone())
        .y_axis_label(chart.up.clone())
        .allow_scroll(false)
        .allow_boxed_zoom(true);
    if inside {
        plot = plot.legend(Legend::default());
    }
    if shown.from_zero {
        plot = plot.include_y(0.0);
    }
    if let Some(link) = shown.link {
        let id = ui.scope_id().with(link);
        plot = plot.link_axis(id, Vec2b::new(true, false)).link_cursor(id, Vec2b::new(true, false));
    }
    let cursor = shown.cursor;
    let response = plot.show(ui, |plot| {
        for (from, until) in &chart.bands {
            let range: RangeInclusive<f64> = *from..=until.max(*from);
            plot.span(
                Span::new("", range)
                    .fill(theme::BAD.gamma_multiply(0.15))
                    .border_color(theme::BAD.gamma_multiply(0.3))
                    .label_align(egui::Align2::LEFT_TOP),
            );
        }
        for (place, curve) in chart.curves.iter().enumerate() {
            let points: PlotPoints<'_> = curve.points.clone().into();
            let (name, color) = (curve.name.clone(), theme::curve(place));
            if curve.dots {
                plot.points(Points::new(name, points).color(color).radius(3.0));
            } else {
                // Curves are thinned before they come here, and steps must stay steps.
                plot.line(Line::new(name, points).color(color).width(1.8).allow_band(false));
            }
        }
        if let Some(at) = cursor {
            plot.vline(VLine::new("", at).color(theme::STILL).width(1.2));
        }
    });
    let title = chart.title.clone();
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, title.clone()));
    response.response.context_menu(|ui| {
        for (format, name) in [(Format::Png, "Save as PNG…"), (Format::Svg, "Save as SVG…")] {
            if ui.button(name).clicked() {
                commands.push(Command::ExportChart(Box::new(chart.clone()), format));
                ui.close();
            }
        }
    });
    let place = response.response.interact_pointer_pos()?;
    let value = response.transform.value_from_position(place);
    response.response.clicked().then_some([value.x, value.y])
}

/// Whether the names of so many curves leave the better part of a plot free.
fn names_fit(curves: usize, height: f32) -> bool {
    const NAME: f32 = 19.0;
    NAME * curves as f32 <= height * 0.5
}

/// The names of the curves above the plot, where they would cover it.
fn names_ui(ui: &mut Ui, chart: &Chart) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (place, curve) in chart.curves.iter().enumerate() {
            let (patch, _) = ui.allocate_exact_size(egui::vec2(9.0, 9.0), egui::Sense::hover());
            ui.painter().rect_filled(patch, 2.0, theme::curve(place));
            // A name stays in one piece where the row is full.
            ui.add(egui::Label::new(RichText::new(&curve.name).small()).wrap_mode(egui::TextWrapMode::Extend));
        }
    });
}

/// Columns into which a curve is cut that is drawn from a pyramid of summaries: one in two points, each with its least and greatest value.
pub fn columns_of(ui: &Ui) -> usize {
    (ui.available_width() / 2.0).max(50.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_plot_only_where_they_leave_it_free() {
        assert!(names_fit(4, 180.0) && names_fit(6, 260.0));
        assert!(!names_fit(9, 150.0) && !names_fit(5, 150.0));
    }
}
