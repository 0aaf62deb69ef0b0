//! Incidents over time: when each fault acted, when it was noticed, when it had healed; and what clients saw below.

use super::axes::{Panel, Scale, TimeAxis, from_zero};
use super::canvas::{Align, Canvas};
use super::run::{Fault, Run};
use super::style::{ANSWERED, FAILED, HEALED, NOTICED, Theme};
use super::{Key, MARGIN, RIGHT, WIDTH, draw_heading, draw_legend, draw_triangle, goodput};

/// With more faults than this, those of one kind share a lane.
const LANES_MAX: usize = 14;
const LANE_HEIGHT: f64 = 34.0;
const LANES_TOP: f64 = 118.0;
const LABELS_WIDTH: f64 = 230.0;
const GOODPUT_HEIGHT: f64 = 170.0;

struct Lane<'a> {
    label: String,
    faults: Vec<&'a Fault>,
}

pub(super) fn draw(run: &Run, theme: &Theme) -> Canvas {
    let lanes = lanes(&run.faults);
    let lanes_height = LANE_HEIGHT * lanes.len().max(2) as f64;
    let goodput_top = LANES_TOP + lanes_height + 46.0;
    let height = goodput_top + GOODPUT_HEIGHT + 60.0;
    let mut canvas = Canvas::new(WIDTH, height as u32, theme.background);
    draw_heading(&mut canvas, theme, &format!("{}: what failed, what healed", run.scenario), &run.subtitle());
    let time = TimeAxis::new(run.length);
    let left = MARGIN + LABELS_WIDTH;
    let bottom = LANES_TOP + lanes_height;
    let across = time.scale();
    let panel = Panel { left, right: RIGHT, top: LANES_TOP, bottom, across, up: Scale::Linear { low: 0.0, high: 1.0 } };
    for index in (0..lanes.len()).step_by(2) {
        let top = LANES_TOP + index as f64 * LANE_HEIGHT;
        canvas.rectangle((MARGIN, top), (RIGHT, top + LANE_HEIGHT), theme.lane);
    }
    panel.draw_across(&mut canvas, theme, &time.ticks(), None);
    for (index, lane) in lanes.iter().enumerate() {
        draw_lane(&mut canvas, theme, &panel, LANES_TOP + (index as f64 + 0.5) * LANE_HEIGHT, lane);
    }
    if lanes.is_empty() {
        panel.draw_absence(&mut canvas, theme, "no faults in this run");
    }
    panel.draw_frame(&mut canvas, theme);
    let legend = [
        (Key::Patch, FAILED, "fault acts"),
        (Key::Stroke, FAILED, "strikes at once"),
        (Key::Triangle, NOTICED, "first noticed"),
        (Key::Patch, HEALED.thin(0.45), "heals"),
        (Key::Dot, HEALED, "healed"),
        (Key::Dashes, FAILED, "not healed"),
    ];
    draw_legend(&mut canvas, theme, RIGHT, LANES_TOP - 24.0, &legend);
    let highest = goodput::highest_rate(run);
    let up = from_zero(highest);
    let below = Panel { top: goodput_top, bottom: goodput_top + GOODPUT_HEIGHT, up, ..panel };
    goodput::draw_requests(&mut canvas, theme, run, &below, time, Some(&time.title()));
    draw_legend(
        &mut canvas,
        theme,
        RIGHT,
        goodput_top - 17.0,
        &[(Key::Patch, ANSWERED, "answered in time"), (Key::Patch, FAILED, "failed")],
    );
    canvas
}

fn lanes(faults: &[Fault]) -> Vec<Lane<'_>> {
    if faults.len() <= LANES_MAX {
        let label = |fault: &Fault| format!("{}  {}", fault.kind, fault.victims).trim().to_owned();
        return faults.iter().map(|fault| Lane { label: label(fault), faults: vec![fault] }).collect();
    }
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    for fault in faults {
        match lanes.iter_mut().find(|lane| lane.label == fault.kind) {
            Some(lane) => lane.faults.push(fault),
            None => lanes.push(Lane { label: fault.kind.clone(), faults: vec![fault] }),
        }
    }
    for lane in &mut lanes {
        lane.label = format!("{}  × {}", lane.label, lane.faults.len());
    }
    lanes
}

fn draw_lane(canvas: &mut Canvas, theme: &Theme, panel: &Panel, y: f64, lane: &Lane<'_>) {
    let writing = theme.label();
    canvas.text((panel.left - 12.0, y), writing.fit(&lane.label, LABELS_WIDTH - 20.0), writing.align(Align::Right));
    let half = LANE_HEIGHT / 2.0 - 7.0;
    // Where many share a lane, those below must show.
    let cover = if lane.faults.len() > 1 { 0.6 } else { 1.0 };
    let crowded = lane.faults.len() > 40;
    for fault in &lane.faults {
        let start = panel.x(fault.start);
        let end = panel.x(fault.end.unwrap_or(f64::INFINITY));
        let possible = end.max(start);
        match fault.recovered.map(|at| panel.x(at)) {
            Some(healed) if healed > possible => {
                canvas.rectangle((possible, y - half), (healed, y + half), HEALED.thin(0.45 * cover));
            }
            None if fault.end.is_some() => canvas.dashes((possible, y), (panel.right, y), 5.0, 2.0, FAILED),
            Some(_) | None => {}
        }
        if fault.end == Some(fault.start) {
            canvas.line(
                vec![(start, y - half - 3.0), (start, y + half + 3.0)],
                if crowded { 1.0 } else { 2.5 },
                FAILED.thin(cover),
            );
        } else {
            canvas.rectangle((start, y - half), (end.max(start + 1.5), y + half), FAILED.thin(cover));
        }
    }
    let radius = if crowded { 2.5 } else { 5.5 };
    for fault in &lane.faults {
        if let Some(healed) = fault.recovered {
            canvas.dot((panel.x(healed), y), radius + 1.2, theme.background);
            canvas.dot((panel.x(healed), y), radius, HEALED);
        }
        if let Some(noticed) = fault.noticed {
            let x = panel.x(noticed);
            draw_triangle(canvas, (x, y - half + 1.0), radius + 2.5, theme.background);
            draw_triangle(canvas, (x, y - half + 1.0), radius + 1.0, NOTICED);
        }
    }
}
