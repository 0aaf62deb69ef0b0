use super::*;
use crate::supervisor::leadership::LEASE;

fn at(millis: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(millis)
}

fn desk(id: u32) -> Cluster {
    Cluster::new(NodeId(id), &Configuration::default(), Instant::ZERO)
}

#[test]
fn a_vote_counts_from_the_question_on_however_late_the_answer_comes() {
    let mut desk = desk(0);
    desk.roll_call = Some((at(0), at(500)));
    desk.voted(NodeId(1), at(0), true, at(1200));
    desk.voted(NodeId(2), at(500), true, at(1200));
    desk.forget_stale(Duration::ZERO, at(1249));
    assert_eq!(desk.votes.keys().copied().collect::<Vec<_>>(), [NodeId(1), NodeId(2)]);
    desk.forget_stale(Duration::ZERO, at(1250));
    assert_eq!(desk.votes.keys().copied().collect::<Vec<_>>(), [NodeId(2)]);
}

#[test]
fn an_answer_to_a_question_of_an_earlier_look_does_not_count() {
    let mut desk = desk(0);
    desk.voted(NodeId(1), at(0), true, at(10));
    desk.roll_call = Some((at(1000), at(1500)));
    desk.voted(NodeId(1), at(999), true, at(1010));
    assert!(desk.votes.is_empty());
    desk.voted(NodeId(1), at(1000), false, at(1010));
    assert_eq!(desk.votes[&NodeId(1)], (at(1000), false));
}

#[test]
fn whom_a_node_follows_is_its_leader_for_as_long_as_that_binds_it_whomever_it_believes_alive() {
    let mut desk = desk(3);
    desk.leadership.observe([NodeId(1), NodeId(3)], at(0));
    assert_eq!(desk.leader(at(0)), Some(NodeId(1)));
    // It heard the first host a moment ago, and that asks.
    assert!(desk.leadership.follow(NodeId(0), NodeId(0), at(100)));
    let until = at(100) + LEASE;
    assert_eq!((desk.leader(at(100)), desk.leader(until)), (Some(NodeId(0)), Some(NodeId(1))));
}
