//! The page of the isolation proof: explains itself, runs on a press of the button, shows what came of it.

use app::admin::{Section, TypedForm, isolation};
use axum::{Router, routing::get};
use backend::scope::Permission;

use super::{PageResult, TenantPage};
use crate::state::AppState;

/// `/t/{tenant}/settings/isolation`
pub fn routes() -> Router<AppState> {
    Router::new().route("/t/{tenant}/settings/isolation", get(page).post(prove))
}

async fn page(page: TenantPage) -> PageResult {
    page.scope.require(Permission::ProveIsolation)?;
    Ok(show(&page, None))
}

async fn prove(page: TenantPage) -> PageResult {
    let proof = page.base.backend().prove_isolation(&page.base.visitor, &page.scope).await?;
    Ok(show(&page, Some(&proof)))
}

fn show(page: &TenantPage, proof: Option<&contract::isolation::IsolationProof>) -> axum::response::Response {
    let body = isolation::proof(&page.href(Section::Isolation), &page.scope.tenant().name, proof);
    page.show(Section::Isolation, &TypedForm::default(), body)
}
