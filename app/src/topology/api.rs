//! Server functions of the topology.

use contract::{
    TenantSlug, TimeRange,
    overview::EmptyCheck,
    topology::{Focus, Graph, NodeDetail, SeriesSet, TopologyQuery},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::GetUrl;

use crate::platform::{Text, UiError};

/// Arguments of [`topology_graph`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphArgs {
    /// The tenant of the page.
    pub tenant: TenantSlug,
    /// What to show.
    #[serde(default)]
    pub query: TopologyQuery,
}

/// Arguments of [`topology_node`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeArgs {
    /// The tenant of the page.
    pub tenant: TenantSlug,
    /// The node.
    pub focus: Focus,
    /// Range of the charts.
    pub range: TimeRange,
}

/// Arguments of [`topology_strip`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripArgs {
    /// The tenant of the page.
    pub tenant: TenantSlug,
    /// The range to choose an instant of.
    pub range: TimeRange,
}

/// Arguments of [`topology_empty_checks`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyArgs {
    /// The tenant of the page.
    pub tenant: TenantSlug,
}

/// The graph with its layout.
#[server(prefix = "/ui", endpoint = "topology/graph", input = GetUrl, output = Text)]
pub async fn topology_graph(
    /// Tenant and view options.
    args: GraphArgs,
) -> Result<Graph, UiError> {
    Ok(crate::platform::portal(&args.tenant)?.topology().graph(args.query).await?)
}

/// Charts and tables of one node.
#[server(prefix = "/ui", endpoint = "topology/node", input = GetUrl, output = Text)]
pub async fn topology_node(
    /// Tenant, node and range.
    args: NodeArgs,
) -> Result<NodeDetail, UiError> {
    Ok(crate::platform::portal(&args.tenant)?.topology().node(args.focus, args.range).await?)
}

/// The tenant's requests per second over a range, to choose an instant by. The overview draws the same.
#[server(prefix = "/ui", endpoint = "topology/strip", input = GetUrl, output = Text)]
pub async fn topology_strip(
    /// Tenant and range.
    args: StripArgs,
) -> Result<SeriesSet, UiError> {
    let StripArgs { tenant, range } = args;
    Ok(crate::platform::portal(&tenant)?.overview().page(contract::overview::OverviewQuery { range }).await?.requests)
}

/// Why there is nothing to see.
#[server(prefix = "/ui", endpoint = "topology/empty-checks", input = GetUrl, output = Text)]
pub async fn topology_empty_checks(
    /// The tenant.
    args: EmptyArgs,
) -> Result<Vec<EmptyCheck>, UiError> {
    Ok(crate::platform::portal(&args.tenant)?.overview().empty_checks().await?)
}
