//! The share of requests that fail, over the last while, with a say on how sure it is.
//!
//! A share of few requests says little: one error of two is 50 % and means nothing. So the share is told by the lower end of Wilson's interval (1927), which is
//! what at least fails, with a chance of about 1 in 44 to be wrong (two standard errors).

use std::collections::VecDeque;

use hms_machine::{Duration, Instant};

/// Standard errors below the share seen.
const CAUTION: f64 = 2.0;

/// The window is at most this many times as long as configured.
const STRETCH: u64 = 4;

#[derive(Clone, Debug)]
pub(super) struct ErrorWindow {
    length: Duration,
    volume: u64,
    counts: VecDeque<(Instant, u64, u64)>,
    /// Sums of the counts, so wide that they cannot overflow.
    total: u128,
    errors: u128,
}

impl ErrorWindow {
    /// A window of this length that says nothing for fewer than `volume` requests.
    pub(super) fn new(length: Duration, volume: u32) -> Self {
        ErrorWindow { length, volume: u64::from(volume), counts: VecDeque::new(), total: 0, errors: 0 }
    }

    /// Takes counts; the share that fails at least, if there are enough requests in the window.
    pub(super) fn observe(&mut self, ok: u64, errors: u64, at: Instant) -> Option<f64> {
        // A burst of pushed single outcomes shares an entry: the number of entries is bounded by 64 a window.
        let grain = self.length / 64;
        match self.counts.back_mut() {
            Some((since, known_ok, known_errors)) if at.saturating_since(*since) < grain => {
                let before = sum(*known_ok, *known_errors);
                let errors_before = *known_errors;
                *known_ok = known_ok.saturating_add(ok);
                *known_errors = known_errors.saturating_add(errors);
                self.total += sum(*known_ok, *known_errors) - before;
                self.errors += u128::from(*known_errors - errors_before);
            }
            Some(_) | None => {
                self.counts.push_back((at, ok, errors));
                self.total += sum(ok, errors);
                self.errors += u128::from(errors);
            }
        }
        while let Some((since, ok, errors)) = self.counts.front().copied() {
            let (age, rest) = (at.saturating_since(since), self.total - sum(ok, errors));
            // Where there is no traffic but a probe now and then, the window reaches back until it holds enough of them.
            let kept = age < self.length || (rest < u128::from(self.volume) && age < self.length.saturating_mul(STRETCH));
            if kept {
                break;
            }
            self.total = rest;
            self.errors -= u128::from(errors);
            self.counts.pop_front();
        }
        let whole = |count: u128| u64::try_from(count).unwrap_or(u64::MAX);
        let (errors, total) = (whole(self.errors), whole(self.total));
        (total >= self.volume.max(1)).then(|| share_at_least(errors, total))
    }
}

fn sum(ok: u64, errors: u64) -> u128 {
    u128::from(ok) + u128::from(errors)
}

/// Lower end of Wilson's interval for `errors` of `total` requests.
fn share_at_least(errors: u64, total: u64) -> f64 {
    let (n, z2) = (total as f64, CAUTION * CAUTION);
    let share = errors as f64 / n;
    let middle = share + z2 / (2.0 * n);
    let reach = CAUTION * ((share * (1.0 - share) + z2 / (4.0 * n)) / n).sqrt();
    ((middle - reach) / (1.0 + z2 / n)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn few_requests_say_less_than_many_with_the_same_share() {
        // Wilson's lower end, worked out by hand for the first.
        assert!((share_at_least(1, 2) - (0.5 + 1.0 - 2.0 * (0.375f64).sqrt()) / 3.0).abs() < 1e-12);
        let shares = [(1, 5), (2, 5), (3, 10), (30, 100), (300, 1_000)].map(|(errors, total)| share_at_least(errors, total));
        assert!(shares[0] < 0.1 && shares[1] > 0.1, "{shares:?}");
        assert!(shares[2] < shares[3] && shares[3] < shares[4] && shares[4] < 0.3, "{shares:?}");
        assert_eq!(share_at_least(0, 10), 0.0);
    }

    #[test]
    fn the_window_forgets_and_stays_bounded() {
        let mut window = ErrorWindow::new(Duration::from_millis(1_000), 5);
        assert_eq!(window.observe(0, 4, at(0)), None);
        assert!(window.observe(0, 4, at(500)).unwrap() > 0.6);
        assert_eq!(window.observe(8, 0, at(1_600)), Some(0.0));
        for step in 0..10_000 {
            window.observe(1, 0, at(2_000 + step));
        }
        assert!(window.counts.len() <= 65, "{}", window.counts.len());
    }
}
