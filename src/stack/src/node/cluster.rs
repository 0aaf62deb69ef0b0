//! Decisions for the whole cluster: which node takes an agent that cannot be helped where it is.
//!
//! Picture the head nurse of the house. Whoever takes itself for the leader (see [`crate::supervisor::leadership`], and what that gets wrong) gathers what others
//! report, waits a moment before it believes that a node is gone, asks the guard, finds a place, and writes the move into the register that everybody gets.

use std::collections::BTreeMap;
use std::mem::{Discriminant, discriminant};

use hms_machine::{AgentId, Bytes, Cause, Component, Context, Directory, Duration, Instant, NodeId, Record, Rung};

use super::assignments::Assignments;
use super::message::StackMessage;
use super::peers::{Peers, Standing};
use super::state;
use crate::configuration::Configuration;
use crate::supervisor::guard::{Count, Guard, Outlook, Permission, Refusal, Replicas, Request};
use crate::supervisor::leadership::{Leadership, TERM, suffice};
use crate::supervisor::placement::{self, Candidate, Leaving};

/// What the guard has refused is asked for again after this.
const AGAIN: Duration = Duration::from_millis(500);
/// As many agents on a node count as a full load, where nobody says how busy it is.
const CROWD: f64 = 10.0;
/// What is not said again within this time does not count any more. It is said again twice as often or more, so that one lost message does not matter.
const STALE: Duration = Duration::from_millis(2500);
/// Pause between two tellings.
const REPEAT: Duration = Duration::from_secs(1);

type Cx<'a> = Context<'a, StackMessage>;

/// The leader's desk; every node has one, in case.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    node: NodeId,
    leadership: Leadership,
    guard: Guard,
    /// Who has said of whom that it is silent, and when last.
    reports: BTreeMap<NodeId, BTreeMap<NodeId, Instant>>,
    /// Who has answered since this node looks whom it reaches, to which question last, and whether that node follows this one.
    votes: BTreeMap<NodeId, (Instant, bool)>,
    /// When this node began to look whom it reaches, and when it asks again.
    roll_call: Option<(Instant, Instant)>,
    /// When the leader is told again what this node believes, and who that is.
    report_at: Option<(Instant, NodeId)>,
    /// Since when this node believes that nodes are down.
    down: BTreeMap<NodeId, Instant>,
    /// Agents that must leave.
    leaving: BTreeMap<AgentId, Wish>,
    /// Agents that were moved, from where, and when this node heard of it: others may believe of nodes what this one does not.
    settling: BTreeMap<AgentId, (NodeId, Instant)>,
    /// Agents whose move was refused, and why; `None`: their state is out of reach.
    refused: BTreeMap<AgentId, Option<Discriminant<Refusal>>>,
    leads: bool,
    look_at: Option<Instant>,
}

/// An agent's wish to leave.
#[derive(Clone, Copy, Debug)]
struct Wish {
    from: NodeId,
    /// When it was said last.
    said: Instant,
    /// When to look at it next.
    look_at: Instant,
}

/// What the leader knows.
#[derive(Clone, Copy)]
pub(crate) struct Overview<'a> {
    pub(crate) configuration: &'a Configuration,
    pub(crate) directory: &'a Directory,
    pub(crate) peers: &'a Peers,
}

impl Cluster {
    pub(crate) fn new(node: NodeId, configuration: &Configuration, now: Instant) -> Self {
        Cluster {
            node,
            leadership: Leadership::new(node, configuration.supervisor.leader_stable, now),
            guard: Guard::default(),
            reports: BTreeMap::new(),
            votes: BTreeMap::new(),
            roll_call: None,
            report_at: None,
            refused: BTreeMap::new(),
            down: BTreeMap::new(),
            leaving: BTreeMap::new(),
            settling: BTreeMap::new(),
            leads: false,
            look_at: None,
        }
    }

    /// Who leads, as far as this node knows.
    pub(crate) fn leader(&self, now: Instant) -> Option<NodeId> {
        self.leadership.followed(now).or(self.leadership.leader())
    }

    /// Whether this node takes decisions for the cluster.
    pub(crate) fn leads(&self) -> bool {
        self.leads
    }

    /// Beliefs about nodes have changed.
    pub(crate) fn observe(&mut self, overview: Overview<'_>, cx: &mut Cx<'_>) {
        // The lowest leads, and the board names them in order.
        self.leadership.observe(overview.peers.alive(overview.directory).next(), cx.now);
        self.note_leadership(overview, cx);
        self.look_at = Some(cx.now);
    }

    /// This node suspects another, or does not any more; whoever leads should know.
    pub(crate) fn believes(&mut self, about: NodeId, suspected: bool, overview: Overview<'_>, cx: &mut Cx<'_>) {
        self.observe(overview, cx);
        // The rest is told again and again as long as it is so; that it is over has to be said once.
        if let Some(leader) = self.leader(cx.now).filter(|leader| *leader != self.node && !suspected) {
            cx.send(leader, StackMessage::Report { about, suspected });
        }
    }

    /// Tells the leader whom this node suspects: now if the leader is another than last time, and then again and again.
    fn report(&mut self, overview: Overview<'_>, cx: &mut Cx<'_>) {
        let Some(leader) = self.leader(cx.now).filter(|leader| *leader != self.node) else {
            self.report_at = None;
            return;
        };
        let mut suspects = self.down.keys().copied().filter(|node| overview.peers.suspects(*node)).peekable();
        if suspects.peek().is_none() || self.report_at.is_some_and(|(at, to)| to == leader && at > cx.now) {
            return;
        }
        suspects.for_each(|about| cx.send(leader, StackMessage::Report { about, suspected: true }));
        self.report_at = Some((cx.now.saturating_add(REPEAT), leader));
    }

    /// A node has answered: it can be reached.
    pub(crate) fn voted(&mut self, from: NodeId, asked: Instant, granted: bool, now: Instant) {
        if self.roll_call.is_some_and(|(since, _)| asked >= since) {
            self.votes.insert(from, (asked, granted));
            // Others wait for the one that leads.
            if !self.leads {
                self.look_at = Some(now);
            }
        }
    }

    /// Whether this node follows one that asks to lead.
    pub(crate) fn follow(&mut self, candidate: NodeId, peers: &Peers, now: Instant) -> bool {
        let lowest = peers.heard_below(self.node).unwrap_or(self.node);
        self.leadership.follow(candidate, lowest, now)
    }

    /// Looks whom this node reaches and who follows it. True once the answers of those that are there must have come.
    fn call_roll(&mut self, directory: &Directory, cx: &mut Cx<'_>) -> bool {
        let (since, ask_at) = *self.roll_call.get_or_insert((cx.now, cx.now));
        if ask_at <= cx.now {
            self.roll_call = Some((since, cx.now.saturating_add(AGAIN)));
            let hosts = directory.nodes.iter().enumerate().filter(|(_, place)| !place.edge);
            let others = hosts.map(|(index, _)| NodeId::from_index(index)).filter(|node| *node != self.node);
            others.for_each(|node| cx.send(node, StackMessage::RequestVote { asked: cx.now }));
        }
        since.saturating_add(AGAIN) <= cx.now
    }

    /// A node says what it believes of another.
    pub(crate) fn reported(&mut self, by: NodeId, about: NodeId, suspected: bool, now: Instant) {
        if suspected {
            self.reports.entry(about).or_default().insert(by, now);
        } else if let Some(by_whom) = self.reports.get_mut(&about) {
            by_whom.remove(&by);
        }
        self.look_at = Some(now);
    }

    /// An agent cannot be helped on the node that asks.
    pub(crate) fn asked(&mut self, agent: AgentId, from: NodeId, now: Instant) {
        self.leaving.insert(agent, Wish { from, said: now, look_at: now });
        self.look_at = Some(now);
    }

    /// An agent has been moved, by whomever. One that has come back was never away.
    pub(crate) fn moved(&mut self, agent: AgentId, from: NodeId, to: NodeId, now: Instant) {
        if self.settling.get(&agent).is_some_and(|(home, _)| *home == to) {
            self.settling.remove(&agent);
        } else {
            self.settling.insert(agent, (from, now));
        }
    }

    /// When [`Cluster::wake`] is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.look_at
    }

    /// Whether any node is in doubt, or any agent waits for a place.
    fn anything_to_do(&self) -> bool {
        !self.down.is_empty() || !self.leaving.is_empty() || !self.reports.is_empty()
    }

    /// Takes the decisions that are due; gives the agents that have been moved.
    pub(crate) fn wake(&mut self, overview: Overview<'_>, assignments: &mut Assignments, cx: &mut Cx<'_>) -> Vec<AgentId> {
        cx.charge(Component::Supervisor);
        self.look_at = None;
        self.forget_stale(overview.configuration.placement.settle, cx.now);
        self.note_down(overview, cx.now);
        self.report(overview, cx);
        let placement = &overview.configuration.placement;
        let abandoned = self.down.keys().any(|node| !assignments.agents_of(*node).is_empty());
        let troubled = decides(overview.configuration) && (abandoned || !self.leaving.is_empty());
        let unproven = votes(overview.configuration) && !self.leads;
        let mut moved = Vec::new();
        let mut all_told = false;
        if self.leadership.acts(cx.now) && (troubled || unproven) {
            all_told = self.call_roll(overview.directory, cx);
        } else {
            self.roll_call = None;
            self.votes.clear();
            self.refused.clear();
        }
        self.note_leadership(overview, cx);
        if all_told && self.is_cut_off(overview) {
            // When the others come back they do so one by one, and none may be taken for gone meanwhile.
            self.down.values_mut().for_each(|since| *since = cx.now);
        } else if all_told && troubled && self.leads {
            self.move_all(overview, assignments, &mut moved, cx);
        }
        let again = self.anything_to_do() || self.roll_call.is_some();
        let again = again.then(|| cx.now.saturating_add(AGAIN.min(placement.patience)));
        self.look_at = again.into_iter().chain(self.leadership.deadline(cx.now)).min();
        moved
    }

    /// Forgets what nobody says any more: who said it may be gone, or the message that it is over was lost.
    fn forget_stale(&mut self, settle: Duration, now: Instant) {
        let fresh = |at: &Instant| now.saturating_since(*at) < STALE;
        self.reports.retain(|_, by| {
            by.retain(|_, at| fresh(at));
            !by.is_empty()
        });
        self.votes.retain(|_, (asked, _)| now.saturating_since(*asked) < TERM);
        self.leaving.retain(|_, wish| fresh(&wish.said));
        self.settling.retain(|_, (_, at)| now.saturating_since(*at) < settle);
    }

    /// Leads who takes itself for the leader and is followed by enough. Whoever led before a new question leads until its answers must have come.
    fn note_leadership(&mut self, overview: Overview<'_>, cx: &mut Cx<'_>) {
        let asks = self.roll_call.is_none_or(|(since, _)| since.saturating_add(AGAIN) > cx.now);
        let leads = self.leadership.acts(cx.now)
            && (!votes(overview.configuration) || (asks && self.leads) || self.is_followed(overview, cx.now));
        if leads != self.leads {
            self.leads = leads;
            cx.record(if leads { Record::LeadershipTaken } else { Record::LeadershipLost });
        }
    }

    /// Whether enough of the hosts follow this node.
    fn is_followed(&mut self, overview: Overview<'_>, now: Instant) -> bool {
        let itself = self.follow(self.node, overview.peers, now).then_some(self.node);
        let others = self.votes.iter().filter(|(_, (_, follows))| *follows).map(|(node, _)| *node);
        suffice(others.chain(itself), overview.directory.hosts())
    }

    /// A node is taken for down while this one suspects it, or two others do.
    fn note_down(&mut self, overview: Overview<'_>, now: Instant) {
        for index in 0..overview.directory.nodes.len() {
            let node = NodeId::from_index(index);
            // Who is silent itself cannot take its word back.
            let speaks = |by: &&NodeId| !overview.peers.suspects(**by);
            let others = self.reports.get(&node).map_or(0, |by| by.keys().filter(speaks).count());
            if overview.peers.suspects(node) || (others >= 2 && node != self.node) {
                self.down.entry(node).or_insert(now);
            } else {
                self.down.remove(&node);
            }
        }
    }

    /// Whether so many do not answer that it is more likely this node that is gone.
    fn is_cut_off(&self, overview: Overview<'_>) -> bool {
        let guard = &overview.configuration.guard;
        let Count { of_them, all } = self.unreached(overview.directory);
        let beyond = guard.enabled && f64::from(of_them) > guard.majority * f64::from(all);
        beyond || (!self.leads && 2 * of_them >= all)
    }

    fn move_all(&mut self, overview: Overview<'_>, assignments: &mut Assignments, moved: &mut Vec<AgentId>, cx: &mut Cx<'_>) {
        let patience = overview.configuration.placement.patience;
        let gone: Vec<_> =
            self.down.iter().filter(|(_, since)| since.saturating_add(patience) <= cx.now).map(|(node, _)| *node).collect();
        for node in gone {
            for agent in assignments
                .agents_of(node)
                .into_owned()
                .into_iter()
                .filter(|agent| !self.settling.contains_key(agent))
                .collect::<Vec<_>>()
            {
                if self.move_one(agent, node, Cause::NodeDown, overview, assignments, cx) {
                    moved.push(agent);
                }
            }
        }
        let due: Vec<_> =
            self.leaving.iter().filter(|(_, wish)| wish.look_at <= cx.now).map(|(agent, wish)| (*agent, *wish)).collect();
        for (agent, wish) in due {
            if assignments.node_of(agent) != wish.from {
                self.leaving.remove(&agent);
            } else if self.move_one(agent, wish.from, Cause::Unverified, overview, assignments, cx) {
                self.leaving.remove(&agent);
                moved.push(agent);
            } else {
                self.leaving.insert(agent, Wish { look_at: cx.now.saturating_add(AGAIN), ..wish });
            }
        }
    }

    /// Finds a place for an agent and orders it there, if the guard permits.
    fn move_one(
        &mut self,
        agent: AgentId,
        from: NodeId,
        cause: Cause,
        overview: Overview<'_>,
        assignments: &mut Assignments,
        cx: &mut Cx<'_>,
    ) -> bool {
        let directory = overview.directory;
        let service = directory.agents[agent.index()].service;
        let zone = directory.nodes[from.index()].zone;
        let zone_counts = self.count(directory, |place| place.zone == zone);
        let zone_down = f64::from(zone_counts.of_them) > overview.configuration.guard.majority * f64::from(zone_counts.all);
        let place = &directory.services[service.index()];
        if place.stateful && !state::is_within_reach(agent, overview.configuration, directory, |node| self.reaches(node)) {
            self.refuse(agent, None, cx);
            return false;
        }
        let (replicas, memory) = (&place.agents, place.memory);
        let leaving = Leaving { node: from, zone: zone_down.then_some(zone), memory };
        let candidates = self.candidates(service.index(), overview, assignments);
        let Some(to) = placement::place(&overview.configuration.placement, leaving, &candidates) else { return false };
        let request = Request { agent, service, node: from, zone, destructive: true, isolating: false };
        let healthy = replicas.iter().copied().filter(|replica| overview.peers.standing(*replica) != Standing::Out);
        let healthy: Vec<_> = healthy.collect();
        let agent_serves = healthy.contains(&agent);
        let replicas = Replicas { total: replicas.len() as u32, healthy: &healthy, agent_serves };
        let others = self.reports.get(&from).map_or(0, BTreeMap::len) as u32;
        let believers = others + u32::from(overview.peers.suspects(from));
        let cluster = self.unreached(directory);
        // A node that asks for its own agent to be taken is the best witness there is.
        let asked = cluster.all - cluster.of_them;
        let believers =
            if self.down.contains_key(&from) { Count { of_them: believers, all: asked } } else { Count { of_them: 1, all: 1 } };
        let outlook = Outlook { cluster, zone: zone_counts, believers };
        match self.guard.ask(&overview.configuration.guard, request, replicas, outlook, cx.now) {
            Permission::Granted => {
                self.refused.remove(&agent);
            }
            Permission::Refused(refusal) => {
                self.refuse(agent, Some(discriminant(&refusal)), cx);
                return false;
            }
        }
        // The order is the whole of the leader's part; that it is carried out, the new node sees to.
        self.guard.ended(agent);
        let cause = if zone_down { Cause::ZoneDown } else { cause };
        cx.record(Record::RecoveryStarted { agent, rung: Rung::Relocate, cause, attempt: 1 });
        cx.record(Record::Moved { agent, to });
        assignments.move_to(agent, to);
        true
    }

    /// An agent stays where it is for now. Told once, not each time that nothing has changed.
    fn refuse(&mut self, agent: AgentId, why: Option<Discriminant<Refusal>>, cx: &mut Cx<'_>) {
        if self.refused.insert(agent, why) != Some(why) {
            cx.record(Record::RecoveryHeld(agent));
        }
    }

    /// Whether a node has answered the roll call.
    fn reaches(&self, node: NodeId) -> bool {
        node == self.node || self.votes.contains_key(&node)
    }

    /// Nodes that do not answer, of all. Those that watch each other on a ring know of few; whom a node reaches it has to ask.
    fn unreached(&self, directory: &Directory) -> Count {
        let hosts = directory.nodes.iter().enumerate().filter(|(_, place)| !place.edge);
        let (of_them, all) =
            hosts.fold((0, 0), |(of, all), (index, _)| (of + u32::from(!self.reaches(NodeId::from_index(index))), all + 1));
        Count { of_them, all }
    }

    fn count(&self, directory: &Directory, of: impl Fn(&hms_machine::NodePlace) -> bool) -> Count {
        let nodes = directory.nodes.iter().enumerate().filter(|(_, place)| !place.edge && of(place));
        let (mut of_them, mut all) = (0, 0);
        for (index, _) in nodes {
            all += 1;
            of_them += u32::from(self.down.contains_key(&NodeId::from_index(index)));
        }
        Count { of_them, all }
    }

    /// The nodes as places for an agent of a service.
    fn candidates(&self, service: usize, overview: Overview<'_>, assignments: &Assignments) -> Vec<Candidate> {
        let directory = overview.directory;
        let hosts = directory.nodes.iter().enumerate().filter(|(_, place)| !place.edge);
        hosts
            .map(|(index, place)| {
                let node = NodeId::from_index(index);
                let agents = assignments.agents_of(node);
                let service_of = |agent: &AgentId| directory.agents[agent.index()].service.index();
                let used: u64 = agents.iter().map(|agent| directory.services[service_of(agent)].memory.0).sum();
                Candidate {
                    node,
                    zone: place.zone,
                    alive: !self.down.contains_key(&node) && !overview.peers.suspects(node) && !overview.peers.degraded(node),
                    memory_free: Bytes(place.memory.0.saturating_sub(used)),
                    replicas: agents.iter().filter(|agent| service_of(agent) == service).count() as u32,
                    load: (agents.len() as f64 / CROWD).min(1.0),
                }
            })
            .collect()
    }
}

/// Whether there is anything that a leader decides.
fn decides(configuration: &Configuration) -> bool {
    configuration.placement.enabled && configuration.supervisor.enabled
}

/// Whether a leader needs the word of others.
fn votes(configuration: &Configuration) -> bool {
    decides(configuration) && configuration.supervisor.leader_votes
}

#[cfg(test)]
mod tests;
