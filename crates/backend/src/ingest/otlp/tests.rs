//! Requests as exporters write them.

use opentelemetry_proto::tonic::{
    common::v1::{ArrayValue, InstrumentationScope},
    logs::v1::{ResourceLogs, ScopeLogs},
    trace::v1::{ResourceSpans, ScopeSpans, Status},
};

use super::*;

fn pair(key: &str, value: Otlp) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn text_pair(key: &str, value: &str) -> KeyValue {
    pair(key, Otlp::StringValue(value.to_owned()))
}

fn resource() -> Option<Resource> {
    let attributes = vec![
        text_pair("service.name", "payments"),
        text_pair("k8s.namespace.name", "shop"),
        text_pair("k8s.cluster.name", "east"),
        text_pair("k8s.pod.name", "payments-1"),
        text_pair("telemetry.sdk.language", "rust"),
    ];
    Some(Resource { attributes, ..Resource::default() })
}

fn trace_request(span: OtlpSpan) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: resource(),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope::default()),
                spans: vec![span],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn mk_span() -> OtlpSpan {
    OtlpSpan {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        parent_span_id: vec![3; 8],
        name: "POST /pay".to_owned(),
        kind: 2,
        start_time_unix_nano: 1_700_000_000_123_456_789,
        end_time_unix_nano: 1_700_000_000_223_456_789,
        attributes: vec![pair("http.response.status_code", Otlp::IntValue(503)), text_pair("odd", "a\0b")],
        status: Some(Status { message: "upstream".to_owned(), code: 2 }),
        ..OtlpSpan::default()
    }
}

#[test]
fn a_span_is_read_alike_from_protobuf_and_json() {
    let request = trace_request(mk_span());
    let (found, bad) = spans(&request.encode_to_vec(), Encoding::Protobuf).expect("it is read");
    assert_eq!((found.len(), bad), (1, 0));
    let span = &found[0];
    assert_eq!((span.cluster.as_str(), span.namespace.as_str(), span.service.as_str()), ("east", "shop", "payments"));
    assert_eq!(
        (span.kind, span.status, span.status_message.as_str()),
        (SpanKind::Server, SpanStatus::Error, "upstream")
    );
    assert_eq!((span.start_us, span.duration_ns), (1_700_000_000_123_456, 100_000_000));
    assert_eq!(span.parent_id, Some([3; 8]));
    assert_eq!(span.attributes["http.response.status_code"], 503);
    assert_eq!(span.attributes["odd"], "a\u{fffd}b", "Postgres keeps no NUL");
    assert_eq!(span.attributes["telemetry.sdk.language"], "rust");
    assert_eq!(span.attributes["k8s.pod.name"], "payments-1");
    let json = serde_json::to_vec(&request).expect("it is printed");
    assert_eq!(spans(&json, Encoding::Json).expect("it is read").0, found);
}

#[test]
fn the_json_of_the_specification_is_read() {
    let body = br#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}]},
        "scopeSpans":[{"scope":{"name":"my.library"},"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C",
        "spanId":"EEE19B7EC3C1B174","parentSpanId":"EEE19B7EC3C1B173","name":"I'm a server span",
        "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000","kind":2,
        "attributes":[{"key":"my.span.attr","value":{"stringValue":"some value"}},{"key":"n","value":{"intValue":"7"}}]}]}]}]}"#;
    let (found, _) = spans(body, Encoding::Json).expect("it is read");
    assert_eq!((found[0].service.as_str(), found[0].duration_ns), ("my.service", 1_000_000_000));
    assert_eq!(found[0].trace_id[0], 0x5b);
    assert_eq!(found[0].attributes["n"], 7);
}

#[test]
fn spans_without_ids_are_counted_and_left_out() {
    for span in [
        OtlpSpan { trace_id: vec![], ..mk_span() },
        OtlpSpan { trace_id: vec![0; 16], ..mk_span() },
        OtlpSpan { span_id: vec![1; 7], ..mk_span() },
    ] {
        let body = trace_request(span).encode_to_vec();
        assert_eq!(spans(&body, Encoding::Protobuf).map(|(spans, bad)| (spans.len(), bad)), Some((0, 1)));
    }
}

#[test]
fn records_are_read_with_their_trace_and_a_time() {
    let record = |time, observed| OtlpRecord {
        time_unix_nano: time,
        observed_time_unix_nano: observed,
        severity_number: 17,
        body: Some(AnyValue { value: Some(Otlp::StringValue("it failed".to_owned())) }),
        attributes: vec![pair(
            "list",
            Otlp::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(Otlp::BoolValue(true)) }] }),
        )],
        trace_id: vec![1; 16],
        span_id: vec![],
        ..OtlpRecord::default()
    };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: resource(),
            scope_logs: vec![ScopeLogs {
                log_records: vec![record(5_000, 9_000), record(0, 9_000), record(0, 0)],
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    };
    let found = records(&request.encode_to_vec(), Encoding::Protobuf, 42).expect("it is read");
    assert_eq!(found.iter().map(|record| record.at_us).collect::<Vec<_>>(), [5, 9, 42]);
    let first = &found[0];
    assert_eq!((first.app.as_str(), first.pod.as_str(), first.body.as_str()), ("payments", "payments-1", "it failed"));
    assert_eq!((first.trace_id, first.span_id), (Some([1; 16]), None));
    assert_eq!(first.attributes["list"], serde_json::json!([true]));
}

#[test]
fn garbage_and_unknown_types_are_refused() {
    assert!(spans(b"\xff\xff\xff", Encoding::Protobuf).is_none());
    assert!(spans(b"{", Encoding::Json).is_none());
    assert!(records(b"7", Encoding::Json, 0).is_none());
    assert_eq!(Encoding::of("application/JSON; charset=utf-8"), Some(Encoding::Json));
    assert_eq!(Encoding::of("text/plain"), None);
}
