//! What each gene does to each objective, and which genes work together: read from the history of the search, at no further trial.
//!
//! The method: losses become ranks; the range of a gene is cut into a few classes of equally many individuals; the share of the variance of ranks that lies *between* the classes is the gene's share (a first-order sensitivity from given data: Plischke,
//! Borgonovo and Smith, "Global sensitivity measures from given data", European Journal of Operational Research 226, 2013). For a pair it is what classes of both explain beyond the two alone. Any classes explain something by chance: the mean
//! over shuffled losses is taken off, and what does not exceed every shuffle is not told. The direction is Spearman's rank correlation.
//!
//! A search visits good regions more often than others, so these shares describe the ground that it walked on and not the whole range.

use hms_evolve::Rng;
use hms_machine::Seed;

/// Classes per gene, and per gene of a pair.
const CLASSES: (usize, usize) = (6, 3);
/// Shuffles against which a share is held.
const SHUFFLES: usize = 39;
/// Genes whose pairs are looked at.
const PAIRED: usize = 8;
/// Fewer individuals say nothing.
const INDIVIDUALS_MIN: usize = 40;

/// A gene's part in a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Place of the gene.
    pub gene: usize,
    /// Share of the variance of ranks that it explains, chance taken off.
    pub share: f64,
    /// Rank correlation of the gene with the loss: above 0, more of it is worse.
    pub direction: f64,
}

/// What two genes explain beyond their own parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// Places of the genes.
    pub genes: [usize; 2],
    /// Share of the variance of ranks, chance taken off.
    pub share: f64,
}

/// The sensitivity of one target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sensitivity {
    /// Genes, the most important first.
    pub effects: Vec<Effect>,
    /// Pairs, the most important first.
    pub interactions: Vec<Interaction>,
    /// From how many individuals.
    pub individuals: usize,
}

/// Reads the sensitivity of a loss: one genome and one loss per individual. Nothing is told from too few.
pub(crate) fn read(genomes: &[&[f64]], losses: &[f64], root: Seed) -> Sensitivity {
    let individuals = losses.len().min(genomes.len());
    let width = genomes.first().map_or(0, |genome| genome.len());
    if individuals < INDIVIDUALS_MIN || width == 0 {
        return Sensitivity { individuals, ..Sensitivity::default() };
    }
    let mut rng = Rng::new(root.derive("evolve/sensitivity", 0), 0);
    let ranks = ranks(losses);
    let shuffled: Vec<Vec<f64>> = (0..SHUFFLES)
        .map(|_| {
            let mut other = ranks.clone();
            rng.shuffle(&mut other);
            other
        })
        .collect();
    let column = |gene: usize| genomes.iter().map(|genome| genome[gene]).collect::<Vec<f64>>();
    let mut effects: Vec<Effect> = (0..width)
        .filter_map(|gene| {
            let values = column(gene);
            let classes = classes(&values, CLASSES.0);
            let share = beyond_chance(|ranks| between(&classes, ranks), &ranks, &shuffled)?;
            Some(Effect { gene, share, direction: correlation(&self::ranks(&values), &ranks) })
        })
        .collect();
    effects.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.gene.cmp(&b.gene)));
    let mut interactions = Vec::new();
    let first: Vec<(usize, Vec<usize>)> =
        effects.iter().take(PAIRED).map(|effect| (effect.gene, classes(&column(effect.gene), CLASSES.1))).collect();
    for (place, (one, left)) in first.iter().enumerate() {
        for (other, right) in &first[place + 1..] {
            let both: Vec<usize> = left.iter().zip(right).map(|(a, b)| a * CLASSES.1 + b).collect();
            let joint = |ranks: &[f64]| between(&both, ranks) - additive(left, right, ranks);
            if let Some(share) = beyond_chance(joint, &ranks, &shuffled) {
                interactions.push(Interaction { genes: [*one, *other], share });
            }
        }
    }
    interactions.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.genes.cmp(&b.genes)));
    Sensitivity { effects, interactions, individuals }
}

/// A share less what chance explains; `None` where some shuffle explains as much.
fn beyond_chance(share: impl Fn(&[f64]) -> f64, ranks: &[f64], shuffled: &[Vec<f64>]) -> Option<f64> {
    let found = share(ranks);
    let chance: Vec<f64> = shuffled.iter().map(|ranks| share(ranks)).collect();
    let mean = chance.iter().sum::<f64>() / chance.len() as f64;
    (found > 1e-9 && chance.iter().all(|by_chance| *by_chance < found)).then(|| ((found - mean) / (1.0 - mean)).max(0.0))
}

/// Ranks from 1, ties sharing their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let tied = order[start..].iter().take_while(|&&place| values[place] == values[order[start]]).count();
        let rank = start as f64 + 0.5 * (tied as f64 + 1.0);
        order[start..start + tied].iter().for_each(|&place| ranks[place] = rank);
        start += tied;
    }
    ranks
}

/// The class of each value: classes of about equally many, equal values together.
fn classes(values: &[f64], count: usize) -> Vec<usize> {
    let total = values.len() as f64;
    ranks(values).into_iter().map(|rank| (((rank - 0.5) / total * count as f64) as usize).min(count - 1)).collect()
}

/// Share of the variance that lies between classes.
fn between(classes: &[usize], ranks: &[f64]) -> f64 {
    let whole = ranks.iter().sum::<f64>() / ranks.len() as f64;
    let total: f64 = ranks.iter().map(|rank| (rank - whole) * (rank - whole)).sum();
    let sums = sums(classes, ranks);
    let between: f64 = sums
        .iter()
        .filter(|(count, _)| *count > 0.0)
        .map(|(count, sum)| count * (sum / count - whole) * (sum / count - whole))
        .sum();
    if total > 0.0 { between / total } else { 0.0 }
}

/// Number and sum by class.
fn sums(classes: &[usize], ranks: &[f64]) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0); classes.iter().max().map_or(0, |most| most + 1)];
    for (class, rank) in classes.iter().zip(ranks) {
        sums[*class].0 += 1.0;
        sums[*class].1 += rank;
    }
    sums
}

/// Share of the variance that the classes of two genes explain as a sum of two effects: each fitted to what the other leaves, in turn, since genes of a search are not independent.
fn additive(left: &[usize], right: &[usize], ranks: &[f64]) -> f64 {
    let whole = ranks.iter().sum::<f64>() / ranks.len() as f64;
    let mut rest: Vec<f64> = ranks.iter().map(|rank| rank - whole).collect();
    let total: f64 = rest.iter().map(|part| part * part).sum();
    for _ in 0..10 {
        for classes in [left, right] {
            let sums = sums(classes, &rest);
            rest.iter_mut().zip(classes).for_each(|(part, class)| *part -= sums[*class].1 / sums[*class].0);
        }
    }
    if total > 0.0 { 1.0 - rest.iter().map(|part| part * part).sum::<f64>() / total } else { 0.0 }
}

fn correlation(first: &[f64], second: &[f64]) -> f64 {
    let count = first.len() as f64;
    let (a, b) = (first.iter().sum::<f64>() / count, second.iter().sum::<f64>() / count);
    let (mut both, mut left, mut right) = (0.0, 0.0, 0.0);
    for (x, y) in first.iter().zip(second) {
        both += (x - a) * (y - b);
        left += (x - a) * (x - a);
        right += (y - b) * (y - b);
    }
    if left > 0.0 && right > 0.0 { both / (left * right).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Individuals with four genes, of which the loss is a function, with noise.
    fn history(loss: impl Fn(&[f64]) -> f64) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut rng = Rng::new(Seed(1), 0);
        let genomes: Vec<Vec<f64>> = (0..400).map(|_| (0..4).map(|_| rng.uniform()).collect()).collect();
        let losses = genomes.iter().map(|genome| loss(genome) + 0.05 * rng.normal()).collect();
        (genomes, losses)
    }

    fn sensitivity(loss: impl Fn(&[f64]) -> f64) -> Sensitivity {
        let (genomes, losses) = history(loss);
        let rows: Vec<&[f64]> = genomes.iter().map(Vec::as_slice).collect();
        read(&rows, &losses, Seed(1))
    }

    #[test]
    fn genes_are_told_by_their_part_and_direction() {
        let found = sensitivity(|genome| 2.0 * genome[1] - genome[3]);
        assert_eq!(found.effects.iter().take(2).map(|effect| effect.gene).collect::<Vec<usize>>(), [1, 3]);
        // Variances 4 : 1, less what is inside the classes.
        assert!((found.effects[0].share - 0.78).abs() < 0.08 && (found.effects[1].share - 0.2).abs() < 0.08, "{found:?}");
        assert!(found.effects[0].direction > 0.8 && found.effects[1].direction < -0.3);
        assert!(found.interactions.iter().all(|pair| pair.share < 0.03), "{found:?}");
    }

    #[test]
    fn genes_that_work_together_are_told_as_a_pair() {
        let found = sensitivity(|genome| genome[0] + genome[2] + 4.0 * (genome[0] - 0.5) * (genome[2] - 0.5));
        assert_eq!(found.interactions[0].genes.iter().copied().min(), Some(0));
        assert!(found.interactions[0].genes.contains(&2) && found.interactions[0].share > 0.1, "{found:?}");
    }

    #[test]
    fn a_valley_is_seen_though_it_has_no_direction() {
        let found = sensitivity(|genome| (genome[0] - 0.5).abs());
        assert!(found.effects[0].gene == 0 && found.effects[0].share > 0.7 && found.effects[0].direction.abs() < 0.2);
    }

    #[test]
    fn chance_and_few_individuals_tell_nothing() {
        let found = sensitivity(|_| 0.0);
        assert!(found.effects.iter().all(|effect| effect.share < 0.03), "{found:?}");
        let (genomes, losses) = history(|genome| genome[0]);
        let rows: Vec<&[f64]> = genomes[..20].iter().map(Vec::as_slice).collect();
        assert!(read(&rows, &losses[..20], Seed(1)).effects.is_empty());
    }
}
