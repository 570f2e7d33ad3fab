//! `/admin/people`: everybody who can sign in; and the form that changes one's own password.

use app::admin::{Notice, Section, TypedForm, people::people};
use axum::{
    Router,
    extract::{Path, Query},
    routing::{get, post},
};
use contract::{
    ApiError,
    people::{PasswordChange, Person, PersonChange, ResetLink},
    tenants::ListQuery,
};
use tower_sessions::Session;
use uuid::Uuid;

use super::{
    AccountPage, InstallationPage, PageResult, Sent, account,
    page::{PageError, with_retry_after},
};
use crate::{layers::client::Client, rest, state::AppState};

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/admin/people", get(list))
        .route("/admin/people/{id}/disable", post(disable))
        .route("/admin/people/{id}/enable", post(enable))
        .route("/admin/people/{id}/grant", post(grant))
        .route("/admin/people/{id}/withdraw", post(withdraw))
        .route("/admin/people/{id}/reset-link", post(reset_link))
        .route("/account/password", post(password))
}

async fn shown(
    page: &InstallationPage,
    query: &ListQuery,
    typed: TypedForm,
    link: Option<(String, ResetLink)>,
) -> PageResult {
    let list = page.base.backend().people().list(&page.operator, query).await?;
    let asked = query.search.clone().unwrap_or_default();
    let body = people(&list, &asked, &page.operator.user().to_string(), link);
    Ok(page.show(Section::People, &typed, body))
}

async fn list(page: InstallationPage, query: Query<super::ListPart>) -> PageResult {
    shown(&page, &query.0.into(), TypedForm::default(), None).await
}

fn id(text: &str) -> Result<Uuid, PageError> {
    text.parse().map_err(|_| ApiError::not_found("This person").into())
}

/// Changes one thing about a person as they are now.
async fn change(page: InstallationPage, user: &str, sent: Sent, to: impl Fn(&Person) -> PersonChange) -> PageResult {
    let (user, people) = (id(user)?, page.base.backend().people());
    let now = people.get(&page.operator, user).await?;
    let version = backend::etag(&now);
    match people.change(&page.operator, user, &to(&now), Some(&version)).await {
        Ok(_) => Ok(page.done("/admin/people", Notice::Saved)),
        Err(error) => shown(&page, &ListQuery::default(), sent.refused("person", error), None).await,
    }
}

async fn disable(page: InstallationPage, Path(user): Path<String>, sent: Sent) -> PageResult {
    change(page, &user, sent, |now| PersonChange { platform_admin: now.platform_admin, disabled: true }).await
}

async fn enable(page: InstallationPage, Path(user): Path<String>, sent: Sent) -> PageResult {
    change(page, &user, sent, |now| PersonChange { platform_admin: now.platform_admin, disabled: false }).await
}

async fn grant(page: InstallationPage, Path(user): Path<String>, sent: Sent) -> PageResult {
    change(page, &user, sent, |now| PersonChange { platform_admin: true, disabled: now.disabled }).await
}

async fn withdraw(page: InstallationPage, Path(user): Path<String>, sent: Sent) -> PageResult {
    change(page, &user, sent, |now| PersonChange { platform_admin: false, disabled: now.disabled }).await
}

async fn reset_link(page: InstallationPage, Path(user): Path<String>, sent: Sent) -> PageResult {
    let (user, people) = (id(&user)?, page.base.backend().people());
    let name = people.get(&page.operator, user).await?.name;
    match people.reset_link(&page.operator, user).await {
        // The link is shown once, so there is nothing to redirect to.
        Ok(link) => shown(&page, &ListQuery::default(), TypedForm::default(), Some((name, link))).await,
        Err(error) => shown(&page, &ListQuery::default(), sent.refused("person", error), None).await,
    }
}

async fn password(page: AccountPage, session: Session, client: Client, sent: Sent) -> PageResult {
    let base = &page.base;
    let change = PasswordChange {
        current_password: sent.get("current_password").to_owned(),
        new_password: sent.get("new_password").to_owned(),
    };
    match base.backend().passwords().change(&base.visitor, client.address, &change).await {
        Ok(user) => {
            rest::auth::begin(&base.state, &session, &user.to_string(), None, &client)
                .await
                .map_err(|error| PageError(error.0))?;
            Ok(page.done(Notice::PasswordChanged))
        }
        Err(error) => {
            let error = ApiError::from(error);
            let typed = sent.refused("password", error.clone());
            Ok(with_retry_after(account::body(page, &session, &typed).await?, &error))
        }
    }
}
