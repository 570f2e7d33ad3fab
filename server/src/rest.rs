//! The HTTP API under `/api/v1`, one file per slice, and its OpenAPI description.

pub mod audit;
pub mod auth;
pub mod demo;
pub mod etag;
mod identity_providers;
mod isolation;
mod keys;
mod live;
mod members;
pub mod oidc;
mod overview;
mod people;
mod policies;
mod store_admin;
mod stores;
mod tenants;
mod topology;

use axum::{Json, Router, response::Html, routing::get};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

#[derive(OpenApi)]
#[openapi(
    info(title = "Obstack", description = "Multi-tenant observability and service-mesh portal.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    servers((url = "/api/v1")),
    components(schemas(crate::error::Problem, contract::live::Subscribe, contract::topology::GraphDelta))
)]
struct ApiDoc;

fn documented() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(version))
        .merge(auth::routes())
        .merge(oidc::routes())
        .merge(identity_providers::routes())
        .merge(overview::routes())
        .merge(topology::routes())
        .merge(policies::routes())
        .merge(stores::routes())
        .merge(store_admin::routes())
        .merge(isolation::routes())
        .merge(demo::routes())
        .merge(live::routes())
        .merge(audit::routes())
        .merge(tenants::routes())
        .merge(members::routes())
        .merge(people::routes())
        .merge(keys::routes())
}

/// All routes of the API, its description and a page to read that with.
pub fn router() -> Router<AppState> {
    let (router, api) = documented().split_for_parts();
    let api = std::sync::Arc::new(api);
    router
        .route("/openapi.json", get(move || async move { Json(api.as_ref().clone()) }))
        .route("/docs", get(|| async { Html(docs_page()) }))
}

/// The description as committed in `docs/openapi.json`.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    documented().into_openapi().to_pretty_json()
}

/// A plain page that lists the operations; no scripts, nothing loaded from elsewhere.
fn docs_page() -> String {
    let api = documented().into_openapi();
    let mut rows = String::new();
    for (path, item) in &api.paths.paths {
        let operations = [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                // Summaries come from our own doc comments.
                let summary = operation.summary.as_deref().unwrap_or_default();
                rows.push_str(&format!(
                    "<tr><td>{method}</td><td><code>/api/v1{path}</code></td><td>{summary}</td></tr>"
                ));
            }
        }
    }
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Obstack API</title></head><body><main><h1>Obstack API</h1>\
         <p>The whole description: <a href=\"/api/v1/openapi.json\">openapi.json</a></p>\
         <table><thead><tr><th>Method</th><th>Path</th><th>What it does</th></tr></thead><tbody>{rows}</tbody></table></main></body></html>"
    )
}

/// What runs here.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct Version {
    /// Semantic version.
    version: &'static str,
}

/// The version of this portal.
#[utoipa::path(get, path = "/version", tag = "operations", responses((status = 200, body = Version)))]
async fn version() -> Json<Version> {
    Json(Version { version: env!("CARGO_PKG_VERSION") })
}
