//! The book of alerts: what fires, which groups are waiting, and who may be told again when.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hms_machine::{Duration, Instant, NodeId};

use super::alert::Firing;
use super::member::{Happening, Member, Said};
use super::quiet::Inhibitors;
use super::{Alert, AlertConfiguration, Fingerprint, Inhibition, Labels, Receiver, Route, Signal, Silence, Source};
use crate::health::checks::{Change, Severity};

/// A policy that turns signals into notifications.
#[derive(Clone, Debug)]
pub struct Alerts {
    enabled: bool,
    rate_max: u32,
    rate_period: Duration,
    routes: Route,
    inhibitions: Vec<Inhibition>,
    silences: Vec<Silence>,
    firing: BTreeMap<Fingerprint, Firing>,
    groups: BTreeMap<GroupKey, Group>,
    rates: BTreeMap<Receiver, Rate>,
    counts: Counts,
    due: Option<Instant>,
}

/// What a receiver is told at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Who is told.
    pub receiver: Receiver,
    /// What the alerts have in common.
    pub group: Labels,
    /// New, worse, or still firing after the repeat interval.
    pub firing: Vec<Alert>,
    /// Ended, and told of before.
    pub resolved: Vec<Alert>,
    /// Times that notifications to this receiver had to wait for its rate since the one before.
    pub withheld: u64,
}

/// The books: nothing is lost in silence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Alerts that have begun.
    pub raised: u64,
    /// Signals that said what was known.
    pub duplicates: u64,
    /// Alerts in notifications, firing.
    pub told: u64,
    /// Alerts in notifications, ended.
    pub resolved: u64,
    /// Alerts that came and went before their group spoke.
    pub passed: u64,
    /// Times that an alert was kept back because another explains it.
    pub inhibited: u64,
    /// Times that an alert was kept back by a silence.
    pub silenced: u64,
    /// Times that a notification waited for its receiver's rate.
    pub withheld: u64,
}

/// What is kept quiet is looked at again after this, or after the group's interval if that is longer.
const QUIET: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct GroupKey {
    route: u32,
    labels: Labels,
}

#[derive(Clone, Debug)]
struct Group {
    receiver: Receiver,
    wait: Duration,
    interval: Duration,
    repeat: Duration,
    members: BTreeMap<Fingerprint, (Member, Alert)>,
    /// Since when there is something new to say.
    news: Option<Instant>,
    spoken: Option<Instant>,
    /// Not before this: the receiver's rate is used up, or all there is to say is kept quiet.
    barred: Instant,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rate {
    since: Instant,
    sent: u32,
    withheld: u64,
}

impl Group {
    fn new(route: &Route) -> Self {
        let Route { receiver, wait, interval, repeat, .. } = *route;
        Group { receiver, wait, interval, repeat, members: BTreeMap::new(), news: None, spoken: None, barred: Instant::ZERO }
    }

    /// When there is next something to say.
    fn due(&self) -> Option<Instant> {
        let news = self.news.map(|since| match self.spoken {
            None => since.saturating_add(self.wait),
            Some(spoken) => since.max(spoken.saturating_add(self.interval)),
        });
        let told = self.members.values().filter_map(|(member, _)| match member {
            Member::Told { at } => Some(at.saturating_add(self.repeat)),
            Member::Pending { .. } | Member::Ended { .. } => None,
        });
        news.into_iter().chain(told).min().map(|due| due.max(self.barred))
    }

    fn happen(&mut self, alert: &Alert, happening: Happening, now: Instant) -> Said {
        let member = self.members.get(&alert.fingerprint).map_or(Member::NEW, |(member, _)| *member);
        let (next, said) = member.next(happening);
        match next {
            Some(next) => {
                self.members.insert(alert.fingerprint, (next, *alert));
            }
            None => {
                self.members.remove(&alert.fingerprint);
            }
        }
        let news = self.members.values().any(|(member, _)| member.is_news());
        self.news = news.then(|| self.news.unwrap_or(now));
        said
    }

    fn worst(&self) -> Option<Severity> {
        self.members.values().filter(|(member, _)| member.is_news()).map(|(_, alert)| alert.severity).max()
    }
}

impl Alerts {
    /// With the standard routes and inhibitions.
    pub fn new(configuration: &AlertConfiguration) -> Self {
        Alerts::with(configuration, Route::standard(configuration), Inhibition::standard())
    }

    /// With these routes and inhibitions.
    pub fn with(configuration: &AlertConfiguration, routes: Route, inhibitions: Vec<Inhibition>) -> Self {
        Alerts {
            enabled: configuration.enabled,
            rate_max: configuration.rate_max.max(1),
            rate_period: configuration.rate_period,
            routes,
            inhibitions: if configuration.inhibition { inhibitions } else { Vec::new() },
            silences: Vec::new(),
            firing: BTreeMap::new(),
            groups: BTreeMap::new(),
            rates: BTreeMap::new(),
            counts: Counts::default(),
            due: None,
        }
    }

    /// A source says that something is wrong, or still is, or is worse.
    pub fn raise(&mut self, signal: Signal, now: Instant) {
        if !self.enabled {
            return;
        }
        let Signal { fingerprint, severity, labels, source } = signal;
        let known = self.firing.get(&fingerprint).map(|firing| firing.alert.severity);
        let new = Firing { alert: Alert { fingerprint, severity, labels, since: now }, sources: BTreeMap::new() };
        let firing = self.firing.entry(fingerprint).or_insert(new);
        firing.sources.insert(source, severity);
        firing.alert.severity = firing.sources.values().copied().max().unwrap_or(severity);
        firing.alert.labels = labels;
        let alert = firing.alert;
        let happening = match known {
            None => {
                self.counts.raised += 1;
                Happening::Raised
            }
            Some(known) if alert.severity > known => Happening::Worse,
            Some(_) => {
                self.counts.duplicates += 1;
                return;
            }
        };
        self.happen(&alert, happening, now);
    }

    /// A source says that something is not wrong any more; the alert ends with the last source.
    pub fn resolve(&mut self, fingerprint: Fingerprint, source: Source, now: Instant) {
        let Some(firing) = self.firing.get_mut(&fingerprint) else { return };
        firing.sources.remove(&source);
        if let Some(severity) = firing.sources.values().copied().max() {
            firing.alert.severity = severity;
            return;
        }
        let alert = firing.alert;
        self.firing.remove(&fingerprint);
        for group in self.groups.values_mut().filter(|group| group.members.contains_key(&fingerprint)) {
            if group.happen(&alert, Happening::Resolved, now) == Said::Passed {
                self.counts.passed += 1;
            }
            self.due = earlier(self.due, group.due());
        }
    }

    /// Takes a change of a check on `node`: what it said before ends, what it says now begins.
    pub fn change(&mut self, change: &Change, node: NodeId, labels: Labels, now: Instant) {
        let Change { subject, from, to, name: check, .. } = *change;
        let source = Source { node, check };
        if let (Some(cause), Some(severity)) = (to.cause(), to.severity()) {
            self.raise(Signal { fingerprint: Fingerprint { subject, cause }, severity, labels, source }, now);
        }
        if let Some(cause) = from.cause().filter(|cause| to.cause() != Some(*cause)) {
            self.resolve(Fingerprint { subject, cause }, source, now);
        }
    }

    /// Keeps alerts quiet for a while.
    pub fn silence(&mut self, silence: Silence) {
        self.silences.push(silence);
    }

    /// When to call [`Alerts::flush`] next.
    pub fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Tells what is to be told by `now`: the most urgent first, then what has waited longest.
    pub fn flush(&mut self, now: Instant, mut tell: impl FnMut(Notification)) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        self.silences.retain(|silence| silence.until > now);
        let Alerts { inhibitions, silences, firing, groups, rates, counts, rate_max, rate_period, .. } = self;
        let inhibitors = Inhibitors::new(inhibitions, firing.values().map(|firing| &firing.alert));
        let due = groups.iter().filter(|(_, group)| group.due().is_some_and(|due| due <= now));
        let mut order: Vec<_> = due.map(|(key, group)| (Reverse(group.worst()), group.news, *key)).collect();
        order.sort_unstable();
        for (_, _, key) in order {
            let group = groups.get_mut(&key).expect("the order names groups that are there");
            let rate = rates.entry(group.receiver).or_default();
            if now.saturating_since(rate.since) >= *rate_period {
                (rate.since, rate.sent) = (now, 0);
            }
            if rate.sent >= *rate_max {
                group.barred = rate.since.saturating_add(*rate_period);
                rate.withheld += 1;
                counts.withheld += 1;
                continue;
            }
            let mut quiet = |alert: &Alert| {
                let (inhibited, silenced) = (inhibitors.cover(alert), silences.iter().any(|silence| silence.covers(alert, now)));
                counts.inhibited += u64::from(inhibited);
                counts.silenced += u64::from(silenced && !inhibited);
                inhibited || silenced
            };
            let (fires, ended) = group.speak(firing, now, &mut quiet);
            if fires.is_empty() && ended.is_empty() {
                continue;
            }
            counts.told += fires.len() as u64;
            counts.resolved += ended.len() as u64;
            rate.sent += 1;
            let withheld = std::mem::take(&mut rate.withheld);
            tell(Notification { receiver: group.receiver, group: key.labels, firing: fires, resolved: ended, withheld });
        }
        self.tidy();
    }

    /// All alerts that fire.
    pub fn firing(&self) -> impl Iterator<Item = &Alert> + '_ {
        self.firing.values().map(|firing| &firing.alert)
    }

    /// The books.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn happen(&mut self, alert: &Alert, happening: Happening, now: Instant) {
        let Alerts { groups, routes, due, .. } = self;
        routes.walk(alert, &mut |number, route| {
            let key = GroupKey { route: number, labels: alert.labels.only(&route.group_by) };
            let group = groups.entry(key).or_insert_with(|| Group::new(route));
            group.happen(alert, happening, now);
            *due = earlier(*due, group.due());
        });
    }

    /// Forgets groups without members, and finds the next due time.
    fn tidy(&mut self) {
        self.groups.retain(|_, group| !group.members.is_empty());
        self.due = self.groups.values().filter_map(Group::due).min();
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    a.into_iter().chain(b).min()
}

impl Group {
    /// What there is to say now: alerts that fire, and alerts that have ended.
    fn speak(
        &mut self,
        firing: &BTreeMap<Fingerprint, Firing>,
        now: Instant,
        quiet: &mut impl FnMut(&Alert) -> bool,
    ) -> (Vec<Alert>, Vec<Alert>) {
        let (mut fires, mut ended) = (Vec::new(), Vec::new());
        let repeat = now.as_nanos().checked_sub(self.repeat.as_nanos()).map(Instant::from_nanos);
        let members: Vec<Alert> = self.members.values().map(|(_, alert)| *alert).collect();
        for known in members {
            // As urgent as its sources say now.
            let alert = firing.get(&known.fingerprint).map_or(known, |firing| firing.alert);
            match self.happen(&alert, Happening::Flushed { quiet: quiet(&alert), now, repeat }, now) {
                Said::Fires => fires.push(alert),
                Said::Ended => ended.push(alert),
                Said::Nothing | Said::Passed => {}
            }
        }
        let said = !fires.is_empty() || !ended.is_empty();
        if said {
            self.spoken = Some(now);
        }
        if !said || self.news.is_some() {
            self.barred = now.saturating_add(self.interval.max(QUIET));
        }
        (fires, ended)
    }
}
