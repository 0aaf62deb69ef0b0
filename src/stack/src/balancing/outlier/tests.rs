use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn outliers(replicas: usize) -> Outliers {
    Outliers::new(OutlierConfiguration::default(), replicas, at(0))
}

/// A call to the replica that ends at once.
fn call(outliers: &mut Outliers, replica: usize, ending: CallOutcome, latency: u64, now: u64) -> Option<OutlierVerdict> {
    let pass = outliers.dispatched(replica, at(now));
    outliers.ended(replica, pass, ending, ms(latency), at(now))
}

fn look(outliers: &mut Outliers, now: u64) -> Vec<OutlierVerdict> {
    let mut verdicts = Vec::new();
    outliers.look(at(now), |verdict| verdicts.push(verdict));
    verdicts
}

fn ejected(replica: usize, cause: OutlierCause) -> OutlierVerdict {
    OutlierVerdict::Ejected { replica, cause }
}

/// Ejects replica 0 of three at `now` by failures.
fn eject_first(outliers: &mut Outliers, now: u64) {
    let verdicts: Vec<_> = (0..5).filter_map(|_| call(outliers, 0, CallOutcome::Error, 1, now)).collect();
    assert_eq!(verdicts, [ejected(0, OutlierCause::Failures)]);
}

#[test]
fn failures_in_a_row_eject_at_once_and_never_when_off() {
    let mut on = outliers(3);
    (0..4).for_each(|_| assert_eq!(call(&mut on, 0, CallOutcome::TimedOut, 9, 0), None));
    call(&mut on, 0, CallOutcome::Ok, 9, 0);
    eject_first(&mut on, 0);
    assert!(!on.eligible(0, at(4_999)) && on.eligible(1, at(0)));
    let mut off = Outliers::new(OutlierConfiguration { enabled: false, ..OutlierConfiguration::default() }, 3, at(0));
    (0..100).for_each(|_| assert_eq!(call(&mut off, 0, CallOutcome::Error, 9, 0), None));
    assert_eq!((look(&mut off, 60_000), off.eligible(0, at(60_000))), (vec![], true));
}

#[test]
fn a_replica_that_sheds_load_is_not_ejected_unless_refusals_count() {
    let mut outliers = outliers(3);
    (0..100).for_each(|_| assert_eq!(call(&mut outliers, 0, CallOutcome::Refused, 0, 0), None));
    let counting = OutlierConfiguration { refusals: true, ..OutlierConfiguration::default() };
    let mut outliers = Outliers::new(counting, 3, at(0));
    let verdict = (0..5).find_map(|_| call(&mut outliers, 0, CallOutcome::Refused, 0, 0));
    assert_eq!(verdict, Some(ejected(0, OutlierCause::Failures)));
}

#[test]
fn an_ejected_replica_returns_through_probes_one_at_a_time() {
    let mut outliers = outliers(3);
    eject_first(&mut outliers, 0);
    assert!(outliers.eligible(0, at(5_000)));
    let probe = outliers.dispatched(0, at(5_000));
    assert!(!outliers.eligible(0, at(5_001)));
    assert_eq!(outliers.ended(0, probe, CallOutcome::Ok, ms(1), at(5_001)), None);
    assert!(outliers.eligible(0, at(5_001)));
    assert_eq!(call(&mut outliers, 0, CallOutcome::Ok, 1, 5_002), Some(OutlierVerdict::Returned(0)));
}

#[test]
fn a_bad_probe_ejects_for_longer_up_to_the_cap() {
    let mut outliers = outliers(3);
    eject_first(&mut outliers, 0);
    let mut now = 0;
    for ejection in 1..=20 {
        now += (5_000 * ejection).min(60_000);
        assert!(!outliers.eligible(0, at(now - 1)));
        assert_eq!(call(&mut outliers, 0, CallOutcome::Error, 1, now), Some(ejected(0, OutlierCause::Probe)));
    }
}

#[test]
fn a_lost_probe_is_replaced_and_its_late_answer_decides_nothing() {
    let mut outliers = outliers(3);
    let before = outliers.dispatched(0, at(0));
    eject_first(&mut outliers, 0);
    let lost = outliers.dispatched(0, at(5_000));
    assert!(!outliers.eligible(0, at(6_999)) && outliers.eligible(0, at(7_000)));
    let second = outliers.dispatched(0, at(7_000));
    for late in [before, lost] {
        assert_eq!(outliers.ended(0, late, CallOutcome::Error, ms(1), at(7_001)), None);
    }
    assert_eq!(outliers.ended(0, second, CallOutcome::Ok, ms(1), at(7_001)), None);
    assert_eq!(call(&mut outliers, 0, CallOutcome::Ok, 1, 7_002), Some(OutlierVerdict::Returned(0)));
}

#[test]
fn a_success_rate_far_below_the_mean_ejects_and_not_with_the_comparison_off() {
    let verdicts = |by_success_rate| {
        let configuration = OutlierConfiguration { by_success_rate, ..OutlierConfiguration::default() };
        let mut outliers = Outliers::new(configuration, 5, at(0));
        for nth in 0..40 {
            for replica in 0..5 {
                let fails = nth % 4 == 0 && replica == 3 || nth % 40 == 1;
                call(&mut outliers, replica, if fails { CallOutcome::Error } else { CallOutcome::Ok }, 10, 1_000);
            }
        }
        look(&mut outliers, 2_000)
    };
    assert_eq!(verdicts(true), [ejected(3, OutlierCause::SuccessRate)]);
    assert_eq!(verdicts(false), []);
}

/// Three replicas, one of which answers all calls correctly and `ratio` times as slowly.
fn fail_slow(configuration: OutlierConfiguration, ratio: u64) -> (Outliers, Vec<OutlierVerdict>) {
    let mut outliers = Outliers::new(configuration, 3, at(0));
    for _ in 0..12 {
        for replica in 0..3 {
            call(&mut outliers, replica, CallOutcome::Ok, if replica == 1 { 10 * ratio } else { 10 }, 1_000);
        }
    }
    let verdicts = look(&mut outliers, 2_000);
    (outliers, verdicts)
}

#[test]
fn a_fail_slow_replica_is_ejected_and_not_with_the_comparison_off() {
    let on = OutlierConfiguration::default();
    assert_eq!(fail_slow(on, 4).1, [ejected(1, OutlierCause::Latency)]);
    assert_eq!(fail_slow(on, 3).1, []);
    assert_eq!(fail_slow(OutlierConfiguration { by_latency: false, ..on }, 100).1, []);
}

#[test]
fn a_probe_that_is_as_slow_as_before_ejects_again() {
    let (mut outliers, _) = fail_slow(OutlierConfiguration::default(), 4);
    assert_eq!(call(&mut outliers, 1, CallOutcome::Ok, 40, 7_000), Some(ejected(1, OutlierCause::Probe)));
    assert_eq!(call(&mut outliers, 1, CallOutcome::Ok, 12, 17_000), None);
    assert_eq!(call(&mut outliers, 1, CallOutcome::Ok, 12, 17_000), Some(OutlierVerdict::Returned(1)));
}

#[test]
fn two_replicas_are_compared_with_each_other() {
    let configuration = OutlierConfiguration { latency_hosts: 2, ..OutlierConfiguration::default() };
    let mut outliers = Outliers::new(configuration, 2, at(0));
    for _ in 0..12 {
        call(&mut outliers, 0, CallOutcome::Ok, 10, 1_000);
        call(&mut outliers, 1, CallOutcome::Ok, 40, 1_000);
    }
    assert_eq!(look(&mut outliers, 2_000), [ejected(1, OutlierCause::Latency)]);
}

#[test]
fn a_replica_that_is_back_is_not_judged_by_how_slow_it_was() {
    let (mut outliers, _) = fail_slow(OutlierConfiguration::default(), 4);
    call(&mut outliers, 1, CallOutcome::Ok, 12, 7_000);
    assert_eq!(call(&mut outliers, 1, CallOutcome::Ok, 12, 7_000), Some(OutlierVerdict::Returned(1)));
    assert_eq!(look(&mut outliers, 9_000), []);
}

#[test]
fn good_service_shortens_the_next_ejection() {
    let mut outliers = outliers(3);
    eject_first(&mut outliers, 0);
    (0..2).for_each(|_| {
        call(&mut outliers, 0, CallOutcome::Ok, 1, 5_000);
    });
    // Ejected again at once it would be for 10 s; after an interval of service it is for 5 s.
    assert_eq!(look(&mut outliers, 7_000), []);
    eject_first(&mut outliers, 8_000);
    assert!(!outliers.eligible(0, at(12_999)) && outliers.eligible(0, at(13_000)));
}

#[test]
fn a_success_rate_is_that_of_one_interval() {
    let mut outliers = outliers(5);
    for interval in 1..=3 {
        for nth in 0..15 {
            for replica in 0..5 {
                let fails = replica == 3 && nth % 2 == 0;
                call(&mut outliers, replica, if fails { CallOutcome::Error } else { CallOutcome::Ok }, 10, interval * 2_000 - 1);
            }
        }
        // Fifteen calls are too few, however many intervals see them.
        assert_eq!(look(&mut outliers, interval * 2_000), []);
    }
}

#[test]
fn one_error_among_alike_replicas_is_no_outlier_but_is_without_a_margin() {
    let verdicts = |success_margin| {
        let configuration = OutlierConfiguration { success_margin, ..OutlierConfiguration::default() };
        let mut outliers = Outliers::new(configuration, 5, at(0));
        for nth in 0..40 {
            for replica in 0..5 {
                let fails = replica == 3 && nth == 7;
                call(&mut outliers, replica, if fails { CallOutcome::Error } else { CallOutcome::Ok }, 10, 1_000);
            }
        }
        look(&mut outliers, 2_000)
    };
    assert_eq!(verdicts(0.05), []);
    assert_eq!(verdicts(0.0), [ejected(3, OutlierCause::SuccessRate)]);
}

#[test]
fn the_last_replica_is_never_ejected_nor_more_than_the_share() {
    for (replicas, share, expected) in [(1, 1.0, 0), (2, 1.0, 1), (3, 0.5, 1), (9, 0.1, 0), (10, 0.1, 1), (4, 1.0, 3)] {
        let configuration = OutlierConfiguration { ejected_share: share, ..OutlierConfiguration::default() };
        let mut outliers = Outliers::new(configuration, replicas, at(0));
        for replica in (0..replicas).flat_map(|replica| [replica; 10]) {
            call(&mut outliers, replica, CallOutcome::Error, 1, 0);
        }
        assert_eq!(outliers.ejected(), expected, "{replicas} replicas, share {share}");
    }
}

#[test]
fn a_cap_below_the_first_ejection_is_a_conflict() {
    let configuration = OutlierConfiguration { ejection_max: secs(1), ..OutlierConfiguration::default() };
    assert_eq!(configuration.conflicts()[0].names, ["outlier.ejection_max", "outlier.ejection"]);
    assert_eq!(OutlierConfiguration::default().conflicts(), []);
}

#[test]
fn the_complete_table_of_states_and_inputs() {
    let serving = outliers(3);
    let mut failing = outliers(3);
    (0..4).for_each(|_| {
        call(&mut failing, 0, CallOutcome::Error, 1, 0);
    });
    let mut out = outliers(3);
    eject_first(&mut out, 1_000);
    let mut due = outliers(3);
    eject_first(&mut due, 0);
    let mut probing = due.clone();
    let probe = probing.dispatched(0, at(5_000));
    let mut passed = probing.clone();
    passed.ended(0, probe, CallOutcome::Ok, ms(1), at(5_000));
    let mut lost = outliers(3);
    eject_first(&mut lost, 0);
    let _ = Outliers::dispatched(&mut lost, 0, at(5_000));
    let states = [
        ("serving", serving, 5_000),
        ("serving, four failures", failing, 5_000),
        ("ejected", out, 5_000),
        ("ejected, time is over", due, 5_000),
        ("probing, probe in flight", probing, 5_000),
        ("probing, one passed", passed, 5_000),
        ("probing, probe lost", lost, 7_000),
    ];
    // Nothing is kept of a replica that was never called: it serves.
    let state = |outliers: &Outliers| outliers.replicas.get(&0).map_or(State::Serving, |replica| replica.state);
    let mut table = String::new();
    for (name, outliers, now) in states {
        for ending in CallOutcome::ALL {
            let mut after = outliers.clone();
            let verdict = call(&mut after, 0, ending, 1, now);
            writeln!(table, "{name}; call ends {ending:?}: {verdict:?}, {:?}", state(&after)).expect("a string");
        }
        let mut after = outliers.clone();
        let late = after.ended(0, Pass { epoch: Some(u32::MAX) }, CallOutcome::Error, ms(1), at(now));
        writeln!(table, "{name}; late answer: {late:?}, {:?}", state(&after)).expect("a string");
        let mut after = outliers.clone();
        after.dispatched(0, at(now));
        writeln!(table, "{name}; call sent: {:?}, eligible {}", state(&after), after.eligible(0, at(now))).expect("a string");
    }
    insta::assert_snapshot!(table);
}

proptest! {
    #[test]
    fn whatever_happens_somebody_serves_and_the_share_holds(
        replicas in 1usize..8, share in 0.0f64..=1.0,
        steps in prop::collection::vec((0usize..8, 0usize..5, 1u64..1_000, 0u64..3_000), 1..300),
    ) {
        let configuration = OutlierConfiguration { ejected_share: share, consecutive: 2, success_volume: 1, success_hosts: 2, latency_volume: 1, ..OutlierConfiguration::default() };
        let mut outliers = Outliers::new(configuration, replicas, at(0));
        let mut now = 0;
        let mut out = Vec::new();
        for (which, ending, latency, gap) in steps {
            now += gap;
            let mut verdicts = look(&mut outliers, now);
            verdicts.extend(call(&mut outliers, which % replicas, CallOutcome::ALL[ending], latency, now));
            // A replica returns only after it was ejected.
            for verdict in verdicts {
                match verdict {
                    OutlierVerdict::Ejected { replica, cause } => {
                        prop_assert_eq!(out.contains(&replica), cause == OutlierCause::Probe);
                        if cause != OutlierCause::Probe {
                            out.push(replica);
                        }
                    }
                    OutlierVerdict::Returned(replica) => {
                        prop_assert!(out.contains(&replica));
                        out.retain(|known| *known != replica);
                    }
                }
            }
            prop_assert_eq!(out.len(), outliers.ejected());
            prop_assert!(outliers.ejected() < replicas);
            prop_assert!(outliers.ejected() as f64 <= share * replicas as f64);
        }
        // Left alone, every replica becomes eligible again.
        prop_assert!((0..replicas).all(|replica| outliers.eligible(replica, at(now + 61_000))));
    }
}
