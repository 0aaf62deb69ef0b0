//! Closed loops: each client waits for its answer, thinks, and asks again.

use hms_machine::{Distribution, Duration, Instant, Purpose, Streams};
use hms_scenario::model::{Arrivals, Load};

const THINK: Purpose = Purpose::named("load/think");
const STAGGER: Purpose = Purpose::named("load/stagger");

/// When a client of a closed load asks for the first time: after a uniform share of its first thinking time, as if the run began in the
/// middle of its thoughts. Clients that do not think all begin at once.
///
/// # Panics
/// When the load is open.
pub fn first_request(load: &Load, load_index: usize, client: u32, streams: &Streams) -> Instant {
    let share = streams.draw(STAGGER, entity(load_index, client), 0).uniform();
    Instant::ZERO.saturating_add(think(load, load_index, client, 0, streams).mul_f64(share))
}

/// How long a client of a closed load thinks before its `k`-th request (from 0).
///
/// # Panics
/// When the load is open.
pub fn think(load: &Load, load_index: usize, client: u32, k: u64, streams: &Streams) -> Duration {
    thoughts(load).sample_duration(&mut streams.draw(THINK, entity(load_index, client), k))
}

fn thoughts(load: &Load) -> &Distribution {
    match &load.arrivals {
        Arrivals::Closed { think, .. } => think,
        Arrivals::Poisson { .. }
        | Arrivals::Regular { .. }
        | Arrivals::Steps { .. }
        | Arrivals::Modulated { .. }
        | Arrivals::Diurnal { .. }
        | Arrivals::Counts { .. }
        | Arrivals::Timestamps { .. } => panic!("the clients of the open load {} do not think", load.name),
    }
}

fn entity(load: usize, client: u32) -> u64 {
    (load as u64) << 32 | u64::from(client)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::example;
    use hms_machine::Seed;

    fn closed() -> Load {
        example::load("clients", Arrivals::Closed { clients: 100, think: example::exponential_secs(2.0) })
    }

    #[test]
    fn thinking_times_follow_their_law_and_depend_on_client_and_request() {
        let (load, streams) = (closed(), Streams::new(Seed(1)));
        let times: Vec<_> = (0..100)
            .flat_map(|client| (0..100).map(move |k| (client, k)))
            .map(|(client, k)| think(&load, 0, client, k, &streams))
            .collect();
        let mean = times.iter().map(|time| time.as_secs_f64()).sum::<f64>() / times.len() as f64;
        assert!((mean - 2.0).abs() < 0.1, "{mean}");
        let distinct: std::collections::BTreeSet<_> = times.iter().collect();
        assert_eq!(distinct.len(), times.len());
    }

    #[test]
    fn first_requests_are_staggered_even_if_thinking_is_constant() {
        let streams = Streams::new(Seed(1));
        let load = example::load("clients", Arrivals::Closed { clients: 1000, think: example::always_secs(10.0) });
        let starts: Vec<_> = (0..1000).map(|client| first_request(&load, 0, client, &streams).as_secs_f64()).collect();
        let early = starts.iter().filter(|start| **start < 5.0).count();
        assert!((450..550).contains(&early), "{early}");
        assert!(starts.iter().all(|start| *start < 10.0));
    }

    #[test]
    fn the_clients_of_two_loads_think_apart() {
        let (load, streams) = (closed(), Streams::new(Seed(1)));
        assert_ne!(think(&load, 0, 3, 5, &streams), think(&load, 1, 3, 5, &streams));
    }
}
