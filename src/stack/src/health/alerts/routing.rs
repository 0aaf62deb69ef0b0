//! Who is told what, how soon and in which company: a tree of routes, as in Prometheus' Alertmanager.
//!
//! An alert walks down from the root. At each route that it fits it tries the branches in order and ends with the first that takes it, or goes on to the next
//! one if that branch says `onward`. A route none of whose branches takes it, takes it itself.

use hms_machine::Duration;

use super::{Alert, AlertConfiguration, Label, Matcher};
use crate::health::checks::SubjectKind;

/// Who can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiver {
    /// Restarts and moves agents.
    Supervisor,
    /// Cuts callers off.
    Breaker,
    /// A person.
    Operator,
}

/// A branch of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Which alerts go here.
    pub matches: Matcher,
    /// Who is told.
    pub receiver: Receiver,
    /// Alerts that agree in these labels are told together.
    pub group_by: Vec<Label>,
    /// How long a new group waits for more.
    pub wait: Duration,
    /// Least time between two notifications of a group.
    pub interval: Duration,
    /// An alert that goes on for this long is told again.
    pub repeat: Duration,
    /// Whether the next branch is tried too.
    pub onward: bool,
    /// Finer routes, tried in order.
    pub branches: Vec<Route>,
}

impl Route {
    /// Supervisors hear of agents and nodes and breakers of peers at once, operators of everything, grouped by zone and node.
    pub fn standard(configuration: &AlertConfiguration) -> Route {
        let AlertConfiguration { group_wait: wait, group_interval: interval, repeat_interval: repeat, .. } = *configuration;
        let operator = Route {
            matches: Matcher::default(),
            receiver: Receiver::Operator,
            group_by: vec![Label::Zone, Label::Node],
            wait,
            interval,
            repeat,
            onward: false,
            branches: Vec::new(),
        };
        let at_once = |receiver, kind| Route {
            matches: Matcher { kind: Some(kind), ..Matcher::default() },
            receiver,
            group_by: vec![Label::Node, Label::Agent],
            wait: Duration::ZERO,
            interval: Duration::ZERO,
            onward: true,
            ..operator.clone()
        };
        let branches = vec![
            at_once(Receiver::Supervisor, SubjectKind::Agent),
            at_once(Receiver::Supervisor, SubjectKind::Node),
            at_once(Receiver::Breaker, SubjectKind::Peer),
            operator.clone(),
        ];
        Route { branches, ..operator }
    }

    /// Tells every route that takes an alert, with its number in order of walking.
    pub(super) fn walk<'a>(&'a self, alert: &Alert, tell: &mut impl FnMut(u32, &'a Route)) {
        self.take(0, alert, tell);
    }

    fn take<'a>(&'a self, number: u32, alert: &Alert, tell: &mut impl FnMut(u32, &'a Route)) -> bool {
        if !self.matches.matches(alert) {
            return false;
        }
        let (mut taken, mut next) = (false, number + 1);
        for branch in &self.branches {
            if branch.take(next, alert, tell) {
                taken = true;
                if !branch.onward {
                    break;
                }
            }
            next += branch.size();
        }
        if !taken {
            tell(number, self);
        }
        true
    }

    fn size(&self) -> u32 {
        1 + self.branches.iter().map(Route::size).sum::<u32>()
    }
}
