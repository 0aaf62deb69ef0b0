//! What each gene does to each objective, and which genes work together: read from the history of the search, at no further trial.
//!
//! The method: losses become ranks; the range of a gene is cut into a few classes of equally many individuals, those in whom it does not matter (its component is off) left aside; the share of the variance of ranks that lies
//! *between* the classes is the gene's share (a first-order sensitivity from given data: Plischke, Borgonovo and Smith, "Global sensitivity measures from given data", European Journal of Operational Research 226, 2013). Relatives have
//! their genes in common, so that genes without any effect would be told for those that they came with: the gene that explains most comes first, and every other is held against what those before it leave (forward selection: Efroymson 1960),
//! all that were chosen being fitted together. So shares add up to no more than the whole. For a pair it is what classes of both explain beyond the two alone. Any classes explain something by chance: the mean over shuffles of what
//! is left is taken off, and what does not exceed every shuffle is not told. The direction is Spearman's rank correlation, among those in whom the gene matters.
//!
//! A search visits good regions more often than others, so these shares describe the ground that it walked on and not the whole range.

use hms_evolve::Rng;
use hms_machine::Seed;

/// Classes per gene, and per gene of a pair.
const CLASSES: (usize, usize) = (6, 3);
/// Shuffles against which a share is held.
const SHUFFLES: usize = 39;
/// Genes that are told at most: the weakest of so many explain next to nothing.
const EFFECTS_MAX: usize = 16;
/// Rounds in which genes are fitted to what the others leave, in turn.
const ROUNDS: usize = 10;
/// Genes whose pairs are looked at.
const PAIRED: usize = 8;
/// Fewer individuals say nothing.
const INDIVIDUALS_MIN: usize = 40;

/// A gene's part in a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Place of the gene.
    pub gene: usize,
    /// Share of the variance of ranks that it explains beyond the genes before it, chance taken off.
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
    /// Genes in the order in which they were chosen: the one that explains most first.
    pub effects: Vec<Effect>,
    /// Pairs, the most important first.
    pub interactions: Vec<Interaction>,
    /// From how many individuals.
    pub individuals: usize,
}

/// Reads the sensitivity of a loss: by individual, the values of its genes (`None` where one does not matter) and its loss. Nothing is told from too few.
pub(crate) fn read(genomes: &[Vec<Option<f64>>], losses: &[f64], root: Seed) -> Sensitivity {
    let individuals = losses.len().min(genomes.len());
    let width = genomes.first().map_or(0, Vec::len);
    if individuals < INDIVIDUALS_MIN || width == 0 {
        return Sensitivity { individuals, ..Sensitivity::default() };
    }
    let mut rng = Rng::new(root.derive("evolve/sensitivity", 0), 0);
    let ranks = ranks(losses);
    let columns: Vec<Vec<Option<f64>>> = (0..width).map(|gene| genomes.iter().map(|genome| genome[gene]).collect()).collect();
    let classed: Vec<Classes> = columns.iter().map(|column| classes(column, CLASSES.0)).collect();
    let total = squares(&centred(&ranks));
    let mut rest = centred(&ranks);
    let mut effects: Vec<Effect> = Vec::new();
    while effects.len() < EFFECTS_MAX && total > 0.0 {
        let shuffled = shuffles(&rest, &mut rng);
        let found = (0..width).filter(|gene| effects.iter().all(|effect| effect.gene != *gene)).filter_map(|gene| {
            let share = beyond_chance(|rest| explained(&classed[gene], rest) / total, &rest, &shuffled)?;
            Some((gene, share))
        });
        // Of equal ones the first.
        let Some((gene, share)) = found.reduce(|best, other| if other.1 > best.1 { other } else { best }) else { break };
        effects.push(Effect { gene, share, direction: direction(&columns[gene], &ranks) });
        rest = left_over(effects.iter().map(|effect| &classed[effect.gene]), &ranks);
    }
    let first: Vec<usize> = effects.iter().take(PAIRED).map(|effect| effect.gene).collect();
    let mut interactions = Vec::new();
    for (place, one) in first.iter().enumerate() {
        for other in &first[place + 1..] {
            if let Some(share) = together((&columns[*one], &columns[*other]), losses, &mut rng) {
                interactions.push(Interaction { genes: [*one, *other], share });
            }
        }
    }
    interactions.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.genes.cmp(&b.genes)));
    Sensitivity { effects, interactions, individuals }
}

/// What two genes explain beyond the sum of their effects, among those in whom both matter.
fn together((left, right): (&[Option<f64>], &[Option<f64>]), losses: &[f64], rng: &mut Rng) -> Option<f64> {
    let rows: Vec<(f64, f64, f64)> =
        left.iter().zip(right).zip(losses).filter_map(|((a, b), loss)| Some(((*a)?, (*b)?, *loss))).collect();
    if rows.len() < INDIVIDUALS_MIN {
        return None;
    }
    let column = |read: fn(&(f64, f64, f64)) -> f64| rows.iter().map(|row| Some(read(row))).collect::<Vec<Option<f64>>>();
    let (left, right) = (classes(&column(|row| row.0), CLASSES.1), classes(&column(|row| row.1), CLASSES.1));
    let both = left.of.iter().zip(&right.of).map(|(a, b)| a * CLASSES.1 + b).collect();
    let both = Classes { of: both, off: CLASSES.1 * CLASSES.1 };
    let ranks = ranks(&rows.iter().map(|row| row.2).collect::<Vec<f64>>());
    let total = squares(&centred(&ranks));
    let joint = |ranks: &[f64]| {
        let (rest, sum) = (centred(ranks), left_over([&left, &right].into_iter(), ranks));
        (explained(&both, &rest) - (squares(&rest) - squares(&sum))) / total
    };
    if total > 0.0 { beyond_chance(joint, &ranks, &shuffles(&ranks, rng)) } else { None }
}

/// The values in so many random orders.
fn shuffles(values: &[f64], rng: &mut Rng) -> Vec<Vec<f64>> {
    let shuffle = |_| {
        let mut other = values.to_vec();
        rng.shuffle(&mut other);
        other
    };
    (0..SHUFFLES).map(shuffle).collect()
}

/// Rank correlation of a gene with the loss among those in whom it matters.
fn direction(column: &[Option<f64>], losses: &[f64]) -> f64 {
    let (values, losses): (Vec<f64>, Vec<f64>) =
        column.iter().zip(losses).filter_map(|(value, loss)| Some(((*value)?, *loss))).unzip();
    correlation(&ranks(&values), &ranks(&losses))
}

fn centred(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| value - mean).collect()
}

fn squares(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum()
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

/// The class of each individual in a gene.
struct Classes {
    of: Vec<usize>,
    /// The class of those in whom the gene does not matter.
    off: usize,
}

/// Classes of about equally many, equal values together.
fn classes(values: &[Option<f64>], count: usize) -> Classes {
    let present: Vec<f64> = values.iter().copied().flatten().collect();
    let total = present.len() as f64;
    let mut ranks = ranks(&present).into_iter();
    let class = |rank: f64| (((rank - 0.5) / total * count as f64) as usize).min(count - 1);
    Classes { of: values.iter().map(|value| value.and_then(|_| ranks.next()).map_or(count, class)).collect(), off: count }
}

/// By class, the number of individuals and by how much their mean differs from that of all in whom the gene matters: nothing where it does not, which is not the gene's doing.
fn means(classes: &Classes, values: &[f64]) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0); classes.off + 1];
    for (class, value) in classes.of.iter().zip(values) {
        sums[*class].0 += 1.0;
        sums[*class].1 += value;
    }
    sums[classes.off] = (0.0, 0.0);
    let (count, sum) = sums.iter().fold((0.0, 0.0), |whole, part| (whole.0 + part.0, whole.1 + part.1));
    sums.iter().map(|&(own, part)| if own > 0.0 { (own, part / own - sum / count) } else { (0.0, 0.0) }).collect()
}

/// Sum of squares that lies between the classes of a gene.
fn explained(classes: &Classes, values: &[f64]) -> f64 {
    means(classes, values).into_iter().map(|(count, apart)| count * apart * apart).sum()
}

/// What a sum of effects of genes leaves of the ranks: each is fitted to what the others leave, in turn, since genes of a search are not independent.
fn left_over<'a>(genes: impl Iterator<Item = &'a Classes> + Clone, ranks: &[f64]) -> Vec<f64> {
    let mut rest = centred(ranks);
    for _ in 0..ROUNDS {
        for classes in genes.clone() {
            let means = means(classes, &rest);
            rest.iter_mut().zip(&classes.of).for_each(|(part, class)| *part -= means[*class].1);
        }
    }
    rest
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

    fn all(genomes: &[Vec<f64>]) -> Vec<Vec<Option<f64>>> {
        genomes.iter().map(|genome| genome.iter().copied().map(Some).collect()).collect()
    }

    fn sensitivity(loss: impl Fn(&[f64]) -> f64) -> Sensitivity {
        let (genomes, losses) = history(loss);
        read(&all(&genomes), &losses, Seed(1))
    }

    #[test]
    fn a_gene_that_came_with_another_is_not_told_for_it() {
        let (mut genomes, losses) = history(|genome| genome[0]);
        // Relatives: in three of four, gene 2 is what gene 0 is.
        genomes.iter_mut().enumerate().filter(|(place, _)| place % 4 > 0).for_each(|(_, genome)| genome[2] = genome[0]);
        let found = read(&all(&genomes), &losses, Seed(1));
        assert!(found.effects[0].gene == 0 && found.effects[0].share > 0.9, "{found:?}");
        assert!(found.effects[1..].iter().all(|effect| effect.share < 0.03), "{found:?}");
    }

    #[test]
    fn a_gene_that_does_not_matter_where_its_switch_is_off_is_told_for_itself_alone() {
        // Gene 0 is the switch: on is worse by 1. Gene 1 matters where it is on, and does nothing there; gene 3 does something there.
        let (genomes, losses) = history(|genome| if genome[0] > 0.5 { 1.0 + 0.5 * genome[3] } else { 0.0 });
        let seen: Vec<Vec<Option<f64>>> = genomes
            .iter()
            .map(|genome| {
                let on = genome[0] > 0.5;
                vec![Some(f64::from(u8::from(on))), on.then_some(genome[1]), Some(genome[2]), on.then_some(genome[3])]
            })
            .collect();
        let found = read(&seen, &losses, Seed(1));
        let share = |gene: usize| found.effects.iter().find(|effect| effect.gene == gene).map_or(0.0, |effect| effect.share);
        // The means of two halves of the ranks explain three quarters of their variance.
        assert!((share(0) - 0.75).abs() < 0.02 && share(1) < 0.02 && (share(3) - 0.1).abs() < 0.03, "{found:?}");
        assert!(found.effects.iter().map(|effect| effect.share).sum::<f64>() <= 1.0, "{found:?}");
        assert!(found.effects.iter().find(|effect| effect.gene == 3).unwrap().direction > 0.8, "{found:?}");
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
        assert!(read(&all(&genomes[..20]), &losses[..20], Seed(1)).effects.is_empty());
    }
}
