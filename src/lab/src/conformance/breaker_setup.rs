//! How a line sets its breaker up: a preset, parameters, or both.

use hms_machine::Duration;
use hms_stack::breaker::{BreakerConfiguration, PRESETS, TrialVerdict, WindowKind, preset};
use hms_stack::{Configuration, Conflict};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::LineError;
use super::read::{Millis, Ranges};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Init {
    preset: Option<String>,
    window: Option<Window>,
    #[serde(alias = "window_calls", alias = "sliding_window_size")]
    window_count: Option<u32>,
    #[serde(alias = "window_span_ms", alias = "sampling_ms")]
    window_ms: Option<Millis>,
    #[serde(alias = "failure_rate")]
    failure_ratio: Option<f64>,
    #[serde(alias = "failure_rate_threshold")]
    failure_percent: Option<f64>,
    #[serde(alias = "consecutive_failures", alias = "max_failures")]
    consecutive: Option<u32>,
    #[serde(alias = "min_calls", alias = "minimum", alias = "minimum_throughput", alias = "volume")]
    minimum_calls: Option<u32>,
    #[serde(alias = "slow_call_ratio")]
    slow_ratio: Option<f64>,
    #[serde(alias = "slow_call_rate_threshold")]
    slow_percent: Option<f64>,
    #[serde(alias = "slow_call_ms", alias = "slow_limit_ms", alias = "call_timeout_ms")]
    slow_ms: Option<Millis>,
    slow_fails: Option<bool>,
    #[serde(alias = "reset_ms", alias = "break_ms", alias = "sleep_ms", alias = "wait_ms")]
    open_ms: Option<Millis>,
    #[serde(alias = "max_open_ms")]
    open_max_ms: Option<Millis>,
    #[serde(alias = "open_factor")]
    backoff: Option<Backoff>,
    #[serde(alias = "half_open_permits", alias = "max_requests", alias = "half_open_calls")]
    permits: Option<u32>,
    #[serde(alias = "success_threshold")]
    successes: Option<u32>,
    verdict: Option<Verdict>,
    #[serde(alias = "half_open_wait_ms")]
    probe_timeout_ms: Option<Millis>,
    #[serde(alias = "open_jitter")]
    jitter: Option<f64>,
    ramp_ms: Option<Millis>,
    enabled: Option<bool>,
}

/// `20`, `{"count": 20}`, `{"ms": 10000}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    Count(u32),
    Time(Duration),
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Kind {
            #[serde(alias = "calls")]
            Count(u32),
            #[serde(alias = "time_ms", alias = "span_ms")]
            Ms(Millis),
        }
        let value = Value::deserialize(deserializer)?;
        if let Some(calls) = value.as_u64() {
            return u32::try_from(calls).map(Window::Count).map_err(D::Error::custom);
        }
        match serde_json::from_value(value) {
            Ok(Kind::Count(calls)) => Ok(Window::Count(calls)),
            Ok(Kind::Ms(span)) => Ok(Window::Time(span.0)),
            Err(error) => {
                Err(D::Error::custom(format!("expected a number of calls, {{\"count\": …}} or {{\"ms\": …}}: {error}")))
            }
        }
    }
}

/// A factor, or `{"factor", "max_ms"}`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Backoff {
    factor: f64,
    max: Option<Duration>,
}

impl<'de> Deserialize<'de> for Backoff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Object {
            factor: f64,
            max_ms: Option<Millis>,
        }
        let value = Value::deserialize(deserializer)?;
        if let Some(factor) = value.as_f64() {
            return Ok(Backoff { factor, max: None });
        }
        let object: Object = serde_json::from_value(value)
            .map_err(|error| D::Error::custom(format!("expected a factor or an object: {error}")))?;
        Ok(Backoff { factor: object.factor, max: object.max_ms.map(|span| span.0) })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    #[serde(alias = "first-failure")]
    FirstFailure,
    Ratio,
}

/// A breaker that nothing trips: no ratio, no count, no growth, no jitter, no ramp, one probe, and probes that are waited for.
fn bare() -> BreakerConfiguration {
    BreakerConfiguration {
        failure_ratio: 0.0,
        consecutive: 0,
        slow_ratio: 0.0,
        open_factor: 1.0,
        open_jitter: 0.0,
        permits: 1,
        successes: 1,
        verdict: TrialVerdict::FirstFailure,
        probe_timeout: Duration::from_secs(24 * 3_600),
        ramp: Duration::ZERO,
        ..BreakerConfiguration::default()
    }
}

impl Init {
    /// The configuration that the line asks for.
    pub(super) fn configuration(self) -> Result<BreakerConfiguration, LineError> {
        let mut made = match &self.preset {
            None => bare(),
            Some(name) => preset(name).ok_or_else(|| {
                let known = PRESETS.map(|preset| preset.name).join(", ");
                LineError::new("init.preset", format!("unknown preset `{name}`: one of {known}"))
            })?,
        };
        self.set_window(&mut made)?;
        self.set_rules(&mut made)?;
        self.set_open(&mut made);
        self.set_trial(&mut made);
        made.enabled = self.enabled.unwrap_or(made.enabled);
        let mut ranges = Ranges::default();
        made.walk(&mut ranges);
        ranges.check()?;
        conflict(made).map_or(Ok(made), |conflict| Err(LineError::new("init", conflict.message)))
    }

    fn set_window(&self, made: &mut BreakerConfiguration) -> Result<(), LineError> {
        let count = self.window_count.map(Window::Count);
        let time = self.window_ms.map(|span| Window::Time(span.0));
        let stated: Vec<Window> = [self.window, count, time].into_iter().flatten().collect();
        match stated.as_slice() {
            [] => {}
            [Window::Count(calls)] => {
                (made.window, made.window_calls) = (WindowKind::Count, *calls);
                // As resilience4j: a full window where nothing else is said.
                if self.preset.is_none() {
                    made.minimum_calls = *calls;
                }
            }
            [Window::Time(span)] => (made.window, made.window_span) = (WindowKind::Time, *span),
            _ => return Err(LineError::new("init", "state one of window, window_count and window_ms")),
        }
        made.minimum_calls = self.minimum_calls.unwrap_or(made.minimum_calls);
        Ok(())
    }

    fn set_rules(&self, made: &mut BreakerConfiguration) -> Result<(), LineError> {
        let percent = |name: &str, ratio: Option<f64>, percent: Option<f64>| match (ratio, percent) {
            (Some(_), Some(_)) => Err(LineError::new(format!("init.{name}_percent"), format!("{name}_ratio says the same"))),
            (ratio, percent) => Ok(ratio.or(percent.map(|percent| percent / 100.0))),
        };
        made.failure_ratio = percent("failure", self.failure_ratio, self.failure_percent)?.unwrap_or(made.failure_ratio);
        made.slow_ratio = percent("slow", self.slow_ratio, self.slow_percent)?.unwrap_or(made.slow_ratio);
        made.consecutive = self.consecutive.unwrap_or(made.consecutive);
        made.slow_call = self.slow_ms.map_or(made.slow_call, |span| span.0);
        made.slow_fails = self.slow_fails.unwrap_or(made.slow_fails);
        Ok(())
    }

    fn set_open(&self, made: &mut BreakerConfiguration) {
        made.open = self.open_ms.map_or(made.open, |span| span.0);
        made.open_factor = self.backoff.map_or(made.open_factor, |backoff| backoff.factor);
        let max = self.open_max_ms.map(|span| span.0).or(self.backoff.and_then(|backoff| backoff.max));
        // Without a stated limit the open time that is stated is not cut short.
        let unlimited = if self.preset.is_none() { Duration::from_secs(24 * 3_600) } else { made.open_max.max(made.open) };
        made.open_max = max.unwrap_or(unlimited);
        made.open_jitter = self.jitter.unwrap_or(made.open_jitter);
        made.ramp = self.ramp_ms.map_or(made.ramp, |span| span.0);
    }

    fn set_trial(&self, made: &mut BreakerConfiguration) {
        made.permits = self.permits.unwrap_or(made.permits);
        // As gobreaker, resilience4j and failsafe-go: all permitted probes decide where nothing else is said.
        made.successes = self.successes.or(self.permits).unwrap_or(made.successes);
        made.probe_timeout = self.probe_timeout_ms.map_or(made.probe_timeout, |span| span.0);
        match self.verdict {
            None => {}
            Some(Verdict::FirstFailure) => made.verdict = TrialVerdict::FirstFailure,
            Some(Verdict::Ratio) => made.verdict = TrialVerdict::Ratio,
        }
    }
}

/// Parameters that do not go together. A breaker that nothing opens is fine here: lines may force it.
fn conflict(breaker: BreakerConfiguration) -> Option<Conflict> {
    let all = Configuration { breaker, ..Configuration::default() };
    all.conflicts().into_iter().find(|conflict| conflict.names != ["breaker.failure_ratio", "breaker.consecutive"])
}
