//! What receivers are told, and that they end up knowing what is true.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use hms_machine::{AgentId, AgentPlace, Bytes, Directory, Duration, Instant, NodeId, NodePlace, ServiceId, ServicePlace};
use proptest::prelude::*;

use super::*;
use crate::health::checks::{
    Cause, Check, CheckConfiguration, Checks, Liveness, Reading, Registration, Schedule, Severity, Subject,
};

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// Agent k stands on node k / 2, node k in zone k / 2.
fn directory(agents: u32) -> Directory {
    let nodes =
        (0..agents.div_ceil(2)).map(|node| NodePlace { region: 0, zone: node / 2, edge: false, memory: Bytes::ZERO }).collect();
    let places = (0..agents).map(|agent| AgentPlace { service: ServiceId(0), node: NodeId(agent / 2) }).collect();
    Directory::new(nodes, places, vec![ServicePlace::default()])
}

fn signal(subject: Subject, severity: Severity, source: u32) -> Signal {
    Signal {
        fingerprint: Fingerprint { subject, cause: Cause::Unresponsive },
        severity,
        labels: Labels::of(subject, &directory(2_000)),
        source: Source { node: NodeId(source), check: "liveness" },
    }
}

fn agent(id: u32) -> Subject {
    Subject::Agent(AgentId(id))
}

fn node(id: u32) -> Subject {
    Subject::Node(NodeId(id))
}

fn raise(alerts: &mut Alerts, subject: Subject, now: Instant) {
    alerts.raise(signal(subject, Severity::Critical, 9), now);
}

fn resolve(alerts: &mut Alerts, subject: Subject, now: Instant) {
    let Signal { fingerprint, source, .. } = signal(subject, Severity::Critical, 9);
    alerts.resolve(fingerprint, source, now);
}

/// Follows the deadlines up to `until`.
fn told(alerts: &mut Alerts, until: Instant) -> Vec<(Instant, Notification)> {
    let mut all = Vec::new();
    while let Some(now) = alerts.deadline().filter(|due| *due <= until) {
        alerts.flush(now, |notification| all.push((now, notification)));
        assert!(alerts.deadline().is_none_or(|due| due > now), "due again at once");
    }
    all
}

/// Who was told of whom, and when: `+` fires, `-` has ended.
fn shown(told: &[(Instant, Notification)]) -> String {
    let mut text = String::new();
    for (now, Notification { receiver, firing, resolved, withheld, .. }) in told {
        write!(text, "{now} {receiver:?}").unwrap();
        for (sign, alerts) in [("+", firing), ("-", resolved)] {
            for alert in alerts {
                write!(text, " {sign}{:?}/{:?}", alert.fingerprint.subject, alert.severity).unwrap();
            }
        }
        writeln!(text, "{}", if *withheld > 0 { format!(" ({withheld} withheld)") } else { String::new() }).unwrap();
    }
    text
}

#[test]
fn a_receiver_of_each_kind_is_told_in_its_time() {
    let mut alerts = Alerts::new(&AlertConfiguration::default());
    raise(&mut alerts, agent(0), at(0));
    raise(&mut alerts, agent(1), at(300));
    raise(&mut alerts, Subject::Peer(AgentId(7)), at(400));
    raise(&mut alerts, Subject::Service(ServiceId(0)), at(500));
    let mut all = told(&mut alerts, at(5_000));
    resolve(&mut alerts, agent(0), at(6_000));
    raise(&mut alerts, node(4), at(6_500));
    all.extend(told(&mut alerts, at(60_000)));
    insta::assert_snapshot!(shown(&all), @r"
    0ns Supervisor +Agent(AgentId(0))/Critical
    300ms Supervisor +Agent(AgentId(1))/Critical
    400ms Breaker +Peer(AgentId(7))/Critical
    1s Operator +Agent(AgentId(0))/Critical +Agent(AgentId(1))/Critical
    1.4s Operator +Peer(AgentId(7))/Critical
    1.5s Operator +Service(ServiceId(0))/Critical
    6s Supervisor -Agent(AgentId(0))/Critical
    6.5s Supervisor +Node(NodeId(4))/Critical
    7.5s Operator +Node(NodeId(4))/Critical
    11s Operator -Agent(AgentId(0))/Critical
    ");
}

#[test]
fn the_same_from_many_sources_is_one_alert_that_ends_with_the_last() {
    let mut alerts = Alerts::new(&AlertConfiguration::default());
    for source in 0..5 {
        alerts.raise(signal(node(3), Severity::Warning, source), at(0));
    }
    assert_eq!(told(&mut alerts, at(2_000)).len(), 2, "supervisor and operator");
    for source in 0..4 {
        let Signal { fingerprint, source, .. } = signal(node(3), Severity::Warning, source);
        alerts.resolve(fingerprint, source, at(3_000));
    }
    assert_eq!(told(&mut alerts, at(20_000)), []);
    let Signal { fingerprint, source, .. } = signal(node(3), Severity::Warning, 4);
    alerts.resolve(fingerprint, source, at(21_000));
    assert_eq!(told(&mut alerts, at(40_000)).len(), 2);
    let counts = alerts.counts();
    assert_eq!((counts.raised, counts.duplicates, counts.told, counts.resolved), (1, 4, 2, 2));
}

#[test]
fn a_failed_node_keeps_its_agents_quiet_until_it_is_well_and_not_with_inhibition_off() {
    let about = |all: &[(Instant, Notification)]| -> BTreeSet<Subject> {
        all.iter().flat_map(|(_, told)| &told.firing).map(|alert| alert.fingerprint.subject).collect()
    };
    for (inhibition, expected) in [(true, vec![node(3)]), (false, vec![agent(6), Subject::Peer(AgentId(7)), node(3)])] {
        let mut alerts = Alerts::new(&AlertConfiguration { inhibition, ..AlertConfiguration::default() });
        for subject in [node(3), agent(6), Subject::Peer(AgentId(7))] {
            raise(&mut alerts, subject, at(0));
        }
        assert_eq!(about(&told(&mut alerts, at(30_000))), expected.into_iter().collect());
        assert_eq!(alerts.counts().inhibited > 0, inhibition);
        resolve(&mut alerts, node(3), at(31_000));
        let later = about(&told(&mut alerts, at(60_000)));
        assert_eq!(later.contains(&agent(6)), inhibition, "it still fires, and nobody was told");
    }
}

#[test]
fn a_failed_zone_keeps_its_nodes_and_their_agents_quiet_and_no_others() {
    let mut alerts = Alerts::new(&AlertConfiguration::default());
    for subject in [Subject::Zone(1), node(2), node(3), agent(4), node(0)] {
        raise(&mut alerts, subject, at(0));
    }
    let about: BTreeSet<_> = told(&mut alerts, at(9_000))
        .into_iter()
        .flat_map(|(_, told)| told.firing)
        .collect::<Vec<_>>()
        .into_iter()
        .map(|alert| alert.fingerprint.subject)
        .collect();
    assert_eq!(about, BTreeSet::from([node(0), Subject::Zone(1)]));
}

#[test]
fn a_silence_keeps_quiet_for_its_time_and_what_it_names() {
    let mut alerts = Alerts::new(&AlertConfiguration::default());
    let matches = Matcher { labels: Labels { node: Some(NodeId(0)), ..Labels::default() }, ..Matcher::default() };
    alerts.silence(Silence { matches, from: at(0), until: at(5_000) });
    raise(&mut alerts, agent(0), at(100));
    raise(&mut alerts, agent(2), at(100));
    let early = told(&mut alerts, at(4_999));
    assert!(
        early.iter().flat_map(|(_, told)| &told.firing).all(|alert| alert.fingerprint.subject == agent(2)) && early.len() == 2
    );
    let late = told(&mut alerts, at(30_000));
    assert_eq!(late.len(), 2, "{}", shown(&late));
    assert_eq!(late[0].0, at(5_000));
    assert!(alerts.counts().silenced > 0);
}

#[test]
fn what_lasts_is_told_again_and_what_gets_worse_at_once() {
    let configuration = AlertConfiguration { repeat_interval: Duration::from_secs(60), ..AlertConfiguration::default() };
    let mut alerts = Alerts::new(&configuration);
    alerts.raise(signal(agent(0), Severity::Warning, 9), at(0));
    let mut all = told(&mut alerts, at(30_000));
    alerts.raise(signal(agent(0), Severity::Critical, 8), at(31_000));
    all.extend(told(&mut alerts, at(95_000)));
    insta::assert_snapshot!(shown(&all), @r"
    0ns Supervisor +Agent(AgentId(0))/Warning
    1s Operator +Agent(AgentId(0))/Warning
    31s Supervisor +Agent(AgentId(0))/Critical
    31s Operator +Agent(AgentId(0))/Critical
    1.517min Supervisor +Agent(AgentId(0))/Critical
    1.517min Operator +Agent(AgentId(0))/Critical
    ");
}

#[test]
fn what_came_and_went_before_anyone_was_told_is_counted() {
    let mut alerts = Alerts::new(&AlertConfiguration::default());
    raise(&mut alerts, Subject::Service(ServiceId(0)), at(0));
    resolve(&mut alerts, Subject::Service(ServiceId(0)), at(500));
    assert_eq!(told(&mut alerts, at(9_000)), []);
    assert_eq!(alerts.counts().passed, 1);
}

#[test]
fn changes_of_checks_begin_and_end_alerts() {
    let (mut alerts, mut checks) = (Alerts::new(&AlertConfiguration::default()), Checks::new());
    let check: Box<dyn Check> = Box::new(Liveness::new(&CheckConfiguration::default()));
    let registration = Registration { name: "liveness", subject: agent(5), schedule: Schedule::Push { silence: None }, check };
    checks.register(registration, at(0));
    let mut all = Vec::new();
    for step in 0..30 {
        let now = at(200 * step);
        let labels = Labels::of(agent(5), &directory(10));
        let reading = Reading::Probe { answered: !(5..15).contains(&step) };
        checks.report(agent(5), &reading, now, |change| alerts.change(&change, NodeId(2), labels, now));
        all.extend(told(&mut alerts, now));
    }
    all.extend(told(&mut alerts, at(60_000)));
    insta::assert_snapshot!(shown(&all), @r"
    1.4s Supervisor +Agent(AgentId(5))/Critical
    2.4s Operator +Agent(AgentId(5))/Critical
    3.4s Supervisor -Agent(AgentId(5))/Critical
    12.4s Operator -Agent(AgentId(5))/Critical
    ");
}

#[test]
fn with_alerts_off_nobody_is_told() {
    let mut alerts = Alerts::new(&AlertConfiguration { enabled: false, ..AlertConfiguration::default() });
    raise(&mut alerts, agent(0), at(0));
    assert_eq!((alerts.deadline(), alerts.counts()), (None, Counts::default()));
}

#[test]
fn in_a_storm_every_receiver_is_told_at_its_rate_and_of_everything_in_the_end() {
    let configuration = AlertConfiguration { rate_max: 20, ..AlertConfiguration::default() };
    let mut alerts = Alerts::new(&configuration);
    for id in 0..1_000 {
        raise(&mut alerts, agent(id), at(0));
    }
    let all = told(&mut alerts, at(120_000));
    let mut by_second: BTreeMap<(Receiver, u64), u32> = BTreeMap::new();
    let mut known: BTreeMap<Receiver, BTreeSet<Subject>> = BTreeMap::new();
    for (now, told) in &all {
        *by_second.entry((told.receiver, now.as_nanos() / 1_000_000_000)).or_default() += 1;
        known.entry(told.receiver).or_default().extend(told.firing.iter().map(|alert| alert.fingerprint.subject));
    }
    assert!(by_second.values().all(|told| *told <= 20), "{by_second:?}");
    assert_eq!(known[&Receiver::Supervisor].len(), 1_000);
    assert_eq!(known[&Receiver::Operator].len(), 1_000);
    let counts = alerts.counts();
    assert!(counts.withheld > 0);
    assert_eq!(all.iter().map(|(_, told)| told.withheld).sum::<u64>(), counts.withheld, "every wait is told of");
}

#[test]
fn a_branch_that_says_onward_lets_others_hear_too() {
    let root = Route::standard(&AlertConfiguration::default());
    let mut table = String::new();
    for subject in [agent(0), Subject::Peer(AgentId(0)), node(0), Subject::Service(ServiceId(0)), Subject::Cluster] {
        let Signal { fingerprint, severity, labels, .. } = signal(subject, Severity::Warning, 0);
        let alert = Alert { fingerprint, severity, labels, since: at(0) };
        write!(table, "{subject:?}:").unwrap();
        root.walk(&alert, &mut |number, route| write!(table, " {number} {:?}", route.receiver).unwrap());
        table.push('\n');
    }
    insta::assert_snapshot!(table, @r"
    Agent(AgentId(0)): 1 Supervisor 4 Operator
    Peer(AgentId(0)): 3 Breaker 4 Operator
    Node(NodeId(0)): 2 Supervisor 4 Operator
    Service(ServiceId(0)): 4 Operator
    Cluster: 4 Operator
    ");
}

#[test]
fn repeating_no_more_often_than_grouping_is_a_rule() {
    let mut configuration = AlertConfiguration::default();
    assert_eq!(configuration.conflicts(), []);
    configuration.group_interval = Duration::from_secs(7_200);
    assert_eq!(configuration.conflicts()[0].names, ["alerts.repeat_interval", "alerts.group_interval"]);
}

proptest! {
    #[test]
    fn in_the_end_every_receiver_believes_what_is_true(
        steps in prop::collection::vec((0u32..12, 0u32..3, any::<bool>(), any::<bool>(), 0u64..900), 1..80),
        rate_max in 1u32..5,
        inhibition in any::<bool>(),
    ) {
        let configuration =
            AlertConfiguration { rate_max, inhibition, repeat_interval: Duration::from_secs(10_000), ..AlertConfiguration::default() };
        let mut alerts = Alerts::new(&configuration);
        let mut believed: BTreeMap<Receiver, BTreeSet<Subject>> = BTreeMap::new();
        let mut hear = |all: Vec<(Instant, Notification)>| {
            for (_, Notification { receiver, firing, resolved, .. }) in all {
                let known = believed.entry(receiver).or_default();
                known.extend(firing.iter().map(|alert| alert.fingerprint.subject));
                for alert in resolved {
                    known.remove(&alert.fingerprint.subject);
                }
            }
            believed.clone()
        };
        let subject = |id: u32| if id < 8 { agent(id) } else { node(id - 8) };
        let mut now = 0;
        for (id, source, raised, critical, pause) in steps {
            now += pause;
            hear(told(&mut alerts, at(now)));
            let severity = if critical { Severity::Critical } else { Severity::Warning };
            let signal = signal(subject(id), severity, source);
            if raised { alerts.raise(signal, at(now)) } else { alerts.resolve(signal.fingerprint, signal.source, at(now)) }
        }
        // Nodes are well in the end, so that nothing is kept quiet for ever.
        for (id, source) in (8..12).flat_map(|id| (0..3).map(move |source| (id, source))) {
            let signal = signal(subject(id), Severity::Warning, source);
            alerts.resolve(signal.fingerprint, signal.source, at(now));
        }
        let believed = hear(told(&mut alerts, at(now + 1_000_000)));
        let truth: BTreeSet<Subject> = alerts.firing().map(|alert| alert.fingerprint.subject).collect();
        for receiver in [Receiver::Supervisor, Receiver::Operator] {
            prop_assert_eq!(&believed.get(&receiver).cloned().unwrap_or_default(), &truth, "{:?}", receiver);
        }
    }
}
