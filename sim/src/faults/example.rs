//! A small world for the tests of the generators.

use hms_machine::{Bytes, Distribution, Duration, Instant, Priority, Ratio, ServiceId};
use hms_scenario::model::*;

pub(crate) fn secs(secs: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(secs)
}

pub(crate) fn ratio(value: f64) -> Ratio {
    Ratio::new(value).unwrap()
}

/// A law of times that always gives this many seconds.
pub(crate) fn always_secs(secs: f64) -> Distribution {
    Distribution::constant(secs * 1e9).unwrap()
}

/// An exponential law of times with this mean in seconds.
pub(crate) fn exponential_secs(mean: f64) -> Distribution {
    Distribution::exponential(mean * 1e9).unwrap()
}

/// `hosts` hosts in consecutive blocks over `zones` zones of one region, each zone one rack; ten minutes.
pub(crate) fn scenario(hosts: usize, zones: usize) -> Scenario {
    let names = |what: &str, count: usize| (0..count).map(|index| format!("{what}-{index}")).collect::<Vec<_>>();
    let path = Path {
        latency: Distribution::ZERO,
        loss: Loss::Bernoulli(Ratio::ZERO),
        duplicate: Ratio::ZERO,
        reorder: Reorder { chance: Ratio::ZERO, hold: Distribution::ZERO },
        corrupt: Ratio::ZERO,
        bandwidth: None,
        queue: Bytes::from_mib(1),
    };
    Scenario {
        name: "example".to_owned(),
        description: String::new(),
        run: Run {
            duration: Duration::from_secs(600),
            warmup: Duration::ZERO,
            sample_every: Duration::from_secs(1),
            events_max: 10_000_000_000,
            pending_max: 20_000_000,
        },
        cluster: Cluster {
            regions: names("region", 1),
            zones: names("zone", zones).into_iter().map(|name| Zone { name, region: 0 }).collect(),
            racks: names("rack", zones).into_iter().enumerate().map(|(zone, name)| Rack { name, zone }).collect(),
            hosts: names("host", hosts).into_iter().enumerate().map(|(index, name)| host(name, index * zones / hosts)).collect(),
        },
        network: Network {
            host: path.clone(),
            rack: path.clone(),
            zone: path.clone(),
            region: path.clone(),
            wan: path,
            matrix: None,
        },
        services: vec![service("front", 4), service("back", 3)],
        loads: vec![load("users", Arrivals::Poisson { rate: 10.0 })],
        faults: Vec::new(),
        swarm: None,
    }
}

fn host(name: String, rack: usize) -> Host {
    Host {
        name,
        rack,
        cores: 2,
        speed: 1.0,
        quantum: Duration::from_millis(10),
        memory: Bytes::from_mib(1024),
        boot: Distribution::ZERO,
        clock: Clock { offset: Distribution::ZERO, drift_ppm: Distribution::ZERO },
        disk: Disk {
            write: Distribution::ZERO,
            fsync: Distribution::ZERO,
            bandwidth: 100_000_000,
            capacity: Bytes::from_mib(1024),
        },
        stack_cpu: Duration::from_micros(5),
    }
}

pub(crate) fn service(name: &str, replicas: u32) -> Service {
    Service {
        name: name.to_owned(),
        replicas,
        placement: Placement::Spread,
        workers: 1,
        queue: 10,
        work: Distribution::ZERO,
        calls: Vec::new(),
        fan_out: FanOut::Sequential,
        startup: Distribution::ZERO,
        needs: Vec::new(),
        memory: Memory { base: Bytes::ZERO, per_request: Bytes::ZERO, growth: Bytes::ZERO },
        journal: None,
        request: Bytes(100),
        reply: Bytes(100),
        errors: Ratio::ZERO,
        cache: Ratio::ZERO,
        default_answer: false,
    }
}

pub(crate) fn load(name: &str, arrivals: Arrivals) -> Load {
    Load {
        name: name.to_owned(),
        service: ServiceId(0),
        zone: 0,
        arrivals,
        policy: CallPolicy {
            timeout: Duration::from_secs(1),
            retries: 0,
            backoff: Backoff { base: Duration::ZERO, factor: 1.0, max: Duration::ZERO, jitter: Ratio::ZERO },
        },
        deadline: Duration::from_secs(1),
        priority: Priority(1),
        poison: Ratio::ZERO,
    }
}

/// A rule without a group that lasts as long as it is told.
pub(crate) fn rule(name: &str, kind: FaultKind, target: Target, start: Start, duration: Option<Distribution>) -> Fault {
    Fault { name: name.to_owned(), kind, target, start, duration, group: None }
}
