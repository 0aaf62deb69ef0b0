//! Agents that nothing has helped: handed over with their history, fenced off, and given a new beginning.

use hms_machine::{AgentId, Instant};

use super::{Cx, Recovery, Situation};

impl Recovery {
    /// An agent will be taken in that nothing has helped on another node: what is done next goes on from there.
    pub(crate) fn refer(&mut self, agent: AgentId, now: Instant) {
        self.ladder.arrived(agent, now);
    }

    pub(super) fn isolate(&mut self, agent: AgentId, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let Some(patient) = self.patients.get_mut(&agent) else { return };
        let times = self.isolations.entry(agent).or_insert(0);
        *times += 1;
        patient.isolated = Some(cx.now.saturating_add(situation.configuration.ladder.isolated_for(*times)));
        self.leave_tree(agent, situation, cx);
        self.guard.ended(agent);
    }

    /// An agent that was fenced off for long enough gets a new beginning. Its trouble is over when it has proven itself, not before.
    pub(super) fn release(&mut self, agent: AgentId, situation: Situation<'_>, cx: &mut Cx<'_>) {
        let Some(before) = self.discharge(agent) else { return };
        self.ladder.release(agent);
        self.admit(&[(agent, before.source)], false, situation, cx);
        if let Some(patient) = self.patients.get_mut(&agent) {
            patient.lifecycle.must_prove();
            patient.attempts = before.attempts;
        }
    }
}
