//! Who is at the other end. Sidecars tell each other their workload over the mutually authenticated connection, as
//! Istio's do; what they say about namespace and service account has to match their certificate.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::topology::{Role, Workload, spiffe_id};

/// The header both directions carry.
pub const HEADER: HeaderName = HeaderName::from_static("x-envoy-peer-metadata");

/// The workload of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Workload name.
    pub workload: Cow<'static, str>,
    /// Namespace of the workload.
    pub namespace: Cow<'static, str>,
    /// Cluster.
    pub cluster: Cow<'static, str>,
    /// App, also the canonical service and the service account.
    pub app: Cow<'static, str>,
    /// Version, also the canonical revision.
    pub version: Cow<'static, str>,
}

impl Peer {
    /// A workload of the catalogue.
    pub fn of(w: &'static Workload) -> Self {
        match w.role {
            Role::External => Self::unknown(),
            Role::Gateway | Role::Http | Role::Grpc | Role::Store | Role::Load => Self {
                workload: w.name.into(),
                namespace: w.namespace.into(),
                cluster: w.cluster.into(),
                app: w.app.into(),
                version: w.version.into(),
            },
        }
    }

    /// Nobody knows who.
    pub fn unknown() -> Self {
        let unknown = Cow::Borrowed("unknown");
        Self {
            workload: unknown.clone(),
            namespace: unknown.clone(),
            cluster: unknown.clone(),
            app: unknown.clone(),
            version: unknown,
        }
    }

    /// The peer a message names, if its certificate agrees; unknown otherwise.
    pub fn from_headers(headers: &HeaderMap, principal: Option<&str>) -> Self {
        headers.get(HEADER).map_or_else(Self::unknown, |value| Self::from_bytes(value.as_bytes(), principal))
    }

    /// The same from a TCP metadata frame.
    pub fn from_bytes(json: &[u8], principal: Option<&str>) -> Self {
        let said: Option<Self> = serde_json::from_slice(json).ok();
        said.filter(|peer| principal == Some(spiffe_id(&peer.namespace, &peer.app).as_str()))
            .unwrap_or_else(Self::unknown)
    }

    /// As a header value.
    pub fn to_header(&self) -> HeaderValue {
        serde_json::to_vec(self)
            .ok()
            .and_then(|json| HeaderValue::from_maybe_shared(json).ok())
            .expect("names of workloads are plain ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::workload;

    #[test]
    fn metadata_counts_only_with_the_certificate_that_fits() {
        let cart = Peer::of(workload("cart").unwrap());
        let header = cart.to_header();
        let with = |principal: Option<&str>| Peer::from_bytes(header.as_bytes(), principal);
        assert_eq!(with(Some("spiffe://cluster.local/ns/shop/sa/cart")), cart);
        assert_eq!(with(Some("spiffe://cluster.local/ns/shop/sa/email")), Peer::unknown());
        assert_eq!(with(None), Peer::unknown());
        assert_eq!(Peer::from_bytes(b"nonsense", None), Peer::unknown());
    }
}
