//! How long a suspected member has to object.
//!
//! Lifeguard (Dadgar, Phillips and Currey, DSN 2018, §IV-B): a lone accuser may itself be the one that is slow, so it waits long;
//! each further member that accuses independently shortens the wait, and with `expected` of them the shortest wait is reached. A
//! policy.

use hms_machine::{Duration, Instant, NodeId};

/// Shortest and longest time to object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// With all expected confirmations, or none expected.
    pub min: Duration,
    /// With none.
    pub max: Duration,
}

/// A running suspicion.
#[derive(Clone, Debug)]
pub struct Suspicion {
    started: Instant,
    bounds: Bounds,
    /// Confirmations that reduce the time to `min` (K of the paper).
    expected: u32,
    /// Who accuses: the first, and those that confirmed.
    accusers: Vec<NodeId>,
    /// When the time to object is over; asked for after every input.
    deadline: Instant,
}

impl Suspicion {
    /// A suspicion raised `now` by `first`.
    pub fn new(first: NodeId, bounds: Bounds, expected: u32, now: Instant) -> Self {
        let deadline = now.saturating_add(Suspicion::timeout(0, expected, bounds));
        Suspicion { started: now, bounds, expected, accusers: vec![first], deadline }
    }

    /// Another accusation; whether it is by somebody new who still counts (and is worth telling others).
    pub fn confirm(&mut self, by: NodeId) -> bool {
        let counts = self.accusers.len() <= self.expected as usize && !self.accusers.contains(&by);
        if counts {
            self.accusers.push(by);
            self.reckon();
        }
        counts
    }

    /// When the time to object is over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Takes a span out of the count during which this process was stopped and could hear no objection.
    pub fn postpone(&mut self, span: Duration) {
        self.started = self.started.saturating_add(span);
        self.reckon();
    }

    fn reckon(&mut self) {
        let timeout = Suspicion::timeout(self.accusers.len() as u32 - 1, self.expected, self.bounds);
        self.deadline = self.started.saturating_add(timeout);
    }

    /// The whole time to object after `confirmations` of `expected`: max − (max − min) · log(n + 1) / log(K + 1), at least min, in whole
    /// milliseconds as memberlist rounds it.
    pub fn timeout(confirmations: u32, expected: u32, bounds: Bounds) -> Duration {
        if expected == 0 {
            return bounds.min;
        }
        let share = libm::log(f64::from(confirmations) + 1.0) / libm::log(f64::from(expected) + 1.0);
        let (min, max) = (bounds.min.as_secs_f64(), bounds.max.as_secs_f64());
        let millis = (1_000.0 * (max - share * (max - min))).floor();
        Duration::from_nanos_f64(millis * 1e6).max(bounds.min)
    }

    /// Seconds that remain after `elapsed`; negative if the time is over (memberlist's `remainingSuspicionTime`).
    pub fn remaining(confirmations: u32, expected: u32, elapsed: Duration, bounds: Bounds) -> f64 {
        let timeout = Suspicion::timeout(confirmations, expected, bounds);
        timeout.as_secs_f64() - elapsed.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { min: Duration::from_secs(2), max: Duration::from_secs(30) };

    #[test]
    fn what_remains_is_what_the_formula_says() {
        // Confirmations, elapsed seconds, remaining seconds, of K = 3.
        for (confirmations, elapsed, remaining) in
            [(0, 0, 30.0), (1, 2, 14.0), (2, 3, 4.81), (3, 4, -2.0), (4, 5, -3.0), (5, 10, -8.0)]
        {
            let told = Suspicion::remaining(confirmations, 3, Duration::from_secs(elapsed), BOUNDS);
            assert!((told - remaining).abs() < 1e-9, "{confirmations}: {told}");
        }
    }

    #[test]
    fn nobody_confirms_twice_and_further_accusers_do_not_count() {
        let mut suspicion = Suspicion::new(NodeId(1), BOUNDS, 2, Instant::ZERO);
        let counted = [1, 2, 2, 3, 4].map(|by| suspicion.confirm(NodeId(by)));
        assert_eq!(counted, [false, true, false, true, false]);
        assert_eq!(suspicion.deadline(), Instant::ZERO + BOUNDS.min);
        suspicion.postpone(Duration::from_secs(5));
        assert_eq!(suspicion.deadline(), Instant::ZERO + Duration::from_secs(7));
    }

    proptest! {
        #[test]
        fn the_time_lies_between_min_and_max_and_shrinks_with_confirmations(
            confirmations in 0u32..20, expected in 0u32..10, min in 1u64..10_000, more in 0u64..10_000,
        ) {
            let bounds = Bounds { min: Duration::from_millis(min), max: Duration::from_millis(min + more) };
            let timeout = Suspicion::timeout(confirmations, expected, bounds);
            prop_assert!(timeout >= bounds.min && timeout <= bounds.max);
            prop_assert!(Suspicion::timeout(confirmations + 1, expected, bounds) <= timeout);
        }
    }
}
