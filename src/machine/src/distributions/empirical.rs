//! Laws given by data.

use std::sync::Arc;

use super::error::{DistributionError, finite, total_weight};
use super::family::{Family, Weighted};

/// How a law is made of observed values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// Only observed values occur, each with the share of its weight: resampling.
    Steps,
    /// Values between neighbouring observations occur too: the cumulative distribution is a straight line from each sorted
    /// observation to the next, over which half of the weight of either lies. With equal weights this inverts to the quantile
    /// of type 7 of Hyndman and Fan (1996), the default of R and numpy. Equal observations keep their weight in one point.
    Linear,
}

/// A law given by observed values and their weights. Cloning it shares the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Empirical {
    interpolation: Interpolation,
    table: Arc<[Knot]>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Knot {
    value: f64,
    /// P(X ≤ value), as reached when knots are passed in order: equal values in a linear table make a jump.
    cumulative: f64,
}

/// Part of the law: a point, or a line over which `mass` is spread evenly.
struct Piece {
    from: f64,
    to: f64,
    mass: f64,
}

impl Empirical {
    pub(super) fn new(mut points: Vec<Weighted<f64>>, interpolation: Interpolation) -> Result<Self, DistributionError> {
        const LAW: &str = "empirical";
        let needed = match interpolation {
            Interpolation::Steps => 1,
            Interpolation::Linear => 2,
        };
        if points.len() < needed {
            return Err(DistributionError::TooFew { law: LAW, given: points.len(), needed });
        }
        for point in &mut points {
            point.item = finite(LAW, "value", point.item)?;
        }
        total_weight(LAW, points.iter().map(|point| point.weight))?;
        points.sort_by(|a, b| a.item.total_cmp(&b.item));
        let mut table: Vec<Knot> = match interpolation {
            Interpolation::Steps => steps(&points),
            Interpolation::Linear => line(&points),
        };
        let total = table.last().expect("at least one point").cumulative;
        if total <= 0.0 {
            return Err(DistributionError::Weightless { law: LAW, total });
        }
        table.iter_mut().for_each(|knot| knot.cumulative /= total);
        Ok(Empirical { interpolation, table: table.into() })
    }

    /// How values between the observed ones are treated.
    pub fn interpolation(&self) -> Interpolation {
        self.interpolation
    }

    fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        let steps = self.interpolation == Interpolation::Steps;
        let previous = std::iter::once(None).chain(self.table.iter().map(Some));
        previous.zip(self.table.iter()).map(move |(previous, knot)| match previous {
            None => Piece { from: knot.value, to: knot.value, mass: knot.cumulative },
            Some(before) => {
                let from = if steps { knot.value } else { before.value };
                Piece { from, to: knot.value, mass: knot.cumulative - before.cumulative }
            }
        })
    }

    /// The sum over all pieces of the mass within the bounds times the mean of `integral` over it; `integral` maps a line's two
    /// ends to the mean of the integrand over it.
    fn partial(&self, low: f64, high: f64, integral: impl Fn(f64, f64) -> f64) -> f64 {
        let clipped = self.pieces().filter_map(|piece| {
            let (from, to) = (piece.from.max(low), piece.to.min(high));
            if from > to || piece.mass == 0.0 {
                return None;
            }
            let share = if piece.to > piece.from { (to - from) / (piece.to - piece.from) } else { 1.0 };
            Some(piece.mass * share * integral(from, to))
        });
        clipped.sum()
    }

    /// The cumulative probability at `x`, which lies between knots `index - 1` and `index`.
    fn cumulative_before(&self, index: usize, x: f64) -> f64 {
        if index == 0 {
            return 0.0;
        }
        let before = self.table[index - 1];
        match (self.interpolation, self.table.get(index)) {
            (Interpolation::Steps, _) | (Interpolation::Linear, None) => before.cumulative,
            (Interpolation::Linear, Some(after)) => {
                before.cumulative + (after.cumulative - before.cumulative) * ((x - before.value) / (after.value - before.value))
            }
        }
    }
}

impl Family for Empirical {
    fn support(&self) -> (f64, f64) {
        (self.table[0].value, self.table[self.table.len() - 1].value)
    }

    fn mean(&self) -> f64 {
        self.partial_mean(f64::NEG_INFINITY, f64::INFINITY)
    }

    fn variance(&self) -> f64 {
        self.partial_square(self.mean(), f64::NEG_INFINITY, f64::INFINITY)
    }

    fn cdf(&self, x: f64) -> f64 {
        self.cumulative_before(self.table.partition_point(|knot| knot.value <= x), x)
    }

    fn cdf_below(&self, x: f64) -> f64 {
        self.cumulative_before(self.table.partition_point(|knot| knot.value < x), x)
    }

    fn quantile(&self, p: f64) -> f64 {
        let index = self.table.partition_point(|knot| knot.cumulative < p).min(self.table.len() - 1);
        let after = self.table[index];
        if index == 0 || self.interpolation == Interpolation::Steps {
            return after.value;
        }
        let before = self.table[index - 1];
        let share = (p - before.cumulative) / (after.cumulative - before.cumulative);
        (before.value + share * (after.value - before.value)).min(after.value)
    }

    fn log_density(&self, _x: f64) -> Option<f64> {
        None
    }

    fn partial_mean(&self, low: f64, high: f64) -> f64 {
        self.partial(low, high, |from, to| 0.5 * from + 0.5 * to)
    }

    fn partial_square(&self, centre: f64, low: f64, high: f64) -> f64 {
        self.partial(low, high, |from, to| {
            let (from, to) = (from - centre, to - centre);
            (from * from + from * to + to * to) / 3.0
        })
    }

    fn scaled(&self, factor: f64) -> Result<Self, DistributionError> {
        let scaled = self.table.iter().map(|knot| {
            let value = finite("empirical", "value", knot.value * factor)?;
            Ok(Knot { value, ..*knot })
        });
        Ok(Empirical { interpolation: self.interpolation, table: scaled.collect::<Result<Vec<_>, _>>()?.into() })
    }
}

/// One knot per distinct value of positive weight.
fn steps(points: &[Weighted<f64>]) -> Vec<Knot> {
    let mut table: Vec<Knot> = Vec::with_capacity(points.len());
    let mut cumulative = 0.0;
    for point in points.iter().filter(|point| point.weight > 0.0) {
        cumulative += point.weight;
        match table.last_mut() {
            Some(last) if last.value == point.item => last.cumulative = cumulative,
            _ => table.push(Knot { value: point.item, cumulative }),
        }
    }
    table
}

/// One knot per point; between two of them lies half the weight of either.
fn line(points: &[Weighted<f64>]) -> Vec<Knot> {
    let mut cumulative = 0.0;
    let mut table = vec![Knot { value: points[0].item, cumulative }];
    for pair in points.windows(2) {
        cumulative += 0.5 * pair[0].weight + 0.5 * pair[1].weight;
        table.push(Knot { value: pair[1].item, cumulative });
    }
    table
}
