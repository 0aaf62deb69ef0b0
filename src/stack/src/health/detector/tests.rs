use proptest::prelude::*;

use super::*;
use crate::health::DetectorKind;

const KINDS: [DetectorKind; 5] =
    [DetectorKind::Timeout, DetectorKind::PhiNormal, DetectorKind::PhiExponential, DetectorKind::Chen, DetectorKind::ChenS];

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn of(kind: DetectorKind) -> HealthConfiguration {
    HealthConfiguration { detector: kind, ..HealthConfiguration::default() }
}

fn beat(sequence: u64) -> Heartbeat {
    Heartbeat { incarnation: 1, sequence, age: Duration::ZERO }
}

fn verdicts(detector: &mut Detector, now: Instant) -> Vec<Verdict> {
    let mut told = Vec::new();
    detector.look(now, |verdict| told.push(verdict));
    told
}

/// One peer that is heard every 100 ms, `beats` times from 0 on.
fn regular(configuration: &HealthConfiguration, beats: u64) -> Detector {
    let mut detector = Detector::new(configuration, 1, at(0));
    (0..beats).for_each(|sequence| assert_eq!(detector.heard(0, beat(sequence), at(100 * sequence)), None));
    detector
}

#[test]
fn a_silent_peer_is_suspected_once_and_trusted_when_heard_by_every_kind() {
    for kind in KINDS {
        let mut detector = regular(&of(kind), 50);
        let convicted = detector.conviction(0);
        // The deadline was set before the last heartbeats; being woken then moves it to the conviction.
        while let Some(stale) = detector.deadline().filter(|deadline| *deadline < convicted) {
            assert_eq!(verdicts(&mut detector, stale), [], "{kind:?}");
        }
        assert!(!detector.suspects(0));
        assert_eq!(detector.deadline(), Some(convicted), "{kind:?}");
        assert_eq!(verdicts(&mut detector, convicted), [Verdict::Suspected(0)], "{kind:?}");
        assert_eq!((verdicts(&mut detector, at(9_000)), detector.deadline()), (vec![], None), "{kind:?}");
        assert_eq!(detector.heard(0, beat(100), at(10_000)), Some(Verdict::Trusted(0)), "{kind:?}");
        assert_eq!(detector.heard(0, beat(101), at(10_100)), None, "{kind:?}");
        assert!(detector.deadline().is_some());
    }
}

#[test]
fn a_peer_that_is_never_heard_is_suspected_within_a_second_or_two() {
    for kind in KINDS {
        let mut detector = Detector::new(&of(kind), 1, at(0));
        let deadline = detector.deadline().unwrap();
        assert!(deadline >= at(200) && deadline <= at(2_500), "{kind:?}: {deadline}");
        assert_eq!(verdicts(&mut detector, deadline), [Verdict::Suspected(0)]);
    }
}

#[test]
fn a_copy_an_overtaken_heartbeat_and_one_of_an_earlier_life_say_nothing() {
    for kind in KINDS {
        let mut detector = Detector::new(&of(kind), 1, at(0));
        detector.heard(0, Heartbeat { incarnation: 7, sequence: 3, age: Duration::ZERO }, at(100));
        let before = detector.conviction(0);
        for (incarnation, sequence) in [(7, 3), (7, 2), (6, 100)] {
            assert_eq!(detector.heard(0, Heartbeat { incarnation, sequence, age: Duration::ZERO }, at(150)), None);
            assert_eq!(detector.conviction(0), before, "{kind:?}");
        }
        detector.heard(0, Heartbeat { incarnation: 8, sequence: 0, age: Duration::ZERO }, at(160));
        assert!(detector.conviction(0) > before, "{kind:?}");
    }
}

/// With intervals of 100 ms and the least sigma of 20 ms, phi is 8 at 100 + 5.22 × 20 ms = 204.5 ms, and the pause adds 500 ms.
#[test]
fn hm_s1_by_default_a_crash_is_convicted_within_three_quarters_of_a_second_after_the_last_heartbeat() {
    assert!((phi::normal_inverse(8.0) - 5.22).abs() < 0.01, "{}", phi::normal_inverse(8.0));
    let detector = regular(&HealthConfiguration::default(), 300);
    let silence = detector.conviction(0).saturating_since(at(29_900));
    assert!(silence > Duration::from_millis(704) && silence < Duration::from_millis(705), "{silence}");
    // The first guess is close: 100 ms and sigma 25 ms, so 730.6 ms.
    let silence = regular(&HealthConfiguration::default(), 1).conviction(0).saturating_since(at(0));
    assert!(silence > Duration::from_millis(730) && silence < Duration::from_millis(731), "{silence}");
    // With a loss of one in twenty the mean is 105 ms and sigma 22 ms: still within 750 ms.
    let mut lossy = Detector::new(&HealthConfiguration::default(), 1, at(0));
    for sequence in (0..400).filter(|sequence| sequence % 20 != 7) {
        lossy.heard(0, beat(sequence), at(100 * sequence));
    }
    let silence = lossy.conviction(0).saturating_since(at(39_900));
    assert!(silence > Duration::from_millis(704) && silence < Duration::from_millis(750), "{silence}");
}

/// A peer stops for 500 ms just before a heartbeat is due: 600 ms of silence, and 700 ms if the first heartbeat after it is lost.
#[test]
fn hm_s2_by_default_a_pause_of_half_a_second_is_forgiven_and_not_without_the_acceptable_pause() {
    let convicted = |configuration: &HealthConfiguration| {
        let mut detector = regular(configuration, 300);
        verdicts(&mut detector, at(29_900 + 700)) == [Verdict::Suspected(0)]
    };
    assert!(!convicted(&HealthConfiguration::default()));
    assert!(convicted(&HealthConfiguration { pause: Duration::ZERO, pause_guard: false, ..HealthConfiguration::default() }));
}

#[test]
fn phi_reaches_the_threshold_at_the_conviction_and_not_before() {
    for kind in [DetectorKind::PhiNormal, DetectorKind::PhiExponential] {
        let mut detector = Detector::new(&of(kind), 1, at(0));
        for beats in 0..60u64 {
            detector.heard(0, beat(beats), at(100 * beats + (beats * beats) % 37));
            let convicted = detector.conviction(0);
            assert!((detector.phi(0, convicted) - 8.0).abs() < 1e-5, "{kind:?} {}", detector.phi(0, convicted));
            assert!(detector.phi(0, Instant::from_nanos(convicted.as_nanos() - 1_000_000)) < 8.0);
        }
    }
}

#[test]
fn as_in_pekko_the_gap_before_a_late_heartbeat_does_not_become_an_interval() {
    let configuration = HealthConfiguration { pause_guard: false, ..HealthConfiguration::default() };
    let mut detector = regular(&configuration, 100);
    verdicts(&mut detector, at(60_000));
    detector.heard(0, beat(600), at(60_000));
    assert_eq!(detector.conviction(0).saturating_since(at(60_000)).as_nanos() / 1_000_000, 704);
}

/// Conformance: threshold 8, sigma at least 100 ms, pause 3 s, first estimate 1 s (pekko-phi-cluster).
#[test]
fn pekko_s_defaults_hold_a_peer_available_for_four_and_a_half_seconds() {
    let second = Duration::from_secs(1);
    let configuration = HealthConfiguration {
        heartbeat: second,
        first: second,
        window: 1000,
        min_std: Duration::from_millis(100),
        pause: second * 3,
        ..HealthConfiguration::default()
    };
    let mut detector = Detector::new(&configuration, 1, at(0));
    (0..1000).for_each(|sequence| assert_eq!(detector.heard(0, beat(sequence), at(1000 * sequence)), None));
    let silence = detector.conviction(0).saturating_since(at(999_000));
    assert!((silence.as_secs_f64() - 4.52).abs() < 0.01, "{silence}");
}

#[test]
fn nfd_e_expects_the_next_heartbeat_where_the_average_of_the_last_ones_points() {
    let configuration = HealthConfiguration { chen_alpha: Duration::from_millis(30), ..of(DetectorKind::Chen) };
    let mut detector = Detector::new(&configuration, 1, at(0));
    // Delays 10 and 20 ms: on average 15 ms after the schedule, so heartbeat 3 is expected at 315 ms, and heartbeat 2 is lost.
    detector.heard(0, beat(0), at(10));
    detector.heard(0, beat(1), at(120));
    assert_eq!(detector.conviction(0), at(245));
    detector.heard(0, beat(3), at(315));
    assert_eq!(detector.conviction(0), at(445));
}

#[test]
fn nfd_s_measures_from_when_a_heartbeat_was_sent() {
    let configuration = HealthConfiguration { chen_delta: Duration::from_millis(50), ..of(DetectorKind::ChenS) };
    let mut detector = Detector::new(&configuration, 1, at(0));
    let late = |sequence, age| Heartbeat { incarnation: 1, sequence, age: Duration::from_millis(age) };
    detector.heard(0, late(0, 10), at(110));
    assert_eq!(detector.conviction(0), at(250));
    assert_eq!(verdicts(&mut detector, at(250)), [Verdict::Suspected(0)]);
    // Heartbeat 1 comes when heartbeat 2 should be here already: no reason to trust.
    assert_eq!(detector.heard(0, late(1, 155), at(355)), None);
    assert!(detector.suspects(0));
    assert_eq!(detector.heard(0, late(3, 5), at(405)), Some(Verdict::Trusted(0)));
}

/// The observer is stopped from 5 s to 8 s. Peer 0 goes on and is heard 1 ms after the observer wakes; peer 1 crashed at 5 s.
fn observer_paused(guard: bool) -> (Vec<Verdict>, Vec<Verdict>) {
    let configuration = HealthConfiguration { pause_guard: guard, ..HealthConfiguration::default() };
    let mut detector = Detector::new(&configuration, 2, at(0));
    for sequence in 0..50 {
        detector.heard(0, beat(sequence), at(100 * sequence));
        detector.heard(1, beat(sequence), at(100 * sequence));
        verdicts(&mut detector, at(100 * sequence));
    }
    let awake = verdicts(&mut detector, at(8_000));
    detector.heard(0, beat(80), at(8_001));
    let deadline = detector.deadline().unwrap_or(at(8_300));
    // Late again, by more than the guard allows: peer 1 has had its grace.
    (awake, verdicts(&mut detector, deadline + Duration::from_millis(100)))
}

#[test]
fn an_observer_that_was_stopped_convicts_only_the_crashed_and_with_the_guard_off_everybody() {
    assert_eq!(observer_paused(true), (vec![], vec![Verdict::Suspected(1)]));
    assert_eq!(observer_paused(false).0, [Verdict::Suspected(0), Verdict::Suspected(1)]);
}

#[test]
fn heartbeats_do_not_make_the_detector_be_woken_more_often() {
    let wakes = |period: u64| {
        let configuration = HealthConfiguration { heartbeat: Duration::from_millis(period), ..of(DetectorKind::Timeout) };
        let mut detector = Detector::new(&configuration, 20, at(0));
        let mut count = 0;
        for millis in 0..60_000 {
            for peer in 0..20u64 {
                if (millis + peer * 7) % period == 0 {
                    detector.heard(peer as usize, beat(millis), at(millis));
                }
            }
            if detector.deadline().is_some_and(|deadline| deadline <= at(millis)) {
                count += 1;
                assert_eq!(verdicts(&mut detector, at(millis)), []);
            }
        }
        count
    };
    // Time-out 500 ms: woken about every 500 ms less the age of the oldest heartbeat.
    assert!(wakes(100) <= 160 && wakes(10) <= 130, "{} {}", wakes(100), wakes(10));
}

proptest! {
    #[test]
    fn a_crash_is_convicted_at_the_deadline_whatever_the_rhythm(
        kind in 0usize..5, gaps in prop::collection::vec(1u64..300, 1..100), window in 2u32..20,
    ) {
        let configuration = HealthConfiguration { window, pause_guard: false, ..of(KINDS[kind]) };
        let mut detector = Detector::new(&configuration, 2, at(0));
        let mut now = at(0);
        for (sequence, gap) in gaps.iter().enumerate() {
            now += Duration::from_millis(*gap);
            while let Some(deadline) = detector.deadline().filter(|deadline| *deadline <= now) {
                verdicts(&mut detector, deadline);
            }
            detector.heard(0, beat(sequence as u64), now);
        }
        // Woken at its deadlines only, it suspects the peer in the very instant of its conviction.
        let convict_at = detector.conviction(0);
        while !detector.suspects(0) {
            let deadline = detector.deadline().expect("a trusted peer has a deadline");
            prop_assert!(deadline <= convict_at.max(now));
            verdicts(&mut detector, deadline.max(now));
        }
    }

    #[test]
    fn a_heartbeat_is_never_learnt_twice(kind in 0usize..5, sequences in prop::collection::vec(0u64..20, 1..50)) {
        let mut detector = Detector::new(&of(KINDS[kind]), 1, at(0));
        let mut newest = None;
        for (step, sequence) in sequences.into_iter().enumerate() {
            let before = detector.clone();
            detector.heard(0, beat(sequence), at(step as u64));
            if newest.is_some_and(|newest| sequence <= newest) {
                prop_assert_eq!(format!("{:?}", before), format!("{:?}", detector));
            }
            newest = newest.max(Some(sequence));
        }
    }
}
