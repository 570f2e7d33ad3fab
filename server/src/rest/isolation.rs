//! The isolation proof of a tenant.

use axum::{Json, extract::State};
use contract::isolation::IsolationProof;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::{HttpError, Problem},
    extract::{Caller, InTenant},
    state::AppState,
};

/// `/t/{tenant}/isolation-proof`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(prove))
}

/// Asks canary questions as this tenant and says what came of each. Reads only; written into the tenant's audit log.
#[utoipa::path(post, path = "/t/{tenant}/isolation-proof", tag = "administration", params(("tenant" = String, Path)), responses(
    (status = 200, body = IsolationProof), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem, description = "Another run is under way")))]
async fn prove(
    State(state): State<AppState>,
    caller: Caller,
    place: InTenant,
) -> Result<Json<IsolationProof>, HttpError> {
    Ok(Json(state.backend.prove_isolation(&caller.0, &place.scope).await?))
}
