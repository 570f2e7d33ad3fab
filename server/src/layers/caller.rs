//! Who asks: from the session to a [`Visitor`], read from the database on every request. Pages of a tenant are
//! refused here, before any page code runs.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use contract::{Door, TenantSlug};
use tower_sessions::Session;

use crate::{error::HttpError, extract::Caller, pages::missing, session::USER, state::AppState};

/// Puts the [`Caller`] into the request.
pub async fn layer(State(state): State<AppState>, session: Session, mut request: Request, next: Next) -> Response {
    let user = match session.get::<String>(USER).await {
        Ok(user) => user.and_then(|id| id.parse().ok()),
        Err(error) => {
            tracing::error!(%error, "session cannot be read");
            return HttpError(contract::ApiError::new(
                contract::ErrorCode::Internal,
                "The session cannot be read. Try again.",
            ))
            .into_response();
        }
    };
    match state.backend.visitor(user).await {
        Ok(visitor) => {
            request.extensions_mut().insert(Caller(visitor));
            next.run(request).await
        }
        Err(error) => HttpError::from(error).into_response(),
    }
}

/// Guards the pages of tenants: nobody signed in leads to the sign-in page and back, a foreign tenant is not found.
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
        let back = serde_urlencode(wanted);
        return match *request.method() {
            Method::GET => Redirect::to(&format!("/login?return={back}")).into_response(),
            _ => Redirect::to("/login").into_response(),
        };
    }
    let known = slug.parse::<TenantSlug>().is_ok_and(|slug| visitor.portal(&slug).is_ok());
    if known { next.run(request).await } else { missing(&state, request.headers()) }
}

fn serde_urlencode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
