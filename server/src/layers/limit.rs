//! How often whom may ask: the address before anything is looked up, then the person or key, then the tenant. Counted are
//! the API, server functions, every write and every page before the sign-in; neither static files nor the pages behind it.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method},
    middleware::Next,
    response::{IntoResponse, Response},
};
use backend::{Visitor, limits::Standing};
use contract::{ApiError, ErrorCode, TenantSlug};

use super::client::Client;
use crate::{error::HttpError, extract::Caller, pages::refused, state::AppState};

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How the request stands to the limits behind the sign-in, on its way to the headers.
#[derive(Clone)]
struct Standings(Vec<Standing>);

/// Counts the client's address, and tells in the answer how the request stands to all limits.
pub async fn by_address(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let client = request.extensions().get::<Client>().map(|client| client.address);
    let Some(standing) = client.filter(|_| counts(&method, &path)).and_then(|at| state.backend.limits().address(at))
    else {
        return next.run(request).await;
    };
    let mut response = match standing.retry_after_secs {
        Some(secs) => too_many(&state, request.headers(), &path, standing, secs),
        None => next.run(request).await,
    };
    let others = response.extensions_mut().remove::<Standings>();
    let all: Vec<Standing> = std::iter::once(standing).chain(others.into_iter().flat_map(|others| others.0)).collect();
    tell(response.headers_mut(), &all);
    response
}

/// Counts the person or key, and the tenant when the caller belongs there.
pub async fn by_caller(
    State(state): State<AppState>,
    Caller(visitor): Caller,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    if !counts(request.method(), &path) {
        return next.run(request).await;
    }
    let limits = state.backend.limits();
    let mut standings: Vec<Standing> = Vec::new();
    standings.extend(visitor.user().and_then(|user| limits.account(user)));
    standings.extend(visitor.key().and_then(|key| limits.key(key.id)));
    if standings.iter().all(|standing| standing.retry_after_secs.is_none()) {
        standings.extend(tenant_of(&visitor, &path, request.uri().query()).and_then(|tenant| limits.tenant(tenant)));
    }
    let over = standings.iter().find_map(|standing| standing.retry_after_secs.map(|secs| (*standing, secs)));
    let mut response = match over {
        Some((standing, secs)) => too_many(&state, request.headers(), &path, standing, secs),
        None => next.run(request).await,
    };
    response.extensions_mut().insert(Standings(standings));
    response
}

/// Whether a request is counted.
fn counts(method: &Method, path: &str) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let behind_sign_in = ["/t/", "/admin", "/account"].iter().any(|start| path.starts_with(start));
    !(reads && behind_sign_in)
}

/// The tenant that is asked for, when the caller has a place in it: nobody else can use up its share.
fn tenant_of(visitor: &Visitor, path: &str, query: Option<&str>) -> Option<uuid::Uuid> {
    let below = path.strip_prefix("/api/v1").unwrap_or(path);
    let slug = match below.strip_prefix("/t/") {
        Some(rest) => rest.split('/').next()?.to_owned(),
        // Server functions name it among their arguments.
        None if path.starts_with("/ui/") => {
            let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query?).ok()?;
            pairs.into_iter().find(|(name, _)| name == "args[tenant]")?.1
        }
        None => return None,
    };
    visitor.scope(&slug.parse::<TenantSlug>().ok()?).ok().map(|scope| scope.tenant().id)
}

fn too_many(state: &AppState, headers: &HeaderMap, path: &str, standing: Standing, secs: u64) -> Response {
    metrics::counter!("obstack_http_limited_total", "limit" => standing.limited.as_str()).increment(1);
    let whose = standing.limited.as_str();
    let detail = format!("Too many requests of this {whose}. Try again in {secs} s.");
    let error = ApiError { retry_after: Some(secs), ..ApiError::new(ErrorCode::RateLimited, detail) };
    if path.starts_with("/api/") || path.starts_with("/ui/") {
        HttpError(error).into_response()
    } else {
        refused(state, headers, &error)
    }
}

/// `RateLimit` and `RateLimit-Policy` as of draft-ietf-httpapi-ratelimit-headers.
fn tell(headers: &mut HeaderMap, standings: &[Standing]) {
    let join = |part: &dyn Fn(&Standing) -> String| standings.iter().map(part).collect::<Vec<_>>().join(", ");
    let policy = join(&|s| format!("\"{}\";q={};w={}", s.limited.as_str(), s.burst, s.window_secs));
    let limit = join(&|s| {
        let used = u64::from(s.burst.saturating_sub(s.remaining));
        let reset = s.retry_after_secs.unwrap_or((used * s.window_secs).div_ceil(u64::from(s.burst.max(1))));
        format!("\"{}\";r={};t={reset}", s.limited.as_str(), s.remaining)
    });
    for (name, value) in [(&POLICY, policy), (&LIMIT, limit)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_behind_the_sign_in_are_not_counted() {
        for (method, path, counted) in [
            (Method::GET, "/api/v1/version", true),
            (Method::GET, "/ui/overview/page", true),
            (Method::GET, "/login", true),
            (Method::POST, "/login", true),
            (Method::GET, "/t/acme/topology", false),
            (Method::GET, "/admin/stores", false),
            (Method::POST, "/t/acme/settings/keys", true),
            (Method::DELETE, "/t/acme", true),
        ] {
            assert_eq!(counts(&method, path), counted, "{method} {path}");
        }
    }
}
