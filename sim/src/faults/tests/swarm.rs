//! What a swarm promises.

use std::collections::BTreeSet;

use hms_machine::{Duration, Seed, Streams};
use hms_scenario::model::{Arrivals, DiskFailure, FaultKind, LinkFault, PartitionShape, Scenario, Swarm, SwarmKind};
use proptest::prelude::*;

use super::{crash, every, exponential_secs, ratio, scenario, schedule, secs};
use crate::faults::swarm::ranges::{self, Range};
use crate::faults::{Schedule, ScheduledFault, Victims};
use hms_scenario::model::Target;

pub(super) fn all_kinds(active: f64) -> Swarm {
    Swarm {
        kinds: SwarmKind::ALL.to_vec(),
        active: ratio(active),
        gap: Duration::from_secs(2),
        from: secs(60),
        until: secs(540),
        intensity: 1.0,
    }
}

fn world(swarm: Swarm) -> Scenario {
    let mut scenario = scenario(9, 3);
    scenario.swarm = Some(swarm);
    scenario
}

/// A world of these kinds in which a day gives thousands of faults.
fn long(kinds: &[SwarmKind], intensity: f64) -> Schedule {
    let mut scenario = world(Swarm { kinds: kinds.to_vec(), until: secs(86_400), intensity, ..all_kinds(1.0) });
    scenario.run.duration = Duration::from_secs(90_000);
    schedule(&scenario, 11)
}

fn kinds_of(schedule: &Schedule) -> BTreeSet<&str> {
    schedule.faults.iter().map(|fault| fault.name.as_str()).filter(|name| *name != "swarm/clock-set-right").collect()
}

fn lasts(fault: &ScheduledFault) -> f64 {
    (fault.end.unwrap() - fault.start).as_secs_f64()
}

#[test]
fn faults_come_at_the_mean_gap() {
    let schedule = long(&[SwarmKind::Pause], 1.0);
    let expected = (86_400.0 - 60.0) / 2.0;
    assert!((schedule.faults.len() as f64 - expected).abs() < 4.0 * libm::sqrt(expected), "{}", schedule.faults.len());
}

#[test]
fn each_seed_switches_on_its_own_share_of_the_kinds() {
    let counts: Vec<_> = (0..200).map(|seed| kinds_of(&schedule(&world(all_kinds(0.5)), seed)).len()).collect();
    let mean = counts.iter().sum::<usize>() as f64 / 200.0;
    assert!((mean - 12.0).abs() < 0.6, "{mean}");
    assert!(counts.iter().any(|count| *count <= 8) && counts.iter().any(|count| *count >= 16), "{counts:?}");
}

#[test]
fn one_kind_acts_even_if_hardly_any_is_wanted() {
    for seed in 0..50 {
        assert_eq!(kinds_of(&schedule(&world(all_kinds(0.0)), seed)).len(), 1, "seed {seed}");
    }
}

#[test]
fn raising_the_share_only_adds_kinds() {
    for seed in 0..20 {
        let [few, many] = [0.3, 0.7].map(|active| schedule(&world(all_kinds(active)), seed));
        let few = kinds_of(&few);
        assert!(few.is_subset(&kinds_of(&many)), "seed {seed}");
    }
}

#[test]
fn all_kinds_act_when_all_are_wanted() {
    assert_eq!(kinds_of(&long(&SwarmKind::ALL, 1.0)).len(), SwarmKind::ALL.len());
}

#[test]
fn a_swarm_and_rules_leave_each_other_alone() {
    let alone = schedule(&world(all_kinds(0.5)), 3);
    let mut both = world(all_kinds(0.5));
    both.faults = vec![crash("c", Target::RandomNodes(1), every(50.0), Some(exponential_secs(5.0)))];
    let mut both = schedule(&both, 3);
    both.retain(|fault| fault.name != "c");
    assert_eq!(both, alone);
}

#[test]
fn kinds_that_nothing_can_suffer_are_left_out() {
    let mut scenario = scenario(1, 1);
    scenario.loads[0].arrivals = Arrivals::Closed { clients: 3, think: exponential_secs(1.0) };
    scenario.services.clear();
    scenario.swarm = Some(Swarm { gap: Duration::from_millis(100), ..all_kinds(1.0) });
    let left: Vec<_> = ["crash", "pause", "slow-cpu", "slow-disk", "slow-nic", "clock", "disk", "poison"]
        .map(|kind| format!("swarm/{kind}"))
        .into();
    assert_eq!(kinds_of(&schedule(&scenario, 1)), left.iter().map(String::as_str).collect());
}

#[test]
fn every_shape_of_partition_appears_and_names_hosts_only_once() {
    let schedule = long(&[SwarmKind::Partition], 1.0);
    let mut shapes = [0; 7];
    for fault in &schedule.faults {
        let FaultKind::Partition(shape) = &fault.kind else { panic!("{fault:?}") };
        let (index, named) = match shape {
            PartitionShape::Sides(sides) => (0, sides.concat()),
            PartitionShape::OneWay { from, to } => (1, [from.clone(), to.clone()].concat()),
            PartitionShape::Partial { one, other } => (2, [one.clone(), other.clone()].concat()),
            PartitionShape::Isolate(node) => (3, vec![*node]),
            PartitionShape::MajoritiesRing => (4, Vec::new()),
            PartitionShape::Bridge(node) => (5, vec![*node]),
            PartitionShape::Flapping { shape, .. } => match &**shape {
                PartitionShape::Sides(sides) => (6, sides.concat()),
                other => panic!("{other:?}"),
            },
        };
        shapes[index] += 1;
        assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "{shape:?}");
        if index == 2 {
            assert!(named.len() < 9, "nobody sees both sides of {shape:?}");
        }
    }
    assert!(shapes.iter().all(|count| *count > 1_000), "{shapes:?}");
}

#[test]
fn stored_data_is_damaged_on_a_minority_of_the_hosts() {
    let schedule = long(&[SwarmKind::Crash, SwarmKind::Disk], 1.0);
    let damaging = schedule.faults.iter().filter(|fault| {
        matches!(
            fault.kind,
            FaultKind::Crash { disk_lost: true }
                | FaultKind::Disk(DiskFailure::BitFlips { .. } | DiskFailure::Misdirected { .. })
        )
    });
    let hosts: BTreeSet<_> = damaging
        .flat_map(|fault| match &fault.victims {
            Victims::Nodes(nodes) => nodes.clone(),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(hosts.len(), 4);
}

#[test]
fn clocks_that_were_stepped_are_set_right_again() {
    let schedule = long(&[SwarmKind::Clock], 1.0);
    let mut sums = [0i128; 9];
    for fault in &schedule.faults {
        if let (FaultKind::ClockStep { by, forward }, Victims::Nodes(nodes)) = (&fault.kind, &fault.victims) {
            sums[nodes[0].index()] += i128::from(by.as_nanos()) * if *forward { 1 } else { -1 };
        }
    }
    assert_eq!(sums, [0; 9]);
    assert!(schedule.faults.iter().any(|fault| fault.name == "swarm/clock-set-right" && fault.group.is_some()));
}

#[test]
fn slow_downs_have_the_quantiles_that_perseus_saw() {
    let streams = Streams::new(Seed(1));
    let purpose = hms_machine::Purpose::named("test/slowness");
    let mut factors: Vec<_> = (0..20_000).map(|k| ranges::slowness(1.0, &mut streams.draw(purpose, 0, k))).collect();
    factors.sort_unstable_by(f64::total_cmp);
    let quantile = |p: f64| factors[(p * 20_000.0) as usize];
    assert!(
        (1.8..=2.0).contains(&quantile(0.5)) && (5.0..=7.0).contains(&quantile(0.9)) && (28.0..=39.0).contains(&quantile(0.99))
    );
}

#[test]
fn partitions_have_the_field_s_median_where_the_window_allows() {
    let mut lengths: Vec<_> = long(&[SwarmKind::Partition], 1.0).faults.iter().map(lasts).collect();
    lengths.sort_unstable_by(f64::total_cmp);
    let median = lengths[lengths.len() / 2];
    assert!((median / 162.0 - 1.0).abs() < 0.05, "{median}");
}

#[test]
fn repairs_are_compressed_to_a_short_window() {
    let swarm = Swarm { kinds: vec![SwarmKind::Crash], gap: Duration::from_millis(100), ..all_kinds(1.0) };
    // Those that begin early enough not to be cut off at the end.
    let schedule = schedule(&world(swarm), 5);
    let mut lengths: Vec<_> = schedule.faults.iter().filter(|fault| fault.start < secs(400)).map(lasts).collect();
    lengths.sort_unstable_by(f64::total_cmp);
    let median = lengths[lengths.len() / 2];
    assert!((median / 48.0 - 1.0).abs() < 0.15, "{median}");
    assert_eq!(*lengths.last().unwrap(), 120.0);
}

fn within(range: Range, value: f64) -> bool {
    // Times are rounded to nanoseconds.
    (range.low - 1e-8..=range.high + 1e-8).contains(&value)
}

/// Whether the parameters of a fault lie in the ranges of the documented table.
fn in_range(fault: &ScheduledFault) -> bool {
    let mean = |law: &hms_machine::Distribution| law.mean() / 1e9;
    match &fault.kind {
        FaultKind::CrashLoop { after } => within(ranges::LOOP_LIFE, mean(after)),
        FaultKind::SlowCpu { speed } => within(ranges::SLOW_CPU, 1.0 / speed.get()),
        FaultKind::SlowDisk { factor } => within(ranges::SLOWNESS, *factor),
        FaultKind::SlowNic { delay } => mean(delay) >= 0.05e-3 && mean(delay) <= 0.4e-3 * 39.0,
        FaultKind::Link(LinkFault::Latency { delay }) => within(ranges::DELAY, mean(delay)),
        FaultKind::Link(LinkFault::Loss { share }) => {
            within(ranges::LOSS, share.get()) || within(ranges::WONKY_LOSS, share.get())
        }
        FaultKind::Link(LinkFault::Duplicate { share } | LinkFault::Corrupt { share }) => within(ranges::MANGLE, share.get()),
        FaultKind::Link(LinkFault::Reorder { share, hold }) => {
            // Cutting off at ten means shortens the mean by a two-thousandth.
            within(ranges::MANGLE, share.get()) && mean(hold) > 0.999e-3 && mean(hold) <= 50e-3
        }
        FaultKind::Partition(PartitionShape::Flapping { on, off, .. }) => {
            within(ranges::FLAP, on.as_secs_f64()) && within(ranges::FLAP, off.as_secs_f64())
        }
        FaultKind::ClockStep { by, .. } => within(ranges::CLOCK_STEP, by.as_secs_f64()),
        FaultKind::ClockDrift { ppm } => within(ranges::CLOCK_DRIFT, ppm.abs()),
        FaultKind::ClockStrobe { by, every } => {
            within(ranges::STROBE_STEP, by.as_secs_f64()) && within(ranges::STROBE_EVERY, every.as_secs_f64())
        }
        FaultKind::Disk(DiskFailure::Errors { share } | DiskFailure::Misdirected { share }) => {
            within(ranges::DISK_ERRORS, share.get())
        }
        FaultKind::Disk(DiskFailure::BitFlips { bits }) => within(ranges::BIT_FLIPS, f64::from(*bits)),
        FaultKind::MemoryLeak { rate } => within(ranges::LEAK_FILLS, f64::from(1u32 << 30) / rate.0 as f64 * (1.0 - 1e-6)),
        FaultKind::Surge { factor } => within(ranges::SURGE, *factor),
        FaultKind::Gray { errors } => within(ranges::GRAY, errors.get()),
        FaultKind::Link(LinkFault::Throttle { bandwidth }) => {
            *bandwidth as f64 >= ranges::THROTTLE.low - 1.0 && *bandwidth as f64 <= ranges::THROTTLE.high
        }
        FaultKind::HandleLeak { rate } => within(ranges::HANDLES_GONE, 1024.0 / rate),
        FaultKind::Herd { requests } => *requests >= 1 && f64::from(*requests) <= ranges::HERD_MOST,
        FaultKind::Poison { share } => within(ranges::POISON, share.get()),
        FaultKind::Regression { factor, errors, replicas } => {
            within(ranges::REGRESSION, *factor)
                && within(ranges::GRAY, errors.get())
                && within(ranges::ROLLED_OUT, replicas.get())
        }
        FaultKind::Outage { severity } => within(ranges::OUTAGE, severity.get()),
        FaultKind::Crash { .. }
        | FaultKind::AgentCrash
        | FaultKind::Pause
        | FaultKind::Hang
        | FaultKind::Link(LinkFault::Clog)
        | FaultKind::Partition(_)
        | FaultKind::Disk(DiskFailure::Stall | DiskFailure::Full) => true,
    }
}

/// The longest that a fault may last at intensity 1; the shortest may be cut off by the window.
fn longest(fault: &ScheduledFault) -> f64 {
    match &fault.kind {
        FaultKind::Pause => ranges::PAUSE.high,
        FaultKind::SlowCpu { .. } => ranges::SLOW_CPU_LASTS.high,
        FaultKind::Link(LinkFault::Clog) => ranges::CLOG.high,
        FaultKind::Disk(DiskFailure::Stall) => ranges::STALL.high,
        FaultKind::Surge { .. } | FaultKind::Poison { .. } | FaultKind::Outage { .. } => ranges::SURGE_LASTS.high,
        FaultKind::AgentCrash
        | FaultKind::ClockStep { .. }
        | FaultKind::Herd { .. }
        | FaultKind::Disk(DiskFailure::BitFlips { .. }) => 0.0,
        FaultKind::Crash { .. } | FaultKind::Partition(_) => f64::INFINITY,
        _ => ranges::TROUBLE.high,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parameters_lie_in_the_ranges_of_the_field(seed: u64) {
        for fault in &schedule(&world(all_kinds(0.6)), seed).faults {
            prop_assert!(in_range(fault), "{:?}", fault);
            prop_assert!(lasts(fault) <= longest(fault) + 1e-8, "{:?}", fault);
        }
    }

    #[test]
    fn whatever_the_intensity_faults_lie_in_the_window_and_leave_something_standing(
        seed: u64, exponent in -4.0..4.0, hosts in 1usize..12, zones in 1usize..4,
    ) {
        let mut world = scenario(hosts.max(zones), zones);
        world.swarm = Some(Swarm { intensity: libm::pow(10.0, exponent), ..all_kinds(0.6) });
        for fault in &schedule(&world, seed).faults {
            prop_assert!(fault.start >= secs(60) && fault.end.unwrap() <= secs(540) && fault.end.unwrap() >= fault.start);
            prop_assert!(lasts(fault) <= 120.0, "{:?}", fault);
            match &fault.kind {
                FaultKind::SlowCpu { speed } => prop_assert!(speed.get() >= 0.01),
                FaultKind::SlowDisk { factor } => prop_assert!((1.0..=100.0).contains(factor)),
                FaultKind::Link(LinkFault::Loss { share }) => prop_assert!(share.get() <= 0.9),
                FaultKind::Disk(DiskFailure::Errors { share }) => prop_assert!(share.get() <= 0.5),
                FaultKind::Surge { factor } => prop_assert!((1.0..=20.0).contains(factor)),
                FaultKind::Crash { .. } => prop_assert!(matches!(&fault.victims, Victims::Nodes(nodes)
                    if nodes.len() < hosts.max(zones).max(2))),
                _ => {}
            }
        }
    }

    #[test]
    fn a_stronger_swarm_has_the_same_faults_longer_and_harder(seed: u64) {
        let kinds = vec![SwarmKind::SlowCpu, SwarmKind::Loss, SwarmKind::Surge];
        let at = |intensity| schedule(&world(Swarm { kinds: kinds.clone(), intensity, ..all_kinds(1.0) }), seed);
        for (mild, harsh) in at(1.0).faults.iter().zip(&at(2.0).faults) {
            prop_assert_eq!((mild.start, &mild.victims), (harsh.start, &harsh.victims));
            prop_assert!(lasts(harsh) >= lasts(mild));
            match (&mild.kind, &harsh.kind) {
                (FaultKind::SlowCpu { speed: mild }, FaultKind::SlowCpu { speed: harsh }) => prop_assert!(harsh < mild),
                (FaultKind::Surge { factor: mild }, FaultKind::Surge { factor: harsh }) => prop_assert!(harsh > mild),
                (FaultKind::Link(LinkFault::Loss { share: mild }), FaultKind::Link(LinkFault::Loss { share: harsh })) => {
                    prop_assert!(harsh > mild);
                }
                pair => prop_assert!(false, "{:?}", pair),
            }
        }
    }
}
