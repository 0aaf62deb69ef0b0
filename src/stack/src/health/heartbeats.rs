//! When to send heartbeats, and their numbers.
//!
//! Heartbeat *i* is due at `start + i × every`, whatever happened to those before: numbers count periods, not messages. A sender that was
//! paused skips the numbers that it missed and sends the newest one that is due. Chen's detectors read the expected arrival of a
//! heartbeat from its number and need this; all detectors gain that a late heartbeat does not delay the ones after it.

use hms_machine::{Duration, Instant};

/// A sender's schedule.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeats {
    start: Instant,
    every: Duration,
    next: u64,
}

impl Heartbeats {
    /// Heartbeat 0 is due at `start`, and one every `every` (at least 1 ns) after it.
    pub fn new(start: Instant, every: Duration) -> Self {
        Heartbeats { start, every: every.max(Duration::from_nanos(1)), next: 0 }
    }

    /// The number of the heartbeat to send now, if one is due.
    pub fn due(&mut self, now: Instant) -> Option<u64> {
        if now < self.deadline() {
            return None;
        }
        let sequence = now.saturating_since(self.start).as_nanos() / self.every.as_nanos();
        self.next = sequence + 1;
        Some(sequence)
    }

    /// When the next heartbeat is due.
    pub fn deadline(&self) -> Instant {
        self.start.saturating_add(self.every.saturating_mul(self.next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_periods_and_those_missed_in_a_pause_are_skipped() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let mut heartbeats = Heartbeats::new(at(30), Duration::from_millis(100));
        assert_eq!(heartbeats.due(at(29)), None);
        assert_eq!(heartbeats.due(at(30)), Some(0));
        assert_eq!((heartbeats.due(at(129)), heartbeats.deadline()), (None, at(130)));
        assert_eq!(heartbeats.due(at(131)), Some(1));
        assert_eq!(heartbeats.due(at(777)), Some(7));
        assert_eq!((heartbeats.due(at(778)), heartbeats.deadline()), (None, at(830)));
    }
}
