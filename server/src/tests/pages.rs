//! What a browser gets: whole pages, also without scripts, and sensible answers when it may not see them.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use sqlx::PgPool;

use super::{ORIGIN, PASSWORD, Portal};

#[sqlx::test(migrations = "../migrations")]
async fn strangers_are_led_to_the_sign_in_page_and_back_and_see_nothing_on_the_way(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let answer = portal.get("/t/acme/topology?from=now-6h", None).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::LOCATION), "/login?return=%2Ft%2Facme%2Ftopology%3Ffrom%3Dnow-6h");
    assert!(answer.body.is_empty(), "a redirect carries no page");
}

#[sqlx::test(migrations = "../migrations")]
async fn landing_and_login_load_no_wasm_and_no_script(pool: PgPool) {
    let portal = Portal::new(pool).await;
    for path in ["/", "/login"] {
        let answer = portal.get(path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let html = answer.text();
        assert!(!html.contains(".wasm") && !html.contains("<script"), "{path}: {html}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_login_form_works_without_scripts_and_keeps_what_was_typed(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let post = |body: String| {
        Request::post("/login")
            .header(header::ORIGIN, ORIGIN)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    };
    let wrong = portal.send(post("email=ana%40acme.test&password=wrong&return=%2Ft%2Facme".into())).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.text().contains("ana@acme.test"));
    assert!(!wrong.text().contains("value=\"wrong\""), "a password is never sent back");

    let body = format!("email=ana%40acme.test&password={}&return=%2Ft%2Facme", PASSWORD.replace(' ', "+"));
    let right = portal.send(post(body)).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER);
    assert_eq!(right.header(header::LOCATION), "/t/acme");

    let body = format!("email=ana%40acme.test&password={}&return=%2F%2Fevil.test", PASSWORD.replace(' ', "+"));
    assert_eq!(portal.send(post(body)).await.header(header::LOCATION), "/", "no open redirect");
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_come_whole_with_their_security_headers(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let cookie = portal.login("ana@acme.test").await;
    for path in ["/t/acme", "/t/acme/topology"] {
        let answer = portal.get(path, Some(&cookie)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        let html = answer.text();
        // The data for the browser follows the document; its last piece says that nothing is missing.
        assert!(html.contains("</html>") && html.ends_with("__INCOMPLETE_CHUNKS=[];</script>"), "{path} is cut off");
        assert!(html.contains("Acme"), "{path} does not show its tenant");
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
        assert!(html.contains(&format!("nonce=\"{nonce}\"")), "{path}: scripts carry the nonce of the header");
        assert!(!html.contains(" style=\""), "{path}: the policy forbids inline styles");
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_foreign_tenants_page_looks_like_one_that_never_was(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let cookie = portal.login("ana@acme.test").await;
    let foreign = portal.get("/t/globex", Some(&cookie)).await;
    let missing = portal.get("/t/nowhere", Some(&cookie)).await;
    assert_eq!([foreign.status, missing.status], [StatusCode::NOT_FOUND; 2]);
    assert_eq!(foreign.text(), missing.text());
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_parameters_are_named(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let cookie = portal.login("ana@acme.test").await;
    for (query, field) in
        [("duration=soon", "/duration"), ("graph=pods", "/graph"), ("focus=pod:x", "/focus"), ("box=rack", "/box")]
    {
        let answer = portal.get(&format!("/api/v1/t/acme/topology?{query}"), Some(&cookie)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.json()["errors"][0]["pointer"], field, "{query}: {}", answer.text());
    }
    let unknown = portal.get("/api/v1/t/acme/topology?colour=red", Some(&cookie)).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    assert!(unknown.text().contains("colour"), "{}", unknown.text());
}
