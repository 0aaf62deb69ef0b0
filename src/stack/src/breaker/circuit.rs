//! One breaker: its states, and what each says to a call and to an outcome.

use std::mem;

use hms_machine::{Draw, Duration, Instant, Ratio};

use super::trial::{Judgement, Trial};
use super::window::{Tally, Window};
use super::{BreakerConfiguration, BreakerReport, Counters, reaches, share};

/// Share of calls that is admitted when a ramp begins: enough for a failure to show, a tenth of the load (the `min_weight_percent` of Envoy's
/// slow start).
const RAMP_FLOOR: f64 = 0.1;

/// A breaker. Its configuration is handed in with every call, so that a new one holds from the next call on.
#[derive(Clone, Debug)]
pub struct Breaker {
    state: State,
    /// When the state was entered.
    since: Instant,
    /// Counts the states entered; what tells a call that was permitted in an earlier one.
    epoch: u32,
    /// Calls of the present state if that is closed or forced closed, otherwise empty. Kept across states for its memory.
    window: Window,
    counters: Counters,
}

#[derive(Clone, Debug)]
enum State {
    Closed {
        /// Failures since the last success.
        failures: u32,
        /// The open time that went before, if the breaker has been open: the ramp begins, and while it lasts another opening is longer.
        served: Option<Duration>,
    },
    Open {
        until: Instant,
        /// The open time, before jitter.
        serving: Duration,
    },
    HalfOpen {
        trial: Trial,
        served: Duration,
    },
    ForcedOpen,
    ForcedClosed,
    Disabled,
}

/// The name of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Calls go out and are watched; along the ramp, a share of them.
    Closed,
    /// Calls are turned away until a time.
    Open,
    /// A few probes go out.
    HalfOpen,
    /// Calls are turned away until somebody says otherwise.
    ForcedOpen,
    /// Calls go out and are watched, and nothing opens.
    ForcedClosed,
    /// Calls go out and nobody watches.
    Disabled,
}

/// A state that an operator, or a rule above the breaker, holds it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forced {
    /// See [`Phase::ForcedOpen`].
    Open,
    /// See [`Phase::ForcedClosed`].
    Closed,
    /// See [`Phase::Disabled`].
    Disabled,
}

/// Whether a call may go out.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// It may; its outcome is told with the ticket, or the ticket is cancelled.
    Granted(Ticket),
    /// It may not.
    Rejected {
        /// For this reason.
        rejection: Rejection,
        /// Asking again before this time is pointless, or (on a ramp) a matter of luck.
        until: Instant,
    },
}

/// Why a call was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
    /// The breaker is open.
    Open,
    /// It is half-open and its probes are under way.
    ProbesUnderWay,
    /// It has just closed and re-admits a share of the calls; this one was not drawn.
    Ramp,
    /// It is forced open.
    Forced,
}

/// What a permitted call is known by: the state that let it out, and whether it is a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(Pass);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Unwatched,
    Call { epoch: u32 },
    Probe { epoch: u32, serial: u32 },
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its result.
    pub outcome: Outcome,
    /// From sending to the result.
    pub took: Duration,
}

/// The result of a call. Errors that say nothing about the callee (a bad request) are successes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered.
    Success,
    /// An error, refused, or no answer in time.
    Failure,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state before.
    pub from: Phase,
    /// The state after.
    pub to: Phase,
    /// What brought it about.
    pub why: Why,
}

/// What brings about a change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The share of failures.
    FailureRatio,
    /// Failures in a row.
    Consecutive,
    /// The share of slow calls.
    SlowRatio,
    /// Somebody who knows: a failure detector, or a peer whose breaker opened.
    Told,
    /// The open time is over.
    OpenTimeOver,
    /// Probes failed.
    ProbeFailed,
    /// Probes were slow.
    ProbeSlow,
    /// Enough probes succeeded.
    ProbesSucceeded,
    /// Forced.
    Forced,
    /// No longer forced.
    Released,
}

impl Ticket {
    /// The ticket of a call that no breaker watches.
    pub const UNWATCHED: Ticket = Ticket(Pass::Unwatched);

    /// Whether the call is a probe of a half-open breaker.
    pub fn is_probe(self) -> bool {
        matches!(self.0, Pass::Probe { .. })
    }
}

impl Phase {
    /// The name in reports and scenario lines.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Closed => "closed",
            Phase::Open => "open",
            Phase::HalfOpen => "half_open",
            Phase::ForcedOpen => "forced_open",
            Phase::ForcedClosed => "forced_closed",
            Phase::Disabled => "disabled",
        }
    }
}

impl Breaker {
    /// Closed, and nothing known.
    pub fn new(configuration: &BreakerConfiguration, now: Instant) -> Self {
        Breaker {
            state: State::Closed { failures: 0, served: None },
            since: now,
            epoch: 0,
            window: Window::new(configuration),
            counters: Counters::default(),
        }
    }

    /// Whether a call may go out. `draw` decides who is admitted along the ramp; a word is taken only there.
    pub fn permit(&mut self, configuration: &BreakerConfiguration, now: Instant, draw: &mut Draw) -> Permit {
        if !configuration.enabled {
            return Permit::Granted(Ticket::UNWATCHED);
        }
        self.settle(configuration, now);
        let epoch = self.epoch;
        let answer = match &mut self.state {
            State::Closed { served: Some(_), .. } if !ramp(configuration, self.since, now).happens(draw.next_u64()) => {
                Err((Rejection::Ramp, self.since.saturating_add(configuration.ramp)))
            }
            State::Closed { .. } | State::ForcedClosed => Ok(Pass::Call { epoch }),
            State::Open { until, .. } => Err((Rejection::Open, *until)),
            State::HalfOpen { trial, .. } => match trial.permit(configuration, now) {
                Some(serial) => Ok(Pass::Probe { epoch, serial }),
                None => Err((Rejection::ProbesUnderWay, trial.free_at(configuration.probe_timeout).unwrap_or(now))),
            },
            State::ForcedOpen => Err((Rejection::Forced, Instant::MAX)),
            State::Disabled => return Permit::Granted(Ticket::UNWATCHED),
        };
        match answer {
            Ok(pass) => {
                self.counters.permitted += 1;
                Permit::Granted(Ticket(pass))
            }
            Err((rejection, until)) => {
                self.counters.rejected += 1;
                Permit::Rejected { rejection, until }
            }
        }
    }

    /// Tells how a permitted call ended. `draw` lengthens the open time if this opens the breaker; a word is taken only then.
    pub fn outcome(
        &mut self,
        configuration: &BreakerConfiguration,
        ticket: Ticket,
        ended: Ended,
        now: Instant,
        draw: &mut Draw,
    ) -> Option<Transition> {
        let (epoch, serial) = match ticket.0 {
            Pass::Unwatched => return None,
            Pass::Call { epoch } => (epoch, None),
            Pass::Probe { epoch, serial } => (epoch, Some(serial)),
        };
        if !configuration.enabled || epoch != self.epoch {
            self.counters.late += 1;
            return None;
        }
        self.settle(configuration, now);
        let slow = ended.took > configuration.slow_call;
        let failed = ended.outcome == Outcome::Failure || slow && configuration.slow_fails;
        match &mut self.state {
            State::Closed { failures, .. } => {
                *failures = if failed { failures.saturating_add(1) } else { 0 };
                let failures = *failures;
                self.counters.count(failed, slow);
                let tally = self.window.record(configuration, failed, slow, now);
                let why = breach(configuration, failures, tally)?;
                Some(self.open(configuration, why, now, draw))
            }
            State::HalfOpen { trial, served } => {
                if !serial.is_some_and(|serial| trial.take(serial)) {
                    // The probe was given up before.
                    self.counters.late += 1;
                    return None;
                }
                let (judgement, served) = (trial.record(configuration, failed, slow), *served);
                self.counters.count(failed, slow);
                match judgement {
                    Judgement::Undecided => None,
                    Judgement::Recovered => {
                        Some(self.enter(State::Closed { failures: 0, served: Some(served) }, Why::ProbesSucceeded, now))
                    }
                    Judgement::Failing(why) => Some(self.open(configuration, why, now, draw)),
                }
            }
            State::ForcedClosed => {
                self.counters.count(failed, slow);
                self.window.record(configuration, failed, slow, now);
                None
            }
            State::Open { .. } | State::ForcedOpen | State::Disabled => {
                // These let no watched call out: it is the ticket of another breaker.
                self.counters.late += 1;
                None
            }
        }
    }

    /// A permitted call was given up, and nobody knows how it would have ended. A probe's permit is free again.
    pub fn cancel(&mut self, ticket: Ticket) {
        match (ticket.0, &mut self.state) {
            (Pass::Unwatched, _) => return,
            (Pass::Probe { epoch, serial }, State::HalfOpen { trial, .. }) if epoch == self.epoch => {
                trial.take(serial);
            }
            // Outside half-open nothing waits for a call.
            (Pass::Call { .. } | Pass::Probe { .. }, _) => {}
        }
        self.counters.cancelled += 1;
    }

    /// Opens a closed or half-open breaker on the word of somebody who knows that calls would fail.
    pub fn trip(&mut self, configuration: &BreakerConfiguration, now: Instant, draw: &mut Draw) -> Option<Transition> {
        if !configuration.enabled {
            return None;
        }
        self.settle(configuration, now);
        match self.state {
            State::Closed { .. } | State::HalfOpen { .. } => Some(self.open(configuration, Why::Told, now, draw)),
            // Open already, or told by somebody who ranks higher.
            State::Open { .. } | State::ForcedOpen | State::ForcedClosed | State::Disabled => None,
        }
    }

    /// Holds the breaker in a state until [`Breaker::release`].
    pub fn force(&mut self, forced: Forced, now: Instant) -> Option<Transition> {
        let state = match forced {
            Forced::Open => State::ForcedOpen,
            Forced::Closed => State::ForcedClosed,
            Forced::Disabled => State::Disabled,
        };
        (mem::discriminant(&state) != mem::discriminant(&self.state)).then(|| self.enter(state, Why::Forced, now))
    }

    /// Ends a forced state: closed, with nothing known. One that was forced open re-admits along the ramp.
    pub fn release(&mut self, now: Instant) -> Option<Transition> {
        let served = match self.state {
            State::ForcedOpen => Some(Duration::ZERO),
            State::ForcedClosed | State::Disabled => None,
            State::Closed { .. } | State::Open { .. } | State::HalfOpen { .. } => return None,
        };
        Some(self.enter(State::Closed { failures: 0, served }, Why::Released, now))
    }

    /// What time alone has changed by `now`: an open time is over, a probe is lost. [`Breaker::permit`] and [`Breaker::outcome`] do this
    /// first; who wants to see the transition asks before them.
    pub fn settle(&mut self, configuration: &BreakerConfiguration, now: Instant) -> Option<Transition> {
        if now < self.since {
            self.follow_clock(now);
        }
        match &mut self.state {
            State::Open { until, serving } if configuration.enabled && *until <= now => {
                let state = State::HalfOpen { trial: Trial::default(), served: *serving };
                Some(self.enter(state, Why::OpenTimeOver, now))
            }
            State::HalfOpen { trial, .. } => {
                trial.follow_clock(now);
                self.counters.lost += u64::from(trial.expire(configuration.probe_timeout, now));
                None
            }
            State::Closed { .. } | State::Open { .. } | State::ForcedOpen | State::ForcedClosed | State::Disabled => None,
        }
    }

    /// The clock was set back to before this state began: it began now, and lasts as long as it was meant to.
    fn follow_clock(&mut self, now: Instant) {
        if let State::Open { until, .. } = &mut self.state {
            *until = now + until.saturating_since(self.since);
        }
        self.since = now;
    }

    /// The state at `now`. An open breaker whose time is over reads half-open, whoever has asked it since.
    pub fn phase(&self, configuration: &BreakerConfiguration, now: Instant) -> Phase {
        match &self.state {
            _ if !configuration.enabled => Phase::Disabled,
            State::Open { until, .. } if *until <= now => Phase::HalfOpen,
            state => state.phase(),
        }
    }

    /// Whether calls go out and are watched, as of the last call; a time that is over counts when the breaker is asked.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    /// What an operator wants to know.
    pub fn report(&self, configuration: &BreakerConfiguration, now: Instant) -> BreakerReport {
        let (tally, until) = match &self.state {
            State::Closed { .. } | State::ForcedClosed => (self.window.tally(now), None),
            State::Open { until, .. } => (Tally::default(), Some(*until)),
            State::HalfOpen { trial, .. } => (trial.ended(), None),
            State::ForcedOpen | State::Disabled => (Tally::default(), None),
        };
        BreakerReport {
            phase: self.phase(configuration, now),
            since: self.since,
            until: until.filter(|until| now < *until),
            calls: tally.calls,
            failure_ratio: share(tally.failed, tally.calls),
            slow_ratio: share(tally.slow, tally.calls),
            counters: self.counters,
        }
    }

    /// What was counted since the breaker was made.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn open(&mut self, configuration: &BreakerConfiguration, why: Why, now: Instant, draw: &mut Draw) -> Transition {
        let before = match &self.state {
            State::Closed { served, .. } => served.filter(|_| now < self.since.saturating_add(configuration.ramp)),
            State::HalfOpen { served, .. } => Some(*served),
            State::Open { .. } | State::ForcedOpen | State::ForcedClosed | State::Disabled => None,
        };
        let grown = before.map_or(Duration::ZERO, |served| served.mul_f64(configuration.open_factor));
        let serving = grown.min(configuration.open_max).max(configuration.open);
        // Jitter comes after the limit, or a fleet that has reached the limit probes in step.
        let jitter = serving.mul_f64(configuration.open_jitter * draw.uniform());
        self.counters.opens += 1;
        self.enter(State::Open { until: now.saturating_add(serving).saturating_add(jitter), serving }, why, now)
    }

    fn enter(&mut self, state: State, why: Why, now: Instant) -> Transition {
        let from = mem::replace(&mut self.state, state).phase();
        self.since = now;
        self.epoch = self.epoch.wrapping_add(1);
        self.window.clear();
        self.counters.transitions += 1;
        Transition { from, to: self.state.phase(), why }
    }
}

impl State {
    fn phase(&self) -> Phase {
        match self {
            State::Closed { .. } => Phase::Closed,
            State::Open { .. } => Phase::Open,
            State::HalfOpen { .. } => Phase::HalfOpen,
            State::ForcedOpen => Phase::ForcedOpen,
            State::ForcedClosed => Phase::ForcedClosed,
            State::Disabled => Phase::Disabled,
        }
    }
}

/// Why a closed breaker must open after this outcome, if it must.
#[inline]
fn breach(configuration: &BreakerConfiguration, failures: u32, tally: Tally) -> Option<Why> {
    if configuration.consecutive > 0 && failures >= configuration.consecutive {
        return Some(Why::Consecutive);
    }
    if tally.calls < Window::minimum(configuration) {
        return None;
    }
    if reaches(tally.failed, tally.calls, configuration.failure_ratio) {
        return Some(Why::FailureRatio);
    }
    reaches(tally.slow, tally.calls, configuration.slow_ratio).then_some(Why::SlowRatio)
}

/// The share of calls admitted at `now` by a breaker that closed at `closed`: from [`RAMP_FLOOR`] in equal steps to all.
pub(super) fn ramp(configuration: &BreakerConfiguration, closed: Instant, now: Instant) -> Ratio {
    let elapsed = now.saturating_since(closed);
    if elapsed >= configuration.ramp {
        return Ratio::ONE;
    }
    let passed = elapsed.as_nanos() as f64 / configuration.ramp.as_nanos() as f64;
    Ratio::new(RAMP_FLOOR + (1.0 - RAMP_FLOOR) * passed).unwrap_or(Ratio::ONE)
}
