//! The whole stack of a node, as its driver sees it: inputs in, effects out, several nodes together.

mod calls;
mod detection;
mod harness;
mod moves;
mod properties;
mod recovery;

use hms_machine::Duration;
use hms_stack::Configuration;

/// The defaults, changed.
fn with(change: impl FnOnce(&mut Configuration)) -> Configuration {
    let mut configuration = Configuration::default();
    change(&mut configuration);
    configuration
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
