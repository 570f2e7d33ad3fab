//! API keys, service accounts and tokens over HTTP, and their page.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Answer, Portal};

const KEYS: &str = "/api/v1/t/acme/api-keys";
const ACCOUNTS: &str = "/api/v1/t/acme/service-accounts";

fn viewer_key(name: &str) -> String {
    json!({"name": name, "role": "viewer", "scopes": ["metrics:read"]}).to_string()
}

/// Makes a key over the API: the key and its description.
async fn made(portal: &Portal, cookie: &str, body: &str) -> (String, Value) {
    let answer = portal.write(Method::POST, KEYS, cookie, body, None).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    let json = answer.json();
    (json["secret"].as_str().expect("a key").to_owned(), json["key"].clone())
}

/// The first error's field.
fn field(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
    answer.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned()
}

/// A form as a browser sends it.
async fn form(portal: &Portal, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let body = serde_urlencoded::to_string(fields).expect("a form");
    portal.ask(Method::POST, &format!("{path}?{body}"), Some(cookie)).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_script_uses_the_api_with_a_key(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    let (key, shown) = made(&portal, &ana, &viewer_key("script")).await;
    let get = async |path: &str| portal.script(Method::GET, path, &key, "", None).await;
    assert_eq!(get("/api/v1/t/acme/stores").await.status, StatusCode::OK);
    assert_eq!(get("/api/v1/t/globex/stores").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get("/api/v1/t/acme/demo/faults").await.status, StatusCode::FORBIDDEN, "no scope for it");
    let me = get("/api/v1/auth/me").await.json();
    assert_eq!(me["memberships"], json!([{"tenant": "acme", "name": "Acme", "role": "viewer"}]));
    assert_eq!((me["user"]["id"].clone(), me["user"]["email"].as_str()), (shown["id"].clone(), Some("")));

    let wrong = format!("{}x", &key[..39]);
    for token in [wrong.as_str(), "obs_", "garbage", "a.b.c"] {
        let refused = portal.script(Method::GET, "/api/v1/t/acme/stores", token, "", None).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{token}");
        assert_eq!(refused.header(header::WWW_AUTHENTICATE), "Bearer");
        assert_eq!(refused.json()["detail"], "The token is not valid: unknown, expired or revoked.");
    }
    // In a URL or another header it is nothing.
    assert_eq!(portal.get(&format!("/api/v1/auth/me?access_token={key}"), None).await.status, StatusCode::UNAUTHORIZED);

    let one = format!("{KEYS}/{}", shown["id"].as_str().expect("an id"));
    let seen = portal.get(&one, Some(&ana)).await;
    assert_eq!(portal.write(Method::DELETE, &one, &ana, "", None).await.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(
        portal.write(Method::DELETE, &one, &ana, "", Some("\"x\"")).await.status,
        StatusCode::PRECONDITION_FAILED
    );
    let version = seen.header(header::ETAG).to_owned();
    assert_eq!(portal.write(Method::DELETE, &one, &ana, "", Some(&version)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(get("/api/v1/t/acme/stores").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(portal.get(&one, Some(&ana)).await.json()["state"], "revoked");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_used_is_told_at_its_field(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (ana, vik) = (portal.login("ana@acme.test").await, portal.login("vik@acme.test").await);
    let post =
        async |cookie: &str, body: Value| portal.write(Method::POST, KEYS, cookie, &body.to_string(), None).await;
    let good = json!({"name": "x", "role": "viewer", "scopes": ["metrics:read"]});
    let with = |member: &str, value: Value| {
        let mut body = good.clone();
        body[member] = value;
        body
    };
    for (member, value) in [
        ("name", json!(" ")),
        ("name", json!("x".repeat(101))),
        ("role", json!("owner")),
        ("scopes", json!([])),
        ("scopes", json!(["everything"])),
        ("scopes", json!(["audit:read"])),
        ("expires_in_days", json!(366)),
        ("service_account", json!("00000000-0000-0000-0000-000000000000")),
    ] {
        assert_eq!(field(&post(&ana, with(member, value)).await), format!("/{member}"));
    }
    assert_eq!(field(&post(&vik, with("role", json!("admin"))).await), "/role");
    assert_eq!(post(&ana, with("colour", json!("red"))).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(portal.get(KEYS, Some(&ana)).await.json()["items"], json!([]), "nothing half-written");
    assert_eq!(portal.get(&format!("{KEYS}?limit=0"), Some(&ana)).await.status, StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrations = "../migrations")]
async fn everybody_sees_their_own_keys_and_administrators_all(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (ana, vik, gus) = (
        portal.login("ana@acme.test").await,
        portal.login("vik@acme.test").await,
        portal.login("gus@globex.test").await,
    );
    let (_, hers) = made(&portal, &ana, &viewer_key("hers")).await;
    let (_, his) = made(&portal, &vik, &viewer_key("his")).await;
    let names = async |cookie: &str| -> Vec<String> {
        let list = portal.get(KEYS, Some(cookie)).await.json();
        list["items"].as_array().expect("keys").iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&ana).await, ["his", "hers"]);
    assert_eq!(names(&vik).await, ["his"]);
    let at = |key: &Value| format!("{KEYS}/{}", key["id"].as_str().expect("an id"));
    assert_eq!(portal.get(&at(&hers), Some(&vik)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(portal.get(&at(&his), Some(&ana)).await.status, StatusCode::OK);
    let elsewhere = at(&hers).replace("/acme/", "/globex/");
    for (method, path) in [
        (Method::GET, elsewhere.clone()),
        (Method::DELETE, elsewhere.clone()),
        (Method::POST, format!("{elsewhere}/rotate")),
    ] {
        let answer = portal.write(method.clone(), &path, &gus, "{}", Some("*")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
    }
    assert_eq!(portal.write(Method::DELETE, &at(&his), &ana, "", Some("*")).await.status, StatusCode::NO_CONTENT);
}

#[sqlx::test(migrations = "../migrations")]
async fn service_accounts_are_made_changed_and_deleted(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    let body = json!({"name": "robot", "role": "editor"}).to_string();
    let answer = portal.write(Method::POST, ACCOUNTS, &ana, &body, None).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let version = answer.header(header::ETAG).to_owned();
    let robot = answer.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(field(&portal.write(Method::POST, ACCOUNTS, &ana, &body, None).await), "/name");
    let at = format!("{ACCOUNTS}/{robot}");
    let key = json!({"name": "ci", "role": "editor", "scopes": ["metrics:read"], "service_account": robot}).to_string();
    let (key, shown) = made(&portal, &ana, &key).await;
    assert_eq!(shown["owner"], json!({"kind": "service_account", "id": robot, "name": "robot"}));
    assert_eq!(portal.get(&at, Some(&ana)).await.header(header::ETAG), version, "a key is no change of the account");
    let less = json!({"name": "robot", "role": "viewer"}).to_string();
    assert_eq!(portal.write(Method::PUT, &at, &ana, &less, None).await.status, StatusCode::PRECONDITION_REQUIRED);
    let changed = portal.write(Method::PUT, &at, &ana, &less, Some(&version)).await;
    assert_eq!((changed.status, changed.json()["role"].as_str()), (StatusCode::OK, Some("viewer")));
    assert_eq!(
        portal.write(Method::PUT, &at, &ana, &less, Some(&version)).await.status,
        StatusCode::PRECONDITION_FAILED
    );
    let me = portal.script(Method::GET, "/api/v1/auth/me", &key, "", None).await.json();
    assert_eq!(me["memberships"][0]["role"], "viewer");
    let version = changed.header(header::ETAG).to_owned();
    assert_eq!(portal.write(Method::DELETE, &at, &ana, "", Some(&version)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(portal.script(Method::GET, "/api/v1/auth/me", &key, "", None).await.status, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_token_of_a_session_ends_with_it_and_makes_nothing_that_outlives_it(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    let path = "/api/v1/auth/token";
    let answer = portal.write(Method::POST, path, &ana, "", None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.json()["expires_in_s"], 900);
    let token = answer.json()["token"].as_str().expect("a token").to_owned();
    let me = portal.script(Method::GET, "/api/v1/auth/me", &token, "", None).await.json();
    assert_eq!(me["user"]["email"], "ana@acme.test");
    let scopes = portal.write(Method::POST, path, &ana, r#"{"scopes":["metrics:read"]}"#, None).await;
    assert_eq!(field(&scopes), "/scopes");
    assert_eq!(portal.script(Method::POST, path, &token, "", None).await.status, StatusCode::FORBIDDEN);
    let key = portal.script(Method::POST, KEYS, &token, &viewer_key("lasting"), None).await;
    assert_eq!(key.status, StatusCode::FORBIDDEN, "{}", key.text());
    // Without the header of our scripts a session makes none.
    let forged = Request::post(path).header(header::COOKIE, &ana).header(header::ORIGIN, super::ORIGIN);
    assert_eq!(portal.send(forged.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);

    assert_eq!(portal.ask(Method::POST, "/api/v1/auth/logout", Some(&ana)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(portal.script(Method::GET, "/api/v1/auth/me", &token, "", None).await.status, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_is_exchanged_for_a_narrower_token(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    let wide = json!({"name": "x", "role": "admin", "scopes": ["metrics:read", "members:read"]}).to_string();
    let (key, _) = made(&portal, &ana, &wide).await;
    let path = "/api/v1/auth/token";
    let ask = json!({"expires_in_s": 60, "scopes": ["members:read"]}).to_string();
    let answer = portal.script(Method::POST, path, &key, &ask, None).await.json();
    assert_eq!(
        (&answer["expires_in_s"], &answer["tenant"], &answer["scopes"]),
        (&json!(60), &json!("acme"), &json!(["members:read"]))
    );
    let token = answer["token"].as_str().expect("a token");
    assert_eq!(
        portal.script(Method::GET, "/api/v1/t/acme/stores", token, "", None).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(portal.script(Method::POST, path, token, "", None).await.status, StatusCode::FORBIDDEN);
    assert_eq!(field(&portal.script(Method::POST, path, &key, r#"{"scopes":["audit:read"]}"#, None).await), "/scopes");
    assert_eq!(portal.script(Method::POST, path, &key, "{", None).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(portal.ask(Method::POST, path, None).await.status, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_page_makes_shows_once_rotates_and_revokes(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let vik = portal.login("vik@acme.test").await;
    let page = "/t/acme/settings/keys";
    let empty = portal.get(page, Some(&vik)).await;
    assert!(empty.text().contains("No keys yet") && !empty.text().contains("Service accounts"), "{}", empty.text());
    let fields = [
        ("name", "report"),
        ("role", "viewer"),
        ("scopes", "metrics:read"),
        ("scopes", "logs:read"),
        ("expires_in_days", "30"),
    ];
    let answer = form(&portal, page, &vik, &fields).await;
    assert_eq!((answer.status, answer.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-store"));
    let html = answer.text();
    let key = html.split("obs_").nth(1).map(|rest| format!("obs_{}", &rest[..36])).expect("the key");
    assert!(html.contains("curl -H") && !html.contains("<script") && !html.contains(" style="), "{html}");
    assert_eq!(portal.script(Method::GET, "/api/v1/t/acme/stores", &key, "", None).await.status, StatusCode::OK);

    let list = portal.get(page, Some(&vik)).await.text();
    assert!(list.contains("report") && list.contains("logs:read") && !list.contains(&key[4..20]), "{list}");
    assert!(!list.contains("tag warn"), "a month is far away");
    let id = list.split(&format!("{page}/")).nth(1).and_then(|rest| rest.split('/').next()).expect("an id").to_owned();
    let odd = form(&portal, &format!("{page}/{id}/rotate"), &vik, &[(&format!("overlap-{id}"), "never")]).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    assert!(odd.text().contains("Choose 1h, 24h or 7d."), "{}", odd.text());
    let rotated = form(&portal, &format!("{page}/{id}/rotate"), &vik, &[(&format!("overlap-{id}"), "7d")]).await;
    assert!(rotated.status == StatusCode::OK && rotated.text().contains("keeps working for 7d"), "{}", rotated.text());
    let done = form(&portal, &format!("{page}/{id}/revoke"), &vik, &[]).await;
    assert_eq!(
        (done.status, done.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, "/t/acme/settings/keys?done=revoked")
    );
    assert_eq!(
        portal.script(Method::GET, "/api/v1/t/acme/stores", &key, "", None).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert!(portal.get(page, Some(&vik)).await.text().contains("revoked"));
    let soon = [("name", "soon over"), ("role", "viewer"), ("scopes", "metrics:read"), ("expires_in_days", "5")];
    assert_eq!(form(&portal, page, &vik, &soon).await.status, StatusCode::OK);
    let list = portal.get(page, Some(&vik)).await.text();
    assert!(list.contains("tag warn") && list.contains("in 4 days"), "{list}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refused_form_comes_back_as_it_was_typed(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    let page = "/t/acme/settings/keys";
    let wrong = [("name", "<b>nightly</b>"), ("role", "viewer"), ("scopes", "audit:read"), ("expires_in_days", "365")];
    let answer = form(&portal, page, &ana, &wrong).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let html = answer.text();
    assert!(html.contains("&lt;b&gt;nightly") && !html.contains("<b>nightly"), "{html}");
    assert!(html.contains("audit:read needs at least the role admin."), "{html}");

    let accounts = "/t/acme/settings/service-accounts";
    let robot = [("account_name", "robot"), ("account_role", "viewer")];
    assert_eq!(form(&portal, accounts, &ana, &robot).await.header(header::LOCATION), format!("{page}?done=created"));
    let again = form(&portal, accounts, &ana, &robot).await;
    assert!(again.status == StatusCode::BAD_REQUEST && again.text().contains("account_name-error"), "{}", again.text());
    let list = portal.get(page, Some(&ana)).await.text();
    let id =
        list.split(&format!("{accounts}/")).nth(1).and_then(|rest| rest.split('"').next()).expect("an id").to_owned();
    let (name, role) = (format!("name-{id}"), format!("role-{id}"));
    let change = form(&portal, &format!("{accounts}/{id}"), &ana, &[(&name, ""), (&role, "editor")]).await;
    assert!(change.text().contains(&format!("name-{id}-error")), "{}", change.text());
    let change = form(&portal, &format!("{accounts}/{id}"), &ana, &[(&name, "robot 2"), (&role, "editor")]).await;
    assert_eq!(change.header(header::LOCATION), format!("{page}?done=saved"));
    let gone = form(&portal, &format!("{accounts}/{id}/delete"), &ana, &[]).await;
    assert_eq!(gone.header(header::LOCATION), format!("{page}?done=deleted"));
    let missing = form(&portal, &format!("{accounts}/{id}/delete"), &ana, &[]).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}
