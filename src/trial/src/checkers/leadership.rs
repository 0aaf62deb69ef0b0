//! Two leaders at a time, and agents that run twice.
//!
//! A node leads from `LeadershipTaken` until `LeadershipLost` or its crash. Without consensus two nodes may do so under a partition; this
//! counts for how long, and what it led to: agents with more than one ready process.

use hms_machine::{Instant, NodeId, Record};
use hms_sim::world::{TraceKind, TraceRow};

use crate::timeline::{Stretch, Timeline};

/// What went wrong for want of agreement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Leadership {
    /// Times that a node began to lead.
    pub taken: usize,
    /// Seconds in which two or more nodes led.
    pub double: f64,
    /// Seconds in which no node led; the whole run where nobody ever does.
    pub none: f64,
    /// Times that an agent got a second ready process.
    pub twice: usize,
    /// Seconds in which agents had two or more, summed over agents.
    pub twice_seconds: f64,
}

/// Reads the figures off a trace.
pub(crate) fn check(trace: &[TraceRow], timeline: &Timeline) -> Leadership {
    let mut found = Leadership {
        twice: timeline.twice.iter().map(Vec::len).sum(),
        twice_seconds: timeline.twice.iter().flatten().map(|stretch| stretch.seconds()).sum(),
        ..Leadership::default()
    };
    let mut leaders: Vec<NodeId> = Vec::new();
    let mut since = Instant::ZERO;
    let mut pass = |leaders: usize, until: Instant, found: &mut Leadership| {
        let seconds = Stretch { from: since, until }.seconds();
        match leaders {
            0 => found.none += seconds,
            1 => {}
            _ => found.double += seconds,
        }
        since = until;
    };
    for row in trace {
        let (node, leads) = match row.kind {
            TraceKind::Stack { node, record: Record::LeadershipTaken, .. } => (node, true),
            TraceKind::Stack { node, record: Record::LeadershipLost, .. } | TraceKind::NodeDown(node) => (node, false),
            _ => continue,
        };
        pass(leaders.len(), row.at, &mut found);
        let known = leaders.contains(&node);
        leaders.retain(|known| *known != node);
        if leads {
            found.taken += usize::from(!known);
            leaders.push(node);
        }
    }
    pass(leaders.len(), timeline.end, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use hms_machine::Exit;
    use hms_sim::world::Harm;

    use super::*;
    use crate::fixture::{down, made, ready, row, said};

    fn found(trace: Vec<TraceRow>) -> Leadership {
        let made = made("", trace, &Harm::default());
        check(&made.trace, &made.timeline)
    }

    #[test]
    fn one_leader_after_another_is_no_double_leadership() {
        let crash = row(30, TraceKind::NodeDown(NodeId(0)));
        let taken = |at, node| said(at, node, Record::LeadershipTaken);
        let found = found(vec![taken(1, 0), crash, taken(32, 1), said(60, 1, Record::LeadershipLost), taken(60, 0)]);
        assert_eq!((found.double, found.none, found.taken), (0.0, 3.0, 3));
    }

    #[test]
    fn the_time_with_two_leaders_is_counted() {
        let taken = |at, node| said(at, node, Record::LeadershipTaken);
        let found = found(vec![taken(0, 0), taken(30, 2), said(42, 0, Record::LeadershipLost)]);
        assert_eq!((found.double, found.none), (12.0, 0.0));
    }

    #[test]
    fn an_agent_with_two_ready_processes_was_started_twice() {
        let found = found(vec![ready(30, 0, 3), down(37, 0, 0, Exit::Stopped, None)]);
        assert_eq!((found.twice, found.twice_seconds), (1, 7.0));
    }

    #[test]
    fn an_agent_that_moves_when_its_host_is_gone_was_not() {
        let gone = vec![row(30, TraceKind::NodeDown(NodeId(0))), down(30, 0, 0, Exit::Abnormal, None), ready(31, 0, 3)];
        assert_eq!(found(gone).twice, 0);
    }
}
