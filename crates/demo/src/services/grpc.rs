//! The gRPC services, payments and ratings: messages by hand, transport by tonic on top of the sidecar.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response, StatusCode, uri::PathAndQuery};
use tonic::codegen::{BoxFuture, Service};
use tonic_prost::ProstCodec;

use super::routes::{self, Failed};
use crate::{
    sidecar::{Hop, Outgoing, Payload, Protocol, read_body},
    topology::{self, Call},
};

/// Asks for money or stars.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Ask {
    /// Order or product.
    #[prost(uint32, tag = "1")]
    pub id: u32,
    /// Amount, cents; 0 where it does not apply.
    #[prost(uint32, tag = "2")]
    pub cents: u32,
    /// ISO 4217; empty where it does not apply.
    #[prost(string, tag = "3")]
    pub currency: String,
    /// Makes a repeated charge harmless.
    #[prost(string, tag = "4")]
    pub idempotency_key: String,
}

/// What came of it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Told {
    /// Authorisation of a charge.
    #[prost(string, tag = "1")]
    pub authorization: String,
    /// Stars times ten.
    #[prost(uint32, tag = "2")]
    pub stars_times_ten: u32,
    /// Number of votes.
    #[prost(uint32, tag = "3")]
    pub votes: u32,
}

/// Calls a gRPC service.
pub async fn call(hop: &Hop, call: &Call, id: u32) -> Result<(), Failed> {
    let charge = call.to == "payments";
    let ask = Ask {
        id,
        cents: if charge { 1500 + (id * 37) % 9000 } else { 0 },
        currency: if charge { "EUR".to_owned() } else { String::new() },
        idempotency_key: if charge { hop.context.trace_hex().split_off(8) } else { String::new() },
    };
    let mut client = tonic::client::Grpc::new(Transport { hop: hop.clone(), to: call.to });
    // The transport is always ready: the sidecar opens connections as they are needed.
    client.ready().await.map_err(|never| match never {})?;
    let told: Result<tonic::Response<Told>, _> =
        client.unary(tonic::Request::new(ask), PathAndQuery::from_static(call.path), ProstCodec::default()).await;
    told.map(drop).map_err(|_| Failed(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Answers a gRPC request by the catalogue.
pub async fn answer(hop: &Hop, request: Request<Payload>) -> Response<Payload> {
    let me = hop.proxy.me;
    let Some((route, _)) = topology::route(me.app, "RPC", request.uri().path()) else {
        return collect(tonic::Status::unimplemented("no such method").into_http()).await;
    };
    // The answer is known only after the message is decoded, so the work hangs on tonic's unary service.
    let unary = Unary(Arc::new((hop.clone(), route)));
    collect(tonic::server::Grpc::new(ProstCodec::<Told, Ask>::default()).unary(unary, request).await).await
}

struct Unary(Arc<(Hop, &'static topology::Route)>);

impl Service<tonic::Request<Ask>> for Unary {
    type Response = tonic::Response<Told>;
    type Error = tonic::Status;
    type Future = BoxFuture<Self::Response, tonic::Status>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), tonic::Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<Ask>) -> Self::Future {
        let shared = self.0.clone();
        Box::pin(async move {
            let (hop, route) = &*shared;
            let ask = request.into_inner();
            routes::run(hop, route, Some(ask.id)).await.map_err(|Failed(status)| match status {
                StatusCode::NOT_FOUND => tonic::Status::not_found("no such order"),
                StatusCode::BAD_GATEWAY => tonic::Status::unavailable("a store did not answer"),
                _ => tonic::Status::internal("not done"),
            })?;
            Ok(tonic::Response::new(if route.app == "payments" {
                Told { authorization: hop.context.trace_hex(), ..Told::default() }
            } else {
                Told { stars_times_ten: 30 + ask.id % 20, votes: 3 + ask.id % 211, ..Told::default() }
            }))
        })
    }
}

async fn collect(answer: Response<tonic::body::Body>) -> Response<Payload> {
    let (head, body) = answer.into_parts();
    Response::from_parts(head, read_body(body).await.unwrap_or_default())
}

/// tonic's way into the sidecar.
struct Transport {
    hop: Hop,
    to: &'static str,
}

impl Service<Request<tonic::body::Body>> for Transport {
    type Response = Response<Payload>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let (hop, to) = (self.hop.clone(), self.to);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let path = head.uri.path().to_owned();
            let out = Outgoing {
                to: to.to_owned(),
                protocol: Protocol::Grpc,
                method: head.method,
                template: path.clone(),
                path,
                headers: head.headers,
                body: read_body(body).await.unwrap_or_default(),
                // A charge is not sent twice, and stars are not worth it.
                retries: 0,
                limit: Duration::from_secs(3),
            };
            Ok(hop.proxy.send(hop.context, out).await)
        })
    }
}
