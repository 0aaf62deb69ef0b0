//! Small systems of linear equations, solved in a fixed order of operations.

/// Solves `rows · x = right` by Gaussian elimination with partial pivoting; `None` if the system is singular.
pub(crate) fn solve(mut rows: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let count = right.len();
    for column in 0..count {
        let larger = |best: usize, other: usize| if rows[other][column].abs() > rows[best][column].abs() { other } else { best };
        let pivot = (column..count).fold(column, larger);
        let size = rows[pivot][column].abs();
        if size.is_nan() || size <= 1e-14 {
            return None;
        }
        rows.swap(column, pivot);
        right.swap(column, pivot);
        for below in column + 1..count {
            let factor = rows[below][column] / rows[column][column];
            let (above, under) = rows.split_at_mut(below);
            for (cell, pivot) in under[0][column..].iter_mut().zip(&above[column][column..]) {
                *cell -= factor * pivot;
            }
            right[below] -= factor * right[column];
        }
    }
    for column in (0..count).rev() {
        let known: f64 = (column + 1..count).map(|place| rows[column][place] * right[place]).sum();
        right[column] = (right[column] - known) / rows[column][column];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved_and_a_singular_one_refused() {
        let solution = solve(vec![vec![0.0, 2.0], vec![1.0, 1.0]], vec![4.0, 5.0]).unwrap();
        assert_eq!(solution, [3.0, 2.0]);
        assert_eq!(solve(vec![vec![1.0, 2.0], vec![2.0, 4.0]], vec![1.0, 2.0]), None);
    }
}
