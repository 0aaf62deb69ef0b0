//! The table of what each input does to a worker in each state.

use hms_machine::{Purpose, Seed, Streams};

use super::Strategy;
use super::*;

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

const WORKER: ChildId = ChildId(2);

/// A one_for_one supervisor over `need` and `worker`, which depends on it and is temporary or not; a pause of 100 ms.
fn tree(restart: Restart) -> Tree {
    let pause = Duration::from_millis(100);
    let child = |name: &str, restart, needs: &[&str]| ChildSpec {
        name: name.to_owned(),
        restart,
        shutdown: Shutdown::Within(Duration::from_secs(1)),
        depends_on: needs.iter().map(|need| (*need).to_owned()).collect(),
        kind: ChildKind::Worker,
    };
    let specification = SupervisorSpec {
        strategy: Strategy::OneForOne,
        intensity: 9,
        period: Duration::from_secs(5),
        backoff: BackoffRule { first: pause, max: pause, ..BackoffRule::NONE },
        starts: Starts::InTurn,
        children: vec![child("need", Restart::Permanent, &[]), child("worker", restart, &["need"])],
    };
    Tree::new(&specification, Streams::new(Seed(1)).draw(Purpose::named("test/tree-table"), 0, 0)).unwrap()
}

type Act = fn(&mut Tree, Instant, &mut Vec<Action>);

const INPUTS: [(&str, Act); 7] = [
    ("started", |tree, now, actions| tree.started(WORKER, now, actions)),
    ("start_failed", |tree, now, actions| tree.start_failed(WORKER, now, actions)),
    ("exit normal", |tree, now, actions| tree.exit(WORKER, ExitReason::Normal, now, actions)),
    ("exit shutdown", |tree, now, actions| tree.exit(WORKER, ExitReason::Shutdown, now, actions)),
    ("exit abnormal", |tree, now, actions| tree.exit(WORKER, ExitReason::Abnormal, now, actions)),
    ("stop", |tree, now, actions| tree.stop(WORKER, now, actions)),
    ("timeout", |tree, now, actions| tree.timeout(now, actions)),
];

/// The worker in every state in which an input can find it.
fn states(restart: Restart) -> Vec<(&'static str, Tree)> {
    let ignored = &mut Vec::new();
    let down = tree(restart);
    let mut starting = down.clone();
    starting.start(at(0), ignored);
    starting.started(ChildId(1), at(0), ignored);
    let mut up = starting.clone();
    up.started(WORKER, at(0), ignored);
    let mut stopping = up.clone();
    stopping.stop(WORKER, at(0), ignored);
    let mut waiting = up.clone();
    waiting.exit(WORKER, ExitReason::Abnormal, at(0), ignored);
    let mut blocked = waiting.clone();
    blocked.exit(ChildId(1), ExitReason::Abnormal, at(50), ignored);
    blocked.timeout(at(100), ignored);
    let mut restarting = waiting.clone();
    restarting.timeout(at(100), ignored);
    let mut ended = stopping.clone();
    ended.exit(WORKER, ExitReason::Shutdown, at(1), ignored);
    let mut states = vec![("down", down), ("starting", starting), ("up", up), ("stopping", stopping), ("stopped", ended)];
    if restart != Restart::Temporary {
        states.extend([("waiting", waiting), ("blocked", blocked), ("restarting", restarting)]);
    } else {
        states.push(("forgotten", waiting));
    }
    states
}

#[test]
fn the_table_of_states_and_inputs() {
    let mut table = String::new();
    for restart in [Restart::Permanent, Restart::Transient, Restart::Temporary] {
        for (name, tree) in states(restart) {
            table.push_str(&format!("{} {name}: {:?}, due {:?}\n", restart.name(), tree.condition(WORKER), tree.deadline()));
            for (input, act) in INPUTS {
                let (mut after, mut actions) = (tree.clone(), Vec::new());
                // Late enough that every deadline is due.
                act(&mut after, at(2_000), &mut actions);
                if after.condition(WORKER) != tree.condition(WORKER) || !actions.is_empty() {
                    let actions: Vec<_> = actions.into_iter().map(|action| shown(&after, action)).collect();
                    let line =
                        format!("    {input:14} -> {:12} {}", format!("{:?}", after.condition(WORKER)), actions.join(", "));
                    table.push_str(line.trim_end());
                    table.push('\n');
                }
            }
        }
    }
    insta::assert_snapshot!(table);
}

fn shown(tree: &Tree, action: Action) -> String {
    match action {
        Action::Start(child) => format!("start {}", tree.name(child)),
        Action::Stop { child, .. } => format!("stop {}", tree.name(child)),
        Action::Kill(child) => format!("kill {}", tree.name(child)),
        Action::GaveUp(child) => format!("{} gave up", tree.name(child)),
    }
}
