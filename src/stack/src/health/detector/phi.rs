//! How unlikely a silence is: phi = −log10 P(a heartbeat comes later than this).
//!
//! Two models of the time between heartbeats. *Normal*: Hayashibara, Défago, Yared and Katayama, "The φ accrual failure
//! detector", SRDS 2004, with the tail of the normal distribution by the logistic approximation that Akka and Pekko use
//! (`PhiAccrualFailureDetector`; error of the probability below 1.4e-4). *Exponential*: Cassandra's `FailureDetector`, phi = t /
//! mean · log10 e.
//!
//! Both have an inverse in closed form. So the instant at which a peer will have been silent for too long is known when its heartbeat
//! arrives, and nobody has to ask again and again.

use std::f64::consts::{LN_10, LOG10_E};

/// Coefficients of the logistic approximation 1 / (1 + exp(−y (A + B y²))) of the normal distribution function.
const A: f64 = 1.5976;
const B: f64 = 0.070_566;

/// Phi of the normal model at `deviations` standard deviations beyond the mean.
pub(crate) fn normal(deviations: f64) -> f64 {
    let logit = deviations * (A + B * deviations * deviations);
    // log10(1 + exp(logit)) without overflow and without loss for small values.
    (logit.max(0.0) + libm::log1p(libm::exp(-logit.abs()))) * LOG10_E
}

/// How many standard deviations beyond the mean phi reaches `threshold` (> 0): the inverse of [`normal`].
pub(crate) fn normal_inverse(threshold: f64) -> f64 {
    // exp(logit) = 10^threshold − 1.
    let scaled = threshold * LN_10;
    let logit = scaled + libm::log(-libm::expm1(-scaled));
    // B y³ + A y = logit has one real root, as A and B are positive: the hyperbolic form of Cardano's formula.
    let (linear, constant) = (A / B, logit / B);
    let unit = (linear / 3.0).sqrt();
    2.0 * unit * libm::sinh(libm::asinh(1.5 * constant / (linear * unit)) / 3.0)
}

/// Phi of the exponential model after a silence of `means` mean intervals.
pub(crate) fn exponential(means: f64) -> f64 {
    means.max(0.0) * LOG10_E
}

/// After how many mean intervals phi reaches `threshold`: the inverse of [`exponential`].
pub(crate) fn exponential_inverse(threshold: f64) -> f64 {
    threshold * LN_10
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn r7_phi_of_the_normal_model_is_that_of_pekko() {
        for (silence, expected) in [(500.0, 0.1), (1000.0, 0.3), (1200.0, 1.6), (1400.0, 4.7), (1600.0, 10.8), (1700.0, 15.3)] {
            let phi = normal((silence - 1000.0) / 100.0);
            assert!((phi - expected).abs() <= 0.1, "silence {silence}: {phi}");
        }
    }

    #[test]
    fn cassandra_convicts_after_eight_times_the_logarithm_of_ten_mean_intervals() {
        assert!((exponential_inverse(8.0) - 18.42).abs() < 0.005);
    }

    #[test]
    fn phi_stays_finite_far_in_both_tails() {
        assert_eq!(normal(-1e6), 0.0);
        assert!(normal(1e6).is_finite() && normal(1e6) > 1e15);
    }

    proptest! {
        #[test]
        fn the_inverse_undoes_phi(threshold in 0.1f64..100.0) {
            prop_assert!((normal(normal_inverse(threshold)) - threshold).abs() < 1e-9 * threshold);
            prop_assert!((exponential(exponential_inverse(threshold)) - threshold).abs() < 1e-9 * threshold);
        }

        #[test]
        fn phi_grows_with_silence(earlier in -10f64..30.0, later in 0.001f64..10.0) {
            prop_assert!(normal(earlier + later) > normal(earlier));
        }
    }
}
