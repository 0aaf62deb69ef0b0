//! Fault processes: when nodes fail, for how long, and how many at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ParameterError, check_law, value};
use crate::fit::Model;
use crate::trace::{Cause, TraceKind};

/// When nodes fail and for how long. Exactly one of `between_starts` and `up_time` is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultModel {
    /// Name, unique in the file.
    pub name: String,
    /// Where in the citation these values stand, or how they were made from it.
    pub source: String,
    /// What the faults are; `crash` unless said otherwise.
    #[serde(default = "crash", skip_serializing_if = "is_crash")]
    pub kind: TraceKind,
    /// Nodes that the values were observed on; for information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u32>,
    /// First parts of the domains of the rows; `synth/` and the name unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Share of the target's capacity that is lost, 0..=1; all of it unless said otherwise.
    #[serde(default = "all", skip_serializing_if = "is_all")]
    pub severity: f64,
    /// Share of faults of each cause; what is missing to one is `unknown`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub causes: BTreeMap<Cause, f64>,
    /// Time from the start of a node's fault to the start of its next, whatever the repair takes: faults of a node may overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between_starts: Option<TimeLaw>,
    /// Time from the end of a node's fault to the start of its next: faults of a node never overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_time: Option<TimeLaw>,
    /// Duration of a fault. Without it faults are permanent: after an up time there is at most one for each node, while with times
    /// between starts each is another permanent fault (the next drive of the node).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<TimeLaw>,
    /// Distribution of the rows' `param`, only with kind `slow`: the factor by which times grow; draws below one count as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<Model>,
    /// Faults that hit several nodes at once; only with `between_starts`, since they come whether the node is up or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bursts: Option<BurstModel>,
}

/// A distribution of times and their unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeLaw {
    /// Unit of the values.
    pub unit: TimeUnit,
    /// Their distribution.
    pub law: Model,
}

/// Units of published times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeUnit {
    /// Milliseconds.
    #[serde(rename = "ms")]
    Millis,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Hours.
    #[serde(rename = "h")]
    Hours,
    /// Days of 24 hours.
    #[serde(rename = "d")]
    Days,
}

/// Faults that start on several nodes of one domain at the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurstModel {
    /// Share of the faults (rows) that belong to a burst, 0 to below 1.
    pub share: f64,
    /// Mean number of nodes of a burst, at least 2. Sizes are 2 plus a geometric number, cut off at the size of the domain.
    pub nodes_mean: f64,
    /// Nodes of a domain within which a burst stays; all nodes unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_nodes: Option<u32>,
}

/// By how much published shares may exceed one in sum, since each was rounded.
const ROUNDING: f64 = 1e-3;

fn crash() -> TraceKind {
    TraceKind::Crash
}

fn is_crash(kind: &TraceKind) -> bool {
    *kind == TraceKind::Crash
}

fn all() -> f64 {
    1.0
}

fn is_all(severity: &f64) -> bool {
    *severity == 1.0
}

impl TimeUnit {
    /// Length in seconds.
    pub const fn seconds(self) -> f64 {
        match self {
            TimeUnit::Millis => 1e-3,
            TimeUnit::Seconds => 1.0,
            TimeUnit::Hours => 3_600.0,
            TimeUnit::Days => 86_400.0,
        }
    }
}

impl TimeLaw {
    /// The distribution of the same times in seconds.
    pub fn in_seconds(&self) -> Model {
        self.law.scaled(self.unit.seconds())
    }
}

impl FaultModel {
    /// A model of crashes without any times yet: give it `between_starts` or `up_time`.
    pub fn new(name: &str, source: &str) -> Self {
        FaultModel {
            name: name.to_owned(),
            source: source.to_owned(),
            kind: crash(),
            nodes: None,
            domain: None,
            severity: all(),
            causes: BTreeMap::new(),
            between_starts: None,
            up_time: None,
            repair: None,
            param: None,
            bursts: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ParameterError> {
        let FaultModel {
            name,
            source: _,
            kind,
            nodes: _,
            domain: _,
            severity,
            causes,
            between_starts,
            up_time,
            repair,
            param,
            bursts,
        } = self;
        let place = |key: &str| format!("model `{name}`, `{key}`");
        let share = |share: f64| (0.0..=1.0).contains(&share);
        if between_starts.is_some() == up_time.is_some() {
            let found = if up_time.is_some() { "both" } else { "neither" };
            return Err(value(&format!("model `{name}`"), "exactly one of `between_starts` and `up_time`", &found));
        }
        let laws = [("between_starts", between_starts), ("up_time", up_time), ("repair", repair)];
        for (key, law) in laws {
            law.map_or(Ok(()), |law| check_law(&place(&format!("{key}.law")), &law.in_seconds()))?;
        }
        param.map_or(Ok(()), |law| check_law(&place("param"), &law))?;
        if param.is_some() != (*kind == TraceKind::Slow) {
            let found = if param.is_some() { format!("`param` with `{kind}`") } else { "`slow` without `param`".to_owned() };
            return Err(value(&place("kind"), "`param` with kind `slow`, and only with it", &found));
        }
        if !share(*severity) {
            return Err(value(&place("severity"), "a share between 0 and 1", severity));
        }
        let total: f64 = causes.values().sum();
        if !causes.values().all(|cause| share(*cause)) || total > 1.0 + ROUNDING {
            return Err(value(&place("causes"), "shares between 0 and 1 that sum to at most 1", &total));
        }
        if let Some(BurstModel { share, nodes_mean, domain_nodes }) = bursts {
            if between_starts.is_none() {
                return Err(value(&place("bursts"), "bursts only together with `between_starts`", &"`up_time`"));
            }
            if !(0.0..1.0).contains(share) {
                return Err(value(&place("bursts.share"), "a share of 0 to below 1", share));
            }
            if !(*nodes_mean >= 2.0 && nodes_mean.is_finite()) {
                return Err(value(&place("bursts.nodes_mean"), "at least 2 nodes", nodes_mean));
            }
            if domain_nodes.is_some_and(|nodes| nodes < 2) {
                return Err(value(&place("bursts.domain_nodes"), "at least 2 nodes", &domain_nodes.unwrap_or(0)));
            }
        }
        Ok(())
    }
}
