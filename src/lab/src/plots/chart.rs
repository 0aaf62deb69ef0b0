//! A chart of curves that somebody else has made: what a window shows, as a picture with axes, units and legend.

use super::axes::{Panel, Scale};
use super::canvas::{Canvas, Color};
use super::style::Theme;
use super::{Format, Key, MARGIN, RIGHT, Tone, WIDTH, draw_heading, draw_legend};

/// Curves over one pair of axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Of what.
    pub subtitle: String,
    /// Name and unit of the horizontal axis.
    pub across: String,
    /// Name and unit of the vertical axis.
    pub up: String,
    /// The curves, in the order of their colours.
    pub curves: Vec<ChartCurve>,
    /// Shaded stretches of the horizontal axis.
    pub bands: Vec<(f64, f64)>,
}

/// A curve of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartCurve {
    /// Its name in the legend.
    pub name: String,
    /// Its points, from left to right; a NaN interrupts it.
    pub points: Vec<[f64; 2]>,
    /// Single dots in place of a line.
    pub dots: bool,
}

/// Colours of curves: those of Okabe and Ito (2008).
pub const CURVE_COLORS: [[u8; 3]; 7] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [128, 128, 128]];

/// Draws a chart; gives the bytes of the file.
pub fn draw_chart(chart: &Chart, format: Format, tone: Tone) -> Vec<u8> {
    let theme = Theme::of(tone);
    let mut canvas = Canvas::new(WIDTH, 620, theme.background);
    draw_heading(&mut canvas, &theme, &chart.title, &chart.subtitle);
    let ((left, right), (bottom, top)) = chart.bounds();
    let panel = Panel {
        left: MARGIN + 76.0,
        right: RIGHT,
        top: 138.0,
        bottom: 560.0,
        across: Scale::Linear { low: left, high: right },
        up: Scale::Linear { low: bottom, high: top },
    };
    panel.draw_across(&mut canvas, &theme, &panel.across.ticks(10), Some(&chart.across));
    panel.draw_up(&mut canvas, &theme, &panel.up.ticks(6), &chart.up);
    for (from, until) in &chart.bands {
        let (from, until) = (panel.x(*from), panel.x(*until));
        canvas.rectangle((from, panel.top), (until.max(from + 1.0), panel.bottom), theme.shade);
    }
    let mut legend = Vec::new();
    for (place, curve) in chart.curves.iter().enumerate() {
        let color = color(place);
        for part in curve.points.split(|point| !point[1].is_finite()) {
            if curve.dots {
                part.iter().for_each(|[x, y]| canvas.dot(panel.point(*x, *y), 4.0, color));
            } else {
                canvas.line(part.iter().map(|[x, y]| panel.point(*x, *y)).collect(), 2.2, color);
            }
        }
        legend.push((if curve.dots { Key::Dot } else { Key::Line }, color, curve.name.as_str()));
    }
    if chart.curves.is_empty() {
        panel.draw_absence(&mut canvas, &theme, "nothing to show");
    }
    panel.draw_frame(&mut canvas, &theme);
    draw_legend(&mut canvas, &theme, RIGHT, 94.0, &legend);
    match format {
        Format::Svg => canvas.svg(),
        Format::Png => canvas.png(),
    }
}

fn color(place: usize) -> Color {
    let [red, green, blue] = CURVE_COLORS[place % CURVE_COLORS.len()];
    Color(red, green, blue, 1.0)
}

impl Chart {
    /// Least and greatest value across and up, with some air.
    fn bounds(&self) -> ((f64, f64), (f64, f64)) {
        let points =
            || self.curves.iter().flat_map(|curve| &curve.points).filter(|point| point.iter().all(|value| value.is_finite()));
        let range = |axis: usize| {
            let (low, high) = points()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| (low.min(point[axis]), high.max(point[axis])));
            match (low, high) {
                (low, high) if low > high => (0.0, 1.0),
                (low, high) if low == high => (low - 0.5, high + 0.5),
                bounds => bounds,
            }
        };
        let (low, high) = range(1);
        let air = (high - low) * 0.05;
        // What is counted or a share begins at zero where it comes near it.
        let bottom = if low >= 0.0 && low <= 0.3 * high { 0.0 } else { low - air };
        (range(0), (bottom, high + air))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let curve = |name: &str, dots| ChartCurve {
            name: name.to_owned(),
            points: vec![[0.0, 1.0], [1.0, 3.0], [2.0, f64::NAN], [3.0, 2.0], [4.0, 2.5]],
            dots,
        };
        Chart {
            title: "Answers".to_owned(),
            across: "time (s)".to_owned(),
            up: "requests (1/s)".to_owned(),
            curves: vec![curve("one", false), curve("other", true)],
            bands: vec![(1.0, 1.5)],
            ..Chart::default()
        }
    }

    #[test]
    fn a_chart_says_its_title_units_and_curves() {
        let text = String::from_utf8(draw_chart(&chart(), Format::Svg, Tone::Light)).unwrap();
        for said in ["Answers", "time (s)", "requests (1/s)", "one", "other"] {
            assert!(text.contains(said), "{said}");
        }
    }

    #[test]
    fn a_chart_as_png_is_the_same_each_time() {
        let drawn = draw_chart(&chart(), Format::Png, Tone::Dark);
        assert_eq!(&drawn[1..4], b"PNG");
        assert_eq!(drawn, draw_chart(&chart(), Format::Png, Tone::Dark));
    }

    #[test]
    fn a_chart_without_curves_or_with_one_value_is_drawn_all_the_same() {
        let text = String::from_utf8(draw_chart(&Chart::default(), Format::Svg, Tone::Light)).unwrap();
        assert!(text.contains("nothing to show"));
        let flat = ChartCurve { name: "flat".to_owned(), points: vec![[1.0, 5.0], [1.0, 5.0]], dots: false };
        assert_eq!(Chart { curves: vec![flat], ..Chart::default() }.bounds(), ((0.5, 1.5), (4.45, 5.55)));
    }
}
