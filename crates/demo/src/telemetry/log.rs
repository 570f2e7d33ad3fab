//! Log records: access logs of the sidecars and lines of the services, as JSON text.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, any_value::Value},
    logs::v1::LogRecord,
};

use super::{TraceContext, span::attribute};
use crate::clock;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing.
    Info,
    /// Degraded.
    Warn,
    /// Failed.
    Error,
}

/// A record of a JSON object. `stream` says what kind of log it is: `access` or `app`.
pub fn record(severity: Severity, stream: &str, body: &serde_json::Value, context: Option<TraceContext>) -> LogRecord {
    let (number, text) = match severity {
        Severity::Info => (9, "INFO"),
        Severity::Warn => (13, "WARN"),
        Severity::Error => (17, "ERROR"),
    };
    let now = clock::now_nanos();
    LogRecord {
        time_unix_nano: now,
        observed_time_unix_nano: now,
        severity_number: number,
        severity_text: text.to_owned(),
        body: Some(AnyValue { value: Some(Value::StringValue(body.to_string())) }),
        attributes: vec![attribute("log.stream", stream)],
        flags: context.map_or(0, |c| u32::from(c.sampled)),
        trace_id: context.map(|c| c.trace_id.to_vec()).unwrap_or_default(),
        span_id: context.map(|c| c.span_id.to_vec()).unwrap_or_default(),
        ..LogRecord::default()
    }
}
