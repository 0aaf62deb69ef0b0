//! What is said about broken scenarios, word for word: each message names the place and what would be right.

mod faults;
mod files;
mod load;
mod shape;
mod world;

use hms_scenario::{parse, render_all};

/// Three nodes in three zones, two services, one load. Texts of tests are put behind it, so that their first line is line 16.
const WORLD: &str = r#"version = 1
[cluster]
zones = 3
nodes = 3
[[service]]
name = "api"
replicas = 2
[[service]]
name = "store"
[[load]]
name = "users"
service = "api"
arrivals = "10/s"

# --- the broken part ---
"#;

/// Files that scenarios of the tests point at.
fn file(path: &str) -> Result<String, String> {
    let text = match path {
        "trace.csv" => concat!(
            "time_s,node,kind,duration_s,severity,param,domain,cause,detail,group,flags\n",
            "1.000,0,crash,5.000,1.000,,a/b,hardware,,,\n2.000,7,crash,5.000,1.000,,a/b,hardware,,,\n"
        ),
        "broken.csv" => concat!(
            "time_s,node,kind,duration_s,severity,param,domain,cause,detail,group,flags\n",
            "1.000,zero,crash,5.000,1.000,,a/b,hardware,,,\n"
        ),
        "rtt.csv" => "from,to,rtt_ms,min_ms,max_ms,mdev_ms\nus,eu,80.0,,,0.8\neu,us,80.0,,,0.8\n",
        "silence.txt" => "0\n0\n0\n",
        "arrivals.csv" => "time_s,service_s,size\n100.0,,\n",
        _ => return Err("no such file".to_owned()),
    };
    Ok(text.to_owned())
}

/// The messages about `text`, after a look whether each one says where, and what to do.
fn told(text: &str) -> String {
    let problems = parse(text, &file).expect_err("the scenario is broken");
    for problem in &problems {
        assert!(problem.span.is_some(), "no place: {problem:?}");
        let repair = [&problem.expected, &problem.help, &problem.nearest];
        let says = problem.message.contains("expected ") || repair.iter().any(|text| text.is_some());
        assert!(says, "no repair: {problem:?}");
    }
    render_all(&problems, "test.toml", text)
}

/// The messages about `text` behind [`WORLD`].
fn told_of(text: &str) -> String {
    told(&format!("{WORLD}{text}"))
}
