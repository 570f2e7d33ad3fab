//! Signing in and out with a local account.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
};
use backend::{
    Visitor,
    auth::sessions::{self, SessionKey},
};
use contract::{
    ApiError, Door, ErrorCode,
    auth::{Devices, LoginRequest, Me},
    keys::{Token, TokenRequest},
};
use tower_sessions::Session;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::{HttpError, Problem},
    extract::Caller,
    layers::client::Client,
    session::{PROVIDER, USER},
    state::AppState,
};

/// `/auth/…`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(me))
        .routes(routes!(devices, end_other_devices))
        .routes(routes!(end_device))
        .routes(routes!(token))
}

/// Signs in and starts a new session.
#[utoipa::path(post, path = "/auth/login", tag = "identity", request_body = LoginRequest, responses(
    (status = 204, description = "Signed in; the session cookie is set"),
    (status = 401, body = Problem, description = "One text for every failure"),
    (status = 429, body = Problem, description = "Too many tries; see Retry-After")))]
async fn login(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    session: Session,
    client: Client,
    body: Result<Json<LoginRequest>, JsonRejection>,
) -> Result<StatusCode, HttpError> {
    let Json(request) = body.map_err(|_| ApiError::invalid("", "Send JSON with the fields email and password."))?;
    authenticate(&state, &session, &request.email, &request.password, &client, &visitor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks the password and begins a session.
pub async fn authenticate(
    state: &AppState,
    session: &Session,
    email: &str,
    password: &str,
    client: &Client,
    visitor: &Visitor,
) -> Result<(), HttpError> {
    let (now, origin) = (state.backend.clock().now(), visitor.actor().origin);
    let user = state.backend.password_sign_in(email, password, client.address, origin.clone(), now).await;
    let user = user.map_err(backend::Error::from)?;
    begin(state, session, &user.id, None, client).await?;
    let id = user.id.parse().map_err(|error| backend::Error::internal(format!("user id: {error}")))?;
    state.backend.note_sign_in(id, "password", origin, now).await;
    Ok(())
}

/// Puts somebody into a session of a new id, so that an id planted before is worth nothing.
pub async fn begin(
    state: &AppState,
    session: &Session,
    user: &str,
    provider: Option<uuid::Uuid>,
    client: &Client,
) -> Result<(), HttpError> {
    let broken = |error: tower_sessions::session::Error| {
        tracing::error!(%error, "session cannot be written");
        HttpError(ApiError::new(ErrorCode::Internal, "The session cannot be saved. Try again."))
    };
    session.clear().await;
    session.cycle_id().await.map_err(broken)?;
    session.insert(USER, user).await.map_err(broken)?;
    if let Some(provider) = provider {
        session.insert(PROVIDER, provider.to_string()).await.map_err(broken)?;
    }
    // Written now, so that there is a row that can say where the session is used.
    session.save().await.map_err(broken)?;
    if let Some(key) = key_of(session) {
        let address = client.address.to_string();
        sessions::describe(state.backend.db(), key, &client.agent, &address).await?;
    }
    Ok(())
}

/// Ends the session on the server; the cookie is worth nothing afterwards.
#[utoipa::path(post, path = "/auth/logout", tag = "identity", responses((status = 204, description = "The session is gone")))]
async fn logout(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    session: Session,
) -> Result<StatusCode, HttpError> {
    end(&state, &session, &visitor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes the session from the store. Where to sign out at the provider that vouched for it, if one did.
pub async fn end(state: &AppState, session: &Session, visitor: &Visitor) -> Result<Option<String>, HttpError> {
    let onward = match session.id() {
        Some(id) => state.backend.sign_in().sign_out_address(id.0).await?,
        None => None,
    };
    session.flush().await.map_err(|error| {
        tracing::error!(%error, "session cannot be deleted");
        HttpError(ApiError::new(ErrorCode::Internal, "The session cannot be ended. Try again."))
    })?;
    if let Some(user) = visitor.user() {
        state.backend.note_sign_out(user, visitor.actor().origin, state.backend.clock().now()).await;
    }
    Ok(onward)
}

/// The caller's sessions: the browsers they are signed in with.
#[utoipa::path(get, path = "/auth/sessions", tag = "identity", responses(
    (status = 200, body = Devices), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn devices(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    session: Session,
) -> Result<Json<Devices>, HttpError> {
    Ok(Json(state.backend.devices(&visitor, key_of(&session)).await?))
}

/// Ends one of the caller's sessions, with its open connections.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "identity", params(("id" = String, Path)), responses(
    (status = 204, description = "It is over"), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn end_device(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, HttpError> {
    let handle = id.parse().map_err(|_| ApiError::not_found("This session"))?;
    state.backend.end_device(&visitor, handle, state.backend.clock().now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of the caller's sessions but this one.
#[utoipa::path(delete, path = "/auth/sessions", tag = "identity", responses(
    (status = 204, description = "They are over"), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn end_other_devices(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    session: Session,
) -> Result<StatusCode, HttpError> {
    state.backend.end_other_devices(&visitor, key_of(&session), state.backend.clock().now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How the database finds the session of this request.
pub fn key_of(session: &Session) -> Option<SessionKey> {
    session.id().map(|id| SessionKey::of(id.0))
}

/// Who is signed in, with all tenants.
#[utoipa::path(get, path = "/auth/me", tag = "identity", responses((status = 200, body = Me), (status = 401, body = Problem)))]
async fn me(Caller(visitor): Caller) -> Result<Json<Me>, HttpError> {
    visitor.me().cloned().map(Json).ok_or_else(|| ApiError::unauthenticated().into())
}

/// A short-lived token, from the API key that is shown or for the session. The body may be left out; it can only narrow.
#[utoipa::path(post, path = "/auth/token", tag = "identity", request_body = Option<TokenRequest>, responses(
    (status = 200, body = Token), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 403, body = Problem, description = "A token cannot be exchanged for a token")))]
async fn token(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    session: Session,
    body: Bytes,
) -> Result<Json<Token>, HttpError> {
    if visitor.me().is_none() {
        return Err(ApiError::unauthenticated().into());
    }
    let asked = if body.is_empty() {
        TokenRequest::default()
    } else {
        let unreadable =
            |error| ApiError::invalid("", format!("Send JSON with expires_in_s and scopes, or nothing ({error})."));
        serde_json::from_slice(&body).map_err(unreadable)?
    };
    let session = session.id().map(|id| SessionKey::of(id.0));
    Ok(Json(state.backend.token(&visitor, session, &asked).await?))
}
