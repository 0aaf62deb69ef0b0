//! How runs ended, and these rows as frames: what a shard holds while a campaign runs.

use hms_trial::{DEFINITIONS, Outcome};
use polars::prelude::*;

/// A run that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Its place in the campaign.
    pub index: usize,
    /// Its id.
    pub id: String,
    /// How it ended.
    pub end: End,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It ran to its end.
    Measured {
        /// Hash over every dispatched event, 16 hexadecimal digits.
        trace_hash: String,
        /// Events dispatched.
        events: u64,
        /// Every objective, in the order of [`DEFINITIONS`]; `None` where the run gives nothing to measure.
        objectives: Vec<Option<f64>>,
    },
    /// It did not; with the reason.
    Failed(String),
}

impl End {
    pub(super) fn measured(outcome: &Outcome) -> End {
        End::Measured {
            trace_hash: outcome.hash.to_string(),
            events: outcome.events,
            objectives: outcome.objectives.iter().map(|objective| objective.value).collect(),
        }
    }

    /// Why it failed, if it did.
    pub fn reason(&self) -> Option<&str> {
        match self {
            End::Failed(reason) => Some(reason),
            End::Measured { .. } => None,
        }
    }

    /// Hash over every dispatched event.
    pub fn trace_hash(&self) -> Option<&str> {
        match self {
            End::Measured { trace_hash, .. } => Some(trace_hash),
            End::Failed(_) => None,
        }
    }

    /// Events dispatched.
    pub fn events(&self) -> Option<u64> {
        match self {
            End::Measured { events, .. } => Some(*events),
            End::Failed(_) => None,
        }
    }

    /// The value of the objective at that place of [`DEFINITIONS`].
    pub fn objective(&self, position: usize) -> Option<f64> {
        match self {
            End::Measured { objectives, .. } => objectives[position],
            End::Failed(_) => None,
        }
    }
}

/// Column names that shards and the table of runs share.
pub(super) const RUN_ID: &str = "run_id";
pub(super) const REASON: &str = "reason";
pub(super) const TRACE_HASH: &str = "trace_hash";
pub(super) const EVENTS: &str = "events";

/// Rows as a frame: id, end, objectives.
pub(super) fn frame(rows: &[Finished]) -> DataFrame {
    let mut columns = vec![StringChunked::from_iter_values(RUN_ID.into(), rows.iter().map(|row| row.id.as_str())).into_column()];
    columns.extend(ends(rows.iter().map(|row| &row.end)));
    DataFrame::new(rows.len(), columns).expect("columns of one length with distinct names")
}

/// The columns of ends.
pub(super) fn ends<'a>(ends: impl Iterator<Item = &'a End> + Clone) -> Vec<Column> {
    let mut columns = vec![
        StringChunked::from_iter_options(REASON.into(), ends.clone().map(End::reason)).into_column(),
        StringChunked::from_iter_options(TRACE_HASH.into(), ends.clone().map(End::trace_hash)).into_column(),
        Int64Chunked::from_iter_options(EVENTS.into(), ends.clone().map(|end| end.events().map(|events| events as i64)))
            .into_column(),
    ];
    for (position, definition) in DEFINITIONS.iter().enumerate() {
        let values = ends.clone().map(|end| end.objective(position));
        columns.push(Float64Chunked::from_iter_options(definition.name.into(), values).into_column());
    }
    columns
}

/// Ids and ends from a frame that has these columns, among others.
pub(super) fn read(frame: &DataFrame) -> PolarsResult<Vec<(String, End)>> {
    let (ids, reasons) = (frame.column(RUN_ID)?.str()?, frame.column(REASON)?.str()?);
    let (hashes, events) = (frame.column(TRACE_HASH)?.str()?, frame.column(EVENTS)?.i64()?);
    let objectives =
        DEFINITIONS.iter().map(|definition| frame.column(definition.name)?.f64()).collect::<PolarsResult<Vec<_>>>()?;
    let missing = |what: &str| polars_err!(ComputeError: "a run without {what}");
    (0..frame.height())
        .map(|row| {
            let id = ids.get(row).ok_or_else(|| missing("id"))?.to_owned();
            let end = match reasons.get(row) {
                Some(reason) => End::Failed(reason.to_owned()),
                None => End::Measured {
                    trace_hash: hashes.get(row).ok_or_else(|| missing("hash"))?.to_owned(),
                    events: events.get(row).ok_or_else(|| missing("events"))? as u64,
                    objectives: objectives.iter().map(|column| column.get(row)).collect(),
                },
            };
            Ok((id, end))
        })
        .collect()
}

/// Digest of rows in the order given: the same for the same results, whatever wrote the file they stand in.
pub(super) fn digest<'a>(rows: impl Iterator<Item = (&'a str, &'a End)>) -> String {
    let mut hasher = blake3::Hasher::new();
    let text = |hasher: &mut blake3::Hasher, text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for (id, end) in rows {
        text(&mut hasher, id);
        match end {
            End::Failed(reason) => text(&mut hasher, reason),
            End::Measured { trace_hash, events, objectives } => {
                text(&mut hasher, trace_hash);
                hasher.update(&events.to_le_bytes());
                for value in objectives {
                    // `+ 0.0` turns −0 into 0; one NaN stands for all, and is not a value that a missing one could be taken for.
                    let bits = value.map(|value| if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() });
                    hasher.update(&[u8::from(bits.is_some())]);
                    hasher.update(&bits.unwrap_or(0).to_le_bytes());
                }
            }
        }
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Finished> {
        let mut objectives = vec![None; DEFINITIONS.len()];
        objectives[0] = Some(0.1 + 0.2);
        objectives[1] = Some(f64::MIN_POSITIVE);
        let measured = End::Measured { trace_hash: "00ff".to_owned(), events: 12, objectives };
        vec![
            Finished { index: 0, id: "a".to_owned(), end: measured },
            Finished { index: 1, id: "b".to_owned(), end: End::Failed("too many events".to_owned()) },
        ]
    }

    #[test]
    fn what_is_written_is_read_back_bit_for_bit() {
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut frame(&rows())).unwrap();
        let back = read(&ParquetReader::new(std::io::Cursor::new(bytes)).finish().unwrap()).unwrap();
        assert_eq!(back, rows().into_iter().map(|row| (row.id, row.end)).collect::<Vec<_>>());
    }

    #[test]
    fn the_digest_tells_every_change() {
        let of = |rows: &[Finished]| digest(rows.iter().map(|row| (row.id.as_str(), &row.end)));
        let before = of(&rows());
        assert_eq!(before, of(&rows()));
        let mut changed = rows();
        changed[1].end = End::Failed("too many event".to_owned());
        assert_ne!(before, of(&changed));
        let mut changed = rows();
        if let End::Measured { objectives, .. } = &mut changed[0].end {
            objectives[2] = Some(0.0);
        }
        assert_ne!(before, of(&changed));
    }
}
