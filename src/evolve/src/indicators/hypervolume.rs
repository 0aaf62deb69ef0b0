//! Hypervolume: the volume that a front dominates up to a reference point. Larger is better; the only indicator that never prefers a dominated front.
//!
//! Exact. Two objectives: sort and sweep. Three: sweep along the third with a staircase (Fonseca, Paquete and López-Ibáñez 2006). More: the WFG algorithm (While, Bradstreet and Barone,
//! "A fast way of calculating exact hypervolumes", IEEE Transactions on Evolutionary Computation 16, 2012), which adds up exclusive volumes, one dimension less at each level.

use crate::scores::{Dominance, dominance};

/// Volume between `reference` and the union of the points (row by row, as wide as the reference). Points that do not lie strictly below the reference count nothing.
pub fn hypervolume(points: &[f64], reference: &[f64]) -> f64 {
    let inside = |point: &&[f64]| point.iter().zip(reference).all(|(value, limit)| value < limit);
    let rows: Vec<Vec<f64>> = points.chunks_exact(reference.len()).filter(inside).map(<[f64]>::to_vec).collect();
    volume(rows, reference)
}

/// For each point the volume that only it dominates. Twins contribute nothing.
pub fn contributions(points: &[f64], reference: &[f64]) -> Vec<f64> {
    let width = reference.len();
    let count = points.len() / width;
    let rows: Vec<&[f64]> = points.chunks_exact(width).collect();
    let inside = |row: &[f64]| row.iter().zip(reference).all(|(value, limit)| value < limit);
    let exclusive = |place: usize| {
        let point = rows[place];
        if !inside(point) {
            return 0.0;
        }
        let others = (0..count).filter(|&other| other != place && inside(rows[other]));
        let limited: Vec<Vec<f64>> = others.map(|other| limit(rows[other], point)).collect();
        (inclusive(point, reference) - volume(non_dominated(limited), reference)).max(0.0)
    };
    (0..count).map(exclusive).collect()
}

/// The corner of what two points dominate together.
fn limit(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| x.max(*y)).collect()
}

fn inclusive(point: &[f64], reference: &[f64]) -> f64 {
    point.iter().zip(reference).map(|(value, limit)| limit - value).product()
}

fn volume(mut rows: Vec<Vec<f64>>, reference: &[f64]) -> f64 {
    if rows.is_empty() {
        return 0.0;
    }
    match reference.len() {
        0 => 0.0,
        1 => reference[0] - rows.iter().map(|row| row[0]).fold(f64::INFINITY, f64::min),
        2 => area(&mut rows, reference),
        3 => sweep(&mut rows, reference),
        _ => wfg(rows, reference),
    }
}

fn area(rows: &mut [Vec<f64>], reference: &[f64]) -> f64 {
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let (mut sum, mut ceiling) = (0.0, reference[1]);
    for row in rows.iter().filter(|row| row[1] < reference[1]) {
        if row[1] < ceiling {
            sum += (reference[0] - row[0]) * (ceiling - row[1]);
            ceiling = row[1];
        }
    }
    sum
}

/// Rising third objective; between two steps of it the dominated area stays as it is.
fn sweep(rows: &mut [Vec<f64>], reference: &[f64]) -> f64 {
    rows.sort_by(|a, b| a[2].total_cmp(&b[2]).then(a[0].total_cmp(&b[0])).then(a[1].total_cmp(&b[1])));
    // Corners of the dominated area: rising first, falling second objective.
    let mut stairs: Vec<(f64, f64)> = Vec::new();
    let (mut sum, mut covered, mut floor) = (0.0, 0.0, 0.0);
    for row in rows.iter() {
        let (x, y) = (row[0], row[1]);
        sum += covered * (row[2] - floor);
        floor = row[2];
        let start = stairs.partition_point(|step| step.0 < x);
        let before = if start > 0 { stairs[start - 1].1 } else { reference[1] };
        if before <= y || stairs.get(start).is_some_and(|step| step.0 == x && step.1 <= y) {
            continue;
        }
        // Cut the new rectangle along the steps that it swallows.
        let (mut left, mut top, mut end) = (x, before, start);
        while end < stairs.len() && stairs[end].1 >= y {
            covered += (stairs[end].0 - left) * (top - y);
            (left, top) = stairs[end];
            end += 1;
        }
        let right = stairs.get(end).map_or(reference[0], |step| step.0);
        covered += (right - left) * (top - y);
        stairs.splice(start..end, [(x, y)]);
    }
    sum + covered * (reference[2] - floor)
}

fn wfg(mut rows: Vec<Vec<f64>>, reference: &[f64]) -> f64 {
    let last = reference.len() - 1;
    // Worst last objective first: all later points, limited by this one, share its last objective, and that dimension becomes a factor.
    rows.sort_by(|a, b| {
        let order = a.iter().rev().zip(b.iter().rev()).map(|(x, y)| y.total_cmp(x)).find(|order| order.is_ne());
        order.unwrap_or(std::cmp::Ordering::Equal)
    });
    let below = &reference[..last];
    let mut sum = 0.0;
    for place in 0..rows.len() {
        let point = &rows[place][..last];
        let limited: Vec<Vec<f64>> = rows[place + 1..].iter().map(|other| limit(&other[..last], point)).collect();
        let exclusive = inclusive(point, below) - volume(non_dominated(limited), below);
        sum += exclusive * (reference[last] - rows[place][last]);
    }
    sum
}

/// Drops points that another dominates or equals.
fn non_dominated(rows: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut front: Vec<Vec<f64>> = Vec::with_capacity(rows.len());
    for row in rows {
        let beaten = |other: &Vec<f64>| *other == row || dominance(other, &row) == Dominance::First;
        if !front.iter().any(beaten) {
            front.retain(|other| dominance(&row, other) != Dominance::First);
            front.push(row);
        }
    }
    front
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Inclusion and exclusion over all subsets.
    fn slow(points: &[Vec<f64>], reference: &[f64]) -> f64 {
        let mut sum = 0.0;
        for subset in 1u32..1 << points.len() {
            let chosen = (0..points.len()).filter(|place| subset >> place & 1 == 1);
            let corner = chosen.fold(vec![f64::NEG_INFINITY; reference.len()], |corner, place| limit(&corner, &points[place]));
            let sign = if subset.count_ones() % 2 == 1 { 1.0 } else { -1.0 };
            sum += sign * inclusive(&corner, reference);
        }
        sum
    }

    proptest! {
        #[test]
        fn every_dimension_agrees_with_inclusion_and_exclusion(
            width in 1usize..7,
            cells in prop::collection::vec(prop::collection::vec(0u8..6, 6), 1..9),
        ) {
            let rows: Vec<Vec<f64>> = cells.iter().map(|row| row[..width].iter().map(|&cell| f64::from(cell)).collect()).collect();
            let reference = vec![6.0; width];
            let expected = slow(&rows, &reference);
            let flat = rows.concat();
            prop_assert!((hypervolume(&flat, &reference) - expected).abs() < 1e-6 * expected.max(1.0));
            let parts = contributions(&flat, &reference);
            for (place, part) in parts.iter().enumerate() {
                let mut without = rows.clone();
                without.remove(place);
                let lost = expected - slow(&without, &reference);
                prop_assert!((part - lost).abs() < 1e-6 * expected.max(1.0), "{} {}", part, lost);
            }
        }
    }

    #[test]
    fn worked_examples_come_out() {
        assert_eq!(hypervolume(&[1.0, 3.0, 2.0, 2.0, 3.0, 1.0], &[4.0, 4.0]), 6.0);
        assert_eq!(hypervolume(&[0.0, 0.0, 0.0], &[1.0, 2.0, 3.0]), 6.0);
        assert_eq!(hypervolume(&[5.0, 0.0, f64::INFINITY, 0.0], &[4.0, 4.0]), 0.0);
        assert_eq!(contributions(&[1.0, 3.0, 2.0, 2.0, 3.0, 1.0], &[4.0, 4.0]), [1.0, 1.0, 1.0]);
        assert_eq!(hypervolume(&[], &[1.0, 1.0]), 0.0);
    }
}
