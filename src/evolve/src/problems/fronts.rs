//! Samples of true fronts, for indicators that need them.

use std::f64::consts::PI;

use super::zdt::Zdt;
use crate::survival::directions::das_dennis;

/// The pieces of ZDT3's front: ranges of the first objective (Zitzler, Deb and Thiele 2000; digits from Deb's book).
pub const ZDT3_PIECES: [(f64, f64); 5] = [
    (0.0, 0.083_001_534_9),
    (0.182_228_728_0, 0.257_762_363_4),
    (0.409_313_674_8, 0.453_882_104_1),
    (0.618_396_794_4, 0.652_511_703_8),
    (0.823_331_798_3, 0.851_832_865_4),
];

/// Least value of ZDT6's first objective.
pub const ZDT6_LEAST: f64 = 0.280_775_318_8;

/// `count` points of the front, equally spaced in the first objective (on ZDT3: as many per piece), row by row.
pub fn zdt(problem: Zdt, count: usize) -> Vec<f64> {
    let even = |from: f64, to: f64, count: usize| {
        (0..count).map(move |step| from + (to - from) * step as f64 / (count.max(2) - 1) as f64)
    };
    let firsts: Vec<f64> = match problem {
        Zdt::One | Zdt::Two | Zdt::Four => even(0.0, 1.0, count).collect(),
        Zdt::Three => ZDT3_PIECES.iter().flat_map(|&(from, to)| even(from, to, count / 5)).collect(),
        Zdt::Six => even(ZDT6_LEAST, 1.0, count).collect(),
    };
    let second = |x: f64| match problem {
        Zdt::One | Zdt::Four => 1.0 - x.sqrt(),
        Zdt::Two | Zdt::Six => 1.0 - x * x,
        Zdt::Three => 1.0 - x.sqrt() - x * libm::sin(10.0 * PI * x),
    };
    firsts.into_iter().flat_map(|x| [x, second(x)]).collect()
}

/// Points of the unit sphere's positive part along Das-Dennis directions: the front of DTLZ2, 3 and 4.
pub fn sphere(width: usize, divisions: usize) -> Vec<f64> {
    let unit = |direction: Vec<f64>| {
        let length = direction.iter().map(|part| part * part).sum::<f64>().sqrt();
        direction.into_iter().map(move |part| part / length).collect::<Vec<f64>>()
    };
    das_dennis(width, divisions).into_iter().flat_map(unit).collect()
}

/// Points of the simplex that adds up to 1/2: the front of DTLZ1.
pub fn simplex(width: usize, divisions: usize) -> Vec<f64> {
    das_dennis(width, divisions).into_iter().flatten().map(|part| part / 2.0).collect()
}

/// How many of ZDT3's pieces a front (row by row) has a point in, within a tolerance of the second objective.
pub fn zdt3_pieces_found(front: &[f64]) -> usize {
    let on = |piece: &&(f64, f64)| {
        front.chunks_exact(2).any(|point| {
            let x = point[0];
            let ideal = 1.0 - x.sqrt() - x * libm::sin(10.0 * PI * x);
            x >= piece.0 && x <= piece.1 && point[1] - ideal < 0.01
        })
    };
    ZDT3_PIECES.iter().filter(on).count()
}
