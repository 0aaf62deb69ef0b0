//! The meaning of scenario lines, as the table in the module's documentation says it.

use std::collections::BTreeMap;

use super::*;

enum Step {
    /// So many calls that end like this, one after the other.
    Calls(u32, Ended),
    Permit(bool),
    State(&'static str),
    Begin(u32),
    End(u32, Ended),
}
use Step::{Begin, Calls, End, State};

fn run(configuration: BreakerConfiguration, steps: &[(u64, Step)]) {
    let (mut bench, mut under_way) = (Bench::new(configuration), BTreeMap::new());
    for (position, (millis, step)) in steps.iter().enumerate() {
        let now = at(*millis);
        match step {
            Step::Calls(times, ended) => (0..*times).for_each(|_| {
                bench.call(*ended, now);
            }),
            Step::Permit(expected) => {
                let ticket = bench.ticket(now);
                assert_eq!(ticket.is_some(), *expected, "step {position}");
                ticket.into_iter().for_each(|ticket| bench.breaker.cancel(ticket));
            }
            Step::State(expected) => assert_eq!(bench.phase(now).name(), *expected, "step {position}"),
            Step::Begin(id) => {
                under_way.insert(*id, bench.ticket(now).unwrap_or_else(|| panic!("step {position} was turned away")));
            }
            Step::End(id, ended) => {
                bench.outcome(under_way.remove(id).expect("was begun"), *ended, now);
            }
        }
    }
}

#[test]
fn gobreaker_opens_at_the_sixth_failure_in_a_row_for_a_minute() {
    run(
        preset("gobreaker").unwrap(),
        &[
            (0, Calls(5, FAILED)),
            (0, State("closed")),
            (0, Calls(1, OK)),
            (0, Calls(5, FAILED)),
            (0, State("closed")),
            (0, Calls(1, FAILED)),
            (0, State("open")),
            (59_999, Step::Permit(false)),
            (60_001, State("half_open")),
            (60_001, Step::Permit(true)),
            (60_001, Calls(1, OK)),
            (60_001, State("closed")),
        ],
    );
}

#[test]
fn resilience4j_judges_a_hundred_calls() {
    let slow = Ended { outcome: Outcome::Success, took: Duration::from_millis(60_001) };
    run(
        preset("resilience4j").unwrap(),
        &[(0, Calls(50, OK)), (0, Calls(49, FAILED)), (0, State("closed")), (0, Calls(1, FAILED)), (0, State("open"))],
    );
    run(preset("resilience4j").unwrap(), &[(0, Calls(99, slow)), (0, State("closed")), (0, Calls(1, slow)), (0, State("open"))]);
}

#[test]
fn polly_needs_a_hundred_calls_in_thirty_seconds() {
    run(
        preset("polly").unwrap(),
        &[(0, Calls(89, OK)), (0, Calls(10, FAILED)), (0, State("closed")), (0, Calls(1, OK)), (0, State("open"))],
    );
    run(preset("polly").unwrap(), &[(0, Calls(99, FAILED)), (30_000, Calls(1, FAILED)), (30_000, State("closed"))]);
}

#[test]
fn hystrix_judges_ten_seconds_and_pekko_counts_slow_calls() {
    let late = |millis| Ended { outcome: Outcome::Success, took: Duration::from_millis(millis) };
    run(
        preset("hystrix").unwrap(),
        &[(0, Calls(10, OK)), (0, Calls(9, FAILED)), (0, Calls(1, late(1_001))), (0, State("open")), (5_000, State("half_open"))],
    );
    run(preset("pekko-breaker").unwrap(), &[(0, Calls(9, FAILED)), (0, Calls(1, late(10_000))), (0, State("closed"))]);
    run(
        preset("pekko-breaker").unwrap(),
        &[(0, Calls(9, FAILED)), (0, Calls(1, late(10_001))), (0, State("open")), (14_999, State("open"))],
    );
}

#[test]
fn calls_that_overlap_a_transition_do_not_move_the_probe() {
    run(
        preset("failsafe-go").unwrap(),
        &[
            (0, Begin(1)),
            (0, Begin(2)),
            (0, Begin(3)),
            (10, End(1, FAILED)),
            (10, State("open")),
            (60_010, Begin(4)),
            (60_010, Step::Permit(false)),
            (60_011, End(2, FAILED)),
            (60_011, End(3, OK)),
            (60_011, State("half_open")),
            (60_012, End(4, OK)),
            (60_012, State("closed")),
        ],
    );
}

#[test]
fn a_breaker_that_is_not_enabled_reads_disabled() {
    let off = BreakerConfiguration { enabled: false, ..BreakerConfiguration::default() };
    run(off, &[(0, Calls(100, FAILED)), (0, State("disabled")), (0, Step::Permit(true))]);
}
