//! Moments, quantiles and densities against values from 40-digit arithmetic, and samples against their law.

use super::*;

const P: [f64; 5] = [0.001, 0.1, 0.5, 0.9, 0.999];

struct Reference {
    law: Distribution,
    mean: f64,
    variance: f64,
    /// At the probabilities `P`.
    quantiles: [f64; 5],
    /// A place and the logarithm of the density there.
    log_density: (f64, f64),
}

/// Computed with mpmath 1.3 at 40 digits: closed forms, incomplete gamma functions, and quadrature for truncated moments.
#[rustfmt::skip]
fn references() -> Vec<Reference> {
    vec![
        Reference { law: uniform(-2.0, 6.0), mean: 2.0, variance: 5.333333333333333, quantiles: [-1.992, -1.2, 2.0, 5.2, 5.992], log_density: (1.0, -2.0794415416798357) },
        Reference { law: exponential(2.5), mean: 2.5, variance: 6.25, quantiles: [0.002501250833958834, 0.2634012891445658, 1.7328679513998633, 5.756462732485115, 17.269388197455342], log_density: (4.0, -2.516290731874155) },
        Reference { law: normal(10.0, 3.0), mean: 10.0, variance: 9.0, quantiles: [0.7293030814965594, 6.1553453033661985, 10.0, 13.844654696633802, 19.27069691850344], log_density: (12.0, -2.2397730440950046) },
        Reference { law: lognormal(400.0, 0.5), mean: 453.2593812267305, variance: 58351.33664198186, quantiles: [85.3148383320543, 210.7534073184146, 400.0, 759.1810829338843, 1875.4064724035836], log_density: (300.0, -6.095095776921232) },
        Reference { law: weibull(0.7, 3.0), mean: 3.79747051817185, variance: 30.841519982878385, quantiles: [0.00015549531507448605, 0.12048883584640811, 1.7771703388564013, 9.875798916494821, 47.44320621882768], log_density: (2.0, -2.0865456571456296) },
        Reference { law: gamma(0.3, 2.0), mean: 0.6, variance: 1.2, quantiles: [1.3945398193566689e-10, 0.0006474492436468655, 0.1462622717339038, 1.769621546720488, 9.237872085582667], log_density: (0.1, 0.2580674161097728) },
        Reference { law: gamma(4.5, 2.0), mean: 9.0, variance: 18.0, quantiles: [1.1519495462235643, 4.168159008146107, 8.342832692252953, 14.683656573259839, 27.87716487125657], log_density: (7.0, -2.2622133616685995) },
        Reference { law: gamma(120.0, 0.5), mean: 60.0, variance: 30.0, quantiles: [44.487276364589114, 53.09640198471992, 59.8334158884433, 67.11768567717395, 78.35922470291223], log_density: (55.0, -2.9745855286386584) },
        Reference { law: pareto(2.5, 4.0), mean: 6.666666666666667, variance: 35.55555555555556, quantiles: [4.001601120896762, 4.172179526042531, 5.278031643091577, 10.04754572603832, 63.39572769844452], log_density: (9.0, -3.308259386002886) },
        Reference { law: truncated(normal(10.0, 3.0), 8.0, 20.0), mean: 11.276595839033698, variance: 4.742792487291107, quantiles: [8.007010505186955, 8.657028984226496, 10.964084233796427, 14.315695081448096, 19.12517094133152], log_density: (9.0, -1.7815212340552997) },
        Reference { law: truncated(lognormal(400.0, 0.5), 300.0, 2000.0), mean: 541.0141014458173, variance: 49237.54007412891, quantiles: [300.3180172682218, 331.7791741575121, 479.1195587201472, 829.4837895988542, 1790.5794272490923], log_density: (500.0, -6.207074561619249) },
        Reference { law: truncated(weibull(0.7, 3.0), 1.0, 30.0), mean: 5.45946993594909, variance: 25.288184470094123, quantiles: [1.0030526663490542, 1.3359985446506084, 3.6451466665162147, 12.234822585468995, 29.238740784355016], log_density: (2.0, -1.612442163950958) },
        Reference { law: truncated(pareto(2.5, 4.0), 5.0, 100.0), mean: 8.244772802382133, variance: 29.127154187472083, quantiles: [5.002000281520274, 5.2150948398944665, 6.596064876198467, 12.534245446113603, 66.35779795699479], log_density: (9.0, -2.7498413344147314) },
        Reference { law: truncated(gamma(4.5, 2.0), 4.0, 12.0), mean: 7.816128131586156, variance: 4.645132538551419, quantiles: [4.0105856460082405, 4.915605252960844, 7.722249607546275, 10.892928663741323, 11.987632780347687], log_density: (7.0, -1.9028250566761808) },
    ]
}

fn assert_near(actual: f64, expected: f64, tolerance: f64, what: impl std::fmt::Display) {
    assert!((actual - expected).abs() <= tolerance * expected.abs(), "{what}: {actual:?}, expected {expected:?}");
}

#[test]
fn moments_agree_with_forty_digit_arithmetic() {
    for Reference { law, mean, variance, .. } in references() {
        assert_near(law.mean(), mean, 1e-13, format!("mean of {law:?}"));
        assert_near(law.variance().unwrap(), variance, 1e-11, format!("variance of {law:?}"));
    }
}

#[test]
fn quantiles_and_probabilities_agree_with_forty_digit_arithmetic() {
    for Reference { law, quantiles, .. } in references() {
        for (p, x) in P.into_iter().zip(quantiles) {
            assert_near(law.quantile(p), x, 4e-13, format!("quantile {p} of {law:?}"));
            assert_near(law.cdf(x), p, 4e-12, format!("cdf({x}) of {law:?}"));
            assert_near(law.survival(x), 1.0 - p, 4e-12, format!("survival({x}) of {law:?}"));
        }
    }
}

#[test]
fn densities_agree_with_forty_digit_arithmetic() {
    for Reference { law, log_density: (x, expected), .. } in references() {
        assert_near(law.log_density(x).unwrap(), expected, 1e-13, format!("log density at {x} of {law:?}"));
    }
}

#[test]
fn zipf_agrees_with_sums_in_forty_digit_arithmetic() {
    let law = zipf(1000, 0.99);
    assert_near(law.mean(), 137.2702129231184, 1e-13, "mean");
    assert_near(law.variance().unwrap(), 50199.86702099975, 1e-12, "variance");
    assert_eq!(P.map(|p| law.quantile(p)), [1.0, 1.0, 25.0, 485.0, 993.0]);
    let law = zipf(50, 2.0);
    assert_near(law.mean(), 2.7685156081393822, 1e-13, "mean");
    assert_near(law.variance().unwrap(), 23.102039002651953, 1e-12, "variance");
    assert_eq!(P.map(|p| law.quantile(p)), [1.0, 1.0, 1.0, 5.0, 47.0]);
}

#[test]
fn weighted_steps_are_the_law_of_their_points() {
    let law = empirical(Interpolation::Steps);
    // Weights 2 at 1, 2.5 at 3, 0.5 at 8, 1 at 20; 6 in all.
    assert_near(law.mean(), (2.0 + 7.5 + 4.0 + 20.0) / 6.0, 1e-15, "mean");
    assert_eq!([0.0, 1.0, 2.9, 3.0, 4.5, 8.0, 20.0].map(|x| law.cdf(x) * 6.0), [0.0, 2.0, 2.0, 4.5, 4.5, 5.0, 6.0]);
    assert_eq!([0.0, 0.3, 0.34, 0.75, 0.76, 1.0].map(|p| law.quantile(p)), [1.0, 1.0, 3.0, 3.0, 8.0, 20.0]);
}

#[test]
fn a_line_through_observations_inverts_to_the_quantile_of_type_seven() {
    let law = Distribution::empirical(&[15.0, 20.0, 35.0, 40.0, 50.0], Interpolation::Linear).unwrap();
    // numpy.percentile([15, 20, 35, 40, 50], [5, 30, 40, 50, 100])
    let quantiles = [0.05, 0.3, 0.4, 0.5, 1.0].map(|p| law.quantile(p));
    for (quantile, expected) in quantiles.into_iter().zip([16.0, 23.0, 29.0, 35.0, 50.0]) {
        assert_near(quantile, expected, 1e-15, "quantile");
    }
    assert_near(law.cdf(29.0), 0.4, 1e-15, "cdf");
    assert_near(law.mean(), (17.5 + 27.5 + 37.5 + 45.0) / 4.0, 1e-15, "mean");
}

#[test]
fn a_line_keeps_the_weight_of_equal_observations_in_one_point() {
    let law = Distribution::empirical(&[1.0, 2.0, 2.0, 3.0], Interpolation::Linear).unwrap();
    assert_near(law.cdf_below(2.0), 1.0 / 3.0, 1e-15, "below the point");
    assert_near(law.cdf(2.0), 2.0 / 3.0, 1e-15, "at the point");
    assert_eq!(law.quantile(0.5), 2.0);
}

#[test]
fn mixtures_add_moments_probabilities_and_densities() {
    let law = mixture(vec![(3.0, normal(0.0, 1.0)), (1.0, normal(8.0, 2.0))]);
    assert_near(law.mean(), 2.0, 1e-15, "mean");
    assert_near(law.variance().unwrap(), 0.75 * (1.0 + 4.0) + 0.25 * (4.0 + 36.0), 1e-15, "variance");
    let (first, second) = (normal(0.0, 1.0), normal(8.0, 2.0));
    assert_near(law.cdf(1.0), 0.75 * first.cdf(1.0) + 0.25 * second.cdf(1.0), 1e-15, "cdf");
    let density = |law: &Distribution| libm::exp(law.log_density(3.0).unwrap());
    assert_near(density(&law), 0.75 * density(&first) + 0.25 * density(&second), 1e-14, "density");
}

#[test]
fn a_normal_far_from_zero_keeps_its_variance_when_truncated() {
    let law = truncated(normal(1e9, 1.0), 1e9 - 9.0, 1e9 + 9.0);
    assert_near(law.variance().unwrap(), 1.0, 1e-6, "variance");
}

#[test]
fn heavy_tails_have_no_finite_moments() {
    assert_eq!(pareto(1.0, 4.0).mean(), f64::INFINITY);
    assert_eq!(pareto(2.0, 4.0).variance(), None);
    assert_eq!(mixture(vec![(1.0, pareto(1.5, 4.0)), (1.0, exponential(1.0))]).variance(), None);
    assert_eq!(truncated(pareto(1.5, 4.0), 5.0, f64::INFINITY).variance(), None);
}

#[test]
fn samples_have_the_mean_and_the_variance_of_their_law() {
    const COUNT: f64 = 200_000.0;
    for (name, law) in every_law() {
        let Some(variance) = law.variance() else { continue };
        let values = samples(&law, 1, COUNT as u64);
        let mean = values.iter().sum::<f64>() / COUNT;
        // 4.5 standard errors: once in 150,000 for a correct sampler; plus rounding for constants.
        let error = (variance / COUNT).sqrt() * 4.5 + 1e-12;
        assert!((mean - law.mean()).abs() <= error, "{name}: mean {mean}, expected {}±{error}", law.mean());

        let power = |exponent| values.iter().map(|x| libm::pow(x - law.mean(), exponent)).sum::<f64>() / COUNT;
        let (second, fourth) = (power(2.0), power(4.0));
        let error = ((fourth - second * second).max(0.0) / COUNT).sqrt() * 4.5 + 1e-12;
        assert!((second - variance).abs() <= error, "{name}: variance {second}, expected {variance}±{error}");
    }
}

#[test]
fn samples_follow_the_cumulative_distribution_of_their_law() {
    const COUNT: u64 = 100_000;
    for (name, law) in every_law() {
        let mut values = samples(&law, 2, COUNT);
        values.sort_by(f64::total_cmp);
        let distance = kolmogorov_smirnov(&law, &values);
        assert!(distance < critical_distance(COUNT as f64), "{name}: {distance}");
    }
}

#[test]
fn the_distance_test_notices_a_scale_that_is_off_by_three_percent() {
    for law in [exponential(2.5), lognormal(400.0, 0.5), gamma(4.5, 2.0), weibull(0.7, 3.0)] {
        let mut values = samples(&law.scaled(1.03).unwrap(), 2, 100_000);
        values.sort_by(f64::total_cmp);
        assert!(kolmogorov_smirnov(&law, &values) > critical_distance(100_000.0), "{law:?}");
    }
}

#[test]
fn sample_quantiles_lie_within_their_standard_error() {
    const COUNT: usize = 100_000;
    for (name, law) in every_law() {
        let mut values = samples(&law, 3, COUNT as u64);
        values.sort_by(f64::total_cmp);
        for p in [0.01, 0.25, 0.5, 0.75, 0.99] {
            // In probability rather than in value: the rank of the quantile is binomial, whatever the law.
            let error = 4.5 * (p * (1.0 - p) / COUNT as f64).sqrt();
            let below = values.partition_point(|&x| x < law.quantile(p)) as f64 / COUNT as f64;
            let up_to = values.partition_point(|&x| x <= law.quantile(p)) as f64 / COUNT as f64;
            assert!(below <= p + error && p - error <= up_to, "{name}: {below} to {up_to} of the samples up to quantile {p}");
        }
    }
}

#[test]
fn the_density_is_the_slope_of_the_cumulative_distribution() {
    for (name, law) in every_law() {
        for p in [0.05, 0.3, 0.6, 0.95] {
            let x = law.quantile(p);
            let Some(density) = law.log_density(x) else { continue };
            let step = 1e-5 * x.abs().max(1e-3);
            let slope = (law.cdf(x + step) - law.cdf(x - step)) / (2.0 * step);
            assert_near(libm::exp(density), slope, 1e-5, format!("{name} at {x}"));
        }
    }
}

#[test]
fn densities_are_defined_at_the_edges_of_the_support() {
    assert_eq!(exponential(2.0).log_density(-1.0), Some(f64::NEG_INFINITY));
    assert_near(weibull(1.0, 2.0).log_density(0.0).unwrap(), -libm::log(2.0), 1e-15, "weibull of shape 1");
    assert_near(gamma(1.0, 2.0).log_density(0.0).unwrap(), -libm::log(2.0), 1e-15, "gamma of shape 1");
    assert_eq!(weibull(2.0, 2.0).log_density(0.0), Some(f64::NEG_INFINITY));
    assert_eq!(gamma(2.0, 2.0).log_density(0.0), Some(f64::NEG_INFINITY));
    assert_eq!(gamma(0.5, 2.0).log_density(0.0), Some(f64::INFINITY));
    assert_eq!(zipf(10, 1.0).log_density(1.0), None);
}
