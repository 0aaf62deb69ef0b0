//! Anomaly detection on real series with labels: AWS metrics of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015).
//!
//! The labels are people's; part of them nobody would find without knowing, part of what is found has no label.

use std::path::{Path, PathBuf};

use hms_machine::{Duration, Instant};
use hms_stack::health::anomaly::{AnomalyConfiguration, AnomalyDetector, AnomalyMethod, Fit};

struct Labelled {
    points: Vec<(Instant, f64)>,
    windows: Vec<(Instant, Instant)>,
}

/// `2014-02-14 14:30:00` in seconds since 2000, with months of 31 days: only differences within a month or two matter, to the day.
fn instant(text: &str) -> Instant {
    let numbers: Vec<u64> = text.split(['-', ' ', ':', '.']).map(|number| number.parse().unwrap()).collect();
    let [year, month, day, hour, minute, second] = numbers[..6] else { panic!("{text} is no time") };
    let days = ((year - 2000) * 12 + month) * 31 + day;
    Instant::from_nanos((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000)
}

/// The labels are `{"file": [["start", "end"], …], …}`: strings between quotes, in this order.
fn windows(labels: &str, file: &str) -> Vec<(Instant, Instant)> {
    let rest = labels.split(&format!("\"{file}\":")).nth(1).unwrap();
    let strings = rest.split('"').skip(1).step_by(2).take_while(|text| !text.ends_with(".csv"));
    let times: Vec<_> = strings.map(instant).collect();
    times.chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

fn series(folder: &Path) -> Vec<Labelled> {
    let labels = std::fs::read_to_string(folder.join("labels_windows.json")).unwrap();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let tables = files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "csv"));
    let read = |file: &PathBuf| {
        let rows = std::fs::read_to_string(file).unwrap();
        let point = |row: &str| row.split_once(',').map(|(time, value)| (instant(time), value.trim().parse().unwrap())).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        Labelled { points: rows.lines().skip(1).map(point).collect(), windows: windows(&labels, name) }
    };
    tables.map(read).collect()
}

fn fit(series: &[Labelled], configuration: &AnomalyConfiguration) -> Fit {
    series.iter().fold(Fit::default(), |all, Labelled { points, windows }| {
        let mut detector = AnomalyDetector::new(configuration);
        let found: Vec<_> = points.iter().filter_map(|(at, value)| detector.observe(*value, *at)).map(|found| found.at).collect();
        // Two hours: an operator who looked does not look again at once.
        all.and(Fit::of(&found, windows, Duration::from_secs(2 * 3_600)))
    })
}

#[test]
fn precision_and_recall_on_aws_metrics_do_not_fall() {
    let Some(folder) = super::folder("nab-aws") else { return };
    let series = series(&folder);
    assert_eq!(series.len(), 17);
    assert_eq!(series.iter().map(|series| series.windows.len()).sum::<usize>(), 30);
    // Readings come every five minutes: a season is a day, a window half a day.
    let base = AnomalyConfiguration { season: 288, deviation_window: 145, memory: 288, ..AnomalyConfiguration::default() };
    // Precision and recall that were measured, rounded down: floors against a fall, not a promise for other series (limits are the defaults, but they were
    // chosen with an eye on these).
    let floors = [
        (AnomalyMethod::Ewma, 0.14, 0.76),
        (AnomalyMethod::Cusum, 0.41, 0.56),
        (AnomalyMethod::HoltWinters, 0.10, 0.83),
        (AnomalyMethod::Deviation, 0.09, 0.80),
        (AnomalyMethod::ChangePoint, 0.27, 0.46),
    ];
    for (method, precision, recall) in floors {
        let fit = fit(&series, &AnomalyConfiguration { method, ..base });
        let shown = format!("{}: precision {:.3}, recall {:.3} ({fit:?})", method.name(), fit.precision(), fit.recall());
        println!("{shown}");
        assert!(fit.precision() >= precision && fit.recall() >= recall, "{shown}");
    }
}
