//! Which of several variations makes a child, and who is told how it fared.

use std::cell::RefCell;
use std::rc::Rc;

use hms_machine::Seed;
use proptest::prelude::*;

use super::*;
use crate::genome::{Booleans, Bounds};
use crate::operators::mutation::Flip;
use crate::random::Rng;

/// Makes children that carry its mark, and writes down what it hears beside it.
#[derive(Clone, Debug, Default)]
struct Marking {
    mark: f64,
    heard: Rc<RefCell<Vec<(f64, u16, bool)>>>,
}

impl Variation<Bounds> for Marking {
    fn vary(&mut self, _space: &Bounds, _parents: [&Vec<f64>; 2], children: [&mut Vec<f64>; 2], _rng: &mut Rng) -> Applied {
        children.into_iter().for_each(|child| *child = vec![self.mark]);
        Applied { operator: 0, parameters: [self.mark, -self.mark] }
    }

    fn learn(&mut self, applied: Applied, survived: bool) {
        self.heard.borrow_mut().push((self.mark, applied.operator, survived));
    }
}

fn marking() -> Adaptive<Marking> {
    let first = Marking::default();
    Adaptive::new([0.0, 1.0, 2.0].map(|mark| Marking { mark, ..first.clone() }).to_vec(), Credit::AdaptivePursuit)
}

/// Varies once; the mark of the children and what is said of them.
fn vary(adaptive: &mut Adaptive<Marking>, rng: &mut Rng) -> (f64, Applied) {
    let space = Bounds::cube(1, 0.0, 9.0).unwrap();
    let (parent, mut first, mut second) = (vec![5.0], vec![5.0], vec![5.0]);
    let applied = adaptive.vary(&space, [&parent, &parent], [&mut first, &mut second], rng);
    assert_eq!(first, second, "one variation makes both");
    (first[0], applied)
}

proptest! {
    #[test]
    fn children_are_made_by_the_variation_that_is_named(seed: u64) {
        let (mut adaptive, mut rng) = (marking(), Rng::new(Seed(seed), 0));
        for _ in 0..20 {
            let again = vary(&mut adaptive.clone(), &mut rng.clone());
            let (mark, applied) = vary(&mut adaptive, &mut rng);
            prop_assert_eq!((mark, applied), again);
            prop_assert_eq!((f64::from(applied.operator), applied.parameters), (mark, [mark, -mark]));
        }
    }

    #[test]
    fn shares_stay_shares_whatever_happens(outcomes in prop::collection::vec((0u16..3, any::<bool>()), 0..300), matching: bool) {
        let credit = if matching { Credit::ProbabilityMatching } else { Credit::AdaptivePursuit };
        let mut adaptive = Adaptive::new(vec![Marking::default(); 3], credit);
        for (operator, survived) in outcomes {
            adaptive.learn(Applied { operator, ..Applied::default() }, survived);
        }
        let shares = adaptive.shares();
        prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{:?}", shares);
        prop_assert!(shares.iter().all(|&share| share >= 0.1 / 3.0 - 1e-12), "{:?}", shares);
    }

    #[test]
    fn a_flip_that_must_happen_does_at_every_rate(seed: u64, rate in 0.0f64..=1.0, length in 1usize..40) {
        let (space, mut rng) = (Booleans { length }, Rng::new(Seed(seed), 0));
        let mut genome = vec![false; length];
        let again = {
            let mut genome = genome.clone();
            Flip { rate, at_least_one: true }.mutate(&space, &mut genome, &mut rng.clone());
            genome
        };
        Flip { rate, at_least_one: true }.mutate(&space, &mut genome, &mut rng);
        prop_assert!(genome.contains(&true) && genome.len() == length);
        prop_assert_eq!(genome, again);
    }
}

#[test]
fn variations_are_used_by_their_shares_and_only_the_one_used_learns() {
    let first = Marking::default();
    let marked = [0.0, 1.0, 2.0].map(|mark| Marking { mark, ..first.clone() });
    let (mut adaptive, mut rng) = (Adaptive::new(marked.to_vec(), Credit::AdaptivePursuit), Rng::new(Seed(1), 0));
    for _ in 0..50 {
        adaptive.learn(Applied { operator: 1, parameters: [0.0; 2] }, true);
    }
    let shares = adaptive.shares().to_vec();
    let mut used = [0.0; 3];
    for _ in 0..20_000 {
        used[usize::from(vary(&mut adaptive, &mut rng).1.operator)] += 1.0 / 20_000.0;
    }
    assert!(used.iter().zip(&shares).all(|(used, share)| (used - share).abs() < 0.01), "{used:?} {shares:?}");
    // The variation hears the outcome under its own numbering, in which it stands alone.
    assert_eq!(*first.heard.borrow(), vec![(1.0, 0, true); 50]);
}

#[test]
fn a_flip_of_no_switches_changes_nothing() {
    let mut genome = Vec::new();
    Flip { rate: 0.5, at_least_one: true }.mutate(&Booleans { length: 0 }, &mut genome, &mut Rng::new(Seed(1), 0));
    assert!(genome.is_empty());
}
