//! What keeping the results costs: seconds to write the folder beside seconds to run, per detail.
//!
//! `cargo bench -p hms-lab --bench recording` prints a table (`--profile dev` measures the build of the README's first command). Times are the least
//! of several runs on a machine that may be busy with other things. Goal: writing takes under 20 % of a run at default detail.

use std::path::{Path, PathBuf};
use std::time::Instant as Clock;

use hms_lab::inputs::{Inputs, Paths, detail_name};
use hms_lab::machine::Seed;
use hms_lab::results::{self, Build, Table};
use hms_lab::trial::Detail;

const RUNS: usize = 5;

fn main() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/scenarios");
    println!("| scenario | detail | events | rows of the trace | MB | run s | write s | write / run |");
    println!("|---|---|---|---|---|---|---|---|");
    for name in ["quickstart", "lan-3-zones"] {
        for detail in [Detail::Changes, Detail::Full] {
            line(name, &scenarios.join(format!("{name}.toml")), detail);
        }
    }
}

fn line(name: &str, scenario: &Path, detail: Detail) {
    let paths = Paths { scenario, stack: None, overrides: &[] };
    let inputs = Inputs::load(&paths, Seed(7), detail).unwrap_or_else(|error| panic!("{error}"));
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder: PathBuf = place.path().join("results");
    let (mut run, mut write) = (f64::INFINITY, f64::INFINITY);
    let mut shown = String::new();
    for _ in 0..RUNS {
        let start = Clock::now();
        let outcome = inputs.trial().run().expect("the run ends by itself");
        run = run.min(start.elapsed().as_secs_f64());
        let start = Clock::now();
        let manifest = results::write(&folder, &inputs, &outcome, &Build::default()).expect("the folder is written");
        write = write.min(start.elapsed().as_secs_f64());
        let rows = manifest.tables.iter().find(|table| table.name == Table::Events.name()).map_or(0, |table| table.rows);
        let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
        shown = format!("{} | {rows} | {:.2}", outcome.events, bytes as f64 / 1e6);
    }
    println!("| {name} | {} | {shown} | {run:.3} | {write:.3} | {:.1} % |", detail_name(detail), 100.0 * write / run);
}
