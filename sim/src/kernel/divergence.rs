//! Where two runs that should be equal part.

use super::hash::CHUNK_EVENTS;
use super::simulation::{Dispatched, Limits, Simulation};
use super::{Model, RunError};

/// The first event in which two runs differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Number of equal events before it.
    pub index: u64,
    /// What the left run dispatched there; `None` if it had ended.
    pub left: Option<Dispatched>,
    /// What the right run dispatched there; `None` if it had ended.
    pub right: Option<Dispatched>,
}

/// The first chunk of events in which two runs differ, given their [`Simulation::chunk_hashes`]; `None` if one list begins
/// with the other, in which case they can differ only after it.
///
/// The hashes roll on, so that after the first difference all differ: a bisection finds it.
pub fn first_divergence(left: &[u64], right: &[u64]) -> Option<usize> {
    let (mut equal, mut differ) = (0, left.len().min(right.len()));
    let end = differ;
    while equal < differ {
        let middle = equal + (differ - equal) / 2;
        if left[middle] == right[middle] {
            equal = middle + 1;
        } else {
            differ = middle;
        }
    }
    (equal < end).then_some(equal)
}

/// Runs both simulations, given as they were at the start or at a common snapshot, up to the chunk `from_chunk` and then side
/// by side until they differ, `limits` are met or both are drained; `None` if they did not differ.
///
/// `from_chunk` comes from [`first_divergence`]; zero is always right, and slower by the work of stepping.
///
/// # Errors
/// If a run dies in the stretch before `from_chunk`. After that a death ends its run: the other's next event is the difference.
pub fn first_divergent_event<L: Model, R: Model>(
    mut left: Simulation<L>,
    mut right: Simulation<R>,
    from_chunk: usize,
    limits: &Limits,
) -> Result<Option<Divergence>, RunError> {
    let start = from_chunk as u64 * CHUNK_EVENTS;
    skip_to(&mut left, start, limits)?;
    skip_to(&mut right, start, limits)?;
    loop {
        let (left, right) = (step_within(&mut left, limits), step_within(&mut right, limits));
        match (left, right) {
            (None, None) => return Ok(None),
            (left, right) if left == right => {}
            (left, right) => {
                let index = left.or(right).map_or(0, |dispatched| dispatched.index);
                return Ok(Some(Divergence { index, left, right }));
            }
        }
    }
}

fn skip_to<M: Model>(simulation: &mut Simulation<M>, events: u64, limits: &Limits) -> Result<(), RunError> {
    if simulation.events() >= events {
        return Ok(());
    }
    match simulation.run(&Limits { events: Some(events), ..Limits::until(limits.until) }) {
        Ok(_) | Err(RunError::EventLimit { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn step_within<M: Model>(simulation: &mut Simulation<M>, limits: &Limits) -> Option<Dispatched> {
    let over_budget = limits.events.is_some_and(|budget| simulation.events() >= budget);
    if over_budget || simulation.next_time()? > limits.until {
        return None;
    }
    simulation.step().ok().flatten()
}
