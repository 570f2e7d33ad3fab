//! State of the tenant's stores.

use axum::Json;
use contract::stores::StoreStatus;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::{HttpError, Problem},
    extract::InTenant,
    state::AppState,
};

/// `/t/{tenant}/stores`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(status))
}

/// How the stores of the tenant are doing.
#[utoipa::path(get, path = "/t/{tenant}/stores", tag = "stores", params(("tenant" = String, Path)), responses(
    (status = 200, body = Vec<StoreStatus>), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn status(place: InTenant) -> Result<Json<Vec<StoreStatus>>, HttpError> {
    Ok(Json(place.portal.stores().status().await?))
}
