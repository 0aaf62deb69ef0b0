//! The frozen bits: what makes a build or a target that computes other values fail.

use super::*;

/// Folds the bit patterns of samples and quantiles; any changed bit changes the result.
fn digest(law: &Distribution) -> u64 {
    let quantiles = (1..100).map(|percent| law.quantile(f64::from(percent) / 100.0));
    let fold = |hash: u64, value: f64| (hash.rotate_left(23) ^ value.to_bits()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    samples(law, 2026, 5_000).into_iter().chain(quantiles).chain([law.mean()]).fold(0, fold)
}

/// A difference here means that stored traces no longer replay: find out which operation is not the same on this target or in
/// this build, rather than refreshing the numbers.
#[test]
fn every_law_gives_its_frozen_bits() {
    let digests: Vec<(&str, u64)> = every_law().iter().map(|(name, law)| (*name, digest(law))).collect();
    assert_eq!(digests, FROZEN, "{digests:#018x?}");
}

const FROZEN: [(&str, u64); 32] = [
    ("constant", 0xe3906655ff5db85c),
    ("uniform", 0x4989d17046117ea5),
    ("exponential", 0xc9b19d6643d1c90e),
    ("normal", 0x59aedf1ffb858acf),
    ("lognormal", 0xff3224284523c3cb),
    ("weibull, falling hazard", 0xd9473d7545df4855),
    ("weibull, growing hazard", 0xf7b67a5b401ef24e),
    ("gamma, shape below 1", 0xae3dc4bdf146e319),
    ("gamma, small shape", 0xd9cfc5b9aa8c05bd),
    ("gamma, large shape", 0x0fbdcf69f4ec6d97),
    ("pareto, all moments tested", 0x97b6bf2c1fd641b4),
    ("pareto, no variance", 0x14ffc0862d179338),
    ("zipf, exponent 0", 0x359ec0a64caf2f84),
    ("zipf, exponent 1", 0x1dddf81e76201524),
    ("zipf, one rank", 0x2a774a9349154c54),
    ("zipf, steep", 0x8a50c278136ecd46),
    ("zipf, many ranks", 0x0a8055d0e55063eb),
    ("empirical steps", 0x0a5066157002962a),
    ("empirical line", 0xcd1f348a64b72629),
    ("mixture of lines", 0x8c04a119b2091cb1),
    ("mixture with a point", 0xdd2664841abadcf7),
    ("truncated normal", 0xa5382fe29b3ba763),
    ("truncated exponential", 0x598759cf50d36ca5),
    ("truncated lognormal", 0x3010d39838848566),
    ("truncated weibull", 0x5ec47e8ef60c1ee6),
    ("truncated gamma", 0xd810472f26fc1a0a),
    ("truncated pareto", 0x923a9974a4ab8f4a),
    ("truncated uniform", 0x0edc499a7e15683a),
    ("truncated zipf", 0xa53c5f5b110ce216),
    ("truncated empirical steps", 0x7005a4a5d2759704),
    ("truncated empirical line", 0x0446f161fe2fe5af),
    ("truncated mixture", 0xeaf927d3f84a5948),
];
