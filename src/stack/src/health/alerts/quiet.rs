//! What keeps an alert quiet: another alert that explains it (inhibition), or a person who knows (silence). It is kept, not lost: once the
//! reason is gone, what still holds is told.

use std::collections::BTreeMap;

use hms_machine::Instant;

use super::{Alert, Fingerprint, Label, Labels, Matcher};
use crate::health::checks::{Severity, SubjectKind};

/// While a source fires, targets that agree with it in some labels are quiet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inhibition {
    /// What explains.
    pub source: Matcher,
    /// What is explained.
    pub target: Matcher,
    /// Both agree in this label, and have it.
    pub same: Label,
}

impl Inhibition {
    /// A failed node explains what its agents and their callers say, a failed zone what its nodes and their agents and callers say.
    pub fn standard() -> Vec<Inhibition> {
        let failed = |kind| Matcher { severity_min: Some(Severity::Critical), kind: Some(kind), ..Matcher::default() };
        let any = |kind| Matcher { kind: Some(kind), ..Matcher::default() };
        let (zone, node) = (failed(SubjectKind::Zone), failed(SubjectKind::Node));
        vec![
            Inhibition { source: zone, target: any(SubjectKind::Node), same: Label::Zone },
            Inhibition { source: zone, target: any(SubjectKind::Agent), same: Label::Zone },
            Inhibition { source: zone, target: any(SubjectKind::Peer), same: Label::Zone },
            Inhibition { source: node, target: any(SubjectKind::Agent), same: Label::Node },
            Inhibition { source: node, target: any(SubjectKind::Peer), same: Label::Node },
        ]
    }
}

/// The sources that fire now, so that asking for a target is a look-up.
pub(super) struct Inhibitors<'a> {
    rules: Vec<(&'a Inhibition, BTreeMap<Labels, Vec<Fingerprint>>)>,
}

impl<'a> Inhibitors<'a> {
    pub(super) fn new<'b>(rules: &'a [Inhibition], firing: impl Iterator<Item = &'b Alert> + Clone) -> Self {
        let places = |rule: &Inhibition| {
            let mut places: BTreeMap<Labels, Vec<Fingerprint>> = BTreeMap::new();
            for alert in firing.clone().filter(|alert| rule.source.matches(alert)) {
                places.entry(alert.labels.only(&[rule.same])).or_default().push(alert.fingerprint);
            }
            places
        };
        Inhibitors { rules: rules.iter().map(|rule| (rule, places(rule))).collect() }
    }

    pub(super) fn cover(&self, alert: &Alert) -> bool {
        self.rules.iter().any(|(rule, places)| {
            let place = alert.labels.only(&[rule.same]);
            let mut sources = places.get(&place).into_iter().flatten();
            // An alert does not explain itself.
            place != Labels::default() && rule.target.matches(alert) && sources.any(|source| *source != alert.fingerprint)
        })
    }
}

/// A person knows: alerts that fit are quiet for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    /// Which.
    pub matches: Matcher,
    /// From when.
    pub from: Instant,
    /// Until before when.
    pub until: Instant,
}

impl Silence {
    pub(super) fn covers(&self, alert: &Alert, now: Instant) -> bool {
        self.from <= now && now < self.until && self.matches.matches(alert)
    }
}
