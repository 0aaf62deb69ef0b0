//! Where calls go, and what becomes of those that fail.

use hms_machine::{BreakerState, CallId, CallOutcome, NodeId, Record, ServicePlace, Substitute};
use hms_stack::Configuration;
use hms_stack::breaker::Fallback;
use hms_stack::overload::HedgeDelay;

use crate::harness::{Cluster, End, Shape};
use crate::{ms, secs, with};

fn everywhere(cluster: &mut Cluster, outcome: CallOutcome) {
    for agent in 0..3 {
        cluster.script(agent).outcome = outcome;
        cluster.script(agent).heals = false;
    }
}

fn states(cluster: &Cluster, agent: u32) -> Vec<BreakerState> {
    let edge = cluster.edge().0;
    let told = cluster.records_of(|record| matches!(record, Record::Breaker { .. })).into_iter();
    told.filter(|(by, _)| *by == edge)
        .filter_map(|(_, record)| match record {
            Record::Breaker { agent: Some(of), state, .. } if of.0 == agent => Some(state),
            _ => None,
        })
        .collect()
}

/// The stack's breakers alone: nothing else makes callers leave a replica out.
fn breakers_alone() -> Configuration {
    with(|all| {
        all.outlier.enabled = false;
        all.checks.enabled = false;
        all.retry.enabled = false;
        all.fallback.enabled = false;
    })
}

#[test]
fn calls_avoid_the_suspected_and_go_everywhere_with_health_off() {
    let to = |configuration| {
        let mut cluster = Cluster::new(configuration);
        cluster.run(secs(5));
        cluster.crash(NodeId(1));
        cluster.run(secs(5));
        (0..60).for_each(|trace| cluster.call(trace, secs(1)));
        let mut agents: Vec<_> = cluster.routed.iter().map(|(_, agent)| agent.0).collect();
        agents.sort_unstable();
        agents.dedup();
        agents
    };
    let still = |all: &mut Configuration| all.placement.enabled = false;
    assert_eq!(to(with(still)), [0, 2]);
    assert_eq!(to(with(|all| (still(all), all.health.enabled = false).0)), [0, 1, 2]);
}

#[test]
fn cb_s1_a_breaker_opens_with_the_failure_that_reaches_its_threshold_and_never_when_off() {
    let mut cluster = Cluster::new(breakers_alone());
    cluster.own_retries = 0;
    cluster.run(secs(5));
    everywhere(&mut cluster, CallOutcome::Error);
    let mut failed = 0;
    while states(&cluster, 0).is_empty() {
        let before = cluster.routed.len();
        cluster.call(failed, secs(1));
        failed += 1;
        cluster.run(ms(10));
        assert!(cluster.routed.len() <= before + 1);
        assert!(failed < 100);
    }
    let to_it = cluster.routed.iter().filter(|(_, agent)| agent.0 == 0).count();
    assert_eq!(to_it as u32, Configuration::default().breaker.consecutive);
    let off = with(|all| {
        *all = breakers_alone();
        all.breaker.enabled = false;
    });
    let mut cluster = Cluster::new(off);
    cluster.run(secs(5));
    everywhere(&mut cluster, CallOutcome::Error);
    cluster.load(0, ms(10), secs(2));
    assert_eq!(states(&cluster, 0), []);
}

#[test]
fn cb_s2_a_half_open_breaker_lets_no_more_probes_out_than_it_has_permits() {
    let mut cluster = Cluster::new(breakers_alone());
    cluster.own_retries = 0;
    cluster.run(secs(5));
    everywhere(&mut cluster, CallOutcome::Error);
    cluster.load(0, ms(5), secs(1));
    assert!((0..3).all(|agent| states(&cluster, agent).last() == Some(&BreakerState::Open)));
    // Silent replicas: probes stay out.
    (0..3).for_each(|agent| cluster.script(agent).stuck = true);
    (0..3).for_each(|agent| cluster.script(agent).outcome = CallOutcome::Ok);
    cluster.run(secs(3));
    let before = cluster.routed.len();
    (1_000..1_100).for_each(|trace| cluster.call(trace, secs(1)));
    let permits = Configuration::default().breaker.permits as usize;
    for agent in 0..3 {
        let probes = cluster.routed[before..].iter().filter(|(_, to)| to.0 == agent).count();
        assert!(probes <= permits, "{probes} to {agent}");
    }
    assert!(cluster.routed.len() > before);
}

#[test]
fn a_breaker_closes_again_when_its_replica_answers() {
    let mut cluster = Cluster::new(breakers_alone());
    cluster.run(secs(5));
    everywhere(&mut cluster, CallOutcome::Error);
    cluster.load(0, ms(5), secs(1));
    everywhere(&mut cluster, CallOutcome::Ok);
    cluster.load(1_000, ms(5), secs(10));
    assert!((0..3).all(|agent| states(&cluster, agent).last() == Some(&BreakerState::Closed)));
    assert_eq!(cluster.unended(), 0);
}

#[test]
fn retries_stay_within_their_budget_and_do_not_with_the_budget_off() {
    let share = |budget: bool| {
        let mut cluster = Cluster::new(with(|all| {
            *all = breakers_alone();
            all.breaker.enabled = false;
            all.retry.enabled = true;
            all.retry_budget.enabled = budget;
        }));
        cluster.own_retries = 5;
        cluster.run(secs(5));
        everywhere(&mut cluster, CallOutcome::Error);
        cluster.load(0, ms(10), secs(10));
        cluster.run(secs(5));
        assert_eq!(cluster.unended(), 0);
        cluster.routed.len() as f64 / 1_000.0
    };
    assert!(share(true) < 1.15, "{}", share(true));
    assert!(share(false) > 2.5, "{}", share(false));
}

#[test]
fn a_call_whose_replica_fails_is_answered_by_another_and_fails_with_retries_and_fallbacks_off() {
    let answered = |retry: bool| {
        let mut cluster = Cluster::new(with(|all| {
            *all = breakers_alone();
            all.retry.enabled = retry;
            all.retry_budget.enabled = false;
        }));
        cluster.own_retries = if retry { 2 } else { 0 };
        cluster.run(secs(5));
        cluster.script(1).outcome = CallOutcome::Error;
        cluster.load(0, ms(100), secs(3));
        cluster.run(secs(3));
        cluster.ends.values().filter(|end| **end == End::Answered).count()
    };
    assert_eq!(answered(true), 30);
    assert!(answered(false) < 30);
}

#[test]
fn a_slow_call_is_hedged_and_the_other_answer_counts_and_it_is_not_with_hedging_off() {
    let slow = |hedged: bool| {
        let mut cluster = Cluster::new(with(|all| {
            *all = breakers_alone();
            all.hedge.enabled = hedged;
            all.hedge.delay = HedgeDelay::Fixed;
            all.hedge.fixed = ms(20);
            all.hedge.share = 1.0;
        }));
        cluster.run(secs(5));
        cluster.load(0, ms(10), secs(1));
        cluster.script(1).work = ms(150);
        cluster.load(1_000, ms(40), secs(2));
        cluster.run(secs(1));
        assert_eq!(cluster.unended(), 0);
        (!cluster.hedged.is_empty(), cluster.slowest)
    };
    let (hedges, slowest) = slow(true);
    assert!(hedges && slowest < ms(30), "{slowest}");
    let (hedges, slowest) = slow(false);
    assert!(!hedges && slowest > ms(150), "{slowest}");
}

#[test]
fn the_cache_answers_when_nobody_else_does_and_does_not_with_fallbacks_off() {
    let end = |fallbacks: bool| {
        let place = ServicePlace { cached: true, ..Shape::three().place };
        let shape = Shape { place, ..Shape::three() };
        let mut cluster = Cluster::of(
            shape,
            with(|all| {
                all.fallback.enabled = fallbacks;
                all.fallback.first = Fallback::OtherReplica;
                all.fallback.second = Fallback::Cache;
            }),
        );
        cluster.run(secs(5));
        everywhere(&mut cluster, CallOutcome::Error);
        cluster.call(7, secs(2));
        cluster.run(secs(3));
        cluster.ends[&CallId(7)]
    };
    assert_eq!(end(true), End::Substituted(Substitute::Cache));
    assert_eq!(end(false), End::GivenUp);
}

#[test]
fn a_call_that_cannot_be_answered_in_time_is_not_tried_again_not_even_elsewhere() {
    let mut cluster = Cluster::new(Configuration::default());
    cluster.run(secs(5));
    everywhere(&mut cluster, CallOutcome::Error);
    cluster.call(7, ms(6));
    cluster.run(secs(1));
    assert_eq!(cluster.routed.len(), 1);
    assert_eq!(cluster.ends[&CallId(7)], End::GivenUp);
}

#[test]
fn what_must_not_be_repeated_is_not_repeated_by_a_fallback() {
    let mut cluster = Cluster::new(with(|all| all.retry.errors = false));
    cluster.run(secs(5));
    everywhere(&mut cluster, CallOutcome::Error);
    cluster.call(7, secs(2));
    cluster.run(secs(3));
    assert_eq!(cluster.routed.len(), 1);
}
