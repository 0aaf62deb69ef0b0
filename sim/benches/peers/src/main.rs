//! The hold and message scenarios on RAW, on our kernel, on simcore 0.1 and on nexosim 1.0 (one thread), in turns in one process.
//!
//! `cargo run --release` prints nanoseconds per event and the ratio to RAW. Peers get what their manuals recommend for the
//! scenario; what they do that others do not, and cannot leave out, is said in their files.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the clock, and draws as RAW does")]

mod nexosim_peer;
mod simcore_peer;

#[path = "../../kernel/measure.rs"]
#[expect(dead_code, reason = "the other bench uses more of it")]
mod measure;
#[path = "../../kernel/ours.rs"]
#[expect(dead_code, reason = "the other bench has more scenarios")]
mod ours;
#[path = "../../kernel/raw.rs"]
#[expect(dead_code, reason = "the other bench has more scenarios")]
mod raw;
#[path = "../../kernel/workload.rs"]
#[allow(dead_code, reason = "the other bench has more scenarios; rustc takes an expectation for a use")]
mod workload;

use hms_sim::kernel;
use measure::{Comparison, compare};

const EVENTS: u64 = 300_000;

fn main() {
    println!("{:<26} {:>18} {:>18} {:>18} {:>18}", "ns per event (/ RAW)", "RAW", "ours", "simcore 0.1", "nexosim 1.0");
    for pending in [100, 10_000, 1_000_000] {
        let mut raw = raw::Hold::<workload::Exponential>::new(pending);
        let mut ours = ours::hold::<true>(pending);
        let mut simcore = simcore_peer::hold(pending);
        let mut nexosim = nexosim_peer::hold(pending);
        let row = compare(
            EVENTS,
            &mut [
                &mut |n| raw.run(n),
                &mut |n| ours::advance(&mut ours, n),
                &mut |n| simcore_peer::advance(&mut simcore, n),
                &mut |n| nexosim_peer::advance(&mut nexosim, n),
            ],
        );
        print(&format!("hold, {pending} pending"), &row);
    }
    for processes in [2, 1_000] {
        let mut raw = raw::Messages::new(processes);
        let mut ours = ours::messages(processes);
        let mut simcore = simcore_peer::messages(processes);
        let mut nexosim = nexosim_peer::messages(processes);
        let row = compare(
            EVENTS,
            &mut [
                &mut |n| raw.run(n),
                &mut |n| ours::advance(&mut ours, n),
                &mut |n| simcore_peer::advance(&mut simcore, n),
                &mut |n| nexosim_peer::advance(&mut nexosim, n),
            ],
        );
        print(&format!("messages, {processes} processes"), &row);
    }
}

fn print(name: &str, row: &Comparison) {
    let cell = |contender: usize| format!("{:.1} ({:.2})", row.nanos[contender], row.ratio(contender));
    println!("{name:<26} {:>18} {:>18} {:>18} {:>18}", cell(0), cell(1), cell(2), cell(3));
}
