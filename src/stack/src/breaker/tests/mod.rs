//! What a breaker does, seen from outside.

mod lines;
mod properties;
mod table;

use hms_machine::{Draw, Duration, Instant, Purpose, Seed, Streams};

use super::*;

const FAST: Duration = Duration::from_millis(1);
const OK: Ended = Ended { outcome: Outcome::Success, took: FAST };
const FAILED: Ended = Ended { outcome: Outcome::Failure, took: FAST };

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn slow(configuration: &BreakerConfiguration) -> Ended {
    Ended { outcome: Outcome::Success, took: configuration.slow_call + Duration::from_nanos(1) }
}

/// A breaker with its configuration and its random numbers.
#[derive(Clone, Debug)]
struct Bench {
    configuration: BreakerConfiguration,
    breaker: Breaker,
    draw: Draw,
}

impl Bench {
    fn new(configuration: BreakerConfiguration) -> Self {
        Bench::of_node(configuration, 0)
    }

    fn of_node(configuration: BreakerConfiguration, node: u64) -> Self {
        let draw = Streams::new(Seed(11)).draw(Purpose::named("test/breaker"), node, 0);
        Bench { configuration, breaker: Breaker::new(&configuration, at(0)), draw }
    }

    fn permit(&mut self, now: Instant) -> Permit {
        self.breaker.permit(&self.configuration, now, &mut self.draw)
    }

    fn ticket(&mut self, now: Instant) -> Option<Ticket> {
        match self.permit(now) {
            Permit::Granted(ticket) => Some(ticket),
            Permit::Rejected { .. } => None,
        }
    }

    fn outcome(&mut self, ticket: Ticket, ended: Ended, now: Instant) -> Option<Transition> {
        self.breaker.outcome(&self.configuration, ticket, ended, now, &mut self.draw)
    }

    /// A whole call that takes no simulated time: `None` if it was turned away.
    fn call(&mut self, ended: Ended, now: Instant) -> Option<Option<Transition>> {
        let ticket = self.ticket(now)?;
        Some(self.outcome(ticket, ended, now))
    }

    fn phase(&self, now: Instant) -> Phase {
        self.breaker.phase(&self.configuration, now)
    }

    fn report(&self, now: Instant) -> BreakerReport {
        self.breaker.report(&self.configuration, now)
    }

    /// Opens the breaker on somebody's word.
    fn tripped(mut self, now: Instant) -> Self {
        self.breaker.trip(&self.configuration, now, &mut self.draw).expect("was closed or half-open");
        self
    }
}

/// Without jitter and ramp, so that times can be told in advance.
fn exact() -> BreakerConfiguration {
    BreakerConfiguration { open_jitter: 0.0, ramp: Duration::ZERO, ..BreakerConfiguration::default() }
}

fn until(bench: &Bench, now: Instant) -> Instant {
    bench.report(now).until.expect("not open")
}

#[test]
fn a_run_of_failures_opens_however_few_calls_there_were() {
    let mut bench = Bench::new(exact());
    for call in 1..5 {
        assert_eq!(bench.call(FAILED, at(call)), Some(None));
    }
    let opened = Transition { from: Phase::Closed, to: Phase::Open, why: Why::Consecutive };
    assert_eq!(bench.call(FAILED, at(5)), Some(Some(opened)));
    assert_eq!(bench.permit(at(5)), Permit::Rejected { rejection: Rejection::Open, until: at(1_005) });
}

#[test]
fn a_success_ends_a_run_of_failures() {
    let mut bench = Bench::new(BreakerConfiguration { failure_ratio: 0.0, ..exact() });
    for call in 0..100 {
        let ended = if call % 5 == 4 { OK } else { FAILED };
        assert_eq!(bench.call(ended, at(call)), Some(None));
    }
}

#[test]
fn the_failure_ratio_opens_at_the_minimum_of_calls_even_on_a_success() {
    let mut bench = Bench::new(BreakerConfiguration { consecutive: 0, ..exact() });
    for call in 0..9 {
        assert_eq!(bench.call(FAILED, at(call)), Some(None));
    }
    let transition = bench.call(OK, at(9)).unwrap().unwrap();
    assert_eq!((transition.to, transition.why), (Phase::Open, Why::FailureRatio));
}

#[test]
fn slow_successes_open_and_without_the_rule_they_do_not() {
    for (slow_ratio, expected) in [(0.8, Phase::Open), (0.0, Phase::Closed)] {
        let mut bench = Bench::new(BreakerConfiguration { slow_ratio, ..exact() });
        for call in 0..10 {
            let ended = slow(&bench.configuration);
            bench.call(ended, at(call));
        }
        assert_eq!(bench.phase(at(10)), expected, "{slow_ratio}");
    }
}

#[test]
fn slow_calls_are_failures_where_a_call_timeout_is_meant() {
    let mut bench = Bench::new(preset("pekko-breaker").unwrap());
    for call in 0..10 {
        let ended = slow(&bench.configuration);
        bench.call(ended, at(call));
    }
    assert_eq!((bench.phase(at(10)), bench.breaker.counters().failures), (Phase::Open, 10));
}

#[test]
fn old_failures_leave_a_window_of_time() {
    let window = BreakerConfiguration { window: WindowKind::Time, consecutive: 0, ..exact() };
    for (pause, expected) in [(10_000, Phase::Closed), (1_000, Phase::Open)] {
        let mut bench = Bench::new(window);
        (0..9).for_each(|call| assert_eq!(bench.call(FAILED, at(call)), Some(None)));
        bench.call(FAILED, at(9 + pause));
        assert_eq!(bench.phase(at(9 + pause)), expected, "after {pause} ms");
    }
}

#[test]
fn the_open_time_grows_to_its_limit_while_probes_fail() {
    let mut bench = Bench::new(exact()).tripped(at(0));
    let (mut now, mut times) = (at(0), Vec::new());
    for _ in 0..7 {
        let end = until(&bench, now);
        times.push((end - now).as_nanos() / 1_000_000_000);
        now = end;
        assert_eq!(bench.phase(now), Phase::HalfOpen);
        assert_eq!(bench.call(FAILED, now).flatten().map(|transition| transition.why), Some(Why::ProbeFailed));
    }
    assert_eq!(times, [1, 2, 4, 8, 16, 30, 30]);
}

#[test]
fn another_opening_within_the_ramp_is_longer_and_one_after_it_is_not() {
    let configuration = BreakerConfiguration { open_jitter: 0.0, ..BreakerConfiguration::default() };
    for (after, seconds) in [(1_000, 2), (2_000, 1)] {
        let mut bench = Bench::new(configuration).tripped(at(0));
        (0..3).for_each(|_| assert!(bench.call(OK, at(1_000)).is_some()));
        assert_eq!(bench.phase(at(1_000)), Phase::Closed);
        let now = at(1_000 + after);
        bench = bench.tripped(now);
        assert_eq!(until(&bench, now) - now, Duration::from_secs(seconds), "{after} ms after closing");
    }
}

#[test]
fn jitter_spreads_the_probes_of_a_fleet_and_without_it_they_come_in_step() {
    for (open_jitter, distinct) in [(0.2, 100), (0.0, 1)] {
        let configuration = BreakerConfiguration { open_jitter, ..BreakerConfiguration::default() };
        let mut ends: Vec<_> = (0..100).map(|node| until(&Bench::of_node(configuration, node).tripped(at(0)), at(0))).collect();
        assert!(ends.iter().all(|end| (at(1_000)..at(1_200)).contains(end)));
        ends.sort_unstable();
        ends.dedup();
        assert_eq!(ends.len(), distinct, "jitter {open_jitter}");
    }
}

#[test]
fn a_late_reply_of_a_call_from_before_the_trip_decides_nothing() {
    for ended in [OK, FAILED] {
        let mut bench = Bench::new(exact());
        let early: Vec<_> = (0..5).map(|_| bench.ticket(at(0)).unwrap()).collect();
        bench = bench.tripped(at(1));
        let probe = bench.ticket(at(1_001)).unwrap();
        assert!(probe.is_probe());
        for ticket in early {
            assert_eq!(bench.outcome(ticket, ended, at(1_002)), None);
        }
        assert_eq!((bench.phase(at(1_002)), bench.breaker.counters().late), (Phase::HalfOpen, 5));
        assert_eq!(bench.outcome(probe, FAILED, at(1_003)).map(|transition| transition.to), Some(Phase::Open));
        assert_eq!(bench.outcome(probe, OK, at(1_003)), None, "the probe of an earlier trial");
    }
}

#[test]
fn calls_of_an_earlier_closed_state_do_not_open_the_present_one() {
    let mut bench = Bench::new(exact());
    let early: Vec<_> = (0..5).map(|_| bench.ticket(at(0)).unwrap()).collect();
    bench = bench.tripped(at(1));
    (0..3).for_each(|_| assert!(bench.call(OK, at(1_001)).is_some()));
    assert_eq!(bench.phase(at(1_002)), Phase::Closed);
    for ticket in early {
        assert_eq!(bench.outcome(ticket, FAILED, at(1_002)), None);
    }
    assert_eq!((bench.phase(at(1_002)), bench.report(at(1_002)).calls), (Phase::Closed, 0));
}

#[test]
fn a_probe_of_an_earlier_trial_neither_decides_nor_frees_a_permit_in_a_later_one() {
    let mut bench = Bench::new(BreakerConfiguration { permits: 1, ..exact() }).tripped(at(0));
    let earlier = bench.ticket(at(1_000)).unwrap();
    bench = bench.tripped(at(1_001));
    assert!(bench.ticket(at(3_001)).is_some_and(Ticket::is_probe));
    bench.breaker.cancel(earlier);
    assert_eq!(bench.outcome(earlier, FAILED, at(3_002)), None);
    assert_eq!((bench.phase(at(3_002)), bench.ticket(at(3_002))), (Phase::HalfOpen, None));
}

#[test]
fn a_lost_probe_frees_its_permit_and_its_late_reply_decides_nothing() {
    let mut bench = Bench::new(BreakerConfiguration { permits: 1, ..exact() }).tripped(at(0));
    let lost = bench.ticket(at(1_000)).unwrap();
    let waiting = Permit::Rejected { rejection: Rejection::ProbesUnderWay, until: at(3_000) };
    assert_eq!(bench.permit(at(2_999)), waiting);
    assert_eq!(bench.outcome(lost, FAILED, at(3_000)), None);
    assert!(bench.ticket(at(3_000)).is_some_and(Ticket::is_probe));
    assert_eq!((bench.breaker.counters().lost, bench.breaker.counters().late), (1, 1));
}

#[test]
fn a_probe_that_is_given_up_by_its_caller_frees_its_permit_at_once() {
    let mut bench = Bench::new(BreakerConfiguration { permits: 1, ..exact() }).tripped(at(0));
    let given_up = bench.ticket(at(1_000)).unwrap();
    assert_eq!(bench.ticket(at(1_000)), None);
    bench.breaker.cancel(given_up);
    assert!(bench.ticket(at(1_000)).is_some_and(Ticket::is_probe));
    assert_eq!(bench.outcome(given_up, FAILED, at(1_000)), None, "it has no say any more");
}

#[test]
fn no_more_probes_go_out_than_can_matter() {
    // As gobreaker: three permits and three successes needed are three requests in all, even after the first has succeeded.
    let mut bench = Bench::new(exact()).tripped(at(0));
    let probes = [(); 3].map(|()| bench.ticket(at(1_000)).unwrap());
    assert_eq!(bench.outcome(probes[0], OK, at(1_001)), None);
    assert_eq!(bench.ticket(at(1_001)), None);
}

#[test]
fn slow_probes_do_not_close_what_slowness_opened() {
    for (slow_ratio, expected) in [(0.8, Phase::Open), (0.0, Phase::Closed)] {
        let mut bench = Bench::new(BreakerConfiguration { slow_ratio, successes: 1, ..exact() }).tripped(at(0));
        let ended = slow(&bench.configuration);
        bench.call(ended, at(1_000));
        assert_eq!(bench.phase(at(1_001)), expected);
    }
}

#[test]
fn a_trial_judged_by_ratio_outlives_a_failed_probe() {
    for (failing, expected) in [(4, Phase::Closed), (5, Phase::Open)] {
        let mut bench = Bench::new(preset("resilience4j").unwrap()).tripped(at(0));
        for probe in 0..10 {
            assert_eq!(bench.phase(at(60_000)), Phase::HalfOpen);
            bench.call(if probe < failing { FAILED } else { OK }, at(60_000));
        }
        assert_eq!(bench.phase(at(60_000)), expected, "{failing} of 10 failed");
    }
}

#[test]
fn a_ramp_admits_a_growing_share_and_without_it_all_are_admitted_at_once() {
    for (ramp, expected) in [
        (2_000, [(0, 60..140), (1_000, 500..600), (1_999, 980..1_001), (2_000, 1_000..1_001)]),
        (0, [(0, 1_000..1_001), (1, 1_000..1_001), (2, 1_000..1_001), (3, 1_000..1_001)]),
    ] {
        let configuration = BreakerConfiguration { ramp: Duration::from_millis(ramp), successes: 1, ..exact() };
        let mut bench = Bench::new(configuration).tripped(at(0));
        assert!(bench.call(OK, at(1_000)).is_some());
        for (after, admitted) in expected {
            let count = (0..1_000).filter(|_| bench.call(OK, at(1_000 + after)).is_some()).count();
            assert!(admitted.contains(&count), "{count} of 1000 admitted {after} ms after closing");
        }
    }
}

#[test]
fn a_clock_that_steps_back_does_not_hold_a_breaker_open() {
    let mut bench = Bench::new(exact()).tripped(at(300_000));
    assert_eq!(bench.ticket(at(10_000)), None);
    assert_eq!(bench.phase(at(10_999)), Phase::Open);
    let probes = [(); 3].map(|()| bench.ticket(at(11_000)).unwrap());
    assert!(probes.iter().all(|probe| probe.is_probe()));
    // And again while the probes are under way: none is heard of.
    assert_eq!(bench.ticket(at(5_000)), None);
    assert!(bench.ticket(at(7_000)).is_some());
}

#[test]
fn a_configuration_that_changes_while_half_open_leaves_no_trial_that_cannot_end() {
    let mut bench = Bench::new(BreakerConfiguration { successes: 10, ..exact() }).tripped(at(0));
    (0..5).for_each(|_| assert_eq!(bench.call(OK, at(1_000)), Some(None)));
    bench.configuration.successes = 2;
    assert_eq!(bench.call(OK, at(1_000)).flatten().map(|transition| transition.to), Some(Phase::Closed));
}

#[test]
fn a_breaker_switched_off_lets_all_out_and_switched_on_again_goes_on() {
    let mut bench = Bench::new(exact()).tripped(at(0));
    bench.configuration.enabled = false;
    assert_eq!(bench.phase(at(1)), Phase::Disabled);
    assert_eq!(bench.call(FAILED, at(1)), Some(None));
    bench.configuration.enabled = true;
    assert_eq!((bench.phase(at(2)), bench.breaker.counters().failures), (Phase::Open, 0));
}

#[test]
fn a_report_tells_the_window_the_probes_and_the_time() {
    let mut bench = Bench::new(exact());
    let calls = [OK, FAILED, OK, slow(&bench.configuration)];
    calls.iter().for_each(|ended| assert_eq!(bench.call(*ended, at(3)), Some(None)));
    let report = bench.report(at(4));
    let shares = [report.failure_ratio, report.slow_ratio].map(|share| share.map(hms_machine::Ratio::get));
    assert_eq!((report.phase, report.since, report.calls, shares), (Phase::Closed, at(0), 4, [Some(0.25); 2]));
    let mut bench = bench.tripped(at(5));
    let report = bench.report(at(6));
    assert_eq!((report.until, report.calls, report.failure_ratio), (Some(at(1_005)), 0, None));
    bench.call(OK, at(1_005));
    let report = bench.report(at(1_006));
    assert_eq!((report.phase, report.since, report.until, report.calls), (Phase::HalfOpen, at(1_005), None, 1));
    assert_eq!((report.counters.permitted, report.counters.opens, report.counters.transitions), (5, 1, 2));
}

#[test]
fn parameters_that_do_not_go_together_are_told() {
    let names = |configuration: BreakerConfiguration| -> Vec<_> {
        configuration.conflicts().into_iter().map(|conflict| conflict.names).collect()
    };
    let default = BreakerConfiguration::default;
    assert!(names(default()).is_empty());
    let never = BreakerConfiguration { failure_ratio: 0.0, consecutive: 0, slow_ratio: 0.0, ..default() };
    assert_eq!(names(never), [["breaker.failure_ratio", "breaker.consecutive"]]);
    assert!(names(BreakerConfiguration { enabled: false, ..never }).is_empty());
    let short = BreakerConfiguration { open_max: Duration::from_millis(999), ..default() };
    assert_eq!(names(short), [["breaker.open_max", "breaker.open"]]);
    let unjudged = BreakerConfiguration { failure_ratio: 0.0, verdict: TrialVerdict::Ratio, ..default() };
    assert_eq!(names(unjudged), [["breaker.verdict", "breaker.failure_ratio"]]);
}
