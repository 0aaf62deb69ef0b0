//! Pictures of a run: what failed and healed when, what clients saw meanwhile, and how long they waited.
//!
//! Picture three slides. Each is drawn from the tables of a results folder alone, as SVG or PNG, in light or dark tones, with a font of its own:
//! the same tables give the same bytes on every machine. Colours are told apart by people of every colour vision.

mod axes;
mod canvas;
mod chart;
mod goodput;
mod latency;
mod run;
pub mod search;
mod style;
mod timeline;

#[cfg(test)]
mod tests;

pub use canvas::encode as encode_png;
pub use chart::{CURVE_COLORS, Chart, ChartCurve, draw_chart};
pub use run::{Curve, Fault, Interval, Run};

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One lane per incident, or per kind of fault where there are many: fault, first notice, recovery; goodput below.
    Timeline,
    /// Requests answered and failed, availability, and latency over time, with faults shaded.
    Goodput,
    /// How many requests were answered, and how many ended, within a time; and the tail of it.
    Latency,
}

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Scalable; text stays text.
    Svg,
    /// 1,200 pixels wide.
    Png,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Dark on white.
    #[default]
    Light,
    /// Light on nearly black.
    Dark,
}

impl Kind {
    /// Every picture.
    pub const ALL: [Kind; 3] = [Kind::Timeline, Kind::Goodput, Kind::Latency];

    /// Name in commands and file names.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Timeline => "timeline",
            Kind::Goodput => "goodput",
            Kind::Latency => "latency",
        }
    }
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 2] = [Format::Svg, Format::Png];

    /// Name in commands, and the ending of file names.
    pub fn name(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            Format::Png => "png",
        }
    }
}

/// Draws a picture of `run`; gives the bytes of the file.
pub fn draw(kind: Kind, format: Format, tone: Tone, run: &Run) -> Vec<u8> {
    let theme = style::Theme::of(tone);
    let canvas = match kind {
        Kind::Timeline => timeline::draw(run, &theme),
        Kind::Goodput => goodput::draw(run, &theme),
        Kind::Latency => latency::draw(run, &theme),
    };
    match format {
        Format::Svg => canvas.svg(),
        Format::Png => canvas.png(),
    }
}

/// Width of every picture, pixels.
const WIDTH: u32 = 1_200;
/// Space at the right.
const RIGHT: f64 = WIDTH as f64 - 28.0;
/// Space at the left of everything.
const MARGIN: f64 = 24.0;

/// Title and subtitle.
fn draw_heading(canvas: &mut canvas::Canvas, theme: &style::Theme, title: &str, subtitle: &str) {
    let room = RIGHT - MARGIN;
    canvas.text((MARGIN, 30.0), theme.title().fit(title, room), theme.title());
    canvas.text((MARGIN, 58.0), theme.label().fit(subtitle, room), theme.label());
}

/// What a patch in a legend looks like.
#[derive(Clone, Copy)]
enum Key {
    Patch,
    Line,
    Dashes,
    Dot,
    Triangle,
    Stroke,
}

/// Entries beside each other, the last one ending at `right`.
fn draw_legend(canvas: &mut canvas::Canvas, theme: &style::Theme, right: f64, y: f64, entries: &[(Key, canvas::Color, &str)]) {
    const MARK: f64 = 22.0;
    let writing = theme.small();
    let widths: Vec<f64> = entries.iter().map(|(_, _, label)| MARK + 6.0 + writing.width(label) + 18.0).collect();
    let mut x = right + 18.0 - widths.iter().sum::<f64>();
    for ((key, color, label), width) in entries.iter().zip(widths) {
        let middle = x + MARK / 2.0;
        match key {
            Key::Patch => canvas.rectangle((x, y - 6.0), (x + MARK, y + 6.0), *color),
            Key::Line => canvas.line(vec![(x, y), (x + MARK, y)], 2.5, *color),
            Key::Dashes => canvas.dashes((x, y), (x + MARK, y), 5.0, 2.0, *color),
            Key::Dot => canvas.dot((middle, y), 5.5, *color),
            Key::Triangle => draw_triangle(canvas, (middle, y), 6.5, *color),
            Key::Stroke => canvas.line(vec![(middle, y - 8.0), (middle, y + 8.0)], 2.0, *color),
        }
        canvas.text((x + MARK + 6.0, y), *label, writing);
        x += width;
    }
}

/// A triangle that points down, `radius` high above and below its place.
fn draw_triangle(canvas: &mut canvas::Canvas, (x, y): canvas::Point, radius: f64, color: canvas::Color) {
    canvas.area(vec![(x - radius, y - radius), (x + radius, y - radius), (x, y + radius)], color);
}
