//! The trace laid out in lanes: faults by kind, hosts, agents, what nodes believe, who leads, breakers.

use std::collections::BTreeMap;

use hms_lab::machine::{AgentId, BreakerState, Level, NodeId, Record, Whole};
use hms_lab::session::{Chronicle, NodeState, ProcessState};
use hms_lab::trial::{TraceKind, TraceRow};

use crate::view::lanes::{Lane, Look, Mark, Span, Subject, seconds};

/// A lane in the making: its present state and what was before.
#[derive(Default)]
struct Track {
    state: Option<(Look, f64, u32)>,
    spans: Vec<Span>,
    marks: Vec<Mark>,
}

impl Track {
    fn set(&mut self, look: Option<Look>, at: f64, row: u32) {
        if self.state.map(|(known, ..)| known) == look {
            return;
        }
        self.close(at);
        self.state = look.map(|look| (look, at, row));
    }

    fn close(&mut self, at: f64) {
        if let Some((look, from, row)) = self.state.take()
            && at > from
        {
            self.spans.push(Span { from, until: at, look, row });
        }
    }

    fn mark(&mut self, look: Look, at: f64, row: u32) {
        self.marks.push(Mark { at, look, row });
    }

    fn lane(mut self, name: String, subject: Subject, length: f64) -> Lane {
        self.close(length);
        Lane::new(name, subject, length, self.spans, self.marks)
    }
}

/// How many of several things are so at a time: a lane that is lit while any is.
#[derive(Default)]
struct Several {
    track: Track,
    count: u32,
}

impl Several {
    fn change(&mut self, more: bool, look: Look, at: f64, row: u32) {
        self.count = if more { self.count + 1 } else { self.count.saturating_sub(1) };
        self.track.set((self.count > 0).then_some(look), at, row);
    }
}

struct Tracks<'a> {
    chronicle: &'a Chronicle,
    faults: BTreeMap<String, Several>,
    nodes: Vec<Track>,
    states: Vec<NodeState>,
    agents: Vec<Track>,
    processes: Vec<Vec<(NodeId, ProcessState)>>,
    beliefs: Vec<Several>,
    suspected: Vec<(NodeId, NodeId)>,
    leaders: Several,
    breakers: Vec<Several>,
    open: Vec<(NodeId, u32, Option<AgentId>)>,
    /// How the leader finds services, zones and the cluster.
    services: Vec<Track>,
    zones: BTreeMap<u32, Track>,
    cluster: Track,
    alerts: Track,
    /// Agents to which somebody sends nothing, and who.
    outliers: Several,
    ejected: Vec<(NodeId, AgentId)>,
}

/// The lanes of a run. A row is looked at once.
pub(super) fn lanes(chronicle: &Chronicle) -> Vec<Lane> {
    let scenario = chronicle.inputs.scenario();
    let (hosts, agents, services) = (scenario.cluster.hosts.len(), chronicle.places.agents.len(), scenario.services.len());
    let length = chronicle.end().as_secs_f64();
    let mut tracks = Tracks {
        chronicle,
        faults: BTreeMap::new(),
        nodes: (0..hosts).map(|_| Track::default()).collect(),
        states: vec![NodeState::Down; hosts],
        agents: (0..agents).map(|_| Track::default()).collect(),
        processes: vec![Vec::new(); agents],
        beliefs: (0..hosts).map(|_| Several::default()).collect(),
        suspected: Vec::new(),
        leaders: Several::default(),
        breakers: (0..services).map(|_| Several::default()).collect(),
        open: Vec::new(),
        services: (0..services).map(|_| Track::default()).collect(),
        zones: BTreeMap::new(),
        cluster: Track::default(),
        alerts: Track::default(),
        outliers: Several::default(),
        ejected: Vec::new(),
    };
    // Hosts and agents are down until they are seen to come up.
    tracks.nodes.iter_mut().for_each(|track| track.set(Some(Look::Waiting), 0.0, 0));
    for (place, row) in chronicle.trace.iter().enumerate() {
        tracks.read(row, u32::try_from(place).unwrap_or(u32::MAX));
    }
    let faults =
        tracks.faults.into_iter().map(|(kind, several)| several.track.lane(format!("fault: {kind}"), Subject::Fault, length));
    let nodes = tracks.nodes.into_iter().enumerate().map(|(node, track)| {
        track.lane(format!("host {}", chronicle.topology.name(NodeId::from_index(node))), Subject::Node(node as u32), length)
    });
    let beliefs = tracks.beliefs.into_iter().enumerate().map(|(node, several)| {
        several.track.lane(
            format!("suspected: {}", chronicle.topology.name(NodeId::from_index(node))),
            Subject::Node(node as u32),
            length,
        )
    });
    let agents =
        tracks.agents.into_iter().enumerate().map(|(agent, track)| {
            track.lane(chronicle.agent_name(AgentId::from_index(agent)), Subject::Agent(agent as u32), length)
        });
    let leaders = std::iter::once(tracks.leaders.track.lane("leader".to_owned(), Subject::Whole, length));
    let breakers = tracks.breakers.into_iter().enumerate().map(|(service, several)| {
        several.track.lane(format!("breakers to {}", scenario.services[service].name), Subject::Service(service as u32), length)
    });
    let levels = tracks.services.into_iter().enumerate().map(|(service, track)| {
        track.lane(format!("service {}", scenario.services[service].name), Subject::Service(service as u32), length)
    });
    let zones = tracks.zones.into_iter().map(|(zone, track)| {
        let known = (zone as usize) < chronicle.topology.zones();
        let name = if known { chronicle.topology.zone_name(zone as usize).to_owned() } else { zone.to_string() };
        track.lane(format!("zone {name}"), Subject::Whole, length)
    });
    let wholes = [
        tracks.cluster.lane("cluster".to_owned(), Subject::Whole, length),
        tracks.alerts.lane("alerts".to_owned(), Subject::Whole, length),
        tracks.outliers.track.lane("sent nothing".to_owned(), Subject::Whole, length),
    ];
    // Lanes on which nothing ever happened would only be in the way; hosts and agents stay.
    let busy = |lane: &Lane| lane.events() > 0;
    faults
        .chain(nodes)
        .chain(agents)
        .chain(levels.filter(busy))
        .chain(leaders.filter(busy))
        .chain(beliefs.filter(busy))
        .chain(breakers.filter(busy))
        .chain(zones.filter(busy))
        .chain(wholes.into_iter().filter(busy))
        .collect()
}

impl Tracks<'_> {
    fn read(&mut self, row: &TraceRow, place: u32) {
        let at = seconds(row.at);
        match row.kind {
            TraceKind::FaultBegan(fault) | TraceKind::FaultEnded(fault) => {
                let episodes = &self.chronicle.episodes;
                let Ok(place_of) = episodes.binary_search_by_key(&fault, |episode| episode.fault) else { return };
                let episode = &episodes[place_of];
                let lane = self.faults.entry(episode.kind.replace('_', " ")).or_default();
                let began = matches!(row.kind, TraceKind::FaultBegan(_));
                if began && episode.end == Some(episode.start) {
                    lane.track.mark(Look::Fault, at, place);
                } else if began || lane.count > 0 {
                    lane.change(began, Look::Fault, at, place);
                }
            }
            TraceKind::NodeDown(node) => self.node(node, NodeState::Down, at, place),
            TraceKind::NodeUp(node) | TraceKind::NodeResumed(node) => self.node(node, NodeState::Up, at, place),
            TraceKind::NodePaused(node) => self.node(node, NodeState::Paused, at, place),
            TraceKind::AgentDown { agent, node, .. } => self.process(agent, node, ProcessState::Down, at, place),
            TraceKind::AgentStarting { agent, node } => self.process(agent, node, ProcessState::Starting, at, place),
            TraceKind::AgentReady { agent, node } => self.process(agent, node, ProcessState::Ready, at, place),
            TraceKind::AgentServed { agent, .. } => self.agents[agent.index()].mark(Look::Proof, at, place),
            TraceKind::Stack { node, record, .. } => self.said(node, record, at, place),
            TraceKind::StateRebuilt { .. } | TraceKind::Sent { .. } | TraceKind::Received { .. } | TraceKind::Attempt { .. } => {}
        }
    }

    fn node(&mut self, node: NodeId, state: NodeState, at: f64, row: u32) {
        if let Some(track) = self.nodes.get_mut(node.index()) {
            self.states[node.index()] = state;
            track.set(
                Some(match state {
                    NodeState::Down => Look::Bad,
                    NodeState::Up => Look::Good,
                    NodeState::Paused => Look::Still,
                }),
                at,
                row,
            );
        }
        if state == NodeState::Down {
            // What a dead node believed is gone with it.
            let gone: Vec<NodeId> = self.suspected.iter().filter(|(by, _)| *by == node).map(|(_, of)| *of).collect();
            self.suspected.retain(|(by, _)| *by != node);
            for of in gone {
                self.beliefs[of.index()].change(false, Look::Belief, at, row);
            }
            let closed: Vec<u32> = self.open.iter().filter(|(by, ..)| *by == node).map(|(_, service, _)| *service).collect();
            self.open.retain(|(by, ..)| *by != node);
            for service in closed {
                self.breakers[service as usize].change(false, Look::Bad, at, row);
            }
            let before = self.ejected.len();
            self.ejected.retain(|(by, _)| *by != node);
            (self.ejected.len()..before).for_each(|_| self.outliers.change(false, Look::Belief, at, row));
        }
    }

    fn process(&mut self, agent: AgentId, node: NodeId, state: ProcessState, at: f64, row: u32) {
        let known = &mut self.processes[agent.index()];
        known.retain(|(place, _)| *place != node);
        known.push((node, state));
        let any = |state| known.iter().any(|(_, known)| *known == state);
        let look = if any(ProcessState::Ready) {
            Look::Good
        } else if any(ProcessState::Starting) {
            Look::Waiting
        } else {
            Look::Bad
        };
        self.agents[agent.index()].set(Some(look), at, row);
    }

    fn said(&mut self, node: NodeId, record: Record, at: f64, row: u32) {
        match record {
            Record::Suspected(peer) if peer.index() < self.beliefs.len() && !self.suspected.contains(&(node, peer)) => {
                self.suspected.push((node, peer));
                self.beliefs[peer.index()].change(true, Look::Belief, at, row);
            }
            Record::Trusted(peer) if self.suspected.contains(&(node, peer)) => {
                self.suspected.retain(|pair| *pair != (node, peer));
                self.beliefs[peer.index()].change(false, Look::Belief, at, row);
            }
            Record::AgentFailed { agent, .. } | Record::AgentDegraded { agent, .. } => {
                self.agents[agent.index()].mark(Look::Belief, at, row);
            }
            Record::Ejected(agent) => {
                self.agents[agent.index()].mark(Look::Belief, at, row);
                if !self.ejected.contains(&(node, agent)) {
                    self.ejected.push((node, agent));
                    self.outliers.change(true, Look::Belief, at, row);
                }
            }
            Record::NodeDegraded { node: of, .. } => {
                if let Some(track) = self.nodes.get_mut(of.index()) {
                    track.mark(Look::Belief, at, row);
                }
            }
            Record::RecoveryStarted { agent, .. } | Record::Moved { agent, .. } => {
                self.agents[agent.index()].mark(Look::Action, at, row)
            }
            Record::RecoveryVerified { agent, .. } => self.agents[agent.index()].mark(Look::Proof, at, row),
            Record::RecoveryFailed { agent, .. } => self.agents[agent.index()].mark(Look::Bad, at, row),
            Record::LeadershipTaken => {
                self.leaders.track.mark(Look::Lead, at, row);
                self.leaders.change(true, Look::Lead, at, row);
            }
            Record::LeadershipLost => self.leaders.change(false, Look::Lead, at, row),
            Record::Breaker { service, agent, state } => {
                let key = (node, service.0, agent);
                let was = self.open.contains(&key);
                let is = state != BreakerState::Closed;
                if was != is {
                    self.open.retain(|known| *known != key);
                    if is {
                        self.open.push(key);
                    }
                    self.breakers[service.index()].change(is, Look::Bad, at, row);
                }
            }
            Record::Whole { of, level } => {
                let track = match of {
                    Whole::Service(service) => self.services.get_mut(service.index()),
                    Whole::Zone(zone) => Some(self.zones.entry(zone).or_default()),
                    Whole::Cluster => Some(&mut self.cluster),
                };
                track.into_iter().for_each(|track| track.set(Some(level_look(level)), at, row));
            }
            Record::Alerted { .. } => self.alerts.mark(Look::Belief, at, row),
            Record::Readmitted(agent) => {
                if let Some(place) = self.ejected.iter().position(|known| *known == (node, agent)) {
                    self.ejected.swap_remove(place);
                    self.outliers.change(false, Look::Belief, at, row);
                }
            }
            Record::Suspected(_)
            | Record::Trusted(_)
            | Record::AgentHealthy(_)
            | Record::NodeHealthy(_)
            | Record::RecoveryWithdrawn(_)
            | Record::RecoveryHeld(_)
            | Record::Quarantined { .. } => {}
        }
    }
}

/// How a whole is shown of which a leader says how well it is.
fn level_look(level: Level) -> Look {
    match level {
        Level::Healthy => Look::Good,
        Level::Unknown => Look::Waiting,
        Level::Degraded => Look::Belief,
        Level::Failed => Look::Bad,
    }
}

#[cfg(test)]
mod tests {
    use hms_lab::machine::{Cause, Instant, ServiceId, Severity};

    use super::*;
    use crate::view::fixture::chronicle;
    use crate::view::lanes::Seen;

    fn said(seconds: u64, node: u32, record: Record) -> TraceRow {
        let kind = TraceKind::Stack { node: NodeId(node), record, justified: true };
        TraceRow { at: Instant::from_nanos(seconds * 1_000_000_000), seq: seconds, kind }
    }

    /// Looks of the spans of a lane, with where they begin; and how many marks it has.
    fn shown(lanes: &[Lane], name: &str) -> (Vec<(Look, f64)>, usize) {
        let lane = lanes.iter().find(|lane| lane.name == name).unwrap_or_else(|| panic!("no lane {name}"));
        let Seen::Close(spans, marks) = lane.seen(0.0, 4.0, 400) else { panic!("far") };
        (spans.iter().map(|span| (span.look, span.from)).collect(), marks.len())
    }

    #[test]
    fn services_zones_and_the_cluster_have_lanes_by_what_the_leader_finds() {
        let mut chronicle = chronicle("", 1);
        let whole = |seconds, of, level| said(seconds, 0, Record::Whole { of, level });
        chronicle.trace = vec![
            whole(1, Whole::Service(ServiceId(0)), Level::Healthy),
            whole(2, Whole::Service(ServiceId(0)), Level::Degraded),
            whole(2, Whole::Zone(0), Level::Failed),
            whole(3, Whole::Cluster, Level::Unknown),
            said(3, 0, Record::Alerted { severity: Severity::Warning, cause: Cause::Crash }),
        ];
        let lanes = lanes(&chronicle);
        assert_eq!(shown(&lanes, "service api"), (vec![(Look::Good, 1.0), (Look::Belief, 2.0)], 0));
        let zone = format!("zone {}", chronicle.topology.zone_name(0));
        assert_eq!(shown(&lanes, &zone), (vec![(Look::Bad, 2.0)], 0));
        assert_eq!(shown(&lanes, "cluster"), (vec![(Look::Waiting, 3.0)], 0));
        assert_eq!(shown(&lanes, "alerts"), (vec![], 1));
    }

    #[test]
    fn an_agent_is_sent_nothing_until_all_who_ejected_it_take_it_back_or_are_gone() {
        let mut chronicle = chronicle("", 1);
        let agent = AgentId(1);
        let down = TraceRow { kind: TraceKind::NodeDown(NodeId(1)), ..said(3, 1, Record::LeadershipLost) };
        chronicle.trace = vec![
            said(1, 0, Record::Ejected(agent)),
            said(1, 1, Record::Ejected(agent)),
            said(2, 0, Record::Readmitted(agent)),
            down,
        ];
        let lane = lanes(&chronicle).into_iter().find(|lane| lane.name == "sent nothing").unwrap();
        let Seen::Close(spans, _) = lane.seen(0.0, 4.0, 400) else { panic!("far") };
        assert_eq!(spans.iter().map(|span| (span.from, span.until)).collect::<Vec<_>>(), [(1.0, 3.0)]);
    }
}
