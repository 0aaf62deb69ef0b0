//! Los Alamos National Laboratory, failure data 1996–2005 (LA-UR-05-7318; Schroeder & Gibson, DSN 2006).
//!
//! Operators typed when a node went down and came back, to the minute, in local time; system ids are those of the file, not
//! of the paper. Rules of the conversion: one row per record, in order of start and then of the file; time since the earliest
//! start of a kept record; duration = `Down Time` × 60 s (where it disagrees with `Prob Fixed`, the down time counts); node =
//! dense number over the sorted (System, nodenumz); the first non-empty cause column tells the cause; records without a node are
//! dropped and counted; overlaps on one node stay. A down time of zero is flagged `Z`.

use std::collections::BTreeMap;

use hms_machine::{Duration, Instant, Ratio};

use crate::DatasetError;
use crate::civil::CivilTime;
use crate::table::{self, Row, Shape};
use crate::trace::{Cause, FaultTrace, TraceFlags, TraceKind, TraceMeta, TraceRow};

pub(super) const HEADER: &str = "System,machine type,nodes,procstot,procsinnode,nodenum,nodenumz,node install,node prod,node decom,\
fru type,mem,cputype,memtype,num intercon,purpose,Prob Started,Prob Fixed,Down Time,Facilities,Hardware,Human Error,Network,\
Undetermined,Software,Same Event";

const SHAPE: Shape = Shape {
    columns: &[
        "System",
        "machine type",
        "nodes",
        "procstot",
        "procsinnode",
        "nodenum",
        "nodenumz",
        "node install",
        "node prod",
        "node decom",
        "fru type",
        "mem",
        "cputype",
        "memtype",
        "num intercon",
        "purpose",
        "Prob Started",
        "Prob Fixed",
        "Down Time",
        "Facilities",
        "Hardware",
        "Human Error",
        "Network",
        "Undetermined",
        "Software",
        "Same Event",
    ],
    required: 26,
    fix: "take the published file LA-UR-05-7318-failure-data-1996-2005.csv, or rows of it below its header",
};

const SYSTEM: usize = 0;
const NODES: usize = 2;
const NODE_FROM_ZERO: usize = 6;
const STARTED: usize = 16;
const DOWN_MINUTES: usize = 18;
const CAUSES: [(usize, Cause); 6] = [
    (19, Cause::PowerEnv),
    (20, Cause::Hardware),
    (21, Cause::Human),
    (22, Cause::Network),
    (23, Cause::Unknown),
    (24, Cause::Software),
];

struct Record {
    system: u32,
    node: u32,
    started: CivilTime,
    down: Duration,
    cause: Cause,
    detail: String,
}

pub(super) fn import(text: &str) -> Result<FaultTrace, DatasetError> {
    let mut records = Vec::new();
    let mut dropped = 0;
    let mut population = BTreeMap::new();
    table::read(text, &SHAPE, |row| {
        if row.text(NODE_FROM_ZERO).is_empty() {
            dropped += 1;
            return Ok(());
        }
        let record = read_record(row)?;
        let nodes: &mut u32 = population.entry(system_name(record.system)).or_default();
        *nodes = row.whole::<u32>(NODES)?.max(*nodes);
        records.push(record);
        Ok(())
    })?;
    records.sort_by_key(|record| record.started);
    let Some(start) = records.first().map(|record| record.started) else {
        return Err(DatasetError::Empty { expected: "records that name a node".to_owned() });
    };
    let mut nodes: Vec<(u32, u32)> = records.iter().map(|record| (record.system, record.node)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let rows = records.into_iter().map(|record| {
        let node = nodes.binary_search(&(record.system, record.node)).expect("every node of a record is in the table");
        TraceRow {
            time: Instant::from_nanos(record.started.nanos_since(start).expect("the first record starts first")),
            node: node as u32,
            kind: TraceKind::Crash,
            duration: Some(record.down),
            severity: Ratio::ONE,
            param: None,
            domain: format!("lanl/{}/n{:04}", system_name(record.system), record.node),
            cause: record.cause,
            detail: record.detail,
            group: None,
            flags: if record.down.is_zero() { TraceFlags::ZERO } else { TraceFlags::NONE },
        }
    });
    let meta = TraceMeta {
        name: "lanl".to_owned(),
        start: Some(start.to_string()),
        time_resolution: Duration::from_secs(60),
        population_by_system: population,
        dropped_rows_without_node: dropped,
        rule: "time_s=Prob Started-t0; duration_s=Down Time*60; one row per record in (start,file order); \
               node=dense id over sorted (System,nodenumz); overlaps on one node are NOT merged"
            .to_owned(),
        ..TraceMeta::default()
    };
    Ok(FaultTrace::new(meta, rows.collect()))
}

fn read_record(row: &Row<'_>) -> Result<Record, DatasetError> {
    let started = CivilTime::parse_month_first(row.text(STARTED))
        .ok_or_else(|| row.error(STARTED, "a local time M/D/YYYY H:MM", "write it as 6/21/2005 10:54"))?;
    let cause = CAUSES.iter().find(|(column, _)| !row.text(*column).is_empty());
    Ok(Record {
        system: row.whole(SYSTEM)?,
        node: row.whole(NODE_FROM_ZERO)?,
        started,
        down: Duration::from_secs(60 * u64::from(row.whole::<u32>(DOWN_MINUTES)?)),
        cause: cause.map_or(Cause::Unknown, |(_, cause)| *cause),
        detail: cause.map_or(String::new(), |(column, _)| row.text(*column).to_owned()),
    })
}

fn system_name(system: u32) -> String {
    format!("sys{system:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: [&str; 4] = [
        "2,cluster,49,6152,80,0,0,5-Apr,5-Jun,current,part,80,1,1,0,graphics.fe,6/21/2005 10:54,6/21/2005 11:00,6,,Graphics Accel Hdwr,,,,,No",
        "17,,,,,,,,,,,,,,,,1/8/1997 8:40,1/8/1997 8:50,10,,Other,,,,,No",
        "2,cluster,49,6152,128,7,7,a,b,c,part,32,1,1,12,compute,6/21/2005 10:00,6/21/2005 10:00,0,,,,,,\"MPI, PVM\",No",
        "1,cluster,8,6152,128,7,7,a,b,c,part,32,1,1,12,compute,6/22/2005 10:00,6/22/2005 10:01,1,,,,,,,No",
    ];

    fn trace(records: &[&str]) -> Result<FaultTrace, DatasetError> {
        import(&format!("{HEADER}\r\n{}", records.join("\r\n")))
    }

    #[test]
    fn the_header_lists_the_columns() {
        assert_eq!(HEADER, SHAPE.columns.join(","));
    }

    #[test]
    fn records_become_rows_in_order_of_time() {
        let trace = trace(&RECORDS).unwrap();
        let rows: Vec<String> = trace.to_csv().lines().skip(1).map(str::to_owned).collect();
        assert_eq!(
            rows,
            [
                "0.000,2,crash,0.000,1.000,,lanl/sys02/n0007,software,\"MPI, PVM\",,Z",
                "3240.000,1,crash,360.000,1.000,,lanl/sys02/n0000,hardware,Graphics Accel Hdwr,,",
                "86400.000,0,crash,60.000,1.000,,lanl/sys01/n0007,unknown,,,",
            ]
        );
        assert_eq!(trace.meta.start.as_deref(), Some("2005-06-21 10:00:00"));
        assert_eq!(trace.meta.dropped_rows_without_node, 1);
        assert_eq!(trace.meta.population_by_system, BTreeMap::from([("sys01".to_owned(), 8), ("sys02".to_owned(), 49)]));
    }

    #[test]
    fn a_wrong_field_is_named_by_line_and_column() {
        let record = RECORDS[0].replace("6/21/2005 10:54", "2005-06-21");
        let error = trace(&[RECORDS[2], &record]).unwrap_err().to_string();
        assert_eq!(
            error,
            "line 3, column `Prob Started`: expected a local time M/D/YYYY H:MM, found `2005-06-21`; write it as 6/21/2005 10:54"
        );
    }
}
