//! Which distribution do these times follow? Maximum likelihood and goodness of fit.
//!
//! Values of zero have no logarithm and no likelihood under the families here: they are counted and left out, as published
//! fits of failure data do. The parameters are the maximum-likelihood estimates with the location fixed at zero:
//! exponential and lognormal in closed form, Weibull by the root of its profile score (Cohen 1965), gamma by Newton's method
//! on its shape (Minka 2002, "Estimating a Gamma distribution"). Both scores are monotone, so there is one root.
//!
//! Sums run in the order of the sorted values, so the order of the input does not matter, to the last bit.

mod estimate;
mod family;
mod goodness;

pub use family::{Family, Model};
pub use goodness::KolmogorovSmirnov;

/// Why no distribution could be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Too few values above zero.
    #[error("a fit needs at least {needed} values above zero, found {found} among {all}")]
    TooFew {
        /// Values above zero that were found.
        found: usize,
        /// Values that would do.
        needed: usize,
        /// All values, zeros included.
        all: usize,
    },
    /// All values are equal: every family with two parameters degenerates.
    #[error("all {count} values above zero equal {value}: there is no spread to fit")]
    Constant {
        /// The one value.
        value: f64,
        /// How often it occurs.
        count: usize,
    },
    /// A value that is negative, infinite or not a number.
    #[error("value {index} (counted from 0) is {value}: values must be finite and at least 0")]
    Value {
        /// Its place in the input.
        index: usize,
        /// The value.
        value: f64,
    },
}

/// One family, fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// The family with its maximum-likelihood parameters.
    pub model: Model,
    /// Natural logarithm of the likelihood of all positive values.
    pub log_likelihood: f64,
    /// Akaike's criterion, 2 × parameters − 2 × log-likelihood: smaller is better, differences above 10 are decisive.
    pub aic: f64,
    /// Largest distance between the fitted and the observed distribution function.
    pub kolmogorov_smirnov: KolmogorovSmirnov,
    /// Anderson and Darling's A²: like the distance above, with more weight on the tails.
    pub anderson_darling: f64,
}

/// What was fitted, and how well each family does.
#[derive(Clone, Debug, PartialEq)]
pub struct FitReport {
    /// All values.
    pub count: usize,
    /// Share of values that are zero, which no fit sees.
    pub zero_fraction: f64,
    /// Mean of all values, zeros included.
    pub mean: f64,
    /// The four families, best (lowest AIC) first.
    pub fits: Vec<Fit>,
}

impl FitReport {
    /// The fit of one family.
    pub fn of(&self, family: Family) -> &Fit {
        self.fits.iter().find(|fit| fit.model.family() == family).expect("every family is fitted")
    }

    /// The fit with the lowest AIC.
    pub fn best(&self) -> &Fit {
        &self.fits[0]
    }
}

/// Fewest values above zero that are fitted. Two would determine the parameters; below about eight they mean nothing.
pub const FEWEST_VALUES: usize = 8;

/// Fits every family to `values` (any unit, at least 0) by maximum likelihood.
///
/// # Errors
/// [`FitError`] for negative or non-finite values, fewer than [`FEWEST_VALUES`] above zero, and values without spread.
pub fn fit(values: &[f64]) -> Result<FitReport, FitError> {
    if let Some((index, value)) = values.iter().enumerate().find(|(_, value)| !(value.is_finite() && **value >= 0.0)) {
        return Err(FitError::Value { index, value: *value });
    }
    let mut positive: Vec<f64> = values.iter().copied().filter(|value| *value > 0.0).collect();
    positive.sort_by(f64::total_cmp);
    if positive.len() < FEWEST_VALUES {
        return Err(FitError::TooFew { found: positive.len(), needed: FEWEST_VALUES, all: values.len() });
    }
    if positive[0] == positive[positive.len() - 1] {
        return Err(FitError::Constant { value: positive[0], count: positive.len() });
    }
    let moments = estimate::Moments::of(&positive);
    let mut fits: Vec<Fit> = Family::ALL.iter().map(|family| fit_family(*family, &positive, &moments)).collect();
    fits.sort_by(|one, other| one.aic.total_cmp(&other.aic));
    Ok(FitReport {
        count: values.len(),
        zero_fraction: (values.len() - positive.len()) as f64 / values.len() as f64,
        mean: moments.mean * positive.len() as f64 / values.len() as f64,
        fits,
    })
}

fn fit_family(family: Family, sorted: &[f64], moments: &estimate::Moments) -> Fit {
    let model = match family {
        Family::Exponential => Model::Exponential { mean: moments.mean },
        Family::Weibull => estimate::weibull(sorted, moments),
        Family::LogNormal => Model::LogNormal { mu: moments.log_mean, sigma: moments.log_deviation },
        Family::Gamma => estimate::gamma(moments),
    };
    let law = model.distribution().expect("estimates from finite positive values with a spread are finite and positive");
    let log_density = |value: &f64| law.log_density(*value).expect("the four families have densities");
    let log_likelihood: f64 = sorted.iter().map(log_density).sum();
    let cumulative: Vec<f64> = sorted.iter().map(|value| law.cdf(*value)).collect();
    Fit {
        model,
        log_likelihood,
        aic: 2.0 * family.parameters() as f64 - 2.0 * log_likelihood,
        kolmogorov_smirnov: KolmogorovSmirnov::of(&cumulative),
        anderson_darling: goodness::anderson_darling(&cumulative),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of a model at the middles of `count` equal shares: a sample without chance.
    fn weibull_quantiles(shape: f64, scale: f64, count: usize) -> Vec<f64> {
        (0..count)
            .map(|index| {
                let share = (index as f64 + 0.5) / count as f64;
                scale * libm::pow(-libm::log1p(-share), 1.0 / shape)
            })
            .collect()
    }

    #[test]
    fn a_weibull_sample_is_recognised_and_gives_its_parameters_back() {
        let report = fit(&weibull_quantiles(0.638, 940_320.0, 4_000)).unwrap();
        let Model::Weibull { shape, scale } = report.best().model else { panic!("{:?}", report.best()) };
        assert!((shape - 0.638).abs() < 0.005 && (scale / 940_320.0 - 1.0).abs() < 0.005, "{shape} {scale}");
        assert!(report.best().kolmogorov_smirnov.p_value > 0.99);
        assert!(report.of(Family::Exponential).kolmogorov_smirnov.p_value < 1e-6);
        assert!(report.best().anderson_darling < 0.1 && report.of(Family::Exponential).anderson_darling > 100.0);
    }

    #[test]
    fn the_estimates_maximise_the_likelihood() {
        let values = weibull_quantiles(1.7, 3.0, 200);
        for fit in fit(&values).unwrap().fits {
            let likelihood = |model: Model| {
                let law = model.distribution().unwrap();
                values.iter().map(|value| law.log_density(*value).unwrap()).sum::<f64>()
            };
            for factor in [0.99, 1.01] {
                let neighbours = match fit.model {
                    Model::Exponential { mean } => vec![Model::Exponential { mean: mean * factor }],
                    Model::Weibull { shape, scale } => {
                        vec![Model::Weibull { shape: shape * factor, scale }, Model::Weibull { shape, scale: scale * factor }]
                    }
                    Model::LogNormal { mu, sigma } => {
                        vec![Model::LogNormal { mu: mu + factor - 1.0, sigma }, Model::LogNormal { mu, sigma: sigma * factor }]
                    }
                    Model::Gamma { shape, scale } => {
                        vec![Model::Gamma { shape: shape * factor, scale }, Model::Gamma { shape, scale: scale * factor }]
                    }
                };
                for neighbour in neighbours {
                    assert!(likelihood(neighbour) < fit.log_likelihood, "{neighbour} beats {}", fit.model);
                }
            }
        }
    }

    #[test]
    fn zeros_are_counted_and_left_out() {
        let mut values = weibull_quantiles(0.8, 10.0, 90);
        let without = fit(&values).unwrap();
        values.extend([0.0; 10]);
        let with = fit(&values).unwrap();
        assert_eq!(with.fits, without.fits);
        assert_eq!((with.count, with.zero_fraction), (100, 0.1));
        assert!((with.mean - 0.9 * without.mean).abs() < 1e-12);
    }

    #[test]
    fn the_order_of_the_values_does_not_matter_to_the_last_bit() {
        let mut values = weibull_quantiles(0.5, 10.0, 1_000);
        let forwards = fit(&values).unwrap();
        values.reverse();
        values.swap(3, 700);
        assert_eq!(fit(&values).unwrap(), forwards);
    }

    #[test]
    fn values_that_cannot_be_fitted_are_named() {
        let few = fit(&[1.0, 2.0, 0.0]).unwrap_err();
        assert_eq!(few.to_string(), "a fit needs at least 8 values above zero, found 2 among 3");
        let constant = fit(&[5.0; 9]).unwrap_err();
        assert_eq!(constant, FitError::Constant { value: 5.0, count: 9 });
        let negative = fit(&[1.0, -2.0]).unwrap_err();
        assert_eq!(negative, FitError::Value { index: 1, value: -2.0 });
    }
}
