//! Mistakes of meaning in loads.

use insta::assert_snapshot;

use crate::told_of;

fn load(rest: &str) -> String {
    told_of(&format!("[[load]]\nservice = \"api\"\n{rest}"))
}

#[test]
fn a_load_on_an_unknown_service_is_told_with_the_nearest() {
    assert_snapshot!(told_of("[[load]]\nservice = \"apo\"\narrivals = \"1/s\"\n"), @r#"
    error: there is no service `apo`
      --> test.toml:17:11
       |
    17 | service = "apo"
       |           ^^^^^
       = at: load[1].service
       = expected: a service: `api`, `store`
       = help: did you mean `api`?

    test.toml: 1 error
    "#);
}

#[test]
fn a_load_without_arrivals_is_told() {
    assert_snapshot!(load(""), @r#"
    error: key `arrivals` is missing in `load[1]`
      --> test.toml:16:1
       |
    16 | [[load]]
       | ^^^^^^^^
       = at: load[1].arrivals
       = expected: a rate such as "300/s", "8/min", "20/h" or "1000/d", or a plain number per second, or a table with a `kind`
       = help: add `arrivals = …`

    test.toml: 1 error
    "#);
}

#[test]
fn a_load_in_an_unknown_zone_is_told() {
    assert_snapshot!(load("arrivals = \"1/s\"\nzone = \"z3\"\n"), @r#"
    error: there is no zone `z3`
      --> test.toml:19:8
       |
    19 | zone = "z3"
       |        ^^^^
       = at: load[1].zone
       = expected: a zone: `z0`, `z1`, `z2`
       = help: did you mean `z0`?

    test.toml: 1 error
    "#);
}

#[test]
fn two_loads_of_one_name_are_told() {
    assert_snapshot!(load("name = \"users\"\narrivals = \"1/s\"\n"), @r#"
    error: two loads are called `users`; the first is `load[0].name`
      --> test.toml:18:8
       |
    18 | name = "users"
       |        ^^^^^^^
       = at: load[1].name
       = expected: a unique name

    test.toml: 1 error
    "#);
}

#[test]
fn a_rate_of_zero_is_told() {
    assert_snapshot!(load("arrivals = \"0/s\"\n"), @r#"
    error: `0` is out of range
      --> test.toml:18:12
       |
    18 | arrivals = "0/s"
       |            ^^^^^
       = at: load[1].arrivals
       = expected: a rate above 0

    test.toml: 1 error
    "#);
}

#[test]
fn a_rate_in_an_unknown_unit_is_told() {
    assert_snapshot!(load("arrivals = \"300/sec\"\n"), @r#"
    error: `sec` is no time that a rate can be per
      --> test.toml:18:12
       |
    18 | arrivals = "300/sec"
       |            ^^^^^^^^^
       = at: load[1].arrivals
       = expected: a rate such as "300/s", "8/min", "20/h" or "1000/d", or a plain number per second

    test.toml: 1 error
    "#);
}

#[test]
fn a_time_out_of_zero_is_told() {
    assert_snapshot!(load("arrivals = \"1/s\"\ntimeout = \"0s\"\n"), @r#"
    error: this time must be above zero
      --> test.toml:19:11
       |
    19 | timeout = "0s"
       |           ^^^^
       = at: load[1].timeout
       = expected: a duration above zero

    test.toml: 1 error
    "#);
}

#[test]
fn steps_that_go_back_in_time_are_told() {
    let steps = "[{ at = \"10s\", rate = \"5/s\" }, { at = \"5s\", rate = \"9/s\" }]";
    assert_snapshot!(load(&format!("arrivals = {{ kind = \"steps\", steps = {steps} }}\n")), @r#"
    error: the step at 5s does not follow the one at 10s
      --> test.toml:18:76
       |
    18 | …10s", rate = "5/s" }, { at = "5s", rate = "9/s" }] }
       |                               ^^^^
       = at: load[1].arrivals.steps[1].at
       = expected: steps in order of time, no two at the same

    test.toml: 1 error
    "#);
}

#[test]
fn steps_without_any_request_are_told() {
    assert_snapshot!(load("arrivals = { kind = \"steps\", steps = [] }\n"), @r#"
    error: no request would ever arrive
      --> test.toml:18:38
       |
    18 | arrivals = { kind = "steps", steps = [] }
       |                                      ^^
       = at: load[1].arrivals.steps
       = expected: at least one entry with a rate above 0

    test.toml: 1 error
    "#);
}

#[test]
fn a_surge_of_clients_that_wait_for_their_answers_is_told() {
    let text = "[[load]]\nname = \"desk\"\nservice = \"api\"\narrivals = { kind = \"closed\", clients = 5 }\n\
                [[fault]]\nkind = \"surge\"\nat = \"5s\"\ntarget = { load = \"desk\" }\n";
    assert_snapshot!(told_of(text), @r#"
    error: a `surge` cannot strike the load `desk`: the arrivals of `closed` follow the answers
      --> test.toml:23:10
       |
    23 | target = { load = "desk" }
       |          ^^^^^^^^^^^^^^^^^
       = at: fault[0].target
       = expected: a load whose arrivals are of another kind than `closed`
       = help: for more requests at a time, add a second load

    test.toml: 1 error
    "#);
}

#[test]
fn a_herd_of_the_only_load_is_told_if_its_clients_wait() {
    let text = "version = 1\n[cluster]\nnodes = 1\n[[service]]\nname = \"api\"\n\
                [[load]]\nservice = \"api\"\narrivals = { kind = \"closed\", clients = 5 }\n\
                [[fault]]\nkind = \"herd\"\nat = \"5s\"\n";
    assert_snapshot!(crate::told(text), @r#"
    error: a `herd` cannot strike the load `load0`: the arrivals of `closed` follow the answers
     --> test.toml:9:1
      |
    9 | [[fault]]
      | ^^^^^^^^^
      = at: fault[0].target
      = expected: a load whose arrivals are of another kind than `closed`
      = help: for more requests at a time, add a second load

    test.toml: 1 error
    "#);
}

#[test]
fn a_priority_out_of_range_is_told() {
    assert_snapshot!(load("arrivals = \"1/s\"\npriority = 4\n"), @r#"
    error: `4` is out of range
      --> test.toml:19:12
       |
    19 | priority = 4
       |            ^
       = at: load[1].priority
       = expected: a number from 0 to 3

    test.toml: 1 error
    "#);
}
