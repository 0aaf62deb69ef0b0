//! Files of data sets: published originals are read, canonical traces and what goes with them are written and read again.
//!
//! The conversions themselves are those of [`hms_dataset`], which knows no files. Here stand the folder of originals, unpacking, Parquet, and the
//! metadata beside each trace. Every file is written whole or not at all.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use hms_dataset::DatasetError;
use hms_dataset::import::{self, DriveSlowness, Format, Imported, NodeSpeed, Source};
use hms_dataset::parameters::{ParameterError, ParameterFile};
use hms_dataset::synth::{self, Plan, Synthesised};
use hms_dataset::trace::{COLUMNS, FaultTrace, TraceMeta};
use hms_machine::{Duration, Instant};
use polars::prelude::*;
use thiserror::Error;

use crate::files::{FileError, replace};
use crate::inputs::DATASETS_VARIABLE;

/// Where originals are looked for if nothing else is said: beside the repository.
const DEFAULT_FOLDER: &str = "../shared/datasets";
/// What stands in the folders of originals and is none.
const NO_ORIGINALS: [&str; 2] = ["canonical_ref", "slow_drive_info"];
/// The file of labels that stands beside the files of [`Format::Perseus`].
const LABELS: &str = "slow_drive_info.csv";

/// Why a data set cannot be read, made or written.
#[derive(Debug, Error)]
pub enum DatasetFileError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file holds something else than it should.
    #[error("{}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Where, what was expected, what to do.
        source: DatasetError,
    },
    /// A file of parameters is wrong, or does not hold what was asked of it.
    #[error("{}: {source}", path.display())]
    Parameters {
        /// The file.
        path: PathBuf,
        /// Where, what was expected, what to do.
        source: ParameterError,
    },
    /// The original is not where it was looked for.
    #[error("the original of `{format}` was looked for in {} and is not there: {fix}", folder.display())]
    NoOriginal {
        /// The format.
        format: &'static str,
        /// Where it was looked for.
        folder: PathBuf,
        /// What to do.
        fix: String,
    },
    /// There are several originals to choose from.
    #[error("{} holds {count} files of `{format}`: name one as FILE, such as {examples}", folder.display())]
    WhichOriginal {
        /// The format.
        format: &'static str,
        /// Where they stand.
        folder: PathBuf,
        /// How many they are.
        count: usize,
        /// The first of them.
        examples: String,
    },
    /// A Parquet file cannot be written or read.
    #[error("{}: {source}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What polars says.
        source: PolarsError,
    },
    /// Only traces can be Parquet.
    #[error("{} would hold {what}, which is written as text: choose a name that ends in {ending}", path.display())]
    Ending {
        /// The file asked for.
        path: PathBuf,
        /// What it would hold.
        what: &'static str,
        /// The usual ending.
        ending: &'static str,
    },
    /// Nothing is left of a trace.
    #[error("no row of the trace lies within {selection}: {fix}")]
    NothingSelected {
        /// What was asked for.
        selection: String,
        /// What there is.
        fix: String,
    },
}

/// A part of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only this failure domain and what is below it, such as `lanl/sys02`.
    pub domain: Option<String>,
    /// Only this stretch of time, which becomes the whole time: beginning and end.
    pub window: Option<(Duration, Duration)>,
}

impl Selection {
    /// The part of `trace`.
    ///
    /// # Errors
    /// [`DatasetFileError::NothingSelected`].
    pub fn of(&self, trace: FaultTrace) -> Result<FaultTrace, DatasetFileError> {
        let mut part = trace.clone();
        let mut said = Vec::new();
        if let Some(domain) = &self.domain {
            part = part.within_domain(domain);
            said.push(format!("`{domain}`"));
        }
        if let Some((from, to)) = self.window {
            part = part.window(Instant::ZERO + from, to.saturating_sub(from));
            said.push(format!("{from} to {to}"));
        }
        if !said.is_empty() && part.rows().is_empty() {
            let example = trace.rows().first().map_or("none", |row| row.domain.as_str());
            let fix = format!("it has {} rows up to {}, in domains such as `{example}`", trace.rows().len(), trace.end());
            return Err(DatasetFileError::NothingSelected { selection: said.join(" and "), fix });
        }
        Ok(part)
    }
}

/// The folder of originals: `HMS_DATASETS`, or else `../shared/datasets`.
pub fn folder() -> PathBuf {
    env::var_os(DATASETS_VARIABLE).filter(|path| !path.is_empty()).map_or_else(|| PathBuf::from(DEFAULT_FOLDER), PathBuf::from)
}

/// The files of a format that stand in the folder of originals, by name.
pub fn originals(format: Format) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder().join(format.info().folder)) else { return Vec::new() };
    let original = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let text = name.strip_suffix(".gz").unwrap_or(name);
        let data = text.ends_with(".csv") || (text.ends_with(".txt") && name.ends_with(".gz"));
        data && !NO_ORIGINALS.iter().any(|other| name.starts_with(other))
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(original).collect();
    paths.sort();
    paths
}

/// Which file to import: `file` as it stands, or by its name among the originals; without a name the only original.
///
/// # Errors
/// [`DatasetFileError::NoOriginal`] if there is none, [`DatasetFileError::WhichOriginal`] if there are several.
pub fn locate(format: Format, file: Option<&Path>) -> Result<PathBuf, DatasetFileError> {
    let info = format.info();
    let place = folder().join(info.folder);
    let missing = |fix: String| DatasetFileError::NoOriginal { format: info.name, folder: place.clone(), fix };
    let set = format!(
        "name a FILE, or set {DATASETS_VARIABLE} to the folder of originals (datasets/README.md tells where each is published)"
    );
    match file {
        Some(file) if file.exists() => Ok(file.to_owned()),
        Some(file) if place.join(file).is_file() => Ok(place.join(file)),
        Some(file) => Err(missing(format!("nor is there a file {}; {set}", file.display()))),
        None => {
            let mut found = originals(format);
            match found.len() {
                0 => Err(missing(set)),
                1 => Ok(found.remove(0)),
                count => {
                    let shown: Vec<_> =
                        found.iter().take(3).filter_map(|path| path.file_name()).map(OsStr::to_string_lossy).collect();
                    let examples = shown.join(", ");
                    Err(DatasetFileError::WhichOriginal { format: info.name, folder: place.clone(), count, examples })
                }
            }
        }
    }
}

/// The text of a file, unpacked if its first bytes are those of gzip.
///
/// # Errors
/// [`FileError`]; text that is not UTF-8 is one.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let bytes = fs::read(path).map_err(FileError::new("read", path))?;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).map_err(FileError::new("unpack", path))?;
        unpacked
    } else {
        bytes
    };
    let not_text = |error: std::string::FromUtf8Error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error());
    String::from_utf8(bytes).map_err(not_text).map_err(FileError::new("read as text", path))
}

/// Imports a file.
///
/// # Errors
/// [`DatasetFileError`] with file, line and column.
pub fn import(format: Format, path: &Path) -> Result<Imported, DatasetFileError> {
    let text = read_text(path)?;
    let labels = path.with_file_name(LABELS);
    let labels = if format == Format::Perseus && labels.is_file() { Some(read_text(&labels)?) } else { None };
    let source = Source { labels: labels.as_deref(), ..Source::new(bare_name(path), &text) };
    import::import(format, &source).map_err(content(path))
}

/// Makes what a file of parameters describes.
///
/// # Errors
/// [`DatasetFileError`].
pub fn synthesise(parameters: &Path, model: Option<&str>, plan: &Plan) -> Result<Imported, DatasetFileError> {
    let wrong = |source| DatasetFileError::Parameters { path: parameters.to_owned(), source };
    let file = ParameterFile::parse(&read_text(parameters)?).map_err(wrong)?;
    Ok(match synth::synthesise(&file, model, plan).map_err(wrong)? {
        Synthesised::Trace(trace) => Imported::Trace(trace),
        Synthesised::Counts(counts) => Imported::Counts(counts),
        Synthesised::Rtt(matrix) => Imported::Rtt(matrix),
    })
}

/// A data set as canonical text.
pub fn to_text(data: &Imported) -> String {
    match data {
        Imported::Trace(trace) => trace.to_csv(),
        Imported::Parameters(file) => file.to_toml(),
        Imported::Slowness(drives) => slowness_text(drives),
        Imported::Speeds(nodes) => speeds_text(nodes),
        Imported::Counts(counts) => counts.to_text(),
        Imported::Arrivals(arrivals) => arrivals.to_csv(),
        Imported::Rtt(matrix) => matrix.to_csv(),
    }
}

/// Writes a data set: canonical text, or for a trace Parquet if `path` ends so; beside a trace its metadata as `NAME.meta.json`. Gives the
/// files.
///
/// # Errors
/// [`DatasetFileError`].
pub fn write(path: &Path, data: &Imported) -> Result<Vec<PathBuf>, DatasetFileError> {
    let parquet = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
    let (what, ending) = match data {
        Imported::Trace(trace) => {
            let meta = meta_path(path);
            // The metadata first: a trace that is there has them.
            replace(&meta, trace.meta.to_json().as_bytes())?;
            let bytes = if parquet { to_parquet(trace).map_err(table(path))? } else { trace.to_csv().into_bytes() };
            replace(path, &bytes)?;
            return Ok(vec![path.to_owned(), meta]);
        }
        Imported::Parameters(_) => ("parameters", ".toml"),
        Imported::Slowness(_) => ("slowness of drives", ".csv"),
        Imported::Speeds(_) => ("speeds of machines", ".csv"),
        Imported::Counts(_) => ("requests per second", ".txt"),
        Imported::Arrivals(_) => ("arrivals", ".csv"),
        Imported::Rtt(_) => ("round-trip times", ".csv"),
    };
    if parquet {
        return Err(DatasetFileError::Ending { path: path.to_owned(), what, ending });
    }
    replace(path, to_text(data).as_bytes())?;
    Ok(vec![path.to_owned()])
}

/// Reads a canonical trace, CSV (also packed) or Parquet, with the metadata beside it where there are any.
///
/// # Errors
/// [`DatasetFileError`].
pub fn read_trace(path: &Path) -> Result<FaultTrace, DatasetFileError> {
    let meta_path = meta_path(path);
    let meta = if meta_path.is_file() {
        TraceMeta::from_json(&read_text(&meta_path)?).map_err(content(&meta_path))?
    } else {
        TraceMeta::default()
    };
    let mut start = [0; 4];
    let mut file = fs::File::open(path).map_err(FileError::new("read", path))?;
    let parquet = file.read_exact(&mut start).is_ok() && &start == b"PAR1";
    let text = if parquet { parquet_to_csv(path).map_err(table(path))? } else { read_text(path)? };
    FaultTrace::from_csv(&text, meta).map_err(content(path))
}

fn content(path: &Path) -> impl FnOnce(DatasetError) -> DatasetFileError {
    let path = path.to_owned();
    move |source| DatasetFileError::Content { path, source }
}

fn table(path: &Path) -> impl FnOnce(PolarsError) -> DatasetFileError {
    let path = path.to_owned();
    move |source| DatasetFileError::Table { path, source }
}

/// The name without folder, packing and ending.
fn bare_name(path: &Path) -> &str {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(bare, _)| bare)
}

fn meta_path(path: &Path) -> PathBuf {
    path.with_file_name(format!("{}.meta.json", bare_name(path)))
}

fn slowness_text(drives: &[DriveSlowness]) -> String {
    let mut text = "drive,labelled_slow,instants,median,p95,p99\n".to_owned();
    for drive in drives {
        let labelled = drive.labelled_slow.map_or_else(String::new, |slow| slow.to_string());
        let [median, p95, p99] = [0.5, 0.95, 0.99].map(|share| drive.quantile(share));
        let _ = writeln!(text, "{},{labelled},{},{median:.4},{p95:.4},{p99:.4}", drive.drive, drive.ratios.len());
    }
    text
}

fn speeds_text(nodes: &[NodeSpeed]) -> String {
    let mut text = "node,count,mean,deviation\n".to_owned();
    for NodeSpeed { node, count, mean, deviation } in nodes {
        let _ = writeln!(text, "{node},{count},{mean:.6},{deviation:.6}");
    }
    text
}

/// Parquet with the columns of the canonical CSV, which is read for it, so that both hold the same values.
fn to_parquet(trace: &FaultTrace) -> PolarsResult<Vec<u8>> {
    let schema = trace_schema();
    let options = CsvReadOptions::default().with_has_header(true).with_schema(Some(Arc::new(schema)));
    let mut frame = options.into_reader_with_file_handle(io::Cursor::new(trace.to_csv())).finish()?;
    let metadata = vec![
        ("hms.table".to_owned(), "fault_trace".to_owned()),
        ("hms.units".to_owned(), r#"{"time_s":"s","duration_s":"s"}"#.to_owned()),
        ("hms.trace_meta".to_owned(), trace.meta.to_json()),
    ];
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
        .finish(&mut frame)?;
    Ok(bytes)
}

fn trace_schema() -> Schema {
    let dtype = |name: &str| match name {
        "time_s" | "duration_s" | "severity" | "param" => DataType::Float64,
        "node" | "group" => DataType::UInt32,
        _ => DataType::String,
    };
    COLUMNS.iter().map(|name| Field::new((*name).into(), dtype(name))).collect()
}

/// The canonical CSV of a Parquet file; times are rounded to microseconds, which 64-bit floats hold exactly for 270 years.
fn parquet_to_csv(path: &Path) -> PolarsResult<String> {
    let file = fs::File::open(path)?;
    let frame = ParquetReader::new(file).finish()?;
    if **frame.schema() != trace_schema() {
        polars_bail!(SchemaMismatch: "its columns are not those of a fault trace: {}", COLUMNS.join(", "));
    }
    let mut frame = frame;
    for name in ["time_s", "duration_s"] {
        let rounded: Float64Chunked =
            frame.column(name)?.f64()?.iter().map(|value| value.map(|seconds| (seconds * 1e6).round() / 1e6)).collect();
        frame.with_column(rounded.with_name(name.into()).into_column())?;
    }
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).include_header(true).finish(&mut frame)?;
    Ok(String::from_utf8(bytes).expect("polars writes UTF-8"))
}

#[cfg(test)]
mod tests {
    use hms_dataset::synth::Start;
    use hms_machine::Seed;

    use super::*;

    fn committed(path: &str) -> PathBuf {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets")).join(path)
    }

    fn trace() -> FaultTrace {
        read_trace(&committed("synthetic/websites02-week.csv")).unwrap()
    }

    #[test]
    fn a_trace_is_read_as_it_was_written_as_text_and_as_parquet() {
        let place = tempfile::tempdir().unwrap();
        for name in ["a.csv", "a.parquet"] {
            let path = place.path().join(name);
            let files = write(&path, &Imported::Trace(trace())).unwrap();
            assert_eq!(files, [path.clone(), place.path().join("a.meta.json")]);
            assert_eq!(read_trace(&path).unwrap(), trace(), "{name}");
        }
    }

    #[test]
    fn a_committed_trace_is_made_again_byte_for_byte() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("websites02-week.csv");
        let plan = Plan { nodes: 20, length: Duration::from_secs(7 * 86_400), seed: Seed(1), start: Start::default() };
        let made = synthesise(&committed("parameters/fta.toml"), Some("websites02-weibull"), &plan).unwrap();
        write(&path, &made).unwrap();
        for name in ["websites02-week.csv", "websites02-week.meta.json"] {
            let expected = fs::read(committed("synthetic").join(name)).unwrap();
            assert!(fs::read(place.path().join(name)).unwrap() == expected, "{name}");
        }
    }

    #[test]
    fn packed_text_is_recognised_by_its_first_bytes() {
        use std::io::Write;
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("no-ending");
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(b"3\n5\n").unwrap();
        fs::write(&path, packer.finish().unwrap()).unwrap();
        let Imported::Counts(counts) = import(Format::RequestsPerSecond, &path).unwrap() else { panic!() };
        assert_eq!(counts.counts, [3, 5]);
    }

    #[test]
    fn a_wrong_file_is_named_with_line_and_fix() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("wrong.csv");
        fs::write(&path, "a,b\n1,2\n").unwrap();
        let error = import(Format::Lanl, &path).unwrap_err().to_string();
        assert!(error.contains("wrong.csv: line 1: expected the header `System,"), "{error}");
        let error = locate(Format::Lanl, Some(Path::new("nowhere.csv"))).unwrap_err().to_string();
        assert!(error.contains("nowhere.csv") && error.contains("HMS_DATASETS"), "{error}");
    }

    #[test]
    fn an_empty_selection_tells_what_there_is() {
        let selection = Selection { domain: Some("elsewhere".to_owned()), window: None };
        let error = selection.of(trace()).unwrap_err().to_string();
        assert!(error.contains("`elsewhere`") && error.contains("domains such as"), "{error}");
    }

    #[test]
    fn a_window_starts_anew_at_zero() {
        let day = Duration::from_secs(86_400);
        let part = Selection { domain: None, window: Some((day, day + day)) }.of(trace()).unwrap();
        assert!(!part.rows().is_empty() && part.rows().len() < trace().rows().len());
        assert!(part.rows().iter().all(|row| row.time < Instant::ZERO + day));
    }

    #[test]
    fn only_traces_become_parquet() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.parquet");
        let counts = Imported::Counts(hms_dataset::rates::CountSeries { counts: vec![1] });
        assert!(write(&path, &counts).unwrap_err().to_string().contains(".txt"));
        assert!(!path.exists());
    }
}
