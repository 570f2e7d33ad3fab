//! A portal with one mesh. Remembers what it was asked for.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::{
    ApiError, Door, ErrorCode, Portal, Role, TenantSlug, TimeRange,
    auth::{Account, Me, Membership, Shell, User},
    demo::DemoControl,
    overview::{EmptyCheck, Overview, OverviewPage, OverviewQuery},
    policies::{Diffed, Evaluated, Linted, Policies},
    stores::{Signal, StoreState, StoreStatus, Stores},
    topology::{Focus, Graph, NodeDetail, Topology, TopologyQuery},
};
use mesh::topology::{Edge, HealthStatus, LayoutMemory, Node, NodeKind, layout};

use crate::mesh_fixture::{AT, mk_detail, mk_graph, node_id};

/// A caller and a mesh.
#[derive(Clone)]
pub struct World {
    graph: Result<Graph, ApiError>,
    me: Option<Me>,
    asked: Arc<Mutex<Vec<TopologyQuery>>>,
}

impl Default for World {
    fn default() -> Self {
        let user =
            User { id: "u1".into(), email: "ana@acme.test".into(), name: "Ana Alvarez".into(), platform_admin: false };
        let tenant = "acme".parse().expect("a slug");
        let memberships = vec![Membership { tenant, name: "Acme · prod".into(), role: Role::Viewer }];
        Self { graph: Ok(mk_graph()), me: Some(Me { user, memberships }), asked: Arc::default() }
    }
}

impl World {
    fn with(graph: Result<Graph, ApiError>) -> Self {
        Self { graph, ..Self::default() }
    }

    /// No traffic at all.
    pub fn empty() -> Self {
        Self::with(Ok(Graph { at: AT.into(), duration_s: 60, layout: Some(Default::default()), ..Graph::default() }))
    }

    /// An answer from three minutes ago with a part missing.
    pub fn stale() -> Self {
        let warnings = vec!["p99 could not be read.".into()];
        Self::with(Ok(Graph { age_ms: 180_000, partial: true, warnings, ..mk_graph() }))
    }

    /// The store never answered.
    pub fn down() -> Self {
        let mut error = ApiError::new(ErrorCode::StoreUnavailable, "The metrics store refuses connections.");
        error.store = Some("prom-a".into());
        Self::with(Err(error))
    }

    /// Nobody is signed in.
    pub fn signed_out() -> Self {
        Self { me: None, ..Self::default() }
    }

    /// A mesh over three namespaces and two clusters, laid out as the backend does it.
    pub fn wide() -> Self {
        let mut graph = mk_graph();
        let model = |name: &str| graph.nodes.iter().find(|node| node.id == node_id(name)).cloned().expect("a node");
        let mut nodes: Vec<Node> = Vec::new();
        for (name, namespace) in [
            ("llm-app", "ai"),
            ("model-stub", "ai"),
            ("sample-app", "platform"),
            ("email", "shop"),
            ("legacy", "platform"),
        ] {
            let mut node = model("cart");
            node.id = node_id(name);
            node.app = Some(name.into());
            node.namespace = namespace.into();
            node.cluster = if namespace == "ai" { "west".into() } else { "east".into() };
            node.parent = None;
            nodes.push(node);
        }
        for (namespace, cluster) in [("ai", "west"), ("platform", "east")] {
            let mut around = model("box-shop");
            around.id = node_id(&format!("box-{namespace}"));
            around.namespace = namespace.into();
            around.cluster = cluster.into();
            for node in nodes.iter_mut().filter(|node| node.namespace == namespace) {
                node.parent = Some(around.id.clone());
            }
            nodes.push(around);
        }
        for node in nodes.iter_mut().filter(|node| node.namespace == "shop" && node.kind != NodeKind::Box) {
            node.parent = Some(node_id("box-shop"));
        }
        let edge = graph.edges.iter().find(|edge| edge.target == node_id("cart")).cloned().expect("an edge");
        for (source, target, rate, mtls) in [
            ("storefront", "llm-app", 6.0, Some(100.0)),
            ("llm-app", "model-stub", 5.2, Some(100.0)),
            ("checkout", "email", 3.1, Some(100.0)),
            ("legacy", "catalog", 0.4, Some(0.0)),
            ("istio-ingress", "sample-app", 2.0, None),
            ("sample-app", "cache", 1.0, Some(62.0)),
        ] {
            graph.edges.push(Edge {
                id: format!("e-{}-{}", node_id(source), node_id(target)),
                source: node_id(source),
                target: node_id(target),
                rate,
                percent_error: 0.0,
                health: HealthStatus::Healthy,
                mtls: mesh::topology::EdgeMtls { percent: mtls, ..edge.mtls.clone() },
                ..edge.clone()
            });
        }
        graph.nodes.extend(nodes);
        graph.nodes.sort_by(|a, b| a.id.cmp(&b.id));
        graph.edges.sort_by(|a, b| a.id.cmp(&b.id));
        graph.layout = Some(layout(&graph, &mut LayoutMemory::default()));
        Self::with(Ok(graph))
    }

    /// The queries the backend got.
    pub fn asked(&self) -> Vec<TopologyQuery> {
        self.asked.lock().expect("no test panics while it asks").clone()
    }
}

impl Door for World {
    fn me(&self) -> Option<&Me> {
        self.me.as_ref()
    }

    fn portal(&self, tenant: &TenantSlug) -> Result<Arc<dyn Portal>, ApiError> {
        let me = self.me.as_ref().ok_or_else(ApiError::unauthenticated)?;
        if !me.memberships.iter().any(|membership| &membership.tenant == tenant) {
            return Err(ApiError::not_found("This tenant"));
        }
        Ok(Arc::new(self.clone()))
    }
}

impl Portal for World {
    fn account(&self) -> &dyn Account {
        self
    }
    fn overview(&self) -> &dyn Overview {
        self
    }
    fn topology(&self) -> &dyn Topology {
        self
    }
    fn policies(&self) -> &dyn Policies {
        self
    }
    fn stores(&self) -> &dyn Stores {
        self
    }
    fn demo(&self) -> Result<&dyn DemoControl, ApiError> {
        Err(ApiError::not_found("The demo"))
    }
}

#[async_trait]
impl Policies for World {
    async fn evaluate(&self, _: String) -> Result<Evaluated, ApiError> {
        Err(ApiError::not_found("This page"))
    }
    async fn lint(&self, _: String) -> Result<Linted, ApiError> {
        Err(ApiError::not_found("This page"))
    }
    async fn diff(&self, _: String) -> Result<Diffed, ApiError> {
        Err(ApiError::not_found("This page"))
    }
}

impl Account for World {
    fn shell(&self) -> Shell {
        let me = self.me.clone().expect("only members get a portal");
        let tenant = me.memberships[0].clone();
        Shell {
            me,
            tenant,
            namespaces: vec!["shop".into(), "ai".into()],
            demo: false,
            settings: false,
            observing: false,
        }
    }
}

#[async_trait]
impl Topology for World {
    async fn graph(&self, query: TopologyQuery) -> Result<Graph, ApiError> {
        self.asked.lock().expect("no test panics while it asks").push(query);
        self.graph.clone()
    }

    async fn node(&self, focus: Focus, _: TimeRange) -> Result<NodeDetail, ApiError> {
        if focus.name() == "payments" { Ok(mk_detail()) } else { Err(ApiError::not_found("This node")) }
    }
}

#[async_trait]
impl Overview for World {
    async fn page(&self, _: OverviewQuery) -> Result<OverviewPage, ApiError> {
        Ok(OverviewPage::default())
    }

    async fn empty_checks(&self) -> Result<Vec<EmptyCheck>, ApiError> {
        let check = |question: &str, passed, finding: &str| EmptyCheck {
            question: question.into(),
            passed,
            finding: finding.into(),
        };
        Ok(vec![
            check("Do the pods have sidecars?", Some(true), "14 of them report."),
            check("Are they scraped, and was it scraped lately?", Some(false), "No sample within the last 5 minutes."),
            check("Is the window long enough?", Some(true), "1 minute holds 12 scrapes."),
            check("Are these the right namespaces?", None, "Could not be checked without samples."),
            check("Does the tenant see them?", Some(true), "acme sees shop and ai."),
        ])
    }
}

#[async_trait]
impl Stores for World {
    async fn status(&self) -> Result<Vec<StoreStatus>, ApiError> {
        Ok(vec![StoreStatus {
            name: "prom-a".into(),
            kind: "prometheus".into(),
            signal: Signal::Metrics,
            state: StoreState::Ok,
            latency_ms: Some(18),
            since: AT.parse().expect("a time"),
            message: None,
            retry_at: None,
        }])
    }
}
