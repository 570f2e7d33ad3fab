//! The ordinary service: works a while, calls others, answers. What exactly stands in the catalogue of routes.

use std::time::Duration;

use contract::demo::Fault;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::json;
use tokio::time::sleep;

use super::{grpc, reply, stores};
use crate::{
    sidecar::{Hop, Outgoing, Payload, Protocol},
    telemetry::Severity,
    topology::{self, Call, Latency, Route},
};

/// Time limit of a call between services.
const LIMIT: Duration = Duration::from_secs(3);
/// Tries after the first one, as Istio's default policy.
const RETRIES: u32 = 2;

/// A request that cannot be fulfilled: the status to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed(pub StatusCode);

/// Answers by the catalogue.
pub async fn answer(hop: &Hop, request: &Request<Payload>) -> Response<Payload> {
    let me = hop.proxy.me;
    let Some((route, id)) = topology::route(me.app, request.method().as_str(), request.uri().path()) else {
        return reply::error(StatusCode::NOT_FOUND, "no such page");
    };
    if route.missing > 0.0 && id.is_some_and(|id| !topology::known_id(id)) {
        sleep(work_time(route.work)).await;
        return reply::error(StatusCode::NOT_FOUND, "no such product");
    }
    match run(hop, route, id).await {
        Ok(()) => {
            let head = json!({ "app": me.app, "version": me.version, "id": id, "trace": hop.context.trace_hex() });
            let filler = (route.reply_bytes as usize).saturating_sub(head.to_string().len() + 10);
            reply::json(StatusCode::OK, &json!({ "about": head, "text": reply::words(filler) }))
        }
        Err(Failed(status)) => reply::error(status, "a service this one needs did not answer"),
    }
}

/// Does the work of a route and makes its calls.
pub async fn run(hop: &Hop, route: &Route, id: Option<u32>) -> Result<(), Failed> {
    let me = hop.proxy.me;
    let slow = me.name == "payments-v2" && hop.proxy.fault(Fault::PaymentsSlow);
    let work = if slow { Latency { median_ms: 800.0, ..route.work } } else { route.work };
    sleep(work_time(work)).await;
    if me.app == "payments" && payments_fail(hop) {
        let body = json!({ "message": "charge declined by ledger: write conflict", "order": id });
        hop.proxy.telemetry.log(Severity::Error, "app", &body, Some(hop.context));
        return Err(Failed(StatusCode::INTERNAL_SERVER_ERROR));
    }
    for call in route.calls {
        let meant = call.only.is_none_or(|version| version == me.version);
        if !meant || rand::random::<f64>() >= call.share {
            continue;
        }
        if let Err(failed) = make(hop, call, id.unwrap_or_default()).await
            && call.must
        {
            return Err(failed);
        }
    }
    if hop.context.sampled && route.method == "POST" {
        let body = json!({ "message": format!("{} {} done", me.app, route.path), "id": id });
        hop.proxy.telemetry.log(Severity::Info, "app", &body, Some(hop.context));
    }
    Ok(())
}

fn payments_fail(hop: &Hop) -> bool {
    let share = match (hop.proxy.fault(Fault::Errors50), hop.proxy.fault(Fault::Errors10)) {
        (true, _) => 0.5,
        (false, true) => 0.1,
        (false, false) => return false,
    };
    rand::random::<f64>() < share
}

async fn make(hop: &Hop, call: &Call, id: u32) -> Result<(), Failed> {
    let path = call.path.replace("{id}", &id.to_string());
    match call.method {
        "RPC" => grpc::call(hop, call, id).await,
        "QUERY" => stores::query(hop, call.to, &path).await.map_err(|_| Failed(StatusCode::BAD_GATEWAY)),
        method => {
            let size = topology::route(call.to, method, call.path).map_or(0, |(route, _)| route.request_bytes);
            let body = if size == 0 { Payload::default() } else { request_body(id, size as usize) };
            let answer = hop.proxy.send(hop.context, outgoing(call.to, method, path, call.path, body)).await;
            match answer.status() {
                status if status.is_success() => Ok(()),
                StatusCode::NOT_FOUND => Err(Failed(StatusCode::NOT_FOUND)),
                _ => Err(Failed(StatusCode::INTERNAL_SERVER_ERROR)),
            }
        }
    }
}

/// An HTTP call to a service, with the usual limits.
pub fn outgoing(to: &str, method: &str, path: String, template: &str, body: Payload) -> Outgoing {
    let mut headers = HeaderMap::new();
    if body.len() > 0 {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Outgoing {
        to: to.to_owned(),
        protocol: Protocol::Http,
        method: Method::from_bytes(method.as_bytes()).unwrap_or_default(),
        path,
        template: template.to_owned(),
        headers,
        body,
        retries: RETRIES,
        limit: LIMIT,
    }
}

fn request_body(id: u32, size_bytes: usize) -> Payload {
    let head = json!({ "id": id, "note": "" }).to_string().len();
    Payload::new(json!({ "id": id, "note": reply::words(size_bytes.saturating_sub(head)) }).to_string())
}

/// Draws from the log-normal distribution (Box and Muller).
pub fn work_time(latency: Latency) -> Duration {
    let (u, v) = (1.0 - rand::random::<f64>(), rand::random::<f64>());
    let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
    Duration::from_secs_f64(latency.median_ms * (latency.sigma * normal.clamp(-3.0, 3.5)).exp() / 1000.0)
}
