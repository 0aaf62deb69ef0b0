//! A small run for the tests of what is shown.

use std::path::Path;

use hms_lab::inputs::Inputs;
use hms_lab::machine::Seed;
use hms_lab::session::Chronicle;
use hms_lab::trial::Detail;

/// Three hosts, a service of three replicas, one of which crashes.
const SCENARIO: &str = r#"version = 1
name = "tiny"

[run]
duration = "4s"
warmup = "1s"

[cluster]
nodes = 3

[[service]]
name = "api"
replicas = 3

[[load]]
name = "users"
service = "api"
arrivals = "20/s"
timeout = "500ms"

[[fault]]
kind = "agent_crash"
at = "2s"
target = { service = "api", replica = 1 }
"#;

pub(crate) fn chronicle(stack: &str, seed: u64) -> Chronicle {
    let inputs = Inputs::from_edited(SCENARIO, stack, Path::new(""), Seed(seed), Detail::Changes).unwrap();
    Chronicle::of(&inputs, inputs.trial().run().unwrap())
}
