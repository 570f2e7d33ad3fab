//! Pages for people who hold a link: accepting an invitation, asking for and setting a new password. The link is the secret:
//! these pages are not to be kept by anybody on the way.

use app::{
    admin::{FormErrors, TypedForm},
    public::{InviteAs, InvitePage, Look, render_forgot, render_invite, render_reset, render_reset_done},
};
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::from_fn_with_state,
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use backend::{
    Error, Visitor,
    members::{AcceptAs, Invited},
};
use contract::{ApiError, Door, ErrorCode};
use tower_sessions::Session;
use uuid::Uuid;

use crate::{
    admin::{Sent, problem_pages, with_retry_after},
    extract::Caller,
    layers::client::Client,
    pages::{look, missing, refused},
    rest,
    state::AppState,
};

/// `/invite/…`, `/forgot`, `/reset/…`
pub fn router(state: AppState) -> Router<AppState> {
    Router::new()
        .route("/invite/{token}", get(invitation).post(accept))
        .route("/forgot", get(forgot).post(ask))
        .route("/reset/{token}", get(reset).post(set))
        .layer(from_fn_with_state(state, problem_pages))
}

/// A document whose address is a secret.
fn document(status: StatusCode, html: String) -> Response {
    let mut response = (status, Html(html)).into_response();
    private(&mut response);
    response
}

fn private(response: &mut Response) {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn status_of(errors: &FormErrors, error: &ApiError) -> StatusCode {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if errors.is_empty() { StatusCode::OK } else { status }
}

fn over(state: &AppState, headers: &HeaderMap, error: Error) -> Response {
    let mut response = refused(state, headers, &error.into());
    private(&mut response);
    response
}

/// Who looks at the invitation, and whether it is for exactly them.
fn viewer(visitor: &Visitor, invited: &Invited) -> InviteAs {
    match visitor.me().filter(|_| visitor.user().is_some() && visitor.observing().is_none()) {
        Some(me) => {
            let same = visitor.provider().is_none() && me.user.email.eq_ignore_ascii_case(&invited.email);
            InviteAs::Me { name: me.user.name.clone(), email: me.user.email.clone(), same }
        }
        None if invited.account => InviteAs::Account,
        None => InviteAs::Newcomer,
    }
}

fn page(look: &Look, token: &str, invited: Invited, who: InviteAs, typed: TypedForm) -> String {
    let page = InvitePage {
        action: format!("/invite/{token}"),
        tenant: invited.tenant,
        email: invited.email,
        role: invited.role,
        by: invited.by,
        require_sso: invited.require_sso,
        who,
        typed,
    };
    render_invite(look, &page)
}

async fn invitation(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match state.backend.invited(&token).await {
        Ok(invited) => {
            let who = viewer(&visitor, &invited);
            let html = page(&look(&state, &headers, "/"), &token, invited, who, TypedForm::default());
            document(StatusCode::OK, html)
        }
        Err(error) => over(&state, &headers, error),
    }
}

async fn accept(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(token): Path<String>,
    session: Session,
    client: Client,
    headers: HeaderMap,
    sent: Sent,
) -> Response {
    let invited = match state.backend.invited(&token).await {
        Ok(invited) => invited,
        Err(error) => return over(&state, &headers, error),
    };
    let who = viewer(&visitor, &invited);
    match accepted(&state, &visitor, &token, &invited, &who, &session, &client, &sent).await {
        Ok(response) => response,
        Err(error) => {
            let typed = sent.refused("invite", error.clone());
            let status = status_of(&typed.errors, &error);
            let html = page(&look(&state, &headers, "/"), &token, invited, who, typed);
            with_retry_after(document(status, html), &error)
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "each is a part of the one request")]
async fn accepted(
    state: &AppState,
    visitor: &Visitor,
    token: &str,
    invited: &Invited,
    who: &InviteAs,
    session: &Session,
    client: &Client,
    sent: &Sent,
) -> Result<Response, ApiError> {
    let backend = &state.backend;
    let (accept_as, begin) = match who {
        InviteAs::Me { same, .. } => {
            if sent.get("as") != "me" {
                return Err(ApiError::new(
                    ErrorCode::Conflict,
                    "You are signed in meanwhile. Look again, then accept.",
                ));
            }
            if !same && !sent.ticked("confirm") {
                return Err(ApiError::invalid(
                    "/confirm",
                    "Tick this to accept with the account you are signed in with.",
                ));
            }
            let user = visitor.user().ok_or_else(ApiError::unauthenticated)?;
            // A provider's session keeps its id: what the provider gave is sealed with it.
            (AcceptAs::Account(user), visitor.provider().is_none())
        }
        InviteAs::Account => {
            let now = backend.clock().now();
            let user = backend.auth().login(&invited.email, sent.get("password"), client.address, now).await;
            let user = user.map_err(Error::from)?;
            let id: Uuid = user.id.parse().map_err(|error| Error::internal(format!("user id: {error}")))?;
            (AcceptAs::Account(id), true)
        }
        InviteAs::Newcomer => {
            let new = AcceptAs::New { name: sent.get("name").to_owned(), password: sent.get("password").to_owned() };
            (new, true)
        }
    };
    let done = backend.accept_invitation(token, accept_as, visitor.actor().origin).await?;
    if begin {
        rest::auth::begin(state, session, &done.user.to_string(), None, client).await.map_err(|error| error.0)?;
    }
    Ok(Redirect::to(&format!("/t/{}", done.slug)).into_response())
}

async fn forgot(State(state): State<AppState>, headers: HeaderMap) -> Response {
    if !state.backend.mail().is_configured() {
        return missing(&state, &headers);
    }
    document(StatusCode::OK, render_forgot(&look(&state, &headers, "/forgot"), &TypedForm::default(), false))
}

async fn ask(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    client: Client,
    headers: HeaderMap,
    sent: Sent,
) -> Response {
    let look = look(&state, &headers, "/forgot");
    match state.backend.passwords().forgot(sent.get("email"), client.address, visitor.actor().origin).await {
        Ok(()) => document(StatusCode::OK, render_forgot(&look, &TypedForm::default(), true)),
        Err(Error::NotFound { .. }) => missing(&state, &headers),
        Err(error) => {
            let error = ApiError::from(error);
            let typed = sent.refused("forgot", error.clone());
            let status = status_of(&typed.errors, &error);
            with_retry_after(document(status, render_forgot(&look, &typed, false)), &error)
        }
    }
}

async fn reset(State(state): State<AppState>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    match state.backend.passwords().reset_of(&token).await {
        Ok((name, email)) => {
            let action = format!("/reset/{token}");
            let look = look(&state, &headers, "/");
            document(StatusCode::OK, render_reset(&look, &action, &name, &email, &TypedForm::default()))
        }
        Err(error) => over(&state, &headers, error),
    }
}

async fn set(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    Path(token): Path<String>,
    headers: HeaderMap,
    sent: Sent,
) -> Response {
    let passwords = state.backend.passwords();
    let (name, email) = match passwords.reset_of(&token).await {
        Ok(whose) => whose,
        Err(error) => return over(&state, &headers, error),
    };
    let look = look(&state, &headers, "/");
    match passwords.reset(&token, sent.get("password"), visitor.actor().origin).await {
        Ok(()) => document(StatusCode::OK, render_reset_done(&look)),
        Err(error) => {
            let error = ApiError::from(error);
            let typed = sent.refused("reset", error.clone());
            let status = status_of(&typed.errors, &error);
            document(status, render_reset(&look, &format!("/reset/{token}"), &name, &email, &typed))
        }
    }
}
