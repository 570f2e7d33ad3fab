//! The switchboard of the demo mesh.

use axum::{Json, extract::Path, http::StatusCode};
use contract::{
    ApiError, ErrorCode,
    demo::{Fault, FaultState},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::{HttpError, Problem},
    extract::InTenant,
    state::AppState,
};

/// `/t/{tenant}/demo/faults…`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(start, stop))
}

/// The faults and whether they are on. Only where a demo runs.
#[utoipa::path(get, path = "/t/{tenant}/demo/faults", tag = "demo", params(("tenant" = String, Path)), responses(
    (status = 200, body = Vec<FaultState>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn list(place: InTenant) -> Result<Json<Vec<FaultState>>, HttpError> {
    Ok(Json(place.portal.demo()?.faults()))
}

/// Switches a fault on for five minutes.
#[utoipa::path(put, path = "/t/{tenant}/demo/faults/{fault}", tag = "demo", params(("tenant" = String, Path), ("fault" = String, Path)), responses(
    (status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn start(place: InTenant, Path((_, fault)): Path<(String, String)>) -> Result<StatusCode, HttpError> {
    place.portal.demo()?.start(named(&fault)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switches a fault off.
#[utoipa::path(delete, path = "/t/{tenant}/demo/faults/{fault}", tag = "demo", params(("tenant" = String, Path), ("fault" = String, Path)), responses(
    (status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn stop(place: InTenant, Path((_, fault)): Path<(String, String)>) -> Result<StatusCode, HttpError> {
    place.portal.demo()?.stop(named(&fault)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The fault of this name in a path.
pub fn named(name: &str) -> Result<Fault, ApiError> {
    Fault::from_name(name).ok_or_else(|| ApiError::new(ErrorCode::NotFound, "There is no such fault."))
}
