//! Indicators that measure distances between a front and a sample of the true front, and the evenness of a front.
//!
//! Fronts are rows of `width` objectives, one after the other. Sums run in the order of the rows.

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt()
}

/// Mean over `samples` of the least distance to `front` by `measure`.
fn mean_least(front: &[f64], samples: &[f64], width: usize, measure: impl Fn(&[f64], &[f64]) -> f64) -> f64 {
    let least = |sample: &[f64]| front.chunks_exact(width).map(|point| measure(point, sample)).fold(f64::INFINITY, f64::min);
    let count = samples.len() / width;
    samples.chunks_exact(width).map(least).sum::<f64>() / count as f64
}

/// Inverted generational distance: mean Euclidean distance from each sample of the true front to the nearest point (Coello Coello and Reyes Sierra 2004, in
/// the averaged form). Smaller is better.
pub fn igd(front: &[f64], samples: &[f64], width: usize) -> f64 {
    mean_least(front, samples, width, distance)
}

/// IGD+: only the components in which a point is worse than the sample count (Ishibuchi et al., EMO 2015), which makes the indicator weakly Pareto compliant. Smaller is better.
pub fn igd_plus(front: &[f64], samples: &[f64], width: usize) -> f64 {
    let worse = |point: &[f64], sample: &[f64]| {
        point.iter().zip(sample).map(|(x, y)| (x - y).max(0.0)).map(|part| part * part).sum::<f64>().sqrt()
    };
    mean_least(front, samples, width, worse)
}

/// Additive epsilon: by how much the front must improve in every objective to dominate all samples (Zitzler et al. 2003). Smaller is better.
pub fn additive_epsilon(front: &[f64], samples: &[f64], width: usize) -> f64 {
    let shift = |point: &[f64], sample: &[f64]| point.iter().zip(sample).map(|(x, y)| x - y).fold(f64::NEG_INFINITY, f64::max);
    let least = |sample: &[f64]| front.chunks_exact(width).map(|point| shift(point, sample)).fold(f64::INFINITY, f64::min);
    samples.chunks_exact(width).map(least).fold(f64::NEG_INFINITY, f64::max)
}

/// Spacing: standard deviation of the Manhattan distances to the nearest neighbour (Schott 1995). 0 for an even front, and for fewer than two points.
pub fn spacing(front: &[f64], width: usize) -> f64 {
    let mut points: Vec<&[f64]> = front.chunks_exact(width).collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    if points.len() < 2 {
        return 0.0;
    }
    let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y).abs()).sum::<f64>();
    let nearest = |place: usize| {
        let own = points[place];
        let mut least = f64::INFINITY;
        let mut look = |other: &&[f64]| {
            // Whoever is farther in the first objective alone is farther, and so is everybody behind.
            let near = (own[0] - other[0]).abs() < least;
            if near {
                least = least.min(apart(own, other));
            }
            near
        };
        let _ = points[..place].iter().rev().all(&mut look);
        let _ = points[place + 1..].iter().all(&mut look);
        least
    };
    let distances: Vec<f64> = (0..points.len()).map(nearest).collect();
    let mean = distances.iter().sum::<f64>() / distances.len() as f64;
    let squares: f64 = distances.iter().map(|distance| (distance - mean) * (distance - mean)).sum();
    (squares / (distances.len() - 1) as f64).sqrt()
}

/// Mean distance of pairs of genomes, by the measure of their space: how much a population still has to choose from. Of all pairs up to sixteen genomes; of more, each with two others at even steps, since
/// all pairs of a hundred would cost more than everything else in a generation.
pub fn diversity<S: crate::genome::Space>(space: &S, genomes: &[S::Genome]) -> f64 {
    let count = genomes.len();
    if count < 2 {
        return 0.0;
    }
    const ALL_UP_TO: usize = 16;
    const OTHERS: usize = 2;
    let (mut sum, mut pairs) = (0.0, 0u32);
    let mut add = |first: usize, second: usize| {
        sum += space.distance(&genomes[first], &genomes[second]);
        pairs += 1;
    };
    if count <= ALL_UP_TO {
        (0..count).for_each(|first| (first + 1..count).for_each(|second| add(first, second)));
    } else {
        let steps = (1..=OTHERS).map(|step| step * count / (2 * OTHERS + 1));
        steps.for_each(|step| (0..count).for_each(|first| add(first, (first + step) % count)));
    }
    sum / f64::from(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Booleans;

    /// Ishibuchi et al. 2015, figures 5 and 6: IGD prefers the dominated set, IGD+ does not.
    #[test]
    fn igd_plus_agrees_with_dominance_where_igd_does_not() {
        let samples = [0.0, 10.0, 1.0, 6.0, 2.0, 2.0, 6.0, 1.0, 10.0, 0.0];
        let better = [2.0, 4.0, 3.0, 3.0, 4.0, 2.0];
        let worse = [2.0, 8.0, 4.0, 4.0, 8.0, 2.0];
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        assert_eq!((rounded(igd(&better, &samples, 2)), rounded(igd(&worse, &samples, 2))), (3.71, 2.59));
        assert_eq!((rounded(igd_plus(&better, &samples, 2)), rounded(igd_plus(&worse, &samples, 2))), (1.48, 2.26));
    }

    #[test]
    fn epsilon_is_the_shift_that_makes_the_front_dominate() {
        assert_eq!(additive_epsilon(&[1.0, 3.0, 3.0, 1.0], &[0.0, 2.0, 2.0, 0.0], 2), 1.0);
        assert_eq!(additive_epsilon(&[0.0, 0.0], &[1.0, 1.0], 2), -1.0);
    }

    #[test]
    fn an_even_front_has_no_spacing() {
        assert_eq!(spacing(&[0.0, 2.0, 1.0, 1.0, 2.0, 0.0], 2), 0.0);
        // Nearest distances 2, 2, 4: mean 8/3, variance 4/3.
        assert!((spacing(&[0.0, 4.0, 1.0, 3.0, 3.0, 1.0], 2) - (4.0f64 / 3.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn the_diversity_of_many_is_near_that_of_all_pairs() {
        let (space, mut rng) = (crate::genome::Bounds::cube(5, 0.0, 1.0).unwrap(), crate::Rng::new(hms_machine::Seed(1), 0));
        let genomes: Vec<Vec<f64>> = (0..100).map(|_| (0..5).map(|_| rng.uniform()).collect()).collect();
        // Two uniform numbers lie a third apart on average.
        assert!((diversity(&space, &genomes) - 1.0 / 3.0).abs() < 0.02);
    }

    #[test]
    fn diversity_is_the_mean_distance_of_pairs() {
        let space = Booleans { length: 2 };
        assert_eq!(diversity(&space, &[vec![false, false], vec![true, true], vec![false, true]]), (1.0 + 0.5 + 0.5) / 3.0);
        assert_eq!(diversity(&space, &[vec![false, false]]), 0.0);
    }
}
