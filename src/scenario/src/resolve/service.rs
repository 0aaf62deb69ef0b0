//! Services, their calls and their state.

use hms_machine::Bytes;

use super::Resolver;
use super::graph;
use crate::file;
use crate::model;
use crate::place::Place;
use crate::problem::Problem;
use crate::quantity::{Flush, Size, Time};

impl Resolver<'_> {
    pub(super) fn services(
        &mut self,
        services: Vec<file::Service>,
        cluster: &model::Cluster,
        place: &Place,
    ) -> Vec<model::Service> {
        let names = self.services.clone();
        self.unique("services", names.iter().enumerate().map(|(index, name)| (name.as_str(), place.index(index).key("name"))));
        let made: Vec<model::Service> = services
            .into_iter()
            .enumerate()
            .map(|(index, service)| self.service(service, cluster, &place.index(index)))
            .collect();
        let calls = |service: &model::Service| service.calls.iter().map(|call| call.service.index()).collect();
        self.acyclic("the call graph has a cycle", &made, calls, "call", place);
        let needs = |service: &model::Service| service.needs.iter().map(|service| service.index()).collect();
        self.acyclic("services wait for each other at start", &made, needs, "needs", place);
        made
    }

    fn acyclic(
        &mut self,
        message: &str,
        services: &[model::Service],
        edges: impl Fn(&model::Service) -> Vec<usize>,
        key: &'static str,
        place: &Place,
    ) {
        let edges: Vec<Vec<usize>> = services.iter().map(edges).collect();
        let Some(cycle) = graph::cycle(&edges) else { return };
        let names: Vec<&str> = cycle.iter().chain(cycle.first()).map(|service| services[*service].name.as_str()).collect();
        let problem = Problem::new("", format!("{message}: {}", names.join(" → "))).help("remove one of these edges");
        let first = place.index(cycle[0]).key(key);
        let edge = edges[cycle[0]].iter().position(|to| *to == cycle[1 % cycle.len()]).unwrap_or(0);
        self.blame(&if key == "call" { first.index(edge).key("service") } else { first.index(edge) }, problem);
    }

    fn service(&mut self, service: file::Service, cluster: &model::Cluster, place: &Place) -> model::Service {
        let file::Service {
            name,
            replicas,
            nodes,
            workers,
            queue,
            work,
            call,
            fan_out,
            startup,
            needs,
            memory,
            journal,
            request,
            reply,
            errors,
            cache,
            default_answer,
        } = service;
        if name.is_empty() {
            self.blame(&place.key("name"), Problem::new("", "the name is empty").expected("a unique name"));
        }
        let placement = match nodes {
            None => model::Placement::Spread,
            Some(nodes) => model::Placement::Nodes(self.nodes(&nodes, &place.key("nodes"))),
        };
        let hosts: Vec<&model::Host> = match &placement {
            model::Placement::Spread => cluster.hosts.iter().collect(),
            model::Placement::Nodes(nodes) => nodes.iter().filter_map(|node| cluster.hosts.get(node.index())).collect(),
        };
        let largest = hosts.iter().map(|host| host.memory).max();
        if let Some(largest) = largest.filter(|largest| memory.base.0 > *largest) {
            let message = format!("an agent of {} does not fit into the memory of any of its hosts", memory.base);
            self.blame(&place.key("memory").key("base"), Problem::new("", message).expected(format!("at most {largest}")));
        }
        let largest = hosts.iter().map(|host| host.disk.capacity.0).max();
        if let (Some(journal), Some(largest)) = (&journal, largest) {
            self.checkpoints(journal, largest, &place.key("journal"));
        }
        let call_place = place.key("call");
        let calls = call.into_iter().enumerate().filter_map(|(index, call)| self.call(call, &call_place.index(index))).collect();
        let needs_place = place.key("needs");
        self.unique("needs", needs.iter().enumerate().map(|(index, name)| (name.as_str(), needs_place.index(index))));
        let needs =
            needs.iter().enumerate().filter_map(|(index, name)| self.service_id(name, &needs_place.index(index))).collect();
        let file::Memory { base, per_request, growth } = memory;
        model::Service {
            name,
            replicas,
            placement,
            workers,
            queue,
            work: self.law(work, &place.key("work")),
            calls,
            fan_out: match fan_out {
                file::FanOut::Sequential => model::FanOut::Sequential,
                file::FanOut::Parallel => model::FanOut::Parallel,
            },
            startup: self.law(startup, &place.key("startup")),
            needs,
            memory: model::Memory { base: base.0, per_request: per_request.0, growth: growth.0 },
            journal: journal.map(journal_of),
            request: request.0,
            reply: reply.0,
            errors: errors.0,
            cache: cache.0,
            default_answer,
        }
    }

    /// Two checkpoints are kept while a third is written; an agent for which no disk is large enough could never write its third.
    fn checkpoints(&mut self, journal: &file::Journal, largest: u64, place: &Place) {
        let snapshot = journal.snapshot;
        if snapshot.0.0.saturating_mul(3) > largest {
            let message = format!("three checkpoints of {snapshot} do not fit on the disk of any of its hosts");
            let problem = Problem::new("", message).expected(format!("at most {}", Size(Bytes(largest / 3))));
            self.blame(&place.key("snapshot"), problem.help("make the checkpoint smaller or the `disk` of its hosts larger"));
        }
    }

    fn call(&mut self, call: file::Call, place: &Place) -> Option<model::Call> {
        let file::Call { service, count, chance, timeout, retries, backoff } = call;
        let policy = self.policy(timeout, retries, backoff, place);
        let service = self.service_id(&service, &place.key("service"))?;
        Some(model::Call { service, count, chance: chance.0, policy })
    }

    /// Time-out and retries, of a call or of a client.
    pub(super) fn policy(&mut self, timeout: Time, retries: u32, backoff: file::Backoff, place: &Place) -> model::CallPolicy {
        self.positive(timeout, &place.key("timeout"));
        let file::Backoff { base, factor, max, jitter } = backoff;
        let place = place.key("backoff");
        self.require(factor.is_finite() && factor >= 1.0, factor, "a number of 1 or more", &place.key("factor"));
        if base > max {
            let problem = Problem::new("", format!("the first pause of {base} is longer than the longest of {max}"));
            self.blame(&place.key("base"), problem.expected(format!("at most {max}")).help("raise `max` with `base`"));
        }
        model::CallPolicy {
            timeout: timeout.0,
            retries,
            backoff: model::Backoff { base: base.0, factor, max: max.0, jitter: jitter.0 },
        }
    }
}

fn journal_of(journal: file::Journal) -> model::Journal {
    let file::Journal { writes, entry, sync, replay, snapshot } = journal;
    let sync = match sync {
        Flush::Always => model::Sync::Always,
        Flush::Never => model::Sync::Never,
        Flush::Every(time) => model::Sync::Every(time),
    };
    model::Journal { writes: writes.0, entry: entry.0, sync, replay: replay.0, snapshot: snapshot.0 }
}
