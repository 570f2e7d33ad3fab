//! All routes in one place, and the order of the layers around them.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{any, get, post},
};
use leptos_axum::{LeptosRoutes, generate_route_list};
use tower_http::{CompressionLevel, catch_panic::CatchPanicLayer, compression::CompressionLayer};
use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite};

use crate::{admin, layers, links, ops, pages, rest, session::PgSessions, site, state::AppState};

/// Longest body anything accepts, bytes.
const MAX_BODY: usize = 64 * 1024;

/// Pages and forms outside of the rendered app and the API, for the test of who may use what. `/logout` is left out: it
/// does for forms what the API's does.
#[cfg(test)]
pub const FORMS: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/demo-mesh.svg"),
    ("GET", "/login"),
    ("GET", "/account"),
    ("POST", "/account/sessions/end"),
    ("POST", "/account/sessions/{id}/end"),
    ("GET", "/admin/audit"),
    ("GET", "/t/{tenant}/settings/audit"),
    ("POST", "/t/{tenant}/view-as"),
    ("POST", "/view-as/end"),
    ("GET", "/setup"),
    ("POST", "/setup"),
    ("GET", "/setup/tenant"),
    ("POST", "/setup/tenant"),
    ("GET", "/setup/stores"),
    ("POST", "/theme"),
    ("POST", "/t/{tenant}/demo/{fault}/start"),
    ("POST", "/t/{tenant}/demo/{fault}/stop"),
    ("GET", "/t/{tenant}/settings/sign-in"),
    ("POST", "/t/{tenant}/settings/sign-in"),
    ("GET", "/t/{tenant}/settings/sign-in/{name}"),
    ("POST", "/t/{tenant}/settings/sign-in/{name}"),
    ("POST", "/t/{tenant}/settings/sign-in/{name}/delete"),
    ("POST", "/t/{tenant}/settings/sign-in/{name}/test"),
    ("POST", "/t/{tenant}/settings/sign-in/{name}/preview"),
    ("GET", "/admin/sign-in"),
    ("POST", "/admin/sign-in"),
    ("GET", "/admin/sign-in/{name}"),
    ("POST", "/admin/sign-in/{name}"),
    ("POST", "/admin/sign-in/{name}/delete"),
    ("POST", "/admin/sign-in/{name}/test"),
    ("POST", "/admin/sign-in/{name}/preview"),
    ("GET", "/invite/{token}"),
    ("POST", "/invite/{token}"),
    ("GET", "/forgot"),
    ("POST", "/forgot"),
    ("GET", "/reset/{token}"),
    ("POST", "/reset/{token}"),
    ("POST", "/account/password"),
    ("GET", "/admin"),
    ("POST", "/admin"),
    ("GET", "/admin/tenants/{slug}"),
    ("POST", "/admin/tenants/{slug}"),
    ("POST", "/admin/tenants/{slug}/suspend"),
    ("POST", "/admin/tenants/{slug}/resume"),
    ("POST", "/admin/tenants/{slug}/delete"),
    ("GET", "/admin/people"),
    ("POST", "/admin/people/{id}/disable"),
    ("POST", "/admin/people/{id}/enable"),
    ("POST", "/admin/people/{id}/grant"),
    ("POST", "/admin/people/{id}/withdraw"),
    ("POST", "/admin/people/{id}/reset-link"),
    ("GET", "/t/{tenant}/settings"),
    ("POST", "/t/{tenant}/settings"),
    ("GET", "/t/{tenant}/settings/members"),
    ("POST", "/t/{tenant}/settings/members/invite"),
    ("POST", "/t/{tenant}/settings/members/{user_id}/role"),
    ("POST", "/t/{tenant}/settings/members/{user_id}/remove"),
    ("POST", "/t/{tenant}/settings/members/invites/{id}/resend"),
    ("POST", "/t/{tenant}/settings/members/invites/{id}/revoke"),
    ("GET", "/t/{tenant}/settings/keys"),
    ("POST", "/t/{tenant}/settings/keys"),
    ("POST", "/t/{tenant}/settings/keys/{id}/rotate"),
    ("POST", "/t/{tenant}/settings/keys/{id}/revoke"),
    ("POST", "/t/{tenant}/settings/service-accounts"),
    ("POST", "/t/{tenant}/settings/service-accounts/{id}"),
    ("POST", "/t/{tenant}/settings/service-accounts/{id}/delete"),
    ("GET", "/admin/stores"),
    ("POST", "/admin/stores"),
    ("POST", "/admin/stores/test"),
    ("GET", "/admin/stores/{name}"),
    ("POST", "/admin/stores/{name}"),
    ("POST", "/admin/stores/{name}/test"),
    ("POST", "/admin/stores/{name}/fix"),
    ("POST", "/admin/stores/{name}/delete"),
    ("GET", "/t/{tenant}/settings/isolation"),
    ("POST", "/t/{tenant}/settings/isolation"),
];

/// The router of the main port.
pub fn router(state: AppState) -> Router {
    // The cookie is only sent at sign-in; that a session was not used for too long is the database's to know.
    let lifetime = time::Duration::try_from(state.backend.config().sessions.absolute).unwrap_or(time::Duration::HOUR);
    let sessions = SessionManagerLayer::new(PgSessions(state.backend.clone()))
        // The prefix makes browsers refuse the cookie from a sibling host or another path.
        .with_name(if state.secure_cookies { "__Host-obstack_session" } else { "obstack_session" })
        .with_http_only(true)
        .with_secure(state.secure_cookies)
        // Not even links on other sites carry it: `guard_pages` sends those once around.
        .with_same_site(SameSite::Strict)
        .with_expiry(Expiry::OnInactivity(lifetime));

    let leptos_routes = generate_route_list(app::App);
    let shell_options = state.leptos.clone();
    let shell = move || app::shell(shell_options.clone());
    let portal: Router = Router::new()
        .route("/", get(pages::landing))
        .route("/demo-mesh.svg", get(pages::demo_picture))
        .route("/login", get(pages::login).post(pages::sign_in))
        .route("/logout", post(pages::sign_out))
        .route("/theme", post(pages::set_theme))
        .route("/t/{tenant}/demo/{fault}/start", post(pages::start_fault))
        .route("/t/{tenant}/demo/{fault}/stop", post(pages::stop_fault))
        .route("/ui/{*function}", any(pages::server_function))
        .merge(admin::router(state.clone()))
        .merge(links::router(state.clone()))
        .nest("/api/v1", rest::router())
        .leptos_routes_with_context(
            &state,
            leptos_routes,
            // The request's extensions reach the page through `Parts`, which leptos_axum provides before this runs.
            pages::provide_page_context,
            shell,
        )
        .fallback(pages::not_found)
        .layer(from_fn_with_state(state.clone(), layers::caller::guard_pages))
        .layer(from_fn_with_state(state.clone(), layers::refusals::layer))
        .layer(from_fn_with_state(state.clone(), layers::limit::by_caller))
        .layer(from_fn_with_state(state.clone(), layers::caller::layer))
        .layer(sessions)
        .layer(from_fn_with_state(state.clone(), layers::origin::layer))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        // Made anew for every answer: a page is a tenth larger than at the usual level, and there three times as soon.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        // Before a session or a key is looked up.
        .layer(from_fn_with_state(state.clone(), layers::limit::by_address))
        .with_state(state.clone());

    Router::new()
        .merge(ops::public_routes(state.clone()))
        .merge(site::routes(&state.leptos))
        .merge(portal)
        .layer(from_fn(layers::observe::layer))
        .layer(from_fn_with_state(state.clone(), layers::client::layer))
        .layer(from_fn_with_state(state, layers::security::layer))
        .layer(from_fn(layers::request_id::layer))
        .layer(CatchPanicLayer::new())
}
