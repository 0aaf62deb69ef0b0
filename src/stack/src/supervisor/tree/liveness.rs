//! Random trees with random, slow and failing workers: nothing wedges.

use std::collections::BTreeMap;

use hms_machine::{Purpose, Seed, Streams};
use proptest::prelude::*;

use super::Strategy;
use super::*;

/// A tree whose workers take their time: each start and stop is answered after a while.
struct Slow {
    tree: Tree,
    now: Instant,
    draw: Draw,
    /// Answers to come, in order of time: the worker, and whether it starts.
    due: BTreeMap<(Instant, u64), (ChildId, bool)>,
    sequence: u64,
    /// Processes as the operating system sees them: (running or starting) by worker.
    processes: BTreeMap<ChildId, Instant>,
    /// Share of starts that fail, in percent.
    failing: u64,
}

impl Slow {
    fn answer(&mut self, child: ChildId, starts: bool, millis_max: u64) {
        self.sequence += 1;
        let at = self.now + Duration::from_millis(self.draw.below(millis_max + 1));
        self.due.insert((at, self.sequence), (child, starts));
    }

    fn act(&mut self, input: impl FnOnce(&mut Tree, Instant, &mut Vec<Action>)) {
        let mut actions = Vec::new();
        input(&mut self.tree, self.now, &mut actions);
        for action in actions {
            match action {
                Action::Start(child) => {
                    assert!(self.processes.insert(child, self.now).is_none(), "{} runs twice", self.tree.name(child));
                    self.answer(child, true, 400);
                }
                // Every third does not listen and has to be killed.
                Action::Stop { child, deadline } => {
                    assert!(self.processes.contains_key(&child));
                    if deadline.is_none() || self.draw.below(3) > 0 {
                        self.answer(child, false, 400);
                    }
                }
                Action::Kill(child) => self.answer(child, false, 10),
                Action::GaveUp(_) => {}
            }
        }
    }

    fn end(&mut self, child: ChildId, reason: ExitReason) {
        if self.processes.remove(&child).is_some() {
            self.due.retain(|_, (other, _)| *other != child);
            self.act(|tree, now, actions| tree.exit(child, reason, now, actions));
        }
    }

    fn step(&mut self, until: Instant) -> bool {
        let answer = self.due.keys().next().copied();
        let deadline = self.tree.deadline().map(|deadline| deadline.max(self.now));
        let next = answer.map(|(at, _)| at).into_iter().chain(deadline).min().filter(|next| *next <= until);
        let Some(next) = next else { return false };
        self.now = next;
        match answer.filter(|(at, _)| *at == next).and_then(|key| self.due.remove(&key)) {
            None => self.act(|tree, now, actions| tree.timeout(now, actions)),
            Some((child, false)) => self.end(child, ExitReason::Shutdown),
            Some((child, true)) if self.draw.below(100) < self.failing => {
                self.processes.remove(&child);
                self.due.retain(|_, (other, _)| *other != child);
                self.act(|tree, now, actions| tree.start_failed(child, now, actions));
            }
            Some((child, true)) => self.act(|tree, now, actions| tree.started(child, now, actions)),
        }
        true
    }

    fn run(&mut self, span: Duration) {
        let until = self.now + span;
        let mut steps = 0;
        while self.step(until) {
            steps += 1;
            assert!(steps < 100_000, "the tree does not come to rest");
        }
        self.now = until;
    }
}

fn worker(name: &str, restart: Restart, shutdown: Shutdown) -> ChildSpec {
    ChildSpec { name: name.to_owned(), restart, shutdown, depends_on: Vec::new(), kind: ChildKind::Worker }
}

/// Two services of three workers each under a root; `kinds` chooses strategies, starts and pauses.
fn specification(kinds: [u8; 3], intensity: u32) -> SupervisorSpec {
    let pause = Duration::from_millis(50);
    let paused = BackoffRule { first: pause, factor: 2.0, max: pause * 4, jitter: 0.5, clean_run: pause * 100 };
    let supervisor = |kind: u8, intensity, children| SupervisorSpec {
        strategy: [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne][usize::from(kind % 3)],
        intensity,
        period: Duration::from_secs(2),
        backoff: if kind & 4 == 0 { BackoffRule::NONE } else { paused },
        starts: if kind & 8 == 0 { Starts::InTurn } else { Starts::Together },
        children,
    };
    let service = |name: &str, kind: u8| {
        let mut children = vec![
            worker("a", Restart::Permanent, Shutdown::Within(Duration::from_millis(200))),
            worker("b", Restart::Permanent, Shutdown::Brutal),
            worker("c", Restart::Permanent, Shutdown::Infinity),
        ];
        if kind & 16 != 0 {
            children[1].depends_on = vec!["c".to_owned()];
        }
        let time = if kind & 32 == 0 { Shutdown::Infinity } else { Shutdown::Within(Duration::from_millis(300)) };
        ChildSpec { kind: ChildKind::Supervisor(supervisor(kind, intensity, children)), ..worker(name, Restart::Permanent, time) }
    };
    let services = vec![service("x", kinds[0]), service("y", kinds[1])];
    supervisor(kinds[2], intensity, services)
}

proptest! {
    #[test]
    fn whatever_ends_and_however_slowly_all_run_again_or_nothing_does(
        kinds: [u8; 3], intensity in 0u32..6, failing in 0u64..40, seed: u64,
        events in prop::collection::vec((0usize..10, 0usize..4, 0u64..1500), 0..40),
    ) {
        let draw = |ordinal| Streams::new(Seed(seed)).draw(Purpose::named("test/tree-liveness"), 0, ordinal);
        let tree = Tree::new(&specification(kinds, intensity), draw(0)).unwrap();
        let mut slow = Slow {
            tree, now: Instant::ZERO, draw: draw(1), due: BTreeMap::new(), sequence: 0, processes: BTreeMap::new(), failing: 0,
        };
        slow.act(|tree, now, actions| tree.start(now, actions));
        slow.run(Duration::from_secs(5));
        prop_assert_eq!(slow.tree.condition(Tree::ROOT), Condition::Up);
        slow.failing = failing;
        for (member, reason, later) in events {
            slow.run(Duration::from_millis(later));
            let reason = [ExitReason::Normal, ExitReason::Shutdown, ExitReason::Abnormal, ExitReason::Abnormal][reason];
            slow.end(ChildId(member as u32), reason);
        }
        slow.failing = 0;
        slow.run(Duration::from_secs(60));
        let alive = slow.tree.alive();
        prop_assert_eq!(&alive, &slow.processes.keys().copied().collect::<Vec<_>>(), "beliefs and processes differ");
        match slow.tree.condition(Tree::ROOT) {
            Condition::Up => prop_assert_eq!(alive.len(), 6),
            Condition::GaveUp => prop_assert_eq!(alive.len(), 0),
            other => prop_assert!(false, "{:?}", other),
        }
        slow.act(|tree, now, actions| tree.stop(Tree::ROOT, now, actions));
        slow.run(Duration::from_secs(60));
        prop_assert_eq!(slow.processes.len(), 0);
    }
}
