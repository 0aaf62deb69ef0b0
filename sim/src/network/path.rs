//! What a message meets by distance alone: latency, loss, duplication, reordering, damage.

use hms_machine::{Distribution, Duration, Ratio};
use hms_scenario::model::{LatencyMatrix, Loss, Network, Path};

use super::bandwidth::Limit;
use super::draws::{Draws, Part};
use super::links::Link;
use super::loss;
use crate::cluster::topology::Distance;

/// The five paths of a network and the matrix between its regions.
#[derive(Debug)]
pub(super) struct Paths {
    /// Indexed by [`Distance`].
    paths: [PathModel; Distance::ALL.len()],
    matrix: Option<Matrix>,
}

#[derive(Debug)]
pub(super) struct PathModel {
    path: Path,
    /// No loss, duplication, reordering or damage: nothing to draw for but the latency.
    plain: bool,
}

/// What befalls one message on its path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Luck {
    pub(super) lost: bool,
    pub(super) duplicated: bool,
    pub(super) reordered: bool,
    pub(super) corrupt: bool,
}

impl Paths {
    pub(super) fn new(network: &Network) -> Self {
        let Network { host, rack, zone, region, wan, matrix } = network;
        let paths = [host, rack, zone, region, wan].map(|path| PathModel { path: path.clone(), plain: is_plain(path) });
        Paths { paths, matrix: matrix.as_ref().map(Matrix::new) }
    }

    #[inline]
    pub(super) fn at(&self, distance: Distance) -> &PathModel {
        &self.paths[distance as usize]
    }

    /// One-way latency; `regions` are those of sender and receiver.
    #[inline]
    pub(super) fn latency(&self, distance: Distance, regions: (usize, usize), draws: &Draws<'_>, part: Part) -> Duration {
        let mut draw = draws.of(part);
        match &self.matrix {
            Some(matrix) if distance == Distance::Wan => {
                let pair = matrix.pair(regions);
                pair.base.saturating_add(pair.jitter.sample_duration(&mut draw))
            }
            _ => self.at(distance).path.latency.sample_duration(&mut draw),
        }
    }
}

impl PathModel {
    /// Every question has its word of the draw, asked or not; see [`Part::Fate`].
    #[inline]
    pub(super) fn luck(&self, link: &mut Link, draws: &Draws<'_>) -> Luck {
        if self.plain {
            return Luck::default();
        }
        let mut draw = draws.of(Part::Fate);
        Luck {
            lost: loss::loses(&self.path.loss, link, &mut draw),
            duplicated: draw.chance(self.path.duplicate),
            reordered: draw.chance(self.path.reorder.chance),
            corrupt: draw.chance(self.path.corrupt),
        }
    }

    /// How long a reordered message is held back.
    pub(super) fn hold(&self, draws: &Draws<'_>) -> Duration {
        self.path.reorder.hold.sample_duration(&mut draws.of(Part::Hold))
    }

    /// The sender's limit, with the bandwidth that a throttle leaves.
    pub(super) fn limit(&self, throttle: Option<u64>) -> Option<Limit> {
        let rate = match (self.path.bandwidth, throttle) {
            (Some(base), Some(throttle)) => base.min(throttle),
            (Some(rate), None) | (None, Some(rate)) => rate,
            (None, None) => return None,
        };
        Some(Limit { rate: rate.max(1), queue: self.path.queue })
    }
}

fn is_plain(path: &Path) -> bool {
    path.loss == Loss::Bernoulli(Ratio::ZERO)
        && path.duplicate.is_zero()
        && path.reorder.chance.is_zero()
        && path.corrupt.is_zero()
}

/// One-way latency between regions: a base by geography and routing, and an exponential jitter for the queues on the way.
#[derive(Debug)]
struct Matrix {
    regions: usize,
    /// `from × regions + to`.
    pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Pair {
    base: Duration,
    jitter: Distribution,
}

impl Matrix {
    fn new(matrix: &LatencyMatrix) -> Self {
        let regions = matrix.base.len();
        let pairs = matrix
            .base
            .iter()
            .flatten()
            .zip(matrix.jitter.iter().flatten())
            .map(|(&base, jitter)| Pair { base, jitter: exponential(*jitter) })
            .collect::<Vec<_>>();
        assert_eq!(pairs.len(), regions * regions, "the latency matrix is not square");
        Matrix { regions, pairs }
    }

    fn pair(&self, (from, to): (usize, usize)) -> &Pair {
        &self.pairs[from * self.regions + to]
    }
}

fn exponential(mean: Duration) -> Distribution {
    if mean.is_zero() {
        return Distribution::ZERO;
    }
    Distribution::exponential(mean.as_nanos() as f64).expect("a mean above zero is valid")
}
