//! The world with the real stack: events per second and core, a simulated hour, growth with the number of nodes, bytes per node.
//!
//! `cargo bench -p hms-trial --bench world` prints a table; `-- scenarios`, `-- heartbeat` and `-- swim` print a part of it. Counts and bytes are exact.
//! Times are those that the processor worked for this thread (Linux tells; elsewhere those on the clock), the least of several runs: the machine may be
//! busy with other things, which costs time all the same, by what they push out of the caches.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant as Clock;

use hms_machine::{Duration, Instant, Seed};
use hms_sim::kernel::Limits;
use hms_stack::Configuration;
use hms_stack::health::HealthMode;
use hms_trial::{Detail, Trial};

/// Counts the bytes that are held.
struct Counting;

static HELD: AtomicU64 = AtomicU64::new(0);
/// The most that were held since this was set back.
static PEAK: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "a global allocator is unsafe by its trait; this one hands everything on to the system's")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size() as u64, Ordering::Relaxed) + layout.size() as u64;
        PEAK.fetch_max(held, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RUNS: usize = 3;

fn scenario(text: &str) -> Arc<hms_scenario::model::Scenario> {
    let document = hms_scenario::parse(text, &|name| Err(format!("no file {name} in a bench")));
    Arc::new(document.unwrap_or_else(|problems| panic!("{}", problems[0].render("bench", text))).scenario)
}

/// Seconds of a processor since the beginning of this thread, or of the clock where they are not known.
fn worked(since: Clock) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|told| told.split(' ').next()?.parse::<f64>().ok());
    nanos.map_or_else(|| since.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

/// Least seconds over several runs, and events.
fn measure(trial: &Trial) -> (f64, u64) {
    let mut least = f64::INFINITY;
    let mut events = 0;
    for _ in 0..RUNS {
        let clock = Clock::now();
        let start = worked(clock);
        let mut simulation = trial.simulation();
        simulation.run(&trial.limits()).expect("the run ends by itself");
        least = least.min(worked(clock) - start);
        events = simulation.events();
    }
    (least, events)
}

fn line(name: &str, trial: &Trial) {
    let (seconds, events) = measure(trial);
    let simulated = trial.scenario.run.duration.as_secs_f64();
    let rate = events as f64 / seconds / 1e6;
    println!("{name:<44} {events:>12} events {seconds:>8.2} s {rate:>6.2} M events/s {:>9.0} x real time", simulated / seconds);
}

fn trial(text: &str) -> Trial {
    Trial::new(scenario(text), Configuration::default(), Seed(7))
}

fn nodes(count: u32, seconds: u64) -> String {
    format!(
        "version = 1\n[run]\nduration = \"{seconds}s\"\n[cluster]\nzones = 3\nnodes = {count}\n\
         [[service]]\nname = \"api\"\nreplicas = {count}\nwork = \"1ms\"\nstartup = \"100ms\"\n\
         [[load]]\nservice = \"api\"\narrivals = {count}\ntimeout = \"500ms\"\n"
    )
}

fn scenarios() {
    let lan = include_str!("../../../experiments/scenarios/lan-3-zones.toml");
    println!("\nscenario");
    line("lan-3-zones, default detail", &trial(lan));
    line("lan-3-zones, full detail", &Trial { detail: Detail::Full, ..trial(lan) });
    line("9 nodes, one hour, one request/s and node", &trial(&nodes(9, 3600)));
}

/// When nodes have told each other of themselves, and the cluster is at rest.
const RESTED: u64 = 20;
/// Seconds of rest that are measured.
const MEASURED: u64 = 10;

/// Ever more nodes of which each serves one request a second: the start, in which everybody hears of everybody, and what a node costs after it.
fn growth(mode: HealthMode) {
    println!("\nnodes that watch each other by {}: the first {RESTED} s, then {MEASURED} s at rest", mode.name());
    for (count, runs) in [(10, RUNS), (100, RUNS), (1_000, 1)] {
        let mut trial = trial(&nodes(count, RESTED + MEASURED));
        trial.stack.health.mode = mode;
        let (mut started, mut rested) = (f64::INFINITY, f64::INFINITY);
        let (mut first, mut then, mut held, mut peak) = (0, 0, 0, 0);
        for _ in 0..runs {
            let before = HELD.load(Ordering::Relaxed);
            PEAK.store(before, Ordering::Relaxed);
            let clock = Clock::now();
            let start = worked(clock);
            let mut simulation = trial.simulation();
            simulation.run(&Limits::until(Instant::ZERO + Duration::from_secs(RESTED))).expect("the run goes on");
            let middle = worked(clock);
            first = simulation.events();
            simulation.run(&trial.limits()).expect("the run ends by itself");
            (started, rested) = (started.min(middle - start), rested.min(worked(clock) - middle));
            then = simulation.events() - first;
            held = HELD.load(Ordering::Relaxed) - before;
            peak = PEAK.load(Ordering::Relaxed) - before;
        }
        let (nodes, seconds) = (f64::from(count), MEASURED as f64);
        println!(
            "{count:>6} nodes: start {first:>9} events, {:>7.0} ns each; at rest {:>5.0} events and {:>6.1} us per node and second, {:>5.0} ns per event; {:>7.0} bytes per node, {:>7.0} at most",
            started / first as f64 * 1e9,
            then as f64 / nodes / seconds,
            rested / nodes / seconds * 1e6,
            rested / then as f64 * 1e9,
            held as f64 / nodes,
            peak as f64 / nodes,
        );
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == part);
    if wants("scenarios") {
        scenarios();
    }
    for mode in [HealthMode::Heartbeat, HealthMode::Swim] {
        if wants(mode.name()) {
            growth(mode);
        }
    }
}
