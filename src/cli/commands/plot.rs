//! `hms plot`: pictures of a results folder.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use hms_lab::files;
use hms_lab::plots::{self, Format, Kind, Run, Tone};
use hms_lab::results;

use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  hms plot results/quickstart-1                                          three SVG files in results/quickstart-1/plots
  hms plot results/quickstart-1 --kind timeline --out timeline.png       one picture, its format told by its name
  hms plot results/quickstart-1 --format png --theme dark --out pictures

The same results give the same bytes on every machine; no font of the system is used.";

/// Draws what failed, what clients saw and how long they waited, as SVG or PNG.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A folder of results.
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
    /// What to draw.
    #[arg(long, value_enum, default_value_t = KindName::All)]
    kind: KindName,
    /// The format; default: that of the name after --out, or else svg.
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// Where to: a file that ends in .svg or .png for one picture, otherwise a folder; default: `plots` within DIR.
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    out: Option<PathBuf>,
    /// Dark on light, or light on dark.
    #[arg(long, value_enum, default_value_t = Theme::Light)]
    theme: Theme,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindName {
    /// Each incident: fault, first notice, recovery; goodput below
    Timeline,
    /// Requests answered and failed, availability and latency over time
    Goodput,
    /// Cumulative distribution of latencies, and its tail
    Latency,
    /// One file of each
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum FormatName {
    /// Scalable, text stays text
    Svg,
    /// 1200 pixels wide
    Png,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Theme {
    Light,
    Dark,
}

/// Draws the pictures.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let kinds = match arguments.kind {
        KindName::Timeline => &[Kind::Timeline][..],
        KindName::Goodput => &[Kind::Goodput],
        KindName::Latency => &[Kind::Latency],
        KindName::All => &Kind::ALL,
    };
    let tone = match arguments.theme {
        Theme::Light => Tone::Light,
        Theme::Dark => Tone::Dark,
    };
    let (places, format) = places(arguments, kinds)?;
    let run = Run::read(&results::read(&arguments.folder)?)?;
    for (kind, path) in kinds.iter().zip(places) {
        files::replace(&path, &plots::draw(*kind, format, tone, &run)).map_err(|error| Failure::Failed(error.to_string()))?;
        output::message(&format!("{} is in {}", kind.name(), path.display()));
    }
    Ok(())
}

/// A file for each picture, and their format.
fn places(arguments: &Arguments, kinds: &[Kind]) -> Result<(Vec<PathBuf>, Format), Failure> {
    let named = arguments.out.as_deref().and_then(format_of);
    let asked = arguments.format.map(|format| match format {
        FormatName::Svg => Format::Svg,
        FormatName::Png => Format::Png,
    });
    if let (Some(out), Some(named)) = (&arguments.out, named) {
        if kinds.len() > 1 {
            let problem = format!("--out {} is one file, but --kind all makes {}", out.display(), kinds.len());
            return Err(Failure::Invalid(format!("{problem}: name a folder, or one picture with --kind")));
        }
        if let Some(asked) = asked.filter(|asked| *asked != named) {
            let problem = format!("--format {} disagrees with --out {}", asked.name(), out.display());
            return Err(Failure::Invalid(format!("{problem}: leave one of them out")));
        }
        return Ok((vec![out.clone()], named));
    }
    let format = asked.unwrap_or(Format::Svg);
    let folder = arguments.out.clone().unwrap_or_else(|| arguments.folder.join("plots"));
    Ok((kinds.iter().map(|kind| folder.join(format!("{}.{}", kind.name(), format.name()))).collect(), format))
}

/// The format that a file's name tells.
fn format_of(path: &Path) -> Option<Format> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    Format::ALL.into_iter().find(|format| format.name() == ending)
}
