//! `/t/{tenant}/settings/sign-in` and `/admin/sign-in`: the same pages for a tenant's own providers and the installation's.

use std::collections::HashMap;

use app::admin::{CREATE, Notice, PREVIEW, SAVE, Section, TypedForm, sign_in_list, sign_in_provider};
use axum::{
    Router,
    extract::Path,
    response::Response,
    routing::{get, post},
};
use backend::{Error, scope::Permission, sign_in::Whose};
use contract::sign_in::{
    ConnectionReport, IdentityProvider, IdentityProviderSettings, MappingPreview, MappingRule, NewIdentityProvider,
};

use super::{InstallationPage, PageResult, Sent, TenantPage, page::Base};
use crate::state::AppState;

/// More providers than anybody has.
const ALL: Option<u32> = Some(200);

type Names = Path<HashMap<String, String>>;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/t/{tenant}/settings/sign-in", get(list::<TenantPage>).post(create::<TenantPage>))
        .route("/t/{tenant}/settings/sign-in/{name}", get(show::<TenantPage>).post(save::<TenantPage>))
        .route("/t/{tenant}/settings/sign-in/{name}/delete", post(delete::<TenantPage>))
        .route("/t/{tenant}/settings/sign-in/{name}/test", post(test::<TenantPage>))
        .route("/t/{tenant}/settings/sign-in/{name}/preview", post(preview::<TenantPage>))
        .route("/admin/sign-in", get(list::<InstallationPage>).post(create::<InstallationPage>))
        .route("/admin/sign-in/{name}", get(show::<InstallationPage>).post(save::<InstallationPage>))
        .route("/admin/sign-in/{name}/delete", post(delete::<InstallationPage>))
        .route("/admin/sign-in/{name}/test", post(test::<InstallationPage>))
        .route("/admin/sign-in/{name}/preview", post(preview::<InstallationPage>))
}

/// What the two places have in common.
trait Place: Sync {
    fn whose(&self) -> Whose<'_>;
    fn base(&self) -> &Base;
    fn home(&self) -> String;
    fn shown(&self, typed: &TypedForm, body: leptos::prelude::AnyView) -> Response;
    fn back(&self, path: &str, notice: Notice) -> Response;
    fn own(&self) -> Option<&str>;
    /// Asked before anything that was sent is looked at.
    fn manages(&self) -> Result<(), Error>;
}

impl Place for TenantPage {
    fn whose(&self) -> Whose<'_> {
        Whose::Tenant(&self.scope)
    }

    fn base(&self) -> &Base {
        &self.base
    }

    fn home(&self) -> String {
        self.href(Section::SignIn)
    }

    fn shown(&self, typed: &TypedForm, body: leptos::prelude::AnyView) -> Response {
        self.show(Section::SignIn, typed, body)
    }

    fn back(&self, path: &str, notice: Notice) -> Response {
        use axum::response::{IntoResponse, Redirect};
        Redirect::to(&format!("{path}?done={}", notice.as_str())).into_response()
    }

    fn own(&self) -> Option<&str> {
        Some(self.scope.slug().as_str())
    }

    fn manages(&self) -> Result<(), Error> {
        self.scope.require(Permission::ManageSignIn)
    }
}

impl Place for InstallationPage {
    fn whose(&self) -> Whose<'_> {
        Whose::Installation(&self.operator)
    }

    fn base(&self) -> &Base {
        &self.base
    }

    fn home(&self) -> String {
        Section::InstallationSignIn.href(&app::admin::Place::Installation)
    }

    fn shown(&self, typed: &TypedForm, body: leptos::prelude::AnyView) -> Response {
        self.show(Section::InstallationSignIn, typed, body)
    }

    fn back(&self, path: &str, notice: Notice) -> Response {
        self.done(path, notice)
    }

    fn own(&self) -> Option<&str> {
        None
    }

    fn manages(&self) -> Result<(), Error> {
        Ok(())
    }
}

async fn list<P: Place>(page: P) -> PageResult {
    listed(&page, &TypedForm::default()).await
}

async fn listed<P: Place>(page: &P, typed: &TypedForm) -> PageResult {
    let providers = page.base().backend().sign_in().list(page.whose(), ALL, None).await?;
    Ok(page.shown(typed, sign_in_list(&page.home(), &providers.items, page.own(), typed)))
}

async fn create<P: Place>(page: P, sent: Sent) -> PageResult {
    page.manages()?;
    let made = match settings_of(&sent) {
        Ok(settings) => {
            let new = NewIdentityProvider {
                name: sent.get("name").to_owned(),
                settings: IdentityProviderSettings { issuer: sent.get("issuer").to_owned(), ..settings },
            };
            page.base().backend().sign_in().create(page.whose(), &new).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(provider) => Ok(page.back(&format!("{}/{}", page.home(), provider.name), Notice::Created)),
        Err(error) => listed(&page, &sent.refused(CREATE, error)).await,
    }
}

/// What a page of one provider shows beside it.
#[derive(Default)]
struct Beside {
    typed: TypedForm,
    report: Option<ConnectionReport>,
    preview: Option<MappingPreview>,
}

async fn show<P: Place>(page: P, Path(names): Names) -> PageResult {
    one(&page, named(&names), Beside::default()).await
}

async fn one<P: Place>(page: &P, name: &str, beside: Beside) -> PageResult {
    let sign_in = page.base().backend().sign_in();
    let provider = sign_in.get(page.whose(), name).await?;
    let consequences = sign_in.consequences(page.whose(), name).await?;
    let Beside { typed, report, preview } = beside;
    let body = sign_in_provider(&page.home(), &provider, consequences, &typed, report.as_ref(), preview.as_ref());
    Ok(page.shown(&typed, body))
}

async fn save<P: Place>(page: P, Path(names): Names, sent: Sent) -> PageResult {
    page.manages()?;
    let sign_in = page.base().backend().sign_in();
    let name = named(&names);
    let IdentityProvider { issuer, .. } = sign_in.get(page.whose(), name).await?;
    let saved = match settings_of(&sent) {
        Ok(settings) => {
            sign_in.update(page.whose(), name, &IdentityProviderSettings { issuer, ..settings }, None).await
        }
        Err(error) => Err(error),
    };
    match saved {
        Ok(_) => Ok(page.back(&format!("{}/{name}", page.home()), Notice::Saved)),
        Err(error) => one(&page, name, Beside { typed: sent.refused(SAVE, error), ..Beside::default() }).await,
    }
}

async fn delete<P: Place>(page: P, Path(names): Names, sent: Sent) -> PageResult {
    page.manages()?;
    let name = named(&names);
    let sign_in = page.base().backend().sign_in();
    // Whether there is one comes first.
    let provider = sign_in.get(page.whose(), name).await?;
    let deleted = if sent.get("confirm").trim() == provider.name {
        sign_in.delete(page.whose(), name, None).await
    } else {
        Err(Error::invalid("/confirm", format!("This is not the name; type {name}.")))
    };
    match deleted {
        Ok(()) => Ok(page.back(&page.home(), Notice::Deleted)),
        Err(error) => one(&page, name, Beside { typed: sent.refused("delete", error), ..Beside::default() }).await,
    }
}

async fn test<P: Place>(page: P, Path(names): Names) -> PageResult {
    let report = page.base().backend().sign_in().test(page.whose(), named(&names)).await?;
    one(&page, named(&names), Beside { report: Some(report), ..Beside::default() }).await
}

async fn preview<P: Place>(page: P, Path(names): Names, sent: Sent) -> PageResult {
    page.manages()?;
    let name = named(&names);
    match page.base().backend().sign_in().preview(page.whose(), name, sent.get("token")).await {
        Ok(preview) => one(&page, name, Beside { preview: Some(preview), ..Beside::default() }).await,
        Err(error @ Error::NotFound { .. }) => Err(error.into()),
        Err(error) => one(&page, name, Beside { typed: sent.refused(PREVIEW, error), ..Beside::default() }).await,
    }
}

fn named(names: &HashMap<String, String>) -> &str {
    names.get("name").map_or("", String::as_str)
}

/// What the form says, without the issuer.
fn settings_of(sent: &Sent) -> Result<IdentityProviderSettings, Error> {
    let secret = sent.get("client_secret");
    Ok(IdentityProviderSettings {
        title: sent.get("title").to_owned(),
        issuer: String::new(),
        client_id: sent.get("client_id").to_owned(),
        client_secret: match (secret, sent.ticked("remove_credential")) {
            ("", true) => Some(String::new()),
            ("", false) => None,
            (secret, _) => Some(secret.to_owned()),
        },
        scopes: Some(sent.get("scopes").split_whitespace().map(str::to_owned).collect()),
        api_audience: Some(sent.get("api_audience").to_owned()),
        mappings: rules_of(sent.get("mappings"))?,
        enabled: Some(sent.ticked("enabled")),
    })
}

fn rules_of(text: &str) -> Result<Vec<MappingRule>, Error> {
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim())).filter(|(_, line)| !line.is_empty());
    lines
        .map(|(i, line)| line.parse().map_err(|why| Error::invalid("/mappings", format!("Line {i}: {why}."))))
        .collect()
}
