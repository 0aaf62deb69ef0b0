//! What holds for every configuration and every course of calls.

use proptest::prelude::*;

use super::*;
use crate::breaker::circuit::ramp;

fn configurations() -> impl Strategy<Value = BreakerConfiguration> {
    let window = (any::<bool>(), 1u32..40, 20u64..3_000, 1u32..20);
    let rules = (prop_oneof![Just(0.0), 0.05..1.0], 0u32..8, prop_oneof![Just(0.0), 0.05..1.0], any::<bool>());
    let open = (10u64..2_000, 1.0f64..4.0, 10u64..5_000, 0.0f64..1.0);
    let trial = (1u32..6, 1u32..6, any::<bool>(), 10u64..500, 0u64..500);
    (window, rules, open, trial).prop_map(|(window, rules, open, trial)| BreakerConfiguration {
        enabled: true,
        window: if window.0 { WindowKind::Count } else { WindowKind::Time },
        window_calls: window.1,
        window_span: Duration::from_millis(window.2),
        minimum_calls: window.3,
        failure_ratio: rules.0,
        consecutive: rules.1,
        slow_call: Duration::from_millis(50),
        slow_ratio: rules.2,
        slow_fails: rules.3,
        open: Duration::from_millis(open.0),
        open_factor: open.1,
        open_max: Duration::from_millis(open.2.max(open.0)),
        open_jitter: open.3,
        permits: trial.0,
        successes: trial.1,
        verdict: if trial.2 { TrialVerdict::Ratio } else { TrialVerdict::FirstFailure },
        probe_timeout: Duration::from_millis(trial.3),
        ramp: Duration::from_millis(trial.4),
    })
}

/// One step of a caller.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Time passes.
    Wait(u64),
    /// A call begins.
    Begin,
    /// One of the calls under way ends: which, failed, slow.
    End(usize, bool, bool),
    /// One of them is given up.
    Cancel(usize),
    /// One of them is never heard of.
    Lose(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0u64..400).prop_map(Step::Wait),
        8 => Just(Step::Begin),
        8 => (0usize..100, any::<bool>(), proptest::bool::weighted(0.2)).prop_map(|(which, failed, slow)| Step::End(which, failed, slow)),
        1 => (0usize..100).prop_map(Step::Cancel),
        1 => (0usize..100).prop_map(Step::Lose),
    ];
    proptest::collection::vec(step, 0..300)
}

/// The rules of the closed state, told of whole calls: a list instead of a window.
struct Reference {
    /// (part of time, failed, slow) since the breaker was last made or closed.
    calls: Vec<(u64, bool, bool)>,
}

impl Reference {
    fn breaches(&mut self, configuration: &BreakerConfiguration, failed: bool, slow: bool, now: Instant) -> bool {
        let width = configuration.window_span.as_nanos() / 10;
        let part = now.as_nanos() / width;
        self.calls.push((part, failed, slow));
        let run = self.calls.iter().rev().take_while(|(_, failed, _)| *failed).count() as u32;
        let window: Vec<_> = match configuration.window {
            WindowKind::Count => self.calls.iter().rev().take(configuration.window_calls as usize).collect(),
            WindowKind::Time => self.calls.iter().filter(|(then, _, _)| then + 10 > part).collect(),
        };
        let minimum = match configuration.window {
            WindowKind::Count => configuration.minimum_calls.min(configuration.window_calls),
            WindowKind::Time => configuration.minimum_calls,
        };
        let exceeds = |count: usize, ratio: f64| ratio > 0.0 && count > 0 && count as f64 / window.len() as f64 >= ratio;
        let judged = window.len() >= minimum as usize;
        configuration.consecutive > 0 && run >= configuration.consecutive
            || judged && exceeds(window.iter().filter(|(_, failed, _)| *failed).count(), configuration.failure_ratio)
            || judged && exceeds(window.iter().filter(|(_, _, slow)| *slow).count(), configuration.slow_ratio)
    }
}

proptest! {
    /// CB-S1, against a model that keeps every call in a list.
    #[test]
    fn a_closed_breaker_opens_with_the_outcome_that_breaches_and_with_no_other(
        configuration in configurations(),
        calls in proptest::collection::vec((0u64..200, any::<bool>(), any::<bool>()), 0..200),
    ) {
        let (mut bench, mut reference, mut now) = (Bench::new(configuration), Reference { calls: Vec::new() }, at(0));
        for (gap, failed, slow) in calls {
            now += Duration::from_millis(gap);
            let ended = Ended {
                outcome: if failed { Outcome::Failure } else { Outcome::Success },
                took: Duration::from_millis(if slow { 51 } else { 50 }),
            };
            let transition = bench.call(ended, now).expect("a closed breaker that never opened lets every call out");
            let breaches = reference.breaches(&configuration, failed || slow && configuration.slow_fails, slow, now);
            prop_assert_eq!(transition.is_some(), breaches);
            prop_assert_eq!(bench.phase(now), if breaches { Phase::Open } else { Phase::Closed });
            if breaches {
                prop_assert_eq!(bench.ticket(now), None);
                break;
            }
        }
    }

    /// CB-S2. Probes count as under way until they end, are given up or time out, as their senders see it.
    #[test]
    fn half_open_never_has_more_probes_under_way_than_permits(configuration in configurations(), steps in steps()) {
        let (mut bench, mut now) = (Bench::new(configuration).tripped(at(0)), at(0));
        let mut under_way: Vec<(Ticket, Instant)> = Vec::new();
        let mut lost: Vec<Instant> = Vec::new();
        for step in steps {
            match step {
                Step::Wait(millis) => now += Duration::from_millis(millis),
                Step::Begin => {
                    let phase = bench.phase(now);
                    match bench.permit(now) {
                        Permit::Granted(ticket) => {
                            prop_assert!(matches!(phase, Phase::Closed | Phase::HalfOpen));
                            prop_assert_eq!(ticket.is_probe(), phase == Phase::HalfOpen);
                            under_way.push((ticket, now));
                        }
                        Permit::Rejected { until, .. } => prop_assert!(until > now),
                    }
                }
                Step::End(which, failed, slow) if which < under_way.len() => {
                    let (ticket, _) = under_way.swap_remove(which);
                    let outcome = if failed { Outcome::Failure } else { Outcome::Success };
                    let took = Duration::from_millis(if slow { 51 } else { 1 });
                    let before = bench.phase(now);
                    let transition = bench.outcome(ticket, Ended { outcome, took }, now);
                    if let Some(transition) = transition {
                        prop_assert_eq!((transition.from, transition.to), (before, bench.phase(now)));
                        // Only a probe decides for probes.
                        prop_assert!(before != Phase::HalfOpen || ticket.is_probe());
                        // What was under way belongs to the past.
                        under_way.clear();
                        lost.clear();
                    }
                }
                Step::Cancel(which) if which < under_way.len() => bench.breaker.cancel(under_way.swap_remove(which).0),
                Step::Lose(which) if which < under_way.len() => lost.push(under_way.swap_remove(which).1),
                Step::End(..) | Step::Cancel(_) | Step::Lose(_) => {}
            }
            let fresh = |sent: &&Instant| **sent + configuration.probe_timeout > now;
            let probes = under_way.iter().filter(|(ticket, _)| ticket.is_probe()).map(|(_, sent)| sent);
            if bench.phase(now) == Phase::HalfOpen {
                prop_assert!(probes.chain(&lost).filter(fresh).count() <= configuration.permits as usize);
            }
        }
    }

    /// However probes were lost, waiting gets a probe out and successes close.
    #[test]
    fn no_course_of_calls_wedges_a_breaker(configuration in configurations(), steps in steps()) {
        let (mut bench, mut now) = (Bench::new(configuration).tripped(at(0)), at(0));
        let mut under_way = Vec::new();
        for step in steps {
            match step {
                Step::Wait(millis) => now += Duration::from_millis(millis),
                Step::Begin => under_way.extend(bench.ticket(now)),
                Step::End(which, failed, _) if which < under_way.len() => {
                    bench.outcome(under_way.swap_remove(which), if failed { FAILED } else { OK }, now);
                }
                Step::Cancel(which) if which < under_way.len() => bench.breaker.cancel(under_way.swap_remove(which)),
                Step::Lose(which) if which < under_way.len() => drop(under_way.swap_remove(which)),
                Step::End(..) | Step::Cancel(_) | Step::Lose(_) => {}
            }
        }
        // Nothing of it is ever heard of again. There may be one more opening: a trial judged by ratio may be lost already, or old failures wait in the window of a closed breaker for the call that makes them enough to be judged, however it ends.
        let (mut openings, mut rounds) = (0, 2);
        while rounds > 0 {
            rounds -= 1;
            now += configuration.open_max * 2 + configuration.probe_timeout;
            for _ in 0..configuration.successes {
                let opened = bench.call(OK, now).flatten().is_some_and(|transition| transition.to == Phase::Open);
                openings += u32::from(opened);
                // The round after it closes.
                rounds = rounds.max(u32::from(opened));
            }
        }
        prop_assert!(openings <= 1, "{} openings", openings);
        now += configuration.ramp;
        prop_assert_eq!(bench.phase(now), Phase::Closed);
        prop_assert!(bench.ticket(now).is_some());
    }

    #[test]
    fn a_forced_state_stays_whatever_happens(configuration in configurations(), steps in steps(), which in 0usize..3) {
        let (forced, phase) = [
            (Forced::Open, Phase::ForcedOpen),
            (Forced::Closed, Phase::ForcedClosed),
            (Forced::Disabled, Phase::Disabled),
        ][which];
        let (mut bench, mut now, mut under_way) = (Bench::new(configuration), at(0), Vec::new());
        under_way.extend(bench.ticket(now));
        bench.breaker.force(forced, now);
        for step in steps {
            match step {
                Step::Wait(millis) => now += Duration::from_millis(millis),
                Step::Begin => {
                    let ticket = bench.ticket(now);
                    prop_assert_eq!(ticket.is_some(), forced != Forced::Open);
                    under_way.extend(ticket);
                }
                Step::End(which, failed, _) if which < under_way.len() => {
                    let ended = if failed { FAILED } else { OK };
                    prop_assert_eq!(bench.outcome(under_way.swap_remove(which), ended, now), None);
                }
                Step::Cancel(which) if which < under_way.len() => bench.breaker.cancel(under_way.swap_remove(which)),
                Step::Lose(_) => prop_assert_eq!(bench.breaker.trip(&configuration, now, &mut bench.draw), None),
                Step::End(..) | Step::Cancel(_) => {}
            }
            prop_assert_eq!(bench.phase(now), phase);
        }
        prop_assert_eq!(bench.breaker.release(now).map(|transition| transition.to), Some(Phase::Closed));
    }

    #[test]
    fn the_share_that_a_ramp_admits_never_falls(length in 0u64..10_000, times in proptest::collection::vec(0u64..20_000, 2..20)) {
        let configuration = BreakerConfiguration { ramp: Duration::from_millis(length), ..BreakerConfiguration::default() };
        let mut times = times;
        times.sort_unstable();
        let shares: Vec<_> = times.iter().map(|millis| ramp(&configuration, at(500), at(*millis)).get()).collect();
        prop_assert!(shares.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", shares);
        for (millis, share) in times.iter().zip(&shares) {
            prop_assert!(*share >= 0.1);
            prop_assert_eq!(*share == 1.0, *millis >= 500 + length || length == 0, "{} ms", millis);
        }
    }

    #[test]
    fn an_open_time_is_never_shorter_than_the_first_nor_longer_than_the_limit_and_its_jitter(
        configuration in configurations(),
        node in any::<u64>(),
        rounds in 1usize..12,
    ) {
        let (mut bench, mut now) = (Bench::of_node(configuration, node).tripped(at(0)), at(0));
        for _ in 0..rounds {
            let end = until(&bench, now);
            prop_assert!(end - now >= configuration.open);
            prop_assert!(end - now <= configuration.open_max + configuration.open_max.mul_f64(configuration.open_jitter));
            now = end;
            prop_assert!(bench.ticket(now).is_some_and(Ticket::is_probe));
            bench = bench.tripped(now);
        }
    }
}
