//! A fault model from a trace, by maximum likelihood.

use super::{BurstModel, FaultModel, TimeLaw, TimeUnit};
use crate::fit::{self, Family, FitError, Model};
use crate::trace::{Cause, FaultTrace, Sample};

/// Which families to take for a model that is fitted to a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families {
    /// For the times from one start to the next on a node. Default Weibull, as in Schroeder & Gibson 2006.
    pub between_starts: Family,
    /// For durations. Default lognormal, as there.
    pub repair: Family,
}

impl Default for Families {
    fn default() -> Self {
        Families { between_starts: Family::Weibull, repair: Family::LogNormal }
    }
}

impl FaultModel {
    /// The model whose faults look like those of `trace`: times between starts of each node (all nodes together), durations, shares of causes,
    /// and the share of starts that several nodes share. Values are rounded to six digits. A trace whose rows have no durations gives
    /// permanent faults.
    ///
    /// Gaps that the end of the trace cuts off are not in the sample, so nodes that fail rarely look a little worse than they are.
    ///
    /// # Errors
    /// [`FitError`] where the trace has too few gaps or durations, or all are equal.
    pub fn fitted(name: &str, source: &str, trace: &FaultTrace, families: Families) -> Result<FaultModel, FitError> {
        let summary = trace.summary();
        let law = |sample: &Option<Sample>, family| {
            let values = sample.as_ref().map_or(&[][..], |sample| &sample.values);
            let law = rounded(fit::fit(values)?.of(family).model);
            Ok(TimeLaw { unit: TimeUnit::Seconds, law })
        };
        let mut model = FaultModel::new(name, source);
        if let Some(row) = trace.rows().first() {
            model.kind = row.kind;
        }
        model.nodes = Some(trace.population());
        let told = summary.cause_share.iter().filter(|(cause, _)| **cause != Cause::Unknown);
        model.causes = told.map(|(cause, share)| (*cause, places(*share, 4))).collect();
        model.between_starts = Some(law(&summary.node_interarrival, families.between_starts)?);
        model.repair = match summary.duration {
            None => None,
            Some(_) => Some(law(&summary.duration, families.repair)?),
        };
        let bursts = summary.bursts;
        let burst =
            BurstModel { share: places(bursts.share_of_rows, 4), nodes_mean: places(bursts.nodes_mean, 2), domain_nodes: None };
        model.bursts = (burst.share > 0.0).then_some(burst);
        Ok(model)
    }
}

fn rounded(model: Model) -> Model {
    match model {
        Model::Exponential { mean } => Model::Exponential { mean: digits(mean) },
        Model::Weibull { shape, scale } => Model::Weibull { shape: digits(shape), scale: digits(scale) },
        Model::LogNormal { mu, sigma } => Model::LogNormal { mu: digits(mu), sigma: digits(sigma) },
        Model::Gamma { shape, scale } => Model::Gamma { shape: digits(shape), scale: digits(scale) },
    }
}

/// Six significant digits.
fn digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().expect("a number that was just written")
}

fn places(value: f64, places: usize) -> f64 {
    format!("{value:.places$}").parse().expect("a number that was just written")
}
