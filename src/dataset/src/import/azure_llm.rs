//! Requests to a language model at Azure (Patel et al., "Splitwise", ISCA 2024; Azure Public Dataset).
//!
//! Time since the first request; the size of a request is its context tokens plus its generated tokens.

use hms_machine::Instant;

use crate::DatasetError;
use crate::civil::CivilTime;
use crate::rates::{Arrival, Arrivals};
use crate::table::{self, Shape};

pub(super) const HEADER: &str = "TIMESTAMP,ContextTokens,GeneratedTokens";

const SHAPE: Shape = Shape {
    columns: &["TIMESTAMP", "ContextTokens", "GeneratedTokens"],
    required: 3,
    fix: "take the file AzureLLMInferenceTrace_conv.csv or AzureLLMInferenceTrace_code.csv",
};

pub(super) fn import(text: &str) -> Result<Arrivals, DatasetError> {
    let mut requests = Vec::new();
    table::read(text, &SHAPE, |row| {
        let time = CivilTime::parse_year_first(row.text(0))
            .ok_or_else(|| row.error(0, "a time YYYY-MM-DD HH:MM:SS.fffffff", "write it as 2023-11-16 18:15:46.6805900"))?;
        requests.push((time, u64::from(row.whole::<u32>(1)?) + u64::from(row.whole::<u32>(2)?)));
        Ok(())
    })?;
    let Some(start) = requests.iter().map(|(time, _)| *time).min() else {
        return Err(DatasetError::Empty { expected: "requests".to_owned() });
    };
    let arrivals = requests.into_iter().map(|(time, tokens)| {
        let nanos = time.nanos_since(start).expect("no request is earlier than the first");
        Arrival { time: Instant::from_nanos(nanos), service: None, size: Some(tokens) }
    });
    Ok(Arrivals::new(arrivals.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_first_request_to_the_last_digit() {
        let text = format!("{HEADER}\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951690,396,109\r\n");
        assert_eq!(import(&text).unwrap().to_csv(), "time_s,service_s,size\n0.000,,418\n4.314579,,505\n");
    }
}
