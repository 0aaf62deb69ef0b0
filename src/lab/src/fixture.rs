//! A small run for the tests of this crate.

use hms_machine::Seed;
use hms_trial::{Detail, Outcome};

use crate::inputs::{Inputs, SideFile, Texts};

/// Three nodes, two services, a load, a crash and a partition.
pub(crate) const SCENARIO: &str = r#"version = 1
name = "small"

[run]
duration = "20s"
warmup = "2s"

[cluster]
nodes = 3

[network]
latency = { kind = "lognormal", median = "0.4ms", sigma = 0.5 }

[[service]]
name = "api"
replicas = 2
call = [{ service = "store", timeout = "200ms", retries = 1 }]

[[service]]
name = "store"
replicas = 2
journal = { writes = 0.5 }

[[load]]
name = "users"
service = "api"
arrivals = "50/s"
timeout = "500ms"

[[fault]]
kind = "partition"
at = "6s"
for = "3s"
sides = [[0], [1, 2]]

[[fault]]
kind = "agent_crash"
at = "12s"
target = { service = "store" }
"#;

pub(crate) fn inputs_of(text: &str, seed: u64) -> Inputs {
    inputs_with(text, Vec::new(), seed, Detail::Changes)
}

pub(crate) fn inputs(seed: u64) -> Inputs {
    inputs_of(SCENARIO, seed)
}

pub(crate) fn inputs_with(text: &str, files: Vec<SideFile>, seed: u64, detail: Detail) -> Inputs {
    let texts = Texts { scenario: text.to_owned(), files, stack: String::new() };
    Inputs::from_texts(texts, Seed(seed), detail).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn run(inputs: &Inputs) -> Outcome {
    inputs.trial().run().unwrap_or_else(|error| panic!("{error}"))
}
