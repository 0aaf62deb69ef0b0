//! State of a node's agents: when it is checkpointed and shipped, and who holds copies.

use std::collections::BTreeMap;

use hms_machine::{AgentId, Component, Context, Directory, Holders, NodeId, Reading, Replication, StateSource};

use super::message::StackMessage;
use super::peers::Peers;
use crate::configuration::Configuration;
use crate::supervisor::placement;
use crate::supervisor::state::Schedule;

type Cx<'a> = Context<'a, StackMessage>;

/// The state of the stateful agents of a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct States(BTreeMap<AgentId, Kept>);

/// How the state of one agent is kept.
#[derive(Clone, Debug)]
struct Kept {
    schedule: Schedule,
    /// Whether a checkpoint was taken here, ever.
    checkpoint: bool,
    /// Entries at the checkpoint that is being written.
    writing: Option<u64>,
    holders: Vec<NodeId>,
}

/// The nodes that hold copies of an agent's state while it lives on `home`.
pub(crate) fn holders(agent: AgentId, home: NodeId, configuration: &Configuration, directory: &Directory) -> Vec<NodeId> {
    let zone = directory.nodes[home.index()].zone;
    placement::holders(agent, home, zone, &hosts(directory), configuration.state.holders as usize)
}

/// The nodes that may hold a copy of an agent's state; one that has none says so when it is asked. Where a quorum has to be asked, all of them: a
/// suspicion is no reason to do without an answer. Else those believed alive.
pub(crate) fn sources(agent: AgentId, configuration: &Configuration, directory: &Directory, peers: &Peers) -> Holders {
    let state = &configuration.state;
    if !state.enabled || !state.ship {
        return Holders::NONE;
    }
    let keepers = keepers(agent, configuration, directory);
    let answers = state.answers(keepers.len());
    let asked = keepers.into_iter().filter(|node| answers > 1 || !peers.suspects(*node));
    asked.collect::<Holders>().with_quorum(answers)
}

/// Whether as many of the nodes that keep the agent's state are within reach as a start elsewhere has to ask; it would wait for them, and an agent whose
/// home comes back before them is better off there.
pub(crate) fn is_within_reach(
    agent: AgentId,
    configuration: &Configuration,
    directory: &Directory,
    reached: impl Fn(NodeId) -> bool,
) -> bool {
    let keepers = keepers(agent, configuration, directory);
    let found = keepers.iter().filter(|keeper| reached(**keeper)).count();
    !configuration.state.replicates() || found >= configuration.state.answers(keepers.len())
}

/// The copies, if there are any within reach; else what is on the own disk.
pub(crate) fn of_copies(sources: Holders) -> StateSource {
    if sources.is_empty() { StateSource::Local } else { StateSource::Replica(sources) }
}

/// What the acknowledgements of an agent wait for that has been moved `epoch` times and lives on `home`.
pub(crate) fn replication(
    agent: AgentId,
    home: NodeId,
    epoch: u32,
    configuration: &Configuration,
    directory: &Directory,
) -> Replication {
    if !configuration.state.replicates() {
        return Replication { epoch, ..Replication::default() };
    }
    let keepers = keepers(agent, configuration, directory);
    let copies = configuration.state.copies(keepers.len(), keepers.contains(&home)) as u32;
    let holders = keepers.into_iter().filter(|node| *node != home).collect();
    Replication { holders, copies, epoch }
}

fn keepers(agent: AgentId, configuration: &Configuration, directory: &Directory) -> Vec<NodeId> {
    placement::keepers(agent, &hosts(directory), configuration.state.keepers())
}

fn hosts(directory: &Directory) -> Vec<(NodeId, u32)> {
    let hosts = directory.nodes.iter().enumerate().filter(|(_, place)| !place.edge);
    hosts.map(|(index, place)| (NodeId::from_index(index), place.zone)).collect()
}

impl States {
    /// Begins to keep the state of an agent that lives on `home` now.
    pub(crate) fn keep(
        &mut self,
        agent: AgentId,
        home: NodeId,
        configuration: &Configuration,
        directory: &Directory,
        cx: &Cx<'_>,
    ) {
        if !configuration.state.enabled {
            return;
        }
        let holders = holders(agent, home, configuration, directory);
        let kept = Kept { schedule: Schedule::new(0, cx.now), checkpoint: false, writing: None, holders };
        self.0.entry(agent).or_insert(kept);
    }

    /// The agent lives elsewhere.
    pub(crate) fn forget(&mut self, agent: AgentId) {
        self.0.remove(&agent);
    }

    /// Whether a checkpoint of the agent was taken on this node since it started here.
    pub(crate) fn checkpoint(&self, agent: AgentId) -> bool {
        self.0.get(&agent).is_some_and(|kept| kept.checkpoint)
    }

    /// The host has said how far the journals are: writes and ships what is due.
    pub(crate) fn measured(&mut self, reading: &Reading, configuration: &Configuration, cx: &mut Cx<'_>) {
        cx.charge(Component::Supervisor);
        for agent in reading.agents.iter().filter(|agent| agent.ready) {
            let Some(kept) = self.0.get_mut(&agent.agent) else { continue };
            kept.schedule.appended(agent.entries);
            let due = kept.schedule.due(&configuration.state, cx.now);
            if due.checkpoint && kept.writing.is_none() {
                kept.writing = Some(agent.entries);
                cx.checkpoint(agent.agent);
            }
            // Where acknowledgements wait for copies, entries are shipped as they come.
            if due.ship && !configuration.state.replicates() {
                kept.holders.iter().for_each(|holder| cx.ship(agent.agent, *holder));
                kept.schedule.shipped(agent.entries, cx.now);
            }
        }
    }

    /// A checkpoint has been written, or not.
    pub(crate) fn checkpointed(&mut self, agent: AgentId, ok: bool, cx: &Cx<'_>) {
        let Some(kept) = self.0.get_mut(&agent) else { return };
        if let Some(entries) = kept.writing.take().filter(|_| ok) {
            kept.checkpoint = true;
            kept.schedule.checkpointed(entries, cx.now);
        }
    }

    /// The process of an agent has ended: what was being written never will be.
    pub(crate) fn ended(&mut self, agent: AgentId) {
        if let Some(kept) = self.0.get_mut(&agent) {
            kept.writing = None;
        }
    }
}
