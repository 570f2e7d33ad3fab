//! Signing in with a provider: the way there, the way back, and back-channel logout. What an attempt needs to remember is a
//! sealed cookie of its own; the session's cookie comes when somebody has arrived.

use std::sync::Arc;

use app::public::{SignInProblem, render_sign_in_problem};
use axum::{
    Json,
    extract::{Form, Path, Query, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use backend::{
    scope::Origin,
    sign_in::{BadLogout, ProviderAnswer, SignInError, attempt_name},
};
use contract::ApiError;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::auth;
use crate::{
    error::HttpError,
    layers::{client::Client, request_id},
    pages::{look, missing, refused, safe_return},
    state::AppState,
};

/// Attempts of one browser at the same time; more of them are given up.
const ATTEMPTS_MAX: usize = 5;

/// `/auth/oidc/…`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(login)).routes(routes!(callback)).routes(routes!(backchannel))
}

/// Query of the way there.
#[derive(Deserialize)]
struct LoginQuery {
    #[serde(rename = "return")]
    back: Option<String>,
    /// Present: the provider is to ask who somebody is, even if it knows.
    anew: Option<String>,
}

/// Leads the browser to the provider.
#[utoipa::path(get, path = "/auth/oidc/{provider}/login", tag = "identity",
    params(("provider" = String, Path), ("return" = Option<String>, Query, description = "Path of this portal to go to afterwards"),
        ("anew" = Option<String>, Query, description = "Present: the provider asks who somebody is, even if it knows")),
    responses((status = 303, description = "To the provider"), (status = 404, description = "There is no such provider"),
        (status = 502, description = "The provider cannot be used")))]
async fn login(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    Query(query): Query<LoginQuery>,
    headers: HeaderMap,
) -> Response {
    let back = safe_return(query.back.as_deref());
    let begun = match state.backend.sign_in().begin(&provider, &back, query.anew.is_some()).await {
        Ok(begun) => begun,
        Err(error) => return problem(&state, &headers, &provider, &back, error),
    };
    let mut response = Redirect::to(&begun.location).into_response();
    let open: Vec<String> = attempts(&state, &headers).map(|(name, _)| name.to_owned()).collect();
    if open.len() >= ATTEMPTS_MAX {
        open.iter().for_each(|name| set_cookie(&mut response, &state, name, "", 0));
    }
    set_cookie(&mut response, &state, &cookie_name(&state, &begun.attempt), &begun.cookie, begun.max_age_secs);
    response
}

/// Where the provider sends the browser back to. Begins a session.
#[utoipa::path(get, path = "/auth/oidc/{provider}/callback", tag = "identity",
    params(("provider" = String, Path), ("code" = Option<String>, Query), ("state" = Option<String>, Query),
        ("iss" = Option<String>, Query), ("error" = Option<String>, Query)),
    responses((status = 303, description = "Signed in; to where the sign-in began"),
        (status = 400, description = "The answer belongs to no attempt of this browser, or is not to be believed"),
        (status = 403, description = "No rule gives the person anything"), (status = 404, description = "There is no such provider"),
        (status = 502, description = "The provider cannot be used")))]
async fn callback(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    Query(answer): Query<ProviderAnswer>,
    session: Session,
    client: Client,
    headers: HeaderMap,
) -> Response {
    let name = answer.state.as_deref().and_then(attempt_name).map(|attempt| cookie_name(&state, attempt));
    let cookie = name.as_deref().and_then(|name| attempts(&state, &headers).find(|(own, _)| *own == name));
    let cookie = cookie.map(|(_, value)| value.to_owned());
    let arrived = state.backend.sign_in().finish(&provider, answer, cookie.as_deref(), &origin(&client)).await;
    let mut response = match arrived {
        Ok(arrived) => match begin(&state, &session, &arrived, &client).await {
            Ok(()) => Redirect::to(&safe_return(Some(&arrived.back))).into_response(),
            Err(HttpError(error)) => refused(&state, &headers, &error),
        },
        Err(error) => problem(&state, &headers, &provider, "/", error),
    };
    if let Some(name) = name.filter(|_| cookie.is_some()) {
        // Once is all it is good for.
        set_cookie(&mut response, &state, &name, "", 0);
    }
    response
}

async fn begin(
    state: &AppState,
    session: &Session,
    arrived: &backend::sign_in::Arrived,
    client: &Client,
) -> Result<(), HttpError> {
    auth::begin(state, session, &arrived.user.to_string(), Some(arrived.provider), client).await?;
    let id = session.id().ok_or_else(|| backend::Error::internal("a session without an id"))?;
    state.backend.sign_in().vouch(id.0, &arrived.vouched).await?;
    Ok(())
}

/// What a provider sends to end sessions.
#[derive(Deserialize, ToSchema)]
struct BackchannelLogout {
    /// A signed logout token.
    logout_token: String,
}

/// Why nothing was done.
#[derive(Serialize, ToSchema)]
struct BackchannelProblem {
    /// Always `invalid_request`, as the standard says.
    error: &'static str,
    /// Which check failed, one word.
    error_description: String,
}

/// Ends the sessions that the provider's logout token names. Needs no session and no cookie: the token is the proof.
#[utoipa::path(post, path = "/auth/oidc/{provider}/backchannel-logout", tag = "identity", params(("provider" = String, Path)),
    request_body(content = BackchannelLogout, content_type = "application/x-www-form-urlencoded"), responses(
        (status = 200, description = "The sessions are over"), (status = 400, body = BackchannelProblem)))]
async fn backchannel(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    client: Client,
    form: Result<Form<BackchannelLogout>, FormRejection>,
) -> Response {
    let done = match form {
        Ok(Form(form)) => {
            state.backend.sign_in().backchannel_logout(&provider, &form.logout_token, &origin(&client)).await
        }
        Err(_) => Err(BadLogout::Claim("logout_token")),
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match done {
        Ok(_) => (StatusCode::OK, no_store).into_response(),
        Err(error) => {
            if let BadLogout::Failed(error) = &error {
                tracing::error!(%error, "a back-channel logout failed");
            } else {
                tracing::warn!(provider.name = %provider, why = %error, "a back-channel logout was refused");
            }
            let problem = BackchannelProblem { error: "invalid_request", error_description: error.to_string() };
            (StatusCode::BAD_REQUEST, no_store, Json(problem)).into_response()
        }
    }
}

/// Where this request comes from, for the audit log.
pub fn origin(client: &Client) -> Arc<Origin> {
    let request_id = request_id::current().unwrap_or_default();
    Arc::new(Origin { request_id, address: client.address.to_string() })
}

/// Cookies that only this host can have set, where there is TLS to tell by.
fn prefix(state: &AppState) -> &'static str {
    if state.secure_cookies { "__Host-obstack_signin_" } else { "obstack_signin_" }
}

fn cookie_name(state: &AppState, attempt: &str) -> String {
    format!("{}{attempt}", prefix(state))
}

/// The browser's open attempts: name and value of each cookie.
fn attempts<'h>(state: &AppState, headers: &'h HeaderMap) -> impl Iterator<Item = (&'h str, &'h str)> {
    let prefix = prefix(state);
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(name, _)| name.starts_with(prefix))
}

/// Lax: the browser comes back from another site, and a Strict cookie would stay behind.
fn set_cookie(response: &mut Response, state: &AppState, name: &str, value: &str, max_age_secs: u64) {
    let secure = if state.secure_cookies { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The page for a sign-in that did not happen, with a way on.
fn problem(state: &AppState, headers: &HeaderMap, provider: &str, back: &str, error: SignInError) -> Response {
    let query = serde_urlencoded::to_string([("return", back)]).unwrap_or_default();
    let again = Some(format!("/api/v1/auth/oidc/{provider}/login?{query}"));
    let (status, page) = match error {
        SignInError::Unknown => return missing(state, headers),
        SignInError::Failed(error) => return refused(state, headers, &ApiError::from(error)),
        SignInError::Unreachable { title, why } => (
            StatusCode::BAD_GATEWAY,
            SignInProblem {
                title: format!("{title} cannot be used right now"),
                text: format!("The sign-in provider does not answer as it should: {why}. Accounts of this portal can still sign in."),
                again,
                ..SignInProblem::default()
            },
        ),
        SignInError::Expired => (
            StatusCode::BAD_REQUEST,
            SignInProblem {
                title: "This sign-in is over".to_owned(),
                text: "It was begun more than ten minutes ago, in another browser, or has been used already. Begin again.".to_owned(),
                again,
                ..SignInProblem::default()
            },
        ),
        SignInError::Refused { why } => (
            StatusCode::BAD_REQUEST,
            SignInProblem {
                title: "The provider's answer was refused".to_owned(),
                text: format!("Nobody was signed in, because of the answer: {why}. If it happens again, tell the people who run this installation."),
                again,
                ..SignInProblem::default()
            },
        ),
        SignInError::Said { title, code } => (
            if code == "access_denied" { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST },
            SignInProblem { title: format!("{title} did not sign you in"), text: said(code).to_owned(), again, ..SignInProblem::default() },
        ),
        SignInError::Disabled => (
            StatusCode::FORBIDDEN,
            SignInProblem {
                title: "Your account is switched off".to_owned(),
                text: "The provider knows you, but your account here has been disabled. The people who run this installation can tell you more.".to_owned(),
                ..SignInProblem::default()
            },
        ),
        SignInError::NoAccess(denied) => (
            StatusCode::FORBIDDEN,
            SignInProblem {
                title: "You are signed in there, and have no access here".to_owned(),
                text: format!(
                    "{} knows you as {}. No rule gives this account a role in any tenant. An administrator can put you into one of the groups below.",
                    denied.title, denied.name
                ),
                // The provider still knows them: without being asked to, it would send them straight back.
                again: again.map(|href| format!("{href}&anew=1")),
                as_somebody_else: true,
                wanted: denied.wanted,
                had: Some(denied.had),
            },
        ),
    };
    let mut page = page;
    // Without an attempt at the provider that one is known of, only the sign-in page leads on.
    page.again = page.again.filter(|_| provider.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    (status, Html(render_sign_in_problem(&look(state, headers, "/login"), &page))).into_response()
}

/// What a provider's code means for the person.
fn said(code: &str) -> &'static str {
    match code {
        "access_denied" => "You did not agree there, or may not use this portal there.",
        "login_required" | "interaction_required" | "account_selection_required" | "consent_required" => {
            "It wants you to sign in or agree there first."
        }
        "temporarily_unavailable" | "server_error" => "It has a problem of its own. Try again in a moment.",
        "unauthorized_client" | "invalid_request" | "invalid_scope" | "unsupported_response_type" => {
            "Its settings for this portal do not fit. The people who run this installation have to look at the client there."
        }
        _ => {
            "It gave a reason this portal does not know. Try again; if it happens again, tell the people who run this installation."
        }
    }
}
