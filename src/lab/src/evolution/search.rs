//! The search itself: candidates out, results in, in an order that no thread decides.
//!
//! Threads take candidates from a queue and race each through its seeds. Results are told to the algorithm in the order of asking, within a window ([`hms_evolve::run::Window`]); a candidate is
//! held against the leaders as they were when it was asked for. So what is found depends on the campaign and on nothing else. After each generation the state is stored.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use hms_evolve::Rng;
use hms_evolve::algorithms::Algorithm;
use hms_evolve::noise::SeedPrefix;
use hms_evolve::noise::seeds::{Search as SearchRole, Seeds};
use hms_evolve::operators::Effects;
use hms_evolve::proof::moderated::Spread;
use hms_evolve::run::{Order as TellOrder, Step, Window, WindowStep, Yardstick};
use hms_stack::Configuration;

use super::evaluator::{Evaluator, Stopped};
use super::field::{presets, with_presets};
use super::phases::{REMEMBERED_PER_PHASE, paced, starts};
use super::plan::Plan;
use super::racing::{Apart, Leader, Leaders, Raced, Rules, apart, learn, race};
use super::searcher::{Design, design, operator_name};
use super::state::{End, Generation, Individual, Order, State};

/// Gain of the hypervolume over the patience of a campaign that counts as one.
const GAIN: f64 = 1e-3;
/// Share of candidates left undecided above which everybody meets more seeds.
const UNDECIDED_MAX: f64 = 0.3;
/// Generations without a better one after which everybody meets more seeds, too. Five continents under a swarm: one that waited for hard decisions alone kept five seeds for twenty generations without a gain, and what was best on these lost twice as much on ten.
const STALL: u64 = 2;

/// How far a search is, for a progress bar.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Generations complete.
    pub generation: u64,
    /// Candidates measured.
    pub evaluations: u64,
    /// Trials of those.
    pub trials: u64,
    /// Loss of the best in the first target.
    pub best: Option<f64>,
    /// Hypervolume as a multiple of the base's losses.
    pub hypervolume: Option<f64>,
}

/// Why a search did not come to its end.
pub(super) enum Broken<E> {
    /// The user stopped it.
    Stopped,
    /// The state could not be stored.
    Store(E),
}

/// A search with all that it needs.
pub(super) struct Search<'a> {
    pub(super) plan: &'a Plan,
    /// By phase.
    pub(super) evaluators: &'a [Evaluator<'a>],
    pub(super) seeds: Seeds<SearchRole>,
    /// By phase, with what the hypervolume of the base's own losses would be.
    pub(super) yardsticks: Vec<(Yardstick, f64)>,
    pub(super) state: State,
    /// What the individuals under the present conditions say about the genes.
    pub(super) effects: Effects,
}

/// The state of a search that has not begun. It starts from the base and the presets.
pub(super) fn begin(plan: &Plan) -> State {
    let settings = &plan.settings;
    let mut searcher = design(&Design {
        record: plan.genes.record(),
        algorithm: settings.algorithm,
        objectives: plan.question.targets.len(),
        population: settings.population,
        evaluations: settings.generations * settings.population as u64,
        window: settings.window,
        islands: settings.islands,
        seed: settings.root.derive("evolve/algorithm", 0),
    });
    let starts = presets(plan);
    searcher.restart(&starts);
    State {
        phase: 0,
        remembered: starts,
        presets: Vec::new(),
        searcher,
        prefix: SeedPrefix::new(settings.seeds.0, settings.seeds.1, UNDECIDED_MAX),
        leaders: Leaders::default(),
        spreads: vec![Spread::default(); plan.question.targets.len()],
        known: Default::default(),
        individuals: Vec::new(),
        generations: Vec::new(),
        orders: Vec::new(),
        asked: 0,
        told: 0,
        again: 0,
        trials: 0,
        saved: 0,
        undecided: 0,
        since: 0,
        growing: false,
        changing: false,
        end: None,
    }
}

/// A candidate's number, and what came of it; `Err` with what a thread panicked with.
type Arrival = (u64, std::thread::Result<Result<Raced, Stopped>>);

impl<'a> Search<'a> {
    /// A search in a state; it has nothing to say of itself before it runs.
    pub(super) fn new(
        plan: &'a Plan,
        evaluators: &'a [Evaluator<'a>],
        seeds: Seeds<SearchRole>,
        yardsticks: Vec<(Yardstick, f64)>,
        state: State,
    ) -> Self {
        Search { plan, evaluators, seeds, yardsticks, state, effects: Effects::new(plan.genes.record()) }
    }

    /// Goes on until the end; `store` keeps the state after every generation, `show` hears of every candidate.
    pub(super) fn run<E>(
        &mut self,
        mut store: impl FnMut(&State) -> Result<(), E>,
        mut show: impl FnMut(Progress),
    ) -> Result<(), Broken<E>> {
        if self.state.asked == 0 {
            self.rank_presets().map_err(|Stopped| Broken::Stopped)?;
        }
        self.recall();
        let (out, jobs) = channel::<Order>();
        let (arrive, arrivals) = channel::<Arrival>();
        let jobs = Mutex::new(jobs);
        let (evaluators, plan, seeds) = (self.evaluators, self.plan, self.seeds);
        std::thread::scope(|scope| {
            for _ in 0..evaluators[0].threads() {
                let (jobs, arrive) = (&jobs, arrive.clone());
                scope.spawn(move || work(plan, evaluators, seeds, jobs, &arrive));
            }
            drop(arrive);
            // The queue closes with `out`, and the threads end.
            self.drive(out, &arrivals, &mut store, &mut show)
        })
    }

    fn drive<E>(
        &mut self,
        out: Sender<Order>,
        arrivals: &Receiver<Arrival>,
        store: &mut impl FnMut(&State) -> Result<(), E>,
        show: &mut impl FnMut(Progress),
    ) -> Result<(), Broken<E>> {
        let mut window: Window<Raced> = Window::new(self.plan.settings.window, TellOrder::Submission);
        let send = |order: &Order| out.send(order.clone()).expect("the threads live as long as the queue");
        for order in &self.state.orders {
            window.sent(order.id);
            send(order);
        }
        loop {
            match window.next_step() {
                WindowStep::Ask => match self.ask() {
                    Some(order) => {
                        window.sent(order.id);
                        send(&order);
                        self.state.orders.push(order);
                    }
                    None => window.declined(),
                },
                WindowStep::Tell(id, raced) => {
                    let complete = self.tell(id, raced);
                    show(self.progress());
                    if complete {
                        store(&self.state).map_err(Broken::Store)?;
                    }
                }
                WindowStep::Wait => {
                    let (id, raced) = arrivals.recv().expect("a candidate is under way");
                    // The queue closes on the way up, so the other threads end too.
                    let raced = raced.unwrap_or_else(|panic| resume_unwind(panic));
                    window.arrive(id, raced.map_err(|Stopped| Broken::Stopped)?);
                }
                WindowStep::Stuck if self.state.growing || self.state.changing => {
                    if self.state.changing {
                        self.change().map_err(|Stopped| Broken::Stopped)?;
                    } else {
                        self.remeasure()
                    }
                    // A window that has declined asks again only after a result; this one is empty.
                    window = Window::new(self.plan.settings.window, TellOrder::Submission);
                }
                WindowStep::Stuck => {
                    assert!(self.state.end.is_some(), "an algorithm gives candidates when none is outstanding");
                    return store(&self.state).map_err(Broken::Store);
                }
            }
        }
    }

    /// Learns once more from all individuals under the present conditions.
    fn recall(&mut self) {
        self.effects = Effects::new(self.plan.genes.record());
        (0..self.state.individuals.len()).for_each(|place| self.regard(place));
        self.state.searcher.inform(self.effects.learned().map(Arc::new).as_ref());
    }

    /// Learns from an individual, by its place.
    fn regard(&mut self, place: usize) {
        let (individuals, record) = (&self.state.individuals, self.plan.genes.record());
        let one = &individuals[place];
        let Some((against, apart)) = one.against.zip(one.apart).filter(|_| one.phase == self.state.phase) else { return };
        // Numbers rise from one to the next.
        let leader = individuals.binary_search_by_key(&against, |other| other.id).expect("leaders are individuals");
        self.effects.observe(record, &one.genome, &individuals[leader].genome, apart.share, apart.seeds as f64);
    }

    fn ask(&mut self) -> Option<Order> {
        let settings = &self.plan.settings;
        let state = &mut self.state;
        // Whoever was asked for before a change would be told after it, and belong to conditions that are gone.
        let planned = self.plan.span(state.phase).1 * settings.population as u64;
        if state.growing || state.changing || state.end.is_some() || (state.again == 0 && state.asked >= planned) {
            return None;
        }
        let asked = state.searcher.ask()?;
        let (id, genome, origin) = (asked.id, asked.genome.clone(), asked.origin);
        let again = state.again > 0;
        if again {
            state.again -= 1
        } else {
            state.asked += 1
        }
        let parents = origin.parents;
        let operator = operator_name(&state.searcher, &origin);
        let boundary = state.leaders.boundary(settings.population.div_ceil(4), &state.spreads);
        Some(Order { id, phase: state.phase, genome, parents, operator, seeds: state.prefix.length(), boundary, again })
    }

    /// Tells a result; true when a generation is complete.
    fn tell(&mut self, id: u64, raced: Raced) -> bool {
        let (plan, state) = (self.plan, &mut self.state);
        let order = state.orders.remove(0);
        assert_eq!(order.id, id, "results are told in the order of asking");
        let targets = plan.question.targets.len();
        let configuration = configuration_key(&plan.genes.decode(&order.genome));
        let scenarios = plan.worlds.len() as u64;
        let seeds = raced.seeds.len() as u64;
        let known = state.known.entry(configuration.clone()).or_default();
        let new = known.is_empty();
        state.trials += raced.seeds.iter().filter(|seed| known.insert(**seed as u64)).count() as u64 * scenarios;
        if raced.dismissed {
            state.saved += (order.seeds - seeds) * scenarios;
        }
        let Raced { evaluation, row, dismissed, undecided, .. } = raced;
        // The other is of another configuration: a twin would say that there is no noise.
        let held = order.boundary.leaders.first().filter(|leader| leader.key != configuration);
        let against = held.map(|leader| leader.id);
        let apart = held.filter(|_| new && plan.question.is_one_mean()).and_then(|leader| {
            // What fails is as bad as can be, however it did on the seeds before.
            if evaluation.is_failure(targets) { Some(Apart { share: 1.0, seeds }) } else { apart(&plan.question, &row, leader) }
        });
        learn(&mut state.spreads, &row, &order.boundary);
        state.searcher.tell(id, evaluation.measured(targets, &mut Vec::new()));
        state.undecided += u64::from(undecided);
        state.since += u64::from(!dismissed);
        let generation = state.told / plan.settings.population as u64;
        state.told += u64::from(!order.again);
        if !dismissed && !evaluation.is_failure(targets) {
            let (objectives, violations) = (evaluation.objectives.clone(), evaluation.violations.clone());
            let leader = Leader { id, key: configuration.clone(), row, objectives, violations };
            state.leaders.consider(leader, plan.settings.population);
        }
        state.individuals.push(Individual {
            id,
            generation,
            parents: order.parents,
            operator: if order.again { "again".to_owned() } else { order.operator },
            genome: order.genome,
            configuration,
            objectives: evaluation.objectives,
            violations: evaluation.violations,
            failure: evaluation.failure,
            seeds,
            phase: order.phase,
            against,
            apart,
            dismissed,
            again: order.again,
        });
        self.regard(self.state.individuals.len() - 1);
        let state = &self.state;
        let complete = !order.again && state.told.is_multiple_of(plan.settings.population as u64);
        if complete {
            self.close(generation);
        }
        complete
    }

    /// The end of a generation: figures, seeds, whether conditions change, and whether it was the last.
    fn close(&mut self, generation: u64) {
        let (plan, settings, state) = (self.plan, &self.plan.settings, &mut self.state);
        let (yardstick, scale) = &self.yardsticks[state.phase];
        let mut step = Step::measure(&state.searcher, plan.genes.record(), state.told, yardstick);
        step.generation = generation;
        step.hypervolume = step.hypervolume.map(|volume| volume / scale);
        let best = step.best;
        let (seeds, trials, saved) = (state.prefix.length(), state.trials, state.saved);
        state.generations.push(Generation { step, seeds, trials, saved });
        let (begin, end) = plan.span(state.phase);
        let here = &state.generations[(begin as usize).min(state.generations.len())..];
        let stalled = stalled(here, plan.question.targets.len(), STALL);
        let most = paced(settings, (begin, end), generation.max(begin), trials);
        state.prefix.observe(state.undecided as usize, state.since as usize, stalled, most);
        (state.undecided, state.since) = (0, 0);
        let last = state.phase == plan.phases.len();
        let flat = last && settings.patience.is_some_and(|patience| gained_nothing(here, patience));
        // On fewer seeds than all, luck would end it.
        let reached =
            last && seeds == settings.seeds.1 && settings.target.is_some_and(|target| best.is_some_and(|best| best <= target));
        state.end = if reached {
            Some(End::Target)
        } else if generation >= settings.generations {
            Some(End::Generations)
        } else if settings.trials.is_some_and(|most| state.trials >= most) {
            Some(End::Trials)
        } else if flat {
            Some(End::Plateau)
        } else {
            None
        };
        state.searcher.inform(self.effects.learned().map(Arc::new).as_ref());
        state.changing = state.end.is_none() && !last && generation + 1 >= end;
        // A small population may complete another generation while the window empties.
        state.growing = state.end.is_none() && !state.changing && (state.growing || state.prefix.length() > seeds);
    }

    /// Genomes of those who live, the best first.
    fn members(&self) -> Vec<Vec<f64>> {
        let population = self.state.searcher.population();
        let mut rows: Vec<usize> = (0..population.genomes.len()).collect();
        let rank = |row: &usize| (population.scores.violation(*row), population.scores.objectives(*row)[0]);
        rows.sort_by(|a, b| rank(a).0.total_cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1)));
        rows.into_iter().map(|row| population.genomes[row].clone()).collect()
    }

    /// Everybody who lives meets the new seeds before the search goes on, and with them the best presets, in the places of the worst.
    fn remeasure(&mut self) {
        let starts = self.members();
        let (plan, state) = (self.plan, &mut self.state);
        let starts = with_presets(plan, starts, &state.presets);
        state.searcher.restart(&starts);
        state.again = starts.len() as u64;
        state.leaders.clear();
        state.growing = false;
    }

    /// The next conditions: nothing that is known counts any more, and the search starts again from what was good.
    fn change(&mut self) -> Result<(), Stopped> {
        let members = self.members();
        let (settings, state) = (&self.plan.settings, &mut self.state);
        state.phase += 1;
        state.known.clear();
        self.rank_presets()?;
        let state = &mut self.state;
        let mut rng = Rng::new(settings.root.derive("evolve/change", state.phase as u64), 0);
        // What others recommend comes before what was good in other climates, and of that the latest first: what was good a short while ago is more likely to be good again.
        let memory = [state.presets.as_slice(), &state.remembered].concat();
        let starts = starts(self.plan.genes.record(), settings.population, &members, &memory, &mut rng);
        state.remembered.splice(0..0, members.into_iter().take(REMEMBERED_PER_PHASE));
        state.searcher.restart(&starts);
        state.prefix = SeedPrefix::new(settings.seeds.0, settings.seeds.1, UNDECIDED_MAX);
        state.leaders.clear();
        state.again = 0;
        state.changing = false;
        self.recall();
        Ok(())
    }

    fn progress(&self) -> Progress {
        let population = self.state.searcher.population();
        let best = population.best().filter(|row| population.scores.violation(*row) <= 0.0);
        Progress {
            generation: self.state.generations.last().map_or(0, |generation| generation.step.generation),
            evaluations: self.state.told,
            trials: self.state.trials,
            best: best.map(|row| population.scores.objectives(row)[0]),
            hypervolume: self.state.generations.last().and_then(|generation| generation.step.hypervolume),
        }
    }
}

/// Whether the hypervolume has not grown for so many generations. Only generations with equally many seeds can be compared: other seeds give other losses to the same population.
fn gained_nothing(generations: &[Generation], patience: u64) -> bool {
    let then = (generations.len() as u64).checked_sub(patience + 1).map(|place| &generations[place as usize]);
    let pair = generations.last().zip(then).filter(|(now, then)| now.seeds == then.seeds);
    let volumes = pair.and_then(|(now, then)| now.step.hypervolume.zip(then.step.hypervolume));
    volumes.is_some_and(|(now, then)| then > 0.0 && now - then <= GAIN * then)
}

/// Whether nobody has been better than the best for so many generations, on the same seeds; with several objectives, whether the front has gained nothing.
fn stalled(generations: &[Generation], objectives: usize, most: u64) -> bool {
    if objectives > 1 {
        return gained_nothing(generations, most);
    }
    let then = (generations.len() as u64).checked_sub(most + 1).map(|place| &generations[place as usize]);
    let pair = generations.last().zip(then).filter(|(now, then)| now.seeds == then.seeds);
    pair.and_then(|(now, then)| now.step.best.zip(then.step.best)).is_some_and(|(now, then)| now >= then)
}

/// What identifies a configuration: equal for equal ones.
pub(super) fn configuration_key(configuration: &Configuration) -> String {
    blake3::hash(hms_trial::render_stack(configuration).as_bytes()).to_hex()[..16].to_owned()
}

/// A thread: takes candidates and races them until the queue is closed.
fn work(
    plan: &Plan,
    evaluators: &[Evaluator<'_>],
    seeds: Seeds<SearchRole>,
    jobs: &Mutex<Receiver<Order>>,
    arrive: &Sender<Arrival>,
) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(order) = next else { return };
        let evaluator = &evaluators[order.phase];
        let subject = evaluator.subject(&plan.genes.decode(&order.genome));
        let most = order.seeds as usize;
        let rules = Rules { first: (plan.settings.seeds.0 as usize).min(most), most, judge: plan.settings.judge };
        let race = || race(&plan.question, rules, &order.boundary, |seed| evaluator.cell(&subject, seeds.get(seed as u64)));
        // Trials that panic are failed candidates; any other panic is the search's own, and is told, or it would wait forever.
        let raced = catch_unwind(AssertUnwindSafe(race));
        if arrive.send((order.id, raced)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cache::Cache;
    use super::super::genes::with_values;
    use super::super::racing::Row;
    use super::super::tests::{Bench, CAMPAIGN};
    use super::super::verdict::{choose, finalists};
    use super::*;
    use hms_evolve::noise::seeds::SeedPlan;
    use hms_evolve::run::Evaluation;
    use hms_evolve::scores::Measured;

    fn generations(rows: &[(u64, f64)]) -> Vec<Generation> {
        let generation = |(seeds, volume): &(u64, f64)| {
            let step = Step {
                generation: 0,
                evaluations: 0,
                best: Some(-volume),
                feasible: 1.0,
                front: 1,
                hypervolume: Some(*volume),
                distances: None,
                spacing: 0.0,
                diversity: 0.0,
            };
            Generation { step, seeds: *seeds, trials: 0, saved: 0 }
        };
        rows.iter().map(generation).collect()
    }

    #[test]
    fn a_search_has_stalled_when_nobody_is_better_on_equally_many_seeds() {
        let table: [(&[(u64, f64)], bool); 4] = [
            (&[(2, 1.0), (2, 1.0), (2, 1.0)], true),
            (&[(2, 1.0), (2, 1.0), (2, 1.1)], false),
            (&[(2, 1.0), (3, 1.0), (3, 1.0)], false),
            (&[(2, 1.0), (2, 1.0)], false),
        ];
        for (row, expected) in table {
            assert_eq!(stalled(&generations(row), 1, 2), expected, "{row:?}");
        }
    }

    #[test]
    fn a_plateau_is_seen_on_equally_many_seeds_only() {
        let table: [(&[(u64, f64)], bool); 5] = [
            (&[(2, 1.0), (2, 1.0), (2, 1.0)], true),
            (&[(2, 1.0), (2, 1.0), (2, 1.1)], false),
            (&[(2, 1.0), (2, 1.0), (3, 0.9)], false),
            (&[(2, 1.0), (3, 0.9), (3, 0.9), (3, 0.9)], true),
            (&[(2, 1.0), (2, 1.0)], false),
        ];
        for (row, flat) in table {
            assert_eq!(gained_nothing(&generations(row), 2), flat, "{row:?}");
        }
    }

    #[test]
    fn a_failure_is_all_that_the_leader_loses_behind_and_a_configuration_counts_once() {
        let plan = Bench::new(CAMPAIGN).plan();
        let cache = Cache::new();
        let evaluator = plan.evaluator(&plan.worlds, &cache, 1, &|_| true).unwrap();
        let (seeds, yardsticks) = (SeedPlan::new(plan.settings.root).search, vec![(Yardstick::default(), 1.0)]);
        let mut search = Search::new(&plan, std::slice::from_ref(&evaluator), seeds, yardsticks, begin(&plan));
        let measured = |loss: f64| {
            let row = Row { losses: vec![vec![Some(loss)]; 2], margins: vec![vec![Some(-0.4)]; 2] };
            let evaluation = Evaluation { objectives: vec![loss], violations: vec![-0.4], failure: None };
            Raced { evaluation, row, seeds: vec![0, 1], dismissed: false, undecided: false }
        };
        // It did well on the first seed, and failed on the second.
        let failed = Raced { evaluation: Evaluation::failed("too many events"), ..measured(0.1) };
        let mut tell = |genome: Option<Vec<f64>>, raced: Raced| {
            let mut order = search.ask().unwrap();
            order.genome = genome.unwrap_or(order.genome);
            search.state.orders.push(order.clone());
            search.tell(order.id, raced);
            search.state.individuals.last().unwrap().clone()
        };
        let leader = tell(None, measured(1.0));
        assert_eq!((leader.against, leader.apart), (None, None));
        let first = tell(None, failed);
        assert_eq!((first.against, first.apart), (Some(leader.id), Some(Apart { share: 1.0, seeds: 2 })));
        let second = tell(None, measured(0.75));
        assert_eq!(second.apart, Some(Apart { share: -0.25, seeds: 2 }));
        assert_eq!(tell(Some(first.genome), measured(0.5)).apart, None, "it was met before");
    }

    #[test]
    fn the_best_without_what_it_does_not_need_is_the_first_finalist_and_wins_where_both_are_as_good() {
        let plan = Bench::new(CAMPAIGN).plan();
        let (cache, seeds) = (Cache::new(), SeedPlan::new(plan.settings.root));
        let evaluator = plan.evaluator(&plan.worlds, &cache, 2, &|_| true).unwrap();
        let fast = ("health.heartbeat", hms_stack::Value::Duration(hms_machine::Duration::from_millis(20)));
        let idle = ("retry.poison_resets", hms_stack::Value::Integer(7));
        let best = plan.genes.encode(&with_values(plan.genes.base(), &[fast, idle]));
        let mut state = begin(&plan);
        state.searcher.restart(std::slice::from_ref(&best));
        for member in 0..plan.settings.population {
            let id = state.searcher.ask().unwrap().id;
            state.searcher.tell(id, Measured::feasible(&[member as f64]));
        }
        let (found, raced) = finalists(&plan, &evaluator, &state, (&seeds.search, &seeds.validation)).unwrap();
        assert_eq!((found[0].set_back.as_slice(), &found[1].genome), (&["retry".to_owned()][..], &best));
        assert_eq!(found[0].evaluation, found[1].evaluation, "poison plays no part here");
        assert!(found[1..].iter().all(|finalist| finalist.set_back.is_empty()));
        assert_ne!(choose(&plan.question, &found, &raced)[0].finalist, 1);
    }
}
