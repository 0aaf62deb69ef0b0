//! Paths by distance, and the matrix between regions.

use hms_dataset::rtt::{Rtt, RttMatrix};
use hms_machine::{Duration, Ratio};

use super::Resolver;
use crate::defaults;
use crate::file;
use crate::model;
use crate::place::Place;
use crate::problem::Problem;
use crate::quantity::{Share, Time};

impl Resolver<'_> {
    pub(super) fn network(&mut self, network: file::Network, cluster: &model::Cluster, place: &Place) -> model::Network {
        let file::Network { latency, loss, duplicate, reorder, corrupt, bandwidth, queue, host, rack, zone, region, wan, matrix } =
            network;
        let general = file::Path { latency, loss, duplicate, reorder, corrupt, bandwidth, queue };
        // The general keys are checked once, where they stand.
        self.path(general.clone(), place);
        let mut between = |path: file::Path, distance: file::Path, key: &'static str| {
            self.path(path.clone(), &place.key(key));
            let told = self.report.len();
            let made = self.path(above(above(path, &general), &distance), place);
            self.report.truncate(told);
            made
        };
        let rack = between(rack, defaults::path_rack(), "rack");
        let zone = between(zone, defaults::path_zone(), "zone");
        let region = between(region, defaults::path_region(), "region");
        let wan = between(wan, defaults::path_wan(), "wan");
        let host = self.path(above(host, &defaults::path_host()), &place.key("host"));
        let matrix = matrix.and_then(|matrix| self.matrix(matrix, &cluster.regions, &place.key("matrix")));
        model::Network { host, rack, zone, region, wan, matrix }
    }

    fn path(&mut self, path: file::Path, place: &Place) -> model::Path {
        let file::Path { latency, loss, duplicate, reorder, corrupt, bandwidth, queue } = path;
        let loss = match loss {
            None => model::Loss::Bernoulli(Ratio::ZERO),
            Some(file::Loss::Share(share)) => model::Loss::Bernoulli(share.0),
            Some(file::Loss::Table(file::LossTable::GilbertElliott { enter, leave, good, bad })) => {
                model::Loss::GilbertElliott { enter: enter.0, leave: leave.0, good: good.0, bad: bad.0 }
            }
        };
        let reorder = reorder.unwrap_or_else(|| file::Reorder { chance: Share::default(), hold: defaults::reorder_hold() });
        model::Path {
            latency: self.law(latency.unwrap_or(file::Law::Constant(Time::default())), &place.key("latency")),
            loss,
            duplicate: duplicate.unwrap_or_default().0,
            reorder: model::Reorder { chance: reorder.chance.0, hold: self.law(reorder.hold, &place.key("reorder").key("hold")) },
            corrupt: corrupt.unwrap_or_default().0,
            bandwidth: bandwidth.map(|bandwidth| bandwidth.0),
            queue: queue.unwrap_or_else(defaults::link_queue).0,
        }
    }

    fn matrix(&mut self, matrix: file::Matrix, regions: &[String], place: &Place) -> Option<model::LatencyMatrix> {
        const REGIONS_MAX: usize = 1_000;
        if regions.len() > REGIONS_MAX {
            let problem = Problem::new("", format!("a matrix of {0} × {0} regions is too large", regions.len()));
            self.blame(place, problem.expected(format!("at most {REGIONS_MAX} regions")));
            return None;
        }
        match matrix {
            file::Matrix::File(file) => {
                let source = Source { file: &file, fallback: None, names: None, jitter: defaults::matrix_jitter(), keyed: false };
                self.matrix_file(source, regions, place)
            }
            file::Matrix::Table(file::MatrixTable::File { file, fallback, names, jitter }) => {
                if let Some(names) = &names
                    && names.len() != regions.len()
                {
                    let message = format!("{} names for {} regions", names.len(), regions.len());
                    self.blame(
                        &place.key("names"),
                        Problem::new("", message).expected("one name for each region of the cluster"),
                    );
                    return None;
                }
                let source = Source { file: &file, fallback: fallback.as_deref(), names: names.as_deref(), jitter, keyed: true };
                self.matrix_file(source, regions, place)
            }
            file::Matrix::Table(file::MatrixTable::Table { one_way, jitter }) => {
                let place = place.key("one_way");
                let square = one_way.len() == regions.len() && one_way.iter().all(|row| row.len() == regions.len());
                if !square {
                    let message = format!("this is no table of {0} × {0} latencies", regions.len());
                    self.blame(
                        &place,
                        Problem::new("", message).expected("one row for each region, with one latency to each region"),
                    );
                    return None;
                }
                let base: Vec<Vec<Duration>> = one_way.iter().map(|row| row.iter().map(|time| time.0).collect()).collect();
                let jitter = base.iter().map(|row| row.iter().map(|base| base.mul_f64(jitter.0.get())).collect()).collect();
                Some(model::LatencyMatrix { base, jitter })
            }
        }
    }

    fn matrix_file(&mut self, source: Source<'_>, regions: &[String], place: &Place) -> Option<model::LatencyMatrix> {
        let Source { file, fallback, names, jitter, keyed } = source;
        let file_place = if keyed { place.key("file") } else { place.clone() };
        let (file, names, text, place) = match (self.content(file), fallback) {
            (Ok(text), _) => (file, names.unwrap_or(regions), text, file_place),
            (Err(reason), Some(fallback)) => match self.content(fallback) {
                Ok(text) => (fallback, regions, text, place.key("fallback")),
                Err(other) => {
                    let message = format!("neither `{file}` can be read ({reason}) nor its fallback `{fallback}` ({other})");
                    let problem = Problem::new("", message).help("paths are relative to the folder of the scenario");
                    self.blame(&file_place, problem);
                    return None;
                }
            },
            (Err(_), None) => (file, regions, self.side_file(file, &file_place)?, file_place),
        };
        let matrix = match RttMatrix::from_csv(&text) {
            Ok(matrix) => matrix.completed(),
            Err(error) => {
                self.blame(&place, Problem::new("", format!("`{file}`: {error}")));
                return None;
            }
        };
        let indices: Vec<Option<usize>> = names.iter().map(|name| matrix.index(name)).collect();
        if let Some(unknown) = indices.iter().position(Option::is_none) {
            let name = &names[unknown];
            let problem = Problem::new("", format!("`{file}` has no region `{name}`"))
                .expected(super::some_of(matrix.names(), "names for `cluster.regions` from the file"))
                .nearest(name, matrix.names().iter().map(String::as_str));
            self.blame(&place, problem);
            return None;
        }
        let indices: Vec<usize> = indices.into_iter().flatten().collect();
        let count = regions.len();
        let mut made = model::LatencyMatrix {
            base: vec![vec![Duration::ZERO; count]; count],
            jitter: vec![vec![Duration::ZERO; count]; count],
        };
        for from in 0..count {
            for to in (0..count).filter(|to| *to != from) {
                let Some(rtt) = matrix.get(indices[from], indices[to]) else {
                    let message = format!("`{file}` has no way from `{}` to `{}`", regions[from], regions[to]);
                    self.blame(
                        &place,
                        Problem::new("", message).expected("a row for each pair of regions, in at least one direction"),
                    );
                    return None;
                };
                let (base, jitter) = one_way(rtt, jitter);
                made.base[from][to] = base;
                made.jitter[from][to] = jitter;
            }
        }
        Some(made)
    }
}

/// Where a matrix comes from.
struct Source<'s> {
    file: &'s str,
    fallback: Option<&'s str>,
    names: Option<&'s [String]>,
    jitter: Share,
    /// Whether the file stands below a key of its own, and not alone.
    keyed: bool,
}

/// Base and mean of the exponential jitter of one direction, whose sum is half the mean round-trip time wherever the source tells how it varied. (The deviation of
/// an exponential is its mean.)
fn one_way(rtt: Rtt, jitter: Share) -> (Duration, Duration) {
    let varying = match (rtt.min, rtt.deviation) {
        (Some(min), _) => Some(rtt.mean.saturating_sub(min) / 2),
        (None, deviation) => deviation.map(|deviation| deviation / 2),
    };
    match varying {
        Some(varying) => ((rtt.mean / 2).saturating_sub(varying), varying),
        None => (rtt.mean / 2, (rtt.mean / 2).mul_f64(jitter.0.get())),
    }
}

/// The path with what it does not give taken from `below`.
fn above(path: file::Path, below: &file::Path) -> file::Path {
    let file::Path { latency, loss, duplicate, reorder, corrupt, bandwidth, queue } = below.clone();
    file::Path {
        latency: path.latency.or(latency),
        loss: path.loss.or(loss),
        duplicate: path.duplicate.or(duplicate),
        reorder: path.reorder.or(reorder),
        corrupt: path.corrupt.or(corrupt),
        bandwidth: path.bandwidth.or(bandwidth),
        queue: path.queue.or(queue),
    }
}
