use proptest::prelude::*;

use super::*;

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn configuration() -> GuardConfiguration {
    GuardConfiguration::default()
}

fn request(agent: u32) -> Request {
    Request { agent: AgentId(agent), service: ServiceId(0), node: NodeId(agent), zone: 0, destructive: false, isolating: false }
}

const OTHERS: [AgentId; 12] = {
    let mut agents = [AgentId(0); 12];
    let mut next = 0;
    while next < 12 {
        agents[next] = AgentId(100 + next as u32);
        next += 1;
    }
    agents
};

/// A replica that works badly, among `total` of which `healthy` others work well.
fn slow(total: u32, healthy: usize) -> Replicas<'static> {
    Replicas { total, healthy: &OTHERS[..healthy], agent_serves: true }
}

fn dead(total: u32, healthy: usize) -> Replicas<'static> {
    Replicas { agent_serves: false, ..slow(total, healthy) }
}

fn outlook(down: u32, zone_down: u32, believers: u32) -> Outlook {
    let of = |of_them, all| Count { of_them, all };
    Outlook { cluster: of(down, 9), zone: of(zone_down, 3), believers: of(believers, 5) }
}

const CALM: Outlook = Outlook {
    cluster: Count { of_them: 0, all: 9 },
    zone: Count { of_them: 0, all: 3 },
    believers: Count { of_them: 1, all: 1 },
};

#[test]
fn as5_the_table_of_replicas_and_permissions_to_take_one_down() {
    use Refusal::{BlastRadius, LastHealthy};
    for (replicas, expected) in [
        (slow(3, 2), Permission::Granted),
        (slow(3, 1), Permission::Refused(BlastRadius)),
        (slow(3, 0), Permission::Refused(LastHealthy)),
        (slow(1, 0), Permission::Refused(LastHealthy)),
        (slow(2, 1), Permission::Granted),
        (slow(9, 6), Permission::Granted),
        (slow(9, 5), Permission::Refused(BlastRadius)),
        (Replicas { healthy: &[AgentId(0), AgentId(1)], ..slow(2, 0) }, Permission::Granted),
        (Replicas { healthy: &[AgentId(0)], ..slow(2, 0) }, Permission::Refused(LastHealthy)),
        (dead(3, 0), Permission::Granted),
        (dead(1, 0), Permission::Granted),
    ] {
        assert_eq!(Guard::default().ask(&configuration(), request(0), replicas, CALM, at(0)), expected, "{replicas:?}");
    }
}

#[test]
fn as_s4_the_replicas_of_a_slow_service_are_not_all_taken_down_and_they_are_with_the_guard_off() {
    let granted = |configuration: &GuardConfiguration| {
        let mut guard = Guard::default();
        // Nobody has noticed yet that the ones before are down.
        let healthy: Vec<_> = (0..9).map(AgentId).collect();
        let all = Replicas { total: 9, healthy: &healthy, agent_serves: true };
        (0..9).filter(|agent| guard.ask(configuration, request(*agent), all, CALM, at(0)) == Permission::Granted).count()
    };
    assert_eq!(granted(&configuration()), 3);
    assert_eq!(granted(&GuardConfiguration { enabled: false, ..configuration() }), 9);
}

#[test]
fn nothing_destructive_is_done_while_most_of_the_cluster_looks_down() {
    let mut guard = Guard::default();
    let moving = Request { destructive: true, ..request(0) };
    assert_eq!(guard.ask(&configuration(), moving, dead(3, 2), outlook(5, 1, 5), at(0)), Permission::Refused(Refusal::CutOff));
    assert_eq!(guard.ask(&configuration(), request(0), dead(3, 2), outlook(5, 1, 5), at(0)), Permission::Granted);
    let moving = Request { destructive: true, ..request(1) };
    assert_eq!(guard.ask(&configuration(), moving, dead(3, 2), outlook(4, 1, 1), at(0)), Permission::Granted);
}

#[test]
fn a_zone_that_looks_down_is_left_and_an_agent_isolated_only_by_quorum() {
    let moving = Request { destructive: true, ..request(0) };
    let isolating = Request { isolating: true, ..moving };
    for (request, outlook, expected) in [
        (moving, outlook(3, 3, 2), Permission::Refused(Refusal::NoQuorum)),
        (moving, outlook(3, 3, 3), Permission::Granted),
        (isolating, outlook(0, 0, 2), Permission::Refused(Refusal::NoQuorum)),
        (isolating, outlook(0, 0, 3), Permission::Granted),
    ] {
        assert_eq!(Guard::default().ask(&configuration(), request, dead(3, 2), outlook, at(0)), expected, "{outlook:?}");
    }
}

#[test]
fn a_recovery_is_under_way_until_it_ends_or_is_lost() {
    let mut guard = Guard::default();
    let ask = |guard: &mut Guard, millis| guard.ask(&configuration(), request(0), dead(3, 2), CALM, at(millis));
    assert_eq!(ask(&mut guard, 0), Permission::Granted);
    assert_eq!(ask(&mut guard, 1), Permission::Refused(Refusal::UnderWay));
    guard.ended(AgentId(0));
    assert_eq!(ask(&mut guard, 2), Permission::Granted);
    assert_eq!(ask(&mut guard, 120_001), Permission::Refused(Refusal::UnderWay));
    assert_eq!(ask(&mut guard, 120_002), Permission::Granted);
    assert_eq!(guard.refusals(), 2);
}

#[test]
fn an_empty_budget_says_when_there_is_a_token_again() {
    let configuration = GuardConfiguration { zone_burst: 2, ..configuration() };
    let mut guard = Guard::default();
    let mut ask = |agent, millis| guard.ask(&configuration, request(agent), dead(9, 0), CALM, at(millis));
    assert_eq!([ask(0, 0), ask(1, 1000)], [Permission::Granted; 2]);
    assert_eq!(ask(2, 2000), Permission::Refused(Refusal::ZoneBudget(at(3000))));
    assert_eq!(ask(2, 3000), Permission::Granted);
    assert_eq!(ask(3, 3000), Permission::Refused(Refusal::ZoneBudget(at(6000))));
}

proptest! {
    #[test]
    fn never_more_than_the_share_is_down_on_purpose_and_a_healthy_one_remains(
        total in 1u32..12, share in 0.0f64..=1.0, asks in prop::collection::vec((0u32..12, any::<bool>(), 0u64..5_000), 1..60),
    ) {
        let configuration = GuardConfiguration { share, ..configuration() };
        let (mut guard, mut now) = (Guard::default(), 0);
        // What the guard took down on purpose, kept here apart from the guard's own book.
        let mut down = Vec::new();
        for (agent, ends, later) in asks {
            now += later;
            let agent = agent % total;
            if down.contains(&agent) {
                if ends {
                    guard.ended(AgentId(agent));
                    down.retain(|other| *other != agent);
                }
                continue;
            }
            // The asking node is late: it takes all for healthy.
            let healthy: Vec<_> = (0..total).map(AgentId).collect();
            let replicas = Replicas { total, healthy: &healthy, agent_serves: true };
            if guard.ask(&configuration, request(agent), replicas, CALM, at(now)) == Permission::Granted {
                down.push(agent);
            }
            let most = ((f64::from(total) * share) as usize).max(1);
            // `recovery_timeout` is longer than two asks apart; a lost end is another test.
            if now < 120_000 {
                prop_assert!(down.len() <= most && down.len() < total as usize, "{:?} of {}", down, total);
            }
        }
    }

    #[test]
    fn a_node_never_has_more_recoveries_than_its_bucket_gives(
        burst in 1u32..6, refill in 100u64..3_000, asks in prop::collection::vec(0u64..1_000, 1..80),
    ) {
        let configuration = GuardConfiguration {
            node_burst: burst, node_refill: Duration::from_millis(refill), zone_burst: 1000, ..configuration()
        };
        let (mut guard, mut now, mut granted) = (Guard::default(), 0, Vec::new());
        for (agent, later) in asks.into_iter().enumerate() {
            now += later;
            let request = Request { node: NodeId(0), ..request(agent as u32) };
            if guard.ask(&configuration, request, dead(99, 0), CALM, at(now)) == Permission::Granted {
                granted.push(now);
            }
        }
        for (position, begin) in granted.iter().enumerate() {
            for (count, end) in granted[position..].iter().enumerate() {
                prop_assert!((count as u64) < u64::from(burst) + (end - begin) / refill + 1);
            }
        }
        prop_assert!(!granted.is_empty());
    }
}
