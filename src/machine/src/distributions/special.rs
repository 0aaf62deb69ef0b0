//! Special functions with the same bits on every target, for distributions and for fitting them.
//!
//! Built from exact arithmetic and `libm` only. Accuracies are relative unless stated
//! otherwise, and are those that the tests assert against 50-digit arithmetic.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// ln(2π)/2.
const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_7;

/// The logarithm of |Γ(x)|.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The derivative of ln Γ(x) for x > 0, by recurrence to x ≥ 10 and the asymptotic series (Abramowitz and Stegun 6.3.5,
/// 6.3.18). Within 1e-15 of max(1, |ψ|).
pub fn digamma(x: f64) -> f64 {
    let mut x = x;
    let mut shift = 0.0;
    while x < SERIES_FROM {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series =
        polynomial(inverse, &[1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32_760.0, 1.0 / 12.0]);
    shift + libm::log(x) - 0.5 / x - inverse * series
}

/// The second derivative of ln Γ(x) for x > 0 (Abramowitz and Stegun 6.4.6, 6.4.12); what Newton's method
/// needs to fit a gamma law. Accurate to 1e-15.
pub fn trigamma(x: f64) -> f64 {
    let mut x = x;
    let mut shift = 0.0;
    while x < SERIES_FROM {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = polynomial(inverse, &[1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0]);
    shift + 1.0 / x + 0.5 * inverse + inverse / x * series
}

/// The regularised incomplete gamma function P(a, x) = γ(a, x)/Γ(a): the probability that a gamma variable of shape `a` > 0 and scale 1 is ≤ `x`.
///
/// Accurate to 2e-14 up to a = 10^6; takes time of the order of √a where x is near a.
pub fn gamma_p(a: f64, x: f64) -> f64 {
    incomplete_gamma(a, x).0
}

/// Q(a, x) = 1 − P(a, x), without cancellation in the upper tail.
pub fn gamma_q(a: f64, x: f64) -> f64 {
    incomplete_gamma(a, x).1
}

/// The `x` at which P(a, x) = `p`, for `a` > 0 and `p` in 0..=1; zero where it lies below the least f64.
///
/// Newton's method on the logarithm of the smaller tail as a function of ln x, which is nearly straight there, kept inside a
/// bracket; the start is Wilson and Hilferty's cube (1931), or the leading term of the series for small results.
pub fn gamma_p_inverse(a: f64, p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let upper = p > 0.5;
    let target = if upper { libm::log(1.0 - p) } else { libm::log(p) };
    let cube = 1.0 - 1.0 / (9.0 * a) + normal_quantile(p) / (3.0 * a.sqrt());
    let leading = libm::exp((libm::log(p) + ln_gamma(a + 1.0)) / a);
    let mut x = if a < 0.5 || cube <= 0.1 { leading } else { a * cube * cube * cube };
    let (mut low, mut high) = (0.0, f64::INFINITY);
    for _ in 0..INVERSE_STEPS {
        if x == 0.0 {
            return 0.0;
        }
        let (below, above) = incomplete_gamma(a, x);
        let tail = if upper { above } else { below };
        let excess = libm::log(tail) - target;
        if (excess > 0.0) != upper {
            high = x
        } else {
            low = x
        }
        // The derivative of ln(tail) by ln x.
        let slope = a * libm::exp(ln_gamma_kernel(a, x)) / if upper { -tail } else { tail };
        let step = excess / slope;
        let newton = x * libm::exp(-step);
        if excess.abs() <= 2.0 * f64::EPSILON * target.abs().max(1.0) || step.abs() <= f64::EPSILON {
            return newton;
        }
        x = if newton > low && newton < high {
            newton
        } else if low == 0.0 {
            0.5 * high
        } else if high == f64::INFINITY {
            2.0 * low
        } else {
            low.sqrt() * high.sqrt()
        };
    }
    x
}

/// Φ(z): the probability that a standard normal variable is ≤ `z`; accurate to 2e-13 down to 1e-300 in the lower tail, to
/// 2e-15 above z = −3.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// The logarithm of the standard normal density at `z`.
pub fn normal_log_density(z: f64) -> f64 {
    -0.5 * z * z - LN_SQRT_2PI
}

/// The standard normal density at `z`.
pub fn normal_density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / (2.0 * PI).sqrt()
}

/// The `z` at which Φ(z) = `p`, for `p` in 0..=1: algorithm AS 241, PPND16 (Wichura, Applied Statistics 37, 1988), accurate to 1e-15.
#[inline]
pub fn normal_quantile(p: f64) -> f64 {
    const CENTRE: f64 = 0.425;
    let offset = p - 0.5;
    if offset.abs() <= CENTRE {
        let r = CENTRE * CENTRE - offset * offset;
        return offset * polynomial(r, &AS241_CENTRE.0) / polynomial(r, &AS241_CENTRE.1);
    }
    let tail = if offset < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return if offset < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let r = (-libm::log(tail)).sqrt();
    let magnitude = if r <= 5.0 {
        polynomial(r - 1.6, &AS241_TAIL.0) / polynomial(r - 1.6, &AS241_TAIL.1)
    } else {
        polynomial(r - 5.0, &AS241_FAR.0) / polynomial(r - 5.0, &AS241_FAR.1)
    };
    if offset < 0.0 { -magnitude } else { magnitude }
}

/// Where the asymptotic series of the gamma family are accurate to the last digits.
const SERIES_FROM: f64 = 10.0;
/// Newton's method takes under ten steps; the rest is for halving.
const INVERSE_STEPS: usize = 100;

type Coefficients = ([f64; 8], [f64; 8]);

/// Numerators and denominators of AS 241, lowest power first.
const AS241_CENTRE: Coefficients = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
);
const AS241_TAIL: Coefficients = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        0.000_774_545_014_278_341_4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        0.000_547_593_808_499_534_5,
        1.050_750_071_644_416_9e-9,
    ],
);
const AS241_FAR: Coefficients = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        0.000_786_869_131_145_613_2,
        1.846_318_317_510_054_7e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

/// Horner's scheme, lowest power first.
#[inline]
fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// (P, Q): by its series below `a + 1`, by Legendre's continued fraction above (Abramowitz and Stegun 6.5.29, 6.5.31).
fn incomplete_gamma(a: f64, x: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x == f64::INFINITY {
        return (1.0, 0.0);
    }
    let kernel = libm::exp(ln_gamma_kernel(a, x));
    // Both converge within a multiple of √a terms; the limit only guards against an `a` for which the result is of no use.
    let limit = (500.0 + 20.0 * a.sqrt()).min(1e6) as u64;
    if x < a + 1.0 {
        let (mut term, mut sum, mut divisor) = (1.0, 1.0, a);
        for _ in 0..limit {
            divisor += 1.0;
            term *= x / divisor;
            sum += term;
            if term < sum * (0.25 * f64::EPSILON) {
                break;
            }
        }
        let p = (kernel * sum).min(1.0);
        (p, 1.0 - p)
    } else {
        // Lentz's method as modified by Thompson and Barnett (1986); no denominator vanishes for x ≥ a + 1.
        let mut b = x + 1.0 - a;
        let mut c = f64::MAX;
        let mut d = 1.0 / b;
        let mut fraction = d;
        for index in 1..limit {
            let n = index as f64;
            let numerator = -n * (n - a);
            b += 2.0;
            d = 1.0 / (numerator * d + b);
            c = b + numerator / c;
            let factor = c * d;
            fraction *= factor;
            if (factor - 1.0).abs() < f64::EPSILON {
                break;
            }
        }
        let q = (kernel * a * fraction).min(1.0);
        (1.0 - q, q)
    }
}

/// ln(x^a e^(−x) / Γ(a + 1)); for large `a` by the saddle point (Loader, "Fast and accurate computation of binomial probabilities",
/// 2000), which does not subtract large numbers from each other.
pub(super) fn ln_gamma_kernel(a: f64, x: f64) -> f64 {
    if a < SERIES_FROM {
        a * libm::log(x) - x - ln_gamma(a + 1.0)
    } else {
        -stirling_error(a) - deviance(a, x) - LN_SQRT_2PI - 0.5 * libm::log(a)
    }
}

/// ln Γ(a + 1) minus Stirling's approximation of it, for a ≥ 10.
fn stirling_error(a: f64) -> f64 {
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    polynomial(1.0 / (a * a), &series) / a
}

/// a ln(a/x) + x − a, without cancellation where x is near a.
fn deviance(a: f64, x: f64) -> f64 {
    if (a - x).abs() >= 0.1 * (a + x) {
        return a * libm::log(a / x) + x - a;
    }
    let v = (a - x) / (a + x);
    let mut sum = (a - x) * v;
    let mut term = 2.0 * a * v;
    let mut divisor = 1.0;
    loop {
        term *= v * v;
        divisor += 2.0;
        let next = sum + term / divisor;
        if next == sum {
            return sum;
        }
        sum = next;
    }
}

/// The integral of t^(exponent − 1) from `low` > 0 to `high` (which may be infinite), stable where the exponent is near 0.
pub(super) fn power_integral(exponent: f64, low: f64, high: f64) -> f64 {
    if high == f64::INFINITY {
        return if exponent < 0.0 { libm::pow(low, exponent) / -exponent } else { f64::INFINITY };
    }
    let log_ratio = libm::log(high / low);
    libm::pow(low, exponent) * log_ratio * expm1_ratio(exponent * log_ratio)
}

/// (e^x − 1) / x, continued by 1 at x = 0.
pub(super) fn expm1_ratio(x: f64) -> f64 {
    if x.abs() > 1e-8 { libm::expm1(x) / x } else { 1.0 + 0.5 * x }
}

/// ln(1 + x) / x, continued by 1 at x = 0.
pub(super) fn log1p_ratio(x: f64) -> f64 {
    if x.abs() > 1e-8 { libm::log1p(x) / x } else { 1.0 - 0.5 * x }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative to the value.
    fn assert_near(actual: f64, expected: f64, tolerance: f64, what: impl std::fmt::Debug) {
        assert!((actual - expected).abs() <= tolerance * expected.abs(), "{what:?}: {actual:?}, expected {expected:?}");
    }

    /// (a, x, P, Q), from mpmath at 50 digits.
    const INCOMPLETE_GAMMA: [(f64, f64, f64, f64); 15] = [
        (0.01, 1e-10, 0.7988610914336052, 0.2011389085663948),
        (0.01, 0.5, 0.9943732438060329, 0.0056267561939671844),
        (0.5, 0.1, 0.345279153981423, 0.654720846018577),
        (0.5, 5.0, 0.9984345977419975, 0.0015654022580025497),
        (1.0, 1.0, 0.6321205588285577, 0.36787944117144233),
        (3.0, 0.2, 0.0011484812448621325, 0.9988515187551379),
        (3.0, 20.0, 0.9999995444850495, 4.555149505589213e-07),
        (9.5, 8.0, 0.3427220017993561, 0.6572779982006439),
        (10.0, 12.0, 0.7576078383294876, 0.24239216167051233),
        (25.0, 10.0, 4.6949381426799705e-05, 0.9999530506185732),
        (25.0, 60.0, 0.9999998904119288, 1.0958807112599779e-07),
        (1000.0, 950.0, 0.05505468623073803, 0.9449453137692619),
        (1000.0, 1100.0, 0.99894067674607, 0.0010593232539299773),
        (100000.0, 100200.0, 0.7366620100051987, 0.2633379899948013),
        (1000000.0, 999000.0, 0.15865521357430365, 0.8413447864256963),
    ];

    #[test]
    fn the_incomplete_gamma_function_agrees_with_fifty_digit_arithmetic() {
        for (a, x, p, q) in INCOMPLETE_GAMMA {
            assert_near(gamma_p(a, x), p, 2e-14, (a, x));
            // Below a + 1, Q is found as 1 - P and so only as exact as that.
            assert!((gamma_q(a, x) - q).abs() <= 2e-14 * if x < a + 1.0 { 1.0 } else { q }, "{a} {x}: {}", gamma_q(a, x));
        }
    }

    #[test]
    fn the_inverse_of_the_incomplete_gamma_function_leads_back() {
        for a in [0.01, 0.1, 0.5, 0.9, 1.0, 2.5, 9.9, 10.0, 77.0, 1e3, 1e5] {
            for p in [1e-12, 1e-3, 0.1, 0.499, 0.5, 0.501, 0.9, 0.999, 1.0 - 1e-12] {
                let x = gamma_p_inverse(a, p);
                if x < 1e-290 {
                    continue;
                }
                // A rounding of x by one part in 2^52 moves P by its slope.
                let slope = a * libm::exp(ln_gamma_kernel(a, x));
                let tolerance = 2e-14 * p.min(1.0 - p) + 1e-15 + 4.0 * f64::EPSILON * slope;
                assert!((gamma_p(a, x) - p).abs() <= tolerance, "{a} {p}: {x} {}", gamma_p(a, x) - p);
            }
        }
    }

    #[test]
    fn digamma_and_trigamma_agree_with_fifty_digit_arithmetic() {
        let table = [
            (0.001, -1000.5755719318103, 1000001.6425331958),
            (0.5, -1.9635100260214235, 4.934802200544679),
            (1.0, -0.5772156649015329, 1.6449340668482264),
            (1.5, 0.03648997397857652, 0.9348022005446793),
            (3.7, 1.1671535393615113, 0.3100378576700383),
            (9.99, 2.250700372831201, 0.10527695014824179),
            (10.0, 2.251752589066721, 0.10516633568168575),
            (1e3, 6.907255195648812, 0.0010005001666666333),
            (1e8, 18.420680738952367, 1.000000005e-08),
        ];
        for (x, first, second) in table {
            // Near the zero of digamma at 1.46 the error is absolute.
            assert!((digamma(x) - first).abs() <= 1e-15 * first.abs().max(1.0), "{x}: {:?}", digamma(x));
            assert_near(trigamma(x), second, 1e-15, x);
        }
    }

    #[test]
    fn the_normal_quantile_agrees_with_fifty_digit_arithmetic() {
        let table = [
            (1e-300, -37.0470962993612),
            (1e-100, -21.273453560965326),
            (1e-20, -9.262340089798407),
            (1e-10, -6.361340902404057),
            (0.02425, -1.972961051311885),
            (0.075, -1.439531470938456),
            (0.25, -0.6744897501960817),
            (0.6, 0.2533471031357997),
            (0.925, 1.4395314709384561),
            (0.99, 2.3263478740408408),
        ];
        for (p, z) in table {
            assert_near(normal_quantile(p), z, 1e-15, p);
            assert_near(normal_cdf(z), p, if z < -3.0 { 2e-13 } else { 2e-15 }, z);
        }
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
        assert_eq!(normal_quantile(0.5), 0.0);
    }

    #[test]
    fn integrals_of_powers_pass_smoothly_through_the_logarithm() {
        assert_near(power_integral(0.0, 2.0, 6.0), libm::log(3.0), 1e-15, "exponent 0");
        assert_near(power_integral(1e-12, 2.0, 6.0), libm::log(3.0), 1e-11, "exponent near 0");
        assert_near(power_integral(2.0, 2.0, 6.0), 16.0, 1e-15, "exponent 2");
        assert_near(power_integral(-1.0, 2.0, f64::INFINITY), 0.5, 1e-15, "exponent -1");
        assert_eq!(power_integral(0.0, 2.0, f64::INFINITY), f64::INFINITY);
    }
}
