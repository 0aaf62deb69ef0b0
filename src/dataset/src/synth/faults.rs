//! Fault traces: a renewal process for each node, and bursts across the nodes of a domain.
//!
//! With `between_starts` a node's faults start at the points of a renewal process whose gaps follow that law; with `up_time` repairs and
//! up times alternate. Bursts come as a Poisson process in each domain; each hits a random set of its nodes, with one cause and one group
//! number, and a repair of its own for each. To keep the mean rate of a node's faults at that of `between_starts`, the node's own gaps are
//! stretched by 1 / (1 − share); the distribution of all its gaps is then that law only in so far as the share is small.
//!
//! Times are cut to whole milliseconds, factors rounded to four places.

use std::collections::BTreeMap;

use hms_machine::{Distribution, Draw, Duration, Instant, Purpose, Ratio, ShapeScale, Streams};

use super::{Plan, Start};
use crate::fit::Model;
use crate::parameters::{BurstModel, FaultModel, ParameterError, TimeLaw};
use crate::trace::{Cause, FaultTrace, TraceFlags, TraceMeta, TraceRow};

/// Most faults that are made: 20 million, some gigabytes.
pub const ROWS_MAX: u64 = 20_000_000;

const GAP: Purpose = Purpose::named("dataset/synth/gap");
const REPAIR: Purpose = Purpose::named("dataset/synth/repair");
const PARAM: Purpose = Purpose::named("dataset/synth/param");
const CAUSE: Purpose = Purpose::named("dataset/synth/cause");
const DOWN_AT_START: Purpose = Purpose::named("dataset/synth/down-at-start");
const RESIDUAL_WHOLE: Purpose = Purpose::named("dataset/synth/residual-whole");
const RESIDUAL_SHARE: Purpose = Purpose::named("dataset/synth/residual-share");
const BURST_GAP: Purpose = Purpose::named("dataset/synth/burst-gap");
const BURST_NODES: Purpose = Purpose::named("dataset/synth/burst-nodes");
const BURST_MEMBERS: Purpose = Purpose::named("dataset/synth/burst-members");
const BURST_REPAIR: Purpose = Purpose::named("dataset/synth/burst-repair");
const BURST_PARAM: Purpose = Purpose::named("dataset/synth/burst-param");
const BURST_CAUSE: Purpose = Purpose::named("dataset/synth/burst-cause");

/// A law in seconds and the law of what is left of it when one looks in at a random time.
struct Renewal {
    law: Distribution,
    length_biased: Distribution,
    /// The length-biased value is this power of a draw, times this factor.
    power: f64,
    factor: f64,
}

impl Renewal {
    fn new(model: Model) -> Renewal {
        let checked = |law: Result<Distribution, _>| law.expect("parameters were checked when the file was read");
        let gamma = |shape, scale| checked(Distribution::gamma(ShapeScale { shape, scale }));
        let law = checked(model.distribution());
        let (length_biased, power, factor) = match model {
            Model::Exponential { mean } => (gamma(2.0, mean), 1.0, 1.0),
            Model::Gamma { shape, scale } => (gamma(shape + 1.0, scale), 1.0, 1.0),
            Model::LogNormal { mu, sigma } => {
                (checked(Model::LogNormal { mu: mu + sigma * sigma, sigma }.distribution()), 1.0, 1.0)
            }
            // If X is Weibull, (X / scale)^shape is exponential; weighted by X it is gamma of shape 1 + 1/shape.
            Model::Weibull { shape, scale } => (gamma(1.0 + 1.0 / shape, 1.0), 1.0 / shape, scale),
        };
        Renewal { law, length_biased, power, factor }
    }

    fn sample(&self, mut draw: Draw) -> f64 {
        self.law.sample(&mut draw)
    }

    /// What is left at time zero of an interval that began before: `which` tells the intervals of one node apart.
    fn residual(&self, streams: &Streams, node: u32, which: u64) -> f64 {
        let whole = self.length_biased.sample(&mut streams.draw(RESIDUAL_WHOLE, u64::from(node), which));
        let share = streams.draw(RESIDUAL_SHARE, u64::from(node), which).open_uniform();
        share * self.factor * libm::pow(whole, self.power)
    }
}

/// Which interval a residual belongs to.
const OF_GAP: u64 = 0;
const OF_REPAIR: u64 = 1;

struct Synthesis<'a> {
    model: &'a FaultModel,
    streams: Streams,
    nodes: u32,
    end_s: f64,
    start: Start,
    repair: Option<Renewal>,
    param: Option<Distribution>,
    severity: Ratio,
    domain: String,
    rows: Vec<TraceRow>,
}

pub(super) fn synthesise(collection: &str, model: &FaultModel, plan: &Plan) -> Result<FaultTrace, ParameterError> {
    model.check()?;
    if plan.nodes == 0 {
        let expected = "at least one node".to_owned();
        return Err(ParameterError::Value { place: "nodes".to_owned(), expected, found: "0".to_owned() });
    }
    let domain = model.domain.clone().unwrap_or_else(|| format!("synth/{}", model.name));
    let mut synthesis = Synthesis {
        model,
        streams: Streams::new(plan.seed),
        nodes: plan.nodes,
        end_s: plan.length.as_secs_f64(),
        start: plan.start,
        repair: model.repair.map(|law| Renewal::new(law.in_seconds())),
        param: model.param.map(|law| law.distribution().expect("checked above")),
        severity: Ratio::new(model.severity).expect("checked above"),
        domain,
        rows: Vec::new(),
    };
    match (&model.between_starts, &model.up_time) {
        (Some(law), None) => synthesis.between_starts(law)?,
        (None, Some(law)) => synthesis.alternating(law)?,
        (None, None) | (Some(_), Some(_)) => unreachable!("checked above: exactly one of the two"),
    }
    Ok(synthesis.into_trace(collection, plan))
}

impl Synthesis<'_> {
    fn between_starts(&mut self, law: &TimeLaw) -> Result<(), ParameterError> {
        let gap = law.in_seconds();
        self.check_count(Renewal::new(gap).law.mean())?;
        let bursts = self.model.bursts.filter(|bursts| self.domain_nodes(bursts) >= 2);
        let alone = 1.0 - bursts.map_or(0.0, |bursts| bursts.share);
        let renewal = Renewal::new(gap.scaled(1.0 / alone));
        for node in 0..self.nodes {
            let gap = |k: u64| renewal.sample(self.streams.draw(GAP, u64::from(node), k));
            let mut starts = Vec::new();
            let mut time = match self.start {
                Start::Stationary => renewal.residual(&self.streams, node, OF_GAP),
                Start::Fresh => gap(0),
            };
            while time < self.end_s {
                starts.push(time);
                time += gap(starts.len() as u64);
            }
            for (k, time) in starts.into_iter().enumerate() {
                let repair = self.repair_s(self.streams.draw(REPAIR, u64::from(node), k as u64));
                self.add(node, k as u64, time, repair);
            }
        }
        if let Some(bursts) = bursts {
            self.bursts(&bursts, Renewal::new(gap).law.mean());
        }
        Ok(())
    }

    fn alternating(&mut self, law: &TimeLaw) -> Result<(), ParameterError> {
        let up = Renewal::new(law.in_seconds());
        let repair_mean = self.repair.as_ref().map_or(f64::INFINITY, |repair| repair.law.mean());
        self.check_count(up.law.mean() + repair_mean)?;
        for node in 0..self.nodes {
            self.alternate(node, &up, repair_mean);
        }
        Ok(())
    }

    fn alternate(&mut self, node: u32, up: &Renewal, repair_mean: f64) {
        let streams = self.streams;
        let draw = |purpose, k| streams.draw(purpose, u64::from(node), k);
        let stationary = self.start == Start::Stationary;
        let mut k = 0;
        let mut time = 0.0;
        if stationary && let Some(repair) = &self.repair {
            let down_share = repair_mean / (up.law.mean() + repair_mean);
            if draw(DOWN_AT_START, 0).uniform() < down_share {
                let rest = repair.residual(&streams, node, OF_REPAIR);
                self.add(node, k, 0.0, Some(rest));
                k += 1;
                time = rest + up.sample(draw(GAP, k));
            }
        }
        if k == 0 {
            time = if stationary { up.residual(&streams, node, OF_GAP) } else { up.sample(draw(GAP, k)) };
        }
        while time < self.end_s {
            let repair = self.repair_s(draw(REPAIR, k));
            self.add(node, k, time, repair);
            k += 1;
            let Some(repair) = repair else { break };
            time += repair + up.sample(draw(GAP, k));
        }
    }

    fn bursts(&mut self, bursts: &BurstModel, gap_mean: f64) {
        let size = self.domain_nodes(bursts);
        let mut group = 0;
        for domain in 0..self.nodes.div_ceil(size) {
            let first = domain * size;
            let nodes: Vec<u32> = (first..self.nodes.min(first + size)).collect();
            if nodes.len() < 2 {
                continue;
            }
            // Nodes beyond the second: geometric, cut off at the domain's size.
            let more = 1.0 - 1.0 / (bursts.nodes_mean - 1.0);
            let beyond = nodes.len() - 2;
            let expected = 2.0 + (1..=beyond).map(|j| libm::pow(more, j as f64)).sum::<f64>();
            let rate = bursts.share * nodes.len() as f64 / (gap_mean * expected);
            let mut time = 0.0;
            for burst in 0.. {
                let draw = |purpose| self.streams.draw(purpose, u64::from(domain), burst);
                time -= libm::log(draw(BURST_GAP).open_uniform()) / rate;
                if time >= self.end_s || rate == 0.0 {
                    break;
                }
                let mut size_draw = draw(BURST_NODES);
                let hit = 2 + (0..beyond).take_while(|_| size_draw.uniform() < more).count();
                let mut members = nodes.clone();
                draw(BURST_MEMBERS).shuffle(&mut members);
                members.truncate(hit);
                let cause = self.cause(draw(BURST_CAUSE));
                group += 1;
                for node in members {
                    let entity = u64::from(domain) << 32 | u64::from(node);
                    let repair = self.repair_s(self.streams.draw(BURST_REPAIR, entity, burst));
                    let param = self.param(self.streams.draw(BURST_PARAM, entity, burst));
                    self.push(node, time, repair, cause, param, Some(group));
                }
            }
        }
    }

    fn domain_nodes(&self, bursts: &BurstModel) -> u32 {
        bursts.domain_nodes.unwrap_or(self.nodes).min(self.nodes)
    }

    fn check_count(&self, mean_s: f64) -> Result<(), ParameterError> {
        let expected = f64::from(self.nodes) * (self.end_s / mean_s + 1.0);
        if expected > ROWS_MAX as f64 {
            return Err(ParameterError::TooMany { expected, limit: ROWS_MAX });
        }
        Ok(())
    }

    fn repair_s(&self, draw: Draw) -> Option<f64> {
        self.repair.as_ref().map(|repair| repair.sample(draw))
    }

    fn param(&self, mut draw: Draw) -> Option<f64> {
        self.param.as_ref().map(|law| four_places(law.sample(&mut draw).max(1.0)))
    }

    fn cause(&self, mut draw: Draw) -> Cause {
        let mut left = draw.uniform();
        for (cause, share) in &self.model.causes {
            left -= share;
            if left < 0.0 {
                return *cause;
            }
        }
        Cause::Unknown
    }

    fn add(&mut self, node: u32, k: u64, time: f64, repair: Option<f64>) {
        let draw = |purpose| self.streams.draw(purpose, u64::from(node), k);
        let (cause, param) = (self.cause(draw(CAUSE)), self.param(draw(PARAM)));
        self.push(node, time, repair, cause, param, None);
    }

    fn push(&mut self, node: u32, time: f64, repair: Option<f64>, cause: Cause, param: Option<f64>, group: Option<u32>) {
        let part = self.model.bursts.and_then(|bursts| bursts.domain_nodes).map(|size| format!("/d{:03}", node / size));
        self.rows.push(TraceRow {
            time: Instant::ZERO + whole_millis(time),
            node,
            kind: self.model.kind,
            duration: repair.map(whole_millis),
            severity: self.severity,
            param,
            domain: format!("{}{}/n{node:04}", self.domain, part.unwrap_or_default()),
            cause,
            detail: String::new(),
            group,
            flags: TraceFlags::NONE,
        });
    }

    fn into_trace(mut self, collection: &str, plan: &Plan) -> FaultTrace {
        self.rows.sort_by_key(|row| (row.time, row.node, row.group));
        let mut in_order_of_time: BTreeMap<u32, u32> = BTreeMap::new();
        for row in &mut self.rows {
            let next = in_order_of_time.len() as u32;
            row.group = row.group.map(|group| *in_order_of_time.entry(group).or_insert(next));
        }
        let (name, system) = self.domain.split_once('/').unwrap_or((&self.domain, "all"));
        let start = match plan.start {
            Start::Stationary => "stationary",
            Start::Fresh => "fresh",
        };
        let meta = TraceMeta {
            name: name.to_owned(),
            time_resolution: Duration::from_millis(1),
            population_by_system: BTreeMap::from([(system.to_owned(), self.nodes)]),
            rule: format!(
                "synthetic: model {} of {collection}, {} nodes, {} days, seed {}, {start} start",
                self.model.name,
                plan.nodes,
                plan.length.as_secs_f64() / 86_400.0,
                plan.seed.0
            ),
            ..TraceMeta::default()
        };
        FaultTrace::new(meta, self.rows)
    }
}

fn whole_millis(seconds: f64) -> Duration {
    const NANOS_PER_MILLI: u64 = 1_000_000;
    Duration::from_nanos(Duration::from_secs_f64(seconds).as_nanos() / NANOS_PER_MILLI * NANOS_PER_MILLI)
}

fn four_places(factor: f64) -> f64 {
    libm::round(1e4 * factor) / 1e4
}
