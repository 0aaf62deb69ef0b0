//! Readers of published data in the formats of their publishers.
//!
//! Each format has a file here and a line in [`FORMATS`], which the command lists. An importer is a pure function from text to a
//! value: whoever calls it reads the file and unpacks it. A file that is not of the format is refused with the line, the header that was
//! expected and, if another format fits, its name.

mod alibaba_ssd;
mod azure_functions;
mod azure_llm;
mod cloud_uptime;
mod fta;
mod lanl;
mod perseus;
mod rtt_aws;
mod rtt_square;
mod vm_noise;

use crate::DatasetError;
use crate::parameters::ParameterFile;
use crate::rates::{Arrivals, CountSeries};
use crate::rtt::RttMatrix;
use crate::trace::FaultTrace;

pub use perseus::DriveSlowness;
pub use vm_noise::NodeSpeed;

/// A file to import.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Name of the file without folder and extensions; some publishers put what was measured into it.
    pub name: &'a str,
    /// Its text, unpacked.
    pub text: &'a str,
    /// The text of the file of labels beside it, for formats that have one ([`Format::Perseus`]).
    pub labels: Option<&'a str>,
}

impl<'a> Source<'a> {
    /// A file without labels.
    pub const fn new(name: &'a str, text: &'a str) -> Self {
        Source { name, text, labels: None }
    }
}

/// What came out of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Imported {
    /// Faults in the canonical schema.
    Trace(FaultTrace),
    /// Distributions with their parameters.
    Parameters(ParameterFile),
    /// How slow each drive was against its peers.
    Slowness(Vec<DriveSlowness>),
    /// How fast each node was against all.
    Speeds(Vec<NodeSpeed>),
    /// Requests in each second.
    Counts(CountSeries),
    /// Single requests.
    Arrivals(Arrivals),
    /// Round-trip times.
    Rtt(RttMatrix),
}

/// A format that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Node failures of Los Alamos' clusters 1996–2005.
    Lanl,
    /// Failed drives of Alibaba's data centres 2018–2019.
    AlibabaSsd,
    /// Outages of public services.
    CloudUptime,
    /// Fitted distributions of nine systems.
    Fta,
    /// Latency of drives, some of them fail-slow.
    Perseus,
    /// Throughput of virtual machines that should be equal.
    VmNoise,
    /// Requests per second.
    RequestsPerSecond,
    /// Requests to a language model.
    AzureLlm,
    /// Invocations of serverless functions.
    AzureFunctions,
    /// Round-trip times between AWS regions.
    RttAws,
    /// Round-trip times between PlanetLab hosts.
    RttPlanetlab,
    /// Round-trip times between personal devices.
    RttSeattle,
}

/// A line of the list of formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatInfo {
    /// The format.
    pub format: Format,
    /// Its name on the command line.
    pub name: &'static str,
    /// What the data are and what they become.
    pub description: &'static str,
    /// The first line of such a file, or what its lines hold if it has no header.
    pub expects: &'static str,
    /// Folder below `HMS_DATASETS` in which `datasets/README.md` suggests to keep it.
    pub folder: &'static str,
}

/// Every format, in the order of [`Format`].
pub const FORMATS: [FormatInfo; 12] = [
    FormatInfo {
        format: Format::Lanl,
        name: "lanl",
        description: "node failures of Los Alamos' clusters 1996-2005 (LA-UR-05-7318): a trace of crashes with root causes",
        expects: lanl::HEADER,
        folder: "lanl-failures",
    },
    FormatInfo {
        format: Format::AlibabaSsd,
        name: "alibaba-ssd",
        description: "failed drives of Alibaba's data centres (FAST 2021): a trace of permanent disk faults with node, rack and room",
        expects: alibaba_ssd::HEADER,
        folder: "alibaba-ssd-failures",
    },
    FormatInfo {
        format: Format::CloudUptime,
        name: "cloud-uptime",
        description: "outages of public services (Cloud Uptime Archive 2025): a trace of outages with severity",
        expects: cloud_uptime::HEADER,
        folder: "cloud-uptime-archive",
    },
    FormatInfo {
        format: Format::Fta,
        name: "fta",
        description: "fitted up and down times of nine systems (Failure Trace Archive, JPDC 2013): a file of parameters for synth",
        expects: fta::HEADER,
        folder: "fta-distribution-params",
    },
    FormatInfo {
        format: Format::Perseus,
        name: "perseus",
        description: "latency of drives every 15 s (PERSEUS, FAST 2023): how slow each drive is against its peers; labels beside it",
        expects: perseus::HEADER,
        folder: "perseus-failslow",
    },
    FormatInfo {
        format: Format::VmNoise,
        name: "vm-noise",
        description: "throughput of equal virtual machines (Azure VM Noise, EuroSys 2025): how fast each is against the median",
        expects: vm_noise::HEADER,
        folder: "azure-vm-noise",
    },
    FormatInfo {
        format: Format::RequestsPerSecond,
        name: "requests-per-second",
        description: "requests in each second, such as NASA-HTTP 1995: a count series",
        expects: "one whole number per line, no header",
        folder: "nasa-http-rps",
    },
    FormatInfo {
        format: Format::AzureLlm,
        name: "azure-llm",
        description: "requests to a language model (Splitwise, ISCA 2024): arrivals whose size is the sum of tokens",
        expects: azure_llm::HEADER,
        folder: "azure-llm-arrivals",
    },
    FormatInfo {
        format: Format::AzureFunctions,
        name: "azure-functions",
        description: "invocations of serverless functions (Azure Functions 2021): arrivals with service times",
        expects: azure_functions::HEADER,
        folder: "azure-functions-2021-sample",
    },
    FormatInfo {
        format: Format::RttAws,
        name: "rtt-aws",
        description: "round-trip times between AWS regions (fantoch 2020): a matrix with minimum, maximum and deviation",
        expects: rtt_aws::HEADER,
        folder: "rtt-aws-2020",
    },
    FormatInfo {
        format: Format::RttPlanetlab,
        name: "rtt-planetlab",
        description: "round-trip times between 490 PlanetLab hosts (ToN 2017): a matrix",
        expects: "a square of tab-separated milliseconds, no header",
        folder: "rtt-planetlab490",
    },
    FormatInfo {
        format: Format::RttSeattle,
        name: "rtt-seattle",
        description: "round-trip times between 99 personal devices (ToN 2017): a matrix, some cells missing",
        expects: "a square of tab-separated seconds, no header; 0 is missing",
        folder: "rtt-seattle99-series",
    },
];

impl Format {
    /// Its line in the list.
    pub fn info(self) -> &'static FormatInfo {
        &FORMATS[self as usize]
    }

    /// The format called `name` on the command line.
    pub fn named(name: &str) -> Option<Format> {
        FORMATS.iter().find(|info| info.name == name).map(|info| info.format)
    }

    /// The format whose header is the first line of `text`; `None` for formats without one.
    pub fn recognise(text: &str) -> Option<Format> {
        let first = text.trim_start_matches('\u{feff}').lines().next()?.trim();
        FORMATS.iter().find(|info| info.expects == first).map(|info| info.format)
    }
}

/// Reads `source`, which is of `format`.
///
/// # Errors
/// [`DatasetError`] with line and column. If the header is that of another format, the error says which.
pub fn import(format: Format, source: &Source<'_>) -> Result<Imported, DatasetError> {
    let imported = match format {
        Format::Lanl => lanl::import(source.text).map(Imported::Trace),
        Format::AlibabaSsd => alibaba_ssd::import(source.text).map(Imported::Trace),
        Format::CloudUptime => cloud_uptime::import(source.name, source.text).map(Imported::Trace),
        Format::Fta => fta::import(source.text).map(Imported::Parameters),
        Format::Perseus => perseus::import(source).map(Imported::Slowness),
        Format::VmNoise => vm_noise::import(source.text).map(Imported::Speeds),
        Format::RequestsPerSecond => CountSeries::parse(source.text).map(Imported::Counts),
        Format::AzureLlm => azure_llm::import(source.text).map(Imported::Arrivals),
        Format::AzureFunctions => azure_functions::import(source.text).map(Imported::Arrivals),
        Format::RttAws => rtt_aws::import(source.text).map(Imported::Rtt),
        Format::RttPlanetlab => rtt_square::import(source.text, &rtt_square::PLANETLAB).map(Imported::Rtt),
        Format::RttSeattle => rtt_square::import(source.text, &rtt_square::SEATTLE).map(Imported::Rtt),
    };
    imported.map_err(|error| with_hint(error, format, source.text))
}

/// Names the format that a file with a wrong header does have.
fn with_hint(error: DatasetError, format: Format, text: &str) -> DatasetError {
    match (error, Format::recognise(text)) {
        (DatasetError::Header { line, expected, found, .. }, Some(other)) if other != format => {
            let fix = format!("this is the header of `{}`", other.info().name);
            DatasetError::Header { line, expected, found, fix }
        }
        (error, _) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_name_and_by_header() {
        for (index, info) in FORMATS.iter().enumerate() {
            assert_eq!(info.format as usize, index, "the list is in the order of the enum");
            assert_eq!(Format::named(info.name), Some(info.format));
        }
        assert_eq!(Format::recognise("system,family,quantity,p1,p2\r\nG5k06,"), Some(Format::Fta));
        assert_eq!(Format::recognise("1\n0\n"), None);
    }

    #[test]
    fn a_file_of_another_format_is_told_which() {
        let error = import(Format::Lanl, &Source::new("x", "start_time,end_time,status,service\n")).unwrap_err().to_string();
        assert!(error.starts_with("line 1: expected the header `System,machine type,nodes,"), "{error}");
        assert!(error.ends_with("found `start_time,end_time,status,service`; this is the header of `cloud-uptime`"), "{error}");
    }
}
