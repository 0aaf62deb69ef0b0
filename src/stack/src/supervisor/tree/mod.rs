//! A tree of supervisors, each of which keeps its children alive by the rules of Erlang/OTP.
//!
//! Picture: cluster → zone → node → service → agent. Leaves are *workers* (processes); every inner member is a supervisor. When a
//! child ends, its supervisor restarts it, and by its strategy some of its siblings. A supervisor that has to restart too often
//! **gives up**: it stops its children and ends with the reason *shutdown*, and its own supervisor decides in turn.
//!
//! A pure machine: inputs in, [`Action`]s out. `started`, `start_failed` and `exit` are told about workers (and `exit` about a
//! supervisor whose node was lost with all that ran on it); only workers are started, stopped and killed by actions, since a
//! supervisor is a part of this machine.
//!
//! # Rules, from OTP's `supervisor.erl` (release 24 and later) and its documentation
//! - **Start.** Children start in order, each after the one before has started. A child that fails in this first start makes the
//!   supervisor stop the children it has, in reverse, and fail to start itself. That is not retried here; it fails the start of
//!   the parent in turn, or is a failed restart if the supervisor was being restarted. [`Starts::Together`] (ours) starts all
//!   children at once whose dependencies have started.
//! - **Restart type.** *permanent*: restarted whatever the reason; *transient*: only after an abnormal end; *temporary*: never,
//!   and forgotten.
//! - **Strategy.** *one_for_one*: the child alone; *rest_for_one*: it and those started after it; *one_for_all*: all. The others
//!   are stopped in reverse order of start, one by one, and then all are started in order, those included which had ended
//!   normally or had been stopped; temporary ones are forgotten.
//! - **Intensity.** Each restart is noted with its time (one note for the whole group). If after the note more than `intensity`
//!   of them are at most `period` old, the supervisor gives up. With intensity 1 per 5 s the second restart within 5 s gives up.
//!   OTP rounds time to seconds; we do not.
//! - **A failed restart** (also: a child that ends before it has started) is tried again at once, as a restart of its own: noted,
//!   by the strategy, and after the ends that were reported before it. So a child that cannot start exhausts the intensity.
//! - **Shutdown.** A child is told to end and killed after its time; *brutal*: killed at once; *infinity*: waited for. A
//!   supervisor under which time runs out has all its workers killed.
//! - A start takes as long as it takes; it is for the driver to give up on it and to say [`Tree::start_failed`].
//! - While a supervisor stops or starts children in a row, other ends wait their turn; the end of a child that is being stopped
//!   is no failure.
//!
//! # Ours
//! - `depends_on` sorts the children (stably) so that each starts after what it depends on; a circle is an error that names it. A
//!   child that is restarted alone waits until what it depends on runs, unless that was ended for good.
//! - `backoff` pauses before each restart; OTP has none ([`BackoffRule::NONE`]).
//! - Restarts of different children of a one_for_one supervisor do not wait for each other, where OTP's supervisor is blocked by
//!   a slow start.
//!
//! # Scenario lines (`supervisor`)
//! | line | here |
//! |---|---|
//! | `init` | [`SupervisorSpec`] and [`Tree::new`], then [`Tree::start`]; each [`Action::Start`] is answered by [`Tree::started`] |
//! | `exit` id reason | [`Tree::exit`]; [`Action::Stop`] and [`Action::Kill`] are answered by [`Tree::exit`] of that child |
//! | `start_fails` id n | the next n [`Action::Start`] of the child are answered by [`Tree::start_failed`] |
//! | `stop` id | [`Tree::stop`] |
//! | `alive` | [`Tree::alive`] |
//! | `restarts` | [`Tree::restarts`] per child |
//! | `order` | the [`Action`]s since the last step |
//! | `self` | [`Tree::condition`] of [`Tree::ROOT`]: [`Condition::GaveUp`] is `gave_up`, all else `running` |
//! | `at` | [`Tree::timeout`] at every [`Tree::deadline`] up to then |

#[cfg(test)]
mod liveness;
mod machine;
mod order;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;

use hms_machine::{Draw, Duration, Instant};

use super::backoff::{Backoff, BackoffRule};
use crate::tunables::choices;

choices! {
    /// Whom a supervisor restarts with a child that ended.
    pub enum Strategy {
        /// Nobody else.
        OneForOne = "one_for_one",
        /// All siblings.
        OneForAll = "one_for_all",
        /// The siblings that were started after it.
        RestForOne = "rest_for_one",
    }
}

choices! {
    /// Which ends of a child lead to its restart.
    pub enum Restart {
        /// Every end.
        Permanent = "permanent",
        /// Abnormal ends.
        Transient = "transient",
        /// None.
        Temporary = "temporary",
    }
}

/// How a child is made to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// It is told to end, and killed after this time.
    Within(Duration),
    /// It is killed at once.
    Brutal,
    /// It is told to end and waited for. OTP's advice for supervisors.
    Infinity,
}

/// How a supervisor starts its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starts {
    /// One after the other, as OTP does.
    InTurn,
    /// All at once whose dependencies have started.
    Together,
}

/// Why a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// It was done.
    Normal,
    /// It was told to, or is a supervisor that gave up.
    Shutdown,
    /// Anything else.
    Abnormal,
}

/// A member of the tree: the root is 0, the others are numbered in the order in which the specification names them, parents
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(pub u32);

/// What a supervisor is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct SupervisorSpec {
    /// Whom to restart with a child that ended.
    pub strategy: Strategy,
    /// Restarts within the period before it gives up. 0: it gives up at the first.
    pub intensity: u32,
    /// See `intensity`.
    pub period: Duration,
    /// Pauses before restarts.
    pub backoff: BackoffRule,
    /// How the children start.
    pub starts: Starts,
    /// The children in the order of their start, but for dependencies.
    pub children: Vec<ChildSpec>,
}

/// What a supervisor knows of a child.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildSpec {
    /// Unique among the siblings.
    pub name: String,
    /// When to restart it.
    pub restart: Restart,
    /// How to make it end.
    pub shutdown: Shutdown,
    /// Siblings that must have started before it.
    pub depends_on: Vec<String>,
    /// What it is.
    pub kind: ChildKind,
}

/// What a child is.
#[derive(Clone, Debug, PartialEq)]
pub enum ChildKind {
    /// A process.
    Worker,
    /// A supervisor with children of its own.
    Supervisor(SupervisorSpec),
}

/// What the driver has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start the worker, then tell [`Tree::started`] or [`Tree::start_failed`].
    Start(ChildId),
    /// Tell the worker to end; [`Tree::timeout`] kills it if it runs at the deadline.
    Stop {
        /// The worker.
        child: ChildId,
        /// `None`: it may take for ever.
        deadline: Option<Instant>,
    },
    /// Kill the worker. Its end must still be told to [`Tree::exit`].
    Kill(ChildId),
    /// For the record: this supervisor restarts no more; its children are being stopped.
    GaveUp(ChildId),
}

/// How a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Not running: not started yet, done, or stopped on purpose.
    Down,
    /// Its start is under way.
    Starting,
    /// Runs.
    Up,
    /// Has ended and is going to be restarted.
    Restarting,
    /// Was told to end.
    Stopping,
    /// A temporary child that ended: its supervisor has forgotten it.
    Forgotten,
    /// A supervisor that gave up and has not been restarted.
    GaveUp,
}

/// What is wrong with a specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeError {
    /// Two siblings have this name.
    Twice(String),
    /// A child depends on a sibling that is not there.
    Unknown {
        /// The child.
        child: String,
        /// What it wants.
        needs: String,
    },
    /// Each depends on the next, and the last on the first.
    Circle(Vec<String>),
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TreeError::Twice(name) => write!(f, "two children of one supervisor are called `{name}`"),
            TreeError::Unknown { child, needs } => write!(f, "`{child}` depends on `{needs}`, which is not a sibling"),
            TreeError::Circle(names) => {
                write!(f, "children depend on each other in a circle: {} -> {}", names.join(" -> "), names[0])
            }
        }
    }
}

impl std::error::Error for TreeError {}

/// The tree. See the module's description.
#[derive(Clone, Debug)]
pub struct Tree {
    members: Vec<Member>,
    /// Jitter of pauses.
    draw: Draw,
}

#[derive(Clone, Debug)]
struct Member {
    name: String,
    parent: Option<ChildId>,
    restart: Restart,
    shutdown: Shutdown,
    depends_on: Vec<ChildId>,
    status: Status,
    /// Since when it is up, or was.
    since: Instant,
    /// Whether its present start is a restart.
    again: bool,
    /// Restarts that succeeded.
    restarts: u32,
    backoff: Backoff,
    supervisor: Option<Supervisor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Down,
    Forgotten,
    Starting,
    Up,
    /// Has ended by itself; its supervisor has not dealt with it yet.
    Exited,
    /// A restart failed; its supervisor will try again.
    Failed,
    /// Paused before a restart.
    Waiting {
        until: Instant,
    },
    /// To be restarted when what it depends on runs.
    Blocked,
    Stopping {
        kill_at: Option<Instant>,
    },
}

#[derive(Clone, Debug)]
struct Supervisor {
    strategy: Strategy,
    intensity: u32,
    period: Duration,
    rule: BackoffRule,
    starts: Starts,
    /// In the order of their start.
    children: Vec<ChildId>,
    /// Times of restarts that still count, oldest first.
    notes: VecDeque<Instant>,
    task: Task,
    /// What happened to children while a task was under way.
    inbox: VecDeque<Event>,
    gave_up: bool,
}

/// What a supervisor does to several children in a row.
#[derive(Clone, Debug)]
enum Task {
    Idle,
    /// Stops the last of `left`, and so on.
    Stopping {
        left: Vec<ChildId>,
        then: Then,
    },
    /// Pauses before starting.
    Pausing {
        until: Instant,
        left: Vec<ChildId>,
    },
    /// Starts the first of `left`, and so on.
    Starting {
        left: Vec<ChildId>,
        first: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Then {
    /// Start these after a pause.
    Start { left: Vec<ChildId>, pause: Duration },
    /// End by itself: it gave up.
    GiveUp,
    /// End because its parent or the operator wants it.
    End,
    /// Its start has failed.
    FailStart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// The child has ended by itself.
    Exited(ChildId, ExitReason),
    /// The restart of the child has failed.
    Retry(ChildId),
    /// The operator wants the child to end.
    Stop(ChildId),
}
