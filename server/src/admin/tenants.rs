//! `/admin` and `/admin/tenants/{slug}`: the tenants of the installation.

use app::admin::{
    Notice, Section, TypedForm,
    tenants::{StoreOptions, tenant, tenants},
};
use axum::{
    Router,
    extract::{Path, Query},
    response::Response,
    routing::{get, post},
};
use backend::tenants::{mesh_words, read_mesh, write_mesh};
use contract::{
    ApiError, TenantSlug,
    members::InviteLink,
    stores::Signal,
    tenants::{ListQuery, NewTenant, StoreNames, Suspension, TenantChange},
};

use super::{InstallationPage, PageResult, Sent, page::PageError};
use crate::state::AppState;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/admin", get(list).post(create))
        .route("/admin/tenants/{slug}", get(one).post(update))
        .route("/admin/tenants/{slug}/suspend", post(suspend))
        .route("/admin/tenants/{slug}/resume", post(resume))
        .route("/admin/tenants/{slug}/delete", post(delete))
}

fn named(slug: &str) -> Result<TenantSlug, PageError> {
    slug.parse().map_err(|_| ApiError::not_found("This tenant").into())
}

async fn options(page: &InstallationPage) -> Result<StoreOptions, PageError> {
    let all = page.base.backend().tenants().stores(&page.operator).await?;
    let that_keep =
        |signal| all.iter().filter(|store| store.kind.keeps(signal)).map(|store| store.name.clone()).collect();
    Ok(StoreOptions {
        metrics: that_keep(Signal::Metrics),
        logs: that_keep(Signal::Logs),
        traces: that_keep(Signal::Traces),
    })
}

async fn show(page: &InstallationPage, query: &ListQuery, typed: TypedForm, invited: Option<InviteLink>) -> PageResult {
    let list = page.base.backend().tenants().list(&page.operator, query).await?;
    let asked = query.search.clone().unwrap_or_default();
    let body = tenants(&list, &asked, &options(page).await?, &typed, invited);
    Ok(page.show(Section::Tenants, &typed, body))
}

async fn list(page: InstallationPage, query: Query<super::ListPart>) -> PageResult {
    show(&page, &query.0.into(), TypedForm::default(), None).await
}

fn stores(sent: &Sent) -> StoreNames {
    let name = |field: &str| match sent.get(field) {
        "" => "embedded".to_owned(),
        name => name.to_owned(),
    };
    StoreNames { metrics: name("stores/metrics"), logs: name("stores/logs"), traces: name("stores/traces") }
}

async fn create(page: InstallationPage, sent: Sent) -> PageResult {
    let made = match read_mesh(sent.get("mesh")) {
        Ok(mesh) => {
            let new = NewTenant {
                slug: sent.get("slug").to_owned(),
                name: sent.get("name").to_owned(),
                plan: Some(sent.get("plan").to_owned()).filter(|plan| !plan.is_empty()),
                mesh,
                stores: stores(&sent),
                first_admin: Some(sent.get("first_admin").to_owned()),
            };
            page.base.backend().tenants().create(&page.operator, &new).await
        }
        Err(error) => Err(error),
    };
    match made {
        // The link is shown once, so there is nothing to redirect to.
        Ok(made) if made.invitation.is_some() => {
            show(&page, &ListQuery::default(), TypedForm::default(), made.invitation).await
        }
        Ok(_) => Ok(page.done("/admin", Notice::Created)),
        Err(error) => show(&page, &ListQuery::default(), sent.refused("create", error), None).await,
    }
}

async fn shown(page: &InstallationPage, slug: &TenantSlug, words: Option<String>, typed: TypedForm) -> PageResult {
    let tenants = page.base.backend().tenants();
    let (found, counts) = (tenants.get(&page.operator, slug).await?, tenants.counts(&page.operator, slug).await?);
    let words = match words {
        Some(words) => words,
        None => mesh_words(&found.mesh)?,
    };
    let body = tenant(&found, &counts, &write_mesh(&found.mesh), &words, &options(page).await?, &typed);
    Ok(page.show(Section::Tenants, &typed, body))
}

async fn one(page: InstallationPage, Path(slug): Path<String>) -> PageResult {
    shown(&page, &named(&slug)?, None, TypedForm::default()).await
}

async fn update(page: InstallationPage, Path(slug): Path<String>, sent: Sent) -> PageResult {
    let slug = named(&slug)?;
    let mesh = match read_mesh(sent.get("mesh")) {
        Ok(mesh) => mesh,
        Err(error) => return shown(&page, &slug, None, sent.refused("tenant", error)).await,
    };
    if sent.ticked("preview") {
        return match mesh_words(&mesh) {
            Ok(words) => shown(&page, &slug, Some(words), sent.typed("tenant")).await,
            Err(error) => shown(&page, &slug, None, sent.refused("tenant", error)).await,
        };
    }
    let change = TenantChange {
        name: sent.get("name").to_owned(),
        plan: sent.get("plan").to_owned(),
        mesh,
        stores: stores(&sent),
    };
    match page.base.backend().tenants().update(&page.operator, &slug, &change, None).await {
        Ok(_) => Ok(back(&page, &slug, Notice::Saved)),
        Err(error) => shown(&page, &slug, None, sent.refused("tenant", error)).await,
    }
}

fn back(page: &InstallationPage, slug: &TenantSlug, notice: Notice) -> Response {
    page.done(&format!("/admin/tenants/{slug}"), notice)
}

async fn suspend(page: InstallationPage, Path(slug): Path<String>, sent: Sent) -> PageResult {
    let slug = named(&slug)?;
    let suspension = Suspension { reason: sent.get("reason").to_owned() };
    match page.base.backend().tenants().suspend(&page.operator, &slug, &suspension, None).await {
        Ok(_) => Ok(back(&page, &slug, Notice::Suspended)),
        Err(error) => shown(&page, &slug, None, sent.refused("suspend", error)).await,
    }
}

async fn resume(page: InstallationPage, Path(slug): Path<String>) -> PageResult {
    let slug = named(&slug)?;
    page.base.backend().tenants().resume(&page.operator, &slug, None).await?;
    Ok(back(&page, &slug, Notice::Resumed))
}

async fn delete(page: InstallationPage, Path(slug): Path<String>, sent: Sent) -> PageResult {
    let slug = named(&slug)?;
    match page.base.backend().tenants().delete(&page.operator, &slug, Some(sent.get("confirm")), None).await {
        Ok(()) => Ok(page.done("/admin", Notice::Deleted)),
        Err(error) => shown(&page, &slug, None, sent.refused("delete", error)).await,
    }
}
