//! Stores, for those who run the installation.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use backend::Operator;
use contract::{
    ApiError,
    store_admin::{StoreListed, StorePage, StoreSettings, StoreTest, StoreView},
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::etag::{IfMatch, etag};
use crate::{
    error::{HttpError, Problem},
    extract::{Caller, Params},
    state::AppState,
};

/// `/admin/stores…`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(test))
        .routes(routes!(test_unsaved))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct Page {
    /// At most so many, 1 to 500; 50 when not said.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

type Body = Result<Json<StoreSettings>, JsonRejection>;

fn operator(caller: &Caller) -> Result<Operator, HttpError> {
    Ok(caller.0.operator()?)
}

fn settings(body: Body) -> Result<StoreSettings, HttpError> {
    let Json(settings) = body.map_err(|rejection| {
        let said = rejection.body_text();
        let detail = said.rsplit_once("target type: ").map_or(said.as_str(), |(_, detail)| detail);
        ApiError::invalid("", format!("Send a store as JSON: {detail}."))
    })?;
    Ok(settings)
}

fn tagged(status: StatusCode, store: StoreView) -> Response {
    (status, [(header::ETAG, etag(&store))], Json(store)).into_response()
}

/// All stores and how they are doing, the embedded one first, then by name.
#[utoipa::path(get, path = "/admin/stores", tag = "administration", params(Page), responses(
    (status = 200, body = StorePage), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Params(page): Params<Page>,
) -> Result<Json<StorePage>, HttpError> {
    let operator = operator(&caller)?;
    Ok(Json(state.backend.store_admin().list(&operator, page.limit, page.cursor.as_deref()).await?))
}

/// Writes a new store.
#[utoipa::path(post, path = "/admin/stores", tag = "administration", request_body = StoreSettings, responses(
    (status = 201, body = StoreView, headers(("etag" = String))), (status = 400, body = Problem),
    (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn create(State(state): State<AppState>, caller: Caller, body: Body) -> Result<Response, HttpError> {
    let operator = operator(&caller)?;
    let store = state.backend.store_admin().create(&operator, &settings(body)?).await?;
    Ok(tagged(StatusCode::CREATED, store))
}

/// One store. Its version is of the settings and the tenants bound to it; how it is doing is not part of it.
#[utoipa::path(get, path = "/admin/stores/{name}", tag = "administration", params(("name" = String, Path)), responses(
    (status = 200, body = StoreListed, headers(("etag" = String))), (status = 401, body = Problem),
    (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn get(State(state): State<AppState>, caller: Caller, Path(name): Path<String>) -> Result<Response, HttpError> {
    let operator = operator(&caller)?;
    let store = state.backend.store_admin().get(&operator, &name).await?;
    Ok(([(header::ETAG, etag(&store.store))], Json(store)).into_response())
}

/// Writes a store anew. A secret that is left out stays, as long as address, kind of authentication and user do.
#[utoipa::path(put, path = "/admin/stores/{name}", tag = "administration", request_body = StoreSettings,
    params(("name" = String, Path), ("if-match" = String, Header)), responses(
    (status = 200, body = StoreView, headers(("etag" = String))), (status = 400, body = Problem),
    (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem, description = "It is managed by a file"), (status = 412, body = Problem),
    (status = 428, body = Problem)))]
async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
    version: Result<IfMatch, HttpError>,
    body: Body,
) -> Result<Response, HttpError> {
    let operator = operator(&caller)?;
    let IfMatch(version) = version?;
    let store = state.backend.store_admin().change(&operator, &name, &settings(body)?, &version).await?;
    Ok(tagged(StatusCode::OK, store))
}

/// Removes a store that no tenant is bound to.
#[utoipa::path(delete, path = "/admin/stores/{name}", tag = "administration",
    params(("name" = String, Path), ("if-match" = String, Header)), responses(
    (status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem, description = "Tenants are bound to it, or a file manages it"),
    (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
    version: Result<IfMatch, HttpError>,
) -> Result<StatusCode, HttpError> {
    let operator = operator(&caller)?;
    let IfMatch(version) = version?;
    state.backend.store_admin().delete(&operator, &name, &version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tests a store: reachable, what it is, its clock, whether tenants are kept apart, a sample question.
#[utoipa::path(post, path = "/admin/stores/{name}/test", tag = "administration", params(("name" = String, Path)), responses(
    (status = 200, body = StoreTest), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn test(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<StoreTest>, HttpError> {
    let operator = operator(&caller)?;
    Ok(Json(state.backend.store_admin().test(&operator, &name).await?))
}

/// Tests settings that are not saved; the name may be left out.
#[utoipa::path(post, path = "/admin/stores/test", tag = "administration", request_body = StoreSettings, responses(
    (status = 200, body = StoreTest), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 403, body = Problem)))]
async fn test_unsaved(State(state): State<AppState>, caller: Caller, body: Body) -> Result<Json<StoreTest>, HttpError> {
    let operator = operator(&caller)?;
    Ok(Json(state.backend.store_admin().test_settings(&operator, &settings(body)?, None).await?))
}
