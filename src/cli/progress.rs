//! A bar with simulated time, events per second and the time that is left. It shows on a terminal's stderr and nowhere else.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant as WallInstant;

use hms_lab::evolution::report::Stage;
use hms_lab::evolution::{Phase, Plan};
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
        let style = ProgressStyle::with_template("{prefix:.bold} {wide_bar:.cyan/dim} {percent:>3} %  {msg}  {eta} left")
            .expect("the template is valid");
        let bar = ProgressBar::with_draw_target(Some(STEPS), target).with_style(style).with_prefix(label.to_owned());
        RunBar { bar, began: WallInstant::now() }
    }

    /// Shows how far the run is; false as soon as the user wants to stop.
    pub(crate) fn watch(&self, progress: Progress) -> bool {
        let done = progress.now.as_nanos() as f64 / progress.end.as_nanos().max(1) as f64;
        let rate = progress.events as f64 / self.began.elapsed().as_secs_f64().max(1e-9);
        self.bar.set_message(format!("{} of {}  {} events/s", progress.now, progress.end, grouped(rate as u64)));
        self.bar.set_position((done * STEPS as f64) as u64);
        !interrupt::asked()
    }
}

impl Drop for RunBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The bar of a campaign: it moves with simulated time over all threads, and counts runs.
pub(crate) struct CampaignBar {
    bar: ProgressBar,
    /// Nanoseconds of simulated time.
    simulated: AtomicU64,
    ended: AtomicUsize,
    runs: usize,
}

impl CampaignBar {
    /// A bar for `runs` runs of `millis` milliseconds of simulated time together.
    pub(crate) fn new(label: &str, millis: u64, runs: usize, quiet: bool) -> Self {
        let shown = !quiet && runs > 0 && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{prefix:.bold} {wide_bar:.cyan/dim} {percent:>3} %  {msg}  {eta} left")
            .expect("the template is valid");
        let bar = ProgressBar::with_draw_target(Some(millis), target).with_style(style).with_prefix(label.to_owned());
        CampaignBar { bar, simulated: AtomicU64::new(0), ended: AtomicUsize::new(0), runs }
    }

    /// So many nanoseconds of simulated time more are done.
    pub(crate) fn advance(&self, nanos: u64) {
        let before = self.simulated.fetch_add(nanos, Ordering::Relaxed);
        self.bar.set_position((before + nanos) / 1_000_000);
    }

    /// One run more has ended.
    pub(crate) fn count(&self) {
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        self.bar.set_message(format!("{ended} of {} runs", self.runs));
    }
}

impl Drop for CampaignBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The bar of a search: it moves with candidates, and shows generation, best, hypervolume and trials per second.
pub(crate) struct SearchBar {
    bar: ProgressBar,
    began: WallInstant,
    trials: AtomicU64,
}

impl SearchBar {
    /// The bar of a planned search.
    pub(crate) fn new(label: &str, plan: &Plan, quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{prefix:.bold} {wide_bar:.cyan/dim} {percent:>3} %  {msg}  {eta} left")
            .expect("the template is valid");
        let candidates = (plan.settings.generations + 1) * plan.settings.population as u64;
        let bar = ProgressBar::with_draw_target(Some(candidates), target).with_style(style).with_prefix(label.to_owned());
        SearchBar { bar, began: WallInstant::now(), trials: AtomicU64::new(0) }
    }

    /// One trial more has ended.
    pub(crate) fn count(&self) {
        self.trials.fetch_add(1, Ordering::Relaxed);
    }

    /// Shows how far the search is.
    pub(crate) fn show(&self, phase: Phase) {
        let rate = self.trials.load(Ordering::Relaxed) as f64 / self.began.elapsed().as_secs_f64().max(1e-9);
        match phase {
            Phase::Searching(progress) => {
                let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
                let (best, volume) = (number(progress.best), number(progress.hypervolume));
                let generation = progress.generation;
                self.bar.set_message(format!("generation {generation}  best {best}  volume {volume}  {rate:.1} trials/s"));
                self.bar.set_position(progress.evaluations);
            }
            Phase::Validating => self.bar.set_message("what the best does not need; finalists on validation seeds".to_owned()),
            Phase::Judging(count) => self.bar.set_message(format!("{count} configurations on held-out seeds")),
            Phase::Analysing(Stage::Ablation) => self.bar.set_message("which parameter bought what".to_owned()),
            Phase::Analysing(Stage::Robustness) => self.bar.set_message("what drifts cost".to_owned()),
            Phase::Analysing(Stage::Baseline(name, progress)) => {
                self.bar.set_message(format!("{name}: {} trials  {rate:.1} trials/s", progress.trials));
            }
        }
    }
}

impl Drop for SearchBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
