//! The certificate authority's own page of metrics, as istiod has one.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::{ScrapeTarget, Shared};
use crate::sidecar::{Listener, family, line, serve_pages, write_process};

/// What the authority did so far.
#[derive(Debug, Default)]
pub struct Issued {
    /// Requests.
    pub asked: AtomicU64,
    /// Signed ones.
    pub signed: AtomicU64,
}

/// Serves the page for ever.
pub async fn serve(shared: Arc<Shared>, listener: Listener) {
    serve_pages(listener, move |path| (path == "/metrics").then(|| ("text/plain; version=0.0.4", page(&shared)))).await;
}

/// Where it is scraped.
pub fn target(address: SocketAddr) -> ScrapeTarget {
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    ScrapeTarget {
        url: format!("http://{address}/metrics"),
        labels: vec![
            label("cluster", "east"),
            label("namespace", "istio-system"),
            label("app", "istiod"),
            label("instance", "istiod-demo"),
        ],
    }
}

fn page(shared: &Shared) -> String {
    let (root, intermediate) = shared.ca.authorities();
    let mut out = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, value: &dyn std::fmt::Display| {
        family(&mut out, name, kind, help);
        line(&mut out, format_args!("{name} {value}"));
    };
    metric("citadel_server_root_cert_expiry_timestamp", "gauge", "End of the root, unix seconds.", &root.not_after);
    metric(
        "citadel_server_cert_chain_expiry_timestamp",
        "gauge",
        "End of the intermediate, unix seconds.",
        &intermediate.not_after,
    );
    metric("citadel_server_csr_count", "counter", "Signing requests.", &shared.issued.asked.load(Relaxed));
    metric(
        "citadel_server_success_cert_issuance_count",
        "counter",
        "Certificates signed.",
        &shared.issued.signed.load(Relaxed),
    );
    write_process(&mut out);
    out
}
