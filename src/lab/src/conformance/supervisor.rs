//! `supervisor`: restart strategies as in Erlang/OTP.
//!
//! The line drives a [`Tree`] as the module of the stack says under "Scenario lines": every [`Action::Start`] is answered at once by
//! [`Tree::started`], or by [`Tree::start_failed`] while starts are to fail; [`Action::Stop`] and [`Action::Kill`] are answered by
//! [`Tree::exit`]. Before a step, [`Tree::timeout`] is called at every [`Tree::deadline`] up to its time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hms_machine::{Instant, Purpose, Seed, Streams};
use hms_stack::supervisor::tree::{Action, ChildId, Condition, ExitReason, Tree};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::read::{Course, Name, Timed, course};
use super::supervisor_setup::{Family, Init};
use super::{Difference, LineError, Verdict, differ};

/// Jitter of pauses, where a line asks for it.
const DRAWS: Purpose = Purpose::named("conformance/supervisor");

/// Starts that one step may make fail.
const FAILS_MAX: u32 = 1_000_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    Exit {
        id: Name,
        #[serde(default)]
        reason: Reason,
    },
    #[serde(alias = "fail_start")]
    StartFails {
        id: Name,
        n: Option<u32>,
    },
    #[serde(alias = "hangs")]
    IgnoresStop {
        id: Name,
    },
    #[serde(alias = "terminate")]
    Stop {
        id: Option<Name>,
    },
    Alive {
        expect: Vec<Name>,
    },
    Restarts {
        expect: BTreeMap<String, u32>,
    },
    Order {
        expect: Vec<Value>,
    },
    #[serde(rename = "self", alias = "supervisor")]
    Oneself {
        expect: String,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    Normal,
    Shutdown,
    #[default]
    #[serde(alias = "crash", alias = "error", alias = "kill", alias = "killed")]
    Abnormal,
}

pub(super) fn judge(line: Map<String, Value>) -> Result<Verdict, LineError> {
    let Course { init, steps } = course::<Init, Step>(line)?;
    let family = init.family()?;
    let draw = Streams::new(Seed(0)).draw(DRAWS, 0, 0);
    let tree = Tree::new(&family.root, draw).map_err(|error| LineError::new("init.children", error.to_string()))?;
    let mut driver = Driver::new(tree, family);
    driver.begin();
    for (index, Timed { at, step }) in steps.into_iter().enumerate() {
        driver.advance(at);
        if let Some(verdict) = driver.take(index, step)? {
            return Ok(verdict);
        }
    }
    Ok(Verdict::Holds)
}

/// The world around the supervisor: children that start and end as they are told.
struct Driver {
    tree: Tree,
    ids: BTreeMap<String, ChildId>,
    names: BTreeMap<ChildId, String>,
    now: Instant,
    actions: VecDeque<Action>,
    /// Starts of a child that are still to fail.
    fails: BTreeMap<ChildId, u32>,
    /// Children that do not end when told to.
    deaf: BTreeSet<ChildId>,
    /// Children that were told to end and have not.
    told: BTreeSet<ChildId>,
    /// Stops and starts since the last step that asked for them.
    log: Vec<String>,
    /// Where in the log the last step begins that did something.
    recent: usize,
}

impl Driver {
    fn new(tree: Tree, family: Family) -> Self {
        let find = |(name, path): (&String, &Vec<String>)| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            (name.clone(), tree.find(&path).expect("the tree was made from these names"))
        };
        let ids: BTreeMap<String, ChildId> = family.paths.iter().map(find).collect();
        let names = ids.iter().map(|(name, id)| (*id, name.clone())).collect();
        let fails = family.fails.iter().map(|(name, n)| (ids[name], *n)).collect();
        let now = Instant::ZERO;
        let (actions, deaf, told, log) = (VecDeque::new(), BTreeSet::new(), BTreeSet::new(), Vec::new());
        Driver { tree, ids, names, now, actions, fails, deaf, told, log, recent: 0 }
    }

    /// Starts the tree; what that starts is no part of any `order`.
    fn begin(&mut self) {
        self.input(|tree, now, actions| tree.start(now, actions));
        self.log.clear();
    }

    /// Lets time pass.
    fn advance(&mut self, at: Instant) {
        while let Some(due) = self.tree.deadline().filter(|due| *due <= at) {
            self.now = self.now.max(due);
            self.input(Tree::timeout);
        }
        self.now = at;
    }

    /// Tells the tree something and does what it wants until it wants nothing more.
    fn input(&mut self, tell: impl FnOnce(&mut Tree, Instant, &mut Vec<Action>)) {
        let mut actions = Vec::new();
        tell(&mut self.tree, self.now, &mut actions);
        self.actions.extend(actions.drain(..));
        while let Some(action) = self.actions.pop_front() {
            self.act(action, &mut actions);
            self.actions.extend(actions.drain(..));
        }
    }

    fn act(&mut self, action: Action, actions: &mut Vec<Action>) {
        match action {
            Action::Start(child) => {
                self.log.push(format!("start {}", self.names[&child]));
                let fails = self.fails.entry(child).or_default();
                if *fails > 0 {
                    *fails -= 1;
                    self.tree.start_failed(child, self.now, actions);
                } else {
                    self.tree.started(child, self.now, actions);
                }
            }
            Action::Stop { child, .. } => {
                self.log.push(format!("stop {}", self.names[&child]));
                self.told.insert(child);
                if !self.deaf.contains(&child) {
                    self.end(child, actions);
                }
            }
            Action::Kill(child) => {
                // One that was told before is killed now; the others are stopped in this way.
                let verb = if self.told.contains(&child) { "kill" } else { "stop" };
                self.log.push(format!("{verb} {}", self.names[&child]));
                self.end(child, actions);
            }
            Action::GaveUp(_) => {}
        }
    }

    fn end(&mut self, child: ChildId, actions: &mut Vec<Action>) {
        self.told.remove(&child);
        self.deaf.remove(&child);
        self.tree.exit(child, ExitReason::Shutdown, self.now, actions);
    }

    fn take(&mut self, index: usize, step: Step) -> Result<Option<Verdict>, LineError> {
        if !matches!(step, Step::Alive { .. } | Step::Restarts { .. } | Step::Order { .. } | Step::Oneself { .. }) {
            self.recent = self.log.len();
        }
        match step {
            Step::Exit { id, reason } => {
                let child = self.child(index, &id.0)?;
                let reason = match reason {
                    Reason::Normal => ExitReason::Normal,
                    Reason::Shutdown => ExitReason::Shutdown,
                    Reason::Abnormal => ExitReason::Abnormal,
                };
                self.told.remove(&child);
                self.input(|tree, now, actions| tree.exit(child, reason, now, actions));
                Ok(None)
            }
            Step::StartFails { id, n } => {
                let (child, n) = (self.child(index, &id.0)?, n.unwrap_or(1));
                if n > FAILS_MAX {
                    return Err(LineError::new(format!("steps[{index}].n"), format!("{n} is more than {FAILS_MAX}")));
                }
                self.fails.insert(child, n);
                Ok(None)
            }
            Step::IgnoresStop { id } => {
                let child = self.child(index, &id.0)?;
                self.deaf.insert(child);
                Ok(None)
            }
            Step::Stop { id } => {
                let child = id.map_or(Ok(Tree::ROOT), |id| self.child(index, &id.0))?;
                self.input(|tree, now, actions| tree.stop(child, now, actions));
                Ok(None)
            }
            Step::Alive { expect } => self.alive(index, expect),
            Step::Restarts { expect } => self.restarts(index, expect),
            Step::Order { expect } => self.order(index, expect),
            Step::Oneself { expect } => {
                let found = match self.tree.condition(Tree::ROOT) {
                    Condition::GaveUp => "gave_up",
                    Condition::Down => "stopped",
                    Condition::Starting | Condition::Up | Condition::Restarting | Condition::Stopping | Condition::Forgotten => {
                        "running"
                    }
                };
                Ok(differ(index, expect.replace('-', "_"), found))
            }
        }
    }

    fn child(&self, index: usize, name: &str) -> Result<ChildId, LineError> {
        let unknown = || {
            let known: Vec<&str> = self.ids.keys().map(String::as_str).collect();
            LineError::new(format!("steps[{index}].id"), format!("no child is called `{name}`: one of {}", known.join(", ")))
        };
        self.ids.get(name).copied().ok_or_else(unknown)
    }

    /// Compared in any order, and shown in that of the children.
    fn alive(&self, index: usize, expect: Vec<Name>) -> Result<Option<Verdict>, LineError> {
        let up = self.tree.alive();
        let wanted: BTreeSet<ChildId> = expect.iter().map(|name| self.child(index, &name.0)).collect::<Result<_, _>>()?;
        if wanted.len() == up.len() && up.iter().all(|id| wanted.contains(id)) {
            return Ok(None);
        }
        let expected = expect.into_iter().map(|name| name.0).collect::<Vec<_>>();
        let got = up.iter().map(|id| self.names[id].clone()).collect::<Vec<_>>();
        Ok(Some(Verdict::Broken(Difference { step: Some(index), expected: json!(expected), got: json!(got) })))
    }

    fn restarts(&self, index: usize, expect: BTreeMap<String, u32>) -> Result<Option<Verdict>, LineError> {
        let mut found = BTreeMap::new();
        for name in expect.keys() {
            found.insert(name.clone(), self.tree.restarts(self.child(index, name)?));
        }
        Ok(differ(index, json!(expect), json!(found)))
    }

    /// Since the last `order`, or since the last step that did something: suites differ in which they mean.
    fn order(&mut self, index: usize, expect: Vec<Value>) -> Result<Option<Verdict>, LineError> {
        let place = |at: usize| format!("steps[{index}].expect[{at}]");
        let wanted: Vec<String> =
            expect.iter().enumerate().map(|(at, entry)| entry_of(entry, &place(at))).collect::<Result<_, _>>()?;
        let log = std::mem::take(&mut self.log);
        let recent = std::mem::take(&mut self.recent).min(log.len());
        if wanted == log[recent..] {
            return Ok(None);
        }
        Ok(differ(index, json!(wanted), json!(log)))
    }
}

/// `"stop a"`, `["stop", "a"]`, `{"stop": "a"}`.
fn entry_of(entry: &Value, place: &str) -> Result<String, LineError> {
    let words: Vec<String> = match entry {
        Value::String(text) => text.replace(':', " ").split_whitespace().map(str::to_owned).collect(),
        Value::Array(words) => words.iter().map(word).collect(),
        Value::Object(map) => map.iter().flat_map(|(verb, id)| [verb.clone(), word(id)]).collect(),
        other => vec![other.to_string()],
    };
    match words.as_slice() {
        [verb, id] if ["start", "stop", "kill"].contains(&verb.as_str()) => Ok(format!("{verb} {id}")),
        _ => Err(LineError::new(place, format!("expected such as \"stop a\", \"start a\" or \"kill a\", found {entry}"))),
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
