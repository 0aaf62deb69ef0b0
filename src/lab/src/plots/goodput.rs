//! What clients saw over time: requests answered and failed, the share answered, and latency; faults are shaded.

use super::axes::{Panel, Scale, TimeAxis, from_zero, log_ticks, seconds_label};
use super::canvas::{Canvas, Color, Point};
use super::run::{Interval, Run};
use super::style::{ANSWERED, FAILED, HEALED, LOADS, Theme};
use super::{Key, MARGIN, RIGHT, WIDTH, draw_heading, draw_legend};

/// More steps than this are not told apart.
const STEPS_MAX: usize = 500;
const LEFT: f64 = MARGIN + 66.0;

pub(super) fn draw(run: &Run, theme: &Theme) -> Canvas {
    let mut canvas = Canvas::new(WIDTH, 790, theme.background);
    draw_heading(&mut canvas, theme, &format!("{}: what clients saw", run.scenario), &run.subtitle());
    let time = TimeAxis::new(run.length);
    let panel =
        Panel { left: LEFT, right: RIGHT, top: 118.0, bottom: 338.0, across: time.scale(), up: from_zero(highest_rate(run)) };
    draw_requests(&mut canvas, theme, run, &panel, time, None);
    let momentary = run.faults.iter().any(|fault| fault.end == Some(fault.start));
    let lasting = run.faults.iter().any(|fault| fault.end != Some(fault.start));
    let mut legend = vec![(Key::Patch, ANSWERED, "answered in time"), (Key::Patch, FAILED, "failed")];
    if lasting {
        legend.push((Key::Patch, theme.shade, "a fault acts"));
    }
    if run.warmup > 0.0 {
        legend.push((Key::Patch, theme.warmup, "warm-up"));
    }
    if momentary {
        legend.push((Key::Stroke, FAILED.thin(0.5), "a fault strikes"));
    }
    draw_legend(&mut canvas, theme, RIGHT, panel.top - 17.0, &legend);
    let panel = Panel { top: 386.0, bottom: 516.0, ..panel };
    draw_availability(&mut canvas, theme, run, panel, time);
    let panel = Panel { top: 564.0, bottom: 732.0, ..panel };
    draw_latency(&mut canvas, theme, run, panel, time);
    canvas
}

/// The most requests that ended per second in a step.
pub(super) fn highest_rate(run: &Run) -> f64 {
    run.folded(STEPS_MAX).iter().map(|step| step.ended() / (step.to - step.from)).fold(0.0, f64::max)
}

/// The panel of requests answered and failed, one above the other.
pub(super) fn draw_requests(canvas: &mut Canvas, theme: &Theme, run: &Run, panel: &Panel, time: TimeAxis, title: Option<&str>) {
    let steps = run.folded(STEPS_MAX);
    panel.draw_across(canvas, theme, &time.ticks(), title);
    panel.draw_up(canvas, theme, &panel.up.ticks(4), "requests ended per second");
    shade_faults(canvas, theme, run, panel);
    if highest_rate(run) > 0.0 {
        let answered = |step: &Interval| step.answered() / (step.to - step.from);
        let ended = |step: &Interval| step.ended() / (step.to - step.from);
        fill_between(canvas, panel, &steps, &|_| 0.0, &answered, ANSWERED.thin(0.75));
        for part in steps.chunk_by(|one, other| (one.failed > 0.0) == (other.failed > 0.0)) {
            if part[0].failed > 0.0 {
                fill_between(canvas, panel, part, &answered, &ended, FAILED);
            }
        }
    } else {
        panel.draw_absence(canvas, theme, "no requests ended in this run");
    }
    panel.draw_frame(canvas, theme);
}

fn draw_availability(canvas: &mut Canvas, theme: &Theme, run: &Run, panel: Panel, time: TimeAxis) {
    let steps = run.folded(STEPS_MAX);
    let share = |step: &Interval| (step.ended() > 0.0).then(|| 100.0 * step.answered() / step.ended());
    let lowest = steps.iter().filter(|step| step.from >= run.warmup).filter_map(share).fold(100.0, f64::min);
    // Wide enough that a small dip looks small.
    let low = [99.0, 95.0, 90.0, 75.0, 50.0, 0.0].into_iter().find(|low| *low < lowest).unwrap_or(0.0);
    let panel = Panel { up: Scale::Linear { low, high: 100.0 }, ..panel };
    panel.draw_across(canvas, theme, &time.ticks(), None);
    panel.draw_up(canvas, theme, &panel.up.ticks(4), "answered in time, % of those that ended");
    shade_faults(canvas, theme, run, &panel);
    draw_steps(canvas, &panel, &steps, &share, 2.2, HEALED);
    panel.draw_frame(canvas, theme);
}

fn draw_latency(canvas: &mut Canvas, theme: &Theme, run: &Run, panel: Panel, time: TimeAxis) {
    let steps = run.folded(STEPS_MAX);
    let all = || steps.iter().flat_map(|step| [step.latency_p50, step.latency_p99]).flatten().filter(|latency| *latency > 0.0);
    let (lowest, highest) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    let known = highest > 0.0;
    // At least a power of ten, so that there is a label.
    let (low, high) = if known { (lowest / 1.4, (highest * 1.4).max(lowest * 14.0)) } else { (0.001, 1.0) };
    let panel = Panel { up: Scale::Log { low, high }, ..panel };
    panel.draw_across(canvas, theme, &time.ticks(), Some(&time.title()));
    panel.draw_up(canvas, theme, &log_ticks(low, high, &seconds_label), "latency of requests that ended");
    shade_faults(canvas, theme, run, &panel);
    if known {
        draw_steps(canvas, &panel, &steps, &|step| step.latency_p50, 2.0, ANSWERED);
        draw_steps(canvas, &panel, &steps, &|step| step.latency_p99, 2.2, LOADS[1]);
        let legend = [(Key::Line, ANSWERED, "median"), (Key::Line, LOADS[1], "99th percentile")];
        draw_legend(canvas, theme, RIGHT, panel.top - 17.0, &legend);
    } else {
        panel.draw_absence(canvas, theme, "no requests ended in this run");
    }
    panel.draw_frame(canvas, theme);
}

/// A band for the warm-up, bands where at least one fault acts, and strokes where one strikes in an instant.
fn shade_faults(canvas: &mut Canvas, theme: &Theme, run: &Run, panel: &Panel) {
    if run.warmup > 0.0 {
        canvas.rectangle((panel.left, panel.top), (panel.x(run.warmup), panel.bottom), theme.warmup);
    }
    let mut bands: Vec<(f64, f64)> = Vec::new();
    for fault in run.faults.iter().filter(|fault| fault.end != Some(fault.start)) {
        let end = fault.end.unwrap_or(run.length);
        match bands.last_mut().filter(|(_, last)| *last >= fault.start) {
            Some((_, last)) => *last = last.max(end),
            None => bands.push((fault.start, end)),
        }
    }
    for (start, end) in bands {
        let (start, end) = (panel.x(start), panel.x(end));
        canvas.rectangle((start, panel.top), (end.max(start + 1.0), panel.bottom), theme.shade);
    }
    let blows = run.faults.iter().filter(|fault| fault.end == Some(fault.start));
    let mut last = f64::NEG_INFINITY;
    for x in blows.map(|fault| panel.x(fault.start)) {
        if x - last >= 1.0 {
            canvas.line(vec![(x, panel.top), (x, panel.bottom)], 1.5, FAILED.thin(0.5));
            last = x;
        }
    }
}

/// The area between two step functions.
fn fill_between(
    canvas: &mut Canvas,
    panel: &Panel,
    steps: &[Interval],
    low: &dyn Fn(&Interval) -> f64,
    high: &dyn Fn(&Interval) -> f64,
    fill: Color,
) {
    let above = steps.iter().flat_map(|step| [panel.point(step.from, high(step)), panel.point(step.to, high(step))]);
    let below = steps.iter().rev().flat_map(|step| [panel.point(step.to, low(step)), panel.point(step.from, low(step))]);
    canvas.area(above.chain(below).collect(), fill);
}

/// A step function with gaps where it has no value.
fn draw_steps(
    canvas: &mut Canvas,
    panel: &Panel,
    steps: &[Interval],
    value: &dyn Fn(&Interval) -> Option<f64>,
    width: f64,
    color: Color,
) {
    for part in steps.chunk_by(|one, other| value(one).is_some() == value(other).is_some()) {
        let ends = |step: &Interval| value(step).map(|value| [panel.point(step.from, value), panel.point(step.to, value)]);
        let points: Vec<Point> = part.iter().filter_map(ends).flatten().collect();
        canvas.line(points, width, color);
    }
}
