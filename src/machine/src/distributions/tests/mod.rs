//! Tests over all laws at once.

mod closed_forms;
mod golden;
mod oracle;
mod properties;

use super::{Distribution, Interpolation, ShapeScale, Weighted};
use crate::random::{Purpose, Seed, Streams};

const TEST: Purpose = Purpose::named("test/distributions");

/// `count` samples, one draw each.
fn samples(law: &Distribution, seed: u64, count: u64) -> Vec<f64> {
    let streams = Streams::new(Seed(seed));
    (0..count).map(|ordinal| law.sample(&mut streams.draw(TEST, 0, ordinal))).collect()
}

fn uniform(low: f64, high: f64) -> Distribution {
    Distribution::uniform(low, high).unwrap()
}

fn exponential(mean: f64) -> Distribution {
    Distribution::exponential(mean).unwrap()
}

fn normal(mean: f64, sigma: f64) -> Distribution {
    Distribution::normal(mean, sigma).unwrap()
}

fn lognormal(median: f64, sigma: f64) -> Distribution {
    Distribution::lognormal(median, sigma).unwrap()
}

fn weibull(shape: f64, scale: f64) -> Distribution {
    Distribution::weibull(ShapeScale { shape, scale }).unwrap()
}

fn gamma(shape: f64, scale: f64) -> Distribution {
    Distribution::gamma(ShapeScale { shape, scale }).unwrap()
}

fn pareto(shape: f64, scale: f64) -> Distribution {
    Distribution::pareto(ShapeScale { shape, scale }).unwrap()
}

fn zipf(n: u64, exponent: f64) -> Distribution {
    Distribution::zipf(n, exponent).unwrap()
}

fn empirical(interpolation: Interpolation) -> Distribution {
    let points = [(3.0, 1.0), (1.0, 2.0), (8.0, 0.5), (3.0, 1.5), (4.5, 0.0), (20.0, 1.0)];
    let points = points.map(|(item, weight)| Weighted { weight, item }).to_vec();
    Distribution::weighted_empirical(points, interpolation).unwrap()
}

fn mixture(parts: Vec<(f64, Distribution)>) -> Distribution {
    Distribution::mixture(parts.into_iter().map(|(weight, item)| Weighted { weight, item }).collect()).unwrap()
}

fn truncated(law: Distribution, low: f64, high: f64) -> Distribution {
    law.truncated(low, high).unwrap()
}

/// Every family, in the regions where its sampler or its formulas take another branch.
fn every_law() -> Vec<(&'static str, Distribution)> {
    vec![
        ("constant", Distribution::constant(4.25).unwrap()),
        ("uniform", uniform(-2.0, 6.0)),
        ("exponential", exponential(2.5)),
        ("normal", normal(10.0, 3.0)),
        ("lognormal", lognormal(400.0, 0.5)),
        ("weibull, falling hazard", weibull(0.7, 3.0)),
        ("weibull, growing hazard", weibull(2.2, 3.0)),
        ("gamma, shape below 1", gamma(0.3, 2.0)),
        ("gamma, small shape", gamma(4.5, 2.0)),
        ("gamma, large shape", gamma(120.0, 0.5)),
        ("pareto, all moments tested", pareto(9.0, 4.0)),
        ("pareto, no variance", pareto(1.5, 4.0)),
        ("zipf, exponent 0", zipf(40, 0.0)),
        ("zipf, exponent 1", zipf(1_000, 1.0)),
        ("zipf, one rank", zipf(1, 2.0)),
        ("zipf, steep", zipf(100, 2.5)),
        ("zipf, many ranks", zipf(1 << 40, 0.9)),
        ("empirical steps", empirical(Interpolation::Steps)),
        ("empirical line", empirical(Interpolation::Linear)),
        ("mixture of lines", mixture(vec![(0.9, lognormal(1.0, 0.3)), (0.1, uniform(20.0, 30.0))])),
        ("mixture with a point", mixture(vec![(3.0, normal(0.0, 1.0)), (1.0, Distribution::ZERO)])),
        ("truncated normal", truncated(normal(10.0, 3.0), 8.0, 20.0)),
        ("truncated exponential", truncated(exponential(2.5), 1.0, f64::INFINITY)),
        ("truncated lognormal", truncated(lognormal(400.0, 0.5), 300.0, 2000.0)),
        ("truncated weibull", truncated(weibull(0.7, 3.0), 1.0, 30.0)),
        ("truncated gamma", truncated(gamma(4.5, 2.0), 4.0, 12.0)),
        ("truncated pareto", truncated(pareto(1.5, 4.0), 5.0, 100.0)),
        ("truncated uniform", truncated(uniform(-2.0, 6.0), 0.0, 9.0)),
        ("truncated zipf", truncated(zipf(1_000, 1.0), 2.5, 60.0)),
        ("truncated empirical steps", truncated(empirical(Interpolation::Steps), 2.0, 10.0)),
        ("truncated empirical line", truncated(empirical(Interpolation::Linear), 2.0, 10.0)),
        ("truncated mixture", truncated(mixture(vec![(1.0, normal(0.0, 1.0)), (1.0, exponential(3.0))]), -1.0, 4.0)),
    ]
}

/// The greatest distance between the empirical cumulative distribution of sorted values and the law's, at points and just below them.
fn kolmogorov_smirnov(law: &Distribution, sorted: &[f64]) -> f64 {
    let count = sorted.len() as f64;
    let mut greatest = 0.0_f64;
    let mut passed = 0;
    for same in sorted.chunk_by(|a, b| a == b) {
        greatest = greatest.max((passed as f64 / count - law.cdf_below(same[0])).abs());
        passed += same.len();
        greatest = greatest.max((passed as f64 / count - law.cdf(same[0])).abs());
    }
    greatest
}

/// The distance that a correct sampler of a continuous law exceeds once in 2,000 seeds (less often if the law has points):
/// sqrt(-ln(0.0005/2)/2) over the root of the (effective) count, from Kolmogorov's limit law.
fn critical_distance(effective_count: f64) -> f64 {
    2.036 / effective_count.sqrt()
}
