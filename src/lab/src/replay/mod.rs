//! Replay: a stored run is run again from its stored texts and must come out the same, event by event.
//!
//! Picture an audit. First the books: is every file what the manifest says? Then the stock: the run is repeated from the files as they are now, and the
//! hash over its events is compared. On a difference the audit goes down to the first event in which the two part: the chunk by bisection over the
//! chunk hashes; then, where the original text is still in the manifest and reproduces the stored hash, the very event, by running original
//! and changed world side by side. Where the program itself has changed, the original events are gone: the chunk's range and the first
//! different row of the trace are what can be said.

mod audit;
mod report;
mod rows;

#[cfg(test)]
mod tests;

use std::path::Path;

use hms_machine::Instant;
use hms_sim::kernel::{CHUNK_EVENTS, Dispatched, Limits, RunError, first_divergence, first_divergent_event};
use hms_trial::{Outcome, Progress};
use thiserror::Error;

use crate::inputs::{InputError, Inputs};
use crate::results::{Results, ResultsError};

pub(crate) use audit::stored_inputs;
pub use report::{Change, Divergence, Moment, ReplayReport, Rerun, RowDifference};

/// Shown progress; returns false to stop.
pub type Watch<'a> = dyn FnMut(Progress) -> bool + 'a;

/// Why a run cannot be replayed at all. That it comes out differently is no error but a [`ReplayReport`].
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The folder cannot be read.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The stored inputs are as they were written, and this version of the program does not take them.
    #[error("this version of hms does not take the stored inputs, which {written_by} wrote: {source}")]
    Inputs {
        /// The version that wrote them.
        written_by: String,
        /// What is wrong with them.
        source: InputError,
    },
    /// The run was stopped.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Replays the run stored in `folder`.
///
/// # Errors
/// [`ReplayError`].
pub fn replay(folder: &Path, watch: &mut Watch<'_>) -> Result<ReplayReport, ReplayError> {
    let results = Results::open(folder)?;
    let manifest = results.manifest().clone();
    let changes = audit::changes(&results)?;
    let stored = audit::stored_inputs(&results);
    let mut report = ReplayReport {
        run_id: manifest.run_id,
        scenario: manifest.scenario,
        seed: manifest.seed,
        stored_hash: manifest.trace_hash,
        rerun: Rerun::Impossible { reason: String::new() },
        changes,
        divergence: None,
        row: None,
    };
    let inputs = match stored {
        Ok(inputs) => inputs,
        Err(source) if report.changes.is_empty() => {
            return Err(ReplayError::Inputs { written_by: manifest.hms_version, source });
        }
        Err(error) => {
            report.rerun = Rerun::Impossible { reason: error.to_string() };
            return Ok(report);
        }
    };
    let outcome = match inputs.trial().run_watched(watch) {
        Ok(outcome) => outcome,
        Err(error @ RunError::Interrupted { .. }) => return Err(error.into()),
        Err(error) => {
            report.rerun = Rerun::Impossible { reason: error.to_string() };
            return Ok(report);
        }
    };
    report.rerun = Rerun::Finished { hash: outcome.hash, events: outcome.events };
    if outcome.hash.to_string() != report.stored_hash {
        report.divergence = Some(divergence(&results, &report.changes, &inputs, &outcome, watch)?);
        report.row = rows::first_difference(&results, &inputs, &outcome);
    }
    Ok(report)
}

fn divergence(
    results: &Results,
    changes: &[Change],
    inputs: &Inputs,
    outcome: &Outcome,
    watch: &mut Watch<'_>,
) -> Result<Divergence, ReplayError> {
    let text_changed = changes.iter().any(|change| matches!(change, Change::Line { .. }));
    if text_changed
        && let Ok(original) = audit::original_inputs(results)
        && let Some(divergence) = between(results, &original, inputs, outcome, watch)?
    {
        return Ok(divergence);
    }
    let stored = results.chunk_hashes()?;
    let chunk = parting(&stored, &outcome.chunks) as u64;
    let first = chunk * CHUNK_EVENTS;
    let rerun = moment_after(inputs, first)?;
    Ok(Divergence::Chunk { first, last: first + CHUNK_EVENTS - 1, rerun })
}

/// The first event in which the original and the changed world part; `None` if the original no longer gives the stored hash.
fn between(
    results: &Results,
    original: &Inputs,
    changed: &Inputs,
    outcome: &Outcome,
    watch: &mut Watch<'_>,
) -> Result<Option<Divergence>, ReplayError> {
    let left = match original.trial().run_watched(watch) {
        Ok(left) => left,
        Err(error @ RunError::Interrupted { .. }) => return Err(error.into()),
        Err(_) => return Ok(None),
    };
    if left.hash.to_string() != results.manifest().trace_hash {
        return Ok(None);
    }
    let from_chunk = parting(&left.chunks, &outcome.chunks);
    let (original, changed) = (original.trial(), changed.trial());
    let until = original.limits().until.min(changed.limits().until);
    let limits = Limits::until(until);
    let parted = first_divergent_event(original.simulation(), changed.simulation(), from_chunk, &limits)?;
    Ok(Some(match parted {
        Some(parted) => Divergence::Event {
            index: parted.index,
            original: parted.left.map(Moment::from),
            rerun: parted.right.map(Moment::from),
        },
        None => Divergence::End { events: left.events.min(outcome.events), at: until },
    }))
}

/// The number of whole chunks that are equal.
fn parting(stored: &[u64], rerun: &[u64]) -> usize {
    first_divergence(stored, rerun).unwrap_or(stored.len().min(rerun.len()))
}

/// The event of number `events`, from 0.
fn moment_after(inputs: &Inputs, events: u64) -> Result<Option<Moment>, ReplayError> {
    let trial = inputs.trial();
    let mut simulation = trial.simulation();
    let until = trial.limits().until;
    if events > 0 {
        match simulation.run(&Limits { events: Some(events), ..Limits::until(until) }) {
            Ok(_) | Err(RunError::EventLimit { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let within = simulation.events() == events && simulation.next_time().is_some_and(|time: Instant| time <= until);
    Ok(if within { simulation.step()?.map(Moment::from) } else { None })
}

impl From<Dispatched> for Moment {
    fn from(dispatched: Dispatched) -> Self {
        Moment { index: dispatched.index, time: dispatched.time, seq: dispatched.seq, fingerprint: dispatched.fingerprint }
    }
}
