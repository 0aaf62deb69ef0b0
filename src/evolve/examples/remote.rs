//! A search whose evaluations run elsewhere: here in threads that answer when they like, in place of hosts.
//!
//! `cargo run -p hms-evolve --example remote`: prints the same however the threads are scheduled. With a runtime such as tokio, `evaluate` awaits a request, and the runtime awaits `execute_remote` in place of `block_on`.

#![expect(clippy::disallowed_methods, reason = "hosts stand outside of the engine, and these are threads")]

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use hms_evolve::algorithms::standard;
use hms_evolve::genome::Bounds;
use hms_evolve::run::{Evaluation, History, Lost, Order, RemoteProblem, Rule, Run, Termination, Yardstick};
use hms_machine::Seed;

/// A host for every evaluation. One in twenty is lost, and says so: a host that never answered would need a deadline here, since a future that never ends holds up the search.
struct Hosts;

#[derive(Default)]
struct Answer {
    result: Option<Result<Evaluation, Lost>>,
    waker: Option<Waker>,
}

impl RemoteProblem for Hosts {
    type Genome = Vec<f64>;

    async fn evaluate(&self, id: u64, genome: Vec<f64>) -> Result<Evaluation, Lost> {
        let answer = Arc::new(Mutex::new(Answer::default()));
        let sender = Arc::clone(&answer);
        std::thread::spawn(move || {
            let objectives = vec![genome.iter().map(|x| x * x).sum(), genome.iter().map(|x| (x - 1.0) * (x - 1.0)).sum()];
            let lost = id % 20 == 7;
            let result = if lost {
                Err(Lost("the host has died".to_owned()))
            } else {
                Ok(Evaluation { objectives, ..Evaluation::default() })
            };
            let mut answer = sender.lock().expect("nobody panics");
            answer.result = Some(result);
            if let Some(waker) = answer.waker.take() {
                waker.wake();
            }
        });
        poll_fn(|cx| {
            let mut answer = answer.lock().expect("nobody panics");
            answer.waker = Some(cx.waker().clone());
            answer.result.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest of runtimes: a thread that sleeps until it is woken.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let (mut future, mut cx) = (std::pin::pin!(future), Context::from_waker(&waker));
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(result) => return result,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn main() {
    let space = Bounds::cube(5, -1.0, 2.0).expect("the lower end comes first");
    let algorithm = standard::nsga_two(space.clone(), standard::generational(20, 2), Seed(1));
    let mut run = Run::new(algorithm, space, Termination::new(vec![Rule::Evaluations(2_000)]), Yardstick::default());
    let mut history = History::new(100, 100);
    let summary = block_on(run.execute_remote(&Hosts, 8, Order::Submission, None, &mut history));
    let front = run.algorithm();
    let size = hms_evolve::algorithms::Algorithm::population(front).front().len();
    println!("{} evaluations, {} of them lost, {size} on the front", summary.evaluations, summary.failures);
}
