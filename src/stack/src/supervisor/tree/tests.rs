use proptest::prelude::*;

use hms_machine::{Purpose, Seed, Streams};

use super::Strategy;
use super::*;

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn worker(name: &str) -> ChildSpec {
    let (restart, shutdown) = (Restart::Permanent, Shutdown::Within(Duration::from_secs(5)));
    ChildSpec { name: name.to_owned(), restart, shutdown, depends_on: Vec::new(), kind: ChildKind::Worker }
}

fn supervisor(strategy: Strategy, intensity: u32, children: Vec<ChildSpec>) -> SupervisorSpec {
    let period = Duration::from_secs(5);
    SupervisorSpec { strategy, intensity, period, backoff: BackoffRule::NONE, starts: Starts::InTurn, children }
}

fn below(name: &str, specification: SupervisorSpec) -> ChildSpec {
    ChildSpec { shutdown: Shutdown::Infinity, kind: ChildKind::Supervisor(specification), ..worker(name) }
}

/// A tree whose workers obey at once: started when told to, ended when stopped or killed.
struct Driver {
    tree: Tree,
    now: Instant,
    /// What was done since the last look: `+a` start, `-a` stop, `!a` kill, `x` a start that failed, `#s` gave up.
    log: Vec<String>,
    /// Starts that will fail: name and how many.
    failing: Vec<(String, u32)>,
    /// Workers that do not end when told to.
    deaf: Vec<String>,
}

impl Driver {
    fn new(specification: &SupervisorSpec) -> Self {
        let draw = Streams::new(Seed(1)).draw(Purpose::named("test/tree"), 0, 0);
        let tree = Tree::new(specification, draw).unwrap();
        Driver { tree, now: at(0), log: Vec::new(), failing: Vec::new(), deaf: Vec::new() }
    }

    fn started(specification: &SupervisorSpec) -> Self {
        let mut driver = Driver::new(specification);
        driver.act(|tree, now, actions| tree.start(now, actions));
        driver.log.clear();
        driver
    }

    fn act(&mut self, input: impl FnOnce(&mut Tree, Instant, &mut Vec<Action>)) {
        let mut actions = Vec::new();
        input(&mut self.tree, self.now, &mut actions);
        let mut open = VecDeque::from(actions);
        while let Some(action) = open.pop_front() {
            let mut next = Vec::new();
            match action {
                Action::Start(child) => {
                    let name = self.tree.name(child).to_owned();
                    let fails = self.failing.iter_mut().find(|(failing, left)| *failing == name && *left > 0);
                    if let Some((_, left)) = fails {
                        *left -= 1;
                        self.log.push(format!("x{name}"));
                        self.tree.start_failed(child, self.now, &mut next);
                    } else {
                        self.log.push(format!("+{name}"));
                        self.tree.started(child, self.now, &mut next);
                    }
                }
                Action::Stop { child, .. } => {
                    let name = self.tree.name(child).to_owned();
                    self.log.push(format!("-{name}"));
                    if !self.deaf.contains(&name) {
                        self.tree.exit(child, ExitReason::Shutdown, self.now, &mut next);
                    }
                }
                Action::Kill(child) => {
                    self.log.push(format!("!{}", self.tree.name(child)));
                    self.tree.exit(child, ExitReason::Abnormal, self.now, &mut next);
                }
                Action::GaveUp(child) => self.log.push(format!("#{}", self.tree.name(child))),
            }
            open.extend(next);
        }
    }

    fn exit(&mut self, millis: u64, path: &[&str], reason: ExitReason) -> String {
        self.to(millis);
        let child = self.tree.find(path).unwrap();
        self.act(|tree, now, actions| tree.exit(child, reason, now, actions));
        self.order()
    }

    fn crash(&mut self, millis: u64, name: &str) -> String {
        self.exit(millis, &[name], ExitReason::Abnormal)
    }

    fn stop(&mut self, path: &[&str]) -> String {
        let child = self.tree.find(path).unwrap();
        self.act(|tree, now, actions| tree.stop(child, now, actions));
        self.order()
    }

    /// Goes to a time, serving every deadline on the way.
    fn to(&mut self, millis: u64) {
        while let Some(deadline) = self.tree.deadline().filter(|deadline| *deadline <= at(millis)) {
            self.now = self.now.max(deadline);
            self.act(|tree, now, actions| tree.timeout(now, actions));
        }
        self.now = at(millis);
    }

    fn order(&mut self) -> String {
        std::mem::take(&mut self.log).join(" ")
    }

    fn alive(&self) -> String {
        self.tree.alive().into_iter().map(|child| self.tree.name(child)).collect::<Vec<_>>().join(" ")
    }

    fn restarts(&self, names: &[&str]) -> Vec<u32> {
        names.iter().map(|name| self.tree.restarts(self.tree.find(&[name]).unwrap())).collect()
    }

    fn root(&self) -> Condition {
        self.tree.condition(Tree::ROOT)
    }
}

fn three(strategy: Strategy, intensity: u32) -> SupervisorSpec {
    supervisor(strategy, intensity, ["a", "b", "c"].map(worker).to_vec())
}

#[test]
fn children_start_in_order_and_stop_in_reverse() {
    let mut driver = Driver::new(&three(Strategy::OneForOne, 1));
    driver.act(|tree, now, actions| tree.start(now, actions));
    assert_eq!(driver.order(), "+a +b +c");
    assert_eq!(driver.stop(&[]), "-c -b -a");
    assert_eq!((driver.root(), driver.alive()), (Condition::Down, String::new()));
}

#[test]
fn each_strategy_restarts_whom_it_says() {
    for (strategy, order, restarts) in [
        (Strategy::OneForOne, "+b", [0, 1, 0]),
        (Strategy::RestForOne, "-c +b +c", [0, 1, 1]),
        (Strategy::OneForAll, "-c -a +a +b +c", [1, 1, 1]),
    ] {
        let mut driver = Driver::started(&three(strategy, 1));
        assert_eq!(driver.crash(1, "b"), order);
        assert_eq!(driver.restarts(&["a", "b", "c"]), restarts);
        assert_eq!((driver.alive().as_str(), driver.root()), ("a b c", Condition::Up));
    }
}

#[test]
fn with_intensity_one_the_second_restart_within_the_period_gives_up_and_a_later_one_does_not() {
    for (second, order) in [(5_001, "#root -b -a"), (5_002, "+c")] {
        let mut driver = Driver::started(&three(Strategy::OneForOne, 1));
        driver.crash(1, "a");
        assert_eq!(driver.crash(second, "c"), order);
        assert_eq!(driver.root(), if second == 5_001 { Condition::GaveUp } else { Condition::Up });
    }
}

#[test]
fn with_intensity_zero_the_first_restart_gives_up() {
    let mut driver = Driver::started(&three(Strategy::OneForAll, 0));
    assert_eq!(driver.crash(1, "b"), "#root -c -a");
}

#[test]
fn the_restart_of_a_group_counts_once() {
    let mut driver = Driver::started(&three(Strategy::OneForAll, 2));
    driver.crash(1, "a");
    driver.crash(2, "a");
    assert_eq!(driver.root(), Condition::Up);
    assert_eq!(driver.crash(3, "a"), "#root -c -b");
}

#[test]
fn the_restart_type_decides_which_ends_lead_to_a_restart() {
    use ExitReason::{Abnormal, Normal, Shutdown};
    for (restart, reason, order, condition) in [
        (Restart::Permanent, Normal, "+a", Condition::Up),
        (Restart::Permanent, Abnormal, "+a", Condition::Up),
        (Restart::Transient, Normal, "", Condition::Down),
        (Restart::Transient, Shutdown, "", Condition::Down),
        (Restart::Transient, Abnormal, "+a", Condition::Up),
        (Restart::Temporary, Normal, "", Condition::Forgotten),
        (Restart::Temporary, Abnormal, "", Condition::Forgotten),
    ] {
        let mut driver = Driver::started(&supervisor(Strategy::OneForOne, 1, vec![ChildSpec { restart, ..worker("a") }]));
        assert_eq!(driver.exit(1, &["a"], reason), order, "{restart:?} {reason:?}");
        assert_eq!(driver.tree.condition(ChildId(1)), condition);
    }
}

#[test]
fn a_group_restart_forgets_temporary_children_and_starts_finished_ones_again() {
    let children = vec![
        worker("a"),
        ChildSpec { restart: Restart::Temporary, ..worker("t") },
        ChildSpec { restart: Restart::Transient, ..worker("done") },
    ];
    let mut driver = Driver::started(&supervisor(Strategy::OneForAll, 1, children));
    assert_eq!(driver.exit(1, &["done"], ExitReason::Normal), "");
    assert_eq!(driver.crash(2, "a"), "-t +a +done");
}

#[test]
fn a_child_that_cannot_be_restarted_is_tried_until_the_intensity_is_exceeded() {
    let mut driver = Driver::started(&three(Strategy::OneForOne, 3));
    driver.failing = vec![("b".to_owned(), 2)];
    assert_eq!(driver.crash(1, "b"), "xb xb +b");
    assert_eq!(driver.restarts(&["b"]), [1], "restarts that failed are none");
    driver.failing = vec![("b".to_owned(), 9)];
    assert_eq!(driver.crash(10_000, "b"), "xb xb xb #root -c -a");
}

#[test]
fn a_failed_restart_of_a_group_begins_again_by_the_strategy() {
    let mut driver = Driver::started(&three(Strategy::RestForOne, 3));
    driver.failing = vec![("c".to_owned(), 1)];
    assert_eq!(driver.crash(1, "b"), "-c +b xc +c");
    let mut driver = Driver::started(&three(Strategy::OneForAll, 3));
    driver.failing = vec![("c".to_owned(), 1)];
    assert_eq!(driver.crash(1, "a"), "-c -b +a +b xc -b -a +a +b +c");
}

#[test]
fn a_child_that_fails_in_the_first_start_fails_its_supervisor() {
    let mut driver = Driver::new(&three(Strategy::OneForOne, 3));
    driver.failing = vec![("c".to_owned(), 1)];
    driver.act(|tree, now, actions| tree.start(now, actions));
    assert_eq!(driver.order(), "+a +b xc -b -a #root");
    assert_eq!(driver.root(), Condition::GaveUp);
}

#[test]
fn a_stopped_child_is_not_restarted_and_comes_back_with_its_group() {
    let mut driver = Driver::started(&three(Strategy::RestForOne, 3));
    assert_eq!(driver.stop(&["c"]), "-c");
    assert_eq!(driver.alive(), "a b");
    assert_eq!(driver.crash(1, "b"), "+b +c");
}

#[test]
fn a_child_that_does_not_end_is_killed_in_time_unless_it_may_take_for_ever() {
    let patient = ChildSpec { shutdown: Shutdown::Infinity, ..worker("a") };
    let brutal = ChildSpec { shutdown: Shutdown::Brutal, ..worker("b") };
    let mut driver = Driver::started(&supervisor(Strategy::OneForOne, 1, vec![patient, brutal, worker("c")]));
    driver.deaf = vec!["a".to_owned(), "c".to_owned()];
    assert_eq!(driver.stop(&[]), "-c");
    driver.to(4_999);
    assert_eq!(driver.order(), "");
    driver.to(5_000);
    assert_eq!(driver.order(), "!c !b -a");
    driver.to(10_000_000);
    assert_eq!((driver.order().as_str(), driver.root()), ("", Condition::Stopping));
}

#[test]
fn ends_that_come_while_a_group_restarts_wait_their_turn() {
    let mut driver = Driver::started(&three(Strategy::RestForOne, 5));
    driver.deaf = vec!["c".to_owned()];
    assert_eq!(driver.crash(1, "b"), "-c");
    assert_eq!(driver.crash(2, "a"), "", "the supervisor waits for c");
    driver.deaf.clear();
    driver.to(5_001);
    assert_eq!(driver.order(), "!c +b +c -c -b +a +b +c");
}

#[test]
fn a_start_that_fails_while_the_child_is_being_stopped_is_its_end() {
    let mut driver = Driver::new(&supervisor(Strategy::OneForOne, 1, vec![worker("a")]));
    let mut actions = Vec::new();
    driver.tree.start(at(0), &mut actions);
    driver.tree.stop(Tree::ROOT, at(1), &mut actions);
    assert_eq!(actions, [Action::Start(ChildId(1)), Action::Stop { child: ChildId(1), deadline: Some(at(5_001)) }]);
    driver.tree.start_failed(ChildId(1), at(2), &mut actions);
    assert_eq!((driver.root(), driver.tree.deadline()), (Condition::Down, None));
}

fn nested(restart: Restart) -> SupervisorSpec {
    let node = supervisor(Strategy::OneForAll, 1, vec![worker("x"), worker("y")]);
    supervisor(Strategy::OneForOne, 1, vec![ChildSpec { restart, ..below("node", node) }, worker("z")])
}

#[test]
fn as2_a_supervisor_that_gives_up_is_restarted_by_its_own_and_that_one_gives_up_in_turn() {
    let mut driver = Driver::started(&nested(Restart::Permanent));
    let crash = |driver: &mut Driver, millis| driver.exit(millis, &["node", "x"], ExitReason::Abnormal);
    assert_eq!(crash(&mut driver, 1), "-y +x +y");
    assert_eq!(crash(&mut driver, 2), "#node -y +x +y", "the new supervisor starts its children");
    assert_eq!(crash(&mut driver, 3), "-y +x +y", "and has forgotten the restarts of the old one");
    assert_eq!(crash(&mut driver, 4), "#node -y #root -z");
    assert_eq!(driver.root(), Condition::GaveUp);
}

#[test]
fn a_transient_supervisor_that_gives_up_stays_down_since_it_ends_with_shutdown() {
    let mut driver = Driver::started(&nested(Restart::Transient));
    driver.exit(1, &["node", "x"], ExitReason::Abnormal);
    assert_eq!(driver.exit(2, &["node", "x"], ExitReason::Abnormal), "#node -y");
    assert_eq!((driver.alive().as_str(), driver.root()), ("z", Condition::Up));
}

#[test]
fn a_lost_node_is_restarted_with_all_that_ran_on_it_and_stops_in_reverse() {
    let mut driver = Driver::started(&nested(Restart::Permanent));
    assert_eq!(driver.exit(1, &["node"], ExitReason::Abnormal), "+x +y");
    assert_eq!(driver.stop(&[]), "-z -y -x");
}

#[test]
fn a_supervisor_under_which_time_runs_out_has_its_workers_killed() {
    let mut specification = nested(Restart::Permanent);
    specification.children[0].shutdown = Shutdown::Within(Duration::from_secs(1));
    let mut driver = Driver::started(&specification);
    driver.deaf = vec!["x".to_owned(), "y".to_owned()];
    assert_eq!(driver.stop(&["node"]), "-y");
    driver.to(1_000);
    assert_eq!((driver.order().as_str(), driver.alive().as_str()), ("!y !x", "z"));
}

#[test]
fn a_pause_comes_before_each_restart_and_grows_and_there_is_none_without_backoff() {
    let backoff = BackoffRule {
        first: Duration::from_millis(100),
        factor: 2.0,
        max: Duration::from_secs(1),
        jitter: 0.0,
        clean_run: Duration::from_secs(60),
    };
    for (strategy, stops, starts) in [(Strategy::OneForOne, "", "+c"), (Strategy::OneForAll, "-b -a", "+a +b +c")] {
        let mut driver = Driver::started(&SupervisorSpec { backoff, ..three(strategy, 5) });
        assert_eq!(driver.crash(0, "c"), stops);
        driver.to(99);
        assert_eq!(driver.order(), "");
        driver.to(100);
        assert_eq!(driver.order(), starts);
        driver.crash(100, "c");
        assert_eq!(driver.tree.deadline(), Some(at(300)));
    }
}

#[test]
fn a_child_restarted_alone_waits_for_what_it_depends_on() {
    let mut children = vec![worker("web"), worker("store")];
    children[0].depends_on = vec!["store".to_owned()];
    let backoff = BackoffRule { first: Duration::from_millis(100), max: Duration::from_millis(100), ..BackoffRule::NONE };
    let mut driver = Driver::new(&SupervisorSpec { backoff, ..supervisor(Strategy::OneForOne, 9, children) });
    driver.act(|tree, now, actions| tree.start(now, actions));
    assert_eq!(driver.order(), "+store +web");
    driver.crash(0, "web");
    driver.crash(50, "store");
    driver.to(149);
    assert_eq!(driver.order(), "");
    driver.to(150);
    assert_eq!(driver.order(), "+store +web");
}

#[test]
fn together_all_children_start_at_once_that_do_not_wait_for_another() {
    let mut children = ["a", "b", "c"].map(worker).to_vec();
    children[2].depends_on = vec!["a".to_owned()];
    let specification = SupervisorSpec { starts: Starts::Together, ..supervisor(Strategy::OneForOne, 1, children) };
    let mut driver = Driver::new(&specification);
    let mut actions = Vec::new();
    driver.tree.start(at(0), &mut actions);
    assert_eq!(actions, [Action::Start(ChildId(1)), Action::Start(ChildId(2))]);
    actions.clear();
    driver.tree.started(ChildId(1), at(1), &mut actions);
    assert_eq!(actions, [Action::Start(ChildId(3))]);
}

proptest! {
    #[test]
    fn a_supervisor_never_exceeds_its_intensity_nor_restarts_a_temporary_child_and_leaves_nobody_behind(
        strategy in 0usize..3, intensity in 0u32..4, together: bool,
        ends in prop::collection::vec((0usize..4, 0usize..3, 0u64..3_000), 1..40),
    ) {
        let strategy = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne][strategy];
        let mut children = ["a", "b", "c", "t"].map(worker).to_vec();
        children[3].restart = Restart::Temporary;
        let starts = if together { Starts::Together } else { Starts::InTurn };
        let mut driver = Driver::started(&SupervisorSpec { starts, ..supervisor(strategy, intensity, children) });
        let (mut now, mut restarted) = (0, Vec::new());
        for (child, reason, later) in ends {
            now += later;
            let name = ["a", "b", "c", "t"][child];
            let was_alive = driver.tree.alive().contains(&ChildId(child as u32 + 1));
            let order = driver.exit(now, &[name], [ExitReason::Normal, ExitReason::Shutdown, ExitReason::Abnormal][reason]);
            prop_assert!(!order.contains("+t"));
            if order.contains('+') {
                prop_assert!(was_alive);
                restarted.push(now);
                let within = restarted.iter().filter(|then| now - **then <= 5_000).count();
                prop_assert!(within <= intensity as usize);
            }
            let alive = driver.alive();
            match driver.root() {
                Condition::Up => prop_assert!(alive == "a b c" || alive == "a b c t", "{}", alive),
                Condition::GaveUp => prop_assert_eq!(alive, ""),
                other => prop_assert!(false, "{:?}", other),
            }
            prop_assert_eq!(driver.tree.deadline(), None);
        }
    }
}
