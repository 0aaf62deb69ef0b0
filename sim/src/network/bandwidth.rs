//! Limited bandwidth: the sender's side of a link puts one message after the other on the wire.
//!
//! Picture a single-server queue with first come, first served. Transmission takes bytes / rate, rounded up to a nanosecond; the queue
//! is not stored but follows from the time until which the wire is busy. A message that finds the wire free always goes out. One that
//! finds it busy is dropped when the bytes not yet on the wire, its own included, would exceed the bound (tail drop, as in the
//! drop-tail queues of switches).
//!
//! When the rate changes (a throttle begins or ends), messages already queued keep the rate at which they were queued.

use hms_machine::{Bytes, Duration, Instant};

use super::links::Link;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// What limits the sender's side of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// Bytes per second, at least 1.
    pub(super) rate: u64,
    /// Bytes that may wait.
    pub(super) queue: Bytes,
}

impl Link {
    /// When the last byte of the message is on the wire; `None` when the queue is full.
    pub(super) fn transmit(&mut self, now: Instant, bytes: Bytes, limit: Limit) -> Option<Instant> {
        let wait = self.busy_until.saturating_since(now);
        if !wait.is_zero() && carried(wait, self.rate).saturating_add(bytes.0) > limit.queue.0 {
            return None;
        }
        self.busy_until = now.saturating_add(wait).saturating_add(transmission(bytes, limit.rate));
        self.rate = limit.rate;
        Some(self.busy_until)
    }
}

/// Time to put that many bytes on the wire.
fn transmission(bytes: Bytes, rate: u64) -> Duration {
    let nanos = match bytes.0.checked_mul(NANOS_PER_SECOND) {
        Some(product) => product.div_ceil(rate),
        None => saturate((u128::from(bytes.0) * u128::from(NANOS_PER_SECOND)).div_ceil(u128::from(rate))),
    };
    Duration::from_nanos(nanos)
}

/// Bytes put on the wire in that time.
fn carried(time: Duration, rate: u64) -> u64 {
    match time.as_nanos().checked_mul(rate) {
        Some(product) => product / NANOS_PER_SECOND,
        None => saturate(u128::from(time.as_nanos()) * u128::from(rate) / u128::from(NANOS_PER_SECOND)),
    }
}

fn saturate(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { rate: 1_000_000, queue: Bytes(3_000) };
    const MILLI: u64 = 1_000_000;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    /// D/D/1: one message of 1000 bytes every 0.5 ms on a wire that needs 1 ms for each. Message k departs at (k + 1) ms, until
    /// three are waiting or being sent; from then on every other one is dropped.
    #[test]
    fn an_overloaded_link_departs_at_its_rate_and_drops_the_surplus() {
        let mut link = Link::default();
        let departures: Vec<Option<Instant>> = (0..12).map(|k| link.transmit(at(k * MILLI / 2), Bytes(1_000), LIMIT)).collect();
        let expected = [Some(1), Some(2), Some(3), Some(4), Some(5), None, Some(6), None, Some(7), None, Some(8), None]
            .map(|ms| ms.map(|ms| at(ms * MILLI)));
        assert_eq!(departures, expected);
    }

    /// D/D/1 below saturation: no message ever waits.
    #[test]
    fn an_underloaded_link_delays_by_the_transmission_alone() {
        let mut link = Link::default();
        for k in 0..100 {
            let now = at(k * 2 * MILLI);
            assert_eq!(link.transmit(now, Bytes(1_000), LIMIT), Some(at(now.as_nanos() + MILLI)));
        }
    }

    #[test]
    fn a_message_larger_than_the_queue_passes_when_the_wire_is_free() {
        let mut link = Link::default();
        assert_eq!(link.transmit(at(0), Bytes(10_000), LIMIT), Some(at(10 * MILLI)));
        assert_eq!(link.transmit(at(MILLI), Bytes(1), LIMIT), None);
        assert!(link.transmit(at(10 * MILLI), Bytes(10_000), LIMIT).is_some());
    }

    #[test]
    fn a_backlog_queued_at_a_low_rate_is_measured_at_that_rate() {
        let mut link = Link::default();
        link.transmit(at(0), Bytes(1_000), LIMIT);
        let wide = Limit { rate: 1_000_000_000, queue: Bytes(3_000) };
        assert_eq!(link.transmit(at(0), Bytes(1_000), wide), Some(at(MILLI + 1_000)));
    }

    #[test]
    fn sizes_beyond_64_bit_products_saturate() {
        assert_eq!(transmission(Bytes(u64::MAX), 1), Duration::MAX);
        assert_eq!(transmission(Bytes(1 << 40), 1 << 40), Duration::from_secs(1));
        assert_eq!(carried(Duration::from_secs(1 << 30), 1 << 40), u64::MAX);
        assert_eq!(carried(Duration::from_secs(1 << 10), 1 << 40), 1 << 50);
    }
}
