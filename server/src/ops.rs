//! For operators: health on the main port, metrics on a port of their own.

use std::net::SocketAddr;

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// `/healthz` (the process answers) and `/readyz` (the database answers and its schema is current).
pub fn public_routes(state: AppState) -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready)).with_state(state)
}

async fn ready(State(state): State<AppState>) -> impl IntoResponse {
    match state.backend.ready().await {
        Ok(()) => (StatusCode::OK, Json(serde_json::json!({"status": "ready"}))),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, Json(serde_json::json!({"status": "database does not answer"})))
        }
    }
}

/// Starts recording our own metrics. Must run once, before anything counts.
pub fn recorder() -> Result<PrometheusHandle, String> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("_seconds".into()),
            &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0],
        )
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| format!("metrics cannot be recorded: {error}"))
}

/// Serves `/metrics` until told to stop.
pub async fn serve_metrics(
    listen: SocketAddr,
    handle: PrometheusHandle,
    stop: CancellationToken,
) -> Result<(), String> {
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(|error| {
        format!("ops_listen: {listen} cannot be used: {error}. Choose another address or stop what uses it.")
    })?;
    let upkeep = handle.clone();
    let router = Router::new().route("/metrics", get(move || async move { handle.render() }));
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(std::time::Duration::from_secs(5));
        loop {
            tick.tick().await;
            upkeep.run_upkeep();
        }
    });
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await {
            tracing::error!(%error, "metrics are no longer served");
        }
    });
    Ok(())
}
