//! Requests coming in: who calls, in which trace, and what is reported once the workload has answered.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{
    Payload, Peer, Proxy,
    labels::Edge,
    payload::{header_bytes, read_body},
    pending::{Pending, grpc_status, stamp},
    tcp::Counted,
};
use crate::{
    telemetry::{Kind, Severity, Span, TraceContext},
    topology::{self, Role},
};

/// The code of a workload, as its sidecar sees it.
#[async_trait]
pub trait App: Send + Sync {
    /// Answers a request.
    async fn answer(&self, hop: Hop, request: Request<Payload>) -> Response<Payload>;
    /// Serves a TCP connection until the client closes it.
    async fn serve(&self, hop: Hop, stream: Counted) -> std::io::Result<()>;
}

/// Where in the mesh and in which trace some code runs; everything it calls goes through here.
#[derive(Clone)]
pub struct Hop {
    /// Its sidecar.
    pub proxy: Arc<Proxy>,
    /// The span it runs in.
    pub context: TraceContext,
}

/// What is known of the other end of a connection.
#[derive(Debug, Default)]
pub struct Caller {
    /// SPIFFE id out of its verified certificate.
    pub principal: Option<String>,
}

/// Passes a request through the sidecar to the workload's code and back.
pub async fn pass(
    proxy: Arc<Proxy>,
    app: Arc<dyn App>,
    caller: Arc<Caller>,
    request: Request<Incoming>,
) -> Response<Payload> {
    let (head, body) = request.into_parts();
    let parent = TraceContext::from_headers(&head.headers);
    let context = parent.map_or_else(TraceContext::root, TraceContext::child);
    let Ok(body) = read_body(body).await else {
        let mut answer = Response::new(Payload::default());
        *answer.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return answer;
    };
    let grpc = head.headers.get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"application/grpc"));
    let peer = Peer::from_headers(&head.headers, caller.principal.as_deref());
    let meshed = peer != Peer::unknown();
    let mut pending = Pending {
        edge: Edge::inbound(peer, proxy.me, caller.principal.is_some()),
        grpc,
        started: Instant::now(),
        request_bytes: header_bytes(&head.headers) + head.uri.path().len() + body.len(),
        finished: !proxy.me.reports_inbound(),
        proxy: proxy.clone(),
    };
    let (method, path) = (head.method.clone(), head.uri.path().to_owned());
    let mut span =
        Span::begin(Kind::Server, span_name(&proxy, &method, &path, grpc), context, parent.map(|p| p.span_id));
    let mut answer = app.answer(Hop { proxy: proxy.clone(), context }, Request::from_parts(head, body)).await;
    if !proxy.me.sidecar {
        return answer;
    }
    let duration_ms = if proxy.me.reports_inbound() {
        pending.finish(Some(&answer), "-")
    } else {
        pending.started.elapsed().as_secs_f64() * 1000.0
    };
    stamp(&mut answer, &proxy, meshed, duration_ms);
    if proxy.me.role == Role::Gateway
        && let Ok(id) = HeaderValue::try_from(context.trace_hex())
    {
        answer.headers_mut().insert("x-request-id", id);
    }

    let status = answer.status();
    let grpc_status = if grpc { grpc_status(&answer) } else { None };
    let failed = status.is_server_error() || grpc_status.is_some_and(|s| s != 0);
    span.set("http.response.status_code", i64::from(status.as_u16()));
    if let Some(status) = grpc_status {
        span.set("rpc.grpc.status_code", i64::from(status));
        span.set("rpc.system", "grpc");
    }
    if context.sampled || failed {
        span.set("http.request.method", method.as_str());
        span.set("url.path", path.as_str());
        span.set("client.workload", pending.edge.source.workload.as_ref());
        let body = serde_json::json!({
            "direction": "inbound", "method": method.as_str(), "path": path, "protocol": if grpc { "grpc" } else { "http" },
            "response_code": status.as_u16(), "grpc_status": grpc_status, "response_flags": "-",
            "duration_ms": (duration_ms * 10.0).round() / 10.0, "bytes_received": pending.request_bytes,
            "bytes_sent": answer.body().len(), "downstream_workload": pending.edge.source.workload,
            "downstream_principal": caller.principal, "trace_id": context.trace_hex(),
        });
        let severity = match (failed, status.is_client_error()) {
            (true, _) => Severity::Error,
            (false, true) => Severity::Warn,
            (false, false) => Severity::Info,
        };
        proxy.telemetry.log(severity, "access", &body, Some(context));
    }
    let error =
        failed.then(|| grpc_status.map_or_else(|| format!("HTTP {}", status.as_u16()), |s| format!("gRPC status {s}")));
    proxy.telemetry.end(span, error.as_deref());
    answer
}

/// Method and route template: names of spans must not grow without bound.
fn span_name(proxy: &Proxy, method: &http::Method, path: &str, grpc: bool) -> String {
    if grpc {
        return path.trim_start_matches('/').to_owned();
    }
    let route = match proxy.me.role {
        Role::Gateway => {
            topology::forward(proxy.me.app, path).and_then(|(f, rest)| topology::route(f.to, method.as_str(), rest))
        }
        Role::Http | Role::Grpc | Role::Store | Role::External | Role::Load => {
            topology::route(proxy.me.app, method.as_str(), path)
        }
    };
    route.map_or_else(|| method.to_string(), |(route, _)| format!("{method} {}", route.path))
}
