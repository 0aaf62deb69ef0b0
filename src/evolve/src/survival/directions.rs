//! Evenly spread directions on the unit simplex.
//!
//! Das and Dennis, "Normal-boundary intersection", SIAM Journal on Optimization 8 (1998).

/// All vectors of `width` multiples of `1 / divisions` that add up to 1, in lexicographic order: 91 for 3 objectives and 12 divisions.
pub fn das_dennis(width: usize, divisions: usize) -> Vec<Vec<f64>> {
    fn fill(left: usize, divisions: usize, width: usize, head: &mut Vec<f64>, all: &mut Vec<Vec<f64>>) {
        if head.len() + 1 == width {
            head.push(left as f64 / divisions as f64);
            all.push(head.clone());
            head.pop();
            return;
        }
        for part in 0..=left {
            head.push(part as f64 / divisions as f64);
            fill(left - part, divisions, width, head, all);
            head.pop();
        }
    }
    let mut all = Vec::new();
    if width > 0 && divisions > 0 {
        fill(divisions, divisions, width, &mut Vec::new(), &mut all);
    }
    all
}

/// As many Das-Dennis directions as fit into `count`, at least one per objective.
pub fn spread(width: usize, count: usize) -> Vec<Vec<f64>> {
    let mut best = das_dennis(width, 1);
    for divisions in 2.. {
        // Stars and bars; grows without bound from two objectives on.
        let next = (1..width as u64).fold(1u64, |product, step| product * (divisions as u64 + step) / step);
        if width < 2 || next > count as u64 {
            break;
        }
        best = das_dennis(width, divisions);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_those_of_the_paper() {
        assert_eq!((das_dennis(3, 12).len(), das_dennis(3, 99).len(), das_dennis(5, 6).len()), (91, 5050, 210));
        assert_eq!(das_dennis(2, 2), [vec![0.0, 1.0], vec![0.5, 0.5], vec![1.0, 0.0]]);
        assert!(das_dennis(3, 12).iter().all(|direction| (direction.iter().sum::<f64>() - 1.0).abs() < 1e-12));
    }

    #[test]
    fn a_spread_is_the_finest_that_fits() {
        assert_eq!((spread(3, 92).len(), spread(2, 100).len(), spread(3, 1).len(), spread(1, 50).len()), (91, 100, 3, 1));
    }
}
