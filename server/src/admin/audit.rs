//! The audit log as pages: a tenant's, and all of them together.

use app::admin::{AuditView, FormErrors, Section, TypedForm, audit_page};
use axum::{
    Router,
    extract::{Query, rejection::QueryRejection},
    routing::get,
};
use backend::{
    audit::{Action, AuditFilter},
    scope::Permission,
};
use contract::{
    ApiError,
    audit::{AuditQuery, AuditVerification},
};
use serde::Deserialize;

use super::{Base, InstallationPage, PageResult, TenantPage};
use crate::{rest::audit::verification, state::AppState};

/// `/t/{tenant}/settings/audit` and `/admin/audit`
pub fn routes() -> Router<AppState> {
    Router::new().route("/t/{tenant}/settings/audit", get(of_tenant)).route("/admin/audit", get(of_installation))
}

/// The filters, and whether the chain is to be checked.
#[derive(Deserialize)]
struct Asked {
    action: Option<String>,
    actor: Option<String>,
    target: Option<String>,
    outcome: Option<String>,
    request_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    cursor: Option<String>,
    verify: Option<String>,
}

impl Asked {
    fn query(&self) -> AuditQuery {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        AuditQuery {
            action: given(&self.action),
            actor: given(&self.actor),
            target: given(&self.target),
            outcome: given(&self.outcome),
            request_id: given(&self.request_id),
            from: given(&self.from),
            to: given(&self.to),
            limit: None,
            cursor: given(&self.cursor),
        }
    }
}

fn read(asked: Result<Query<Asked>, QueryRejection>) -> Result<Asked, ApiError> {
    let unreadable = |_| ApiError::invalid("", "The address cannot be read. Use the form to filter.");
    asked.map(|Query(asked)| asked).map_err(unreadable)
}

/// A filter, or what is wrong with it, which the form shows.
fn filter(query: &AuditQuery, page: &Base) -> Result<AuditFilter, TypedForm> {
    AuditFilter::new(query, page.backend().clock().now()).map_err(|error| TypedForm {
        form: "filter",
        errors: FormErrors::of(&ApiError::from(error)),
        ..TypedForm::default()
    })
}

fn actions() -> Vec<&'static str> {
    Action::ALL.iter().map(|action| action.as_str()).collect()
}

async fn of_tenant(page: TenantPage, asked: Result<Query<Asked>, QueryRejection>) -> PageResult {
    page.scope.require(Permission::ViewAudit)?;
    let asked = read(asked)?;
    let query = asked.query();
    let audit = page.base.backend().audit();
    let (found, typed) = match filter(&query, &page.base) {
        Ok(filter) => (Some(audit.of_tenant(&page.scope, &filter).await?), TypedForm::default()),
        Err(typed) => (None, typed),
    };
    let verified = match asked.verify {
        Some(_) => Some(vec![verification(audit.verify_tenant(&page.scope).await?)]),
        None => None,
    };
    let slug = page.scope.slug();
    let view = AuditView {
        query: &query,
        errors: typed.errors.clone(),
        page: found.as_ref(),
        actions: actions(),
        here: &page.href(Section::Audit),
        api: &format!("/api/v1/t/{slug}/audit"),
        verified: verified.as_deref(),
        tenants: false,
    };
    Ok(page.show(Section::Audit, &typed, audit_page(&view)))
}

async fn of_installation(page: InstallationPage, asked: Result<Query<Asked>, QueryRejection>) -> PageResult {
    let asked = read(asked)?;
    let query = asked.query();
    let audit = page.base.backend().audit();
    let (found, typed) = match filter(&query, &page.base) {
        Ok(filter) => (Some(audit.of_installation(&page.operator, &filter).await?), TypedForm::default()),
        Err(typed) => (None, typed),
    };
    let verified: Option<Vec<AuditVerification>> = match asked.verify {
        Some(_) => Some(audit.verify_all().await?.into_iter().map(verification).collect()),
        None => None,
    };
    let view = AuditView {
        query: &query,
        errors: typed.errors.clone(),
        page: found.as_ref(),
        actions: actions(),
        here: "/admin/audit",
        api: "/api/v1/admin/audit",
        verified: verified.as_deref(),
        tenants: true,
    };
    Ok(page.show(Section::InstallationAudit, &typed, audit_page(&view)))
}
