//! Messages that are on their way at an instant, and how far each has come.

use hms_machine::{Instant, NodeId};
use hms_sim::world::{Carries, InFlight};
use hms_trial::ClusterSimulation;

/// A message on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flight {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// What it carries.
    pub carries: Carries,
    /// Share of its way that it has come, 0 to 1; 1: it waits for the processor of its receiver.
    pub share: f32,
}

/// At most `most` messages that are on their way. Those that were lost are not: nobody in the cluster could tell.
pub fn flights(simulation: &ClusterSimulation, most: usize) -> Vec<Flight> {
    let now = simulation.now();
    let flight = |message: InFlight| Flight {
        from: message.from,
        to: message.to,
        carries: message.carries,
        share: share(message.sent, message.due, now),
    };
    simulation.model.in_flight().take(most).map(flight).collect()
}

fn share(sent: Instant, due: Instant, now: Instant) -> f32 {
    let (gone, whole) = (now.saturating_since(sent).as_secs_f64(), due.saturating_since(sent).as_secs_f64());
    if gone < whole { (gone / whole) as f32 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use hms_sim::kernel::Limits;
    use hms_trial::{Detail, TraceKind};

    use super::*;
    use crate::fixture;

    #[test]
    fn what_is_on_its_way_was_sent_and_is_gone_once_it_was_taken_in() {
        let inputs = fixture::inputs_with(fixture::SCENARIO, Vec::new(), 1, Detail::Full);
        let mut simulation = inputs.trial().simulation();
        let mut seen = 0;
        for millis in (5_000..8_000).step_by(3) {
            simulation.run(&Limits::until(Instant::from_nanos(millis * 1_000_000))).unwrap();
            let messages: Vec<InFlight> = simulation.model.in_flight().collect();
            for message in &messages {
                seen += 1;
                let trace = &simulation.model.recorder.trace;
                let first = trace.partition_point(|row| row.at < message.sent);
                let was_sent = trace[first..].iter().take_while(|row| row.at == message.sent).any(
                    |row| matches!(row.kind, TraceKind::Sent { from, to, taken: true, .. } if (from, to) == (message.from, message.to)),
                );
                assert!(was_sent, "{message:?}");
            }
            let shown = flights(&simulation, 5);
            assert!(shown.len() <= 5 && shown.iter().all(|flight| (0.0..=1.0).contains(&flight.share)), "{shown:?}");
        }
        assert!(seen > 100, "{seen}");
        // A second later, nothing of it is left.
        let before: Vec<InFlight> = simulation.model.in_flight().collect();
        simulation.run(&Limits::until(simulation.now() + hms_machine::Duration::from_secs(1))).unwrap();
        assert!(simulation.model.in_flight().all(|message| !before.contains(&message)));
    }

    #[test]
    fn half_the_time_is_half_the_way() {
        let at = Instant::from_nanos;
        assert_eq!([5, 10, 15, 20, 30].map(|now| share(at(10), at(20), at(now))), [0.0, 0.0, 0.5, 1.0, 1.0]);
        assert_eq!(share(at(10), at(10), at(10)), 1.0);
    }
}
