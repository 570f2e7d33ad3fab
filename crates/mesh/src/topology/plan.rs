//! The query plan: which instant queries a view needs. A handful of batched queries, whatever the number of
//! namespaces. Nothing here confines them: the caller adds namespace and cluster matchers to every selector by `Side`.

mod latency;
mod promql;

use promql::{Select, either, positive, sum_by, tagged};

use super::{Ambient, Focus, GrpcTraffic, HttpTraffic, TcpTraffic, View};

/// Which rows a query brings; [`Rows`](super::Rows) keeps them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// HTTP and gRPC requests per second, with codes and transport security.
    Requests,
    /// TCP bytes per second, with transport security.
    Tcp,
    /// Requests and bytes that reached a service but no workload: no endpoint, or failed on the way.
    Unserviced,
    /// gRPC messages per second, with transport security.
    GrpcMessages,
    /// Latency in milliseconds; label `quantile` is `0.5`, `0.95` or `0.99`.
    Latency,
    /// HTTP and gRPC body bytes per second.
    Bytes,
}

impl Part {
    /// What is missing when its query failed, for a warning.
    pub fn what(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tcp => "TCP traffic",
            Self::Unserviced => "traffic that reached no workload",
            Self::GrpcMessages => "gRPC messages",
            Self::Latency => "latency",
            Self::Bytes => "throughput",
        }
    }
}

/// Which labels the caller's confinement goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Calls from the caller's namespaces: `source_cluster`, `source_workload_namespace`.
    Source,
    /// Calls into the caller's namespaces: `destination_cluster`, `destination_workload_namespace`.
    Destination,
    /// Calls to the caller's services: `destination_cluster`, `destination_service_namespace`.
    DestinationService,
}

impl Side {
    /// The label that carries the cluster.
    pub fn cluster_label(self) -> &'static str {
        match self {
            Self::Source => "source_cluster",
            Self::Destination | Self::DestinationService => "destination_cluster",
        }
    }

    /// The label that carries the namespace.
    pub fn namespace_label(self) -> &'static str {
        match self {
            Self::Source => "source_workload_namespace",
            Self::Destination => "destination_workload_namespace",
            Self::DestinationService => "destination_service_namespace",
        }
    }
}

/// One instant query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Planned {
    /// What its rows are.
    pub part: Part,
    /// Where the confinement goes.
    pub side: Side,
    /// Another query brings what is confined by this side already, so that need not be read again.
    pub beyond: Option<Side>,
    /// The query, not confined yet.
    pub promql: String,
}

/// Labels every part is grouped by. A trap of PromQL: a label missing here would merge clusters or namespaces.
const PLACE: [&str; 6] = [
    "reporter",
    "source_cluster",
    "source_workload_namespace",
    "destination_cluster",
    "destination_workload_namespace",
    "request_protocol",
];
/// Who calls whom. Sums may be grouped finer than the graph needs; quantiles may not (see `latency`).
const ENDS: [&str; 9] = [
    "source_workload",
    "source_canonical_service",
    "source_canonical_revision",
    "destination_workload",
    "destination_canonical_service",
    "destination_canonical_revision",
    "destination_service",
    "destination_service_name",
    "destination_service_namespace",
];
const SECURITY: [&str; 3] = ["connection_security_policy", "source_principal", "destination_principal"];

/// The queries of a view: at most eleven, nine for the usual one.
///
/// A call within the caller's namespaces is one of both sides. Where the confinement cannot leave it out of the second
/// ([`Planned::beyond`]), its rows come twice; [`build`](super::build()) takes equal label sets as one.
pub fn plan(view: &View) -> Vec<Planned> {
    let mut planned = Vec::new();
    // A focus is put on the end that is asked about: the two questions have less in common then.
    let alike = matches!(view.focus, None | Some(Focus::Service { .. }));
    for side in [Side::Source, Side::Destination] {
        let beyond = (alike && side == Side::Destination).then_some(Side::Source);
        let mut add =
            |part, promql: Option<String>| planned.extend(promql.map(|promql| Planned { part, side, beyond, promql }));
        add(Part::Requests, requests(view, side));
        add(Part::Tcp, tcp(view, side));
        add(Part::GrpcMessages, grpc_messages(view, side));
        add(Part::Latency, latency::query(view, side));
        add(Part::Bytes, bytes(view, side));
    }
    let side = Side::DestinationService;
    if alike {
        let arms: Vec<String> = [requests(view, side), tcp(view, side)].into_iter().flatten().collect();
        if !arms.is_empty() {
            planned.push(Planned { part: Part::Unserviced, side, beyond: None, promql: either(arms) });
        }
    }
    planned
}

fn requests(view: &View, side: Side) -> Option<String> {
    let select = of_requests(view, base(view, side, "istio_requests_total"))?;
    let by = PLACE.iter().chain(&ENDS).chain(&SECURITY);
    let by = by.copied().chain(["response_code", "grpc_response_status", "response_flags"]);
    Some(positive(sum_by(by, &select.rate(view.duration_s)), view))
}

fn tcp(view: &View, side: Side) -> Option<String> {
    // Istio counts from the server's point of view: what it received is what the client sent (istio/istio#32399).
    const SENT: (&str, &str) = ("sent", "istio_tcp_received_bytes_total");
    const RECEIVED: (&str, &str) = ("received", "istio_tcp_sent_bytes_total");
    let metrics: &[(&str, &str)] = match view.tcp {
        TcpTraffic::Sent => &[SENT],
        TcpTraffic::Received => &[RECEIVED],
        TcpTraffic::Total => &[SENT, RECEIVED],
        TcpTraffic::None => return None,
    };
    let arms = metrics.iter().map(|(direction, metric)| {
        let mut select = base(view, side, metric);
        let mut by: Vec<&str> = PLACE.iter().chain(&ENDS).chain(&SECURITY).copied().collect();
        by.push("response_flags");
        match view.ambient {
            Ambient::None | Ambient::Waypoint => select = select.with("app", "!=", "ztunnel"),
            Ambient::Total | Ambient::Ztunnel => by.push("app"),
        }
        // Ambient and older proxies leave the protocol out; with it every row says what it is.
        let sum = tagged(&sum_by(by, &select.rate(view.duration_s)), "request_protocol", "tcp");
        positive(tagged(&sum, "direction", direction), view)
    });
    Some(either(arms.collect()))
}

fn grpc_messages(view: &View, side: Side) -> Option<String> {
    const SENT: (&str, &str) = ("sent", "istio_request_messages_total");
    const RECEIVED: (&str, &str) = ("received", "istio_response_messages_total");
    let metrics: &[(&str, &str)] = match view.grpc {
        GrpcTraffic::Sent => &[SENT],
        GrpcTraffic::Received => &[RECEIVED],
        GrpcTraffic::Total => &[SENT, RECEIVED],
        GrpcTraffic::Requests | GrpcTraffic::None => return None,
    };
    let arms = metrics.iter().map(|(direction, metric)| {
        let rate = base(view, side, metric).rate(view.duration_s);
        let sum = sum_by(PLACE.iter().chain(&ENDS).chain(&SECURITY).copied(), &rate);
        positive(tagged(&sum, "direction", direction), view)
    });
    Some(either(arms.collect()))
}

fn bytes(view: &View, side: Side) -> Option<String> {
    let arms =
        [("sent", "istio_request_bytes_sum"), ("received", "istio_response_bytes_sum")].map(|(direction, metric)| {
            let rate = of_http_or_grpc(view, base(view, side, metric))?.rate(view.duration_s);
            let sum = sum_by(PLACE.iter().chain(&ENDS).copied(), &rate);
            Some(format!("{} > 0", tagged(&sum, "direction", direction)))
        });
    let arms: Vec<String> = arms.into_iter().flatten().collect();
    (!arms.is_empty()).then(|| either(arms))
}

/// The selector with reporters and focus.
fn base(view: &View, side: Side, metric: &str) -> Select {
    let mut select = Select::new(metric);
    let waypoints = matches!(view.ambient, Ambient::Total | Ambient::Waypoint);
    select = match (side, waypoints) {
        (Side::DestinationService, false) => select.with("reporter", "=", "source"),
        (Side::DestinationService, true) => select.with("reporter", "=~", "source|waypoint"),
        (Side::Source | Side::Destination, false) => select.with("reporter", "=~", "source|destination"),
        (Side::Source | Side::Destination, true) => select.with("reporter", "=~", "source|destination|waypoint"),
    };
    if side == Side::DestinationService {
        select = select.unknown("destination_workload");
    }
    match (&view.focus, side) {
        (None, _) => select,
        (Some(Focus::Service { namespace, name }), _) => {
            select.place("destination_service_namespace", namespace).with("destination_service_name", "=", name)
        }
        (Some(Focus::Workload { namespace, name }), Side::Source) => {
            select.place("source_workload_namespace", namespace).with("source_workload", "=", name)
        }
        (Some(Focus::Workload { namespace, name }), Side::Destination | Side::DestinationService) => {
            select.place("destination_workload_namespace", namespace).with("destination_workload", "=", name)
        }
        (Some(Focus::App { namespace, name }), Side::Source) => {
            select.place("source_workload_namespace", namespace).with("source_canonical_service", "=", name)
        }
        (Some(Focus::App { namespace, name }), Side::Destination | Side::DestinationService) => {
            select.place("destination_workload_namespace", namespace).with("destination_canonical_service", "=", name)
        }
        (Some(Focus::VersionedApp { namespace, name, version }), Side::Source) => select
            .place("source_workload_namespace", namespace)
            .with("source_canonical_service", "=", name)
            .with("source_canonical_revision", "=", version),
        (Some(Focus::VersionedApp { namespace, name, version }), Side::Destination | Side::DestinationService) => {
            select
                .place("destination_workload_namespace", namespace)
                .with("destination_canonical_service", "=", name)
                .with("destination_canonical_revision", "=", version)
        }
    }
}

/// Narrows a request counter to the protocols counted in requests; none when no protocol is.
fn of_requests(view: &View, select: Select) -> Option<Select> {
    let grpc = view.grpc == GrpcTraffic::Requests;
    by_protocol(select, view.http == HttpTraffic::Requests, grpc)
}

/// Narrows to the protocols the graph shows at all.
fn of_http_or_grpc(view: &View, select: Select) -> Option<Select> {
    by_protocol(select, view.http == HttpTraffic::Requests, view.grpc != GrpcTraffic::None)
}

fn by_protocol(select: Select, http: bool, grpc: bool) -> Option<Select> {
    match (http, grpc) {
        (true, true) => Some(select),
        (true, false) => Some(select.with("request_protocol", "!=", "grpc")),
        (false, true) => Some(select.with("request_protocol", "=", "grpc")),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests;
