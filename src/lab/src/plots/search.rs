//! Pictures of a search: how it came nearer, the front that it found, and which parameter bought which part of the gain.

use super::axes::{Panel, Scale, from_zero};
use super::canvas::{Align, Canvas};
use super::style::{ANSWERED, FAILED, HEALED, NOTICED, Theme};
use super::{Key, MARGIN, RIGHT, Tone, WIDTH, draw_heading, draw_legend};

const LEFT: f64 = MARGIN + 66.0;

/// The population after a generation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Trials so far.
    pub trials: u64,
    /// Best value of the first objective.
    pub best: Option<f64>,
    /// Hypervolume of the front.
    pub hypervolume: Option<f64>,
}

/// What a point of a front is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointKind {
    /// Tried by the search.
    Tried,
    /// On the front.
    Front,
    /// Chosen.
    Chosen,
    /// The default or a preset.
    Baseline,
}

/// A configuration by two objectives.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// First objective.
    pub x: f64,
    /// Second objective.
    pub y: f64,
    /// What it is.
    pub kind: PointKind,
    /// Its name, shown beside it; empty for none.
    pub label: String,
}

/// A step of a waterfall: its name, and the share by which it lowers what is left, with its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Fall {
    /// Its name.
    pub label: String,
    /// The share, and the ends of its 95 % interval.
    pub share: (f64, f64, f64),
}

/// The learning curve as SVG: best value and hypervolume over trials.
pub fn convergence(title: &str, best_name: &str, points: &[Progress]) -> Vec<u8> {
    let theme = Theme::of(Tone::Light);
    let mut canvas = Canvas::new(WIDTH, 640, theme.background);
    let last = points.last().map_or(0, |point| point.trials);
    draw_heading(&mut canvas, &theme, title, &format!("{} generations, {last} trials", points.len().saturating_sub(1)));
    let across = from_zero(last as f64);
    let places = [(110.0, 320.0), (370.0, 570.0)];
    let names = [format!("best {best_name}"), "hypervolume (more is better)".to_owned()];
    let curves = [curve(points, |point| point.best), curve(points, |point| point.hypervolume)];
    for (place, ((top, bottom), color)) in places.into_iter().zip([ANSWERED, HEALED]).enumerate() {
        let (name, curve) = (&names[place], &curves[place]);
        let up = around(curve.iter().map(|point| point.1));
        let panel = Panel { left: LEFT, right: RIGHT, top, bottom, across, up };
        panel.draw_across(&mut canvas, &theme, &across.ticks(10), (place == 1).then_some("trials"));
        panel.draw_up(&mut canvas, &theme, &up.ticks(5), name);
        if curve.is_empty() {
            panel.draw_absence(&mut canvas, &theme, "nothing was measured");
        }
        let places: Vec<_> = curve.iter().map(|(x, y)| panel.point(*x, *y)).collect();
        canvas.line(places.clone(), 2.5, color);
        places.into_iter().for_each(|place| canvas.dot(place, 3.0, color));
        panel.draw_frame(&mut canvas, &theme);
    }
    canvas.svg()
}

/// The front as SVG, in the plane of two objectives.
pub fn front(title: &str, names: [&str; 2], points: &[Point]) -> Vec<u8> {
    let theme = Theme::of(Tone::Light);
    let mut canvas = Canvas::new(WIDTH, 760, theme.background);
    draw_heading(
        &mut canvas,
        &theme,
        title,
        "chosen, default and presets: held-out seeds; front: validation seeds; tried: search seeds (other worlds, so compare within a colour)",
    );
    // What was tried may lie far away: the view is that of the others, with some of its surroundings.
    let shown = || points.iter().filter(|point| point.kind != PointKind::Tried);
    let (across, up) = (around(shown().map(|point| point.x)), around(shown().map(|point| point.y)));
    let panel = Panel { left: LEFT, right: RIGHT, top: 118.0, bottom: 690.0, across, up };
    panel.draw_across(&mut canvas, &theme, &across.ticks(10), Some(names[0]));
    panel.draw_up(&mut canvas, &theme, &up.ticks(8), names[1]);
    let inside = |scale: Scale, value: f64| match scale {
        Scale::Linear { low, high } | Scale::Log { low, high } => (low..=high).contains(&value),
    };
    for kind in [PointKind::Tried, PointKind::Front, PointKind::Baseline, PointKind::Chosen] {
        for point in points.iter().filter(|point| point.kind == kind && inside(across, point.x) && inside(up, point.y)) {
            let place = panel.point(point.x, point.y);
            let (radius, color) = look(kind, &theme);
            canvas.dot(place, radius, color);
            let right = place.0 > 0.8 * RIGHT;
            let (offset, align) = if right { (-radius - 5.0, Align::Right) } else { (radius + 5.0, Align::Left) };
            if !point.label.is_empty() {
                canvas.text((place.0 + offset, place.1), point.label.as_str(), theme.small().align(align));
            }
        }
    }
    let entry = |kind: PointKind, name| (Key::Dot, look(kind, &theme).1, name);
    let legend = [
        entry(PointKind::Tried, "tried"),
        entry(PointKind::Front, "front"),
        entry(PointKind::Chosen, "chosen"),
        entry(PointKind::Baseline, "default and presets"),
    ];
    draw_legend(&mut canvas, &theme, RIGHT, panel.top - 17.0, &legend);
    panel.draw_frame(&mut canvas, &theme);
    canvas.svg()
}

fn look(kind: PointKind, theme: &Theme) -> (f64, super::canvas::Color) {
    match kind {
        PointKind::Tried => (2.5, theme.axis.thin(0.35)),
        PointKind::Front => (5.0, ANSWERED),
        PointKind::Chosen => (7.5, HEALED),
        PointKind::Baseline => (6.0, FAILED),
    }
}

/// A waterfall as SVG: from the whole of `start` down to what is left, one bar for each step.
pub fn waterfall(title: &str, subtitle: &str, start: &str, steps: &[Fall]) -> Vec<u8> {
    const ROW: f64 = 34.0;
    let theme = Theme::of(Tone::Light);
    let widest = steps.iter().map(|step| theme.small().width(&step.label)).fold(140.0, f64::max);
    let left = (MARGIN + widest + 16.0).min(520.0);
    let rows = steps.len() as f64 + 2.0;
    let (top, bottom) = (110.0, 110.0 + ROW * rows);
    let mut canvas = Canvas::new(WIDTH, (bottom + 70.0) as u32, theme.background);
    draw_heading(&mut canvas, &theme, title, subtitle);
    let ends = steps.iter().scan(1.0, |level, step| {
        *level -= step.share.0;
        Some(*level)
    });
    let levels: Vec<f64> = std::iter::once(1.0).chain(ends).collect();
    let high = levels.iter().copied().fold(1.0, f64::max);
    let across = Scale::Linear { low: 0.0, high: 100.0 * high };
    let panel = Panel { left, right: RIGHT - 150.0, top, bottom, across, up: Scale::Linear { low: 0.0, high: 1.0 } };
    panel.draw_across(&mut canvas, &theme, &across.ticks(10), Some("loss left, % of the default's"));
    let mut bar = |row: usize, label: &str, from: f64, to: f64, color, note: String| {
        let y = top + ROW * (row as f64 + 0.5);
        let (a, b) = (panel.x(100.0 * from.min(to)), panel.x(100.0 * from.max(to)));
        canvas.rectangle((a, y - 11.0), (b.max(a + 1.5), y + 11.0), color);
        let label = theme.small().fit(label, left - MARGIN - 12.0);
        canvas.text((left - 10.0, y), label, theme.small().align(Align::Right));
        canvas.text((RIGHT - 142.0, y), note, theme.small());
    };
    bar(0, start, 0.0, 1.0, theme.axis, "100 %".to_owned());
    for (place, step) in steps.iter().enumerate() {
        let color = if step.share.0 >= 0.0 { HEALED } else { NOTICED };
        let note = format!("{} [{}, {}]", percent(-step.share.0), percent(-step.share.2), percent(-step.share.1));
        bar(place + 1, &step.label, levels[place], levels[place + 1], color, note);
    }
    let last = levels[levels.len() - 1];
    bar(steps.len() + 1, "winner", 0.0, last, ANSWERED, format!("{:.1} %", 100.0 * last));
    panel.draw_frame(&mut canvas, &theme);
    canvas.svg()
}

/// A signed share in per cent with a true minus.
fn percent(share: f64) -> String {
    let text = format!("{:+.1}", 100.0 * share);
    text.replace('-', "−")
}

fn curve(points: &[Progress], value: impl Fn(&Progress) -> Option<f64>) -> Vec<(f64, f64)> {
    points.iter().filter_map(|point| Some((point.trials as f64, value(point).filter(|value| value.is_finite())?))).collect()
}

/// A linear scale around values, with some air.
fn around(values: impl Iterator<Item = f64>) -> Scale {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return Scale::Linear { low: 0.0, high: 1.0 };
    }
    let air = if high > low { 0.08 * (high - low) } else { 0.1 * low.abs().max(1.0) };
    Scale::Linear { low: low - air, high: high + air }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_curve_has_a_line_and_says_so_when_there_is_none() {
        let point = |trials, best| Progress { trials, best, hypervolume: None };
        let drawn = text(convergence("a search", "cost", &[point(10, Some(3.0)), point(20, Some(2.0))]));
        assert!(drawn.contains("best cost") && drawn.contains("nothing was measured") && drawn.contains("polyline"));
    }

    #[test]
    fn a_front_names_its_points_and_leaves_out_what_lies_far_away() {
        let point = |x, y, kind, label: &str| Point { x, y, kind, label: label.to_owned() };
        let near = [point(1.0, 2.0, PointKind::Chosen, "knee"), point(2.0, 1.0, PointKind::Baseline, "default")];
        let far = [near.to_vec(), vec![point(1e6, 1e6, PointKind::Tried, "lost")]].concat();
        let drawn = text(front("front", ["a", "b"], &far));
        assert!(drawn.contains("knee") && !drawn.contains("lost"));
        assert_eq!(drawn, text(front("front", ["a", "b"], &near)));
    }

    #[test]
    fn a_waterfall_ends_at_what_is_left() {
        let fall = |label: &str, share| Fall { label: label.to_owned(), share: (share, share - 0.1, share + 0.1) };
        let drawn = text(waterfall("gain", "", "default", &[fall("health.heartbeat", 0.5), fall("retry.attempts", -0.1)]));
        assert!(drawn.contains("60.0 %") && drawn.contains("−50.0 [−60.0, −40.0]") && drawn.contains("+10.0"));
    }
}
