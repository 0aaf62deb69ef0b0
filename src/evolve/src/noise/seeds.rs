//! Three kinds of seeds that cannot be mixed up.
//!
//! What a search has seen flatters its winners: with few fixed seeds by several per cent. So seeds come in three kinds, each a type of its own: *search* seeds decide who survives, *validation* seeds choose among
//! finalists, *held-out* seeds judge the one that was chosen. Strategies of this crate take [`Seeds<Search>`]. Held-out seeds lie in a [`HeldOut`], which has no method but to be opened with a
//! [`Decision`], and opening consumes both: whoever has seen them cannot decide again.

use std::marker::PhantomData;

use hms_machine::Seed;
use serde::{Deserialize, Serialize};

/// A use of seeds; nobody else can add one.
pub trait Role: sealed::Sealed {
    /// Name in derived seeds.
    const NAME: &'static str;
}

mod sealed {
    /// Keeps the list of roles closed.
    pub trait Sealed {}
    impl Sealed for super::Search {}
    impl Sealed for super::Validation {}
    impl Sealed for super::Verdict {}
}

/// Seeds that decide who survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search;

/// Seeds that choose among finalists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validation;

/// Seeds that judge what was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict;

impl Role for Search {
    const NAME: &'static str = "evolve/search";
}

impl Role for Validation {
    const NAME: &'static str = "evolve/validation";
}

impl Role for Verdict {
    const NAME: &'static str = "evolve/held-out";
}

/// An endless list of seeds for one use, shared by all candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds<R> {
    root: u64,
    #[serde(skip)]
    role: PhantomData<R>,
}

impl<R: Role> Seeds<R> {
    fn new(root: Seed) -> Self {
        Seeds { root: root.0, role: PhantomData }
    }

    /// Seed number `index`.
    pub fn get(&self, index: u64) -> Seed {
        Seed(self.root).derive(R::NAME, index)
    }
}

/// All seeds of a campaign.
#[derive(Debug)]
pub struct SeedPlan {
    /// For the search.
    pub search: Seeds<Search>,
    /// For the choice among finalists.
    pub validation: Seeds<Validation>,
    /// For the verdict.
    pub held_out: HeldOut,
}

impl SeedPlan {
    /// The seeds that belong to a campaign's seed.
    pub fn new(campaign: Seed) -> Self {
        SeedPlan {
            search: Seeds::new(campaign),
            validation: Seeds::new(campaign),
            held_out: HeldOut { seeds: Seeds::new(campaign) },
        }
    }
}

/// Seeds that no search has seen.
#[derive(Debug)]
pub struct HeldOut {
    seeds: Seeds<Verdict>,
}

/// What was chosen, for good: it is made of the validation seeds it was chosen with, which are given up.
#[derive(Debug)]
pub struct Decision<G> {
    chosen: G,
}

impl<G> Decision<G> {
    /// Decides for `chosen`.
    pub fn final_choice(chosen: G, _validation: Seeds<Validation>) -> Self {
        Decision { chosen }
    }
}

impl HeldOut {
    /// The seeds of the verdict, once the decision is made; both are used up.
    pub fn open<G>(self, decision: Decision<G>) -> (G, Seeds<Verdict>) {
        (decision.chosen, self.seeds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_seed_has_two_uses() {
        let plan = SeedPlan::new(Seed(7));
        let (_, held_out) = SeedPlan::new(Seed(7)).held_out.open(Decision::final_choice((), plan.validation));
        let mut all: Vec<Seed> = Vec::new();
        for index in 0..1000 {
            all.extend([plan.search.get(index), plan.validation.get(index), held_out.get(index)]);
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 3000);
    }
}
