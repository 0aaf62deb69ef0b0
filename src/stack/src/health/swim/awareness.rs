//! How much a member trusts itself (Lifeguard's local health multiplier, DSN 2018, §IV-A; memberlist's `awareness`).
//!
//! A counter of its own failures to take part: unanswered probes, missing nacks, having to refute. While it is high the member
//! probes more slowly and waits longer, because most likely it is the one that is slow. A policy.

use hms_machine::Duration;

/// Local health: 0 is well.
#[derive(Clone, Copy, Debug)]
pub struct Awareness {
    health: u32,
    multiplier_max: u32,
}

impl Awareness {
    /// A healthy member; time-outs grow to at most `multiplier_max` (at least 1) times. memberlist has 8, so health lies in
    /// 0..=7; the paper's S = 8 is a `multiplier_max` of 9.
    pub fn new(multiplier_max: u32) -> Self {
        Awareness { health: 0, multiplier_max: multiplier_max.max(1) }
    }

    /// Worse by `delta`, or better if negative; gives the new health.
    pub fn apply(&mut self, delta: i32) -> u32 {
        self.health = self.health.saturating_add_signed(delta).min(self.multiplier_max - 1);
        self.health
    }

    /// Present health.
    pub fn health(&self) -> u32 {
        self.health
    }

    /// A time-out at the present health: × (health + 1).
    pub fn scaled(&self, timeout: Duration) -> Duration {
        timeout.saturating_mul(u64::from(self.health) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_stays_in_its_range_and_time_outs_follow_it() {
        let mut awareness = Awareness::new(8);
        for (delta, health, secs) in
            [(0, 0, 1), (-1, 0, 1), (-10, 0, 1), (1, 1, 2), (-1, 0, 1), (10, 7, 8), (-1, 6, 7), (-3, 3, 4)]
        {
            assert_eq!(awareness.apply(delta), health);
            assert_eq!(awareness.scaled(Duration::from_secs(1)), Duration::from_secs(secs));
        }
    }
}
