//! The world with the real stack: events per second and core, a simulated hour, growth with the number of nodes, bytes per node.
//!
//! `cargo bench -p hms-trial --bench world` prints a table. Counts and bytes are exact; times are the least of several runs on a machine that may be
//! busy with other things.

#![expect(clippy::disallowed_types, reason = "a benchmark measures wall time")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant as Clock;

use hms_machine::Seed;
use hms_stack::Configuration;
use hms_trial::{Detail, Trial};

/// Counts the bytes that are held.
struct Counting;

static HELD: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "a global allocator is unsafe by its trait; this one hands everything on to the system's")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size() as u64, Ordering::Relaxed);
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

/// Least seconds over several runs, and events.
fn measure(trial: &Trial) -> (f64, u64) {
    let mut least = f64::INFINITY;
    let mut events = 0;
    for _ in 0..RUNS {
        let start = Clock::now();
        let mut simulation = trial.simulation();
        simulation.run(&trial.limits()).expect("the run ends by itself");
        least = least.min(start.elapsed().as_secs_f64());
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

fn nodes(count: u32, seconds: u32) -> String {
    format!(
        "version = 1\n[run]\nduration = \"{seconds}s\"\n[cluster]\nzones = 3\nnodes = {count}\n\
         [[service]]\nname = \"api\"\nreplicas = {count}\nwork = \"1ms\"\nstartup = \"100ms\"\n\
         [[load]]\nservice = \"api\"\narrivals = {count}\ntimeout = \"500ms\"\n"
    )
}

fn main() {
    let lan = include_str!("../../../experiments/scenarios/lan-3-zones.toml");
    println!("scenario");
    line("lan-3-zones, default detail", &trial(lan));
    line("lan-3-zones, full detail", &Trial { detail: Detail::Full, ..trial(lan) });
    line("9 nodes, one hour, one request/s and node", &trial(&nodes(9, 3600)));
    println!("\nnodes: cost per event and bytes per node");
    for count in [10, 100, 1_000, 10_000] {
        let trial = trial(&nodes(count, 10));
        let before = HELD.load(Ordering::Relaxed);
        let start = Clock::now();
        let mut simulation = trial.simulation();
        let built = start.elapsed().as_secs_f64();
        simulation.run(&trial.limits()).expect("the run ends by itself");
        let seconds = start.elapsed().as_secs_f64() - built;
        let events = simulation.events();
        let held = HELD.load(Ordering::Relaxed) - before;
        println!(
            "{count:>6} nodes {events:>12} events, built in {:>6.1} ms, {:>8.0} ns/event {:>9.0} bytes/node",
            built * 1e3,
            seconds / events as f64 * 1e9,
            held as f64 / f64::from(count)
        );
    }
}
