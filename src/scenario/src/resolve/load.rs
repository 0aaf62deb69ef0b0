//! Sources of requests.

use hms_machine::{Priority, ServiceId};

use super::Resolver;
use super::cluster::Level;
use crate::file::{self, Reference};
use crate::model;
use crate::place::Place;
use crate::problem::Problem;

/// What the loads are called.
pub(super) fn names(loads: &[file::Load]) -> Vec<String> {
    loads.iter().enumerate().map(|(index, load)| load.name.clone().unwrap_or_else(|| format!("load{index}"))).collect()
}

impl Resolver<'_> {
    pub(super) fn loads(&mut self, loads: Vec<file::Load>, place: &Place) -> Vec<model::Load> {
        let names = self.loads.clone();
        self.unique("loads", names.iter().enumerate().map(|(index, name)| (name.as_str(), place.index(index).key("name"))));
        loads.into_iter().zip(names).enumerate().map(|(index, (load, name))| self.load(load, name, &place.index(index))).collect()
    }

    fn load(&mut self, load: file::Load, name: String, place: &Place) -> model::Load {
        let file::Load { name: _, service, zone, arrivals, timeout, retries, backoff, deadline, priority, poison } = load;
        let policy = self.policy(timeout, retries, backoff, place);
        let longest = policy.longest();
        if let Some(deadline) = deadline {
            self.positive(deadline, &place.key("deadline"));
        }
        model::Load {
            name,
            service: self.service_id(&service, &place.key("service")).unwrap_or(ServiceId(0)),
            zone: self.domain(&zone, Level::Zone, &place.key("zone")).unwrap_or(0),
            arrivals: self.arrivals(arrivals, &place.key("arrivals")),
            policy,
            deadline: deadline.map_or(longest, |deadline| deadline.0),
            priority: Priority(priority),
            poison: poison.0,
        }
    }

    /// The position of a load.
    pub(super) fn load_index(&mut self, reference: &Reference, place: &Place) -> Option<usize> {
        let found = match reference {
            Reference::Number(number) => Some(*number as usize).filter(|index| *index < self.loads.len()),
            Reference::Name(name) => self.loads.iter().position(|known| known == name),
        };
        if found.is_none() {
            let problem = Problem::new("", format!("there is no load `{reference}`"))
                .expected(super::some_of(&self.loads, "a load"))
                .nearest(&reference.to_string(), self.loads.iter().map(String::as_str));
            self.blame(place, problem);
        }
        found
    }
}
