//! The determinism canary: a small world with everything in it, run in ways that must not matter.
//!
//! One of the checks compares with [`GOLDEN`], a constant of the source. Every build asserts it, debug and release, on every platform, so a
//! compiler, a library or a feature that changes a bit somewhere is noticed wherever it happens.

use std::sync::Arc;

use hms_machine::{Instant, Seed};
use hms_sim::kernel::{Limits, RunError};

use crate::{ClusterSimulation, Detail, QueueKind, TraceHash, Trial, parse_stack};

/// The world of the canary.
const SCENARIO: &str = include_str!("../canary.toml");

/// Its seed.
const SEED: Seed = Seed(2026);

/// Its trace hash. Changes with every change of a model; the commit that changes it says why.
pub const GOLDEN: &str = "44285aa908817260";

/// A check and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What must hold.
    pub name: &'static str,
    /// Whether it does.
    pub passed: bool,
    /// What was seen.
    pub detail: String,
}

/// The canary as a trial.
///
/// # Panics
/// If the built-in scenario is not valid: a bug of the build.
pub fn trial() -> Trial {
    let document = hms_scenario::parse(SCENARIO, &|name| Err(format!("the canary needs no file, not even {name}")));
    let document = document.unwrap_or_else(|problems| panic!("{}", problems[0].render("canary.toml", SCENARIO)));
    let stack = parse_stack("").expect("the default configuration is valid");
    Trial::new(Arc::new(document.scenario), stack, SEED)
}

/// The canary's hash, run straight.
///
/// # Errors
/// [`RunError`], which would be a bug.
pub fn hash() -> Result<TraceHash, RunError> {
    Ok(finish(trial().simulation())?.hash())
}

fn finish(mut simulation: ClusterSimulation) -> Result<ClusterSimulation, RunError> {
    simulation.run(&trial().limits())?;
    Ok(simulation)
}

/// All checks that one process can do. Another process and other builds compare by [`GOLDEN`].
///
/// # Errors
/// [`RunError`], which would be a bug.
pub fn checks() -> Result<Vec<Check>, RunError> {
    let straight = finish(trial().simulation())?;
    let expected = straight.hash();
    let compare = |name, hash: TraceHash| Check { name, passed: hash == expected, detail: hash.to_string() };
    let golden = Check {
        name: "the built-in world has the hash it had when this version was made",
        passed: expected.to_string() == GOLDEN,
        detail: format!("{expected}, expected {GOLDEN}"),
    };
    let queue = |queue| finish(Trial { queue, ..trial() }.simulation());
    let full = finish(Trial { detail: Detail::Full, ..trial() }.simulation())?;
    let other = finish(Trial { seed: Seed(SEED.0 + 1), ..trial() }.simulation())?;
    Ok(vec![
        golden,
        compare("the same seed twice in one process", hash()?),
        compare("pending events in a heap", queue(QueueKind::Heap)?.hash()),
        compare("pending events in a ladder", queue(QueueKind::Ladder)?.hash()),
        compare("restored from a snapshot in mid-run", restored()?),
        compare("in a thousand pieces", in_pieces()?),
        compare("with every message recorded", full.hash()),
        Check { name: "another seed, another hash", passed: other.hash() != expected, detail: other.hash().to_string() },
    ])
}

fn restored() -> Result<TraceHash, RunError> {
    let mut original = trial().simulation();
    let half = Instant::from_nanos(trial().limits().until.as_nanos() / 2);
    original.run(&Limits::until(half))?;
    let snapshot = original.clone();
    finish(original)?;
    Ok(finish(snapshot)?.hash())
}

fn in_pieces() -> Result<TraceHash, RunError> {
    let mut simulation = trial().simulation();
    let until = trial().limits().until;
    for piece in 1..=1000 {
        simulation.run(&Limits::until(Instant::from_nanos(until.as_nanos() / 1000 * piece)))?;
    }
    Ok(finish(simulation)?.hash())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w6_the_canary_passes() {
        let failed: Vec<_> = checks().unwrap().into_iter().filter(|check| !check.passed).collect();
        assert_eq!(failed, []);
    }
}
