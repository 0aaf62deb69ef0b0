//! Prints the table of quality and speed: `cargo run --release -p hms-evolve --example optimizers -- 11`.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "an example has a clock and files; the library has neither"
)]

use std::time::Instant;

/// CPU seconds of this thread where the system tells them (Linux); elsewhere wall seconds, which a busy machine inflates.
fn seconds(start: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next().and_then(|first| first.parse::<f64>().ok()));
    nanos.map_or_else(|| start.elapsed().as_secs_f64(), |nanos| nanos * 1e-9)
}

fn main() {
    let seeds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(3);
    let start = Instant::now();
    let rows = hms_evolve::bench::table(seeds, &mut || seconds(start));
    print!("{}", hms_evolve::bench::render(&rows));
}
