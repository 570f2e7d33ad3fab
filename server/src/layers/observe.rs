//! A span, a log line and metrics per request. Paths appear as route templates, never with ids or queries.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

/// Observes the request.
pub async fn layer(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = name_of(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let id = super::request_id::current().unwrap_or_default();
    let span = tracing::info_span!("http.request", http.method = method, http.route = %route, request.id = %id, http.status = tracing::field::Empty);
    crate::telemetry::continue_trace(&span, request.headers());
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    span.record("http.status", status);
    let labels = [("method", method.to_owned()), ("route", route), ("status", status.to_string())];
    metrics::counter!("obstack_http_requests_total", &labels).increment(1);
    metrics::histogram!("obstack_http_request_duration_seconds", &labels[..2]).record(elapsed.as_secs_f64());
    let duration_ms = elapsed.as_secs_f64() * 1000.0;
    span.in_scope(|| match status {
        500.. => tracing::warn!(duration_ms, "request failed"),
        _ => tracing::debug!(duration_ms, "request answered"),
    });
    response
}

/// A name for labels. Any word can be a method, and every new label would be kept for ever.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
