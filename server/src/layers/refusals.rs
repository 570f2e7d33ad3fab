//! Refused requests of people who are signed in go into the audit log: what a role does not allow, and tries to reach a
//! tenant that is not theirs. Each kind at most once a minute for each caller, so that a loop does not fill the log.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use backend::audit::{Action, Entry, Target};
use contract::{Door, TenantSlug, Timestamp};

use crate::{extract::Caller, state::AppState};

/// The same refusal is noted again after this time.
const QUIET_MS: i64 = 60_000;
/// More kinds of refusals than happen in that time.
const MOST: usize = 10_000;

/// What was noted lately: caller, route, tenant.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<(String, String, String), i64>>);

impl Refusals {
    /// True when this one was not noted lately.
    fn is_new(&self, kind: (String, String, String), now: Timestamp) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MOST {
            noted.retain(|_, at| now.0 - *at < QUIET_MS);
        }
        if noted.get(&kind).is_some_and(|at| now.0 - *at < QUIET_MS) || noted.len() >= MOST {
            return false;
        }
        noted.insert(kind, now.0);
        true
    }
}

/// Notes refusals.
pub async fn layer(State(state): State<AppState>, Caller(visitor): Caller, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let target = format!("{} {route}", request.method());
    let slug = tenant_of(request.uri().path());
    let response = next.run(request).await;
    let Some(me) = visitor.me() else { return response };
    let tenant = slug.as_ref().and_then(|slug| visitor.scope(slug).ok()).map(|scope| scope.tenant().id);
    let refused = match response.status() {
        StatusCode::FORBIDDEN => true,
        // A tenant that is not there at all is a mistyped address.
        StatusCode::NOT_FOUND => tenant.is_none() && slug.as_ref().is_some_and(|slug| visitor.exists(slug)),
        _ => false,
    };
    let named = slug.map(|slug| slug.to_string()).unwrap_or_default();
    let now = state.backend.clock().now();
    if refused && state.refusals.is_new((me.user.id.clone(), target.clone(), named.clone()), now) {
        let entry = Entry::denied(Action::AccessDenied, Target::new("route", target))
            .after(serde_json::json!({"tenant": named, "status": response.status().as_u16()}));
        state.backend.audit().note_or_log(&visitor.actor(), &[tenant], now, entry).await;
    }
    response
}

/// The tenant a path names.
fn tenant_of(path: &str) -> Option<TenantSlug> {
    let rest = path.strip_prefix("/api/v1").unwrap_or(path).strip_prefix("/t/")?;
    rest.split(['/', '.']).next()?.parse().ok()
}
