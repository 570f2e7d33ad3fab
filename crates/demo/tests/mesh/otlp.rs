//! A receiver of OTLP over HTTP that keeps what it gets.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;
use tokio::net::TcpListener;

/// What came in.
#[derive(Default)]
pub struct Received {
    /// Spans with the attributes of their resource.
    pub spans: Vec<(BTreeMap<String, String>, Span)>,
    /// Bodies of log records with the attributes of their resource.
    pub logs: Vec<(BTreeMap<String, String>, String)>,
    /// Every value of the header `authorization`.
    pub tokens: Vec<String>,
}

/// Starts a receiver. Returns its base address.
pub async fn receive() -> (String, Arc<Mutex<Received>>) {
    let received = Arc::new(Mutex::new(Received::default()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let keep = received.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let keep = keep.clone();
            let service = service_fn(move |request| take(request, keep.clone()));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (url, received)
}

async fn take(request: Request<Incoming>, keep: Arc<Mutex<Received>>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let token = request.headers().get("authorization").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut keep = keep.lock().unwrap();
    keep.tokens.push(token);
    match path.as_str() {
        "/v1/traces" => {
            for group in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
                let resource = attributes(&group.resource.unwrap().attributes);
                let spans = group.scope_spans.into_iter().flat_map(|s| s.spans);
                keep.spans.extend(spans.map(|span| (resource.clone(), span)));
            }
        }
        "/v1/logs" => {
            for group in ExportLogsServiceRequest::decode(body).unwrap().resource_logs {
                let resource = attributes(&group.resource.unwrap().attributes);
                let logs = group.scope_logs.into_iter().flat_map(|s| s.log_records);
                keep.logs.extend(logs.map(|log| (resource.clone(), text(log.body.and_then(|b| b.value)))));
            }
        }
        other => panic!("unexpected path {other}"),
    }
    Ok(Response::new(Empty::new()))
}

/// Attributes as text.
pub fn attributes(all: &[KeyValue]) -> BTreeMap<String, String> {
    all.iter().map(|kv| (kv.key.clone(), text(kv.value.clone().and_then(|v| v.value)))).collect()
}

fn text(value: Option<Value>) -> String {
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}
