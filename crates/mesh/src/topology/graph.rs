//! The value types of the graph, exactly as the HTTP API prints them. No rules live here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a node of the graph stands for; the granularity users choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphType {
    /// One node per app and version, boxed by app.
    #[default]
    VersionedApp,
    /// One node per app.
    App,
    /// One node per workload.
    Workload,
    /// Services only; workloads between them are folded away.
    Service,
}

/// Which telemetry counts as HTTP traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HttpTraffic {
    /// Requests per second.
    #[default]
    Requests,
    /// HTTP is left out.
    None,
}

/// Which telemetry counts as gRPC traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrpcTraffic {
    /// Requests per second.
    #[default]
    Requests,
    /// Messages sent by clients per second (`istio_request_messages_total`).
    Sent,
    /// Messages received by clients per second (`istio_response_messages_total`).
    Received,
    /// Messages both ways.
    Total,
    /// gRPC is left out.
    None,
}

/// Which telemetry counts as TCP traffic, seen from the client. Istio's `received` counter is what the server side
/// received, so `Sent` reads `istio_tcp_received_bytes_total` (istio/istio#32399).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TcpTraffic {
    /// Bytes per second sent by the client.
    #[default]
    Sent,
    /// Bytes per second received by the client.
    Received,
    /// Both directions.
    Total,
    /// TCP is left out.
    None,
}

/// Which reporters of an ambient mesh are read beside the sidecars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ambient {
    /// Sidecar telemetry only.
    None,
    /// ztunnel and waypoints.
    #[default]
    Total,
    /// Waypoints only.
    Waypoint,
    /// ztunnel only.
    Ztunnel,
}

/// How nodes are grouped into boxes. Several may be asked for at once; they nest cluster > namespace > app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BoxBy {
    /// A box per cluster.
    Cluster,
    /// A box per namespace.
    Namespace,
    /// A box per app with at least two members.
    App,
}

/// The kind of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A workload (deployment, stateful set, …).
    Workload,
    /// An app over all its versions.
    App,
    /// One version of an app.
    VersionedApp,
    /// A service.
    Service,
    /// A service entry, a host outside the mesh that the mesh knows.
    ServiceEntry,
    /// A source nobody can name: traffic from outside the mesh.
    Unknown,
    /// Everything the viewer's tenant does not own, folded into one node so that no foreign name shows.
    External,
    /// A box around other nodes.
    Box,
}

/// Protocol of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP/1 and HTTP/2 requests per second.
    Http,
    /// gRPC requests or messages per second.
    Grpc,
    /// TCP bytes per second.
    Tcp,
}

/// Health of a node or edge, worst first when sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Errors at or above the failure threshold, or no replica available.
    Failure,
    /// Errors above the degraded threshold.
    Degraded,
    /// Scaled to zero.
    NotReady,
    /// Traffic and no finding.
    Healthy,
    /// Nothing to judge by: no traffic, or TCP only.
    #[default]
    Na,
}

/// A judgement with its reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// The worst status found.
    pub status: HealthStatus,
    /// One sentence per finding, worst first.
    pub reasons: Vec<String>,
}

/// A marker on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeFlag {
    /// Sends traffic and receives none.
    Root,
    /// Its namespace was not asked for.
    Outside,
    /// Its details cannot be shown: unknown sources, egress clusters, other tenants.
    Inaccessible,
    /// No traffic in the window.
    Idle,
    /// The workload exists but has no pods.
    Dead,
    /// An ambient waypoint proxy.
    Waypoint,
    /// A service node put between two ends by service injection.
    Injected,
    /// Has neither sidecar nor ambient capture.
    OutOfMesh,
    /// Captured by ambient.
    Ambient,
    /// An ingress or egress gateway.
    Gateway,
    /// A destination rule limits it.
    CircuitBreaker,
    /// A virtual service routes it.
    VirtualService,
}

/// A service a node answers for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct ServiceRef {
    /// Cluster name, `unknown` where the telemetry has none.
    pub cluster: String,
    /// Namespace.
    pub namespace: String,
    /// Service name without domain.
    pub name: String,
}

/// Rates of a node per second; `tcp_*` in bytes per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the API's and say it")]
pub struct NodeRates {
    pub http_in: f64,
    pub http_in_3xx: f64,
    pub http_in_4xx: f64,
    pub http_in_5xx: f64,
    pub http_in_no_response: f64,
    pub http_out: f64,
    pub grpc_in: f64,
    pub grpc_in_err: f64,
    pub grpc_in_no_response: f64,
    pub grpc_out: f64,
    pub tcp_in: f64,
    pub tcp_out: f64,
}

/// Error rates of an edge per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the API's and say it")]
pub struct EdgeRates {
    pub http_3xx: f64,
    pub http_4xx: f64,
    pub http_5xx: f64,
    pub http_no_response: f64,
    pub grpc_err: f64,
    pub grpc_no_response: f64,
}

/// One response code of an edge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Responses {
    /// Envoy response flags → percent of the edge's total, one decimal.
    pub flags: BTreeMap<String, f64>,
    /// Requested host → percent of the edge's total, one decimal.
    pub hosts: BTreeMap<String, f64>,
}

/// Latency quantiles in milliseconds over the window. Absent where no histogram was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LatencyMs {
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
}

/// Transport security of an edge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EdgeMtls {
    /// Share of the traffic under mutual TLS, 0..=100, one decimal; absent where no proxy could tell.
    pub percent: Option<f64>,
    /// SPIFFE ids that called.
    pub source_principals: Vec<String>,
    /// SPIFFE ids that answered.
    pub destination_principals: Vec<String>,
}

/// What each side of an edge reported, in the edge's unit per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reporters {
    /// Rate the client's proxy reported; absent where it reported nothing.
    pub source: Option<f64>,
    /// Rate the server's proxy reported; absent where it reported nothing.
    pub destination: Option<f64>,
}

/// How a waypoint stands on an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaypointEdge {
    /// The edge leads to a waypoint.
    To,
    /// The edge leaves a waypoint.
    From,
    /// Both directions were merged into this edge.
    Both,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Stable id: hex digest of cluster, namespace and name by the identity rules; the same in every refresh.
    pub id: String,
    /// What it stands for.
    pub kind: NodeKind,
    /// Cluster, `unknown` where the telemetry has none.
    pub cluster: String,
    /// Namespace, empty for unknown and external nodes.
    pub namespace: String,
    /// Workload name, if the node has one.
    pub workload: Option<String>,
    /// Canonical app name, if known.
    pub app: Option<String>,
    /// Canonical revision, if known.
    pub version: Option<String>,
    /// Service name, if the node is one.
    pub service: Option<String>,
    /// Id of the box around it.
    pub parent: Option<String>,
    /// Services this node answers for.
    pub dest_services: Vec<ServiceRef>,
    /// Traffic.
    pub rates: NodeRates,
    /// Judgement.
    pub health: Health,
    /// Markers, sorted.
    pub flags: Vec<NodeFlag>,
}

impl Node {
    /// The name people know it by.
    pub fn label(&self) -> &str {
        match self.kind {
            NodeKind::Unknown => "unknown",
            NodeKind::External => "outside",
            NodeKind::Box => {
                self.app.as_deref().unwrap_or(if self.namespace.is_empty() { &self.cluster } else { &self.namespace })
            }
            NodeKind::Workload => self.workload.as_deref().or(self.app.as_deref()).unwrap_or("unknown"),
            NodeKind::App | NodeKind::VersionedApp => {
                self.app.as_deref().or(self.workload.as_deref()).unwrap_or("unknown")
            }
            NodeKind::Service | NodeKind::ServiceEntry => self.service.as_deref().unwrap_or("unknown"),
        }
    }

    /// Whether it carries the marker.
    pub fn has(&self, flag: NodeFlag) -> bool {
        self.flags.contains(&flag)
    }
}

/// An edge: one per source, target and protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Edge {
    /// Stable id: digest of source, target and protocol.
    pub id: String,
    /// Id of the calling node.
    pub source: String,
    /// Id of the answering node.
    pub target: String,
    /// Protocol.
    pub protocol: Protocol,
    /// Requests, messages or (TCP) bytes per second.
    pub rate: f64,
    /// Error rates.
    pub rates: EdgeRates,
    /// Share of the source's outgoing traffic of this protocol, percent, one decimal.
    pub percent_of_source: f64,
    /// Share of failed traffic, percent, one decimal.
    pub percent_error: f64,
    /// By response code; `-` is no response.
    pub responses: BTreeMap<String, Responses>,
    /// Quantiles.
    pub latency_ms: LatencyMs,
    /// Request and response body bytes per second (HTTP and gRPC), or TCP bytes per second.
    pub bytes_per_s: f64,
    /// Transport security.
    pub mtls: EdgeMtls,
    /// Both sides' totals; a large difference is worth a look.
    pub reporters: Reporters,
    /// Judgement.
    pub health: HealthStatus,
    /// Waypoint position, if any.
    pub waypoint: Option<WaypointEdge>,
}

/// Position and size of one node or box, in drawing units (1 unit = 1 CSS pixel at zoom 1), top-left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "plain geometry")]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

/// Where everything stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Layout {
    /// Width of the drawing.
    pub width: f64,
    /// Height of the drawing.
    pub height: f64,
    /// Node or box id → place.
    pub nodes: BTreeMap<String, Rect>,
    /// Edge id → bend points `[x, y]` from source border to target border, at least two.
    pub edges: BTreeMap<String, Vec<[f64; 2]>>,
}

/// The graph as the API prints it (without the layout when it was not asked for).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Graph {
    /// The instant it describes, RFC 3339 UTC.
    pub at: String,
    /// Length of the window in seconds.
    pub duration_s: u64,
    /// True when a part could not be read; `warnings` says which.
    pub partial: bool,
    /// What is missing or doubtful, for people.
    pub warnings: Vec<String>,
    /// Age of the answer when it came from the cache, milliseconds.
    pub age_ms: u64,
    /// Nodes and boxes, sorted by id.
    pub nodes: Vec<Node>,
    /// Edges, sorted by id.
    pub edges: Vec<Edge>,
    /// Positions, when asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub layout: Option<Layout>,
}
