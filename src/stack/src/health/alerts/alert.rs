//! What an alert is: whom it is about, what seems to be wrong, how urgent it is, and where that is.

use std::collections::BTreeMap;

use hms_machine::{AgentId, Directory, Instant, NodeId, ServiceId};

use crate::health::checks::{Cause, Severity, Subject, SubjectKind};

/// Where something is; also a choice among places: only fields with a value count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Labels {
    /// Index of the zone.
    pub zone: Option<u32>,
    /// The node.
    pub node: Option<NodeId>,
    /// The service.
    pub service: Option<ServiceId>,
    /// The agent.
    pub agent: Option<AgentId>,
}

/// One of the [`Labels`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// The zone.
    Zone,
    /// The node.
    Node,
    /// The service.
    Service,
    /// The agent.
    Agent,
}

impl Labels {
    /// Where a subject is, by the directory. An agent that was moved: take its labels and set the node and zone.
    pub fn of(subject: Subject, directory: &Directory) -> Self {
        let zone = |node: NodeId| Some(directory.nodes[node.index()].zone);
        match subject {
            Subject::Agent(agent) | Subject::Peer(agent) => {
                let place = directory.agents[agent.index()];
                Labels { zone: zone(place.node), node: Some(place.node), service: Some(place.service), agent: Some(agent) }
            }
            Subject::Node(node) => Labels { zone: zone(node), node: Some(node), ..Labels::default() },
            Subject::Service(service) => Labels { service: Some(service), ..Labels::default() },
            Subject::Zone(zone) => Labels { zone: Some(zone), ..Labels::default() },
            Subject::Cluster => Labels::default(),
        }
    }

    /// Only these labels.
    pub fn only(self, labels: &[Label]) -> Self {
        let mut kept = Labels::default();
        for label in labels {
            match label {
                Label::Zone => kept.zone = self.zone,
                Label::Node => kept.node = self.node,
                Label::Service => kept.service = self.service,
                Label::Agent => kept.agent = self.agent,
            }
        }
        kept
    }

    /// Whether every label that has a value in `wanted` has the same here.
    pub fn has(self, wanted: Labels) -> bool {
        fn fits<T: PartialEq>(here: Option<T>, wanted: Option<T>) -> bool {
            wanted.is_none() || here == wanted
        }
        fits(self.zone, wanted.zone)
            && fits(self.node, wanted.node)
            && fits(self.service, wanted.service)
            && fits(self.agent, wanted.agent)
    }
}

/// What makes two alerts the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    /// Whom it is about.
    pub subject: Subject,
    /// What seems to be wrong.
    pub cause: Cause,
}

/// Who says so: a check on a node. Several may say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The node that looked.
    pub node: NodeId,
    /// The check's name.
    pub check: &'static str,
}

/// Something is wrong, says a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Whom and what.
    pub fingerprint: Fingerprint,
    /// How urgent.
    pub severity: Severity,
    /// Where.
    pub labels: Labels,
    /// Who says so.
    pub source: Source,
}

/// An alert as a receiver gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Whom and what.
    pub fingerprint: Fingerprint,
    /// How urgent: the worst that a source says.
    pub severity: Severity,
    /// Where.
    pub labels: Labels,
    /// Since when.
    pub since: Instant,
}

/// An alert with those who say so.
#[derive(Clone, Debug)]
pub(super) struct Firing {
    pub(super) alert: Alert,
    pub(super) sources: BTreeMap<Source, Severity>,
}

/// Which alerts something concerns: those that fit every field that has a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    /// This urgent or more.
    pub severity_min: Option<Severity>,
    /// About this kind of subject.
    pub kind: Option<SubjectKind>,
    /// Of this cause.
    pub cause: Option<Cause>,
    /// In this place.
    pub labels: Labels,
}

impl Matcher {
    /// Whether an alert fits.
    pub fn matches(&self, alert: &Alert) -> bool {
        self.severity_min.is_none_or(|least| alert.severity >= least)
            && self.kind.is_none_or(|kind| alert.fingerprint.subject.kind() == kind)
            && self.cause.is_none_or(|cause| alert.fingerprint.cause == cause)
            && alert.labels.has(self.labels)
    }
}
