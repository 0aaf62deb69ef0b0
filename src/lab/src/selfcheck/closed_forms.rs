//! Queues with Poisson arrivals, first come first served, for which theory gives time in the system exactly: its mean and its tail.
//!
//! Times are in the unit of the service time. Sources: Kleinrock, "Queueing Systems", vol. 1 (1975), for M/M/1, M/M/c, the
//! Pollaczek-Khinchine formulas and the transform of M/G/1; Erlang (1909) for the waiting time of M/D/1.

/// A queue with a single line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Queue {
    /// `servers` servers, exponential service of mean `mean`.
    Exponential { rate: f64, mean: f64, servers: u32 },
    /// One server, service always `time`.
    Constant { rate: f64, time: f64 },
    /// One server; service is exponential of mean `short` or, with probability `share`, of mean `long`.
    Mixed { rate: f64, short: f64, long: f64, share: f64 },
}

impl Queue {
    /// Mean time from arrival to departure.
    pub(super) fn mean(self) -> f64 {
        match self {
            Queue::Exponential { rate, mean, servers } => {
                let slack = f64::from(servers) / mean - rate;
                mean + waiting_probability(rate * mean, servers) / slack
            }
            Queue::Constant { rate, time } => pollaczek_khinchine(rate, time, time * time),
            Queue::Mixed { rate, short, long, share } => {
                let first = (1.0 - share) * short + share * long;
                let second = 2.0 * ((1.0 - share) * short * short + share * long * long);
                pollaczek_khinchine(rate, first, second)
            }
        }
    }

    /// Probability that the time from arrival to departure exceeds `time`.
    pub(super) fn tail(self, time: f64) -> f64 {
        match self {
            Queue::Exponential { rate, mean, servers } => {
                let spare = f64::from(servers) - 1.0 - rate * mean;
                let wait = waiting_probability(rate * mean, servers);
                let scaled = time / mean;
                // With spare near zero the quotient tends to the scaled time.
                let convolved = if spare.abs() < 1e-9 { scaled } else { -f64::exp_m1(-scaled * spare) / spare };
                f64::exp(-scaled) * (1.0 + wait * convolved)
            }
            Queue::Constant { rate, time: service } => 1.0 - constant_waiting_within(rate * service, time / service - 1.0),
            Queue::Mixed { rate, short, long, share } => mixed_tail(rate, [1.0 / short, 1.0 / long], share, time),
        }
    }

    /// The time that a share `share` of all stay below.
    pub(super) fn quantile(self, share: f64) -> f64 {
        let (mut low, mut high) = (0.0, self.mean());
        while self.tail(high) > 1.0 - share {
            high *= 2.0;
        }
        for _ in 0..100 {
            let middle = (low + high) / 2.0;
            if self.tail(middle) > 1.0 - share { low = middle } else { high = middle }
        }
        (low + high) / 2.0
    }
}

/// Erlang's C: the probability that an arrival waits, under an offered load of `load` servers.
fn waiting_probability(load: f64, servers: u32) -> f64 {
    // Erlang's B by its recursion, which neither overflows nor cancels.
    let blocking = (1..=servers).fold(1.0, |blocking, server| load * blocking / (f64::from(server) + load * blocking));
    let utilisation = load / f64::from(servers);
    blocking / (1.0 - utilisation * (1.0 - blocking))
}

fn pollaczek_khinchine(rate: f64, first_moment: f64, second_moment: f64) -> f64 {
    first_moment + rate * second_moment / (2.0 * (1.0 - rate * first_moment))
}

/// Probability that the waiting time of M/D/1 is at most `time` services. The sum alternates: good to about twenty services.
fn constant_waiting_within(load: f64, time: f64) -> f64 {
    if time < 0.0 {
        return 0.0;
    }
    let mut sum = 0.0;
    for k in 0..=time as u32 {
        let behind = load * (time - f64::from(k));
        let term = (1..=k).fold(1.0, |term, factor| -term * behind / f64::from(factor));
        sum += term * f64::exp(behind);
    }
    (1.0 - load) * sum
}

/// Tail of M/G/1 with two kinds of exponential service: the transform of the time in the system is rational with two poles, each of which gives an
/// exponential.
fn mixed_tail(rate: f64, [quick, slow]: [f64; 2], share: f64, time: f64) -> f64 {
    let weighted = (1.0 - share) * quick + share * slow;
    let load = rate * ((1.0 - share) / quick + share / slow);
    let numerator = |s: f64| weighted * s + quick * slow;
    // s^2 + linear s + constant has the roots -first and -second.
    let linear = quick + slow - rate;
    let constant = quick * slow - rate * (quick + slow - weighted);
    let root = f64::sqrt(linear * linear - 4.0 * constant);
    let (first, second) = ((linear - root) / 2.0, (linear + root) / 2.0);
    let exponential = |pole: f64, other: f64| (1.0 - load) * numerator(-pole) / (other - pole) / pole * f64::exp(-pole * time);
    exponential(first, second) + exponential(second, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} instead of {expected}");
    }

    #[test]
    fn a_single_server_is_the_exponential_case() {
        let queue = Queue::Exponential { rate: 0.7, mean: 1.0, servers: 1 };
        near(queue.mean(), 1.0 / 0.3);
        near(queue.quantile(0.99), 100.0_f64.ln() / 0.3);
    }

    #[test]
    fn erlangs_c_is_that_of_the_tables() {
        // Two servers at utilisation a / 2 wait with probability a^2 / (2 + a).
        near(waiting_probability(1.0, 2), 1.0 / 3.0);
        near(waiting_probability(1.4, 2), 1.96 / 3.4);
    }

    #[test]
    fn means_are_the_integrals_of_the_tails() {
        let queues = [
            Queue::Exponential { rate: 2.8, mean: 1.0, servers: 4 },
            Queue::Constant { rate: 0.7, time: 1.0 },
            Queue::Mixed { rate: 0.7, short: 0.5, long: 3.0, share: 0.2 },
        ];
        for queue in queues {
            let step = 0.001;
            // M/D/1's sum is good to twenty services; its tail beyond is 1e-6.
            let end = if matches!(queue, Queue::Constant { .. }) { 20_000 } else { 200_000 };
            let integral: f64 = (0..end).map(|k| queue.tail((f64::from(k) + 0.5) * step) * step).sum();
            assert!((integral / queue.mean() - 1.0).abs() < 1e-4, "{queue:?}: {integral} instead of {}", queue.mean());
        }
    }

    #[test]
    fn equal_parts_of_a_mixture_are_one_exponential() {
        let mixed = Queue::Mixed { rate: 0.7, short: 1.0, long: 1.000_001, share: 0.5 };
        let single = Queue::Exponential { rate: 0.7, mean: 1.0, servers: 1 };
        assert!((mixed.tail(5.0) / single.tail(5.0) - 1.0).abs() < 1e-4);
    }
}
