//! Student's t distribution (1908), through the incomplete beta function.

/// Probability above `t` with so many degrees of freedom, above 0.
pub fn survival(t: f64, freedom: f64) -> f64 {
    if t.is_infinite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    let tail = 0.5 * incomplete_beta(freedom / (freedom + t * t), 0.5 * freedom, 0.5);
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// The point above which lies probability `p` (0 < p < 1), by bisection of [`survival`].
pub fn upper_quantile(p: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (-1.0, 1.0);
    while survival(high, freedom) > p && high < 1e300 {
        high *= 2.0;
    }
    while survival(low, freedom) < p && low > -1e300 {
        low *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if survival(middle, freedom) > p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Regularized incomplete beta function by its continued fraction (Press et al., "Numerical Recipes", §6.4; Lentz's method).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = libm::exp(libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x));
    if x < (a + 1.0) / (a + b + 2.0) { front * fraction(x, a, b) / a } else { 1.0 - front * fraction(1.0 - x, b, a) / b }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut product = d;
    for step in 1..300 {
        let m = f64::from(step);
        for term in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            product *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R: qt(0.975, c(1, 4, 30)) and pt(-2, 5).
    #[test]
    fn quantiles_are_those_of_r() {
        for (freedom, expected) in [(1.0, 12.706_204_736_432_1), (4.0, 2.776_445_105_197_79), (30.0, 2.042_272_456_301_24)] {
            assert!((upper_quantile(0.025, freedom) - expected).abs() < 1e-9, "{freedom}");
        }
        assert!((survival(2.0, 5.0) - 0.050_969_739_414_929_1).abs() < 1e-12);
        assert!((survival(-2.0, 5.0) - 0.949_030_260_585_071).abs() < 1e-12);
        assert_eq!((survival(f64::INFINITY, 3.0), survival(0.0, 3.0)), (0.0, 0.5));
    }
}
