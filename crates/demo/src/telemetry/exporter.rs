//! Sends spans and logs in batches as OTLP over HTTP. When the receiver is away, a bounded amount waits and the rest
//! is dropped: telemetry never holds up a service.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::InstrumentationScope,
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span as OtlpSpan},
};
use prost::Message;
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{Severity, Span, TraceContext, log::record, span::attribute};
use crate::topology::Workload;

const FLUSH_EVERY: Duration = Duration::from_secs(2);
const POST_TIMEOUT: Duration = Duration::from_secs(3);
const QUEUE: usize = 512;
const KEEP: usize = 512;

enum Item {
    Span(OtlpSpan),
    Log(LogRecord),
}

/// Where spans and logs are handed in. Clones go to the same place.
#[derive(Clone)]
pub struct Telemetry {
    queue: Option<mpsc::Sender<Item>>,
}

impl Telemetry {
    /// Takes nothing.
    pub fn off() -> Self {
        Self { queue: None }
    }

    /// Ends a span and keeps it when its trace is recorded or it failed.
    pub fn end(&self, span: Span, error: Option<&str>) {
        if span.context().sampled || error.is_some() {
            self.put(Item::Span(span.end(error)));
        }
    }

    /// Writes a log record.
    pub fn log(&self, severity: Severity, stream: &str, body: &serde_json::Value, context: Option<TraceContext>) {
        if self.queue.is_some() {
            self.put(Item::Log(record(severity, stream, body, context)));
        }
    }

    fn put(&self, item: Item) {
        if let Some(queue) = &self.queue {
            // Full means the receiver is slow or away: drop.
            drop(queue.try_send(item));
        }
    }
}

/// Whether the exporter can send to this address: plain HTTP with a host and a port.
pub fn is_usable(otlp_url: &str) -> bool {
    otlp_url.parse::<Uri>().is_ok_and(|u| u.scheme_str() == Some("http") && u.port_u16().is_some())
}

/// Starts the exporter of a workload. Must run inside a tokio runtime.
pub fn start(me: &'static Workload, otlp_url: Option<&str>, token: Option<&str>) -> Telemetry {
    let Some(base) = otlp_url.and_then(|url| url.trim_end_matches('/').parse::<Uri>().ok()) else {
        return Telemetry::off();
    };
    let (queue, items) = mpsc::channel(QUEUE);
    let exporter = Exporter {
        authority: base.authority().map(ToString::to_string).unwrap_or_default(),
        prefix: base.path().trim_end_matches('/').to_owned(),
        token: token.map(|t| format!("Bearer {t}")),
        resource: resource(me),
        connection: None,
    };
    tokio::spawn(exporter.run(items));
    Telemetry { queue: Some(queue) }
}

fn resource(me: &Workload) -> Resource {
    Resource {
        attributes: vec![
            attribute("service.name", me.app),
            attribute("service.version", me.version),
            attribute("service.instance.id", me.pod()),
            attribute("k8s.namespace.name", me.namespace),
            attribute("k8s.cluster.name", me.cluster),
            attribute("k8s.deployment.name", me.name),
            attribute("k8s.pod.name", me.pod()),
        ],
        ..Resource::default()
    }
}

struct Exporter {
    authority: String,
    prefix: String,
    token: Option<String>,
    resource: Resource,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Exporter {
    async fn run(mut self, mut items: mpsc::Receiver<Item>) {
        let (mut spans, mut logs) = (Vec::new(), Vec::new());
        let mut tick = interval(FLUSH_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                item = items.recv() => match item {
                    Some(Item::Span(span)) if spans.len() < KEEP => spans.push(span),
                    Some(Item::Log(log)) if logs.len() < KEEP => logs.push(log),
                    Some(Item::Span(_) | Item::Log(_)) => {}
                    None => return,
                },
                _ = tick.tick() => {
                    if !spans.is_empty() && self.post("/v1/traces", self.traces(&spans)).await {
                        spans.clear();
                    }
                    if !logs.is_empty() && self.post("/v1/logs", self.logs(&logs)).await {
                        logs.clear();
                    }
                }
            }
        }
    }

    fn traces(&self, spans: &[OtlpSpan]) -> Vec<u8> {
        let scope_spans = vec![ScopeSpans { scope: Some(scope()), spans: spans.to_vec(), ..ScopeSpans::default() }];
        let resource_spans =
            vec![ResourceSpans { resource: Some(self.resource.clone()), scope_spans, ..ResourceSpans::default() }];
        ExportTraceServiceRequest { resource_spans }.encode_to_vec()
    }

    fn logs(&self, logs: &[LogRecord]) -> Vec<u8> {
        let scope_logs = vec![ScopeLogs { scope: Some(scope()), log_records: logs.to_vec(), ..ScopeLogs::default() }];
        let resource_logs =
            vec![ResourceLogs { resource: Some(self.resource.clone()), scope_logs, ..ResourceLogs::default() }];
        ExportLogsServiceRequest { resource_logs }.encode_to_vec()
    }

    /// True when the batch is done with: taken, or refused for good.
    async fn post(&mut self, path: &str, body: Vec<u8>) -> bool {
        let Ok(answer) = timeout(POST_TIMEOUT, self.try_post(path, body)).await else {
            self.connection = None;
            return false;
        };
        match answer {
            Ok(status) => !(status.is_server_error() || status.as_u16() == 429),
            Err(_) => {
                self.connection = None;
                false
            }
        }
    }

    async fn try_post(
        &mut self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<http::StatusCode, Box<dyn std::error::Error + Send + Sync>> {
        let mut request = Request::post(format!("{}{path}", self.prefix))
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/x-protobuf");
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, token);
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        let sender = match self.connection.take().filter(|c| !c.is_closed()) {
            Some(sender) => sender,
            None => {
                let stream = TcpStream::connect(&self.authority).await?;
                let (sender, connection) =
                    http1::Builder::new().max_buf_size(16 * 1024).handshake(TokioIo::new(stream)).await?;
                tokio::spawn(async { drop(connection.await) });
                sender
            }
        };
        let sender = self.connection.insert(sender);
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        Ok(status)
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "obstack-demo".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
