//! Mistakes of meaning in faults.

use insta::assert_snapshot;

use crate::told_of;

fn crash(rest: &str) -> String {
    told_of(&format!("[[fault]]\nkind = \"crash\"\n{rest}"))
}

fn partition(rest: &str) -> String {
    told_of(&format!("[[fault]]\nkind = \"partition\"\nat = \"5s\"\n{rest}"))
}

#[test]
fn a_fault_without_a_start_is_told() {
    assert_snapshot!(crash(""), @r#"
    error: the fault `crash` has no start
      --> test.toml:16:1
       |
    16 | [[fault]]
       | ^^^^^^^^^
       = at: fault[0]
       = expected: `at`, `every` or `trace`
       = help: add `at = "30s"` for one occurrence, `every = "5min"` for many

    test.toml: 1 error
    "#);
}

#[test]
fn a_fault_with_two_starts_is_told() {
    assert_snapshot!(crash("at = \"5s\"\nevery = \"10s\"\n"), @r#"
    error: a fault has one start
      --> test.toml:16:1
       |
    16 | [[fault]]
       | ^^^^^^^^^
       = at: fault[0]
       = expected: one of `at`, `every` and `trace`
       = help: remove the others

    test.toml: 1 error
    "#);
}

#[test]
fn a_fault_after_the_end_of_the_run_is_told() {
    assert_snapshot!(crash("at = [\"5s\", \"2h\"]\n[run]\nduration = \"1h\"\n"), @r#"
    error: a fault at 2h is not before the end of the run at 1h
      --> test.toml:18:13
       |
    18 | at = ["5s", "2h"]
       |             ^^^^
       = at: fault[0].at[1]
       = expected: a time below 1h
       = help: choose an earlier time, or a longer `run.duration`

    test.toml: 1 error
    "#);
}

#[test]
fn a_fault_at_no_time_at_all_is_told() {
    assert_snapshot!(crash("at = []\n"), @r#"
    error: this list of times is empty
      --> test.toml:18:6
       |
    18 | at = []
       |      ^^
       = at: fault[0].at
       = expected: at least one time

    test.toml: 1 error
    "#);
}

#[test]
fn a_fault_that_lasts_no_time_is_told() {
    assert_snapshot!(crash("at = \"5s\"\nfor = \"0s\"\n"), @r#"
    error: this time must be above zero
      --> test.toml:19:7
       |
    19 | for = "0s"
       |       ^^^^
       = at: fault[0].for
       = expected: a duration above zero

    test.toml: 1 error
    "#);
}

#[test]
fn a_duration_of_what_happens_at_an_instant_is_told() {
    assert_snapshot!(told_of("[[fault]]\nkind = \"agent_crash\"\nat = \"5s\"\nfor = \"1s\"\ntarget = { service = \"api\" }\n"), @r#"
    error: `agent_crash` happens at an instant and has no duration
      --> test.toml:19:7
       |
    19 | for = "1s"
       |       ^^^^
       = at: fault[0].for
       = help: remove `for`

    test.toml: 1 error
    "#);
}

#[test]
fn faults_so_frequent_that_the_unit_must_be_wrong_are_told() {
    assert_snapshot!(crash("every = \"1ns\"\nfor = \"1ns\"\n"), @r#"
    error: about 6.0e10 faults in 2min are too many
      --> test.toml:18:9
       |
    18 | every = "1ns"
       |         ^^^^^
       = at: fault[0].every
       = expected: at most 1000000

    test.toml: 1 error
    "#);
}

#[test]
fn two_faults_of_one_name_are_told() {
    let text = "[[fault]]\nname = \"x\"\nkind = \"pause\"\nat = \"5s\"\n[[fault]]\nname = \"x\"\nkind = \"pause\"\nat = \"6s\"\n";
    assert_snapshot!(told_of(text), @r#"
    error: two faults are called `x`; the first is `fault[0].name`
      --> test.toml:21:8
       |
    21 | name = "x"
       |        ^^^
       = at: fault[1].name
       = expected: a unique name

    test.toml: 1 error
    "#);
}

#[test]
fn a_node_that_does_not_exist_is_told() {
    assert_snapshot!(crash("at = \"5s\"\ntarget = { node = 3 }\n"), @r#"
    error: there is no node 3
      --> test.toml:19:19
       |
    19 | target = { node = 3 }
       |                   ^
       = at: fault[0].target.node
       = expected: a node from 0 to 2, or its name `n0` to `n2`

    test.toml: 1 error
    "#);
}

#[test]
fn a_zone_where_a_node_belongs_is_told() {
    assert_snapshot!(crash("at = \"5s\"\ntarget = { node = \"z1\" }\n"), @r#"
    error: `z1` is a zone, not a node
      --> test.toml:19:19
       |
    19 | target = { node = "z1" }
       |                   ^^^^
       = at: fault[0].target.node
       = expected: a node from 0 to 2, or its name `n0` to `n2`

    test.toml: 1 error
    "#);
}

#[test]
fn a_zone_that_does_not_exist_is_told() {
    assert_snapshot!(crash("at = \"5s\"\ntarget = { zone = \"zz1\" }\n"), @r#"
    error: there is no zone `zz1`
      --> test.toml:19:19
       |
    19 | target = { zone = "zz1" }
       |                   ^^^^^
       = at: fault[0].target.zone
       = expected: a zone: `z0`, `z1`, `z2`
       = help: did you mean `z1`?

    test.toml: 1 error
    "#);
}

#[test]
fn a_service_that_does_not_exist_is_told() {
    assert_snapshot!(told_of("[[fault]]\nkind = \"hang\"\nat = \"5s\"\ntarget = { service = \"stroe\" }\n"), @r#"
    error: there is no service `stroe`
      --> test.toml:19:22
       |
    19 | target = { service = "stroe" }
       |                      ^^^^^^^
       = at: fault[0].target.service
       = expected: a service: `api`, `store`
       = help: did you mean `store`?

    test.toml: 1 error
    "#);
}

#[test]
fn a_replica_that_does_not_exist_is_told() {
    assert_snapshot!(told_of("[[fault]]\nkind = \"hang\"\nat = \"5s\"\ntarget = { service = \"api\", replica = 2 }\n"), @r#"
    error: there is no replica 2
      --> test.toml:19:39
       |
    19 | target = { service = "api", replica = 2 }
       |                                       ^
       = at: fault[0].target.replica
       = expected: a number from 0 to 1, or "random"

    test.toml: 1 error
    "#);
}

#[test]
fn a_load_that_does_not_exist_is_told() {
    assert_snapshot!(told_of("[[fault]]\nkind = \"surge\"\nat = \"5s\"\ntarget = { load = \"user\" }\n"), @r#"
    error: there is no load `user`
      --> test.toml:19:19
       |
    19 | target = { load = "user" }
       |                   ^^^^^^
       = at: fault[0].target.load
       = expected: a load: `users`
       = help: did you mean `users`?

    test.toml: 1 error
    "#);
}

#[test]
fn more_random_nodes_than_there_are_are_told() {
    assert_snapshot!(crash("at = \"5s\"\ntarget = { random_nodes = 4 }\n"), @r#"
    error: 4 nodes cannot be drawn from 3
      --> test.toml:19:27
       |
    19 | target = { random_nodes = 4 }
       |                           ^
       = at: fault[0].target.random_nodes
       = expected: at most 3

    test.toml: 1 error
    "#);
}

#[test]
fn an_empty_target_is_told() {
    assert_snapshot!(crash("at = \"5s\"\ntarget = {}\n"), @r#"
    error: the target does not say whom the fault strikes
      --> test.toml:19:10
       |
    19 | target = {}
       |          ^^
       = at: fault[0].target
       = expected: one of `node`, `nodes`, `random_nodes`, `rack`, `zone`, `region`, or `service` for the hosts of its agents

    test.toml: 1 error
    "#);
}

#[test]
fn a_target_of_two_forms_is_told() {
    assert_snapshot!(crash("at = \"5s\"\ntarget = { node = 1, zone = 0 }\n"), @r#"
    error: the target has 2 forms: `node`, `zone`
      --> test.toml:19:10
       |
    19 | target = { node = 1, zone = 0 }
       |          ^^^^^^^^^^^^^^^^^^^^^^
       = at: fault[0].target
       = expected: one of `node`, `nodes`, `random_nodes`, `rack`, `zone`, `region`, or `service` for the hosts of its agents

    test.toml: 1 error
    "#);
}

#[test]
fn a_target_that_the_kind_cannot_strike_is_told() {
    assert_snapshot!(crash("at = \"5s\"\ntarget = { load = \"users\" }\n"), @r#"
    error: a fault of kind `crash` cannot strike a `load`
      --> test.toml:19:19
       |
    19 | target = { load = "users" }
       |                   ^^^^^^^
       = at: fault[0].target.load
       = expected: `node`, `nodes`, `random_nodes`, `rack`, `zone`, `region`, or `service` for the hosts of its agents

    test.toml: 1 error
    "#);
}

#[test]
fn a_fault_that_does_not_say_which_of_two_services_it_strikes_is_told() {
    assert_snapshot!(told_of("[[fault]]\nkind = \"gray\"\nat = \"5s\"\n"), @r#"
    error: the fault `gray` does not say which service it strikes
      --> test.toml:16:1
       |
    16 | [[fault]]
       | ^^^^^^^^^
       = at: fault[0]
       = expected: `service`, with `replica` for one of its agents, or `node`, `nodes`, `random_nodes`, `rack`, `zone` or `region` for all agents there
       = help: add `target = { service = "api" }`

    test.toml: 1 error
    "#);
}

#[test]
fn links_from_somewhere_to_nowhere_are_told() {
    assert_snapshot!(told_of("[[fault]]\nkind = \"latency\"\nat = \"5s\"\ntarget = { from = [0] }\n"), @r#"
    error: `from` without `to`
      --> test.toml:19:10
       |
    19 | target = { from = [0] }
       |          ^^^^^^^^^^^^^^
       = at: fault[0].target
       = expected: `from` and `to`
       = help: add `to = […]`

    test.toml: 1 error
    "#);
}

#[test]
fn a_host_that_does_nothing_is_no_slow_host() {
    assert_snapshot!(told_of("[[fault]]\nkind = \"slow_cpu\"\nat = \"5s\"\nspeed = 0\n"), @r#"
    error: `0` is out of range
      --> test.toml:19:9
       |
    19 | speed = 0
       |         ^
       = at: fault[0].speed
       = expected: a share above 0; a host that does nothing is a `pause`

    test.toml: 1 error
    "#);
}

#[test]
fn a_node_on_two_sides_of_a_partition_is_told() {
    assert_snapshot!(partition("sides = [[0, 1], [1, 2]]\n"), @r#"
    error: node 1 stands on two sides of the partition
      --> test.toml:19:18
       |
    19 | sides = [[0, 1], [1, 2]]
       |                  ^^^^^^
       = at: fault[0].sides[1]
       = expected: sides without common nodes; the other is `fault[0].sides[0]`

    test.toml: 1 error
    "#);
}

#[test]
fn a_side_without_nodes_is_told() {
    assert_snapshot!(partition("sides = [[0, 1], []]\n"), @r#"
    error: this list of nodes is empty
      --> test.toml:19:18
       |
    19 | sides = [[0, 1], []]
       |                  ^^
       = at: fault[0].sides[1]
       = expected: at least one node, by number or name

    test.toml: 1 error
    "#);
}

#[test]
fn a_partition_without_sides_is_told() {
    assert_snapshot!(partition(""), @r#"
    error: a partition of shape `sides` needs `sides`
      --> test.toml:16:1
       |
    16 | [[fault]]
       | ^^^^^^^^^
       = at: fault[0]
       = help: add `sides = …`, or choose another `shape`

    test.toml: 1 error
    "#);
}

#[test]
fn a_partition_with_an_empty_list_of_sides_is_told() {
    assert_snapshot!(partition("sides = []\n"), @r#"
    error: this list of sides is empty
      --> test.toml:19:9
       |
    19 | sides = []
       |         ^^
       = at: fault[0].sides
       = expected: one set of nodes, or several
       = help: write for example `sides = [[0, 1]]`: those nodes are cut off from all others

    test.toml: 1 error
    "#);
}

#[test]
fn a_single_side_that_holds_everyone_is_told() {
    assert_snapshot!(partition("sides = [[\"z0\", \"z1\", \"z2\"]]\n"), @r#"
    error: this side holds all nodes, so that nothing is cut
      --> test.toml:19:9
       |
    19 | sides = [["z0", "z1", "z2"]]
       |         ^^^^^^^^^^^^^^^^^^^^
       = at: fault[0].sides
       = expected: a part of the nodes

    test.toml: 1 error
    "#);
}

#[test]
fn a_partial_partition_of_three_sides_is_told() {
    assert_snapshot!(partition("shape = \"partial\"\nsides = [[0], [1], [2]]\n"), @r#"
    error: a partition of shape `partial` has two sides, not 3
      --> test.toml:20:9
       |
    20 | sides = [[0], [1], [2]]
       |         ^^^^^^^^^^^^^^^
       = at: fault[0].sides
       = expected: exactly two sets of nodes, which cannot talk to each other
       = help: for more sides choose `shape = "sides"`

    test.toml: 1 error
    "#);
}

#[test]
fn keys_of_another_shape_of_partition_are_told() {
    assert_snapshot!(partition("shape = \"isolate\"\nsides = [[0], [1]]\n"), @r#"
    error: a partition of shape `isolate` needs `node`
      --> test.toml:16:1
       |
    16 | [[fault]]
       | ^^^^^^^^^
       = at: fault[0]
       = help: add `node = …`, or choose another `shape`

    error: a partition of shape `isolate` has no `sides`
      --> test.toml:20:9
       |
    20 | sides = [[0], [1]]
       |         ^^^^^^^^^^
       = at: fault[0].sides
       = help: remove `sides`, or choose the `shape` to which it belongs

    test.toml: 2 errors
    "#);
}

#[test]
fn a_bridge_between_too_few_nodes_is_told() {
    let text = "version = 1\n[cluster]\nnodes = 2\n[[fault]]\nkind = \"partition\"\nat = \"5s\"\nshape = \"bridge\"\nnode = 0\n";
    assert_snapshot!(crate::told(text), @r#"
    error: a partition of shape `bridge` needs at least 3 nodes
     --> test.toml:7:9
      |
    7 | shape = "bridge"
      |         ^^^^^^^^
      = at: fault[0].shape
      = help: choose another `shape`, or a larger `cluster.nodes`

    test.toml: 1 error
    "#);
}

#[test]
fn an_unknown_kind_of_a_swarm_is_told_with_the_nearest() {
    assert_snapshot!(told_of("[swarm]\nkinds = [\"crash\", \"partitions\"]\n"), @r#"
    error: unknown word `partitions`
      --> test.toml:17:19
       |
    17 | kinds = ["crash", "partitions"]
       |                   ^^^^^^^^^^^^
       = at: swarm.kinds[1]
       = expected: one of `crash`, `agent_crash`, `crash_loop`, `pause`, `hang`, `slow_cpu`, `slow_disk`, `slow_nic`, `latency`, `loss`, `mangle`, `partition`, `clock`, `disk`, `memory_leak`, `surge`, `gray`, `domain`, `throttle`, `handle_leak`, `herd`, `poison`, `regression`, `outage`
       = help: did you mean `partition`?

    test.toml: 1 error
    "#);
}

#[test]
fn an_empty_swarm_is_told() {
    assert_snapshot!(told_of("[swarm]\nkinds = []\n"), @r#"
    error: this list of kinds is empty
      --> test.toml:17:9
       |
    17 | kinds = []
       |         ^^
       = at: swarm.kinds
       = expected: "all", or at least one kind

    test.toml: 1 error
    "#);
}

#[test]
fn a_swarm_that_ends_before_it_begins_is_told() {
    assert_snapshot!(told_of("[swarm]\nfrom = \"30s\"\nuntil = \"20s\"\n"), @r#"
    error: the swarm begins at 30s, which is not before its end at 20s
      --> test.toml:17:8
       |
    17 | from = "30s"
       |        ^^^^^
       = at: swarm.from
       = expected: a time below 20s

    test.toml: 1 error
    "#);
}
