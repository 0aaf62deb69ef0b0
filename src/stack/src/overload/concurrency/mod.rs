//! Adaptive limits on the calls in progress: how many a callee can work on is found out from how long it takes.
//!
//! By Little's law a callee with latency R and throughput X has X·R calls in progress; more only wait. The limiter learns from every ended
//! call and moves its limit: up while latency stays low, down when it rises or calls are dropped. The algorithms are those of Netflix's
//! concurrency-limits library (2018), whose constants they keep unless stated, with one sample a call. A call that finds the limit reached
//! is refused at once.
//!
//! Growth is held back while less than half of the limit is used, as in the library: an idle caller learns nothing about a callee's
//! capacity.

mod aimd;
mod gradient2;
mod vegas;

use aimd::Aimd;
use gradient2::Gradient2;
use hms_machine::Duration;
use vegas::Vegas;

use super::tickets::{Ticket, Tickets};
use crate::configuration::Conflict;
use crate::tunables::{choices, hours, ms, parameters, secs};

choices! {
    /// How the limit is found.
    pub enum ConcurrencyAlgorithm {
        /// It stays as it is.
        Fixed = "fixed",
        /// Up by one, down by a factor when a call is dropped or slow (Chiu and Jain 1989).
        Aimd = "aimd",
        /// By the ratio of long-term to present latency.
        Gradient2 = "gradient2",
        /// By an estimate of the callee's queue (Brakmo and Peterson 1995).
        Vegas = "vegas",
    }
}

parameters! {
    /// Parameters of adaptive concurrency limits.
    pub struct ConcurrencyConfiguration("concurrency") {
        enabled: bool = switch(true),
            "Limits the calls in progress by what the callee's latency shows; off: an overloaded callee gets ever more of them.";
        algorithm: ConcurrencyAlgorithm = choice(ConcurrencyAlgorithm::NAMES, ConcurrencyAlgorithm::Gradient2.name()),
            "How the limit is found.";
        initial: u32 = integer(1, 10_000, 100),
            "The limit before anything is known. Lower: gentle start, bursts are refused.";
        limit_min: u32 = integer(1, 10_000, 20),
            "The limit is never lower (concurrency-limits: 20). Higher: a caller with few calls is never held back; lower: variable latency is taken for overload.";
        limit_max: u32 = integer(1, 100_000, 1_000),
            "The limit is never higher.";
        aimd_backoff: f64 = real(0.5, 0.99, 0.9),
            "AIMD: the limit is multiplied by this when a call is dropped or slow (concurrency-limits: 0.9).";
        aimd_timeout: Duration = duration(ms(1), hours(1), secs(5)),
            "AIMD: a call that takes longer is slow (concurrency-limits: 5 s).";
        gradient_tolerance: f64 = real(1.0, 10.0, 1.5),
            "Gradient2: latency may be this many times the long-term one before the limit sinks (concurrency-limits: 1.5).";
        gradient_smoothing: f64 = real(0.01, 1.0, 0.2),
            "Gradient2: share of a new limit in the smoothed one (concurrency-limits: 0.2).";
        gradient_window: u32 = integer(10, 100_000, 600),
            "Gradient2: calls over which the long-term latency is averaged (concurrency-limits: 600).";
        gradient_queue: u32 = integer(1, 1_000, 4),
            "Gradient2: calls that may wait at the callee, by which the limit grows (concurrency-limits: 4).";
        vegas_alpha: u32 = integer(1, 100, 3),
            "Vegas: the limit grows while fewer than this × log10(limit) calls seem to wait (concurrency-limits: 3).";
        vegas_beta: u32 = integer(1, 100, 6),
            "Vegas: the limit sinks while more than this × log10(limit) calls seem to wait (concurrency-limits: 6).";
        vegas_probe: u32 = integer(1, 1_000, 30),
            "Vegas: the least latency is measured anew after this × limit calls (concurrency-limits: 30).";
    }
}

impl ConcurrencyConfiguration {
    /// Rules that concern more than one parameter.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let rules = [
            (["concurrency.limit_min", "concurrency.initial"], self.limit_min, self.initial),
            (["concurrency.initial", "concurrency.limit_max"], self.initial, self.limit_max),
            (["concurrency.vegas_alpha", "concurrency.vegas_beta"], self.vegas_alpha, self.vegas_beta),
        ];
        let broken = rules.into_iter().filter(|(_, low, high)| low > high);
        broken
            .map(|(names, low, high)| Conflict {
                message: format!("{} ({low}) must be at most {} ({high})", names[0], names[1]),
                names,
            })
            .collect()
    }

    fn clamp(&self, limit: f64) -> f64 {
        limit.max(f64::from(self.limit_min)).min(f64::from(self.limit_max))
    }
}

/// What is learnt from a call that has ended.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// From start to end.
    latency: Duration,
    /// Calls in progress until it ended, itself included.
    in_progress: u32,
    /// It was refused, timed out, or broke.
    dropped: bool,
}

#[derive(Clone, Debug)]
enum Algorithm {
    Fixed,
    Aimd(Aimd),
    Gradient2(Gradient2),
    Vegas(Vegas),
}

/// The limit on the calls from one caller to one callee, or in one server.
#[derive(Clone, Debug)]
pub struct Limiter {
    configuration: ConcurrencyConfiguration,
    algorithm: Algorithm,
    /// At least 1, not whole: small steps add up.
    limit: f64,
    tickets: Tickets,
}

impl Limiter {
    /// A limiter that has seen nothing.
    pub fn new(configuration: ConcurrencyConfiguration) -> Self {
        let algorithm = match configuration.algorithm {
            ConcurrencyAlgorithm::Fixed => Algorithm::Fixed,
            ConcurrencyAlgorithm::Aimd => Algorithm::Aimd(Aimd),
            ConcurrencyAlgorithm::Gradient2 => Algorithm::Gradient2(Gradient2::default()),
            ConcurrencyAlgorithm::Vegas => Algorithm::Vegas(Vegas::default()),
        };
        let limit = configuration.clamp(f64::from(configuration.initial));
        Limiter { configuration, algorithm, limit, tickets: Tickets::default() }
    }

    /// Leave for one more call; `None`: the limit is reached.
    pub fn acquire(&mut self) -> Option<Ticket> {
        let full = self.configuration.enabled && self.tickets.held() >= self.limit();
        (!full).then(|| self.tickets.issue())
    }

    /// A call has ended after `latency`. `dropped`: it was refused, timed out, or broke, which tells of overload where its latency does
    /// not. A call that is told again changes nothing.
    pub fn release(&mut self, ticket: Ticket, latency: Duration, dropped: bool) {
        let in_progress = self.tickets.held();
        if !self.tickets.redeem(ticket) {
            return;
        }
        let sample = Sample { latency, in_progress, dropped };
        let (configuration, limit) = (&self.configuration, self.limit);
        let moved = match &mut self.algorithm {
            Algorithm::Fixed => limit,
            Algorithm::Aimd(aimd) => aimd.moved(configuration, limit, sample),
            Algorithm::Gradient2(gradient) => gradient.moved(configuration, limit, sample),
            Algorithm::Vegas(vegas) => vegas.moved(configuration, limit, sample),
        };
        self.limit = configuration.clamp(moved);
    }

    /// The call did not go out after all (another policy turned it away): nothing is learnt from it.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.tickets.redeem(ticket);
    }

    /// Calls that may be in progress.
    pub fn limit(&self) -> u32 {
        self.limit as u32
    }

    /// Calls in progress.
    pub fn in_progress(&self) -> u32 {
        self.tickets.held()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALGORITHMS: [ConcurrencyAlgorithm; 4] =
        [ConcurrencyAlgorithm::Fixed, ConcurrencyAlgorithm::Aimd, ConcurrencyAlgorithm::Gradient2, ConcurrencyAlgorithm::Vegas];

    fn limiter(algorithm: ConcurrencyAlgorithm) -> Limiter {
        Limiter::new(ConcurrencyConfiguration { algorithm, ..ConcurrencyConfiguration::default() })
    }

    /// A callee that works on `capacity` calls at a time, each for 10 ms, under a load that uses every ticket there is: latency is 10 ms ×
    /// max(1, load/capacity).
    fn settle(limiter: &mut Limiter, capacity: u32, rounds: u32) {
        for _ in 0..rounds {
            let tickets: Vec<_> = std::iter::from_fn(|| limiter.acquire()).collect();
            let load = f64::from(limiter.in_progress()) / f64::from(capacity);
            for ticket in tickets {
                limiter.release(ticket, ms(10).mul_f64(load.max(1.0)), load > 3.0);
            }
        }
    }

    #[test]
    fn every_adaptive_limit_comes_down_to_the_order_of_the_capacity_and_a_fixed_one_stays() {
        const CAPACITY: u32 = 20;
        for algorithm in ALGORITHMS {
            let mut limiter = limiter(algorithm);
            // The long-term latency is learnt while there is capacity for all.
            settle(&mut limiter, 100_000, 3);
            settle(&mut limiter, CAPACITY, 10);
            let mut sum = 0;
            for _ in 0..10 {
                settle(&mut limiter, CAPACITY, 1);
                sum += limiter.limit();
            }
            let adapted = (10 * CAPACITY..=10 * CAPACITY * 7 / 2).contains(&sum);
            assert_eq!(adapted, algorithm != ConcurrencyAlgorithm::Fixed, "{algorithm:?}: {sum} in ten rounds");
        }
    }

    #[test]
    fn every_adaptive_limit_grows_while_latency_stays_low_and_the_limit_is_used() {
        for algorithm in ALGORITHMS {
            let mut limiter = limiter(algorithm);
            settle(&mut limiter, 100_000, 40);
            let grows = algorithm != ConcurrencyAlgorithm::Fixed;
            assert_eq!(limiter.limit() > 300, grows, "{algorithm:?}: {}", limiter.limit());
        }
    }

    #[test]
    fn a_limit_of_which_little_is_used_does_not_grow() {
        for algorithm in ALGORITHMS {
            let mut limiter = limiter(algorithm);
            for _ in 0..10_000 {
                let ticket = limiter.acquire().expect("nothing is in progress");
                limiter.release(ticket, ms(10), false);
            }
            assert_eq!(limiter.limit(), 100, "{algorithm:?}");
        }
    }

    #[test]
    fn off_it_admits_all() {
        let mut off = Limiter::new(ConcurrencyConfiguration { enabled: false, ..ConcurrencyConfiguration::default() });
        assert_eq!((0..5_000).filter_map(|_| off.acquire()).count(), 5_000);
        let mut on = limiter(ConcurrencyAlgorithm::Fixed);
        assert_eq!((0..5_000).filter_map(|_| on.acquire()).count(), 100);
    }

    #[test]
    fn limits_out_of_order_are_conflicts() {
        let configuration = ConcurrencyConfiguration { limit_min: 200, vegas_alpha: 7, ..ConcurrencyConfiguration::default() };
        let names: Vec<_> = configuration.conflicts().into_iter().map(|conflict| conflict.names).collect();
        assert_eq!(
            names,
            [["concurrency.limit_min", "concurrency.initial"], ["concurrency.vegas_alpha", "concurrency.vegas_beta"]]
        );
        assert_eq!(ConcurrencyConfiguration::default().conflicts(), []);
    }

    proptest! {
        #[test]
        fn the_limit_stays_in_its_bounds_is_never_exceeded_and_tickets_never_leak(
            which in 0usize..4, limit_min in 1u32..20, room in 0u32..50,
            steps in prop::collection::vec((any::<bool>(), 0usize..64, 0u64..1 << 40, any::<bool>()), 1..300),
        ) {
            let (algorithm, limit_max) = (ALGORITHMS[which], limit_min + room);
            let configuration = ConcurrencyConfiguration { algorithm, limit_min, limit_max, ..ConcurrencyConfiguration::default() };
            let mut limiter = Limiter::new(configuration);
            let mut out = Vec::new();
            for (acquire, which, nanos, dropped) in steps {
                if acquire {
                    let limit = limiter.limit();
                    let ticket = limiter.acquire();
                    prop_assert_eq!(ticket.is_none(), out.len() as u32 >= limit);
                    out.extend(ticket);
                } else if !out.is_empty() {
                    let ticket = out.swap_remove(which % out.len());
                    limiter.release(ticket, Duration::from_nanos(nanos), dropped);
                    let limit = limiter.limit();
                    limiter.release(ticket, Duration::from_nanos(nanos), true);
                    prop_assert_eq!(limiter.limit(), limit);
                }
                prop_assert!((limit_min..=limit_max).contains(&limiter.limit()));
                prop_assert_eq!(limiter.in_progress() as usize, out.len());
            }
        }

        #[test]
        fn a_dropped_call_never_raises_the_limit(which in 0usize..4, nanos in 1u64..1 << 40, warm in 0u32..30) {
            let mut limiter = limiter(ALGORITHMS[which]);
            settle(&mut limiter, 50, warm);
            let tickets: Vec<_> = std::iter::from_fn(|| limiter.acquire()).collect();
            let before = limiter.limit();
            limiter.release(tickets[0], Duration::from_nanos(nanos), true);
            prop_assert!(limiter.limit() <= before);
        }
    }
}
