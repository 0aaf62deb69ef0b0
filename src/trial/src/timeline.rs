//! When which agent took requests and which host worked: the trace read once, for all who ask.
//!
//! Picture the bars of a Gantt chart: per agent the times in which some process of it was ready on a host that worked, and beside it the times
//! in which more than one was.

use hms_machine::{AgentId, Bytes, Instant, NodeId};
use hms_scenario::model::Scenario;
use hms_sim::services::placement::Placement;
use hms_sim::world::{TraceKind, TraceRow};

/// A stretch of true time, its end left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Instant,
    pub(crate) until: Instant,
}

impl Stretch {
    pub(crate) fn seconds(self) -> f64 {
        self.until.saturating_since(self.from).as_secs_f64()
    }
}

/// What was up when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    /// Per agent: some process of it was ready on a host that worked.
    pub(crate) ready: Vec<Vec<Stretch>>,
    /// Per agent: two or more processes of it were ready on hosts that worked.
    pub(crate) twice: Vec<Vec<Stretch>>,
    /// Per host: it was up and not paused.
    pub(crate) works: Vec<Vec<Stretch>>,
    /// End of the run.
    pub(crate) end: Instant,
}

impl Timeline {
    /// Reads the trace of a run that ends at `end`.
    pub(crate) fn new(places: &Placement, trace: &[TraceRow], end: Instant) -> Timeline {
        let mut reader = Reader::new(places);
        for row in trace {
            if reader.read(row) {
                reader.mark(row.at);
            }
        }
        let close = |marks: Vec<Marks>| marks.into_iter().map(|marks| marks.finish(end)).collect();
        Timeline { ready: close(reader.ready), twice: close(reader.twice), works: close(reader.works), end }
    }

    /// From when on, not before `at`, all of `agents` are ready, and until when that lasts. `None`: not any more.
    pub(crate) fn all_ready(&self, agents: &[AgentId], at: Instant) -> Option<Stretch> {
        let mut from = at;
        loop {
            let mut all = Stretch { from, until: self.end };
            for agent in agents {
                let stretch = self.ready[agent.index()].iter().find(|stretch| stretch.until > all.from)?;
                all = Stretch { from: all.from.max(stretch.from), until: all.until.min(stretch.until) };
            }
            if all.until > all.from || agents.is_empty() {
                return Some(all);
            }
            from = all.from;
        }
    }
}

/// One bar: closed stretches and the open one.
#[derive(Clone, Debug, Default)]
struct Marks {
    stretches: Vec<Stretch>,
    since: Option<Instant>,
}

impl Marks {
    fn set(&mut self, on: bool, at: Instant) {
        match (on, self.since) {
            (true, None) => self.since = Some(at),
            (false, Some(from)) => {
                self.since = None;
                if at > from {
                    self.stretches.push(Stretch { from, until: at });
                }
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    fn finish(mut self, end: Instant) -> Vec<Stretch> {
        self.set(false, end);
        self.stretches
    }
}

struct Reader {
    /// Hosts that are up, and hosts that are paused.
    up: Vec<bool>,
    paused: Vec<bool>,
    /// Per agent: nodes on which a process of it takes requests.
    processes: Vec<Vec<NodeId>>,
    ready: Vec<Marks>,
    twice: Vec<Marks>,
    works: Vec<Marks>,
    /// Hosts and agents that the row concerns.
    nodes: Vec<NodeId>,
    agents: Vec<AgentId>,
}

impl Reader {
    fn new(places: &Placement) -> Reader {
        let (hosts, agents) = (places.by_node.len(), places.agents.len());
        Reader {
            up: vec![false; hosts],
            paused: vec![false; hosts],
            processes: vec![Vec::new(); agents],
            ready: vec![Marks::default(); agents],
            twice: vec![Marks::default(); agents],
            works: vec![Marks::default(); hosts],
            nodes: Vec::new(),
            agents: Vec::new(),
        }
    }

    /// Takes in a row; whether it changes what is up.
    fn read(&mut self, row: &TraceRow) -> bool {
        match row.kind {
            TraceKind::NodeDown(node) => self.host(node, |reader| reader.up[node.index()] = false),
            TraceKind::NodeUp(node) => self.host(node, |reader| reader.up[node.index()] = true),
            TraceKind::NodePaused(node) => self.host(node, |reader| reader.paused[node.index()] = true),
            TraceKind::NodeResumed(node) => self.host(node, |reader| reader.paused[node.index()] = false),
            TraceKind::AgentReady { agent, node } => {
                self.processes[agent.index()].retain(|known| *known != node);
                self.processes[agent.index()].push(node);
                self.agents = vec![agent];
                true
            }
            TraceKind::AgentDown { agent, node, .. } => {
                self.processes[agent.index()].retain(|known| *known != node);
                self.agents = vec![agent];
                true
            }
            TraceKind::FaultBegan(_)
            | TraceKind::FaultEnded(_)
            | TraceKind::AgentStarting { .. }
            | TraceKind::AgentServed { .. }
            | TraceKind::StateRebuilt { .. }
            | TraceKind::Stack { .. }
            | TraceKind::Sent { .. }
            | TraceKind::Received { .. }
            | TraceKind::Attempt { .. } => false,
        }
    }

    fn host(&mut self, node: NodeId, change: impl FnOnce(&mut Self)) -> bool {
        // Edges run clients and no agents, and do not fail.
        if node.index() >= self.up.len() {
            return false;
        }
        change(self);
        self.nodes = vec![node];
        let stands = |nodes: &Vec<NodeId>| nodes.contains(&node);
        let indices = self.processes.iter().enumerate().filter(|(_, nodes)| stands(nodes));
        self.agents = indices.map(|(index, _)| AgentId::from_index(index)).collect();
        true
    }

    fn mark(&mut self, at: Instant) {
        for node in std::mem::take(&mut self.nodes) {
            let works = self.works(node);
            self.works[node.index()].set(works, at);
        }
        for agent in std::mem::take(&mut self.agents) {
            let count = self.processes[agent.index()].iter().filter(|node| self.works(**node)).count();
            self.ready[agent.index()].set(count > 0, at);
            self.twice[agent.index()].set(count > 1, at);
        }
    }

    fn works(&self, node: NodeId) -> bool {
        self.up[node.index()] && !self.paused[node.index()]
    }
}

/// Memory that is left on each host at `at`, after the agents whose processes run there; `None` for hosts that do not work.
pub(crate) fn memory_left(scenario: &Scenario, places: &Placement, trace: &[TraceRow], at: Instant) -> Vec<Option<Bytes>> {
    let mut left: Vec<Option<Bytes>> = scenario.cluster.hosts.iter().map(|_| None).collect();
    let mut runs: Vec<(AgentId, NodeId)> = Vec::new();
    for row in trace.iter().take_while(|row| row.at <= at) {
        match row.kind {
            TraceKind::NodeUp(node) | TraceKind::NodeResumed(node) => {
                if let Some(host) = scenario.cluster.hosts.get(node.index()) {
                    left[node.index()] = Some(host.memory);
                }
            }
            TraceKind::NodeDown(node) | TraceKind::NodePaused(node) => {
                left.get_mut(node.index()).into_iter().for_each(|left| *left = None);
            }
            TraceKind::AgentStarting { agent, node } => runs.push((agent, node)),
            TraceKind::AgentDown { agent, node, .. } => runs.retain(|known| *known != (agent, node)),
            _ => {}
        }
    }
    for (agent, node) in runs {
        let base = scenario.services[places.agents[agent.index()].service.index()].memory.base;
        let left = &mut left[node.index()];
        *left = left.map(|left| left.saturating_sub(base));
    }
    left
}
