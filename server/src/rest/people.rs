//! People of the installation, and the caller's own password.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
};
use contract::{
    people::{PasswordChange, PeoplePage, Person, PersonChange, ResetLink},
    tenants::ListQuery,
};
use tower_sessions::Session;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    auth,
    etag::IfMatch,
    members::id,
    tenants::{Versioned, sent, versioned},
};
use crate::{
    error::{HttpError, Problem},
    extract::{Caller, Params},
    layers::client::Client,
    state::AppState,
};

/// `/admin/users…` and `/auth/password`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, change))
        .routes(routes!(reset_link))
        .routes(routes!(password))
}

type Ids = Path<HashMap<String, String>>;

/// People by name, with their tenants and sessions.
#[utoipa::path(get, path = "/admin/users", tag = "administration", params(
    ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = PeoplePage), (status = 403, body = Problem)))]
async fn list(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    query: Result<Params<ListQuery>, HttpError>,
) -> Result<Json<PeoplePage>, HttpError> {
    let operator = visitor.operator()?;
    let Params(query) = query?;
    Ok(Json(state.backend.people().list(&operator, &query).await?))
}

/// One person.
#[utoipa::path(get, path = "/admin/users/{id}", tag = "administration", params(("id" = String, Path)),
    responses((status = 200, body = Person), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn get(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(ids): Ids,
) -> Result<Versioned<Person>, HttpError> {
    let operator = visitor.operator()?;
    Ok(versioned(state.backend.people().get(&operator, id(&ids, "id", "This person")?).await?))
}

/// Disables or enables somebody, and makes them a platform administrator or not.
#[utoipa::path(put, path = "/admin/users/{id}", tag = "administration", request_body = PersonChange,
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Person), (status = 400, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem),
              (status = 409, body = Problem, description = "Oneself, managed by a file, or the last administrator of something"),
              (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn change(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(ids): Ids,
    version: Result<IfMatch, HttpError>,
    body: Result<Json<PersonChange>, JsonRejection>,
) -> Result<Versioned<Person>, HttpError> {
    let operator = visitor.operator()?;
    let (IfMatch(version), user, change) = (version?, id(&ids, "id", "This person")?, sent(body)?);
    Ok(versioned(state.backend.people().change(&operator, user, &change, Some(&version)).await?))
}

/// Makes a link that sets a new password for a local account. Shown this once; works once, for an hour.
#[utoipa::path(post, path = "/admin/users/{id}/reset-link", tag = "administration", params(("id" = String, Path)),
    responses((status = 201, body = ResetLink), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
async fn reset_link(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(ids): Ids,
) -> Result<(StatusCode, Json<ResetLink>), HttpError> {
    let operator = visitor.operator()?;
    let link = state.backend.people().reset_link(&operator, id(&ids, "id", "This person")?).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

/// Changes one's own password. All sessions end; this one goes on with a new id.
#[utoipa::path(post, path = "/auth/password", tag = "identity", request_body = PasswordChange,
    responses((status = 204, description = "Changed; a new session cookie is set"), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 409, body = Problem), (status = 429, body = Problem)))]
async fn password(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    session: Session,
    client: Client,
    body: Result<Json<PasswordChange>, JsonRejection>,
) -> Result<StatusCode, HttpError> {
    if visitor.user().is_none() {
        return Err(contract::ApiError::unauthenticated().into());
    }
    let change = sent(body)?;
    let user = state.backend.passwords().change(&visitor, client.address, &change).await?;
    auth::begin(&state, &session, &user.to_string(), None, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}
