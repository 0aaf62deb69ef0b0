//! From file types to the model: names become ids, defaults are filled in, and whatever makes no sense is told.
//!
//! Resolution never stops at the first mistake: what cannot be resolved is replaced by something harmless, so that the rest can be
//! looked at, and the result is thrown away at the end.

mod arrivals;
mod cluster;
mod fault;
mod graph;
mod law;
mod load;
mod network;
mod partition;
mod service;
mod swarm;
mod target;
mod trace;

use std::collections::BTreeMap;

use hms_machine::{Duration, Instant};

use crate::Document;
use crate::file;
use crate::model;
use crate::place::{Place, Report};
use crate::problem::Problem;
use crate::quantity::Time;
use cluster::Map;

/// What resolution needs to know at every place.
struct Resolver<'a> {
    report: Report<'a>,
    files: &'a dyn Fn(&str) -> Result<String, String>,
    read: Vec<(String, String)>,
    /// Length of the run.
    duration: Duration,
    warmup: Duration,
    map: Map,
    /// Names of the services, by position.
    services: Vec<String>,
    /// Names of the loads, by position.
    loads: Vec<String>,
}

pub(crate) fn resolve(
    scenario: file::Scenario,
    files: &dyn Fn(&str) -> Result<String, String>,
    report: Report<'_>,
) -> Result<Document, Vec<Problem>> {
    let file::Scenario { version: _, name, description, stack, run, cluster, network, service, load, fault, swarm } = scenario;
    let mut resolver = Resolver {
        report,
        files,
        read: Vec::new(),
        duration: run.duration.0,
        warmup: run.warmup.0,
        map: Map::default(),
        services: service.iter().map(|service| service.name.clone()).collect(),
        loads: load::names(&load),
    };
    let root = Place::default();
    if name.is_empty() || name.contains(['/', '\\', '\0']) || name.starts_with('.') {
        let problem = Problem::new("", "the name cannot be that of a folder")
            .expected("letters, digits, hyphens; no slash, no leading dot");
        resolver.report.value(&root.key("name"), problem);
    }
    let run = resolver.run(run, &root.key("run"));
    let cluster = resolver.cluster(cluster, &root.key("cluster"));
    let network = resolver.network(network, &cluster, &root.key("network"));
    let services = resolver.services(service, &cluster, &root.key("service"));
    let loads = resolver.loads(load, &root.key("load"));
    let faults = resolver.faults(fault, &services, &loads, &root.key("fault"));
    let swarm = swarm.map(|swarm| resolver.swarm(swarm, &root.key("swarm")));
    let Resolver { report, read, .. } = resolver;
    if !report.is_empty() {
        return Err(report.finish());
    }
    let scenario = model::Scenario { name, description, run, cluster, network, services, loads, faults, swarm };
    Ok(Document { scenario, stack, files: read })
}

/// Most rows of a series.
const SAMPLES_MAX: u64 = 10_000_000;

impl Resolver<'_> {
    fn blame(&mut self, place: &Place, problem: Problem) {
        self.report.value(place, problem);
    }

    fn run(&mut self, run: file::Run, place: &Place) -> model::Run {
        let file::Run { duration, warmup, sample_every, events_max, pending_max } = run;
        self.positive(duration, &place.key("duration"));
        if warmup >= duration && !duration.0.is_zero() {
            let problem = Problem::new("", format!("the warm-up of {warmup} leaves nothing of the run of {duration} to measure"));
            self.blame(&place.key("warmup"), problem.expected(format!("less than {duration}")));
        }
        if self.positive(sample_every, &place.key("sample_every"))
            && duration.0.as_nanos() / sample_every.0.as_nanos() > SAMPLES_MAX
        {
            let problem =
                Problem::new("", format!("a sample every {sample_every} makes more than {SAMPLES_MAX} rows in {duration}"));
            self.blame(&place.key("sample_every"), problem.expected("a longer time between samples"));
        }
        model::Run { duration: duration.0, warmup: warmup.0, sample_every: sample_every.0, events_max, pending_max }
    }

    /// Tells if a time is zero; true if it is not.
    fn positive(&mut self, time: Time, place: &Place) -> bool {
        if time.0.is_zero() {
            self.blame(place, Problem::new("", "this time must be above zero").expected("a duration above zero"));
        }
        !time.0.is_zero()
    }

    /// Tells if a number is not as `expected`.
    fn require(&mut self, right: bool, number: f64, expected: &str, place: &Place) {
        if !right {
            self.blame(place, Problem::new("", format!("`{number}` is out of range")).expected(expected));
        }
    }

    /// Tells if an instant is not before the end of the run.
    fn within_run(&mut self, at: Time, what: &str, place: &Place) -> Instant {
        if at.0 >= self.duration {
            let end = Time(self.duration);
            let problem = Problem::new("", format!("{what} at {at} is not before the end of the run at {end}"));
            let help = "choose an earlier time, or a longer `run.duration`";
            self.blame(place, problem.expected(format!("a time below {end}")).help(help));
        }
        Instant::ZERO.saturating_add(at.0)
    }

    /// Tells every name that occurred before.
    fn unique<'n>(&mut self, what: &str, names: impl Iterator<Item = (&'n str, Place)>) {
        let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
        for (name, place) in names {
            if let Some(first) = seen.get(name) {
                let problem =
                    Problem::new("", format!("two {what} are called `{name}`; the first is `{first}`")).expected("a unique name");
                self.blame(&place, problem);
            } else {
                seen.insert(name, place);
            }
        }
    }

    /// The position of a service by its name.
    fn service_id(&mut self, name: &str, place: &Place) -> Option<hms_machine::ServiceId> {
        if let Some(index) = self.services.iter().position(|known| known == name) {
            return Some(hms_machine::ServiceId::from_index(index));
        }
        let problem = Problem::new("", format!("there is no service `{name}`"))
            .expected(some_of(&self.services, "a service"))
            .nearest(name, self.services.iter().map(String::as_str));
        self.blame(place, problem);
        None
    }

    /// The content of a file that the scenario points at; `None` after telling that it cannot be read.
    fn side_file(&mut self, path: &str, place: &Place) -> Option<String> {
        match self.content(path) {
            Ok(content) => Some(content),
            Err(reason) => {
                let problem = Problem::new("", format!("the file `{path}` is needed: {reason}"));
                self.blame(place, problem.help("paths are relative to the folder of the scenario"));
                None
            }
        }
    }

    fn content(&mut self, path: &str) -> Result<String, String> {
        if let Some((_, content)) = self.read.iter().find(|(known, _)| known == path) {
            return Ok(content.clone());
        }
        let content = (self.files)(path)?;
        self.read.push((path.to_owned(), content.clone()));
        Ok(content)
    }
}

/// A list of valid names for a message, cut where it gets long.
fn some_of(names: &[String], what: &str) -> String {
    const SHOWN: usize = 12;
    if names.is_empty() {
        return format!("{what}, but there is none");
    }
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { format!(" … ({} in all)", names.len()) } else { String::new() };
    format!("{what}: {}{more}", shown.join(", "))
}
