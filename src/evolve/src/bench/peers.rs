//! Figures of other libraries: medians of 11 seeds on one 2-core machine with the same definitions. Time moves with the machine, quality does not.
//!
//! Where a library has several algorithms, its name says which; those that are named alone ran NSGA-II on ZDT and NSGA-III on DTLZ2. Versions: pymoo 0.6.2, pygmo 2.20, DEAP 1.4,
//! cmaes-rs 0.2 (with restarts).

use serde::{Deserialize, Serialize};

use crate::problems::continuous::{Continuous, Function};
use crate::problems::zdt::Zdt;

/// A library's figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peer {
    /// Library and algorithm.
    pub name: std::borrow::Cow<'static, str>,
    /// Its median.
    pub value: f64,
}

const fn peer(name: &'static str, value: f64) -> Peer {
    Peer { name: std::borrow::Cow::Borrowed(name), value }
}

macro_rules! figures {
    ($($name:literal $value:expr),* $(,)?) => { [$(peer($name, $value)),*] };
}

static ZDT1: [Peer; 10] = figures![
    "pymoo NSGA-II" 0.86966, "pymoo SMS-EMOA" 0.87164, "pymoo SPEA2" 0.87057, "pygmo" 0.86957, "DEAP" 0.86926, "jMetalPy" 0.86907, "Platypus" 0.87079, "radiate" 0.87106, "optirustic" 0.86946, "moors" 0.86750,
];
static ZDT2: [Peer; 10] = figures![
    "pymoo NSGA-II" 0.53638, "pymoo SMS-EMOA" 0.53801, "pymoo SPEA2" 0.53704, "pygmo" 0.53626, "DEAP" 0.53584, "jMetalPy" 0.53571, "Platypus" 0.53745, "radiate" 0.53778, "optirustic" 0.53643, "moors" 0.53426,
];
static ZDT3: [Peer; 10] = figures![
    "pymoo NSGA-II" 1.32760, "pymoo SMS-EMOA" 1.32874, "pymoo SPEA2" 1.32756, "pygmo" 1.32743, "DEAP" 1.32729, "jMetalPy" 1.32725, "Platypus" 1.32865, "radiate" 1.32805, "optirustic" 1.32788, "moors" 1.23138,
];
static ZDT4: [Peer; 10] = figures![
    "pymoo NSGA-II" 0.86672, "pymoo SMS-EMOA" 0.85886, "pymoo SPEA2" 0.86713, "pygmo" 0.86665, "DEAP" 0.86333, "jMetalPy" 0.86600, "Platypus" 0.83161, "radiate" 0.86873, "optirustic" 0.86573, "moors" 0.12582,
];
static ZDT6: [Peer; 10] = figures![
    "pymoo NSGA-II" 0.49316, "pymoo SMS-EMOA" 0.49453, "pymoo SPEA2" 0.49463, "pygmo" 0.49682, "DEAP" 0.49416, "jMetalPy" 0.49502, "Platypus" 0.49496, "radiate" 0.50160, "optirustic" 0.49760, "moors" 0.50287,
];

pub(super) static DTLZ2: [Peer; 8] = figures![
    "pymoo NSGA-III" 0.74407, "pygmo" 0.74392, "DEAP" 0.74399, "jMetalPy" 0.74383, "Platypus" 0.74367, "radiate" 0.71164, "optirustic" 0.74349, "moors" 0.71320,
];
pub(super) static DTLZ2_TARGETS: [Peer; 1] = figures!["pymoo NSGA-III" 1.25e-3];
pub(super) static ONE_MAX: [Peer; 2] = figures!["genetic_algorithm" 1544.0, "pymoo" 3317.0];
pub(super) static KNAPSACK: [Peer; 1] = figures!["pymoo GA" 0.0057];
/// Microseconds per evaluation: with NSGA-II on ZDT1 (Optuna: from this figure on, growing with the number of trials).
pub(super) static TIME: [Peer; 11] = figures![
    "pymoo NSGA-II" 36.0, "pymoo SMS-EMOA" 49.2, "pymoo SPEA2" 118.0, "pygmo" 3.7, "DEAP" 120.0, "jMetalPy" 126.0, "Platypus" 220.0, "radiate" 4.8, "optirustic" 78.4, "moors" 1.75, "Optuna" 1400.0,
];
/// Evaluations per second of the same runs.
pub(super) static RATE: [Peer; 10] = figures![
    "pymoo NSGA-II" 28e3, "pymoo SMS-EMOA" 20e3, "pymoo SPEA2" 8.5e3, "pygmo" 272e3, "DEAP" 8.3e3, "jMetalPy" 7.9e3, "Platypus" 4.5e3, "radiate" 209e3, "optirustic" 13e3, "moors" 571e3,
];

static SPHERE_10: [Peer; 7] = figures![
    "pymoo GA" 1e-5, "pygmo sade" 4e-16, "pygmo de1220" 1e-20, "pygmo cmaes" 4e-31, "pycma IPOP" 2e-14, "cmaes-rs" 2e-15, "radiate GA" 2e-8,
];
static SPHERE_30: [Peer; 7] = figures![
    "pymoo GA" 4e-5, "pygmo sade" 2e-15, "pygmo de1220" 5e-23, "pygmo cmaes" 8e-30, "pycma IPOP" 3e-14, "cmaes-rs" 3e-15, "radiate GA" 3e-8,
];
static ROSENBROCK_10: [Peer; 7] = figures![
    "pymoo GA" 7.1, "pygmo sade" 3.2, "pygmo de1220" 3.3, "pygmo cmaes" 6e-24, "pycma IPOP" 2e-14, "cmaes-rs" 2e-15, "radiate GA" 3.3,
];
static ROSENBROCK_30: [Peer; 7] = figures![
    "pymoo GA" 76.0, "pygmo sade" 24.0, "pygmo de1220" 22.0, "pygmo cmaes" 0.86, "pycma IPOP" 3e-14, "cmaes-rs" 3e-15, "radiate GA" 72.0,
];
static RASTRIGIN_10: [Peer; 7] = figures![
    "pymoo GA" 3.5e-3, "pygmo sade" 6e-10, "pygmo de1220" 4e-6, "pygmo cmaes" 5.0, "pycma IPOP" 4.0, "cmaes-rs" 4.0, "radiate GA" 4e-6,
];
static RASTRIGIN_30: [Peer; 7] = figures![
    "pymoo GA" 8.1e-3, "pygmo sade" 2e-9, "pygmo de1220" 2e-7, "pygmo cmaes" 16.0, "pycma IPOP" 16.0, "cmaes-rs" 12.0, "radiate GA" 2e-5,
];
static ACKLEY_10: [Peer; 7] = figures![
    "pymoo GA" 3e-2, "pygmo sade" 2e-7, "pygmo de1220" 5e-9, "pygmo cmaes" 8e-15, "pycma IPOP" 2e-11, "cmaes-rs" 4e-11, "radiate GA" 7e-4,
];
static ACKLEY_30: [Peer; 7] = figures![
    "pymoo GA" 3e-2, "pygmo sade" 3e-7, "pygmo de1220" 2e-10, "pygmo cmaes" 1e-14, "pycma IPOP" 3e-11, "cmaes-rs" 5e-11, "radiate GA" 6e-4,
];

/// Hypervolumes on a ZDT problem.
pub(super) fn zdt(problem: Zdt) -> &'static [Peer] {
    match problem {
        Zdt::One => &ZDT1,
        Zdt::Two => &ZDT2,
        Zdt::Three => &ZDT3,
        Zdt::Four => &ZDT4,
        Zdt::Six => &ZDT6,
    }
}

/// Errors on a function; none where nobody was measured.
pub(super) fn single(problem: Continuous) -> &'static [Peer] {
    match (problem.function, problem.variables) {
        (Function::Sphere, 10) => &SPHERE_10,
        (Function::Sphere, 30) => &SPHERE_30,
        (Function::Rosenbrock, 10) => &ROSENBROCK_10,
        (Function::Rosenbrock, 30) => &ROSENBROCK_30,
        (Function::Rastrigin, 10) => &RASTRIGIN_10,
        (Function::Rastrigin, 30) => &RASTRIGIN_30,
        (Function::Ackley, 10) => &ACKLEY_10,
        (Function::Ackley, 30) => &ACKLEY_30,
        (_, _) => &[],
    }
}
