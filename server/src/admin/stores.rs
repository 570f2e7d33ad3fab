//! Pages of stores: the list with the form for a new one, and one page per store. A test shows its findings on the page
//! that asked for it; a fix is saved, or put into the form when what was tested is not saved.

use std::collections::BTreeMap;

use app::admin::{
    FormErrors, Notice, Section, TypedForm,
    stores::{self, FORM, StoreDocument, TestShown},
};
use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use contract::{
    ApiError,
    store_admin::{Fix, StoreSettings, StoreTenancy},
};
use serde::Deserialize;

use super::{InstallationPage, PageError, PageResult, Sent};
use crate::{extract::Params, rest::etag::etag, state::AppState};

/// `/admin/stores…`
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/stores", get(list).post(create))
        .route("/admin/stores/test", post(test_new))
        .route("/admin/stores/{name}", get(one).post(change))
        .route("/admin/stores/{name}/test", post(test))
        .route("/admin/stores/{name}/fix", post(fix))
        .route("/admin/stores/{name}/delete", post(delete))
}

#[derive(Default, Deserialize)]
struct ListQuery {
    cursor: Option<String>,
}

async fn list(page: InstallationPage, query: Result<Params<ListQuery>, crate::error::HttpError>) -> PageResult {
    let Params(query) = query.map_err(|error| PageError(error.0))?;
    show_list(&page, &TypedForm::default(), query.cursor.as_deref(), None).await
}

async fn show_list(
    page: &InstallationPage,
    typed: &TypedForm,
    cursor: Option<&str>,
    test: Option<TestShown>,
) -> PageResult {
    let stores = page.base.backend().store_admin().list(&page.operator, None, cursor).await?;
    Ok(page.show(Section::Stores, typed, stores::list(&stores, typed, test)))
}

async fn create(page: InstallationPage, sent: Sent) -> PageResult {
    let created = match settings(&sent) {
        Ok(settings) => {
            page.base.backend().store_admin().create(&page.operator, &settings).await.map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match created {
        Ok(store) => Ok(page.done(&format!("/admin/stores/{}", store.name), Notice::Created)),
        Err(error) => show_list(&page, &sent.refused(FORM, error), None, None).await,
    }
}

async fn test_new(page: InstallationPage, sent: Sent) -> PageResult {
    let admin = page.base.backend().store_admin();
    let tested = async {
        let settings = admin.with_fix(settings(&sent)?, &chosen(sent.get("fix")));
        let test = admin.test_settings(&page.operator, &settings, None).await?;
        Ok::<_, ApiError>((settings, test))
    };
    match tested.await {
        Ok((settings, test)) => {
            let shown = TestShown { test, saved: None };
            show_list(&page, &typed(&settings, None), None, Some(shown)).await
        }
        Err(error) => show_list(&page, &sent.refused(FORM, error), None, None).await,
    }
}

async fn one(page: InstallationPage, Path(name): Path<String>) -> PageResult {
    show_one(&page, &name, &TypedForm::default(), None).await
}

async fn show_one(page: &InstallationPage, name: &str, typed: &TypedForm, test: Option<TestShown>) -> PageResult {
    let store = page.base.backend().store_admin().get(&page.operator, name).await?;
    let version = etag(&store.store);
    let body = stores::one(&StoreDocument { store, version, test }, typed);
    Ok(page.show(Section::Stores, typed, body))
}

/// The page of a store after a form: away from it when it was carried out.
async fn answer(page: &InstallationPage, name: &str, sent: Sent, done: Result<Notice, ApiError>) -> PageResult {
    match done {
        Ok(notice) => Ok(page.done(&format!("/admin/stores/{name}"), notice)),
        Err(error) => show_one(page, name, &sent.refused(FORM, error), None).await,
    }
}

async fn change(page: InstallationPage, Path(name): Path<String>, sent: Sent) -> PageResult {
    let done = match settings(&sent) {
        Ok(settings) => {
            let admin = page.base.backend().store_admin();
            let changed = admin.change(&page.operator, &name, &settings, sent.get("version")).await;
            changed.map(|_| Notice::Saved).map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    answer(&page, &name, sent, done).await
}

async fn test(page: InstallationPage, Path(name): Path<String>, sent: Sent) -> PageResult {
    let admin = page.base.backend().store_admin();
    let store = admin.get(&page.operator, &name).await?.store;
    // A locked store has no form, so nothing is typed.
    if sent.get("url").is_empty() {
        return match admin.test(&page.operator, &name).await {
            Ok(test) => {
                let shown = TestShown { test, saved: Some(etag(&store)) };
                show_one(&page, &name, &TypedForm::default(), Some(shown)).await
            }
            Err(error) => show_one(&page, &name, &sent.refused(FORM, error), None).await,
        };
    }
    let tested = async {
        let settings = admin.with_fix(settings(&sent)?, &chosen(sent.get("fix")));
        let test = admin.test_settings(&page.operator, &settings, Some(&name)).await?;
        Ok::<_, ApiError>((settings, test))
    };
    match tested.await {
        Ok((mut settings, test)) => {
            settings.name.clone_from(&name);
            let saved = (settings == admin.settings(&store)).then(|| etag(&store));
            let shown = TestShown { test, saved };
            show_one(&page, &name, &typed(&settings, Some(&name)), Some(shown)).await
        }
        Err(error) => show_one(&page, &name, &sent.refused(FORM, error), None).await,
    }
}

async fn fix(page: InstallationPage, Path(name): Path<String>, sent: Sent) -> PageResult {
    let set = chosen(sent.get("fix"));
    let admin = page.base.backend().store_admin();
    let done = admin.fix(&page.operator, &name, &set, sent.get("version")).await;
    answer(&page, &name, sent, done.map(|_| Notice::Saved).map_err(ApiError::from)).await
}

async fn delete(page: InstallationPage, Path(name): Path<String>, sent: Sent) -> PageResult {
    if sent.get("confirm").trim() != name {
        let error = ApiError::invalid("/confirm", format!("Type {name} to confirm; nothing was deleted."));
        return show_one(&page, &name, &sent.refused("delete", error), None).await;
    }
    match page.base.backend().store_admin().delete(&page.operator, &name, "*").await {
        Ok(()) => Ok(page.done("/admin/stores", Notice::Deleted)),
        Err(error) => show_one(&page, &name, &sent.refused("delete", error), None).await,
    }
}

/// What was typed. Fields that mean nothing for what was chosen are left out: they stay in a form when the choice changes.
fn settings(sent: &Sent) -> Result<StoreSettings, ApiError> {
    let text = |field: &str| sent.get(field).trim().to_owned();
    let timeout_ms = sent
        .get("timeout_ms")
        .trim()
        .parse()
        .map_err(|_| ApiError::invalid("/timeout_ms", "Write milliseconds from 1000 to 300000, such as 10000."))?;
    let (mode, auth) = (text("tenancy/mode"), text("auth"));
    Ok(StoreSettings {
        name: text("name"),
        kind: text("kind"),
        url: text("url"),
        timeout_ms,
        tenancy: StoreTenancy { label: if mode == "label" { text("tenancy/label") } else { String::new() }, mode },
        username: if auth == "basic" { text("username") } else { String::new() },
        // Without trimming: a password may begin or end with a space.
        secret: if auth == "none" { String::new() } else { sent.get("secret").to_owned() },
        auth,
    })
}

/// The fix a button stands for: fields and values, parted by spaces, which neither contains.
fn chosen(text: &str) -> Fix {
    let words: Vec<&str> = text.split_whitespace().collect();
    let set: BTreeMap<String, String> =
        words.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
    Fix { label: String::new(), set }
}

/// The form as it was typed, nothing wrong with it. Secrets are not sent back.
fn typed(settings: &StoreSettings, saved: Option<&str>) -> TypedForm {
    let values = [
        ("name", saved.unwrap_or(&settings.name).to_owned()),
        ("kind", settings.kind.clone()),
        ("url", settings.url.clone()),
        ("timeout_ms", settings.timeout_ms.to_string()),
        ("tenancy/mode", settings.tenancy.mode.clone()),
        ("tenancy/label", settings.tenancy.label.clone()),
        ("auth", settings.auth.clone()),
        ("username", settings.username.clone()),
    ];
    let values = values.into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
    TypedForm { form: FORM, values, errors: FormErrors::default() }
}
