//! Several algorithms at once, each given as many evaluations as it earns: no algorithm wins everywhere (Wolpert and Macready 1997).
//!
//! Members take turns by deficit: whoever is furthest behind its share asks next, so nothing is left to chance. With one objective the members stand in order of speed: the
//! first that still gains has the largest share, so that a fast local search runs until it stalls and the slower ones then take over; when nobody gains, the one with the best value leads. With several objectives shares follow how much of the
//! joint front each member found. Everyone keeps a least share: an early leader may be overtaken. Several
//! algorithms that share a budget by success: AMALGAM (Vrugt, Robinson and Hyman, IEEE Transactions on Evolutionary Computation 13, 2009).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::{Algorithm, Asked, Origin, Population};
use crate::scores::Measured;

/// A portfolio of members of one type, for example [`super::RealAlgorithm`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "M: Serialize, M::Genome: Serialize",
    deserialize = "M: Deserialize<'de>, M::Genome: Deserialize<'de>"
))]
pub struct Portfolio<M: Algorithm> {
    members: Vec<Seat<M>>,
    tickets: BTreeMap<u64, Ticket<M::Genome>>,
    next_id: u64,
    archive: Archive<M::Genome>,
    told: u64,
    /// Results between two looks at the shares.
    window: u64,
    share_min: f64,
    patience: u64,
}

/// A member and its record.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Seat<M> {
    member: M,
    share: f64,
    asked: f64,
    /// Violation and first objective of its best.
    best: (f64, f64),
    /// First objective of its first feasible result.
    first: f64,
    /// Its results since its best improved.
    since: u64,
}

/// Who is waiting for a candidate.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ticket<G> {
    member: usize,
    id: u64,
    genome: G,
}

impl<M: Algorithm> Portfolio<M>
where
    M::Genome: Clone,
{
    /// A portfolio of these members for so many objectives; remembers about the best `keep`.
    ///
    /// # Panics
    /// Without members.
    pub fn new(members: Vec<M>, objectives: usize, keep: usize) -> Self {
        assert!(!members.is_empty(), "a portfolio has members");
        let count = members.len() as f64;
        let seat = |member| Seat {
            member,
            share: 1.0 / count,
            asked: 0.0,
            best: (f64::INFINITY, f64::INFINITY),
            first: f64::INFINITY,
            since: 0,
        };
        Portfolio {
            members: members.into_iter().map(seat).collect(),
            tickets: BTreeMap::new(),
            next_id: 0,
            archive: Archive::new(keep, objectives),
            told: 0,
            window: 100,
            share_min: 0.24 / count,
            patience: 400,
        }
    }

    /// The same portfolio, whose members count as stalled after so many of their own results without a gain.
    pub fn with_patience(mut self, results: u64) -> Self {
        self.patience = results;
        self
    }

    /// The members with their present shares, which add up to 1.
    pub fn members(&self) -> impl Iterator<Item = (&M, f64)> {
        self.members.iter().map(|seat| (&seat.member, seat.share))
    }

    /// The members, to be told more.
    pub fn members_mut(&mut self) -> impl Iterator<Item = &mut M> {
        self.members.iter_mut().map(|seat| &mut seat.member)
    }

    fn allocate(&mut self) {
        let quality: Vec<f64> = if self.archive.objectives() == 1 { self.lead() } else { self.archive.finds(self.members.len()) };
        let sum: f64 = quality.iter().sum();
        let count = self.members.len() as f64;
        let free = 1.0 - count * self.share_min;
        for (seat, quality) in self.members.iter_mut().zip(quality) {
            seat.share = self.share_min + free * if sum > 0.0 { quality / sum } else { 1.0 / count };
            // Old debts are forgiven, or a late favourite would be starved or fed alone for long.
            seat.asked = 0.0;
        }
    }

    /// 1 for the first member, in the order given, that still gains; for the one with the best value when nobody does.
    fn lead(&self) -> Vec<f64> {
        let better = |a: usize, b: usize| if self.members[b].best < self.members[a].best { b } else { a };
        let gaining = self.members.iter().position(|seat| seat.since < self.patience);
        let leader = gaining.unwrap_or_else(|| (1..self.members.len()).fold(0, better));
        (0..self.members.len()).map(|member| f64::from(u8::from(member == leader))).collect()
    }

    fn hear(&mut self, member: usize, measured: Measured<'_>) {
        let seat = &mut self.members[member];
        seat.since += 1;
        let result = (measured.violation, measured.objectives[0]);
        if result.0.is_nan() || result.1.is_nan() || result >= seat.best {
            return;
        }
        if !seat.first.is_finite() && result.0 <= 0.0 {
            seat.first = result.1;
        }
        // Gains beyond twelve digits of what was gained so far are polish.
        let polish = 1e-12 * (seat.first - result.1).abs();
        if result.0 < seat.best.0 || seat.best.1 - result.1 > polish {
            seat.since = 0;
        }
        seat.best = result;
    }
}

impl<M: Algorithm> Algorithm for Portfolio<M>
where
    M::Genome: Clone,
{
    type Genome = M::Genome;

    fn ask(&mut self) -> Option<Asked<'_, M::Genome>> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        let due = |member: usize| (self.members[member].asked + 1.0) / self.members[member].share;
        order.sort_by(|&a, &b| due(a).total_cmp(&due(b)).then(a.cmp(&b)));
        for member in order {
            let seat = &mut self.members[member];
            let Some(asked) = seat.member.ask() else { continue };
            let ticket = Ticket { member, id: asked.id, genome: asked.genome.clone() };
            let origin = Origin { member: Some(member as u16), ..asked.origin };
            seat.asked += 1.0;
            let id = self.next_id;
            self.next_id += 1;
            seat.member.known_as(ticket.id, id);
            let ticket = self.tickets.entry(id).or_insert(ticket);
            return Some(Asked { id, genome: &ticket.genome, origin });
        }
        None
    }

    fn tell(&mut self, id: u64, measured: Measured<'_>) {
        let Some(Ticket { member, id: inner, genome }) = self.tickets.remove(&id) else {
            panic!("candidate {id} was not asked for, or was told already");
        };
        self.members[member].member.tell(inner, measured);
        self.hear(member, measured);
        self.archive.push_found(&genome, measured, member);
        self.told += 1;
        if self.told.is_multiple_of(self.window) {
            self.allocate();
        }
    }

    fn known_as(&mut self, id: u64, name: u64) {
        let ticket = self.tickets.get(&id).expect("only candidates that are out get names");
        self.members[ticket.member].member.known_as(ticket.id, name);
    }

    /// What is kept is a memory without names.
    fn name_of(&self, _row: usize) -> Option<u64> {
        None
    }

    fn population(&self) -> Population<'_, M::Genome> {
        self.archive.population()
    }

    fn generation(&self) -> u64 {
        self.told / self.window
    }

    fn welcome(&mut self, genome: &M::Genome, measured: Measured<'_>, name: Option<u64>) {
        self.archive.push(genome, measured);
        self.members.iter_mut().for_each(|seat| seat.member.welcome(genome, measured, name));
    }

    fn restart(&mut self, starts: &[M::Genome]) {
        self.tickets.clear();
        self.archive.clear();
        let count = self.members.len() as f64;
        for seat in &mut self.members {
            seat.member.restart(starts);
            seat.share = 1.0 / count;
            seat.asked = 0.0;
            seat.best = (f64::INFINITY, f64::INFINITY);
            seat.first = f64::INFINITY;
            seat.since = 0;
        }
    }
}
