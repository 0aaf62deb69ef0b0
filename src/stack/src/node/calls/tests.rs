//! Whatever happens to calls: what they hold is given back, nothing is kept of them, and half-open breakers let out no more than their permits.

use std::sync::Arc;

use hms_machine::{AgentPlace, Bytes, Effect, NodePlace, NodeRandom, Priority, Seed, ServicePlace, Streams};
use proptest::prelude::*;

use super::*;

const ME: NodeId = NodeId(3);

struct Desk {
    calls: Calls,
    configuration: Configuration,
    directory: Arc<Directory>,
    peers: Peers,
    assignments: Assignments,
    random: NodeRandom,
    now: Instant,
    /// Attempts under way and the attempt that each belongs to.
    out: Vec<(CallId, AgentId, u32)>,
    /// When each copy went out last.
    sent: BTreeMap<(CallId, AgentId), Instant>,
    /// Calls that wait for their next attempt.
    again: Vec<(CallId, u32)>,
    deadline: BTreeMap<CallId, Instant>,
}

impl Desk {
    fn new(configuration: Configuration) -> Self {
        let place = |zone, edge| NodePlace { region: 0, zone, edge, memory: Bytes(1) };
        let nodes = vec![place(0, false), place(1, false), place(2, false), place(0, true)];
        let agents = (0..3).map(|node| AgentPlace { service: ServiceId(0), node: NodeId(node) }).collect();
        let service = ServicePlace { workers: 1, queue: 10, cached: true, ..ServicePlace::default() };
        let directory = Arc::new(Directory::new(nodes, agents, vec![service]));
        Desk {
            calls: Calls::new(&directory, ME, Instant::ZERO),
            configuration,
            peers: Peers::new(&directory),
            assignments: Assignments::new(Arc::clone(&directory)),
            directory,
            random: NodeRandom::new(Streams::new(Seed(3))),
            now: Instant::ZERO,
            out: Vec::new(),
            sent: BTreeMap::new(),
            again: Vec::new(),
            deadline: BTreeMap::new(),
        }
    }

    fn turn(&mut self, act: impl FnOnce(&mut Calls, View<'_>, &mut Cx<'_>)) {
        let mut effects = Vec::new();
        let Desk { calls, configuration, directory, peers, assignments, random, now, .. } = self;
        act(
            calls,
            View { configuration, directory, peers, assignments },
            &mut Context::new(*now, *now, ME, random, &mut effects),
        );
        for effect in effects {
            match effect {
                Effect::Route { call, agent, .. } | Effect::Hedge { call, agent, .. } => {
                    self.out.push((call, agent, 0));
                    self.sent.insert((call, agent), self.now);
                }
                Effect::Retry { call, .. } => self.again.push((call, 1)),
                Effect::GiveUp(call) | Effect::Refuse(call) | Effect::FallBack { call, .. } => self.over(call),
                _ => {}
            }
        }
    }

    fn over(&mut self, call: CallId) {
        self.out.retain(|(other, _, _)| *other != call);
        self.again.retain(|(other, _)| *other != call);
        self.deadline.remove(&call);
    }

    fn begin(&mut self, id: CallId, attempt: u32) {
        let deadline = *self.deadline.entry(id).or_insert(self.now + Duration::from_secs(2));
        let (service, priority) = (ServiceId(0), Priority(0));
        let call = Call { id, service, trace: id.0, attempt, previous: None, priority, deadline };
        self.turn(|calls, view, cx| calls.begin(call, view, cx));
    }

    fn end(&mut self, which: usize, outcome: CallOutcome) {
        if self.out.is_empty() {
            return;
        }
        let (call, agent, attempt) = self.out.swap_remove(which % self.out.len());
        let last = outcome == CallOutcome::Ok || !self.out.iter().any(|(other, _, _)| *other == call);
        let deadline = self.deadline[&call];
        let (service, trace, elapsed) = (ServiceId(0), call.0, Duration::from_millis(20));
        let end = CallEnd { call, service, trace, attempt, agent, outcome, elapsed, last, retries: true, deadline };
        if outcome == CallOutcome::Ok {
            self.over(call);
        }
        self.turn(|calls, view, cx| calls.ended(end, view, cx));
    }

    fn pass(&mut self, millis: u64) {
        let until = self.now + Duration::from_millis(millis);
        loop {
            // Who carries calls out waits for none beyond its deadline.
            let expiries = self.out.iter().enumerate().map(|(which, (call, _, _))| (self.deadline[call], which));
            let expiry = expiries.min().filter(|(due, _)| *due <= until);
            match (self.calls.deadline().filter(|due| *due <= until), expiry) {
                (wake, Some((due, which))) if wake.is_none_or(|wake| due <= wake) => {
                    self.now = self.now.max(due);
                    self.end(which, CallOutcome::TimedOut);
                }
                (Some(due), _) => {
                    self.now = self.now.max(due);
                    self.turn(Calls::wake);
                    assert!(self.calls.deadline().is_none_or(|next| next > self.now), "woken in vain");
                }
                (None, _) => break,
            }
        }
        self.now = until;
    }

    /// Probes of the present trial that nobody has given up: one of an earlier trial decides nothing, and one of which nothing is heard frees its permit.
    fn probes(&self, agent: AgentId) -> usize {
        let (key, breaker) = (BreakerKey { service: ServiceId(0), agent: Some(agent) }, &self.configuration.breaker);
        let mut reports = self.calls.breakers.reports(breaker, self.now).filter(|(other, _)| *other == key);
        let Some((_, report)) = reports.next().filter(|(_, report)| report.phase == Phase::HalfOpen) else { return 0 };
        let copies = self.calls.open.iter().flat_map(|(call, open)| open.copies.iter().map(|copy| (*call, *copy)));
        let probes = copies.filter(|(_, (other, dispatched))| *other == agent && dispatched.breaker.is_probe());
        let sent = probes.map(|(call, _)| self.sent[&(call, agent)]);
        sent.filter(|sent| *sent >= report.since && *sent + breaker.probe_timeout > self.now).count()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Begin,
    Again(usize),
    End(usize, usize),
    Pass(u64),
    /// The caller of whatever waits has died.
    Forget(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Begin),
        3 => (0usize..64).prop_map(Step::Again),
        6 => (0usize..64, 0usize..CallOutcome::ALL.len()).prop_map(|(which, outcome)| Step::End(which, outcome)),
        3 => (1u64..400).prop_map(Step::Pass),
        1 => (0usize..64).prop_map(Step::Forget),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    #[test]
    fn all_that_a_call_holds_is_given_back_when_it_is_over(steps in steps(), flags in any::<[bool; 4]>(), chain in 0usize..3) {
        let mut configuration = Configuration::default();
        [configuration.hedge.enabled, configuration.retry.enabled, configuration.fallback.enabled, configuration.breaker.enabled] = flags;
        configuration.hedge.delay = crate::overload::HedgeDelay::Fixed;
        configuration.hedge.share = 1.0;
        configuration.fallback.third = [Fallback::None, Fallback::Queue, Fallback::Cache][chain];
        let permits = configuration.breaker.permits as usize;
        let mut desk = Desk::new(configuration);
        let mut next = 0;
        for step in steps {
            match step {
                Step::Begin => {
                    next += 1;
                    desk.begin(CallId(next), 0);
                }
                Step::Again(which) if !desk.again.is_empty() => {
                    let (call, attempt) = desk.again.swap_remove(which % desk.again.len());
                    desk.begin(call, attempt);
                }
                Step::End(which, outcome) => desk.end(which, CallOutcome::ALL[outcome]),
                Step::Pass(millis) => desk.pass(millis),
                Step::Forget(which) if !desk.again.is_empty() => {
                    desk.again.swap_remove(which % desk.again.len());
                }
                Step::Again(_) | Step::Forget(_) => {}
            }
            for agent in 0..3 {
                prop_assert!(desk.probes(AgentId(agent)) <= permits);
            }
            let out: u32 = desk.calls.seen.values().map(|seen| seen.outstanding).sum();
            prop_assert_eq!(out as usize, desk.out.len());
            prop_assert_eq!(desk.calls.callees.held(ServiceId(0))[0] as usize, desk.out.len());
        }
        while !desk.out.is_empty() {
            desk.end(0, CallOutcome::TimedOut);
        }
        // Calls that wait for a further attempt are never heard of again; the next call finds them.
        desk.pass(20_000);
        desk.begin(CallId(u64::MAX), 0);
        while !desk.out.is_empty() {
            desk.end(0, CallOutcome::Ok);
        }
        desk.pass(20_000);
        desk.calls.sweep(desk.now);
        prop_assert_eq!(desk.calls.callees.held(ServiceId(0)), [0; 3]);
        prop_assert!(desk.calls.open.is_empty() && desk.calls.hedges.is_empty());
        prop_assert!(desk.calls.seen.values().all(|seen| seen.outstanding == 0));
    }
}
