//! Mistakes of syntax, keys, types and units.

use insta::assert_snapshot;

use crate::{told, told_of};

fn told_of_syntax(text: &str) -> String {
    let problems = hms_scenario::parse(text, &crate::file).expect_err("the scenario is broken");
    assert!(problems.iter().all(|problem| problem.span.is_some()), "{problems:?}");
    hms_scenario::render_all(&problems, "test.toml", text)
}

#[test]
fn an_empty_file_misses_its_version_and_its_cluster() {
    assert_snapshot!(told(""), @r#"
    error: key `version` is missing
     --> test.toml:1:1
      |
    1 | 
      | ^
      = at: version
      = expected: a whole number
      = help: put `version = 1` at the top

    error: key `cluster` is missing
     --> test.toml:1:1
      |
    1 | 
      | ^
      = at: cluster
      = expected: a table
      = help: add a table `[cluster]`

    test.toml: 2 errors
    "#);
}

#[test]
fn a_version_of_the_future_is_refused() {
    assert_snapshot!(told("version = 2\n[cluster]\nnodes = 1\n"), @r#"
    error: `2` is out of range
     --> test.toml:1:11
      |
    1 | version = 2
      |           ^
      = at: version
      = expected: 1

    test.toml: 1 error
    "#);
}

#[test]
fn a_version_in_quotes_is_no_number() {
    assert_snapshot!(told("version = \"1\"\n[cluster]\nnodes = 1\n"), @r#"
    error: expected a whole number, found the text "1"
     --> test.toml:1:11
      |
    1 | version = "1"
      |           ^^^
      = at: version
      = help: leave the quotes out

    test.toml: 1 error
    "#);
}

#[test]
fn a_mistake_of_syntax_is_told_where_it_stands() {
    assert_snapshot!(told_of_syntax("version = 1\n[cluster]\nnodes = \n"), @r#"
    error: string values must be quoted, expected literal string
     --> test.toml:3:9
      |
    3 | nodes =
      |         ^

    test.toml: 1 error
    "#);
}

#[test]
fn a_text_without_its_second_quote_is_told() {
    assert_snapshot!(told_of_syntax("version = 1\nname = \"shop\n[cluster]\nnodes = 3\n"), @r#"
    error: invalid basic string, expected `"`
     --> test.toml:2:13
      |
    2 | name = "shop
      |             ^

    test.toml: 1 error
    "#);
}

#[test]
fn a_key_that_stands_twice_is_told() {
    assert_snapshot!(told_of_syntax("version = 1\nname = \"one\"\nname = \"two\"\n[cluster]\nnodes = 3\n"), @r#"
    error: duplicate key
     --> test.toml:3:1
      |
    3 | name = "two"
      | ^^^^

    test.toml: 1 error
    "#);
}

#[test]
fn an_unknown_key_is_told_with_the_nearest() {
    assert_snapshot!(told_of("[[service]]\nname = \"web\"\nreplcias = 2\n"), @r#"
    error: unknown key `replcias` in `service[2]`
      --> test.toml:18:1
       |
    18 | replcias = 2
       | ^^^^^^^^
       = at: service[2].replcias
       = expected: one of `cache`, `call`, `default_answer`, `errors`, `fan_out`, `journal`, `memory`, `name`, `needs`, `nodes`, `queue`, `replicas`, `reply`, `request`, `startup`, `work`, `workers`
       = help: did you mean `replicas`?

    test.toml: 1 error
    "#);
}

#[test]
fn an_unknown_table_is_told() {
    assert_snapshot!(told_of("[netwrok]\nloss = 0.1\n"), @r#"
    error: unknown key `netwrok`
      --> test.toml:16:2
       |
    16 | [netwrok]
       |  ^^^^^^^
       = at: netwrok
       = expected: one of `cluster`, `description`, `fault`, `load`, `name`, `network`, `run`, `service`, `stack`, `swarm`, `version`
       = help: did you mean `network`?

    test.toml: 1 error
    "#);
}

#[test]
fn a_key_of_another_kind_of_fault_is_told() {
    assert_snapshot!(told_of("[[fault]]\nkind = \"pause\"\nat = \"5s\"\nspeed = 0.5\n"), @r#"
    error: unknown key `speed` in `fault[0]` of kind `pause`
      --> test.toml:19:1
       |
    19 | speed = 0.5
       | ^^^^^
       = at: fault[0].speed
       = expected: one of `at`, `every`, `for`, `group`, `kind`, `name`, `target`, `trace`

    test.toml: 1 error
    "#);
}

#[test]
fn an_unknown_kind_is_told_with_the_nearest() {
    assert_snapshot!(told_of("[[fault]]\nkind = \"slowcpu\"\nat = \"5s\"\n"), @r#"
    error: unknown kind `slowcpu`
      --> test.toml:17:8
       |
    17 | kind = "slowcpu"
       |        ^^^^^^^^^
       = at: fault[0].kind
       = expected: one of `crash`, `agent_crash`, `crash_loop`, `pause`, `hang`, `slow_cpu`, `slow_disk`, `slow_nic`, `latency`, `loss`, `duplicate`, `reorder`, `corrupt`, `clog`, `throttle`, `partition`, `clock_step`, `clock_drift`, `clock_strobe`, `disk_stall`, `disk_full`, `disk_errors`, `bit_flips`, `misdirected`, `memory_leak`, `handle_leak`, `surge`, `herd`, `regression`, `poison`, `gray`, `outage`
       = help: did you mean `slow_cpu`?

    test.toml: 1 error
    "#);
}

#[test]
fn a_law_without_a_kind_is_told() {
    assert_snapshot!(told_of("[network]\nlatency = { median = \"1ms\" }\n"), @r#"
    error: key `kind` is missing in `network.latency`
      --> test.toml:17:11
       |
    17 | latency = { median = "1ms" }
       |           ^^^^^^^^^^^^^^^^^^
       = at: network.latency.kind
       = expected: one of `uniform`, `exponential`, `normal`, `lognormal`, `weibull`, `gamma`, `pareto`, `empirical`, `mixture`

    test.toml: 1 error
    "#);
}

#[test]
fn a_law_that_lacks_a_parameter_is_told() {
    assert_snapshot!(told_of("[network]\nlatency = { kind = \"lognormal\", median = \"1ms\" }\n"), @r#"
    error: key `sigma` is missing in `network.latency`
      --> test.toml:17:11
       |
    17 | latency = { kind = "lognormal", median = "1ms" }
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = at: network.latency.sigma
       = expected: a number
       = help: add `sigma = …`

    test.toml: 1 error
    "#);
}

#[test]
fn an_unknown_word_is_told_with_the_nearest() {
    assert_snapshot!(told_of("[[service]]\nname = \"web\"\nfan_out = \"paralel\"\n"), @r#"
    error: unknown word `paralel`
      --> test.toml:18:11
       |
    18 | fan_out = "paralel"
       |           ^^^^^^^^^
       = at: service[2].fan_out
       = expected: one of `sequential`, `parallel`
       = help: did you mean `parallel`?

    test.toml: 1 error
    "#);
}

#[test]
fn a_number_where_a_list_belongs_is_told() {
    assert_snapshot!(told_of("[[fault]]\nkind = \"crash\"\nat = \"5s\"\ntarget = { nodes = 1 }\n"), @r#"
    error: expected a list, found the number `1`
      --> test.toml:19:20
       |
    19 | target = { nodes = 1 }
       |                    ^
       = at: fault[0].target.nodes
       = help: put it in brackets: `[ … ]`

    test.toml: 1 error
    "#);
}

#[test]
fn a_table_with_single_brackets_is_told_to_take_two() {
    assert_snapshot!(told_of("[fault]\nkind = \"crash\"\nat = \"5s\"\n"), @r#"
    error: expected a list, found a table
      --> test.toml:16:1
       |
    16 | [fault]
       | ^^^^^^^
       = at: fault
       = help: write the table with two brackets: `[[fault]]`

    test.toml: 1 error
    "#);
}

#[test]
fn a_time_without_its_unit_is_told() {
    assert_snapshot!(told_of("[run]\nduration = 60\n"), @r#"
    error: `60` has no unit
      --> test.toml:17:12
       |
    17 | duration = 60
       |            ^^
       = at: run.duration
       = expected: a duration with its unit: "250us", "0.4ms", "30s", "2.7min", "1h", "1d"

    test.toml: 1 error
    "#);
}

#[test]
fn a_time_in_an_unknown_unit_is_told() {
    assert_snapshot!(told_of("[run]\nduration = \"60 sec\"\n"), @r#"
    error: `sec` is no unit of time
      --> test.toml:17:12
       |
    17 | duration = "60 sec"
       |            ^^^^^^^^
       = at: run.duration
       = expected: a duration with its unit: "250us", "0.4ms", "30s", "2.7min", "1h", "1d"

    test.toml: 1 error
    "#);
}

#[test]
fn a_negative_time_is_told() {
    assert_snapshot!(told_of("[run]\nwarmup = \"-5s\"\n"), @r#"
    error: `-5s` is negative
      --> test.toml:17:10
       |
    17 | warmup = "-5s"
       |          ^^^^^
       = at: run.warmup
       = expected: a duration with its unit: "250us", "0.4ms", "30s", "2.7min", "1h", "1d"

    test.toml: 1 error
    "#);
}

#[test]
fn a_size_in_the_unit_of_a_time_is_told() {
    assert_snapshot!(told_of("[cluster.host]\nmemory = \"4s\"\n"), @r#"
    error: `s` is no unit of size
      --> test.toml:17:10
       |
    17 | memory = "4s"
       |          ^^^^
       = at: cluster.host.memory
       = expected: a number of bytes with its unit: "512 B", "4 KiB", "10 MiB", "1 GB"

    test.toml: 1 error
    "#);
}

#[test]
fn a_probability_above_one_is_told() {
    assert_snapshot!(told_of("[network]\nloss = 1.5\n"), @r#"
    error: `1.5` is not between 0 and 1; for per cent write "1.5 %"
      --> test.toml:17:8
       |
    17 | loss = 1.5
       |        ^^^
       = at: network.loss
       = expected: a number between 0 and 1, or a percentage such as "5 %"

    test.toml: 1 error
    "#);
}

#[test]
fn a_number_below_its_range_is_told() {
    assert_snapshot!(told_of("[[service]]\nname = \"web\"\nworkers = 0\n"), @r#"
    error: `0` is out of range
      --> test.toml:18:11
       |
    18 | workers = 0
       |           ^
       = at: service[2].workers
       = expected: a number from 1 to 4294967295

    test.toml: 1 error
    "#);
}

#[test]
fn all_mistakes_are_told_in_the_order_of_the_text() {
    assert_snapshot!(told_of("[network]\nloss = 2\nlatencyy = \"1ms\"\n[run]\nduration = true\n"), @r#"
    error: `2` is not between 0 and 1; for per cent write "2 %"
      --> test.toml:17:8
       |
    17 | loss = 2
       |        ^
       = at: network.loss
       = expected: a number between 0 and 1, or a percentage such as "5 %"

    error: unknown key `latencyy` in `network`
      --> test.toml:18:1
       |
    18 | latencyy = "1ms"
       | ^^^^^^^^
       = at: network.latencyy
       = expected: one of `bandwidth`, `corrupt`, `duplicate`, `host`, `latency`, `loss`, `matrix`, `queue`, `rack`, `region`, `reorder`, `wan`, `zone`
       = help: did you mean `latency`?

    error: expected a duration, found `true`
      --> test.toml:20:12
       |
    20 | duration = true
       |            ^^^^
       = at: run.duration
       = expected: a duration with its unit: "250us", "0.4ms", "30s", "2.7min", "1h", "1d"

    test.toml: 3 errors
    "#);
}
