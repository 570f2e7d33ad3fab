//! The mesh graph of a tenant: what can be asked and what comes back. The graph's own types are [`mesh::topology`]'s.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
pub use mesh::topology::{Ambient, BoxBy, Edge, Graph, GraphType, GrpcTraffic, HttpTraffic, Layout, Node, TcpTraffic};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    ApiError, TimeRange, Timestamp,
    time::{parse_duration, print_duration},
};

/// Names separated by commas, as they stand in a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String)]
pub struct Names(pub Vec<String>);

impl Names {
    /// True when nothing was chosen, which means everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Names {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.join(","))
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()))
    }
}

/// A length of time as it stands in a URL (`10m`), seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String)]
pub struct DurationSecs(pub u64);

impl Serialize for DurationSecs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&print_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for DurationSecs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text).map(Self).ok_or_else(|| serde::de::Error::custom("write a duration as 90s, 10m or 1h"))
    }
}

/// The node a graph is narrowed to: `workload:ns/name`, `app:ns/name`, `versioned_app:ns/name/version`, `service:ns/name`.
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

impl Focus {
    /// The namespace it lies in.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Workload { namespace, .. }
            | Self::App { namespace, .. }
            | Self::VersionedApp { namespace, .. }
            | Self::Service { namespace, .. } => namespace,
        }
    }

    /// Its name without namespace and version.
    pub fn name(&self) -> &str {
        match self {
            Self::Workload { name, .. }
            | Self::App { name, .. }
            | Self::VersionedApp { name, .. }
            | Self::Service { name, .. } => name,
        }
    }

    /// The focus that narrows to this node; none for boxes, unknown and external nodes.
    pub fn of(node: &Node) -> Option<Self> {
        use mesh::topology::NodeKind;
        let namespace = node.namespace.clone();
        Some(match node.kind {
            NodeKind::Workload => Self::Workload { namespace, name: node.workload.clone()? },
            NodeKind::App => Self::App { namespace, name: node.app.clone()? },
            NodeKind::VersionedApp => {
                Self::VersionedApp { namespace, name: node.app.clone()?, version: node.version.clone()? }
            }
            NodeKind::Service | NodeKind::ServiceEntry => Self::Service { namespace, name: node.service.clone()? },
            NodeKind::Unknown | NodeKind::External | NodeKind::Box => return None,
        })
    }
}

impl fmt::Display for Focus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload { namespace, name } => write!(f, "workload:{namespace}/{name}"),
            Self::App { namespace, name } => write!(f, "app:{namespace}/{name}"),
            Self::VersionedApp { namespace, name, version } => write!(f, "versioned_app:{namespace}/{name}/{version}"),
            Self::Service { namespace, name } => write!(f, "service:{namespace}/{name}"),
        }
    }
}

impl FromStr for Focus {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "write workload:ns/name, app:ns/name, versioned_app:ns/name/version or service:ns/name";
        let (kind, rest) = text.split_once(':').ok_or(SHAPE)?;
        let parts: Vec<String> = rest.split('/').map(str::to_owned).collect();
        if parts.iter().any(|part| part.is_empty() || part.len() > 253) {
            return Err(SHAPE);
        }
        match (kind, <[String; 2]>::try_from(parts)) {
            ("workload", Ok([namespace, name])) => Ok(Self::Workload { namespace, name }),
            ("app", Ok([namespace, name])) => Ok(Self::App { namespace, name }),
            ("service", Ok([namespace, name])) => Ok(Self::Service { namespace, name }),
            ("versioned_app", Err(parts)) => match <[String; 3]>::try_from(parts) {
                Ok([namespace, name, version]) => Ok(Self::VersionedApp { namespace, name, version }),
                Err(_) => Err(SHAPE),
            },
            _ => Err(SHAPE),
        }
    }
}

impl Serialize for Focus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Focus {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What boxes are drawn, separated by commas (`cluster,namespace,app`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, ToSchema)]
#[schema(value_type = String)]
pub struct Boxes(pub Vec<BoxBy>);

impl Serialize for Boxes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let words: Vec<&str> = self
            .0
            .iter()
            .map(|by| match by {
                BoxBy::Cluster => "cluster",
                BoxBy::Namespace => "namespace",
                BoxBy::App => "app",
            })
            .collect();
        serializer.serialize_str(&words.join(","))
    }
}

impl<'de> Deserialize<'de> for Boxes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut boxes = Vec::new();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            boxes.push(match word {
                "cluster" => BoxBy::Cluster,
                "namespace" => BoxBy::Namespace,
                "app" => BoxBy::App,
                _ => return Err(serde::de::Error::custom("a box is cluster, namespace or app")),
            });
        }
        boxes.sort_unstable();
        boxes.dedup();
        Ok(Self(boxes))
    }
}

/// The parameters of `GET /t/{tenant}/topology`. Unknown ones are refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TopologyQuery {
    /// Granularity.
    pub graph: GraphType,
    /// Namespaces, comma-separated; all of the tenant's when empty.
    #[param(value_type = String)]
    pub namespaces: Names,
    /// Clusters, comma-separated; all when empty.
    #[param(value_type = String)]
    pub clusters: Names,
    /// Window of the rates, at most a day. Default `10m`.
    #[param(value_type = String)]
    pub duration: DurationSecs,
    /// Instant to look at; now when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = String)]
    pub at: Option<Timestamp>,
    /// HTTP telemetry.
    pub http: HttpTraffic,
    /// gRPC telemetry.
    pub grpc: GrpcTraffic,
    /// TCP telemetry.
    pub tcp: TcpTraffic,
    /// Put service nodes between the ends.
    pub service_nodes: bool,
    /// Keep edges without traffic in the window.
    pub idle_edges: bool,
    /// Keep nodes without traffic in the window.
    pub idle_nodes: bool,
    /// Ambient telemetry.
    pub ambient: Ambient,
    /// Boxes, comma-separated.
    #[serde(rename = "box")]
    #[param(value_type = String)]
    pub box_by: Boxes,
    /// Only this node and its neighbours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = String)]
    #[schema(value_type = String)]
    pub focus: Option<Focus>,
    /// Add positions.
    pub layout: bool,
}

impl Default for TopologyQuery {
    fn default() -> Self {
        Self {
            graph: GraphType::default(),
            namespaces: Names::default(),
            clusters: Names::default(),
            duration: DurationSecs(600),
            at: None,
            http: HttpTraffic::default(),
            grpc: GrpcTraffic::default(),
            tcp: TcpTraffic::default(),
            service_nodes: false,
            idle_edges: false,
            idle_nodes: false,
            ambient: Ambient::default(),
            box_by: Boxes(vec![BoxBy::Cluster, BoxBy::Namespace, BoxBy::App]),
            focus: None,
            layout: false,
        }
    }
}

/// What changed in a graph since the push before. Ids are the graph's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GraphDelta {
    /// The instant of the new graph.
    pub at: String,
    /// As in the graph.
    pub partial: bool,
    /// As in the graph.
    pub warnings: Vec<String>,
    /// Age of the new graph's data, milliseconds.
    pub age_ms: u64,
    /// Nodes that are new or differ, whole.
    pub nodes: Vec<Node>,
    /// Edges that are new or differ, whole.
    pub edges: Vec<Edge>,
    /// Nodes that are gone.
    pub removed_nodes: Vec<String>,
    /// Edges that are gone.
    pub removed_edges: Vec<String>,
    /// The new layout, when any place changed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub layout: Option<Layout>,
}

impl GraphDelta {
    /// What leads from `old` to `new`.
    pub fn between(old: &Graph, new: &Graph) -> Self {
        fn split<T: Clone + PartialEq>(old: &[T], new: &[T], id: impl Fn(&T) -> &String) -> (Vec<T>, Vec<String>) {
            let before: std::collections::BTreeMap<_, _> = old.iter().map(|item| (id(item), item)).collect();
            let after: std::collections::BTreeSet<_> = new.iter().map(&id).collect();
            let changed = new.iter().filter(|item| before.get(id(item)) != Some(item)).cloned().collect();
            let removed = old.iter().map(&id).filter(|id| !after.contains(id)).cloned().collect();
            (changed, removed)
        }
        let (nodes, removed_nodes) = split(&old.nodes, &new.nodes, |node| &node.id);
        let (edges, removed_edges) = split(&old.edges, &new.edges, |edge| &edge.id);
        Self {
            at: new.at.clone(),
            partial: new.partial,
            warnings: new.warnings.clone(),
            age_ms: new.age_ms,
            nodes,
            edges,
            removed_nodes,
            removed_edges,
            layout: if old.layout == new.layout { None } else { new.layout.clone() },
        }
    }

    /// Brings `graph` up to date. Nodes and edges stay sorted by id.
    pub fn apply(self, graph: &mut Graph) {
        fn merge<T>(items: &mut Vec<T>, changed: Vec<T>, removed: &[String], id: impl Fn(&T) -> &String) {
            items.retain(|item| !removed.contains(id(item)));
            for new in changed {
                match items.binary_search_by(|item| id(item).cmp(id(&new))) {
                    Ok(place) => items[place] = new,
                    Err(place) => items.insert(place, new),
                }
            }
        }
        merge(&mut graph.nodes, self.nodes, &self.removed_nodes, |node| &node.id);
        merge(&mut graph.edges, self.edges, &self.removed_edges, |edge| &edge.id);
        graph.at = self.at;
        graph.partial = self.partial;
        graph.warnings = self.warnings;
        graph.age_ms = self.age_ms;
        if self.layout.is_some() {
            graph.layout = self.layout;
        }
    }
}

/// Values at equal steps; the same grid for every series of one answer. `None` is a gap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Series {
    /// Name for the legend.
    pub name: String,
    /// One value per step.
    pub values: Vec<Option<f64>>,
}

/// Series on a common grid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SeriesSet {
    /// First instant.
    pub start: Timestamp,
    /// Distance of two values, seconds.
    pub step_secs: u64,
    /// The series.
    pub series: Vec<Series>,
}

/// One version of an app in the side panel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VersionRow {
    /// Canonical revision.
    pub version: String,
    /// Share of the requests, percent.
    pub share: f64,
    /// Share of failed requests, percent.
    pub error_percent: f64,
    /// 95th percentile, milliseconds.
    pub p95_ms: Option<f64>,
}

/// The certificate a node's sidecars serve, as far as metrics tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeCertificate {
    /// Seconds until the earliest expiry of its replicas; negative when it has passed.
    pub expires_in_secs: i64,
    /// True when less than 40 % of the lifetime is left although it renews at half: the rotation was missed.
    pub missed_rotation: bool,
}

/// A node's charts and tables for the side panel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeDetail {
    /// Requests per second: one series `requests`.
    pub requests: SeriesSet,
    /// Failed requests, percent: one series `errors`.
    pub errors: SeriesSet,
    /// Latency in milliseconds: series `p50`, `p95`, `p99`.
    pub latency: SeriesSet,
    /// TCP bytes per second: series `in`, `out`; empty when there is none.
    pub tcp: SeriesSet,
    /// Versions by share; empty when there is only one.
    pub versions: Vec<VersionRow>,
    /// Certificate, where a metric tells.
    pub certificate: Option<NodeCertificate>,
    /// What could not be read.
    pub warnings: Vec<String>,
}

/// The mesh graph.
#[async_trait]
pub trait Topology: Send + Sync {
    /// The graph as asked for. Answers from a short cache; with the last good answer and its age when the store is down.
    async fn graph(&self, query: TopologyQuery) -> Result<Graph, ApiError>;
    /// Charts and tables of one node.
    async fn node(&self, focus: Focus, range: TimeRange) -> Result<NodeDetail, ApiError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn focus_reads_what_it_prints() {
        for text in [
            "workload:shop/payments-v1",
            "app:shop/payments",
            "versioned_app:shop/payments/v1",
            "service:shop/payments",
        ] {
            assert_eq!(text.parse::<Focus>().map(|focus| focus.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "app", "app:shop", "app:shop/", "pod:shop/x", "app:a/b/c", "versioned_app:a/b"] {
            assert!(text.parse::<Focus>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_delta_leads_from_one_graph_to_the_other() {
        let node = |id: &str, rate| Node {
            id: id.into(),
            kind: mesh::topology::NodeKind::App,
            cluster: "c".into(),
            namespace: "n".into(),
            workload: None,
            app: Some(id.into()),
            version: None,
            service: None,
            parent: None,
            dest_services: vec![],
            rates: mesh::topology::NodeRates { http_in: rate, ..Default::default() },
            health: mesh::topology::Health::default(),
            flags: vec![],
        };
        let old = Graph { nodes: vec![node("a", 1.0), node("b", 1.0)], at: "1".into(), ..Graph::default() };
        let new = Graph { nodes: vec![node("b", 2.0), node("c", 1.0)], at: "2".into(), ..Graph::default() };
        let delta = GraphDelta::between(&old, &new);
        assert_eq!(delta.removed_nodes, ["a"]);
        assert_eq!(delta.nodes.len(), 2);
        let mut graph = old;
        delta.apply(&mut graph);
        assert_eq!(graph, new);
    }
}
