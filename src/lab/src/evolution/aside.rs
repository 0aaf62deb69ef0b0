//! A whole search beside another, from its starts to the choice among its finalists: what a comparison of ways to search needs.

use std::convert::Infallible;

use hms_evolve::noise::seeds::SeedPlan;
use hms_evolve::run::Yardstick;
use hms_stack::Configuration;

use super::cache::Cache;
use super::evaluator::{Evaluator, Stopped, World};
use super::plan::Plan;
use super::search::{Broken, Progress, Search};
use super::state::State;
use super::verdict::{choose, finalists};
use crate::presets::Step;

/// What a search aside came to.
pub(super) struct Aside {
    /// Trials of the search.
    pub(super) trials: u64,
    /// Generations after its first field.
    pub(super) generations: u64,
    /// Its choice; `None` where no finalist could be measured.
    pub(super) knee: Option<Configuration>,
}

impl Plan {
    /// The same search under conditions that do not change.
    pub(super) fn still(&self, worlds: &[World]) -> Plan {
        Plan { worlds: worlds.to_vec(), phases: Vec::new(), ..self.clone() }
    }

    /// What measures configurations on these worlds, beside the base where the question holds them against it.
    ///
    /// # Errors
    /// If threads cannot be started.
    pub(super) fn evaluator<'a>(
        &self,
        worlds: &[World],
        cache: &'a Cache,
        jobs: usize,
        watch: &'a (dyn Fn(Step) -> bool + Sync),
    ) -> Result<Evaluator<'a>, String> {
        let evaluator = Evaluator::new(worlds.to_vec(), self.combination, cache, jobs, watch)?;
        Ok(if self.question.needs_base() { evaluator.beside(self.genes.base()) } else { evaluator })
    }
}

/// Runs a search from a state to its end, under the conditions of its evaluator, which do not change.
///
/// # Errors
/// [`Stopped`].
pub(super) fn search_aside(
    plan: &Plan,
    state: State,
    evaluator: &Evaluator<'_>,
    show: impl FnMut(Progress),
) -> Result<Aside, Stopped> {
    assert!(plan.phases.is_empty(), "conditions do not change");
    let seeds = SeedPlan::new(plan.settings.root);
    let yardsticks = vec![(Yardstick::default(), 1.0)];
    let mut search = Search::new(plan, std::slice::from_ref(evaluator), seeds.search, yardsticks, state);
    match search.run(|_| Ok::<(), Infallible>(()), show) {
        Ok(()) => {}
        Err(Broken::Stopped) => return Err(Stopped),
        Err(Broken::Store(never)) => match never {},
    }
    let (finalists, raced) = finalists(plan, evaluator, &search.state, (&seeds.search, &seeds.validation))?;
    let knee = choose(&plan.question, &finalists, &raced).first().map(|knee| finalists[knee.finalist].configuration);
    let generations = search.state.generations.len().saturating_sub(1) as u64;
    Ok(Aside { trials: search.state.trials, generations, knee })
}
