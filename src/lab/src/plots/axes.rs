//! Scales, ticks and the frame around a panel.

use super::canvas::{Align, Canvas, Point, Writing};
use super::style::Theme;

/// How values become places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Equal steps for equal differences.
    Linear { low: f64, high: f64 },
    /// Equal steps for equal ratios; both ends above zero.
    Log { low: f64, high: f64 },
}

/// A mark at an axis; one without label is a minor one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: Option<String>,
}

impl Scale {
    /// Where `value` lies: 0 at the low end, 1 at the high end, and no further.
    pub(super) fn share(self, value: f64) -> f64 {
        let share = match self {
            Scale::Linear { low, high } => (value - low) / (high - low),
            Scale::Log { low, high } => (value.max(low) / low).log10() / (high / low).log10(),
        };
        share.clamp(0.0, 1.0)
    }

    /// About `count` round ticks on a linear scale.
    pub(super) fn ticks(self, count: usize) -> Vec<Tick> {
        match self {
            Scale::Linear { low, high } => linear_ticks(low, high, count),
            Scale::Log { low, high } => log_ticks(low, high, &|power| format!("{}", 10f64.powi(power))),
        }
    }
}

/// From zero to a round number at or above `highest`, with some air.
pub(super) fn from_zero(highest: f64) -> Scale {
    let highest = if highest > 0.0 { highest * 1.04 } else { 1.0 };
    let step = round_step(highest / 4.0);
    Scale::Linear { low: 0.0, high: (highest / step).ceil() * step }
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powi(least.log10().floor() as i32);
    let factors = [1.0, 2.0, 2.5, 5.0, 10.0];
    factors.into_iter().map(|factor| factor * power).find(|step| *step >= least * 0.999_999).unwrap_or(10.0 * power)
}

fn linear_ticks(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let step = round_step((high - low) / count as f64);
    let decimals = (0..6).find(|decimals| {
        let scaled = step * 10f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6
    });
    let decimals = decimals.unwrap_or(6) as usize;
    let first = (low / step - 1e-6).ceil() as i64;
    let last = (high / step + 1e-6).floor() as i64;
    (first..=last).map(|index| Tick { value: index as f64 * step, label: Some(grouped(index as f64 * step, decimals)) }).collect()
}

/// Ticks at powers of ten, with labels, and at their multiples, without.
pub(super) fn log_ticks(low: f64, high: f64, label: &dyn Fn(i32) -> String) -> Vec<Tick> {
    let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let ticks = powers
        .flat_map(|power| (1..10).map(move |factor| (f64::from(factor) * 10f64.powi(power), (factor == 1).then_some(power))));
    let near = 1e-9;
    ticks
        .filter(|(value, _)| *value >= low * (1.0 - near) && *value <= high * (1.0 + near))
        .map(|(value, power)| Tick { value, label: power.map(label) })
        .collect()
}

/// `10^power` seconds: `1 µs`, `100 ms`, `1000 s`.
pub(super) fn seconds_label(power: i32) -> String {
    let (unit, shift) = match power {
        ..-6 => ("ns", 9),
        -6..-3 => ("µs", 6),
        -3..0 => ("ms", 3),
        0.. => ("s", 0),
    };
    format!("{} {unit}", 10u64.pow((power + shift).max(0) as u32))
}

/// A number with thousands apart.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{out}{fraction}")
}

/// A stretch of simulated time in a unit that suits its length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeAxis {
    /// Length, seconds.
    pub(super) length: f64,
    unit: f64,
    name: &'static str,
}

impl TimeAxis {
    pub(super) fn new(length: f64) -> Self {
        let (unit, name) = match length {
            length if length <= 300.0 => (1.0, "s"),
            length if length <= 3.0 * 3600.0 => (60.0, "min"),
            length if length <= 4.0 * 86_400.0 => (3600.0, "h"),
            _ => (86_400.0, "days"),
        };
        TimeAxis { length: length.max(1e-9), unit, name }
    }

    pub(super) fn scale(self) -> Scale {
        Scale::Linear { low: 0.0, high: self.length }
    }

    pub(super) fn ticks(self) -> Vec<Tick> {
        let ticks = linear_ticks(0.0, self.length / self.unit, 12);
        ticks.into_iter().map(|tick| Tick { value: tick.value * self.unit, ..tick }).collect()
    }

    pub(super) fn title(self) -> String {
        format!("simulated time ({})", self.name)
    }
}

/// The inside of a pair of axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Panel {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) across: Scale,
    pub(super) up: Scale,
}

impl Panel {
    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + (self.right - self.left) * self.across.share(value)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * self.up.share(value)
    }

    pub(super) fn point(&self, x: f64, y: f64) -> Point {
        (self.x(x), self.y(y))
    }

    /// Grid and labels of the vertical axis, and its title above the panel.
    pub(super) fn draw_up(&self, canvas: &mut Canvas, theme: &Theme, ticks: &[Tick], title: &str) {
        for tick in ticks {
            let y = self.y(tick.value);
            let color = if tick.label.is_some() { theme.grid } else { theme.faint };
            canvas.line(vec![(self.left, y), (self.right, y)], 1.0, color);
            if let Some(label) = &tick.label {
                canvas.text((self.left - 8.0, y), label, theme.small().align(Align::Right));
            }
        }
        canvas.text((self.left, self.top - 15.0), title, theme.label());
    }

    /// Grid of the horizontal axis; with labels and title below where it is the lowest panel.
    pub(super) fn draw_across(&self, canvas: &mut Canvas, theme: &Theme, ticks: &[Tick], title: Option<&str>) {
        for tick in ticks {
            let x = self.x(tick.value);
            let color = if tick.label.is_some() { theme.grid } else { theme.faint };
            canvas.line(vec![(x, self.top), (x, self.bottom)], 1.0, color);
            if let (Some(label), Some(_)) = (&tick.label, title) {
                canvas.text((x, self.bottom + 14.0), label, theme.small().align(Align::Middle));
            }
        }
        if let Some(title) = title {
            canvas.text(((self.left + self.right) / 2.0, self.bottom + 36.0), title, theme.label().align(Align::Middle));
        }
    }

    /// The lines at the left and the bottom; drawn over everything else.
    pub(super) fn draw_frame(&self, canvas: &mut Canvas, theme: &Theme) {
        canvas.line(vec![(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)], 1.0, theme.axis);
    }

    /// A sentence in the middle, where there is nothing to draw.
    pub(super) fn draw_absence(&self, canvas: &mut Canvas, theme: &Theme, text: &str) {
        let middle = ((self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0);
        let writing: Writing = theme.label().align(Align::Middle);
        canvas.text(middle, text, writing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().filter_map(|tick| tick.label.as_deref()).collect()
    }

    #[test]
    fn ticks_are_round_numbers_within_the_scale() {
        assert_eq!(labels(&Scale::Linear { low: 0.0, high: 60.0 }.ticks(6)), ["0", "10", "20", "30", "40", "50", "60"]);
        assert_eq!(labels(&Scale::Linear { low: 0.0, high: 1.0 }.ticks(4)), ["0.00", "0.25", "0.50", "0.75", "1.00"]);
        assert_eq!(labels(&Scale::Linear { low: 99.5, high: 100.0 }.ticks(3)), ["99.6", "99.8", "100.0"]);
    }

    #[test]
    fn a_scale_from_zero_ends_above_its_highest_value() {
        for highest in [0.0, 0.003, 1.0, 99.0, 100.0, 12_345.0] {
            let Scale::Linear { low, high } = from_zero(highest) else { panic!() };
            assert!(low == 0.0 && high > highest && high <= highest * 2.0 + 1.0, "{highest} {high}");
        }
    }

    #[test]
    fn powers_of_ten_are_labelled_as_times() {
        assert_eq!([-9, -6, -5, -3, -1, 0, 2].map(seconds_label), ["1 ns", "1 µs", "10 µs", "1 ms", "100 ms", "1 s", "100 s"]);
        assert_eq!(labels(&log_ticks(0.002, 0.5, &seconds_label)), ["10 ms", "100 ms"]);
    }

    #[test]
    fn places_stay_within_the_panel() {
        let scale = Scale::Log { low: 0.001, high: 1.0 };
        assert_eq!([0.0, 0.001, 1.0, 50.0].map(|value| scale.share(value)), [0.0, 0.0, 1.0, 1.0]);
        assert!((scale.share(0.031_622_776_6) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(1_234_567.0, 0), "1\u{a0}234\u{a0}567");
        assert_eq!(grouped(-999.25, 2), "−999.25");
    }
}
