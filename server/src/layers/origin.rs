//! Refuses writes and WebSockets that another site's page started. Browsers send `Origin` with both; Leptos and the
//! session cookie check nothing of the kind.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contract::{ApiError, ErrorCode};

use crate::{error::HttpError, state::AppState};

/// The header a browser's script must send with a write; a form of another site cannot.
pub const CSRF_HEADER: &str = "x-obstack-csrf";

/// The origins (`scheme://host:port`) the portal is reached under.
#[derive(Debug)]
pub struct Origins(Vec<String>);

impl Origins {
    /// From the public address. A loopback address answers to all its usual names, so that opening `localhost`
    /// instead of `127.0.0.1` still works.
    pub fn of(public_url: &str) -> Self {
        let url = public_url.trim_end_matches('/');
        let mut origins = vec![url.to_ascii_lowercase()];
        if let Some((scheme, authority)) = url.split_once("://") {
            let (host, port) = match authority.rsplit_once(':') {
                Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, format!(":{port}")),
                Some(_) | None => (authority, String::new()),
            };
            let names = ["127.0.0.1", "localhost", "[::1]"];
            if names.contains(&host) {
                origins = names.iter().map(|name| format!("{scheme}://{name}{port}")).collect();
            }
        }
        Self(origins)
    }

    fn allows(&self, origin: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(origin))
    }
}

/// Checks unsafe methods and upgrades.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let upgrade = headers.get(header::UPGRADE).is_some();
    let unsafe_method = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if (unsafe_method || upgrade) && !is_ours(&state.origins, headers, request.uri().path()) {
        let error = ApiError::new(ErrorCode::Denied, "This request did not come from a page of this portal.");
        return HttpError(error).into_response();
    }
    next.run(request).await
}

/// Without a cookie there is nothing to abuse; with one, a same-origin `Origin` is a must, and scripts' writes to the
/// API also carry the header that forms of other sites cannot set.
fn is_ours(origins: &Origins, headers: &HeaderMap, path: &str) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if origin.is_some_and(|origin| !origins.allows(origin)) || matches!(site, Some("cross-site" | "same-site")) {
        return false;
    }
    let has_cookie = headers.get(header::COOKIE).is_some();
    let by_script = path.starts_with("/api/") || path.starts_with("/ui/");
    let upgrade = headers.get(header::UPGRADE).is_some();
    let has_header = headers.get(CSRF_HEADER).is_some_and(|value| value == "1");
    !has_cookie || (origin.is_some() && (upgrade || !by_script || has_header))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(pairs: &[(&'static str, &'static str)], path: &str) -> bool {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        is_ours(&Origins::of("http://127.0.0.1:3000"), &headers, path)
    }

    #[test]
    fn only_our_own_pages_may_write_with_a_cookie() {
        let (own, foreign, cookie) =
            (("origin", "http://localhost:3000"), ("origin", "http://evil.test"), ("cookie", "a=b"));
        assert!(asks(&[own, cookie], "/login"));
        assert!(!asks(&[own, cookie], "/api/v1/auth/logout"));
        assert!(asks(&[own, cookie, ("x-obstack-csrf", "1")], "/api/v1/auth/logout"));
        assert!(!asks(&[foreign, cookie, ("x-obstack-csrf", "1")], "/api/v1/auth/logout"));
        assert!(!asks(&[foreign], "/login"), "a foreign page may not sign anybody in either");
        assert!(!asks(&[cookie, ("x-obstack-csrf", "1")], "/api/v1/auth/logout"), "a cookie without an origin");
        assert!(asks(&[], "/api/v1/auth/login"), "a script without a cookie");
        assert!(asks(&[own, cookie, ("upgrade", "websocket")], "/api/v1/t/acme/live"));
        assert!(!asks(&[foreign, cookie, ("upgrade", "websocket")], "/api/v1/t/acme/live"));
        assert!(!asks(&[own, cookie, ("sec-fetch-site", "same-site")], "/login"), "a sibling origin");
    }

    #[test]
    fn a_public_address_is_the_only_origin() {
        let origins = Origins::of("https://obs.example/");
        assert!(origins.allows("https://obs.example"));
        assert!(!origins.allows("http://obs.example"));
        assert!(!origins.allows("https://localhost"));
    }
}
