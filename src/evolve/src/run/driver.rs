//! A search with its books: an algorithm, its outstanding candidates, its end, and what is recorded.
//!
//! [`Run::execute`] is the plain serial loop. Drivers with threads call [`Run::ask`] and [`Run::tell`] in the order that a [`super::Window`] prescribes. A run serializes with all its state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::history::Yardstick;
use super::{Cache, Evaluation, Individual, Problem, Progress, Reason, Recorder, Step, Termination, content_key};
use crate::algorithms::{Algorithm, Origin};
use crate::genome::Space;

/// A search in progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "A: Serialize, S: Serialize, S::Genome: Serialize",
    deserialize = "A: Deserialize<'de>, S: Deserialize<'de>, S::Genome: Deserialize<'de>"
))]
pub struct Run<A, S: Space> {
    algorithm: A,
    space: S,
    termination: Termination,
    yardstick: Yardstick,
    state: RunState,
    outstanding: BTreeMap<u64, (S::Genome, Origin)>,
}

/// How far a search has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Evaluations told.
    pub evaluations: u64,
    /// How many of them failed.
    pub failures: u64,
    /// How many of them came from a cache.
    pub cached: u64,
    /// Generations whose step was recorded.
    pub generation: u64,
    /// Best feasible first objective of all that was told.
    pub best: Option<f64>,
    /// Hypervolume at the last step, if it is measured.
    pub hypervolume: Option<f64>,
    /// Why it ended, once it has.
    pub reason: Option<Reason>,
}

/// How a search ended.
pub type Summary = RunState;

impl<A, S> Run<A, S>
where
    A: Algorithm<Genome = S::Genome>,
    S: Space,
{
    /// A run of `algorithm` over `space` until `termination` ends it, its fronts measured by `yardstick`.
    pub fn new(algorithm: A, space: S, termination: Termination, yardstick: Yardstick) -> Self {
        Run { algorithm, space, termination, yardstick, state: RunState::default(), outstanding: BTreeMap::new() }
    }

    /// The next candidate to evaluate: its id and genome. `None` while results are waited for, and when the run is over.
    pub fn ask(&mut self) -> Option<(u64, S::Genome)> {
        if self.state.reason.is_some() {
            return None;
        }
        let asked = self.algorithm.ask()?;
        let (id, genome) = (asked.id, asked.genome.clone());
        self.outstanding.insert(id, (genome.clone(), asked.origin));
        Some((id, genome))
    }

    /// Candidates that were asked for and not told, oldest first: what a resumed run must evaluate again.
    pub fn outstanding(&self) -> impl Iterator<Item = (u64, &S::Genome)> {
        self.outstanding.iter().map(|(id, (genome, _))| (*id, genome))
    }

    /// Hears a result; gives the reason once the run is over.
    ///
    /// # Panics
    /// When the candidate was not asked for, or was told already.
    pub fn tell(
        &mut self,
        id: u64,
        evaluation: Evaluation,
        how: Provenance,
        recorder: &mut impl Recorder<S::Genome>,
    ) -> Option<Reason> {
        let Some((genome, origin)) = self.outstanding.remove(&id) else {
            panic!("candidate {id} was not asked for, or was told already");
        };
        let width = self.algorithm.population().scores.width();
        let mut scratch = Vec::new();
        let measured = evaluation.measured(width, &mut scratch);
        self.state.evaluations += 1;
        self.state.failures += u64::from(evaluation.is_failure(width));
        self.state.cached += u64::from(how.cached);
        if measured.violation <= 0.0 {
            let best = self.state.best.get_or_insert(measured.objectives[0]);
            *best = best.min(measured.objectives[0]);
        }
        self.algorithm.tell(id, measured);
        let generation = self.algorithm.generation();
        let Provenance { replicates, cached } = how;
        recorder.individual(&Individual { id, generation, origin, genome, evaluation, replicates, cached });
        if generation > self.state.generation {
            self.state.generation = generation;
            let step = Step::measure(&self.algorithm, &self.space, self.state.evaluations, &self.yardstick);
            self.state.hypervolume = step.hypervolume;
            recorder.step(&step);
        }
        let RunState { evaluations, generation, best, hypervolume, .. } = self.state;
        self.state.reason = self.termination.check(Progress { evaluations, generation, best, hypervolume });
        self.state.reason
    }

    /// Evaluates candidates one after the other until the run is over. Nothing that `cache` knows is evaluated.
    ///
    /// # Panics
    /// When the algorithm gives no candidate although all were told: a bug of the algorithm.
    pub fn execute(
        &mut self,
        problem: &impl Problem<Genome = S::Genome>,
        mut cache: Option<&mut Cache>,
        recorder: &mut impl Recorder<S::Genome>,
    ) -> Summary
    where
        S::Genome: Serialize,
    {
        let resumed: Vec<(u64, S::Genome)> = self.outstanding().map(|(id, genome)| (id, genome.clone())).collect();
        let mut resumed = resumed.into_iter();
        while self.state.reason.is_none() {
            let next = resumed.next().or_else(|| self.ask());
            let (id, genome) = next.expect("an algorithm gives candidates when none is outstanding");
            let (evaluation, cached) = evaluate(problem, &genome, cache.as_deref_mut());
            self.tell(id, evaluation, Provenance { replicates: 1, cached }, recorder);
        }
        self.state.clone()
    }

    /// The algorithm.
    pub fn algorithm(&self) -> &A {
        &self.algorithm
    }

    /// How far the run has come.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Goes on under other rules, for example after the budget was raised.
    pub fn extend(&mut self, termination: Termination) {
        self.termination = termination;
        self.state.reason = None;
    }
}

/// How a result was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Under how many seeds.
    pub replicates: u32,
    /// Whether a cache knew it.
    pub cached: bool,
}

fn evaluate<P: Problem>(problem: &P, genome: &P::Genome, cache: Option<&mut Cache>) -> (Evaluation, bool)
where
    P::Genome: Serialize,
{
    let mut evaluation = Evaluation::default();
    let Some(cache) = cache else {
        problem.evaluate(genome, &mut evaluation);
        return (evaluation, false);
    };
    let key = content_key(genome);
    if let Some(known) = cache.get(key, 0) {
        return (known.clone(), true);
    }
    problem.evaluate(genome, &mut evaluation);
    cache.insert(key, 0, evaluation.clone());
    (evaluation, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::standard;
    use crate::genome::Bounds;
    use crate::problems::zdt::Zdt;
    use crate::run::{History, Rule, checkpoint};
    use hms_machine::Seed;

    type Search = Run<standard::NsgaTwo<Bounds>, Bounds>;

    fn search(evaluations: u64) -> Search {
        let space = Zdt::One.bounds();
        let algorithm = standard::nsga_two(space.clone(), standard::generational(20, 2), Seed(1));
        let yardstick = Yardstick { reference: Some(vec![11.0, 11.0]), samples: None };
        Run::new(algorithm, space, Termination::new(vec![Rule::Evaluations(evaluations)]), yardstick)
    }

    #[test]
    fn a_run_keeps_its_books() {
        let mut history = History::new(1000, 100);
        let summary = search(500).execute(&Zdt::One, None, &mut history);
        assert_eq!((summary.evaluations, summary.failures, summary.reason), (500, 0, Some(Rule::Evaluations(500))));
        assert_eq!(history.told(), 500);
        let children = history.individuals().filter(|individual| individual.origin.parents[0].is_some());
        assert_eq!(children.count(), 480);
        let volumes: Vec<f64> = history.steps().iter().map(|step| step.hypervolume.unwrap()).collect();
        assert!(volumes.windows(2).all(|pair| pair[1] >= pair[0] - 1e-9) && volumes.last() > volumes.first());
        let diversities: Vec<f64> = history.steps().iter().map(|step| step.diversity).collect();
        assert!(diversities[0] > diversities[diversities.len() - 1]);
    }

    #[test]
    fn a_run_that_was_stored_anywhere_goes_on_bit_for_bit() {
        let mut straight = search(400);
        let mut whole = History::new(1000, 1000);
        straight.execute(&Zdt::One, None, &mut whole);
        for stop in [1, 7, 20, 23, 111] {
            let mut first = search(400);
            let mut history = History::new(1000, 1000);
            for _ in 0..stop {
                let (id, genome) = first.ask().unwrap();
                let (evaluation, cached) = evaluate(&Zdt::One, &genome, None);
                first.tell(id, evaluation, Provenance { replicates: 1, cached }, &mut history);
            }
            // Cut down in the middle of an evaluation.
            first.ask();
            let bytes = checkpoint::save(&(first, history)).unwrap();
            let (mut resumed, mut history): (Search, History<Vec<f64>>) = checkpoint::load(&bytes).unwrap();
            resumed.execute(&Zdt::One, None, &mut history);
            assert_eq!(history, whole, "stopped after {stop}");
            assert_eq!(checkpoint::save(&resumed).unwrap(), checkpoint::save(&straight).unwrap());
        }
    }

    #[test]
    fn a_warm_cache_changes_nothing_but_the_cost() {
        let (mut cold, mut warm) = (History::new(1000, 100), History::new(1000, 100));
        let mut cache = Cache::new();
        search(300).execute(&Zdt::One, Some(&mut cache), &mut cold);
        let first = cache.hits_and_misses();
        let summary = search(300).execute(&Zdt::One, Some(&mut cache), &mut warm);
        assert_eq!(cache.hits_and_misses().1, first.1, "nothing was evaluated twice");
        assert_eq!(summary.cached, 300);
        assert_eq!(cold.steps(), warm.steps());
    }

    struct Fragile;

    impl Problem for Fragile {
        type Genome = Vec<f64>;

        fn objectives(&self) -> usize {
            2
        }

        fn evaluate(&self, genome: &Vec<f64>, evaluation: &mut Evaluation) {
            if genome[1] > 0.5 {
                *evaluation = Evaluation::failed("the simulation ran out of events");
            } else {
                evaluation.objectives.extend(Zdt::One.objectives_of(genome));
            }
        }
    }

    #[test]
    fn failing_evaluations_are_data_and_are_left_behind() {
        let mut history = History::new(1000, 100);
        let mut run = search(600);
        let summary = run.execute(&Fragile, None, &mut history);
        assert!(summary.failures >= 5);
        let population = run.algorithm().population();
        assert!((0..population.genomes.len()).all(|row| population.scores.violation(row) == 0.0));
        let reason = history.individuals().find_map(|individual| individual.evaluation.failure.as_deref());
        assert_eq!(reason, Some("the simulation ran out of events"));
    }
}
