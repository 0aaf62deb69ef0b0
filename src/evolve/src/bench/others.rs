//! The other named algorithms for several objectives beside published quality, by the definitions of the table: the figures are pymoo's, in `peers.rs`.

use hms_machine::Seed;

use super::runs::{DTLZ2, ZDT, drive, front};
use super::{Peer, peers};
use crate::algorithms::{Algorithm, Decomposition, Scalarization, standard};
use crate::genome::Bounds;
use crate::indicators::hypervolume::hypervolume;
use crate::indicators::igd;
use crate::problems::dtlz::Dtlz;
use crate::problems::fronts;
use crate::problems::zdt::Zdt;
use crate::survival::directions::das_dennis;

/// What the seeds of an algorithm reach on a problem: the median hypervolume, and the fewest pieces of ZDT3's front that a seed finds.
fn reached<A: Algorithm<Genome = Vec<f64>>>(problem: Zdt, make: impl Fn(Bounds, Seed) -> A) -> (f64, usize) {
    let fronts: Vec<Vec<f64>> = (0..3)
        .map(|seed| {
            let mut algorithm = make(problem.bounds(), Seed(seed));
            drive(&mut algorithm, &problem, ZDT.0, &mut || 0.0);
            front(&algorithm)
        })
        .collect();
    let mut volumes: Vec<f64> = fronts.iter().map(|front| hypervolume(front, &[1.1, 1.1])).collect();
    volumes.sort_by(f64::total_cmp);
    (volumes[1], fronts.iter().map(|front| fronts::zdt3_pieces_found(front)).min().unwrap())
}

/// On every problem at least the figure of `peer`, and all pieces of ZDT3. On ZDT4, whose local fronts make seeds scatter by half a percent, half a percent less will do: SPEA2 has .8681 in the median of 11 seeds beside pymoo's
/// .86713, and .8662, .8673 and .8679 in those of three times 11 others.
fn check<A: Algorithm<Genome = Vec<f64>>>(peer: &str, make: impl Fn(Bounds, Seed) -> A) {
    for problem in Zdt::ALL {
        let figure = |peers: &[Peer]| peers.iter().find(|other| other.name == peer).unwrap().value;
        let (volume, pieces) = reached(problem, &make);
        let least = figure(peers::zdt(problem)) * if problem == Zdt::Four { 0.995 } else { 1.0 };
        assert!(volume >= least, "{}: {volume}, {peer} {least}", problem.name());
        assert!(problem != Zdt::Three || pieces == 5, "{pieces} pieces");
    }
}

#[test]
fn spea_two_is_as_good_as_pymoos() {
    check("pymoo SPEA2", |space, seed| standard::spea_two(space, standard::generational(ZDT.1, 2), seed));
}

#[test]
fn sms_emoa_is_as_good_as_pymoos() {
    check("pymoo SMS-EMOA", |space, seed| standard::sms_emoa(space, standard::generational(ZDT.1, 2), seed));
}

/// Nobody's MOEA/D was measured by these definitions, and its weights do not spread points by hypervolume: the bars are the figures of pymoo's NSGA-II, less 1 % on ZDT3 and ZDT4.
#[test]
fn decomposition_reaches_every_front() {
    let make = |space: Bounds, seed| Decomposition::new(space, das_dennis(2, ZDT.1 - 1), 20, Scalarization::Tchebycheff, seed);
    for (problem, least) in [(Zdt::One, 0.8697), (Zdt::Two, 0.5364), (Zdt::Three, 1.3143), (Zdt::Four, 0.858), (Zdt::Six, 0.4932)]
    {
        let (volume, pieces) = reached(problem, make);
        assert!(volume >= least, "{}: {volume} of {least}", problem.name());
        assert!(problem != Zdt::Three || pieces == 5, "{pieces} pieces");
    }
}

/// Published for DTLZ2 with 91 directions: MOEA/D-PBI 5.4e-4 to 8.0e-4, 6.4e-4 in the middle (Deb and Jain 2014, table III).
#[test]
fn decomposition_reaches_the_targets_of_dtlz2() {
    let problem = Dtlz::new(2, 3).unwrap();
    let scalarization = Scalarization::BoundaryIntersection { penalty: 5.0 };
    let mut distances: Vec<f64> = (0..3)
        .map(|seed| {
            let mut algorithm = Decomposition::new(problem.bounds(), das_dennis(3, DTLZ2.2), 20, scalarization, Seed(seed));
            drive(&mut algorithm, &problem, DTLZ2.0, &mut || 0.0);
            igd(&front(&algorithm), &fronts::sphere(3, DTLZ2.2), 3)
        })
        .collect();
    distances.sort_by(f64::total_cmp);
    assert!(distances[1] < 8.0e-4, "{distances:?}");
}
