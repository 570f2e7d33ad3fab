//! The caller's own account.

use app::admin::{Notice, TypedForm, account_page, password_form};
use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use contract::{ApiError, Door};
use tower_sessions::Session;

use super::{AccountPage, PageResult};
use crate::{rest::auth::key_of, state::AppState};

/// `/account…`
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/account", get(show))
        .route("/account/sessions/end", post(end_others))
        .route("/account/sessions/{id}/end", post(end_one))
}

async fn show(page: AccountPage, session: Session) -> PageResult {
    body(page, &session, &TypedForm::default()).await
}

/// The page, with what was typed when a form is refused.
pub async fn body(page: AccountPage, session: &Session, typed: &TypedForm) -> PageResult {
    let (backend, visitor) = (page.base.backend(), &page.base.visitor);
    let devices = backend.devices(visitor, key_of(session)).await?;
    let me = visitor.me().cloned().ok_or_else(ApiError::unauthenticated)?;
    // A person of a provider has no password here.
    let kept_by = visitor.provider().map(|_| "the provider you signed in with".to_owned());
    let password = password_form(typed, kept_by);
    let body = account_page(&me, &devices.items, backend.clock().now(), password);
    Ok(page.show(typed, body))
}

async fn end_one(page: AccountPage, Path(id): Path<String>) -> PageResult {
    let handle = id.parse().map_err(|_| ApiError::not_found("This session"))?;
    let backend = page.base.backend();
    backend.end_device(&page.base.visitor, handle, backend.clock().now()).await?;
    Ok(page.done(Notice::SignedOut))
}

async fn end_others(page: AccountPage, session: Session) -> PageResult {
    let backend = page.base.backend();
    backend.end_other_devices(&page.base.visitor, key_of(&session), backend.clock().now()).await?;
    Ok(page.done(Notice::SignedOut))
}
