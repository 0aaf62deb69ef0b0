//! Cost of a breaker's decision: `cargo bench -p hms-stack --bench breaker`. Figures are of 1,000 calls, each a permit and an outcome.

use divan::Bencher;
use hms_machine::{AgentId, Draw, Duration, Instant, Purpose, Seed, ServiceId, Streams};
use hms_stack::breaker::{Breaker, BreakerConfiguration, BreakerKey, Ended, Outcome, Permit, Registry, WindowKind};

fn main() {
    divan::main();
}

/// A call every millisecond; every tenth fails, so that the windows change and the breaker stays closed.
fn ended(call: u64) -> Ended {
    let outcome = if call.is_multiple_of(10) { Outcome::Failure } else { Outcome::Success };
    Ended { outcome, took: Duration::from_millis(3) }
}

fn draw() -> Draw {
    Streams::new(Seed(1)).draw(Purpose::named("bench/breaker"), 0, 0)
}

fn configuration(window: &str) -> BreakerConfiguration {
    BreakerConfiguration { window: WindowKind::named(window).expect("a kind of window"), ..BreakerConfiguration::default() }
}

#[divan::bench(args = WindowKind::NAMES)]
fn thousand_calls_of_a_closed_breaker(bencher: Bencher<'_, '_>, window: &str) {
    let configuration = configuration(window);
    let (mut breaker, mut draw, mut call) = (Breaker::new(&configuration, Instant::ZERO), draw(), 0);
    bencher.bench_local(|| {
        for _ in 0..1_000 {
            call += 1;
            let now = Instant::from_nanos(call * 1_000_000);
            let Permit::Granted(ticket) = breaker.permit(&configuration, now, &mut draw) else { panic!("turned away") };
            divan::black_box(breaker.outcome(&configuration, ticket, ended(call), now, &mut draw));
        }
    });
}

/// The breakers of 64 replicas, one after the other.
#[divan::bench(args = WindowKind::NAMES)]
fn thousand_calls_through_a_registry(bencher: Bencher<'_, '_>, window: &str) {
    let configuration = configuration(window);
    let (mut registry, mut draw, mut call) = (Registry::default(), draw(), 0);
    bencher.bench_local(|| {
        for _ in 0..1_000 {
            call += 1;
            let now = Instant::from_nanos(call * 1_000_000);
            let key = BreakerKey { service: ServiceId(1), agent: Some(AgentId((call % 64) as u32)) };
            let Permit::Granted(ticket) = registry.permit(&configuration, key, now, &mut draw).permit else {
                panic!("turned away")
            };
            divan::black_box(registry.outcome(&configuration, (key, ticket), ended(call / 64), now, &mut draw));
        }
    });
}

/// Calls that an open breaker turns away.
#[divan::bench]
fn thousand_rejections(bencher: Bencher<'_, '_>) {
    let configuration = BreakerConfiguration::default();
    let (mut breaker, mut draw) = (Breaker::new(&configuration, Instant::ZERO), draw());
    breaker.trip(&configuration, Instant::ZERO, &mut draw);
    bencher.bench_local(|| {
        (0..1_000).for_each(|call| {
            let _ = divan::black_box(breaker.permit(&configuration, Instant::from_nanos(call), &mut draw));
        });
    });
}
