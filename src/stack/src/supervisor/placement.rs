//! Placement: where an agent that must leave goes, and which nodes hold the shipped copy of an agent's state.
//!
//! Picture of the first: candidates are asked the same questions in the same order, and the first question on which they differ
//! decides ([`place`]). Hard: is the node believed alive, is it another node, is there room? Then, by preference: not in the
//! failed zone; no other replica of the service there; few replicas of the service in its zone (spread, as Kubernetes' topology
//! spread constraints with `ScheduleAnyway`); little load; much memory; the lowest id.
//!
//! Picture of the second: every pair of agent and node has a fixed random score, and the nodes with the highest scores hold the
//! copy (rendezvous hashing, Thaler and Ravishankar 1998, "Using name-based mappings to increase hit rates"). If a node goes,
//! only the copies that it held move. Holders stand in other zones than the agent and than each other as far as there are zones;
//! else on other nodes. They hardly change when the agent moves.

use std::collections::BTreeMap;

use hms_machine::{AgentId, Bytes, Duration, NodeId, Purpose};

use crate::tunables::{hours, mins, ms, parameters, secs};

parameters! {
    /// Parameters of placement.
    pub struct PlacementConfiguration("placement") {
        enabled: bool = switch(true),
            "Moves agents to other nodes when theirs is gone or does not do; off: they wait for their node.";
        patience: Duration = duration(ms(10), hours(1), secs(1)),
            "A node must have been believed down for this long before its agents are moved. Shorter: faster recovery, more needless moves.";
        ask: Duration = duration(ms(10), mins(1), ms(300)),
            "A node that boots waits this long for a peer to say what has been moved before it starts its agents.";
        give_up: Duration = duration(secs(1), hours(1), secs(10)),
            "An agent that no other node has taken after this time is decided on again where it was.";
        settle: Duration = duration(ms(1), hours(1), secs(5)),
            "An agent that has just been moved is left where it is for this long, whatever is believed of its node. Shorter: faster when that fails too, more moves to and fro.";
        hand_over: bool = switch(true),
            "An agent that works and was moved away works on until its stand-in is ready, at most for `give_up` where the new home cannot be reached; off: it is stopped when its node hears of the move.";
        spread: bool = switch(true),
            "Prefers zones with few replicas of the service; off: the least loaded node wherever it is.";
        headroom: f64 = real(0.0, 10.0, 0.25),
            "Memory that must be free beyond what the agent needs, as a share of it. More: fewer agents killed for memory, less room.";
        load_max: f64 = real(0.05, 1.0, 0.9),
            "A node whose processors are busier than that is taken only if there is no other.";
    }
}

const HOLDER: Purpose = Purpose::named("stack/state-holder");

/// A node that could take an agent, as the deciding node believes it to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// Its zone.
    pub zone: u32,
    /// Whether it is believed alive.
    pub alive: bool,
    /// Its free memory.
    pub memory_free: Bytes,
    /// Replicas of the agent's service on it, the agent itself not counted.
    pub replicas: u32,
    /// How busy its processors are, 0..=1; NaN counts as busy.
    pub load: f64,
}

/// An agent that must leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// The node that it leaves.
    pub node: NodeId,
    /// The zone to avoid, if the zone is the trouble.
    pub zone: Option<u32>,
    /// Memory that it needs.
    pub memory: Bytes,
}

/// The node that takes the agent; `None` if no node alive has room.
pub fn place(configuration: &PlacementConfiguration, leaving: Leaving, candidates: &[Candidate]) -> Option<NodeId> {
    let mut in_zone: BTreeMap<u32, u32> = BTreeMap::new();
    // Replicas on nodes believed down are as good as gone.
    for candidate in candidates.iter().filter(|candidate| candidate.alive) {
        *in_zone.entry(candidate.zone).or_default() += candidate.replicas;
    }
    let needed = leaving.memory.0.saturating_add((leaving.memory.0 as f64 * configuration.headroom) as u64);
    let fits = |candidate: &&Candidate| candidate.alive && candidate.node != leaving.node && candidate.memory_free.0 >= needed;
    let preference = |candidate: &&Candidate| {
        let load = if candidate.load.is_nan() { 1.0 } else { candidate.load.clamp(0.0, 1.0) };
        let crowd = if configuration.spread { in_zone.get(&candidate.zone).copied().unwrap_or(0) } else { 0 };
        // Loads that differ by less than a hundredth are the same load.
        let load_percent = (load * 100.0) as u32;
        (
            leaving.zone == Some(candidate.zone),
            candidate.replicas > 0,
            load > configuration.load_max,
            crowd,
            load_percent,
            std::cmp::Reverse(candidate.memory_free),
            candidate.node,
        )
    };
    candidates.iter().filter(fits).min_by_key(preference).map(|candidate| candidate.node)
}

/// The nodes that hold the copy of the agent's state while it lives on `home`, best first: at most `count` of `nodes` (node and zone), none of
/// them the agent's own, and such in other zones before others.
///
/// They are [`keepers`] of the agent, one more than are needed, of which the home leaves one out. So two homes share all holders but one, and whoever asks
/// all keepers finds what any home has shipped.
pub fn holders(agent: AgentId, home: NodeId, home_zone: u32, nodes: &[(NodeId, u32)], count: usize) -> Vec<NodeId> {
    let zone = |node: NodeId| nodes.iter().find(|(known, _)| *known == node).map(|(_, zone)| *zone);
    let mut chosen = keepers(agent, nodes, count + 1);
    chosen.retain(|node| *node != home);
    chosen.sort_by_key(|node| zone(*node) == Some(home_zone));
    chosen.truncate(count);
    chosen
}

/// The nodes that may hold a copy of the agent's state, wherever it lives: at most `count` of `nodes` (node and zone), in different zones as far as
/// there are any.
///
/// They are chosen from all nodes there are, not from those alive, so that a suspicion moves no state.
pub fn keepers(agent: AgentId, nodes: &[(NodeId, u32)], count: usize) -> Vec<NodeId> {
    let score = |node: NodeId| HOLDER.part(u64::from(agent.0)).part(u64::from(node.0)).hash();
    let mut ranked = nodes.to_vec();
    ranked.sort_by_key(|(node, _)| (std::cmp::Reverse(score(*node)), *node));
    // How often each zone is taken already.
    let mut taken = BTreeMap::<u32, u32>::new();
    let mut chosen = Vec::new();
    while chosen.len() < count {
        let crowd = |zone: u32| taken.get(&zone).copied().unwrap_or(0);
        let Some(next) = (0..ranked.len()).min_by_key(|position| (crowd(ranked[*position].1), *position)) else { break };
        let (node, zone) = ranked.remove(next);
        *taken.entry(zone).or_default() += 1;
        chosen.push(node);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn configuration() -> PlacementConfiguration {
        PlacementConfiguration::default()
    }

    /// Node k of nine in three zones, alive, empty and idle.
    fn nine() -> Vec<Candidate> {
        let node = |id: u32| Candidate {
            node: NodeId(id),
            zone: id / 3,
            alive: true,
            memory_free: Bytes::from_mib(1000),
            replicas: 0,
            load: 0.0,
        };
        (0..9).map(node).collect()
    }

    const LEAVING: Leaving = Leaving { node: NodeId(0), zone: None, memory: Bytes::from_mib(100) };

    fn placed(change: impl FnOnce(&mut Vec<Candidate>), leaving: Leaving) -> Option<u32> {
        let mut candidates = nine();
        change(&mut candidates);
        place(&configuration(), leaving, &candidates).map(|node| node.0)
    }

    #[test]
    fn the_questions_decide_in_their_order() {
        let zone_0 = Leaving { zone: Some(0), ..LEAVING };
        assert_eq!(placed(|_| {}, LEAVING), Some(1), "all alike: the lowest id that is not left");
        assert_eq!(placed(|_| {}, zone_0), Some(3), "not the failed zone");
        assert_eq!(placed(|nodes| nodes[1].alive = false, LEAVING), Some(2));
        assert_eq!(placed(|nodes| nodes[1].memory_free = Bytes::from_mib(124), LEAVING), Some(2), "headroom is missing");
        assert_eq!(placed(|nodes| nodes[1].load = 0.5, LEAVING), Some(2));
        assert_eq!(placed(|nodes| nodes[1].load = f64::NAN, LEAVING), Some(2));
        assert_eq!(placed(|nodes| nodes[7].memory_free = Bytes::from_mib(2000), LEAVING), Some(7));
        let zones_0_and_1_have_one = |nodes: &mut Vec<Candidate>| {
            nodes[1].replicas = 1;
            nodes[4].replicas = 1;
            nodes[6].load = 0.5;
        };
        assert_eq!(placed(zones_0_and_1_have_one, LEAVING), Some(7));
        assert_eq!(placed(|nodes| nodes.iter_mut().for_each(|node| node.alive = false), LEAVING), None);
    }

    #[test]
    fn without_spread_the_crowd_of_a_zone_does_not_matter() {
        let mut candidates = nine();
        candidates[1].replicas = 1;
        let off = PlacementConfiguration { spread: false, ..configuration() };
        assert_eq!(place(&configuration(), LEAVING, &candidates), Some(NodeId(3)));
        assert_eq!(place(&off, LEAVING, &candidates), Some(NodeId(2)));
    }

    #[test]
    fn two_replicas_share_a_node_and_the_failed_zone_is_used_only_when_there_is_no_other_way() {
        let crowded = |nodes: &mut Vec<Candidate>| nodes.iter_mut().for_each(|node| node.replicas = 1);
        assert_eq!(placed(crowded, LEAVING), Some(1));
        let only_zone_0 = |nodes: &mut Vec<Candidate>| nodes[3..].iter_mut().for_each(|node| node.memory_free = Bytes::ZERO);
        assert_eq!(placed(only_zone_0, Leaving { zone: Some(0), ..LEAVING }), Some(1));
    }

    fn places() -> Vec<(NodeId, u32)> {
        nine().iter().map(|candidate| (candidate.node, candidate.zone)).collect()
    }

    #[test]
    fn copies_stand_in_other_zones_than_the_agent_and_each_other() {
        for agent in 0..100 {
            let chosen = holders(AgentId(agent), NodeId(4), 1, &places(), 2);
            let mut zones: Vec<_> = chosen.iter().map(|node| node.0 / 3).collect();
            zones.sort_unstable();
            assert_eq!(zones, [0, 2]);
        }
        let one_zone: Vec<_> = (0..3).map(|node| (NodeId(node), 0)).collect();
        assert_eq!(holders(AgentId(1), NodeId(0), 0, &one_zone, 5).len(), 2);
    }

    #[test]
    fn copies_are_spread_over_all_nodes_and_few_move_when_a_node_is_added() {
        let (mut held, mut moved) = ([0u32; 12], 0);
        let mut more = places();
        more.push((NodeId(9), 2));
        for agent in 0..1000 {
            let before = keepers(AgentId(agent), &places(), 1);
            before.iter().for_each(|node| held[node.index()] += 1);
            let after = keepers(AgentId(agent), &more, 1);
            moved += u32::from(before != after);
            assert!(before == after || after == [NodeId(9)], "only to the new node does anything move");
        }
        // Nine nodes: 111 copies each, standard deviation 10. One of ten is new: 100 ± 9 move.
        assert!(held[..9].iter().all(|count| (71..=151).contains(count)), "{held:?}");
        assert!((64..=136).contains(&moved), "{moved}");
    }

    proptest! {
        #[test]
        fn the_failed_zone_is_not_chosen_if_another_has_room_nor_a_node_with_a_replica_if_another_has_none(
            nodes in prop::collection::vec((any::<bool>(), 0u64..300, 0u32..3, 0.0f64..1.0), 9), zone in 0u32..3, order in Just((0..9usize).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut candidates = nine();
            for (candidate, (alive, free, replicas, load)) in candidates.iter_mut().zip(nodes) {
                *candidate = Candidate { alive, memory_free: Bytes::from_mib(free), replicas, load, ..*candidate };
            }
            let leaving = Leaving { zone: Some(zone), ..LEAVING };
            let chosen = place(&configuration(), leaving, &candidates);
            let fits: Vec<_> = candidates
                .iter()
                .filter(|candidate| candidate.alive && candidate.node != leaving.node && candidate.memory_free >= Bytes::from_mib(125))
                .collect();
            prop_assert_eq!(chosen.is_some(), !fits.is_empty());
            if let Some(chosen) = chosen.and_then(|node| candidates.iter().find(|candidate| candidate.node == node)) {
                prop_assert!(fits.contains(&chosen));
                prop_assert!(chosen.zone != zone || fits.iter().all(|other| other.zone == zone));
                let alike: Vec<_> = fits.iter().filter(|other| (other.zone == zone) == (chosen.zone == zone)).collect();
                prop_assert!(chosen.replicas == 0 || alike.iter().all(|other| other.replicas > 0));
            }
            let shuffled: Vec<_> = order.into_iter().map(|position| candidates[position]).collect();
            prop_assert_eq!(place(&configuration(), leaving, &shuffled), chosen);
        }

        #[test]
        fn only_the_copies_of_a_lost_node_move_when_each_agent_has_one(agent in 0u32..10_000, lost in 0u32..9) {
            let before = keepers(AgentId(agent), &places(), 1);
            let left: Vec<_> = places().into_iter().filter(|(node, _)| node.0 != lost).collect();
            let after = keepers(AgentId(agent), &left, 1);
            prop_assert!(before == after || before == [NodeId(lost)]);
        }

        #[test]
        fn an_agent_that_moves_keeps_all_holders_but_one_and_all_of_them_are_keepers(
            agent in 0u32..10_000, home in 0u32..9, next in 0u32..9, count in 1usize..4,
        ) {
            let all = keepers(AgentId(agent), &places(), count + 1);
            let [before, after] = [home, next].map(|home| holders(AgentId(agent), NodeId(home), home / 3, &places(), count));
            prop_assert!(before.iter().chain(&after).all(|node| all.contains(node)));
            prop_assert_eq!((before.len(), before.contains(&NodeId(home))), (count, false));
            prop_assert!(before.iter().filter(|node| !after.contains(node)).count() <= 1);
        }
    }
}
