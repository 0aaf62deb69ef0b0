//! What the parts of a report share: how to measure, on which seeds, and what a difference is.

use hms_evolve::Rng;
use hms_evolve::proof::bootstrap::{Bootstrap, Interval};
use hms_machine::Seed;
use hms_stack::{Configuration, Tunable, Value};

use super::super::evaluator::Stopped;
use super::super::genes::{Genes, parameters};
use super::super::question::Question;
use crate::presets::Measured;

/// Runs configurations under seeds: the outer list is that of the configurations.
pub(crate) type Measure<'a> = dyn Fn(&[Configuration], &[Seed]) -> Result<Vec<Vec<Measured>>, Stopped> + 'a;

/// Where configurations are measured after the choice is final.
pub(crate) struct Ground<'a> {
    /// What was searched.
    pub(crate) genes: &'a Genes,
    /// What for.
    pub(crate) question: &'a Question,
    /// How to run.
    pub(crate) measure: &'a Measure<'a>,
    /// Seeds that no search has seen.
    pub(crate) seeds: &'a [Seed],
}

/// Losses of a configuration: by seed, then by target; `None` where a run failed or says nothing.
pub(crate) type Losses = Vec<Vec<Option<f64>>>;

impl Ground<'_> {
    /// Losses of configurations on the first `seeds` seeds.
    pub(crate) fn losses(&self, configurations: &[Configuration], seeds: usize) -> Result<Vec<Losses>, Stopped> {
        let cells = (self.measure)(configurations, &self.seeds[..seeds.min(self.seeds.len())])?;
        Ok(cells.iter().map(|cells| self.of(cells)).collect())
    }

    /// Losses of measured cells.
    pub(crate) fn of(&self, cells: &[Measured]) -> Losses {
        let nothing = || vec![None; self.question.targets.len()];
        cells.iter().map(|cell| self.question.losses(cell).unwrap_or_else(|_| nothing())).collect()
    }

    /// The parameters that matter in `genome` and differ from `from`, with their values in `configuration`.
    pub(crate) fn moved(&self, genome: &[f64], configuration: &Configuration, from: &Configuration) -> Vec<(Tunable, Value)> {
        let active = self.genes.active(genome);
        let matter: Vec<&str> =
            self.genes.tunables().zip(active).filter(|(_, active)| *active).map(|(tunable, _)| tunable.name).collect();
        let pairs = parameters(configuration).into_iter().zip(parameters(from));
        pairs.filter(|((tunable, own), (_, other))| own != other && matter.contains(&tunable.name)).map(|(own, _)| own).collect()
    }

    /// How many seeds each of so many configurations may have for so many trials in all: at least `least`, and no more than there are.
    pub(crate) fn affordable(&self, configurations: usize, trials: usize, least: usize) -> usize {
        (trials / configurations.max(1)).max(least).min(self.seeds.len())
    }
}

impl Ground<'_> {
    /// Loss in a target over the seeds that give one, taken together as the target says: a mean, a quantile or a tail.
    pub(crate) fn figure(&self, losses: &Losses, target: usize) -> Option<f64> {
        self.question.loss_over(target, losses)
    }

    /// How much of the reference's loss goes away between `before` and `after`, with its 95 % interval; over the seeds on which all three say something, each side taken together as the target says.
    pub(crate) fn gain(
        &self,
        (before, after): (&Losses, &Losses),
        reference: &Losses,
        target: usize,
        rng: &mut Rng,
    ) -> Option<Interval> {
        let rows: Vec<[f64; 3]> = before
            .iter()
            .zip(after)
            .zip(reference)
            .filter_map(|((before, after), reference)| Some([before[target]?, after[target]?, reference[target]?]))
            .collect();
        let aggregate = self.question.targets[target].aggregate;
        let statistic = |drawn: &[usize]| {
            let figure = |column: usize| aggregate.of(&drawn.iter().map(|&row| rows[row][column]).collect::<Vec<f64>>());
            let (before, after, whole) = (figure(0), figure(1), figure(2));
            if before == after { 0.0 } else { (before - after) / whole.abs() }
        };
        Bootstrap { confidence: 0.95, resamples: 2000 }.interval(rows.len(), statistic, rng)
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;
    use crate::evolution::genes::{number, value_of};
    use crate::evolution::question::{Target, place};
    use hms_trial::DEFINITIONS;

    /// Genes of the tests.
    pub(crate) const NAMES: [&str; 3] = ["health.heartbeat", "retry.attempts", "health.min_std"];

    /// A world of one number: the 99th percentile of detection is five times the heartbeat and a thousandth of a second for each retry, times what the seed says. The deviation does not matter.
    pub(crate) fn detection(configuration: &Configuration, seed: Seed) -> f64 {
        let luck = 0.5 + (seed.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / (1u64 << 24) as f64;
        luck * (5.0 * number_of(configuration, "health.heartbeat") + 1e-3 * number_of(configuration, "retry.attempts"))
    }

    /// A parameter's number.
    pub(crate) fn number_of(configuration: &Configuration, name: &str) -> f64 {
        value_of(configuration, name).and_then(number).unwrap()
    }

    /// A duration shortened by a tenth.
    pub(crate) fn shorter(configuration: &Configuration, name: &str) -> Value {
        match value_of(configuration, name) {
            Some(Value::Duration(duration)) => Value::Duration(hms_machine::Duration::from_nanos(duration.as_nanos() / 10 * 9)),
            other => panic!("{name} is {other:?}"),
        }
    }

    /// Cells of that world.
    pub(crate) fn measure(configurations: &[Configuration], seeds: &[Seed]) -> Result<Vec<Vec<Measured>>, Stopped> {
        let at = place("detection_p99").unwrap();
        let cell = |configuration: &Configuration, seed: &Seed| {
            let mut row = vec![None; DEFINITIONS.len()];
            row[at] = Some(detection(configuration, *seed));
            Ok(row)
        };
        Ok(configurations.iter().map(|one| seeds.iter().map(|seed| cell(one, seed)).collect()).collect())
    }

    /// Genes and question of that world.
    pub(crate) fn world() -> (Genes, Question) {
        let genes = Genes::new(Configuration::default(), &NAMES, 20.0, &[]).unwrap();
        let question =
            Question { targets: vec![Target::single(place("detection_p99").unwrap())], constraints: Vec::new(), horizon: 60.0 };
        (genes, question)
    }

    /// Twenty seeds.
    pub(crate) fn seeds() -> Vec<Seed> {
        (1..=20).map(Seed).collect()
    }
}
