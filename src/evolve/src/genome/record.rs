//! Mixed records: named genes with units, ranges, scales and conditions, the genome of a configuration.
//!
//! A genome is a point of the unit cube, one coordinate per gene, so that everything that works on boxes of numbers works here. A gene reads its coordinate on
//! its own scale: a number moves through its range in equal steps or equal ratios, a whole number takes an equal share of the range per value (on the logarithmic scale: per ratio), a
//! choice an equal share per name. Decoding is total: every point of the cube, and by clamping every row of numbers, decodes to a valid setting.
//!
//! A gene may have a condition: it matters only while another gene has a certain value. Inactive genes keep their coordinate, and so come back as they were, but decode to `None`;
//! two genomes with equal settings are one candidate to a cache.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Positional, Reals, Space, coordinates_within, drift_within, shift_within};
use crate::random::Rng;

/// The values of a gene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Domain {
    /// A number from `low` to `high`.
    Real {
        /// Least value.
        low: f64,
        /// Greatest value.
        high: f64,
        /// How a search moves through the range.
        scale: Scale,
    },
    /// A whole number from `low` to `high`, both included.
    Integer {
        /// Least value.
        low: i64,
        /// Greatest value.
        high: i64,
        /// How a search moves through the range.
        scale: Scale,
    },
    /// On or off.
    Switch,
    /// One of these names.
    Choice(Vec<String>),
}

/// How to move through a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scale {
    /// Equal steps.
    Linear,
    /// Equal ratios; the range must be positive.
    Logarithmic,
}

/// One setting of a configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gene {
    /// Name, unique in the record.
    pub name: String,
    /// Unit of the value, for reports; empty if it has none.
    pub unit: String,
    /// Its values.
    pub domain: Domain,
    /// When it matters; always if `None`.
    pub condition: Option<Condition>,
}

/// A gene matters while the gene called `gene` matters itself and has one of these values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Name of a gene that stands earlier in the record.
    pub gene: String,
    /// Values under which the gene matters.
    pub values: Vec<Value>,
}

/// The value of a gene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A number.
    Real(f64),
    /// A whole number.
    Integer(i64),
    /// On or off.
    Switch(bool),
    /// A name out of the gene's choices.
    Choice(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Real(number) => write!(f, "{number}"),
            Value::Integer(number) => write!(f, "{number}"),
            Value::Switch(on) => write!(f, "{on}"),
            Value::Choice(name) => f.write_str(name),
        }
    }
}

/// Why genes make no record, or a setting no genome.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum GeneError {
    /// A range is empty, infinite, or not positive on a logarithmic scale; or a choice has no names.
    #[error(
        "gene `{0}` has no values: give a finite range, the lower bound first (above 0 on a logarithmic scale), or at least one name"
    )]
    Empty(String),
    /// Two genes share a name, or a choice lists a name twice.
    #[error("`{0}` is named twice")]
    Twice(String),
    /// A condition names a gene that does not stand earlier.
    #[error("gene `{gene}` depends on `{on}`, which is not a gene before it")]
    Condition {
        /// The gene with the condition.
        gene: String,
        /// What it depends on.
        on: String,
    },
    /// A value that the gene cannot have, in a condition or in a setting to encode.
    #[error("gene `{gene}` cannot be {value}")]
    Value {
        /// The gene.
        gene: String,
        /// The value.
        value: String,
    },
    /// A setting to encode lists other genes than the record has.
    #[error("a setting of {given} values for {genes} genes")]
    Length {
        /// How many values were given.
        given: usize,
        /// How many genes there are.
        genes: usize,
    },
}

/// A list of genes; its genomes are points of the unit cube.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    genes: Vec<Gene>,
    /// For each gene with a condition, the place of the gene that it depends on.
    parents: Vec<Option<usize>>,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Record {
    /// A record of these genes, in this order.
    pub fn new(genes: Vec<Gene>) -> Result<Self, GeneError> {
        let mut parents = Vec::with_capacity(genes.len());
        for (place, gene) in genes.iter().enumerate() {
            gene.domain.check(&gene.name)?;
            if genes[..place].iter().any(|other| other.name == gene.name) {
                return Err(GeneError::Twice(gene.name.clone()));
            }
            let Some(condition) = &gene.condition else {
                parents.push(None);
                continue;
            };
            let Some(parent) = genes[..place].iter().position(|other| other.name == condition.gene) else {
                return Err(GeneError::Condition { gene: gene.name.clone(), on: condition.gene.clone() });
            };
            for value in &condition.values {
                genes[parent].encode(value)?;
            }
            parents.push(Some(parent));
        }
        let (low, high) = (vec![0.0; genes.len()], vec![1.0; genes.len()]);
        Ok(Record { genes, parents, low, high })
    }

    /// The genes.
    pub fn genes(&self) -> &[Gene] {
        &self.genes
    }

    /// The setting that a genome stands for; `None` for genes that do not matter in it. Total: missing coordinates count as 0, others are clamped.
    pub fn decode(&self, genome: &[f64]) -> Vec<Option<Value>> {
        let mut values: Vec<Option<Value>> = Vec::with_capacity(self.genes.len());
        for (place, gene) in self.genes.iter().enumerate() {
            let active = match (&gene.condition, self.parents[place]) {
                (Some(condition), Some(parent)) => values[parent].as_ref().is_some_and(|value| condition.values.contains(value)),
                (None, _) | (_, None) => true,
            };
            let coordinate = genome.get(place).copied().unwrap_or(0.0);
            values.push(active.then(|| gene.domain.decode(coordinate)));
        }
        values
    }

    /// Which genes matter in a genome: those that decode to a value.
    pub fn active(&self, genome: &[f64]) -> Vec<bool> {
        let mut active: Vec<bool> = Vec::with_capacity(self.genes.len());
        for (gene, parent) in self.genes.iter().zip(&self.parents) {
            let matters = match (&gene.condition, *parent) {
                (Some(condition), Some(parent)) => {
                    active[parent] && {
                        let coordinate = genome.get(parent).copied().unwrap_or(0.0);
                        condition.values.contains(&self.genes[parent].domain.decode(coordinate))
                    }
                }
                (None, _) | (_, None) => true,
            };
            active.push(matters);
        }
        active
    }

    /// A genome that decodes to these values; genes without a value get the middle of their range.
    pub fn encode(&self, values: &[Option<Value>]) -> Result<Vec<f64>, GeneError> {
        if values.len() != self.genes.len() {
            return Err(GeneError::Length { given: values.len(), genes: self.genes.len() });
        }
        let encode = |(gene, value): (&Gene, &Option<Value>)| value.as_ref().map_or(Ok(0.5), |value| gene.encode(value));
        self.genes.iter().zip(values).map(encode).collect()
    }
}

/// Which of so many classes of equal width a coordinate lies in: 0 is off, or the first name; NaN counts as 0.
pub(crate) fn class(coordinate: f64, count: usize) -> usize {
    ((coordinate * count as f64) as usize).min(count - 1)
}

impl Gene {
    /// The middle of the coordinates that decode to `value`.
    fn encode(&self, value: &Value) -> Result<f64, GeneError> {
        let refuse = || GeneError::Value { gene: self.name.clone(), value: value.to_string() };
        self.domain.encode(value).ok_or_else(refuse)
    }
}

impl Domain {
    fn check(&self, name: &str) -> Result<(), GeneError> {
        let sound = match self {
            Domain::Real { low, high, scale } => {
                low <= high && (high - low).is_finite() && (*scale == Scale::Linear || *low > 0.0)
            }
            Domain::Integer { low, high, scale } => {
                low <= high && high.checked_sub(*low).is_some() && (*scale == Scale::Linear || *low > 0)
            }
            Domain::Switch => true,
            Domain::Choice(names) => {
                if let Some(twin) = (1..names.len()).find(|&place| names[..place].contains(&names[place])) {
                    return Err(GeneError::Twice(names[twin].clone()));
                }
                !names.is_empty()
            }
        };
        if sound { Ok(()) } else { Err(GeneError::Empty(name.to_owned())) }
    }

    /// Reads a coordinate; NaN counts as 0.
    fn decode(&self, coordinate: f64) -> Value {
        let unit = if coordinate.is_nan() { 0.0 } else { coordinate.clamp(0.0, 1.0) };
        match self {
            Domain::Real { low, high, scale: Scale::Linear } => Value::Real((low + (high - low) * unit).clamp(*low, *high)),
            Domain::Real { low, high, scale: Scale::Logarithmic } => {
                Value::Real((low * libm::pow(high / low, unit)).clamp(*low, *high))
            }
            Domain::Integer { low, high, scale: Scale::Linear } => {
                let step = unit * ((high - low) as f64 + 1.0);
                Value::Integer(low.saturating_add(step as i64).min(*high))
            }
            Domain::Integer { low, high, scale: Scale::Logarithmic } => {
                let (from, to) = (*low as f64, *high as f64 + 1.0);
                Value::Integer(((from * libm::pow(to / from, unit)) as i64).clamp(*low, *high))
            }
            Domain::Switch => Value::Switch(class(unit, 2) == 1),
            Domain::Choice(names) => Value::Choice(names[class(unit, names.len())].clone()),
        }
    }

    fn encode(&self, value: &Value) -> Option<f64> {
        match (self, value) {
            (Domain::Real { low, high, scale }, Value::Real(number)) => {
                let inside = number >= low && number <= high;
                let place = match scale {
                    _ if low == high => 0.5,
                    Scale::Linear => (number - low) / (high - low),
                    Scale::Logarithmic => libm::log(number / low) / libm::log(high / low),
                };
                inside.then_some(place.clamp(0.0, 1.0))
            }
            (Domain::Integer { low, high, scale }, Value::Integer(number)) => {
                let inside = number >= low && number <= high;
                let middle = *number as f64 + 0.5;
                let place = match scale {
                    Scale::Linear => (middle - *low as f64) / ((high - low) as f64 + 1.0),
                    Scale::Logarithmic => libm::log(middle / *low as f64) / libm::log((*high as f64 + 1.0) / *low as f64),
                };
                inside.then_some(place.clamp(0.0, 1.0))
            }
            (Domain::Switch, Value::Switch(on)) => Some(if *on { 0.75 } else { 0.25 }),
            (Domain::Choice(names), Value::Choice(name)) => {
                let place = names.iter().position(|known| known == name)?;
                Some((place as f64 + 0.5) / names.len() as f64)
            }
            (Domain::Real { .. } | Domain::Integer { .. } | Domain::Switch | Domain::Choice(_), _) => None,
        }
    }

    /// Whether neighbouring coordinates mean similar values.
    pub(crate) fn is_ordered(&self) -> bool {
        match self {
            Domain::Real { .. } | Domain::Integer { .. } => true,
            Domain::Switch | Domain::Choice(_) => false,
        }
    }
}

impl Space for Record {
    type Genome = Vec<f64>;

    fn blank(&self) -> Vec<f64> {
        vec![0.5; self.genes.len()]
    }

    fn sample(&self, genome: &mut Vec<f64>, rng: &mut Rng) {
        genome.clear();
        genome.extend((0..self.genes.len()).map(|_| rng.uniform()));
    }

    fn contains(&self, genome: &Vec<f64>) -> bool {
        genome.len() == self.genes.len() && genome.iter().all(|coordinate| (0.0..=1.0).contains(coordinate))
    }

    fn repair(&self, genome: &mut Vec<f64>, rng: &mut Rng) {
        genome.truncate(self.genes.len());
        for coordinate in genome.iter_mut() {
            *coordinate = if coordinate.is_nan() { rng.uniform() } else { coordinate.clamp(0.0, 1.0) };
        }
        while genome.len() < self.genes.len() {
            genome.push(rng.uniform());
        }
    }

    /// Mean over genes: the distance of coordinates where values have an order, else 1 if the values differ; 1 if only one of the two has the gene.
    fn distance(&self, first: &Vec<f64>, second: &Vec<f64>) -> f64 {
        let (a, b) = (self.decode(first), self.decode(second));
        let apart = |place: usize| match (&a[place], &b[place]) {
            (Some(x), Some(y)) if x == y => 0.0,
            (Some(_), Some(_)) if self.genes[place].domain.is_ordered() => (first[place] - second[place]).abs(),
            (None, None) => 0.0,
            (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) => 1.0,
        };
        (0..self.genes.len()).map(apart).sum::<f64>() / self.genes.len().max(1) as f64
    }

    fn drift(&self, genome: &mut Vec<f64>, before: &[Vec<f64>], after: &[Vec<f64>]) {
        drift_within(self, genome, before, after);
    }

    fn coordinates(&self, genome: &Vec<f64>) -> Vec<f64> {
        coordinates_within(self, genome)
    }

    fn shift(&self, genome: &mut Vec<f64>, shares: &[f64]) {
        shift_within(self, genome, shares);
    }
}

impl Positional for Record {
    type Symbol = f64;

    fn sample_at(&self, _place: usize, rng: &mut Rng) -> f64 {
        rng.uniform()
    }
}

impl Reals for Record {
    fn low(&self) -> &[f64] {
        &self.low
    }

    fn high(&self) -> &[f64] {
        &self.high
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::genome::checks::check_space;

    fn gene(name: &str, domain: Domain) -> Gene {
        Gene { name: name.into(), unit: String::new(), domain, condition: None }
    }

    fn detector() -> Record {
        let names = ["phi", "timeout", "none"].map(String::from).to_vec();
        let on = |name: &str, values| Some(Condition { gene: name.into(), values });
        let threshold = Domain::Real { low: 1.0, high: 16.0, scale: Scale::Linear };
        let period = Domain::Real { low: 1e-3, high: 10.0, scale: Scale::Logarithmic };
        Record::new(vec![
            gene("detector", Domain::Choice(names)),
            Gene { condition: on("detector", vec![Value::Choice("phi".into())]), ..gene("threshold", threshold) },
            Gene { unit: "s".into(), ..gene("period", period) },
            gene("retries", Domain::Integer { low: 1, high: 100, scale: Scale::Logarithmic }),
            gene("slots", Domain::Integer { low: -2, high: 2, scale: Scale::Linear }),
            gene("adaptive", Domain::Switch),
            Gene {
                condition: on("adaptive", vec![Value::Switch(true)]),
                ..gene("gain", Domain::Real { low: 0.0, high: 1.0, scale: Scale::Linear })
            },
        ])
        .unwrap()
    }

    fn admits(gene: &Gene, value: &Value) -> bool {
        match (&gene.domain, value) {
            (Domain::Real { low, high, .. }, Value::Real(number)) => number >= low && number <= high,
            (Domain::Integer { low, high, .. }, Value::Integer(number)) => number >= low && number <= high,
            (Domain::Switch, Value::Switch(_)) => true,
            (Domain::Choice(names), Value::Choice(name)) => names.contains(name),
            _ => false,
        }
    }

    #[test]
    fn records_keep_the_rules_of_spaces() {
        check_space(&detector(), 1);
    }

    proptest! {
        #[test]
        fn every_row_of_numbers_decodes_to_a_valid_setting(genome in prop::collection::vec(any::<f64>(), 0..10)) {
            let record = detector();
            let values = record.decode(&genome);
            prop_assert_eq!(values.len(), record.genes().len());
            for (gene, value) in record.genes().iter().zip(&values) {
                prop_assert!(value.as_ref().is_none_or(|value| admits(gene, value)));
                prop_assert!(gene.condition.is_some() || value.is_some());
            }
            let phi = values[0] == Some(Value::Choice("phi".into()));
            prop_assert_eq!(values[1].is_some(), phi);
            let active: Vec<bool> = values.iter().map(Option::is_some).collect();
            prop_assert_eq!(record.active(&genome), active);
            prop_assert_eq!(values[6].is_some(), values[5] == Some(Value::Switch(true)));
        }

        #[test]
        fn what_is_encoded_decodes_to_itself(genome in prop::collection::vec(0.0f64..=1.0, 7)) {
            let record = detector();
            let values = record.decode(&genome);
            let again = record.decode(&record.encode(&values).unwrap());
            for (first, second) in values.iter().zip(&again) {
                match (first, second) {
                    (Some(Value::Real(a)), Some(Value::Real(b))) => prop_assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0)),
                    (first, second) => prop_assert_eq!(first, second),
                }
            }
        }
    }

    #[test]
    fn every_whole_number_has_its_share_of_the_range() {
        let linear = Domain::Integer { low: -2, high: 2, scale: Scale::Linear };
        let places = [0.0, 0.19, 0.21, 0.5, 0.81, 1.0].map(|place| linear.decode(place));
        assert_eq!(places, [-2, -2, -1, 0, 2, 2].map(Value::Integer));
        let logarithmic = Domain::Integer { low: 1, high: 99, scale: Scale::Logarithmic };
        assert_eq!(logarithmic.decode(0.5), Value::Integer(10));
    }

    #[test]
    fn a_logarithmic_range_is_halved_at_its_geometric_mean() {
        let domain = Domain::Real { low: 1e-4, high: 1.0, scale: Scale::Logarithmic };
        let Value::Real(middle) = domain.decode(0.5) else { panic!("a number") };
        assert!((middle - 1e-2).abs() < 1e-15);
    }

    #[test]
    fn what_makes_no_record_is_refused_with_its_name() {
        let real = |low, high, scale| Domain::Real { low, high, scale };
        let refuse = |genes| Record::new(genes).unwrap_err().to_string();
        assert!(refuse(vec![gene("a", real(1.0, 0.0, Scale::Linear))]).contains("`a` has no values"));
        assert!(refuse(vec![gene("a", real(0.0, 1.0, Scale::Logarithmic))]).contains("above 0"));
        assert!(refuse(vec![gene("a", real(f64::NAN, 1.0, Scale::Linear))]).contains("`a`"));
        assert!(refuse(vec![gene("a", Domain::Choice(vec![]))]).contains("`a`"));
        assert!(refuse(vec![gene("a", Domain::Switch), gene("a", Domain::Switch)]).contains("named twice"));
        let on = |values| Some(Condition { gene: "a".into(), values });
        assert!(refuse(vec![Gene { condition: on(vec![]), ..gene("b", Domain::Switch) }]).contains("not a gene before it"));
        let wrong = Gene { condition: on(vec![Value::Integer(3)]), ..gene("b", Domain::Switch) };
        assert!(refuse(vec![gene("a", Domain::Switch), wrong]).contains("cannot be 3"));
        assert!(detector().encode(&[]).unwrap_err().to_string().contains("0 values for 7 genes"));
    }
}
