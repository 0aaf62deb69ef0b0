//! Lists of variable length, whose elements come from another space.

use serde::{Deserialize, Serialize};

use super::Space;
use crate::random::Rng;

/// Lists of `length_min..=length_max` elements, each a genome of `element`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lists<E> {
    element: E,
    length_min: usize,
    length_max: usize,
}

impl<E: Space> Lists<E> {
    /// Lists of these lengths; `None` if the shortest is longer than the longest.
    pub fn new(element: E, length_min: usize, length_max: usize) -> Option<Self> {
        (length_min <= length_max).then_some(Lists { element, length_min, length_max })
    }

    /// Where elements come from.
    pub fn element(&self) -> &E {
        &self.element
    }

    /// Shortest and longest length.
    pub fn lengths(&self) -> (usize, usize) {
        (self.length_min, self.length_max)
    }

    /// A random element.
    pub fn sample_element(&self, rng: &mut Rng) -> E::Genome {
        let mut element = self.element.blank();
        self.element.sample(&mut element, rng);
        element
    }
}

impl<E: Space> Space for Lists<E> {
    type Genome = Vec<E::Genome>;

    fn blank(&self) -> Self::Genome {
        vec![self.element.blank(); self.length_min]
    }

    fn sample(&self, genome: &mut Self::Genome, rng: &mut Rng) {
        let length = self.length_min + rng.below(self.length_max - self.length_min + 1);
        genome.clear();
        genome.extend((0..length).map(|_| self.sample_element(rng)));
    }

    fn contains(&self, genome: &Self::Genome) -> bool {
        let (least, most) = self.lengths();
        (least..=most).contains(&genome.len()) && genome.iter().all(|element| self.element.contains(element))
    }

    fn repair(&self, genome: &mut Self::Genome, rng: &mut Rng) {
        genome.truncate(self.length_max);
        genome.iter_mut().for_each(|element| self.element.repair(element, rng));
        while genome.len() < self.length_min {
            genome.push(self.sample_element(rng));
        }
    }

    fn distance(&self, first: &Self::Genome, second: &Self::Genome) -> f64 {
        let longer = first.len().max(second.len());
        let lonely = longer - first.len().min(second.len());
        let paired: f64 = first.iter().zip(second).map(|(a, b)| self.element.distance(a, b)).sum();
        if longer == 0 { 0.0 } else { (paired + lonely as f64) / longer as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::checks::check_space;
    use crate::genome::{Bounds, Categories};

    #[test]
    fn lists_keep_the_rules_of_spaces() {
        check_space(&Lists::new(Categories::new(vec![4]).unwrap(), 0, 6).unwrap(), 1);
        check_space(&Lists::new(Bounds::cube(2, 0.0, 1.0).unwrap(), 3, 3).unwrap(), 2);
        assert!(Lists::new(Bounds::cube(2, 0.0, 1.0).unwrap(), 3, 2).is_none());
    }
}
