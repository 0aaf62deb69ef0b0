//! What the stack is configured with. [`Configuration::walk`] is the one place where parameters, ranges and defaults are named.

use hms_machine::Duration;

use crate::health::HealthConfiguration;
use crate::supervisor::SupervisorConfiguration;
use crate::tunables::{Scale, Tunable, Value, Visitor, visit};

/// The configuration of every node's stack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Configuration {
    /// Heartbeats and the failure detector.
    pub health: HealthConfiguration,
    /// Restarts of local agents.
    pub supervisor: SupervisorConfiguration,
}

const fn millis(millis: u64) -> Value {
    Value::Duration(Duration::from_millis(millis))
}

const fn switch(name: &'static str, help: &'static str) -> Tunable {
    Tunable {
        name,
        help,
        low: Value::Switch(false),
        high: Value::Switch(true),
        default: Value::Switch(true),
        scale: Scale::Linear,
    }
}

const HEALTH_ENABLED: Tunable =
    switch("health.enabled", "Sends heartbeats and suspects silent peers; off: calls go to every replica, dead or alive.");
const HEARTBEAT: Tunable = Tunable {
    name: "health.heartbeat",
    help: "Time between two heartbeats of a node. Shorter: faster detection, more messages and CPU.",
    low: millis(10),
    high: Value::Duration(Duration::from_secs(3600)),
    default: millis(100),
    scale: Scale::Logarithmic,
};
const TIMEOUT: Tunable = Tunable {
    name: "health.timeout",
    help: "A peer that was not heard for this long is suspected. Shorter: faster detection, more false suspicions.",
    low: millis(20),
    high: Value::Duration(Duration::from_secs(24 * 3600)),
    default: millis(500),
    scale: Scale::Logarithmic,
};
const MONITORS: Tunable = Tunable {
    name: "health.monitors",
    help: "Number of peers (the next on the ring of nodes) that watch each node; edges watch all. More: fewer blind callers, more messages.",
    low: Value::Integer(1),
    high: Value::Integer(256),
    default: Value::Integer(16),
    scale: Scale::Logarithmic,
};
const SUPERVISOR_ENABLED: Tunable =
    switch("supervisor.enabled", "Starts agents again that have ended or are stuck; off: agents are started once, at boot.");
const BACKOFF: Tunable = Tunable {
    name: "supervisor.backoff",
    help: "Pause before the first restart of an agent. Longer: slower recovery, gentler on what the agent needs.",
    low: millis(1),
    high: Value::Duration(Duration::from_secs(60)),
    default: millis(100),
    scale: Scale::Logarithmic,
};
const BACKOFF_FACTOR: Tunable = Tunable {
    name: "supervisor.backoff_factor",
    help: "Growth of the pause from restart to restart.",
    low: Value::Real(1.0),
    high: Value::Real(10.0),
    default: Value::Real(2.0),
    scale: Scale::Linear,
};
const BACKOFF_MAX: Tunable = Tunable {
    name: "supervisor.backoff_max",
    help: "Longest pause before a restart.",
    low: millis(1),
    high: Value::Duration(Duration::from_secs(3600)),
    default: Value::Duration(Duration::from_secs(10)),
    scale: Scale::Logarithmic,
};
const CLEAN_RUN: Tunable = Tunable {
    name: "supervisor.clean_run",
    help: "An agent that ran this long starts again with the shortest pause.",
    low: millis(100),
    high: Value::Duration(Duration::from_secs(3600)),
    default: Value::Duration(Duration::from_secs(30)),
    scale: Scale::Logarithmic,
};
const START_TIMEOUT: Tunable = Tunable {
    name: "supervisor.start_timeout",
    help: "An agent that is not ready this long after its start is stopped and started again.",
    low: millis(100),
    high: Value::Duration(Duration::from_secs(24 * 3600)),
    default: Value::Duration(Duration::from_secs(60)),
    scale: Scale::Logarithmic,
};
const PROBE_EVERY: Tunable = Tunable {
    name: "supervisor.probe_every",
    help: "Time between two liveness probes of an agent. Shorter: stuck agents are found sooner, more CPU.",
    low: millis(10),
    high: Value::Duration(Duration::from_secs(3600)),
    default: millis(250),
    scale: Scale::Logarithmic,
};
const PROBE_FAILURES: Tunable = Tunable {
    name: "supervisor.probe_failures",
    help: "That many probes in a row without an answer make an agent count as stuck. Fewer: faster, more needless restarts.",
    low: Value::Integer(1),
    high: Value::Integer(20),
    default: Value::Integer(3),
    scale: Scale::Linear,
};

impl Configuration {
    /// Shows every parameter to `visitor`, in a fixed order.
    pub fn walk(&mut self, visitor: &mut impl Visitor) {
        let Configuration { health, supervisor } = self;
        let HealthConfiguration { enabled, heartbeat, timeout, monitors } = health;
        visit(visitor, &HEALTH_ENABLED, enabled);
        visit(visitor, &HEARTBEAT, heartbeat);
        visit(visitor, &TIMEOUT, timeout);
        visit(visitor, &MONITORS, monitors);
        let SupervisorConfiguration {
            enabled,
            backoff,
            backoff_factor,
            backoff_max,
            clean_run,
            start_timeout,
            probe_every,
            probe_failures,
        } = supervisor;
        visit(visitor, &SUPERVISOR_ENABLED, enabled);
        visit(visitor, &BACKOFF, backoff);
        visit(visitor, &BACKOFF_FACTOR, backoff_factor);
        visit(visitor, &BACKOFF_MAX, backoff_max);
        visit(visitor, &CLEAN_RUN, clean_run);
        visit(visitor, &START_TIMEOUT, start_timeout);
        visit(visitor, &PROBE_EVERY, probe_every);
        visit(visitor, &PROBE_FAILURES, probe_failures);
    }

    /// Rules that concern more than one parameter; each violation names the parameters, what was expected, and the fix.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.health.timeout <= self.health.heartbeat {
            conflicts.push(Conflict {
                names: [TIMEOUT.name, HEARTBEAT.name],
                message: format!(
                    "health.timeout ({}) must be longer than health.heartbeat ({}), or every peer is suspected between two heartbeats",
                    self.health.timeout, self.health.heartbeat
                ),
            });
        }
        if self.supervisor.backoff_max < self.supervisor.backoff {
            conflicts.push(Conflict {
                names: [BACKOFF_MAX.name, BACKOFF.name],
                message: format!(
                    "supervisor.backoff_max ({}) must be at least supervisor.backoff ({})",
                    self.supervisor.backoff_max, self.supervisor.backoff
                ),
            });
        }
        conflicts
    }
}

/// Two parameters that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The parameters.
    pub names: [&'static str; 2],
    /// What is wrong and what to do.
    pub message: String,
}

/// The defaults that stand in the walk.
impl Default for Configuration {
    fn default() -> Self {
        struct Defaults;
        impl Visitor for Defaults {
            fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
                *value = tunable.default;
            }
        }
        let mut configuration = Configuration { health: HealthConfiguration::BLANK, supervisor: SupervisorConfiguration::BLANK };
        configuration.walk(&mut Defaults);
        configuration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Collect(Vec<(Tunable, Value)>);
    impl Visitor for Collect {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            self.0.push((*tunable, *value));
        }
    }

    fn collected() -> Vec<(Tunable, Value)> {
        let mut collect = Collect(Vec::new());
        Configuration::default().walk(&mut collect);
        collect.0
    }

    #[test]
    fn every_default_lies_in_its_range_and_is_what_the_walk_says() {
        for (tunable, value) in collected() {
            assert!(tunable.admits(value), "{}", tunable.name);
            assert_eq!(value, tunable.default, "{}", tunable.name);
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = collected().iter().map(|(tunable, _)| tunable.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn the_default_has_no_conflicts_and_a_timeout_below_the_heartbeat_is_one() {
        let mut configuration = Configuration::default();
        assert_eq!(configuration.conflicts(), []);
        configuration.health.timeout = configuration.health.heartbeat;
        assert_eq!(configuration.conflicts()[0].names, ["health.timeout", "health.heartbeat"]);
    }
}
