//! What the engine costs: a search over 30 numbers with two objectives and its books (history, hypervolume), whose evaluations only wait.

use std::cell::RefCell;
use std::hint;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use hms_evolve::algorithms::{Pacing, Settings, standard};
use hms_evolve::genome::Bounds;
use hms_evolve::problems::zdt::Zdt;
use hms_evolve::run::{Evaluation, History, Order, Problem, Provenance, Rule, Run, Termination, Window, WindowStep, Yardstick};
use hms_machine::Seed;
use serde::Serialize;

/// A measured figure with what is to be reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: &'static str,
    /// What it is to be, in words.
    pub target: &'static str,
    /// What it is; `None` where this system does not tell.
    pub value: Option<f64>,
    /// `µs`, `%`, `MB`, or nothing for a ratio.
    pub unit: &'static str,
    /// Whether the target is reached.
    pub pass: Option<bool>,
}

type Search = Run<standard::NsgaTwo<Bounds>, Bounds>;

/// How many candidates are out at a time, four for each of two threads.
const WINDOW: usize = 8;
/// A wall clock is disturbed by whatever else runs. The search is the same each time, so of every stretch of it the least of so many measurements counts.
const REPEATS: usize = 4;

/// Measures the engine; `begin` hears what is measured next. Takes about half a minute.
pub fn engine(begin: &mut dyn FnMut(&str)) -> Vec<Figure> {
    begin("own time per evaluation");
    let own = serial(20_000, Duration::ZERO) / 20_000.0;
    begin("share of 100 µs");
    let short = share(5_000, Duration::from_micros(100));
    begin("share of 1 ms");
    let long = share(1_000, Duration::from_millis(1));
    begin("two threads, spread of ten");
    let busy = (0..REPEATS).map(|_| parallel(2_000, 2)).fold(0.0, f64::max);
    begin("memory over a million evaluations");
    let (early, late) = memory();
    let grown = early.zip(late).map(|(early, late)| late - early);
    vec![
        figure("own time per evaluation, books included", "at most 3", Some(1e6 * own), "µs", |value| value <= 3.0),
        figure("own share, 100 µs per evaluation", "at most 3", Some(100.0 * short), "%", |value| value <= 3.0),
        figure("own share, 1 ms per evaluation", "at most 0.5", Some(100.0 * long), "%", |value| value <= 0.5),
        figure("time in evaluations, 2 threads, lengths 1 : 10", "at least 0.95", Some(busy), "", |value| value >= 0.95),
        figure("memory grown from 10,000 to 1,000,000 evaluations", "at most 1", grown, "MB", |value| value <= 1.0),
    ]
}

fn figure(name: &'static str, target: &'static str, value: Option<f64>, unit: &'static str, reaches: fn(f64) -> bool) -> Figure {
    Figure { name, target, value, unit, pass: value.map(reaches) }
}

fn search(evaluations: u64) -> Search {
    let space = Zdt::One.bounds();
    let settings = Settings { pacing: Pacing::Steady { outstanding_max: WINDOW }, ..standard::generational(100, 2) };
    let algorithm = standard::nsga_two(space.clone(), settings, Seed(1));
    let yardstick = Yardstick { reference: Some(vec![1.1, 1.1]), samples: None };
    Run::new(algorithm, space, Termination::new(vec![Rule::Evaluations(evaluations)]), yardstick)
}

fn history() -> History<Vec<f64>> {
    History::new(1_000, 1_000)
}

/// A problem that takes a while.
struct Waiting {
    length: Duration,
    /// The end of the last evaluation, and the seconds between evaluations.
    stretches: RefCell<(Instant, Vec<f64>)>,
}

impl Waiting {
    fn new(length: Duration) -> Self {
        Waiting { length, stretches: RefCell::new((Instant::now(), Vec::new())) }
    }
}

impl Problem for Waiting {
    type Genome = Vec<f64>;

    fn objectives(&self) -> usize {
        2
    }

    fn evaluate(&self, genome: &Vec<f64>, evaluation: &mut Evaluation) {
        let began = Instant::now();
        let (ended, stretches) = &mut *self.stretches.borrow_mut();
        stretches.push((began - *ended).as_secs_f64());
        evaluation.objectives.extend(Zdt::One.objectives_of(genome));
        spin(began, self.length);
        *ended = Instant::now();
    }
}

fn spin(began: Instant, length: Duration) {
    while began.elapsed() < length {
        hint::spin_loop();
    }
}

/// Seconds in the engine of a search on this thread, between evaluations of this length.
fn serial(evaluations: u64, length: Duration) -> f64 {
    let stretches = || {
        let problem = Waiting::new(length);
        search(evaluations).execute(&problem, None, &mut history());
        problem.stretches.into_inner().1
    };
    let mut least = stretches();
    for _ in 1..REPEATS {
        least.iter_mut().zip(stretches()).for_each(|(least, other)| *least = least.min(other));
    }
    least.iter().sum()
}

/// The engine's share of a search with evaluations of this length.
fn share(evaluations: u64, length: Duration) -> f64 {
    let engine = serial(evaluations, length);
    engine / (engine + evaluations as f64 * length.as_secs_f64())
}

/// From 0.2 to 2 ms, by the genome.
fn length_of(genome: &[f64]) -> Duration {
    let bits = genome.iter().fold(0u64, |sum, x| sum.rotate_left(11) ^ x.to_bits());
    let share = (bits.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / (1u64 << 24) as f64;
    Duration::from_secs_f64(2e-4 + 1.8e-3 * share)
}

/// The share of the time of so many threads that is spent in evaluations, results being told in the order of asking.
fn parallel(evaluations: u64, threads: usize) -> f64 {
    let (jobs, queue) = mpsc::channel::<(u64, Vec<f64>)>();
    let (done, results) = mpsc::channel::<(u64, Evaluation, Duration)>();
    let queue = Mutex::new(queue);
    let (mut search, mut history) = (search(evaluations), history());
    let mut window = Window::new(WINDOW, Order::Submission);
    let mut spent = Duration::ZERO;
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (done, queue) = (done.clone(), &queue);
            scope.spawn(move || work(queue, &done));
        }
        loop {
            match window.next_step() {
                WindowStep::Ask => match search.ask() {
                    Some((id, genome)) => {
                        window.sent(id);
                        // Workers go only after this end does.
                        let _ = jobs.send((id, genome));
                    }
                    None => window.declined(),
                },
                WindowStep::Tell(id, evaluation) => {
                    let how = Provenance { replicates: 1, cached: false };
                    if search.tell(id, evaluation, how, &mut history).is_some() {
                        break;
                    }
                }
                WindowStep::Wait => {
                    let Ok((id, evaluation, length)) = results.recv() else { break };
                    spent += length;
                    window.arrive(id, evaluation);
                }
                WindowStep::Stuck => unreachable!("the algorithm gives candidates while none is out"),
            }
        }
        drop(jobs);
    });
    // What is still out when the search ends is not counted as spent: a fraction of a per cent.
    spent.as_secs_f64() / (threads as f64 * began.elapsed().as_secs_f64())
}

fn work(queue: &Mutex<mpsc::Receiver<(u64, Vec<f64>)>>, done: &mpsc::Sender<(u64, Evaluation, Duration)>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((id, genome)) = next else { return };
        let began = Instant::now();
        let mut evaluation = Evaluation::default();
        evaluation.objectives.extend(Zdt::One.objectives_of(&genome));
        spin(began, length_of(&genome));
        if done.send((id, evaluation, began.elapsed())).is_err() {
            return;
        }
    }
}

/// Megabytes in use after ten thousand and after a million evaluations.
fn memory() -> (Option<f64>, Option<f64>) {
    let problem = Zdt::One;
    let (mut search, mut history) = (search(10_000), history());
    search.execute(&problem, None, &mut history);
    let early = resident();
    search.extend(Termination::new(vec![Rule::Evaluations(1_000_000)]));
    search.execute(&problem, None, &mut history);
    (early, resident())
}

/// Resident memory of this process in megabytes, where the system tells.
fn resident() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_spread_tenfold() {
        let lengths: Vec<Duration> = (0..1000).map(|number| length_of(&[f64::from(number), 0.5])).collect();
        let (least, most) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
        assert!(*least < Duration::from_micros(220) && *most > Duration::from_micros(1980), "{least:?} {most:?}");
    }

    #[test]
    fn shares_of_time_are_shares() {
        let busy = parallel(150, 2);
        assert!(busy > 0.0 && busy <= 1.0, "{busy}");
        let share = share(150, Duration::from_micros(10));
        assert!(share > 0.0 && share < 1.0, "{share}");
    }
}
