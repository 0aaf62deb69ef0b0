//! A rate that swings like the hours of a day, its integral, and the inverse of that.

use std::f64::consts::PI;

use hms_machine::{Duration, Ratio};

/// Rate `mean × (1 + amplitude × sin(2π (t / period + shift)))`. Times are seconds, rates per second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wave {
    mean: f64,
    amplitude: f64,
    period: f64,
    shift: f64,
}

/// Halvings after which an interval of f64 is as narrow as it gets, with room to spare.
const STEPS_MAX: u32 = 200;

impl Wave {
    pub(super) fn new(mean: f64, amplitude: Ratio, period: Duration, shift: Ratio) -> Self {
        Wave { mean, amplitude: amplitude.get(), period: period.as_secs_f64(), shift: shift.get() }
    }

    fn rate(&self, at: f64) -> f64 {
        self.mean * (1.0 + self.amplitude * libm::sin(2.0 * PI * (at / self.period + self.shift)))
    }

    /// Requests expected in the `span` seconds after `at` (seconds since the start of a period).
    ///
    /// The difference of cosines is written as a product of sines, which stays exact for spans that are tiny beside the period.
    pub(super) fn integral(&self, at: f64, span: f64) -> f64 {
        let middle = libm::sin(2.0 * PI * ((at + 0.5 * span) / self.period + self.shift));
        let swing = self.amplitude * self.period / PI * middle * libm::sin(PI * span / self.period);
        (self.mean * (span + swing)).max(0.0)
    }

    /// The span after `at` in which `amount` requests are expected: Newton's method, kept inside a shrinking bracket.
    pub(super) fn span_for(&self, at: f64, amount: f64) -> f64 {
        let even = amount / self.mean;
        let mut low = even / (1.0 + self.amplitude);
        let mut high = even + self.amplitude * self.period / PI;
        let mut span = (amount / self.rate(at)).clamp(low, high);
        for _ in 0..STEPS_MAX {
            let excess = self.integral(at, span) - amount;
            if excess == 0.0 {
                return span;
            }
            if excess > 0.0 {
                high = span;
            } else {
                low = span;
            }
            let newton = span - excess / self.rate(at + span);
            let next = if low < newton && newton < high { newton } else { low + 0.5 * (high - low) };
            if next == span || next <= low || next >= high {
                return next;
            }
            span = next;
        }
        span
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wave(amplitude: f64, shift: f64) -> Wave {
        Wave::new(5.0, Ratio::new(amplitude).unwrap(), Duration::from_secs(86_400), Ratio::new(shift).unwrap())
    }

    #[test]
    fn the_integral_over_a_period_is_the_mean() {
        let total = wave(1.0, 0.3).integral(1234.5, 86_400.0);
        assert!((total / (5.0 * 86_400.0) - 1.0).abs() < 1e-12, "{total}");
    }

    #[test]
    fn the_integral_agrees_with_a_sum_of_small_steps() {
        let wave = wave(0.7, 0.1);
        let steps: f64 = (0..100_000).map(|step| wave.rate(500.0 + (f64::from(step) + 0.5) * 0.2) * 0.2).sum();
        assert!((wave.integral(500.0, 20_000.0) / steps - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_wave_that_touches_zero_is_passed() {
        // The rate is zero at three quarters of the period.
        let wave = wave(1.0, 0.0);
        let span = wave.span_for(64_800.0, 1e-9);
        assert!((wave.integral(64_800.0, span) / 1e-9 - 1.0).abs() < 1e-6, "{span}");
    }

    proptest! {
        #[test]
        fn the_span_inverts_the_integral(
            amplitude in 0.0..=1.0, shift in 0.0..=1.0, at in 0.0..86_400.0, exponent in -12.0..7.0,
        ) {
            let wave = wave(amplitude, shift);
            let amount = libm::pow(10.0, exponent);
            let span = wave.span_for(at, amount);
            prop_assert!((wave.integral(at, span) / amount - 1.0).abs() < 1e-6, "span {span}");
        }
    }
}
