//! Cost of one decision of the overload policies and of load balancing.
//!
//! `cargo bench -p hms-stack --bench overload`

use divan::{Bencher, black_box};
use hms_machine::{AgentId, CallOutcome, Draw, Duration, Instant, Purpose, Seed, Streams};
use hms_stack::balancing::{
    BalancingChoice, BalancingConfiguration, Candidate, OutlierConfiguration, Outliers, PeakLatency, Turn,
};
use hms_stack::overload::{
    Arrival, Attempts, BudgetConfiguration, BudgetKind, Bulkhead, BulkheadConfiguration, ConcurrencyAlgorithm,
    ConcurrencyConfiguration, HedgeConfiguration, Hedger, Limiter, Load, RateConfiguration, RateLimit, RetryBudget,
    RetryConfiguration, Shedder, SheddingConfiguration, Throttle, ThrottleConfiguration,
};

fn main() {
    divan::main();
}

/// A clock that goes on by 50 µs a call, and the call's draw.
struct Calls {
    now: Instant,
    ordinal: u64,
}

impl Calls {
    fn new() -> Self {
        Calls { now: Instant::ZERO, ordinal: 0 }
    }

    fn next(&mut self) -> (Instant, Draw) {
        self.now += Duration::from_micros(50);
        self.ordinal += 1;
        (self.now, Streams::new(Seed(1)).draw(Purpose::named("bench/overload"), 0, self.ordinal))
    }
}

#[divan::bench]
fn the_draw_alone(bencher: Bencher) {
    let mut calls = Calls::new();
    bencher.bench_local(|| calls.next().1.uniform());
}

#[divan::bench]
fn retry_decide(bencher: Bencher) {
    let (configuration, mut calls) = (RetryConfiguration::default(), Calls::new());
    let attempts = Attempts { ended: 2, resets: 0 };
    bencher.bench_local(|| {
        let (now, mut draw) = calls.next();
        configuration.decide(black_box(attempts), CallOutcome::TimedOut, Some(now + Duration::from_secs(9)), now, &mut draw)
    });
}

#[divan::bench(args = [BudgetKind::Concurrent, BudgetKind::Window, BudgetKind::Tokens])]
fn budget_send_and_retry(bencher: Bencher, kind: &BudgetKind) {
    let mut budget = RetryBudget::new(BudgetConfiguration { kind: *kind, ..BudgetConfiguration::default() });
    let mut calls = Calls::new();
    bencher.bench_local(|| {
        let (now, _) = calls.next();
        let first = budget.sent(now);
        budget.ended(first, CallOutcome::Error);
        if let Some(retry) = budget.retry(CallOutcome::Error, now) {
            budget.ended(retry, CallOutcome::Ok);
        }
    });
}

#[divan::bench]
fn hedge_send_observe_and_ask(bencher: Bencher) {
    let mut hedger = Hedger::new(HedgeConfiguration { enabled: true, ..HedgeConfiguration::default() });
    let mut calls = Calls::new();
    bencher.bench_local(|| {
        let (now, _) = calls.next();
        hedger.sent(now);
        hedger.observe(Duration::from_micros(now.as_nanos() % 10_000));
        (hedger.delay(), hedger.may_hedge(0, now))
    });
}

#[divan::bench]
fn bulkhead_acquire_and_release(bencher: Bencher) {
    let mut bulkhead = Bulkhead::at_caller(&BulkheadConfiguration::default());
    bencher.bench_local(|| bulkhead.acquire().map(|ticket| bulkhead.release(ticket)));
}

#[divan::bench]
fn rate_admit(bencher: Bencher) {
    let mut limit = RateLimit::new(&RateConfiguration { enabled: true, ..RateConfiguration::default() });
    let mut calls = Calls::new();
    bencher.bench_local(|| limit.admit(calls.next().0));
}

#[divan::bench(args = [ConcurrencyAlgorithm::Aimd, ConcurrencyAlgorithm::Gradient2, ConcurrencyAlgorithm::Vegas])]
fn concurrency_acquire_and_release(bencher: Bencher, algorithm: &ConcurrencyAlgorithm) {
    let mut limiter = Limiter::new(ConcurrencyConfiguration { algorithm: *algorithm, ..ConcurrencyConfiguration::default() });
    // Half of the limit is in use, so that it moves.
    let held: Vec<_> = (0..60).filter_map(|_| limiter.acquire()).collect();
    let mut calls = Calls::new();
    bencher.bench_local(|| {
        let latency = Duration::from_micros(5_000 + calls.next().0.as_nanos() % 4_999);
        if let Some(ticket) = limiter.acquire() {
            limiter.release(ticket, latency, false);
        }
        black_box(held.len())
    });
}

#[divan::bench]
fn shedding_admit_start_and_finish(bencher: Bencher) {
    let mut shedder = Shedder::new(SheddingConfiguration::default());
    let mut calls = Calls::new();
    bencher.bench_local(|| {
        let (now, _) = calls.next();
        let deadline = Some(now + Duration::from_secs(1));
        let verdict =
            shedder.admit(Arrival { priority: 2, user: now.as_nanos(), deadline }, Load { waiting: 3, workers: 4 }, now);
        shedder.started(Duration::from_millis(1), deadline, now);
        shedder.finished(Duration::from_millis(2));
        verdict
    });
}

#[divan::bench]
fn throttle_admit(bencher: Bencher) {
    let mut throttle = Throttle::new(ThrottleConfiguration::default());
    let mut calls = Calls::new();
    bencher.bench_local(|| {
        let (now, mut draw) = calls.next();
        let goes_out = throttle.admit(now, &mut draw);
        throttle.accepted(now);
        goes_out
    });
}

#[divan::bench]
fn outlier_call(bencher: Bencher) {
    let mut outliers = Outliers::new(OutlierConfiguration::default(), 9, Instant::ZERO);
    let mut calls = Calls::new();
    bencher.bench_local(|| {
        let (now, _) = calls.next();
        let replica = (calls.ordinal % 9) as usize;
        outliers.look(now, |verdict| {
            black_box(verdict);
        });
        let pass = outliers.dispatched(replica, now);
        outliers.ended(replica, pass, CallOutcome::Ok, Duration::from_millis(3), now)
    });
}

#[divan::bench]
fn peak_latency_observe(bencher: Bencher) {
    let (mut latency, mut calls) = (PeakLatency::default(), Calls::new());
    bencher.bench_local(|| {
        let (now, _) = calls.next();
        latency.observe(Duration::from_micros(now.as_nanos() % 9_999), Duration::from_secs(10), now);
    });
}

#[divan::bench(args = [3, 9, 27], consts = [0, 1, 2, 3, 4])]
fn pick<const CHOICE: usize>(bencher: Bencher, replicas: u32) {
    let choice = BalancingChoice::named(BalancingChoice::NAMES[CHOICE]).expect("a name of the list");
    let configuration = BalancingConfiguration { choice, ..BalancingConfiguration::default() };
    let candidates: Vec<_> = (0..replicas)
        .map(|agent| Candidate {
            agent: AgentId(agent),
            eligible: agent != 1,
            outstanding: agent % 3,
            latency: Duration::from_millis(u64::from(agent) + 1),
            zone_local: false,
        })
        .collect();
    let mut calls = Calls::new();
    bencher.bench_local(|| {
        let (_, mut draw) = calls.next();
        configuration.pick(black_box(&candidates), Turn { previous: None, ordinal: calls.ordinal }, &mut draw)
    });
}
