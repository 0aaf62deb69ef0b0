//! Requests per second of a day, see [`LoadModel`].

use std::f64::consts::PI;

use hms_machine::distributions::special;
use hms_machine::{Draw, Purpose, Streams};

use super::Plan;
use crate::parameters::LoadModel;
use crate::rates::CountSeries;

const MINUTE: Purpose = Purpose::named("dataset/synth/load-minute");
const REQUESTS: Purpose = Purpose::named("dataset/synth/load-requests");

const DAY_S: f64 = 86_400.0;

pub(super) fn synthesise(model: &LoadModel, plan: &Plan) -> CountSeries {
    let streams = Streams::new(plan.seed);
    let seconds = plan.length.as_nanos().div_ceil(1_000_000_000);
    let count = |second: u64| {
        let hour_angle = 2.0 * PI * (second as f64 - 3_600.0 * model.peak_h) / DAY_S;
        let normal = special::normal_quantile(streams.draw(MINUTE, 0, second / 60).open_uniform());
        let sigma = model.minute_sigma;
        let factor = libm::exp(sigma * normal - sigma * sigma / 2.0);
        let rate = model.mean_per_s * (1.0 + model.swing * libm::cos(hour_angle)) * factor;
        poisson(rate, &mut streams.draw(REQUESTS, 0, second))
    };
    CountSeries { counts: (0..seconds).map(count).collect() }
}

/// A Poisson number: sums of parts of at most this rate, each by inversion of one uniform number, so that e^−rate does not vanish.
fn poisson(rate: f64, draw: &mut Draw) -> u32 {
    const PART: f64 = 32.0;
    let mut left = rate;
    let mut count = 0;
    while left > 0.0 {
        let part = left.min(PART);
        left -= part;
        let mut probability = libm::exp(-part);
        let mut rest = draw.uniform() - probability;
        let mut number = 0u32;
        while rest >= 0.0 && number < 400 {
            number += 1;
            probability *= part / f64::from(number);
            rest -= probability;
        }
        count += number;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::super::Start;
    use super::*;
    use hms_machine::{Duration, Seed};

    #[test]
    fn poisson_numbers_have_the_mean_and_variance_of_their_rate() {
        let streams = Streams::new(Seed(1));
        for rate in [0.3, 5.0, 100.0] {
            let numbers: Vec<f64> = (0..20_000).map(|k| f64::from(poisson(rate, &mut streams.draw(REQUESTS, 1, k)))).collect();
            let mean = numbers.iter().sum::<f64>() / 20_000.0;
            let variance = numbers.iter().map(|number| (number - mean) * (number - mean)).sum::<f64>() / 20_000.0;
            // Standard errors: sqrt(rate / n) and rate × sqrt((2 + 1/rate) / n).
            assert!((mean - rate).abs() < 4.0 * libm::sqrt(rate / 20_000.0), "{rate}: {mean}");
            assert!((variance - rate).abs() < 4.0 * rate * libm::sqrt((2.0 + 1.0 / rate) / 20_000.0), "{rate}: {variance}");
        }
    }

    #[test]
    fn a_day_has_the_mean_and_the_swing_that_were_asked_for() {
        let model = LoadModel {
            name: "x".to_owned(),
            source: String::new(),
            mean_per_s: 20.0,
            swing: 0.5,
            peak_h: 14.0,
            minute_sigma: 0.25,
        };
        let plan = Plan { nodes: 1, length: Duration::from_secs(86_400), seed: Seed(7), start: Start::Stationary };
        let day = synthesise(&model, &plan);
        assert_eq!(day.counts.len(), 86_400);
        assert!((day.mean() / 20.0 - 1.0).abs() < 0.03, "{}", day.mean());
        let hour = |hour: usize| day.window(hour * 3_600 - 1_800, 3_600).mean();
        assert!((hour(14) / 30.0 - 1.0).abs() < 0.15 && (hour(2) / 10.0 - 1.0).abs() < 0.15, "{} {}", hour(14), hour(2));
    }
}
