//! Roads of every kind, and what is said of them.

use hms_machine::{Draw, Purpose, Seed, Streams};
use proptest::prelude::*;

use super::*;

const PEERS: usize = 11;
const PERIOD: u64 = 100;

/// What is wrong with the letters of a peer, from five seconds on.
#[derive(Clone, Copy, Debug, Default)]
struct Road {
    loss: f64,
    doubled: f64,
    late: Duration,
    clock: i64,
}

/// Runs `millis` of letters from all peers; the changes and when they came.
fn run(seed: u64, millis: u64, configuration: &LinkConfiguration, road: impl Fn(usize) -> Road) -> Vec<(Instant, LinkChange)> {
    let zones: Vec<u32> = (0..PEERS as u32).map(|peer| peer / 4).collect();
    let mut links = Links::new(configuration, &zones);
    let mut draw = Streams::new(Seed(seed)).draw(Purpose::named("test/links"), 0, 0);
    let phases: Vec<u64> = (0..PEERS).map(|_| draw.below(PERIOD)).collect();
    let mut changes = Vec::new();
    for sequence in 0..millis / PERIOD {
        let mut order: Vec<usize> = (0..PEERS).collect();
        order.sort_by_key(|peer| phases[*peer]);
        for peer in order {
            let now = Instant::from_nanos((sequence * PERIOD + phases[peer]) * 1_000_000);
            let road = if now >= FROM { road(peer) } else { Road::default() };
            if draw.uniform() < 0.000_1 + road.loss {
                continue;
            }
            let offset = 7_000_000 * (peer as i64 - 5);
            let noise = (100_000.0 - 60_000.0 * libm::log(draw.open_uniform())) as i64;
            let late = exponential(&mut draw, road.late);
            let letter = Letter { incarnation: 1, sequence, difference: offset + noise + late + road.clock };
            let copies = 1 + usize::from(draw.uniform() < road.doubled);
            (0..copies).for_each(|_| links.heard(peer, letter, now, |change| changes.push((now, change))));
        }
    }
    changes
}

const FROM: Instant = Instant::from_nanos(5_000_000_000);

fn exponential(draw: &mut Draw, mean: Duration) -> i64 {
    let share = -libm::log(draw.open_uniform());
    (mean.as_nanos() as f64 * share) as i64
}

/// How long it took, over a hundred seeds, until `whom` was blamed for `trouble`; the slowest of 99 of them.
fn noticed(trouble: Trouble, whom: impl Fn(Whom) -> bool, road: impl Fn(usize) -> Road) -> Option<Duration> {
    let first = |seed| {
        let changes = run(seed, 10_000, &LinkConfiguration::default(), &road);
        let found = changes.iter().find(|(_, change)| change.bad && change.trouble == trouble && whom(change.whom));
        found.map_or(Duration::MAX, |(at, _)| at.saturating_since(FROM))
    };
    let mut times: Vec<_> = (0..100).map(first).collect();
    times.sort_unstable();
    Some(times[98]).filter(|time| *time < Duration::MAX)
}

#[test]
fn hm_s1_what_is_wrong_with_all_ways_is_noticed_within_a_second_and_put_down_to_this_node() {
    let own = |whom| whom == Whom::Own;
    let all = |road: Road| move |_| road;
    let slow = Road { late: Duration::from_millis(3), ..Road::default() };
    for (trouble, road) in [
        (Trouble::Loss, Road { loss: 0.1, ..Road::default() }),
        (Trouble::Mangling, Road { doubled: 0.1, ..Road::default() }),
        (Trouble::Delay, slow),
        (Trouble::Clock, Road { clock: 50_000_000, ..Road::default() }),
        (Trouble::Clock, Road { clock: -50_000_000, ..Road::default() }),
    ] {
        let took = noticed(trouble, own, all(road)).unwrap_or_else(|| panic!("{trouble:?} is not noticed"));
        assert!(took <= Duration::from_secs(1), "{trouble:?}: {took}");
    }
}

#[test]
fn what_is_wrong_with_one_peer_is_put_down_to_it() {
    let sixth = |whom| whom == Whom::Peer(6);
    let only = |road: Road| move |peer| if peer == 6 { road } else { Road::default() };
    for (trouble, road, within) in [
        (Trouble::Delay, Road { late: Duration::from_millis(5), ..Road::default() }, 1_000),
        (Trouble::Clock, Road { clock: 50_000_000, ..Road::default() }, 600),
        (Trouble::Clock, Road { clock: -50_000_000, ..Road::default() }, 600),
        // Three gaps convict. Of ten letters a second with a third of them lost there are two gaps a second, so one time in a hundred it takes four seconds.
        (Trouble::Loss, Road { loss: 0.3, ..Road::default() }, 4_000),
    ] {
        let took = noticed(trouble, sixth, only(road)).unwrap_or_else(|| panic!("{trouble:?} is not noticed"));
        assert!(took <= Duration::from_millis(within), "{trouble:?}: {took}");
    }
}

#[test]
fn hm_s2_a_healthy_hour_gives_no_belief() {
    let changes: Vec<_> =
        (0..6).flat_map(|seed| run(seed, 600_000, &LinkConfiguration::default(), |_| Road::default())).collect();
    assert_eq!(changes, []);
}

#[test]
fn with_less_confidence_a_healthy_hour_gives_some() {
    let hasty = LinkConfiguration { confidence: 1.0, late_span: Duration::ZERO, ..LinkConfiguration::default() };
    assert!(!run(1, 600_000, &hasty, |_| Road::default()).is_empty());
}

#[test]
fn what_is_over_is_taken_back() {
    let mut links = Links::new(&LinkConfiguration::default(), &[0]);
    let mut changes = Vec::new();
    let mut sequence = 0;
    for step in 0..1_000u64 {
        // Every second letter is lost for two seconds.
        sequence += if (50..70).contains(&step) { 2 } else { 1 };
        let letter = Letter { incarnation: 1, sequence, difference: 0 };
        links.heard(0, letter, Instant::from_nanos(step * 100_000_000), |change| changes.push(change));
    }
    let loss = |bad| LinkChange { whom: Whom::Peer(0), trouble: Trouble::Loss, bad };
    // The peer, its zone and the whole are judged each by itself; here they are the same.
    assert_eq!(changes, [loss(true), loss(true), loss(true), loss(false), loss(false), loss(false)]);
}

#[test]
fn who_was_stopped_itself_blames_nobody_and_does_if_it_is_not_told() {
    for (told, blames) in [(true, false), (false, true)] {
        let mut links = Links::new(&LinkConfiguration::default(), &[0, 0, 0]);
        let mut changes = Vec::new();
        for sequence in 0..100u64 {
            for peer in 0..3 {
                let now = Instant::from_nanos(sequence * 100_000_000 + peer * 1_000_000);
                // Letters of 300 ms lay in the box and are handed over one after the other.
                let late = if (50..54).contains(&sequence) { 200_000_000 } else { 0 };
                if told && sequence == 50 {
                    links.stopped(now + Duration::from_millis(100));
                }
                let letter = Letter { incarnation: 1, sequence, difference: late };
                links.heard(peer as usize, letter, now, |change| changes.push(change));
            }
        }
        assert_eq!(changes.iter().any(|change| change.bad), blames, "{changes:?}");
    }
}

#[test]
fn a_new_life_and_a_failed_peer_begin_anew() {
    let mut links = Links::new(&LinkConfiguration::default(), &[0]);
    let mut changes = Vec::new();
    for life in 1..6 {
        for sequence in 0..20u64 {
            let now = Instant::from_nanos((life * 20 + sequence) * 100_000_000);
            let letter = Letter { incarnation: life, sequence: sequence + 1_000 * life, difference: 5_000_000_000 * life as i64 };
            links.heard(0, letter, now, |change| changes.push(change));
        }
        links.forget(0, |change| changes.push(change));
    }
    assert_eq!(changes, []);
}

#[test]
fn a_usual_share_that_is_not_below_the_bad_one_is_a_conflict() {
    let mut configuration = LinkConfiguration::default();
    assert_eq!(configuration.conflicts(), []);
    configuration.loss_usual = configuration.loss_bad;
    assert_eq!(configuration.conflicts()[0].names, ["links.loss_usual", "links.loss_bad"]);
}

proptest! {
    #[test]
    fn whatever_comes_beliefs_begin_before_they_end(
        letters in prop::collection::vec((0usize..3, 0u64..3, 0u64..40, -1_000_000_000i64..1_000_000_000), 1..400),
    ) {
        let mut links = Links::new(&LinkConfiguration::default(), &[0, 0, 1]);
        let mut open: Vec<(Whom, Trouble)> = Vec::new();
        for (step, (peer, incarnation, sequence, difference)) in letters.into_iter().enumerate() {
            let now = Instant::from_nanos(step as u64 * 10_000_000);
            let mut fits = true;
            links.heard(peer, Letter { incarnation, sequence, difference }, now, |change| {
                let name = (change.whom, change.trouble);
                if change.bad {
                    open.push(name);
                } else {
                    let position = open.iter().position(|known| *known == name);
                    fits &= position.is_some();
                    position.map(|position| open.swap_remove(position));
                }
            });
            prop_assert!(fits);
        }
    }
}
