//! Traces and logs of a workload: W3C context, spans, access logs, and their way out as OTLP. Metrics are not here.

mod context;
mod exporter;
mod log;
mod span;

pub use context::{TRACEPARENT, TraceContext};
pub use exporter::{Telemetry, is_usable, start};
pub use log::Severity;
pub use span::{Kind, Span};
