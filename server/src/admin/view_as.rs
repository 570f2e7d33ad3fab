//! Looking at a tenant as a viewer: begun and ended by a form, noted in the tenant's audit log.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use backend::audit::{Action, Entry, Target};
use contract::{ApiError, ErrorCode, TenantSlug};
use tower_sessions::Session;

use super::{PageResult, TenantPage};
use crate::{extract::Caller, session::OBSERVING, state::AppState};

/// `POST /t/{tenant}/view-as`. The session keeps its id: its rights only shrink.
pub async fn begin(page: TenantPage, session: Session) -> PageResult {
    let slug = page.scope.slug();
    if !page.base.visitor.may_observe(slug) {
        let why = "Only administrators of the tenant and people who run the installation can view it as a viewer.";
        return Err(ApiError::new(ErrorCode::Denied, why).into());
    }
    let (backend, tenant) = (page.base.backend(), page.scope.tenant());
    let entry = Entry::done(Action::ViewAsBegun, Target::new("tenant", slug));
    // First in the log, then in the session: nobody looks unnoticed.
    backend.audit().note(page.scope.actor(), &[Some(tenant.id)], backend.clock().now(), entry).await?;
    session.insert(OBSERVING, slug).await.map_err(backend::Error::internal)?;
    Ok(Redirect::to(&format!("/t/{slug}")).into_response())
}

/// `POST /view-as/end`.
pub async fn end(State(state): State<AppState>, Caller(visitor): Caller, session: Session) -> PageResult {
    let observed = session.remove::<TenantSlug>(OBSERVING).await.map_err(backend::Error::internal)?;
    let Some(slug) = observed else { return Ok(Redirect::to("/").into_response()) };
    if let Ok(scope) = visitor.scope(&slug) {
        let entry = Entry::done(Action::ViewAsEnded, Target::new("tenant", &slug));
        let now = state.backend.clock().now();
        state.backend.audit().note_or_log(&visitor.actor(), &[Some(scope.tenant().id)], now, entry).await;
    }
    Ok(Redirect::to("/").into_response())
}
