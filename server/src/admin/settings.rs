//! `/t/{tenant}/settings`: what a tenant's own administrators can change of it.

use app::admin::{Notice, Section, TypedForm, settings::general};
use axum::{Router, routing::get};
use backend::scope::Permission;
use contract::tenants::SettingsChange;

use super::{PageResult, Sent, TenantPage};
use crate::state::AppState;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/t/{tenant}/settings", get(show).post(save))
}

async fn shown(page: &TenantPage, typed: TypedForm) -> PageResult {
    let settings = page.base.backend().settings().get(&page.scope).await?;
    let may_change = page.scope.may(Permission::ManageSettings);
    let body = general(page.scope.slug().as_str(), &settings, may_change, &typed);
    Ok(page.show(Section::General, &typed, body))
}

async fn show(page: TenantPage) -> PageResult {
    shown(&page, TypedForm::default()).await
}

async fn save(page: TenantPage, sent: Sent) -> PageResult {
    page.scope.require(Permission::ManageSettings)?;
    let lines = sent.get("invite_domains").split([',', '\n']).map(str::trim).filter(|line| !line.is_empty());
    let change = SettingsChange {
        name: sent.get("name").to_owned(),
        invite_domains: lines.map(str::to_owned).collect(),
        require_sso: sent.ticked("require_sso"),
    };
    let settings = page.base.backend().settings();
    match settings.update(&page.scope, &page.base.visitor, &change, None).await {
        Ok(_) => Ok(page.done(Section::General, Notice::Saved)),
        Err(error) => shown(&page, sent.refused("settings", error)).await,
    }
}
