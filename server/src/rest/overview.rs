//! The home page's data.

use axum::Json;
use contract::overview::{OverviewPage, OverviewQuery};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::{HttpError, Problem},
    extract::{InTenant, Params},
    state::AppState,
};

/// `/t/{tenant}/overview`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(page))
}

/// Verdict, numbers, services by pain, changes and stores of the tenant.
#[utoipa::path(get, path = "/t/{tenant}/overview", tag = "overview", params(("tenant" = String, Path), OverviewQuery), responses(
    (status = 200, body = OverviewPage), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn page(place: InTenant, Params(query): Params<OverviewQuery>) -> Result<Json<OverviewPage>, HttpError> {
    Ok(Json(place.portal.overview().page(query).await?))
}
