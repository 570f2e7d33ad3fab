//! Administration of sign-in providers: a tenant's own, and the installation's. Both do the same; they differ in who may.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderName, StatusCode, header},
};
use backend::{Operator, scope::Permission, sign_in::Whose};
use contract::{
    ApiError,
    sign_in::{
        ConnectionReport, IdentityProvider, IdentityProviderSettings, IdentityProviders, MappingPreview,
        NewIdentityProvider, TokenToPreview,
    },
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::etag::{IfMatch, etag};
use crate::{
    error::{HttpError, Problem},
    extract::{Caller, InTenant, Params},
    state::AppState,
};

/// `/t/{tenant}/identity-providers…` and `/admin/identity-providers…`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(test))
        .routes(routes!(preview))
        .routes(routes!(admin_list, admin_create))
        .routes(routes!(admin_get, admin_update, admin_delete))
        .routes(routes!(admin_test))
        .routes(routes!(admin_preview))
}

/// Query of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

type Body<T> = Result<Json<T>, JsonRejection>;
type Names = Path<HashMap<String, String>>;
type Version = Result<IfMatch, HttpError>;
type Versioned = ([(HeaderName, String); 1], Json<IdentityProvider>);

fn sent<T>(body: Body<T>) -> Result<T, HttpError> {
    let Json(value) = body.map_err(|rejection| ApiError::invalid("", rejection.body_text()))?;
    Ok(value)
}

fn versioned(provider: IdentityProvider) -> Versioned {
    ([(header::ETAG, etag(&provider))], Json(provider))
}

fn named(names: &HashMap<String, String>) -> &str {
    names.get("name").map_or("", String::as_str)
}

/// Who may is asked before what was sent is looked at.
fn manages(place: &InTenant) -> Result<Whose<'_>, HttpError> {
    place.scope.require(Permission::ManageSignIn)?;
    Ok(Whose::Tenant(&place.scope))
}

fn operator(caller: &Caller) -> Result<Operator, HttpError> {
    Ok(caller.0.operator()?)
}

/// The tenant's own sign-in providers, by name.
#[utoipa::path(get, path = "/t/{tenant}/identity-providers", tag = "sign-in", params(("tenant" = String, Path),
    ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = IdentityProviders), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn list(
    State(state): State<AppState>,
    place: InTenant,
    query: Result<Params<ListQuery>, HttpError>,
) -> Result<Json<IdentityProviders>, HttpError> {
    place.scope.require(Permission::ViewSettings)?;
    let Params(query) = query?;
    let whose = Whose::Tenant(&place.scope);
    Ok(Json(state.backend.sign_in().list(whose, query.limit, query.cursor.as_deref()).await?))
}

/// Makes a sign-in provider of the tenant. Its name begins with the tenant's slug.
#[utoipa::path(post, path = "/t/{tenant}/identity-providers", tag = "sign-in", params(("tenant" = String, Path)),
    request_body = NewIdentityProvider, responses((status = 201, body = IdentityProvider), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn create(
    State(state): State<AppState>,
    place: InTenant,
    body: Body<NewIdentityProvider>,
) -> Result<(StatusCode, Versioned), HttpError> {
    let whose = manages(&place)?;
    let made = state.backend.sign_in().create(whose, &sent(body)?).await?;
    Ok((StatusCode::CREATED, versioned(made)))
}

/// A sign-in provider of the tenant.
#[utoipa::path(get, path = "/t/{tenant}/identity-providers/{name}", tag = "sign-in",
    params(("tenant" = String, Path), ("name" = String, Path)), responses((status = 200, body = IdentityProvider),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn get(State(state): State<AppState>, place: InTenant, Path(names): Names) -> Result<Versioned, HttpError> {
    Ok(versioned(state.backend.sign_in().get(Whose::Tenant(&place.scope), named(&names)).await?))
}

/// Replaces the settings of a sign-in provider of the tenant.
#[utoipa::path(put, path = "/t/{tenant}/identity-providers/{name}", tag = "sign-in",
    params(("tenant" = String, Path), ("name" = String, Path), ("If-Match" = String, Header)),
    request_body = IdentityProviderSettings, responses((status = 200, body = IdentityProvider), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn update(
    State(state): State<AppState>,
    place: InTenant,
    Path(names): Names,
    version: Version,
    body: Body<IdentityProviderSettings>,
) -> Result<Versioned, HttpError> {
    let whose = manages(&place)?;
    let (IfMatch(seen), settings) = (version?, sent(body)?);
    Ok(versioned(state.backend.sign_in().update(whose, named(&names), &settings, Some(&seen)).await?))
}

/// Removes a sign-in provider of the tenant: its sessions end, what it gave is taken back.
#[utoipa::path(delete, path = "/t/{tenant}/identity-providers/{name}", tag = "sign-in",
    params(("tenant" = String, Path), ("name" = String, Path), ("If-Match" = String, Header)), responses((status = 204),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn delete(
    State(state): State<AppState>,
    place: InTenant,
    Path(names): Names,
    version: Version,
) -> Result<StatusCode, HttpError> {
    let whose = manages(&place)?;
    let IfMatch(seen) = version?;
    state.backend.sign_in().delete(whose, named(&names), Some(&seen)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the provider answers as it should.
#[utoipa::path(post, path = "/t/{tenant}/identity-providers/{name}/test", tag = "sign-in",
    params(("tenant" = String, Path), ("name" = String, Path)), responses((status = 200, body = ConnectionReport),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn test(
    State(state): State<AppState>,
    place: InTenant,
    Path(names): Names,
) -> Result<Json<ConnectionReport>, HttpError> {
    Ok(Json(state.backend.sign_in().test(manages(&place)?, named(&names)).await?))
}

/// What the rules make of a token. The token is neither kept nor logged.
#[utoipa::path(post, path = "/t/{tenant}/identity-providers/{name}/preview", tag = "sign-in",
    params(("tenant" = String, Path), ("name" = String, Path)), request_body = TokenToPreview,
    responses((status = 200, body = MappingPreview), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn preview(
    State(state): State<AppState>,
    place: InTenant,
    Path(names): Names,
    body: Body<TokenToPreview>,
) -> Result<Json<MappingPreview>, HttpError> {
    let whose = manages(&place)?;
    let token = sent(body)?.token;
    Ok(Json(state.backend.sign_in().preview(whose, named(&names), &token).await?))
}

/// The installation's sign-in providers, by name.
#[utoipa::path(get, path = "/admin/identity-providers", tag = "sign-in",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = IdentityProviders), (status = 403, body = Problem)))]
async fn admin_list(
    State(state): State<AppState>,
    caller: Caller,
    query: Result<Params<ListQuery>, HttpError>,
) -> Result<Json<IdentityProviders>, HttpError> {
    let operator = operator(&caller)?;
    let Params(query) = query?;
    let whose = Whose::Installation(&operator);
    Ok(Json(state.backend.sign_in().list(whose, query.limit, query.cursor.as_deref()).await?))
}

/// Makes a sign-in provider of the installation.
#[utoipa::path(post, path = "/admin/identity-providers", tag = "sign-in", request_body = NewIdentityProvider,
    responses((status = 201, body = IdentityProvider), (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn admin_create(
    State(state): State<AppState>,
    caller: Caller,
    body: Body<NewIdentityProvider>,
) -> Result<(StatusCode, Versioned), HttpError> {
    let operator = operator(&caller)?;
    let made = state.backend.sign_in().create(Whose::Installation(&operator), &sent(body)?).await?;
    Ok((StatusCode::CREATED, versioned(made)))
}

/// A sign-in provider of the installation.
#[utoipa::path(get, path = "/admin/identity-providers/{name}", tag = "sign-in", params(("name" = String, Path)),
    responses((status = 200, body = IdentityProvider), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn admin_get(State(state): State<AppState>, caller: Caller, Path(names): Names) -> Result<Versioned, HttpError> {
    let operator = operator(&caller)?;
    Ok(versioned(state.backend.sign_in().get(Whose::Installation(&operator), named(&names)).await?))
}

/// Replaces the settings of a sign-in provider of the installation.
#[utoipa::path(put, path = "/admin/identity-providers/{name}", tag = "sign-in",
    params(("name" = String, Path), ("If-Match" = String, Header)), request_body = IdentityProviderSettings,
    responses((status = 200, body = IdentityProvider), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn admin_update(
    State(state): State<AppState>,
    caller: Caller,
    Path(names): Names,
    version: Version,
    body: Body<IdentityProviderSettings>,
) -> Result<Versioned, HttpError> {
    let operator = operator(&caller)?;
    let (IfMatch(seen), settings) = (version?, sent(body)?);
    let whose = Whose::Installation(&operator);
    Ok(versioned(state.backend.sign_in().update(whose, named(&names), &settings, Some(&seen)).await?))
}

/// Removes a sign-in provider of the installation: its sessions end, what it gave is taken back.
#[utoipa::path(delete, path = "/admin/identity-providers/{name}", tag = "sign-in",
    params(("name" = String, Path), ("If-Match" = String, Header)), responses((status = 204), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn admin_delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(names): Names,
    version: Version,
) -> Result<StatusCode, HttpError> {
    let operator = operator(&caller)?;
    let IfMatch(seen) = version?;
    state.backend.sign_in().delete(Whose::Installation(&operator), named(&names), Some(&seen)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the provider answers as it should.
#[utoipa::path(post, path = "/admin/identity-providers/{name}/test", tag = "sign-in", params(("name" = String, Path)),
    responses((status = 200, body = ConnectionReport), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn admin_test(
    State(state): State<AppState>,
    caller: Caller,
    Path(names): Names,
) -> Result<Json<ConnectionReport>, HttpError> {
    let operator = operator(&caller)?;
    Ok(Json(state.backend.sign_in().test(Whose::Installation(&operator), named(&names)).await?))
}

/// What the rules make of a token. The token is neither kept nor logged.
#[utoipa::path(post, path = "/admin/identity-providers/{name}/preview", tag = "sign-in", params(("name" = String, Path)),
    request_body = TokenToPreview, responses((status = 200, body = MappingPreview), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn admin_preview(
    State(state): State<AppState>,
    caller: Caller,
    Path(names): Names,
    body: Body<TokenToPreview>,
) -> Result<Json<MappingPreview>, HttpError> {
    let operator = operator(&caller)?;
    let token = sent(body)?.token;
    Ok(Json(state.backend.sign_in().preview(Whose::Installation(&operator), named(&names), &token).await?))
}
