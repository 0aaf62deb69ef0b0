//! The table as text.

use super::{Measure, Row};

/// A Markdown table: ours, the goal, and the best and all other figures.
pub fn render(rows: &[Row]) -> String {
    let mut text =
        String::from("| problem | measure | median | quartiles | goal | reached | µs per evaluation | other libraries |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for row in rows {
        let number = |value: f64| show(row.measure, value);
        let peers: Vec<String> = row.peers.iter().map(|peer| format!("{} {}", peer.name, number(peer.value))).collect();
        text.push_str(&format!(
            "| {} ({}) | {} | {} | {} – {} | {} | {} | {:.2} | {} |\n",
            row.problem,
            row.algorithm,
            name(row.measure),
            number(row.median),
            number(row.quartiles[0]),
            number(row.quartiles[1]),
            number(row.goal),
            if row.reaches_goal() { "yes" } else { "no" },
            row.micros,
            peers.join(", "),
        ));
    }
    text
}

const fn name(measure: Measure) -> &'static str {
    match measure {
        Measure::Hypervolume => "hypervolume",
        Measure::DistanceToTargets => "IGD91",
        Measure::Error => "error",
        Measure::Evaluations => "evaluations",
        Measure::Gap => "gap",
        Measure::MicrosPerEvaluation => "µs",
    }
}

fn show(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Hypervolume => format!("{value:.5}"),
        Measure::DistanceToTargets | Measure::Error => format!("{value:.1e}"),
        Measure::Evaluations => format!("{value:.0}"),
        Measure::Gap => format!("{:.2} %", 100.0 * value),
        Measure::MicrosPerEvaluation => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Peer;
    use super::*;

    #[test]
    fn a_row_says_what_was_reached_and_by_whom() {
        let row = Row {
            problem: "ZDT1".into(),
            algorithm: "nsga_two".into(),
            measure: Measure::Hypervolume,
            median: 0.8719,
            quartiles: [0.8718, 0.872],
            goal: 0.8717,
            micros: 1.25,
            peers: vec![Peer { name: "pygmo".into(), value: 0.86957 }],
        };
        let text = render(&[row]);
        let line = "| ZDT1 (nsga_two) | hypervolume | 0.87190 | 0.87180 – 0.87200 | 0.87170 | yes | 1.25 | pygmo 0.86957 |";
        assert_eq!(text.lines().nth(2), Some(line));
    }
}
