//! Failure detector with a fixed time-out (the simplest of Chandra and Toueg 1996): a peer not heard for `timeout` is suspected.
//!
//! A policy: it is told heartbeats and asked for verdicts. Silence is looked for at most every tenth of the time-out, so a verdict
//! comes at most `1.1 × timeout` after the last heartbeat, and the cost of looking does not grow with the rate of heartbeats.

use hms_machine::{Duration, Instant};

/// Beliefs about a fixed list of peers.
#[derive(Clone, Debug)]
pub struct Detector {
    timeout: Duration,
    peers: Vec<Peer>,
    /// No peer can have become silent before this.
    look_at: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Peer {
    incarnation: u64,
    heard: Instant,
    suspected: bool,
}

/// A belief that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The peer at this position was not heard for too long.
    Suspected(usize),
    /// The suspected peer at this position was heard again.
    Trusted(usize),
}

impl Detector {
    /// Watches `peers` peers, all trusted and taken as heard `now`.
    pub fn new(timeout: Duration, peers: usize, now: Instant) -> Self {
        Detector { timeout, peers: vec![Peer { incarnation: 0, heard: now, suspected: false }; peers], look_at: now + timeout }
    }

    /// A heartbeat of the peer at `position`. One of an earlier incarnation (late, overtaken by a restart) says nothing.
    pub fn heard(&mut self, position: usize, incarnation: u64, now: Instant) -> Option<Verdict> {
        let peer = &mut self.peers[position];
        if incarnation < peer.incarnation {
            return None;
        }
        peer.incarnation = incarnation;
        peer.heard = peer.heard.max(now);
        let was_suspected = std::mem::replace(&mut peer.suspected, false);
        if was_suspected {
            self.look_at = self.look_at.min(now + self.timeout);
        }
        was_suspected.then_some(Verdict::Trusted(position))
    }

    /// Peers that have become suspect by `now`.
    pub fn look(&mut self, now: Instant, mut tell: impl FnMut(Verdict)) {
        if now < self.look_at {
            return;
        }
        let mut next = Instant::MAX;
        for (position, peer) in self.peers.iter_mut().enumerate().filter(|(_, peer)| !peer.suspected) {
            let silent_at = peer.heard + self.timeout;
            if silent_at <= now {
                peer.suspected = true;
                tell(Verdict::Suspected(position));
            } else {
                next = next.min(silent_at);
            }
        }
        self.look_at = if next == Instant::MAX { Instant::MAX } else { next.max(now + self.timeout / 10) };
    }

    /// Whether the peer at `position` is suspected.
    pub fn suspects(&self, position: usize) -> bool {
        self.peers[position].suspected
    }

    /// When to call [`Detector::look`] next.
    pub fn deadline(&self) -> Option<Instant> {
        (self.look_at < Instant::MAX).then_some(self.look_at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn verdicts(detector: &mut Detector, now: Instant) -> Vec<Verdict> {
        let mut told = Vec::new();
        detector.look(now, |verdict| told.push(verdict));
        told
    }

    #[test]
    fn a_silent_peer_is_suspected_once_and_trusted_when_heard() {
        let mut detector = Detector::new(Duration::from_millis(500), 2, at(0));
        assert_eq!(detector.heard(1, 1, at(400)), None);
        assert_eq!(verdicts(&mut detector, at(500)), [Verdict::Suspected(0)]);
        assert_eq!(verdicts(&mut detector, at(600)), []);
        assert_eq!(detector.heard(0, 1, at(700)), Some(Verdict::Trusted(0)));
        assert_eq!(detector.heard(0, 1, at(701)), None);
    }

    #[test]
    fn a_heartbeat_of_an_earlier_incarnation_does_not_clear_a_suspicion() {
        let mut detector = Detector::new(Duration::from_millis(500), 1, at(0));
        detector.heard(0, 7, at(100));
        assert_eq!(verdicts(&mut detector, at(600)), [Verdict::Suspected(0)]);
        assert_eq!(detector.heard(0, 6, at(650)), None);
        assert!(detector.suspects(0));
        assert_eq!(detector.heard(0, 8, at(660)), Some(Verdict::Trusted(0)));
    }

    proptest! {
        #[test]
        fn a_crashed_peer_is_suspected_within_eleven_tenths_of_the_timeout(beats in 1u64..200, timeout in 50u64..2_000) {
            let mut detector = Detector::new(Duration::from_millis(timeout), 3, at(0));
            let mut now = at(0);
            for beat in 1..=beats {
                now = at(beat * 10);
                for peer in 0..3 {
                    detector.heard(peer, 1, now);
                }
            }
            // Peers 1 and 2 go on; peer 0 is silent from `crashed` on. The detector is woken at its own deadlines.
            let crashed = now;
            let mut suspected_at = None;
            for step in 1..=3 * timeout {
                now = crashed + Duration::from_millis(step);
                if step % 10 == 0 {
                    detector.heard(1, 1, now);
                    detector.heard(2, 1, now);
                }
                if detector.deadline().is_some_and(|deadline| deadline <= now) {
                    for verdict in verdicts(&mut detector, now) {
                        prop_assert_eq!(verdict, Verdict::Suspected(0));
                        suspected_at = Some(now);
                    }
                }
            }
            let took = suspected_at.expect("never suspected").saturating_since(crashed);
            prop_assert!(took >= Duration::from_millis(timeout));
            prop_assert!(took <= Duration::from_millis(timeout + timeout / 10 + 2), "{}", took);
        }
    }
}
