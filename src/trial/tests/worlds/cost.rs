//! What the stack costs a node, as the cluster grows.

use hms_machine::Component;
use hms_stack::Configuration;
use hms_stack::health::HealthMode;

/// Bytes that a node sends, and microseconds that its processors work, per second for monitoring, when nodes have told each other of themselves.
fn monitoring(nodes: u32, configuration: Configuration) -> (f64, f64) {
    let world = format!(
        "version = 1\n[run]\nduration = \"30s\"\n[cluster]\nzones = 3\nnodes = {nodes}\n[[service]]\nname = \"api\"\nreplicas = {nodes}\nwork = \"1ms\"\n\
         startup = \"100ms\"\n[[load]]\nservice = \"api\"\narrivals = {nodes}\ntimeout = \"500ms\"\n"
    );
    let outcome = crate::run(&world, configuration, 1);
    let rest = outcome.recorder.series.iter().filter(|row| row.at.as_secs_f64() > 20.0);
    let health = Component::ALL.iter().position(|component| *component == Component::Health).expect("health is a component");
    let (bytes, time) = rest.fold((0.0, 0.0), |(bytes, time), row| {
        (bytes + row.stack_bytes_by[health] as f64, time + row.stack_cpu_by[health].as_secs_f64())
    });
    let node_seconds = f64::from(nodes) * 10.0;
    (bytes / node_seconds, time * 1e6 / node_seconds)
}

/// SWIM §3: the load of a member does not depend on how many there are. Where everybody hears from everybody, it does.
#[test]
fn hm_s3_the_cost_of_a_node_stays_flat_with_swim_and_grows_where_everybody_watches_everybody() {
    let swim = |nodes| {
        let mut configuration = Configuration::default();
        configuration.health.mode = HealthMode::Swim;
        monitoring(nodes, configuration)
    };
    let everybody = |nodes| {
        let mut configuration = Configuration::default();
        configuration.health.mode = HealthMode::Heartbeat;
        configuration.health.monitors = nodes - 1;
        monitoring(nodes, configuration)
    };
    let [ten, hundred, more] = [10, 100, 300].map(swim);
    let near = |one: f64, other: f64| (one / other - 1.0).abs() < 0.1;
    assert!(
        near(ten.1, hundred.1) && near(hundred.1, more.1) && near(hundred.0, more.0),
        "{ten:?} {hundred:?} {more:?} (bytes, us)"
    );
    // The part of the table that two nodes compare fills a packet from about 60 nodes on; in a smaller cluster it is cheaper.
    assert!(ten.0 < hundred.0 && hundred.0 < 2.0 * ten.0, "{ten:?} {hundred:?} (bytes, us)");
    let (few, many) = (everybody(10), everybody(60));
    assert!(many.0 > 3.0 * few.0 && many.1 > 1.4 * few.1, "{few:?} {many:?} (bytes, us)");
}
