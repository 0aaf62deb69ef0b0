//! Clients: where requests come from, and where their end is measured.

use std::sync::Arc;

use hms_machine::{Duration, Instant, Machine, NodeId, Purpose};
use hms_scenario::model::Arrivals;

use super::calls::{Caller, Ending, NewCall, child_trace};
use super::event::Event;
use super::{Kernel, World};
use crate::faults::FaultId;
use crate::workload::{ArrivalProcess, Surges, closed};

const POISON: Purpose = Purpose::named("load/poison");

/// A client that is refused in the same instant and does not think asks again after this, or time would stand still
/// (a connection that is refused on the same machine costs tens of microseconds, and a loop around it a scheduling or two).
const REFUSED_PAUSE: Duration = Duration::from_millis(1);

/// Whom an open request and a herd's request belong to: no client that thinks and asks again.
const NOBODY: u32 = u32::MAX;

/// A source of requests at work.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    process: Option<ArrivalProcess>,
    /// How much faster the clients of a closed load think, and when.
    surges: Surges,
    /// Ordinal of the open-loop request that arrives next.
    next: u64,
    /// Requests made so far by each closed client.
    made: Vec<u64>,
    /// Share of requests that kill, by fault in progress.
    pub(super) poison: Vec<(FaultId, hms_machine::Ratio)>,
}

impl Client {
    pub(super) fn new<M: Machine>(world: &World<M>, load: usize) -> Self {
        let model = &world.scenario.loads[load];
        let (surges, herds) = world.schedule.surges_and_herds(load);
        let made = match &model.arrivals {
            Arrivals::Closed { clients, .. } => vec![0; *clients as usize],
            Arrivals::Poisson { .. }
            | Arrivals::Regular { .. }
            | Arrivals::Steps { .. }
            | Arrivals::Modulated { .. }
            | Arrivals::Diurnal { .. }
            | Arrivals::Counts { .. }
            | Arrivals::Timestamps { .. } => Vec::new(),
        };
        Client {
            surges: Surges::new(&surges),
            process: Some(ArrivalProcess::new(model, load, surges, herds)),
            next: 0,
            made,
            poison: Vec::new(),
        }
    }
}

impl<M: Machine> World<M> {
    pub(super) fn start_clients(&mut self, kernel: &mut Kernel) {
        for load in 0..self.clients.len() {
            self.next_arrival(load, kernel);
            let scenario = Arc::clone(&self.scenario);
            for client in 0..self.clients[load].made.len() {
                let thought = closed::first_request(&scenario.loads[load], load, client as u32, &self.streams);
                let at = self.clients[load].surges.bend(Instant::ZERO, thought - Instant::ZERO);
                kernel.schedule_at(at, Event::Think { load: load as u32, client: client as u32 });
            }
        }
    }

    fn next_arrival(&mut self, load: usize, kernel: &mut Kernel) {
        let client = &mut self.clients[load];
        let Some(process) = &mut client.process else { return };
        match process.next(&self.streams) {
            Some((ordinal, at)) if at <= Instant::ZERO + self.scenario.run.duration => {
                client.next = ordinal;
                kernel.schedule_at(at, Event::Arrival(load as u32));
            }
            Some(_) | None => client.process = None,
        }
    }

    /// A request of an open load or of a herd.
    pub(super) fn arrival(&mut self, load: usize, kernel: &mut Kernel) {
        let ordinal = self.clients[load].next;
        self.next_arrival(load, kernel);
        self.request(load, NOBODY, ordinal, kernel);
    }

    /// A client of a closed load asks again.
    pub(super) fn closed_request(&mut self, load: usize, client: u32, kernel: &mut Kernel) {
        let made = &mut self.clients[load].made[client as usize];
        let ordinal = u64::from(client) << 40 | *made;
        *made += 1;
        self.request(load, client, ordinal, kernel);
    }

    fn request(&mut self, load: usize, client: u32, ordinal: u64, kernel: &mut Kernel) {
        let now = kernel.now();
        let scenario = Arc::clone(&self.scenario);
        let model = &scenario.loads[load];
        self.recorder.request_started(load, now);
        let edge = NodeId::from_index(self.hosts() + load);
        let trace = child_trace((load as u64) << 56, ordinal);
        let poison = self.is_poison(load, ordinal);
        let wish = NewCall {
            node: edge,
            caller: Caller::Client { load: load as u32, client },
            service: model.service,
            policy: model.policy.clone(),
            trace,
            priority: model.priority,
            deadline: now.saturating_add(model.deadline),
            poison,
        };
        self.start_call(wish, kernel);
    }

    fn is_poison(&self, load: usize, ordinal: u64) -> bool {
        let always = self.scenario.loads[load].poison;
        let faults = &self.clients[load].poison;
        if always.is_zero() && faults.is_empty() {
            return false;
        }
        // One draw for all reasons: a request that is poisonous at 1 % is so at 2 % too.
        let draw = self.streams.draw(POISON, load as u64, ordinal).next_u64();
        always.happens(draw) || faults.iter().any(|(_, share)| share.happens(draw))
    }

    /// The end of a request as its client sees it.
    pub(super) fn request_ended(&mut self, load: usize, client: u32, started: Instant, ending: Ending, kernel: &mut Kernel) {
        let now = kernel.now();
        self.recorder.request_ended(load, started, now, ending);
        if let Some(made) = self.clients[load].made.get(client as usize) {
            let think = closed::think(&self.scenario.loads[load], load, client, *made, &self.streams);
            let think = if now == started { think.max(REFUSED_PAUSE) } else { think };
            let at = self.clients[load].surges.bend(now, think);
            kernel.schedule_at(at, Event::Think { load: load as u32, client });
        }
    }
}
