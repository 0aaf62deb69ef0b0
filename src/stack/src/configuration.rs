//! What the stack is configured with. [`Configuration::walk`] meets every parameter; each is declared once, by its component.

use crate::health::HealthConfiguration;
use crate::supervisor::SupervisorConfiguration;
use crate::supervisor::guard::GuardConfiguration;
use crate::supervisor::ladder::LadderConfiguration;
use crate::supervisor::placement::PlacementConfiguration;
use crate::supervisor::quarantine::QuarantineConfiguration;
use crate::supervisor::state::StateConfiguration;
use crate::tunables::Visitor;

/// The configuration of every node's stack.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Configuration {
    /// Heartbeats and the failure detector.
    pub health: HealthConfiguration,
    /// Restarts of local agents.
    pub supervisor: SupervisorConfiguration,
    /// Which recovery follows which.
    pub ladder: LadderConfiguration,
    /// Which recoveries and starts may be made now.
    pub guard: GuardConfiguration,
    /// Requests of which agents die.
    pub quarantine: QuarantineConfiguration,
    /// Checkpoints and copies of agents' state.
    pub state: StateConfiguration,
    /// Where agents go.
    pub placement: PlacementConfiguration,
}

impl Configuration {
    /// Shows every parameter to `visitor`, in a fixed order.
    pub fn walk(&mut self, visitor: &mut impl Visitor) {
        let Configuration { health, supervisor, ladder, guard, quarantine, state, placement } = self;
        health.walk(visitor);
        supervisor.walk(visitor);
        ladder.walk(visitor);
        guard.walk(visitor);
        quarantine.walk(visitor);
        state.walk(visitor);
        placement.walk(visitor);
    }

    /// Rules that concern more than one parameter; each violation names the parameters, what was expected, and the fix.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.health.timeout <= self.health.heartbeat {
            conflicts.push(Conflict {
                names: ["health.timeout", "health.heartbeat"],
                message: format!(
                    "health.timeout ({}) must be longer than health.heartbeat ({}), or every peer is suspected between two heartbeats",
                    self.health.timeout, self.health.heartbeat
                ),
            });
        }
        conflicts.extend(self.supervisor.conflicts());
        conflicts.extend(self.ladder.conflicts());
        conflicts.extend(self.guard.conflicts());
        conflicts.extend(self.state.conflicts());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tunables::{Tunable, Value};

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
