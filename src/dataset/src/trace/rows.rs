//! The rows of a trace as comma-separated text.

use hms_machine::{Duration, Instant};

use super::TraceRow;
use crate::DatasetError;
use crate::decimal::{self, Unit};
use crate::table::{self, Row, Shape};

/// The columns of the canonical CSV, in order.
pub const COLUMNS: [&str; 11] =
    ["time_s", "node", "kind", "duration_s", "severity", "param", "domain", "cause", "detail", "group", "flags"];

const SHAPE: Shape = Shape { columns: &COLUMNS, required: COLUMNS.len(), fix: "convert other formats with `hms dataset import`" };

pub(super) fn read(text: &str) -> Result<Vec<TraceRow>, DatasetError> {
    let mut rows: Vec<TraceRow> = Vec::new();
    table::read(text, &SHAPE, |row| {
        let next = read_row(row)?;
        if let Some(previous) = rows.last().filter(|previous| previous.time > next.time) {
            return Err(DatasetError::Order {
                line: row.line,
                column: COLUMNS[0].to_owned(),
                found: row.text(0).to_owned(),
                previous: decimal::write(previous.time.as_nanos(), Unit::Seconds),
            });
        }
        rows.push(next);
        Ok(())
    })?;
    Ok(rows)
}

fn read_row(row: &Row<'_>) -> Result<TraceRow, DatasetError> {
    let word = |index: usize, expected: String| row.error(index, &expected, "use one of these words");
    let param = if row.text(5).is_empty() { None } else { Some(row.number(5)?) };
    let group = if row.text(9).is_empty() { None } else { Some(row.whole(9)?) };
    Ok(TraceRow {
        time: Instant::from_nanos(row.nanos(0, Unit::Seconds)?),
        node: row.whole(1)?,
        kind: row.text(2).parse().map_err(|words| word(2, words))?,
        duration: row.optional_nanos(3, Unit::Seconds)?.map(Duration::from_nanos),
        severity: row.ratio(4)?,
        param,
        domain: row.text(6).to_owned(),
        cause: row.text(7).parse().map_err(|words| word(7, words))?,
        detail: row.text(8).to_owned(),
        group,
        flags: row.text(10).parse().map_err(|letters| word(10, letters))?,
    })
}

pub(super) fn write(rows: &[TraceRow]) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let mut record = |fields: [&str; 11]| writer.write_record(fields).expect("memory takes any row");
    record(COLUMNS);
    for row in rows {
        record([
            &decimal::write(row.time.as_nanos(), Unit::Seconds),
            &row.node.to_string(),
            row.kind.name(),
            &row.duration.map(|duration| decimal::write(duration.as_nanos(), Unit::Seconds)).unwrap_or_default(),
            &decimal::write_number(row.severity.get()),
            &row.param.map(decimal::write_number).unwrap_or_default(),
            &row.domain,
            row.cause.name(),
            &row.detail,
            &row.group.map(|group| group.to_string()).unwrap_or_default(),
            &row.flags.to_string(),
        ]);
    }
    let bytes = writer.into_inner().expect("memory takes any row");
    String::from_utf8(bytes).expect("rows are text")
}

#[cfg(test)]
mod tests {
    use super::super::{Cause, FaultTrace, TraceFlags, TraceKind, TraceMeta};
    use super::*;
    use hms_machine::Ratio;
    use proptest::prelude::*;

    const HEADER: &str = "time_s,node,kind,duration_s,severity,param,domain,cause,detail,group,flags\n";

    fn read_rows(body: &str) -> Result<Vec<TraceRow>, DatasetError> {
        read(&format!("{HEADER}{body}"))
    }

    #[test]
    fn a_row_without_duration_is_permanent() {
        let rows = read_rows("97778.000,184931,disk,,1.000,,r499/rack22520,hardware,\"A6, none\",,C\n").unwrap();
        let expected = TraceRow {
            time: Instant::from_nanos(97_778_000_000_000),
            node: 184_931,
            kind: TraceKind::Disk,
            duration: None,
            severity: Ratio::ONE,
            param: None,
            domain: "r499/rack22520".to_owned(),
            cause: Cause::Hardware,
            detail: "A6, none".to_owned(),
            group: None,
            flags: TraceFlags::CENSORED,
        };
        assert_eq!(rows, [expected]);
    }

    #[test]
    fn an_error_names_line_column_expectation_and_fix() {
        for (body, expected) in [
            (
                "0,0,crash,5,1,,,unknown,,,\n0,0,crahs,5,1,,,unknown,,,\n",
                "line 3, column `kind`: expected `crash`, `disk`, `slow`, `pause`, `partition`, `outage`, found `crahs`; use one of these words",
            ),
            (
                "0,0,crash,-5,1,,,unknown,,,\n",
                "line 2, column `duration_s`: expected a number of seconds, 0 or more, found `-5`; write it as 12.5, without sign, exponent or unit",
            ),
            (
                "0,0,crash,5,1.5,,,unknown,,,\n",
                "line 2, column `severity`: expected a share between 0 and 1, found `1.5`; 1 is all of it",
            ),
            ("0,0,crash,5,1\n", "line 2: expected 11 columns, found 5; check the row for a missing or unquoted comma"),
            (
                "7,0,crash,5,1,,,unknown,,,\n3,0,crash,5,1,,,unknown,,,\n",
                "line 3, column `time_s`: times must not go backwards, found 3 after 7.000; sort the rows by `time_s`",
            ),
        ] {
            assert_eq!(read_rows(body).unwrap_err().to_string(), expected);
        }
        let header = read("time,node\n").unwrap_err().to_string();
        assert!(header.starts_with("line 1: expected the header `time_s,node,kind,"), "{header}");
        assert!(header.ends_with("found `time,node`; convert other formats with `hms dataset import`"), "{header}");
    }

    proptest! {
        #[test]
        fn any_trace_is_read_as_it_was_written(
            rows in prop::collection::vec(
                (any::<u64>(), any::<u32>(), 0..6usize, any::<Option<u64>>(), 0.0..=1.0f64, any::<Option<f64>>(), ".{0,12}", any::<Option<u32>>()),
                0..8,
            )
        ) {
            let rows = rows.into_iter().map(|(time, node, word, duration, severity, param, text, group)| TraceRow {
                time: Instant::from_nanos(time),
                node,
                kind: TraceKind::ALL[word],
                duration: duration.map(Duration::from_nanos),
                severity: Ratio::new(severity).unwrap(),
                param: param.filter(|value| value.is_finite()),
                domain: text.trim().replace(['\r', '\n'], " ").trim().to_owned(),
                cause: Cause::ALL[word],
                detail: text.trim().to_owned(),
                group,
                flags: TraceFlags::ZERO.with(TraceFlags::MERGED),
            });
            let trace = FaultTrace::new(TraceMeta::default(), rows.collect());
            let text = trace.to_csv();
            let again = FaultTrace::from_csv(&text, TraceMeta::default()).unwrap();
            prop_assert_eq!(&again, &trace);
            prop_assert_eq!(again.to_csv(), text);
        }
    }
}
