//! Evaluations that run elsewhere: the seam for services, clusters and anything else that answers later.
//!
//! The user's side is [`RemoteProblem`], whose evaluation is a future. [`Run::execute_remote`] keeps a bounded window of futures under way. In the order of submission it tells their results in the order of asking, however they arrive: histories depend on
//! the size of the window and on nothing else. First come, first told wastes no answer, and then histories depend on luck; the recorder hears every candidate in the order of telling, so a history is its own record: its ids, as a replay, give it again. The driver is itself a future and knows no runtime: it wakes when one of its evaluations wakes it. A deadline, a retry, a choice of host are the evaluator's: it
//! knows what is slow. An evaluation that is lost for good says so, and is data like one that failed; one that never ends holds up the search.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use serde::Serialize;
use thiserror::Error;

use super::driver::{Provenance, Run, Summary};
use super::{Cache, Evaluation, Order, Recorder, Window, WindowStep, content_key};
use crate::algorithms::Algorithm;
use crate::genome::Space;

/// An evaluation of which nothing came back, although the candidate may be a good one: a broken connection, a host that died, a deadline.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("lost: {0}")]
pub struct Lost(pub String);

/// Something to be optimized that is evaluated elsewhere.
pub trait RemoteProblem {
    /// What is evaluated.
    type Genome;

    /// Evaluates a genome, which is the candidate's own copy. The evaluation says why it failed, if it did; `id` is its number, for logs and for idempotent requests. Futures are `Send`, so that a search can live on a runtime with many threads.
    fn evaluate(&self, id: u64, genome: Self::Genome) -> impl Future<Output = Result<Evaluation, Lost>> + Send;
}

/// A result on its way to the algorithm.
struct Arrived {
    evaluation: Evaluation,
    cached: bool,
    /// A lost one says nothing about its genome, so it is not remembered.
    lost: bool,
}

/// What is waited for besides the futures.
struct Waiting<G> {
    /// Candidates out, by id, with their contents.
    keys: BTreeMap<u64, [u8; 16]>,
    /// Contents that are being evaluated, and for whom: others with the same content wait for it and cost nothing.
    leaders: BTreeMap<[u8; 16], u64>,
    followers: BTreeMap<u64, Vec<(u64, G)>>,
}

impl<A, S> Run<A, S>
where
    A: Algorithm<Genome = S::Genome>,
    S: Space,
{
    /// Evaluates candidates elsewhere, `window` (at least 1) at a time, until the run is over; results are told in this `order`. With a `cache`, nothing that it knows and nothing that is under way already is evaluated; without one, every candidate is evaluated for itself, equal ones too. What is under way at the end is dropped.
    ///
    /// Dropping the future stops the run where it is: it goes on with the candidates that were under way.
    ///
    /// # Panics
    /// When the algorithm gives no candidate although all were told: a bug of the algorithm. When a replay names a candidate that is not out: the record of another run. A panic of an evaluation goes through.
    pub async fn execute_remote<P: RemoteProblem<Genome = S::Genome>>(
        &mut self,
        problem: &P,
        window: usize,
        order: Order,
        mut cache: Option<&mut Cache>,
        recorder: &mut impl Recorder<S::Genome>,
    ) -> Summary
    where
        S::Genome: Serialize,
    {
        let resumed: Vec<(u64, S::Genome)> = self.outstanding().map(|(id, genome)| (id, genome.clone())).collect();
        let mut resumed = resumed.into_iter();
        let mut window: Window<Arrived> = Window::new(window, order);
        let mut waiting = Waiting { keys: BTreeMap::new(), leaders: BTreeMap::new(), followers: BTreeMap::new() };
        let mut under_way = Vec::new();
        while self.state().reason.is_none() {
            match window.next_step() {
                WindowStep::Ask => {
                    let Some((id, genome)) = resumed.next().or_else(|| self.ask()) else {
                        window.declined();
                        continue;
                    };
                    window.sent(id);
                    match waiting.admit(id, &genome, cache.as_deref_mut()) {
                        Admission::Known(evaluation) => window.arrive(id, Arrived { evaluation, cached: true, lost: false }),
                        Admission::Follows(leader) => waiting.followers.entry(leader).or_default().push((id, genome)),
                        Admission::New => under_way.push((id, Box::pin(problem.evaluate(id, genome)))),
                    }
                }
                WindowStep::Tell(id, arrived) => {
                    let followers = waiting.settle(id, &arrived, cache.as_deref_mut());
                    let mut alone = None;
                    for (follower, genome) in followers {
                        if !arrived.lost {
                            let evaluation = arrived.evaluation.clone();
                            window.arrive(follower, Arrived { evaluation, cached: true, lost: false });
                        } else if let Some(leader) = alone {
                            waiting.followers.entry(leader).or_default().push((follower, genome));
                        } else {
                            // The first of those who waited for a lost one takes its place.
                            alone = Some(follower);
                            waiting.lead(follower);
                            under_way.push((follower, Box::pin(problem.evaluate(follower, genome))));
                        }
                    }
                    let Arrived { evaluation, cached, .. } = arrived;
                    self.tell(id, evaluation, Provenance { replicates: 1, cached }, recorder);
                    // The recorder has it.
                    drop(window.take_record());
                }
                WindowStep::Wait => {
                    assert!(
                        !under_way.is_empty(),
                        "the replay names a candidate that is not out: it is the record of another run"
                    );
                    for (id, outcome) in first_arrivals(&mut under_way).await {
                        let lost = outcome.is_err();
                        let evaluation = outcome.unwrap_or_else(|lost| Evaluation::failed(lost.to_string()));
                        window.arrive(id, Arrived { evaluation, cached: false, lost });
                    }
                }
                WindowStep::Stuck => panic!("an algorithm gives candidates when none is outstanding"),
            }
        }
        self.state().clone()
    }
}

/// Where a candidate's result will come from.
enum Admission {
    /// From the cache.
    Known(Evaluation),
    /// From another candidate under way with the same content.
    Follows(u64),
    /// From an evaluation.
    New,
}

impl<G: Serialize> Waiting<G> {
    /// Without a cache every candidate is evaluated for itself. What is known is decided by the order of asking and telling, and not by that of arrivals.
    fn admit(&mut self, id: u64, genome: &G, cache: Option<&mut Cache>) -> Admission {
        let Some(cache) = cache else { return Admission::New };
        let key = content_key(genome);
        if let Some(known) = cache.get(key, 0) {
            return Admission::Known(known.clone());
        }
        self.keys.insert(id, key);
        match self.leaders.get(&key) {
            Some(leader) => Admission::Follows(*leader),
            None => {
                self.leaders.insert(key, id);
                Admission::New
            }
        }
    }

    /// A candidate evaluates for others with the same content.
    fn lead(&mut self, id: u64) {
        if let Some(key) = self.keys.get(&id) {
            self.leaders.insert(*key, id);
        }
    }

    /// The result of a candidate is told; gives those who waited for it.
    fn settle(&mut self, id: u64, arrived: &Arrived, cache: Option<&mut Cache>) -> Vec<(u64, G)> {
        let Some(key) = self.keys.remove(&id) else { return Vec::new() };
        if self.leaders.get(&key) == Some(&id) {
            self.leaders.remove(&key);
        }
        if let (Some(cache), false, false) = (cache, arrived.lost, arrived.cached) {
            cache.insert(key, 0, arrived.evaluation.clone());
        }
        self.followers.remove(&id).unwrap_or_default()
    }
}

/// Polls all that is under way, the oldest first, until at least one has arrived.
async fn first_arrivals<F: Future<Output = R>, R>(under_way: &mut Vec<(u64, Pin<Box<F>>)>) -> Vec<(u64, R)> {
    poll_fn(|cx| {
        let mut arrived = Vec::new();
        under_way.retain_mut(|(id, future)| match future.as_mut().poll(cx) {
            Poll::Ready(result) => {
                arrived.push((*id, result));
                false
            }
            Poll::Pending => true,
        });
        if arrived.is_empty() { Poll::Pending } else { Poll::Ready(arrived) }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Mutex;
    use std::task::{Context, Waker};

    use super::*;
    use crate::algorithms::{Pacing, Settings, standard};
    use crate::genome::Bounds;
    use crate::problems::zdt::Zdt;
    use crate::random::Rng;
    use crate::run::{History, Problem, Rule, Termination, Yardstick};
    use hms_machine::Seed;

    /// A service that answers after so many polls as luck will have it, and loses some.
    struct Service {
        luck: u64,
        lost: fn(u64) -> bool,
        /// Ids in the order in which they were answered.
        answered: Mutex<Vec<u64>>,
    }

    impl Service {
        fn new(luck: u64, lost: fn(u64) -> bool) -> Self {
            Service { luck, lost, answered: Mutex::new(Vec::new()) }
        }
    }

    impl RemoteProblem for Service {
        type Genome = Vec<f64>;

        async fn evaluate(&self, id: u64, genome: Vec<f64>) -> Result<Evaluation, Lost> {
            let mut polls = Rng::new(Seed(self.luck), id).below(20);
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                polls = polls.saturating_sub(1);
                if polls == 0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            self.answered.lock().unwrap().push(id);
            if (self.lost)(id) {
                return Err(Lost("the host is gone".to_owned()));
            }
            let mut evaluation = Evaluation::default();
            Zdt::One.evaluate(&genome, &mut evaluation);
            Ok(evaluation)
        }
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let (mut future, mut cx) = (std::pin::pin!(future), Context::from_waker(Waker::noop()));
        loop {
            if let Poll::Ready(result) = future.as_mut().poll(&mut cx) {
                return result;
            }
        }
    }

    type Search = Run<standard::NsgaTwo<Bounds>, Bounds>;

    fn search(pacing: Pacing) -> Search {
        let space = Zdt::One.bounds();
        let settings = Settings { pacing, ..standard::generational(20, 2) };
        let algorithm = standard::nsga_two(space.clone(), settings, Seed(1));
        Run::new(algorithm, space, Termination::new(vec![Rule::Evaluations(300)]), Yardstick::default())
    }

    fn remote(service: &Service, pacing: Pacing, window: usize, cache: Option<&mut Cache>) -> (Summary, History<Vec<f64>>) {
        ordered(service, Order::Submission, pacing, window, cache)
    }

    fn ordered(
        service: &Service,
        order: Order,
        pacing: Pacing,
        window: usize,
        cache: Option<&mut Cache>,
    ) -> (Summary, History<Vec<f64>>) {
        let mut history = History::new(1000, 1000);
        let summary = block_on(search(pacing).execute_remote(service, window, order, cache, &mut history));
        (summary, history)
    }

    const STEADY: Pacing = Pacing::Steady { outstanding_max: 8 };

    #[test]
    fn answers_in_any_order_give_the_history_of_the_serial_driver() {
        let mut serial = History::new(1000, 1000);
        let summary = search(Pacing::Generational).execute(&Zdt::One, None, &mut serial);
        for luck in 0..4 {
            let service = Service::new(luck, |_| false);
            let (found, history) = remote(&service, Pacing::Generational, 8, None);
            assert!(!service.answered.into_inner().unwrap().is_sorted(), "answers were not out of order");
            assert_eq!((found, &history), (summary.clone(), &serial), "luck {luck}");
        }
        let steady = search(STEADY).execute(&Zdt::One, None, &mut History::new(1000, 1000));
        assert_eq!(remote(&Service::new(1, |_| false), STEADY, 1, None).0, steady, "a window of one is the serial driver");
    }

    #[test]
    fn the_window_decides_what_a_steady_algorithm_sees_and_luck_does_not() {
        let history = |luck, window| remote(&Service::new(luck, |_| false), STEADY, window, None).1;
        assert_eq!(history(1, 8), history(2, 8));
        assert_ne!(history(1, 8), history(1, 2));
    }

    /// The order of telling, as the history has it.
    fn record(history: &History<Vec<f64>>) -> Order {
        Order::Replay(history.individuals().map(|individual| individual.id).collect())
    }

    #[test]
    fn a_first_come_run_depends_on_luck_and_its_history_replays_it() {
        let some_lost = |id: u64| id % 10 == 3;
        for cached in [false, true] {
            let run = |luck, order| {
                let mut cache = cached.then(Cache::new);
                ordered(&Service::new(luck, some_lost), order, STEADY, 8, cache.as_mut())
            };
            let (summary, history) = run(1, Order::FirstCome);
            assert!(!history.individuals().map(|individual| individual.id).is_sorted(), "told out of the order of asking");
            assert_ne!(history, run(2, Order::FirstCome).1, "luck decides");
            for luck in 2..5 {
                assert_eq!(run(luck, record(&history)), (summary.clone(), history.clone()), "luck {luck}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "the record of another run")]
    fn a_record_of_another_run_is_refused() {
        ordered(&Service::new(1, |_| false), Order::Replay([0, 299].into()), STEADY, 8, None);
    }

    #[test]
    fn what_is_lost_is_data_and_is_not_remembered() {
        let every_tenth = |id: u64| id % 10 == 3;
        let (summary, history) = remote(&Service::new(1, every_tenth), STEADY, 8, None);
        assert_eq!((summary.evaluations, summary.failures), (300, 30));
        let reason = history.individuals().find_map(|individual| individual.evaluation.failure.clone());
        assert_eq!(reason.as_deref(), Some("lost: the host is gone"));
        assert_eq!(history, remote(&Service::new(2, every_tenth), STEADY, 8, None).1);
        // With a memory, those that were lost are evaluated when they come again.
        let mut cache = Cache::new();
        remote(&Service::new(1, every_tenth), STEADY, 8, Some(&mut cache));
        let service = Service::new(1, |_| false);
        remote(&service, STEADY, 8, Some(&mut cache));
        let again = service.answered.into_inner().unwrap();
        assert!(again.contains(&3) && !again.contains(&0), "{again:?}");
    }

    /// An algorithm that hands out three genomes over and over.
    struct Few {
        asked: u64,
        genome: Vec<f64>,
        scores: crate::scores::Scores,
        told: RefCell<Vec<u64>>,
    }

    impl Algorithm for Few {
        type Genome = Vec<f64>;

        fn ask(&mut self) -> Option<crate::algorithms::Asked<'_, Vec<f64>>> {
            self.genome = vec![0.25 * (self.asked % 3) as f64; 30];
            self.asked += 1;
            Some(crate::algorithms::Asked { id: self.asked - 1, genome: &self.genome, origin: Default::default() })
        }

        fn tell(&mut self, id: u64, _measured: crate::scores::Measured<'_>) {
            self.told.borrow_mut().push(id);
        }

        fn known_as(&mut self, _id: u64, _name: u64) {}

        fn name_of(&self, _row: usize) -> Option<u64> {
            None
        }

        fn population(&self) -> crate::algorithms::Population<'_, Vec<f64>> {
            crate::algorithms::Population { genomes: &[], scores: &self.scores }
        }

        fn generation(&self) -> u64 {
            0
        }

        fn restart(&mut self, _starts: &[Vec<f64>]) {}
    }

    fn few(service: &Service) -> (Summary, Vec<u64>) {
        let algorithm =
            Few { asked: 0, genome: Vec::new(), scores: crate::scores::Scores::new(2), told: RefCell::new(Vec::new()) };
        let termination = Termination::new(vec![Rule::Evaluations(12)]);
        let mut run = Run::new(algorithm, Zdt::One.bounds(), termination, Yardstick::default());
        let mut cache = Cache::new();
        let summary = block_on(run.execute_remote(service, 8, Order::Submission, Some(&mut cache), &mut History::new(100, 100)));
        (summary, run.algorithm().told.borrow().clone())
    }

    #[test]
    fn twins_under_way_cost_one_evaluation_and_a_lost_one_is_replaced_by_its_twin() {
        let service = Service::new(1, |_| false);
        let (summary, told) = few(&service);
        assert_eq!((summary.evaluations, summary.cached, told), (12, 9, (0..12).collect()));
        let mut answered = service.answered.into_inner().unwrap();
        answered.sort_unstable();
        assert_eq!(answered, [0, 1, 2]);
        let service = Service::new(1, |id| id == 1);
        let (summary, told) = few(&service);
        assert_eq!((summary.evaluations, summary.failures, summary.cached, told), (12, 1, 8, (0..12).collect()));
        let mut answered = service.answered.into_inner().unwrap();
        answered.sort_unstable();
        assert_eq!(answered, [0, 1, 2, 4], "its twin is evaluated in its place");
    }

    #[test]
    fn a_search_that_was_dropped_goes_on_with_what_was_under_way() {
        let (_, whole) = remote(&Service::new(1, |_| false), Pacing::Generational, 8, None);
        let (mut run, mut history) = (search(Pacing::Generational), History::new(1000, 1000));
        let service = Service::new(2, |_| false);
        {
            let mut future = std::pin::pin!(run.execute_remote(&service, 8, Order::Submission, None, &mut history));
            let mut cx = Context::from_waker(Waker::noop());
            (0..40).for_each(|_| assert!(future.as_mut().poll(&mut cx).is_pending()));
        }
        assert!((1..300).contains(&run.state().evaluations) && run.outstanding().count() > 0);
        block_on(run.execute_remote(&service, 8, Order::Submission, None, &mut history));
        assert_eq!(history, whole);
    }
}
