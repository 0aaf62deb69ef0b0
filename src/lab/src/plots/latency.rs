//! How long clients waited: the share of requests within a time, and the share beyond it, where the tail shows.

use super::axes::{Panel, Scale, log_ticks, seconds_label};
use super::canvas::{Canvas, Color, Point};
use super::run::{Curve, Run};
use super::style::{FAILED, LOADS, Theme};
use super::{Key, MARGIN, RIGHT, WIDTH, draw_heading, draw_legend};

/// Points nearer to each other than this many pixels are one.
const NEAR: f64 = 0.3;

pub(super) fn draw(run: &Run, theme: &Theme) -> Canvas {
    let curves = curves(run);
    let table_height = 26.0 * (curves.len() + 1) as f64;
    let mut canvas = Canvas::new(WIDTH, (520.0 + table_height + 20.0) as u32, theme.background);
    draw_heading(&mut canvas, theme, &format!("{}: how long clients waited", run.scenario), &run.subtitle());
    let ends = || curves.iter().flat_map(|curve| &curve.buckets).map(|(end, _)| *end).filter(|end| *end > 0.0);
    let (lowest, highest) = (ends().fold(f64::INFINITY, f64::min), ends().fold(0.0, f64::max));
    let (low, high) = if highest > 0.0 { (lowest / 1.25, (highest * 1.25).max(lowest * 12.0)) } else { (0.001, 1.0) };
    let across = Scale::Log { low, high };
    let middle = f64::from(WIDTH) / 2.0;
    let up = Scale::Linear { low: 0.0, high: 100.0 };
    let body = Panel { left: MARGIN + 60.0, right: middle - 30.0, top: 118.0, bottom: 460.0, across, up };
    let least = curves.iter().map(|curve| 1.0 / total(curve)).fold(0.1, f64::min);
    let tail_low = 100.0 * 10f64.powf(least.log10().floor());
    let tail = Panel { left: middle + 64.0, right: RIGHT, up: Scale::Log { low: tail_low, high: 100.0 }, ..body };
    let times = log_ticks(low, high, &seconds_label);
    for (panel, ticks, title) in [
        (&body, body.up.ticks(5), "% of requests within that time"),
        (&tail, log_ticks(tail_low, 100.0, &percent), "% of requests beyond that time"),
    ] {
        panel.draw_across(&mut canvas, theme, &times, Some("latency"));
        panel.draw_up(&mut canvas, theme, &ticks, title);
        if curves.is_empty() {
            panel.draw_absence(&mut canvas, theme, "no requests ended in this run");
        }
    }
    for curve in &curves {
        draw_curve(&mut canvas, &body, curve, &|beyond| 100.0 * (1.0 - beyond));
        draw_curve(&mut canvas, &tail, curve, &|beyond| 100.0 * beyond);
    }
    body.draw_frame(&mut canvas, theme);
    tail.draw_frame(&mut canvas, theme);
    draw_table(&mut canvas, theme, &curves, 520.0);
    canvas
}

/// A curve as it is drawn.
struct Drawn {
    label: String,
    color: Color,
    dashed: bool,
    buckets: Vec<(f64, u64)>,
}

/// The curves of every load, or of all loads together where there are too many to tell apart.
fn curves(run: &Run) -> Vec<Drawn> {
    let mut loads: Vec<&str> = run.curves.iter().map(|curve| curve.load.as_str()).collect();
    loads.dedup();
    let groups: Vec<(String, Vec<&Curve>)> = if loads.len() <= LOADS.len() {
        loads.iter().map(|load| ((*load).to_owned(), run.curves.iter().filter(|curve| curve.load == *load).collect())).collect()
    } else {
        vec![(format!("all {} loads", loads.len()), run.curves.iter().collect())]
    };
    let single = groups.len() == 1;
    let mut drawn = Vec::new();
    for ((load, curves), color) in groups.into_iter().zip(LOADS) {
        for answered in [true, false] {
            let mut buckets: Vec<(f64, u64)> = curves
                .iter()
                .filter(|curve| curve.answered == answered)
                .flat_map(|curve| curve.buckets.iter().copied())
                .collect();
            if buckets.is_empty() {
                continue;
            }
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            let which = if answered { "answered in time" } else { "all that ended, failed ones until given up" };
            // One load alone can have a colour for each of its curves.
            let color = if single && !answered { FAILED } else { color };
            drawn.push(Drawn { label: format!("{load}: {which}"), color, dashed: !answered, buckets });
        }
    }
    drawn
}

fn total(curve: &Drawn) -> f64 {
    curve.buckets.iter().map(|(_, count)| *count as f64).sum()
}

fn draw_curve(canvas: &mut Canvas, panel: &Panel, curve: &Drawn, height: &dyn Fn(f64) -> f64) {
    let total = total(curve);
    let mut beyond = total;
    let mut points: Vec<Point> = vec![panel.point(0.0, height(1.0))];
    for (end, count) in &curve.buckets {
        beyond -= *count as f64;
        let (x, y) = panel.point(*end, height((beyond / total).max(0.0)));
        let (last_x, last_y) = points[points.len() - 1];
        if (x - last_x).abs() + (y - last_y).abs() >= NEAR || beyond <= 0.0 {
            points.extend([(x, last_y), (x, y)]);
        }
    }
    if height(0.0) > 0.0 {
        points.push((panel.right, points[points.len() - 1].1));
    }
    if curve.dashed {
        draw_dashed(canvas, &points, curve.color);
    } else {
        canvas.line(points, 2.5, curve.color);
    }
}

/// A path in dashes, whatever its turns.
fn draw_dashed(canvas: &mut Canvas, points: &[Point], color: Color) {
    const DASH: f64 = 8.0;
    const GAP: f64 = 5.0;
    let (mut walked, mut dash) = (0.0, vec![points[0]]);
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = (x1 - x0).abs() + (y1 - y0).abs();
        let mut at = 0.0;
        while length - at > 1e-9 {
            let drawing = walked < DASH;
            let step = (if drawing { DASH } else { DASH + GAP } - walked).min(length - at);
            at += step;
            walked += step;
            let place = (x0 + (x1 - x0) * at / length, y0 + (y1 - y0) * at / length);
            if drawing {
                dash.push(place);
            }
            if walked >= DASH - 1e-9 && drawing {
                canvas.line(std::mem::take(&mut dash), 2.5, color);
            }
            if walked >= DASH + GAP - 1e-9 {
                (walked, dash) = (0.0, vec![place]);
            }
        }
    }
    canvas.line(dash, 2.5, color);
}

/// Legend and percentiles in one: a row per curve.
fn draw_table(canvas: &mut Canvas, theme: &Theme, curves: &[Drawn], top: f64) {
    const SHARES: [(f64, &str); 5] = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"), (1.0, "max")];
    if curves.is_empty() {
        return;
    }
    let column = |index: usize| RIGHT - (SHARES.len() - 1 - index) as f64 * 96.0;
    let right = |writing: super::canvas::Writing| writing.align(super::canvas::Align::Right);
    for (index, (_, name)) in SHARES.iter().enumerate() {
        canvas.text((column(index), top), *name, right(theme.small()));
    }
    canvas.text((column(0) - 96.0, top), "requests", right(theme.small()));
    for (row, curve) in curves.iter().enumerate() {
        let y = top + 26.0 * (row + 1) as f64;
        let key = if curve.dashed { Key::Dashes } else { Key::Line };
        let label = theme.small().fit(&curve.label, column(0) - 250.0 - MARGIN);
        let end = MARGIN + 28.0 + theme.small().width(&label);
        draw_legend(canvas, theme, end, y, &[(key, curve.color, &label)]);
        canvas.text((column(0) - 96.0, y), super::axes::grouped(total(curve), 0), right(theme.small()));
        for (index, (share, _)) in SHARES.iter().enumerate() {
            canvas.text((column(index), y), time(quantile(curve, *share)), right(theme.small()));
        }
    }
}

/// The latency within which `share` of the requests lie.
fn quantile(curve: &Drawn, share: f64) -> f64 {
    let wanted = (share * total(curve)).ceil().max(1.0);
    let mut seen = 0.0;
    for (end, count) in &curve.buckets {
        seen += *count as f64;
        if seen >= wanted {
            return *end;
        }
    }
    curve.buckets.last().map_or(0.0, |(end, _)| *end)
}

/// Three significant digits with a unit.
fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        seconds if seconds < 0.000_999_5 => (seconds * 1e6, "µs"),
        seconds if seconds < 0.999_5 => (seconds * 1e3, "ms"),
        seconds => (seconds, "s"),
    };
    let decimals = match value {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

fn percent(power: i32) -> String {
    let decimals = usize::try_from(-power).unwrap_or(0);
    format!("{:.decimals$}", 10f64.powi(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_read_off_the_buckets() {
        let curve =
            Drawn { label: String::new(), color: FAILED, dashed: false, buckets: vec![(0.001, 50), (0.01, 49), (2.0, 1)] };
        assert_eq!(
            [0.5, 0.9, 0.99, 0.999, 1.0].map(|share| time(quantile(&curve, share))),
            ["1.00 ms", "10.0 ms", "10.0 ms", "2.00 s", "2.00 s"]
        );
    }

    #[test]
    fn shares_of_a_percent_keep_their_digits() {
        assert_eq!([2, 1, 0, -1, -3].map(percent), ["100", "10", "1", "0.1", "0.001"]);
    }

    #[test]
    fn dashes_cover_a_path_around_its_corners() {
        let theme = Theme::of(crate::plots::Tone::Light);
        let mut canvas = Canvas::new(100, 100, theme.background);
        draw_dashed(&mut canvas, &[(0.0, 0.0), (4.0, 0.0), (4.0, 30.0)], FAILED);
        let dashes = String::from_utf8(canvas.svg()).unwrap().matches("<polyline").count();
        assert_eq!(dashes, 3);
    }
}
