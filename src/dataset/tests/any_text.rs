//! No text makes a reader panic.

use hms_dataset::import::{self, FORMATS, Source};
use hms_dataset::parameters::ParameterFile;
use hms_dataset::rates::{Arrivals, CountSeries};
use hms_dataset::rtt::RttMatrix;
use hms_dataset::trace::{self, FaultTrace, TraceMeta};
use proptest::prelude::*;

fn read_by_all(text: &str) {
    for info in FORMATS {
        let _ = import::import(info.format, &Source { name: "any", text, labels: Some(text) });
    }
    let _ = FaultTrace::from_csv(text, TraceMeta::default());
    let _ = TraceMeta::from_json(text);
    let _ = ParameterFile::parse(text);
    let _ = CountSeries::parse(text);
    let _ = Arrivals::from_csv(text);
    let _ = RttMatrix::from_csv(text);
}

proptest! {
    #[test]
    fn any_characters_are_read_or_refused(text in "\\PC*") {
        read_by_all(&text);
    }

    #[test]
    fn any_rows_below_a_true_header_are_read_or_refused(
        format in 0..FORMATS.len(),
        rows in prop::collection::vec("([0-9a-zA-Z.:/ -]{0,6}[,\"\t\r\n#]?){0,28}", 0..4),
    ) {
        let header = FORMATS[format].expects;
        read_by_all(&format!("{header}\n{}", rows.join("\n")));
        read_by_all(&format!("{}\n{}", trace::COLUMNS.join(","), rows.join("\n")));
        read_by_all(&rows.join("\n"));
    }
}
