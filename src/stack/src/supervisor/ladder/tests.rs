use proptest::prelude::*;

use super::*;

const ALL: Available = Available { node: true, checkpoint: true, elsewhere: true, replica: true };
const AGENT: AgentId = AgentId(7);

fn at(secs: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(secs)
}

fn configuration() -> LadderConfiguration {
    LadderConfiguration::default()
}

fn decide(ladder: &mut Ladder, cause: Cause, secs: u64) -> Rung {
    ladder.decide(&configuration(), AGENT, cause, ALL, at(secs))
}

/// One episode to its end, with nothing helping.
fn climb(ladder: &mut Ladder, configuration: &LadderConfiguration, cause: Cause, available: Available) -> Vec<Rung> {
    let mut rungs = vec![ladder.decide(configuration, AGENT, cause, available, at(0))];
    while rungs.last() != Some(&Rung::Isolate) {
        rungs.push(ladder.decide(configuration, AGENT, Cause::Unverified, available, at(rungs.len() as u64)));
    }
    rungs
}

#[test]
fn as4_the_table_of_causes_and_rungs() {
    let mut table = String::new();
    for cause in Cause::ALL {
        let rungs = climb(&mut Ladder::default(), &configuration(), cause, ALL);
        table.push_str(&format!("{:20}{rungs:?}\n", format!("{cause:?}")));
    }
    insta::assert_snapshot!(table);
}

#[test]
fn as6_an_unverified_recovery_climbs_and_a_verified_one_begins_at_the_bottom() {
    let mut ladder = Ladder::default();
    assert_eq!(decide(&mut ladder, Cause::Crash, 0), Rung::Restart);
    assert_eq!(decide(&mut ladder, Cause::Unverified, 1), Rung::Restore);
    assert_eq!(ladder.verified(&configuration(), AGENT), Some((Cause::Crash, Rung::Restore)));
    assert_eq!(decide(&mut ladder, Cause::Crash, 2), Rung::Restart);
    assert_eq!(ladder.verified(&configuration(), AgentId(8)), None);
}

#[test]
fn an_agent_that_was_moved_goes_on_where_it_was_and_a_stranger_begins_at_the_bottom() {
    let mut ladder = Ladder::default();
    ladder.arrived(AGENT, at(0));
    assert_eq!(ladder.under_way(AGENT), Some((Cause::Unverified, Rung::Relocate)));
    assert_eq!(decide(&mut ladder, Cause::StartFailed, 1), Rung::Rebuild);
    assert_eq!(decide(&mut ladder, Cause::StartFailed, 2), Rung::Isolate);
    assert_eq!(decide(&mut Ladder::default(), Cause::StartFailed, 1), Rung::Restart);
    // Once it works here, its past elsewhere is over.
    let mut ladder = Ladder::default();
    ladder.arrived(AGENT, at(0));
    ladder.verified(&configuration(), AGENT);
    assert_eq!(decide(&mut ladder, Cause::Crash, 1), Rung::Restart);
}

#[test]
fn a_rung_that_the_agent_has_used_up_is_passed_over_until_the_window_is_past() {
    let mut ladder = Ladder::default();
    for secs in 0..10 {
        assert_eq!(decide(&mut ladder, Cause::Crash, secs), Rung::Restart);
        ladder.verified(&configuration(), AGENT);
    }
    assert_eq!(decide(&mut ladder, Cause::Crash, 10), Rung::Restore);
    ladder.verified(&configuration(), AGENT);
    assert_eq!(decide(&mut ladder, Cause::Crash, 601), Rung::Restart);
}

#[test]
fn news_that_rules_out_rungs_changes_the_way_up() {
    let mut ladder = Ladder::default();
    assert_eq!(decide(&mut ladder, Cause::Crash, 0), Rung::Restart);
    assert_eq!(decide(&mut ladder, Cause::NodeDown, 1), Rung::Relocate);
}

#[test]
fn a_rung_without_anything_to_stand_on_is_passed_over() {
    let mut ladder = Ladder::default();
    let nothing = Available { node: false, checkpoint: false, elsewhere: false, replica: false };
    assert_eq!(climb(&mut ladder, &configuration(), Cause::Crash, nothing), [Rung::Isolate]);
    let alone = Available { checkpoint: false, elsewhere: false, ..ALL };
    assert_eq!(
        climb(&mut Ladder::default(), &configuration(), Cause::Crash, alone),
        [Rung::Restart, Rung::Rebuild, Rung::Isolate]
    );
}

/// The first rungs of `count` crashes of different agents, of which a restart never helps and a restoration always.
fn first_rungs(configuration: &LadderConfiguration, count: u32) -> Vec<Rung> {
    let mut ladder = Ladder::default();
    let mut rungs = Vec::new();
    for agent in (0..count).map(AgentId) {
        let mut rung = ladder.decide(configuration, agent, Cause::Crash, ALL, at(0));
        rungs.push(rung);
        while rung == Rung::Restart {
            rung = ladder.decide(configuration, agent, Cause::Unverified, ALL, at(0));
        }
        ladder.verified(configuration, agent);
    }
    rungs
}

#[test]
fn a_rung_that_keeps_failing_for_a_cause_is_skipped_but_for_a_try_now_and_then_and_never_with_the_rule_off() {
    let rungs = first_rungs(&configuration(), 21);
    let restarts: Vec<_> = (0..21).filter(|turn| rungs[*turn] == Rung::Restart).collect();
    assert_eq!(restarts, [0, 1, 2, 3, 4, 12, 20]);
    let off = LadderConfiguration { skip_below: 0.0, ..configuration() };
    assert!(first_rungs(&off, 21).into_iter().all(|rung| rung == Rung::Restart));
}

#[test]
fn a_rung_that_fails_for_one_cause_keeps_its_record_for_another() {
    let mut ladder = Ladder::default();
    for agent in (0..6).map(AgentId) {
        ladder.decide(&configuration(), agent, Cause::Crash, ALL, at(0));
        ladder.decide(&configuration(), agent, Cause::Unverified, ALL, at(0));
    }
    assert_eq!(ladder.decide(&configuration(), AgentId(9), Cause::Crash, ALL, at(0)), Rung::Restore);
    assert_eq!(ladder.decide(&configuration(), AgentId(10), Cause::Hang, ALL, at(0)), Rung::Restart);
}

#[test]
fn as_s3_first_attempts_are_counted_apart_from_later_ones() {
    let mut ladder = Ladder::default();
    decide(&mut ladder, Cause::Crash, 0);
    ladder.verified(&configuration(), AGENT);
    decide(&mut ladder, Cause::Crash, 1);
    decide(&mut ladder, Cause::Unverified, 2);
    ladder.verified(&configuration(), AGENT);
    let first = |rung| ladder.statistics().record(Cause::Crash, rung).first;
    assert_eq!(first(Rung::Restart), FirstAttempt { attempted: 2, verified: 1 });
    assert_eq!(first(Rung::Restore), FirstAttempt::default());
    assert_eq!(ladder.statistics().record(Cause::Crash, Rung::Restore).rate(), 2.0 / 3.0);
    assert_eq!(ladder.statistics().first_attempts().share(), Some(0.5));
}

#[test]
fn an_old_record_fades() {
    let mut statistics = Statistics::default();
    let short = LadderConfiguration { memory: 10, ..configuration() };
    (0..1000).for_each(|_| statistics.tell(&short, Cause::Hang, Rung::Restart, true, true));
    (0..20).for_each(|_| statistics.tell(&short, Cause::Hang, Rung::Restart, true, false));
    assert!(statistics.record(Cause::Hang, Rung::Restart).rate() < 0.25);
}

#[test]
fn an_isolated_agent_stays_so_until_it_is_released() {
    let mut ladder = Ladder::default();
    climb(&mut ladder, &configuration(), Cause::SlowDisk, ALL);
    assert!(ladder.isolated(AGENT) && ladder.verified(&configuration(), AGENT).is_none());
    assert_eq!(decide(&mut ladder, Cause::Crash, 5_000), Rung::Isolate);
    ladder.release(AGENT);
    assert_eq!(decide(&mut ladder, Cause::Crash, 5_001), Rung::Restart);
}

#[test]
fn a_decision_that_was_not_carried_out_leaves_no_trace() {
    let mut ladder = Ladder::default();
    decide(&mut ladder, Cause::SlowCpu, 0);
    assert_eq!(decide(&mut ladder, Cause::Unverified, 1), Rung::Relocate);
    for _ in 0..5 {
        ladder.withdraw(AGENT);
        assert_eq!(ladder.under_way(AGENT), Some((Cause::SlowCpu, Rung::Retry)));
        assert_eq!(decide(&mut ladder, Cause::Unverified, 2), Rung::Relocate);
    }
    assert_eq!(ladder.statistics().record(Cause::SlowCpu, Rung::Retry).first, FirstAttempt { attempted: 1, verified: 0 });
    assert_eq!(decide(&mut ladder, Cause::Unverified, 3), Rung::Isolate);
    ladder.withdraw(AGENT);
    assert!(!ladder.isolated(AGENT));
}

#[test]
fn with_the_ladder_off_an_agent_is_only_restarted() {
    let off = LadderConfiguration { enabled: false, ..configuration() };
    let mut ladder = Ladder::default();
    assert!((0..50).all(|secs| ladder.decide(&off, AGENT, Cause::CorruptState, ALL, at(secs)) == Rung::Restart));
}

proptest! {
    #[test]
    fn whatever_fails_the_ladder_ends_in_isolation_within_six_decisions_and_never_goes_down(
        cause in 0usize..15, causes in prop::collection::vec(0usize..15, 8),
        node: bool, checkpoint: bool, elsewhere: bool, replica: bool, past in prop::collection::vec((0usize..15, any::<bool>()), 0..40),
    ) {
        let available = Available { node, checkpoint, elsewhere, replica };
        let (configuration, mut ladder) = (configuration(), Ladder::default());
        for (turn, (cause, helps)) in past.into_iter().enumerate() {
            let agent = AgentId(turn as u32 % 3 + 100);
            ladder.decide(&configuration, agent, Cause::ALL[cause], available, at(turn as u64));
            if helps {
                ladder.verified(&configuration, agent);
            }
        }
        let mut rungs = vec![ladder.decide(&configuration, AGENT, Cause::ALL[cause], available, at(50))];
        for next in causes {
            rungs.push(ladder.decide(&configuration, AGENT, Cause::ALL[next], available, at(51)));
        }
        let end = rungs.iter().position(|rung| *rung == Rung::Isolate);
        prop_assert!(end.is_some_and(|end| end < 6), "{:?}", rungs);
        prop_assert!(rungs.windows(2).all(|pair| pair[0] < pair[1] || pair[0] == Rung::Isolate));
        prop_assert!(rungs.iter().all(|rung| possible(*rung, available)));
    }
}
