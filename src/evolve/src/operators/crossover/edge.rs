//! Edge recombination, ERX: children use neighbourhoods of both parents wherever they can.
//!
//! Whitley, Starkweather and Fuquay, "Scheduling problems and traveling salesmen: the genetic edge recombination operator", ICGA 3 (1989). Keeps edges of a ring.

use serde::{Deserialize, Serialize};

use super::super::Crossover;
use crate::genome::Permutations;
use crate::random::Rng;

/// ERX; the two children differ in where they start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeRecombination;

impl Crossover<Permutations> for EdgeRecombination {
    fn cross(&mut self, space: &Permutations, first: &mut Vec<u32>, second: &mut Vec<u32>, rng: &mut Rng) {
        if space.length < 2 {
            return;
        }
        let mut edges = vec![Vec::with_capacity(4); space.length];
        for parent in [&*first, &*second] {
            for place in 0..parent.len() {
                let (a, b) = (parent[place], parent[(place + 1) % parent.len()]);
                for (from, to) in [(a, b), (b, a)] {
                    if !edges[from as usize].contains(&to) {
                        edges[from as usize].push(to);
                    }
                }
            }
        }
        let starts = [first[0], second[0]];
        *first = walk(edges.clone(), starts[0], rng);
        *second = walk(edges, starts[1], rng);
    }
}

fn walk(mut edges: Vec<Vec<u32>>, start: u32, rng: &mut Rng) -> Vec<u32> {
    let mut open: Vec<u32> = (0..edges.len() as u32).filter(|&thing| thing != start).collect();
    let mut child = vec![start];
    let mut here = start;
    while !open.is_empty() {
        let neighbours = std::mem::take(&mut edges[here as usize]);
        for &other in &neighbours {
            edges[other as usize].retain(|&thing| thing != here);
        }
        // The neighbour with the fewest edges left, ties at random; a random thing when there is none.
        let fewest = neighbours.iter().map(|&other| edges[other as usize].len()).min();
        here = match fewest {
            Some(fewest) => {
                let best: Vec<u32> = neighbours.iter().copied().filter(|&other| edges[other as usize].len() == fewest).collect();
                best[rng.below(best.len())]
            }
            None => open[rng.below(open.len())],
        };
        open.retain(|&thing| thing != here);
        child.push(here);
    }
    child
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Space;
    use crate::operators::checks::check_crossover;
    use crate::random::Rng;
    use hms_machine::Seed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_orders_and_repeatable(seed: u64, length in 0usize..30) {
            check_crossover(&Permutations { length }, &EdgeRecombination, true, seed);
        }
    }

    #[test]
    fn almost_every_edge_comes_from_a_parent() {
        let space = Permutations { length: 40 };
        let mut rng = Rng::new(Seed(1), 0);
        let (mut first, mut second) = (space.blank(), space.blank());
        space.sample(&mut first, &mut rng);
        space.sample(&mut second, &mut rng);
        let (mut child, mut other) = (first.clone(), second.clone());
        EdgeRecombination.cross(&space, &mut child, &mut other, &mut rng);
        let edge = |route: &[u32], a: u32, b: u32| {
            (0..40).any(|place| {
                let pair = [route[place], route[(place + 1) % 40]];
                pair == [a, b] || pair == [b, a]
            })
        };
        let foreign = (0..40).filter(|&place| {
            let (a, b) = (child[place], child[(place + 1) % 40]);
            !edge(&first, a, b) && !edge(&second, a, b)
        });
        assert!(foreign.count() <= 4);
    }
}
