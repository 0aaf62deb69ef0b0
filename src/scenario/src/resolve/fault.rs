//! Rules of faults.

use hms_machine::{Bytes, Distribution};

use super::Resolver;
use super::partition::Cut;
use super::target::Scope;
use crate::defaults;
use crate::file::{self, Detail, Instants, Rule};
use crate::model::{self, DiskFailure, FaultKind, LinkFault};
use crate::place::Place;
use crate::problem::Problem;
use crate::quantity::Time;

impl Resolver<'_> {
    pub(super) fn faults(
        &mut self,
        faults: Vec<file::Fault>,
        services: &[model::Service],
        loads: &[model::Load],
        place: &Place,
    ) -> Vec<model::Fault> {
        let made: Vec<model::Fault> = faults
            .into_iter()
            .enumerate()
            .map(|(index, fault)| self.fault(fault, index, services, &place.index(index)))
            .collect();
        self.unique(
            "faults",
            made.iter().enumerate().map(|(index, fault)| (fault.name.as_str(), place.index(index).key("name"))),
        );
        made.iter().enumerate().for_each(|(index, fault)| self.open_loop(fault, loads, &place.index(index)));
        made
    }

    /// Tells a rule that would add requests to a closed loop, whose clients ask when they were answered and not before.
    fn open_loop(&mut self, fault: &model::Fault, loads: &[model::Load], place: &Place) {
        let (FaultKind::Surge { .. } | FaultKind::Herd { .. }, model::Target::Load(load)) = (&fault.kind, &fault.target) else {
            return;
        };
        let Some(load) = loads.get(*load).filter(|load| matches!(load.arrivals, model::Arrivals::Closed { .. })) else { return };
        let word = if matches!(fault.kind, FaultKind::Herd { .. }) { "herd" } else { "surge" };
        let message = format!("a `{word}` cannot strike the load `{}`: the arrivals of `closed` follow the answers", load.name);
        let problem = Problem::new("", message).expected("a load whose arrivals are of another kind than `closed`");
        self.blame(&place.key("target"), problem.help("for more requests at a time, add a second load"));
    }

    fn fault(&mut self, fault: file::Fault, index: usize, services: &[model::Service], place: &Place) -> model::Fault {
        let (rule, detail) = fault.split();
        let kind_name = detail.name();
        let scope = scope(&detail);
        let kind = self.kind(detail, place);
        let Rule { name, at, every, trace, r#for, target, group } = rule;
        let momentary = matches!(
            kind,
            FaultKind::AgentCrash
                | FaultKind::ClockStep { .. }
                | FaultKind::Disk(DiskFailure::BitFlips { .. })
                | FaultKind::Herd { .. }
        );
        if momentary && r#for.is_some() {
            let problem =
                Problem::new("", format!("`{kind_name}` happens at an instant and has no duration")).help("remove `for`");
            self.blame(&place.key("for"), problem);
        }
        if trace.is_some() {
            let stated = [("for", r#for.is_some()), ("group", group.is_some())];
            for (key, _) in stated.into_iter().filter(|(_, stated)| *stated) {
                let problem =
                    Problem::new("", format!("the rows of a trace say what `{key}` would")).help(format!("remove `{key}`"));
                self.blame(&place.key(key), problem);
            }
        }
        let duration = r#for.map(|law| self.positive_law(law, &place.key("for")));
        // Rows of a trace name nodes: what strikes hosts, agents or links needs no other target.
        let by_node = matches!(scope, Scope::Host | Scope::Agent | Scope::Links);
        let target = match (&trace, target) {
            (Some(_), None) if by_node => model::Target::Cluster,
            (_, target) => self.target(target, scope, kind_name, services, place),
        };
        let on_nodes = match &target {
            model::Target::Cluster => by_node,
            model::Target::Nodes(_)
            | model::Target::RandomNodes(_)
            | model::Target::Rack(_)
            | model::Target::Zone(_)
            | model::Target::Region(_) => {
                if trace.is_some() {
                    let problem = Problem::new("", "the rows of a trace say which nodes are struck").help("remove `target`");
                    self.blame(&place.key("target"), problem);
                }
                true
            }
            model::Target::Service(_)
            | model::Target::Replica(..)
            | model::Target::RandomReplica(_)
            | model::Target::Load(_)
            | model::Target::Links { .. } => false,
        };
        let start = self.start(at, every, trace, on_nodes, kind_name, place);
        if let model::Start::Every(gap) = &start {
            self.countable(gap, duration.as_ref(), &target, place);
        }
        let name = name.unwrap_or_else(|| format!("{kind_name}-{index}"));
        model::Fault { name, kind, target, start, duration, group }
    }

    fn start(
        &mut self,
        at: Option<Instants>,
        every: Option<file::Law<Time>>,
        trace: Option<file::TraceSource>,
        on_nodes: bool,
        kind_name: &str,
        place: &Place,
    ) -> model::Start {
        match (at, every, trace) {
            (Some(Instants::One(at)), None, None) => model::Start::At(vec![self.within_run(at, "a fault", &place.key("at"))]),
            (Some(Instants::Many(list)), None, None) => {
                let place = place.key("at");
                if list.is_empty() {
                    self.blame(&place, Problem::new("", "this list of times is empty").expected("at least one time"));
                }
                let mut at: Vec<_> =
                    list.into_iter().enumerate().map(|(index, at)| self.within_run(at, "a fault", &place.index(index))).collect();
                at.sort_unstable();
                model::Start::At(at)
            }
            (None, Some(every), None) => model::Start::Every(self.positive_law(every, &place.key("every"))),
            (None, None, Some(trace)) => model::Start::Trace(self.trace(trace, on_nodes, &place.key("trace"))),
            (None, None, None) => {
                let problem =
                    Problem::new("", format!("the fault `{kind_name}` has no start")).expected("`at`, `every` or `trace`");
                self.blame(place, problem.help("add `at = \"30s\"` for one occurrence, `every = \"5min\"` for many"));
                model::Start::At(Vec::new())
            }
            _ => {
                let problem = Problem::new("", "a fault has one start").expected("one of `at`, `every` and `trace`");
                self.blame(place, problem.help("remove the others"));
                model::Start::At(Vec::new())
            }
        }
    }

    /// Tells a rule that would yield so many occurrences that a unit must be wrong.
    fn countable(&mut self, gap: &Distribution, duration: Option<&Distribution>, target: &model::Target, place: &Place) {
        let targets = if let model::Target::Nodes(nodes) = target { nodes.len().max(1) } else { 1 };
        let round = gap.mean() + duration.map_or(0.0, Distribution::mean);
        let expected = self.duration.as_nanos() as f64 / round * targets as f64;
        if expected > defaults::OCCURRENCES_MAX || expected.is_nan() {
            let problem = Problem::new("", format!("about {expected:.1e} faults in {} are too many", Time(self.duration)));
            self.blame(&place.key("every"), problem.expected(format!("at most {}", defaults::OCCURRENCES_MAX)));
        }
    }

    fn kind(&mut self, detail: Detail, place: &Place) -> FaultKind {
        match detail {
            Detail::Crash { disk_lost } => FaultKind::Crash { disk_lost },
            Detail::AgentCrash {} => FaultKind::AgentCrash,
            Detail::CrashLoop { after } => FaultKind::CrashLoop { after: self.positive_law(after, &place.key("after")) },
            Detail::Pause {} => FaultKind::Pause,
            Detail::Hang {} => FaultKind::Hang,
            Detail::SlowCpu { speed } => {
                self.require(
                    !speed.0.is_zero(),
                    speed.0.get(),
                    "a share above 0; a host that does nothing is a `pause`",
                    &place.key("speed"),
                );
                FaultKind::SlowCpu { speed: speed.0 }
            }
            Detail::SlowDisk { factor } => {
                self.require(factor.is_finite() && factor >= 1.0, factor, "a number of 1 or more", &place.key("factor"));
                FaultKind::SlowDisk { factor }
            }
            Detail::SlowNic { delay } => FaultKind::SlowNic { delay: self.law(delay, &place.key("delay")) },
            Detail::Latency { delay } => FaultKind::Link(LinkFault::Latency { delay: self.law(delay, &place.key("delay")) }),
            Detail::Loss { share } => FaultKind::Link(LinkFault::Loss { share: share.0 }),
            Detail::Duplicate { share } => FaultKind::Link(LinkFault::Duplicate { share: share.0 }),
            Detail::Reorder { share, hold } => {
                FaultKind::Link(LinkFault::Reorder { share: share.0, hold: self.law(hold, &place.key("hold")) })
            }
            Detail::Corrupt { share } => FaultKind::Link(LinkFault::Corrupt { share: share.0 }),
            Detail::Clog {} => FaultKind::Link(LinkFault::Clog),
            Detail::Throttle { bandwidth } => FaultKind::Link(LinkFault::Throttle { bandwidth: bandwidth.0 }),
            Detail::Partition { shape, sides, from, to, node, flapping } => {
                let cut = Cut { shape, sides, from, to, node };
                FaultKind::Partition(self.partition(cut, flapping, place))
            }
            Detail::ClockStep { by, forward } => {
                self.positive(by, &place.key("by"));
                FaultKind::ClockStep { by: by.0, forward }
            }
            Detail::ClockDrift { ppm } => {
                self.require(ppm.is_finite() && ppm > -1e6, ppm, "a number above -1000000", &place.key("ppm"));
                FaultKind::ClockDrift { ppm }
            }
            Detail::ClockStrobe { by, period } => {
                self.positive(by, &place.key("by"));
                self.positive(period, &place.key("period"));
                FaultKind::ClockStrobe { by: by.0, every: period.0 }
            }
            Detail::DiskStall {} => FaultKind::Disk(DiskFailure::Stall),
            Detail::DiskFull {} => FaultKind::Disk(DiskFailure::Full),
            Detail::DiskErrors { share } => FaultKind::Disk(DiskFailure::Errors { share: share.0 }),
            Detail::BitFlips { bits } => FaultKind::Disk(DiskFailure::BitFlips { bits }),
            Detail::Misdirected { share } => FaultKind::Disk(DiskFailure::Misdirected { share: share.0 }),
            Detail::MemoryLeak { rate } => FaultKind::MemoryLeak { rate: Bytes(rate.0) },
            Detail::HandleLeak { rate } => {
                self.require(rate.0 > 0.0, rate.0, "a rate above 0", &place.key("rate"));
                FaultKind::HandleLeak { rate: rate.0 }
            }
            Detail::Surge { factor } => {
                self.require(factor.is_finite() && factor >= 0.0, factor, "a number of 0 or more", &place.key("factor"));
                FaultKind::Surge { factor }
            }
            Detail::Herd { requests } => FaultKind::Herd { requests },
            Detail::Regression { factor, errors, replicas } => {
                self.require(factor.is_finite() && factor >= 1.0, factor, "a number of 1 or more", &place.key("factor"));
                FaultKind::Regression { factor, errors: errors.0, replicas: replicas.0 }
            }
            Detail::Poison { share } => FaultKind::Poison { share: share.0 },
            Detail::Gray { errors } => FaultKind::Gray { errors: errors.0 },
            Detail::Outage { severity } => FaultKind::Outage { severity: severity.0 },
        }
    }
}

/// What a kind strikes.
fn scope(detail: &Detail) -> Scope {
    match detail {
        Detail::Crash { .. }
        | Detail::Pause {}
        | Detail::SlowCpu { .. }
        | Detail::SlowDisk { .. }
        | Detail::SlowNic { .. }
        | Detail::ClockStep { .. }
        | Detail::ClockDrift { .. }
        | Detail::ClockStrobe { .. }
        | Detail::DiskStall {}
        | Detail::DiskFull {}
        | Detail::DiskErrors { .. }
        | Detail::BitFlips { .. }
        | Detail::Misdirected { .. } => Scope::Host,
        Detail::AgentCrash {}
        | Detail::CrashLoop { .. }
        | Detail::Hang {}
        | Detail::MemoryLeak { .. }
        | Detail::HandleLeak { .. }
        | Detail::Gray { .. } => Scope::Agent,
        Detail::Regression { .. } | Detail::Outage { .. } => Scope::Service,
        Detail::Surge { .. } | Detail::Herd { .. } | Detail::Poison { .. } => Scope::Load,
        Detail::Latency { .. }
        | Detail::Loss { .. }
        | Detail::Duplicate { .. }
        | Detail::Reorder { .. }
        | Detail::Corrupt { .. }
        | Detail::Clog {}
        | Detail::Throttle { .. } => Scope::Links,
        Detail::Partition { .. } => Scope::Partition,
    }
}
