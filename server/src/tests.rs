//! The whole router in process, on a real database: what anybody outside relies on. Two tenants in every test.

mod access;
mod administration;
mod attacks;
mod audit;
mod identity;
mod keys;
mod limits;
mod pages;
mod policies;
mod provider;
mod setup;
mod sign_in;
mod sign_in_admin;
mod site;
mod stores;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use backend::{
    Backend, TestParts,
    clock::{Clock, SystemClock},
    config::Config,
};
use http_body_util::BodyExt;
use sqlx::PgPool;
use tower::ServiceExt;

use crate::{layers::origin::Origins, router::router, state::AppState};

/// Where the tests' portal is reached.
const ORIGIN: &str = "http://127.0.0.1:3000";
const PASSWORD: &str = "correct horse battery staple";

/// A portal with acme (ana: admin, vik: viewer) and globex (gus: editor); olga and bea belong to both; olga
/// also runs the installation.
struct Portal {
    router: Router,
    backend: Arc<Backend>,
    _dir: tempfile::TempDir,
}

/// An answer read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The session cookie it sets, as a `Cookie` header.
    fn cookie(&self) -> Option<String> {
        let cookies = self.headers.get_all(header::SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        cookies
            .filter_map(|cookie| cookie.split(';').next())
            .find(|pair| pair.starts_with("obstack_session="))
            .map(str::to_owned)
    }
}

fn config(dir: &std::path::Path, more: &str) -> Config {
    let text = format!(
        r#"
listen: 127.0.0.1:3000
public_url: "{ORIGIN}"
data_dir: {}
database_url_env: UNUSED
tenants:
  - {{slug: acme, name: Acme, plan: enterprise, mesh: [{{cluster: "*", namespaces: [shop]}}]}}
  - {{slug: globex, name: Globex, plan: saas, mesh: [{{cluster: "*", namespaces: [ai, platform]}}]}}
users:
  - {{email: ana@acme.test, name: Ana, password_env: PW, memberships: [{{tenant: acme, role: admin}}]}}
  - {{email: vik@acme.test, name: Vik, password_env: PW, memberships: [{{tenant: acme, role: viewer}}]}}
  - {{email: gus@globex.test, name: Gus, password_env: PW, memberships: [{{tenant: globex, role: editor}}]}}
  - {{email: bea@obstack.test, name: Bea, password_env: PW, memberships: [{{tenant: acme, role: viewer}}, {{tenant: globex, role: viewer}}]}}
  - {{email: olga@obstack.test, name: Olga, password_env: PW, platform_admin: true,
      memberships: [{{tenant: acme, role: admin}}, {{tenant: globex, role: admin}}]}}
{more}
"#,
        dir.display()
    );
    let env = |name: &str| match name {
        "PW" => Some(PASSWORD.to_owned()),
        "KC_SECRET" => Some(provider::SECRET.to_owned()),
        "UNUSED" => Some("postgres://unused@127.0.0.1/unused".to_owned()),
        _ => None,
    };
    Config::read(Some(("test", &text)), &env).unwrap_or_else(|errors| panic!("{errors}"))
}

impl Portal {
    async fn new(pool: PgPool) -> Self {
        Self::with(pool, "", Arc::new(SystemClock)).await
    }

    /// With more configuration than the tenants and people.
    async fn also(pool: PgPool, more: &str) -> Self {
        Self::with(pool, more, Arc::new(SystemClock)).await
    }

    /// With more configuration than the tenants and people, and with another clock.
    async fn with(pool: PgPool, more: &str, clock: Arc<dyn Clock>) -> Self {
        Self::of(pool, |dir| config(dir, more), clock).await
    }

    /// A portal without tenants and accounts.
    async fn empty(pool: PgPool) -> Self {
        let config = |dir: &std::path::Path| {
            let text = format!(
                "public_url: \"{ORIGIN}\"\ndata_dir: {}\ndatabase_url: postgres://unused@127.0.0.1/unused",
                dir.display()
            );
            Config::read(Some(("test", &text)), &|_| None).unwrap_or_else(|errors| panic!("{errors}"))
        };
        Self::of(pool, config, Arc::new(SystemClock)).await
    }

    async fn of(pool: PgPool, config: impl FnOnce(&std::path::Path) -> Config, clock: Arc<dyn Clock>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let backend =
            Backend::for_tests(config(dir.path()), TestParts { pool, clock, demo: None }).await.expect("a backend");
        let state = AppState {
            backend: backend.clone(),
            leptos: crate::site::options(dir.path()),
            origins: Arc::new(Origins::of(ORIGIN)),
            refusals: Arc::default(),
            secure_cookies: false,
            stylesheet: "/pkg/obstack.css".into(),
            demo_login: None,
        };
        Self { router: router(state), backend, _dir: dir }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let mut request = request;
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000))));
        }
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.expect("a whole body").to_bytes(),
        }
    }

    /// A request as a browser sends it: cookie, origin, and the header of our scripts.
    async fn ask(&self, method: Method, path: &str, cookie: Option<&str>) -> Answer {
        // The arguments of a server function that writes travel in the body.
        let (path, body) = match path.split_once('?') {
            Some((path, arguments)) if method == Method::POST => (path, arguments.to_owned()),
            _ => (path, String::new()),
        };
        let mut request = Request::builder().method(method.clone()).uri(path);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if method != Method::GET {
            request = request.header(header::ORIGIN, ORIGIN).header("x-obstack-csrf", "1");
        }
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).expect("a request")).await
    }

    /// A request of a script: a token, a JSON body where there is one, and the version it has seen.
    async fn script(&self, method: Method, path: &str, token: &str, body: &str, version: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(version) = version {
            request = request.header(header::IF_MATCH, version);
        }
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    /// A write of our own scripts: cookie, origin, CSRF header, JSON, and the version it has seen.
    async fn write(&self, method: Method, path: &str, cookie: &str, body: &str, version: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::COOKIE, cookie);
        request = request.header(header::ORIGIN, ORIGIN).header("x-obstack-csrf", "1");
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(version) = version {
            request = request.header(header::IF_MATCH, version);
        }
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    async fn get(&self, path: &str, cookie: Option<&str>) -> Answer {
        self.ask(Method::GET, path, cookie).await
    }

    async fn try_login(&self, email: &str, password: &str) -> Answer {
        let body = serde_json::json!({"email": email, "password": password}).to_string();
        let request =
            Request::post("/api/v1/auth/login").header(header::CONTENT_TYPE, "application/json").body(Body::from(body));
        self.send(request.expect("a request")).await
    }

    /// Signs in and gives the cookie.
    async fn login(&self, email: &str) -> String {
        let answer = self.try_login(email, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
        answer.cookie().expect("a session cookie")
    }
}
