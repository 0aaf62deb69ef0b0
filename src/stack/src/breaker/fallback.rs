//! What a caller tries when its call failed or was turned away.
//!
//! Picture a list that is walked from the front: another replica, then another zone, then the last answer that is still good enough. A
//! [`Chain`] is the list, a [`Pursuit`] is where one call stands in it; each step that fails, or cannot be taken, leads to the next, and every
//! step is taken once, so that a call ends. Steps that reach for another service make a graph of services, and a cycle in it would let a failure run in circles
//! (CB-S3): [`check_acyclic`] refuses it before anything runs.
//!
//! The chain says *what* is next. Whether the step can be taken (is there another zone, is the answer in the cache fresh) is known to those who take it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::configuration::Conflict;
use crate::tunables::{choices, parameters};

choices! {
    /// A way to answer a call without the replica that was meant to.
    pub enum Fallback {
        /// Nothing: the step is left out.
        None = "none",
        /// Another replica, of any zone.
        OtherReplica = "other-replica",
        /// A replica in another zone.
        OtherZone = "other-zone",
        /// The last good answer, from a cache before the callee; possible for services that have one.
        Cache = "cache",
        /// A fixed answer; possible for services that have one.
        Default = "default",
        /// A poorer answer of the caller's own making, without the callee; possible where a fixed answer is.
        Degrade = "degrade",
        /// The call waits a little and is tried again, in the hope that the callee is back.
        Queue = "queue",
    }
}

impl Fallback {
    /// Whether the step sends a call to the same service again, which adds load where a service may be failing for lack of capacity.
    pub const fn calls_again(self) -> bool {
        match self {
            Fallback::OtherReplica | Fallback::OtherZone => true,
            Fallback::None | Fallback::Cache | Fallback::Default | Fallback::Degrade | Fallback::Queue => false,
        }
    }
}

parameters! {
    /// Parameters of fallbacks: the chain of every service that has none of its own. Another zone comes after another replica because it costs
    /// latency, and nothing that invents an answer is tried unless asked for, so that failures stay visible.
    pub struct FallbackConfiguration("fallback") {
        enabled: bool = switch(true),
            "Tries other ways when a call fails or is turned away; off: the failure goes back to the caller at once.";
        first: Fallback = choice(Fallback::NAMES, "other-replica"),
            "What is tried first. Replicas and zones keep answers true and add load; cache, default and degrade spare the callee and give poorer answers.";
        second: Fallback = choice(Fallback::NAMES, "other-zone"),
            "What is tried when the first failed.";
        third: Fallback = choice(Fallback::NAMES, "none"),
            "What is tried when the second failed.";
    }
}

impl FallbackConfiguration {
    /// The chain that these parameters describe; empty if fallbacks are off.
    pub fn chain(&self) -> Chain {
        if self.enabled { Chain::new([self.first, self.second, self.third]) } else { Chain::default() }
    }

    /// Rules that concern more than one parameter.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let steps = [("fallback.first", self.first), ("fallback.second", self.second), ("fallback.third", self.third)];
        let mut conflicts = Vec::new();
        for (later, (later_name, later_step)) in steps.iter().enumerate().filter(|(_, (_, step))| *step != Fallback::None) {
            for (name, step) in &steps[..later] {
                if step != later_step {
                    continue;
                }
                let message =
                    format!("{name} and {later_name} are both \"{}\": a step that failed is not tried again", step.name());
                conflicts.push(Conflict { names: [name, later_name], message });
            }
        }
        conflicts
    }
}

/// What to try, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    steps: [Fallback; Chain::LONGEST],
}

/// Nothing to try.
impl Default for Chain {
    fn default() -> Self {
        Chain { steps: [Fallback::None; Chain::LONGEST] }
    }
}

impl Chain {
    /// Most steps of a chain. More ways than three to answer one call multiply the load of a failing service.
    pub const LONGEST: usize = 3;

    /// A chain of these steps; what is left out or comes twice is dropped.
    pub fn new(steps: [Fallback; Chain::LONGEST]) -> Self {
        let mut chain = Chain::default();
        let mut kept = 0;
        for step in steps {
            if step != Fallback::None && !chain.steps[..kept].contains(&step) {
                chain.steps[kept] = step;
                kept += 1;
            }
        }
        chain
    }

    /// The steps.
    pub fn steps(&self) -> impl Iterator<Item = Fallback> + '_ {
        self.steps.iter().copied().take_while(|step| *step != Fallback::None)
    }
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pursuit {
    /// The call itself, as it was meant.
    #[default]
    Call,
    /// The step at this position of the chain.
    Step(usize),
    /// All has failed.
    Exhausted,
}

impl Pursuit {
    /// What is under way failed, or cannot be done: what to try next. `None` once everything has failed, and from then on.
    pub fn next(&mut self, chain: &Chain) -> Option<Fallback> {
        let position = match *self {
            Pursuit::Call => 0,
            Pursuit::Step(position) => position + 1,
            Pursuit::Exhausted => return None,
        };
        let step = chain.steps().nth(position);
        *self = if step.is_some() { Pursuit::Step(position) } else { Pursuit::Exhausted };
        step
    }
}

/// Services that are each other's fallback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackCycle {
    /// The services in the order in which they fall back; the last falls back on the first.
    pub names: Vec<String>,
}

impl fmt::Display for FallbackCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.names.first().map_or("", String::as_str);
        write!(f, "fallbacks run in a circle: {} -> {first}", self.names.join(" -> "))
    }
}

impl std::error::Error for FallbackCycle {}

/// Checks a graph of fallbacks, given as (who, falls back on whom).
///
/// # Errors
/// [`FallbackCycle`]: the one that is met first when names are walked in their order, from its first name on.
pub fn check_acyclic(edges: &[(&str, &str)]) -> Result<(), FallbackCycle> {
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in edges {
        graph.entry(from).or_default().insert(to);
    }
    // Names from which no cycle can be reached.
    let mut cleared = BTreeSet::new();
    for start in graph.keys() {
        // The path from `start`, each name with those of its targets that are still to be walked.
        let mut path = vec![(*start, graph[start].iter())];
        while let Some((name, targets)) = path.last_mut() {
            let Some(next) = targets.find(|target| !cleared.contains(**target)) else {
                cleared.insert(*name);
                path.pop();
                continue;
            };
            if let Some(position) = path.iter().position(|(name, _)| name == next) {
                return Err(FallbackCycle { names: path[position..].iter().map(|(name, _)| (*name).to_owned()).collect() });
            }
            match graph.get(next) {
                Some(targets) => path.push((*next, targets.iter())),
                None => {
                    cleared.insert(*next);
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_step() -> impl Strategy<Value = Fallback> {
        proptest::sample::select(Fallback::NAMES).prop_map(|name| Fallback::named(name).expect("one of the names"))
    }

    fn pursued(chain: &Chain) -> Vec<Fallback> {
        let mut pursuit = Pursuit::default();
        std::iter::from_fn(|| pursuit.next(chain)).collect()
    }

    #[test]
    fn steps_are_tried_in_order_and_then_nothing_ever_again() {
        let chain = FallbackConfiguration { third: Fallback::Degrade, ..FallbackConfiguration::default() }.chain();
        let mut pursuit = Pursuit::default();
        let tried = [(); 5].map(|()| pursuit.next(&chain));
        let expected = [Fallback::OtherReplica, Fallback::OtherZone, Fallback::Degrade].map(Some);
        assert_eq!(tried[..3], expected);
        assert_eq!(tried[3..], [None, None]);
        assert_eq!(pursuit, Pursuit::Exhausted);
    }

    #[test]
    fn nothing_is_tried_when_fallbacks_are_off() {
        let on = FallbackConfiguration::default();
        let off = FallbackConfiguration { enabled: false, ..on };
        assert_eq!((pursued(&on.chain()).len(), pursued(&off.chain()).len()), (2, 0));
    }

    #[test]
    fn a_step_that_comes_twice_is_a_conflict_and_one_behind_an_answer_that_not_every_service_has_is_none() {
        let conflicts = |first, second, third| -> Vec<[&'static str; 2]> {
            let configuration = FallbackConfiguration { first, second, third, ..FallbackConfiguration::default() };
            configuration.conflicts().into_iter().map(|conflict| conflict.names).collect()
        };
        assert!(FallbackConfiguration::default().conflicts().is_empty());
        assert!(conflicts(Fallback::None, Fallback::None, Fallback::None).is_empty());
        assert!(conflicts(Fallback::Default, Fallback::None, Fallback::Queue).is_empty());
        assert_eq!(conflicts(Fallback::Default, Fallback::None, Fallback::Default), [["fallback.first", "fallback.third"]]);
        assert_eq!(conflicts(Fallback::None, Fallback::Cache, Fallback::Cache), [["fallback.second", "fallback.third"]]);
    }

    #[test]
    fn a_cycle_is_told_by_its_names() {
        let edges = [("web", "api"), ("api", "store"), ("store", "archive"), ("archive", "api"), ("web", "static")];
        let cycle = check_acyclic(&edges).unwrap_err();
        assert_eq!(cycle.to_string(), "fallbacks run in a circle: api -> store -> archive -> api");
        assert_eq!(check_acyclic(&[("a", "a")]).unwrap_err().names, ["a"]);
        assert_eq!(check_acyclic(&[("a", "c"), ("b", "c"), ("a", "b"), ("c", "d")]), Ok(()), "a diamond is no cycle");
    }

    proptest! {
        #[test]
        fn a_pursuit_takes_each_step_once(steps in [any_step(), any_step(), any_step()]) {
            let tried = pursued(&Chain::new(steps));
            for (position, step) in tried.iter().enumerate() {
                prop_assert!(steps.contains(step) && *step != Fallback::None);
                prop_assert!(!tried[..position].contains(step));
            }
            // What adds load to a failing service stays bounded.
            prop_assert!(tried.iter().filter(|step| step.calls_again()).count() <= 2);
            let wanted = steps.iter().any(|step| *step != Fallback::None);
            prop_assert_eq!(wanted, !tried.is_empty());
        }

        #[test]
        fn a_graph_has_a_cycle_exactly_if_it_cannot_be_taken_apart_from_its_ends(
            edges in proptest::collection::vec((0usize..8, 0usize..8), 0..14),
        ) {
            const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
            // Kahn 1962: edges into names that fall back on nothing are taken away until none is left.
            let mut left = edges.clone();
            while let Some(end) = left.iter().map(|(_, to)| *to).find(|to| left.iter().all(|(from, _)| from != to)) {
                left.retain(|(_, to)| *to != end);
            }
            let named: Vec<_> = edges.iter().map(|(from, to)| (NAMES[*from], NAMES[*to])).collect();
            match check_acyclic(&named) {
                Ok(()) => prop_assert!(left.is_empty()),
                Err(FallbackCycle { names }) => {
                    prop_assert!(!left.is_empty());
                    for (position, name) in names.iter().enumerate() {
                        let next = &names[(position + 1) % names.len()];
                        prop_assert!(named.contains(&(name.as_str(), next.as_str())), "{} -> {}", name, next);
                    }
                }
            }
        }
    }
}
