//! Stores and the isolation proof over HTTP: versions, forms that keep what was typed, and nothing secret in any page.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use sqlx::PgPool;

use super::{Answer, ORIGIN, Portal};

const NEW: &str = r#"{"name":"prom","kind":"prometheus","url":"http://127.0.0.1:9/","tenancy":{"mode":"none"},
    "auth":"basic","username":"ana","secret":"hunter2hunter2"}"#;

impl Portal {
    /// A write of JSON with a version.
    async fn send_api(&self, method: Method, path: &str, cookie: &str, version: Option<&str>, body: &str) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::COOKIE, cookie)
            .header(header::ORIGIN, ORIGIN)
            .header("x-obstack-csrf", "1")
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(version) = version {
            request = request.header(header::IF_MATCH, version);
        }
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    async fn send_form(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).expect("a form");
        self.ask(Method::POST, &format!("{path}?{body}"), Some(cookie)).await
    }
}

fn errors(answer: &Answer) -> Vec<String> {
    let all = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    all.iter().map(|error| error["pointer"].as_str().unwrap_or_default().to_owned()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn writes_name_the_version_they_have_seen(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let olga = portal.login("olga@obstack.test").await;
    let created = portal.send_api(Method::POST, "/admin/stores", &olga, None, NEW).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    assert!(!created.text().contains("hunter2") && created.json()["has_secret"] == true, "{}", created.text());
    let read = portal.get("/api/v1/admin/stores/prom", Some(&olga)).await;
    assert_eq!(read.header(header::ETAG), created.header(header::ETAG));
    let tag = read.header(header::ETAG).to_owned();
    assert!(tag.starts_with('"'), "{tag}");

    let put = async |version: Option<&str>, body: &str| {
        portal.send_api(Method::PUT, "/admin/stores/prom", &olga, version, body).await
    };
    let slower = NEW.replace("\"auth\"", "\"timeout_ms\":20000,\"auth\"");
    assert_eq!(put(None, &slower).await.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(put(Some("\"0\""), &slower).await.status, StatusCode::PRECONDITION_FAILED);
    let changed = put(Some(&tag), &slower).await;
    assert_eq!((changed.status, changed.json()["timeout_ms"].as_u64()), (StatusCode::OK, Some(20_000)));
    assert_eq!(put(Some(&tag), &slower).await.status, StatusCode::PRECONDITION_FAILED, "seen before the last change");
    let wrong = put(Some("*"), &slower.replace("\"mode\":\"none\"", "\"mode\":\"label\",\"label\":\"a b\"")).await;
    assert_eq!((wrong.status, errors(&wrong)), (StatusCode::BAD_REQUEST, vec!["/tenancy/label".to_owned()]));
    let odd = put(Some("*"), r#"{"surprise":1}"#).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);

    let list = portal.get("/api/v1/admin/stores?limit=1", Some(&olga)).await.json();
    assert_eq!((list["items"][0]["name"].as_str(), list["next"].as_str()), (Some("embedded"), Some("embedded")));
    let rest = portal.get("/api/v1/admin/stores?limit=9&cursor=embedded", Some(&olga)).await.json();
    assert_eq!(
        (rest["items"][0]["name"].as_str(), rest["items"][0]["breaker"].as_str()),
        (Some("prom"), Some("closed"))
    );

    let tested = portal.send_api(Method::POST, "/admin/stores/prom/test", &olga, None, "").await;
    assert_eq!((tested.status, tested.json()["grade"].as_str()), (StatusCode::OK, Some("bad")));
    let missing = portal.send_api(Method::POST, "/admin/stores/nowhere/test", &olga, None, "").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    let unsaved = portal.send_api(Method::POST, "/admin/stores/test", &olga, None, NEW).await;
    assert_eq!(unsaved.json()["findings"][0]["check"].as_str(), Some("reach"), "{}", unsaved.text());

    let gone = portal.send_api(Method::DELETE, "/admin/stores/prom", &olga, Some("*"), "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(portal.get("/api/v1/admin/stores/prom", Some(&olga)).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn forms_keep_what_was_typed_and_no_secret(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let olga = portal.login("olga@obstack.test").await;
    let typed = [
        ("name", "prom-shop"),
        ("kind", "thanos"),
        ("url", "http://ana:hunter2@127.0.0.1:9"),
        ("timeout_ms", "4000"),
        ("tenancy/mode", "none"),
        ("tenancy/label", "left_over"),
        ("auth", "bearer"),
        ("username", ""),
        ("secret", "token-of-secrets"),
    ];
    let refused = portal.send_form("/admin/stores", &olga, &typed).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let page = refused.text();
    assert!(page.contains("Take user and password out of the address"), "{page}");
    assert!(page.contains("prom-shop") && page.contains("4000"), "what was typed stays");
    assert!(!page.contains("token-of-secrets"));

    let mut good = typed;
    good[2].1 = "http://127.0.0.1:9";
    let tested = portal.send_form("/admin/stores/test", &olga, &good).await;
    assert_eq!(tested.status, StatusCode::OK);
    assert!(tested.text().contains("Nobody answers at port 9") && tested.text().contains("is not saved yet"));
    assert!(!tested.text().contains("token-of-secrets"));
    let created = portal.send_form("/admin/stores", &olga, &good).await;
    assert_eq!(
        (created.status, created.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, "/admin/stores/prom-shop?done=created")
    );

    let page = portal.get("/admin/stores/prom-shop", Some(&olga)).await.text();
    assert!(page.contains("bearer_token_env") && !page.contains("token-of-secrets"), "{page}");
    let version =
        page.split("name=\"version\" value=\"").nth(1).and_then(|rest| rest.split("\"").next()).unwrap_or_default();
    let version = version.replace("&quot;", "\"");
    let mut change = good.to_vec();
    change[8].1 = "";
    change.push(("version", "\"stale\""));
    let stale = portal.send_form("/admin/stores/prom-shop", &olga, &change).await;
    assert!(
        stale.status == StatusCode::BAD_REQUEST && stale.text().contains("changed in the meantime"),
        "{}",
        stale.text()
    );
    change[9].1 = &version;
    change[3].1 = "5000";
    let saved = portal.send_form("/admin/stores/prom-shop", &olga, &change).await;
    assert_eq!(saved.header(header::LOCATION), "/admin/stores/prom-shop?done=saved", "{}", saved.text());

    let unsure = portal.send_form("/admin/stores/prom-shop/delete", &olga, &[("confirm", "prom")]).await;
    assert_eq!(unsure.status, StatusCode::BAD_REQUEST);
    let gone = portal.send_form("/admin/stores/prom-shop/delete", &olga, &[("confirm", "prom-shop")]).await;
    assert_eq!(gone.header(header::LOCATION), "/admin/stores?done=deleted");
}

#[sqlx::test(migrations = "../migrations")]
async fn administrators_prove_the_isolation_of_their_tenant(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    let before = portal.get("/t/acme/settings/isolation", Some(&ana)).await;
    assert!(before.status == StatusCode::OK && !before.text().contains("id=\"verdict\""), "nothing runs by itself");
    let page = portal.ask(Method::POST, "/t/acme/settings/isolation", Some(&ana)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("<b>Proven."), "{}", page.text());
    // The namespaces and the name of the other tenant.
    for name in ["globex", "Globex", "platform"] {
        assert!(!page.text().contains(name), "{name}");
    }
    let proof = portal.send_api(Method::POST, "/t/acme/isolation-proof", &ana, None, "").await.json();
    assert_eq!(proof["verdict"], "proven");
    assert!(proof["canaries"].as_array().is_some_and(|canaries| canaries.len() > 30));
    let foreign = portal.send_api(Method::POST, "/t/globex/isolation-proof", &ana, None, "").await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}
