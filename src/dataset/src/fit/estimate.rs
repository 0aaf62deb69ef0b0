//! Maximum-likelihood estimates that have no closed form.

use hms_machine::distributions::special::{digamma, trigamma};

use super::family::Model;

/// Sums over the positive values that all families share.
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) log_mean: f64,
    /// Standard deviation of the logarithm, divisor n: the maximum-likelihood estimate.
    pub(super) log_deviation: f64,
}

impl Moments {
    pub(super) fn of(positive: &[f64]) -> Moments {
        let count = positive.len() as f64;
        let mean = positive.iter().sum::<f64>() / count;
        let log_mean = positive.iter().map(|value| libm::log(*value)).sum::<f64>() / count;
        let squares = positive.iter().map(|value| {
            let difference = libm::log(*value) - log_mean;
            difference * difference
        });
        Moments { mean, log_mean, log_deviation: libm::sqrt(squares.sum::<f64>() / count) }
    }
}

const STEPS: usize = 100;
const TOLERANCE: f64 = 1e-13;

/// Shape from the root of Σ xᵏ ln x / Σ xᵏ − 1/k − mean ln x, which grows with k; scale from the shape.
///
/// The values are divided by their geometric mean first, so that the powers stay in range.
pub(super) fn weibull(positive: &[f64], moments: &Moments) -> Model {
    let logs: Vec<f64> = positive.iter().map(|value| libm::log(*value) - moments.log_mean).collect();
    // Score and its slope at shape k.
    let score = |shape: f64| {
        let (mut power, mut first, mut second) = (0.0, 0.0, 0.0);
        for log in &logs {
            let weight = libm::exp(shape * log);
            power += weight;
            first += weight * log;
            second += weight * log * log;
        }
        let mean = first / power;
        (mean - 1.0 / shape, second / power - mean * mean + 1.0 / (shape * shape))
    };
    // The logarithm of a Weibull variable has the standard deviation π / (√6 shape).
    let guess = std::f64::consts::PI / (libm::sqrt(6.0) * moments.log_deviation);
    let shape = increasing_root(guess, score);
    let power_mean = logs.iter().map(|log| libm::exp(shape * log)).sum::<f64>() / logs.len() as f64;
    let scale = libm::exp(moments.log_mean + libm::log(power_mean) / shape);
    Model::Weibull { shape, scale }
}

/// Shape from the root of ψ(k) − ln k + ln(mean) − mean ln x, which grows with k; scale from the mean.
pub(super) fn gamma(moments: &Moments) -> Model {
    let spread = libm::log(moments.mean) - moments.log_mean;
    let guess = (3.0 - spread + libm::sqrt((spread - 3.0) * (spread - 3.0) + 24.0 * spread)) / (12.0 * spread);
    let shape = increasing_root(guess, |shape| (digamma(shape) - libm::log(shape) + spread, trigamma(shape) - 1.0 / shape));
    Model::Gamma { shape, scale: moments.mean / shape }
}

/// The root above zero of an increasing function, given with its slope: Newton's method, halving or doubling where a step
/// would leave the bracket found so far.
fn increasing_root(guess: f64, function: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut x = guess;
    for _ in 0..STEPS {
        let (value, slope) = function(x);
        if value > 0.0 {
            high = x
        } else {
            low = x
        }
        let newton = x - value / slope;
        let next = if newton > low && newton < high {
            newton
        } else if high.is_finite() {
            0.5 * (low + high)
        } else {
            2.0 * x
        };
        let moved = libm::fabs(next - x);
        x = next;
        if moved <= TOLERANCE * x {
            break;
        }
    }
    x
}
