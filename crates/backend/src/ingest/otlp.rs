//! OTLP requests, protobuf or JSON, to our spans and log records. Cluster, namespace, pod and service come from the
//! resource's semantic conventions; what else it says becomes attributes.

use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, KeyValue, any_value::Value as Otlp},
    logs::v1::LogRecord as OtlpRecord,
    resource::v1::Resource,
    trace::v1::Span as OtlpSpan,
};
use prost::Message;
use serde_json::{Map, Value};

use crate::{
    logs::LogRecord,
    traces::{Span, SpanEvent, SpanKind, SpanStatus},
};

/// Most attributes of one span, event or record; the others are left out.
const MAX_ATTRIBUTES: usize = 128;
/// Longest text of an attribute; what follows is cut.
const MAX_TEXT_BYTES: usize = 8 * 1024;
/// Deepest nesting of attribute values.
const MAX_DEPTH: usize = 8;
/// Most events of a span.
const MAX_EVENTS: usize = 128;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    /// By content type, whatever its parameters.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn decode<T: Message + Default + serde::de::DeserializeOwned>(self, body: &[u8]) -> Option<T> {
        match self {
            Self::Protobuf => T::decode(body).ok(),
            Self::Json => serde_json::from_slice(body).ok(),
        }
    }
}

/// The spans of a request; none when it cannot be read. Spans without valid ids are left out and counted.
pub(super) fn spans(body: &[u8], encoding: Encoding) -> Option<(Vec<Span>, usize)> {
    let request: ExportTraceServiceRequest = encoding.decode(body)?;
    let (mut spans, mut bad) = (Vec::new(), 0);
    for group in request.resource_spans {
        let origin = Origin::of(group.resource);
        for span in group.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            match read_span(span, &origin) {
                Some(span) => spans.push(span),
                None => bad += 1,
            }
        }
    }
    Some((spans, bad))
}

/// The log records of a request; none when it cannot be read.
pub(super) fn records(body: &[u8], encoding: Encoding, now_us: i64) -> Option<Vec<LogRecord>> {
    let request: ExportLogsServiceRequest = encoding.decode(body)?;
    let mut records = Vec::new();
    for group in request.resource_logs {
        let origin = Origin::of(group.resource);
        for record in group.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
            records.push(read_record(record, &origin, now_us));
        }
    }
    Some(records)
}

/// Where telemetry comes from.
struct Origin {
    cluster: String,
    namespace: String,
    pod: String,
    service: String,
    others: Map<String, Value>,
}

impl Origin {
    fn of(resource: Option<Resource>) -> Self {
        let mut all = attributes(resource.map(|resource| resource.attributes).unwrap_or_default());
        let mut take = |names: &[&str]| {
            names.iter().filter_map(|name| all.remove(*name)).find_map(|value| match value {
                Value::String(text) if !text.is_empty() => Some(text),
                _ => None,
            })
        };
        let cluster = take(&["k8s.cluster.name"]).unwrap_or_default();
        let namespace = take(&["k8s.namespace.name", "service.namespace"]).unwrap_or_default();
        let pod = take(&["k8s.pod.name"]).unwrap_or_default();
        let service = take(&["service.name"]).unwrap_or_else(|| "unknown".to_owned());
        Self { cluster, namespace, pod, service, others: all }
    }

    /// Attributes of a thing under those of its resource.
    fn with(&self, own: Vec<KeyValue>) -> Map<String, Value> {
        let mut all = self.others.clone();
        all.extend(attributes(own));
        all
    }
}

fn read_span(span: OtlpSpan, origin: &Origin) -> Option<Span> {
    let trace_id: [u8; 16] = span.trace_id.try_into().ok().filter(|id| *id != [0; 16])?;
    let span_id: [u8; 8] = span.span_id.try_into().ok().filter(|id| *id != [0; 8])?;
    let status = span.status.unwrap_or_default();
    let mut attributes = origin.with(span.attributes);
    if !origin.pod.is_empty() {
        attributes.insert("k8s.pod.name".to_owned(), origin.pod.clone().into());
    }
    let events = span.events.into_iter().take(MAX_EVENTS).map(|event| SpanEvent {
        at_us: micros(event.time_unix_nano),
        name: text(event.name),
        attributes: self::attributes(event.attributes),
    });
    Some(Span {
        trace_id,
        span_id,
        parent_id: span.parent_span_id.try_into().ok().filter(|id| *id != [0; 8]),
        cluster: origin.cluster.clone(),
        namespace: origin.namespace.clone(),
        service: origin.service.clone(),
        name: text(span.name),
        kind: SpanKind::from_number(i16::try_from(span.kind).unwrap_or(0)),
        start_us: micros(span.start_time_unix_nano),
        duration_ns: i64::try_from(span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano))
            .unwrap_or(i64::MAX),
        status: SpanStatus::from_number(i16::try_from(status.code).unwrap_or(0)),
        status_message: text(status.message),
        attributes,
        events: events.collect(),
    })
}

fn read_record(record: OtlpRecord, origin: &Origin, now_us: i64) -> LogRecord {
    // The observer's time where the source gave none, and ours where neither did.
    let at_us = [record.time_unix_nano, record.observed_time_unix_nano]
        .into_iter()
        .find(|nanos| *nanos > 0)
        .map_or(now_us, micros);
    let body = match record.body.map_or(Value::Null, whole_body) {
        Value::String(body) => body,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    LogRecord {
        at_us,
        cluster: origin.cluster.clone(),
        namespace: origin.namespace.clone(),
        app: origin.service.clone(),
        pod: origin.pod.clone(),
        severity_number: i16::try_from(record.severity_number).unwrap_or(0),
        body,
        attributes: origin.with(record.attributes),
        trace_id: record.trace_id.try_into().ok().filter(|id| *id != [0; 16]),
        span_id: record.span_id.try_into().ok().filter(|id| *id != [0; 8]),
    }
}

/// A line may be longer than an attribute; the store cuts it.
fn whole_body(body: AnyValue) -> Value {
    match body.value {
        Some(Otlp::StringValue(line)) => line.into(),
        other => value(AnyValue { value: other }, 0),
    }
}

fn micros(nanos: u64) -> i64 {
    i64::try_from(nanos / 1000).unwrap_or(i64::MAX)
}

fn attributes(pairs: Vec<KeyValue>) -> Map<String, Value> {
    let pairs = pairs.into_iter().take(MAX_ATTRIBUTES);
    pairs.map(|pair| (text(pair.key), pair.value.map_or(Value::Null, |any| value(any, 0)))).collect()
}

fn value(any: AnyValue, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    match any.value {
        Some(Otlp::StringValue(string)) => text(string).into(),
        Some(Otlp::BoolValue(bool)) => bool.into(),
        Some(Otlp::IntValue(int)) => int.into(),
        Some(Otlp::DoubleValue(double)) => double.into(),
        Some(Otlp::ArrayValue(array)) => {
            array.values.into_iter().take(MAX_ATTRIBUTES).map(|any| value(any, depth + 1)).collect()
        }
        Some(Otlp::KvlistValue(list)) => {
            let pairs = list.values.into_iter().take(MAX_ATTRIBUTES);
            pairs.map(|pair| (text(pair.key), pair.value.map_or(Value::Null, |any| value(any, depth + 1)))).collect()
        }
        Some(Otlp::BytesValue(bytes)) => {
            bytes.iter().take(MAX_TEXT_BYTES / 2).map(|byte| format!("{byte:02x}")).collect::<String>().into()
        }
        Some(Otlp::StringValueStrindex(_)) | None => Value::Null,
    }
}

/// A text that Postgres can keep, of bounded length.
fn text(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        let end = (0..=MAX_TEXT_BYTES).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
    }
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

#[cfg(test)]
mod tests;
