//! One span, from its start to the OTLP message.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1 as otlp,
};

use super::TraceContext;
use crate::clock;

/// Which side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The callee's.
    Server,
    /// The caller's.
    Client,
}

/// A span that has begun.
#[derive(Debug)]
pub struct Span {
    context: TraceContext,
    parent: Option<[u8; 8]>,
    kind: Kind,
    name: String,
    start_nanos: u64,
    attributes: Vec<KeyValue>,
}

impl Span {
    /// Begins a span under its parent, if there is one.
    pub fn begin(kind: Kind, name: String, context: TraceContext, parent: Option<[u8; 8]>) -> Self {
        Self { context, parent, kind, name, start_nanos: clock::now_nanos(), attributes: Vec::new() }
    }

    /// Its place in the trace.
    pub fn context(&self) -> TraceContext {
        self.context
    }

    /// Adds an attribute.
    pub fn set(&mut self, key: &str, value: impl Into<Attribute>) {
        self.attributes.push(attribute(key, value));
    }

    /// Ends it now; `error` is the reason of a failure.
    pub fn end(self, error: Option<&str>) -> otlp::Span {
        use otlp::status::StatusCode;
        let status = match error {
            Some(message) => otlp::Status { message: message.to_owned(), code: StatusCode::Error.into() },
            None => otlp::Status::default(),
        };
        let kind = match self.kind {
            Kind::Server => otlp::span::SpanKind::Server,
            Kind::Client => otlp::span::SpanKind::Client,
        };
        otlp::Span {
            trace_id: self.context.trace_id.to_vec(),
            span_id: self.context.span_id.to_vec(),
            parent_span_id: self.parent.map(|id| id.to_vec()).unwrap_or_default(),
            flags: u32::from(self.context.sampled),
            name: self.name,
            kind: kind.into(),
            start_time_unix_nano: self.start_nanos,
            end_time_unix_nano: clock::now_nanos().max(self.start_nanos),
            attributes: self.attributes,
            status: Some(status),
            ..otlp::Span::default()
        }
    }
}

/// The value of an attribute.
#[derive(Clone, Debug)]
pub enum Attribute {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Number(f64),
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Attribute {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Attribute {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

/// An attribute as OTLP writes it.
pub fn attribute(key: &str, value: impl Into<Attribute>) -> KeyValue {
    let value = match value.into() {
        Attribute::Text(text) => Value::StringValue(text),
        Attribute::Int(number) => Value::IntValue(number),
        Attribute::Number(number) => Value::DoubleValue(number),
    };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
