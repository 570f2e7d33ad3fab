//! What somebody wants to see: the choices that shape the queries and the graph. Who may see it is not decided here.

use super::{Ambient, BoxBy, GraphType, GrpcTraffic, HttpTraffic, TcpTraffic};

/// The choices behind one graph. Equal views over equal rows give equal graphs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// Granularity.
    pub graph: GraphType,
    /// HTTP telemetry.
    pub http: HttpTraffic,
    /// gRPC telemetry.
    pub grpc: GrpcTraffic,
    /// TCP telemetry.
    pub tcp: TcpTraffic,
    /// Ambient telemetry.
    pub ambient: Ambient,
    /// Window of the rates, seconds; at least 1.
    pub duration_s: u64,
    /// Keep edges without traffic in the window.
    pub idle_edges: bool,
    /// Keep nodes without traffic in the window.
    pub idle_nodes: bool,
    /// Put service nodes between the ends. A service graph always does.
    pub service_nodes: bool,
    /// Boxes to draw, in any order.
    pub boxes: Vec<BoxBy>,
    /// Only this node and its neighbours.
    pub focus: Option<Focus>,
    /// Namespaces asked for; all when empty. Neighbours elsewhere are marked as outside.
    pub namespaces: Vec<String>,
    /// Clusters asked for; all when empty.
    pub clusters: Vec<String>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            graph: GraphType::default(),
            http: HttpTraffic::default(),
            grpc: GrpcTraffic::default(),
            tcp: TcpTraffic::default(),
            ambient: Ambient::default(),
            duration_s: 600,
            idle_edges: false,
            idle_nodes: false,
            service_nodes: false,
            boxes: vec![BoxBy::Cluster, BoxBy::Namespace, BoxBy::App],
            focus: None,
            namespaces: Vec::new(),
            clusters: Vec::new(),
        }
    }
}

impl View {
    /// Whether a service node stands between the two ends of a call: asked for, or the graph makes no sense without.
    pub fn injects_services(&self) -> bool {
        self.service_nodes || self.graph == GraphType::Service || matches!(self.focus, Some(Focus::Service { .. }))
    }

    /// Whether the place was asked for.
    pub(super) fn asks_for(&self, cluster: &str, namespace: &str) -> bool {
        (self.namespaces.is_empty() || self.namespaces.iter().any(|asked| asked == namespace))
            && (self.clusters.is_empty() || self.clusters.iter().any(|asked| asked == cluster))
    }

    /// Whether series without traffic are of interest.
    pub(super) fn wants_idle(&self) -> bool {
        self.idle_edges || self.idle_nodes
    }
}

/// The node a graph is narrowed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Focus {
    /// A workload.
    Workload {
        /// Namespace.
        namespace: String,
        /// Workload name.
        name: String,
    },
    /// An app over all its versions.
    App {
        /// Namespace.
        namespace: String,
        /// Canonical name.
        name: String,
    },
    /// One version of an app.
    VersionedApp {
        /// Namespace.
        namespace: String,
        /// Canonical name.
        name: String,
        /// Canonical revision.
        version: String,
    },
    /// A service.
    Service {
        /// Namespace.
        namespace: String,
        /// Service name.
        name: String,
    },
}
