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
    /// The values of a choice, empty for every other kind.
    pub choices: &'static [&'static str],
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
    /// One of a fixed list of names.
    Choice(&'static str),
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
            // Names have no order; what is admitted stands in the list of choices.
            Value::Choice(_) => 0.0,
        }
    }
}

impl Tunable {
    /// Whether `value` is of the right kind and inside the range (NaN is not).
    pub fn admits(&self, value: Value) -> bool {
        let listed = if let Value::Choice(name) = value { self.choices.contains(&name) } else { true };
        listed && value.same_kind(self.default) && value.order() >= self.low.order() && value.order() <= self.high.order()
    }

    /// A span of time; searched in equal ratios.
    pub const fn duration(name: &'static str, help: &'static str, low: Duration, high: Duration, default: Duration) -> Self {
        let (low, high, default) = (Value::Duration(low), Value::Duration(high), Value::Duration(default));
        Tunable { name, help, low, high, default, scale: Scale::Logarithmic, choices: &[] }
    }

    /// A count; searched in equal ratios.
    pub const fn integer(name: &'static str, help: &'static str, low: u32, high: u32, default: u32) -> Self {
        let (low, high, default) = (Value::Integer(low), Value::Integer(high), Value::Integer(default));
        Tunable { name, help, low, high, default, scale: Scale::Logarithmic, choices: &[] }
    }

    /// A number without a unit; searched in equal steps.
    pub const fn real(name: &'static str, help: &'static str, low: f64, high: f64, default: f64) -> Self {
        let (low, high, default) = (Value::Real(low), Value::Real(high), Value::Real(default));
        Tunable { name, help, low, high, default, scale: Scale::Linear, choices: &[] }
    }

    /// On or off.
    pub const fn switch(name: &'static str, help: &'static str, default: bool) -> Self {
        let (low, high, default) = (Value::Switch(false), Value::Switch(true), Value::Switch(default));
        Tunable { name, help, low, high, default, scale: Scale::Linear, choices: &[] }
    }

    /// One of `choices`.
    pub const fn choice(name: &'static str, help: &'static str, choices: &'static [&'static str], default: &'static str) -> Self {
        let (low, high, default) = (Value::Choice(choices[0]), Value::Choice(choices[choices.len() - 1]), Value::Choice(default));
        Tunable { name, help, low, high, default, scale: Scale::Linear, choices }
    }
}

/// Spans of time, short enough to be read in a table of parameters.
pub(crate) const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// See [`us`].
pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// See [`us`].
pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// See [`us`].
pub(crate) const fn mins(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// See [`us`].
pub(crate) const fn hours(hours: u64) -> Duration {
    Duration::from_secs(3600 * hours)
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Duration(duration) => write!(f, "{duration}"),
            Value::Integer(count) => write!(f, "{count}"),
            Value::Real(number) => write!(f, "{number}"),
            Value::Switch(on) => write!(f, "{on}"),
            Value::Choice(name) => write!(f, "{name}"),
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

/// Declares the configuration of a component: a struct with public fields, its defaults, and its part of the walk.
///
/// A line is `field: Type = kind(range and default), "what it does and what it affects";`, where `kind` is a constructor of [`Tunable`]. The
/// parameter is called `component.field`; nothing about it is said anywhere else.
macro_rules! parameters {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident($component:literal) {
        $($field:ident: $type:ty = $kind:ident($($argument:expr),*), $help:literal;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        $visibility struct $name {
            $(#[doc = $help] pub $field: $type,)*
        }

        impl $name {
            /// Shows every parameter of the component to `visitor`, in a fixed order.
            pub fn walk(&mut self, visitor: &mut impl $crate::tunables::Visitor) {
                $($crate::tunables::visit(
                    visitor,
                    &const { $crate::tunables::Tunable::$kind(concat!($component, ".", stringify!($field)), $help, $($argument),*) },
                    &mut self.$field,
                );)*
            }
        }

        /// The defaults that stand in the walk.
        impl Default for $name {
            fn default() -> Self {
                $(let $field = $crate::tunables::default_of::<$type>(
                    &const { $crate::tunables::Tunable::$kind(concat!($component, ".", stringify!($field)), $help, $($argument),*) },
                );)*
                $name { $($field),* }
            }
        }
    };
}

/// Declares an enum that can stand in a configuration, each variant with its name in files.
macro_rules! choices {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// The names in files, in the order of declaration.
            pub const NAMES: &'static [&'static str] = &[$($text),*];

            /// The name in files.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }

            /// The variant of this name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($text => Some($name::$variant),)* _ => None }
            }
        }

        impl $crate::tunables::Field for $name {
            fn to_value(self) -> $crate::tunables::Value {
                $crate::tunables::Value::Choice(self.name())
            }
            fn from_value(value: $crate::tunables::Value) -> Option<Self> {
                if let $crate::tunables::Value::Choice(name) = value { $name::named(name) } else { None }
            }
        }
    };
}

pub(crate) use {choices, parameters};

/// The value of a parameter where a configuration says nothing.
pub(crate) fn default_of<T: Field>(tunable: &Tunable) -> T {
    T::from_value(tunable.default).expect("the kind of a parameter is that of its field")
}
