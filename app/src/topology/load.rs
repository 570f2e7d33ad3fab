//! What the page starts with: asked for by the URL, fetched before anything is drawn.

use contract::{
    TenantSlug,
    overview::EmptyCheck,
    topology::{Focus, Graph, NodeDetail},
};
use serde::{Deserialize, Serialize};

use super::{
    api::{EmptyArgs, GraphArgs, NodeArgs, topology_empty_checks, topology_graph, topology_node},
    view::View,
};
use crate::platform::{UiError, now, set_status};

/// The data the page starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct First {
    /// The graph.
    pub graph: Graph,
    /// Charts of the selected node, where one is selected.
    pub detail: Option<Result<NodeDetail, UiError>>,
    /// Why the graph is empty, when it is.
    pub checks: Vec<EmptyCheck>,
}

/// What a view asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The graph.
    pub graph: GraphArgs,
    /// The selected node.
    pub node: Option<NodeArgs>,
}

impl Asked {
    /// What this view asks for.
    pub fn new(tenant: &TenantSlug, view: &View) -> Self {
        let node = |focus: Focus| NodeArgs { tenant: tenant.clone(), focus, range: view.range };
        Self {
            graph: GraphArgs { tenant: tenant.clone(), query: view.query(now()) },
            node: view.sel.as_ref().and_then(|sel| sel.parse().ok()).map(node),
        }
    }
}

/// Fetches what the page starts with. A panel that cannot be read does not cost the graph.
pub async fn load(asked: Asked) -> Result<First, UiError> {
    let tenant = asked.graph.tenant.clone();
    let detail = async {
        match asked.node {
            Some(args) => Some(topology_node(args).await),
            None => None,
        }
    };
    let (graph, detail) = futures::future::join(topology_graph(asked.graph), detail).await;
    let graph = graph?;
    let checks = if graph.nodes.is_empty() {
        topology_empty_checks(EmptyArgs { tenant }).await.unwrap_or_default()
    } else {
        Vec::new()
    };
    set_status(200);
    Ok(First { graph, detail, checks })
}
