//! Genomes and configurations: the parameters of the stack as genes, and back.
//!
//! Picture a mixing desk whose sliders are some of the stack's parameters. [`Genes`] knows each slider's range and scale (from the walk over the parameters, narrowed by reach and by the
//! campaign), where a slider is dead because the component behind it is off, and what all other parameters are (the base).
//!
//! **Contract.** [`Genes::decode`] is total: every row of numbers gives a configuration that the stack admits, without conflicts. What two parameters do not allow together is repaired by moving
//! both, step by step, towards the base, which is free of conflicts; repair may leave a narrowed range, never that of the parameter. Numbers are rounded to three digits: nobody needs a heartbeat of 123.456789 ms, and
//! configurations that are as good as equal are paid for once.

use hms_evolve::genome::Record;
use hms_evolve::genome::record::{Condition, Domain, Gene, GeneError, Scale as GeneScale, Value as GeneValue};
use hms_machine::Duration;
use hms_stack::{Configuration, Scale, Tunable, Value, Visitor};

use super::conditions::{Dependence, dependence, switch_of};

/// Where a slider's logarithmic range to zero ends: below this share of its greatest value it reads zero.
const ZERO_BELOW: f64 = 1e-3;

/// A narrowed range of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Parameter.
    pub name: &'static str,
    /// Least and greatest value, inside the parameter's own; for durations in seconds.
    pub numbers: Option<(f64, f64)>,
    /// The choices that are left.
    pub choices: Option<Vec<&'static str>>,
}

/// A parameter that is a gene.
#[derive(Clone, Debug)]
struct Place {
    tunable: Tunable,
    /// Added to whole numbers, so that a logarithmic range begins at 1 or more.
    shift: i64,
    /// Below this many seconds a duration is zero.
    zero_below: f64,
}

/// The parameters that are searched.
#[derive(Clone, Debug)]
pub struct Genes {
    record: Record,
    places: Vec<Place>,
    base: Configuration,
}

/// Every parameter with its value in a configuration, in the order of the walk.
pub fn parameters(configuration: &Configuration) -> Vec<(Tunable, Value)> {
    struct Collect(Vec<(Tunable, Value)>);
    impl Visitor for Collect {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            self.0.push((*tunable, *value));
        }
    }
    let mut collect = Collect(Vec::new());
    configuration.clone().walk(&mut collect);
    collect.0
}

/// A parameter's value in a configuration.
pub fn value_of(configuration: &Configuration, name: &str) -> Option<Value> {
    parameters(configuration).into_iter().find(|(tunable, _)| tunable.name == name).map(|(_, value)| value)
}

/// The configuration with other values of some parameters; the caller keeps to what they admit.
pub fn with_values(configuration: &Configuration, values: &[(&str, Value)]) -> Configuration {
    struct Assign<'a>(&'a [(&'a str, Value)]);
    impl Visitor for Assign<'_> {
        fn visit(&mut self, tunable: &Tunable, value: &mut Value) {
            if let Some((_, new)) = self.0.iter().find(|(name, _)| *name == tunable.name) {
                *value = *new;
            }
        }
    }
    let mut changed = *configuration;
    changed.walk(&mut Assign(values));
    changed
}

/// A value as a number for comparing: durations in seconds, switches 0 and 1; names have none.
pub fn number(value: Value) -> Option<f64> {
    match value {
        Value::Duration(duration) => Some(duration.as_secs_f64()),
        Value::Integer(count) => Some(f64::from(count)),
        Value::Real(number) => Some(number),
        Value::Switch(on) => Some(f64::from(u8::from(on))),
        Value::Choice(_) => None,
    }
}

impl Genes {
    /// Genes for the parameters called `names`, in the order of the walk but for those that others depend on, which come first. Parameters that can never matter (their component is off in `base` and its switch is no gene) are left out.
    /// `reach` bounds how far a number may move from `base`, as a factor; `ranges` say otherwise.
    ///
    /// # Errors
    /// [`GeneError`] where a range is empty.
    pub fn new(base: Configuration, names: &[&str], reach: f64, ranges: &[Range]) -> Result<Genes, GeneError> {
        let mut chosen: Vec<(u8, Gene, Place)> = Vec::new();
        let all = parameters(&base);
        let is_gene = |name: &str| names.contains(&name);
        for (tunable, value) in all.iter().filter(|(tunable, _)| is_gene(tunable.name)) {
            let decided = |on: &str, values: &[GeneValue]| {
                let present = all.iter().find(|(other, _)| other.name == on).map(|(_, value)| *value);
                present.is_none_or(|present| values.contains(&plain(present, 0)))
            };
            let (switch, on) = (switch_of(tunable.name), vec![GeneValue::Switch(true)]);
            let choice = dependence(tunable.name).map(|found| (found.on, admitting(found, ranges)));
            let dead_switch = switch != tunable.name && !is_gene(&switch) && !decided(&switch, &on);
            let dead_choice =
                choice.as_ref().is_some_and(|(on, values)| if is_gene(on) { values.is_empty() } else { !decided(on, values) });
            if dead_switch || dead_choice {
                continue;
            }
            let (depth, condition) = match choice.filter(|(on, _)| is_gene(on)) {
                Some((on, values)) => (2, Some(Condition { gene: on.to_owned(), values })),
                None if switch != tunable.name && is_gene(&switch) => (1, Some(Condition { gene: switch, values: on })),
                None => (0, None),
            };
            let range = ranges.iter().find(|range| range.name == tunable.name);
            let (domain, place) = domain(tunable, *value, reach, range);
            let unit = if matches!(tunable.default, Value::Duration(_)) { "s" } else { "" };
            let gene = Gene { name: tunable.name.to_owned(), unit: unit.to_owned(), domain, condition };
            chosen.push((depth, gene, place));
        }
        chosen.sort_by_key(|(depth, _, _)| *depth);
        let places = chosen.iter().map(|(_, _, place)| place.clone()).collect();
        let record = Record::new(chosen.into_iter().map(|(_, gene, _)| gene).collect())?;
        Ok(Genes { record, places, base })
    }

    /// The space of genomes.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The parameters that are genes, in the order of the genome.
    pub fn tunables(&self) -> impl ExactSizeIterator<Item = &Tunable> {
        self.places.iter().map(|place| &place.tunable)
    }

    /// What everything outside the genes is taken from.
    pub fn base(&self) -> &Configuration {
        &self.base
    }

    /// Which genes matter in a genome.
    pub fn active(&self, genome: &[f64]) -> Vec<bool> {
        self.record.active(genome)
    }

    /// The configuration that a genome stands for.
    pub fn decode(&self, genome: &[f64]) -> Configuration {
        let decoded = self.record.decode(genome);
        let values: Vec<(&str, Value)> = self
            .places
            .iter()
            .zip(decoded)
            .filter_map(|(place, value)| Some((place.tunable.name, place.value(&value?))))
            .collect();
        super::repair::repair(with_values(&self.base, &values), &self.base)
    }

    /// The genome nearest to a configuration: what lies outside a gene's range is moved to its end.
    pub fn encode(&self, configuration: &Configuration) -> Vec<f64> {
        let present = parameters(configuration);
        let values: Vec<Option<GeneValue>> = self
            .places
            .iter()
            .zip(self.record.genes())
            .map(|(place, gene)| {
                let value = present.iter().find(|(tunable, _)| tunable.name == place.tunable.name).map(|(_, value)| *value)?;
                clamped(&gene.domain, plain(value, place.shift))
            })
            .collect();
        self.record.encode(&values).expect("values were moved into the ranges of their genes")
    }
}

impl Place {
    /// The parameter's value for a gene's.
    fn value(&self, value: &GeneValue) -> Value {
        let found = match (self.tunable.default, value) {
            (Value::Duration(_), GeneValue::Real(seconds)) => Value::Duration(self.duration(*seconds)),
            (Value::Integer(_), GeneValue::Integer(count)) => Value::Integer(u32::try_from(count - self.shift).unwrap_or(0)),
            (Value::Real(_), GeneValue::Real(number)) => Value::Real(rounded(*number)),
            (Value::Switch(_), GeneValue::Switch(on)) => Value::Switch(*on),
            (Value::Choice(present), GeneValue::Choice(name)) => {
                Value::Choice(self.tunable.choices.iter().find(|known| *known == name).copied().unwrap_or(present))
            }
            (Value::Duration(_) | Value::Integer(_) | Value::Real(_) | Value::Switch(_) | Value::Choice(_), _) => {
                unreachable!("the gene of {} is of its kind", self.tunable.name)
            }
        };
        // Rounding may have left the range by a hair.
        if self.tunable.admits(found) { found } else { nearest(&self.tunable, found) }
    }

    fn duration(&self, seconds: f64) -> Duration {
        if seconds < self.zero_below { Duration::ZERO } else { Duration::from_nanos((rounded(seconds) * 1e9).round() as u64) }
    }
}

/// Three significant digits.
pub(super) fn rounded(number: f64) -> f64 {
    format!("{number:.2e}").parse().expect("a number that was written can be read")
}

/// The end of the range that a value has left.
fn nearest(tunable: &Tunable, value: Value) -> Value {
    let low = number(tunable.low).zip(number(value)).is_some_and(|(low, value)| value < low);
    if low { tunable.low } else { tunable.high }
}

/// The values of a choice under which a parameter matters, as far as they were not narrowed away.
fn admitting(dependence: &Dependence, ranges: &[Range]) -> Vec<GeneValue> {
    let left = ranges.iter().find(|range| range.name == dependence.on).and_then(|range| range.choices.as_ref());
    let wanted = dependence.values.iter().filter(|name| left.is_none_or(|left| left.contains(*name)));
    wanted.map(|name| GeneValue::Choice((*name).to_owned())).collect()
}

/// The value in the engine's terms.
fn plain(value: Value, shift: i64) -> GeneValue {
    match value {
        Value::Duration(duration) => GeneValue::Real(duration.as_secs_f64()),
        Value::Integer(count) => GeneValue::Integer(i64::from(count) + shift),
        Value::Real(number) => GeneValue::Real(number),
        Value::Switch(on) => GeneValue::Switch(on),
        Value::Choice(name) => GeneValue::Choice(name.to_owned()),
    }
}

fn clamped(domain: &Domain, value: GeneValue) -> Option<GeneValue> {
    match (domain, value) {
        (Domain::Real { low, high, .. }, GeneValue::Real(number)) => Some(GeneValue::Real(number.clamp(*low, *high))),
        (Domain::Integer { low, high, .. }, GeneValue::Integer(count)) => Some(GeneValue::Integer(count.clamp(*low, *high))),
        (Domain::Choice(names), GeneValue::Choice(name)) => names.contains(&name).then_some(GeneValue::Choice(name)),
        (Domain::Switch, GeneValue::Switch(on)) => Some(GeneValue::Switch(on)),
        (Domain::Real { .. } | Domain::Integer { .. } | Domain::Switch | Domain::Choice(_), _) => None,
    }
}

/// The values of a gene: the parameter's own range, no farther from `value` than `reach`; or what the campaign says.
fn domain(tunable: &Tunable, value: Value, reach: f64, range: Option<&Range>) -> (Domain, Place) {
    let mut place = Place { tunable: *tunable, shift: 0, zero_below: 0.0 };
    let choices = range.and_then(|range| range.choices.clone()).unwrap_or_else(|| tunable.choices.to_vec());
    let bounds = || {
        let (least, most) = (number(tunable.low).unwrap_or(0.0), number(tunable.high).unwrap_or(0.0));
        if let Some(numbers) = range.and_then(|range| range.numbers) {
            return numbers;
        }
        let at = number(value).unwrap_or(0.0);
        // Zero has no multiples: a number that stands at zero may go anywhere.
        let high = if at > 0.0 { (at * reach).min(most) } else { most };
        let low = if tunable.scale == Scale::Logarithmic && at > 0.0 { (at / reach).max(least) } else { least };
        (low, high)
    };
    let domain = match tunable.default {
        Value::Switch(_) => Domain::Switch,
        Value::Choice(_) => Domain::Choice(choices.into_iter().map(str::to_owned).collect()),
        Value::Integer(_) => {
            let (low, high) = bounds();
            let (low, high) = (low.ceil() as i64, high.floor() as i64);
            place.shift = if low < 1 { 1 - low } else { 0 };
            Domain::Integer { low: low + place.shift, high: high + place.shift, scale: scale(tunable.scale) }
        }
        Value::Real(_) => {
            let (low, high) = bounds();
            Domain::Real { low, high, scale: if low > 0.0 { scale(tunable.scale) } else { GeneScale::Linear } }
        }
        Value::Duration(_) => {
            let (mut low, high) = bounds();
            if low <= 0.0 && high > 0.0 {
                place.zero_below = high * ZERO_BELOW;
                low = 0.5 * place.zero_below;
            }
            Domain::Real { low, high, scale: if low > 0.0 { GeneScale::Logarithmic } else { GeneScale::Linear } }
        }
    };
    (domain, place)
}

fn scale(scale: Scale) -> GeneScale {
    match scale {
        Scale::Linear => GeneScale::Linear,
        Scale::Logarithmic => GeneScale::Logarithmic,
    }
}
