//! What the tree does with its inputs.
//!
//! An input changes the member that it is about and puts the supervisors concerned on the *agenda*; each is then taken one step
//! further until nobody can go on without news. So no step calls itself, and a supervisor that starts or stops at once needs no
//! case of its own.

use std::collections::VecDeque;

use hms_machine::{Duration, Instant};

use super::{
    Action, ChildId, Condition, Event, ExitReason, Member, Restart, Shutdown, Starts, Status, Strategy, Supervisor, Task,
};
use super::{Then, Tree};

/// One input being dealt with.
struct Turn<'a> {
    now: Instant,
    actions: &'a mut Vec<Action>,
    agenda: VecDeque<ChildId>,
}

impl Tree {
    /// Starts the tree.
    pub fn start(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.turn(now, actions, |tree, turn| {
            if tree.member(Tree::ROOT).status == Status::Down {
                tree.launch(Tree::ROOT, false, turn);
            }
        });
    }

    /// The worker has started. Ignored unless it was starting.
    pub fn started(&mut self, worker: ChildId, now: Instant, actions: &mut Vec<Action>) {
        self.turn(now, actions, |tree, turn| {
            if tree.member(worker).status == Status::Starting && tree.member(worker).supervisor.is_none() {
                tree.up(worker, turn);
            }
        });
    }

    /// The worker could not be started: there is no process, and if it was told to end meanwhile, it has.
    pub fn start_failed(&mut self, worker: ChildId, now: Instant, actions: &mut Vec<Action>) {
        self.exit(worker, ExitReason::Abnormal, now, actions);
    }

    /// The child has ended; of a supervisor: it was lost together with all below it. Before it has started, that is a failed
    /// start.
    pub fn exit(&mut self, child: ChildId, reason: ExitReason, now: Instant, actions: &mut Vec<Action>) {
        self.turn(now, actions, |tree, turn| {
            tree.lose_children(child);
            match tree.member(child).status {
                Status::Up => tree.gone(child, reason, turn),
                Status::Starting => tree.failed(child, turn),
                Status::Stopping { .. } => tree.down(child, turn),
                // It was not running; a second report of the same end.
                Status::Down | Status::Forgotten | Status::Exited | Status::Failed | Status::Waiting { .. } | Status::Blocked => {
                }
            }
        });
    }

    /// The operator wants the child, and all below it, to end and not to be restarted on its own.
    pub fn stop(&mut self, child: ChildId, now: Instant, actions: &mut Vec<Action>) {
        self.turn(now, actions, |tree, turn| match tree.member(child).parent {
            Some(parent) => {
                tree.supervisor(parent).inbox.push_back(Event::Stop(child));
                turn.agenda.push_back(parent);
            }
            None => {
                tree.terminate(child, turn);
            }
        });
    }

    /// Kills whoever did not end in time, and makes the restarts whose pause is over.
    pub fn timeout(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.turn(now, actions, |tree, turn| {
            for index in 0..tree.members.len() {
                let id = ChildId(index as u32);
                match tree.member(id).status {
                    Status::Stopping { kill_at: Some(due) } if due <= now => tree.kill(id, turn),
                    Status::Waiting { until } if until <= now => tree.revive(id, turn),
                    Status::Stopping { .. }
                    | Status::Waiting { .. }
                    | Status::Down
                    | Status::Forgotten
                    | Status::Starting
                    | Status::Up
                    | Status::Exited
                    | Status::Failed
                    | Status::Blocked => {}
                }
                turn.agenda.push_back(id);
            }
        });
    }

    /// When to call [`Tree::timeout`] next.
    pub fn deadline(&self) -> Option<Instant> {
        let due = |member: &Member| {
            let own = match member.status {
                Status::Stopping { kill_at } => kill_at,
                Status::Waiting { until } => Some(until),
                Status::Down
                | Status::Forgotten
                | Status::Starting
                | Status::Up
                | Status::Exited
                | Status::Failed
                | Status::Blocked => None,
            };
            let pause = match member.supervisor.as_ref().map(|supervisor| &supervisor.task) {
                Some(Task::Pausing { until, .. }) => Some(*until),
                Some(Task::Idle | Task::Stopping { .. } | Task::Starting { .. }) | None => None,
            };
            own.into_iter().chain(pause).min()
        };
        self.members.iter().filter_map(due).min()
    }

    /// The workers that run, by id.
    pub fn alive(&self) -> Vec<ChildId> {
        let ids = (0..self.members.len() as u32).map(ChildId);
        ids.filter(|id| self.member(*id).status == Status::Up && self.member(*id).supervisor.is_none()).collect()
    }

    /// How often the child was started again by its supervisor and came up. Restarts that failed are not among them; they show as
    /// [`Action::Start`].
    pub fn restarts(&self, child: ChildId) -> u32 {
        self.member(child).restarts
    }

    /// How the child is.
    pub fn condition(&self, child: ChildId) -> Condition {
        let member = self.member(child);
        let gave_up = member.supervisor.as_ref().is_some_and(|supervisor| supervisor.gave_up);
        match member.status {
            Status::Down | Status::Exited if gave_up => Condition::GaveUp,
            Status::Down => Condition::Down,
            Status::Forgotten => Condition::Forgotten,
            Status::Starting => Condition::Starting,
            Status::Up if gave_up => Condition::Stopping,
            Status::Up => Condition::Up,
            Status::Exited | Status::Failed | Status::Waiting { .. } | Status::Blocked => Condition::Restarting,
            Status::Stopping { .. } => Condition::Stopping,
        }
    }

    /// The child's name.
    pub fn name(&self, child: ChildId) -> &str {
        &self.member(child).name
    }

    fn turn(&mut self, now: Instant, actions: &mut Vec<Action>, input: impl FnOnce(&mut Tree, &mut Turn<'_>)) {
        let mut turn = Turn { now, actions, agenda: VecDeque::new() };
        input(self, &mut turn);
        while let Some(next) = turn.agenda.pop_front() {
            if self.member(next).supervisor.is_some() {
                self.proceed(next, &mut turn);
            }
        }
    }

    fn member(&self, id: ChildId) -> &Member {
        &self.members[id.0 as usize]
    }

    fn set(&mut self, id: ChildId, status: Status) {
        self.members[id.0 as usize].status = status;
    }

    fn supervisor(&mut self, id: ChildId) -> &mut Supervisor {
        self.members[id.0 as usize].supervisor.as_mut().expect("only supervisors have children")
    }

    fn children(&self, id: ChildId) -> Vec<ChildId> {
        self.member(id).supervisor.as_ref().map(|supervisor| supervisor.children.clone()).unwrap_or_default()
    }

    /// Takes a supervisor one step further.
    fn proceed(&mut self, id: ChildId, turn: &mut Turn<'_>) {
        match std::mem::replace(&mut self.supervisor(id).task, Task::Idle) {
            Task::Idle => {
                if let Some(event) = self.supervisor(id).inbox.pop_front() {
                    self.deal(id, event, turn);
                    turn.agenda.push_back(id);
                }
            }
            Task::Stopping { mut left, then } => {
                while left.last().is_some_and(|last| self.terminate(*last, turn)) {
                    left.pop();
                }
                if left.is_empty() {
                    self.stopped(id, then, turn)
                } else {
                    self.supervisor(id).task = Task::Stopping { left, then }
                }
            }
            Task::Pausing { until, left } if until > turn.now => self.supervisor(id).task = Task::Pausing { until, left },
            Task::Pausing { left, .. } => self.start_next(id, left, false, turn),
            Task::Starting { left, first } => self.start_next(id, left, first, turn),
        }
    }

    /// Starts whoever of `left` may start now; done when all have started.
    fn start_next(&mut self, id: ChildId, mut left: Vec<ChildId>, first: bool, turn: &mut Turn<'_>) {
        left.retain(|child| self.member(*child).status != Status::Forgotten);
        let starting = |tree: &Tree| tree.children(id).into_iter().any(|child| tree.member(child).status == Status::Starting);
        let starts = self.supervisor(id).starts;
        let may_start: Vec<_> = match starts {
            Starts::InTurn if starting(self) => Vec::new(),
            Starts::InTurn => left.first().copied().into_iter().collect(),
            Starts::Together => {
                let wanted = |need: &ChildId| left.contains(need) || self.member(*need).status == Status::Starting;
                left.iter().copied().filter(|child| !self.member(*child).depends_on.iter().any(wanted)).collect()
            }
        };
        left.retain(|child| !may_start.contains(child));
        let done = left.is_empty() && may_start.is_empty() && !starting(self);
        if !done {
            self.supervisor(id).task = Task::Starting { left, first };
            may_start.into_iter().for_each(|child| self.launch(child, !first, turn));
            return;
        }
        if self.member(id).status == Status::Starting {
            self.up(id, turn);
        }
        turn.agenda.push_back(id);
    }

    /// All that were to stop have stopped.
    fn stopped(&mut self, id: ChildId, then: Then, turn: &mut Turn<'_>) {
        match then {
            Then::Start { left, pause } => {
                let until = turn.now.saturating_add(pause);
                self.supervisor(id).task = Task::Pausing { until, left };
                turn.agenda.push_back(id);
            }
            Then::GiveUp => self.gone(id, ExitReason::Shutdown, turn),
            Then::End => self.down(id, turn),
            Then::FailStart => self.failed(id, turn),
        }
    }

    fn launch(&mut self, id: ChildId, again: bool, turn: &mut Turn<'_>) {
        let member = &mut self.members[id.0 as usize];
        member.status = Status::Starting;
        member.again = again;
        if member.supervisor.is_none() {
            turn.actions.push(Action::Start(id));
            return;
        }
        // A new supervisor knows nothing of the old one's troubles, and has all its children again.
        let children = self.children(id);
        children.iter().for_each(|child| self.set(*child, Status::Down));
        let supervisor = self.supervisor(id);
        supervisor.notes.clear();
        supervisor.inbox.clear();
        supervisor.gave_up = false;
        supervisor.task = Task::Starting { left: children, first: true };
        turn.agenda.push_back(id);
    }

    fn up(&mut self, id: ChildId, turn: &mut Turn<'_>) {
        let member = &mut self.members[id.0 as usize];
        member.status = Status::Up;
        member.since = turn.now;
        member.restarts += u32::from(member.again);
        self.tell_parent(id, turn);
    }

    /// A running child has ended by itself.
    fn gone(&mut self, id: ChildId, reason: ExitReason, turn: &mut Turn<'_>) {
        let Some(parent) = self.member(id).parent else { return self.set(id, Status::Down) };
        let ran = turn.now.saturating_since(self.member(id).since);
        let supervisor = self.supervisor(parent);
        let rule = supervisor.rule;
        let being_stopped = matches!(&supervisor.task, Task::Stopping { left, .. } if left.contains(&id));
        self.members[id.0 as usize].backoff.ran(&rule, ran);
        if being_stopped {
            return self.down(id, turn);
        }
        self.set(id, Status::Exited);
        self.supervisor(parent).inbox.push_back(Event::Exited(id, reason));
        turn.agenda.push_back(parent);
    }

    /// A child that was starting did not start.
    fn failed(&mut self, id: ChildId, turn: &mut Turn<'_>) {
        let Some(parent) = self.member(id).parent else {
            self.set(id, Status::Down);
            self.supervisor(id).gave_up = true;
            return turn.actions.push(Action::GaveUp(id));
        };
        let children = self.children(parent);
        let supervisor = self.supervisor(parent);
        turn.agenda.push_back(parent);
        match std::mem::replace(&mut supervisor.task, Task::Idle) {
            Task::Starting { first: true, .. } => {
                supervisor.inbox.clear();
                supervisor.task = Task::Stopping { left: children, then: Then::FailStart };
                self.set(id, Status::Down);
            }
            // The restart begins again with the first that has not started, so that nobody is left out.
            Task::Starting { left, first: false } => {
                let again = children.into_iter().find(|child| *child == id || left.contains(child)).unwrap_or(id);
                supervisor.inbox.push_back(Event::Retry(again));
                self.set(id, Status::Down);
                self.set(again, Status::Failed);
            }
            Task::Stopping { left, then } if left.contains(&id) => {
                supervisor.task = Task::Stopping { left, then };
                self.down(id, turn);
            }
            task @ (Task::Idle | Task::Stopping { .. } | Task::Pausing { .. }) => {
                supervisor.task = task;
                supervisor.inbox.push_back(Event::Retry(id));
                self.set(id, Status::Failed);
            }
        }
    }

    /// A child has ended for good, or until its supervisor starts it with others.
    fn down(&mut self, id: ChildId, turn: &mut Turn<'_>) {
        let member = &mut self.members[id.0 as usize];
        let temporary = member.restart == Restart::Temporary && member.parent.is_some();
        member.status = if temporary { Status::Forgotten } else { Status::Down };
        self.tell_parent(id, turn);
    }

    /// The parent goes on, and so do siblings that were waiting for this one.
    fn tell_parent(&mut self, id: ChildId, turn: &mut Turn<'_>) {
        let Some(parent) = self.member(id).parent else { return };
        for sibling in self.children(parent) {
            if self.member(sibling).status == Status::Blocked {
                self.revive(sibling, turn);
            }
        }
        turn.agenda.push_back(parent);
    }

    fn deal(&mut self, id: ChildId, event: Event, turn: &mut Turn<'_>) {
        match event {
            Event::Exited(child, reason) if self.member(child).status == Status::Exited => {
                let restart = match self.member(child).restart {
                    Restart::Permanent => true,
                    Restart::Transient => reason == ExitReason::Abnormal,
                    Restart::Temporary => false,
                };
                if restart { self.restart(id, child, turn) } else { self.down(child, turn) }
            }
            Event::Retry(child) if self.member(child).status == Status::Failed => self.restart(id, child, turn),
            Event::Stop(child) => {
                self.terminate(child, turn);
                self.tell_parent(child, turn);
            }
            // Stopped, or started with others, since.
            Event::Exited(..) | Event::Retry(_) => {}
        }
    }

    fn restart(&mut self, id: ChildId, child: ChildId, turn: &mut Turn<'_>) {
        let uniform = self.draw.uniform();
        let supervisor = self.supervisor(id);
        let (strategy, rule, children) = (supervisor.strategy, supervisor.rule, supervisor.children.clone());
        supervisor.notes.retain(|noted| turn.now.saturating_since(*noted) <= supervisor.period);
        supervisor.notes.push_back(turn.now);
        if supervisor.notes.len() > supervisor.intensity as usize {
            supervisor.gave_up = true;
            supervisor.inbox.clear();
            supervisor.task = Task::Stopping { left: children, then: Then::GiveUp };
            turn.actions.push(Action::GaveUp(id));
            return self.set(child, Status::Down);
        }
        let pause = self.members[child.0 as usize].backoff.next(&rule, uniform);
        let group = match strategy {
            Strategy::OneForOne => return self.restart_alone(child, pause, turn),
            Strategy::OneForAll => children,
            Strategy::RestForOne => children.into_iter().skip_while(|sibling| *sibling != child).collect(),
        };
        self.set(child, Status::Down);
        let supervisor = self.supervisor(id);
        supervisor.inbox.retain(|event| match event {
            Event::Exited(other, _) | Event::Retry(other) => !group.contains(other),
            Event::Stop(_) => true,
        });
        supervisor.task = Task::Stopping { left: group.clone(), then: Then::Start { left: group, pause } };
    }

    fn restart_alone(&mut self, child: ChildId, pause: Duration, turn: &mut Turn<'_>) {
        if pause.is_zero() {
            self.revive(child, turn)
        } else {
            self.set(child, Status::Waiting { until: turn.now.saturating_add(pause) })
        }
    }

    /// Starts a child again that is restarted alone, as soon as what it depends on runs or has ended for good.
    fn revive(&mut self, child: ChildId, turn: &mut Turn<'_>) {
        let settled = |need: &ChildId| matches!(self.member(*need).status, Status::Up | Status::Down | Status::Forgotten);
        let ready = self.member(child).depends_on.iter().all(settled);
        if ready { self.launch(child, true, turn) } else { self.set(child, Status::Blocked) }
    }

    /// Makes a child end. True if it already has.
    fn terminate(&mut self, id: ChildId, turn: &mut Turn<'_>) -> bool {
        match self.member(id).status {
            Status::Down | Status::Forgotten => true,
            Status::Exited | Status::Failed | Status::Waiting { .. } | Status::Blocked => {
                let temporary = self.member(id).restart == Restart::Temporary;
                self.set(id, if temporary { Status::Forgotten } else { Status::Down });
                true
            }
            Status::Stopping { .. } => false,
            Status::Starting | Status::Up => {
                match self.member(id).shutdown {
                    Shutdown::Brutal => self.kill(id, turn),
                    Shutdown::Within(time) => self.tell_to_end(id, Some(turn.now.saturating_add(time)), turn),
                    Shutdown::Infinity => self.tell_to_end(id, None, turn),
                }
                false
            }
        }
    }

    fn tell_to_end(&mut self, id: ChildId, deadline: Option<Instant>, turn: &mut Turn<'_>) {
        self.set(id, Status::Stopping { kill_at: deadline });
        match &mut self.members[id.0 as usize].supervisor {
            None => turn.actions.push(Action::Stop { child: id, deadline }),
            Some(supervisor) => {
                supervisor.inbox.clear();
                supervisor.task = Task::Stopping { left: supervisor.children.clone(), then: Then::End };
                turn.agenda.push_back(id);
            }
        }
    }

    fn kill(&mut self, id: ChildId, turn: &mut Turn<'_>) {
        if self.member(id).supervisor.is_none() {
            self.set(id, Status::Stopping { kill_at: None });
            return turn.actions.push(Action::Kill(id));
        }
        self.tell_to_end(id, None, turn);
        for child in self.children(id).into_iter().rev() {
            if matches!(self.member(child).status, Status::Starting | Status::Up | Status::Stopping { .. }) {
                self.kill(child, turn);
            }
        }
    }

    /// All below a lost supervisor is gone.
    fn lose_children(&mut self, id: ChildId) {
        for child in self.children(id) {
            self.lose_children(child);
            self.set(child, Status::Down);
        }
        if let Some(supervisor) = &mut self.members[id.0 as usize].supervisor {
            supervisor.inbox.clear();
            supervisor.task = Task::Idle;
        }
    }
}
