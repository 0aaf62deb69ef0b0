//! A bar with simulated time, events per second and the time that is left. It shows on a terminal's stderr and nowhere else.

use std::io::IsTerminal;
use std::time::Instant as WallInstant;

use hms_lab::trial::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::interrupt;
use crate::summary::grouped;

/// Steps of the bar; simulated time is shown beside it.
const STEPS: u64 = 1_000;

/// The bar of one run.
pub(crate) struct RunBar {
    bar: ProgressBar,
    began: WallInstant,
}

impl RunBar {
    /// A bar labelled `label`; with `quiet`, or where stderr is no terminal, it shows nothing.
    pub(crate) fn new(label: &str, quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{prefix:.bold} {bar:30.cyan/dim} {percent:>3} %  {msg}  {eta} left").expect("the template is valid");
        let bar = ProgressBar::with_draw_target(Some(STEPS), target).with_style(style).with_prefix(label.to_owned());
        RunBar { bar, began: WallInstant::now() }
    }

    /// Shows how far the run is; false as soon as the user wants to stop.
    pub(crate) fn watch(&self, progress: Progress) -> bool {
        let done = progress.now.as_nanos() as f64 / progress.end.as_nanos().max(1) as f64;
        let rate = progress.events as f64 / self.began.elapsed().as_secs_f64().max(1e-9);
        self.bar.set_position((done * STEPS as f64) as u64);
        self.bar.set_message(format!("{} of {}  {} events/s", progress.now, progress.end, grouped(rate as u64)));
        !interrupt::asked()
    }
}

impl Drop for RunBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
