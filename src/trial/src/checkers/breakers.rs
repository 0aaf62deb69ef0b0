//! Whether breakers open in the same event as the outcome that breaches their threshold (CB-S1), and for how long they stay open.
//!
//! A breaker is evaluated on each outcome, so its `Open` stands in the trace under the seq of the event in which an attempt ended badly. A
//! breaker that is polled opens in an event of its own, later; its reaction is then the time since the last attempt that ended badly for its
//! agent. Attempts are in the trace with full detail only; without it, nothing is known of reactions.

use hms_machine::{AgentId, BreakerState, CallOutcome, Duration, Instant, NodeId, Record, ServiceId};
use hms_sim::world::{TraceKind, TraceRow};

use crate::statistics::quantile;

/// What breakers did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Breakers {
    /// Times that a breaker opened from closed: reopenings after a probe are left out.
    pub opens: usize,
    /// Seconds in which breakers were open, summed over breakers.
    pub open_seconds: f64,
    /// Median time from the breaching outcome to the opening, s; `None` without attempts in the trace.
    pub reaction_p50: Option<f64>,
    /// The longest.
    pub reaction_max: Option<f64>,
}

type Key = (NodeId, ServiceId, Option<AgentId>);

/// Reads the figures off a trace that ends at `end`.
pub(crate) fn check(trace: &[TraceRow], end: Instant) -> Breakers {
    let mut found = Breakers::default();
    let mut reactions: Vec<f64> = Vec::new();
    let mut states: Vec<(Key, BreakerState, Instant)> = Vec::new();
    // The last attempt that ended badly: of each agent, and of any.
    let mut bad: Vec<(Option<AgentId>, Instant)> = Vec::new();
    for row in trace {
        match row.kind {
            TraceKind::Attempt { agent, outcome, .. } if outcome != CallOutcome::Ok => {
                for key in [agent, None] {
                    bad.retain(|(known, _)| *known != key);
                    bad.push((key, row.at));
                }
            }
            TraceKind::Stack { node, record: Record::Breaker { service, agent, state }, .. } => {
                let key = (node, service, agent);
                let before = leave(&mut states, |known| *known == key, row.at, &mut found);
                states.push((key, state, row.at));
                if state == BreakerState::Open && before.is_none_or(|state| state == BreakerState::Closed) {
                    found.opens += 1;
                    let breach = bad.iter().find(|(known, _)| *known == agent);
                    reactions.extend(breach.map(|(_, at)| (row.at - *at).as_secs_f64()));
                }
            }
            // The breakers of a node are gone with it.
            TraceKind::NodeDown(node) => while leave(&mut states, |(of, _, _)| *of == node, row.at, &mut found).is_some() {},
            _ => {}
        }
    }
    while leave(&mut states, |_| true, end, &mut found).is_some() {}
    found.reaction_max = reactions.iter().copied().reduce(f64::max);
    found.reaction_p50 = quantile(&mut reactions, 0.5);
    found
}

/// Takes a breaker out and counts the time for which it was open.
fn leave(
    states: &mut Vec<(Key, BreakerState, Instant)>,
    wanted: impl Fn(&Key) -> bool,
    at: Instant,
    found: &mut Breakers,
) -> Option<BreakerState> {
    let position = states.iter().position(|(key, _, _)| wanted(key))?;
    let (_, state, since) = states.remove(position);
    let open = if state == BreakerState::Open { at.saturating_since(since) } else { Duration::ZERO };
    found.open_seconds += open.as_secs_f64();
    Some(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{row, said, secs};

    fn attempt(at: u64, outcome: CallOutcome) -> TraceRow {
        row(at, TraceKind::Attempt { agent: Some(AgentId(2)), elapsed: Duration::ZERO, outcome })
    }

    fn breaker(at: u64, state: BreakerState) -> TraceRow {
        said(at, 0, Record::Breaker { service: ServiceId(1), agent: Some(AgentId(2)), state })
    }

    #[test]
    fn cb_s1_a_breaker_that_opens_with_the_breaching_outcome_reacts_in_no_time() {
        let found = check(&[attempt(5, CallOutcome::Error), breaker(5, BreakerState::Open)], secs(10));
        assert_eq!((found.opens, found.reaction_max, found.open_seconds), (1, Some(0.0), 5.0));
    }

    #[test]
    fn cb_s1_a_breaker_that_is_polled_reacts_late() {
        let trace = [attempt(5, CallOutcome::Error), attempt(6, CallOutcome::Ok), breaker(7, BreakerState::Open)];
        assert_eq!(check(&trace, secs(10)).reaction_max, Some(2.0));
    }

    #[test]
    fn without_attempts_in_the_trace_nothing_is_known_of_reactions() {
        let found = check(&[breaker(7, BreakerState::Open)], secs(10));
        assert_eq!((found.opens, found.reaction_p50), (1, None));
    }

    #[test]
    fn probes_that_fail_open_it_again_and_count_once() {
        let trace = [
            breaker(10, BreakerState::Open),
            breaker(15, BreakerState::HalfOpen),
            breaker(16, BreakerState::Open),
            breaker(20, BreakerState::HalfOpen),
            breaker(21, BreakerState::Closed),
        ];
        let found = check(&trace, secs(60));
        assert_eq!((found.opens, found.open_seconds), (1, 9.0));
    }
}
