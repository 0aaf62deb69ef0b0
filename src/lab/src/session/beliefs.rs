//! What a node believes at an instant, read off its stack, to be held beside the truth.

use hms_machine::{AgentId, Cause, NodeId, ServiceId};
use hms_stack::breaker::Phase;
use hms_trial::ClusterSimulation;

/// What a node believes.
#[derive(Clone, Debug, PartialEq)]
pub struct Beliefs {
    /// Who believes it.
    pub node: NodeId,
    /// Which of its lives this is.
    pub incarnation: u64,
    /// Peers that it believes to have failed.
    pub suspects: Vec<NodeId>,
    /// Ground truth, for comparison: peers that are down, paused, or cannot be reached from it just now.
    pub unreachable: Vec<NodeId>,
    /// What it says of itself.
    pub degraded: Option<Cause>,
    /// Where it believes agents to run that are not where they were deployed.
    pub moved: Vec<(AgentId, NodeId)>,
    /// Its breakers.
    pub breakers: Vec<BreakerBelief>,
}

/// A breaker of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerBelief {
    /// The service that is called.
    pub service: ServiceId,
    /// The replica, where there is a breaker for each.
    pub agent: Option<AgentId>,
    /// Its state.
    pub phase: Phase,
    /// Calls in its window.
    pub calls: u32,
    /// Share of them that failed.
    pub failures: Option<f64>,
}

/// The beliefs of `node`; `None` while it is down.
pub fn beliefs(simulation: &ClusterSimulation, configuration: &hms_stack::Configuration, node: NodeId) -> Option<Beliefs> {
    let (world, now) = (&simulation.model, simulation.now());
    let machine = world.machine(node)?;
    let peers = || (0..world.scenario.cluster.hosts.len()).map(NodeId::from_index).filter(|peer| *peer != node);
    let gone = |peer: &NodeId| !world.works(*peer) || !world.network().reachable(now, node, *peer);
    let agents = world.directory().agents.iter().enumerate().map(|(index, place)| (AgentId::from_index(index), place.node));
    let breakers = machine.breakers().reports(&configuration.breaker, now).map(|(key, report)| BreakerBelief {
        service: key.service,
        agent: key.agent,
        phase: report.phase,
        calls: report.calls,
        failures: report.failure_ratio.map(hms_machine::Ratio::get),
    });
    Some(Beliefs {
        node,
        incarnation: machine.incarnation(),
        suspects: peers().filter(|peer| machine.suspects(*peer)).collect(),
        unreachable: peers().filter(gone).collect(),
        degraded: machine.degraded(),
        moved: agents
            .map(|(agent, home)| (agent, home, machine.place_of(agent)))
            .filter(|(_, home, place)| home != place)
            .map(|(agent, _, place)| (agent, place))
            .collect(),
        breakers: breakers.collect(),
    })
}

#[cfg(test)]
mod tests {
    use hms_machine::Instant;

    use super::super::Session;
    use super::*;
    use crate::fixture;

    #[test]
    fn a_belief_lags_behind_the_truth_and_follows_it() {
        let inputs = fixture::inputs(1);
        let (_, mut session) = Session::again(&inputs, 20, &mut |_, _| true).unwrap();
        let mut of = |millis: u64| {
            let world = session.seek(Instant::from_nanos(millis * 1_000_000)).unwrap();
            beliefs(world, inputs.stack(), NodeId(1)).unwrap()
        };
        // Node 0 is cut off from 6 s to 9 s.
        let (before, just_now, later, after) = (of(5_000), of(6_010), of(8_900), of(18_000));
        assert_eq!((before.suspects.as_slice(), before.unreachable.as_slice()), (&[][..], &[][..]));
        assert_eq!((just_now.suspects.as_slice(), just_now.unreachable.as_slice()), (&[][..], &[NodeId(0)][..]));
        assert_eq!((later.suspects.as_slice(), later.unreachable.as_slice()), (&[NodeId(0)][..], &[NodeId(0)][..]));
        assert_eq!((after.suspects.as_slice(), after.unreachable.as_slice()), (&[][..], &[][..]));
    }
}
