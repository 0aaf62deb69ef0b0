//! Lifecycle of one supervised agent, as its supervisor sees it.
//!
//! ```text
//! registered ─> starting ─> verifying ─> running <─> degraded
//!                  ^            │            │           │
//!                  │            v            v           v
//!               waiting <──── failed <── (exit) <── stopping ──> ended
//!                               │  └─> relocating ─> ended (it lives elsewhere)
//!                               └─> isolated
//! ```
//! A policy: it is told what the operating system and the work say, and gives [`Advice`]. When an agent has failed it stays
//! *failed* until somebody decides ([`Lifecycle::restart`], [`Lifecycle::relocate`], [`Lifecycle::isolate`]); the pause before a
//! restart is that of [`super::backoff`].
//!
//! A restart is not taken for a recovery because the process is ready: the agent is *verifying* until it has answered enough real
//! requests or one work probe; if that does not happen in time, it is stopped and has failed. Only the first start, which repairs
//! nothing, goes straight to *running*.
//!
//! What each input does in each state is the table in the tests.

use hms_machine::Instant;

use super::SupervisorConfiguration;
use super::backoff::Backoff;

/// The state of one agent.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    state: State,
    backoff: Backoff,
    /// Whether the present start repairs a failure (and is not the first at boot).
    repairing: bool,
}

/// Where in its life an agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Known, never started.
    Registered,
    /// The process was started and is not ready.
    Starting {
        /// Stopped then.
        give_up_at: Instant,
    },
    /// Ready after a repair, and not trusted yet.
    Verifying {
        /// Since when it is ready.
        since: Instant,
        /// Stopped then.
        give_up_at: Instant,
        /// Requests answered so far.
        successes: u32,
    },
    /// Works.
    Running(Liveness),
    /// Runs, but a check says that it works badly; still probed.
    Degraded(Liveness),
    /// Was told to end.
    Stopping {
        /// What it will be when it has ended.
        then: Then,
    },
    /// Has ended or was found useless; somebody must decide.
    Failed,
    /// Is started again at `until`.
    Waiting {
        /// End of the pause.
        until: Instant,
    },
    /// Another node was told to take it.
    Relocating {
        /// Failed then, if nobody has said that it lives elsewhere.
        give_up_at: Instant,
    },
    /// Fenced off: neither started nor called until it is registered again.
    Isolated,
    /// Ended on purpose, or lives elsewhere.
    Ended,
}

/// What is known of the liveness of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// Since when it runs.
    pub since: Instant,
    /// When it is probed next.
    pub probe_at: Instant,
    /// Probes in a row without an answer.
    pub unanswered: u32,
}

/// What a stopping agent will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It was stuck or useless.
    Failed,
    /// It was wanted so.
    Ended,
    /// It is dangerous.
    Isolated,
}

/// What the node should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Nothing.
    Nothing,
    /// Ask the agent for a sign of life.
    Probe,
    /// Kill the process: it is stuck, or did not prove itself.
    Stop,
    /// Start the process; `attempt` counts restarts since the last clean run.
    Restart {
        /// From 1.
        attempt: u32,
    },
    /// The agent has failed without a process to stop: decide what next.
    Decide,
}

impl Lifecycle {
    /// An agent that is known and was never started.
    pub fn registered() -> Self {
        Lifecycle { state: State::Registered, backoff: Backoff::default(), repairing: false }
    }

    /// An agent that failed elsewhere and is to be started here: it has to prove itself.
    pub fn moved_here() -> Self {
        Lifecycle { repairing: true, ..Lifecycle::registered() }
    }

    /// What it was ill with may not be over: its next start has to prove itself.
    pub fn must_prove(&mut self) {
        self.repairing = true;
    }

    /// An agent that has just been started for the first time.
    pub fn started(configuration: &SupervisorConfiguration, now: Instant) -> Self {
        let mut agent = Lifecycle::registered();
        agent.start(configuration, now);
        agent
    }

    /// Where in its life the agent is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Restarts since the last clean run.
    pub fn attempts(&self) -> u32 {
        self.backoff.attempts()
    }

    /// Whether it takes part in the work.
    pub fn admitted(&self) -> bool {
        matches!(self.state, State::Running(_) | State::Degraded(_))
    }

    /// Whether it has to prove itself: it needs work probes or a few real requests, and must not be relied on.
    pub fn on_trial(&self) -> bool {
        matches!(self.state, State::Verifying { .. })
    }

    /// Starts an agent that has no process, without a pause. True if the process must be started.
    pub fn start(&mut self, configuration: &SupervisorConfiguration, now: Instant) -> bool {
        match self.state {
            State::Registered | State::Failed | State::Waiting { .. } | State::Ended => {
                self.state = State::Starting { give_up_at: now.saturating_add(configuration.start_timeout) };
                true
            }
            // There is a process, or the agent is not ours to start: elsewhere, or fenced off.
            State::Starting { .. }
            | State::Verifying { .. }
            | State::Running(_)
            | State::Degraded(_)
            | State::Stopping { .. }
            | State::Relocating { .. }
            | State::Isolated => false,
        }
    }

    /// The process says that it is ready. True if it now has to prove itself.
    pub fn ready(&mut self, configuration: &SupervisorConfiguration, now: Instant) -> bool {
        match self.state {
            State::Starting { .. } if self.repairing => {
                let give_up_at = now.saturating_add(configuration.verify_timeout);
                self.state = State::Verifying { since: now, give_up_at, successes: 0 };
                true
            }
            State::Starting { .. } => {
                self.state = State::Running(Liveness::new(configuration, now, now));
                false
            }
            // A second announcement, or one that crossed with a stop: the process is not, or no longer, starting.
            State::Registered
            | State::Verifying { .. }
            | State::Running(_)
            | State::Degraded(_)
            | State::Stopping { .. }
            | State::Failed
            | State::Waiting { .. }
            | State::Relocating { .. }
            | State::Isolated
            | State::Ended => false,
        }
    }

    /// The agent has answered a real request. True if that completes the proof of a recovery.
    pub fn worked(&mut self, configuration: &SupervisorConfiguration, now: Instant) -> bool {
        match &mut self.state {
            State::Verifying { successes, .. } => {
                *successes += 1;
                let enough = *successes >= configuration.verify_successes;
                enough && self.proven(configuration, now)
            }
            // Work proves nothing that is in doubt here, or is late news of a process that is gone.
            State::Registered
            | State::Starting { .. }
            | State::Running(_)
            | State::Degraded(_)
            | State::Stopping { .. }
            | State::Failed
            | State::Waiting { .. }
            | State::Relocating { .. }
            | State::Isolated
            | State::Ended => false,
        }
    }

    /// A work probe (a request made to be answered) has passed. True if that proves a recovery.
    pub fn proven(&mut self, configuration: &SupervisorConfiguration, now: Instant) -> bool {
        let State::Verifying { since, .. } = self.state else { return false };
        self.state = State::Running(Liveness::new(configuration, since, now));
        self.repairing = false;
        true
    }

    /// A request or work probe has failed. An agent under verification must begin its proof again.
    pub fn erred(&mut self) {
        if let State::Verifying { successes, .. } = &mut self.state {
            *successes = 0;
        }
    }

    /// The process has answered a liveness probe.
    pub fn answered(&mut self) {
        if let State::Running(liveness) | State::Degraded(liveness) = &mut self.state {
            liveness.unanswered = 0;
        }
    }

    /// A check says that the agent works badly, or well again.
    pub fn judged(&mut self, degraded: bool) {
        match (self.state, degraded) {
            (State::Running(liveness), true) => self.state = State::Degraded(liveness),
            (State::Degraded(liveness), false) => self.state = State::Running(liveness),
            (State::Running(_), false) | (State::Degraded(_), true) => {}
            // Checks of an agent that does not run, or is under verification anyway, say nothing new.
            (
                State::Registered
                | State::Starting { .. }
                | State::Verifying { .. }
                | State::Stopping { .. }
                | State::Failed
                | State::Waiting { .. }
                | State::Relocating { .. }
                | State::Isolated
                | State::Ended,
                _,
            ) => {}
        }
    }

    /// The process has ended. True if that is a failure which the supervisor has not noticed before.
    pub fn exited(&mut self, configuration: &SupervisorConfiguration, now: Instant) -> bool {
        match self.state {
            State::Running(liveness) | State::Degraded(liveness) => {
                self.backoff.ran(&configuration.backoff_rule(), now.saturating_since(liveness.since));
                self.settle(Then::Failed);
                true
            }
            State::Starting { .. } | State::Verifying { .. } => {
                self.settle(Then::Failed);
                true
            }
            State::Stopping { then } => {
                self.settle(then);
                false
            }
            // There was no process; a second report of the same end.
            State::Registered
            | State::Failed
            | State::Waiting { .. }
            | State::Relocating { .. }
            | State::Isolated
            | State::Ended => false,
        }
    }

    /// Decision: start the failed agent again after the pause that is due. `uniform` is drawn from [0, 1). True if the agent had
    /// failed.
    pub fn restart(&mut self, configuration: &SupervisorConfiguration, now: Instant, uniform: f64) -> bool {
        if self.state != State::Failed {
            return false;
        }
        let pause = self.backoff.next(&configuration.backoff_rule(), uniform);
        self.state = State::Waiting { until: now.saturating_add(pause) };
        true
    }

    /// Decision: another node takes the failed agent, and has until `give_up_at`. True if the agent had failed.
    pub fn relocate(&mut self, give_up_at: Instant) -> bool {
        match self.state {
            State::Failed | State::Waiting { .. } => {
                self.state = State::Relocating { give_up_at };
                true
            }
            // It has a process here, or is under way, or was never to move.
            State::Registered
            | State::Starting { .. }
            | State::Verifying { .. }
            | State::Running(_)
            | State::Degraded(_)
            | State::Stopping { .. }
            | State::Relocating { .. }
            | State::Isolated
            | State::Ended => false,
        }
    }

    /// Another node runs the agent now.
    pub fn relocated(&mut self) {
        if let State::Relocating { .. } = self.state {
            self.settle(Then::Ended);
        }
    }

    /// Decision: end the process so that the agent will be `then`. [`Advice::Stop`] if there is a process to stop.
    pub fn stop(&mut self, then: Then) -> Advice {
        match &mut self.state {
            State::Starting { .. } | State::Verifying { .. } | State::Running(_) | State::Degraded(_) => {
                self.state = State::Stopping { then };
                Advice::Stop
            }
            // A fence is not lifted, nor a wanted end undone, by a weaker order that comes after it.
            State::Stopping { then: earlier } => {
                *earlier = match (*earlier, then) {
                    (Then::Isolated, _) | (_, Then::Isolated) => Then::Isolated,
                    (Then::Ended, _) | (_, Then::Ended) => Then::Ended,
                    (Then::Failed, Then::Failed) => Then::Failed,
                };
                Advice::Nothing
            }
            State::Registered | State::Failed | State::Waiting { .. } | State::Relocating { .. } | State::Ended => {
                self.settle(then);
                Advice::Nothing
            }
            State::Isolated => Advice::Nothing,
        }
    }

    /// Decision: fence the agent off. [`Advice::Stop`] if there is a process to stop.
    pub fn isolate(&mut self) -> Advice {
        self.stop(Then::Isolated)
    }

    /// An operator lets an isolated or ended agent begin again.
    pub fn register(&mut self) {
        if matches!(self.state, State::Isolated | State::Ended) {
            *self = Lifecycle::registered();
        }
    }

    /// What is due at `now`.
    pub fn advise(&mut self, configuration: &SupervisorConfiguration, now: Instant) -> Advice {
        match &mut self.state {
            State::Waiting { until } if *until <= now => {
                self.start(configuration, now);
                Advice::Restart { attempt: self.backoff.attempts() }
            }
            State::Starting { give_up_at } | State::Verifying { give_up_at, .. } if *give_up_at <= now => {
                self.state = State::Stopping { then: Then::Failed };
                Advice::Stop
            }
            State::Relocating { give_up_at } if *give_up_at <= now => {
                self.settle(Then::Failed);
                Advice::Decide
            }
            State::Running(liveness) | State::Degraded(liveness) if liveness.probe_at <= now => {
                if liveness.unanswered >= configuration.probe_failures {
                    let ran = now.saturating_since(liveness.since);
                    self.backoff.ran(&configuration.backoff_rule(), ran);
                    self.state = State::Stopping { then: Then::Failed };
                    return Advice::Stop;
                }
                liveness.unanswered += 1;
                liveness.probe_at = now.saturating_add(configuration.probe_every);
                Advice::Probe
            }
            // Not due yet, or nothing ever is.
            State::Registered
            | State::Starting { .. }
            | State::Verifying { .. }
            | State::Running(_)
            | State::Degraded(_)
            | State::Stopping { .. }
            | State::Failed
            | State::Waiting { .. }
            | State::Relocating { .. }
            | State::Isolated
            | State::Ended => Advice::Nothing,
        }
    }

    /// When to call [`Lifecycle::advise`] next.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until } => Some(until),
            State::Starting { give_up_at } | State::Verifying { give_up_at, .. } | State::Relocating { give_up_at } => {
                Some(give_up_at)
            }
            State::Running(liveness) | State::Degraded(liveness) => Some(liveness.probe_at),
            // The operating system reports the end of a killed process by itself.
            State::Stopping { .. } => None,
            // Somebody else decides.
            State::Registered | State::Failed | State::Isolated | State::Ended => None,
        }
    }

    /// There is no process any more.
    fn settle(&mut self, then: Then) {
        self.state = match then {
            Then::Failed => State::Failed,
            Then::Ended => State::Ended,
            Then::Isolated => State::Isolated,
        };
        // Whatever starts it next repairs it, unless it was wanted gone.
        self.repairing = then != Then::Ended;
    }
}

impl Liveness {
    fn new(configuration: &SupervisorConfiguration, since: Instant, now: Instant) -> Self {
        Liveness { since, probe_at: now.saturating_add(configuration.probe_every), unanswered: 0 }
    }
}

#[cfg(test)]
mod tests;
