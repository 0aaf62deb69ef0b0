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

/// The lower triangle whose product with its transpose is a symmetric matrix (row by row); `None` if it is not positive definite.
pub(crate) fn cholesky(matrix: &[f64], count: usize) -> Option<Vec<f64>> {
    let mut factor = vec![0.0; count * count];
    for row in 0..count {
        for column in 0..=row {
            let (above, left) = (&factor[column * count..column * count + column], &factor[row * count..row * count + column]);
            let rest = matrix[row * count + column] - left.iter().zip(above).map(|(a, b)| a * b).sum::<f64>();
            factor[row * count + column] = if row > column {
                rest / factor[column * count + column]
            } else if rest > 0.0 && rest.is_finite() {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(factor)
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

    #[test]
    fn a_triangle_gives_its_matrix_back_and_a_flat_matrix_has_none() {
        let matrix = [4.0, 2.0, -2.0, 2.0, 10.0, 5.0, -2.0, 5.0, 6.0];
        assert_eq!(cholesky(&matrix, 3).unwrap(), [2.0, 0.0, 0.0, 1.0, 3.0, 0.0, -1.0, 2.0, 1.0]);
        assert_eq!(cholesky(&[1.0, 1.0, 1.0, 1.0], 2), None);
        assert_eq!(cholesky(&[f64::NAN], 1), None);
    }
}
