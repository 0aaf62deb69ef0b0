//! What the genetic engine is worth and what it costs: measurements that need a clock, which the engine itself has not.
//!
//! [`optimizers`] searches problems whose answers are known, beside the figures of other libraries. [`engine`] measures the engine's own time, how well it keeps threads busy and how much memory it holds.

mod engine;

pub use engine::{Figure, engine};

use std::time::Instant;

use hms_evolve::bench::{self, Row};

/// The table of quality and speed over so many seeds (at least 1); `begin` hears the name of each problem before it is searched.
pub fn optimizers(seeds: u64, begin: &mut dyn FnMut(&str)) -> Vec<Row> {
    let start = Instant::now();
    bench::table(seeds, &mut || cpu_seconds(start), begin)
}

/// CPU seconds of this thread where the system tells them (Linux); elsewhere wall seconds, which a busy machine inflates.
fn cpu_seconds(start: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next().and_then(|first| first.parse::<f64>().ok()));
    nanos.map_or_else(|| start.elapsed().as_secs_f64(), |nanos| nanos * 1e-9)
}
