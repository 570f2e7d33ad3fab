//! sample-app: the smallest useful service, with the pages an operator expects.

use http::{Request, Response, StatusCode};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{reply, routes::work_time};
use crate::{
    sidecar::{Hop, Payload},
    topology,
};

/// Answers `/`, `/health`, `/ready` and `/info`.
pub async fn answer(hop: &Hop, started: Instant, request: &Request<Payload>) -> Response<Payload> {
    let me = hop.proxy.me;
    let Some((route, _)) = topology::route(me.app, request.method().as_str(), request.uri().path()) else {
        return reply::error(StatusCode::NOT_FOUND, "no such page");
    };
    sleep(work_time(route.work)).await;
    let uptime_secs = started.elapsed().as_secs();
    match route.path {
        "/health" => reply::json(StatusCode::OK, &json!({ "status": "ok" })),
        // Ready once it holds a certificate, because without one no sidecar of the mesh would talk to it.
        "/ready" if hop.proxy.identity.workload().is_some() => {
            reply::json(StatusCode::OK, &json!({ "status": "ready" }))
        }
        "/ready" => reply::error(StatusCode::SERVICE_UNAVAILABLE, "waiting for a certificate"),
        "/info" => reply::json(
            StatusCode::OK,
            &json!({
                "name": me.app, "version": me.version, "namespace": me.namespace, "cluster": me.cluster,
                "pod": me.pod(), "identity": me.spiffe_id(), "uptime_secs": uptime_secs, "pid": std::process::id(),
            }),
        ),
        _ => reply::json(
            StatusCode::OK,
            &json!({ "message": "Hello from sample-app in the demo mesh", "trace": hop.context.trace_hex() }),
        ),
    }
}
