//! One walk over the parameters of the stack.
//!
//! A [`Tunable`] says everything about a parameter; a [`Visitor`] meets each of them together with the place where its value lives.
//! Defaults, validation, files, reference pages, genomes and sliders are visitors.

use std::fmt;

use hms_machine::Duration;

/// What there is to know about a parameter besides its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tunable {
    /// Path in a configuration file: `component.parameter`.
    pub name: &'static str,
    /// What it does and what it affects, in a sentence.
    pub help: &'static str,
    /// Least value.
    pub low: Value,
    /// Greatest value.
    pub high: Value,
    /// Value where a configuration says nothing.
    pub default: Value,
    /// How a search or a slider should move through the range.
    pub scale: Scale,
}

/// A value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A span of time.
    Duration(Duration),
    /// A count.
    Integer(u32),
    /// A number without a unit.
    Real(f64),
    /// On or off.
    Switch(bool),
}

/// How to move through a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps.
    Linear,
    /// Equal ratios.
    Logarithmic,
}

/// Meets every parameter of a configuration once, in a fixed order.
pub trait Visitor {
    /// A parameter and its present value; what is left in `value` becomes the configuration's.
    fn visit(&mut self, tunable: &Tunable, value: &mut Value);
}

impl Value {
    /// Whether two values are of the same kind.
    pub fn same_kind(self, other: Value) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    fn order(self) -> f64 {
        match self {
            Value::Duration(duration) => duration.as_nanos() as f64,
            Value::Integer(count) => f64::from(count),
            Value::Real(number) => number,
            Value::Switch(on) => f64::from(u8::from(on)),
        }
    }
}

impl Tunable {
    /// Whether `value` is of the right kind and inside the range (NaN is not).
    pub fn admits(&self, value: Value) -> bool {
        value.same_kind(self.default) && value.order() >= self.low.order() && value.order() <= self.high.order()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Duration(duration) => write!(f, "{duration}"),
            Value::Integer(count) => write!(f, "{count}"),
            Value::Real(number) => write!(f, "{number}"),
            Value::Switch(on) => write!(f, "{on}"),
        }
    }
}

/// A type that can stand in a configuration.
pub(crate) trait Field: Copy {
    fn to_value(self) -> Value;
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! field {
    ($type:ty, $variant:ident) => {
        impl Field for $type {
            fn to_value(self) -> Value {
                Value::$variant(self)
            }
            fn from_value(value: Value) -> Option<Self> {
                if let Value::$variant(inner) = value { Some(inner) } else { None }
            }
        }
    };
}

field!(u32, Integer);
field!(f64, Real);
field!(bool, Switch);
field!(Duration, Duration);

/// Shows `field` to the visitor and takes back what it leaves there.
///
/// # Panics
/// If the visitor leaves a value of another kind: that is a bug of the visitor.
pub(crate) fn visit<T: Field>(visitor: &mut impl Visitor, tunable: &Tunable, field: &mut T) {
    let mut value = field.to_value();
    visitor.visit(tunable, &mut value);
    *field = T::from_value(value).unwrap_or_else(|| panic!("{} was given {value:?}", tunable.name));
}
