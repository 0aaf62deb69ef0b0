//! Random values.

use hms_machine::{Distribution, DistributionError, Interpolation, ShapeScale, Weighted};

use super::Resolver;
use crate::file::{self, Law, Part, RandomLaw};
use crate::place::Place;
use crate::problem::Problem;
use crate::quantity::{SignedTime, Time};

/// A value that laws are made of, as a number in the model's unit.
pub(super) trait Number: Copy {
    fn number(self) -> f64;
}

impl Number for Time {
    fn number(self) -> f64 {
        self.0.as_nanos() as f64
    }
}

impl Number for SignedTime {
    fn number(self) -> f64 {
        self.0 as f64
    }
}

impl Number for f64 {
    fn number(self) -> f64 {
        self
    }
}

impl Resolver<'_> {
    /// The distribution, or zero after telling what is wrong with it.
    pub(super) fn law<V: Number>(&mut self, law: Law<V>, place: &Place) -> Distribution {
        let random = match law {
            Law::Constant(value) => return Distribution::constant(value.number()).expect("numbers of a file are finite"),
            Law::Random(random) => random,
        };
        let (made, min, max) = self.random(random, place);
        let made = match (min, max) {
            (None, None) => made,
            (min, max) => {
                let low = min.map_or(f64::NEG_INFINITY, V::number);
                let high = max.map_or(f64::INFINITY, V::number);
                made.and_then(|law| law.truncated(low, high))
            }
        };
        made.unwrap_or_else(|error| {
            self.bad_law(&error, place);
            Distribution::ZERO
        })
    }

    /// Like [`Resolver::law`], for times that must be above zero on average.
    pub(super) fn positive_law(&mut self, law: Law<Time>, place: &Place) -> Distribution {
        let zero = matches!(&law, Law::Constant(time) if time.0.is_zero());
        let law = self.law(law, place);
        if zero {
            self.blame(place, Problem::new("", "this time must be above zero").expected("a duration above zero"));
        }
        law
    }

    fn random<V: Number>(
        &mut self,
        law: RandomLaw<V>,
        place: &Place,
    ) -> (Result<Distribution, DistributionError>, Option<V>, Option<V>) {
        match law {
            RandomLaw::Uniform { low, high, min, max } => (Distribution::uniform(low.number(), high.number()), min, max),
            RandomLaw::Exponential { mean, min, max } => (Distribution::exponential(mean.number()), min, max),
            RandomLaw::Normal { mean, sigma, min, max } => (Distribution::normal(mean.number(), sigma.number()), min, max),
            RandomLaw::Lognormal { median, sigma, min, max } => (Distribution::lognormal(median.number(), sigma), min, max),
            RandomLaw::Weibull { shape, scale, min, max } => {
                (Distribution::weibull(ShapeScale { shape, scale: scale.number() }), min, max)
            }
            RandomLaw::Gamma { shape, scale, mean, min, max } => {
                let scale = match (scale, mean) {
                    (Some(scale), None) => scale.number(),
                    (None, Some(mean)) => mean.number() / shape,
                    (Some(_), Some(_)) | (None, None) => {
                        let problem = Problem::new("", "a gamma law needs its `scale` or its `mean`, one of them");
                        self.blame(place, problem.help("`mean` is `shape` × `scale`: keep the one that is known"));
                        return (Ok(Distribution::ZERO), None, None);
                    }
                };
                (Distribution::gamma(ShapeScale { shape, scale }), min, max)
            }
            RandomLaw::Pareto { shape, scale, min, max } => {
                (Distribution::pareto(ShapeScale { shape, scale: scale.number() }), min, max)
            }
            RandomLaw::Empirical { values, weights, interpolation, min, max } => {
                if let Some(weights) = &weights
                    && weights.len() != values.len()
                {
                    let message = format!("{} values, but {} weights", values.len(), weights.len());
                    self.blame(&place.key("weights"), Problem::new("", message).expected("one weight for each value"));
                    return (Ok(Distribution::ZERO), None, None);
                }
                let weight = |index: usize| weights.as_ref().map_or(1.0, |weights| weights[index]);
                let points = values.iter().enumerate();
                let points = points.map(|(index, value)| Weighted { weight: weight(index), item: value.number() }).collect();
                let interpolation = match interpolation {
                    file::Interpolation::Steps => Interpolation::Steps,
                    file::Interpolation::Linear => Interpolation::Linear,
                };
                (Distribution::weighted_empirical(points, interpolation), min, max)
            }
            RandomLaw::Mixture { parts, min, max } => {
                let place = place.key("parts");
                let parts = parts.into_iter().enumerate().map(|(index, Part { weight, law })| Weighted {
                    weight,
                    item: self.law(law, &place.index(index).key("law")),
                });
                (Distribution::mixture(parts.collect()), min, max)
            }
        }
    }

    /// Tells what is wrong without numbers in the model's unit, which the file does not show.
    fn bad_law(&mut self, error: &DistributionError, place: &Place) {
        let (place, problem) = match error {
            DistributionError::NotFinite { law, parameter, value: _ } => {
                let problem = Problem::new("", format!("`{parameter}` of this {law} law is not finite"));
                (place.key(*parameter), problem.expected("a finite number"))
            }
            DistributionError::NotPositive { law, parameter, value: _ } => {
                let problem = Problem::new("", format!("`{parameter}` of a {law} law must be above 0"));
                (place.key(*parameter), problem.expected("a value above 0"))
            }
            DistributionError::Negative { law, parameter, value } => {
                let problem = Problem::new("", format!("`{parameter}` of a {law} law must not be negative, but is {value}"));
                (place.key(*parameter), problem.expected("0 or more"))
            }
            DistributionError::OutOfRange { law, parameter, value, allowed: (least, most) } => {
                let problem = Problem::new("", format!("`{parameter}` of a {law} law is out of range, at {value:e}"));
                (place.key(*parameter), problem.expected(format!("a value between {least:e} and {most:e}")))
            }
            DistributionError::EmptyRange { law: "uniform", .. } => (
                place.key("low"),
                Problem::new("", "`low` must be below `high`").help("for a value that is always the same write it alone"),
            ),
            DistributionError::EmptyRange { .. } => {
                (place.key("min"), Problem::new("", "`min` must be below `max`").help("exchange them, or leave one out"))
            }
            DistributionError::Ranks { most, .. } => {
                (place.clone(), Problem::new("", error.to_string()).expected(format!("1 to {most} ranks")))
            }
            DistributionError::TooFew { law, given, needed } => {
                let problem = Problem::new("", format!("a law of kind {law} needs at least {needed}, {given} given"));
                (place.clone(), problem.help("add further values, or write a constant as a value alone"))
            }
            DistributionError::Weightless { law: _, total: _ } => {
                let problem = Problem::new("", "the weights must have a finite sum above 0");
                (place.clone(), problem.expected("weights of 0 or more, at least one above 0"))
            }
            DistributionError::Truncation { mass, least, .. } => {
                let message = match *mass {
                    0.0 => "nothing of the law lies between `min` and `max`".to_owned(),
                    mass => format!("only {mass:.1e} of the probability lies between `min` and `max`"),
                };
                (place.clone(), Problem::new("", message).expected(format!("bounds that hold at least {least:.0e} of it")))
            }
        };
        self.blame(&place, problem);
    }
}
