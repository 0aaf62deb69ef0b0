//! `breaker`: the circuit breaker.
//!
//! The line drives one [`Breaker`] as the module of the stack says under "In scenario lines": a call is [`Breaker::permit`], and if it may go
//! out [`Breaker::outcome`]; `permit` alone gives the permit back by [`Breaker::cancel`]; `state` is [`Breaker::phase`].

use std::collections::BTreeMap;

use hms_machine::{Draw, Duration, Instant, Purpose, Seed, Streams};
use hms_stack::breaker::{Breaker, BreakerConfiguration, Ended, Forced, Outcome, Permit, Ticket};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::breaker_setup::Init;
use super::read::{Course, Millis, Name, Timed, course};
use super::{LineError, Verdict, differ};

/// Jitter of open times and the lots of a ramp, where a line asks for them.
const DRAWS: Purpose = Purpose::named("conformance/breaker");

/// Calls that one step may make.
const CALLS_MAX: u32 = 10_000_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    #[serde(alias = "success")]
    Ok {
        n: Option<u32>,
        ms: Option<Millis>,
        permitted: Option<u32>,
    },
    #[serde(alias = "failure", alias = "error")]
    Fail {
        n: Option<u32>,
        ms: Option<Millis>,
        permitted: Option<u32>,
    },
    Slow {
        n: Option<u32>,
        ms: Option<Millis>,
        permitted: Option<u32>,
    },
    #[serde(alias = "allow")]
    Permit {
        expect: bool,
        keep: Option<bool>,
    },
    Begin {
        id: Name,
        expect: Option<bool>,
    },
    End {
        id: Name,
        #[serde(alias = "result")]
        outcome: EndOutcome,
        ms: Option<Millis>,
    },
    Cancel {
        id: Name,
    },
    Force {
        state: ForceState,
    },
    Trip {},
    Reset {},
    State {
        expect: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndOutcome {
    #[serde(alias = "success")]
    Ok,
    #[serde(alias = "failure", alias = "error")]
    Fail,
    Slow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ForceState {
    #[serde(alias = "open")]
    ForcedOpen,
    #[serde(alias = "closed")]
    ForcedClosed,
    Disabled,
    None,
}

pub(super) fn judge(line: Map<String, Value>) -> Result<Verdict, LineError> {
    let Course { init, steps } = course::<Init, Step>(line)?;
    let mut bench = Bench::new(init.configuration()?);
    for (index, Timed { at, step }) in steps.into_iter().enumerate() {
        if let Some(verdict) = bench.take(index, at, step)? {
            return Ok(verdict);
        }
    }
    Ok(Verdict::Holds)
}

/// A breaker and the calls that have begun.
struct Bench {
    configuration: BreakerConfiguration,
    breaker: Breaker,
    draw: Draw,
    /// When a call began, and its ticket if it might go out.
    begun: BTreeMap<Name, (Instant, Option<Ticket>)>,
}

impl Bench {
    fn new(configuration: BreakerConfiguration) -> Self {
        let breaker = Breaker::new(&configuration, Instant::ZERO);
        Bench { configuration, breaker, draw: Streams::new(Seed(0)).draw(DRAWS, 0, 0), begun: BTreeMap::new() }
    }

    fn take(&mut self, index: usize, now: Instant, step: Step) -> Result<Option<Verdict>, LineError> {
        match step {
            Step::Ok { n, ms, permitted } => self.calls(index, now, EndOutcome::Ok, n, ms, permitted),
            Step::Fail { n, ms, permitted } => self.calls(index, now, EndOutcome::Fail, n, ms, permitted),
            Step::Slow { n, ms, permitted } => self.calls(index, now, EndOutcome::Slow, n, ms, permitted),
            Step::Permit { expect, keep } => {
                let ticket = self.permit(now);
                if !keep.unwrap_or(false) {
                    ticket.into_iter().for_each(|ticket| self.breaker.cancel(ticket));
                }
                Ok(differ(index, expect, ticket.is_some()))
            }
            Step::Begin { id, expect } => {
                let ticket = self.permit(now);
                if self.begun.contains_key(&id) {
                    return Err(LineError::new(format!("steps[{index}].id"), format!("call `{}` is under way already", id.0)));
                }
                self.begun.insert(id, (now, ticket));
                Ok(expect.and_then(|expect| differ(index, expect, ticket.is_some())))
            }
            Step::End { id, outcome, ms } => {
                let (began, ticket) = self.ended(index, &id)?;
                let took = ms.map_or(now.saturating_since(began), |span| span.0);
                let ended =
                    self.outcome_of(outcome, if outcome == EndOutcome::Slow { ms.map(|span| span.0) } else { Some(took) });
                self.tell(ticket, ended, now);
                Ok(None)
            }
            Step::Cancel { id } => {
                let (_, ticket) = self.ended(index, &id)?;
                ticket.into_iter().for_each(|ticket| self.breaker.cancel(ticket));
                Ok(None)
            }
            Step::Force { state } => {
                match state {
                    ForceState::ForcedOpen => self.breaker.force(Forced::Open, now),
                    ForceState::ForcedClosed => self.breaker.force(Forced::Closed, now),
                    ForceState::Disabled => self.breaker.force(Forced::Disabled, now),
                    ForceState::None => self.breaker.release(now),
                };
                Ok(None)
            }
            Step::Trip {} => {
                self.breaker.trip(&self.configuration, now, &mut self.draw);
                Ok(None)
            }
            Step::Reset {} => {
                self.breaker = Breaker::new(&self.configuration, now);
                Ok(None)
            }
            Step::State { expect } => {
                let wanted = expect.to_lowercase().replace(['-', ' '], "_").replace("halfopen", "half_open");
                Ok(differ(index, wanted, self.breaker.phase(&self.configuration, now).name()))
            }
        }
    }

    /// Calls one after the other; those that get no permit count nothing.
    fn calls(
        &mut self,
        index: usize,
        now: Instant,
        outcome: EndOutcome,
        n: Option<u32>,
        ms: Option<Millis>,
        permitted: Option<u32>,
    ) -> Result<Option<Verdict>, LineError> {
        let times = n.unwrap_or(1);
        if times > CALLS_MAX {
            return Err(LineError::new(format!("steps[{index}].n"), format!("{times} is more than {CALLS_MAX}")));
        }
        let ended = self.outcome_of(outcome, ms.map(|span| span.0));
        let mut granted = 0u32;
        for _ in 0..times {
            let ticket = self.permit(now);
            granted += u32::from(ticket.is_some());
            self.tell(ticket, ended, now);
        }
        Ok(permitted.and_then(|permitted| differ(index, permitted, granted)))
    }

    fn permit(&mut self, now: Instant) -> Option<Ticket> {
        match self.breaker.permit(&self.configuration, now, &mut self.draw) {
            Permit::Granted(ticket) => Some(ticket),
            Permit::Rejected { .. } => None,
        }
    }

    /// A call that did not go out has no outcome.
    fn tell(&mut self, ticket: Option<Ticket>, ended: Ended, now: Instant) {
        if let Some(ticket) = ticket {
            self.breaker.outcome(&self.configuration, ticket, ended, now, &mut self.draw);
        }
    }

    fn ended(&mut self, index: usize, id: &Name) -> Result<(Instant, Option<Ticket>), LineError> {
        let unknown = || LineError::new(format!("steps[{index}].id"), format!("no call `{}` is under way", id.0));
        self.begun.remove(id).ok_or_else(unknown)
    }

    /// Where a step does not say how long a call took: a millisecond, and for a slow one just more than the limit.
    fn outcome_of(&self, outcome: EndOutcome, took: Option<Duration>) -> Ended {
        let (outcome, default) = match outcome {
            EndOutcome::Ok => (Outcome::Success, Duration::from_millis(1)),
            EndOutcome::Fail => (Outcome::Failure, Duration::from_millis(1)),
            EndOutcome::Slow => (Outcome::Success, self.configuration.slow_call.saturating_add(Duration::from_nanos(1))),
        };
        Ended { outcome, took: took.unwrap_or(default) }
    }
}
