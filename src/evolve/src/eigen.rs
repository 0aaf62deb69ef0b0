//! Eigenvectors of symmetric matrices.

/// Eigenvalues and eigenvectors of a symmetric matrix (row by row), vectors in the columns of the second table: Householder reduction and implicit QL, the routines
/// `tred2` and `tql2` of EISPACK (Wilkinson and Reinsch 1971) in the form of JAMA. `None` if an eigenvalue does not settle in 64 rounds or the matrix is not finite.
pub(crate) fn eigen(matrix: &[f64], count: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    if matrix.iter().any(|cell| !cell.is_finite()) {
        return None;
    }
    let mut vectors = matrix.to_vec();
    let (mut values, mut off) = (vec![0.0; count], vec![0.0; count]);
    tridiagonalize(&mut vectors, &mut values, &mut off, count);
    diagonalize(&mut vectors, &mut values, &mut off, count)?;
    Some((values, vectors))
}

fn tridiagonalize(v: &mut [f64], d: &mut [f64], e: &mut [f64], n: usize) {
    d.copy_from_slice(&v[(n - 1) * n..]);
    for i in (1..n).rev() {
        let scale: f64 = d[..i].iter().map(|part| part.abs()).sum();
        let mut h = 0.0;
        if scale == 0.0 {
            e[i] = d[i - 1];
            for j in 0..i {
                d[j] = v[(i - 1) * n + j];
                v[i * n + j] = 0.0;
                v[j * n + i] = 0.0;
            }
        } else {
            for part in d[..i].iter_mut() {
                *part /= scale;
                h += *part * *part;
            }
            let f = d[i - 1];
            let g = if f > 0.0 { -h.sqrt() } else { h.sqrt() };
            e[i] = scale * g;
            h -= f * g;
            d[i - 1] = f - g;
            e[..i].fill(0.0);
            for j in 0..i {
                let f = d[j];
                v[j * n + i] = f;
                let mut g = e[j] + v[j * n + j] * f;
                for k in j + 1..i {
                    g += v[k * n + j] * d[k];
                    e[k] += v[k * n + j] * f;
                }
                e[j] = g;
            }
            let mut f = 0.0;
            for j in 0..i {
                e[j] /= h;
                f += e[j] * d[j];
            }
            let hh = f / (h + h);
            for j in 0..i {
                e[j] -= hh * d[j];
            }
            for j in 0..i {
                let (f, g) = (d[j], e[j]);
                for k in j..i {
                    v[k * n + j] -= f * e[k] + g * d[k];
                }
                d[j] = v[(i - 1) * n + j];
                v[i * n + j] = 0.0;
            }
        }
        d[i] = h;
    }
    accumulate(v, d, n);
    e[0] = 0.0;
}

/// Multiplies the Householder reflections together.
fn accumulate(v: &mut [f64], d: &mut [f64], n: usize) {
    for i in 0..n - 1 {
        v[(n - 1) * n + i] = v[i * n + i];
        v[i * n + i] = 1.0;
        let h = d[i + 1];
        if h != 0.0 {
            for k in 0..=i {
                d[k] = v[k * n + i + 1] / h;
            }
            for j in 0..=i {
                let g: f64 = (0..=i).map(|k| v[k * n + i + 1] * v[k * n + j]).sum();
                for k in 0..=i {
                    v[k * n + j] -= g * d[k];
                }
            }
        }
        for k in 0..=i {
            v[k * n + i + 1] = 0.0;
        }
    }
    for j in 0..n {
        d[j] = v[(n - 1) * n + j];
        v[(n - 1) * n + j] = 0.0;
    }
    v[n * n - 1] = 1.0;
}

fn diagonalize(v: &mut [f64], d: &mut [f64], e: &mut [f64], n: usize) -> Option<()> {
    const ROUNDS: u32 = 64;
    e.rotate_left(1);
    e[n - 1] = 0.0;
    let (mut f, mut largest) = (0.0, 0.0f64);
    for l in 0..n {
        largest = largest.max(d[l].abs() + e[l].abs());
        let m = (l..n).find(|&m| e[m].abs() <= f64::EPSILON * largest)?;
        if m > l {
            let mut round = 0;
            loop {
                round += 1;
                if round > ROUNDS {
                    return None;
                }
                f += shift(d, e, l, n);
                sweep(v, d, e, l, m, n);
                if e[l].abs() <= f64::EPSILON * largest {
                    break;
                }
            }
        }
        d[l] += f;
        e[l] = 0.0;
    }
    Some(())
}

/// The implicit shift; gives by how much all later values were lowered.
fn shift(d: &mut [f64], e: &mut [f64], l: usize, n: usize) -> f64 {
    let g = d[l];
    let p = (d[l + 1] - g) / (2.0 * e[l]);
    let root = libm::hypot(p, 1.0);
    let r = if p < 0.0 { -root } else { root };
    d[l] = e[l] / (p + r);
    d[l + 1] = e[l] * (p + r);
    let h = g - d[l];
    d[l + 2..n].iter_mut().for_each(|value| *value -= h);
    h
}

/// One implicit QL transformation of the block l..=m.
fn sweep(v: &mut [f64], d: &mut [f64], e: &mut [f64], l: usize, m: usize, n: usize) {
    let mut p = d[m];
    let (mut c, mut c2, mut c3) = (1.0, 1.0, 1.0);
    let (el1, dl1) = (e[l + 1], d[l + 1]);
    let (mut s, mut s2) = (0.0, 0.0);
    for i in (l..m).rev() {
        c3 = c2;
        c2 = c;
        s2 = s;
        let g = c * e[i];
        let h = c * p;
        let r = libm::hypot(p, e[i]);
        e[i + 1] = s * r;
        s = e[i] / r;
        c = p / r;
        p = c * d[i] - s * g;
        d[i + 1] = h + s * (c * g + s * d[i]);
        for k in 0..n {
            let h = v[k * n + i + 1];
            v[k * n + i + 1] = s * v[k * n + i] + c * h;
            v[k * n + i] = c * v[k * n + i] - s * h;
        }
    }
    p = -s * s2 * c3 * el1 * e[l] / dl1;
    e[l] = s * p;
    d[l] = c * p;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Rng;
    use hms_machine::Seed;

    #[test]
    fn eigenvectors_rebuild_the_matrix_and_are_orthonormal() {
        let mut rng = Rng::new(Seed(1), 0);
        for n in [1, 2, 3, 10, 30] {
            let mut matrix = vec![0.0; n * n];
            for i in 0..n {
                for j in 0..=i {
                    let cell = if n == 10 && i != j { 0.0 } else { rng.normal() };
                    matrix[i * n + j] = cell;
                    matrix[j * n + i] = cell;
                }
            }
            let (values, vectors) = eigen(&matrix, n).unwrap();
            for i in 0..n {
                for j in 0..n {
                    let rebuilt: f64 = (0..n).map(|k| values[k] * vectors[i * n + k] * vectors[j * n + k]).sum();
                    assert!((rebuilt - matrix[i * n + j]).abs() < 1e-10, "n = {n}");
                    let product: f64 = (0..n).map(|k| vectors[k * n + i] * vectors[k * n + j]).sum();
                    assert!((product - f64::from(u8::from(i == j))).abs() < 1e-10, "n = {n}");
                }
            }
        }
        assert_eq!(eigen(&[f64::NAN], 1), None);
    }
}
