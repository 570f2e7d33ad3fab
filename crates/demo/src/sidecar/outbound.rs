//! Requests going out: picking an endpoint, time limit, retries, local answers, and what is reported about it all.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use tokio::time::{Instant, sleep, timeout};

use super::{
    Flag, Payload, Proxy, flags,
    labels::Edge,
    payload::{header_bytes, read_body},
    peer,
    pending::{Pending, grpc_status},
    pool::{Http1, connect, open_http2},
};
use crate::{
    telemetry::{Kind, Severity, Span, TraceContext},
    topology::Workload,
};

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// gRPC over HTTP/2.
    Grpc,
}

/// A request to send.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Service called.
    pub to: String,
    /// How.
    pub protocol: Protocol,
    /// Method.
    pub method: Method,
    /// Path with query.
    pub path: String,
    /// Path with variable parts replaced, for the span's name.
    pub template: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Payload,
    /// Further tries when nobody answers or the answer is 502, 503, 504 or UNAVAILABLE.
    pub retries: u32,
    /// Time limit of one try.
    pub limit: Duration,
}

impl Proxy {
    /// Sends a request and returns what came of it; where nobody answered, the proxy does, as Envoy would.
    pub async fn send(self: &Arc<Self>, parent: TraceContext, out: Outgoing) -> Response<Payload> {
        let mut span = self.client_span(parent, &out);
        let mut pending = Pending {
            proxy: self.clone(),
            edge: Edge::nowhere(self.me, &out.to),
            grpc: out.protocol == Protocol::Grpc,
            started: Instant::now(),
            request_bytes: header_bytes(&out.headers) + out.path.len() + out.body.len(),
            // Without a sidecar nobody counts.
            finished: !self.me.sidecar,
        };
        let mut tries = 0;
        let (result, exhausted) = loop {
            let Some((to, address)) = self.registry().pick(&out.to) else {
                break (Err(Flag::Nr), false);
            };
            pending.edge = Edge::outbound(self.me, to);
            let attempt = self.attempt(to, address, &out, span.context(), tries);
            let result = timeout(out.limit, attempt).await.unwrap_or(Err(Flag::Ut));
            let retriable = is_retriable(&result, &out);
            if !retriable || tries >= out.retries {
                break (result, retriable && tries > 0);
            }
            tries += 1;
            sleep(Duration::from_millis(rand::random_range(10..40) * u64::from(tries))).await;
        };
        let flags = flags::label(result.as_ref().err().copied(), exhausted);
        let answer = result.unwrap_or_else(|flag| local_reply(flag, out.protocol));
        if self.me.sidecar {
            let duration_ms = pending.finish(Some(&answer), flags);
            span.set("http.response.status_code", i64::from(answer.status().as_u16()));
            self.report_client(span, &out, &pending, &answer, flags, duration_ms);
        }
        answer
    }

    fn client_span(&self, parent: TraceContext, out: &Outgoing) -> Span {
        let name = match out.protocol {
            Protocol::Http => format!("{} {}", out.method, out.template),
            Protocol::Grpc => out.path.trim_start_matches('/').to_owned(),
        };
        let mut span = Span::begin(Kind::Client, name, parent.child(), Some(parent.span_id));
        if parent.sampled {
            span.set("server.address", out.to.as_str());
            match out.protocol {
                Protocol::Http => {
                    span.set("http.request.method", out.method.as_str());
                    span.set("url.path", out.path.as_str());
                }
                Protocol::Grpc => span.set("rpc.system", "grpc"),
            }
        }
        span
    }

    fn report_client(
        &self,
        mut span: Span,
        out: &Outgoing,
        pending: &Pending,
        answer: &Response<Payload>,
        flags: &'static str,
        duration_ms: f64,
    ) {
        let status = answer.status();
        let grpc_status = if pending.grpc { grpc_status(answer) } else { None };
        if let Some(status) = grpc_status {
            span.set("rpc.grpc.status_code", i64::from(status));
        }
        if flags != "-" {
            span.set("envoy.response_flags", flags);
            let body = serde_json::json!({
                "direction": "outbound", "method": out.method.as_str(), "path": out.path, "upstream_service": out.to,
                "upstream_workload": pending.edge.destination.workload, "response_code": status.as_u16(),
                "response_flags": flags, "duration_ms": duration_ms.round(), "trace_id": span.context().trace_hex(),
            });
            self.telemetry.log(Severity::Error, "access", &body, Some(span.context()));
        }
        let error = match grpc_status {
            Some(0) => None,
            Some(code) => Some(format!("gRPC status {code}")),
            None => status.is_server_error().then(|| format!("HTTP {}", status.as_u16())),
        };
        self.telemetry.end(span, error.as_deref());
    }

    async fn attempt(
        &self,
        to: &'static Workload,
        address: std::net::SocketAddr,
        out: &Outgoing,
        context: TraceContext,
        tries: u32,
    ) -> Result<Response<Payload>, Flag> {
        let request = || self.request(to, out, context, tries);
        let answer = match out.protocol {
            Protocol::Http => {
                if let Some(mut kept) = self.pool.take_http1(address) {
                    match exchange(&mut kept, request()).await {
                        Ok(answer) => {
                            self.pool.give_http1(address, kept);
                            return Ok(answer);
                        }
                        // The peer closed it in the meantime: as good as never sent.
                        Err(Broken { unsent, .. }) if unsent || out.method.is_safe() => {}
                        Err(Broken { .. }) => return Err(Flag::Uc),
                    }
                }
                let wire = connect(self, to, address).await.map_err(|_| Flag::Uf)?;
                let mut fresh = Http1::open(wire).await.map_err(|_| Flag::Uf)?;
                let answer = exchange(&mut fresh, request()).await.map_err(|_| Flag::Uc)?;
                self.pool.give_http1(address, fresh);
                answer
            }
            Protocol::Grpc => {
                let mut sender = match self.pool.http2(address) {
                    Some(sender) => sender,
                    None => {
                        let wire = connect(self, to, address).await.map_err(|_| Flag::Uf)?;
                        let sender = open_http2(wire).await.map_err(|_| Flag::Uf)?;
                        self.pool.set_http2(address, sender.clone());
                        sender
                    }
                };
                sender.ready().await.map_err(|_| Flag::Uf)?;
                let (head, body) = sender.send_request(request()).await.map_err(|_| Flag::Uc)?.into_parts();
                Response::from_parts(head, read_body(body).await.map_err(|_| Flag::Uc)?)
            }
        };
        Ok(answer)
    }

    fn request(&self, to: &'static Workload, out: &Outgoing, context: TraceContext, tries: u32) -> Request<Payload> {
        let host = to.host();
        let uri = match out.protocol {
            Protocol::Http => out.path.clone(),
            Protocol::Grpc => format!("http://{host}{}", out.path),
        };
        let mut request = Request::new(out.body.clone());
        *request.method_mut() = out.method.clone();
        *request.uri_mut() = uri.parse().unwrap_or_default();
        *request.headers_mut() = out.headers.clone();
        let headers = request.headers_mut();
        if out.protocol == Protocol::Http
            && let Ok(host) = HeaderValue::try_from(host)
        {
            headers.insert(header::HOST, host);
        }
        headers.insert(crate::telemetry::TRACEPARENT, context.to_header());
        if self.me.sidecar && to.sidecar {
            headers.insert(peer::HEADER, self.peer_header.clone());
            headers.insert("x-envoy-attempt-count", HeaderValue::from(tries + 1));
        }
        request
    }
}

struct Broken {
    unsent: bool,
}

async fn exchange(connection: &mut Http1, request: Request<Payload>) -> Result<Response<Payload>, Broken> {
    connection.sender.ready().await.map_err(|_| Broken { unsent: true })?;
    let answer = connection.sender.send_request(request).await.map_err(|e| Broken { unsent: e.is_canceled() })?;
    let (head, body) = answer.into_parts();
    let body = read_body(body).await.map_err(|_| Broken { unsent: false })?;
    Ok(Response::from_parts(head, body))
}

fn is_retriable(result: &Result<Response<Payload>, Flag>, out: &Outgoing) -> bool {
    match result {
        Err(Flag::Uf) => true,
        Err(Flag::Uc | Flag::Ut) => out.method.is_safe(),
        Err(Flag::Nr | Flag::Dc) => false,
        Ok(answer) => match out.protocol {
            Protocol::Http => matches!(answer.status().as_u16(), 502..=504),
            Protocol::Grpc => grpc_status(answer) == Some(14),
        },
    }
}

/// What the proxy says in the upstream's place. gRPC callers get a gRPC status over HTTP 200.
fn local_reply(flag: Flag, protocol: Protocol) -> Response<Payload> {
    let status = flag.local_reply().unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut answer = Response::new(Payload::default());
    match protocol {
        Protocol::Http => {
            *answer.status_mut() = status;
            *answer.body_mut() = Payload::new(flag.detail());
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        }
        Protocol::Grpc => {
            let headers = answer.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
            headers.insert("grpc-status", HeaderValue::from(u16::from(flags::grpc_status(status))));
            headers.insert("grpc-message", HeaderValue::from_static(flag.detail()));
        }
    }
    answer
}
