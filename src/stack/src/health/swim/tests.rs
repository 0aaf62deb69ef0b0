use hms_machine::{Message, NodeId, Seed, Streams};

use super::*;
use crate::tunables::{Tunable, Value, Visitor};

/// A member with its clock and its randomness.
struct Bench {
    swim: Swim,
    now: hms_machine::Instant,
    inputs: u64,
}

const STREAMS: Streams = Streams::new(Seed(5));

impl Bench {
    fn new(configuration: SwimConfiguration, id: u32) -> Self {
        let (group, now) = (Group { id: NodeId(id), nodes: 5, edges: 1 }, hms_machine::Instant::ZERO);
        let mut outputs = Vec::new();
        let draw = &mut STREAMS.draw(DRAWS, u64::from(id), 0);
        let turn = &mut Turn { now, draw, outputs: &mut outputs };
        Bench { swim: Swim::start(&configuration, group, 1, Facts::default(), turn), now, inputs: 0 }
    }

    /// Member 0 of five that has just begun a probe; also its target and the sequence.
    fn probing(configuration: SwimConfiguration) -> (Self, NodeId, u32) {
        let mut bench = Bench::new(configuration, 0);
        loop {
            let outputs = bench.wake();
            if let Some((to, sequence)) = pings(&outputs).first().copied() {
                return (bench, to, sequence);
            }
        }
    }

    fn turn<T>(&mut self, act: impl FnOnce(&mut Swim, &mut Turn<'_>) -> T) -> Vec<Output> {
        self.inputs += 1;
        let mut outputs = Vec::new();
        let draw = &mut STREAMS.draw(DRAWS, 99, self.inputs);
        act(&mut self.swim, &mut Turn { now: self.now, draw, outputs: &mut outputs });
        outputs
    }

    /// Goes to the deadline and delivers it, `late`.
    fn wake_late(&mut self, late: Duration) -> Vec<Output> {
        self.now = self.swim.deadline().unwrap().max(self.now) + late;
        self.turn(|swim, turn| swim.wake(turn))
    }

    fn wake(&mut self) -> Vec<Output> {
        self.wake_late(Duration::ZERO)
    }

    fn hear(&mut self, from: u32, message: SwimMessage) -> Vec<Output> {
        self.turn(|swim, turn| swim.heard(NodeId(from), &message, turn))
    }

    fn told(&mut self, node: u32, incarnation: u64, claim: Claim) -> Vec<Output> {
        let updates = vec![Update { node: NodeId(node), incarnation, claim }];
        self.hear(1, SwimMessage::Gossip { updates })
    }

    /// Wakes until the probe has failed.
    fn fail(&mut self) {
        while self.swim.suspects() == 0 {
            self.wake();
        }
    }
}

impl Swim {
    fn suspects(&self) -> usize {
        (0..5).filter(|node| self.standing(NodeId(*node)) != Standing::Alive).count()
    }
}

fn pings(outputs: &[Output]) -> Vec<(NodeId, u32)> {
    let ping = |output: &Output| match output {
        Output::Send { to, message: SwimMessage::Ping { sequence, .. } } => Some((*to, *sequence)),
        Output::Send { .. } | Output::Believes { .. } | Output::Learnt { .. } => None,
    };
    outputs.iter().filter_map(ping).collect()
}

fn plain() -> SwimConfiguration {
    SwimConfiguration { lifeguard: false, ..SwimConfiguration::default() }
}

const NOTHING: Facts = Facts { version: 0, ready: 0 };

#[test]
fn a_probe_meets_every_input_in_every_state() {
    let mut table = String::new();
    for stage in ["direct", "indirect", "resting"] {
        for input in ["ack", "late ack", "nack", "late nack", "time-out"] {
            let (mut bench, _, sequence) = Bench::probing(SwimConfiguration::default());
            match stage {
                "direct" => {}
                "indirect" => {
                    while !format!("{:?}", bench.swim.probe).starts_with("Indirect") {
                        bench.wake();
                    }
                }
                _ => {
                    bench.hear(1, SwimMessage::Ack { sequence, updates: Vec::new() });
                }
            }
            match input {
                "ack" => bench.hear(1, SwimMessage::Ack { sequence, updates: Vec::new() }),
                "late ack" => bench.hear(1, SwimMessage::Ack { sequence: sequence - 1, updates: Vec::new() }),
                "nack" => bench.hear(1, SwimMessage::Nack { sequence }),
                "late nack" => bench.hear(1, SwimMessage::Nack { sequence: sequence - 1 }),
                _ => {
                    bench.now = bench.swim.probe.deadline();
                    bench.turn(|swim, turn| swim.probe_on(turn))
                }
            };
            let shown = format!("{:?}", bench.swim.probe);
            let after = shown.split(' ').next().unwrap();
            let nacks = shown.split("nacks: ").nth(1).map_or(String::new(), |rest| format!(", nacks {}", &rest[..1]));
            table +=
                &format!("{stage} {input}: {after}{nacks}, health {}, suspects {}\n", bench.swim.health(), bench.swim.suspects());
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_silent_target_is_asked_for_through_others_and_then_suspected_and_confirmed() {
    let (mut bench, target, sequence) = Bench::probing(SwimConfiguration::default());
    let mut asked = Vec::new();
    while asked.is_empty() {
        asked = bench.wake();
        asked.retain(|output| matches!(output, Output::Send { message: SwimMessage::IndirectPing { .. }, .. }));
    }
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(
        |output| matches!(output, Output::Send { to, message: SwimMessage::IndirectPing { target: about, sequence: named, .. } }
        if *to != target && *about == target && *named == sequence)
    ));
    bench.fail();
    assert_eq!(bench.swim.standing(target), Standing::Suspected);
    let suspected = bench.now;
    let others: Vec<u32> = (1..5).filter(|node| NodeId(*node) != target).collect();
    for by in others {
        bench.told(target.0, 1, Claim::Suspected { by: NodeId(by) });
    }
    while bench.swim.standing(target) == Standing::Suspected {
        let outputs = bench.wake();
        // Everybody else answers.
        for (to, sequence) in pings(&outputs).into_iter().filter(|(to, _)| *to != target) {
            bench.hear(to.0, SwimMessage::Ack { sequence, updates: Vec::new() });
        }
    }
    assert_eq!(bench.now.saturating_since(suspected), SwimConfiguration::default().suspicion_floor);
}

#[test]
fn nacks_show_whose_fault_a_failed_probe_is_and_plain_swim_blames_nobody() {
    let health = |configuration, nacks| {
        let (mut bench, _, sequence) = Bench::probing(configuration);
        let mut told = false;
        while bench.swim.suspects() == 0 {
            bench.wake();
            if !told && format!("{:?}", bench.swim.probe).starts_with("Indirect") {
                (0..nacks).for_each(|helper| drop(bench.hear(helper, SwimMessage::Nack { sequence })));
                told = true;
            }
        }
        bench.swim.health()
    };
    assert_eq!(health(SwimConfiguration::default(), 3), 0, "five members have three helpers");
    assert_eq!(health(SwimConfiguration::default(), 1), 2);
    assert_eq!(health(SwimConfiguration { nack: false, ..SwimConfiguration::default() }, 3), 1);
    assert_eq!(health(SwimConfiguration { local_health: false, ..SwimConfiguration::default() }, 0), 0);
    assert_eq!(health(plain(), 0), 0);
}

#[test]
fn an_accused_member_objects_with_a_later_incarnation() {
    for (claim, incarnation, raised) in [
        (Claim::Suspected { by: NodeId(2) }, 1, 2),
        (Claim::Confirmed { by: NodeId(2) }, 7, 8),
        (Claim::Suspected { by: NodeId(2) }, 0, 1),
        (Claim::Alive(NOTHING), 1, 1),
        (Claim::Alive(Facts { version: 9, ready: 0 }), 1, 2),
        (Claim::Alive(NOTHING), 4, 5),
    ] {
        let mut bench = Bench::new(SwimConfiguration::default(), 0);
        bench.told(0, incarnation, claim);
        assert_eq!(bench.swim.incarnation(), raised, "{claim:?}");
        let accused = raised > 1 && claim.standing() != Standing::Alive;
        assert_eq!(bench.swim.health(), u32::from(accused), "{claim:?}");
        let answer = bench.hear(1, SwimMessage::Ping { sequence: 1, updates: Vec::new() });
        let own = Update { node: NodeId(0), incarnation: raised, claim: Claim::Alive(NOTHING) };
        assert_eq!(answer, [Output::Send { to: NodeId(1), message: SwimMessage::Ack { sequence: 1, updates: vec![own] } }]);
    }
}

#[test]
fn a_suspect_is_told_by_those_who_speak_to_it_and_not_without_the_buddy_system() {
    let told = |configuration, claim: Claim| {
        let mut bench = Bench::new(configuration, 0);
        bench.told(3, 1, claim);
        // The news itself is exhausted.
        while !bench.swim.broadcasts.is_empty() {
            bench.hear(2, SwimMessage::Ping { sequence: 1, updates: Vec::new() });
        }
        let answer = bench.hear(3, SwimMessage::Ping { sequence: 2, updates: Vec::new() });
        matches!(&answer[..], [Output::Send { message: SwimMessage::Ack { updates, .. }, .. }] if updates.len() == 1)
    };
    let (suspected, confirmed) = (Claim::Suspected { by: NodeId(2) }, Claim::Confirmed { by: NodeId(2) });
    assert!(told(SwimConfiguration::default(), suspected) && told(SwimConfiguration::default(), confirmed));
    assert!(!told(plain(), suspected) && told(plain(), confirmed));
}

#[test]
fn a_helper_passes_on_the_answer_and_says_in_time_that_there_is_none() {
    let mut bench = Bench::new(SwimConfiguration::default(), 0);
    let asked = bench.hear(1, SwimMessage::IndirectPing { sequence: 77, target: NodeId(2), updates: Vec::new() });
    let [(NodeId(2), sequence)] = pings(&asked)[..] else { panic!("{asked:?}") };
    let nack = Output::Send { to: NodeId(1), message: SwimMessage::Nack { sequence: 77 } };
    bench.now += ms(16);
    assert!(bench.turn(|swim, turn| swim.forward_nacks(turn)).contains(&nack));
    assert!(bench.turn(|swim, turn| swim.forward_nacks(turn)).is_empty());
    let answered = bench.hear(2, SwimMessage::Ack { sequence, updates: Vec::new() });
    assert!(matches!(&answered[..], [Output::Send { to: NodeId(1), message: SwimMessage::Ack { sequence: 77, .. } }]));
    assert!(bench.hear(2, SwimMessage::Ack { sequence, updates: Vec::new() }).is_empty());
}

#[test]
fn a_member_that_was_stopped_does_not_blame_others_and_with_the_guard_off_it_does() {
    let blamed = |pause_guard: bool| {
        let (mut bench, target, sequence) = Bench::probing(SwimConfiguration { pause_guard, ..SwimConfiguration::default() });
        bench.wake_late(secs(5));
        while bench.swim.deadline().unwrap() <= bench.now {
            bench.wake();
        }
        // Now it comes to read its inbox.
        bench.hear(target.0, SwimMessage::Ack { sequence, updates: Vec::new() });
        bench.swim.suspects()
    };
    assert_eq!((blamed(true), blamed(false)), (0, 1));
    // A suspect keeps its time to object.
    let confirmed = |pause_guard: bool| {
        let mut bench = Bench::new(SwimConfiguration { pause_guard, ..plain() }, 0);
        bench.told(3, 1, Claim::Suspected { by: NodeId(2) });
        bench.wake_late(secs(5));
        bench.swim.standing(NodeId(3)) == Standing::Confirmed
    };
    assert_eq!((confirmed(true), confirmed(false)), (false, true));
}

#[test]
fn facts_spread_with_claims_of_being_alive() {
    let facts = Facts { version: 3, ready: 0b101 };
    let mut teller = Bench::new(SwimConfiguration::default(), 1);
    let now = teller.now;
    teller.swim.tell(facts, now);
    teller.swim.tell(facts, now);
    assert_eq!(teller.swim.incarnation(), 2);
    let mut listener = Bench::new(SwimConfiguration::default(), 0);
    let answer = teller.hear(0, SwimMessage::Ping { sequence: 1, updates: Vec::new() });
    let [Output::Send { message, .. }] = &answer[..] else { panic!("{answer:?}") };
    let learnt = listener.hear(1, message.clone());
    assert!(learnt.contains(&Output::Learnt { node: NodeId(1), facts }));
    assert_eq!((listener.swim.facts(NodeId(1)), teller.swim.facts(NodeId(1))), (facts, facts));
}

#[test]
fn hearsay_makes_a_living_member_a_suspect_only() {
    let standing = |known: bool| {
        let mut bench = Bench::new(SwimConfiguration::default(), 0);
        if known {
            bench.told(3, 4, Claim::Alive(NOTHING));
        }
        let updates = vec![Update { node: NodeId(3), incarnation: 4, claim: Claim::Confirmed { by: NodeId(2) } }];
        bench.hear(2, SwimMessage::Sync { updates, want: Want::Nothing });
        bench.swim.standing(NodeId(3))
    };
    assert_eq!((standing(true), standing(false)), (Standing::Suspected, Standing::Confirmed));
}

#[test]
fn an_observer_is_never_the_subject_and_never_probes() {
    let mut bench = Bench::new(SwimConfiguration::default(), 5);
    for _ in 0..50 {
        assert_eq!(pings(&bench.wake()), []);
    }
    bench.told(5, 9, Claim::Confirmed { by: NodeId(2) });
    assert_eq!((bench.swim.incarnation(), bench.swim.standing(NodeId(5))), (1, Standing::Alive));
    bench.told(2, 9, Claim::Confirmed { by: NodeId(1) });
    assert_eq!(bench.swim.standing(NodeId(2)), Standing::Confirmed);
}

#[test]
fn a_whole_table_comes_in_messages_that_fit_a_packet() {
    let group = Group { id: NodeId(0), nodes: 300, edges: 0 };
    let mut outputs = Vec::new();
    let mut draw = STREAMS.draw(DRAWS, 0, 0);
    let turn = &mut Turn { now: hms_machine::Instant::ZERO, draw: &mut draw, outputs: &mut outputs };
    let mut swim = Swim::start(&SwimConfiguration::default(), group, 1, NOTHING, turn);
    for node in 1..300 {
        swim.believe(NodeId(node), 3, Claim::Alive(NOTHING), turn);
    }
    turn.outputs.clear();
    swim.heard(NodeId(7), &SwimMessage::Sync { updates: Vec::new(), want: Want::Everything }, turn);
    swim.heard(NodeId(7), &SwimMessage::Ping { sequence: 1, updates: Vec::new() }, turn);
    let mut told = vec![false; 300];
    for output in &outputs {
        let Output::Send { message, .. } = output else { panic!("{output:?}") };
        assert!(message.bytes().0 <= 1_428 && message.bytes().0 > 300, "{}", message.bytes());
        if let SwimMessage::Sync { updates, .. } = message {
            updates.iter().for_each(|update| told[update.node.index()] = true);
        }
    }
    assert_eq!((outputs.len(), told.iter().filter(|told| **told).count()), (7, 299));
}

#[test]
fn presets_lie_in_the_ranges_and_have_no_conflicts() {
    struct Check(u32);
    impl Visitor for Check {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            assert!(tunable.admits(*value), "{} {value:?}", tunable.name);
            self.0 += 1;
        }
    }
    for (_, mut preset) in PRESETS {
        let mut check = Check(0);
        preset.walk(&mut check);
        assert!(check.0 > 15);
        assert_eq!(preset.conflicts(), []);
    }
    let hasty = SwimConfiguration { probe_timeout: ms(60), ..SwimConfiguration::default() };
    assert_eq!(hasty.conflicts()[0].names, ["swim.probe_timeout", "swim.probe_every"]);
}

/// memberlist-lan among 100: 4 × 2 × 1 s to 6 times as much.
#[test]
fn the_time_to_object_grows_with_the_logarithm_of_the_members_and_not_below_the_floor() {
    let lan = PRESETS[0].1;
    assert_eq!(lan.bounds(100), Bounds { min: secs(8), max: secs(48) });
    assert_eq!(lan.bounds(5), Bounds { min: secs(4), max: secs(24) });
    assert_eq!(SwimConfiguration { lifeguard: false, ..lan }.bounds(100), Bounds { min: secs(8), max: secs(8) });
    assert_eq!(SwimConfiguration::default().bounds(10), Bounds { min: ms(600), max: ms(3_600) });
    assert_eq!([3, 4, 5].map(|nodes| SwimConfiguration::default().expected(nodes)), [0, 0, 3]);
    assert_eq!(plain().expected(100), 0);
}
