//! The first run in the browser. Open while nobody has an account; afterwards its first page leads to the sign-in.

use app::{
    admin::TypedForm,
    public::{SetupStep, SetupStore, render_setup, setup_admin, setup_stores, setup_tenant},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use backend::setup::FirstAdmin;
use contract::{
    ApiError, Door, ErrorCode,
    stores::{Signal, StoreState},
    tenants::{MeshRule, NewTenant, StoreNames},
};
use leptos::prelude::AnyView;
use tower_sessions::Session;

use super::{InstallationPage, PageError, PageResult, Sent};
use crate::{extract::Caller, layers::client::Client, pages::look, rest, state::AppState};

/// `/setup…`
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/setup", get(first).post(claim))
        .route("/setup/tenant", get(tenant).post(make_tenant))
        .route("/setup/stores", get(stores))
}

fn document(state: &AppState, headers: &HeaderMap, step: SetupStep, typed: &TypedForm, body: AnyView) -> Response {
    let status = if typed.errors.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    (status, Html(render_setup(&look(state, headers, "/setup"), step, typed, body))).into_response()
}

async fn first(State(state): State<AppState>, Caller(visitor): Caller, headers: HeaderMap) -> PageResult {
    if visitor.operator().is_ok() {
        return Ok(Redirect::to("/setup/tenant").into_response());
    }
    if !state.backend.setup_is_open().await? {
        return Ok(Redirect::to("/login").into_response());
    }
    let typed = TypedForm::default();
    Ok(document(&state, &headers, SetupStep::Admin, &typed, setup_admin(&typed)))
}

async fn claim(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    session: Session,
    client: Client,
    headers: HeaderMap,
    sent: Sent,
) -> PageResult {
    let field = |name: &str| sent.get(name).to_owned();
    let wanted =
        FirstAdmin { token: field("token"), email: field("email"), name: field("name"), password: field("password") };
    let (now, origin) = (state.backend.clock().now(), visitor.actor().origin);
    match state.backend.claim(&wanted, client.address, origin.as_ref().clone(), now).await {
        Ok(user) => {
            rest::auth::begin(&state, &session, &user.to_string(), None, &client)
                .await
                .map_err(|error| PageError(error.0))?;
            state.backend.note_sign_in(user, "setup", origin, now).await;
            Ok(Redirect::to("/setup/tenant").into_response())
        }
        Err(error) => {
            let error = ApiError::from(error);
            if !matches!(error.code, ErrorCode::Invalid | ErrorCode::Conflict) {
                return Err(error.into());
            }
            let typed = sent.refused("admin", error);
            Ok(document(&state, &headers, SetupStep::Admin, &typed, setup_admin(&typed)))
        }
    }
}

async fn tenant(page: InstallationPage, headers: HeaderMap) -> PageResult {
    if page.base.visitor.me().is_some_and(|me| !me.memberships.is_empty()) {
        return Ok(Redirect::to("/setup/stores").into_response());
    }
    let typed = TypedForm::default();
    Ok(document(&page.base.state, &headers, SetupStep::Tenant, &typed, setup_tenant(&typed)))
}

async fn make_tenant(page: InstallationPage, headers: HeaderMap, sent: Sent) -> PageResult {
    let backend = page.base.backend();
    let everything = MeshRule { cluster: "*".to_owned(), namespaces: vec!["*".to_owned()] };
    let new = NewTenant {
        slug: sent.get("slug").to_owned(),
        name: sent.get("name").to_owned(),
        plan: None,
        mesh: vec![everything],
        stores: StoreNames::default(),
        first_admin: None,
    };
    match backend.tenants().create_first(&page.operator, &new).await {
        Ok(_) => Ok(Redirect::to("/setup/stores").into_response()),
        Err(error) => {
            let typed = sent.refused("tenant", error);
            Ok(document(&page.base.state, &headers, SetupStep::Tenant, &typed, setup_tenant(&typed)))
        }
    }
}

async fn stores(page: InstallationPage, headers: HeaderMap) -> PageResult {
    let Some(first) = page.base.visitor.me().and_then(|me| me.memberships.first()).cloned() else {
        return Ok(Redirect::to("/setup/tenant").into_response());
    };
    let status = page.base.visitor.portal(&first.tenant)?.stores().status().await?;
    let stores: Vec<SetupStore> = status
        .into_iter()
        .map(|store| SetupStore {
            name: store.name,
            signal: match store.signal {
                Signal::Metrics => "metrics",
                Signal::Logs => "logs",
                Signal::Traces => "traces",
            },
            state: match store.state {
                StoreState::Ok => "answers".to_owned(),
                StoreState::Slow => "answers slowly".to_owned(),
                StoreState::Down => "does not answer".to_owned(),
                StoreState::Unknown => "not asked yet".to_owned(),
            },
            down: store.state == StoreState::Down,
            screens: match store.signal {
                Signal::Metrics => "overview, topology",
                Signal::Logs => "logs of pushed telemetry",
                Signal::Traces => "traces of pushed telemetry",
            },
        })
        .collect();
    let me = page.base.visitor.me().map(|me| me.user.clone());
    let email = me.as_ref().map(|user| user.email.as_str()).unwrap_or_default();
    let name = serde_json::to_string(&first.name).unwrap_or_default();
    let yaml = format!(
        "tenants:\n  - slug: {slug}\n    name: {name}\n    mesh: [{{cluster: \"*\", namespaces: [\"*\"]}}]\nusers:\n  - email: \
         {email}\n    password_env: ADMIN_PASSWORD\n    platform_admin: true\n    memberships: [{{tenant: {slug}, role: admin}}]\n",
        slug = first.tenant,
    );
    let typed = TypedForm::default();
    let body = setup_stores(first.tenant.as_str(), &stores, yaml);
    Ok(document(&page.base.state, &headers, SetupStep::Stores, &typed, body))
}
