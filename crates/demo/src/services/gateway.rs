//! The gateways: they look at the path and send the request on.

use http::{Request, Response, header};

use super::routes::outgoing;
use crate::{
    sidecar::{Hop, Payload},
    topology,
};

/// Sends a request to the service behind its path. A path nobody serves has no route.
pub async fn answer(hop: &Hop, request: Request<Payload>) -> Response<Payload> {
    let path = request.uri().path();
    let (to, path) = topology::forward(hop.proxy.me.app, path).map_or(("unknown", path), |(f, rest)| (f.to, rest));
    let template = topology::route(to, request.method().as_str(), path).map_or("*", |(route, _)| route.path);
    let mut out = outgoing(to, request.method().as_str(), path.to_owned(), template, request.body().clone());
    if let Some(kind) = request.headers().get(header::CONTENT_TYPE) {
        out.headers.insert(header::CONTENT_TYPE, kind.clone());
    }
    // Longer than the limit between services, so that an inner time-out is told by whom it hit.
    out.limit = std::time::Duration::from_secs(10);
    let mut answer = hop.proxy.send(hop.context, out).await;
    answer.headers_mut().remove("x-envoy-peer-metadata");
    answer
}
