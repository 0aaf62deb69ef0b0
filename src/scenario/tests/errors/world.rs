//! Mistakes of meaning in cluster, network and services.

use insta::assert_snapshot;

use crate::{told, told_of};

#[test]
fn fewer_nodes_than_zones_are_told() {
    assert_snapshot!(told("version = 1\n[cluster]\nzones = 5\nnodes = 3\n"), @r#"
    error: 3 nodes cannot fill 5 zones
     --> test.toml:4:9
      |
    4 | nodes = 3
      |         ^
      = at: cluster.nodes
      = expected: at least one node for each zone

    test.toml: 1 error
    "#);
}

#[test]
fn an_empty_list_of_zones_is_told() {
    assert_snapshot!(told("version = 1\n[cluster]\nzones = []\nnodes = 3\n"), @r#"
    error: this list is empty
     --> test.toml:3:9
      |
    3 | zones = []
      |         ^^
      = at: cluster.zones
      = expected: at least one name, or how many there are

    test.toml: 1 error
    "#);
}

#[test]
fn two_zones_of_one_name_are_told() {
    assert_snapshot!(told("version = 1\n[cluster]\nzones = [\"a\", \"b\", \"a\"]\nnodes = 3\n"), @r#"
    error: `a` is the name of a zone and of another zone
     --> test.toml:3:9
      |
    3 | zones = ["a", "b", "a"]
      |         ^^^^^^^^^^^^^^^
      = at: cluster.zones
      = expected: names that are unique among regions, zones, racks and nodes

    test.toml: 1 error
    "#);
}

#[test]
fn a_zone_that_is_called_like_a_node_is_told() {
    assert_snapshot!(told("version = 1\n[cluster]\nzones = [\"n1\", \"b\"]\nnodes = 3\n"), @r#"
    error: `n1` is the name of a node and of a zone
     --> test.toml:3:9
      |
    3 | zones = ["n1", "b"]
      |         ^^^^^^^^^^^
      = at: cluster.zones
      = expected: names that are unique among regions, zones, racks and nodes

    test.toml: 1 error
    "#);
}

#[test]
fn a_zone_called_by_a_number_is_told() {
    assert_snapshot!(told("version = 1\n[cluster]\nzones = [\"1\", \"b\"]\nnodes = 3\n"), @r#"
    error: `1` is no name
     --> test.toml:3:10
      |
    3 | zones = ["1", "b"]
      |          ^^^
      = at: cluster.zones[0]
      = expected: a name that is no number

    test.toml: 1 error
    "#);
}

#[test]
fn a_warm_up_as_long_as_the_run_is_told() {
    assert_snapshot!(told_of("[run]\nduration = \"30s\"\nwarmup = \"30s\"\n"), @r#"
    error: the warm-up of 30s leaves nothing of the run of 30s to measure
      --> test.toml:18:10
       |
    18 | warmup = "30s"
       |          ^^^^^
       = at: run.warmup
       = expected: less than 30s

    test.toml: 1 error
    "#);
}

#[test]
fn a_run_of_no_length_is_told() {
    assert_snapshot!(told_of("[run]\nduration = \"0s\"\n"), @r#"
    error: this time must be above zero
      --> test.toml:17:12
       |
    17 | duration = "0s"
       |            ^^^^
       = at: run.duration
       = expected: a duration above zero

    test.toml: 1 error
    "#);
}

#[test]
fn samples_so_dense_that_the_unit_must_be_wrong_are_told() {
    assert_snapshot!(told_of("[run]\nduration = \"1h\"\nsample_every = \"1us\"\n"), @r#"
    error: a sample every 1us makes more than 10000000 rows in 1h
      --> test.toml:18:16
       |
    18 | sample_every = "1us"
       |                ^^^^^
       = at: run.sample_every
       = expected: a longer time between samples

    test.toml: 1 error
    "#);
}

#[test]
fn a_name_that_is_no_name_of_a_folder_is_told() {
    assert_snapshot!(told("version = 1\nname = \"../shop\"\n[cluster]\nnodes = 1\n"), @r#"
    error: the name cannot be that of a folder
     --> test.toml:2:8
      |
    2 | name = "../shop"
      |        ^^^^^^^^^
      = at: name
      = expected: letters, digits, hyphens; no slash, no leading dot

    test.toml: 1 error
    "#);
}

#[test]
fn an_override_of_a_node_that_does_not_exist_is_told() {
    assert_snapshot!(told_of("[[cluster.override]]\nnodes = [0, 3]\nhost = { cores = 8 }\n"), @r#"
    error: there is no node 3
      --> test.toml:17:13
       |
    17 | nodes = [0, 3]
       |             ^
       = at: cluster.override[0].nodes[1]
       = expected: a node from 0 to 2, or its name `n0` to `n2`

    test.toml: 1 error
    "#);
}

#[test]
fn a_host_without_speed_is_told() {
    assert_snapshot!(told_of("[cluster.host]\nspeed = 0.0\n"), @r#"
    error: `0` is out of range
      --> test.toml:17:9
       |
    17 | speed = 0.0
       |         ^^^
       = at: cluster.host.speed
       = expected: a number above 0

    test.toml: 1 error
    "#);
}

#[test]
fn a_lowest_value_above_the_highest_is_told() {
    assert_snapshot!(told_of("[network]\nlatency = { kind = \"uniform\", low = \"2ms\", high = \"1ms\" }\n"), @r#"
    error: `low` must be below `high`
      --> test.toml:17:37
       |
    17 | latency = { kind = "uniform", low = "2ms", high = "1ms" }
       |                                     ^^^^^
       = at: network.latency.low
       = help: for a value that is always the same write it alone

    test.toml: 1 error
    "#);
}

#[test]
fn a_law_cut_where_nothing_of_it_lies_is_told() {
    let text = "[network]\nlatency = { kind = \"exponential\", mean = \"1ms\", min = \"10s\" }\n";
    assert_snapshot!(told_of(text), @r#"
    error: nothing of the law lies between `min` and `max`
      --> test.toml:17:11
       |
    17 | latency = { kind = "exponential", mean = "1ms", min = "10s" }
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = at: network.latency
       = expected: bounds that hold at least 1e-9 of it

    test.toml: 1 error
    "#);
}

#[test]
fn weights_that_do_not_match_their_values_are_told() {
    let text = "[network]\nlatency = { kind = \"empirical\", values = [\"1ms\", \"2ms\"], weights = [1.0] }\n";
    assert_snapshot!(told_of(text), @r#"
    error: 2 values, but 1 weights
      --> test.toml:17:68
       |
    17 | … = ["1ms", "2ms"], weights = [1.0] }
       |                               ^^^^^
       = at: network.latency.weights
       = expected: one weight for each value

    test.toml: 1 error
    "#);
}

#[test]
fn a_gamma_law_with_scale_and_mean_is_told() {
    let text = "[network]\nlatency = { kind = \"gamma\", shape = 2.0, scale = \"1ms\", mean = \"2ms\" }\n";
    assert_snapshot!(told_of(text), @r#"
    error: a gamma law needs its `scale` or its `mean`, one of them
      --> test.toml:17:11
       |
    17 | latency = { kind = "gamma", shape = 2.0, scale = "1ms", mean = "2ms" }
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = at: network.latency
       = help: `mean` is `shape` × `scale`: keep the one that is known

    test.toml: 1 error
    "#);
}

#[test]
fn a_latency_table_that_is_not_square_is_told() {
    let text = "version = 1\n[cluster]\nregions = 2\nnodes = 2\n[network]\nmatrix = { kind = \"table\", one_way = [[\"0s\", \"40ms\"]] }\n";
    assert_snapshot!(told(text), @r#"
    error: this is no table of 2 × 2 latencies
     --> test.toml:6:38
      |
    6 | matrix = { kind = "table", one_way = [["0s", "40ms"]] }
      |                                      ^^^^^^^^^^^^^^^^
      = at: network.matrix.one_way
      = expected: one row for each region, with one latency to each region

    test.toml: 1 error
    "#);
}

#[test]
fn two_services_of_one_name_are_told() {
    assert_snapshot!(told_of("[[service]]\nname = \"api\"\n"), @r#"
    error: two services are called `api`; the first is `service[0].name`
      --> test.toml:17:8
       |
    17 | name = "api"
       |        ^^^^^
       = at: service[2].name
       = expected: a unique name

    test.toml: 1 error
    "#);
}

#[test]
fn replicas_on_nodes_that_do_not_exist_are_told() {
    assert_snapshot!(told_of("[[service]]\nname = \"web\"\nnodes = [1, 9, \"z7\"]\n"), @r#"
    error: there is no node 9
      --> test.toml:18:13
       |
    18 | nodes = [1, 9, "z7"]
       |             ^
       = at: service[2].nodes[1]
       = expected: a node from 0 to 2, or its name `n0` to `n2`

    error: there is no node, rack, zone or region `z7`
      --> test.toml:18:16
       |
    18 | nodes = [1, 9, "z7"]
       |                ^^^^
       = at: service[2].nodes[2]
       = expected: a node from 0 to 2, or its name `n0` to `n2`
       = help: did you mean `z0`?

    test.toml: 2 errors
    "#);
}

#[test]
fn replicas_on_no_node_at_all_are_told() {
    assert_snapshot!(told_of("[[service]]\nname = \"web\"\nnodes = []\n"), @r#"
    error: this list of nodes is empty
      --> test.toml:18:9
       |
    18 | nodes = []
       |         ^^
       = at: service[2].nodes
       = expected: at least one node, by number or name

    test.toml: 1 error
    "#);
}

#[test]
fn a_node_that_is_listed_by_its_number_and_by_its_zone_is_told() {
    assert_snapshot!(told_of("[[service]]\nname = \"web\"\nnodes = [0, \"z0\"]\n"), @r#"
    error: node 0 is in this list already
      --> test.toml:18:13
       |
    18 | nodes = [0, "z0"]
       |             ^^^^
       = at: service[2].nodes[1]
       = help: remove `z0`, or what holds the node before it

    test.toml: 1 error
    "#);
}

#[test]
fn a_call_of_an_unknown_service_is_told_with_the_nearest() {
    assert_snapshot!(told_of("[[service]]\nname = \"web\"\ncall = [{ service = \"stores\" }]\n"), @r#"
    error: there is no service `stores`
      --> test.toml:18:21
       |
    18 | call = [{ service = "stores" }]
       |                     ^^^^^^^^
       = at: service[2].call[0].service
       = expected: a service: `api`, `store`, `web`
       = help: did you mean `store`?

    test.toml: 1 error
    "#);
}

#[test]
fn a_service_that_calls_itself_by_way_of_another_is_told() {
    let text = "[[service]]\nname = \"web\"\ncall = [{ service = \"auth\" }]\n[[service]]\nname = \"auth\"\ncall = [{ service = \"store\" }, { service = \"web\" }]\n";
    assert_snapshot!(told_of(text), @r#"
    error: the call graph has a cycle: web → auth → web
      --> test.toml:18:21
       |
    18 | call = [{ service = "auth" }]
       |                     ^^^^^^
       = at: service[2].call[0].service
       = help: remove one of these edges

    test.toml: 1 error
    "#);
}

#[test]
fn services_that_wait_for_each_other_at_start_are_told() {
    let text = "[[service]]\nname = \"web\"\nneeds = [\"auth\"]\n[[service]]\nname = \"auth\"\nneeds = [\"web\"]\n";
    assert_snapshot!(told_of(text), @r#"
    error: services wait for each other at start: web → auth → web
      --> test.toml:18:10
       |
    18 | needs = ["auth"]
       |          ^^^^^^
       = at: service[2].needs[0]
       = help: remove one of these edges

    test.toml: 1 error
    "#);
}

#[test]
fn an_agent_larger_than_its_hosts_is_told() {
    assert_snapshot!(told_of("[cluster.host]\nmemory = \"1 GiB\"\n[[service]]\nname = \"web\"\nmemory = { base = \"2 GiB\" }\n"), @r#"
    error: an agent of 2 GiB does not fit into the memory of any of its hosts
      --> test.toml:20:19
       |
    20 | memory = { base = "2 GiB" }
       |                   ^^^^^^^
       = at: service[2].memory.base
       = expected: at most 1 GiB

    test.toml: 1 error
    "#);
}

#[test]
fn checkpoints_larger_than_the_disks_are_told() {
    let text = "[cluster.host.disk]\ncapacity = \"3 GiB\"\n[[service]]\nname = \"web\"\njournal = { snapshot = \"2 GiB\" }\n";
    assert_snapshot!(told_of(text), @r#"
    error: three checkpoints of 2 GiB do not fit on the disk of any of its hosts
      --> test.toml:20:24
       |
    20 | journal = { snapshot = "2 GiB" }
       |                        ^^^^^^^
       = at: service[2].journal.snapshot
       = expected: at most 1 GiB
       = help: make the checkpoint smaller or the `disk` of its hosts larger

    test.toml: 1 error
    "#);
}

#[test]
fn a_first_pause_longer_than_the_longest_is_told() {
    let text = "[[service]]\nname = \"web\"\ncall = [{ service = \"store\", backoff = { base = \"1min\", max = \"1s\" } }]\n";
    assert_snapshot!(told_of(text), @r#"
    error: the first pause of 1min is longer than the longest of 1s
      --> test.toml:18:49
       |
    18 | call = [{ service = "store", backoff = { base = "1min", max = "1s" } }]
       |                                                 ^^^^^^
       = at: service[2].call[0].backoff.base
       = expected: at most 1s
       = help: raise `max` with `base`

    test.toml: 1 error
    "#);
}

#[test]
fn a_share_of_cached_answers_above_one_is_told() {
    assert_snapshot!(told_of("[[service]]\nname = \"web\"\ncache = 1.5\n"), @r#"
    error: `1.5` is not between 0 and 1; for per cent write "1.5 %"
      --> test.toml:18:9
       |
    18 | cache = 1.5
       |         ^^^
       = at: service[2].cache
       = expected: a number between 0 and 1, or a percentage such as "5 %"

    test.toml: 1 error
    "#);
}
