//! `hms doctor`.

use super::Bench;

#[test]
fn the_doctor_finds_nothing_wrong() {
    let report = Bench::new().hms(&["doctor", "--json"]).json();
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["passed"] == true), "{report:#}");
    let count = |group: &str| checks.iter().filter(|check| check["group"] == group).count();
    assert!(count("determinism") >= 10 && count("models") >= 9, "{report:#}");
}
