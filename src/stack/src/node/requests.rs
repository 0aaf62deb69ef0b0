//! The server's side: which requests an agent of this node takes in.
//!
//! Picture the door of a workshop. Whoever stands under quarantine is turned away, then whoever the agent has no room for, then whoever would not be
//! served before he leaves. What is inside is remembered, so that when the workshop burns down it is known who was in it.

use std::collections::BTreeMap;

use hms_machine::{AgentId, CallOutcome, Component, Context, Directory, Duration, Instant, Record, Request, RequestId};

use super::message::StackMessage;
use crate::configuration::Configuration;
use crate::overload::{Admission, Arrival, Bulkhead, Load, Shedder, Ticket};
use crate::supervisor::quarantine::{self, Quarantine};

/// An agent that has answered within this time works.
const ANSWERED: Duration = Duration::from_secs(1);

type Cx<'a> = Context<'a, StackMessage>;

/// The requests at the agents of a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    doors: BTreeMap<AgentId, Door>,
    quarantine: Quarantine,
}

/// What real requests say about an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// None has ended.
    Nothing,
    /// It is at work, and has answered a moment ago: one more request would wait behind the others, and tell nothing but that.
    Busy,
    /// So many were answered, none was not, in this time on average.
    Works {
        /// How many.
        ok: u32,
        /// Mean time.
        elapsed: Duration,
    },
    /// Some were not, for whatever reason: what the agent calls may be to blame.
    Fails {
        /// Those that were.
        ok: u32,
        /// Those that were not.
        failed: u32,
        /// Whether more are waiting than it can work on, and some are answered: then a further one fails or waits for want of room alone.
        crowded: bool,
    },
}

/// The door of one agent.
#[derive(Clone, Debug)]
struct Door {
    shedder: Shedder,
    bulkhead: Bulkhead,
    workers: u32,
    /// What is inside, in the order in which it came.
    inside: BTreeMap<RequestId, Inside>,
    arrivals: u64,
    /// Requests that ended well and otherwise since this was asked last, and the time that the former took altogether.
    tally: (u32, u32, Duration),
    /// When one ended well last.
    answered: Option<Instant>,
    /// Traces that were worked on when the process died, until its end is reported.
    beside: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Inside {
    arrival: u64,
    trace: u64,
    ticket: Ticket,
}

impl Requests {
    /// A request has reached a local agent.
    pub(crate) fn arrived(&mut self, request: Request, configuration: &Configuration, directory: &Directory, cx: &mut Cx<'_>) {
        cx.charge(Component::Overload);
        if self.quarantine.admit(request.trace, cx.now) == quarantine::Admission::Refuse {
            return cx.shed(request.id);
        }
        let door = self.doors.entry(request.agent).or_insert_with(|| {
            let service = directory.agents[request.agent.index()].service;
            Door {
                shedder: Shedder::new(configuration.shedding),
                bulkhead: Bulkhead::at_agent(&configuration.bulkhead),
                workers: directory.services[service.index()].workers,
                inside: BTreeMap::new(),
                arrivals: 0,
                beside: Vec::new(),
                tally: (0, 0, Duration::ZERO),
                answered: None,
            }
        });
        let Some(ticket) = door.bulkhead.acquire() else { return cx.shed(request.id) };
        let arrival = Arrival { priority: request.priority.0, user: request.trace, deadline: Some(request.deadline) };
        let load = Load { waiting: request.waiting, workers: door.workers };
        match door.shedder.admit(arrival, load, cx.now) {
            Admission::Admit => {
                door.arrivals += 1;
                door.inside.insert(request.id, Inside { arrival: door.arrivals, trace: request.trace, ticket });
                cx.admit(request.id);
            }
            Admission::Shed(_) => {
                door.bulkhead.release(ticket);
                cx.shed(request.id);
            }
        }
    }

    /// A request that was let in has ended.
    pub(crate) fn ended(
        &mut self,
        id: RequestId,
        agent: AgentId,
        outcome: CallOutcome,
        waited: Duration,
        elapsed: Duration,
        cx: &mut Cx<'_>,
    ) {
        cx.charge(Component::Overload);
        let Some(door) = self.doors.get_mut(&agent) else { return };
        let Some(inside) = door.inside.get(&id).copied() else { return };
        if outcome == CallOutcome::Reset {
            // Workers take requests in the order in which they came, so only the oldest can have been in their hands.
            let before = door.inside.values().filter(|other| other.arrival < inside.arrival).count();
            if before + door.beside.len() < door.workers as usize {
                door.beside.push(inside.trace);
            }
        } else {
            self.quarantine.survived(inside.trace);
        }
        door.inside.remove(&id);
        door.bulkhead.release(inside.ticket);
        // The door has no eye on the queue: it learns of a wait when the request that waited ends.
        let _ = door.shedder.started(waited, None, cx.now);
        if outcome == CallOutcome::Ok {
            door.shedder.finished(elapsed.saturating_sub(waited));
            door.tally.0 += 1;
            door.tally.2 += elapsed;
            door.answered = Some(cx.now);
        } else {
            door.tally.1 += 1;
        }
    }

    /// What the work of an agent says about it since this was asked last.
    pub(crate) fn evidence(&mut self, agent: AgentId, now: Instant) -> Evidence {
        let Some(door) = self.doors.get_mut(&agent) else { return Evidence::Nothing };
        let works = door.answered.is_some_and(|at| now.saturating_since(at) < ANSWERED);
        match std::mem::take(&mut door.tally) {
            (0, 0, _) if works && !door.inside.is_empty() => Evidence::Busy,
            (0, 0, _) => Evidence::Nothing,
            (ok, 0, elapsed) => Evidence::Works { ok, elapsed: elapsed / u64::from(ok) },
            (ok, failed, _) => {
                let crowded = works && door.inside.len() > door.workers as usize;
                Evidence::Fails { ok, failed, crowded }
            }
        }
    }

    /// The process of an agent has died by itself: whoever was in its hands is suspected. True if that leads to a quarantine.
    pub(crate) fn died(&mut self, agent: AgentId, configuration: &Configuration, cx: &mut Cx<'_>) -> bool {
        let Some(door) = self.doors.get_mut(&agent) else { return false };
        let beside = std::mem::take(&mut door.beside);
        self.quarantine.died(&configuration.quarantine, &beside, cx.now);
        let now = cx.now;
        let locked_out: Vec<_> = beside.into_iter().filter(|trace| self.quarantine.holds(*trace, now)).collect();
        locked_out.iter().for_each(|trace| cx.record(Record::Quarantined { trace: *trace }));
        !locked_out.is_empty()
    }

    /// The process of an agent was stopped on purpose: nobody is to blame.
    pub(crate) fn stopped(&mut self, agent: AgentId) {
        if let Some(door) = self.doors.get_mut(&agent) {
            door.beside.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT: AgentId = AgentId(0);

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(millis)
    }

    /// An agent with two workers that has so many requests inside, has ended so many well and otherwise, and answered last at `answered`.
    fn evidence(inside: u64, (ok, failed): (u32, u32), answered: Option<u64>) -> Evidence {
        let configuration = Configuration::default();
        let mut door = Door {
            shedder: Shedder::new(configuration.shedding),
            bulkhead: Bulkhead::at_agent(&configuration.bulkhead),
            workers: 2,
            inside: BTreeMap::new(),
            arrivals: inside,
            beside: Vec::new(),
            tally: (ok, failed, Duration::from_millis(10) * u64::from(ok)),
            answered: answered.map(at),
        };
        for arrival in 0..inside {
            let ticket = door.bulkhead.acquire().unwrap();
            door.inside.insert(RequestId(arrival), Inside { arrival, trace: arrival, ticket });
        }
        Requests { doors: [(AGENT, door)].into(), quarantine: Quarantine::default() }.evidence(AGENT, at(5_000))
    }

    #[test]
    fn an_agent_at_work_is_excused_from_probes_only_while_it_has_answered_a_moment_ago() {
        assert_eq!(evidence(1, (0, 0), Some(4_500)), Evidence::Busy);
        assert_eq!(evidence(1, (0, 0), Some(4_000)), Evidence::Nothing);
        assert_eq!(evidence(1, (0, 0), None), Evidence::Nothing);
        assert_eq!(evidence(0, (0, 0), Some(4_500)), Evidence::Nothing);
    }

    #[test]
    fn failures_are_for_want_of_room_only_where_more_wait_than_workers_take_and_some_are_answered() {
        let crowded =
            |inside, answered| evidence(inside, (3, 1), answered) == Evidence::Fails { ok: 3, failed: 1, crowded: true };
        assert!(crowded(3, Some(4_500)));
        assert!(!crowded(2, Some(4_500)) && !crowded(3, Some(4_000)));
        assert_eq!(evidence(3, (4, 0), Some(4_500)), Evidence::Works { ok: 4, elapsed: Duration::from_millis(10) });
    }
}
