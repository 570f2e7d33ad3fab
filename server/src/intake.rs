//! The intake of the demo mesh's own spans and logs: OTLP over HTTP on a loopback port, behind a bearer token that only
//! the mesh's processes know.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::post,
};
use backend::{
    Backend,
    ingest::{Accepted, Refused},
};

/// Largest batch, bytes.
const MAX_BATCH: usize = 4 << 20;

/// Serves `/v1/traces` and `/v1/logs` until the portal stops.
pub fn serve(listener: tokio::net::TcpListener, token: String, backend: Arc<Backend>) {
    let stop = backend.stopping();
    let router = Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/logs", post(logs))
        .layer(from_fn_with_state(Arc::<str>::from(token), check))
        .layer(DefaultBodyLimit::max(MAX_BATCH))
        .with_state(backend);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await {
            tracing::error!(%error, "spans and logs are no longer taken in");
        }
    });
}

async fn check(State(token): State<Arc<str>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if subtle::ConstantTimeEq::ct_eq(given.as_bytes(), token.as_bytes()).into() {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

fn kind(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn traces(State(backend): State<Arc<Backend>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(backend.ingest().traces(&body, kind(&headers)))
}

async fn logs(State(backend): State<Arc<Backend>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(backend.ingest().logs(&body, kind(&headers)))
}

fn answer(outcome: Result<Accepted, Refused>) -> Response {
    match outcome {
        Ok(_) => StatusCode::OK.into_response(),
        Err(Refused::Unsupported) => StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response(),
        Err(Refused::Garbage) => StatusCode::BAD_REQUEST.into_response(),
        Err(Refused::Full { retry_after }) => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, retry_after.to_string())]).into_response()
        }
    }
}
