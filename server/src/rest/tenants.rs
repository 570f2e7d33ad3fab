//! Tenants and their settings.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderName, StatusCode, header},
};
use backend::tenants::TenantSettings;
use contract::{
    ApiError, TenantSlug,
    tenants::{
        CreatedTenant, ListQuery, NewTenant, Settings, SettingsChange, Suspension, Tenant, TenantChange, TenantPage,
    },
};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::etag::{IfMatch, etag};
use crate::{
    error::{HttpError, Problem},
    extract::{Caller, InTenant, Params},
    state::AppState,
};

/// An answer with its version.
pub type Versioned<T> = ([(HeaderName, String); 1], Json<T>);

/// The answer and the version that a write to it must name.
pub fn versioned<T: Serialize>(value: T) -> Versioned<T> {
    ([(header::ETAG, etag(&value))], Json(value))
}

/// What was sent as JSON, or a problem that says what does not fit.
pub fn sent<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, HttpError> {
    let Json(value) = body.map_err(|rejection| ApiError::invalid("", rejection.body_text()))?;
    Ok(value)
}

/// A tenant of the path; what cannot be one does not exist.
fn named(slug: &str) -> Result<TenantSlug, HttpError> {
    slug.parse().map_err(|_| ApiError::not_found("This tenant").into())
}

/// `/admin/tenants…` and `/t/{tenant}/settings`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(suspend))
        .routes(routes!(resume))
        .routes(routes!(settings, change_settings))
}

/// Tenants by slug, with what depends on them.
#[utoipa::path(get, path = "/admin/tenants", tag = "administration", params(
    ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = TenantPage), (status = 403, body = Problem)))]
async fn list(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    query: Result<Params<ListQuery>, HttpError>,
) -> Result<Json<TenantPage>, HttpError> {
    let operator = visitor.operator()?;
    let Params(query) = query?;
    Ok(Json(state.backend.tenants().list(&operator, &query).await?))
}

/// Makes a tenant; with `first_admin`, the answer has the link that invites them.
#[utoipa::path(post, path = "/admin/tenants", tag = "administration", request_body = NewTenant,
    responses((status = 201, body = CreatedTenant), (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn create(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    body: Result<Json<NewTenant>, JsonRejection>,
) -> Result<(StatusCode, Versioned<CreatedTenant>), HttpError> {
    let operator = visitor.operator()?;
    let made = state.backend.tenants().create(&operator, &sent(body)?).await?;
    Ok((StatusCode::CREATED, ([(header::ETAG, etag(&made.tenant))], Json(made))))
}

/// One tenant.
#[utoipa::path(get, path = "/admin/tenants/{slug}", tag = "administration", params(("slug" = String, Path)),
    responses((status = 200, body = Tenant), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn get(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(slug): Path<String>,
) -> Result<Versioned<Tenant>, HttpError> {
    let operator = visitor.operator()?;
    Ok(versioned(state.backend.tenants().get(&operator, &named(&slug)?).await?))
}

/// Writes name, plan, mesh scope and stores of a tenant.
#[utoipa::path(put, path = "/admin/tenants/{slug}", tag = "administration", request_body = TenantChange,
    params(("slug" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Tenant), (status = 400, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem),
              (status = 428, body = Problem)))]
async fn update(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(slug): Path<String>,
    version: Result<IfMatch, HttpError>,
    body: Result<Json<TenantChange>, JsonRejection>,
) -> Result<Versioned<Tenant>, HttpError> {
    let operator = visitor.operator()?;
    let IfMatch(version) = version?;
    let change = sent(body)?;
    Ok(versioned(state.backend.tenants().update(&operator, &named(&slug)?, &change, Some(&version)).await?))
}

/// Deletes a tenant with its members, invitations, keys and sign-in providers. Everybody is out at once.
#[utoipa::path(delete, path = "/admin/tenants/{slug}", tag = "administration",
    params(("slug" = String, Path), ("If-Match" = String, Header)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn delete(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(slug): Path<String>,
    version: Result<IfMatch, HttpError>,
) -> Result<StatusCode, HttpError> {
    let operator = visitor.operator()?;
    let IfMatch(version) = version?;
    state.backend.tenants().delete(&operator, &named(&slug)?, None, Some(&version)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shuts a tenant: nobody but platform administrators gets in. Everything stays.
#[utoipa::path(post, path = "/admin/tenants/{slug}/suspend", tag = "administration", request_body = Suspension,
    params(("slug" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Tenant), (status = 400, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn suspend(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(slug): Path<String>,
    version: Result<IfMatch, HttpError>,
    body: Result<Json<Suspension>, JsonRejection>,
) -> Result<Versioned<Tenant>, HttpError> {
    let operator = visitor.operator()?;
    let IfMatch(version) = version?;
    let suspension = sent(body)?;
    Ok(versioned(state.backend.tenants().suspend(&operator, &named(&slug)?, &suspension, Some(&version)).await?))
}

/// Opens a suspended tenant again.
#[utoipa::path(post, path = "/admin/tenants/{slug}/resume", tag = "administration",
    params(("slug" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Tenant), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn resume(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(slug): Path<String>,
    version: Result<IfMatch, HttpError>,
) -> Result<Versioned<Tenant>, HttpError> {
    let operator = visitor.operator()?;
    let IfMatch(version) = version?;
    Ok(versioned(state.backend.tenants().resume(&operator, &named(&slug)?, Some(&version)).await?))
}

fn with_version(settings: Settings) -> Versioned<Settings> {
    ([(header::ETAG, TenantSettings::version(&settings))], Json(settings))
}

/// The tenant's settings, its plan and what is used of it.
#[utoipa::path(get, path = "/t/{tenant}/settings", tag = "tenant", params(("tenant" = String, Path)),
    responses((status = 200, body = Settings), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn settings(State(state): State<AppState>, place: InTenant) -> Result<Versioned<Settings>, HttpError> {
    Ok(with_version(state.backend.settings().get(&place.scope).await?))
}

/// Writes name, domains of invitations, and whether single sign-on is a must.
#[utoipa::path(put, path = "/t/{tenant}/settings", tag = "tenant", request_body = SettingsChange,
    params(("tenant" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Settings), (status = 400, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem),
              (status = 428, body = Problem)))]
async fn change_settings(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    place: InTenant,
    version: Result<IfMatch, HttpError>,
    body: Result<Json<SettingsChange>, JsonRejection>,
) -> Result<Versioned<Settings>, HttpError> {
    place.scope.require(backend::scope::Permission::ManageSettings)?;
    let IfMatch(version) = version?;
    let change = sent(body)?;
    Ok(with_version(state.backend.settings().update(&place.scope, &visitor, &change, Some(&version)).await?))
}
