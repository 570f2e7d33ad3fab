//! The sidecar of a workload: everything between its code and the wire. Inbound and outbound HTTP, gRPC and TCP run
//! through it; it holds the identity, checks the peer's, retries, and writes the metrics, spans and access logs.
//! What a service does with a request does not belong here.

mod flags;
mod inbound;
mod labels;
mod listener;
mod metrics;
mod outbound;
mod payload;
mod peer;
mod pending;
mod pool;
mod stats;
mod tcp;
mod tls;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use contract::demo::Fault;
use http::HeaderValue;
use tokio::sync::watch;

pub use flags::Flag;
pub use inbound::{App, Hop};
pub use listener::{Listener, accept};
pub use metrics::{AppMetrics, DURATION_BOUNDS};
pub use outbound::{Outgoing, Protocol};
pub use payload::{Payload, read_body};
pub use stats::{serve_pages, serve_stats};
pub use tcp::{Counted, Tunnel};
pub use tls::{CertificateInfo, Identity, TlsError, client_for_gateway};

pub(crate) use labels::{Edge, Label, request_labels, tcp_labels};
pub(crate) use metrics::{family, line};
pub(crate) use peer::Peer;
pub(crate) use stats::write_process;

use crate::{
    telemetry::Telemetry,
    topology::{self, Workload},
    wire::Endpoint,
};

/// Where everybody listens.
#[derive(Debug, Default)]
pub struct Registry(HashMap<String, SocketAddr>);

impl Registry {
    /// From the parent's list.
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        Self(endpoints.into_iter().map(|e| (e.workload, e.address)).collect())
    }

    /// Whether a workload listens.
    pub fn knows(&self, workload: &str) -> bool {
        self.0.contains_key(workload)
    }

    /// One workload of this service, by weight among those that are up.
    pub fn pick(&self, app: &str) -> Option<(&'static Workload, SocketAddr)> {
        let up = || topology::service(app).filter_map(|w| self.0.get(w.name).map(|address| (w, *address)));
        let total: u32 = up().map(|(w, _)| w.weight).sum();
        let mut ticket = rand::random_range(0..total.max(1));
        up().find(|(w, _)| match ticket.checked_sub(w.weight) {
            Some(rest) => {
                ticket = rest;
                false
            }
            None => true,
        })
    }
}

/// The sidecar of one workload, shared by all its connections.
pub struct Proxy {
    /// The workload it stands beside.
    pub me: &'static Workload,
    /// Its certificates.
    pub identity: Identity,
    /// The faults that are on.
    pub faults: watch::Receiver<Vec<Fault>>,
    /// Spans and logs.
    pub telemetry: Telemetry,
    /// Metrics of the mesh.
    pub metrics: metrics::Metrics,
    /// Metrics of the workload's own code, merged into the same page.
    pub app_metrics: AppMetrics,
    registry: RwLock<Arc<Registry>>,
    pool: pool::Pool,
    tunnels: Mutex<HashMap<SocketAddr, Vec<Tunnel>>>,
    peer_header: HeaderValue,
}

impl Proxy {
    /// A sidecar without certificates and without a registry yet.
    pub fn new(
        me: &'static Workload,
        identity: Identity,
        faults: watch::Receiver<Vec<Fault>>,
        telemetry: Telemetry,
    ) -> Self {
        Self {
            me,
            identity,
            faults,
            telemetry,
            metrics: metrics::Metrics::default(),
            app_metrics: AppMetrics::default(),
            registry: RwLock::default(),
            pool: pool::Pool::default(),
            tunnels: Mutex::default(),
            peer_header: Peer::of(me).to_header(),
        }
    }

    /// Replaces the registry.
    pub fn set_registry(&self, registry: Registry) {
        *self.registry.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(registry);
    }

    /// Everybody's addresses.
    pub fn registry(&self) -> Arc<Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a fault is on.
    pub fn fault(&self, fault: Fault) -> bool {
        self.faults.borrow().contains(&fault)
    }

    /// Closes connections that nobody has used for a while.
    pub fn sweep(&self) {
        self.pool.sweep();
        let mut tunnels = self.tunnels.lock().unwrap_or_else(PoisonError::into_inner);
        tunnels.retain(|_, idle| {
            idle.retain(Tunnel::is_fresh);
            !idle.is_empty()
        });
    }
}

#[cfg(test)]
mod tests;
