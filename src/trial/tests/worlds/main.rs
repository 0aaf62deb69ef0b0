//! The whole stack in whole worlds: what is noticed, what is healed, and what is not with the mechanism off.

mod checkers;
mod cost;
mod detection;
mod evidence;
mod healing;
mod incidents;

use std::sync::Arc;

use hms_machine::Seed;
use hms_stack::Configuration;
use hms_stack::balancing::BalancingChoice;
use hms_trial::{Outcome, Trial};

/// Runs a world to its end. A mistake in `world` is told with its place in it.
fn run(world: &str, configuration: Configuration, seed: u64) -> Outcome {
    let document = hms_scenario::parse(world, &|_| Err("none".to_owned()));
    let document = document.unwrap_or_else(|problems| panic!("{}", problems[0].render("world.toml", world)));
    Trial::new(Arc::new(document.scenario), configuration, Seed(seed)).run().expect("the run ends by itself")
}

/// The default stack, but that callers learn nothing from their own calls, so that they do not hide what nodes know and do.
fn with_plain_callers() -> Configuration {
    let mut configuration = Configuration::default();
    configuration.breaker.enabled = false;
    configuration.outlier.enabled = false;
    configuration.balancing.choice = BalancingChoice::Random;
    configuration
}
