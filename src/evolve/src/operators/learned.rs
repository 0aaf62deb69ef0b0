//! Mutation by what has been learned of genes: where results are noisy, what hundreds of candidates have in common says more than any of them.
//!
//! Picture a cook who tastes every dish once, with a cold. No single taste says whether salt was right, but of all dishes with more salt the average does. A linear model of the effects of genes on the differences between candidates
//! and what they were held against is fitted to all results near by; each child is made by a draw from what the model deems possible (Thompson 1933), with those genes changed that gain most under that draw: so
//! what is unknown is tried, and what is known to be good is put together. The idea is that of Baptista and Poloczek, "Bayesian optimization of combinatorial structures", ICML 2018; here with main effects only, normal priors, and genes of all kinds.
//! Its children compete with those of other operators ([`super::Adaptive`]), since effects that do not add up, and constraints, are beyond it.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Mutation, RecordMutation};
use crate::genome::record::{Domain, class};
use crate::genome::{Positional, Record};
use crate::linear::cholesky;
use crate::random::Rng;

/// Deviation of the effect of a gene before anything is known, as a share of the reference's loss. Of the 174 genes of a stack between continents a handful move the loss by a tenth, and most by less than a hundredth. What comes with a switch adds to what may be expected of it.
const PRIOR: f64 = 0.1;
/// Candidates that differ in more genes than this say nothing about each: their effects do not add up.
const NEAR: usize = 16;
/// Differences beyond this share of the reference's loss count as this much: how bad a bad one is does not matter.
const CLIP: f64 = 1.0;
/// Results from which a fit is worth a draw.
const LEAST: usize = 20;
/// Values that are tried of a number, half of them near by.
const VALUES: usize = 6;
/// A child has at most this many genes changed, a power of two.
const CHANGES_MAX: usize = 8;

/// Where the features of each gene lie: of a switch one, of a choice one for each name, of a number its coordinate and the square of it. A gene that does not matter has none.
fn layout(record: &Record) -> (Vec<Range<usize>>, usize) {
    // The first is the average difference of candidates from what they are held against.
    let mut next = 1;
    let mut place = |domain: &Domain| {
        let count = match domain {
            Domain::Switch => 1,
            Domain::Choice(names) => names.len(),
            Domain::Real { .. } | Domain::Integer { .. } => 2,
        };
        let begin = next;
        next += count;
        begin..next
    };
    let places = record.genes().iter().map(|gene| place(&gene.domain)).collect();
    (places, next)
}

/// Adds the features of one gene, times `sign`.
fn add_features(domain: &Domain, place: &Range<usize>, coordinate: f64, sign: f64, row: &mut [f64]) {
    match domain {
        Domain::Switch => row[place.start] += sign * class(coordinate, 2) as f64,
        Domain::Choice(names) => row[place.start + class(coordinate, names.len())] += sign,
        Domain::Real { .. } | Domain::Integer { .. } => {
            let centred = 2.0 * coordinate - 1.0;
            row[place.start] += sign * centred;
            row[place.start + 1] += sign * centred * centred;
        }
    }
}

/// What results say about the effects of genes, so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    places: Vec<Range<usize>>,
    features: usize,
    /// Products of features, weighted; the lower triangle, row by row.
    products: Vec<f64>,
    /// Products of features and differences, weighted.
    moments: Vec<f64>,
    squares: f64,
    results: usize,
}

impl Effects {
    /// Nothing is known about the genes of a record.
    pub fn new(record: &Record) -> Self {
        let (places, features) = layout(record);
        let products = vec![0.0; features * (features + 1) / 2];
        Effects { places, features, products, moments: vec![0.0; features], squares: 0.0, results: 0 }
    }

    /// Hears that a candidate loses so much more than a reference (as a share of the reference's loss; less if negative), by an average over so many replicates that both have met. What differs in many genes is left aside.
    pub fn observe(&mut self, record: &Record, candidate: &[f64], reference: &[f64], difference: f64, replicates: f64) {
        let mut row = vec![0.0; self.features];
        let mut apart = 0;
        let active = [record.active(candidate), record.active(reference)];
        for (gene, place) in self.places.iter().enumerate() {
            if !(active[0][gene] || active[1][gene]) {
                continue;
            }
            let domain = &record.genes()[gene].domain;
            for (genome, active, sign) in [(candidate, active[0][gene], 1.0), (reference, active[1][gene], -1.0)] {
                if active {
                    add_features(domain, place, genome[gene], sign, &mut row);
                }
            }
            // What comes and goes with a switch is not counted beside it.
            apart += usize::from(active[0][gene] && active[1][gene] && row[place.clone()].iter().any(|feature| *feature != 0.0));
        }
        if apart > NEAR || !difference.is_finite() || replicates <= 0.0 {
            return;
        }
        row[0] = 1.0;
        let difference = difference.clamp(-CLIP, CLIP);
        let there: Vec<usize> = (0..self.features).filter(|&feature| row[feature] != 0.0).collect();
        for (number, &feature) in there.iter().enumerate() {
            self.moments[feature] += replicates * row[feature] * difference;
            for &other in &there[..=number] {
                self.products[feature * (feature + 1) / 2 + other] += replicates * row[feature] * row[other];
            }
        }
        self.squares += replicates * difference * difference;
        self.results += 1;
    }

    /// What is known, to draw from; `None` while that is too little.
    pub fn learned(&self) -> Option<Learned> {
        if self.results < LEAST {
            return None;
        }
        // The noise of one replicate is what the model leaves unexplained; it is fitted twice, first as if nothing were explained.
        let first = self.fit(self.squares / self.results as f64)?;
        let explained: f64 = first.means.iter().zip(&self.moments).map(|(mean, moment)| mean * moment).sum();
        self.fit((self.squares - explained).max(0.01 * self.squares) / self.results as f64)
    }

    fn fit(&self, noise: f64) -> Option<Learned> {
        if noise <= 0.0 {
            return None;
        }
        let count = self.features;
        let mut precision = vec![0.0; count * count];
        for row in 0..count {
            for column in 0..=row {
                let value = self.products[row * (row + 1) / 2 + column] / noise;
                (precision[row * count + column], precision[column * count + row]) = (value, value);
            }
            precision[row * count + row] += 1.0 / (PRIOR * PRIOR);
        }
        let factor = cholesky(&precision, count)?;
        let mut means = self.moments.iter().map(|moment| moment / noise).collect::<Vec<f64>>();
        forward(&factor, count, &mut means);
        backward(&factor, count, &mut means);
        Some(Learned { places: self.places.clone(), means, factor })
    }
}

/// Solves L · x = right in place.
fn forward(factor: &[f64], count: usize, right: &mut [f64]) {
    for row in 0..count {
        let known: f64 = factor[row * count..row * count + row].iter().zip(&*right).map(|(a, b)| a * b).sum();
        right[row] = (right[row] - known) / factor[row * count + row];
    }
}

/// Solves Lᵀ · x = right in place.
fn backward(factor: &[f64], count: usize, right: &mut [f64]) {
    for row in (0..count).rev() {
        let value = right[row] / factor[row * count + row];
        right[row] = value;
        for (place, rest) in right[..row].iter_mut().enumerate() {
            *rest -= factor[row * count + place] * value;
        }
    }
}

/// The effects of genes with what is uncertain about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    places: Vec<Range<usize>>,
    means: Vec<f64>,
    /// The precision is this lower triangle times its transpose.
    factor: Vec<f64>,
}

impl Learned {
    /// Effects as they may be.
    fn draw(&self, rng: &mut Rng) -> Vec<f64> {
        let mut effects: Vec<f64> = self.means.iter().map(|_| rng.normal()).collect();
        backward(&self.factor, self.means.len(), &mut effects);
        effects.iter_mut().zip(&self.means).for_each(|(effect, mean)| *effect += mean);
        effects
    }

    /// What a genome loses by a draw of effects, but for a constant.
    fn worth(&self, record: &Record, genome: &[f64], effects: &[f64]) -> f64 {
        let mut row = vec![0.0; effects.len()];
        let active = record.active(genome).into_iter().enumerate().filter(|(_, active)| *active);
        active.for_each(|(gene, _)| add_features(&record.genes()[gene].domain, &self.places[gene], genome[gene], 1.0, &mut row));
        row.iter().zip(effects).map(|(feature, effect)| feature * effect).sum()
    }

    /// Changes those genes that gain most under a draw, one, two, four or eight of them.
    fn improve(&self, record: &Record, genome: &mut [f64], steps: &RecordMutation, rng: &mut Rng) {
        let effects = self.draw(rng);
        let whole = self.worth(record, genome, &effects);
        let mut other = genome.to_vec();
        // Loss that goes away, gene, coordinate.
        let mut gains: Vec<(f64, usize, f64)> = Vec::new();
        for (gene, active) in record.active(genome).into_iter().enumerate() {
            if !active {
                continue;
            }
            // With it may go and come what depends on it.
            let mut consider = |coordinate: f64| {
                other[gene] = coordinate;
                let gain = whole - self.worth(record, &other, &effects);
                other[gene] = genome[gene];
                match gains.last_mut().filter(|last| last.1 == gene) {
                    Some(last) if last.0 >= gain => {}
                    Some(last) => *last = (gain, gene, coordinate),
                    None => gains.push((gain, gene, coordinate)),
                }
            };
            match &record.genes()[gene].domain {
                Domain::Switch => consider(if class(genome[gene], 2) == 1 { 0.25 } else { 0.75 }),
                Domain::Choice(names) => {
                    (0..names.len()).for_each(|name| consider((name as f64 + 0.5) / names.len() as f64));
                }
                Domain::Real { .. } | Domain::Integer { .. } => {
                    for value in 0..VALUES {
                        consider(if value % 2 == 0 { steps.near(genome[gene], rng) } else { record.sample_at(gene, rng) });
                    }
                }
            }
        }
        gains.retain(|(gain, _, _)| *gain > 0.0);
        gains.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut left = 1 << rng.below(CHANGES_MAX.ilog2() as usize + 1);
        for (_, gene, coordinate) in gains {
            // It may have gone with one before it.
            if left > 0 && record.active(genome)[gene] {
                genome[gene] = coordinate;
                left -= 1;
            }
        }
    }
}

/// Changes genes by what has been learned of them; like a [`RecordMutation`] until something has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnedMutation {
    /// Steps of numbers; and what is done before anything is known.
    pub plain: RecordMutation,
    /// What is known. It is not stored with a search: whoever goes on with one gives it again.
    #[serde(skip)]
    pub learned: Option<Arc<Learned>>,
}

impl Mutation<Record> for LearnedMutation {
    fn mutate(&mut self, space: &Record, genome: &mut Vec<f64>, rng: &mut Rng) {
        match &self.learned {
            Some(learned) => learned.improve(space, genome, &self.plain, rng),
            None => self.plain.mutate(space, genome, rng),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::record::{Condition, Scale, Value};
    use crate::genome::{Gene, Space};
    use crate::operators::Changes;
    use crate::operators::checks::check_mutation;
    use crate::random::Rng;
    use hms_machine::Seed;
    use proptest::prelude::*;

    const PLAIN: RecordMutation = RecordMutation { changes: Changes::Mean(2.0), eta: 10.0, redraw: 0.2 };

    fn gene(name: String, domain: Domain, on: Option<&str>) -> Gene {
        let condition = on.map(|on| Condition { gene: on.to_owned(), values: vec![Value::Switch(true)] });
        Gene { name, unit: String::new(), domain, condition }
    }

    /// Twenty genes of each kind; half of the numbers matter only while the first switch is on.
    fn record() -> Record {
        let number = Domain::Real { low: 0.0, high: 1.0, scale: Scale::Linear };
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
        let mut genes: Vec<Gene> = (0..20).map(|place| gene(format!("on-{place}"), Domain::Switch, None)).collect();
        genes.extend((0..20).map(|place| gene(format!("kind-{place}"), Domain::Choice(names.clone()), None)));
        genes.extend((0..20).map(|place| gene(format!("length-{place}"), number.clone(), (place < 10).then_some("on-0"))));
        Record::new(genes).unwrap()
    }

    /// What a genome truly loses: 1, and 0.05 for each of two switches, two names and two numbers that are not at their best.
    fn loss(genome: &[f64]) -> f64 {
        let switches = genome[..2].iter().filter(|value| **value < 0.5).count();
        let names = genome[20..22].iter().filter(|value| **value < 2.0 / 3.0).count();
        let numbers: f64 = genome[58..60].iter().map(|value| (value - 0.8).abs()).sum();
        1.0 + 0.05 * (switches + names) as f64 + 0.05 * numbers
    }

    /// Effects learned from so many candidates, each measured once with noise five times an effect.
    fn taught(candidates: usize) -> (Record, Vec<f64>, Effects) {
        let (record, mut rng) = (record(), Rng::new(Seed(7), 0));
        let base = vec![0.3; 60];
        let mut effects = Effects::new(&record);
        for _ in 0..candidates {
            let mut child = base.clone();
            RecordMutation { changes: Changes::Mean(5.0), redraw: 1.0, ..PLAIN }.mutate(&record, &mut child, &mut rng);
            let apart = loss(&child) - loss(&base) + 0.25 * rng.normal();
            effects.observe(&record, &child, &base, apart / loss(&base), 1.0);
        }
        (record, base, effects)
    }

    /// What children made by a mutation lose on average.
    fn children(record: &Record, base: &[f64], mutation: &mut LearnedMutation) -> f64 {
        let mut rng = Rng::new(Seed(8), 0);
        let child = |_| {
            let mut child = base.to_vec();
            mutation.mutate(record, &mut child, &mut rng);
            loss(&child)
        };
        (0..400).map(child).sum::<f64>() / 400.0
    }

    #[test]
    fn what_no_single_result_shows_all_of_them_do() {
        let lose = |candidates: usize| {
            let (record, base, effects) = taught(candidates);
            children(&record, &base, &mut LearnedMutation { plain: PLAIN, learned: effects.learned().map(Arc::new) })
        };
        let base = loss(&vec![0.3; 60]);
        let (knowing, ignorant) = (lose(6_000), lose(0));
        // Who knew the effects would undo 0.15 with an average child.
        assert!(knowing < base - 0.06, "{knowing} of {base}");
        assert!((ignorant - base).abs() < 0.02, "{ignorant} of {base}");
    }

    #[test]
    fn too_few_results_teach_nothing_and_distant_ones_are_left_aside() {
        let (record, base, effects) = taught(LEAST - 1);
        assert_eq!(effects.learned(), None);
        let (mut other, mut rng) = (effects.clone(), Rng::new(Seed(1), 0));
        let mut far = record.blank();
        record.sample(&mut far, &mut rng);
        other.observe(&record, &far, &base, -1.0, 1.0);
        assert_eq!(other, effects, "it differs in more than sixteen genes");
        other.observe(&record, &base, &base, f64::NAN, 1.0);
        assert_eq!(other, effects);
    }

    #[test]
    fn what_a_switch_brings_with_it_is_learned_too() {
        let record = record();
        let mut effects = Effects::new(&record);
        let (off, mut on) = (vec![0.3; 60], vec![0.3; 60]);
        on[0] = 0.75;
        (0..LEAST).for_each(|_| effects.observe(&record, &on, &off, -0.3, 1.0));
        (0..LEAST).for_each(|_| effects.observe(&record, &off, &off, 0.0, 1.0));
        let learned = effects.learned().unwrap();
        assert!(learned.means[1] < 0.0 && learned.means[1 + 20 + 60] != 0.0, "{:?}", &learned.means[..3]);
        assert_eq!(learned.means[1 + 20 + 60 + 20], 0.0, "a number that matters in both says nothing");
        // So a child of what is off is on: not by the switch alone, but by all that comes with it.
        let mut mutation = LearnedMutation { plain: PLAIN, learned: Some(Arc::new(learned)) };
        let mut rng = Rng::new(Seed(2), 0);
        let switched = |from: &[f64], rng: &mut Rng, mutation: &mut LearnedMutation| {
            let child = |_| {
                let mut child = from.to_vec();
                mutation.mutate(&record, &mut child, rng);
                (child[0] >= 0.5) != (from[0] >= 0.5)
            };
            (0..200).map(child).filter(|turned| *turned).count()
        };
        let (turned_on, turned_off) = (switched(&off, &mut rng, &mut mutation), switched(&on, &mut rng, &mut mutation));
        assert!(turned_on > 150 && turned_off < 10, "{turned_on} {turned_off}");
    }

    /// Two switches that come together mostly: what is known of them is known of their sum, as the closed form says.
    #[test]
    fn means_and_draws_are_those_of_bayesian_regression() {
        let record = Record::new((0..2).map(|place| gene(format!("on-{place}"), Domain::Switch, None)).collect()).unwrap();
        let mut effects = Effects::new(&record);
        let base = [0.25, 0.25];
        for round in 0..40 {
            let (child, apart): (&[f64], f64) = match round % 4 {
                0 | 1 => (&[0.75, 0.75], 0.11),
                2 => (&[0.75, 0.25], 0.05),
                _ => (&[0.25, 0.25], -0.01),
            };
            effects.observe(&record, child, &base, if round % 8 < 4 { apart + 0.05 } else { apart - 0.05 }, 2.0);
        }
        // Products over replicates of (1, first, second) with themselves and with the differences.
        let products = [[80.0, 60.0, 40.0], [60.0, 60.0, 40.0], [40.0, 40.0, 40.0]];
        let moments = [20.0 * -0.01 + 20.0 * 0.05 + 40.0 * 0.11, 20.0 * 0.05 + 40.0 * 0.11, 40.0 * 0.11];
        let noise = 0.02;
        let learned = effects.fit(noise).unwrap();
        let precision =
            |row: usize, column: usize| products[row][column] / noise + if row == column { 1.0 / (PRIOR * PRIOR) } else { 0.0 };
        let rows: Vec<Vec<f64>> = (0..3).map(|row| (0..3).map(|column| precision(row, column)).collect()).collect();
        let unit = |place: usize| (0..3).map(|row| if row == place { 1.0 } else { 0.0 }).collect();
        let covariance: Vec<Vec<f64>> = (0..3).map(|place| crate::linear::solve(rows.clone(), unit(place)).unwrap()).collect();
        let means = crate::linear::solve(rows, moments.map(|moment| moment / noise).to_vec()).unwrap();
        let close = |a: f64, b: f64, within: f64| assert!((a - b).abs() <= within, "{a} {b}");
        learned.means.iter().zip(&means).for_each(|(own, expected)| close(*own, *expected, 1e-12));
        let mut rng = Rng::new(Seed(3), 0);
        let draws: Vec<Vec<f64>> = (0..20_000).map(|_| learned.draw(&mut rng)).collect();
        for row in 0..3 {
            for column in 0..3 {
                let part = |draw: &Vec<f64>| (draw[row] - means[row]) * (draw[column] - means[column]);
                let found = draws.iter().map(part).sum::<f64>() / draws.len() as f64;
                close(found, covariance[row][column], 0.05 * (covariance[row][row] * covariance[column][column]).sqrt());
            }
        }
        // What the model leaves unexplained is the noise of a replicate: 0.05 up and down, on two of them.
        assert!(effects.learned().unwrap().means[1] > 0.057, "{:?}", effects.learned().unwrap().means);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn children_are_valid_and_repeatable(seed: u64) {
            let (record, _, effects) = taught(100);
            check_mutation(&record, &LearnedMutation { plain: PLAIN, learned: effects.learned().map(Arc::new) }, seed);
        }
    }
}
