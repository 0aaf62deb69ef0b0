//! From rules to occurrences.

use hms_machine::{Distribution, Instant, Purpose, Ratio, Streams};
use hms_scenario::model::{Fault, Scenario, Start, Target, TraceFault};

use super::severity::scaled;
use super::targets::{Stage, is_instantaneous};
use super::{FaultId, ScheduledFault};
use crate::services::placement::Placement;

const GAP: Purpose = Purpose::named("fault/gap");
const DURATION: Purpose = Purpose::named("fault/duration");
const KEY: Purpose = Purpose::named("fault/key");

/// Where names of groups and of rules become keys: a group and a rule of one name have different draws.
const GROUP_NAMES: Purpose = Purpose::named("fault/groups");
const RULE_NAMES: Purpose = Purpose::named("fault/rules");

/// The entity of draws that all victims of a rule share.
const TOGETHER: u64 = u64::MAX;

/// Scenarios are checked to expect fewer by far; more mean that the time between occurrences is next to nothing.
const OCCURRENCES_MAX: u64 = 10_000_000;

/// A fault before its place in the schedule is known.
pub(super) struct Draft {
    pub(super) rule: usize,
    pub(super) occurrence: u64,
    pub(super) entity: u64,
    pub(super) fault: ScheduledFault,
}

impl Draft {
    pub(super) fn order(&self) -> (Instant, usize, u64, u64) {
        (self.fault.start, self.rule, self.occurrence, self.entity)
    }
}

/// The occurrences of all rules, in no order; starts may lie beyond the end of the run.
pub(super) fn drafts(scenario: &Scenario, placement: &Placement, streams: &Streams) -> Vec<Draft> {
    let stage = Stage { scenario, placement, streams };
    let rules = scenario.faults.iter().enumerate();
    rules.flat_map(|(index, rule)| Rule::new(stage, rule, index).drafts()).collect()
}

/// Names an occurrence independently of what else is scheduled.
pub(super) fn occurrence_key(rule: u64, entity: u64, occurrence: u64) -> u64 {
    KEY.part(rule).part(entity).part(occurrence).hash()
}

struct Rule<'a> {
    stage: Stage<'a>,
    rule: &'a Fault,
    index: usize,
    /// Of the rule: for its victims and the keys of its occurrences.
    key: u64,
    /// Of the rule or of its group: for starts and durations.
    time_key: u64,
    /// The renewing rules that keep step with this one: itself, or those of its group.
    company: Vec<&'a Fault>,
}

impl<'a> Rule<'a> {
    fn new(stage: Stage<'a>, rule: &'a Fault, index: usize) -> Self {
        let key = name_key(RULE_NAMES, &rule.name);
        let time_key = rule.group.as_ref().map_or(key, |group| name_key(GROUP_NAMES, group));
        let renews = |other: &&Fault| matches!(other.start, Start::Every(_)) && other.group == rule.group;
        let company = match rule.group {
            None => vec![rule],
            Some(_) => stage.scenario.faults.iter().filter(renews).collect(),
        };
        Rule { stage, rule, index, key, time_key, company }
    }

    fn drafts(&self) -> Vec<Draft> {
        match &self.rule.start {
            Start::At(instants) => self.at(instants),
            Start::Every(gap) => match &self.rule.target {
                // A group strikes together, and so do the nodes inside one of its rules.
                Target::Nodes(nodes) if self.rule.group.is_none() => {
                    nodes.iter().flat_map(|node| self.renewals(gap, &Target::Nodes(vec![*node]), u64::from(node.0))).collect()
                }
                target => self.renewals(gap, target, TOGETHER),
            },
            Start::Trace(rows) => rows.iter().enumerate().filter_map(|(index, row)| self.row(index as u64, row)).collect(),
        }
    }

    fn at(&self, instants: &[Instant]) -> Vec<Draft> {
        let occurrence = |(index, start): (usize, &Instant)| {
            let ordinal = index as u64;
            let end = self.end(self.rule, *start, TOGETHER, ordinal);
            self.draft(&self.rule.target, TOGETHER, ordinal, *start, end)
        };
        instants.iter().enumerate().filter_map(occurrence).collect()
    }

    /// Up, down, up, down: the next gap begins where the last occurrence ended, in a group where the last of its faults ended, so that rules
    /// of one gap strike together however long each lasts.
    fn renewals(&self, gap: &Distribution, target: &Target, entity: u64) -> Vec<Draft> {
        let run_end = Instant::ZERO.saturating_add(self.stage.scenario.run.duration);
        let mut drafts = Vec::new();
        let mut free = Instant::ZERO;
        for ordinal in 0.. {
            assert!(ordinal < OCCURRENCES_MAX, "fault {}: {OCCURRENCES_MAX} occurrences before {free}", self.rule.name);
            let up = gap.sample_duration(&mut self.stage.streams.draw(GAP.part(self.time_key), entity, ordinal));
            let start = free.saturating_add(up);
            if start >= run_end {
                break;
            }
            drafts.extend(self.draft(target, entity, ordinal, start, self.end(self.rule, start, entity, ordinal)));
            let ends = self.company.iter().map(|rule| self.end(rule, start, entity, ordinal));
            match ends.collect::<Option<Vec<_>>>() {
                Some(ends) => free = ends.into_iter().fold(start, Instant::max),
                None => break,
            }
        }
        drafts
    }

    /// When a rule's occurrence that begins at `start` is over; `None`: never.
    fn end(&self, rule: &Fault, start: Instant, entity: u64, ordinal: u64) -> Option<Instant> {
        if is_instantaneous(&rule.kind) {
            return Some(start);
        }
        let law = rule.duration.as_ref()?;
        let duration = law.sample_duration(&mut self.stage.streams.draw(DURATION.part(self.time_key), entity, ordinal));
        Some(start.saturating_add(duration))
    }

    fn row(&self, ordinal: u64, row: &TraceFault) -> Option<Draft> {
        let on_node = Target::Nodes(vec![row.node]);
        let target = match &self.rule.target {
            stated @ (Target::Load(_)
            | Target::Service(_)
            | Target::Links { .. }
            | Target::Replica(..)
            | Target::RandomReplica(_)) => stated,
            Target::Nodes(_)
            | Target::RandomNodes(_)
            | Target::Rack(_)
            | Target::Zone(_)
            | Target::Region(_)
            | Target::Cluster => &on_node,
        };
        let end = match row.duration {
            _ if is_instantaneous(&self.rule.kind) => Some(row.start),
            duration => duration.map(|duration| row.start.saturating_add(duration)),
        };
        let mut draft = self.draft(target, u64::from(row.node.0), ordinal, row.start, end)?;
        draft.fault.severity = row.severity;
        draft.fault.kind = scaled(&self.rule.kind, row.severity);
        Some(draft)
    }

    fn draft(&self, target: &Target, entity: u64, occurrence: u64, start: Instant, end: Option<Instant>) -> Option<Draft> {
        let rule = self.rule;
        let fault = ScheduledFault {
            id: FaultId::default(),
            key: occurrence_key(self.key, entity, occurrence),
            name: rule.name.clone(),
            kind: rule.kind.clone(),
            victims: self.stage.victims(rule, target, self.key, occurrence)?,
            start,
            end,
            group: rule.group.clone(),
            severity: Ratio::ONE,
        };
        Some(Draft { rule: self.index, occurrence, entity, fault })
    }
}

fn name_key(space: Purpose, name: &str) -> u64 {
    space.part(Purpose::named(name).hash()).hash()
}
