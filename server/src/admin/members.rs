//! `/t/{tenant}/settings/members`: members and invitations.

use std::collections::HashMap;

use app::admin::{
    Notice, Section, TypedForm,
    members::{MembersView, members},
};
use axum::{
    Router,
    extract::{Path, Query},
    routing::{get, post},
};
use backend::{members::rights, scope::Permission};
use contract::{
    ApiError, Role,
    members::{InviteLink, MemberChange, NewInvitation},
    tenants::ListQuery,
};
use uuid::Uuid;

use super::{PageResult, Sent, TenantPage, page::PageError};
use crate::state::AppState;

const ROLES: [Role; 3] = [Role::Viewer, Role::Editor, Role::Admin];

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/t/{tenant}/settings/members", get(list))
        .route("/t/{tenant}/settings/members/invite", post(invite))
        .route("/t/{tenant}/settings/members/{user_id}/role", post(role))
        .route("/t/{tenant}/settings/members/{user_id}/remove", post(remove))
        .route("/t/{tenant}/settings/members/invites/{id}/resend", post(resend))
        .route("/t/{tenant}/settings/members/invites/{id}/revoke", post(revoke))
}

type Ids = Path<HashMap<String, String>>;

fn id(ids: &HashMap<String, String>, name: &str, what: &str) -> Result<Uuid, PageError> {
    ids.get(name).and_then(|id| id.parse().ok()).ok_or_else(|| ApiError::not_found(what).into())
}

async fn shown(page: &TenantPage, query: &ListQuery, typed: TypedForm, invited: Option<InviteLink>) -> PageResult {
    let backend = page.base.backend();
    let list = backend.members().list(&page.scope, query).await?;
    let open = ListQuery { limit: Some(200), ..ListQuery::default() };
    let invitations = backend.invitations().list(&page.scope, &open).await?;
    let most = page.scope.access().grantable_role();
    let roles: Vec<Role> = ROLES.into_iter().filter(|role| most.is_some_and(|most| *role <= most)).collect();
    let rights: Vec<_> = list.items.iter().map(|item| rights(&item.member)).collect();
    let asked = query.search.clone().unwrap_or_default();
    let body = members(MembersView {
        slug: page.scope.slug().as_str(),
        tenant: &page.scope.tenant().name,
        members: &list,
        rights: &rights,
        asked: &asked,
        invitations: &invitations,
        roles: &roles,
        typed: &typed,
        invited,
    });
    Ok(page.show(Section::Members, &typed, body))
}

async fn list(page: TenantPage, query: Query<super::ListPart>) -> PageResult {
    shown(&page, &query.0.into(), TypedForm::default(), None).await
}

async fn refused(page: &TenantPage, typed: TypedForm) -> PageResult {
    shown(page, &ListQuery::default(), typed, None).await
}

async fn invite(page: TenantPage, sent: Sent) -> PageResult {
    page.scope.require(Permission::ManageMembers)?;
    let made = match sent.get("role").parse() {
        Ok(role) => {
            let new = NewInvitation { email: sent.get("email").to_owned(), role };
            page.base.backend().invitations().create(&page.scope, &new).await
        }
        Err(_) => Err(backend::Error::invalid("/role", "Choose viewer, editor or admin.")),
    };
    match made {
        // The link is shown once, so there is nothing to redirect to.
        Ok(link) => shown(&page, &ListQuery::default(), TypedForm::default(), Some(link)).await,
        Err(error) => refused(&page, sent.refused("invite", error)).await,
    }
}

async fn role(page: TenantPage, Path(ids): Ids, sent: Sent) -> PageResult {
    page.scope.require(Permission::ManageMembers)?;
    let user = id(&ids, "user_id", "This member")?;
    let changed = match sent.get("role").parse() {
        Ok(role) => page.base.backend().members().change(&page.scope, user, &MemberChange { role }, None).await,
        Err(_) => Err(backend::Error::invalid("/role", "Choose viewer, editor or admin.")),
    };
    match changed {
        Ok(_) => Ok(page.done(Section::Members, Notice::Saved)),
        Err(error @ backend::Error::NotFound { .. }) => Err(error.into()),
        Err(error) => refused(&page, sent.refused("role", error)).await,
    }
}

async fn remove(page: TenantPage, Path(ids): Ids, sent: Sent) -> PageResult {
    page.scope.require(Permission::ManageMembers)?;
    let user = id(&ids, "user_id", "This member")?;
    match page.base.backend().members().remove(&page.scope, user, None).await {
        // Whoever removed themselves has nothing to come back to here.
        Ok(()) if page.base.visitor.user() == Some(user) && page.scope.me().memberships.len() <= 1 => {
            Ok(axum::response::IntoResponse::into_response(axum::response::Redirect::to("/")))
        }
        Ok(()) => Ok(page.done(Section::Members, Notice::Removed)),
        Err(error @ backend::Error::NotFound { .. }) => Err(error.into()),
        Err(error) => refused(&page, sent.refused("remove", error)).await,
    }
}

async fn resend(page: TenantPage, Path(ids): Ids) -> PageResult {
    page.scope.require(Permission::ManageMembers)?;
    let id = id(&ids, "id", "This invitation")?;
    let link = page.base.backend().invitations().resend(&page.scope, id, None).await?;
    shown(&page, &ListQuery::default(), TypedForm::default(), Some(link)).await
}

async fn revoke(page: TenantPage, Path(ids): Ids) -> PageResult {
    page.scope.require(Permission::ManageMembers)?;
    let id = id(&ids, "id", "This invitation")?;
    page.base.backend().invitations().revoke(&page.scope, id, None).await?;
    Ok(page.done(Section::Members, Notice::Revoked))
}
