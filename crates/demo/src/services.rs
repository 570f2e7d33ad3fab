//! What the workloads of the demo do. Each file is one kind of service; the wire and the telemetry are the sidecar's.

mod gateway;
mod grpc;
mod legacy;
mod llm;
mod load;
mod model;
mod reply;
mod routes;
mod sample;
mod stores;

use std::sync::Arc;

use async_trait::async_trait;
use http::{Request, Response};
use tokio::time::Instant;

pub(crate) use legacy::call_in_plaintext;
pub use load::visit;

use crate::{
    sidecar::{App, Counted, Hop, Payload},
    topology::{Role, Workload},
};

/// The code of one workload.
pub struct Service {
    me: &'static Workload,
    started: Instant,
    store: stores::Store,
    llm: llm::History,
}

impl Service {
    /// The code of this workload.
    pub fn new(me: &'static Workload) -> Arc<Self> {
        Arc::new(Self { me, started: Instant::now(), store: stores::Store::default(), llm: llm::History::default() })
    }
}

#[async_trait]
impl App for Service {
    async fn answer(&self, hop: Hop, request: Request<Payload>) -> Response<Payload> {
        match (self.me.role, self.me.app) {
            (Role::Gateway, _) => gateway::answer(&hop, request).await,
            (Role::Grpc, _) => grpc::answer(&hop, request).await,
            (_, "llm-app") => llm::answer(&hop, &self.llm, request).await,
            (_, "model-stub") => model::answer(&hop, &request).await,
            (_, "sample-app") => sample::answer(&hop, self.started, &request).await,
            (Role::Http | Role::External | Role::Store | Role::Load, _) => routes::answer(&hop, &request).await,
        }
    }

    async fn serve(&self, hop: Hop, stream: Counted) -> std::io::Result<()> {
        stores::serve(&hop, &self.store, stream).await
    }
}
