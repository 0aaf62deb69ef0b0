//! Ready settings of [`Evolution`] with the operators that the literature uses.

use hms_machine::Seed;

use super::{Evolution, Pacing, Settings};
use crate::genome::Reals;
use crate::operators::Pipeline;
use crate::operators::constraint::Handling;
use crate::operators::crossover::SimulatedBinary;
use crate::operators::mutation::Polynomial;
use crate::operators::selection::Tournament;
use crate::survival::directions::das_dennis;
use crate::survival::{HypervolumeFronts, LeastContributor, ReferenceDirections, Strength};

/// SBX, then polynomial mutation of one coordinate per genome.
pub type RealVariation = Pipeline<SimulatedBinary, Polynomial>;

/// NSGA-II with removal of least hypervolume contributors.
pub type NsgaTwo<S> = Evolution<S, RealVariation, Tournament, HypervolumeFronts>;
/// NSGA-III.
pub type NsgaThree<S> = Evolution<S, RealVariation, Tournament, ReferenceDirections>;
/// SPEA2.
pub type SpeaTwo<S> = Evolution<S, RealVariation, Tournament, Strength>;
/// SMS-EMOA.
pub type SmsEmoa<S> = Evolution<S, RealVariation, Tournament, LeastContributor>;

/// SBX with its rate and index, and polynomial mutation (index 20) of one coordinate per genome.
pub fn real_variation<S: Reals>(space: &S, crossover_rate: f64, eta: f64) -> RealVariation {
    let rate = 1.0 / space.low().len().max(1) as f64;
    Pipeline { crossover_rate, crossover: SimulatedBinary::new(eta), mutation: Polynomial { rate, eta: 20.0 } }
}

/// Settings of a generational algorithm with as many children as living.
pub fn generational(population: usize, objectives: usize) -> Settings {
    Settings { population, brood: population, objectives, pacing: Pacing::Generational, handling: Handling::Feasibility }
}

/// NSGA-II with the operators of its paper: SBX 0.9 with index 15, mutation 1/n with index 20, binary tournament.
pub fn nsga_two<S: Reals>(space: S, settings: Settings, seed: Seed) -> NsgaTwo<S> {
    let variation = real_variation(&space, 0.9, 15.0);
    Evolution::new(space, variation, Tournament { size: 2 }, HypervolumeFronts::default(), settings, seed)
}

/// NSGA-III with the operators of its paper: SBX 1.0 with index 30, mutation 1/n with index 20, along Das-Dennis directions.
pub fn nsga_three<S: Reals>(space: S, divisions: usize, settings: Settings, seed: Seed) -> NsgaThree<S> {
    let variation = real_variation(&space, 1.0, 30.0);
    let directions = ReferenceDirections::new(das_dennis(settings.objectives, divisions));
    Evolution::new(space, variation, Tournament { size: 2 }, directions, settings, seed)
}

/// SPEA2 with the operators of NSGA-II; the living are its archive.
pub fn spea_two<S: Reals>(space: S, settings: Settings, seed: Seed) -> SpeaTwo<S> {
    let variation = real_variation(&space, 0.9, 15.0);
    Evolution::new(space, variation, Tournament { size: 2 }, Strength, settings, seed)
}

/// SMS-EMOA, one child at a time, with the operators of NSGA-II.
pub fn sms_emoa<S: Reals>(space: S, settings: Settings, seed: Seed) -> SmsEmoa<S> {
    let variation = real_variation(&space, 0.9, 15.0);
    let settings = Settings { brood: 1, ..settings };
    Evolution::new(space, variation, Tournament { size: 2 }, LeastContributor::default(), settings, seed)
}
