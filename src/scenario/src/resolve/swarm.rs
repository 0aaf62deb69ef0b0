//! Faults drawn by the seed.

use hms_machine::{Duration, Instant};

use super::Resolver;
use crate::defaults;
use crate::file::{self, SwarmKind, SwarmKinds};
use crate::model;
use crate::place::Place;
use crate::problem::Problem;
use crate::quantity::Time;

impl Resolver<'_> {
    pub(super) fn swarm(&mut self, swarm: file::Swarm, place: &Place) -> model::Swarm {
        let file::Swarm { kinds, active, gap, from, until, intensity } = swarm;
        let kinds = match kinds {
            SwarmKinds::Word(word) if word == "all" => model::SwarmKind::ALL.to_vec(),
            SwarmKinds::Word(word) => {
                let problem = Problem::new("", format!("unknown word `{word}`")).expected("\"all\", or a list of kinds");
                self.blame(&place.key("kinds"), problem.help(format!("for one kind write `kinds = [\"{word}\"]`")));
                Vec::new()
            }
            SwarmKinds::List(list) => self.swarm_kinds(&list, &place.key("kinds")),
        };
        self.require(!active.0.is_zero(), active.0.get(), "a share above 0", &place.key("active"));
        self.require(intensity.is_finite() && intensity > 0.0, intensity, "a number above 0", &place.key("intensity"));
        let end = Time(Duration::from_nanos_f64(self.duration.as_nanos() as f64 * defaults::SWARM_UNTIL));
        let (from, until) = (from.unwrap_or(Time(self.warmup)), until.unwrap_or(end));
        if until.0 > self.duration {
            let problem = Problem::new("", format!("the swarm ends at {until}, after the run at {}", Time(self.duration)));
            self.blame(&place.key("until"), problem.expected(format!("at most {}", Time(self.duration))));
        }
        if from >= until {
            let problem = Problem::new("", format!("the swarm begins at {from}, which is not before its end at {until}"));
            self.blame(&place.key("from"), problem.expected(format!("a time below {until}")));
        }
        if self.positive(gap, &place.key("gap")) {
            let expected = until.0.saturating_sub(from.0).as_nanos() as f64 / gap.0.as_nanos() as f64;
            if expected > defaults::OCCURRENCES_MAX {
                let problem = Problem::new("", format!("about {expected:.1e} faults are too many"));
                self.blame(&place.key("gap"), problem.expected(format!("at most {}", defaults::OCCURRENCES_MAX)));
            }
        }
        let instant = |time: Time| Instant::ZERO.saturating_add(time.0);
        model::Swarm { kinds, active: active.0, gap: gap.0, from: instant(from), until: instant(until), intensity }
    }

    fn swarm_kinds(&mut self, list: &[SwarmKind], place: &Place) -> Vec<model::SwarmKind> {
        if list.is_empty() {
            self.blame(place, Problem::new("", "this list of kinds is empty").expected("\"all\", or at least one kind"));
        }
        let mut kinds = Vec::new();
        for (index, kind) in list.iter().enumerate() {
            let kind = model_kind(*kind);
            if kinds.contains(&kind) {
                self.blame(&place.index(index), Problem::new("", "this kind is in the list already"));
            }
            kinds.push(kind);
        }
        kinds.sort_unstable();
        kinds
    }
}

fn model_kind(kind: SwarmKind) -> model::SwarmKind {
    match kind {
        SwarmKind::Crash => model::SwarmKind::Crash,
        SwarmKind::AgentCrash => model::SwarmKind::AgentCrash,
        SwarmKind::CrashLoop => model::SwarmKind::CrashLoop,
        SwarmKind::Pause => model::SwarmKind::Pause,
        SwarmKind::Hang => model::SwarmKind::Hang,
        SwarmKind::SlowCpu => model::SwarmKind::SlowCpu,
        SwarmKind::SlowDisk => model::SwarmKind::SlowDisk,
        SwarmKind::SlowNic => model::SwarmKind::SlowNic,
        SwarmKind::Latency => model::SwarmKind::Latency,
        SwarmKind::Loss => model::SwarmKind::Loss,
        SwarmKind::Mangle => model::SwarmKind::Mangle,
        SwarmKind::Partition => model::SwarmKind::Partition,
        SwarmKind::Clock => model::SwarmKind::Clock,
        SwarmKind::Disk => model::SwarmKind::Disk,
        SwarmKind::MemoryLeak => model::SwarmKind::MemoryLeak,
        SwarmKind::Surge => model::SwarmKind::Surge,
        SwarmKind::Gray => model::SwarmKind::Gray,
        SwarmKind::Domain => model::SwarmKind::Domain,
        SwarmKind::Throttle => model::SwarmKind::Throttle,
        SwarmKind::HandleLeak => model::SwarmKind::HandleLeak,
        SwarmKind::Herd => model::SwarmKind::Herd,
        SwarmKind::Poison => model::SwarmKind::Poison,
        SwarmKind::Regression => model::SwarmKind::Regression,
        SwarmKind::Outage => model::SwarmKind::Outage,
    }
}
