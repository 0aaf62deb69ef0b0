//! Covariance variation: normal steps about the parents, whose length and shape follow from the children that survived.
//!
//! Igel, Hansen and Roth, "Covariance matrix adaptation for multi-objective optimization", Evolutionary Computation 15 (2007): every parent is the middle of a normal cloud, a step counts as a success by
//! what selection makes of the child, and successful steps are added to the covariance (C) while their rate sets the common length (sigma). Selection sees ranks only, so one and many objectives are alike. A child's success is that it lives on
//! among all (Voss, Hansen and Igel, "Improved step size adaptation for the MO-CMA-ES", GECCO 2010).
//!
//! Where the paper gives every parent a cloud of its own, one cloud serves the whole population here: a variation knows genomes and not individuals. Many survivors thus teach the same matrix, as in the rank-mu update of Hansen's tutorial (2016, eq. 30)
//! with equal weights. The paper's evolution path is left out: steps of different parents do not follow one another. The two children of a pair take opposite steps (mirrored sampling: Brockhoff et al., PPSN 2010), which costs one draw and is one and the same
//! lesson about the shape.

use serde::{Deserialize, Serialize};

use super::{Applied, Variation};
use crate::genome::Reals;
use crate::linear::cholesky;
use crate::random::Rng;

/// Moves parents by normal steps of a learned shape. Tells as parameters sigma and the number of the step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CovarianceVariation {
    variables: usize,
    /// Length of steps, as a share of the ranges.
    sigma: f64,
    /// Smoothed share of children that survive.
    success: f64,
    /// How much of C one successful step becomes.
    rate: f64,
    /// C, row by row, in the unit cube.
    covariance: Vec<f64>,
    /// The lower triangle A with A Aᵀ = C, row by row.
    factor: Vec<f64>,
    /// Successes since A was made.
    stale: u32,
    /// Steps that wait to hear of their children, in a ring.
    steps: Vec<Step>,
    next: u64,
}

/// A step that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Step {
    number: u64,
    /// A z: what was moved, in units of sigma.
    moved: Vec<f64>,
}

impl CovarianceVariation {
    /// Share of children that survive when sigma is right: (5 + 1/2)⁻¹ (Igel et al. 2007, table 1).
    const TARGET: f64 = 1.0 / 5.5;
    /// How fast the share is smoothed (ibid.: p / (2 + p)).
    const SMOOTHING: f64 = Self::TARGET / (2.0 + Self::TARGET);
    /// The first sigma: that of CMA-ES (Hansen 2016, appendix B.1).
    const SIGMA: f64 = 0.3;
    /// Between these sigma moves: below, steps vanish in the rounding of the coordinates; above, every step leaves the box.
    const SIGMA_RANGE: (f64, f64) = (1e-14, 1.0);
    /// Steps remembered until their children are judged. Broods of more than twice as many teach the length by all children and the shape by the latest.
    const WAITING: u64 = 256;

    /// A round cloud for so many variables.
    pub fn new(variables: usize) -> Self {
        let mut identity = vec![0.0; variables * variables];
        (0..variables).for_each(|place| identity[place * variables + place] = 1.0);
        CovarianceVariation {
            variables,
            sigma: Self::SIGMA,
            success: Self::TARGET,
            // Igel et al. 2007, table 1.
            rate: 2.0 / ((variables * variables) as f64 + 6.0),
            covariance: identity.clone(),
            factor: identity,
            stale: 0,
            steps: Vec::new(),
            next: 0,
        }
    }

    /// Length of the next steps, as a share of the ranges.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// The shape of the cloud, row by row: its covariance in units of sigma, in coordinates that are shares of the ranges.
    pub fn covariance(&self) -> &[f64] {
        &self.covariance
    }

    /// Draws the next step to its place in the ring.
    fn draw(&mut self, rng: &mut Rng) -> usize {
        let slot = (self.next % Self::WAITING) as usize;
        if slot == self.steps.len() {
            self.steps.push(Step { number: 0, moved: Vec::new() });
        }
        let count = self.variables;
        let Step { number, moved } = &mut self.steps[slot];
        *number = self.next;
        moved.clear();
        moved.extend((0..count).map(|_| rng.normal()));
        // From the last row up, so that what a row needs is still there.
        for row in (0..count).rev() {
            let factors = &self.factor[row * count..=row * count + row];
            moved[row] = factors.iter().zip(&moved[..=row]).map(|(factor, z)| factor * z).sum();
        }
        self.next += 1;
        slot
    }

    /// Adds a successful step to C.
    fn remember(&mut self, number: u64) {
        let Some(step) = self.steps.get((number % Self::WAITING) as usize).filter(|step| step.number == number) else { return };
        let count = self.variables;
        for row in 0..count {
            for column in 0..=row {
                let cell = &mut self.covariance[row * count + column];
                *cell = (1.0 - self.rate) * *cell + self.rate * step.moved[row] * step.moved[column];
                self.covariance[column * count + row] = self.covariance[row * count + column];
            }
        }
        self.stale += 1;
    }

    /// Brings A up to date when C has changed by a tenth of a degree of freedom (the rule of Hansen 2016, appendix B.2).
    fn refresh(&mut self) {
        if f64::from(self.stale) * self.rate * self.variables as f64 * 10.0 < 1.0 {
            return;
        }
        self.stale = 0;
        if let Some(factor) = cholesky(&self.covariance, self.variables) {
            self.factor = factor;
        } else {
            // Flat beyond the precision of numbers: it begins again, round.
            let round = Self::new(self.variables);
            (self.covariance, self.factor) = (round.covariance, round.factor);
        }
    }
}

impl<S: Reals> Variation<S> for CovarianceVariation {
    /// # Panics
    /// When the space has another number of coordinates than the cloud.
    fn vary(&mut self, space: &S, parents: [&Vec<f64>; 2], children: [&mut Vec<f64>; 2], rng: &mut Rng) -> Applied {
        assert_eq!(space.low().len(), self.variables, "a cloud has the coordinates of its space");
        self.refresh();
        let slot = self.draw(rng);
        let Step { number, moved } = &self.steps[slot];
        for ((parent, child), side) in parents.into_iter().zip(children).zip([self.sigma, -self.sigma]) {
            child.clone_from(parent);
            for (place, value) in child.iter_mut().enumerate() {
                let (low, high) = (space.low()[place], space.high()[place]);
                *value = (*value + side * moved[place] * (high - low)).clamp(low, high);
            }
        }
        Applied { operator: 0, parameters: [self.sigma, *number as f64] }
    }

    fn learn(&mut self, applied: Applied, survived: bool) {
        self.success += Self::SMOOTHING * (f64::from(u8::from(survived)) - self.success);
        // Igel et al. 2007, procedure 2, with the damping of table 1.
        let damping = 1.0 + 0.5 * self.variables as f64;
        let push = (self.success - Self::TARGET) / (damping * (1.0 - Self::TARGET));
        self.sigma = (self.sigma * libm::exp(push)).clamp(Self::SIGMA_RANGE.0, Self::SIGMA_RANGE.1);
        if survived {
            self.remember(applied.parameters[1] as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::{Algorithm, Evolution, standard};
    use crate::genome::{Bounds, Space};
    use crate::operators::Pipeline;
    use crate::operators::crossover::Uniform;
    use crate::operators::mutation::Gaussian;
    use crate::operators::selection::Tournament;
    use crate::problems::continuous::{Continuous, Function};
    use crate::random::Rng;
    use crate::run::checkpoint;
    use crate::scores::Measured;
    use crate::survival::Elitist;
    use hms_machine::Seed;
    use proptest::prelude::*;

    fn learn(cloud: &mut CovarianceVariation, applied: Applied, survived: bool) {
        Variation::<Bounds>::learn(cloud, applied, survived);
    }

    proptest! {
        /// One coordinate has no room, and parents may be equal: a population of one is a pair of twins.
        #[test]
        fn children_are_valid_and_repeatable_whatever_was_learned(seed: u64, verdicts: Vec<bool>, twins: bool) {
            let space = Bounds::new(vec![-1.0, 0.0, 5.0, -3.0], vec![1.0, 1e9, 5.0, -2.0]).unwrap();
            let mut rng = Rng::new(Seed(seed), 0);
            let mut cloud = CovarianceVariation::new(4);
            let (mut first, mut second) = (space.blank(), space.blank());
            space.sample(&mut first, &mut rng);
            space.sample(&mut second, &mut rng);
            if twins {
                second.clone_from(&first);
            }
            for verdict in verdicts {
                let run = |cloud: &CovarianceVariation| {
                    let (mut cloud, mut rng, mut one, mut other) = (cloud.clone(), rng.clone(), Vec::new(), Vec::new());
                    let applied = cloud.vary(&space, [&first, &second], [&mut one, &mut other], &mut rng);
                    (cloud, applied, one, other)
                };
                let (next, applied, one, other) = run(&cloud);
                prop_assert_eq!(&run(&cloud), &(next.clone(), applied, one.clone(), other.clone()));
                prop_assert!(space.contains(&one) && space.contains(&other), "{:?} {:?}", one, other);
                cloud = next;
                learn(&mut cloud, applied, verdict);
                prop_assert_eq!(&checkpoint::load::<CovarianceVariation>(&checkpoint::save(&cloud).unwrap()).unwrap(), &cloud);
                rng.next_u64();
            }
        }
    }

    /// Evaluations that a genetic algorithm with ten parents needs to come within 1e-6 of the optimum of ten variables; `None` after 30,000.
    fn needed(function: Function, variation: impl Variation<Bounds>, seed: u64) -> Option<u32> {
        let problem = Continuous { function, variables: 10 };
        let settings = standard::generational(10, 1);
        let mut search = Evolution::new(problem.bounds(), variation, Tournament { size: 2 }, Elitist, settings, Seed(seed));
        (1..=30_000).find(|_| {
            let asked = search.ask().unwrap();
            let (id, value) = (asked.id, problem.value(asked.genome));
            search.tell(id, Measured::feasible(&[value]));
            value < 1e-6
        })
    }

    /// The same cloud, which stays round.
    fn round() -> CovarianceVariation {
        CovarianceVariation { rate: 0.0, ..CovarianceVariation::new(10) }
    }

    /// Normal steps whose length follows success.
    fn gaussian() -> Pipeline<Uniform, Gaussian> {
        let mutation = Gaussian { rate: 1.0, sigma: 0.1, adaptation: 0.1 };
        Pipeline { crossover_rate: 0.0, crossover: Uniform, mutation }
    }

    #[test]
    fn a_long_valley_across_the_coordinates_is_found_by_its_shape_and_not_without() {
        for seed in 1..=3 {
            let learned = needed(Function::RotatedEllipsoid, CovarianceVariation::new(10), seed);
            assert!(learned.is_some_and(|count| count < 20_000), "{learned:?}");
            assert_eq!(needed(Function::RotatedEllipsoid, round(), seed), None);
            assert_eq!(needed(Function::RotatedEllipsoid, gaussian(), seed), None);
        }
    }

    #[test]
    fn where_there_is_no_shape_to_learn_learning_costs_little() {
        for seed in 1..=3 {
            let [learned, without] =
                [CovarianceVariation::new(10), round()].map(|cloud| needed(Function::Sphere, cloud, seed).unwrap());
            assert!(f64::from(learned) < 1.5 * f64::from(without), "{learned} {without}");
        }
    }

    #[test]
    fn steps_that_succeed_stretch_the_cloud_and_those_forgotten_do_not() {
        let (space, parent) = (Bounds::cube(2, -1e6, 1e6).unwrap(), vec![0.0; 2]);
        let mut rng = Rng::new(Seed(1), 0);
        let mut cloud = CovarianceVariation { sigma: 1e-3, ..CovarianceVariation::new(2) };
        let mut vary = |cloud: &mut CovarianceVariation| {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            let applied = cloud.vary(&space, [&parent; 2], [&mut one, &mut other], &mut rng);
            assert!(one.iter().zip(&other).all(|(a, b)| *a == -*b), "children of a pair go opposite ways");
            (applied, one)
        };
        let (first, _) = vary(&mut cloud);
        for _ in 0..400 {
            let (applied, child) = vary(&mut cloud);
            // Both coordinates together or not at all.
            learn(&mut cloud, applied, (child[0] - child[1]).abs() < 0.3 * (child[0] + child[1]).abs());
        }
        let covariance = cloud.covariance().to_vec();
        assert!(covariance[1] > 0.8 * (covariance[0] * covariance[3]).sqrt(), "{covariance:?}");
        assert_eq!(covariance[1], covariance[2]);
        learn(&mut cloud, first, true);
        assert_eq!(cloud.covariance(), covariance, "the first step is too long ago to be known");
    }

    #[test]
    fn the_step_rests_at_its_rate_of_success_and_stays_within_bounds() {
        let mut cloud = CovarianceVariation::new(3);
        let nothing = Applied { operator: 0, parameters: [0.0, 1e6] };
        let mut two_of_eleven = |children: u32| {
            (0..children).for_each(|child| learn(&mut cloud, nothing, child % 11 < 2));
            cloud.sigma()
        };
        let (before, after) = (two_of_eleven(1_100), two_of_eleven(5_500));
        assert!((after / before - 1.0).abs() < 1e-9, "{before} {after}");
        (0..2_000).for_each(|_| learn(&mut cloud, nothing, false));
        assert_eq!(cloud.sigma(), CovarianceVariation::SIGMA_RANGE.0);
        (0..2_000).for_each(|_| learn(&mut cloud, nothing, true));
        assert_eq!(cloud.sigma(), CovarianceVariation::SIGMA_RANGE.1);
    }
}
