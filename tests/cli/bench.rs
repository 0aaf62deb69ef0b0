//! `hms bench`: the genetic engine measured.

use super::Bench;

#[test]
fn the_table_of_optimizers_holds_our_figures_beside_others() {
    let bench = Bench::new();
    let ended = bench.hms(&["bench", "optimizers", "--seeds", "1", "--json"]);
    // One seed may miss a goal that the median of eleven reaches.
    let told: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let rows = told["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 20);
    assert!(rows.iter().all(|row| row["row"]["median"].is_f64()));
    // Of the spread over seeds no library's figure is known.
    let alone = rows.iter().filter(|row| row["row"]["peers"].as_array().unwrap().is_empty());
    assert_eq!(alone.map(|row| row["row"]["problem"].clone()).collect::<Vec<_>>(), ["ZDT1"]);
    assert!(rows.iter().filter(|row| row["reached"] == true).count() >= 15);
}

#[test]
fn what_to_measure_has_to_be_said() {
    let bench = Bench::new();
    bench.hms(&["bench"]).fails(2, &["optimizers"]);
    bench.hms(&["bench", "optimizers", "--seeds", "0"]).fails(2, &["--seeds"]);
    for share in ["0", "1.1", "nan", "30%"] {
        bench
            .hms(&["bench", "races", "races.toml", "--share", share])
            .fails(2, &["--share", "expected a share above 0, at most 1"]);
    }
}
