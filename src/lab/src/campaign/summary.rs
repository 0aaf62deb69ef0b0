//! What a campaign found: means with intervals per configuration, differences pair by pair, and an order.

use hms_trial::{DEFINITIONS, Definition};

use super::Campaign;
use super::rows::End;
use crate::statistics::{CONFIDENCE, Estimate, estimate, paired_difference};

/// What a campaign found, as far as it has run.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// One per configuration, in the order of the campaign.
    pub configurations: Vec<ConfigurationSummary>,
    /// Places of the configurations, best first by the campaign's first objective; ties and configurations without a value follow by place.
    pub ranking: Vec<usize>,
}

/// What became of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigurationSummary {
    /// Runs that ran to their end.
    pub measured: usize,
    /// Runs that failed.
    pub failed: usize,
    /// Runs that are not there.
    pub missing: usize,
    /// Per objective, in the order of [`DEFINITIONS`]: the mean over replicates; `None` where no run gives a value.
    pub means: Vec<Option<Estimate>>,
    /// Per objective: the mean difference to [`ConfigurationSummary::baseline`], replicate by replicate.
    pub differences: Vec<Option<Estimate>>,
    /// The first configuration with the same scenario, whose runs have the same seeds; `None` for that one itself.
    pub baseline: Option<usize>,
}

impl Summary {
    /// Reads the figures off the runs; `None` stands for one that is missing. They are in the order of the campaign.
    pub(super) fn new(campaign: &Campaign, ends: &[Option<End>]) -> Summary {
        let replicates = campaign.replicates as usize;
        let values = |configuration: usize, objective: usize| -> Vec<Option<f64>> {
            let runs = &ends[configuration * replicates..(configuration + 1) * replicates];
            runs.iter().map(|end| end.as_ref().and_then(|end| end.objective(objective))).collect()
        };
        let configurations: Vec<_> = campaign
            .configurations
            .iter()
            .map(|configuration| {
                let place = configuration.index;
                let first = campaign.configurations.iter().position(|other| other.scenario == configuration.scenario);
                let baseline = first.filter(|first| *first != place);
                let runs = &ends[place * replicates..(place + 1) * replicates];
                let count = |wanted: fn(&Option<End>) -> bool| runs.iter().filter(|end| wanted(end)).count();
                let objectives = 0..DEFINITIONS.len();
                ConfigurationSummary {
                    measured: count(|end| matches!(end, Some(End::Measured { .. }))),
                    failed: count(|end| matches!(end, Some(End::Failed(_)))),
                    missing: count(Option::is_none),
                    means: objectives
                        .clone()
                        .map(|objective| {
                            estimate(&values(place, objective).into_iter().flatten().collect::<Vec<_>>(), CONFIDENCE)
                        })
                        .collect(),
                    differences: objectives
                        .map(|objective| paired_difference(&values(baseline?, objective), &values(place, objective), CONFIDENCE))
                        .collect(),
                    baseline,
                }
            })
            .collect();
        let ranking = ranking(&configurations, campaign.objectives[0]);
        Summary { configurations, ranking }
    }
}

fn ranking(configurations: &[ConfigurationSummary], by: &'static Definition) -> Vec<usize> {
    let objective = position(by);
    let key = |place: &usize| {
        let mean = configurations[*place].means[objective].map(|estimate| estimate.mean).filter(|mean| !mean.is_nan());
        mean.map(|mean| if by.maximise { -mean } else { mean })
    };
    let mut places: Vec<usize> = (0..configurations.len()).collect();
    places.sort_by(|one, other| match (key(one), key(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => std::cmp::Ordering::Equal,
    });
    places
}

/// The place of an objective among [`DEFINITIONS`].
pub(super) fn position(objective: &Definition) -> usize {
    DEFINITIONS.iter().position(|definition| definition.name == objective.name).expect("objectives come from the definitions")
}
