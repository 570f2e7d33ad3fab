//! What browsers get that is not the API: the public pages, forms that work without scripts, and the context of the
//! rendered pages.

use app::{
    platform::Theme,
    public::{
        LandingPage, LoginPage, Look, MeshPicture, ProviderButton, render_landing, render_leaving, render_login,
        render_onward, render_problem,
    },
};
use axum::{
    Form,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use contract::{ApiError, Door};
use leptos::prelude::use_context;
use mesh::topology::{NodeKind, Protocol};
use serde::Deserialize;
use tower_sessions::Session;

use crate::{
    error::HttpError,
    extract::{Caller, InTenant},
    layers::{caller::comes_from_elsewhere, client::Client, security::ScriptNonce},
    rest,
    state::AppState,
};

/// What a rendered page or a server function finds in its context: the caller's door, the theme and the script nonce.
pub fn provide_page_context() {
    let Some(parts) = use_context::<Parts>() else { return };
    if let Some(Caller(visitor)) = parts.extensions.get::<Caller>() {
        leptos::prelude::provide_context(app::platform::DoorContext(visitor.clone()));
    }
    if let Some(ScriptNonce(nonce)) = parts.extensions.get::<ScriptNonce>() {
        leptos::prelude::provide_context(leptos::nonce::Nonce::from_value(nonce.as_str()));
    }
    leptos::prelude::provide_context(app::platform::ThemeContext(theme_of(&parts.headers)));
}

/// The theme chosen by cookie.
fn theme_of(headers: &HeaderMap) -> Theme {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies.map(Theme::from_cookies).find(|theme| *theme != Theme::System).unwrap_or_default()
}

/// How a public document looks for this visitor.
pub fn look(state: &AppState, headers: &HeaderMap, here: &str) -> Look {
    Look { theme: theme_of(headers), stylesheet: state.stylesheet.to_string(), here: here.to_owned() }
}

/// Server functions of the UI.
pub async fn server_function(request: Request<Body>) -> impl IntoResponse {
    leptos_axum::handle_server_fns_with_context(provide_page_context, request).await
}

/// Everything that is no page.
pub async fn not_found(State(state): State<AppState>, headers: HeaderMap) -> Response {
    missing(&state, &headers)
}

/// The page for what does not exist, or not for this caller: the same for both, so that nothing can be told from it.
pub fn missing(state: &AppState, headers: &HeaderMap) -> Response {
    let page = render_problem(&look(state, headers, "/"), &ApiError::not_found("This page"));
    (StatusCode::NOT_FOUND, Html(page)).into_response()
}

/// A page that may not be shown or does not exist, with the reason.
pub fn refused(state: &AppState, headers: &HeaderMap, error: &ApiError) -> Response {
    let mut error = error.clone();
    error.request_id = error.request_id.or_else(crate::layers::request_id::current);
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Html(render_problem(&look(state, headers, "/"), &error))).into_response();
    if let Some(secs) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
    }
    response
}

/// A page that asks for `wanted` again at once: coming from us, the request carries the session cookie, which no other site's
/// link does.
pub fn once_around(state: &AppState, headers: &HeaderMap, wanted: &str) -> Response {
    Html(render_onward(&look(state, headers, "/"), &safe_return(Some(wanted)))).into_response()
}

/// To the sign-in page, and from there back to `wanted`.
pub fn to_login(wanted: &str) -> Response {
    let query = serde_urlencoded::to_string([("return", wanted)]).unwrap_or_default();
    Redirect::to(&format!("/login?{query}")).into_response()
}

/// `/`: the way in for strangers; people who are signed in go to their first tenant.
pub async fn landing(State(state): State<AppState>, Caller(visitor): Caller, headers: HeaderMap) -> Response {
    match visitor.me().map(|me| (me.memberships.first(), me.user.platform_admin)) {
        Some((Some(first), _)) => Redirect::to(&format!("/t/{}", first.tenant)).into_response(),
        Some((None, true)) => Redirect::to("/admin").into_response(),
        Some((None, false)) | None => {
            let mesh = state.backend.demo_graph().await.map(|graph| MeshPicture {
                svg: picture(theme_of(&headers)),
                at: graph.at.parse().unwrap_or_default(),
                services: graph.nodes.iter().filter(|node| node.kind != NodeKind::Box).count(),
                requests_per_s: graph
                    .edges
                    .iter()
                    .filter(|edge| edge.protocol != Protocol::Tcp)
                    .map(|edge| edge.rate)
                    .sum(),
            });
            let page = LandingPage { signed_in: visitor.me().is_some(), demo: state.demo_login.is_some(), mesh };
            Html(render_landing(&look(&state, &headers, "/"), &page)).into_response()
        }
    }
}

/// The demo's mesh as an image: its own styles would not pass the page's content security policy.
fn picture(theme: Theme) -> String {
    format!("<img src=\"/demo-mesh.svg?theme={}\" alt=\"Who calls whom in the demo mesh\">", theme.as_str())
}

/// Query of the demo's picture.
#[derive(Deserialize)]
pub struct PictureQuery {
    #[serde(default)]
    theme: String,
}

/// `/demo-mesh.svg`: the demo's mesh for the landing page; not found where no demo runs.
pub async fn demo_picture(
    State(state): State<AppState>,
    Query(query): Query<PictureQuery>,
    headers: HeaderMap,
) -> Response {
    let Some(graph) = state.backend.demo_graph().await else { return missing(&state, &headers) };
    let colours = match Theme::from_name(&query.theme) {
        Theme::Light => mesh::topology::Theme::Light,
        Theme::Dark => mesh::topology::Theme::Dark,
        Theme::System => mesh::topology::Theme::Auto,
    };
    ([(header::CONTENT_TYPE, "image/svg+xml")], mesh::topology::moving_svg(&graph, colours)).into_response()
}

/// Query of the sign-in page.
#[derive(Deserialize)]
pub struct LoginQuery {
    /// Where to go afterwards; only a path of this portal is followed.
    #[serde(rename = "return")]
    back: Option<String>,
    /// Shows the page even where there is only one way in.
    choose: Option<String>,
}

/// The sign-in page with the ways in that lead to `back`.
async fn ways_in(state: &AppState, back: String) -> LoginPage {
    let tenant = back.strip_prefix("/t/").and_then(|rest| rest.split(['/', '?']).next());
    let sign_in = state.backend.sign_in();
    // Without an answer the form is still there.
    let missing = |error: &backend::Error| tracing::warn!(%error, "the sign-in page does without the providers");
    let offered = sign_in.offered(tenant).await.inspect_err(missing).unwrap_or_default();
    let no_passwords = !offered.is_empty() && !sign_in.has_local_accounts().await.inspect_err(missing).unwrap_or(true);
    let query = serde_urlencoded::to_string([("return", back.as_str())]).unwrap_or_default();
    let button = |name: &str| format!("/api/v1/auth/oidc/{name}/login?{query}");
    let providers =
        offered.into_iter().map(|offer| ProviderButton { href: button(&offer.name), title: offer.title }).collect();
    let accounts = state.demo_login.clone().unwrap_or_default();
    let forgot = state.backend.mail().is_configured();
    LoginPage { providers, no_passwords, back, accounts, forgot, ..LoginPage::default() }
}

/// `GET /login`.
pub async fn login(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Query(query): Query<LoginQuery>,
    headers: HeaderMap,
) -> Response {
    let back = safe_return(query.back.as_deref());
    if visitor.me().is_none() && comes_from_elsewhere(&headers) {
        let query = serde_urlencoded::to_string([("return", &back)]).unwrap_or_default();
        return Html(render_onward(&look(&state, &headers, "/"), &format!("/login?{query}"))).into_response();
    }
    if visitor.me().is_some() {
        return Redirect::to(&back).into_response();
    }
    match state.backend.setup_is_open().await {
        Ok(false) => {}
        Ok(true) => return Redirect::to("/setup").into_response(),
        Err(error) => return refused(&state, &headers, &error.into()),
    }
    let page = ways_in(&state, back).await;
    if let ([only], true, None) = (page.providers.as_slice(), page.no_passwords, &query.choose) {
        return Redirect::to(&only.href).into_response();
    }
    Html(render_login(&look(&state, &headers, "/login"), &page)).into_response()
}

/// The sign-in form.
#[derive(Deserialize)]
pub struct LoginForm {
    email: String,
    password: String,
    #[serde(rename = "return")]
    back: Option<String>,
}

/// `POST /login`: the same as the API's, for forms.
pub async fn sign_in(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    session: Session,
    client: Client,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Response {
    let back = safe_return(form.back.as_deref());
    match rest::auth::authenticate(&state, &session, &form.email, &form.password, &client, &visitor).await {
        Ok(()) => Redirect::to(&back).into_response(),
        Err(HttpError(error)) => {
            let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::UNAUTHORIZED);
            let retry_after = error.retry_after;
            let page = LoginPage { email: form.email, error: Some(error.detail), ..ways_in(&state, back).await };
            let mut response = (status, Html(render_login(&look(&state, &headers, "/login"), &page))).into_response();
            if let Some(secs) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
            }
            response
        }
    }
}

/// `POST /logout`. Who came through a provider is led there to sign out, too. By a page of ours that goes on by itself: a
/// redirect to another site is no answer to a form that our content security policy allows.
pub async fn sign_out(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    session: Session,
    headers: HeaderMap,
) -> Response {
    match rest::auth::end(&state, &session, &visitor).await {
        Ok(None) => Redirect::to("/").into_response(),
        Ok(Some(onward)) => {
            let mut response = Html(render_leaving(&look(&state, &headers, "/"), &onward)).into_response();
            if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={onward}")) {
                response.headers_mut().insert(header::REFRESH, refresh);
            }
            response
        }
        Err(error) => error.into_response(),
    }
}

/// The theme form.
#[derive(Deserialize)]
pub struct ThemeForm {
    theme: String,
    #[serde(rename = "return")]
    back: Option<String>,
}

/// `POST /theme`: remembers the theme for a year, so that the server renders it without a flash.
pub async fn set_theme(State(state): State<AppState>, Form(form): Form<ThemeForm>) -> Response {
    let theme = Theme::from_name(&form.theme);
    let secure = if state.secure_cookies { "; Secure" } else { "" };
    // Readable by our scripts on purpose: the page changes it without a round trip.
    let cookie = format!("{}={}; Path=/; Max-Age=31536000; SameSite=Lax{secure}", Theme::COOKIE, theme.as_str());
    let mut response = Redirect::to(&safe_return(form.back.as_deref())).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The fault buttons' form.
#[derive(Deserialize)]
pub struct FaultForm {
    #[serde(rename = "return")]
    back: Option<String>,
}

/// `POST /t/{tenant}/demo/{fault}/start`.
pub async fn start_fault(
    place: InTenant,
    Path((_, fault)): Path<(String, String)>,
    Form(form): Form<FaultForm>,
) -> Result<Response, HttpError> {
    place.portal.demo()?.start(rest::demo::named(&fault)?).await?;
    Ok(Redirect::to(&safe_return(form.back.as_deref())).into_response())
}

/// `POST /t/{tenant}/demo/{fault}/stop`.
pub async fn stop_fault(
    place: InTenant,
    Path((_, fault)): Path<(String, String)>,
    Form(form): Form<FaultForm>,
) -> Result<Response, HttpError> {
    place.portal.demo()?.stop(rest::demo::named(&fault)?).await?;
    Ok(Redirect::to(&safe_return(form.back.as_deref())).into_response())
}

/// A path of this portal, or `/`: no other host, no scheme, nothing a browser would read as one, no control characters.
pub fn safe_return(wanted: Option<&str>) -> String {
    let Some(path) = wanted else { return "/".to_owned() };
    let ours = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.len() <= 2048
        && path.bytes().all(|b| (0x21..0x7f).contains(&b))
        && !path.starts_with("/login")
        && !path.starts_with("/logout");
    if ours { path.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::safe_return;

    #[test]
    fn only_paths_of_this_portal_are_followed() {
        assert_eq!(safe_return(Some("/t/acme/topology?from=now-1h")), "/t/acme/topology?from=now-1h");
        for bad in [
            "//evil.test",
            "https://evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/\tx",
            "/login?return=/",
            "javascript:alert(1)",
            "/a\r\nb",
            "",
        ] {
            assert_eq!(safe_return(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(safe_return(None), "/");
    }
}
