//! Acknowledgements that wait for copies: an entry counts once holders elsewhere have it too.
//!
//! Picture a notary who hands out a receipt only when the registry in the next town has confirmed the deed. Each entry is shipped as soon as it is
//! written, while the own disk flushes it; one shipment is under way to each holder at a time, and carries all that has come up meanwhile. An entry
//! that enough holders have is acknowledged, in the order of confirmations; one that they do not have by the time at which its caller gives up is
//! answered with an error, though it stands in the journal (as with semi-synchronous replication in `MySQL` and `acks=all` in Kafka, without
//! their falling back to the own disk alone).
//!
//! A holder takes no shipment of an instance once it knows of a later one, so an instance that has been replaced acknowledges nothing any more, as far as
//! holders were asked by its successor.

use hms_machine::{AgentId, CallOutcome, Duration, Instant, Machine, NodeId, Replication};

use super::event::{Event, InstanceId, JobKey};
use super::{Kernel, World};
use crate::kernel::TimerId;

/// What is not confirmed by then is shipped again (the shortest retransmission time-out of Linux's TCP).
const RESEND: Duration = Duration::from_millis(200);

/// What an instance's acknowledgements wait for.
#[derive(Clone, Debug)]
pub(crate) struct Copying {
    pub(super) rule: Replication,
    /// Shipments that have not been confirmed, and when they left.
    under_way: Vec<(NodeId, Instant)>,
    /// Requests whose entries the own disk has.
    waiting: Vec<JobKey>,
    timer: TimerId,
}

impl Copying {
    pub(super) fn new(timer: TimerId) -> Self {
        Copying { rule: Replication::default(), under_way: Vec::new(), waiting: Vec::new(), timer }
    }

    /// The process has ended, and all requests with it.
    pub(super) fn end(&mut self, kernel: &mut Kernel) {
        self.waiting.clear();
        self.under_way.clear();
        kernel.cancel_timer(self.timer);
    }

    fn needed(&self) -> usize {
        self.rule.holders.len().min(self.rule.copies as usize)
    }
}

impl<M: Machine> World<M> {
    /// The node says what an agent's acknowledgements wait for.
    pub(super) fn replicate(&mut self, node: NodeId, agent: AgentId, rule: Replication, kernel: &mut Kernel) {
        if self.nodes[node.index()].host.is_none() {
            return;
        }
        let id = self.instance_at(agent, node).unwrap_or_else(|| self.add_instance(agent, node, kernel));
        let copying = &mut self.instances[id.index()].copying;
        copying.rule = rule;
        // Who took nothing of it so far may do so now.
        copying.under_way.clear();
        self.copy_on(id, kernel);
    }

    /// Ships what holders lack, if acknowledgements wait for them.
    pub(super) fn copy_on(&mut self, id: InstanceId, kernel: &mut Kernel) {
        let now = kernel.now();
        let place = self.place(id);
        let instance = &mut self.instances[id.index()];
        if instance.copying.needed() == 0 || !instance.takes_entries() {
            return;
        }
        let all = instance.state.history().len();
        let holders = instance.copying.rule.holders;
        for holder in holders.iter() {
            let instance = &mut self.instances[id.index()];
            let known = instance.shipped.iter().find(|shipped| shipped.to == holder).map(|shipped| shipped.entries);
            let copying = &mut instance.copying;
            copying.under_way.retain(|(_, left)| now.saturating_since(*left) < RESEND);
            if known == Some(all) || copying.under_way.iter().any(|(to, _)| *to == holder) {
                continue;
            }
            copying.under_way.push((holder, now));
            self.ship(place.node, place.agent, holder, kernel);
        }
    }

    /// A holder has said how much it has of this instance's entries, and whether there is more for it.
    pub(super) fn copy_confirmed(&mut self, id: InstanceId, holder: NodeId, more: bool, kernel: &mut Kernel) {
        let copying = &mut self.instances[id.index()].copying;
        copying.under_way.retain(|(to, _)| *to != holder);
        let waiting = std::mem::take(&mut copying.waiting);
        let (safe, waiting) = waiting.into_iter().partition::<Vec<_>, _>(|key| self.has_copies(id, *key));
        self.instances[id.index()].copying.waiting = waiting;
        safe.into_iter().for_each(|key| self.acknowledged(key, kernel));
        if more {
            self.copy_on(id, kernel);
        }
    }

    fn has_copies(&self, id: InstanceId, key: JobKey) -> bool {
        let instance = &self.instances[id.index()];
        let Some(job) = self.jobs.get(key) else { return true };
        let has = |holder: NodeId| instance.shipped.iter().any(|shipped| shipped.to == holder && shipped.entries >= job.position);
        instance.copying.rule.holders.iter().filter(|holder| has(*holder)).count() >= instance.copying.needed()
    }

    /// Whether an entry that the own disk has must wait for copies; then it does.
    pub(super) fn waits_for_copies(&mut self, key: JobKey, kernel: &mut Kernel) -> bool {
        let job = &self.jobs[key];
        let (id, deadline) = (job.instance, job.deadline);
        if self.has_copies(id, key) {
            return false;
        }
        let copying = &mut self.instances[id.index()].copying;
        copying.waiting.push(key);
        self.look_again(id, deadline, kernel);
        true
    }

    /// Looks after what waits at `deadline`, or after the usual time if that is sooner.
    fn look_again(&mut self, id: InstanceId, deadline: Instant, kernel: &mut Kernel) {
        let instance = &self.instances[id.index()];
        let timer = instance.copying.timer;
        let due = deadline.min(kernel.now().saturating_add(RESEND)).max(kernel.now());
        if kernel.timer_deadline(timer).is_none_or(|planned| due < planned) {
            kernel.set_timer(timer, due, Event::Unconfirmed(id, instance.life));
        }
    }

    /// Gives up entries whose callers do, and ships the rest once more.
    pub(super) fn still_unconfirmed(&mut self, id: InstanceId, life: u32, kernel: &mut Kernel) {
        let now = kernel.now();
        if self.instances[id.index()].life != life {
            return;
        }
        let waiting = std::mem::take(&mut self.instances[id.index()].copying.waiting);
        let late = |key: &JobKey| self.jobs.get(*key).is_none_or(|job| job.deadline <= now);
        let (late, waiting) = waiting.into_iter().partition::<Vec<_>, _>(late);
        let next = waiting.iter().filter_map(|key| self.jobs.get(*key)).map(|job| job.deadline).min();
        self.instances[id.index()].copying.waiting = waiting;
        self.copy_on(id, kernel);
        if let Some(next) = next {
            self.look_again(id, next, kernel);
        }
        late.into_iter().for_each(|key| self.finish(key, CallOutcome::Error, kernel));
    }
}
