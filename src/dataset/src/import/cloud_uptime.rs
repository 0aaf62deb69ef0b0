//! Outages of public services (Cloud Uptime Archive, AtLarge Research, arXiv:2504.09476, 2025).
//!
//! One file is one service; times are seconds since its first outage. Caveats of the source: files of *user reports* tell durations in
//! steps of 1200 s (flag `Q`); those of *operators* pile up just below three hours, where a status page closes; those of *online games*
//! come from drops of the number of players. The kind of report is in the file's name and becomes the detail. A few operators' outages
//! have severity 0: reported, but with no part of the service down.

use hms_machine::{Duration, Instant, Ratio};

use crate::DatasetError;
use crate::decimal::Unit;
use crate::table::{self, Shape};
use crate::trace::{Cause, FaultTrace, TraceFlags, TraceKind, TraceMeta, TraceRow};

pub(super) const HEADER: &str = "start_time,end_time,status,service";

const SHAPE: Shape = Shape {
    columns: &["start_time", "end_time", "status", "service"],
    required: 4,
    fix: "take one of the files traces/*.csv of the archive",
};

pub(super) fn import(name: &str, text: &str) -> Result<FaultTrace, DatasetError> {
    let reports = ["user_reported", "operator_reported", "online_game"];
    let report = reports.into_iter().find(|report| name.ends_with(report)).unwrap_or("");
    let users = report == "user_reported";
    let mut rows: Vec<TraceRow> = Vec::new();
    table::read(text, &SHAPE, |row| {
        let (start, end) = (row.nanos(0, Unit::Seconds)?, row.nanos(1, Unit::Seconds)?);
        let duration = end
            .checked_sub(start)
            .ok_or_else(|| row.error(1, "an end that is not before the start", "exchange the two times"))?;
        let severity: Ratio = row.ratio(2)?;
        let zero = if duration == 0 { TraceFlags::ZERO } else { TraceFlags::NONE };
        let quantised = if users { TraceFlags::QUANTISED } else { TraceFlags::NONE };
        rows.push(TraceRow {
            time: Instant::from_nanos(start),
            node: 0,
            kind: TraceKind::Outage,
            duration: Some(Duration::from_nanos(duration)),
            severity,
            param: None,
            domain: format!("cloud/{}", row.text(3)),
            cause: Cause::Unknown,
            detail: report.to_owned(),
            group: None,
            flags: zero.with(quantised),
        });
        Ok(())
    })?;
    let meta = TraceMeta {
        name: "cloud".to_owned(),
        time_resolution: Duration::from_secs(if users { 1_200 } else { 1 }),
        rule: "one outage per row; severity=status; node 0 is the service; detail=kind of report, from the file's name"
            .to_owned(),
        ..TraceMeta::default()
    };
    Ok(FaultTrace::new(meta, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_keeps_its_severity_and_is_flagged_where_users_reported_it() {
        let text = format!("{HEADER}\n296400.0,298800.0,0.12422360248447208,Github\n");
        let trace = import("Github_user_reported", &text).unwrap();
        let row = trace.to_csv().lines().nth(1).unwrap().to_owned();
        assert_eq!(row, "296400.000,0,outage,2400.000,0.12422360248447208,,cloud/Github,unknown,user_reported,,Q");
    }

    #[test]
    fn an_end_before_the_start_is_named() {
        let error = import("x", &format!("{HEADER}\n5.0,4.0,1.0,x\n")).unwrap_err().to_string();
        assert_eq!(
            error,
            "line 2, column `end_time`: expected an end that is not before the start, found `4.0`; exchange the two times"
        );
    }
}
