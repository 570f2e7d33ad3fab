//! One request from its start to its line in the metrics, on either side; and the headers a sidecar adds to answers.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Response, header};
use tokio::time::Instant;

use super::{Flag, Payload, Proxy, flags, labels::Edge, metrics, payload::header_bytes, peer};

/// A request under way. Dropped before it is finished it counts as given up by the caller.
pub(super) struct Pending {
    pub proxy: Arc<Proxy>,
    pub edge: Edge,
    pub grpc: bool,
    pub started: Instant,
    pub request_bytes: usize,
    pub finished: bool,
}

impl Pending {
    /// Counts the request. Returns how long it took, milliseconds.
    pub fn finish(&mut self, answer: Option<&Response<Payload>>, flags: &'static str) -> f64 {
        self.finished = true;
        let duration_ms = self.started.elapsed().as_secs_f64() * 1000.0;
        let grpc_status = answer.filter(|_| self.grpc).and_then(grpc_status);
        self.proxy.metrics.record(metrics::Request {
            edge: &self.edge,
            grpc: self.grpc,
            code: answer.map_or(0, |a| a.status().as_u16()),
            grpc_status,
            flags,
            duration_ms,
            request_bytes: self.request_bytes,
            response_bytes: answer.map_or(0, |a| header_bytes(a.headers()) + a.body().len()),
            response_messages: u64::from(answer.is_some_and(|a| a.body().len() > 0)),
        });
        duration_ms
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.finished {
            self.finish(None, flags::label(Some(Flag::Dc), false));
        }
    }
}

/// The status a gRPC answer ends with: in its trailers, or in its headers when it has no message.
pub fn grpc_status(answer: &Response<Payload>) -> Option<u8> {
    let from = |headers: &HeaderMap| headers.get("grpc-status")?.to_str().ok()?.parse().ok();
    answer.body().trailers().and_then(from).or_else(|| from(answer.headers()))
}

/// Headers every answer of a sidecar carries.
pub(super) fn stamp(answer: &mut Response<Payload>, proxy: &Proxy, meshed: bool, duration_ms: f64) {
    let headers = answer.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("istio-envoy"));
    headers.insert("x-envoy-upstream-service-time", HeaderValue::from(duration_ms.round() as u64));
    if meshed {
        headers.insert(peer::HEADER, proxy.peer_header.clone());
    }
}
