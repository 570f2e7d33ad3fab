//! A span, a log line and metrics per request. Paths appear as route templates, never with ids or queries.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

/// Observes the request.
pub async fn layer(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let id = super::request_id::current().unwrap_or_default();
    let span = tracing::info_span!("http.request", http.method = %method, http.route = %route, request.id = %id, http.status = tracing::field::Empty);
    crate::telemetry::continue_trace(&span, request.headers());
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    span.record("http.status", status);
    let labels = [("method", method.to_string()), ("route", route), ("status", status.to_string())];
    metrics::counter!("obstack_http_requests_total", &labels).increment(1);
    metrics::histogram!("obstack_http_request_duration_seconds", &labels[..2]).record(elapsed.as_secs_f64());
    let duration_ms = elapsed.as_secs_f64() * 1000.0;
    span.in_scope(|| match status {
        500.. => tracing::warn!(duration_ms, "request failed"),
        _ => tracing::debug!(duration_ms, "request answered"),
    });
    response
}
