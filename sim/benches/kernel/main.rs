//! What the kernel costs, as a multiple of RAW: the plainest loop over the standard library's heap that does the same work,
//! measured in the same process, in turns.
//!
//! `cargo bench -p hms-sim --bench kernel` prints one line per scenario: nanoseconds per event (median of the rounds), the ratio
//! to RAW (median of the ratios of each round, with the least and the greatest) and the goal.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the clock, and draws as RAW does")]

mod measure;
mod ours;
mod raw;
mod workload;

use std::time::Instant as WallInstant;

use hms_sim::kernel;
use measure::{COUNTER, Comparison, compare, median};
use workload::{Bimodal, Delays, Exponential, HugeJumps, Ties, Uniform};

#[global_allocator]
static ALLOCATOR: measure::CountingAllocator = measure::CountingAllocator;

fn main() {
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|part| name.contains(part.as_str()));
    println!("{:<34} {:>9} {:>9}   {:<24} goal", "scenario", "RAW ns", "ours ns", "ours / RAW (range)");
    for (pending, goal) in [(100, 1.3), (10_000, 0.8), (1_000_000, 0.3)] {
        if wanted("hold") {
            let (mut raw, mut ours) = (raw::Hold::<Exponential>::new(pending), ours::hold::<true>(pending));
            let row = compare(events_for(pending), &mut [&mut |n| raw.run(n), &mut |n| ours::advance(&mut ours, n)]);
            print(&format!("hold, {pending} pending"), &row, goal);
        }
    }
    if wanted("delays") {
        hold_with::<Uniform>("uniform");
        hold_with::<Bimodal>("bimodal");
        hold_with::<Ties>("mostly ties");
        hold_with::<HugeJumps>("huge jumps");
    }
    for (processes, goal) in [(2, 1.5), (1_000, 1.0)] {
        if wanted("messages") {
            let (mut raw, mut ours) = (raw::Messages::new(processes), ours::messages(processes));
            let row = compare(1_000_000, &mut [&mut |n| raw.run(n), &mut |n| ours::advance(&mut ours, n)]);
            print(&format!("messages, {processes} processes"), &row, goal);
        }
    }
    if wanted("mm1") {
        let (mut raw, mut ours) = (raw::Station::new(), ours::station());
        let row = compare(1_000_000, &mut [&mut |n| raw.run(n), &mut |n| ours::advance(&mut ours, n)]);
        print("mm1, half a million customers", &row, 1.5);
    }
    for (timers, goal) in [(100, 1.0), (10_000, 0.5), (200_000, 0.5)] {
        if wanted("resets") {
            let (mut raw, mut ours) = (raw::Resets::new(timers), ours::resets(timers));
            let row = compare(1_000_000, &mut [&mut |n| raw.run(n), &mut |n| ours::run_resets(&mut ours, n)]);
            print(&format!("resets, {timers} timers"), &row, goal);
        }
    }
    for pending in [100, 10_000] {
        if wanted("hash") {
            let (mut off, mut on) = (ours::hold::<false>(pending), ours::hold::<true>(pending));
            let row = compare(1_000_000, &mut [&mut |n| ours::advance(&mut off, n), &mut |n| ours::advance(&mut on, n)]);
            print(&format!("hash on / off, {pending} pending"), &row, 1.05);
        }
    }
    println!();
    if wanted("snapshot") {
        snapshot();
    }
    if wanted("memory") {
        [100, 10_000, 1_000_000].into_iter().for_each(memory);
    }
}

/// Hold of 10,000 pending with other delays than exponential ones; the goal is that of the exponential ones.
fn hold_with<D: Delays>(delays: &str) {
    let (mut raw, mut ours) = (raw::Hold::<D>::new(10_000), ours::hold_with::<true, D>(10_000));
    let row = compare(500_000, &mut [&mut |n| raw.run(n), &mut |n| ours::advance(&mut ours, n)]);
    print(&format!("hold, 10000, delays {delays}"), &row, 0.8);
}

/// Enough to turn the pending events over at least once, and not less than half a million.
fn events_for(pending: u32) -> u64 {
    500_000.max(u64::from(pending))
}

fn print(name: &str, row: &Comparison, goal: f64) {
    let (raw, ours) = (row.nanos[0], row.nanos[1]);
    let range = format!("{:.2} ({:.2} to {:.2})", row.ratio(1), row.ratio_least(1), row.ratio_greatest(1));
    println!("{name:<34} {raw:>9.1} {ours:>9.1}   {range:<24} <= {goal}");
}

/// Cloning 10,000 pending events and 1,000 actors of 512 bytes.
fn snapshot() {
    let mut simulation = ours::actors(1_000, 10_000);
    ours::advance(&mut simulation, 100_000);
    let times = (0..31).map(|_| {
        let start = WallInstant::now();
        let copy = std::hint::black_box(simulation.clone());
        let micros = start.elapsed().as_secs_f64() * 1e6;
        drop(copy);
        micros
    });
    let micros = median(times.collect());
    println!("snapshot of 10,000 pending events and 1,000 actors of 512 bytes: {micros:.0} us (goal: 1,000)");
}

/// Allocations per event in the steady state, and bytes held per pending event.
fn memory(pending: u32) {
    let before = COUNTER.live();
    let mut simulation = ours::hold::<true>(pending);
    ours::advance(&mut simulation, 5 * u64::from(pending));
    let held = COUNTER.live() - before;
    let allocations = COUNTER.allocations();
    let events = 1_000_000;
    ours::advance(&mut simulation, events);
    let allocated = COUNTER.allocations() - allocations;
    println!(
        "hold, {pending} pending: {:.1} bytes per pending event, {allocated} allocations in {events} events",
        held as f64 / f64::from(pending),
    );
}
