//! R5: Lifeguard against plain SWIM where some members are slow.
//!
//! Dadgar, Phillips and Currey, DSN 2018: a member that handles messages late accuses healthy ones and does not hear their
//! objections. The paper finds 50 to 100 times fewer false positives with Lifeguard, at the same time of detection. Settings are
//! memberlist's for a LAN. The gain depends on how slow the slow are: one that never catches up with its inbox gains less. The pause guard,
//! which is not the paper's, is off.

use hms_machine::{Duration, Instant};
use hms_stack::health::swim::{PRESETS, SwimConfiguration};

use crate::cluster::{Cluster, Setup};

const NODES: u32 = 32;
const SLOW_NODES: u32 = 4;

fn memberlist(lifeguard: bool) -> SwimConfiguration {
    SwimConfiguration { lifeguard, ..PRESETS[0].1 }
}

fn cluster(configuration: SwimConfiguration, slow: u32, seed: u64) -> Cluster {
    Cluster::new(Setup { configuration, nodes: NODES, edges: 0, loss: 0.0, slow, seed })
}

/// How often a member confirmed one that is healthy.
fn false_positives(configuration: SwimConfiguration) -> usize {
    (0..5)
        .map(|seed| {
            let mut cluster = cluster(configuration, SLOW_NODES, seed);
            cluster.run(Duration::from_secs(600));
            (SLOW_NODES..NODES).map(|node| cluster.confirmed(node, Instant::ZERO).len()).sum::<usize>()
        })
        .sum()
}

#[test]
fn r5_lifeguard_has_a_tenth_of_the_false_positives_of_plain_swim() {
    let (plain, lifeguard) = (false_positives(memberlist(false)), false_positives(memberlist(true)));
    assert!(plain > 100, "{plain}");
    assert!(lifeguard * 10 <= plain, "{lifeguard} {plain}");
}

#[test]
fn r5_each_part_of_lifeguard_alone_has_fewer_false_positives_than_plain_swim() {
    let plain = false_positives(memberlist(false));
    let none = SwimConfiguration { local_health: false, dynamic_suspicion: false, buddy: false, nack: false, ..memberlist(true) };
    assert_eq!(false_positives(none), plain, "with all parts off it is plain SWIM");
    let health = false_positives(SwimConfiguration { local_health: true, nack: true, ..none });
    let suspicion = false_positives(SwimConfiguration { dynamic_suspicion: true, ..none });
    assert!(health < plain && suspicion < plain, "{health} {suspicion} {plain}");
}

/// Average time from the crash of a healthy member to its confirmation by the first and by the last healthy one.
fn detection(configuration: SwimConfiguration) -> (f64, f64) {
    let (mut first, mut last) = (0.0, 0.0);
    let crashes = 12;
    for seed in 0..crashes {
        let mut cluster = cluster(configuration, 0, 100 + seed);
        cluster.run(Duration::from_millis(20_000 + 83 * seed));
        let crashed = cluster.now;
        cluster.crash(NODES - 1);
        cluster.run(Duration::from_secs(60));
        let confirmed = cluster.confirmed(NODES - 1, crashed);
        assert_eq!(confirmed.len() as u32, NODES - 1);
        first += (confirmed[0].at - crashed).as_secs_f64() / crashes as f64;
        last += (confirmed[confirmed.len() - 1].at - crashed).as_secs_f64() / crashes as f64;
    }
    (first, last)
}

#[test]
fn r5_lifeguard_detects_true_crashes_as_fast_as_plain_swim() {
    let (plain, lifeguard) = (detection(memberlist(false)), detection(memberlist(true)));
    assert!(lifeguard.0 < 1.15 * plain.0 && lifeguard.1 < 1.15 * plain.1, "{lifeguard:?} {plain:?}");
}
