//! The mesh graph and its exports.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use contract::{
    TimeRange,
    topology::{Focus, Graph, NodeDetail, TopologyQuery},
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::{HttpError, Problem},
    extract::{InTenant, Params},
    state::AppState,
};

/// `/t/{tenant}/topology…`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(graph))
        .routes(routes!(svg))
        .routes(routes!(dot))
        .routes(routes!(csv))
        .routes(routes!(node))
}

/// The mesh graph.
#[utoipa::path(get, path = "/t/{tenant}/topology", tag = "topology", params(("tenant" = String, Path), TopologyQuery), responses(
    (status = 200, body = Graph), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 502, body = Problem), (status = 504, body = Problem)))]
async fn graph(place: InTenant, Params(query): Params<TopologyQuery>) -> Result<Json<Graph>, HttpError> {
    Ok(Json(place.portal.topology().graph(query).await?))
}

/// The graph as a standalone drawing.
#[utoipa::path(get, path = "/t/{tenant}/topology.svg", tag = "topology", params(("tenant" = String, Path), TopologyQuery), responses(
    (status = 200, content_type = "image/svg+xml"), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn svg(place: InTenant, Params(query): Params<TopologyQuery>) -> Result<Response, HttpError> {
    let graph = place.portal.topology().graph(TopologyQuery { layout: true, ..query }).await?;
    Ok(file("image/svg+xml", "topology.svg", mesh::topology::svg(&graph, mesh::topology::Theme::Auto)))
}

/// The graph for Graphviz.
#[utoipa::path(get, path = "/t/{tenant}/topology.dot", tag = "topology", params(("tenant" = String, Path), TopologyQuery), responses(
    (status = 200, content_type = "text/vnd.graphviz"), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn dot(place: InTenant, Params(query): Params<TopologyQuery>) -> Result<Response, HttpError> {
    let graph = place.portal.topology().graph(query).await?;
    Ok(file("text/vnd.graphviz; charset=utf-8", "topology.dot", mesh::topology::dot(&graph)))
}

/// The edges as a table.
#[utoipa::path(get, path = "/t/{tenant}/topology.csv", tag = "topology", params(("tenant" = String, Path), TopologyQuery), responses(
    (status = 200, content_type = "text/csv"), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn csv(place: InTenant, Params(query): Params<TopologyQuery>) -> Result<Response, HttpError> {
    let graph = place.portal.topology().graph(query).await?;
    Ok(file("text/csv; charset=utf-8", "topology.csv", mesh::topology::csv(&graph)))
}

/// What to show of which node.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct NodeParams {
    /// The node: `workload:ns/name`, `app:ns/name`, `versioned_app:ns/name/version` or `service:ns/name`.
    #[param(value_type = String)]
    focus: Focus,
    /// `from..to`; the last hour when absent.
    #[serde(default)]
    #[param(value_type = String)]
    range: TimeRange,
}

/// Charts and tables of one node.
#[utoipa::path(get, path = "/t/{tenant}/topology/node", tag = "topology", params(("tenant" = String, Path), NodeParams), responses(
    (status = 200, body = NodeDetail), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn node(place: InTenant, Params(params): Params<NodeParams>) -> Result<Json<NodeDetail>, HttpError> {
    Ok(Json(place.portal.topology().node(params.focus, params.range).await?))
}

/// A download. SVG opened as a page of ours must not run anything, which the answer's content security policy sees to.
fn file(kind: &'static str, name: &str, body: String) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}
