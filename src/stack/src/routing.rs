//! Which replica gets a call: any of those believed alive, at random; a retry goes elsewhere if there is an elsewhere.

use hms_machine::{AgentId, Draw};

/// Picks among `replicas`. Where all are suspected, the detector is more likely wrong than the whole service gone: all are tried.
pub(crate) fn pick(
    replicas: &[AgentId],
    previous: Option<AgentId>,
    suspected: impl Fn(AgentId) -> bool,
    mut draw: Draw,
) -> Option<AgentId> {
    let elsewhere = |agent: &AgentId| Some(*agent) != previous;
    let trusted = |agent: &AgentId| !suspected(*agent);
    let preferences: [&dyn Fn(&AgentId) -> bool; 4] =
        [&|agent| trusted(agent) && elsewhere(agent), &trusted, &elsewhere, &|_| true];
    preferences.into_iter().find_map(|fits| {
        let count = replicas.iter().filter(|agent| fits(agent)).count();
        // Drawn only where there is a choice to make, from a stream position that belongs to this call alone.
        (count > 0)
            .then(|| draw.below(count as u64) as usize)
            .and_then(|nth| replicas.iter().copied().filter(|agent| fits(agent)).nth(nth))
    })
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Seed, Streams};

    use super::*;

    const REPLICAS: [AgentId; 3] = [AgentId(4), AgentId(5), AgentId(6)];

    fn picks(previous: Option<AgentId>, suspects: &[AgentId]) -> Vec<AgentId> {
        let streams = Streams::new(Seed(1));
        let mut seen: Vec<_> = (0..300)
            .filter_map(|ordinal| {
                let draw = streams.draw(Purpose::named("test/routing"), 0, ordinal);
                pick(&REPLICAS, previous, |agent| suspects.contains(&agent), draw)
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    #[test]
    fn calls_spread_over_all_replicas_believed_alive() {
        assert_eq!(picks(None, &[]), REPLICAS);
        assert_eq!(picks(None, &[AgentId(5)]), [AgentId(4), AgentId(6)]);
    }

    #[test]
    fn a_retry_goes_elsewhere_while_there_is_an_elsewhere() {
        assert_eq!(picks(Some(AgentId(4)), &[AgentId(5)]), [AgentId(6)]);
        assert_eq!(picks(Some(AgentId(6)), &[AgentId(4), AgentId(5)]), [AgentId(6)]);
    }

    #[test]
    fn with_every_replica_suspected_all_are_tried() {
        assert_eq!(picks(None, &REPLICAS), REPLICAS);
    }

    #[test]
    fn a_service_without_replicas_has_none_to_pick() {
        let draw = Streams::new(Seed(1)).draw(Purpose::named("test/routing"), 0, 0);
        assert_eq!(pick(&[], None, |_| false, draw), None);
    }
}
