//! Signing in and out with a local account.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
};
use backend::auth::sessions::{self, SessionKey};
use contract::{
    ApiError, Door, ErrorCode,
    auth::{LoginRequest, Me},
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
    OpenApiRouter::new().routes(routes!(login)).routes(routes!(logout)).routes(routes!(me)).routes(routes!(token))
}

/// Signs in and starts a new session.
#[utoipa::path(post, path = "/auth/login", tag = "identity", request_body = LoginRequest, responses(
    (status = 204, description = "Signed in; the session cookie is set"),
    (status = 401, body = Problem, description = "One text for every failure"),
    (status = 429, body = Problem, description = "Too many tries; see Retry-After")))]
async fn login(
    State(state): State<AppState>,
    session: Session,
    client: Client,
    body: Result<Json<LoginRequest>, JsonRejection>,
) -> Result<StatusCode, HttpError> {
    let Json(request) = body.map_err(|_| ApiError::invalid("", "Send JSON with the fields email and password."))?;
    authenticate(&state, &session, &request.email, &request.password, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks the password and begins a session.
pub async fn authenticate(
    state: &AppState,
    session: &Session,
    email: &str,
    password: &str,
    client: &Client,
) -> Result<(), HttpError> {
    let now = state.backend.clock().now();
    let user = state.backend.auth().login(email, password, client.address, now).await.map_err(backend::Error::from)?;
    begin(state, session, &user.id, None, client).await
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
    if let Some(id) = session.id() {
        let (key, address) = (SessionKey::of(id.0), client.address.to_string());
        sessions::describe(state.backend.db(), key, &client.agent, &address).await?;
    }
    Ok(())
}

/// Ends the session on the server; the cookie is worth nothing afterwards.
#[utoipa::path(post, path = "/auth/logout", tag = "identity", responses((status = 204, description = "The session is gone")))]
async fn logout(session: Session) -> Result<StatusCode, HttpError> {
    end(&session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes the session from the store.
pub async fn end(session: &Session) -> Result<(), HttpError> {
    session.flush().await.map_err(|error| {
        tracing::error!(%error, "session cannot be deleted");
        HttpError(ApiError::new(ErrorCode::Internal, "The session cannot be ended. Try again."))
    })
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
