//! Checkers: what a run did right and wrong, by ground truth.
//!
//! Picture referees with the whole film before them. The players' own records are evidence of what they believed and did; whether that was right
//! is read off the world. Each checker is a function of the trace, the series and the tally of attempts, and keeps nothing from run to run.

pub mod breakers;
pub mod cascades;
pub mod detectors;
pub mod leadership;
pub mod overhead;
pub mod recoveries;
pub mod state;

/// What every checker found in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// Beliefs about hosts against the truth.
    pub detectors: detectors::Detectors,
    /// Actions of the stack and whether they helped.
    pub recoveries: recoveries::Recoveries,
    /// State kept and lost.
    pub state: state::State,
    /// Failures that healing or overload spread, in order of time.
    pub cascades: Vec<cascades::Cascade>,
    /// Two leaders at a time, agents that ran twice.
    pub leadership: leadership::Leadership,
    /// Breakers.
    pub breakers: breakers::Breakers,
    /// What the stack cost.
    pub overhead: overhead::Overhead,
}
