//! `/t/{tenant}/settings/keys`: keys and service accounts. Everybody sees their own; who manages keys sees all.

use app::admin::{KeysPage, Notice, ScopeChoice, Section, TypedForm, keys_page, made_key_page};
use axum::{
    Router,
    extract::{Path, RawQuery},
    response::Response,
    routing::{get, post},
};
use backend::{
    keys::{DAYS_OFFERED, OVERLAPS},
    scope::{KeyScope, Permission},
};
use contract::{
    ApiError, ErrorCode, FieldError, Role,
    keys::{ApiKeyQuery, MadeApiKey, NewApiKey, RotateApiKey, ServiceAccountInput},
};

use super::{PageResult, Sent, TenantPage};
use crate::state::AppState;

/// The pages and forms of this section.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/t/{tenant}/settings/keys", get(list).post(create))
        .route("/t/{tenant}/settings/keys/{id}/rotate", post(rotate))
        .route("/t/{tenant}/settings/keys/{id}/revoke", post(revoke))
        .route("/t/{tenant}/settings/service-accounts", post(create_account))
        .route("/t/{tenant}/settings/service-accounts/{id}", post(change_account))
        .route("/t/{tenant}/settings/service-accounts/{id}/delete", post(delete_account))
}

/// `GET …/keys`.
async fn list(page: TenantPage, RawQuery(query): RawQuery) -> PageResult {
    let cursor = query.as_deref().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("cursor="));
    show(page, &TypedForm::default(), cursor.map(str::to_owned)).await
}

async fn show(page: TenantPage, typed: &TypedForm, cursor: Option<String>) -> PageResult {
    let (keys, now) = (page.base.backend().keys(), page.base.backend().clock().now());
    let found = keys.list(&page.scope, &ApiKeyQuery { limit: None, cursor }, now).await?;
    let accounts = match page.scope.may(Permission::ManageKeys) {
        true => Some(keys.accounts(&page.scope, now).await?.items),
        false => None,
    };
    let here = page.href(Section::Keys);
    let access = page.scope.access();
    let scopes = KeyScope::ALL.into_iter().filter(|scope| access.may_give(*scope));
    let longest = keys.longest_days();
    let mut days: Vec<u32> = DAYS_OFFERED.into_iter().filter(|days| *days <= longest).collect();
    if days.is_empty() {
        days.push(longest);
    }
    let body = KeysPage {
        accounts_at: format!("/t/{}/settings/service-accounts", page.scope.slug()),
        now,
        me: page.base.visitor.user().map(|user| user.to_string()).unwrap_or_default(),
        next: found.next.map(|cursor| format!("{here}?cursor={cursor}")),
        keys: found.items,
        accounts,
        own: page.scope.may(Permission::ManageOwnKeys),
        roles: [Role::Viewer, Role::Editor, Role::Admin]
            .into_iter()
            .filter(|role| Some(*role) <= access.grantable_role())
            .collect(),
        scopes: scopes
            .map(|scope| ScopeChoice {
                scope: scope.as_str(),
                words: match scope.least_role() {
                    Role::Viewer => scope.as_str().to_owned(),
                    least => format!("{} ({} and up)", scope.as_str(), least.as_str()),
                },
            })
            .collect(),
        days,
        overlaps: OVERLAPS.map(|(word, _)| word).to_vec(),
        here,
    };
    Ok(page.show(Section::Keys, typed, keys_page(&body, typed)))
}

/// The answer that shows a new key. Never a redirect: the key would have to travel in a URL.
fn show_made(page: &TenantPage, made: &MadeApiKey, old: Option<String>) -> Response {
    let url = page.base.backend().config().public_url.as_str().trim_end_matches('/').to_owned();
    let body = made_key_page(made, &page.href(Section::Keys), &url, page.scope.slug().as_str(), old);
    page.show(Section::Keys, &TypedForm::default(), body)
}

fn days(text: &str) -> Result<Option<u32>, backend::Error> {
    match text {
        "" => Ok(None),
        text => {
            text.parse().map(Some).map_err(|_| backend::Error::invalid("/expires_in_days", "Write a number of days."))
        }
    }
}

/// `POST …/keys`.
async fn create(page: TenantPage, sent: Sent) -> PageResult {
    page.base.visitor.without_token()?;
    let made = match days(sent.get("expires_in_days")) {
        Ok(expires_in_days) => {
            let account = sent.get("service_account");
            let asked = NewApiKey {
                name: sent.get("name").to_owned(),
                role: sent.get("role").to_owned(),
                scopes: sent.all("scopes").map(str::to_owned).collect(),
                service_account: (!account.is_empty()).then(|| account.to_owned()),
                expires_in_days,
            };
            let backend = page.base.backend();
            backend.keys().create(&page.scope, &asked, backend.clock().now()).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(made) => Ok(show_made(&page, &made, None)),
        Err(error) => again(page, sent, "create", error).await,
    }
}

/// The page once more, with what was typed; what is not about the form is a page of its own.
async fn again(page: TenantPage, sent: Sent, form: &'static str, error: backend::Error) -> PageResult {
    let error = ApiError::from(error);
    match error.code {
        ErrorCode::Invalid | ErrorCode::Conflict => {
            let typed = sent.refused(form, error);
            show(page, &typed, None).await
        }
        _ => Err(error.into()),
    }
}

/// `POST …/keys/{id}/rotate`.
async fn rotate(page: TenantPage, Path((_, id)): Path<(String, String)>, sent: Sent) -> PageResult {
    page.base.visitor.without_token()?;
    let (overlap_field, days_field) = (format!("overlap-{id}"), format!("days-{id}"));
    let rotated = match days(sent.get(&days_field)) {
        Ok(expires_in_days) => {
            let overlap = Some(sent.get(&overlap_field).to_owned()).filter(|word| !word.is_empty());
            let asked = RotateApiKey { overlap, expires_in_days };
            let backend = page.base.backend();
            backend.keys().rotate(&page.scope, &id, &asked, None, backend.clock().now()).await
        }
        Err(error) => Err(error),
    };
    match rotated {
        Ok(made) => {
            let old = match sent.get(&overlap_field) {
                "" => "The old key keeps working for 24h, or until it ends by itself.".to_owned(),
                word => format!("The old key keeps working for {word}, or until it ends by itself."),
            };
            Ok(show_made(&page, &made, Some(old)))
        }
        Err(error) => {
            let error = renamed(error, &[("/overlap", &overlap_field), ("/expires_in_days", &days_field)]);
            again(page, sent.with("key", &id), "rotate", error).await
        }
    }
}

/// `POST …/keys/{id}/revoke`.
async fn revoke(page: TenantPage, Path((_, id)): Path<(String, String)>, sent: Sent) -> PageResult {
    let backend = page.base.backend();
    match backend.keys().revoke(&page.scope, &id, None, backend.clock().now()).await {
        Ok(()) => Ok(page.done(Section::Keys, Notice::Revoked)),
        Err(error) => again(page, sent, "revoke", error).await,
    }
}

/// `POST …/service-accounts`. Its fields are named apart from those of the form for keys on the same page.
async fn create_account(page: TenantPage, sent: Sent) -> PageResult {
    page.scope.require(Permission::ManageKeys)?;
    let asked = ServiceAccountInput { name: sent.get("account_name").into(), role: sent.get("account_role").into() };
    let backend = page.base.backend();
    match backend.keys().create_account(&page.scope, &asked, backend.clock().now()).await {
        Ok(_) => Ok(page.done(Section::Keys, Notice::Created)),
        Err(error) => {
            again(page, sent, "account", renamed(error, &[("/name", "account_name"), ("/role", "account_role")])).await
        }
    }
}

/// `POST …/service-accounts/{id}`.
async fn change_account(page: TenantPage, Path((_, id)): Path<(String, String)>, sent: Sent) -> PageResult {
    page.scope.require(Permission::ManageKeys)?;
    let (name, role) = (format!("name-{id}"), format!("role-{id}"));
    let asked = ServiceAccountInput { name: sent.get(&name).into(), role: sent.get(&role).into() };
    let backend = page.base.backend();
    match backend.keys().update_account(&page.scope, &id, &asked, None, backend.clock().now()).await {
        Ok(_) => Ok(page.done(Section::Keys, Notice::Saved)),
        Err(error) => {
            again(
                page,
                sent.with("account", &id),
                "change-account",
                renamed(error, &[("/name", &name), ("/role", &role)]),
            )
            .await
        }
    }
}

/// `POST …/service-accounts/{id}/delete`.
async fn delete_account(page: TenantPage, Path((_, id)): Path<(String, String)>, sent: Sent) -> PageResult {
    let backend = page.base.backend();
    match backend.keys().delete_account(&page.scope, &id, None, backend.clock().now()).await {
        Ok(()) => Ok(page.done(Section::Keys, Notice::Deleted)),
        Err(error) => again(page, sent, "delete-account", error).await,
    }
}

/// The complaint at the fields as this page names them.
fn renamed(error: backend::Error, fields: &[(&str, &str)]) -> backend::Error {
    let pointer = |old: String| match fields.iter().find(|(from, _)| *from == old) {
        Some((_, to)) => format!("/{to}"),
        None => old,
    };
    match error {
        backend::Error::Invalid { field, why } => backend::Error::Invalid { field: pointer(field), why },
        backend::Error::InvalidFields(errors) => backend::Error::InvalidFields(
            errors.into_iter().map(|error| FieldError { pointer: pointer(error.pointer), ..error }).collect(),
        ),
        other => other,
    }
}
