//! Administration of sign-in providers: over the API and with forms.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Answer, ORIGIN, Portal, sign_in::with_idp};

const API: &str = "/api/v1/t/acme/identity-providers";
const PAGE: &str = "/t/acme/settings/sign-in";

async fn send(portal: &Portal, method: Method, path: &str, cookie: &str, seen: Option<&str>, body: &Value) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, cookie)
        .header(header::ORIGIN, ORIGIN)
        .header("x-obstack-csrf", "1")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(seen) = seen {
        request = request.header(header::IF_MATCH, seen);
    }
    portal.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn form(portal: &Portal, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let request = Request::post(path)
        .header(header::COOKIE, cookie)
        .header(header::ORIGIN, ORIGIN)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    portal.send(request.body(Body::from(serde_urlencoded::to_string(fields).unwrap())).unwrap()).await
}

fn settings() -> Value {
    json!({ "title": "Acme SSO", "issuer": "https://sso.acme.test/realms/main", "client_id": "obstack",
            "client_secret": "hunter2hunter2", "mappings": [{"claim": "groups", "equals": "/admins", "tenant": "acme", "role": "admin"}] })
}

fn new(name: &str) -> Value {
    let mut new = settings();
    new["name"] = name.into();
    new
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tenants_administrators_manage_their_own_providers(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (ana, gus) = (portal.login("ana@acme.test").await, portal.login("gus@globex.test").await);
    let made = send(&portal, Method::POST, API, &ana, None, &new("acme-sso")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(made.json()["callback_url"], format!("{ORIGIN}/api/v1/auth/oidc/acme-sso/callback"));
    assert_eq!(made.json()["has_secret"], true);
    let one = format!("{API}/acme-sso");
    let read = send(&portal, Method::GET, &one, &ana, None, &json!({})).await;
    assert_eq!((read.header(header::ETAG), read.json()), (made.header(header::ETAG), made.json()));
    // Nobody else's.
    assert_eq!(send(&portal, Method::GET, &one, &gus, None, &json!({})).await.status, StatusCode::NOT_FOUND);
    let olga = portal.login("olga@obstack.test").await;
    let elsewhere =
        send(&portal, Method::GET, "/api/v1/t/globex/identity-providers/acme-sso", &olga, None, &json!({})).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    let above = send(&portal, Method::GET, "/api/v1/admin/identity-providers/acme-sso", &olga, None, &json!({})).await;
    assert_eq!(above.status, StatusCode::NOT_FOUND, "a tenant's own is not the installation's");
    // A write names the version it has seen.
    let mut changed = settings();
    changed.as_object_mut().unwrap().remove("client_secret");
    changed["title"] = "Acme account".into();
    assert_eq!(send(&portal, Method::PUT, &one, &ana, None, &changed).await.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(
        send(&portal, Method::PUT, &one, &ana, Some("\"x\""), &changed).await.status,
        StatusCode::PRECONDITION_FAILED
    );
    let put = send(&portal, Method::PUT, &one, &ana, Some(made.header(header::ETAG)), &changed).await;
    assert_eq!((put.status, put.json()["title"].as_str()), (StatusCode::OK, Some("Acme account")), "{}", put.text());
    assert_eq!(put.json()["has_secret"], true, "the secret was kept");
    let stale = send(&portal, Method::DELETE, &one, &ana, Some(made.header(header::ETAG)), &json!({})).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(send(&portal, Method::DELETE, &one, &ana, Some("*"), &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(send(&portal, Method::GET, &one, &ana, None, &json!({})).await.status, StatusCode::NOT_FOUND);
    // All of it is in the tenant's log, and the secret nowhere.
    let entries: Vec<(String, String)> = sqlx::query_as(
        "select action, entry from audit_log a join tenants t on t.id = a.tenant_id where t.slug = 'acme' and action like 'provider.%' order by seq",
    )
    .fetch_all(portal.backend.db().system())
    .await
    .unwrap();
    let actions: Vec<_> = entries.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["provider.created", "provider.changed", "provider.deleted"]);
    assert!(entries.iter().all(|(_, entry)| !entry.contains("hunter2")));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_a_provider_is_refused_at_its_field(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    let pointers = async |body: Value| {
        let answer = send(&portal, Method::POST, API, &ana, None, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let with = |field: &str, value: Value| {
        let mut body = new("acme-sso");
        body[field] = value;
        body
    };
    assert_eq!(pointers(with("name", json!("sso"))).await, ["/name"], "without the tenant's slug");
    assert_eq!(pointers(with("name", json!("Acme sso"))).await, ["/name"]);
    assert_eq!(pointers(with("issuer", json!("http://sso.acme.test"))).await, ["/issuer"]);
    assert_eq!(pointers(with("issuer", json!("https://10.0.0.1/"))).await, ["/issuer"]);
    let elsewhere = json!([{"claim": "groups", "equals": "/x", "tenant": "globex", "role": "admin"}]);
    assert_eq!(pointers(with("mappings", elsewhere)).await, ["/mappings"], "another tenant");
    assert_eq!(pointers(json!({"name": "", "title": "", "issuer": "", "client_id": ""})).await.len(), 4);
    let left: i64 = sqlx::query_scalar("select count(*) from identity_providers")
        .fetch_one(portal.backend.db().system())
        .await
        .unwrap();
    assert_eq!(left, 0, "nothing half-written");
    send(&portal, Method::POST, API, &ana, None, &new("acme-sso")).await;
    assert_eq!(pointers(new("acme-sso")).await, ["/name"], "taken");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_file_manages_is_shown_locked(pool: PgPool) {
    let (portal, _) = with_idp(pool).await;
    let olga = portal.login("olga@obstack.test").await;
    let one = "/api/v1/admin/identity-providers/keycloak";
    let read = send(&portal, Method::GET, one, &olga, None, &json!({})).await;
    assert_eq!(read.json()["provisioned_by"], "test");
    for method in [Method::PUT, Method::DELETE] {
        let answer = send(&portal, method, one, &olga, Some("*"), &settings()).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(answer.json()["detail"].as_str().unwrap().contains("managed by test"));
    }
    let page = portal.get("/admin/sign-in/keycloak", Some(&olga)).await.text();
    assert!(
        page.contains("locked by test") && !page.contains(">Save<") && !page.contains("Delete the provider"),
        "{page}"
    );
    let sent = form(&portal, "/admin/sign-in/keycloak", &olga, &[("title", "x"), ("client_id", "y")]).await;
    assert!(sent.text().contains("managed by test"));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_pages_do_what_the_api_does(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    let empty = portal.get(PAGE, Some(&ana)).await;
    assert!(empty.text().contains("no provider of its own") && !empty.text().contains("<script"), "{}", empty.text());
    let mut fields = vec![
        ("name", "acme-sso"),
        ("issuer", "https://sso.acme.test"),
        ("title", "Acme SSO"),
        ("client_id", "obstack"),
        ("client_secret", "hunter2hunter2"),
        ("scopes", "profile groups"),
        ("mappings", "groups = /admins -> acme admin\ngroups ? oops"),
        ("enabled", "on"),
    ];
    let wrong = form(&portal, PAGE, &ana, &fields).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(
        wrong.text().contains("Line 2") && wrong.text().contains("https://sso.acme.test"),
        "comes back as it was typed"
    );
    assert!(!wrong.text().contains("hunter2"), "but not the secret");
    fields[6].1 = "groups = /admins -> acme admin";
    let made = form(&portal, PAGE, &ana, &fields).await;
    assert_eq!(
        (made.status, made.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, "/t/acme/settings/sign-in/acme-sso?done=created"),
        "{}",
        made.text()
    );
    let page = portal.get(&format!("{PAGE}/acme-sso"), Some(&ana)).await.text();
    assert!(
        page.contains("groups = /admins -&gt; acme admin") || page.contains("groups = /admins -> acme admin"),
        "{page}"
    );
    assert!(page.contains("/api/v1/auth/oidc/acme-sso/backchannel-logout") && !page.contains("hunter2"));
    let saved = form(
        &portal,
        &format!("{PAGE}/acme-sso"),
        &ana,
        &[("title", "New"), ("client_id", "obstack"), ("mappings", "")],
    )
    .await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let page = portal.get(&format!("{PAGE}/acme-sso"), Some(&ana)).await.text();
    assert!(page.contains("nobody gets in with this provider") && page.contains("One is kept"), "{page}");
    let unnamed = form(&portal, &format!("{PAGE}/acme-sso/delete"), &ana, &[("confirm", "acme")]).await;
    assert!(unnamed.text().contains("This is not the name"));
    let gone = form(&portal, &format!("{PAGE}/acme-sso/delete"), &ana, &[("confirm", "acme-sso")]).await;
    assert_eq!(gone.header(header::LOCATION), "/t/acme/settings/sign-in?done=deleted");
    assert_eq!(portal.get(&format!("{PAGE}/acme-sso"), Some(&ana)).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_pasted_token_shows_what_the_rules_make_of_it(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let olga = portal.login("olga@obstack.test").await;
    let key = idp.set().key.clone();
    let claims = json!({ "iss": idp.issuer, "aud": "obstack", "sub": "1", "exp": idp.secs() - 5, "groups": ["/acme/admins"], "private": "nobody-may-see" });
    let token = key.sign(&claims, |_| {});
    let api = "/api/v1/admin/identity-providers/keycloak/preview";
    let seen = send(&portal, Method::POST, api, &olga, None, &json!({ "token": token })).await.json();
    assert_eq!(seen["grants"], json!([{"tenant": "acme", "role": "admin"}]));
    assert_eq!((seen["signed"].as_bool(), &seen["problems"]), (Some(true), &json!(["It has expired."])));
    let matched: Vec<_> =
        seen["rules"].as_array().unwrap().iter().map(|rule| rule["counts"].as_bool().unwrap()).collect();
    assert_eq!(matched, [true, false]);
    // Forged: the rules are shown all the same, and that it is forged.
    let forged = super::provider::Key::new("one", jsonwebtoken::Algorithm::ES256).sign(&claims, |_| {});
    let page = form(&portal, "/admin/sign-in/keycloak/preview", &olga, &[("token", &forged)]).await;
    assert_eq!(page.status, StatusCode::OK);
    let text = page.text();
    assert!(
        text.contains("admin in acme") && text.contains("not this provider") && text.contains("/acme/admins"),
        "{text}"
    );
    assert!(!text.contains(&forged) && !text.contains("nobody-may-see"), "neither the token nor the rest of it");
    let nonsense = form(&portal, "/admin/sign-in/keycloak/preview", &olga, &[("token", "pasted-nonsense")]).await;
    assert!(nonsense.text().contains("This is no token") && !nonsense.text().contains("pasted-nonsense"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_connection_can_be_tried_before_people_do(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let olga = portal.login("olga@obstack.test").await;
    let api = "/api/v1/admin/identity-providers/keycloak/test";
    let report = send(&portal, Method::POST, api, &olga, None, &json!({})).await.json();
    assert_eq!(report["ok"], true, "{report}");
    let page = form(&portal, "/admin/sign-in/keycloak/test", &olga, &[]).await.text();
    assert!(page.contains("names exactly this issuer") && page.contains("S256 is supported"), "{page}");
    idp.set().down = true;
    let report = send(&portal, Method::POST, api, &olga, None, &json!({})).await.json();
    assert_eq!((report["ok"].as_bool(), report["checks"][0]["state"].as_str()), (Some(false), Some("failed")));
    // A tenant's own is not followed into our network.
    let ana = portal.login("ana@acme.test").await;
    send(&portal, Method::POST, API, &ana, None, &new("acme-sso")).await;
    let sql = "update identity_providers set issuer = $1 where name = 'acme-sso'";
    sqlx::query(sql).bind(&idp.issuer).execute(portal.backend.db().system()).await.unwrap();
    idp.set().down = false;
    let before = idp.asked("discovery");
    let report = send(&portal, Method::POST, &format!("{API}/acme-sso/test"), &ana, None, &json!({})).await.json();
    assert_eq!(report["ok"], false);
    assert_eq!(idp.asked("discovery"), before, "nobody was asked");
}
