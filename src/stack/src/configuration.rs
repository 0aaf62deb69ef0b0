//! What the stack is configured with. [`Configuration::walk`] meets every parameter; each is declared once, by its component.

use crate::balancing::{BalancingConfiguration, OutlierConfiguration};
use crate::breaker::{BreakerConfiguration, FallbackConfiguration};
use crate::health::alerts::AlertConfiguration;
use crate::health::anomaly::AnomalyConfiguration;
use crate::health::checks::CheckConfiguration;
use crate::health::detector::contract::ContractConfiguration;
use crate::health::links::LinkConfiguration;
use crate::health::swim::SwimConfiguration;
use crate::health::{AggregationConfiguration, HealthConfiguration, HistoryConfiguration, PredictionConfiguration};
use crate::overload::{
    BudgetConfiguration, BulkheadConfiguration, ConcurrencyConfiguration, HedgeConfiguration, RateConfiguration,
    RetryConfiguration, SheddingConfiguration, ThrottleConfiguration,
};
use crate::supervisor::SupervisorConfiguration;
use crate::supervisor::guard::GuardConfiguration;
use crate::supervisor::ladder::LadderConfiguration;
use crate::supervisor::placement::PlacementConfiguration;
use crate::supervisor::quarantine::QuarantineConfiguration;
use crate::supervisor::state::StateConfiguration;
use crate::tunables::Visitor;

/// The parts of a configuration, each under the name that its parameters begin with.
macro_rules! components {
    ($($(#[doc = $doc:literal])* $field:ident: $type:ty,)*) => {
        /// The configuration of every node's stack.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct Configuration {
            $($(#[doc = $doc])* pub $field: $type,)*
        }

        impl Configuration {
            /// Shows every parameter to `visitor`, in a fixed order.
            pub fn walk(&mut self, visitor: &mut impl Visitor) {
                $(self.$field.walk(visitor);)*
            }
        }
    };
}

components! {
    /// Heartbeats and the failure detector.
    health: HealthConfiguration,
    /// What is asked of the failure detector, in place of its parameters.
    contract: ContractConfiguration,
    /// Membership by random probes and gossip.
    swim: SwimConfiguration,
    /// What heartbeats say about the network and the clocks.
    links: LinkConfiguration,
    /// Health checks of agents, hosts and peers.
    checks: CheckConfiguration,
    /// Trends towards exhaustion.
    prediction: PredictionConfiguration,
    /// What does not fit the past of a series.
    anomaly: AnomalyConfiguration,
    /// What readings were.
    history: HistoryConfiguration,
    /// How well services, zones and the cluster are.
    aggregation: AggregationConfiguration,
    /// Alerts to people.
    alerts: AlertConfiguration,
    /// Supervision of the node's own agents.
    supervisor: SupervisorConfiguration,
    /// Which recovery is tried, and which after it.
    ladder: LadderConfiguration,
    /// What keeps recoveries from doing harm.
    guard: GuardConfiguration,
    /// Where agents go that must leave their node.
    placement: PlacementConfiguration,
    /// Checkpoints and copies of state.
    state: StateConfiguration,
    /// Requests that kill whoever works on them.
    quarantine: QuarantineConfiguration,
    /// Circuit breakers.
    breaker: BreakerConfiguration,
    /// What is tried when a call fails or is turned away.
    fallback: FallbackConfiguration,
    /// Retries of failed calls.
    retry: RetryConfiguration,
    /// How much of the traffic may be retries.
    retry_budget: BudgetConfiguration,
    /// Second copies of slow calls.
    hedge: HedgeConfiguration,
    /// Which replica gets a call.
    balancing: BalancingConfiguration,
    /// Replicas that do worse than their peers.
    outlier: OutlierConfiguration,
    /// Calls held back while most are refused.
    throttle: ThrottleConfiguration,
    /// Rate of calls.
    rate_limit: RateConfiguration,
    /// Calls in progress: a fixed limit.
    bulkhead: BulkheadConfiguration,
    /// Calls in progress: a limit that adapts.
    concurrency: ConcurrencyConfiguration,
    /// Requests that a server turns away.
    shedding: SheddingConfiguration,
}

impl Configuration {
    /// Rules that concern more than one parameter; each violation names the parameters, what was expected, and the fix.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = self.health.conflicts();
        conflicts.extend(self.contract.conflicts());
        conflicts.extend(self.swim.conflicts());
        conflicts.extend(self.links.conflicts());
        conflicts.extend(self.checks.conflicts());
        conflicts.extend(self.anomaly.conflicts());
        conflicts.extend(self.alerts.conflicts());
        conflicts.extend(self.supervisor.conflicts());
        conflicts.extend(self.ladder.conflicts());
        conflicts.extend(self.guard.conflicts());
        conflicts.extend(self.state.conflicts());
        conflicts.extend(self.breaker.conflicts());
        conflicts.extend(self.fallback.conflicts());
        conflicts.extend(self.retry.conflicts());
        conflicts.extend(self.retry_budget.conflicts());
        conflicts.extend(self.outlier.conflicts());
        conflicts.extend(self.concurrency.conflicts());
        conflicts.extend(self.shedding.conflicts());
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
    fn in1_every_component_can_be_switched_off() {
        let names: Vec<_> = collected().iter().map(|(tunable, _)| tunable.name).collect();
        let mut components: Vec<_> =
            names.iter().filter_map(|name| name.split_once('.')).map(|(component, _)| component).collect();
        components.dedup();
        // Parts of other components: they act only where those do.
        let parts = ["swim", "prediction", "balancing"];
        for component in components.iter().filter(|component| !parts.contains(component)) {
            assert!(names.contains(&format!("{component}.enabled").as_str()), "{component}");
        }
    }

    #[test]
    fn the_default_has_no_conflicts_and_a_timeout_below_the_heartbeat_is_one() {
        let mut configuration = Configuration::default();
        assert_eq!(configuration.conflicts(), []);
        configuration.health.timeout = configuration.health.heartbeat;
        assert_eq!(configuration.conflicts()[0].names, ["health.timeout", "health.heartbeat"]);
    }
}
