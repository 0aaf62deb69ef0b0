//! Alibaba's SSD failures (Han et al., "An In-Depth Study of Correlated Failures in Production SSD-Based Data Centers", FAST 2021).
//!
//! A ticket is written when a drive has failed; the drive does not come back, and when the node was whole again is not told. Rules
//! of the conversion: one permanent fault per ticket, in order of time; time since the start of the first ticket's year; node = the
//! source's node id; domain = room, rack, node, disk; detail = model/application; flag `C`.

use hms_machine::{Duration, Instant, Ratio};

use crate::DatasetError;
use crate::civil::CivilTime;
use crate::table::{self, Shape};
use crate::trace::{Cause, FaultTrace, TraceFlags, TraceKind, TraceMeta, TraceRow};

pub(super) const HEADER: &str = "failure_time,model,app,disk_id,node_id,rack_id,machine_room_id";

const SHAPE: Shape = Shape {
    columns: &["failure_time", "model", "app", "disk_id", "node_id", "rack_id", "machine_room_id"],
    required: 7,
    fix: "keep these seven columns of ssd_failure_tag.csv, in this order",
};

pub(super) fn import(text: &str) -> Result<FaultTrace, DatasetError> {
    let mut tickets = Vec::new();
    table::read(text, &SHAPE, |row| {
        let time = CivilTime::parse_year_first(row.text(0))
            .ok_or_else(|| row.error(0, "a time YYYY-MM-DD HH:MM:SS", "write it as 2018-01-02 03:09:38"))?;
        let [disk, node, rack, room] = [row.whole::<u32>(3)?, row.whole(4)?, row.whole(5)?, row.whole(6)?];
        tickets.push((
            time,
            node,
            format!("r{room}/rack{rack}/node{node}/disk{disk}"),
            format!("{}/{}", row.text(1), row.text(2)),
        ));
        Ok(())
    })?;
    let Some(start) = tickets.iter().map(|(time, ..)| time.start_of_year()).min() else {
        return Err(DatasetError::Empty { expected: "tickets of failed drives".to_owned() });
    };
    let rows = tickets.into_iter().map(|(time, node, domain, detail)| TraceRow {
        time: Instant::from_nanos(time.nanos_since(start).expect("no ticket is older than the year of the first")),
        node,
        kind: TraceKind::Disk,
        duration: None,
        severity: Ratio::ONE,
        param: None,
        domain,
        cause: Cause::Hardware,
        detail,
        group: None,
        flags: TraceFlags::CENSORED,
    });
    let meta = TraceMeta {
        name: "alibaba-ssd".to_owned(),
        start: Some(start.to_string()),
        time_resolution: Duration::from_secs(1),
        rule: "one permanent disk failure per ticket; duration unknown (C)".to_owned(),
        ..TraceMeta::default()
    };
    Ok(FaultTrace::new(meta, rows.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_becomes_a_permanent_fault_of_a_disk() {
        let trace = import(&format!("{HEADER}\n2018-01-02 03:09:38,A6,none,21946,184931,22520,499\n")).unwrap();
        let row = trace.to_csv().lines().nth(1).unwrap().to_owned();
        assert_eq!(row, "97778.000,184931,disk,,1.000,,r499/rack22520/node184931/disk21946,hardware,A6/none,,C");
        assert_eq!(trace.meta.start.as_deref(), Some("2018-01-01 00:00:00"));
    }
}
