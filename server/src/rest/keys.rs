//! API keys and service accounts of a tenant.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderName, StatusCode},
};
use backend::scope::Permission;
use contract::{
    ApiError,
    keys::{
        ApiKey, ApiKeyPage, ApiKeyQuery, MadeApiKey, NewApiKey, RotateApiKey, ServiceAccount, ServiceAccountInput,
        ServiceAccountPage,
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::etag::{IfMatch, etag, header_of};
use crate::{
    error::{HttpError, Problem},
    extract::{Caller, InTenant, Params},
    state::AppState,
};

/// `/t/{tenant}/api-keys…` and `/t/{tenant}/service-accounts…`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_keys, create_key))
        .routes(routes!(get_key, revoke_key))
        .routes(routes!(rotate_key))
        .routes(routes!(list_service_accounts, create_service_account))
        .routes(routes!(get_service_account, update_service_account, delete_service_account))
}

type Sent<T> = Result<Json<T>, JsonRejection>;
type Versioned<T> = ([(HeaderName, String); 1], Json<T>);

fn read<T>(body: Sent<T>, fields: &str) -> Result<T, HttpError> {
    body.map(|Json(value)| value).map_err(|rejection| {
        let text = rejection.body_text();
        ApiError::invalid("", format!("Send a JSON object with the members {fields} ({text}).")).into()
    })
}

/// Keys, newest first: the caller's own, or everybody's for who manages keys.
#[utoipa::path(get, path = "/t/{tenant}/api-keys", tag = "keys", params(("tenant" = String, Path),
    ("limit" = Option<u32>, Query, description = "1 to 200, 50 when absent"), ("cursor" = Option<String>, Query)), responses(
    (status = 200, body = ApiKeyPage), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn list_keys(
    State(state): State<AppState>,
    place: InTenant,
    Params(query): Params<ApiKeyQuery>,
) -> Result<Json<ApiKeyPage>, HttpError> {
    Ok(Json(state.backend.keys().list(&place.scope, &query, state.backend.clock().now()).await?))
}

/// Makes a key, the caller's own or a service account's. The answer is the only place that ever has it.
#[utoipa::path(post, path = "/t/{tenant}/api-keys", tag = "keys", params(("tenant" = String, Path)), request_body = NewApiKey,
    responses((status = 201, body = MadeApiKey), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem, description = "As many keys as the plan allows")))]
async fn create_key(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    place: InTenant,
    body: Sent<NewApiKey>,
) -> Result<(StatusCode, Json<MadeApiKey>), HttpError> {
    visitor.without_token()?;
    let asked = read(body, "name, role and scopes")?;
    let made = state.backend.keys().create(&place.scope, &asked, state.backend.clock().now()).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// One key. Its ETag does not change when it is used.
#[utoipa::path(get, path = "/t/{tenant}/api-keys/{id}", tag = "keys", params(("tenant" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = ApiKey), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn get_key(
    State(state): State<AppState>,
    place: InTenant,
    Path((_, id)): Path<(String, String)>,
) -> Result<Versioned<ApiKey>, HttpError> {
    let key = state.backend.keys().get(&place.scope, &id, state.backend.clock().now()).await?;
    Ok((header_of(etag(&key.without_use())), Json(key)))
}

/// Revokes a key at once.
#[utoipa::path(delete, path = "/t/{tenant}/api-keys/{id}", tag = "keys", params(("tenant" = String, Path), ("id" = String, Path),
    ("If-Match" = String, Header)), responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn revoke_key(
    State(state): State<AppState>,
    place: InTenant,
    Path((_, id)): Path<(String, String)>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, HttpError> {
    state.backend.keys().revoke(&place.scope, &id, Some(&version), state.backend.clock().now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a key that takes over from another; the old one keeps working for the overlap.
#[utoipa::path(post, path = "/t/{tenant}/api-keys/{id}/rotate", tag = "keys", params(("tenant" = String, Path), ("id" = String, Path),
    ("If-Match" = String, Header)), request_body = RotateApiKey, responses((status = 201, body = MadeApiKey),
    (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn rotate_key(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    place: InTenant,
    Path((_, id)): Path<(String, String)>,
    IfMatch(version): IfMatch,
    body: Sent<RotateApiKey>,
) -> Result<(StatusCode, Json<MadeApiKey>), HttpError> {
    visitor.without_token()?;
    let asked = read(body, "overlap and expires_in_days, or an empty one")?;
    let now = state.backend.clock().now();
    let made = state.backend.keys().rotate(&place.scope, &id, &asked, Some(&version), now).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Service accounts, by name.
#[utoipa::path(get, path = "/t/{tenant}/service-accounts", tag = "keys", params(("tenant" = String, Path)), responses(
    (status = 200, body = ServiceAccountPage), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn list_service_accounts(
    State(state): State<AppState>,
    place: InTenant,
) -> Result<Json<ServiceAccountPage>, HttpError> {
    Ok(Json(state.backend.keys().accounts(&place.scope, state.backend.clock().now()).await?))
}

/// Makes a service account.
#[utoipa::path(post, path = "/t/{tenant}/service-accounts", tag = "keys", params(("tenant" = String, Path)),
    request_body = ServiceAccountInput, responses((status = 201, body = ServiceAccount), (status = 400, body = Problem),
    (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn create_service_account(
    State(state): State<AppState>,
    place: InTenant,
    body: Sent<ServiceAccountInput>,
) -> Result<(StatusCode, Versioned<ServiceAccount>), HttpError> {
    place.scope.require(Permission::ManageKeys)?;
    let asked = read(body, "name and role")?;
    let made = state.backend.keys().create_account(&place.scope, &asked, state.backend.clock().now()).await?;
    Ok((StatusCode::CREATED, (header_of(etag(&made.without_keys())), Json(made))))
}

/// One service account.
#[utoipa::path(get, path = "/t/{tenant}/service-accounts/{id}", tag = "keys", params(("tenant" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = ServiceAccount), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn get_service_account(
    State(state): State<AppState>,
    place: InTenant,
    Path((_, id)): Path<(String, String)>,
) -> Result<Versioned<ServiceAccount>, HttpError> {
    let account = state.backend.keys().account(&place.scope, &id, state.backend.clock().now()).await?;
    Ok((header_of(etag(&account.without_keys())), Json(account)))
}

/// Changes a service account's name and role; the role is at once the most its keys can do.
#[utoipa::path(put, path = "/t/{tenant}/service-accounts/{id}", tag = "keys", params(("tenant" = String, Path), ("id" = String, Path),
    ("If-Match" = String, Header)), request_body = ServiceAccountInput, responses((status = 200, body = ServiceAccount),
    (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn update_service_account(
    State(state): State<AppState>,
    place: InTenant,
    Path((_, id)): Path<(String, String)>,
    version: Result<IfMatch, HttpError>,
    body: Sent<ServiceAccountInput>,
) -> Result<Versioned<ServiceAccount>, HttpError> {
    place.scope.require(Permission::ManageKeys)?;
    let (IfMatch(version), asked) = (version?, read(body, "name and role")?);
    let now = state.backend.clock().now();
    let changed = state.backend.keys().update_account(&place.scope, &id, &asked, Some(&version), now).await?;
    Ok((header_of(etag(&changed.without_keys())), Json(changed)))
}

/// Deletes a service account with its keys.
#[utoipa::path(delete, path = "/t/{tenant}/service-accounts/{id}", tag = "keys", params(("tenant" = String, Path), ("id" = String, Path),
    ("If-Match" = String, Header)), responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn delete_service_account(
    State(state): State<AppState>,
    place: InTenant,
    Path((_, id)): Path<(String, String)>,
    version: Result<IfMatch, HttpError>,
) -> Result<StatusCode, HttpError> {
    place.scope.require(Permission::ManageKeys)?;
    let IfMatch(version) = version?;
    state.backend.keys().delete_account(&place.scope, &id, Some(&version), state.backend.clock().now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
