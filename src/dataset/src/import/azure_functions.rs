//! Invocations of serverless functions (Azure Functions Invocation Trace 2021; Zhang et al., SOSP 2021).
//!
//! A row tells when an invocation ended and how long it ran, in seconds; it arrived at the difference. Differences below zero
//! by rounding count as zero. Times stay relative to the start of the source's trace.

use hms_machine::{Duration, Instant};

use crate::DatasetError;
use crate::decimal::Unit;
use crate::rates::{Arrival, Arrivals};
use crate::table::{self, Shape};

pub(super) const HEADER: &str = "app,func,end_timestamp,duration";

const SHAPE: Shape = Shape {
    columns: &["app", "func", "end_timestamp", "duration"],
    required: 4,
    fix: "take AzureFunctionsInvocationTraceForTwoWeeksJan2021.txt or rows of it below its header",
};

pub(super) fn import(text: &str) -> Result<Arrivals, DatasetError> {
    let mut arrivals = Vec::new();
    table::read(text, &SHAPE, |row| {
        let (end, duration) = (row.nanos(2, Unit::Seconds)?, row.nanos(3, Unit::Seconds)?);
        let time = Instant::from_nanos(end.saturating_sub(duration));
        arrivals.push(Arrival { time, service: Some(Duration::from_nanos(duration)), size: None });
        Ok(())
    })?;
    Ok(Arrivals::new(arrivals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invocation_arrives_its_duration_before_its_end() {
        let text = format!("{HEADER}\na,f,57.15786004066467,57.154\na,g,0.07949090003967285,0.078\n");
        assert_eq!(import(&text).unwrap().to_csv(), "time_s,service_s,size\n0.0014909,0.078,\n0.003860041,57.154,\n");
    }
}
