//! WFG1–9: problems built from transformations and shapes.
//!
//! Huband, Hingston, Barone and While, "A review of multiobjective test problems and a scalable test problem toolkit", IEEE Transactions on Evolutionary Computation 10 (2006), tables VIII,
//! XIII and XIV. `position` variables choose the place on the front, `distance` variables the distance to it; variable i ranges from 0 to 2i. The front of WFG4–9 is the ellipsoid with half-axes 2, 4, 6 …

use std::f64::consts::PI;

use crate::genome::Bounds;
use crate::run::{Evaluation, Problem};

/// A problem of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wfg {
    number: u8,
    objectives: usize,
    position: usize,
    distance: usize,
}

impl Wfg {
    /// WFG`number` (1 to 9). `None` for other numbers, fewer than 2 objectives, position variables that are no multiple of `objectives − 1`, or an odd or zero number of
    /// distance variables.
    pub fn new(number: u8, objectives: usize, position: usize, distance: usize) -> Option<Self> {
        let sound = (1..=9).contains(&number)
            && objectives >= 2
            && position > 0
            && position.is_multiple_of(objectives - 1)
            && distance > 0
            && distance.is_multiple_of(2);
        sound.then_some(Wfg { number, objectives, position, distance })
    }

    /// Number of variables.
    pub const fn variables(self) -> usize {
        self.position + self.distance
    }

    /// Ranges of the variables.
    pub fn bounds(self) -> Bounds {
        let high = (1..=self.variables()).map(|place| 2.0 * place as f64).collect();
        Bounds::new(vec![0.0; self.variables()], high).expect("the ranges of the paper are ranges")
    }

    /// A genome on the front: the position variables are given as shares of their ranges.
    pub fn optimal(self, position: &[f64]) -> Vec<f64> {
        let n = self.variables();
        let mut z: Vec<f64> = position.iter().take(self.position).copied().collect();
        z.resize(n, 0.35);
        // The bias of a distance variable depends on the others: undo it, so that the biased value is 0.35.
        let unbiased = |u: f64| {
            let v = 0.98 / 49.98 - (1.0 - 2.0 * u) * ((0.5 - u).floor() + 0.98 / 49.98).abs();
            libm::pow(0.35, 1.0 / (0.02 + 49.98 * v))
        };
        match self.number {
            8 => (self.position..n).for_each(|place| z[place] = unbiased(mean(&z[..place]))),
            9 => (self.position..n - 1).rev().for_each(|place| z[place] = unbiased(mean(&z[place + 1..]))),
            _ => {}
        }
        z.iter().enumerate().map(|(place, share)| share * 2.0 * (place as f64 + 1.0)).collect()
    }

    /// Pushes the objectives of a genome.
    pub fn objectives_of(self, genome: &[f64], objectives: &mut Vec<f64>) {
        let z: Vec<f64> = genome.iter().enumerate().map(|(place, value)| unit(value / (2.0 * (place as f64 + 1.0)))).collect();
        let t = self.transform(z);
        let last = t[self.objectives - 1];
        let degenerate = self.number == 3;
        let position = |place: usize| {
            let slack = if degenerate && place > 0 { 0.0 } else { 1.0 };
            last.max(slack) * (t[place] - 0.5) + 0.5
        };
        let x: Vec<f64> = (0..self.objectives - 1).map(position).collect();
        for objective in 0..self.objectives {
            objectives.push(last + 2.0 * (objective as f64 + 1.0) * self.shape(objective, &x));
        }
    }

    fn transform(self, z: Vec<f64>) -> Vec<f64> {
        let k = self.position;
        match self.number {
            1 => {
                let mut y = self.on_distance(z, |value| s_linear(value, 0.35));
                y = self.on_distance(y, |value| b_flat(value, 0.8, 0.75, 0.85));
                y.iter_mut().for_each(|value| *value = unit(libm::pow(*value, 0.02)));
                self.reduce(&y, |part, first| {
                    let weights = (0..part.len()).map(|place| 2.0 * (first + place) as f64 + 2.0);
                    let (sum, total) = part.iter().zip(weights).fold((0.0, 0.0), |(s, t), (y, w)| (s + w * y, t + w));
                    sum / total
                })
            }
            2 | 3 => {
                let y = self.on_distance(z, |value| s_linear(value, 0.35));
                let mut halved = y[..k].to_vec();
                halved.extend(y[k..].chunks_exact(2).map(|pair| r_nonsep(pair, 2)));
                self.reduce(&halved, |part, _| mean(part))
            }
            4 => {
                let y: Vec<f64> = z.iter().map(|value| s_multi(*value, 30.0, 10.0, 0.35)).collect();
                self.reduce(&y, |part, _| mean(part))
            }
            5 => {
                let y: Vec<f64> = z.iter().map(|value| s_deceptive(*value, 0.35, 0.001, 0.05)).collect();
                self.reduce(&y, |part, _| mean(part))
            }
            6 => {
                let y = self.on_distance(z, |value| s_linear(value, 0.35));
                self.reduce(&y, |part, _| r_nonsep(part, part.len()))
            }
            7 => {
                let biased = |place: usize| if place < k { b_param(z[place], mean(&z[place + 1..])) } else { z[place] };
                let y = (0..z.len()).map(biased).collect();
                let y = self.on_distance(y, |value| s_linear(value, 0.35));
                self.reduce(&y, |part, _| mean(part))
            }
            8 => {
                let biased = |place: usize| if place < k { z[place] } else { b_param(z[place], mean(&z[..place])) };
                let y = (0..z.len()).map(biased).collect();
                let y = self.on_distance(y, |value| s_linear(value, 0.35));
                self.reduce(&y, |part, _| mean(part))
            }
            _ => {
                let last = z.len() - 1;
                let biased = |place: usize| if place < last { b_param(z[place], mean(&z[place + 1..])) } else { z[place] };
                let y: Vec<f64> = (0..z.len()).map(biased).collect();
                let moved = |(place, value): (usize, &f64)| {
                    if place < k { s_deceptive(*value, 0.35, 0.001, 0.05) } else { s_multi(*value, 30.0, 95.0, 0.35) }
                };
                let y: Vec<f64> = y.iter().enumerate().map(moved).collect();
                self.reduce(&y, |part, _| r_nonsep(part, part.len()))
            }
        }
    }

    fn on_distance(self, mut z: Vec<f64>, change: impl Fn(f64) -> f64) -> Vec<f64> {
        z[self.position..].iter_mut().for_each(|value| *value = change(*value));
        z
    }

    /// One number per objective: groups of position variables, then all that follows. `join` hears where its group begins.
    fn reduce(self, y: &[f64], join: impl Fn(&[f64], usize) -> f64) -> Vec<f64> {
        let group = self.position / (self.objectives - 1);
        let mut t: Vec<f64> =
            y[..self.position].chunks_exact(group).enumerate().map(|(part, values)| join(values, part * group)).collect();
        t.push(join(&y[self.position..], self.position));
        t
    }

    fn shape(self, objective: usize, x: &[f64]) -> f64 {
        let last = self.objectives - 1;
        let kept = last - objective;
        match self.number {
            1 | 2 => {
                if objective == last {
                    if self.number == 1 {
                        return unit(1.0 - x[0] - libm::cos(10.0 * PI * x[0] + PI / 2.0) / (10.0 * PI));
                    }
                    let wave = libm::cos(5.0 * x[0] * PI);
                    return unit(1.0 - x[0] * wave * wave);
                }
                let product: f64 = x[..kept].iter().map(|x| 1.0 - libm::cos(x * PI / 2.0)).product();
                unit(if objective == 0 { product } else { product * (1.0 - libm::sin(x[kept] * PI / 2.0)) })
            }
            3 => {
                let product: f64 = x[..kept].iter().product();
                unit(if objective == 0 { product } else { product * (1.0 - x[kept]) })
            }
            _ => {
                let product: f64 = x[..kept].iter().map(|x| libm::sin(x * PI / 2.0)).product();
                unit(if objective == 0 { product } else { product * libm::cos(x[kept] * PI / 2.0) })
            }
        }
    }
}

/// Rounding must not leave the unit interval.
fn unit(value: f64) -> f64 {
    value.clamp(0.0, 1.0)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn s_linear(y: f64, a: f64) -> f64 {
    unit((y - a).abs() / ((a - y).floor() + a).abs())
}

fn s_deceptive(y: f64, a: f64, b: f64, c: f64) -> f64 {
    let below = (y - a + b).floor() * (1.0 - c + (a - b) / b) / (a - b);
    let above = (a + b - y).floor() * (1.0 - c + (1.0 - a - b) / b) / (1.0 - a - b);
    unit(1.0 + ((y - a).abs() - b) * (below + above + 1.0 / b))
}

fn s_multi(y: f64, a: f64, b: f64, c: f64) -> f64 {
    let scaled = (y - c).abs() / (2.0 * ((c - y).floor() + c));
    let waves = libm::cos((4.0 * a + 2.0) * PI * (0.5 - scaled));
    unit((1.0 + waves + 4.0 * b * scaled * scaled) / (b + 2.0))
}

fn b_flat(y: f64, a: f64, b: f64, c: f64) -> f64 {
    let low = (y - b).floor().min(0.0) * (a * (b - y) / b);
    let high = (c - y).floor().min(0.0) * ((1.0 - a) * (y - c) / (1.0 - c));
    unit(a + low - high)
}

/// Bias by other variables, with the constants 0.98/49.98, 0.02 and 50 of the paper.
fn b_param(y: f64, u: f64) -> f64 {
    let a = 0.98 / 49.98;
    let v = a - (1.0 - 2.0 * u) * ((0.5 - u).floor() + a).abs();
    unit(libm::pow(y, 0.02 + (50.0 - 0.02) * v))
}

fn r_nonsep(y: &[f64], degree: usize) -> f64 {
    let count = y.len();
    let term = |j: usize| {
        let others: f64 = (0..degree - 1).map(|k| (y[j] - y[(j + k + 1) % count]).abs()).sum();
        y[j] + others
    };
    let sum: f64 = (0..count).map(term).sum();
    let half = degree.div_ceil(2) as f64;
    unit(sum / (count as f64 * half * (1.0 + 2.0 * degree as f64 - 2.0 * half) / degree as f64))
}

impl Problem for Wfg {
    type Genome = Vec<f64>;

    fn objectives(&self) -> usize {
        self.objectives
    }

    fn evaluate(&self, genome: &Vec<f64>, evaluation: &mut Evaluation) {
        self.objectives_of(genome, &mut evaluation.objectives);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Space;
    use crate::random::Rng;
    use hms_machine::Seed;

    fn objectives(problem: Wfg, genome: &[f64]) -> Vec<f64> {
        let mut objectives = Vec::new();
        problem.objectives_of(genome, &mut objectives);
        objectives
    }

    /// Where a point lies relative to the ellipsoid with half-axes 2, 4, 6: 1 on it.
    fn radius(point: &[f64]) -> f64 {
        point
            .iter()
            .enumerate()
            .map(|(place, value)| value / (2.0 * (place as f64 + 1.0)))
            .map(|part| part * part)
            .sum::<f64>()
            .sqrt()
    }

    #[test]
    fn optimal_genomes_of_the_concave_problems_lie_on_the_ellipsoid() {
        for number in 4..=9 {
            let problem = Wfg::new(number, 3, 4, 6).unwrap();
            for position in [[0.1, 0.9, 0.4, 0.6], [0.5; 4], [0.35, 0.2, 0.8, 0.7]] {
                let point = objectives(problem, &problem.optimal(&position));
                assert!((radius(&point) - 1.0).abs() < 1e-6, "WFG{number} {point:?}");
            }
        }
    }

    #[test]
    fn nothing_lies_below_the_ellipsoid() {
        let mut rng = Rng::new(Seed(1), 0);
        for number in 4..=9 {
            let problem = Wfg::new(number, 3, 4, 6).unwrap();
            let mut genome = problem.bounds().blank();
            for _ in 0..500 {
                problem.bounds().sample(&mut genome, &mut rng);
                let point = objectives(problem, &genome);
                assert!(radius(&point) > 1.0 - 1e-9, "WFG{number}");
                assert!(point.iter().all(|value| value.is_finite()));
            }
        }
    }

    #[test]
    fn the_degenerate_front_is_a_line() {
        let problem = Wfg::new(3, 3, 2, 4).unwrap();
        for share in [0.0, 0.3, 1.0] {
            let point = objectives(problem, &problem.optimal(&[share, 0.7]));
            // On the front x2 is 1/2: f1 = x, f2 = 2x, f3 = 6 (1 − x).
            let expected = [share, 2.0 * share, 6.0 * (1.0 - share)];
            assert!(point.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{point:?}");
        }
    }

    #[test]
    fn transformations_have_the_values_of_their_definitions() {
        assert_eq!((s_linear(0.35, 0.35), s_linear(0.0, 0.35), s_linear(1.0, 0.35)), (0.0, 1.0, 1.0));
        assert!(s_multi(0.35, 30.0, 10.0, 0.35) < 1e-9 && (s_multi(1.0, 30.0, 10.0, 0.35) - 1.0).abs() < 1e-9);
        assert!(s_deceptive(0.35, 0.35, 0.001, 0.05) < 1e-9 && (s_deceptive(0.0, 0.35, 0.001, 0.05) - 0.05).abs() < 1e-9);
        assert!((b_flat(0.8, 0.8, 0.75, 0.85) - 0.8).abs() < 1e-12 && b_flat(0.0, 0.8, 0.75, 0.85) < 1e-12);
        assert!((r_nonsep(&[1.0, 0.0], 2) - 1.0).abs() < 1e-12 && r_nonsep(&[0.0, 0.0], 2) == 0.0);
        assert_eq!(Wfg::new(4, 3, 3, 4), None);
        assert_eq!(Wfg::new(4, 3, 2, 3), None);
    }
}
