//! The order in which results are told, whatever the order in which they arrive.
//!
//! An evaluation may take ten times as long as its neighbour. A generation waits for its slowest; a window does not: at most `size` candidates are out, and results are told in the order of asking, so what an algorithm
//! sees depends on the size of the window and on nothing else: not on threads, load or luck. With a window of four times the workers hardly any of them idle.
//!
//! Picture the driver asking the window what to do next: *ask* for another candidate and send it out, *tell* this result, or *wait* for an arrival. Asking goes before telling whenever
//! there is room, which fixes how the two interleave.
//!
//! In first-come order results are told as they arrive, and the order is written down; with the record the same run can be played again.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// What a driver is to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<R> {
    /// Ask the algorithm; send the candidate out after [`Window::sent`], or say [`Window::declined`] when it gives none.
    Ask,
    /// Tell the algorithm this result.
    Tell(u64, R),
    /// Wait for an arrival.
    Wait,
    /// Nothing is out, and the algorithm gives nothing: it waits for results that will never come. Only a bug of an algorithm leads here.
    Stuck,
}

/// In which order results are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// In the order of asking.
    Submission,
    /// As they arrive.
    FirstCome,
    /// As an earlier run told them; after the end of the record in the order of asking.
    Replay(VecDeque<u64>),
}

/// Candidates that are out, and results that have arrived too early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window<R> {
    size: usize,
    order: Order,
    /// Ids that are out or arrived, oldest first.
    out: VecDeque<u64>,
    arrived: BTreeMap<u64, R>,
    /// Arrived ids in the order of arrival.
    arrivals: VecDeque<u64>,
    declined: bool,
    told: Vec<u64>,
}

/// The record of a first-come run: ids in the order in which they were told.
pub type FirstCome = Vec<u64>;

impl<R> Window<R> {
    /// A window of `size` candidates, at least 1.
    pub fn new(size: usize, order: Order) -> Self {
        Window {
            size: size.max(1),
            order,
            out: VecDeque::new(),
            arrived: BTreeMap::new(),
            arrivals: VecDeque::new(),
            declined: false,
            told: Vec::new(),
        }
    }

    /// What to do next.
    pub fn next_step(&mut self) -> Step<R> {
        if self.out.len() < self.size && !self.declined {
            return Step::Ask;
        }
        if self.out.is_empty() {
            return Step::Stuck;
        }
        let due = match &mut self.order {
            Order::Submission => self.out.front().copied(),
            Order::FirstCome => self.arrivals.front().copied(),
            Order::Replay(record) => record.front().copied().or(self.out.front().copied()),
        };
        let Some((id, result)) = due.and_then(|id| self.arrived.remove_entry(&id)) else { return Step::Wait };
        match &mut self.order {
            Order::Submission => {}
            Order::FirstCome => self.told.push(id),
            Order::Replay(record) => drop(record.pop_front()),
        }
        self.out.retain(|&other| other != id);
        self.arrivals.retain(|&other| other != id);
        self.declined = false;
        Step::Tell(id, result)
    }

    /// A candidate was sent out.
    pub fn sent(&mut self, id: u64) {
        self.out.push_back(id);
    }

    /// The algorithm gave no candidate: no more asking before the next result is told.
    pub fn declined(&mut self) {
        self.declined = true;
    }

    /// A result has arrived.
    ///
    /// # Panics
    /// When its candidate is not out.
    pub fn arrive(&mut self, id: u64, result: R) {
        assert!(self.out.contains(&id), "candidate {id} is not out");
        assert!(self.arrived.insert(id, result).is_none(), "candidate {id} has arrived twice");
        self.arrivals.push_back(id);
    }

    /// Ids that are out and have not arrived: what a resumed run must evaluate again.
    pub fn missing(&self) -> impl Iterator<Item = u64> {
        self.out.iter().copied().filter(|id| !self.arrived.contains_key(id))
    }

    /// The record of a first-come run so far; the caller may take it away piece by piece to keep memory flat.
    pub fn take_record(&mut self) -> FirstCome {
        std::mem::take(&mut self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::{Algorithm, Pacing, Settings, standard};
    use crate::genome::Bounds;
    use crate::random::Rng;
    use crate::scores::Measured;
    use hms_machine::Seed;
    use proptest::prelude::*;

    /// Runs `results` evaluations whose arrivals come in an order drawn from `luck`; gives the final population and the record.
    fn run(order: Order, size: usize, luck: u64, generational: bool, results: usize) -> (Vec<Vec<f64>>, FirstCome) {
        let pacing = if generational { Pacing::Generational } else { Pacing::Steady { outstanding_max: 16 } };
        let settings = Settings { pacing, ..standard::generational(12, 1) };
        let mut algorithm = standard::nsga_two(Bounds::cube(3, -1.0, 1.0).unwrap(), settings, Seed(1));
        let (mut window, mut running, mut rng) = (Window::new(size, order), Vec::new(), Rng::new(Seed(luck), 0));
        let mut told = 0;
        while told < results {
            match window.next_step() {
                Step::Ask => match algorithm.ask() {
                    Some(asked) => {
                        running.push((asked.id, asked.genome.iter().map(|x| x * x).sum::<f64>()));
                        window.sent(asked.id);
                    }
                    None => window.declined(),
                },
                Step::Tell(id, value) => {
                    algorithm.tell(id, Measured::feasible(&[value]));
                    told += 1;
                }
                Step::Wait => {
                    let (id, value) = running.swap_remove(rng.below(running.len()));
                    window.arrive(id, value);
                }
                Step::Stuck => panic!("stuck"),
            }
        }
        (algorithm.population().genomes.to_vec(), window.take_record())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn results_do_not_depend_on_the_order_of_arrival(first: u64, second: u64, size in 1usize..16, generational: bool) {
            let history = |luck| run(Order::Submission, size, luck, generational, 200).0;
            prop_assert_eq!(history(first), history(second));
        }

        #[test]
        fn a_first_come_run_can_be_played_again(luck: u64, other: u64, size in 2usize..16) {
            let (population, record) = run(Order::FirstCome, size, luck, false, 200);
            prop_assert_eq!(record.len(), 200);
            prop_assert_eq!(run(Order::Replay(record.into()), size, other, false, 200).0, population);
        }
    }

    /// Share of the time of two workers that is spent in evaluations whose lengths spread tenfold, in time that is only counted.
    fn busy(size: usize, pacing: Pacing) -> f64 {
        let settings = Settings { pacing, ..standard::generational(100, 1) };
        let mut algorithm = standard::nsga_two(Bounds::cube(3, -1.0, 1.0).unwrap(), settings, Seed(1));
        let (mut window, mut rng) = (Window::new(size, Order::Submission), Rng::new(Seed(3), 0));
        let (mut queue, mut workers) = (VecDeque::new(), [None::<(f64, u64, f64)>; 2]);
        let (mut now, mut spent, mut told) = (0.0, 0.0, 0);
        while told < 3000 {
            for worker in workers.iter_mut().filter(|worker| worker.is_none()) {
                let next = queue.pop_front();
                *worker = next.map(|(id, value, length): (u64, f64, f64)| {
                    spent += length;
                    (now + length, id, value)
                });
            }
            match window.next_step() {
                Step::Ask => match algorithm.ask() {
                    Some(asked) => {
                        queue.push_back((asked.id, asked.genome[0], rng.between(0.2, 2.0)));
                        window.sent(asked.id);
                    }
                    None => window.declined(),
                },
                Step::Tell(id, value) => {
                    algorithm.tell(id, Measured::feasible(&[value]));
                    told += 1;
                }
                Step::Wait => {
                    let first = workers.iter_mut().filter(|worker| worker.is_some());
                    let first = first.min_by(|a, b| a.unwrap().0.total_cmp(&b.unwrap().0)).unwrap();
                    let (end, id, value) = first.take().unwrap();
                    now = end;
                    window.arrive(id, value);
                }
                Step::Stuck => panic!("stuck"),
            }
        }
        spent / (2.0 * now)
    }

    #[test]
    fn a_window_of_four_per_worker_keeps_workers_busy_and_small_broods_do_not() {
        let steady = busy(8, Pacing::Steady { outstanding_max: 8 });
        assert!(steady > 0.98, "{steady}");
        let narrow = busy(2, Pacing::Steady { outstanding_max: 2 });
        let broods = busy(8, Pacing::Generational);
        assert!(narrow < 0.9 && broods < steady, "{narrow} {broods} {steady}");
    }

    #[test]
    fn first_come_runs_do_depend_on_arrival() {
        let history = |luck| run(Order::FirstCome, 8, luck, false, 200).0;
        assert_ne!(history(1), history(2));
    }

    #[test]
    fn what_is_out_and_has_not_arrived_is_missing() {
        let mut window: Window<()> = Window::new(3, Order::Submission);
        [4, 5, 6].into_iter().for_each(|id| window.sent(id));
        window.arrive(5, ());
        assert_eq!(window.missing().collect::<Vec<u64>>(), [4, 6]);
        assert_eq!(window.next_step(), Step::Wait);
        window.arrive(4, ());
        assert_eq!(window.next_step(), Step::Tell(4, ()));
        assert_eq!(window.next_step(), Step::Ask);
    }
}
