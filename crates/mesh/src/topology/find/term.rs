//! What a single term asks, and the answers of nodes and edges.

use crate::topology::{Edge, HealthStatus, Node, NodeFlag, NodeKind, Protocol};

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    /// A name somewhere.
    Name(Name, Pattern),
    /// A figure compared.
    Figure(Figure, Compare, f64),
    Protocol(Protocol),
    Kind(NodeKind),
    Health(Health),
    Flag(NodeFlag),
    Idle,
    /// A response code.
    Code(Pattern),
    /// An Envoy response flag.
    ResponseFlag(Pattern),
}

/// Where a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Any,
    App,
    Workload,
    Service,
    Version,
    Namespace,
    Cluster,
}

/// A figure of a node or edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// Failed share, percent.
    Errors,
    /// Requests per second.
    Rate,
    /// Bytes per second.
    Bytes,
    /// Milliseconds.
    P50,
    P95,
    P99,
    /// Share under mutual TLS, percent.
    Mtls,
    /// Share of the source's traffic, percent; edges only.
    Share,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    Unequal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Healthy,
    Degraded,
    Failing,
    NotReady,
}

/// Text with `*` for anything; letters of either case. Names in a mesh are ASCII, so only those letters have one: the
/// browser would otherwise download the cases of all alphabets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Lower case.
    text: String,
    /// Without `*` it may also stand inside a name.
    inside: bool,
}

impl Pattern {
    pub(super) fn new(text: &str, inside: bool) -> Self {
        Self { text: text.to_ascii_lowercase(), inside: inside && !text.contains('*') }
    }

    fn fits(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        if self.inside {
            return name.contains(&self.text);
        }
        // Greedy from the left: each piece at its first place, the last one at the end.
        let Some((first, rest)) = self.text.split_once('*') else { return name == self.text };
        let Some(mut left) = name.strip_prefix(first) else { return false };
        let mut pieces = rest.split('*').peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return left.ends_with(piece);
            }
            match left.find(piece) {
                Some(at) => left = &left[at + piece.len()..],
                None => return false,
            }
        }
        true
    }
}

impl Compare {
    fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Above => value > limit,
            Self::AtLeast => value >= limit,
            Self::Below => value < limit,
            Self::AtMost => value <= limit,
            Self::Equal => (value - limit).abs() < 1e-9,
            Self::Unequal => (value - limit).abs() >= 1e-9,
        }
    }
}

impl Term {
    /// The answer of a node; none when it has nothing to answer with.
    pub(super) fn of_node(&self, node: &Node, incoming: &[&Edge]) -> Option<bool> {
        let r = &node.rates;
        Some(match self {
            Self::Name(at, pattern) => named(node, *at, pattern),
            Self::Figure(figure, compare, limit) => compare.holds(figure.of_node(node, incoming)?, *limit),
            Self::Protocol(Protocol::Http) => r.http_in + r.http_out > 0.0,
            Self::Protocol(Protocol::Grpc) => r.grpc_in + r.grpc_out > 0.0,
            Self::Protocol(Protocol::Tcp) => r.tcp_in + r.tcp_out > 0.0,
            Self::Kind(kind) => node.kind == *kind,
            Self::Health(health) => health.fits(node.health.status)?,
            Self::Flag(flag) => node.has(*flag),
            Self::Idle => node.has(NodeFlag::Idle),
            Self::Code(pattern) => incoming.iter().any(|edge| edge.responses.keys().any(|code| pattern.fits(code))),
            Self::ResponseFlag(pattern) => incoming.iter().any(|edge| flagged(edge, pattern)),
        })
    }

    /// The answer of an edge; none when it has nothing to answer with.
    pub(super) fn of_edge(&self, edge: &Edge, ends: [&Node; 2]) -> Option<bool> {
        Some(match self {
            Self::Name(at, pattern) => ends.iter().any(|node| named(node, *at, pattern)),
            Self::Figure(figure, compare, limit) => compare.holds(figure.of_edge(edge)?, *limit),
            Self::Protocol(protocol) => edge.protocol == *protocol,
            Self::Kind(kind) => ends.iter().any(|node| node.kind == *kind),
            Self::Health(health) => health.fits(edge.health)?,
            Self::Flag(flag) => ends.iter().any(|node| node.has(*flag)),
            Self::Idle => edge.rate <= 0.0,
            Self::Code(pattern) => edge.responses.keys().any(|code| pattern.fits(code)),
            Self::ResponseFlag(pattern) => flagged(edge, pattern),
        })
    }
}

impl Health {
    fn fits(self, status: HealthStatus) -> Option<bool> {
        let own = match status {
            HealthStatus::Failure => Self::Failing,
            HealthStatus::Degraded => Self::Degraded,
            HealthStatus::NotReady => Self::NotReady,
            HealthStatus::Healthy => Self::Healthy,
            HealthStatus::Na => return None,
        };
        Some(own == self)
    }
}

impl Figure {
    fn of_node(self, node: &Node, incoming: &[&Edge]) -> Option<f64> {
        let r = &node.rates;
        match self {
            Self::Errors => {
                let total = r.http_in + r.grpc_in;
                let failed = r.http_in_4xx + r.http_in_5xx + r.http_in_no_response + r.grpc_in_err;
                (total > 0.0).then(|| (failed + r.grpc_in_no_response) / total * 100.0)
            }
            Self::Rate => Some(r.http_in + r.grpc_in),
            Self::Bytes => Some(incoming.iter().map(|edge| edge.bytes_per_s).sum()),
            // The slowest and the least safe way in.
            Self::P50 | Self::P95 | Self::P99 => incoming.iter().filter_map(|edge| self.of_edge(edge)).reduce(f64::max),
            Self::Mtls => incoming.iter().filter_map(|edge| self.of_edge(edge)).reduce(f64::min),
            Self::Share => None,
        }
    }

    fn of_edge(self, edge: &Edge) -> Option<f64> {
        match self {
            Self::Errors => (edge.protocol != Protocol::Tcp && edge.rate > 0.0).then_some(edge.percent_error),
            Self::Rate => (edge.protocol != Protocol::Tcp).then_some(edge.rate),
            Self::Bytes => Some(edge.bytes_per_s),
            Self::P50 => edge.latency_ms.p50,
            Self::P95 => edge.latency_ms.p95,
            Self::P99 => edge.latency_ms.p99,
            Self::Mtls => edge.mtls.percent,
            Self::Share => Some(edge.percent_of_source),
        }
    }
}

fn named(node: &Node, at: Name, pattern: &Pattern) -> bool {
    let fits = |name: &Option<String>| name.as_deref().is_some_and(|name| pattern.fits(name));
    match at {
        Name::Any => {
            pattern.fits(node.label())
                || [&node.app, &node.workload, &node.service].into_iter().any(fits)
                || node.dest_services.iter().any(|service| pattern.fits(&service.name))
        }
        Name::App => fits(&node.app),
        Name::Workload => fits(&node.workload),
        Name::Service => fits(&node.service) || node.dest_services.iter().any(|service| pattern.fits(&service.name)),
        Name::Version => fits(&node.version),
        Name::Namespace => pattern.fits(&node.namespace),
        Name::Cluster => pattern.fits(&node.cluster),
    }
}

fn flagged(edge: &Edge, pattern: &Pattern) -> bool {
    edge.responses.values().any(|response| {
        // Envoy joins flags with commas.
        response.flags.keys().flat_map(|flags| flags.split(',')).any(|flag| flag != "-" && pattern.fits(flag))
    })
}
