//! What a page of administration takes from a request, and how it answers.

use std::{collections::HashMap, sync::Arc};

use app::{
    admin::{AdminFrame, FormErrors, Notice, Place, Section, TypedForm, render_admin},
    public::Look,
};
use axum::{
    extract::{FromRequest, FromRequestParts, Path, RawForm, Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use backend::{
    Backend, Operator, Scope, Visitor,
    scope::{Access, Permission},
};
use contract::{ApiError, Door, ErrorCode, TenantSlug};
use leptos::prelude::AnyView;

use crate::{
    extract::Caller,
    layers::caller::comes_from_elsewhere,
    pages::{look, once_around, refused, to_login},
    state::AppState,
};

/// What a page or a form answers.
pub type PageResult = Result<Response, PageError>;

/// Why a page cannot be shown.
#[derive(Debug)]
pub struct PageError(pub ApiError);

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<backend::Error> for PageError {
    fn from(error: backend::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(Arc::new(self.0));
        response
    }
}

/// Turns a [`PageError`] into a document, or into the way to the sign-in page.
pub async fn problem_pages(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<Arc<ApiError>>() else { return response };
    match error.code {
        ErrorCode::Unauthenticated if method == Method::GET && comes_from_elsewhere(&headers) => {
            once_around(&state, &headers, &wanted)
        }
        ErrorCode::Unauthenticated => to_login(if method == Method::GET { &wanted } else { "/" }),
        _ => refused(&state, &headers, &error),
    }
}

/// What all pages know.
pub struct Base {
    /// The portal.
    pub state: AppState,
    /// The caller.
    pub visitor: Arc<Visitor>,
    look: Look,
    notice: Option<Notice>,
}

impl Base {
    /// The services.
    pub fn backend(&self) -> &Arc<Backend> {
        &self.state.backend
    }

    fn page(&self, place: Place, section: Section, typed: &TypedForm, body: AnyView) -> Response {
        let Some(me) = self.visitor.me().cloned() else {
            return PageError(ApiError::unauthenticated()).into_response();
        };
        let errors = typed.errors.clone();
        let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        let frame = AdminFrame { look: self.look.clone(), me, place, section, notice: self.notice, errors };
        (status, Html(render_admin(&frame, body))).into_response()
    }
}

impl FromRequestParts<AppState> for Base {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageError> {
        let Caller(visitor) = Caller::from_request_parts(parts, state).await.map_err(|error| PageError(error.0))?;
        if visitor.me().is_none() {
            return Err(ApiError::unauthenticated().into());
        }
        let query = parts.uri.query().unwrap_or_default();
        let done = query.split('&').find_map(|pair| pair.strip_prefix("done="));
        Ok(Self {
            state: state.clone(),
            visitor,
            look: look(state, &parts.headers, parts.uri.path()),
            notice: done.and_then(Notice::from_name),
        })
    }
}

/// A page of a tenant's settings.
pub struct TenantPage {
    /// What all pages know.
    pub base: Base,
    /// The caller in the tenant.
    pub scope: Scope,
}

impl TenantPage {
    /// The page around `body`.
    pub fn show(&self, section: Section, typed: &TypedForm, body: AnyView) -> Response {
        self.base.page(self.place(), section, typed, body)
    }

    /// Where the page is.
    pub fn place(&self) -> Place {
        Place::Tenant {
            membership: self.scope.membership().clone(),
            settings: self.scope.may(Permission::ViewSettings),
            observing: *self.scope.access() == Access::Observer,
        }
    }

    /// The address of a section.
    pub fn href(&self, section: Section) -> String {
        section.href(&self.place())
    }

    /// Back to a section, where the notice is shown.
    pub fn done(&self, section: Section, notice: Notice) -> Response {
        Redirect::to(&format!("{}?done={}", self.href(section), notice.as_str())).into_response()
    }
}

impl FromRequestParts<AppState> for TenantPage {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageError> {
        let base = Base::from_request_parts(parts, state).await?;
        let params = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let slug = params.ok().and_then(|Path(params)| params.get("tenant")?.parse::<TenantSlug>().ok());
        let slug = slug.ok_or_else(|| ApiError::not_found("This tenant"))?;
        let scope = base.visitor.scope(&slug)?;
        Ok(Self { base, scope })
    }
}

/// A page about the installation.
pub struct InstallationPage {
    /// What all pages know.
    pub base: Base,
    /// The right to be here.
    pub operator: Operator,
}

impl InstallationPage {
    /// The page around `body`.
    pub fn show(&self, section: Section, typed: &TypedForm, body: AnyView) -> Response {
        self.base.page(Place::Installation, section, typed, body)
    }

    /// Back to a path below `/admin`, where the notice is shown.
    pub fn done(&self, path: &str, notice: Notice) -> Response {
        Redirect::to(&format!("{path}?done={}", notice.as_str())).into_response()
    }
}

impl FromRequestParts<AppState> for InstallationPage {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageError> {
        let base = Base::from_request_parts(parts, state).await?;
        let operator = base.visitor.operator()?;
        Ok(Self { base, operator })
    }
}

/// A page about the caller.
pub struct AccountPage {
    /// What all pages know.
    pub base: Base,
}

impl AccountPage {
    /// The page around `body`.
    pub fn show(&self, typed: &TypedForm, body: AnyView) -> Response {
        self.base.page(Place::Account, Section::Account, typed, body)
    }

    /// Back to the account, where the notice is shown.
    pub fn done(&self, notice: Notice) -> Response {
        Redirect::to(&format!("/account?done={}", notice.as_str())).into_response()
    }
}

impl FromRequestParts<AppState> for AccountPage {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageError> {
        Ok(Self { base: Base::from_request_parts(parts, state).await? })
    }
}

/// What a form sent, by field.
pub struct Sent(Vec<(String, String)>);

impl Sent {
    /// The first value of a field; empty when it was not sent.
    pub fn get(&self, field: &str) -> &str {
        self.0.iter().find(|(name, _)| name == field).map_or("", |(_, value)| value)
    }

    /// All values of a field, for ticks that share a name.
    pub fn all<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.0.iter().filter(move |(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    /// Whether a tick was set.
    pub fn ticked(&self, field: &str) -> bool {
        !self.get(field).is_empty()
    }

    /// The form as it comes back without anything wrong: it was only looked at.
    pub fn typed(self, form: &'static str) -> TypedForm {
        let errors = FormErrors::default();
        TypedForm { errors, ..self.refused(form, ApiError::new(ErrorCode::Invalid, "")) }
    }

    /// With one more field, for what stood in the form's address.
    pub fn with(mut self, field: &str, value: &str) -> Self {
        self.0.push((field.to_owned(), value.to_owned()));
        self
    }

    /// The form as it comes back with what is wrong. Fields whose names speak of secrets come back empty; values of ticks
    /// that share a name are joined by spaces.
    pub fn refused(self, form: &'static str, error: impl Into<ApiError>) -> TypedForm {
        let mut values = std::collections::BTreeMap::<String, String>::new();
        for (name, value) in self.0 {
            if name.contains("password") || name.contains("secret") || name.contains("token") {
                continue;
            }
            let all = values.entry(name).or_default();
            if !all.is_empty() {
                all.push(' ');
            }
            all.push_str(&value);
        }
        TypedForm { form, values, errors: FormErrors::of(&error.into()) }
    }
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let unreadable = || PageError(ApiError::invalid("", "The form cannot be read. Go back and send it again."));
        let RawForm(bytes) = RawForm::from_request(request, state).await.map_err(|_| unreadable())?;
        serde_urlencoded::from_bytes(&bytes).map(Self).map_err(|_| unreadable())
    }
}

/// Says how long to wait, where a refusal has a time.
pub fn with_retry_after(mut response: Response, error: &ApiError) -> Response {
    if let Some(secs) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
    }
    response
}
