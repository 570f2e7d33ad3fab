//! Istio's standard labels. One place writes them, for live traffic and for the back-filled history alike.

use std::borrow::Cow;

use crate::{
    sidecar::Peer,
    topology::{Role, Workload},
};

/// Which side tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reporter {
    /// The caller's proxy.
    Source,
    /// The callee's proxy.
    Destination,
}

/// One label.
pub type Label = (&'static str, Cow<'static, str>);

/// Both ends of a connection as one reporter sees them.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Who tells.
    pub reporter: Reporter,
    /// The caller.
    pub source: Peer,
    /// The callee.
    pub destination: Peer,
    /// Whether the connection is mutually authenticated; then both principals are known.
    pub mutual_tls: bool,
    /// `destination_service`, `_name`, `_namespace`.
    pub service: (Cow<'static, str>, Cow<'static, str>, Cow<'static, str>),
}

impl Edge {
    /// A call to a workload, seen by the caller.
    pub fn outbound(me: &'static Workload, to: &'static Workload) -> Self {
        Self {
            reporter: Reporter::Source,
            source: Peer::of(me),
            destination: Peer::of(to),
            mutual_tls: me.sidecar && to.sidecar,
            service: service_of(to),
        }
    }

    /// A call that found nobody.
    pub fn nowhere(me: &'static Workload, host: &str) -> Self {
        let host: Cow<'static, str> = host.to_owned().into();
        Self {
            reporter: Reporter::Source,
            source: Peer::of(me),
            destination: Peer::unknown(),
            mutual_tls: false,
            service: (host.clone(), host, "unknown".into()),
        }
    }

    /// A call from a peer, seen by the callee.
    pub fn inbound(from: Peer, me: &'static Workload, mutual_tls: bool) -> Self {
        Self {
            reporter: Reporter::Destination,
            source: from,
            destination: Peer::of(me),
            mutual_tls,
            service: service_of(me),
        }
    }

    fn labels(&self) -> Vec<Label> {
        let principal = |peer: &Peer| -> Cow<'static, str> {
            if self.mutual_tls && peer.app != "unknown" {
                crate::topology::spiffe_id(&peer.namespace, &peer.app).into()
            } else {
                "unknown".into()
            }
        };
        let (reporter, policy) = match (self.reporter, self.mutual_tls) {
            // The caller's proxy cannot tell what the other side enforces: Istio leaves it unknown.
            (Reporter::Source, _) => ("source", "unknown"),
            (Reporter::Destination, true) => ("destination", "mutual_tls"),
            (Reporter::Destination, false) => ("destination", "none"),
        };
        let (s, d) = (&self.source, &self.destination);
        vec![
            ("reporter", reporter.into()),
            ("source_workload", s.workload.clone()),
            ("source_workload_namespace", s.namespace.clone()),
            ("source_principal", principal(s)),
            ("source_app", s.app.clone()),
            ("source_version", s.version.clone()),
            ("source_cluster", s.cluster.clone()),
            ("source_canonical_service", s.app.clone()),
            ("source_canonical_revision", revision(s)),
            ("destination_workload", d.workload.clone()),
            ("destination_workload_namespace", d.namespace.clone()),
            ("destination_principal", principal(d)),
            ("destination_app", d.app.clone()),
            ("destination_version", d.version.clone()),
            ("destination_service", self.service.0.clone()),
            ("destination_service_name", self.service.1.clone()),
            ("destination_service_namespace", self.service.2.clone()),
            ("destination_cluster", d.cluster.clone()),
            ("destination_canonical_service", d.app.clone()),
            ("destination_canonical_revision", revision(d)),
            ("connection_security_policy", policy.into()),
        ]
    }
}

/// Istio falls back to `latest` where it knows no revision.
fn revision(peer: &Peer) -> Cow<'static, str> {
    if peer.version == "unknown" { "latest".into() } else { peer.version.clone() }
}

fn service_of(w: &'static Workload) -> (Cow<'static, str>, Cow<'static, str>, Cow<'static, str>) {
    debug_assert_ne!(w.role, Role::Load, "nobody calls the load generator");
    (w.host().into(), w.app.into(), w.namespace.into())
}

/// All labels of a request series. Without gRPC the status label is empty, which Prometheus takes as absent.
pub fn request_labels(edge: &Edge, code: u16, grpc_status: Option<u8>, flags: &'static str, grpc: bool) -> Vec<Label> {
    let mut labels = edge.labels();
    labels.push(("request_protocol", if grpc { "grpc" } else { "http" }.into()));
    labels.push(("response_code", code.to_string().into()));
    if let Some(status) = grpc_status {
        labels.push(("grpc_response_status", status.to_string().into()));
    }
    labels.push(("response_flags", flags.into()));
    labels
}

/// All labels of a TCP series.
pub fn tcp_labels(edge: &Edge, flags: &'static str) -> Vec<Label> {
    let mut labels = edge.labels();
    labels.push(("request_protocol", "tcp".into()));
    labels.push(("response_flags", flags.into()));
    labels
}

/// Labels as the text format writes them, without braces.
pub fn render(labels: &[Label]) -> String {
    let mut text = String::with_capacity(labels.len() * 40);
    for (name, value) in labels {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(name);
        text.push_str("=\"");
        for c in value.chars() {
            match c {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                other => text.push(other),
            }
        }
        text.push('"');
    }
    text
}
