//! Lifecycle of one supervised agent: starting → running → (ended) → waiting → starting …
//!
//! A policy: it is told what the operating system reports and gives [`Advice`]. The pause before the k-th restart in a row is
//! `backoff × factor^(k-1)`, at most `backoff_max` (Kubernetes' CrashLoopBackOff has the same form); a clean run resets it.

use hms_machine::{Duration, Instant};

use super::SupervisorConfiguration;

/// The state of one agent as its supervisor sees it.
#[derive(Clone, Debug)]
pub struct Supervised {
    state: State,
    /// Restarts since the last clean run.
    attempts: u32,
    /// Whether the present start repairs a failure (and is not the first at boot).
    repairing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting { give_up_at: Instant },
    Running { since: Instant, probe_at: Instant, unanswered: u32 },
    Stopping,
    Waiting { until: Instant },
}

/// What the node should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Nothing.
    Nothing,
    /// Ask the agent for a sign of life.
    Probe,
    /// Kill the process: it is stuck.
    Stop,
    /// Start the process; `attempt` counts restarts since the last clean run.
    Restart {
        /// From 1.
        attempt: u32,
    },
}

impl Supervised {
    /// An agent that has just been started for the first time.
    pub fn started(configuration: &SupervisorConfiguration, now: Instant) -> Self {
        Supervised { state: State::Starting { give_up_at: now + configuration.start_timeout }, attempts: 0, repairing: false }
    }

    /// The process says that it is ready. True if that ends a repair.
    pub fn ready(&mut self, configuration: &SupervisorConfiguration, now: Instant) -> bool {
        match self.state {
            State::Starting { .. } => {
                self.state = State::Running { since: now, probe_at: now + configuration.probe_every, unanswered: 0 };
                std::mem::replace(&mut self.repairing, false)
            }
            // A second announcement, or one that crossed with a stop: the process is not, or no longer, starting.
            State::Running { .. } | State::Stopping | State::Waiting { .. } => false,
        }
    }

    /// The process has answered a probe.
    pub fn answered(&mut self) {
        match &mut self.state {
            State::Running { unanswered, .. } => *unanswered = 0,
            // A late answer of a process that is being replaced.
            State::Starting { .. } | State::Stopping | State::Waiting { .. } => {}
        }
    }

    /// The process has ended. True if that is a failure which the supervisor has not noticed before.
    pub fn exited(&mut self, configuration: &SupervisorConfiguration, now: Instant) -> bool {
        let noticed = match self.state {
            State::Running { since, .. } => {
                if now.saturating_since(since) >= configuration.clean_run {
                    self.attempts = 0;
                }
                false
            }
            State::Starting { .. } => false,
            State::Stopping => true,
            State::Waiting { .. } => return false,
        };
        self.state = State::Waiting { until: now.saturating_add(pause(configuration, self.attempts)) };
        self.repairing = true;
        !noticed
    }

    /// What is due at `now`.
    pub fn advise(&mut self, configuration: &SupervisorConfiguration, now: Instant) -> Advice {
        match &mut self.state {
            State::Waiting { until } if *until <= now => {
                self.attempts += 1;
                self.state = State::Starting { give_up_at: now + configuration.start_timeout };
                Advice::Restart { attempt: self.attempts }
            }
            State::Starting { give_up_at } if *give_up_at <= now => {
                self.state = State::Stopping;
                Advice::Stop
            }
            State::Running { probe_at, unanswered, since } if *probe_at <= now => {
                if *unanswered >= configuration.probe_failures {
                    if now.saturating_since(*since) >= configuration.clean_run {
                        self.attempts = 0;
                    }
                    self.state = State::Stopping;
                    return Advice::Stop;
                }
                *unanswered += 1;
                *probe_at = now + configuration.probe_every;
                Advice::Probe
            }
            State::Waiting { .. } | State::Starting { .. } | State::Running { .. } | State::Stopping => Advice::Nothing,
        }
    }

    /// When to call [`Supervised::advise`] next.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until } => Some(until),
            State::Starting { give_up_at } => Some(give_up_at),
            State::Running { probe_at, .. } => Some(probe_at),
            // The operating system reports the end of a killed process by itself.
            State::Stopping => None,
        }
    }
}

fn pause(configuration: &SupervisorConfiguration, attempts: u32) -> Duration {
    let mut pause = configuration.backoff;
    for _ in 0..attempts {
        if pause >= configuration.backoff_max {
            break;
        }
        pause = pause.mul_f64(configuration.backoff_factor);
        if configuration.backoff_factor <= 1.0 {
            break;
        }
    }
    pause.min(configuration.backoff_max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Configuration;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn configuration() -> SupervisorConfiguration {
        Configuration::default().supervisor
    }

    #[test]
    fn an_agent_that_ends_is_restarted_after_the_pause_and_recovers() {
        let configuration = configuration();
        let mut agent = Supervised::started(&configuration, at(0));
        assert!(!agent.ready(&configuration, at(10)), "the first start repairs nothing");
        assert!(agent.exited(&configuration, at(20)));
        assert_eq!(agent.advise(&configuration, at(119)), Advice::Nothing);
        assert_eq!(agent.advise(&configuration, at(120)), Advice::Restart { attempt: 1 });
        assert!(agent.ready(&configuration, at(200)));
    }

    #[test]
    fn a_stuck_agent_is_stopped_after_the_stated_number_of_unanswered_probes() {
        let configuration = configuration();
        let mut agent = Supervised::started(&configuration, at(0));
        agent.ready(&configuration, at(0));
        let mut advice = Vec::new();
        while let Some(deadline) = agent.deadline() {
            advice.push(agent.advise(&configuration, deadline));
        }
        assert_eq!(advice, [Advice::Probe, Advice::Probe, Advice::Probe, Advice::Stop]);
        assert!(!agent.exited(&configuration, at(1001)), "the end of a process that was stopped is not a second failure");
    }

    #[test]
    fn an_answered_probe_keeps_the_agent_running() {
        let configuration = configuration();
        let mut agent = Supervised::started(&configuration, at(0));
        agent.ready(&configuration, at(0));
        for _ in 0..100 {
            let deadline = agent.deadline().expect("running agents are probed");
            assert_eq!(agent.advise(&configuration, deadline), Advice::Probe);
            agent.answered();
        }
    }

    #[test]
    fn the_pause_doubles_up_to_its_maximum_and_a_clean_run_resets_it() {
        let configuration = configuration();
        let mut agent = Supervised::started(&configuration, at(0));
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            agent.exited(&configuration, now);
            let until = agent.deadline().expect("waiting");
            pauses.push(until.saturating_since(now).as_nanos() / 1_000_000);
            assert!(matches!(agent.advise(&configuration, until), Advice::Restart { .. }));
            agent.ready(&configuration, until);
            now = until + Duration::from_millis(1);
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        now += configuration.clean_run;
        agent.exited(&configuration, now);
        assert_eq!(agent.deadline(), Some(now + configuration.backoff));
    }

    proptest! {
        #[test]
        fn the_pause_is_never_above_its_maximum(attempts in 0u32..10_000, factor in 1.0f64..10.0) {
            let configuration = SupervisorConfiguration { backoff_factor: factor, ..configuration() };
            prop_assert!(pause(&configuration, attempts) <= configuration.backoff_max);
            prop_assert!(pause(&configuration, attempts) >= configuration.backoff);
        }
    }
}
