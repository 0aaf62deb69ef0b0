//! Mistakes in the files that a scenario points at.

use insta::assert_snapshot;

use crate::{told, told_of};

fn trace(trace: &str) -> String {
    told_of(&format!("[[fault]]\nkind = \"crash\"\ntrace = {trace}\n"))
}

fn load(arrivals: &str) -> String {
    told_of(&format!("[[load]]\nservice = \"api\"\narrivals = {arrivals}\n"))
}

fn matrix(matrix: &str) -> String {
    told(&format!("version = 1\n[cluster]\nregions = [\"us\", \"asia\"]\nnodes = 2\n[network]\nmatrix = {matrix}\n"))
}

#[test]
fn a_trace_that_cannot_be_read_is_told() {
    assert_snapshot!(trace("\"nowhere.csv\""), @r#"
    error: the file `nowhere.csv` is needed: no such file
      --> test.toml:18:9
       |
    18 | trace = "nowhere.csv"
       |         ^^^^^^^^^^^^^
       = at: fault[0].trace
       = help: paths are relative to the folder of the scenario

    test.toml: 1 error
    "#);
}

#[test]
fn a_trace_that_is_broken_is_told_with_its_line() {
    assert_snapshot!(trace("\"broken.csv\""), @r#"
    error: `broken.csv`: line 2, column `node`: expected a whole number, 0 or more, found `zero`; write digits only
      --> test.toml:18:9
       |
    18 | trace = "broken.csv"
       |         ^^^^^^^^^^^^
       = at: fault[0].trace

    test.toml: 1 error
    "#);
}

#[test]
fn a_trace_of_nodes_that_the_cluster_lacks_is_told() {
    assert_snapshot!(trace("\"trace.csv\""), @r#"
    error: `trace.csv` has faults of node 7, but the cluster has 3 nodes
      --> test.toml:18:9
       |
    18 | trace = "trace.csv"
       |         ^^^^^^^^^^^
       = at: fault[0].trace
       = help: set `cluster.nodes = 8`, select a part by `domain`, or set `renumber = true`

    test.toml: 1 error
    "#);
}

#[test]
fn a_trace_of_which_nothing_falls_into_the_run_is_told() {
    assert_snapshot!(trace("{ file = \"trace.csv\", domain = \"lanl/sys02\" }"), @r#"
    error: none of the 2 rows of `trace.csv` falls into the run
      --> test.toml:18:18
       |
    18 | trace = { file = "trace.csv", domain = "lanl/sys02" }
       |                  ^^^^^^^^^^^
       = at: fault[0].trace.file
       = help: look at `kinds`, `domain` and `from`, and at the length of the run

    test.toml: 1 error
    "#);
}

#[test]
fn an_unknown_kind_of_rows_is_told_with_the_nearest() {
    assert_snapshot!(trace("{ file = \"trace.csv\", kinds = [\"crashes\"] }"), @r#"
    error: `crashes` is no kind of a trace's rows
      --> test.toml:18:40
       |
    18 | trace = { file = "trace.csv", kinds = ["crashes"] }
       |                                        ^^^^^^^^^
       = at: fault[0].trace.kinds[0]
       = expected: one of `crash`, `disk`, `slow`, `pause`, `partition`, `outage`
       = help: did you mean `crash`?

    test.toml: 1 error
    "#);
}

#[test]
fn a_duration_beside_a_trace_is_told() {
    let text =
        "[[fault]]\nkind = \"crash\"\nfor = \"5s\"\ntarget = { node = 0 }\ntrace = { file = \"trace.csv\", renumber = true }\n";
    assert_snapshot!(told_of(text), @r#"
    error: the rows of a trace say what `for` would
      --> test.toml:18:7
       |
    18 | for = "5s"
       |       ^^^^
       = at: fault[0].for
       = help: remove `for`

    error: the rows of a trace say which nodes are struck
      --> test.toml:19:10
       |
    19 | target = { node = 0 }
       |          ^^^^^^^^^^^^
       = at: fault[0].target
       = help: remove `target`

    test.toml: 2 errors
    "#);
}

#[test]
fn counts_without_any_request_are_told() {
    assert_snapshot!(load("{ kind = \"counts\", file = \"silence.txt\" }"), @r#"
    error: `silence.txt` counts no request at all
      --> test.toml:18:38
       |
    18 | arrivals = { kind = "counts", file = "silence.txt" }
       |                                      ^^^^^^^^^^^^^
       = at: load[1].arrivals.file
       = expected: at least one line with a number above 0

    test.toml: 1 error
    "#);
}

#[test]
fn counts_that_are_no_numbers_are_told() {
    assert_snapshot!(load("{ kind = \"counts\", file = \"trace.csv\" }"), @r#"
    error: `trace.csv`: line 1, column `1`: expected one whole number: the requests of one second, found `time_s,node,kind,duration_s,severity,param,domain,cause,detail,group,flags`; write one number per line; convert other formats with `hms dataset import`
      --> test.toml:18:38
       |
    18 | arrivals = { kind = "counts", file = "trace.csv" }
       |                                      ^^^^^^^^^^^
       = at: load[1].arrivals.file

    test.toml: 1 error
    "#);
}

#[test]
fn instants_of_which_none_falls_into_the_run_are_told() {
    assert_snapshot!(load("{ kind = \"timestamps\", file = \"arrivals.csv\", from = \"200s\" }"), @r#"
    error: `arrivals.csv` has no request between 200s and 320s
      --> test.toml:18:42
       |
    18 | arrivals = { kind = "timestamps", file = "arrivals.csv", from = "200s" }
       |                                          ^^^^^^^^^^^^^^
       = at: load[1].arrivals.file
       = help: choose `from` so that the run covers a part of the file, or a longer `run.duration`

    test.toml: 1 error
    "#);
}

#[test]
fn a_region_that_the_matrix_does_not_know_is_told() {
    assert_snapshot!(matrix("\"rtt.csv\""), @r#"
    error: `rtt.csv` has no region `asia`
     --> test.toml:6:10
      |
    6 | matrix = "rtt.csv"
      |          ^^^^^^^^^
      = at: network.matrix
      = expected: names for `cluster.regions` from the file: `us`, `eu`

    test.toml: 1 error
    "#);
}

#[test]
fn a_matrix_whose_fallback_is_missing_as_well_is_told() {
    assert_snapshot!(matrix("{ kind = \"file\", file = \"one.csv\", fallback = \"two.csv\" }"), @r#"
    error: neither `one.csv` can be read (no such file) nor its fallback `two.csv` (no such file)
     --> test.toml:6:34
      |
    6 | matrix = { kind = "file", file = "one.csv", fallback = "two.csv" }
      |                                  ^^^^^^^^^
      = at: network.matrix.file
      = help: paths are relative to the folder of the scenario

    test.toml: 1 error
    "#);
}

#[test]
fn names_for_fewer_regions_than_there_are_are_told() {
    assert_snapshot!(matrix("{ kind = \"file\", file = \"rtt.csv\", names = [\"us\"] }"), @r#"
    error: 1 names for 2 regions
     --> test.toml:6:53
      |
    6 | matrix = { kind = "file", file = "rtt.csv", names = ["us"] }
      |                                                     ^^^^^^
      = at: network.matrix.names
      = expected: one name for each region of the cluster

    test.toml: 1 error
    "#);
}
