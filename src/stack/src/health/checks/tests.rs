//! The registry as a roster, and each kind of fault against the standard checks at their defaults.

use std::collections::BTreeMap;

use hms_machine::{AgentId, Bytes, Draw, Duration, Instant, NodeId, Purpose, Seed, Streams};
use proptest::prelude::*;

use super::*;
use crate::health::PredictionConfiguration;

const AGENT: Subject = Subject::Agent(AgentId(3));
const NODE: Subject = Subject::Node(NodeId(1));

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn draw(seed: u64, ordinal: u64) -> Draw {
    Streams::new(Seed(seed)).draw(Purpose::named("test/checks"), 0, ordinal)
}

/// What is wrong with the world, from some moment on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Nothing,
    Hang,
    Gray { errors: f64 },
    SlowProcessor { speed: f64 },
    SlowDisk { factor: f64 },
    Leak { per_second: f64 },
}

/// One agent on one node, read by the standard checks.
struct World {
    checks: Checks,
    seed: u64,
    drawn: u64,
    fault: Fault,
    from: Instant,
    /// Real requests, told of every 200 ms as the disk's work is.
    requests: u64,
    /// Width of the band in which memory usage wanders, as a share of the limit: requests come and go.
    wander: f64,
    changes: Vec<(Instant, Change)>,
}

impl World {
    fn new(seed: u64, checks: CheckConfiguration, fault: Fault, from: Instant) -> Self {
        let standard = Standard { checks, prediction: PredictionConfiguration::default() };
        let mut world =
            World { checks: Checks::new(), seed, drawn: 0, fault, from, requests: 20, wander: 0.002, changes: Vec::new() };
        standard.watch_agent(&mut world.checks, AGENT, at(0), &mut draw(seed, u64::MAX));
        standard.watch_node(&mut world.checks, NODE, at(0), &mut draw(seed, u64::MAX - 1));
        world
    }

    fn uniform(&mut self) -> f64 {
        self.drawn += 1;
        draw(self.seed, self.drawn).uniform()
    }

    /// Lognormal around a median: times of disks and requests have long tails.
    fn time(&mut self, median: Duration, sigma: f64) -> Duration {
        self.drawn += 1;
        let mut draw = draw(self.seed, self.drawn);
        let normal = (-2.0 * libm::log(draw.open_uniform())).sqrt() * libm::cos(std::f64::consts::TAU * draw.uniform());
        median.mul_f64(libm::exp(sigma * normal))
    }

    fn fault(&self, now: Instant) -> Fault {
        if now >= self.from { self.fault } else { Fault::Nothing }
    }

    /// What the operating system would answer; `None` if nothing comes.
    fn reading(&mut self, what: ReadingKind, now: Instant) -> Option<Reading> {
        let fault = self.fault(now);
        let ms = Duration::from_millis;
        let hangs = fault == Fault::Hang;
        let errors = if let Fault::Gray { errors } = fault { errors } else { 0.002 };
        match what {
            ReadingKind::Probe => (!hangs).then_some(Reading::Probe { answered: true }),
            ReadingKind::Work if hangs => None,
            ReadingKind::Work => {
                let (ok, elapsed) = (self.uniform() >= errors, self.time(ms(5), 0.5));
                Some(Reading::Work { ok, elapsed })
            }
            ReadingKind::Outcomes => {
                let failed = (0..self.requests).filter(|_| self.uniform() < errors).count() as u64;
                Some(Reading::Outcomes { ok: self.requests - failed, errors: failed })
            }
            ReadingKind::Queue => Some(Reading::Queue { depth: (8.0 * self.uniform()) as u64, limit: 100 }),
            ReadingKind::Handles => Some(Reading::Handles { used: 40 + (20.0 * self.uniform()) as u64, limit: 1_024 }),
            ReadingKind::Memory => {
                let leaked = if let Fault::Leak { per_second } = fault {
                    per_second * now.saturating_since(self.from).as_secs_f64()
                } else {
                    0.0
                };
                let share = 0.3 + self.wander * self.uniform() + leaked;
                Some(Reading::Memory { used: Bytes((share * 1e9) as u64), limit: Bytes(1_000_000_000) })
            }
            ReadingKind::DiskOperation => {
                let factor = if let Fault::SlowDisk { factor } = fault { factor } else { 1.0 };
                Some(Reading::DiskOperation(self.time(ms(2), 0.4).mul_f64(factor)))
            }
            ReadingKind::DiskSpace => Some(Reading::DiskSpace { used: Bytes(50), capacity: Bytes(100) }),
            ReadingKind::Processor => {
                let speed = if let Fault::SlowProcessor { speed } = fault { speed } else { 1.0 };
                Some(Reading::Processor { expected: ms(1), elapsed: self.time(ms(1), 0.2).mul_f64(1.0 / speed) })
            }
            ReadingKind::Ready | ReadingKind::Latency | ReadingKind::Clocks | ReadingKind::Comparison => None,
        }
    }

    fn run(&mut self, until: Instant) {
        let mut push_at = at(100);
        loop {
            let now = self.checks.deadline().unwrap_or(Instant::MAX).min(push_at);
            if now > until {
                return;
            }
            let (mut due, mut changes) = (Vec::new(), Vec::new());
            self.drawn += 1;
            let mut jitter = draw(self.seed, self.drawn);
            self.checks.due(now, &mut jitter, |one| due.push(one), |change| changes.push(change));
            if push_at <= now {
                due.push(Due { subject: AGENT, what: ReadingKind::Outcomes });
                due.push(Due { subject: NODE, what: ReadingKind::DiskOperation });
                push_at += Duration::from_millis(200);
            }
            for Due { subject, what } in due {
                let Some(reading) = self.reading(what, now) else { continue };
                self.checks.report(subject, &reading, now, |change| changes.push(change));
            }
            self.changes.extend(changes.into_iter().map(|change| (now, change)));
        }
    }

    /// Time from the fault to the first status that is bad for this cause.
    fn noticed(&self, cause: Cause) -> Option<Duration> {
        let bad = self.changes.iter().filter(|(_, change)| change.to.cause() == Some(cause));
        bad.filter_map(|(now, _)| now.checked_since(self.from)).next()
    }

    fn alarms(&self) -> Vec<(Instant, Change)> {
        self.changes.iter().copied().filter(|(_, change)| change.to.severity().is_some()).collect()
    }
}

const FAULTS: [(Fault, Cause); 5] = [
    (Fault::Hang, Cause::Unresponsive),
    (Fault::Gray { errors: 0.3 }, Cause::GrayFailure),
    (Fault::SlowProcessor { speed: 0.3 }, Cause::SlowProcessor),
    (Fault::SlowDisk { factor: 10.0 }, Cause::SlowDisk),
    (Fault::Leak { per_second: 0.02 }, Cause::MemoryLeak),
];

#[test]
fn hm_s1_each_fault_is_noticed_within_a_second_at_the_defaults_and_never_with_checks_off() {
    let off = CheckConfiguration { enabled: false, ..CheckConfiguration::default() };
    for (fault, cause) in FAULTS {
        let mut took = Vec::new();
        for seed in 0..1_000 {
            // Onsets at every phase of the period.
            let from = at(10_000 + 7 * seed);
            let mut world = World::new(seed, CheckConfiguration::default(), fault, from);
            world.run(from + Duration::from_secs(5));
            took.push(world.noticed(cause));
            if seed % 10 != 0 {
                continue;
            }
            let mut blind = World::new(seed, off, fault, from);
            blind.run(from + Duration::from_secs(5));
            assert_eq!(blind.alarms(), []);
        }
        took.sort_unstable_by_key(|took| took.unwrap_or(Duration::MAX));
        let shown = format!("{fault:?}: median {:?}, 99th {:?}, last {:?}", took[499], took[989], took[999]);
        assert!(took[989].is_some_and(|took| took <= Duration::from_secs(1)), "{shown}");
        assert!(took[999].is_some_and(|took| took <= Duration::from_millis(1_400)), "{shown}");
    }
}

#[test]
fn hm_s2_a_healthy_hour_gives_no_alarm_in_a_hundred_checks() {
    let (mut readings, mut alarms) = (0u64, Vec::new());
    for seed in 0..10 {
        let mut world = World::new(seed, CheckConfiguration::default(), Fault::Nothing, Instant::MAX);
        world.wander = 0.01;
        world.run(at(360_000));
        readings += 360 * 5 * 9;
        alarms.extend(world.alarms());
    }
    // Alarms for each reading that could have given one.
    assert!((alarms.len() as f64) < 1e-4 * readings as f64, "{} of {readings}: {:?}", alarms.len(), alarms.first());
}

#[test]
fn one_bad_sample_of_each_kind_is_no_news_and_is_with_hysteresis_off() {
    let bad = [
        Reading::Probe { answered: false },
        Reading::Ready(false),
        Reading::Work { ok: false, elapsed: Duration::from_secs(9) },
        Reading::Latency(Duration::from_secs(9)),
        Reading::Queue { depth: 100, limit: 100 },
        Reading::Memory { used: Bytes(100), limit: Bytes(100) },
        Reading::Handles { used: 100, limit: 100 },
    ];
    for reading in bad {
        let mut world = World::new(5, CheckConfiguration::default(), Fault::Nothing, Instant::MAX);
        world.run(at(10_000));
        let mut changes = Vec::new();
        world.checks.report(AGENT, &reading, at(10_001), |change| changes.push(change));
        world.run(at(12_000));
        let alarmed =
            changes.iter().chain(world.changes.iter().map(|(_, change)| change)).any(|change| change.to.severity().is_some());
        assert!(!alarmed, "{reading:?}: {changes:?} {:?}", world.alarms());
    }
    let hasty = CheckConfiguration { bad_in_a_row: 1, ..CheckConfiguration::default() };
    let mut world = World::new(5, hasty, Fault::Nothing, Instant::MAX);
    world.run(at(10_000));
    let mut changes = Vec::new();
    world.checks.report(AGENT, &Reading::Probe { answered: false }, at(10_001), |change| changes.push(change.to));
    assert_eq!(changes, [Status::Failed { cause: Cause::Unresponsive }]);
}

#[test]
fn a_subject_that_is_well_again_is_said_to_be_well() {
    let mut world = World::new(1, CheckConfiguration::default(), Fault::Hang, at(5_000));
    world.run(at(8_000));
    assert_eq!(world.checks.status(AGENT).cause(), Some(Cause::Unresponsive));
    world.fault = Fault::Nothing;
    world.run(at(11_000));
    assert_eq!(world.checks.status(AGENT), Status::Healthy);
}

/// Whether an agent that stands still for `pause` from `from` on, and answers late, is called unresponsive.
fn blamed(seed: u64, from: u64, pause: u64) -> bool {
    let standard = Standard { checks: CheckConfiguration::default(), prediction: PredictionConfiguration::default() };
    let (mut checks, (from, until)) = (Checks::new(), (at(from), at(from + pause)));
    standard.watch_agent(&mut checks, AGENT, at(0), &mut draw(seed, 0));
    let (mut blamed, mut waits) = (false, false);
    for step in 1.. {
        let now = checks.deadline().map_or(until, |due| if waits { due.min(until) } else { due });
        if now > at(10_000) {
            break;
        }
        // An answer that waited comes when the pause is over.
        let mut asked = waits && now >= until;
        let mut hear = |change: Change| blamed |= change.to.cause() == Some(Cause::Unresponsive);
        checks.due(now, &mut draw(seed, step), |due| asked |= due.what == ReadingKind::Probe, &mut hear);
        let paused = (from..until).contains(&now);
        waits = paused && (waits || asked);
        if asked && !paused {
            checks.report(AGENT, &Reading::Probe { answered: true }, now, &mut hear);
        }
    }
    blamed
}

#[test]
fn hm_s2_pauses_of_half_a_second_are_no_failures_and_pauses_of_a_second_are() {
    for seed in 0..200 {
        let from = 3_000 + 7 * seed;
        assert!(!blamed(seed, from, 500), "at {from}ms");
        assert!(blamed(seed, from, 1_000), "at {from}ms");
    }
}

#[test]
fn a_monitor_that_slept_does_not_blame_its_subjects() {
    let mut checks = Checks::new();
    let configuration = CheckConfiguration { bad_in_a_row: 1, ..CheckConfiguration::default() };
    let schedule = Schedule::Pull { what: ReadingKind::Probe, every: Duration::from_millis(200), jitter: 0.0, first: at(0) };
    let check = Box::new(Liveness::new(&configuration));
    checks.register(Registration { name: "liveness", subject: AGENT, schedule, check }, at(0));
    let mut told = Vec::new();
    let mut due = |checks: &mut Checks, now| checks.due(now, &mut draw(0, 0), |_| {}, |change| told.push((now, change.to)));
    due(&mut checks, at(0));
    // Asked at 0; this node sleeps, and the answer waits with it.
    due(&mut checks, at(700));
    assert_eq!(checks.deadline(), Some(at(900)));
    due(&mut checks, at(900));
    assert_eq!(told, [(at(900), Status::Failed { cause: Cause::Unresponsive })]);
}

#[test]
fn what_is_not_pushed_for_too_long_is_missed() {
    let mut checks = Checks::new();
    let configuration = CheckConfiguration { bad_in_a_row: 2, ..CheckConfiguration::default() };
    let schedule = Schedule::Push { silence: Some(Duration::from_millis(300)) };
    let check = Box::new(Liveness::new(&configuration));
    checks.register(Registration { name: "pushed", subject: AGENT, schedule, check }, at(0));
    checks.report(AGENT, &Reading::Probe { answered: true }, at(200), |_| {});
    let mut missed = Vec::new();
    while let Some(now) = checks.deadline().filter(|now| *now < at(1_200)) {
        checks.due(now, &mut draw(0, 0), |due| panic!("asked for {due:?}"), |change| missed.push((now, change.to)));
    }
    assert_eq!(missed, [(at(800), Status::Failed { cause: Cause::Unresponsive })]);
}

#[test]
fn a_removed_subject_is_neither_asked_nor_heard() {
    let mut world = World::new(1, CheckConfiguration::default(), Fault::Nothing, Instant::MAX);
    world.run(at(1_000));
    world.checks.remove(AGENT);
    world.checks.remove(NODE);
    assert_eq!(world.checks.deadline(), None);
    world.checks.report(AGENT, &Reading::Probe { answered: false }, at(1_001), |change| panic!("{change:?}"));
    assert_eq!(world.checks.status(AGENT), Status::Unknown);
}

/// A check of a user.
#[derive(Clone, Debug)]
struct Even(u64);

impl Check for Even {
    fn observe(&mut self, reading: &Reading, _at: Instant) -> Option<Status> {
        let Reading::Queue { depth, .. } = *reading else { return None };
        self.0 += 1;
        Some(if depth % 2 == 0 { Status::Healthy } else { Status::Degraded { cause: Cause::Other("odd") } })
    }

    fn box_clone(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}

#[test]
fn hm2_users_bring_their_own_checks() {
    let mut checks = Checks::new();
    let registration =
        Registration { name: "even", subject: NODE, schedule: Schedule::Push { silence: None }, check: Box::new(Even(0)) };
    checks.register(registration, at(0));
    let fork = checks.clone();
    checks.report(NODE, &Reading::Queue { depth: 3, limit: 9 }, at(1), |_| {});
    assert_eq!(checks.status(NODE).cause(), Some(Cause::Other("odd")));
    assert_eq!(fork.status(NODE), Status::Unknown);
    assert_eq!(checks.of(NODE).map(|(name, _)| name).collect::<Vec<_>>(), ["even"]);
}

#[test]
fn other_checks_judge_their_readings() {
    let configuration =
        CheckConfiguration { latency_ratio: 3.0, disk_stall: Duration::from_millis(300), ..CheckConfiguration::default() };
    let ms = Duration::from_millis;
    let feed = |check: &mut dyn Check, readings: &[Reading]| {
        readings.iter().enumerate().filter_map(|(step, reading)| check.observe(reading, at(200 * step as u64))).last()
    };
    let clocks = |offset: u64, delay: u64| Reading::Clocks { own: at(10_000 + offset + delay), peer: at(10_000) };
    let long_way = [clocks(0, 1), clocks(0, 900), clocks(0, 2), clocks(0, 800), clocks(0, 700), clocks(0, 3)];
    assert_eq!(feed(&mut ClockOffset::new(&configuration), &long_way), Some(Status::Healthy));
    let off = Some(Status::Degraded { cause: Cause::ClockOff });
    assert_eq!(feed(&mut ClockOffset::new(&configuration), &[clocks(150, 1); 5]), off);
    let ahead = Reading::Clocks { own: at(10_000), peer: at(10_400) };
    assert_eq!(feed(&mut ClockOffset::new(&configuration), &[ahead; 5]), off);

    let mut readiness = Readiness::new(&configuration);
    assert_eq!(feed(&mut readiness, &[Reading::Ready(false); 3]), Some(Status::Failed { cause: Cause::NotReady }));
    let mut queue = QueueDepth::new(&configuration);
    let full = Reading::Queue { depth: 80, limit: 100 };
    assert_eq!(feed(&mut queue, &[full; 3]), Some(Status::Degraded { cause: Cause::Overload }));
    let mut rate = ErrorRate::new(&configuration);
    let half = Reading::Outcomes { ok: 0, errors: 50 };
    assert_eq!(feed(&mut rate, &[half; 2]), Some(Status::Failed { cause: Cause::Errors }));
    let mut latency = Latency::new(&configuration);
    let slow: Vec<_> = (0..14).map(|step| Reading::Latency(ms(if step < 10 { 5 } else { 16 }))).collect();
    assert_eq!(feed(&mut latency, &slow), Some(Status::Degraded { cause: Cause::Slow }));
    let mut peers = PeerComparison::new(&configuration);
    let slower = Reading::Comparison { own: ms(6), others: ms(2), peers: 2 };
    assert_eq!(feed(&mut peers, &[slower; 3]), Some(Status::Degraded { cause: Cause::SlowerThanPeers }));
    let alone = Reading::Comparison { own: ms(6), others: ms(2), peers: 1 };
    assert_eq!(feed(&mut PeerComparison::new(&configuration), &[alone; 9]), None);
    let mut memory = ResourceTrend::new(Resource::Memory, &configuration, &PredictionConfiguration::default());
    let used = |used: u64| Reading::Memory { used: Bytes(used), limit: Bytes(100) };
    assert_eq!(feed(&mut memory, &[used(92); 3]), Some(Status::Degraded { cause: Cause::MemoryPressure }));
    let prediction =
        PredictionConfiguration { window: 16, horizon: Duration::from_secs(5), ..PredictionConfiguration::default() };
    let filling: Vec<_> = (0..16).map(|step| Reading::Queue { depth: 20 + step + step % 3, limit: 50 }).collect();
    let mut trend = ResourceTrend::new(Resource::Queue, &configuration, &prediction);
    assert_eq!(feed(&mut trend, &filling), Some(Status::Degraded { cause: Cause::Overload }));
    let off = PredictionConfiguration { enabled: false, ..prediction };
    assert_eq!(feed(&mut ResourceTrend::new(Resource::Queue, &configuration, &off), &filling), Some(Status::Healthy));
    let stalls = |millis: u64| feed(&mut DiskLatency::new(&configuration), &[Reading::DiskOperation(ms(millis)); 3]);
    assert_eq!(stalls(300), Some(Status::Failed { cause: Cause::SlowDisk }));
    assert_eq!(stalls(299), Some(Status::Healthy), "nothing else is usual for this disk");
}

#[test]
fn a_gray_failure_is_one_only_while_probes_are_answered() {
    let mut check = Differential::new(&CheckConfiguration::default());
    let failing = Reading::Outcomes { ok: 10, errors: 10 };
    for step in 0..4 {
        assert_eq!(check.observe(&failing, at(step * 200)), None, "nothing is known of probes");
    }
    let gray = Some(Status::Failed { cause: Cause::GrayFailure });
    assert_eq!(check.observe(&Reading::Probe { answered: true }, at(900)), gray);
    assert_eq!(check.observe(&Reading::Probe { answered: false }, at(1_000)), Some(Status::Healthy));
}

proptest! {
    #[test]
    fn readings_are_asked_for_at_their_rate_and_spread_by_their_jitter(every in 1u64..500, jitter in 0.0f64..0.5, seed in 0u64..1_000) {
        let mut checks = Checks::new();
        let schedule = Schedule::Pull { what: ReadingKind::Queue, every: Duration::from_millis(every), jitter, first: at(0) };
        checks.register(Registration { name: "even", subject: NODE, schedule, check: Box::new(Even(0)) }, at(0));
        let mut asked: BTreeMap<Subject, Vec<Instant>> = BTreeMap::new();
        for step in 0..200 {
            let now = checks.deadline().unwrap();
            checks.due(now, &mut draw(seed, step), |due| asked.entry(due.subject).or_default().push(now), |_| {});
        }
        for pair in asked[&NODE].windows(2) {
            let gap = (pair[1] - pair[0]).as_millis_f64() / every as f64;
            prop_assert!((1.0 - jitter - 1e-6..=1.0 + jitter + 1e-6).contains(&gap), "{gap}");
        }
    }
}
