//! What holds for every law and all parameters.

use proptest::prelude::*;

use super::*;
use crate::distributions::DistributionError;

/// Laws of every continuous family over many magnitudes of their parameters.
fn continuous() -> impl Strategy<Value = Distribution> {
    let size = || (-9.0..9.0_f64).prop_map(libm::exp10);
    let shape = || (-1.0..2.0_f64).prop_map(libm::exp10);
    prop_oneof![
        (-1e6..1e6_f64, size()).prop_map(|(low, width)| uniform(low, low + width.max(1e-3))),
        size().prop_map(exponential),
        (-1e6..1e6_f64, size()).prop_map(|(mean, sigma)| normal(mean, sigma.max(1e-3))),
        (size(), 0.01..3.0).prop_map(|(median, sigma)| lognormal(median, sigma)),
        (shape(), size()).prop_map(|(shape, scale)| weibull(shape, scale)),
        (shape(), size()).prop_map(|(shape, scale)| gamma(shape, scale)),
        (shape(), size()).prop_map(|(shape, scale)| pareto(shape, scale)),
    ]
}

/// Laws with points of their own.
fn discrete() -> impl Strategy<Value = Distribution> {
    let values = || prop::collection::vec(-1e3..1e3_f64, 2..40);
    prop_oneof![
        (-1e9..1e9_f64).prop_map(|value| Distribution::constant(value).unwrap()),
        (1..1u64 << 40, 0.0..4.0_f64).prop_map(|(n, exponent)| zipf(n, exponent)),
        values().prop_map(|values| Distribution::empirical(&values, Interpolation::Steps).unwrap()),
        values().prop_map(|values| Distribution::empirical(&values, Interpolation::Linear).unwrap()),
    ]
}

fn any_law() -> impl Strategy<Value = Distribution> {
    let simple = prop_oneof![continuous(), discrete()].boxed();
    let mixed = prop::collection::vec((0.1..10.0_f64, simple.clone()), 1..4).prop_map(mixture);
    prop_oneof![3 => simple, 1 => mixed]
}

proptest! {
    #[test]
    fn the_cdf_of_a_quantile_is_its_probability(law in continuous(), p in 1e-6..0.999_999_f64) {
        let back = law.cdf(law.quantile(p));
        // Where the values' own grain is coarse against the law's spread, the probability is known no better.
        let x = law.quantile(p);
        let grain = law.cdf(x + 4.0 * f64::EPSILON * x.abs()) - law.cdf(x - 4.0 * f64::EPSILON * x.abs());
        prop_assert!((back - p).abs() <= 1e-12 + grain, "{back} {p}");
    }

    #[test]
    fn a_quantile_is_the_least_value_that_reaches_its_probability(law in any_law(), p in 1e-6..0.999_999_f64) {
        let x = law.quantile(p);
        let slack = 1e-9;
        let nudge = |relative: f64| x + relative * x.abs().max(f64::MIN_POSITIVE);
        prop_assert!(law.cdf(nudge(1e-9)) >= p - slack, "{x} {}", law.cdf(x));
        prop_assert!(law.cdf_below(nudge(-1e-9)) <= p + slack, "{x} {}", law.cdf_below(x));
    }

    #[test]
    fn quantiles_never_fall(law in any_law(), p in 0.0..=1.0_f64, q in 0.0..=1.0_f64) {
        let (low, high) = (law.quantile(p.min(q)), law.quantile(p.max(q)));
        prop_assert!(low <= high + 1e-14 * high.abs(), "{low} {high}");
    }

    #[test]
    fn samples_stay_in_the_support(law in any_law(), ordinal: u64) {
        let (low, high) = law.support();
        let x = law.sample(&mut Streams::new(Seed(6)).draw(TEST, 0, ordinal));
        prop_assert!(low <= x && x <= high, "{x}");
    }

    #[test]
    fn truncated_laws_stay_within_their_bounds(law in any_law(), p in 0.0..0.9_f64, width in 0.01..0.1_f64, ordinal: u64) {
        let (low, high) = (law.quantile(p), law.quantile(p + width));
        let inside = law.truncated(low, high).unwrap();
        let x = inside.sample(&mut Streams::new(Seed(7)).draw(TEST, 0, ordinal));
        prop_assert!(low <= x && x <= high, "{x}");
        prop_assert!(inside.cdf(high) == 1.0 && inside.cdf_below(low) == 0.0);
        let mean = inside.mean();
        prop_assert!(low - 1e-6 * low.abs() <= mean && mean <= high + 1e-6 * high.abs(), "{low} {mean} {high}");
    }

    #[test]
    fn cdf_and_survival_add_up_to_one(law in any_law(), p in 0.0..=1.0_f64) {
        let x = law.quantile(p);
        prop_assert!((law.cdf(x) + law.survival(x) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_scaled_law_gives_scaled_samples(law in any_law(), factor in 0.001..1000.0_f64, ordinal: u64) {
        let draw = || Streams::new(Seed(8)).draw(TEST, 0, ordinal);
        let (plain, scaled) = (law.sample(&mut draw()), law.scaled(factor).unwrap().sample(&mut draw()));
        let (low, high) = law.support();
        // Cancellation in location families: relative to what was added.
        let size = if low.is_finite() && high.is_finite() { low.abs().max(high.abs()) } else { plain.abs().max(law.mean().abs()) };
        prop_assert!((scaled - plain * factor).abs() <= 1e-12 * factor * size.max(plain.abs()), "{scaled} {}", plain * factor);
    }

    #[test]
    fn a_greater_scale_never_gives_a_lesser_sample_from_the_same_draw(shape in 0.2..5.0_f64, scale in 0.1..10.0_f64, more in 1.0..3.0_f64, ordinal: u64) {
        let draw = || Streams::new(Seed(9)).draw(TEST, 0, ordinal);
        for make in [|shape, scale| weibull(shape, scale), |shape, scale| gamma(shape, scale), |shape, scale| pareto(shape, scale)] {
            prop_assert!(make(shape, scale).sample(&mut draw()) <= make(shape, scale * more).sample(&mut draw()));
        }
    }

    #[test]
    fn no_parameters_make_a_law_panic_or_sample_nan(a in any::<f64>(), b in any::<f64>(), n: u64, ordinal: u64) {
        let parameters = ShapeScale { shape: a, scale: b };
        let made = [
            Distribution::constant(a),
            Distribution::uniform(a, b),
            Distribution::exponential(a),
            Distribution::normal(a, b),
            Distribution::lognormal(a, b),
            Distribution::weibull(parameters),
            Distribution::gamma(parameters),
            Distribution::pareto(parameters),
            Distribution::zipf(n, b),
            Distribution::empirical(&[a, b], Interpolation::Linear),
        ];
        for law in made.into_iter().flatten() {
            prop_assert!(!law.sample(&mut Streams::new(Seed(10)).draw(TEST, 0, ordinal)).is_nan(), "{law:?}");
        }
    }
}

#[test]
fn parameters_outside_their_range_are_refused_by_name_and_value() {
    let negative_weight = vec![Weighted { weight: -1.0, item: 2.0 }];
    let refused = [
        Distribution::constant(f64::NAN),
        Distribution::uniform(2.0, 2.0),
        Distribution::uniform(-1.7e308, 1.7e308),
        Distribution::exponential(0.0),
        Distribution::normal(0.0, -1.0),
        Distribution::lognormal(f64::INFINITY, 1.0),
        Distribution::weibull(ShapeScale { shape: 0.0, scale: 1.0 }),
        Distribution::gamma(ShapeScale { shape: 1.0, scale: -3.0 }),
        Distribution::gamma(ShapeScale { shape: 1e12, scale: 1.0 }),
        Distribution::pareto(ShapeScale { shape: f64::NAN, scale: 1.0 }),
        Distribution::zipf(0, 1.0),
        Distribution::zipf(10, -0.5),
        Distribution::empirical(&[], Interpolation::Steps),
        Distribution::empirical(&[1.0], Interpolation::Linear),
        Distribution::weighted_empirical(negative_weight, Interpolation::Steps),
        Distribution::weighted_empirical(vec![Weighted { weight: 0.0, item: 2.0 }], Interpolation::Steps),
        Distribution::mixture(vec![]),
        exponential(1.0).truncated(3.0, 2.0),
        exponential(1.0).truncated(1e3, 2e3),
        exponential(1.0).scaled(0.0),
    ];
    let messages: Vec<String> = refused.map(|result| result.unwrap_err().to_string()).to_vec();
    assert_eq!(
        messages,
        [
            "constant: value must be a finite number, not NaN",
            "uniform: low (2) must be below high (2)",
            "uniform: high - low must be a finite number, not inf",
            "exponential: mean must be above 0, not 0",
            "normal: sigma must be above 0, not -1",
            "lognormal: median must be a finite number, not inf",
            "weibull: shape must be above 0, not 0",
            "gamma: scale must be above 0, not -3",
            "gamma: shape must be between 1e-6 and 1e9, not 1000000000000",
            "pareto: shape must be a finite number, not NaN",
            "zipf: n must be between 1 and 9007199254740992, not 0",
            "zipf: exponent must not be below 0, but is -0.5",
            "empirical: needs at least 1, but 0 given",
            "empirical: needs at least 2, but 1 given",
            "empirical: weight must not be below 0, but is -1",
            "empirical: weights must have a finite sum above 0, not 0",
            "mixture: needs at least 1, but 0 given",
            "truncated: low (3) must be below high (2)",
            "truncated: only 0e0 of the probability lies between 1000 and 2000; at least 1e-9 is needed",
            "scaled: factor must be above 0, not 0",
        ]
    );
}

#[test]
fn a_point_inside_the_bounds_survives_truncation() {
    assert_eq!(Distribution::constant(3.0).unwrap().truncated(3.0, 3.0).unwrap().mean(), 3.0);
    assert!(matches!(Distribution::ZERO.truncated(1.0, 2.0), Err(DistributionError::Truncation { .. })));
}
