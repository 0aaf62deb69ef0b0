//! The caller's side: where a call goes, whether it may, and what follows when it fails.
//!
//! Picture the dispatcher of a courier service. For each call it asks the limits of the callee for leave, leaves out replicas that are not heard, not
//! ready, ejected or behind an open breaker, and takes the better of two of those that are left. When an attempt ends, everybody who has a stake is told, in the same
//! event: breaker, outlier detection, limits, budget. Then it says whether the call is tried again, answered otherwise, or given up.
//!
//! By retries the stack never makes a caller try more often than it would by itself; it decides when, where, and whether the next try is worth it. A
//! fallback to another replica or zone is one more attempt; like a retry it is made only if the budget has paid for it.

use std::collections::{BTreeMap, BTreeSet};

use hms_machine::{
    AgentId, BreakerState, Call, CallEnd, CallId, CallOutcome, Cause, Component, Context, Directory, Draw, Duration, Instant,
    NodeId, Purpose, Record, ServiceId, Substitute,
};

use super::assignments::Assignments;
use super::callee::{Callee, Callees, Dispatched};
use super::comparisons::{self, Comparisons};
use super::message::StackMessage;
use super::peers::{Peers, Standing};
use crate::balancing::{Candidate, OutlierCause, OutlierVerdict, PeakLatency, Turn};
use crate::breaker::{BreakerKey, Ended, Fallback, Outcome, Permit, Phase, Pursuit, Registry, Transition};
use crate::configuration::Configuration;
use crate::health::checks::Reading;
use crate::overload::{Attempt, Attempts, GiveUp, RetryAdvice};
use crate::supervisor::quarantine::{Admission, Quarantine};

const ROUTE: Purpose = Purpose::named("stack/route");
const LEAVE: Purpose = Purpose::named("stack/leave");
const TRIP: Purpose = Purpose::named("stack/breaker");
const RETRY: Purpose = Purpose::named("stack/retry");

/// A call that waits for its callee to be back is tried again after this.
const QUEUE_PAUSE: Duration = Duration::from_millis(250);

/// Calls that never came back are looked for this often, as long as there are others.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

type Cx<'a> = Context<'a, StackMessage>;

/// What a node knows when it places a call.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) configuration: &'a Configuration,
    pub(crate) directory: &'a Directory,
    pub(crate) peers: &'a Peers,
    pub(crate) assignments: &'a Assignments,
}

/// The calls of a node.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    zone: u32,
    /// When the node started.
    booted: Instant,
    /// Services that were ever called.
    callees: Callees,
    /// Agents that were ever called.
    seen: BTreeMap<AgentId, Seen>,
    /// Attempts that ended well and otherwise since they were last asked for, by agent.
    tally: BTreeMap<AgentId, (u32, u32)>,
    comparisons: Comparisons,
    breakers: Registry,
    open: BTreeMap<CallId, Open>,
    /// When the next copies of slow calls are due.
    hedges: BTreeSet<(Instant, CallId)>,
    candidates: Vec<Candidate>,
    /// Calls that were given up because whoever worked on them died.
    quarantine: Quarantine,
    /// When calls that never came back are looked for next.
    sweep_at: Instant,
}

/// What the node's own calls show of an agent.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Attempts under way.
    outstanding: u32,
    latency: PeakLatency,
}

/// A call in progress.
#[derive(Clone, Debug)]
struct Open {
    service: ServiceId,
    trace: u64,
    attempts: Attempts,
    /// Leave of the budget for the attempt that comes next.
    paid: Option<Attempt>,
    copies: Vec<(AgentId, Dispatched)>,
    hedged: u32,
    hedge_at: Option<Instant>,
    pursuit: Pursuit,
    /// The next attempt must go to another zone than this.
    not_in: Option<u32>,
    /// When its caller gives up.
    deadline: Instant,
}

impl Calls {
    pub(crate) fn new(directory: &Directory, me: NodeId, now: Instant) -> Self {
        Calls {
            zone: directory.nodes[me.index()].zone,
            booted: now,
            callees: Callees::default(),
            seen: BTreeMap::new(),
            tally: BTreeMap::new(),
            comparisons: Comparisons::default(),
            breakers: Registry::default(),
            open: BTreeMap::new(),
            hedges: BTreeSet::new(),
            candidates: Vec::new(),
            quarantine: Quarantine::default(),
            sweep_at: now.saturating_add(SWEEP_EVERY),
        }
    }

    /// The breakers, for reports.
    pub(crate) fn breakers(&self) -> &Registry {
        &self.breakers
    }

    /// A call wants to be routed.
    pub(crate) fn begin(&mut self, call: Call, view: View<'_>, cx: &mut Cx<'_>) {
        cx.charge(Component::Breaker);
        if self.sweep_at <= cx.now {
            self.sweep_at = cx.now.saturating_add(SWEEP_EVERY);
            self.sweep(cx.now);
        }
        // The limits of a service count from the start of the node, whenever the first call to it comes.
        let replicas = view.directory.services[call.service.index()].agents.len();
        self.callees.meet(call.service, || Callee::new(view.configuration, replicas, self.booted));
        let open = self.open.entry(call.id).or_insert_with(|| Open {
            service: call.service,
            trace: call.trace,
            attempts: Attempts::default(),
            paid: None,
            copies: Vec::new(),
            hedged: 0,
            hedge_at: None,
            pursuit: Pursuit::Call,
            not_in: None,
            deadline: call.deadline,
        });
        // Its caller did not take the hint.
        if self.quarantine.admit(call.trace, cx.now) == Admission::Refuse {
            return self.substitute(call.id, view, cx);
        }
        let (paid, not_in) = (open.paid.take(), open.not_in.take());
        let ordinal = call.trace.wrapping_add(u64::from(call.attempt));
        let placement = Placement { service: call.service, ordinal, previous: call.previous, not_in, paid };
        let Some((agent, dispatched)) = self.place(placement, &[], view, cx) else {
            return self.pursue(call.id, true, view, cx);
        };
        let callee = &mut self.callees[call.service];
        callee.hedger.sent(cx.now);
        let hedge_at = callee.hedger.delay().map(|delay| cx.now.saturating_add(delay));
        if let Some(open) = self.open.get_mut(&call.id) {
            open.copies.push((agent, dispatched));
            open.hedge_at = hedge_at;
        }
        self.hedges.extend(hedge_at.map(|at| (at, call.id)));
        cx.route(call.id, agent, view.assignments.node_of(agent));
    }

    /// Finds a replica that may be called, and asks everybody for leave.
    fn place(
        &mut self,
        placement: Placement,
        except: &[(AgentId, Dispatched)],
        view: View<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<(AgentId, Dispatched)> {
        let service = placement.service;
        let agents = &view.directory.services[service.index()].agents;
        let mut free = self.may_take_any(placement, except, view);
        if !free {
            self.gather(placement, except, view, cx.now);
        }
        let hopeless = if free { agents.is_empty() } else { !self.candidates.iter().any(|candidate| candidate.eligible) };
        let Some(leave) = self.callees[service].leave(hopeless, cx.now, &mut cx.draw_at(LEAVE, placement.ordinal)) else {
            self.give_back(placement.paid, service);
            return None;
        };
        let mut draw = cx.draw_at(ROUTE, placement.ordinal);
        while let Some(agent) = self.pick(placement, free, view, &mut draw) {
            let key = BreakerKey { service, agent: Some(agent) };
            let decision =
                self.breakers.permit(&view.configuration.breaker, key, cx.now, &mut cx.draw_at(TRIP, placement.ordinal));
            tell(key, decision.transition, cx);
            let Permit::Granted(breaker) = decision.permit else {
                if std::mem::take(&mut free) {
                    self.gather(placement, except, view, cx.now);
                }
                self.candidates.retain(|candidate| candidate.agent != agent);
                continue;
            };
            let callee = &mut self.callees[service];
            callee.placed += 1;
            let position = agents.binary_search(&agent).expect("a service lists its agents in order");
            let pass = callee.outliers.dispatched(position, cx.now);
            let budget = placement.paid.unwrap_or_else(|| callee.budget.sent(cx.now));
            self.seen.entry(agent).or_default().outstanding += 1;
            return Some((agent, Dispatched { position, leave, breaker, pass, budget }));
        }
        self.callees[service].withdraw(leave);
        self.give_back(placement.paid, service);
        None
    }

    /// A retry that was paid for does not take place.
    fn give_back(&mut self, paid: Option<Attempt>, service: ServiceId) {
        if let Some(attempt) = paid {
            self.callees[service].budget.ended(attempt, CallOutcome::Refused);
        }
    }

    /// Whether nothing speaks against any replica of a service: then they need not be looked at one by one.
    fn may_take_any(&self, placement: Placement, except: &[(AgentId, Dispatched)], view: View<'_>) -> bool {
        let service = placement.service;
        let all = view.directory.services[service.index()].agents.len();
        except.is_empty()
            && placement.not_in.is_none()
            && view.configuration.balancing.takes_any(placement.previous)
            && view.peers.count(service, Standing::Ready) as usize == all
            && self.callees[service].outliers.ejected() == 0
            && self.breakers.all_closed()
    }

    /// Collects the replicas that are not behind an open breaker.
    fn gather(&mut self, placement: Placement, except: &[(AgentId, Dispatched)], view: View<'_>, now: Instant) {
        let count = |standing| view.peers.count(placement.service, standing);
        // Too many that say they are not well: the few that are cannot carry the load of all.
        let worst = if count(Standing::Ready) < count(Standing::Degraded) { Standing::Degraded } else { Standing::Ready };
        let outliers = &self.callees[placement.service].outliers;
        let all_closed = self.breakers.all_closed();
        self.candidates.clear();
        for (position, agent) in view.directory.services[placement.service.index()].agents.iter().enumerate() {
            let key = BreakerKey { service: placement.service, agent: Some(*agent) };
            let behind_open = !all_closed && self.breakers.phase(&view.configuration.breaker, key, now) == Phase::Open;
            if behind_open || except.iter().any(|(known, _)| known == agent) {
                continue;
            }
            let zone = view.directory.nodes[view.assignments.node_of(*agent).index()].zone;
            let fits = placement.not_in != Some(zone);
            let eligible = fits && view.peers.standing(*agent) <= worst && outliers.eligible(position, now);
            self.candidates.push(candidate(&self.seen, *agent, eligible, zone == self.zone));
        }
    }

    /// One of the replicas that were gathered, or if the choice is `free` of all.
    fn pick(&self, placement: Placement, free: bool, view: View<'_>, draw: &mut Draw) -> Option<AgentId> {
        let ordinal = self.callees[placement.service].placed;
        let balancing = &view.configuration.balancing;
        if !free {
            return balancing.pick(&self.candidates, Turn { previous: placement.previous, ordinal }, draw);
        }
        let agents = &view.directory.services[placement.service.index()].agents;
        // Zones play no part in a free choice.
        balancing.choose(agents.len(), |position| candidate(&self.seen, agents[position], true, false), ordinal, draw)
    }

    /// An attempt has ended.
    pub(crate) fn ended(&mut self, end: CallEnd, view: View<'_>, cx: &mut Cx<'_>) {
        cx.charge(Component::Breaker);
        let ending = end.outcome;
        let Some(open) = self.open.get_mut(&end.call) else { return };
        let Some(position) = open.copies.iter().position(|(agent, _)| *agent == end.agent) else { return };
        let (agent, dispatched) = open.copies.swap_remove(position);
        open.attempts.record(ending);
        self.learn(agent, dispatched, end, view, cx);
        if ending != CallOutcome::Ok && !end.last {
            return;
        }
        self.forget_hedge(end.call);
        if ending == CallOutcome::Ok {
            self.callees[end.service].hedger.observe(end.elapsed);
            return self.close(end.call);
        }
        if view.configuration.retry.enabled {
            self.retry_or_not(end, view, cx);
        } else if !end.retries {
            self.close(end.call);
        }
    }

    /// Tells everybody who has a stake how an attempt ended.
    fn learn(&mut self, agent: AgentId, dispatched: Dispatched, end: CallEnd, view: View<'_>, cx: &mut Cx<'_>) {
        let (ending, elapsed) = (end.outcome, end.elapsed);
        let seen = self.seen.entry(agent).or_default();
        seen.outstanding -= 1;
        let tally = self.tally.entry(agent).or_default();
        *(if ending == CallOutcome::Ok { &mut tally.0 } else { &mut tally.1 }) += 1;
        let node = view.assignments.node_of(agent);
        let callee = comparisons::Callee { agent, service: end.service, node, zone: view.directory.nodes[node.index()].zone };
        self.comparisons.ended(callee, (ending, elapsed), &view.configuration.checks, cx.now);
        // A refusal is quick and says nothing about how long work takes.
        if !matches!(ending, CallOutcome::Refused | CallOutcome::Reset) {
            seen.latency.observe(elapsed, view.configuration.balancing.decay, cx.now);
        }
        let key = BreakerKey { service: end.service, agent: Some(agent) };
        let outcome = if ending == CallOutcome::Ok { Outcome::Success } else { Outcome::Failure };
        let ended = Ended { outcome, took: elapsed };
        let draw = &mut cx.draw_at(TRIP, end.trace.wrapping_add(u64::from(end.attempt)).wrapping_add(1 << 32));
        let transition = self.breakers.outcome(&view.configuration.breaker, (key, dispatched.breaker), ended, cx.now, draw);
        tell(key, transition, cx);
        let callee = &mut self.callees[end.service];
        callee.ended(dispatched.leave, ending, elapsed, cx.now);
        callee.budget.ended(dispatched.budget, ending);
        let agents = &view.directory.services[end.service.index()].agents;
        if let Some(verdict) = callee.outliers.ended(dispatched.position, dispatched.pass, ending, elapsed, cx.now) {
            tell_outlier(agents, verdict, cx);
        }
        callee.outliers.look(cx.now, |verdict| tell_outlier(agents, verdict, cx));
    }

    /// The last attempt of a call has failed.
    fn retry_or_not(&mut self, end: CallEnd, view: View<'_>, cx: &mut Cx<'_>) {
        let attempts = self.open[&end.call].attempts;
        let ending = end.outcome;
        let draw = &mut cx.draw_at(RETRY, end.trace.wrapping_add(u64::from(end.attempt)));
        match view.configuration.retry.decide(attempts, ending, Some(end.deadline), cx.now, draw) {
            RetryAdvice::Retry { after } if end.retries => {
                if let Some(paid) = self.callees[end.service].budget.retry(ending, cx.now) {
                    if let Some(open) = self.open.get_mut(&end.call) {
                        open.paid = Some(paid);
                    }
                    return cx.retry(end.call, after);
                }
                self.pursue(end.call, false, view, cx);
            }
            // Too late for any replica, or not safe to repeat at any.
            RetryAdvice::GiveUp(GiveUp::Late | GiveUp::NotRetried) => self.substitute(end.call, view, cx),
            RetryAdvice::GiveUp(GiveUp::Poison) => {
                cx.record(Record::Quarantined { trace: end.trace });
                self.quarantine.died(&view.configuration.quarantine, &[end.trace], cx.now);
                // No other replica: it would be the next to die.
                self.substitute(end.call, view, cx);
            }
            RetryAdvice::Retry { .. } | RetryAdvice::GiveUp(_) => self.pursue(end.call, false, view, cx),
        }
    }

    /// Tries what the chain of fallbacks says, until something can be tried. `denied`: the call was not let out.
    fn pursue(&mut self, id: CallId, denied: bool, view: View<'_>, cx: &mut Cx<'_>) {
        let Some(open) = self.open.get_mut(&id) else { return };
        let chain = self.callees[open.service].chain;
        let place = &view.directory.services[open.service.index()];
        while let Some(step) = open.pursuit.next(&chain) {
            match step {
                Fallback::Cache if place.cached => return self.answer(id, Substitute::Cache, cx),
                Fallback::Default | Fallback::Degrade if place.defaulted => return self.answer(id, Substitute::Default, cx),
                Fallback::Queue => return cx.retry(id, QUEUE_PAUSE),
                // Whoever was turned away by the limits of the service is turned away at all its replicas; and a further call needs leave.
                Fallback::OtherReplica | Fallback::OtherZone if !denied => {
                    let paid = self.callees[open.service].budget.retry(CallOutcome::Error, cx.now);
                    if paid.is_some() {
                        open.paid = paid;
                        open.not_in = (step == Fallback::OtherZone).then_some(self.zone);
                        return cx.retry(id, Duration::ZERO);
                    }
                }
                Fallback::None
                | Fallback::Cache
                | Fallback::Default
                | Fallback::Degrade
                | Fallback::OtherReplica
                | Fallback::OtherZone => {}
            }
        }
        self.close(id);
        if view.configuration.retry.enabled { cx.give_up(id) } else { cx.refuse(id) }
    }

    /// The first substitute of the chain, or none.
    fn substitute(&mut self, id: CallId, view: View<'_>, cx: &mut Cx<'_>) {
        let Some(open) = self.open.get(&id) else { return };
        let place = &view.directory.services[open.service.index()];
        let substitute = self.callees[open.service].chain.steps().find_map(|step| match step {
            Fallback::Cache if place.cached => Some(Substitute::Cache),
            Fallback::Default | Fallback::Degrade if place.defaulted => Some(Substitute::Default),
            _ => None,
        });
        match substitute {
            Some(substitute) => self.answer(id, substitute, cx),
            None => {
                self.close(id);
                cx.give_up(id);
            }
        }
    }

    fn answer(&mut self, id: CallId, substitute: Substitute, cx: &mut Cx<'_>) {
        self.close(id);
        cx.fall_back(id, substitute);
    }

    /// Nothing is kept of a call that is over; copies that are still out count as given up.
    fn close(&mut self, id: CallId) {
        self.forget_hedge(id);
        let Some(open) = self.open.remove(&id) else { return };
        self.give_back(open.paid, open.service);
        for (agent, dispatched) in open.copies {
            self.seen.entry(agent).or_default().outstanding -= 1;
            self.breakers.cancel(BreakerKey { service: open.service, agent: Some(agent) }, dispatched.breaker);
            let callee = &mut self.callees[open.service];
            callee.withdraw(dispatched.leave);
            callee.budget.ended(dispatched.budget, CallOutcome::Error);
        }
    }

    fn forget_hedge(&mut self, id: CallId) {
        if let Some(at) = self.open.get_mut(&id).and_then(|open| open.hedge_at.take()) {
            self.hedges.remove(&(at, id));
        }
    }

    /// When [`Calls::wake`] is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.hedges.first().map(|(at, _)| *at)
    }

    /// Sends second copies of calls that have waited long enough.
    pub(crate) fn wake(&mut self, view: View<'_>, cx: &mut Cx<'_>) {
        while let Some((_, id)) = self.hedges.first().copied().filter(|(at, _)| *at <= cx.now) {
            self.hedges.pop_first();
            let Some(open) = self.open.get_mut(&id) else { continue };
            open.hedge_at = None;
            let (service, hedged, trace) = (open.service, open.hedged, open.trace);
            let copies = open.copies.clone();
            if copies.is_empty() || !self.callees[service].hedger.may_hedge(hedged, cx.now) {
                continue;
            }
            let ordinal = trace.wrapping_add(1 << 40).wrapping_add(u64::from(hedged));
            let placement = Placement { service, ordinal, previous: None, not_in: None, paid: None };
            let Some((agent, dispatched)) = self.place(placement, &copies, view, cx) else { continue };
            let next = self.callees[service].hedger.delay().map(|delay| cx.now.saturating_add(delay));
            if let Some(open) = self.open.get_mut(&id) {
                open.copies.push((agent, dispatched));
                (open.hedged, open.hedge_at) = (hedged + 1, next);
                self.hedges.extend(next.map(|at| (at, id)));
            }
            cx.hedge(id, agent, view.assignments.node_of(agent));
        }
    }

    /// Forgets calls that were to be tried again and never came back, and those of whose end nothing was heard: their caller has died meanwhile.
    fn sweep(&mut self, now: Instant) {
        let over = |open: &Open| if open.copies.is_empty() { open.deadline } else { open.deadline.saturating_add(SWEEP_EVERY) };
        let gone = self.open.iter().filter(|(_, open)| over(open) < now);
        for id in gone.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.close(id);
        }
    }

    /// Attempts by agent that ended well and otherwise since this was asked last.
    pub(crate) fn observed(&mut self) -> impl Iterator<Item = (AgentId, u32, u32)> + use<> {
        std::mem::take(&mut self.tally).into_iter().map(|(agent, (ok, failed))| (agent, ok, failed))
    }

    /// Agents beside others that do the same, where there is something new since this was asked last.
    pub(crate) fn compared(&mut self, now: Instant) -> Vec<(AgentId, Reading)> {
        self.comparisons.readings(now)
    }
}

fn candidate(seen: &BTreeMap<AgentId, Seen>, agent: AgentId, eligible: bool, zone_local: bool) -> Candidate {
    let Seen { outstanding, latency } = seen.get(&agent).copied().unwrap_or_default();
    Candidate { agent, eligible, outstanding, latency: latency.value(), zone_local }
}

/// An attempt that wants a replica.
#[derive(Clone, Copy)]
struct Placement {
    service: ServiceId,
    /// Position of its draws in the streams.
    ordinal: u64,
    previous: Option<AgentId>,
    not_in: Option<u32>,
    paid: Option<Attempt>,
}

fn tell(key: BreakerKey, transition: Option<Transition>, cx: &mut Cx<'_>) {
    let state = match transition.map(|transition| transition.to) {
        Some(Phase::Closed | Phase::ForcedClosed | Phase::Disabled) => BreakerState::Closed,
        Some(Phase::Open | Phase::ForcedOpen) => BreakerState::Open,
        Some(Phase::HalfOpen) => BreakerState::HalfOpen,
        None => return,
    };
    cx.record(Record::Breaker { service: key.service, agent: key.agent, state });
}

fn tell_outlier(agents: &[AgentId], verdict: OutlierVerdict, cx: &mut Cx<'_>) {
    match verdict {
        OutlierVerdict::Ejected { replica, cause } => {
            let agent = agents[replica];
            let cause = match cause {
                OutlierCause::Latency => Cause::Latency,
                OutlierCause::Failures | OutlierCause::SuccessRate | OutlierCause::Probe => Cause::Errors,
            };
            cx.record(Record::AgentDegraded { agent, cause });
            cx.record(Record::Ejected(agent));
        }
        OutlierVerdict::Returned(replica) => {
            cx.record(Record::AgentHealthy(agents[replica]));
            cx.record(Record::Readmitted(agents[replica]));
        }
    }
}

#[cfg(test)]
mod tests;
