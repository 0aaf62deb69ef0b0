//! Whom a fault strikes.

use hms_machine::ServiceId;

use super::Resolver;
use super::cluster::Level;
use crate::file::{self, Reference, Which};
use crate::model;
use crate::place::Place;
use crate::problem::{Problem, nearest};

/// What a kind of fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Hosts.
    Host,
    /// Agents.
    Agent,
    /// Whole services.
    Service,
    /// Sources of requests.
    Load,
    /// Messages.
    Links,
    /// The kind says it itself.
    Partition,
}

impl Scope {
    /// The forms of a target that fit.
    const fn forms(self) -> &'static [&'static str] {
        match self {
            Scope::Host | Scope::Agent => &["node", "nodes", "random_nodes", "rack", "zone", "region", "service"],
            Scope::Service => &["service"],
            Scope::Load => &["load"],
            Scope::Links => &["from", "node", "nodes", "random_nodes", "rack", "zone", "region", "service", "load"],
            Scope::Partition => &[],
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Scope::Host => "`node`, `nodes`, `random_nodes`, `rack`, `zone`, `region`, or `service` for the hosts of its agents",
            Scope::Agent => {
                "`service`, with `replica` for one of its agents, or `node`, `nodes`, `random_nodes`, `rack`, `zone` or `region` for all agents there"
            }
            Scope::Service => "`service`",
            Scope::Load => "`load`",
            Scope::Links => {
                "`from` and `to`, or for all their links `node`, `nodes`, `random_nodes`, `rack`, `zone`, `region`, `service` or `load`"
            }
            Scope::Partition => "no `target`; `shape` and its keys say what is cut",
        }
    }
}

impl Resolver<'_> {
    pub(super) fn target(
        &mut self,
        target: Option<file::Target>,
        scope: Scope,
        kind: &str,
        services: &[model::Service],
        rule: &Place,
    ) -> model::Target {
        let place = rule.key("target");
        let Some(target) = target else { return self.default_target(scope, kind, rule) };
        let given = given(&target);
        let main: Vec<&str> = given.iter().copied().filter(|form| !matches!(*form, "replica" | "to" | "both")).collect();
        if let Some(wrong) = main.iter().find(|form| !scope.forms().contains(form)) {
            let problem =
                Problem::new("", format!("a fault of kind `{kind}` cannot strike a `{wrong}`")).expected(scope.expected());
            self.blame(&place.key((*wrong).to_owned()), problem);
            return model::Target::Cluster;
        }
        if scope == Scope::Partition {
            self.blame(&place, Problem::new("", "a partition has no target").expected(scope.expected()).help("remove `target`"));
            return model::Target::Cluster;
        }
        let [form] = main.as_slice() else {
            let message = match main.as_slice() {
                [] => "the target does not say whom the fault strikes".to_owned(),
                several => format!("the target has {} forms: `{}`", several.len(), several.join("`, `")),
            };
            self.blame(&place, Problem::new("", message).expected(format!("one of {}", scope.expected())));
            return model::Target::Cluster;
        };
        for part in given.iter().filter(|given| !main.contains(given)) {
            let belongs = if *part == "replica" { "service" } else { "from" };
            if *form != belongs || (scope == Scope::Service && *part == "replica") {
                let problem = Problem::new("", format!("`{part}` does not belong to a target with `{form}` for `{kind}`"));
                self.blame(&place.key((*part).to_owned()), problem.help(format!("remove `{part}`")));
            }
        }
        self.form(target, services, &place).unwrap_or(model::Target::Cluster)
    }

    /// The target by its one form; `None` after telling what is wrong.
    fn form(&mut self, target: file::Target, services: &[model::Service], place: &Place) -> Option<model::Target> {
        let file::Target { node, nodes, random_nodes, rack, zone, region, service, replica, load, from, to, both } = target;
        if let Some(node) = node {
            return self.node(&node, &place.key("node")).map(|node| model::Target::Nodes(vec![node]));
        }
        if let Some(nodes) = nodes {
            return Some(model::Target::Nodes(self.nodes(&nodes, &place.key("nodes"))));
        }
        if let Some(count) = random_nodes {
            if count as usize > self.map.nodes {
                let problem = Problem::new("", format!("{count} nodes cannot be drawn from {}", self.map.nodes));
                self.blame(&place.key("random_nodes"), problem.expected(format!("at most {}", self.map.nodes)));
            }
            return Some(model::Target::RandomNodes(count));
        }
        if let Some(rack) = rack {
            return self.domain(&rack, Level::Rack, &place.key("rack")).map(model::Target::Rack);
        }
        if let Some(zone) = zone {
            return self.domain(&zone, Level::Zone, &place.key("zone")).map(model::Target::Zone);
        }
        if let Some(region) = region {
            return self.domain(&region, Level::Region, &place.key("region")).map(model::Target::Region);
        }
        if let Some(service) = service {
            let service = self.service_id(&service, &place.key("service"))?;
            return self.agents(service, replica, services, place);
        }
        if let Some(load) = load {
            return self.load_index(&load, &place.key("load")).map(model::Target::Load);
        }
        self.links(from?, to, both.unwrap_or(false), place)
    }

    fn links(&mut self, from: Vec<Reference>, to: Option<Vec<Reference>>, both: bool, place: &Place) -> Option<model::Target> {
        let Some(to) = to else {
            self.blame(place, Problem::new("", "`from` without `to`").expected("`from` and `to`").help("add `to = […]`"));
            return None;
        };
        let from = self.nodes(&from, &place.key("from"));
        let to = self.nodes(&to, &place.key("to"));
        Some(model::Target::Links { from, to, both })
    }

    fn agents(
        &mut self,
        service: ServiceId,
        replica: Option<Which>,
        services: &[model::Service],
        place: &Place,
    ) -> Option<model::Target> {
        let place = place.key("replica");
        let replicas = services.get(service.index()).map_or(0, |service| service.replicas);
        match replica {
            None => Some(model::Target::Service(service)),
            Some(Which::Number(number)) if number < replicas => Some(model::Target::Replica(service, number)),
            Some(Which::Word(word)) if word == "random" => Some(model::Target::RandomReplica(service)),
            Some(which) => {
                let (message, near) = match which {
                    Which::Number(number) => (format!("there is no replica {number}"), None),
                    Which::Word(word) => (format!("`{word}` is no replica"), nearest(&word, ["random"])),
                };
                let expected = format!("a number from 0 to {}, or \"random\"", replicas.saturating_sub(1));
                self.blame(&place, Problem { nearest: near, ..Problem::new("", message).expected(expected) });
                None
            }
        }
    }

    fn default_target(&mut self, scope: Scope, kind: &str, rule: &Place) -> model::Target {
        match scope {
            Scope::Host => model::Target::RandomNodes(1),
            Scope::Links | Scope::Partition => model::Target::Cluster,
            Scope::Agent if self.services.len() == 1 => model::Target::RandomReplica(ServiceId(0)),
            Scope::Service if self.services.len() == 1 => model::Target::Service(ServiceId(0)),
            Scope::Load if self.loads.len() == 1 => model::Target::Load(0),
            Scope::Agent | Scope::Service | Scope::Load => {
                let (what, names) = match scope {
                    Scope::Load => ("load", &self.loads),
                    _ => ("service", &self.services),
                };
                let help = match names.first() {
                    Some(name) => format!("add `target = {{ {what} = \"{name}\" }}`"),
                    None => format!("the scenario has no {what}"),
                };
                let problem = Problem::new("", format!("the fault `{kind}` does not say which {what} it strikes"));
                self.blame(rule, problem.expected(scope.expected()).help(help));
                model::Target::Cluster
            }
        }
    }
}

/// The keys that a target has.
fn given(target: &file::Target) -> Vec<&'static str> {
    let file::Target { node, nodes, random_nodes, rack, zone, region, service, replica, load, from, to, both } = target;
    [
        ("node", node.is_some()),
        ("nodes", nodes.is_some()),
        ("random_nodes", random_nodes.is_some()),
        ("rack", rack.is_some()),
        ("zone", zone.is_some()),
        ("region", region.is_some()),
        ("service", service.is_some()),
        ("replica", replica.is_some()),
        ("load", load.is_some()),
        ("from", from.is_some()),
        ("to", to.is_some()),
        ("both", both.is_some()),
    ]
    .into_iter()
    .filter_map(|(key, given)| given.then_some(key))
    .collect()
}
