//! Guard against cascades: whether a recovery may be made now (AS5, AS-S4, CB-S3).
//!
//! Picture: a doctor's rule, *first do no harm*. Every recovery that the ladder decides is shown to the guard first. It refuses
//! - to take down a replica that still serves, if that left too few of its service (**blast radius**), or none that is healthy
//!   (**last one**);
//! - more recoveries than a node, or a service in a zone, has tokens for (**budget**: a token bucket each);
//! - anything destructive while most of the cluster looks down: then the observer is more likely the one that is cut off, and
//!   moving everybody's agents to its side would be the disaster (**outlook**; Kubernetes' node controller stops evictions
//!   likewise when all zones look disrupted);
//! - anything destructive against a zone of which most nodes look down, and any isolation, unless a **quorum** of observers
//!   shares the belief.
//!
//! Contract: a policy over beliefs; it knows what it is told. A permitted recovery takes its tokens and counts as under way until
//! [`Guard::ended`], or until `recovery_timeout` has passed: a lost end must not block others for ever. Refusals cost nothing.
//!
//! Every deciding node has a guard of its own, and none sees what another has permitted before its effects show. What takes
//! serving replicas down is therefore decided in one place ([`super::leadership`]); two rival leaders can together exceed the
//! share.

use std::collections::BTreeMap;

use hms_machine::{AgentId, Duration, Instant, NodeId, ServiceId};

use crate::configuration::Conflict;
use crate::tunables::{hours, mins, ms, parameters, secs};

parameters! {
    /// Parameters of the guard against cascades and of the gate for starts.
    pub struct GuardConfiguration("guard") {
        enabled: bool = switch(true),
            "Refuses recoveries that could spread a failure, and staggers starts; off: every recovery is made at once.";
        share: f64 = real(0.0, 1.0, 0.34),
            "Largest share of a service's replicas that may be down for a recovery that takes one down on purpose; one is always allowed.";
        healthy_left: u32 = integer(1, 100, 1),
            "Healthy replicas of the service that must remain when one is taken down on purpose.";
        node_burst: u32 = integer(1, 1000, 20),
            "Recoveries that one node may have at once. Fewer: less load on a node in trouble, slower recovery of many agents.";
        node_refill: Duration = duration(ms(10), hours(1), secs(2)),
            "Time in which a node earns one further recovery.";
        zone_burst: u32 = integer(1, 1000, 10),
            "Recoveries that one service may have at once in one zone.";
        zone_refill: Duration = duration(ms(10), hours(1), secs(3)),
            "Time in which a service earns one further recovery in a zone.";
        majority: f64 = real(0.0, 1.0, 0.5),
            "With more than this share of nodes believed down, nothing destructive is done (cluster), or only by quorum (zone).";
        quorum: f64 = real(0.0, 1.0, 0.5),
            "More than this share of the observers asked must share a belief before an agent is isolated.";
        recovery_timeout: Duration = duration(ms(100), hours(1), mins(2)),
            "A recovery of which nothing is heard counts as under way for this long.";
        starts_at_once: u32 = integer(1, 1000, 4),
            "Starts under way at once. Fewer: gentler after a zone comes back, slower.";
        patience: Duration = duration(ms(10), hours(1), secs(10)),
            "A start waits this long for the services it needs, then it is made all the same.";
    }
}

impl GuardConfiguration {
    /// Parameters that do not go together.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.patience >= self.recovery_timeout {
            conflicts.push(Conflict {
                names: ["guard.patience", "guard.recovery_timeout"],
                message: format!(
                    "guard.patience ({}) must be shorter than guard.recovery_timeout ({}), or a start that waits counts as lost",
                    self.patience, self.recovery_timeout
                ),
            });
        }
        conflicts
    }
}

/// A recovery that wants permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The agent to recover.
    pub agent: AgentId,
    /// Of which service it is a replica.
    pub service: ServiceId,
    /// Where it stands (or stood).
    pub node: NodeId,
    /// The zone of that node.
    pub zone: u32,
    /// Whether a mistaken belief would do damage: see [`super::ladder::destructive`].
    pub destructive: bool,
    /// Whether the agent is to be fenced off.
    pub isolating: bool,
}

/// How the service of the agent is believed to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replicas<'a> {
    /// All there should be.
    pub total: u32,
    /// Those that serve well, the agent included if it is one of them. Who is being recovered does not count, listed or not.
    pub healthy: &'a [AgentId],
    /// Whether the agent itself still serves, well or badly: then its recovery takes it down on purpose.
    pub agent_serves: bool,
}

/// How many are believed down among some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Believed down, or agreeing.
    pub of_them: u32,
    /// All.
    pub all: u32,
}

/// What the observer believes of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Nodes believed down in the cluster.
    pub cluster: Count,
    /// Nodes believed down in the zone of the agent.
    pub zone: Count,
    /// Observers that share the belief on which the recovery stands, of those asked, this one included.
    pub believers: Count,
}

/// The guard's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// The recovery may be made; it counts as under way.
    Granted,
    /// It may not.
    Refused(Refusal),
}

/// Why a recovery may not be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// A recovery of this agent is under way.
    UnderWay,
    /// Most of the cluster looks down.
    CutOff,
    /// Not enough observers agree.
    NoQuorum,
    /// It would take down the last healthy replicas.
    LastHealthy,
    /// Too many replicas of the service are down already.
    BlastRadius,
    /// The node has no tokens left until then.
    NodeBudget(Instant),
    /// The service has no tokens left in this zone until then.
    ZoneBudget(Instant),
}

impl Count {
    /// Whether more than this share of all is meant. Of none, nothing is.
    fn exceeds(self, share: f64) -> bool {
        f64::from(self.of_them) > share * f64::from(self.all)
    }
}

/// Tokens that come back one by one.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: u32,
    /// When the refill of the next token began.
    since: Instant,
}

impl Bucket {
    fn full(burst: u32, now: Instant) -> Self {
        Bucket { tokens: burst, since: now }
    }

    fn refill(&mut self, burst: u32, refill: Duration, now: Instant) {
        let earned = now.saturating_since(self.since).as_nanos() / refill.as_nanos().max(1);
        if u64::from(self.tokens) + earned >= u64::from(burst) {
            *self = Bucket::full(burst, now);
        } else {
            self.tokens += earned as u32;
            self.since = self.since.saturating_add(refill.saturating_mul(earned));
        }
    }
}

/// What is under way, and what may still be.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Until when each permitted recovery counts.
    under_way: BTreeMap<AgentId, Instant>,
    nodes: BTreeMap<NodeId, Bucket>,
    zones: BTreeMap<(ServiceId, u32), Bucket>,
    refusals: u64,
}

impl Guard {
    /// May this recovery be made? `replicas` and `outlook` are what the asking node believes.
    pub fn ask(
        &mut self,
        configuration: &GuardConfiguration,
        request: Request,
        replicas: Replicas<'_>,
        outlook: Outlook,
        now: Instant,
    ) -> Permission {
        if !configuration.enabled {
            return Permission::Granted;
        }
        self.under_way.retain(|_, until| now < *until);
        let refusal = self
            .against_beliefs(configuration, request, outlook)
            .or_else(|| self.against_blast(configuration, request, replicas))
            .or_else(|| self.against_budget(configuration, request, now));
        if let Some(refusal) = refusal {
            self.refusals += 1;
            return Permission::Refused(refusal);
        }
        for bucket in self.nodes.get_mut(&request.node).into_iter().chain(self.zones.get_mut(&(request.service, request.zone))) {
            bucket.tokens -= 1;
        }
        self.under_way.insert(request.agent, now.saturating_add(configuration.recovery_timeout));
        Permission::Granted
    }

    /// The recovery of the agent has ended, well or not.
    pub fn ended(&mut self, agent: AgentId) {
        self.under_way.remove(&agent);
    }

    /// Agents with a permitted recovery that has not ended, as far as known.
    pub fn under_way(&self) -> impl Iterator<Item = AgentId> + '_ {
        self.under_way.keys().copied()
    }

    /// Recoveries refused so far.
    pub fn refusals(&self) -> u64 {
        self.refusals
    }

    fn against_beliefs(&self, configuration: &GuardConfiguration, request: Request, outlook: Outlook) -> Option<Refusal> {
        if self.under_way.contains_key(&request.agent) {
            return Some(Refusal::UnderWay);
        }
        if request.destructive && outlook.cluster.exceeds(configuration.majority) {
            return Some(Refusal::CutOff);
        }
        let doubtful = request.isolating || (request.destructive && outlook.zone.exceeds(configuration.majority));
        (doubtful && !outlook.believers.exceeds(configuration.quorum)).then_some(Refusal::NoQuorum)
    }

    /// Replicas that fail by themselves are recovered as they come, whatever the share; the limits are on harm done on purpose.
    fn against_blast(&self, configuration: &GuardConfiguration, request: Request, replicas: Replicas<'_>) -> Option<Refusal> {
        if !replicas.agent_serves {
            return None;
        }
        // What the guard has permitted counts as down even if the asking node has not noticed yet.
        let stays = |agent: &&AgentId| **agent != request.agent && !self.under_way.contains_key(*agent);
        let others = replicas.healthy.iter().filter(stays).count() as u32;
        if others < configuration.healthy_left {
            return Some(Refusal::LastHealthy);
        }
        let allowed = (f64::from(replicas.total) * configuration.share) as u32;
        let down = replicas.total.saturating_sub(others);
        (down > allowed.max(1)).then_some(Refusal::BlastRadius)
    }

    fn against_budget(&mut self, configuration: &GuardConfiguration, request: Request, now: Instant) -> Option<Refusal> {
        let (burst, refill) = (configuration.node_burst, configuration.node_refill);
        let bucket = self.nodes.entry(request.node).or_insert_with(|| Bucket::full(burst, now));
        bucket.refill(burst, refill, now);
        if bucket.tokens == 0 {
            return Some(Refusal::NodeBudget(bucket.since.saturating_add(refill)));
        }
        let (burst, refill) = (configuration.zone_burst, configuration.zone_refill);
        let bucket = self.zones.entry((request.service, request.zone)).or_insert_with(|| Bucket::full(burst, now));
        bucket.refill(burst, refill, now);
        (bucket.tokens == 0).then(|| Refusal::ZoneBudget(bucket.since.saturating_add(refill)))
    }
}

#[cfg(test)]
mod tests;
