//! What became of the state of agents that were started again.
//!
//! A start with state counts once: when the agent has built its state and ground truth compares it with what the agent had acknowledged before.

use hms_sim::world::{TraceKind, TraceRow};

use crate::statistics::ratio;

/// State kept and lost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// Starts of agents that had acknowledged something before.
    pub rebuilt: usize,
    /// Of those, the ones after which all of it was still there.
    pub whole: usize,
    /// Entries acknowledged before, over all such starts.
    pub acknowledged: u64,
    /// Of those, entries that were gone.
    pub lost: u64,
}

impl State {
    /// Starts after which everything was there / starts; `None` without any.
    pub fn share_whole(&self) -> Option<f64> {
        ratio(self.whole as f64, self.rebuilt as f64)
    }
}

/// Reads the figures off a trace.
pub(crate) fn check(trace: &[TraceRow]) -> State {
    let mut state = State::default();
    for row in trace {
        let TraceKind::StateRebuilt { acknowledged, kept, .. } = row.kind else { continue };
        if acknowledged == 0 {
            continue;
        }
        state.rebuilt += 1;
        state.whole += usize::from(kept >= acknowledged);
        state.acknowledged += acknowledged;
        state.lost += acknowledged.saturating_sub(kept);
    }
    state
}

#[cfg(test)]
mod tests {
    use hms_machine::{AgentId, NodeId, StateSource};

    use super::*;
    use crate::fixture::row;

    fn rebuilt(at: u64, acknowledged: u64, kept: u64) -> TraceRow {
        row(at, TraceKind::StateRebuilt { agent: AgentId(0), node: NodeId(0), acknowledged, kept, source: StateSource::Local })
    }

    #[test]
    fn entries_that_are_gone_are_lost() {
        let state = check(&[rebuilt(1, 0, 0), rebuilt(5, 100, 100), rebuilt(9, 100, 97)]);
        assert_eq!((state.rebuilt, state.whole, state.acknowledged, state.lost), (2, 1, 200, 3));
        assert_eq!(state.share_whole(), Some(0.5));
    }

    #[test]
    fn where_all_is_kept_nothing_is_lost() {
        let state = check(&[rebuilt(5, 100, 100)]);
        assert_eq!((state.lost, state.share_whole()), (0, Some(1.0)));
        assert_eq!(check(&[]).share_whole(), None);
    }
}
