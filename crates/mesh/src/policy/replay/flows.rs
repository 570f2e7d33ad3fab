//! Observed traffic as requests: which series tell it, and what their labels say. What a tenant may not see the name of is
//! still decided about, and not named.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Labels,
    policy::{
        request::{Given, Peer, Protocol, Request},
        search,
    },
};

/// What tells one flow from another.
const GROUPED_BY: [&str; 11] = [
    "source_principal",
    "source_cluster",
    "source_workload",
    "source_workload_namespace",
    "destination_cluster",
    "destination_workload",
    "destination_workload_namespace",
    "destination_app",
    "destination_version",
    "destination_canonical_service",
    "connection_security_policy",
];

/// The questions that tell the traffic of so many seconds: requests of HTTP and gRPC, then opened connections of TCP. Both
/// as the called side has seen them.
pub fn promql(secs: u64) -> [String; 2] {
    let ask = |metric: &str, more: &str| {
        let by = GROUPED_BY.join(", ");
        format!("sum by ({by}{more}) (rate({metric}{{reporter=\"destination\"}}[{secs}s])) > 0")
    };
    [ask("istio_requests_total", ", request_protocol, response_code"), ask("istio_tcp_connections_opened_total", "")]
}

/// The calling end.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = FlowSource)]
pub struct Source {
    /// Namespace; empty when it is not known, or not the asker's to know.
    pub namespace: String,
    /// Workload, likewise.
    pub workload: String,
    /// Identity without `spiffe://`, likewise.
    pub principal: String,
    /// Whether there are names that are not the asker's to know.
    pub hidden: bool,
}

/// The called end.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = FlowDestination)]
pub struct Destination {
    /// Namespace.
    pub namespace: String,
    /// Workload.
    pub workload: String,
    /// Label `app`; empty when the metrics do not say.
    pub app: String,
    /// Label `version`; empty when the metrics do not say.
    pub version: String,
    /// Istio's canonical name of the service.
    pub service: String,
}

/// How the callers connect: what of a request the metrics know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Caller {
    Unknown,
    Plaintext,
    Mtls(Option<String>),
}

impl Caller {
    /// The request of such a caller; everything else about it is unknown.
    pub(super) fn request(&self, protocol: Protocol) -> Request {
        let mut request = search::anything(protocol);
        match self {
            Self::Unknown => {}
            Self::Plaintext => {
                request.peer = Given::Known(Peer::Plaintext);
                request.sni = Given::Known(String::new());
            }
            Self::Mtls(id) => request.peer = Given::Known(Peer::Mtls(id.clone().into())),
        }
        request
    }
}

/// How often something comes, each second: requests, or connections of TCP.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub all: f64,
    /// Those that were answered with 403.
    pub denied: f64,
}

/// One kind of traffic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flow {
    pub destination: Destination,
    pub protocol: Protocol,
    pub caller: Caller,
    pub source: Source,
}

/// Traffic by kind.
#[derive(Clone, Debug, Default)]
pub struct Flows(pub(super) BTreeMap<Flow, Rates>);

impl Flows {
    /// Takes a series of [`promql`]'s questions. `sees` says whose names, by cluster and namespace, may be shown; a series
    /// without a destination, or with one of somebody else, is left out.
    pub fn add(&mut self, labels: &Labels, rate: f64, tcp: bool, sees: &dyn Fn(&str, &str) -> bool) {
        let text = |name: &str| known(labels.get(name)).to_owned();
        let destination = Destination {
            namespace: text("destination_workload_namespace"),
            workload: text("destination_workload"),
            app: text("destination_app"),
            version: text("destination_version"),
            service: text("destination_canonical_service"),
        };
        let own = sees(labels.get("destination_cluster"), &destination.namespace);
        if !rate.is_finite() || rate <= 0.0 || destination.workload.is_empty() || !own {
            return;
        }
        let principal = text("source_principal");
        let principal = principal.strip_prefix("spiffe://").unwrap_or(&principal).to_owned();
        let id = (!principal.is_empty()).then(|| principal.clone());
        let caller = match (labels.get("connection_security_policy"), id) {
            ("none", _) => Caller::Plaintext,
            ("mutual_tls", id) => Caller::Mtls(id),
            (_, Some(id)) => Caller::Mtls(Some(id)),
            (_, None) => Caller::Unknown,
        };
        let cluster = labels.get("source_cluster");
        let shown = |namespace: &str| namespace.is_empty() || sees(cluster, namespace);
        let (namespace, workload) = (text("source_workload_namespace"), text("source_workload"));
        let (fits, fits_principal) = (shown(&namespace), shown(namespace_of(&principal)));
        let keep = |text: String, fits: bool| if fits { text } else { String::new() };
        let source = Source {
            namespace: keep(namespace, fits),
            workload: keep(workload, fits),
            principal: keep(principal, fits_principal),
            hidden: !(fits && fits_principal),
        };
        let protocol = match labels.get("request_protocol") {
            _ if tcp => Protocol::Tcp,
            "grpc" => Protocol::Grpc,
            _ => Protocol::Http,
        };
        let rates = self.0.entry(Flow { destination, protocol, caller, source }).or_default();
        rates.all += rate;
        if labels.get("response_code") == "403" {
            rates.denied += rate;
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What Istio writes for a missing value says nothing.
fn known(text: &str) -> &str {
    if text == "unknown" { "" } else { text }
}

/// `td/ns/foo/sa/bar` → `foo`; empty for an identity of another form.
fn namespace_of(principal: &str) -> &str {
    let mut parts = principal.split('/');
    parts.find(|part| *part == "ns").and_then(|_| parts.next()).unwrap_or("")
}
