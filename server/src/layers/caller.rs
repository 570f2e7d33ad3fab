//! Who asks: from the session or the bearer token to a [`Visitor`], by rights read on every request. Pages of a tenant are
//! refused here, before any page code runs.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use backend::{Credential, scope::Origin};
use contract::{ApiError, Door, ErrorCode, TenantSlug};
use tower_sessions::Session;

use super::{client::Client, request_id};
use crate::{
    error::HttpError,
    extract::Caller,
    pages::{missing, once_around, refused, to_login},
    session::{OBSERVING, PROVIDER, USER},
    state::AppState,
};

/// Puts the [`Caller`] into the request.
pub async fn layer(State(state): State<AppState>, session: Session, mut request: Request, next: Next) -> Response {
    let client = request.extensions().get::<Client>().map(|client| client.address);
    let address = client.map(|address| address.to_string()).unwrap_or_default();
    let client = client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let origin = Arc::new(Origin { request_id: request_id::current().unwrap_or_default(), address });
    let credential = match bearer(request.headers()) {
        // A token speaks for itself: the cookie that may come along counts for nothing then.
        Some(token) => state.backend.bearer(token, client).await.map_err(|error| {
            let mut response = HttpError::from(error).into_response();
            if response.status() == StatusCode::UNAUTHORIZED {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            response
        }),
        None => match of_session(&session).await {
            Ok(shown) => kept(&state, &session, shown, &origin).await,
            Err(error) => Err(error),
        }
        .map_err(|error| {
            tracing::error!(%error, "session cannot be read");
            HttpError(ApiError::new(ErrorCode::Internal, "The session cannot be read. Try again.")).into_response()
        }),
    };
    let credential = match credential {
        Ok(credential) => credential,
        Err(response) => return response,
    };
    match state.backend.visitor(credential, origin).await {
        Ok(visitor) => {
            request.extensions_mut().insert(Caller(visitor));
            next.run(request).await
        }
        Err(error) => HttpError::from(error).into_response(),
    }
}

/// The token of an `Authorization: Bearer` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A session that a provider vouches for goes on as long as the provider says so; asked when its word gets old.
async fn kept(
    state: &AppState,
    session: &Session,
    shown: Credential,
    origin: &Arc<Origin>,
) -> Result<Credential, tower_sessions::session::Error> {
    let (Credential::Person { provider: Some(_), .. }, Some(id)) = (&shown, session.id()) else { return Ok(shown) };
    match state.backend.sign_in().keep(id.0, origin).await {
        Ok(true) => Ok(shown),
        Ok(false) => {
            session.flush().await?;
            Ok(Credential::Nobody)
        }
        Err(error) => {
            Err(tower_sessions::session::Error::Store(tower_sessions::session_store::Error::Backend(error.to_string())))
        }
    }
}

/// What a session shows. Reading the user first loads the session; the others come from memory.
async fn of_session(session: &Session) -> Result<Credential, tower_sessions::session::Error> {
    let Some(user) = session.get::<String>(USER).await?.and_then(|id| id.parse().ok()) else {
        return Ok(Credential::Nobody);
    };
    Ok(Credential::Person {
        user,
        provider: session.get::<String>(PROVIDER).await?.and_then(|id| id.parse().ok()),
        observing: session.get::<TenantSlug>(OBSERVING).await?,
    })
}

/// Guards the pages of tenants: nobody signed in leads to the sign-in page and back, a foreign tenant is not found, and one
/// that is shut says why.
pub async fn guard_pages(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    request: Request,
    next: Next,
) -> Response {
    let Some(slug) = request.uri().path().strip_prefix("/t/").and_then(|rest| rest.split('/').next()) else {
        return next.run(request).await;
    };
    if visitor.me().is_none() {
        let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
        if *request.method() == Method::GET && comes_from_elsewhere(request.headers()) {
            return once_around(&state, request.headers(), wanted);
        }
        return to_login(if *request.method() == Method::GET { wanted } else { "/" });
    }
    let known = slug.parse::<TenantSlug>().map_err(|_| ApiError::not_found("This tenant"));
    match known.and_then(|slug| visitor.scope(&slug)) {
        Ok(_) => next.run(request).await,
        Err(error) if error.code == ErrorCode::Denied => refused(&state, request.headers(), &error),
        Err(_) => missing(&state, request.headers()),
    }
}

/// A link on another site was followed: the browser has kept the session cookie back.
pub fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
}
