//! A sheet of shapes in pixels, and its two printers: SVG and PNG.
//!
//! A picture is drawn once, as a list of shapes with fractional coordinates, and printed by the backends of plotters. These know whole pixels
//! only, so SVG is printed ten times larger with its size set back in the header, and PNG twice as large and then averaged. No font of
//! the system is touched: text is measured and drawn with the fonts in `fonts/` of this crate.

use std::sync::Once;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, IntoTextStyle, RGBAColor, ShapeStyle};

/// First the bundled font, then those of the same widths or next to it, for readers of SVG without it.
const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";
static REGULAR: &[u8] = include_bytes!("../../fonts/DejaVuSans.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/DejaVuSans-Bold.ttf");

/// SVG units per pixel: a tenth of a pixel is finer than a screen shows.
const SVG_SCALE: u32 = 10;
/// Each pixel of a PNG is the mean of a square of this side.
const PNG_SCALE: u32 = 2;

/// Red, green, blue, and share of cover.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Color(pub(super) u8, pub(super) u8, pub(super) u8, pub(super) f64);

impl Color {
    /// The same, covering only `share` of what is below.
    pub(super) fn thin(self, share: f64) -> Color {
        Color(self.0, self.1, self.2, share)
    }

    fn plotters(self) -> RGBAColor {
        RGBAColor(self.0, self.1, self.2, self.3)
    }
}

/// Which point of a text stands at its place, along the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// How a text is written. Sizes are pixels from the lowest to the highest point of the font.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Writing {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) align: Align,
    pub(super) color: Color,
}

impl Writing {
    pub(super) fn new(size: f64, color: Color) -> Self {
        Writing { size, bold: false, align: Align::Left, color }
    }

    pub(super) fn bold(self) -> Self {
        Writing { bold: true, ..self }
    }

    pub(super) fn align(self, align: Align) -> Self {
        Writing { align, ..self }
    }

    fn font(&self, scale: u32) -> FontDesc<'static> {
        let style = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        FontDesc::new(FontFamily::Name(FAMILY), self.size * f64::from(scale), style)
    }

    /// Width of `text`, pixels.
    pub(super) fn width(&self, text: &str) -> f64 {
        register_fonts();
        // Measured large, since plotters cuts to whole pixels.
        let (width, _) = self.font(SVG_SCALE).box_size(text).expect("the bundled fonts have every style that is used");
        f64::from(width) / f64::from(SVG_SCALE)
    }

    /// `text`, cut with an ellipsis where it is wider than `width` pixels.
    pub(super) fn fit(&self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut kept = text.to_owned();
        while !kept.is_empty() && self.width(&format!("{kept}…")) > width {
            kept.pop();
        }
        format!("{}…", kept.trim_end())
    }
}

/// A point: pixels from the left and from the top.
pub(super) type Point = (f64, f64);

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Rectangle { from: Point, to: Point, fill: Color },
    Line { points: Vec<Point>, width: f64, color: Color },
    Area { points: Vec<Point>, fill: Color },
    Dot { center: Point, radius: f64, fill: Color },
    Text { at: Point, text: String, writing: Writing },
}

/// A picture in the making. Later shapes lie over earlier ones.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    width: u32,
    height: u32,
    shapes: Vec<Shape>,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32, background: Color) -> Self {
        let mut canvas = Canvas { width, height, shapes: Vec::new() };
        canvas.rectangle((0.0, 0.0), (f64::from(width), f64::from(height)), background);
        canvas
    }

    pub(super) fn rectangle(&mut self, from: Point, to: Point, fill: Color) {
        self.shapes.push(Shape::Rectangle { from, to, fill });
    }

    pub(super) fn line(&mut self, points: Vec<Point>, width: f64, color: Color) {
        if points.len() > 1 {
            self.shapes.push(Shape::Line { points, width, color });
        }
    }

    /// A straight line of dashes, each `dash` pixels long, as are the gaps.
    pub(super) fn dashes(&mut self, from: Point, to: Point, dash: f64, width: f64, color: Color) {
        let length = ((to.0 - from.0).powi(2) + (to.1 - from.1).powi(2)).sqrt();
        let count = (length / (2.0 * dash)).ceil() as usize;
        let at = |place: f64| {
            let share = (place / length).min(1.0);
            (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
        };
        for index in 0..count {
            let start = index as f64 * 2.0 * dash;
            self.line(vec![at(start), at(start + dash)], width, color);
        }
    }

    pub(super) fn area(&mut self, points: Vec<Point>, fill: Color) {
        if points.len() > 2 {
            self.shapes.push(Shape::Area { points, fill });
        }
    }

    pub(super) fn dot(&mut self, center: Point, radius: f64, fill: Color) {
        self.shapes.push(Shape::Dot { center, radius, fill });
    }

    /// Text whose middle height is at `at`.
    pub(super) fn text(&mut self, at: Point, text: impl Into<String>, writing: Writing) {
        self.shapes.push(Shape::Text { at, text: text.into(), writing });
    }

    /// The picture as SVG.
    pub(super) fn svg(&self) -> Vec<u8> {
        register_fonts();
        let mut text = String::new();
        let (width, height) = (self.width * SVG_SCALE, self.height * SVG_SCALE);
        {
            let mut backend = SVGBackend::with_string(&mut text, (width, height));
            self.print(&mut backend, SVG_SCALE, &|backend, points, style| {
                backend.draw_path(points.iter().copied(), style).map_err(|error| error.to_string())
            });
            backend.present().expect("a string takes any text");
        }
        let drawn = format!("width=\"{width}\" height=\"{height}\"");
        let shown = format!("width=\"{}\" height=\"{}\"", self.width, self.height);
        text.replacen(&drawn, &shown, 1).into_bytes()
    }

    /// The picture as PNG.
    pub(super) fn png(&self) -> Vec<u8> {
        register_fonts();
        let (width, height) = (self.width * PNG_SCALE, self.height * PNG_SCALE);
        let mut pixels = vec![0; (width * height * 3) as usize];
        {
            let mut backend = BitMapBackend::with_buffer(&mut pixels, (width, height));
            // Lines of plotters have spikes at sharp turns: straight pieces with round joints have none.
            self.print(&mut backend, PNG_SCALE, &|backend, points, style| {
                for pair in points.windows(2) {
                    backend.draw_line(pair[0], pair[1], style).map_err(|error| error.to_string())?;
                }
                if style.stroke_width > 2 {
                    for point in &points[1..points.len() - 1] {
                        backend.draw_circle(*point, style.stroke_width / 2, style, true).map_err(|error| error.to_string())?;
                    }
                }
                Ok(())
            });
            backend.present().expect("a buffer takes any picture");
        }
        encode(&averaged(&pixels, self.width, self.height), self.width, self.height)
    }

    fn print<B: DrawingBackend>(&self, backend: &mut B, scale: u32, line: &LinePrinter<B>) {
        for shape in &self.shapes {
            print(backend, shape, scale, line).expect("drawing into memory with a bundled font cannot fail");
        }
    }
}

/// How a backend draws a line; the error is for the bug that it would be.
type LinePrinter<'a, B> = dyn Fn(&mut B, &[(i32, i32)], &ShapeStyle) -> Result<(), String> + 'a;

fn print<B: DrawingBackend>(backend: &mut B, shape: &Shape, scale: u32, line: &LinePrinter<B>) -> Result<(), String> {
    let length = |pixels: f64| (pixels * f64::from(scale)).round() as i32;
    let place = |point: &Point| (length(point.0), length(point.1));
    let printed = match shape {
        Shape::Line { points, width, color } => {
            let style = color.plotters().stroke_width(length(*width).max(1) as u32);
            return line(backend, &points.iter().map(place).collect::<Vec<_>>(), &style);
        }
        Shape::Rectangle { from, to, fill } => {
            let ((left, top), (right, bottom)) = (place(from), place(to));
            // SVG's rectangles end at their last coordinate and a bitmap's hold it: half a pixel at most, after averaging.
            backend.draw_rect((left, top), (right.max(left + 1), bottom.max(top + 1)), &fill.plotters(), true)
        }
        Shape::Area { points, fill } => backend.fill_polygon(points.iter().map(place), &fill.plotters()),
        Shape::Dot { center, radius, fill } => backend.draw_circle(place(center), length(*radius) as u32, &fill.plotters(), true),
        Shape::Text { at, text, writing } => {
            let align = match writing.align {
                Align::Left => HPos::Left,
                Align::Middle => HPos::Center,
                Align::Right => HPos::Right,
            };
            let font = writing.font(scale);
            let color = writing.color.plotters();
            let style = font.into_text_style(&(1, 1)).color(&color).pos(Pos::new(align, VPos::Center));
            // Each printer has its own idea of the middle of a text; what is meant is half the height of a digit.
            let drop = if scale == SVG_SCALE { 0.05 } else { 0.16 } * writing.size;
            backend.draw_text(text, &style, place(&(at.0, at.1 + drop)))
        }
    };
    printed.map_err(|error| error.to_string())
}

fn register_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)] {
            assert!(plotters::style::register_font(FAMILY, style, bytes).is_ok(), "a bundled font is a font");
        }
    });
}

fn averaged(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let (width, height, side) = (width as usize, height as usize, PNG_SCALE as usize);
    let mut out = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let square = (0..side * side).map(|cell| {
                    let (column, row) = (x * side + cell % side, y * side + cell / side);
                    u32::from(pixels[(row * width * side + column) * 3 + channel])
                });
                out.push((square.sum::<u32>() / PNG_SCALE.pow(2)) as u8);
            }
        }
    }
    out
}

/// A picture of red, green and blue bytes as PNG.
///
/// # Panics
/// If there are not three bytes for each pixel.
pub fn encode(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Best);
    encoder.set_adaptive_filter(png::AdaptiveFilterType::Adaptive);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(pixels));
    written.expect("memory takes a picture of the size that was stated");
    bytes
}
