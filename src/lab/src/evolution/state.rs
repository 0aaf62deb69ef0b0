//! A search in progress as a value: everything that decides how it goes on, in one piece that can be stored.

use std::collections::{BTreeMap, BTreeSet};

use hms_evolve::noise::SeedPrefix;
use hms_evolve::proof::moderated::Spread;
use hms_evolve::run::{Step, checkpoint};
use serde::{Deserialize, Serialize};

use super::racing::{Apart, Boundary, Leaders};
use super::searcher::Searcher;

/// A candidate that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Individual {
    /// Its number.
    pub id: u64,
    /// Generations that were complete when it was told.
    pub generation: u64,
    /// Its parents.
    pub parents: [Option<u64>; 2],
    /// What made it.
    pub operator: String,
    /// Its genome.
    pub genome: Vec<f64>,
    /// Identifies its configuration; equal for equal ones.
    pub configuration: String,
    /// Losses, target by target; empty if it failed.
    pub objectives: Vec<f64>,
    /// By how much each constraint is missed, as a share of its limit; 0 or less where it holds.
    pub violations: Vec<f64>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Seeds that it met.
    pub seeds: u64,
    /// Number of the conditions under which it met them, from 0.
    pub phase: usize,
    /// Number of the individual that it was held against, with several objectives the first of these; `None` if there was none, or one of the same configuration.
    pub against: Option<u64>,
    /// How far it was behind that one; what failed, by all that that one loses. `None` without one, where that one loses nothing, for configurations that were met before, for tails, and with several objectives.
    pub apart: Option<Apart>,
    /// Whether it was given up before it had met all.
    pub dismissed: bool,
    /// Whether it is here again, since all who live met further seeds.
    pub again: bool,
}

/// The population at the end of a generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// Figures of the population.
    pub step: Step,
    /// Shared seeds at that time.
    pub seeds: u64,
    /// Trials so far.
    pub trials: u64,
    /// Trials that racing has saved so far.
    pub saved: u64,
}

/// A candidate that is being measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) id: u64,
    /// Number of the conditions.
    pub(super) phase: usize,
    pub(super) genome: Vec<f64>,
    pub(super) parents: [Option<u64>; 2],
    pub(super) operator: String,
    pub(super) seeds: u64,
    pub(super) boundary: Boundary,
    pub(super) again: bool,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// All generations are complete.
    Generations,
    /// The trials are used up.
    Trials,
    /// Nothing was gained for long.
    Plateau,
    /// The best is as good as was asked for.
    Target,
}

/// Everything that decides how a search goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    /// Number of the conditions, from 0.
    pub(super) phase: usize,
    /// Genomes for the answer to a change: the best of earlier conditions, the base, the presets.
    pub(super) remembered: Vec<Vec<f64>>,
    /// Genomes of those of the base and the presets that came through their ranking, the best first (by fronts; within a front by the first objective). They come back whenever everybody meets more seeds, whatever few seeds said of them.
    pub(super) presets: Vec<Vec<f64>>,
    pub(super) searcher: Searcher,
    pub(super) prefix: SeedPrefix,
    pub(super) leaders: Leaders,
    /// How much differences to leaders have varied so far, target by target.
    pub(super) spreads: Vec<Spread>,
    /// Configurations met, and the numbers of the seeds that each has met.
    pub(super) known: BTreeMap<String, BTreeSet<u64>>,
    /// Kept in a log of their own.
    #[serde(skip)]
    pub(super) individuals: Vec<Individual>,
    pub(super) generations: Vec<Generation>,
    /// What is under way, oldest first.
    pub(super) orders: Vec<Order>,
    /// Candidates asked for that are not there again.
    pub(super) asked: u64,
    /// The same, told.
    pub(super) told: u64,
    /// Candidates to come that are there again.
    pub(super) again: u64,
    pub(super) trials: u64,
    pub(super) saved: u64,
    pub(super) undecided: u64,
    /// Told since the last generation and not given up, those that are there again included: among them decisions may be hard.
    pub(super) since: u64,
    /// The number of seeds has grown; when nothing is under way, all who live are measured again.
    pub(super) growing: bool,
    /// Conditions change; when nothing is under way, the search starts again.
    pub(super) changing: bool,
    pub(super) end: Option<End>,
}

impl State {
    /// Digest of all that the search has found, in order: equal for equal searches, on any number of threads, after interruptions, with cold and warm caches.
    pub(super) fn hash(&self) -> String {
        let bytes = checkpoint::save(&(&self.individuals, &self.generations)).expect("numbers and texts can be stored");
        blake3::hash(&bytes).to_hex()[..32].to_owned()
    }
}
