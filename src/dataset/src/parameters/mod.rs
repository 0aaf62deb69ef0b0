//! Published parameters as TOML: distributions with the source of every value, from which [`crate::synth`] makes traces.
//!
//! ```toml
//! version = 1
//! name = "example"
//! description = "One system, for the reader of this page"
//! citation = "A. Author, \"A title\", A Journal 1(1), 2001"
//!
//! [[fault_model]]
//! name = "nodes"
//! source = "table 3 of the citation"
//! kind = "crash"
//! nodes = 49
//! causes = { hardware = 0.6, software = 0.2 }
//! between_starts = { unit = "s", law = { family = "weibull", shape = 0.64, scale = 940000.0 } }
//! repair = { unit = "s", law = { family = "lognormal", mu = 8.1, sigma = 1.2 } }
//! bursts = { share = 0.15, nodes_mean = 6.1 }
//!
//! [[figure]]
//! name = "rack failures"
//! value = 20.0
//! unit = "a year per 1,800 servers"
//! source = "the text"
//! ```
//!
//! Unknown keys are refused, with line and column.

mod fault;
mod fitted;
mod load;
mod wan;
mod write;

use serde::{Deserialize, Serialize};

use crate::fit::Model;

pub use fault::{BurstModel, FaultModel, TimeLaw, TimeUnit};
pub use fitted::Families;
pub use load::LoadModel;
pub use wan::{Place, WanModel};

/// Version of the format; it grows when the meaning of a key changes.
pub const PARAMETERS_VERSION: u32 = 1;

/// A file of published parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterFile {
    /// Version of the format: [`PARAMETERS_VERSION`].
    pub version: u32,
    /// Name of the collection.
    pub name: String,
    /// What it is about, in a sentence.
    pub description: String,
    /// Where the values are published.
    pub citation: String,
    /// Terms under which they may be passed on; numbers themselves are facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// The model to use when none is named; needed only in files of several models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Fault processes.
    #[serde(default, rename = "fault_model", skip_serializing_if = "Vec::is_empty")]
    pub fault_models: Vec<FaultModel>,
    /// Request rates.
    #[serde(default, rename = "load_model", skip_serializing_if = "Vec::is_empty")]
    pub load_models: Vec<LoadModel>,
    /// Round-trip times.
    #[serde(default, rename = "wan_model", skip_serializing_if = "Vec::is_empty")]
    pub wan_models: Vec<WanModel>,
    /// Single distributions that are not a whole process.
    #[serde(default, rename = "distribution", skip_serializing_if = "Vec::is_empty")]
    pub distributions: Vec<Published>,
    /// Single figures.
    #[serde(default, rename = "figure", skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
}

/// A model of a file, whatever it makes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AnyModel<'a> {
    /// Makes a fault trace.
    Faults(&'a FaultModel),
    /// Makes requests per second.
    Load(&'a LoadModel),
    /// Makes round-trip times.
    Wan(&'a WanModel),
}

/// A distribution that is published on its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Name, unique in the file.
    pub name: String,
    /// What is distributed so.
    pub quantity: String,
    /// Unit of the values; `1` for none.
    pub unit: String,
    /// Their distribution.
    pub law: Model,
    /// Where it stands, or how it was made from what stands there.
    pub source: String,
}

/// A figure that is published on its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// What it tells.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Largest value, where a range is published and `value` is its smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// Unit; `1` for none.
    pub unit: String,
    /// Where it stands.
    pub source: String,
}

/// What is wrong with a file of parameters, or with what was asked of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// Not TOML, an unknown or missing key, a value of the wrong type: the parser's message, with line, column and excerpt.
    #[error("{message}")]
    Syntax {
        /// The message.
        message: String,
    },
    /// A value out of its range.
    #[error("{place}: expected {expected}, found {found}")]
    Value {
        /// Model and key.
        place: String,
        /// What may stand there.
        expected: String,
        /// What stood there.
        found: String,
    },
    /// Parameters that make no distribution.
    #[error("{place}: {message}")]
    Law {
        /// Model and key.
        place: String,
        /// Which parameter, and why.
        message: String,
    },
    /// A model that the file does not have, or none named where there are several.
    #[error("{}; the file has {known}", asked.as_ref().map_or("name one of the models".to_owned(), |name| format!("there is no model `{name}`")))]
    Model {
        /// The name asked for.
        asked: Option<String>,
        /// The names in the file.
        known: String,
    },
    /// More faults than a trace should hold.
    #[error(
        "about {expected:.0} faults would come out, more than {limit}: take fewer nodes, fewer days, or a longer time between faults"
    )]
    TooMany {
        /// Faults to expect.
        expected: f64,
        /// Most that are made.
        limit: u64,
    },
}

impl Default for ParameterFile {
    fn default() -> Self {
        ParameterFile {
            version: PARAMETERS_VERSION,
            name: String::new(),
            description: String::new(),
            citation: String::new(),
            licence: None,
            default: None,
            fault_models: Vec::new(),
            load_models: Vec::new(),
            wan_models: Vec::new(),
            distributions: Vec::new(),
            figures: Vec::new(),
        }
    }
}

impl AnyModel<'_> {
    /// Its name in the file.
    pub fn name(&self) -> &str {
        match self {
            AnyModel::Faults(model) => &model.name,
            AnyModel::Load(model) => &model.name,
            AnyModel::Wan(model) => &model.name,
        }
    }
}

impl ParameterFile {
    /// Reads a file and checks every value's range.
    ///
    /// # Errors
    /// [`ParameterError::Syntax`] with line, column and excerpt; [`ParameterError::Value`] with model and key.
    pub fn parse(text: &str) -> Result<Self, ParameterError> {
        let file: ParameterFile =
            toml::from_str(text).map_err(|error| ParameterError::Syntax { message: error.to_string().trim_end().to_owned() })?;
        file.check()?;
        Ok(file)
    }

    /// Writes the file. Reading it gives an equal value.
    pub fn to_toml(&self) -> String {
        write::write(&toml::Table::try_from(self).expect("tables of numbers and strings are TOML"))
    }

    /// Every model: first those of faults, then of load, then of round-trip times.
    pub fn models(&self) -> impl Iterator<Item = AnyModel<'_>> {
        let faults = self.fault_models.iter().map(AnyModel::Faults);
        faults.chain(self.load_models.iter().map(AnyModel::Load)).chain(self.wan_models.iter().map(AnyModel::Wan))
    }

    /// The model called `name`; without a name the file's default, or its only model.
    ///
    /// # Errors
    /// [`ParameterError::Model`] with the names that would do.
    pub fn model(&self, name: Option<&str>) -> Result<AnyModel<'_>, ParameterError> {
        let wanted = name.or(self.default.as_deref());
        let found = match wanted {
            Some(name) => self.models().find(|model| model.name() == name),
            None => self.models().next().filter(|_| self.models().count() == 1),
        };
        found.ok_or_else(|| {
            let names: Vec<String> = self.models().map(|model| format!("`{}`", model.name())).collect();
            let known = if names.is_empty() { "no models".to_owned() } else { names.join(", ") };
            ParameterError::Model { asked: wanted.map(str::to_owned), known }
        })
    }

    fn check(&self) -> Result<(), ParameterError> {
        let ParameterFile {
            version,
            name: _,
            description: _,
            citation: _,
            licence: _,
            default,
            fault_models,
            load_models,
            wan_models,
            distributions,
            figures: _,
        } = self;
        if *version != PARAMETERS_VERSION {
            return Err(value("version", &PARAMETERS_VERSION.to_string(), version));
        }
        let names: Vec<AnyModel<'_>> = self.models().collect();
        for (index, model) in names.iter().enumerate() {
            if names[..index].iter().any(|earlier| earlier.name() == model.name()) {
                return Err(value("models", "every name once", &format!("`{}` again", model.name())));
            }
        }
        fault_models.iter().try_for_each(FaultModel::check)?;
        load_models.iter().try_for_each(LoadModel::check)?;
        wan_models.iter().try_for_each(WanModel::check)?;
        for published in distributions {
            check_law(&format!("distribution `{}`, `law`", published.name), &published.law)?;
        }
        if default.is_some() {
            self.model(None)?;
        }
        Ok(())
    }
}

fn value(place: &str, expected: &str, found: &dyn std::fmt::Display) -> ParameterError {
    ParameterError::Value { place: place.to_owned(), expected: expected.to_owned(), found: found.to_string() }
}

fn check_law(place: &str, law: &Model) -> Result<(), ParameterError> {
    match law.distribution() {
        Ok(_) => Ok(()),
        Err(error) => Err(ParameterError::Law { place: place.to_owned(), message: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
version = 1
name = "example"
description = "one system"
citation = "A. Author 2001"

[[fault_model]]
name = "nodes"
source = "table 3"
causes = { hardware = 0.6 }
between_starts = { unit = "h", law = { family = "weibull", shape = 0.64, scale = 100.0 } }
repair = { unit = "s", law = { family = "lognormal", mu = 8.1, sigma = 1.2 } }
bursts = { share = 0.15, nodes_mean = 6.1 }
"#;

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let file = ParameterFile::parse(TEXT).unwrap();
        assert_eq!(ParameterFile::parse(&file.to_toml()), Ok(file.clone()));
        let AnyModel::Faults(model) = file.model(None).unwrap() else { panic!() };
        assert_eq!(model.between_starts.unwrap().in_seconds(), Model::Weibull { shape: 0.64, scale: 360_000.0 });
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = ParameterFile::parse(&TEXT.replace("citation", "citaton")).unwrap_err().to_string();
        assert!(error.contains("line 5") && error.contains("citaton"), "{error}");
    }

    #[test]
    fn values_out_of_range_name_their_place() {
        for (from, to, expected) in [
            ("shape = 0.64", "shape = 0.0", "model `nodes`, `between_starts.law`: weibull: shape must be above 0, not 0"),
            ("0.6 }", "1.6 }", "model `nodes`, `causes`: expected shares between 0 and 1 that sum to at most 1, found 1.6"),
            ("share = 0.15", "share = 1.0", "model `nodes`, `bursts.share`: expected a share of 0 to below 1, found 1"),
            ("between_starts", "repair_", "TOML parse error"),
            ("version = 1", "version = 2", "version: expected 1, found 2"),
        ] {
            let error = ParameterFile::parse(&TEXT.replace(from, to)).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let neither: String = TEXT.lines().filter(|line| !line.starts_with("between")).map(|line| format!("{line}\n")).collect();
        let error = ParameterFile::parse(&neither).unwrap_err().to_string();
        assert_eq!(error, "model `nodes`: expected exactly one of `between_starts` and `up_time`, found neither");
    }

    #[test]
    fn a_model_that_is_not_there_is_answered_with_those_that_are() {
        let error = ParameterFile::parse(TEXT).unwrap().model(Some("disks")).unwrap_err().to_string();
        assert_eq!(error, "there is no model `disks`; the file has `nodes`");
    }
}
