//! What the field knows already: the base and the presets, whose genes a search starts from and does not lose.
//!
//! They are ranked before anybody else is measured, on more seeds than the search begins with, and the best of them come back whenever everybody meets more seeds, whatever few seeds said of them.

use std::ops::Range;

use hms_evolve::scores::Scores;
use hms_evolve::survival::Fronts;
use hms_machine::Seed;
use hms_stack::Configuration;

use super::evaluator::Stopped;
use super::plan::Plan;
use super::search::{Search, configuration_key};
use crate::presets::Measured;

/// Of the base and the presets so many come back whenever everybody meets more seeds. In a world whose losses are rare and great the first two seeds say little: between five continents a search lost the best preset to them, and found less than it.
const PRESETS_KEPT: usize = 3;

/// Genomes of the base and the presets, nobody twice.
pub(super) fn presets(plan: &Plan) -> Vec<Vec<f64>> {
    let mut genomes: Vec<Vec<f64>> = Vec::new();
    for configuration in [*plan.genes.base()].iter().chain(plan.presets.iter().map(|preset| &preset.stack)) {
        let genome = plan.genes.encode(configuration);
        if !genomes.contains(&genome) {
            genomes.push(genome);
        }
    }
    genomes
}

impl Search<'_> {
    /// Ranks the base and the presets under the present conditions: whose genes are worth keeping. All meet a quarter of the search seeds, the better half of them as many again, and the better half of those all.
    pub(super) fn rank_presets(&mut self) -> Result<(), Stopped> {
        let (plan, state) = (self.plan, &mut self.state);
        if plan.presets.is_empty() {
            return Ok(());
        }
        let mut field: Vec<(Vec<f64>, Vec<Measured>)> = presets(plan).into_iter().map(|genome| (genome, Vec::new())).collect();
        for (count, numbers) in ranking_rounds(field.len(), plan.settings.seeds.1) {
            field.truncate(count);
            let seeds: Vec<Seed> = numbers.clone().map(|number| self.seeds.get(number)).collect();
            let configurations: Vec<Configuration> = field.iter().map(|(genome, _)| plan.genes.decode(genome)).collect();
            let cells = self.evaluators[state.phase].measure(&configurations, &seeds)?;
            for ((configuration, row), more) in configurations.iter().zip(&mut field).zip(cells) {
                row.1.extend(more);
                let known = state.known.entry(configuration_key(configuration)).or_default();
                state.trials += numbers.clone().filter(|number| known.insert(*number)).count() as u64 * plan.worlds.len() as u64;
            }
            field = ranked(plan, field);
        }
        state.presets = field.into_iter().take(PRESETS_KEPT).map(|(genome, _)| genome).collect();
        Ok(())
    }
}

/// How base and presets are ranked: in each round, how many of them meet which search seeds. With a campaign's two dozen it takes half of the trials that all seeds for everyone would.
pub(super) fn ranking_rounds(count: usize, seeds: u64) -> Vec<(usize, Range<u64>)> {
    // Two seeds say little, and one nothing.
    let mut ends = [4, 2, 1].map(|part| seeds.div_ceil(part).max(2).min(seeds)).to_vec();
    ends.dedup();
    let mut begin = 0;
    let round = |(place, end): (usize, u64)| {
        let count = count.div_ceil(1 << place).max(PRESETS_KEPT).min(count);
        (count, std::mem::replace(&mut begin, end)..end)
    };
    ends.into_iter().enumerate().map(round).collect()
}

/// Who was measured, the best first: by fronts.
fn ranked(plan: &Plan, mut field: Vec<(Vec<f64>, Vec<Measured>)>) -> Vec<(Vec<f64>, Vec<Measured>)> {
    let (width, mut scratch) = (plan.question.targets.len(), Vec::new());
    let mut scores = Scores::new(width);
    field.iter().for_each(|(_, cells)| scores.push(plan.question.answer(cells).measured(width, &mut scratch)));
    let mut fronts = Fronts::default();
    fronts.sort(&scores, 0.0);
    let order = (0..fronts.len()).flat_map(|front| fronts.front(front).to_vec());
    order.map(|row| std::mem::take(&mut field[row as usize])).collect()
}

/// The genomes, the best first, and those presets that are not among them, in the places of the last who are none themselves; at most a quarter of the places.
pub(super) fn with_presets(plan: &Plan, mut genomes: Vec<Vec<f64>>, presets: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let decoded = |genome: &Vec<f64>| plan.genes.decode(genome);
    let there: Vec<Configuration> = genomes.iter().map(decoded).collect();
    let known: Vec<Configuration> = presets.iter().map(decoded).collect();
    let missing = presets.iter().zip(&known).filter(|(_, preset)| !there.contains(preset)).map(|(genome, _)| genome);
    let missing: Vec<Vec<f64>> = missing.take(genomes.len().div_ceil(4)).cloned().collect();
    // The best stays, and one of each preset. From the last to the first, so that places stay what they are.
    let others = (1..genomes.len()).rev().filter(|&row| !known.contains(&there[row]) || there[..row].contains(&there[row]));
    let leaving: Vec<usize> = others.take(missing.len()).collect();
    let coming = missing.into_iter().take(leaving.len());
    leaving.into_iter().for_each(|row| drop(genomes.remove(row)));
    genomes.extend(coming);
    genomes
}

#[cfg(test)]
mod tests {
    use hms_evolve::noise::seeds::SeedPlan;
    use hms_evolve::run::Yardstick;

    use super::super::cache::Cache;
    use super::super::search::begin;
    use super::super::tests::{Bench, CAMPAIGN};
    use super::super::verdict::finalists;
    use super::*;

    #[test]
    fn presets_are_ranked_by_halves_and_the_three_best_meet_all_seeds() {
        assert_eq!(ranking_rounds(26, 60), [(26, 0..15), (13, 15..30), (7, 30..60)]);
        assert_eq!(ranking_rounds(5, 10), [(5, 0..3), (3, 3..5), (3, 5..10)]);
        assert_eq!(ranking_rounds(3, 2), [(3, 0..2)]);
        assert_eq!(ranking_rounds(2, 1), [(2, 0..1)]);
    }

    /// A small plan with four presets, of which some hardly notice a fault.
    fn with_four_presets() -> Plan {
        let names = ["slow", "idle", "fast", "late"];
        let files = names.map(|name| format!("\"{name}.toml\"")).join(", ");
        let bench = Bench::new(&CAMPAIGN.replace("presets = []", &format!("presets = [{files}]")));
        for (name, settings) in names.into_iter().zip([
            "[health]\nheartbeat = \"400ms\"\n",
            "[health]\nenabled = false\n",
            "[health]\nheartbeat = \"50ms\"\n",
            "[health]\nheartbeat = \"250ms\"\n",
        ]) {
            std::fs::write(bench.path(&format!("{name}.toml")), format!("version = 1\n{settings}")).unwrap();
        }
        bench.plan()
    }

    #[test]
    fn the_presets_that_come_through_their_ranking_come_back_to_the_field() {
        let (plan, cache) = (with_four_presets(), Cache::new());
        let evaluator = plan.evaluator(&plan.worlds, &cache, 2, &|_| true).unwrap();
        let seeds = SeedPlan::new(plan.settings.root).search;
        let (evaluators, state) = (std::slice::from_ref(&evaluator), begin(&plan));
        let mut search = Search::new(&plan, evaluators, seeds, vec![(Yardstick::default(), 1.0)], state);
        search.rank_presets().unwrap();
        let all: Vec<Seed> = (0..plan.settings.seeds.1).map(|number| search.seeds.get(number)).collect();
        let loss = |genome: &Vec<f64>| {
            plan.question.answer(&evaluator.measure(&[plan.genes.decode(genome)], &all).unwrap()[0]).objectives[0]
        };
        let kept: Vec<f64> = search.state.presets.iter().map(loss).collect();
        let others: Vec<f64> = presets(&plan).iter().filter(|genome| !search.state.presets.contains(genome)).map(loss).collect();
        assert_eq!((kept.len(), others.len()), (PRESETS_KEPT, 5 - PRESETS_KEPT));
        assert!(
            kept.is_sorted() && others.iter().all(|other| *other >= kept[2]) && others.iter().any(|other| *other > kept[2]),
            "{kept:?} {others:?}"
        );
        assert_eq!(search.state.trials, 5 * 2 + 3 * 2, "they are part of what a search costs");
        // The best is a finalist though nobody lives yet.
        let seeds = SeedPlan::new(plan.settings.root);
        let (found, _) = finalists(&plan, &evaluator, &search.state, (&seeds.search, &seeds.validation)).unwrap();
        let found: Vec<&Vec<f64>> = found.iter().map(|finalist| &finalist.genome).collect();
        assert_eq!(found, [&search.state.presets[0]]);
        // Whoever is there keeps the place; the others take those of the last.
        let mut field: Vec<Vec<f64>> =
            (0..6).map(|step| vec![0.1 * f64::from(step); plan.genes.record().genes().len()]).collect();
        field[3] = search.state.presets[1].clone();
        let known = &search.state.presets;
        let sown = with_presets(&plan, field.clone(), known);
        assert_eq!((&sown[..4], &sown[4], &sown[5]), (&field[..4], &known[0], &known[2]));
        // Also if it is the last place of all.
        field.swap(3, 5);
        let sown = with_presets(&plan, field.clone(), known);
        assert_eq!((&sown[..3], &sown[3..]), (&field[..3], &[known[1].clone(), known[0].clone(), known[2].clone()][..]));
        assert_eq!(with_presets(&plan, field[..4].to_vec(), known), [&field[..3], &known[..1]].concat(), "a quarter at most");
        // The best stays among twins of presets, and the field is as large as before.
        let twins = [field[0].clone(), known[0].clone(), known[0].clone(), known[1].clone()];
        let expected = [field[0].clone(), known[0].clone(), known[1].clone(), known[2].clone()];
        assert_eq!(with_presets(&plan, twins.to_vec(), known), expected);
    }
}
